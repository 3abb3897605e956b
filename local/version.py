"""The version of the code, as git tells it, written into what ``sam build`` made: ``python -m local.version``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from local.built import BUILD
from local.errors import LocalError

UNKNOWN = "unreleased"
"""What ``template.yaml`` says, and what is said of files that are no checkout."""


class VersionError(LocalError):
    """The version cannot be written into the build."""


def of_checkout(root: Path) -> str:
    """Return tag or commit of the checkout at ``root``, ``-dirty`` where a file differs from it or is not in it."""

    def git(*asked: str) -> str | None:
        done = subprocess.run(["git", "-C", str(root), *asked], capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else None

    described = git("describe", "--always", "--tags", "--abbrev=12")
    if described is None:
        return UNKNOWN
    return described + ("-dirty" if git("status", "--porcelain") else "")


def stamp(template: Path, version: str) -> None:
    """Write ``version`` into the built template; :class:`VersionError` if it has no place for one."""
    text = template.read_text(encoding="utf-8")
    place = f"Version: {UNKNOWN}\n"
    if text.count(place) != 1:
        raise VersionError(f"{template} has not one place for the version of the code: build it again")
    template.write_text(text.replace(place, f'Version: "{version}"\n'), encoding="utf-8")


def main() -> int:
    """Write the checkout's version into the build, and say it; return the exit status."""
    version = of_checkout(Path())
    stamp(BUILD / "template.yaml", version)
    print(f"Version of the code: {version}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
