"""The tables of a page against the audited figures: every cell, every label, every heading."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from functions.publish_site import words
from functions.publish_site.gate.errors import stopped
from placements_kpi.settings import SOURCE_TITLES

if TYPE_CHECKING:
    from functions.publish_site.gate.audited import Audited, AuditedKpi
    from functions.publish_site.gate.context import Context
    from functions.publish_site.readback.markup import Table
    from placements_kpi.results import Breakdown, Check, Measure, Point, SourceFacts

NO_FIGURE = {"[x]", "[z]"}
GROUPS = {
    "rows": "Rows of each source",
    "figures": "Figures of each indicator",
    "lists": "Codes that our lists do not know",
    "sources": "One source against another",
    "bounds": "Against published figures",
}
STATES = {"ok": "In order", "warning": "Needs a look", "failed": "Failed"}
AGES = "Age of each source when this was published"
_AGES = ("Source", "Data of", "Days old", "Most days allowed")
_COLUMNS = ("Per cent", "Number", "Out of")
_BESIDE = ("Measure", "Figure", "Number", "Out of", "Year before")


def check_kpi_table(file: str, table: Table, kpi: AuditedKpi) -> None:
    """Raise :class:`GateError` unless ``table`` is one of the KPI's and each cell is the audited figure."""
    for measure in kpi.measures.values():
        if table.caption == f"{measure.title}, by period":
            return _check_periods(file, table, kpi, measure)
        if table.caption == f"{measure.title}, by year":
            return _check_years(file, table, kpi, measure)
        point = kpi.current(measure)
        title = measure.title
        lower = title[:1].lower() + title[1:] if title[1:2].islower() else title
        stands = words.day(point.as_of) if point else ""
        for part in kpi.kpi.description.breakdowns:
            if measure.id in part.measures and table.caption == f"{part.title}: {lower}, {stands}":
                return _check_categories(file, table, kpi, measure, part)
    for family in kpi.families.values():
        own = [one for one in kpi.measures.values() if one.family == family.id]
        newest = next((found for one in own if (found := kpi.current(one))), None)
        when = f"as at {words.day(newest.as_of)}, {newest.period_label}" if newest else ""
        if table.caption in {f"Figures {when}", f"Checks and coverage {when}"}:
            return _check_beside(file, table, kpi, own, newest)
    raise stopped(file, table.node.place, "a table that is none of this indicator's")


def check_ages(file: str, table: Table, kpi: AuditedKpi, context: Context) -> None:
    """Raise :class:`GateError` unless ``table`` says of each source of the KPI how old it was when published."""
    known = {source.source: source for source in context.document.sources}
    wanted: list[tuple[str, ...]] = [_AGES]
    for name in kpi.kpi.description.sources:
        source = known.get(name)
        used = kpi.kpi.source_dates.get(name) or (source.as_of if source and kpi.kpi.state == "ok" else None)
        wanted.append(
            (
                source.title if source else SOURCE_TITLES.get(name, name),
                words.day(used) if used else "no data yet",
                f"{(context.published - used).days:,}" if used else "[z]",
                f"{source.max_age_days:,}" if source else "[x]",
            )
        )
    _check_grid(file, table, wanted)


def check_source_table(file: str, table: Table, context: Context) -> None:
    """Raise :class:`GateError` unless ``table`` is one of the data-quality page's and says what the document says."""
    document = context.document
    if table.caption == "Age of each source at publication":
        wanted: list[tuple[str, ...]] = [("Source", "Data of", "Days old", "Most days allowed")]
        for source in document.sources:
            old = f"{(context.today - source.as_of).days:,}" if source.as_of else "[z]"
            day = words.day(source.as_of) if source.as_of else "no data yet"
            wanted.append((source.title, day, old, f"{source.max_age_days:,}"))
        return _check_grid(file, table, wanted)
    for group, title in GROUPS.items():
        checks = [check for check in document.checks if check.group == group]
        if table.caption == f"{title}: what we found":
            found = [(check.title, STATES[check.state]) for check in checks]
            return _check_grid(file, table, [("Check", "Result"), *found])
        if table.caption == f"{title}: counts":
            return _check_grid(file, table, [("What", "Number"), *_counts_of_checks(checks)])
    for source in document.sources:
        if table.caption == f"Rows of {source.title}":
            head = ("Table", "Rows in", "Kept", "Refused", "Duplicates", "Out of scope")
            return _check_grid(file, table, [head, *_rows_of(source)])
        if table.caption == f"Refused and noted in {source.title}":
            return _check_grid(file, table, [("What", "Rows"), *_counts_of(source)])
    raise stopped(file, table.node.place, "a table that is of no source")


