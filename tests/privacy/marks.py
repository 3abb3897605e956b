"""Marks: values that occur nowhere else, planted in every column of every source, and what may become of each."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from placements_kpi.settings import SOURCES
from tests.ingest.drops import write_drop
from tests.sources import record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from placements_kpi.sources import Feed, Source
    from placements_kpi.tables import Column, Table

Row = dict[str, Any]

ROWS_MARKED = 3
"""Rows of each file whose people and unknown columns carry marks."""

RECORDS = 100
"""Records of each file of a source that the sample does not write."""


@dataclass(frozen=True)
class Mark:
    """One planted value. ``tables`` and ``column`` say where it may be kept; none: nowhere."""

    core: str
    """The part of it that occurs nowhere else."""
    value: str
    where: str
    tables: tuple[str, ...] = ()
    column: str | None = None
    hashed: bool = True
    """Whether hashes of it are looked for too, as of what somebody may take for an identifier."""


@dataclass
class Marks:
    """Every mark planted so far."""

    planted: list[Mark] = field(default_factory=list)

    def text(self, where: str, form: str = "{}", tables: tuple[str, ...] = (), column: str | None = None) -> str:
        """Return a new mark in the words of ``form``."""
        core = f"Zqx{len(self.planted):05d}Wvk"
        self.planted.append(Mark(core, form.format(core), where, tables, column))
        return self.planted[-1].value

    def plain(self, where: str, form: str = "{}") -> str:
        """Return a new mark that may be anything but an identifier of a person."""
        value = self.text(where, form)
        self.planted[-1] = replace(self.planted[-1], hashed=False)
        return value

    def trn(self, where: str) -> str:
        """Return a new TRN that no sample has."""
        core = f"{8_190_041 + 7_919 * len(self.planted) % 1_700_000:07d}"
        self.planted.append(Mark(core, core, where))
        return core


FORMS = {
    "first_name": "{}",
    "last_name": "O'{} Müller",
    "email": "{}@example.org",
    "date_of_birth": "1 April {}",
    "phone": "+44 {}",
    "personal_statement": 'She wrote "{}" & left,\nthen <b>µ</b>',
    "notes": "{} / % + ? = ; C:\\temp",
}
"""Columns that no contract knows, with what people write in them."""


def source_of(name: str) -> Source:
    """Return the declaration of a source."""
    declared: Source = import_module(f"functions.ingest_{name}.app").SOURCE
    return declared


def kept_columns(table: Table) -> list[Column]:
    """Return the columns of text that a contract keeps as they come: what organisations are called in a register."""
    return [column for column in table.columns if column.name in {"name", "establishment_name"}]


def coded_columns(table: Table) -> list[Column]:
    """Return the columns that hold codes of a list: what is on none becomes one word for all that is not known."""
    return [column for column in table.columns if column.from_source and (column.codes or "reason" in column.name)]


def plant(sources: Path, marks: Marks) -> None:
    """Plant marks in every file of every drop under ``sources``, and make the drops' manifests true again.

    A source that the sample does not write has a drop of records made from its contract.
    """
    for name in SOURCES:
        if not (sources / name).is_dir():
            feeds = source_of(name).feeds
            assert source_of(name).read is None, f"local/sample: {name} needs a drop, its files are no records of JSON"
            write_drop(sources / name, {one.name: [record(one.table, n) for n in range(RECORDS)] for one in feeds})
        (drop,) = (sources / name).glob("dt=*")
        for feed in source_of(name).feeds:
            edit_file(drop, feed, lambda rows, feed=feed, name=name: plant_json(rows, feed, name, marks), marks)


def edit_file(drop: Path, feed: Feed, change: Callable[[list[Row]], list[Row | str]], marks: Marks) -> None:
    """Rewrite the file of ``feed`` in a drop: NDJSON through ``change``, CSV with marks in columns of some rows."""
    paths = [path for path in drop.iterdir() if path.name.removesuffix(".gz").startswith(feed.name)]
    paths = paths or [path for path in drop.iterdir() if path.name.startswith(_CSV.get(feed.name, "-"))]
    (path,) = paths
    body = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    if ".csv" in path.name:
        new, count = (plant_csv if feed.name in _CSV else plant_months)(body, feed, marks)
    else:
        rows = change([json.loads(line) for line in body.splitlines() if _is_record(line)])
        new = "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows).encode()
        count = len(rows)
    rewrite(drop, path, new, count)


_CSV = {"schools": "edubasealldata", "school_links": "links_edubasealldata"}


def _is_record(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def rewrite(drop: Path, path: Path, body: bytes, rows: int) -> None:
    """Write a file of a drop and make its manifest say so."""
    stored = gzip.compress(body, mtime=0) if path.suffix == ".gz" else body
    path.write_bytes(stored)
    manifest = json.loads((drop / "manifest.json").read_text())
    for entry in manifest["files"]:
        if entry["name"] == path.name:
            entry |= {"rows": rows, "sha256": hashlib.sha256(stored).hexdigest()}
    (drop / "manifest.json").write_text(json.dumps(manifest))


def plant_json(rows: list[Row], feed: Feed, source: str, marks: Marks) -> list[Row | str]:
    """Return the rows with marks: people and unknown columns in the first, texts and codes in two, bad ones last."""
    table = feed.table
    for number, row in enumerate(rows[:ROWS_MARKED]):
        where = f"{source}/{feed.name} row {number}"
        mark_people(row, table, where, marks)
        if number < 2:
            mark_unknown(row, where, marks)
    for row in rows[ROWS_MARKED : ROWS_MARKED + 2]:
        for column in kept_columns(table):
            row[column.name] = marks.text(f"{source}/{feed.name} {column.name}", "{}", (table.name,), column.name)
        for column in coded_columns(table):
            mark = marks.plain(f"{source}/{feed.name} {column.name}")
            row[column.name] = [mark, f"other.{mark}", mark.lower()] if column.kind == "string[]" else mark
        for child in feed.children:
            for entry in row.get(child.field) or ():
                for column in child.table.columns[1:]:
                    if column.kind == "string":
                        entry[column.name] = marks.plain(f"{source}/{feed.name} {child.field} {column.name}")
                entry["comment"] = marks.plain(f"{source}/{feed.name} {child.field}", FORMS["notes"])
        if "placements" in feed.nested:
            row["placements"] = [{"urn": marks.plain(f"{source}/{feed.name} placements urn")}]
    return [*rows, *bad_rows(rows[ROWS_MARKED + 2], feed, f"{source}/{feed.name}", marks)]


def mark_people(row: Row, table: Table, where: str, marks: Marks) -> None:
    """Put marks in the place of every person's identifier."""
    for column in table.columns:
        if column.key == "trn":
            row[column.name] = marks.trn(f"{where} {column.name}")
        elif column.key is not None:
            row[column.name] = marks.text(f"{where} {column.name}")


