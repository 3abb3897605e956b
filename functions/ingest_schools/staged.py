"""Rows of an extract on their way to staging: read, and the bad ones set apart, batch by batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from functions.ingest_schools.extract import Extract
from functions.ingest_schools.values import Reader, Reading

if TYPE_CHECKING:
    from placements_kpi.sources import SourceFile
    from placements_kpi.staging import Staging
    from placements_kpi.tables import Table


def stage(file: SourceFile, table: Table, fields: Mapping[str, tuple[str, Reader]], staging: Staging) -> None:
    """Stage all rows of ``file`` as rows of ``table``; ``fields``: name in the contract, name in the file, reader.

    Rows that are ragged or cannot be read are quarantined. Text that is not in cp1252, characters
    that no code page knows and Cyrillic letters are noted; the last fail a gate as well.
    """
    extract = Extract(file, {name: header for name, (header, _) in fields.items()})
    replaced = cyrillic = left_out = 0
    for batch in extract.batches():
        reading = Reading(extract.encoding)
        columns = {name: fields[name][1](column, name, reading) for name, column in batch.columns.items()}
        rows, numbers = pa.table(columns), batch.row_numbers
        if reading.refused:
            good = np.ones(rows.num_rows, np.bool_)
            for position, (reason, column) in sorted(reading.refused.items()):
                good[position] = False
                staging.refuse(table, file.name, int(numbers[position]), reason, column)
            rows, numbers = rows.filter(pa.array(good)), numbers[good]
        staging.add(table, rows, numbers)  # type: ignore[arg-type]  # an array is as good as a list
        replaced += reading.replaced
        cyrillic += reading.cyrillic
        left_out += reading.left_out
    for number in extract.ragged:
        staging.refuse(table, file.name, number, "ragged")
    if extract.encoding == "utf-8":
        staging.note(f"{table.name}_in_utf_8")
    if replaced:
        staging.note(f"{table.name}_characters_replaced", replaced)
    if left_out:
        staging.note(f"{table.name}_values_left_out", left_out)
    if cyrillic:
        staging.fail(
            "alphabet",
            table,
            f"{cyrillic} names have Cyrillic letters: the file was once decoded with the wrong code page",
        )