def _rows_of(source: SourceFacts) -> Iterator[tuple[str, ...]]:
    for one in source.tables:
        refused = sum(one.refused.values())
        if one.rows_in != one.kept + refused + one.duplicates:
            raise stopped(source.source, one.table, "its rows do not add up")
        left_out = source.notes.get(f"{one.table}_left_out", 0)
        numbers = (one.rows_in + left_out, one.kept, refused, one.duplicates, left_out)
        yield (words.label_of(one.table).capitalize(), *(f"{number:,}" for number in numbers))


def _counts_of_checks(checks: list[Check]) -> Iterator[tuple[str, ...]]:
    for check in checks:
        for one in check.counts:
            label = one.label if len(checks) == 1 else f"{check.title}: {one.label[0].lower()}{one.label[1:]}"
            yield label, f"{one.count:,}"


def _counts_of(source: SourceFacts) -> Iterator[tuple[str, ...]]:
    for one in source.tables:
        name = words.label_of(one.table).capitalize()
        for reason, count in sorted(one.refused.items()):
            yield f"{name}: refused, {words.label_of(reason)}", f"{count:,}"
        for column, count in sorted(one.unknown_codes.items()):
            yield f"{name}: unknown code in {words.label_of(column)} (kept)", f"{count:,}"
    for noted, count in sorted(source.notes.items()):
        yield words.sentence(words.label_of(noted)).rstrip("."), f"{count:,}"


def _check_grid(file: str, table: Table, wanted: list[tuple[str, ...]]) -> None:
    if len(table.rows) != len(wanted):
        raise stopped(file, _at(table), "it has not as many rows as there are facts")
    for number, (row, own) in enumerate(zip(table.rows, wanted, strict=True)):
        for column, (text, expected) in enumerate(zip(row, own, strict=False)):
            if text != expected or len(row) != len(own):
                raise stopped(file, _at(table, number, column), "it is not what the document says")


def _check_periods(file: str, table: Table, kpi: AuditedKpi, measure: Measure) -> None:
    points = [point for point in kpi.points(measure) if point.is_series or point.is_comparison]
    columns = []
    for column, text in enumerate(table.rows[0][1:], 1):
        of = [point for point in points if words.years(point.period_label) + kpi.heading(measure, point) == text]
        if not of:
            raise stopped(file, _at(table, 0, column), "a column of no period")
        columns.append(of)
    if table.rows[0][0] != "As at":
        raise stopped(file, _at(table, 0, 0), "it is not the heading of this table")
    placed = 0
    for number, row in enumerate(table.rows[1:], 1):
        alike = [point for point in points if row[0] in _called(points, point)]
        if not alike:
            raise stopped(file, _at(table, number, 0), "a row of no day")
        for column, (text, of) in enumerate(zip(row[1:], columns, strict=True), 1):
            found = [point for point in of if point in alike]
            placed += len(found)
            wanted = {kpi.at(measure, point).text for point in found} or NO_FIGURE
            if len(found) > 1 or text not in wanted:
                raise stopped(file, _at(table, number, column), "it is not the audited figure")
    if placed != sum(len(of) for of in columns):
        raise stopped(file, _at(table), "it leaves out a point of its periods")


def _called(points: list[Point], point: Point) -> set[str]:
    """What the row of ``point`` may be called: ``End of June``, ``14 July``, ``13 or 14 July``."""
    month = words.MONTHS[point.as_of.month - 1]
    if _is_month_end(point.as_of):
        return {f"End of {month}"}
    days = sorted(
        {one.as_of.day for one in points if one.as_of.month == point.as_of.month and not _is_month_end(one.as_of)}
    )
    return {f"{point.as_of.day} {month}", f"{' or '.join(map(str, days))} {month}"}


