"""Links whose other end is not there are counted, and of the rows linked to hardly anything is held."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pyarrow as pa

from placements_kpi.references import broken
from placements_kpi.sources import Reference
from placements_kpi.tables import Column, Table

LINKED = Table(
    name="linked",
    description="",
    primary_key=("id", "year"),
    columns=(Column("id", "string"), Column("year", "integer")),
)
LINKING = Table(
    name="linking",
    description="",
    primary_key=("id",),
    columns=(Column("id", "string"), Column("linked_id", "string"), Column("linked_year", "integer")),
)


def count(
    linked: Sequence[pa.RecordBatch],
    linking: Sequence[pa.RecordBatch],
    begun: Any = lambda: None,
    columns: tuple[str, ...] = ("linked_id", "linked_year"),
    to_columns: tuple[str, ...] = ("id", "year"),
) -> int:
    """Return how many links are broken; ``begun`` is called once those that link are being read."""

    def batches(of: Sequence[pa.RecordBatch], names: Sequence[str], tell: Any) -> Iterator[pa.RecordBatch]:
        for batch in of:
            yield batch.select(list(names))
            tell()

    settled = {
        LINKED.name: SimpleNamespace(batches=lambda names: batches(linked, names, lambda: None)),
        LINKING.name: SimpleNamespace(batches=lambda names: batches(linking, names, begun)),
    }
    staging: Any = SimpleNamespace(settle=lambda table: settled[table.name])
    return broken(Reference("broken", LINKING, columns, LINKED, to_columns), staging)


def batch(**columns: list[Any]) -> pa.RecordBatch:
    types = {"id": pa.string(), "linked_id": pa.string()}
    arrays = [pa.array(values, types.get(name, pa.int64())) for name, values in columns.items()]
    return pa.record_batch(arrays, names=list(columns))


def test_a_link_is_broken_if_no_row_has_all_of_it() -> None:
    linked = [batch(id=["a", "a"], year=[2025, 2026]), batch(id=["é"], year=[2026]), batch(id=[], year=[])]
    linking = [
        batch(linked_id=["a", "a", "a", "b", None, "é"], linked_year=[2026, 2025, 2024, 2026, 2026, None]),
        batch(linked_id=[], linked_year=[]),
        batch(linked_id=["é", "é", "é"], linked_year=[2026, 2026, 2027]),
    ]
    assert count(linked, linking) == 3


def test_where_there_is_nothing_to_link_to_every_link_is_broken() -> None:
    assert count([], [batch(linked_id=["a", None, "a"], linked_year=[2026, 2026, 2026])]) == 2


def test_of_a_row_linked_to_a_few_bytes_are_held() -> None:
    """Vacancies of ten years are some millions; their ids as text, hashed, took 250 MB."""
    rows, batches = 1_000, 100
    linked = [
        batch(id=[f"{number:036}" for number in range(first, first + rows)], year=[2026] * rows)
        for first in range(0, rows * batches, rows)
    ]
    held = []

    def look() -> None:
        held.append(tracemalloc.get_traced_memory()[0] + pa.total_allocated_bytes() - before)

    tracemalloc.start()
    before = pa.total_allocated_bytes()
    try:
        linking = [batch(linked_id=[f"{7:036}", "x"])]
        assert count(linked, linking, look, ("linked_id",), ("id",)) == 1
    finally:
        tracemalloc.stop()
    assert max(held) < 16 * rows * batches