def mark_unknown(row: Row, where: str, marks: Marks) -> None:
    """Put marks in columns that no contract has, in names of columns, and in the free text beside ids."""
    for name, form in FORMS.items():
        row[name] = marks.text(f"{where} {name}", form)
    row["address"] = {"lines": [marks.text(f"{where} address"), {"town": marks.text(f"{where} town", "{} ñ")}]}
    row[marks.text(f"{where} a column's name")] = marks.text(f"{where} an unnamed column")
    if "rejection_reason_ids" in row or "structured_rejection_reasons" in row:
        row.pop("rejection_reason_ids", None)
        row["rejection_reason"] = marks.text(f"{where} rejection_reason", FORMS["personal_statement"])
        details = {"id": "details", "text": marks.text(f"{where} details", FORMS["notes"])}
        reason = {"id": "school_placement", "label": marks.text(f"{where} label", "{} ..."), "details": details}
        free = {"id": marks.text(f"{where} reason id", "He said: {}!")}
        row["structured_rejection_reasons"] = {"selected_reasons": [reason, free]}
    if "withdrawal_reasons" in row:
        row["withdrawal_reasons"] = [marks.text(f"{where} withdrawal_reasons", "Ill, says {}"), "other"]
    for placement in row.get("placements") or ():
        placement["name"] = marks.text(f"{where} placement")


def bad_rows(good: Row, feed: Feed, where: str, marks: Marks) -> Iterator[Row | str]:
    """Yield rows that are quarantined: in each column what is no value of it, and what is no record at all."""
    for number, (name, value) in enumerate(bad_values(feed, where, marks)):
        row = good | {"updated_at": None}
        if number < ROWS_MARKED:
            mark_people(row, feed.table, f"{where} bad row {number}", marks)
        yield row | {name: value}
    yield json.dumps(good)[:-1] + ', "note": "' + marks.text(f"{where} no JSON")
    yield json.dumps([marks.text(f"{where} a list")])
    yield marks.text(f"{where} bare text", "{} µ")


