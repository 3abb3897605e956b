"""DuckDB under the local Athena, where the whole of it is too much for one test."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from local.duck import Duck
from local.query_plans import Plan, QueryError

HUNGRY = "SELECT length(list(CAST(i AS varchar))) AS long FROM range(1000000) AS t(i)"


def no_files(table: str, snapshot: str) -> list[Path]:
    raise AssertionError(f"{table} {snapshot} is not asked for")


def test_a_query_that_finds_no_room_runs_again_with_more(tmp_path: Path) -> None:
    duck = Duck(tmp_path, no_files, memory_limit="10MB")
    answer = duck.run(Plan(HUNGRY, (), {}), {}, lambda _: None)
    assert answer.rows == [(1_000_000,)]


def test_a_query_that_fits_nowhere_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.duck.ROOMY", "12MB")
    duck = Duck(tmp_path, no_files, memory_limit="10MB")
    with pytest.raises(QueryError, match="Out of Memory"):
        duck.run(Plan(HUNGRY, (), {}), {}, lambda _: None)


def test_dialects_are_whole_before_the_first_query_needs_them() -> None:
    """Else two first queries at once race: sqlglot shows a dialect to other threads before it can write SQL."""
    loaded = (
        "import sys, local.query_plans; "
        "print({'sqlglot.dialects.athena', 'sqlglot.dialects.duckdb'} <= set(sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "True"
