"""Rows on their way to a snapshot: validated, in a scratch folder, never all in memory.

Rows arrive in any order and are spilled in slices, each slice sorted into buckets by
a checksum of the row's key. A table is settled bucket after bucket: all versions of a
row are in one bucket, so duplicates are resolved with one bucket in memory, and the
final order (checksum, key) is the same whatever order the rows came in. Equal facts
thus give equal files and an equal digest, also from a run that was killed half-way.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from placements_kpi.duplicates import CARRIED, CHECKSUM, GONE, ROW, resolve, whole
from placements_kpi.errors import PlacementsKpiError
from placements_kpi.facts import TableFacts
from placements_kpi.london_days import london_days
from placements_kpi.manifests import Failure
from placements_kpi.parts import ContentDigest, PartWriter
from placements_kpi.tables import Table, arrow_schema

BUCKETS = 64
SLICE_ROWS = 65_536
QUARANTINE_LIMIT = 10_000
"""Quarantined rows listed one by one; beyond it they are only counted."""


class StagingError(PlacementsKpiError):
    """The rows of a table do not add up: a fault of this project, not of the source."""


@dataclass(frozen=True)
class Settled:
    """One table, duplicates resolved, in its final order: Parquet parts in the scratch folder, and its facts."""

    table: Table
    parts: tuple[Path, ...]
    facts: TableFacts
    digest: str
    """Of the rows, whatever order they came in."""
    filled: dict[str, int]
    """Rows with a value, by column: a renamed column shows as one that suddenly has none."""
    refused_at: Counter[tuple[str, str | None]] = field(default_factory=Counter)
    """Refused rows by reason and column."""
    unusable_trns: Counter[str] = field(default_factory=Counter)
    """TRNs given that cannot be used, by reason."""
    reaches: date | None = None
    """The last day that it has whole months up to (:attr:`Table.reaches`)."""

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the kept rows."""
        for part in self.parts:
            with pq.ParquetFile(part) as file:
                yield from file.iter_batches(batch_size=SLICE_ROWS, columns=None if columns is None else list(columns))


@dataclass
class _Pile:
    """What is staged of one table."""

    spills: list[Path] = field(default_factory=list)
    waiting: list[pa.Table] = field(default_factory=list)
    waiting_rows: int = 0
    bucket_rows: Any = field(default_factory=lambda: np.zeros(BUCKETS, np.int64))
    rows_in: int = 0
    refused: Counter[tuple[str, str | None]] = field(default_factory=Counter)
    losers: list[Any] = field(default_factory=list)
    marked: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    settled: Settled | None = None


