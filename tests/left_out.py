"""What some tests need that no package of Python brings, and what nobody has looked at where it is not there.

Such tests are skipped where it is missing, and the end of the run says so in words that cannot be overlooked.
With ``LEAVE_NOTHING_OUT=1``, as ``.ci/run`` has it, the run does not start.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SWITCH = "LEAVE_NOTHING_OUT"


@dataclass(frozen=True)
class Need:
    """A program, the first of ``programs`` on the path, and a file that must be there with it."""

    what: str
    """What is not tested without it."""
    programs: tuple[str, ...]
    get: str
    """How to get it."""
    path: str = ""

    @property
    def program(self) -> str | None:
        """Where the program is; ``None`` if it is nowhere on the path."""
        return next(filter(None, map(shutil.which, self.programs)), None)

    @property
    def file(self) -> Path:
        """Where the file is, or would be."""
        return ROOT / self.path

    @property
    def missing(self) -> str:
        """What of it is missing, in words; empty if it is all there."""
        names = [] if self.program else [" or ".join(self.programs)]
        names += [self.path] if self.path and not self.file.exists() else []
        return " and ".join(names)

    @property
    def reason(self) -> str:
        """Why a test was left out, and what to do about it."""
        return f"{self.what} (missing: {self.missing}; to get it: {self.get})"


CHROMIUM = Need(
    "no page was opened in a browser: not by keyboard, not narrow, not enlarged, not with axe",
    ("chromium", "google-chrome"),
    "apt-get install chromium, or any package of Chromium or Chrome",
)
CHECKER = Need(
    "the HTML of no page was checked by the Nu HTML checker",
    ("java",),
    "a Java of 17 or later, and npm ci",
    "node_modules/vnu-jar/build/dist/vnu.jar",
)
SASS = Need(
    "the stylesheet was not built again from its sources",
    ("node",),
    "Node 20 or later, and npm ci",
    "node_modules/sass",
)
NODE = Need(
    "CloudFront's function for addresses was not run as the JavaScript that it is",
    ("node",),
    "Node 20 or later",
)
NEEDS = (CHROMIUM, CHECKER, SASS, NODE)


def needs(one: Need) -> pytest.MarkDecorator:
    """Return the mark of tests that are left out where ``one`` is missing."""
    return pytest.mark.skipif(bool(one.missing), reason=one.reason)


def refusal() -> str:
    """Return why a run that may leave nothing out cannot start; empty if it can, or may leave something out."""
    absent = [one.reason for one in NEEDS if one.missing]
    if not absent or os.environ.get(SWITCH, "0") in {"", "0"}:
        return ""
    return "\n".join([f"{SWITCH} is set, and something is missing:", *(f"- {one}" for one in absent)])


def told(skipped: Iterable[str]) -> list[str]:
    """Return the lines that tell what was left out, from the reason of each test that was skipped."""
    reasons = [reason.removeprefix("Skipped: ") for reason in skipped]
    return [
        f"{count} test{'' if count == 1 else 's'}: {reason}"
        for reason in dict.fromkeys(reasons)
        if (count := reasons.count(reason))
    ]
