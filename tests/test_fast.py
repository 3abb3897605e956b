"""The tests of ``make check`` are some of every part: those without a browser, a function called or a whole run."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import LONGEST

ROOT = Path(__file__).resolve().parents[1]
LIST = (ROOT / "tests/fast.txt").read_text(encoding="utf-8").split()
SLOW_BY_NATURE = {"built", "costs", "faults", "https", "privacy", "rehearsal", "sample", "trino"}
"""Parts that are about servers, whole runs or other programs."""


def test_every_path_of_the_list_exists_and_stands_there_once() -> None:
    assert [path for path in LIST if not (ROOT / path).exists()] == []
    assert sorted(set(LIST)) == LIST


def test_every_part_has_tests_in_it_but_those_that_are_slow_by_nature() -> None:
    parts = {path.parent.name for path in (ROOT / "tests").glob("*/test_*.py")}
    covered = {Path(path).parts[1] for path in LIST}
    assert parts - covered <= SLOW_BY_NATURE
    assert not covered & SLOW_BY_NATURE


def test_the_files_that_are_begun_first_exist() -> None:
    assert [path for path in LONGEST if not (ROOT / path).exists()] == []
