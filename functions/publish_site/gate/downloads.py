"""The downloads of a release against the audited figures: CSV, JSON and ODS say the same, row by row."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NoReturn

from functions.publish_site import opendata
from functions.publish_site.gate import schema
from functions.publish_site.gate.audited import ROW_NAMES, json_text
from functions.publish_site.gate.errors import stopped
from functions.publish_site.readback.files import csv_rows, json_value, leaves, ods_sheets

if TYPE_CHECKING:
    from functions.publish_site.gate.audited import AuditedKpi, Row
    from functions.publish_site.gate.context import Context

_COLUMNS = tuple(schema.DATA_COLUMNS)
_NUMBERS = len(_COLUMNS) - len(schema.INDICATORS)
"""Where the columns with figures begin: they are the last."""
_COMPARED = (*ROW_NAMES, *schema.INDICATORS)
_compared = itemgetter(*map(_COLUMNS.index, _COMPARED))
_SORTED = sorted(_COLUMNS)


def check_csv(file: str, body: bytes, context: Context) -> None:
    """Raise :class:`GateError` unless the rows are the audited figures of the indicators of ``file``, each once."""
    head, *rows = csv_rows(file, body)
    if head != _COLUMNS:
        raise stopped(file, "the header", "its columns are not those of the published schema")
    _check_rows(file, rows, _wanted(kpi.written for kpi in _own(file, context)))


def check_json(file: str, body: bytes, context: Context) -> None:
    """Raise :class:`GateError` unless the rows are the audited figures and the rest says nothing else in numbers."""
    document = context.document
    read = json_value(file, body)
    rows = read.pop("rows", None) if isinstance(read, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) and list(row) == _SORTED for row in rows):
        raise stopped(file, "rows", "its columns are not those of the published schema")
    in_order = itemgetter(*_COLUMNS)
    told = [tuple([one if type(one) is str else json_text(one) for one in in_order(row)]) for row in rows]
    _check_rows(file, told, _wanted(kpi.written_in_json for kpi in _own(file, context)))
    own = file.rpartition("/")[0]
    told_of = {
        "licence": schema.LICENCE,
        "disclosure_control": document.disclosure.model_dump(mode="json"),
        "kpis": [_about(kpi) for kpi_id, kpi in context.kpis.items() if own in {"", kpi_id}],
        "compared_with": document.compared_with,
        "revisions": [row for kpi_id, kpi in context.kpis.items() if own in {"", kpi_id} for row in _revisions_of(kpi)],
    }
    for name, wanted in told_of.items():
        if read.pop(name, None) != wanted:
            raise stopped(file, name, "it is not what the document says")
    phrases = context.phrases.and_also([*opendata.COLUMN_WORDS.values(), *context.instants])
    for path, value in leaves(read):
        known = phrases.explains(value) if isinstance(value, str) else value is None or isinstance(value, bool)
        if not known:
            raise stopped(file, ".".join(map(str, path)), "a number that the file has no reason to show")


def check_manifest(file: str, body: bytes, context: Context, files: Mapping[str, bytes]) -> None:
    """Raise :class:`GateError` unless the manifest says what the document says, and the digests of these files."""
    document = context.document
    read = json_value(file, body)
    dumped = document.model_dump(mode="json", exclude={"kpis", "contract", "revisions", "checks"})
    wanted: dict[str, Any] = {
        **{name: value for name, value in dumped.items() if name != "disclosure"},
        "disclosure_control": dumped["disclosure"],
        "definition_versions": {kpi.id: kpi.description.definition_version for kpi in document.kpis},
        "revisions": len(document.revisions),
        "published": context.instant,
        "sha256": {
            path: hashlib.sha256(content).hexdigest()
            for path, content in files.items()
            if path not in {file, "release.json"}
        },
    }
    for name in sorted({*wanted, *(read if isinstance(read, dict) else ())}):
        if not isinstance(read, dict) or read.get(name) != wanted.get(name) or (name in read) != (name in wanted):
            raise stopped(file, name, "it is not what the document and the files of the release say")


def check_ods(file: str, body: bytes, context: Context) -> None:
    """Raise :class:`GateError` unless each sheet with the data's columns has audited rows, and the others no figure.

    Symbols stand in square brackets; the value behind a cell is the number that it shows.
    """
    numbered = enumerate(context.kpis.values(), 1)
    names = [f"{number} {kpi.kpi.description.title}"[:31].rstrip() for number, kpi in numbered]
    phrases = context.phrases.and_also([*opendata.COLUMN_WORDS.values(), *names])
    for sheet in ods_sheets(file, body):
        if not phrases.explains(sheet.name):
            raise stopped(file, "the name of a sheet", "a number that the sheet has no reason to show")
        head = next((n for n, row in enumerate(sheet.rows) if row == _COLUMNS), None)
        for number, (row, values) in enumerate(zip(sheet.rows, sheet.values, strict=True)):
            if row != values and (off := _behind(row, values)) is not None:
                place = f"sheet {sheet.name}, row {number + 1}, column {off + 1}"
                raise stopped(file, place, "the value behind the cell is not the one it shows")
            if head is not None and number >= head:
                continue
            for column, text in enumerate(row, 1):
                if not phrases.explains(text):
                    place = f"sheet {sheet.name}, row {number + 1}, column {column}"
                    raise stopped(file, place, "a number that the sheet has no reason to show")
        if head is not None:
            rows = [_of_sheet(file, sheet.name, row) for row in sheet.rows[head + 1 :]]
            own = {row[_COLUMNS.index("kpi")] for row in rows}
            wanted = _wanted(kpi.written for kpi_id, kpi in context.kpis.items() if kpi_id in own)
            _check_rows(f"{file}, sheet {sheet.name}", rows, wanted)


def _behind(row: Row, values: Row) -> int | None:
    """Return the first column of a sheet's row where the value behind a cell is not what the cell shows."""
    for column, (text, value) in enumerate(zip(row, values, strict=True)):
        if text.replace(",", "").removesuffix("%") != value.replace(",", "").removesuffix("%"):
            return column
    return None


