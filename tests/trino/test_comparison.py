"""The comparison sees every kind of difference, and the server says plainly when it cannot be had."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from local.result_sets import Answer
from tests.trino import assembly
from tests.trino.comparison import cell, differences
from tests.trino.server import athena_type

if TYPE_CHECKING:
    from pathlib import Path

ANSWER = Answer(("day", "n"), ("date", "bigint"), [(date(2026, 7, 14), 1), (None, 2), (None, 2)])


def changed(**parts: Any) -> Answer:
    """Return the answer with some of it changed."""
    return Answer(**{"names": ANSWER.names, "types": ANSWER.types, "rows": ANSWER.rows, **parts})


def test_the_order_of_rows_does_not_count() -> None:
    assert differences(ANSWER, changed(rows=ANSWER.rows[::-1])) == []


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (changed(names=("day", "m")), "columns are called day, n here and day, m on Trino"),
        (changed(types=("date", "integer")), "columns are of types date, bigint here and date, integer on Trino"),
        (changed(rows=ANSWER.rows[:-1]), r"1 rows are only here, among them \(None, 'int 2'\)"),
        (changed(rows=[*ANSWER.rows, (None, 3)]), r"1 rows are only on Trino, among them \(None, 'int 3'\)"),
    ],
    ids=["names", "types", "a row twice or once", "a row more"],
)
def test_a_difference_is_told(other: Answer, said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        assert "\n".join(differences(ANSWER, other)) == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, Decimal(1)), (1, 1.0), (1, True), (Decimal("1.0"), Decimal("1.00")), (None, ""), (None, "None"),
     (date(2026, 1, 1), datetime(2026, 1, 1)), (["1"], [1])],
)  # fmt: skip
def test_cells_that_look_alike_are_told_apart(one: Any, other: Any) -> None:
    assert cell(one) != cell(other)


def test_an_instant_is_the_same_in_every_zone() -> None:
    noon = datetime(2026, 7, 14, 12, tzinfo=UTC)
    assert cell(noon) == cell(noon.astimezone(timezone(timedelta(hours=1))))


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("varchar(7)", "varchar"),
        ("decimal(3,2)", "decimal"),
        ("timestamp(3) with time zone", "timestamp with time zone"),
        ("array(varchar(1))", "array"),
        ("real", "float"),
        ("bigint", "bigint"),
    ],
)
def test_types_have_the_names_that_athena_gives_them(kind: str, name: str) -> None:
    assert athena_type(kind) == name


def test_a_machine_without_maven_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    assert assembly.main() == 1
    assert "Trino 435 cannot be had on this machine. mvn and javac cannot be found" in capsys.readouterr().err