def _is_month_end(day: date) -> bool:
    return day.day == calendar.monthrange(day.year, day.month)[1]


def _check_years(file: str, table: Table, kpi: AuditedKpi, measure: Measure) -> None:
    head = ("Year", *(_COLUMNS if measure.kind == "rate" else ("Number",)))
    if table.rows[0] != head:
        raise stopped(file, _at(table, 0), "it is not the heading of this table")
    points = {words.years(point.period_label) + kpi.heading(measure, point): point for point in kpi.points(measure)}
    for number, row in enumerate(table.rows[1:], 1):
        point = points.get(row[0])
        if point is None:
            raise stopped(file, _at(table, number, 0), "a row of no period")
        _check_row(file, table, number, row, 1, _cells(measure, kpi.at(measure, point)))


def _check_categories(file: str, table: Table, kpi: AuditedKpi, measure: Measure, part: Breakdown) -> None:
    point, previous = kpi.current(measure), kpi.comparison(measure)
    mark = kpi.heading(measure, point)
    head = (part.title, *(f"{one}{mark}" for one in (_COLUMNS if measure.kind == "rate" else ("Number",))))
    before = previous is not None and len(table.rows[0]) == len(head) + 1 and measure.id not in kpi.kpi.comparison
    then = [f"On {words.day(previous.as_of)}{kpi.heading(measure, previous)}"] if before and previous else []
    if table.rows[0] != (*head, *then):
        raise stopped(file, _at(table, 0), "it is not the heading of this table")
    parts = {one.label: (part.id, one.code) for one in part.categories}
    regional = any(one.code.startswith("E12") for one in part.categories)
    parts["England" if regional else "All"] = ("national", "Total")
    for number, row in enumerate(table.rows[1:], 1):
        if row[0] not in parts:
            raise stopped(file, _at(table, number, 0), "a row of no category")
        wanted = _cells(measure, kpi.at(measure, point, parts[row[0]]))
        if before:
            wanted.append(kpi.at(measure, previous, parts[row[0]]).text)
        _check_row(file, table, number, row, 1, wanted)


def _check_beside(file: str, table: Table, kpi: AuditedKpi, measures: list[Measure], newest: Point | None) -> None:
    now, then = (kpi.heading(measures[0], one) for one in (newest, kpi.comparison(measures[0])))
    if table.rows[0] != (_BESIDE[0], *(f"{one}{now}" for one in _BESIDE[1:4]), f"{_BESIDE[4]}{then}"):
        raise stopped(file, _at(table, 0), "it is not the heading of this table")
    titled = {one.title: one for one in measures}
    for number, row in enumerate(table.rows[1:], 1):
        measure = titled.get(row[0])
        if measure is None:
            raise stopped(file, _at(table, number, 0), "a row of no measure")
        figure = kpi.at(measure, kpi.current(measure))
        _check_row(file, table, number, row, 1, [figure.text, figure.numerator.text, figure.denominator.text])
        previous = kpi.comparison(measure)
        comparable = previous is not None and measure.id not in kpi.kpi.comparison
        if row[4] != (kpi.at(measure, previous).text if comparable else "[x]"):
            raise stopped(file, _at(table, number, 4), "it is not the audited figure")


def _cells(measure: Measure, figure: Audited) -> list[str]:
    rate = measure.kind == "rate"
    return [figure.text, figure.numerator.text, figure.denominator.text] if rate else [figure.text]


def _check_row(file: str, table: Table, number: int, row: tuple[str, ...], first: int, wanted: list[str]) -> None:
    for column, text in enumerate(wanted, first):
        if row[column] != text:
            raise stopped(file, _at(table, number, column), "it is not the audited figure")


def _at(table: Table, row: int | None = None, column: int | None = None) -> str:
    parts = [f"row {row + 1}"] if row is not None else []
    parts += [f"column {column + 1}"] if column is not None else []
    return ", ".join([f"line {table.node.line}, table", *parts])
