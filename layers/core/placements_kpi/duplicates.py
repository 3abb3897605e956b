"""Which of several rows with one key stays (numbers#duplicates): the newest, else the later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from placements_kpi.tables import Table

Direction = Literal["ascending", "descending"]

CHECKSUM = "_checksum"
"""Of the row's key: decides its bucket, and its place in the final order."""
ROW = "_row"
"""Position in the source, from 1."""
GONE = "_gone"
"""Whether this is a tombstone."""

CARRIED = 0
"""``ROW`` of every row of the previous snapshot: of equally new rows, the one just read stays."""


def resolve(table: Table, staged: pa.Table, parent_losers: Any) -> tuple[pa.Table, Any, int]:
    """Return the rows that stay in final order, the numbers of the new rows that lost, and how many were carried."""
    if not table.primary_key:
        return _entries(table, staged, parent_losers)
    order: list[tuple[str, Direction]] = [(CHECKSUM, "ascending"), *((name, "ascending") for name in table.primary_key)]
    order.append((GONE, "descending"))
    if table.newest_by is not None:
        order.append((table.newest_by, "descending"))
    order.append((ROW, "descending"))
    ordered = staged.take(pc.sort_indices(staged, sort_keys=order))
    first = np.ones(ordered.num_rows, np.bool_)
    if ordered.num_rows > 1:
        differs = np.zeros(ordered.num_rows - 1, np.bool_)
        for name in table.primary_key:
            column = whole(ordered[name])
            differs |= pc.not_equal(column[1:], column[:-1]).to_numpy(zero_copy_only=False)
        first[1:] = differs
    numbers = ordered[ROW].to_numpy()
    gone = ordered[GONE].to_numpy()
    stays = first & ~gone
    losers = numbers[~first & (numbers != CARRIED) & ~gone]
    return ordered.filter(pa.array(stays)), losers, int((stays & (numbers == CARRIED)).sum())


def _entries(table: Table, staged: pa.Table, parent_losers: Any) -> tuple[pa.Table, Any, int]:
    """The same for a table without an id of its own: entries go where their record goes, equal ones all stay."""
    order: list[tuple[str, Direction]] = [
        (CHECKSUM, "ascending"),
        *((column.name, "ascending") for column in table.columns),
    ]
    ordered = staged.take(pc.sort_indices(staged, sort_keys=order))
    numbers = ordered[ROW].to_numpy()
    lost = np.isin(numbers, parent_losers)
    return ordered.filter(pa.array(~lost)), numbers[lost], int((numbers[~lost] == CARRIED).sum())


def whole(column: Any) -> pa.Array[Any]:
    """Return a column as one array."""
    array: pa.Array[Any] = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return array