class Staging:
    """Collects the rows of one run, table by table."""

    def __init__(
        self, folder: Path, tables: Iterable[Table], parents: dict[str, str] | None = None, day: date = date.max
    ) -> None:
        """Stage ``tables`` in ``folder``; ``parents`` names, for a table of list entries, the table of the records.

        ``day`` is the London day that the source's data stands at.
        """
        self.folder = folder
        self.day = day
        self.tables = {table.name: table for table in tables}
        self.parents = parents or {}
        self.notes: Counter[str] = Counter()
        self.quarantine: list[dict[str, Any]] = []
        self.failures: list[Failure] = []
        self._piles = {name: _Pile() for name in self.tables}

    def add(self, table: Table, rows: pa.Table, row_numbers: Sequence[int]) -> None:
        """Stage validated rows: an Arrow table with the contract's columns (types of ``arrow_schema``).

        ``day_of`` columns are worked out here and may be left out; any other column left
        out is null. ``row_numbers`` are the rows' positions in the source, from 1; of
        equally new duplicates the greatest wins. Rows of a table of list entries carry
        the number of the record they are from.
        """
        self._piles[table.name].rows_in += rows.num_rows
        self._stage(table, rows, pa.array(row_numbers, pa.int64()), gone=False)

    def carry(self, table: Table, rows: pa.Table) -> None:
        """Stage rows of the previous snapshot, for a delta to be merged into."""
        self._stage(table, rows, pa.array(np.full(rows.num_rows, CARRIED)), gone=False)

    def bury(self, table: Table, key: str) -> None:
        """Take out the row with this (final) key: a tombstone."""
        column = table.primary_key[0]
        self._stage(table, pa.table({column: [key]}), pa.array([1], pa.int64()), gone=True)

    def refuse(self, table: Table, file: str, row_number: int, reason: str, column: str | None = None) -> None:
        """Quarantine one row: what was wrong and where, never a value."""
        pile = self._piles[table.name]
        pile.rows_in += 1
        pile.refused[reason, column] += 1
        if len(self.quarantine) < QUARANTINE_LIMIT:
            self.quarantine.append({"file": file, "row": row_number, "reason": reason, "column": column})

    def mark(self, table: Table, column: str, of: str, person: str) -> None:
        """Have ``column`` say yes in every row kept whose column ``of`` holds this (final) key."""
        self._piles[table.name].marked.setdefault((column, of), set()).add(person)

    def note(self, name: str, count: int = 1) -> None:
        """Add to a count of anything else worth knowing; it ends in the manifest's notes."""
        self.notes[name] += count

    def fail(self, gate: str, table: Table, detail: str) -> None:
        """Record that a gate of this source alone failed (letters of another alphabet in school names)."""
        self.failures.append(Failure(gate=gate, table=table.name, detail=detail))

    def settle(self, table: Table) -> Settled:
        """Return ``table`` with duplicates resolved; a reader calls it early only to derive another table from it."""
        pile = self._piles[table.name]
        if pile.settled is None:
            parent = self.parents.get(table.name)
            if parent is not None:
                self.settle(self.tables[parent])
            losers = self._piles[parent].losers if parent is not None else []
            pile.settled = self._settle(table, pile, np.concatenate(losers) if losers else np.zeros(0, np.int64))
            self._tidy(pile)
        return pile.settled

    def _stage(self, table: Table, rows: pa.Table, row_numbers: pa.Array[Any], *, gone: bool) -> None:
        if rows.num_rows == 0:
            return
        pile = self._piles[table.name]
        if pile.settled is not None:
            raise StagingError(f"table {table.name} was settled already; nothing can be added to it")
        checksums = _checksums(table, rows)
        complete = _complete(table, rows)
        complete = complete.append_column(CHECKSUM, pa.array(checksums))
        complete = complete.append_column(ROW, row_numbers)
        complete = complete.append_column(GONE, pa.array(np.full(rows.num_rows, gone)))
        pile.bucket_rows += np.bincount(checksums >> 26, minlength=BUCKETS)
        pile.waiting.append(complete)
        pile.waiting_rows += rows.num_rows
        if pile.waiting_rows >= SLICE_ROWS:
            self._spill(table, pile)

    def _spill(self, table: Table, pile: _Pile) -> None:
        """Write what is waiting as one file with a record batch for each bucket."""
        rows = pa.concat_tables(pile.waiting).combine_chunks()
        buckets = rows[CHECKSUM].to_numpy() >> 26
        order: Any = pa.array(np.argsort(buckets, kind="stable"))
        rows = rows.take(order)
        ends = np.cumsum(np.bincount(buckets, minlength=BUCKETS))
        path = self.folder / f"{table.name}-{len(pile.spills)}.arrow"
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with pa.ipc.new_file(str(path), rows.schema, options=options) as writer:
            batch = rows.combine_chunks().to_batches()[0]
            for start, end in zip([0, *ends[:-1]], ends, strict=True):
                writer.write_batch(batch.slice(int(start), int(end - start)))
        pile.spills.append(path)
        pile.waiting.clear()
        pile.waiting_rows = 0

    def _settle(self, table: Table, pile: _Pile, parent_losers: Any) -> Settled:
        schema = arrow_schema(table)
        digest = ContentDigest(schema)
        parts = PartWriter(self.folder / f"settled-{table.name}", schema)
        unknown: Counter[str] = Counter()
        filled: Counter[str] = Counter()
        unusable_trns: Counter[str] = Counter()
        reached: list[Any] = []
        duplicates = carried = 0
        for staged in self._groups(pile):
            winners, losers, group_carried = resolve(table, staged, parent_losers)
            pile.losers.append(losers)
            duplicates += len(losers)
            carried += group_carried
            kept = _marked(_within(table, winners, self.notes), pile.marked).select(schema.names)
            digest.add(kept)
            parts.write(kept)
            _count(table, kept, unknown, filled, unusable_trns)
            if table.reaches is not None:
                reached += pc.unique(kept[table.reaches].drop_null()).to_pylist()
        refused: Counter[str] = Counter()
        for (reason, _), count in sorted(pile.refused.items(), key=lambda item: item[0][0]):
            refused[reason] += count
        facts = TableFacts(
            table=table.name,
            rows_in=pile.rows_in + carried - self.notes[f"{table.name}_left_out"],
            kept=parts.close(),
            duplicates=duplicates,
            refused=dict(refused),
            unknown_codes=dict(sorted(unknown.items())),
        )
        if facts.rows_in != facts.kept + facts.duplicates + refused.total():
            raise StagingError(
                f"table {table.name}: {facts.rows_in} rows in, but {facts.kept} kept, {facts.duplicates} duplicates "
                f"and {refused.total()} refused; nothing was written, report this as a bug"
            )
        if carried:
            self.notes[f"{table.name}_carried_over"] = carried
        self.notes.update({f"trn_{problem}": count for problem, count in unusable_trns.items()})
        return Settled(
            table,
            tuple(parts.paths),
            facts,
            digest.hexdigest(),
            dict(filled),
            pile.refused,
            unusable_trns,
            max(reached, default=None),
        )

    def _groups(self, pile: _Pile) -> Iterator[pa.Table]:
        """Yield the staged rows in runs of whole buckets, each about one slice (one bucket, if that is more)."""
        waiting = pa.concat_tables(pile.waiting).combine_chunks() if pile.waiting else None
        buckets = None if waiting is None else waiting[CHECKSUM].to_numpy() >> 26
        first = 0
        while first < BUCKETS:
            last = first + 1
            while last < BUCKETS and pile.bucket_rows[first : last + 1].sum() <= SLICE_ROWS:
                last += 1
            pieces = []
            for path in pile.spills:
                with pa.memory_map(str(path)) as source, pa.ipc.open_file(source) as reader:
                    pieces.append(pa.Table.from_batches([reader.get_batch(index) for index in range(first, last)]))
            if waiting is not None and buckets is not None:
                pieces.append(waiting.filter(pa.array((buckets >= first) & (buckets < last))))
            rows = pa.concat_tables(pieces) if pieces else None
            if rows is not None and rows.num_rows:
                yield rows.combine_chunks()
            first = last

    def _tidy(self, pile: _Pile) -> None:
        for path in pile.spills:
            path.unlink()
        pile.spills.clear()
        pile.waiting.clear()


