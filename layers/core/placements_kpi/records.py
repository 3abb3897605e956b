"""JSON records become validated, pseudonymised rows; every field not in the contract is dropped in memory.

Validation is pydantic-core's, one JSON document at a time (:mod:`placements_kpi.fields`).
A bad row is quarantined with a reason and a column, never a value.
"""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import pyarrow as pa
from pydantic_core import ValidationError

from placements_kpi.columnar import Columns, Lines, stored, without_nothing
from placements_kpi.fields import validator
from placements_kpi.guises import EMPTY, LOOK_AT, guise
from placements_kpi.pseudonyms import Pseudonyms, normalise_trn
from placements_kpi.sources import (
    Children,
    Feed,
    Kept,
    Piece,
    Record,
    Refusal,
    Row,
    RowError,
    Source,
    SourceError,
    SourceFile,
    Tombstone,
    check_rows,
)
from placements_kpi.tables import Column, Table, arrow_schema

if TYPE_CHECKING:
    from placements_kpi.staging import Staging

BATCH_ROWS = 8_192
BATCH_BYTES = 1 << 21
LONGEST_LINE = 4_000_000
"""Bytes of one record."""

OWNERS_TOKENS = "trns_keyed_by_owner"
"""Note: how many TRNs came as ``trn_token``, keyed by their owner with the shared key."""

_NOT_SAID = frozenset({"", "false", "no", "f", "n", "0", "null"})

_REASONS = {
    "json_invalid": "not_json",
    "dict_type": "not_an_object",
    "missing": "missing",
    "string_too_short": "missing",
    "string_too_long": "too_long",
    "string_pattern_mismatch": "not_an_id",
    "too_long": "too_long",
    "greater_than_equal": "out_of_range",
    "less_than": "out_of_range",
    "less_than_equal": "out_of_range",
}


def read(source: Source, files: Mapping[str, SourceFile], staging: Staging, pseudonyms: Pseudonyms | None) -> None:
    """Stage every record of ``files``; :class:`SourceError` if a file as a whole cannot be used."""
    for feed in source.feeds:
        _Reader(feed, files[feed.name], staging, pseudonyms).run()


def lines(file: SourceFile) -> Iterator[bytes]:
    """Yield the records of an NDJSON file, gzipped or not, shard after shard, blank lines left out."""
    for batch in _batches(file):
        for place in range(len(batch)):
            yield batch[place]


def _batches(file: SourceFile) -> Iterator[Lines]:
    if not file.paths:
        raise SourceError(f"{file.name} has neither a path nor records")
    for path in file.paths:
        yield from _batches_of(path)


def _batches_of(path: Path) -> Iterator[Lines]:
    with path.open("rb") as stored_file, _plain(stored_file, path.name) as stream:
        try:
            wrong = guise(stream.peek(LOOK_AT)[:LOOK_AT])
            if wrong and wrong != EMPTY:
                raise SourceError(f"{path.name} {wrong}, where it should be one JSON object a line: ask its owner")
            if stream.peek(3)[:3] == b"\xef\xbb\xbf":
                stream.read(3)
            while text := _whole_lines(stream):
                yield Lines(text)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise SourceError(f"{path.name} is not a whole gzip file: ask its owner to export it again") from None


def _whole_lines(stream: io.BufferedReader[Any]) -> bytes:
    """Return the next lines, about a batch of them; one that is too long is no document, and quarantined as such."""
    text = stream.read(BATCH_BYTES)
    if text.endswith(b"\n"):
        return text
    last = text.rfind(b"\n") + 1
    room = LONGEST_LINE - (len(text) - last)
    rest = stream.readline(room) if room > 0 else b""
    if len(rest) >= room and not rest.endswith(b"\n"):
        _skip_line(stream)
        return text[:last] + b"{"
    return text + rest


def _plain(stored: BinaryIO, name: str) -> io.BufferedReader[Any]:
    """Return the bytes of a stored file as a stream, without its gzip if it has one."""
    plain: Any = gzip.GzipFile(fileobj=stored) if name.endswith(".gz") else stored
    return io.BufferedReader(plain, 1 << 18)


