"""Staging in many small slices gives the same table as in one: nothing depends on how much is in memory."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from placements_kpi import parts, staging
from placements_kpi.staging import Staging
from placements_kpi.tables import Column, Table

TABLE = Table(
    name="things",
    primary_key=("year", "code"),
    newest_by="changed_at",
    columns=(
        Column("code", "string", required=True),
        Column("year", "integer", required=True),
        Column("changed_at", "timestamp"),
        Column("changed_on", "date", day_of="changed_at"),
        Column("tags", "string[]"),
        Column("days", "date[]"),
        Column("good", "boolean"),
        Column("colour", "string", codes=frozenset({"red"})),
    ),
)


def _day(year: int) -> datetime:
    return datetime(year, 1, 1)


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "code": st.sampled_from("abcdefghij"),
            "year": st.integers(2024, 2026),
            "changed_at": st.none() | st.datetimes(min_value=_day(2025), max_value=_day(2026)),
            "tags": st.none() | st.lists(st.text(max_size=3), max_size=3),
            "days": st.none() | st.lists(st.dates(min_value=_day(2025).date()), max_size=2),
            "good": st.none() | st.booleans(),
            "colour": st.sampled_from([None, "red", "blue"]),
        }
    ),
    max_size=60,
)


def settle(folder: Path, rows: list[dict[str, Any]], numbers: list[int]) -> staging.Settled:
    """Return ``rows`` settled, added in two calls."""
    folder.mkdir()
    staged = Staging(folder, [TABLE])
    schema = pa.schema(
        [
            ("code", pa.string()),
            ("year", pa.int64()),
            ("changed_at", pa.timestamp("us")),
            ("tags", pa.list_(pa.string())),
            ("days", pa.list_(pa.date32())),
            ("good", pa.bool_()),
            ("colour", pa.string()),
        ]
    )
    half = len(rows) // 2
    for some, their_numbers in ((rows[:half], numbers[:half]), (rows[half:], numbers[half:])):
        staged.add(TABLE, pa.Table.from_pylist(some, schema), their_numbers)
    return staged.settle(TABLE)


def winners(rows: list[dict[str, Any]]) -> dict[tuple[int, str], dict[str, Any]]:
    """Return what should stay, worked out the plain way: the newest, of equally new ones the later."""
    stays: dict[tuple[int, str], dict[str, Any]] = {}
    for row in rows:
        before = stays.get((row["year"], row["code"]))
        if before is None or (row["changed_at"] or _day(1900)) >= (before["changed_at"] or _day(1900)):
            stays[row["year"], row["code"]] = row
    return stays


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(rows=ROWS, data=st.data())
def test_slices_and_order_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("staging")
    numbers = list(range(1, len(rows) + 1))
    whole = settle(folder / "whole", rows, numbers)
    shuffled = data.draw(st.permutations(list(zip(rows, numbers, strict=True))))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(staging, "SLICE_ROWS", 7)
        patch.setattr(parts, "GROUP_ROWS", 4)
        patch.setattr(parts, "PART_ROWS", 8)
        sliced = settle(folder / "sliced", [row for row, _ in shuffled], [number for _, number in shuffled])

    expected = winners(rows)
    kept = pa.Table.from_batches(list(whole.batches()), pq.read_schema(whole.parts[0])).to_pylist()
    assert {(row["year"], row["code"]): {**row, "changed_on": None} for row in kept} == {
        key: {**row, "changed_on": None} for key, row in expected.items()
    }
    assert whole.facts.duplicates == len(rows) - len(expected)
    assert whole.facts.unknown_codes.get("colour", 0) == sum(row["colour"] == "blue" for row in expected.values())
    assert sliced.digest == whole.digest
    assert sliced.facts == whole.facts
    assert [row for batch in sliced.batches() for row in batch.to_pylist()] == kept
    assert len(sliced.parts) == max(1, -(-len(kept) // 8))


def test_the_digest_tells_a_null_from_a_blank_and_one_column_from_the_next() -> None:
    schema = pa.schema([("a", pa.string()), ("b", pa.list_(pa.string()))])
    tables = [
        {"a": [None], "b": [None]},
        {"a": [""], "b": [None]},
        {"a": [None], "b": [[]]},
        {"a": [None], "b": [[""]]},
        {"a": ["x"], "b": [[""]]},
        {"a": [""], "b": [["x"]]},
        {"a": ["x", ""], "b": [["x", "y"], []]},
        {"a": ["x", ""], "b": [["x"], ["y"]]},
        {"a": ["", "x"], "b": [["x"], ["y"]]},
    ]
    digests = set()
    for columns in tables:
        digest = parts.ContentDigest(schema)
        digest.add(pa.table(columns, schema=schema))
        digests.add(digest.hexdigest())
    assert len(digests) == len(tables)