def bad_values(feed: Feed, where: str, marks: Marks) -> Iterator[tuple[str, Any]]:
    """Yield for each field of a record, those read to work others out and those inside lists too, what it cannot be."""
    for column in feed.table.columns:
        if column.from_source:
            yield column.name, {"why": [marks.plain(f"{where} {column.name} an object")]}
            if column.kind not in {"string", "string[]"} or column.pattern:
                mark = marks.plain(f"{where} {column.name}")
                yield column.name, [mark] if column.kind.endswith("[]") else mark
            elif column.kind == "string":
                yield column.name, marks.plain(f"{where} {column.name} too long") * 40
            else:
                yield column.name, marks.plain(f"{where} {column.name} no list")
    for child in feed.children:
        yield child.field, {"why": marks.plain(f"{where} {child.field} an object")}
        yield child.field, [marks.plain(f"{where} {child.field} no entry")]
        for column in child.table.columns[1:]:
            if column.day_of is None:
                yield child.field, [{column.name: [marks.plain(f"{where} {child.field} {column.name} a list")]}]
    if "placements" in feed.nested:
        yield "placements", [{"urn": {"why": marks.plain(f"{where} placements urn an object")}}]
        yield "placements", marks.plain(f"{where} placements no list")
    if "structured_rejection_reasons" in feed.extra:
        for shape in ("{}", '{{"selected_reasons": "{}"}}', '{{"selected_reasons": [{{"id": ["{}"]}}]}}'):
            yield "structured_rejection_reasons", marks.plain(f"{where} structured_rejection_reasons", shape)
    if "trn_token" in feed.extra:
        yield "trn_token", marks.trn(f"{where} trn_token")


def plant_months(body: bytes, feed: Feed, marks: Marks) -> tuple[bytes, int]:
    """Return a file of the service team with a mark in a column that nobody asked for, and in each cell of bad rows."""
    header, *rows = list(csv.reader(io.StringIO(body.decode())))
    where = f"service/{feed.name}"
    bad = [
        [*rows[0][:place], marks.plain(f"{where} {name}"), *rows[0][place + 1 :]] for place, name in enumerate(header)
    ]
    noted = [[*row, marks.plain(f"{where} comment {number}")] for number, row in enumerate([*rows[:3], *bad])]
    ragged = [*rows[1], marks.plain(f"{where} comment"), marks.plain(f"{where} beyond the last column")]
    out = io.StringIO()
    all_rows = [*noted, *([*row, ""] for row in rows[3:]), ragged]
    csv.writer(out, lineterminator="\r\n").writerows([[*header, "comment"], *all_rows])
    return out.getvalue().encode(), len(all_rows)


def plant_csv(body: bytes, feed: Feed, marks: Marks) -> tuple[bytes, int]:
    """Return a file of GIAS with a mark in every cell that is not read of a row, and one in each cell that is read."""
    fields = import_module(f"functions.ingest_schools.{'establishments' if feed.name == 'schools' else 'links'}").FIELDS
    kept = {column.name for column in kept_columns(feed.table)}
    names = {file_name: name for name, (file_name, _) in fields.items()}
    header, *rows = list(csv.reader(io.StringIO(body.decode("cp1252"))))
    for place, file_name in enumerate(header):
        if file_name not in names:
            rows[0][place] = marks.plain(f"schools/{feed.name} {file_name}")
    ragged = [*rows[5], marks.plain(f"schools/{feed.name} beyond the last column")]
    more = [ragged]
    for number, (file_name, name) in enumerate(names.items()):
        place, where = header.index(file_name), f"schools/{feed.name} {name}"
        if name in kept:
            rows[10][place] = marks.text(where, "{}", (feed.table.name,), name)
        elif name in {"gor", "la", "postcode", "ukprn"}:
            rows[11 + number][place] = marks.plain(where)
        else:  # a type of link that is on no list is one type, so that a row of its own may stand for its neighbour
            bad = list(rows[30 + number])
            bad[place] = marks.plain(where)
            more.append(bad)
    for place, file_name in enumerate(header):
        if file_name not in names:
            more[1][place] = marks.plain(f"schools/{feed.name} {file_name} of a bad row")
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([header, *rows, *more])
    return out.getvalue().encode("cp1252"), len(rows) + len(more)
