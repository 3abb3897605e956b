"""A run of the tests that leaves something out says so, and one that may not does not start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.left_out import CHECKER, CHROMIUM, NEEDS, ROOT, SWITCH


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """An environment in which no program is found."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_") and name != SWITCH}
    return {**kept, "PATH": str(tmp_path)}


def run(environment: dict[str, str], *selected: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-n", "0", "-p", "no:cacheprovider", *selected]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_a_run_without_browser_and_checker_says_what_it_left_out_and_how_to_get_it(bare: dict[str, str]) -> None:
    done = run(bare, "tests/site/test_browser.py", "tests/site/test_markup.py")
    assert done.returncode == 0, done.stdout
    told = done.stdout.partition("LEFT OUT: this run has not tested everything")[2].splitlines()
    for one in (CHROMIUM, CHECKER):
        (line,) = [line for line in told if ": " + one.what in line and "missing: " in line and "SKIPPED" not in line]
        assert int(line.split(" ")[0]) > 0
        assert one.programs[0] in line and one.get in line


def test_a_run_with_all_it_needs_has_no_such_words(bare: dict[str, str]) -> None:
    done = run(bare, "tests/site/test_glossary.py")
    assert done.returncode == 0, done.stdout
    assert "LEFT OUT" not in done.stdout


def test_a_run_that_may_leave_nothing_out_does_not_start_without_it(bare: dict[str, str]) -> None:
    done = run({**bare, SWITCH: "1"}, "tests/site/test_glossary.py")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    for one in NEEDS:
        assert one.what in done.stderr
    assert "passed" not in done.stdout


def test_the_whole_check_leaves_nothing_out() -> None:
    """.ci/run installs what each needs, by the very names looked for, and forbids to leave anything out."""
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert f"{SWITCH}=1 make test" in script
    installed = script.partition(f"{SWITCH}=1")[0]
    assert "apt-get install -y -qq chromium" in installed
    assert "openjdk-17" in installed
    assert "npm ci" in installed