def _skip_line(stream: io.BufferedReader[Any]) -> None:
    while (rest := stream.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
        pass


class _Reader:
    """Reads one file into one table (and the tables of its lists)."""

    def __init__(self, feed: Feed, file: SourceFile, staging: Staging, pseudonyms: Pseudonyms | None) -> None:
        self._feed = feed
        self._file = file
        self._staging = staging
        self._keys = _keys(feed.table, pseudonyms, staging)
        self._validate: Callable[[bytes], Row] = validator(feed).validate_json
        self._columns = Columns(feed, pseudonyms)
        self._waiting: list[bytes] = []
        self._waiting_numbers: list[int] = []
        self._rows: list[Row] = []
        self._numbers: list[int] = []
        self._piece: list[pa.Table] = []
        self._refused: list[Refusal] = []

    def run(self) -> None:
        number = 0
        if self._file.records is None:
            for batch in _batches(self._file):
                self._read(batch, range(number + 1, number + 1 + len(batch)))
                number += len(batch)
        else:
            number = self._run_through(self._file.records)
        self._flush()
        check_rows(self._file, number)

    def _run_through(self, records: Iterable[Record | Piece | Kept]) -> int:
        """Read records one after the other, as a service gives them, and return how many there were."""
        number = waiting = 0
        for record in records:
            if isinstance(record, Piece):
                self._flush()
                record.keep(_together(self._feed.table, self._piece), self._refused)
                self._piece, self._refused = [], []
                continue
            if isinstance(record, Kept):
                number = self._take_over(record, number)
                continue
            number += 1
            if isinstance(record, Refusal):
                self._refuse(number, record)
                continue
            if isinstance(record, Tombstone):
                self._take_or_refuse(record, number)
                continue
            document = record if isinstance(record, bytes) else json.dumps(record).encode()
            if not document.strip() or b"\n" in document:
                self._take_or_refuse(document, number)
                continue
            self._waiting.append(document)
            self._waiting_numbers.append(number)
            waiting += len(document)
            if waiting >= BATCH_BYTES or len(self._waiting) >= BATCH_ROWS:
                self._flush()
                waiting = 0
        return number

    def _read(self, lines: Lines, numbers: Sequence[int]) -> None:
        """Stage the rows of a batch: by column those that are plainly good, all others one by one."""
        left = np.ones(len(lines), np.bool_)
        given = np.asarray(numbers)
        for good in self._columns.read(lines):
            left[good.places] = False
            self._stage(good.rows, given[good.places])
            for children, entries, places in good.entries:
                self._staging.add(children.table, entries, given[places])
            if good.tokens:
                self._staging.note(OWNERS_TOKENS, good.tokens)
        for place in np.flatnonzero(left).tolist():
            self._take_or_refuse(lines[place], numbers[place])

    def _take_or_refuse(self, record: Record, number: int) -> None:
        try:
            self._take(record, number)
        except ValidationError as error:
            self._refuse(number, Refusal(*_why(error)))
            self._mark(record)
        except RowError as error:
            self._refuse(number, Refusal(error.reason, error.column))
            self._mark(record)
        if len(self._rows) >= BATCH_ROWS:
            self._flush_rows()

    def _refuse(self, number: int, refusal: Refusal) -> None:
        self._staging.refuse(self._feed.table, self._file.name, number, refusal.reason, refusal.column)
        if self._file.in_pieces:
            self._refused.append(refusal)

    def _take_over(self, piece: Kept, number: int) -> int:
        """Stage what an earlier run read, and return the number of its last row."""
        rows = piece.rows.num_rows
        self._staging.add(self._feed.table, piece.rows, range(number + 1, number + 1 + rows))
        for refusal in piece.refused:
            self._refuse(number + rows + 1, refusal)
        self._refused = []
        return number + rows + len(piece.refused)

    def _take(self, record: Record, number: int) -> None:
        if type(record) is not bytes:
            if isinstance(record, Tombstone):
                self._bury(record)
                return
            record = json.dumps(record).encode()
        row = self._validate(without_nothing(record))
        if self._feed.prepare is not None:
            self._feed.prepare(row)
        if self._keys is not None:
            self._keys(row)
        self._rows.append(row)
        self._numbers.append(number)

    def _mark(self, record: Record) -> None:
        """Have what a refused row says of its person hold in the rows that are kept, as far as it can be read."""
        if self._feed.still_says is None or isinstance(record, Tombstone) or self._keys is None:
            return
        column, of = self._feed.still_says
        try:
            row = json.loads(record) if isinstance(record, bytes) else record
        except (ValueError, RecursionError):
            return
        if not isinstance(row, Mapping) or not isinstance(row.get(of), str | int):
            return
        # A mark that cannot be made out protects the person all the same.
        if str(row.get(column) or "").strip().lower() not in _NOT_SAID:
            person: Row = {of: str(row[of]).strip()}
            self._keys(person)
            if person[of]:
                self._staging.mark(self._feed.table, column, of, person[of])

    def _bury(self, tombstone: Tombstone) -> None:
        row: Row = {self._feed.table.primary_key[0]: tombstone.key.strip()}
        if self._keys is not None:
            self._keys(row)
        self._staging.bury(self._feed.table, row[self._feed.table.primary_key[0]])

    def _flush(self) -> None:
        if self._waiting:
            waiting, numbers = self._waiting, self._waiting_numbers
            self._waiting, self._waiting_numbers = [], []
            self._read(Lines(b"\n".join(waiting)), numbers)
        self._flush_rows()

    def _flush_rows(self) -> None:
        if not self._rows:
            return
        columns = [column for column in self._feed.table.columns if column.day_of is None]
        self._stage(_columnar(columns, self._rows, self._feed), self._numbers)
        for children in self._feed.children:
            self._flush_children(children)
        self._rows, self._numbers = [], []

    def _stage(self, rows: pa.Table, numbers: Sequence[int]) -> None:
        self._staging.add(self._feed.table, rows, numbers)
        if self._file.in_pieces:
            self._piece.append(rows)

    def _flush_children(self, children: Children) -> None:
        parent = children.table.columns[0].name
        entries: list[Row] = []
        numbers: list[int] = []
        for number, row in zip(self._numbers, self._rows, strict=True):
            for entry in row.get(children.field) or ():
                entry[parent] = row[parent]
                entries.append(entry)
                numbers.append(number)
        columns = [column for column in children.table.columns if column.day_of is None]
        self._staging.add(children.table, _columnar(columns, entries), numbers)


def _together(table: Table, batches: list[pa.Table]) -> pa.Table:
    """Return the rows of a piece; one without any has the columns all the same."""
    columns = tuple(column for column in table.columns if column.day_of is None)
    return pa.concat_tables([arrow_schema(Table("", columns)).empty_table(), *batches], promote_options="default")


def _columnar(columns: list[Column], rows: list[Row], feed: Feed | None = None) -> pa.Table:
    """Return rows as an Arrow table, as they are stored."""
    schema = arrow_schema(Table("", tuple(columns)))
    arrays: list[Any] = [
        stored(pa.array([row.get(column.name) for row in rows], kind), column, feed)
        for column, kind in zip(columns, schema.types, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _keys(table: Table, pseudonyms: Pseudonyms | None, staging: Staging) -> Callable[[Row], None] | None:
    """Return what replaces the person identifiers of a row, in place, by their pseudonyms."""
    keyed = [(column.name, column.key) for column in table.columns if column.key is not None and column.key != "trn"]
    has_trn = any(column.key == "trn" for column in table.columns)
    if not keyed and not has_trn:
        return None
    if pseudonyms is None:
        raise SourceError(f"table {table.name} has person identifiers and there is no key for their pseudonyms")
    pseudonym = pseudonyms.of

    def replace(row: Row) -> None:
        for name, kind in keyed:
            value = row.get(name)
            if value is not None:
                row[name] = pseudonym(kind, value) if value else None
        if has_trn:
            trn, problem = normalise_trn(row.get("trn") or "")
            token = row.get("trn_token") if trn is None and problem is None else None
            if token:
                staging.note(OWNERS_TOKENS)
            row["trn"] = token or (trn and pseudonym("trn", trn))
            row["trn_problem"] = problem

    return replace


def _why(error: ValidationError) -> tuple[str, str | None]:
    """Return the reason code and the column of the first thing wrong with a record."""
    problem = error.errors(include_url=False, include_context=False)[0]
    place = [str(step) for step in problem["loc"] if not isinstance(step, int)]
    column = ".".join(place) or None
    if problem["input"] is None and column is not None:
        return "missing", column
    return _REASONS.get(problem["type"], "wrong_type"), column
