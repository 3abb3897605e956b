"""Records of a batch read a column at a time: the rows that are plainly good (decision 44).

Arrow parses the batch with the contract as its schema, and the rule that the row reader has for a column
(:mod:`placements_kpi.fields`) judges each different value of it once. Whatever is not plainly good is left for the row
reader, which alone says what is wrong with a row and why: a line that Arrow could read in another way than the row
reader, and a row of which any value is refused. So no rule of a value stands here.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import IO, Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj
from pydantic_core import ValidationError, to_json

from placements_kpi import fields
from placements_kpi.codes import listed
from placements_kpi.london_days import FIRST_YEAR, LAST_YEAR
from placements_kpi.pseudonyms import Pseudonyms, normalise_trn
from placements_kpi.sources import Children, Feed, Row, RowError
from placements_kpi.tables import Column, Table, arrow_schema

FEWEST = 64
"""Rows for which columns are worth their while; fewer are read one by one."""
PARSED_ROWS = 1_024
"""Rows that are parsed at a time, and again if one of them cannot be."""
LONGEST = 4_096
"""Bytes of a line read here: no number in it has the 4,300 digits that only Arrow reads, no list 10,000 entries."""
DEEPEST = 200
"""Lists and objects that begin in a line read here, whatever is in what: the row reader goes no deeper than that."""

_IN_ROW = re.compile(r"in row (\d+)")
_NOTHING = re.compile(rb':\s*"(?:null)?"(?=\s*[,}])')
"""``""`` and ``"null"`` as the value of a name. Inside a text its quotation marks would be escaped."""
_BEGINS, _ENDS = datetime(FIRST_YEAR, 1, 1), datetime(LAST_YEAR + 1, 1, 1)  # as Arrow has them, in UTC

Mask = Any
"""A boolean array of numpy."""


def without_nothing(record: bytes) -> bytes:
    """Return a JSON document with null for every value that says that it is none."""
    return _NOTHING.sub(b":null", record) if b'""' in record or b'"null"' in record else record


def stored(values: Any, column: Column, feed: Feed | None = None) -> Any:
    """Return values of a column as they are stored: a blank text is no text, and a code on no list is unknown."""
    if isinstance(values, pa.DictionaryArray):
        return stored(values.dictionary, column, feed).take(values.indices)
    if pa.types.is_string(values.type):
        if feed is not None:
            values = pc.utf8_upper(values) if column.name in feed.upper else values
            values = pc.utf8_lower(values) if column.name in feed.lower else values
        blank = pc.equal(values, pa.scalar(""))
        if blank.true_count:
            values = pc.if_else(blank, pa.scalar(None, pa.string()), values)
    elif column.kind == "string[]":
        values = _without_blanks(values)
    return values if column.codes is None else listed(values, column.codes)


def _without_blanks(lists: Any) -> Any:
    blank = pc.equal(lists.flatten(), pa.scalar(""))
    if not blank.true_count:
        return lists
    kept: Any = pc.invert(blank)
    parents = pc.list_parent_indices(lists).filter(kept).to_numpy()
    ends = np.cumsum(np.bincount(parents, minlength=len(lists)))
    offsets = pa.array(np.concatenate([[0], ends]), pa.int32())
    return pa.ListArray.from_arrays(offsets, lists.flatten().filter(kept), mask=lists.is_null())


class Lines:
    """The records of a batch: a text of whole lines, and where each record that is no blank line is in it."""

    def __init__(self, text: bytes) -> None:
        """Take ``text`` apart; its last line may lack its end."""
        self.text = text if text.endswith(b"\n") else text + b"\n"
        self._bytes = np.frombuffer(self.text, np.uint8)
        ends = np.flatnonzero(self._bytes == 0x0A)
        starts = np.concatenate([[0], ends[:-1] + 1])
        ends = ends - (self._bytes[ends - 1] == 0x0D)
        whole = (self._bytes[starts] == 0x7B) & (self._bytes[ends - 1] == 0x7D)
        blank = [place for place in np.flatnonzero(~whole) if not self.text[starts[place] : ends[place]].strip()]
        if blank:
            starts, ends, whole = (np.delete(of_lines, blank) for of_lines in (starts, ends, whole))
        self._starts, self._ends, self._whole = starts, ends, whole

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, place: int) -> bytes:
        return self.text[self._starts[place] : self._ends[place]]

    @cached_property
    def plain(self) -> Mask:
        """Which records Arrow reads as the row reader would, if it reads them.

        Arrow reads one document after the other wherever they begin, numbers called ``Inf`` and ``-NaN``, bytes that
        are not UTF-8 where nobody looks at them, numbers of any length, and lists within lists without an end
        (https://github.com/apache/arrow, cpp/src/arrow/json/parser.cc).
        """
        plain = self._whole & (self._ends - self._starts <= LONGEST)
        opened = sum(self._count(np.flatnonzero(self._bytes == opener)) for opener in (0x5B, 0x7B))
        plain &= opened < DEEPEST
        closed = np.flatnonzero(self._bytes == 0x7D)
        self._leave(plain, closed[~np.isin(self._bytes[closed + 1], list(b",]}\r\n"))])
        lone = closed[self._bytes[closed + 1] == 0x0D]
        self._leave(plain, lone[self._bytes[np.minimum(lone + 2, len(self._bytes) - 1)] != 0x0A])
        for letter, word in ((0x4E, b"NaN"), (0x49, b"Inf")):
            beginnings = np.flatnonzero(self._bytes == letter)
            self._leave(
                plain,
                [place for place in beginnings[self._next(beginnings, word[1])] if self.text.startswith(word, place)],
            )
        if not self.text.isascii() and not _is_utf8(self.text):
            for place in np.flatnonzero(plain).tolist():
                plain[place] = _is_utf8(self[place])
        return plain

    def with_any(self, names: Collection[str]) -> list[int]:
        """Return which records may say something under one of ``names``: behind a backslash a name can hide."""
        sought = [rb'"%s"(?! ?: ?null)' % re.escape(name).encode() for name in names] + [rb"\\"]
        matches = [match.start() for word in sought for match in re.finditer(word, self.text)] if names else []
        return sorted(set((np.searchsorted(self._starts, matches, side="right") - 1).tolist())) if matches else []

    def joined(self, places: Any) -> bytes:
        """Return the text of some records, each with its line end."""
        if places[-1] - places[0] + 1 == len(places):
            return self.text[self._starts[places[0]] : self._ends[places[-1]]] + b"\n"
        return b"".join(self[place] + b"\n" for place in places)

    def _count(self, positions: Any) -> Any:
        return np.searchsorted(positions, self._ends) - np.searchsorted(positions, self._starts)

    def _next(self, positions: Any, byte: int) -> Any:
        return self._bytes[np.minimum(positions + 1, len(self._bytes) - 1)] == byte

    def _leave(self, plain: Mask, positions: Any) -> None:
        if len(positions):
            plain[np.searchsorted(self._starts, positions, side="right") - 1] = False


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


class _Values:
    """Reads the values of one column, each different one once."""

    def __init__(self, column: Column) -> None:
        self._column = column
        self._judge = fields.values(column)
        self._of_list = column.kind.endswith("[]")
        final: Any = arrow_schema(Table("", (column,))).types[0]
        self.kind = final.value_type if self._of_list else final
        plain = self.kind if column.kind in {"integer", "boolean"} else pa.string()
        self.parsed = pa.list_(plain) if self._of_list else plain
        """The type that Arrow parses them as."""

    def read(self, given: Any, good: Mask, *, escapes: bool) -> Any:
        """Return the values of ``given``, and take those rows out of ``good`` that the row reader has to judge.

        ``escapes``: the text has a backslash somewhere, so that a value may have been written in another way.
        """
        if self._column.required:
            good &= _valid(given)
        if not self._of_list:
            return self._read(given, good, member=True, escapes=escapes)
        parents, entries = pc.list_parent_indices(given).to_numpy(), given.flatten()
        fine = _valid(entries)
        read = _decoded(self._read(entries, fine, member=False, escapes=escapes))
        good[parents[~fine]] = False
        return pa.ListArray.from_arrays(_offsets(given), read, mask=given.is_null())

    def _read(self, given: Any, good: Mask, *, member: bool, escapes: bool) -> Any:
        if pa.types.is_boolean(given.type):
            return given
        if self._column.kind == "timestamp" and (instants := _instants(given)) is not None:
            return instants
        encoded = given.dictionary_encode()
        texts = encoded.dictionary.to_pylist()
        nothing = {texts.index(text) for text in ("", "null") if text in texts} if member else set()
        wrong = set(nothing) if self._column.required or (escapes and "null" in texts) else set()
        read = self._judged(texts, wrong, nothing)
        if wrong:
            good &= ~np.isin(encoded.indices.fill_null(-1).to_numpy(), list(wrong))
        same = pa.types.is_string(self.kind) and read == texts
        values = encoded.dictionary if same else pa.array(read, self.kind)
        return pa.DictionaryArray.from_arrays(encoded.indices, values)

    def _judged(self, given: list[Any], wrong: set[int], nothing: set[int]) -> list[Any]:
        """Return what each value is read as, None where it is ``wrong``, to which those are added that are refused."""
        asked = [place for place in range(len(given)) if place not in nothing] if nothing else range(len(given))
        while True:
            try:
                read = self._judge.validate_json(to_json([given[place] for place in asked]))
            except ValidationError as error:
                problems = error.errors(include_url=False, include_context=False, include_input=False)
                refused = {asked[cast("int", problem["loc"][0])] for problem in problems}
                wrong |= refused
                asked = [place for place in asked if place not in refused]
                continue
            judged: list[Any] = [None] * len(given)
            for place, value in zip(asked, read, strict=True):
                judged[place] = value
            return judged


def _instants(given: Any) -> Any:
    """Return instants that are all written like ``2026-07-14T22:30:00Z``, the one form of 20 characters; else None."""
    lengths: Any = pc.min_max(pc.binary_length(given))
    if lengths["min"].as_py() != 20 or lengths["max"].as_py() != 20:
        return None
    with suppress(pa.ArrowInvalid):
        instants = pc.cast(given, pa.timestamp("us", "UTC")).cast(pa.timestamp("us"))
        ends: Any = pc.min_max(instants)
        if ends["min"].as_py() >= _BEGINS and ends["max"].as_py() < _ENDS:
            return instants
    return None


def _valid(values: Any) -> Mask:
    return values.is_valid().to_numpy(zero_copy_only=False)


def _offsets(lists: Any) -> Any:
    lengths = pc.list_value_length(lists).fill_null(0).to_numpy()
    return pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())


def _decoded(values: Any) -> Any:
    return values.dictionary_decode() if isinstance(values, pa.DictionaryArray) else values


@dataclass(frozen=True)
class Good:
    """Rows of a batch that were plainly good, as they are stored."""

    rows: pa.Table
    places: Any
    """The place of each row among the batch's records."""
    entries: list[tuple[Children, pa.Table, Any]]
    """Rows of each list that has a table of its own, and the place of the record that each is of."""
    tokens: int
    """Person identifiers that came keyed by their owner."""


class Columns:
    """Reads batches of records of one feed."""

    def __init__(self, feed: Feed, pseudonyms: Pseudonyms | None) -> None:
        """Read records of ``feed``, and key its person identifiers with ``pseudonyms``."""
        self._feed = feed
        self._pseudonyms = pseudonyms
        self._columns = {column.name: _Values(column) for column in feed.table.columns if column.from_source}
        self._lists = {
            name: {column.name: _Values(column) for column in columns} for name, columns in fields.lists(feed).items()
        }
        self._extra = fields.extra_fields(feed)
        self._schema = arrow_schema(feed.table)
        self._as_text: set[str] = set()
        """Numbers and answers that came as text lately."""

    def read(self, lines: Lines) -> Iterator[Good]:
        """Yield the rows that are plainly good; all others are left for the row reader."""
        places = np.flatnonzero(lines.plain)
        extra = lines.with_any(self._feed.extra)
        parsed: list[tuple[pa.Table, Any]] = []
        for table, where in self._tables(lines, places):
            if parsed and parsed[0][0].schema != table.schema:
                yield self._good(lines, parsed, extra)
                parsed = []
            parsed.append((table, where))
        if parsed:
            yield self._good(lines, parsed, extra)

    def _tables(self, lines: Lines, places: Any) -> Iterator[tuple[pa.Table, Any]]:
        """Yield the records at ``places`` as Arrow parses them; what it cannot parse is left out, and few beside it."""
        waiting = list(reversed(np.array_split(places, len(places) // PARSED_ROWS + 1)))
        failures = 0
        while waiting and failures <= len(places) // FEWEST:
            piece = waiting.pop()
            if len(piece) < FEWEST:
                continue
            try:
                table = self._parsed(lines.joined(piece))
            except pa.ArrowException as error:
                failures += 1
                said = _IN_ROW.search(str(error))
                at = min(int(said[1]), len(piece) - 1) if said else len(piece) // 2
                self._learn(lines[piece[at]], lines[piece[at - 1]])
                waiting += [piece[at + 1 :], piece[:at]]
                continue
            if table.num_rows == len(piece):
                yield table, piece

    def _parsed(self, text: bytes) -> pa.Table:
        given = {
            name: pa.string() if name in self._as_text else values.parsed for name, values in self._columns.items()
        }
        lists = {
            name: pa.list_(pa.struct([(field, values.parsed) for field, values in entry.items()]))
            for name, entry in self._lists.items()
        }
        return pj.read_json(
            cast("IO[bytes]", pa.BufferReader(text)),
            read_options=pj.ReadOptions(use_threads=False, block_size=len(text) + 1),
            parse_options=pj.ParseOptions(
                explicit_schema=pa.schema([*given.items(), *lists.items()]), unexpected_field_behavior="ignore"
            ),
        )

    def _learn(self, *records: bytes) -> None:
        """Expect from now on as text what is text in both records, and what is in neither as what it is."""
        try:
            rows = [json.loads(record) for record in records]
        except (ValueError, RecursionError):
            return
        for name, values in self._columns.items():
            kinds = {type(row.get(name)) for row in rows}
            if values.parsed in (pa.int64(), pa.bool_()) and len(kinds) == 1 and type(None) not in kinds:
                (self._as_text.add if kinds == {str} else self._as_text.discard)(name)

    def _good(self, lines: Lines, parsed: Sequence[tuple[pa.Table, Any]], extra: Sequence[int]) -> Good:
        table = pa.concat_tables([table for table, _ in parsed])
        places = np.concatenate([where for _, where in parsed])
        has_extra = np.isin(places, extra)
        escapes = b"\\" in lines.text
        good = np.ones(len(places), np.bool_)
        columns = {
            name: values.read(_whole(table[name]), good, escapes=escapes) for name, values in self._columns.items()
        }
        lists = {name: self._entries(name, _whole(table[name]), good, escapes) for name in self._lists}
        also = self._extras(lines, places, good, has_extra)
        for name in self._feed.nested:
            for place, of_row in enumerate(_by_row(_whole(table[name]), lists[name][0])):
                if of_row is not None:
                    also.setdefault(place, {})[name] = of_row
        if self._feed.prepare is not None:
            columns |= self._prepared(self._feed.prepare, columns, also, good)
        tokens = self._key(columns, also, good)
        kept = pa.array(good)
        rows = {
            column.name: stored(columns[column.name].filter(kept), column, self._feed)
            for column in self._feed.table.columns
            if column.name in columns
        }
        entries = []
        for children in self._feed.children:
            read, parents = lists[children.field]
            fine = good[parents]
            first, *_ = children.table.columns
            read[first.name] = _decoded(columns[first.name]).take(pa.array(parents))
            kept_entries = {
                name: stored(values.filter(pa.array(fine)), children.table.column(name))
                for name, values in read.items()
            }
            entries.append((children, pa.table(kept_entries), places[parents[fine]]))
        return Good(pa.table(rows), places[good], entries, tokens)

    def _entries(self, name: str, given: Any, good: Mask, escapes: bool) -> tuple[dict[str, Any], Any]:
        """Return the columns of the entries of a list, and which row each is of."""
        parents, entries = pc.list_parent_indices(given).to_numpy(), given.flatten()
        fine = _valid(entries)
        read = {
            field: values.read(entries.field(field), fine, escapes=escapes)
            for field, values in self._lists[name].items()
        }
        good[parents[~fine]] = False
        return read, parents

    def _extras(self, lines: Lines, places: Any, good: Mask, has_extra: Mask) -> dict[int, Row]:
        """Return the extra fields of the rows that have any."""
        extras: dict[int, Row] = {}
        for place in np.flatnonzero(good & has_extra).tolist():
            try:
                extras[place] = self._extra.validate_json(without_nothing(lines[places[place]]))
            except ValidationError:
                good[place] = False
        return extras

    def _prepared(
        self, prepare: Callable[[Row], None], columns: dict[str, Any], extra: dict[int, Row], good: Mask
    ) -> dict[str, Any]:
        """Return the columns that ``prepare`` has to do with: it sees the rows that have any of them."""
        names = self._feed.prepares
        given = {name: _decoded(columns[name]) for name in names if name in columns}
        says = np.zeros(len(good), np.bool_)
        says[list(extra)] = True
        for values in given.values():
            says |= _valid(values)
        places = np.flatnonzero(says & good)
        listed_values = [_as_list(values.take(pa.array(places))) for values in given.values()]
        prepared: dict[str, list[Any]] = {name: [] for name in names}
        known: dict[str, Row] = {}
        for place, values in zip(places.tolist(), zip(*listed_values, strict=True), strict=True):
            said = extra.get(place)
            row = None if said else known.get(key := repr(values))
            if row is None:
                row = dict(zip(given, values, strict=True)) | (said or {})
                try:
                    prepare(row)
                except RowError:
                    good[place] = False
                if not said and good[place]:
                    known[key] = row
            for name in names:
                prepared[name].append(row.get(name))
        spread = np.full(len(good), -1)
        spread[places] = np.arange(len(places))
        where = pa.array(spread, pa.int64(), mask=spread < 0)
        return {name: pa.array(prepared[name], self._schema.field(name).type).take(where) for name in names}

    def _key(self, columns: dict[str, Any], extra: dict[int, Row], good: Mask) -> int:
        """Replace person identifiers by their pseudonyms, and return how many rows came with one of their owner's."""
        if self._pseudonyms is None:
            return 0
        pseudonym = self._pseudonyms.of
        for column in self._feed.table.columns:
            if column.key is not None and column.key != "trn":
                encoded = columns[column.name]
                values = encoded.dictionary.to_pylist()
                keyed = [pseudonym(column.key, value) if value else None for value in values]
                columns[column.name] = pa.DictionaryArray.from_arrays(encoded.indices, pa.array(keyed, pa.string()))
        if "trn" not in columns:
            return 0
        encoded = columns["trn"]
        read = [normalise_trn(given or "") for given in encoded.dictionary.to_pylist()]
        keyed = [trn and pseudonym("trn", trn) for trn, _ in read]
        trns = pa.array(keyed, pa.string()).take(encoded.indices)
        problems = pa.array([problem for _, problem in read], pa.string()).take(encoded.indices)
        neither = (trns.is_null().to_numpy(zero_copy_only=False)) & (problems.is_null().to_numpy(zero_copy_only=False))
        tokens = {place: row["trn_token"] for place, row in extra.items() if row.get("trn_token") and neither[place]}
        if tokens:
            texts = trns.to_pylist()
            for place, token in tokens.items():
                texts[place] = token
            trns = pa.array(texts, pa.string())
        columns |= {"trn": trns, "trn_problem": problems}
        return sum(1 for place in tokens if good[place])


def _by_row(given: Any, columns: dict[str, Any]) -> list[list[Row] | None]:
    """Return the list of objects of each row, of what was read of their fields; None where a row has no list."""
    entries = pa.StructArray.from_arrays([_decoded(values) for values in columns.values()], list(columns))
    return _as_list(pa.ListArray.from_arrays(_offsets(given), entries, mask=given.is_null()))


def _as_list(values: Any) -> list[Any]:
    """Return what ``to_pylist`` does, which takes long for lists."""
    if not pa.types.is_list(values.type):
        listed: list[Any] = values.to_pylist()
        return listed
    entries, ends = values.flatten().to_pylist(), _offsets(values).to_pylist()
    lists = (entries[start:end] for start, end in itertools.pairwise(ends))
    return [listed if there else None for listed, there in zip(lists, values.is_valid().to_pylist(), strict=True)]


def _whole(column: Any) -> Any:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
