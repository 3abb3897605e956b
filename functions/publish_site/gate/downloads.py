"""The downloads of a release against the audited figures: CSV, JSON and ODS say the same, row by row."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from functions.publish_site import opendata
from functions.publish_site.gate import schema
from functions.publish_site.gate.errors import stopped
from functions.publish_site.readback.files import csv_rows, json_value, leaves, ods_sheets

if TYPE_CHECKING:
    from functions.publish_site.gate.audited import Audited, AuditedKpi, Key
    from functions.publish_site.gate.context import Context
    from functions.publish_site.words import Cell

_NAMED = "kpi measure time_period as_of breakdown category region_code region_name unit".split()
_COMPARED = (*_NAMED, *schema.INDICATORS)

Row = tuple[str, ...]


def check_csv(file: str, body: bytes, context: Context) -> None:
    """Raise :class:`GateError` unless the rows are the audited figures of the indicators of ``file``, each once."""
    head, *rows = csv_rows(file, body)
    if tuple(head) != tuple(schema.DATA_COLUMNS):
        raise stopped(file, "the header", "its columns are not those of the published schema")
    _check_rows(file, [dict(zip(head, row, strict=True)) for row in rows], _wanted(file, context, written))


def check_json(file: str, body: bytes, context: Context) -> None:
    """Raise :class:`GateError` unless the rows are the audited figures and the rest says nothing else in numbers."""
    document = context.document
    read = json_value(file, body)
    rows = read.pop("rows", None) if isinstance(read, dict) else None
    if not isinstance(rows, list) or not all(
        isinstance(row, dict) and list(row) == sorted(schema.DATA_COLUMNS) for row in rows
    ):
        raise stopped(file, "rows", "its columns are not those of the published schema")
    told = [{name: _plain(value) for name, value in row.items()} for row in rows]
    _check_rows(file, told, _wanted(file, context, lambda cell: _plain(cell.json)))
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
        head = next((n for n, row in enumerate(sheet.rows) if row == tuple(schema.DATA_COLUMNS)), None)
        for number, (row, values) in enumerate(zip(sheet.rows, sheet.values, strict=True)):
            for column, (text, value) in enumerate(zip(row, values, strict=True)):
                place = f"sheet {sheet.name}, row {number + 1}, column {column + 1}"
                if text.replace(",", "").removesuffix("%") != value.replace(",", "").removesuffix("%"):
                    raise stopped(file, place, "the value behind the cell is not the one it shows")
                if (head is None or number < head) and not phrases.explains(text):
                    raise stopped(file, place, "a number that the sheet has no reason to show")
        if head is not None:
            rows = [
                {
                    name: _out_of_brackets(text) if name in schema.INDICATORS else text
                    for name, text in zip(schema.DATA_COLUMNS, row, strict=True)
                }
                for row in (
                    tuple(row) + ("",) * (len(schema.DATA_COLUMNS) - len(row)) for row in sheet.rows[head + 1 :]
                )
            ]
            own = {row["kpi"] for row in rows}
            wanted = Counter[Row]()
            for kpi_id, kpi in context.kpis.items():
                wanted.update(_rows_of(kpi, written) if kpi_id in own else ())
            _check_rows(f"{file}, sheet {sheet.name}", rows, wanted)


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


def written(cell: Cell) -> str:
    """Return the cell as CSV has it: with its decimals, also where they are zero."""
    return cell.plain


def _plain(value: object) -> str:
    """A value of JSON as text; a float without its decimal where that is zero, which JSON need not write."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return "(neither a number nor a text)"
    return str(int(value)) if isinstance(value, float) and value == int(value) else str(value)


def _wanted(file: str, context: Context, form: Callable[[Cell], str]) -> Counter[Row]:
    own = file.rpartition("/")[0]
    rows: Counter[Row] = Counter()
    for kpi_id, kpi in context.kpis.items():
        if own in {"", kpi_id}:
            rows.update(_rows_of(kpi, form))
    return rows


def _rows_of(kpi: AuditedKpi, form: Callable[[Cell], str]) -> Iterator[Row]:
    for key, figure in kpi.cells.items():
        place = _place(kpi, key)
        yield (*(place[name] for name in _NAMED), *(form(cell) for cell in _cells(figure)))


def _place(kpi: AuditedKpi, key: Key) -> dict[str, str]:
    """Where a figure stands, as every download says it."""
    measure_id, period, as_of, breakdown, category = key
    measure = kpi.measures[measure_id]
    first = period - 1 if kpi.families[measure.family].period == "recruitment_cycle" else period
    labels, regional = kpi.parts.get(breakdown, ({}, False))
    label = labels.get(category, category)
    return {
        "kpi": kpi.kpi.id,
        "measure": measure_id,
        "time_period": f"{first}{(first + 1) % 100:02d}",
        "as_of": as_of.isoformat(),
        "breakdown": kpi.titles.get(breakdown, "Total" if breakdown == "national" else breakdown),
        "category": label,
        "region_code": (category if category in schema.REGIONS else "x") if regional else "",
        "region_name": label if regional else "",
        "unit": measure.unit,
    }


def _cells(figure: Audited) -> tuple[Cell, Cell, Cell]:
    return figure.numerator, figure.denominator, figure.percentage


def _revisions_of(kpi: AuditedKpi) -> Iterator[dict[str, Any]]:
    """What the JSON says was revised: the place of each figure, both its sides, and why."""
    for one, was, now in kpi.revised:
        place = _place(kpi, (one.measure, one.period, one.as_of, one.breakdown, one.category))
        kind = kpi.families[kpi.measures[one.measure].family].period
        del place["unit"]
        yield {
            **place,
            "time_identifier": schema.TIME_IDENTIFIERS[kind],
            "geographic_level": "Regional" if place["region_name"] else "National",
            "country_code": "E92000001",
            "country_name": "England",
            "was": dict(zip(schema.INDICATORS, (cell.json for cell in _cells(was)), strict=True)),
            "now": dict(zip(schema.INDICATORS, (cell.json for cell in _cells(now)), strict=True)),
            "reason": one.reason,
        }


def _check_rows(file: str, rows: Sequence[Mapping[str, str]], wanted: Counter[Row]) -> None:
    left = wanted.copy()
    for number, row in enumerate(rows, 1):
        for column, values in schema.DATA_COLUMNS.items():
            if values is not None and row[column] not in values:
                raise stopped(file, f"row {number}, column {column}", "a value that the published schema does not have")
        found = tuple(row[column] for column in _COMPARED)
        if left[found] < 1:
            near = next((one for one in wanted if one[: len(_NAMED)] == found[: len(_NAMED)]), None)
            column = next((name for name, a, b in zip(_COMPARED, near or (), found, strict=False) if a != b), "")
            where = f"row {number}" + (f", column {column}" if column else "")
            raise stopped(file, where, "it is not an audited figure, or one that was given already")
        left[found] -= 1
    if sum(left.values()):
        raise stopped(file, "the rows", f"{sum(left.values())} audited figures are not in it")


def _out_of_brackets(text: str) -> str:
    inside = text.removeprefix("[").removesuffix("]")
    return inside if f"[{inside}]" == text else text.replace(",", "").removesuffix("%")
