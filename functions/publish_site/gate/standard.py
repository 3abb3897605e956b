"""The files in DfE's open data standard against the audited figures, cell by cell.

Worked out from the figures and not as the files are made: each audited figure says in which
cells it must stand. A cell of no figure may only say that there is none. What the files
should look like beside that (a complete matrix, every filter filled) is for the tests.
"""

from __future__ import annotations

import calendar
from collections import defaultdict
from typing import TYPE_CHECKING

from functions.publish_site import words
from functions.publish_site.gate import schema
from functions.publish_site.gate.errors import stopped
from functions.publish_site.readback.files import csv_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from functions.publish_site.gate.audited import AuditedKpi, Key
    from functions.publish_site.gate.context import Context
    from placements_kpi.results import Point

Row = tuple[str, ...]
"""The cells of a row in all columns but those with figures."""

_EMPTY = frozenset({"x", "z"})
"""What a cell may say that no audited figure belongs in."""


def check_standard(file: str, body: bytes, context: Context) -> None:
    """Raise :class:`GateError` unless every figure in the file is the audited one of its row and column."""
    head, *rows = csv_rows(file, body)
    span = schema.standard_span(file) or ""
    fixed = schema.STANDARD_COLUMNS[span]
    columns = _columns(file, context)
    names = head[len(fixed) :]
    if head[: len(fixed)] != fixed or len(set(names)) != len(names) or not set(names) <= columns:
        raise stopped(file, "the header", "its columns are not those of the published schema")
    wanted = _wanted(file, span, context)
    if not {name for cells in wanted.values() for name in cells} <= set(names):
        raise stopped(file, "the header", "a column with audited figures is not in it")
    texts = _texts(context)
    seen: set[Row] = set()
    for number, row in enumerate(rows, 1):
        where = row[: len(fixed)]
        if where in seen:
            raise stopped(file, f"row {number}", "it is given twice")
        seen.add(where)
        for column, text in zip(fixed, where, strict=True):
            listed = schema.STANDARD_VALUES.get(column, texts)
            if text not in listed and column not in {"time_period", "region_code"}:
                raise stopped(file, f"row {number}, column {column}", "a value that the published schema does not have")
        cells = wanted.get(where, {})
        for column, text in zip(names, row[len(fixed) :], strict=True):
            figure = cells.get(column)
            if text not in _EMPTY if figure is None else text != figure:
                raise stopped(file, f"row {number}, column {column}", "it is not the audited figure of its place")
    left = sum(len(cells) for where, cells in wanted.items() if where not in seen)
    if left:
        raise stopped(file, "the rows", f"{left} audited figures are not in it")
    times = {where[0] for where in wanted}
    if {where[0] for where in seen} - times:
        raise stopped(file, "column time_period", "a time of no figure")


def check_meta(file: str, body: bytes, context: Context) -> None:
    """Raise :class:`GateError` unless the description of a file has no number but those that descriptions have."""
    head, *rows = csv_rows(file, body)
    if head != schema.META_COLUMNS:
        raise stopped(file, "the header", "its columns are not those of the published schema")
    names = _columns(file, context) | {"category", "part_of_year"}
    for number, row in enumerate(rows, 1):
        for column, text in zip(head, row, strict=True):
            fine = {
                "col_name": text in names,
                "col_type": text in {"Filter", "Indicator"},
                "indicator_unit": text in {"", "%"},
                "indicator_dp": text in {"", "0", "1"},
            }.get(column, context.phrases.explains(text))
            if not fine:
                raise stopped(file, f"row {number}, column {column}", "it is not what a description may say")


def _columns(file: str, context: Context) -> frozenset[str]:
    own = file.rpartition("/")[0]
    return frozenset(
        f"{'' if own else kpi_id.replace('-', '_') + '_'}{measure.id}_{said}"
        for kpi_id, kpi in context.kpis.items()
        if own in {"", kpi_id}
        for measure in kpi.measures.values()
        for said in (("count",) if measure.kind == "count" else schema.INDICATORS)
    )


def _texts(context: Context) -> set[str]:
    """Every label of a breakdown, of its parts and of a region, and what stands for no cut."""
    texts = {"Total", ""}
    for kpi in context.kpis.values():
        texts |= set(kpi.titles.values())
        for labels, _ in kpi.parts.values():
            texts |= set(labels.values())
    return texts


def _wanted(file: str, span: str, context: Context) -> dict[Row, dict[str, str]]:
    """What must stand where an audited figure has its place, by row and column."""
    own = file.rpartition("/")[0]
    wanted: defaultdict[Row, dict[str, str]] = defaultdict(dict)
    for kpi_id, kpi in context.kpis.items():
        if own not in {"", kpi_id}:
            continue
        stem = "" if own else f"{kpi_id.replace('-', '_')}_"
        times = {(one.family, one.period, one.as_of): list(_times(kpi, one, span)) for one in kpi.kpi.points}
        for key, figure in kpi.cells.items():
            measure = kpi.measures[key[0]]
            cells = {"count": figure.numerator}
            if measure.kind == "rate":
                given = (figure.numerator, figure.denominator, figure.percentage)
                cells = dict(zip(schema.INDICATORS, given, strict=True))
            for period, identifier, *part in times[(measure.family, key[1], key[2])]:
                where = (period, identifier, *_place(kpi, key, part))
                wanted[where] |= {f"{stem}{measure.id}_{said}": cell.plain for said, cell in cells.items()}
    return wanted


def _times(kpi: AuditedKpi, point: Point, span: str) -> Iterator[Row]:
    """Time, its identifier and the part of the year that a point stands for, if it stands for one in this file."""
    family = kpi.families[point.family]
    ends = point.as_of.day == calendar.monthrange(point.as_of.year, point.as_of.month)[1]
    if span == "months":
        if family.series == "monthly" and ends and point.period_start <= point.as_of <= point.period_end:
            yield str(point.as_of.year), words.MONTHS[point.as_of.month - 1]
        return
    first = point.period - 1 if family.period == "recruitment_cycle" else point.period
    year = (f"{first}{(first + 1) % 100:02d}", "Academic year")
    if point.as_of == point.period_end or family.series == "yearly":
        yield *year, "Total"
    if family.series == "monthly" and (point.is_current or point.is_comparison):
        yield *year, "To the same point"


def _place(kpi: AuditedKpi, key: Key, part: list[str]) -> Row:
    """The rest of the row that a figure stands in; of two breakdowns by region, the first is the plain one."""
    labels, regional = kpi.parts.get(key[3], ({}, False))
    title, label = kpi.titles.get(key[3], "Total"), labels.get(key[4], key[4])
    england = ("E92000001", "England")
    if not regional:
        return ("National", *england, "", "", *part, title, label)
    plain = next(name for name, (_, by_region) in kpi.parts.items() if by_region)
    code = key[4] if key[4] in schema.REGIONS else "x"
    return ("Regional", *england, code, label, *part, "Total" if key[3] == plain else title, "Total")
