"""Links between the tables of a source: broken ends are counted, and their rows kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.compute as pc

if TYPE_CHECKING:
    import pyarrow as pa

    from placements_kpi.sources import Reference
    from placements_kpi.staging import Staging


def broken(reference: Reference, staging: Staging) -> int:
    """Return how many kept rows of ``reference.table`` point to no kept row of ``reference.to_table``.

    A row with a null in its columns points nowhere and is not counted. Of each row pointed to, 8 bytes are held: its
    key's hash, which a key that is not there shares with one of a million others once in some 10^13 times.
    """
    targets = staging.settle(reference.to_table).batches(reference.to_columns)
    known = np.sort(
        np.concatenate([np.zeros(0, np.int64), *(_hashes(batch, reference.to_columns) for batch in targets)])
    )
    missing = 0
    for batch in staging.settle(reference.table).batches(reference.columns):
        hashes = _hashes(batch, reference.columns)
        missing += int((np.searchsorted(known, hashes) == np.searchsorted(known, hashes, side="right")).sum())
    return missing


def _hashes(batch: pa.RecordBatch, columns: tuple[str, ...]) -> Any:
    parts: list[Any] = [batch.column(name).cast("string") for name in columns]
    keys: Any = pc.binary_join_element_wise(*parts, "\x1f")
    return np.fromiter(map(hash, keys.drop_null().to_pylist()), np.int64)
