"""Links between the tables of a source: broken ends are counted, and their rows kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from placements_kpi.sources import Reference
    from placements_kpi.staging import Staging


def broken(reference: Reference, staging: Staging) -> int:
    """Return how many kept rows of ``reference.table`` point to no kept row of ``reference.to_table``.

    A row with a null in its columns points nowhere and is not counted.
    """
    targets = staging.settle(reference.to_table).batches(reference.to_columns)
    known = pa.chunked_array([_joined(batch, reference.to_columns) for batch in targets], pa.string())
    missing = 0
    for batch in staging.settle(reference.table).batches(reference.columns):
        keys = _joined(batch, reference.columns).drop_null()
        missing += len(keys) - pc.is_in(keys, value_set=known).true_count
    return missing


def _joined(batch: pa.RecordBatch, columns: tuple[str, ...]) -> Any:
    parts: list[Any] = [batch.column(name).cast(pa.string()) for name in columns]
    return pc.binary_join_element_wise(*parts, "\x1f")