def _key_columns(table: Table) -> tuple[str, ...]:
    """Return the columns whose checksum decides the bucket: of a table of list entries, the first names its record."""
    return table.primary_key or (table.columns[0].name,)


def _checksums(table: Table, rows: pa.Table) -> Any:
    columns = [rows[name].to_pylist() for name in _key_columns(table)]
    if len(columns) == 1:
        texts: Iterable[str] = (str(value) for value in columns[0])
    else:
        texts = ("\x1f".join(map(str, values)) for values in zip(*columns, strict=True))
    return np.fromiter((zlib.crc32(text.encode()) for text in texts), np.uint32, rows.num_rows)


def _complete(table: Table, rows: pa.Table) -> pa.Table:
    """Return ``rows`` with every column of the contract, London days worked out."""
    schema = arrow_schema(table)
    missing: Any = pa.nulls
    given: dict[str, Any] = {name: rows[name].combine_chunks() for name in rows.column_names}
    for column in table.columns:
        if column.day_of is not None:
            instants = given.get(column.day_of)
            given[column.name] = None if instants is None else london_days(whole(instants))
    arrays = [
        given[name].cast(kind) if given.get(name) is not None else missing(rows.num_rows, kind)
        for name, kind in zip(schema.names, schema.types, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _within(table: Table, rows: pa.Table, notes: Counter[str]) -> pa.Table:
    """Return the rows that belong in the table at all; the others are counted."""
    if table.left_out is None:
        return rows
    column, value = table.left_out
    values: Any = rows[column]
    outside: Any = pc.is_in(values, value_set=pa.array([value]))
    if number := pc.sum(outside).as_py():
        notes[f"{table.name}_left_out"] += number
    return rows.filter(pc.invert(outside))


def _marked(rows: pa.Table, marked: dict[tuple[str, str], set[str]]) -> pa.Table:
    for (column, of), people in marked.items():
        says: Any = pc.is_in(rows[of], value_set=pa.array(sorted(people), pa.string()))
        rows = rows.set_column(rows.column_names.index(column), column, pc.if_else(says, True, rows[column]))
    return rows


def _count(table: Table, kept: pa.Table, unknown: Counter[str], filled: Counter[str], trns: Counter[str]) -> None:
    """Count unknown codes and values by column, and TRNs that cannot be used by reason."""
    for column in table.columns:
        values: Any = kept[column.name].drop_null()
        filled[column.name] += len(values)
        if column.codes is not None and column.counted:
            texts: Any = pc.list_flatten(values) if pa.types.is_list(values.type) else values.cast(pa.string())
            known = pc.is_in(whole(texts), value_set=pa.array(sorted(column.codes)))
            if known.false_count:
                unknown[column.name] += known.false_count
        if column.name == "trn_problem":
            trns.update(values.to_pylist())