def _of_sheet(file: str, sheet: str, row: Row) -> Row:
    """Return a row of a sheet of data with a text for each column, its figures as the CSV writes them."""
    if len(row) > len(_COLUMNS):
        raise stopped(file, f"sheet {sheet}", "a row with more cells than the published schema has columns")
    row = (*row, *("",) * (len(_COLUMNS) - len(row)))
    return (*row[:_NUMBERS], *map(_out_of_brackets, row[_NUMBERS:]))


def _about(kpi: AuditedKpi) -> dict[str, Any]:
    about = kpi.kpi.description
    return {
        "id": kpi.kpi.id,
        "title": about.title,
        "state": kpi.kpi.state,
        "as_of": kpi.kpi.as_of.isoformat() if kpi.kpi.as_of else None,
        "definition_version": about.definition_version,
        "measures": {measure.id: measure.title for measure in about.measures},
    }


def _own(file: str, context: Context) -> list[AuditedKpi]:
    """Return the indicators that a data file is of: that of its folder, or all."""
    folder = file.rpartition("/")[0]
    return [kpi for kpi_id, kpi in context.kpis.items() if folder in {"", kpi_id}]


def _wanted(rows: Iterable[Counter[Row]]) -> Counter[Row]:
    wanted: Counter[Row] = Counter()
    for some in rows:
        wanted.update(some)
    return wanted


def _revisions_of(kpi: AuditedKpi) -> Iterator[dict[str, Any]]:
    """What the JSON says was revised: the place of each figure, both its sides, and why."""
    for one, was, now in kpi.revised:
        place = kpi.place((one.measure, one.period, one.as_of, one.breakdown, one.category))
        kind = kpi.families[kpi.measures[one.measure].family].period
        del place["unit"]
        yield {
            **place,
            "time_identifier": schema.TIME_IDENTIFIERS[kind],
            "geographic_level": "Regional" if place["region_name"] else "National",
            "country_code": "E92000001",
            "country_name": "England",
            "was": dict(zip(schema.INDICATORS, (cell.json for cell in was.cells), strict=True)),
            "now": dict(zip(schema.INDICATORS, (cell.json for cell in now.cells), strict=True)),
            "reason": one.reason,
        }


def _check_rows(file: str, rows: Sequence[Row], wanted: Counter[Row]) -> None:
    for index, (column, values) in enumerate(schema.DATA_COLUMNS.items()):
        if values is not None and not values.issuperset([row[index] for row in rows]):
            number = next(n for n, row in enumerate(rows, 1) if row[index] not in values)
            raise stopped(file, f"row {number}, column {column}", "a value that the published schema does not have")
    read = [_compared(row) for row in rows]
    if dict(Counter(read)) != dict(wanted):  # as dictionaries, which compares in one go
        _explain(file, read, wanted)


def _explain(file: str, rows: Sequence[Row], wanted: Counter[Row]) -> NoReturn:
    """Raise the :class:`GateError` that says which row is not one of those wanted, or that one is not there."""
    left = wanted.copy()
    for number, found in enumerate(rows, 1):
        if left[found] < 1:
            near = next((one for one in wanted if one[: len(ROW_NAMES)] == found[: len(ROW_NAMES)]), None)
            column = next((name for name, a, b in zip(_COMPARED, near or (), found, strict=False) if a != b), "")
            where = f"row {number}" + (f", column {column}" if column else "")
            raise stopped(file, where, "it is not an audited figure, or one that was given already")
        left[found] -= 1
    raise stopped(file, "the rows", f"{sum(left.values())} audited figures are not in it")


def _out_of_brackets(text: str) -> str:
    inside = text.removeprefix("[").removesuffix("]")
    return inside if f"[{inside}]" == text else text.replace(",", "").removesuffix("%")
