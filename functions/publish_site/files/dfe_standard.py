"""Figures in DfE's open data standard, as Explore Education Statistics takes them.

One row is a time, a place and a part of a breakdown; one column an indicator. Years and
months are two files, because one may not mix them. Filters are always filled, with
``Total`` where nothing is cut; the matrix is complete, so that a cell without a figure is
``x`` (there should be one) or ``z`` (there cannot be).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from itertools import chain
from typing import TYPE_CHECKING

from functions.publish_site.files.columns import ENGLAND, META, PLACE, numbers_of
from functions.publish_site.files.opendata import csv_lines, region_code, six_digits, text_cell
from functions.publish_site.words import MONTHS, day, listed
from placements_kpi import months

if TYPE_CHECKING:
    from functions.publish_site.figures import KpiFigures
    from placements_kpi.results import Measure, Point

YEARS = {
    "recruitment_cycle": "a recruitment cycle, from October to September",
    "register_year": "an academic year from August",
    "placements_year": "an academic year from September",
}
"""What "Academic year" stands for, by the kind of period: the standard has no other six-digit year that is near."""

SPANS = ("years", "months")
"""The two kinds of file: figures of whole years and at the same point of each, and figures at the end of each month."""

WHOLE, SAME_POINT = "Total", "To the same point"
"""Parts of a year: all of it; and up to the newest figure, or the same point of the year before."""

_TOTAL = "Total"
NOT_APPLICABLE, NOT_AVAILABLE = "z", "x"

Time = tuple[str, int, str]
"""Four or six digits; the number of the month, 0 for a year; the identifier."""


@dataclass(frozen=True)
class Column:
    """A column as the ``.meta.csv`` describes it, in the order of :data:`META`."""

    name: str
    kind: str
    label: str
    grouping: str = ""
    unit: str = ""
    decimals: str = ""
    hint: str = ""
    filter_grouping: str = ""


@dataclass(frozen=True)
class StandardTable:
    """A table of the standard: its filters and indicators, and its rows with every column in the order of ``head``."""

    span: str
    columns: tuple[Column, ...]
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class _Place:
    """Where a row stands: region (code and name, empty nationally) and part of a breakdown."""

    region_code: str
    region_name: str
    breakdown: str
    category: str


def standard_table(kpis: Sequence[KpiFigures], span: str, *, whole: bool) -> StandardTable | None:
    """Return the table of ``span`` for ``kpis``; ``None`` if none of them has a figure in it.

    ``whole`` is the file of the whole release: every column names its KPI, and all figures are England's. The parts of
    one KPI are not those of another, so that side by side nearly all of their cells would be ``z``.
    """
    sides = [side for figures in kpis if (side := _Side(figures, span, whole=whole)).times]
    if not sides:
        return None
    cuts = {place.category for side in sides for place in (*side.national, *side.regional)}
    is_cut = len(cuts) > 1
    filters = _filters(sides, span, is_cut=is_cut)
    columns = (*filters, *(column for side in sides for column in side.columns))
    times = sorted({time for side in sides for time in side.times})
    national = _ordered(place for side in sides for place in side.national)
    regional = sorted(_ordered(place for side in sides for place in side.regional), key=lambda place: place.region_code)
    parts = (WHOLE, SAME_POINT) if span == "years" else ("",)
    rows = []
    for time in times:
        for part in parts:
            for place in (*national, *regional):
                level = "Regional" if place.region_code else "National"
                fixed = (time[0], time[2], level, *ENGLAND, place.region_code, place.region_name)
                cut = (*((part,) if part else ()), *((place.breakdown, place.category) if is_cut else ()))
                rows.append((*fixed, *cut, *chain.from_iterable(side.cells(time, part, place) for side in sides)))
    head = (*PLACE, *(_by_name(columns)))
    return StandardTable(span, columns, head, tuple(rows))


def data_file(table: StandardTable) -> bytes:
    """Return the data as CSV by RFC 4180, in UTF-8."""
    fixed = len(table.head) - sum(column.kind == "Indicator" for column in table.columns)
    for text in {text for row in table.rows for text in row[:fixed]}:
        text_cell(text)
    return csv_lines([table.head, *table.rows])


def meta_file(table: StandardTable) -> bytes:
    """Return what describes the filters, the column that groups one included, and indicators: ``<name>.meta.csv``."""
    return csv_lines([META, *(map(text_cell, astuple(column)) for column in table.columns)])


def column_names(kpi_id: str, measure: Measure, *, whole: bool) -> tuple[str, ...]:
    """Return the columns of a measure: one for a number alone; numerator, denominator and what they make."""
    stem = f"{kpi_id.replace('-', '_')}_{measure.id}" if whole else measure.id
    return tuple(f"{stem}_{said}" for said in numbers_of(measure))


class _Side:
    """What one KPI brings to a file."""

    def __init__(self, figures: KpiFigures, span: str, *, whole: bool) -> None:
        self.figures, self.span = figures, span
        kpi = figures.kpi
        self.given = {
            (figure.measure, figure.breakdown) for figure in kpi.figures if not whole or figure.breakdown == "national"
        }
        in_span = [
            measure
            for measure in kpi.description.measures
            if (
                not figures.family(measure).is_rolling
                if span == "years"
                else figures.family(measure).series == "monthly"
            )
        ]
        with_figures = {measure for measure, _ in self.given}
        self.measures = [(measure, figures.family(measure)) for measure in in_span if measure.id in with_figures]
        self.slots = dict(self._slots())
        self.times = {time for _, time, _ in self.slots}
        self.columns = tuple(column for measure, _ in self.measures for column in self._columns(measure, whole=whole))
        self.cuts: dict[_Place, tuple[str, str]] = {_Place("", "", _TOTAL, _TOTAL): ("national", _TOTAL)}
        first = next((part.id for part in kpi.description.breakdowns if figures.regional(part.id)), None)
        for part in kpi.description.breakdowns:
            if not any((measure.id, part.id) in self.given for measure, _ in self.measures):
                continue
            for category in part.categories:
                place = _Place("", "", part.title, category.label)
                if figures.regional(part.id):
                    place = _Place(
                        region_code(category.code), category.label, _TOTAL if part.id == first else part.title, _TOTAL
                    )
                self.cuts[place] = (part.id, category.code)

    @property
    def national(self) -> list[_Place]:
        return [place for place in self.cuts if not place.region_code]

    @property
    def regional(self) -> list[_Place]:
        return [place for place in self.cuts if place.region_code]

    def _slots(self) -> Iterator[tuple[tuple[str, Time, str], Point]]:
        """The point of each family that stands for a time and a part of it; of two, the later."""
        families = {family.id: family for family in self.figures.kpi.description.families}
        wanted = {measure.family for measure, _ in self.measures}
        for point in sorted(self.figures.kpi.points, key=lambda point: point.as_of):
            family = families[point.family]
            if point.family not in wanted:
                continue
            if self.span == "months":
                if months.is_end(point.as_of) and point.period_start <= point.as_of <= point.period_end:
                    month = point.as_of.month
                    yield (point.family, (f"{point.as_of.year}", month, MONTHS[month - 1]), ""), point
                continue
            year = (six_digits(family.period, point.period), 0, "Academic year")
            if family.series == "yearly" or point.as_of == point.period_end:
                yield (point.family, year, WHOLE), point
            if family.series == "monthly" and (point.is_current or point.is_comparison):
                yield (point.family, year, SAME_POINT), point

    def _columns(self, measure: Measure, *, whole: bool) -> Iterator[Column]:
        title = self.figures.kpi.description.title
        names = column_names(self.figures.kpi.id, measure, whole=whole)
        money = measure.kind == "money"
        for name, said in zip(names, numbers_of(measure), strict=True):
            label = {
                "count": measure.title,
                "pounds": f"{measure.title}: pounds",
                "numerator": f"{measure.title}: {'total in pounds' if money else 'number'}",
                "denominator": f"{measure.title}: {'divided by' if money else 'out of'}",
                "percentage": f"{measure.title}: percentage",
                "unit_cost": f"{measure.title}: pounds each",
            }[said]
            unit = "%" if said == "percentage" else "£" if money and said != "denominator" else ""
            label = f"{label}, twelve months to it" if self.figures.family(measure).is_rolling else label
            label = f"{title}: {label}" if whole else label
            yield Column(name, "Indicator", label, title, unit, {"%": "1", "£": "2"}.get(unit, "0"))

    def cells(self, time: Time, part: str, place: _Place) -> tuple[str, ...]:
        """Return the cells of the KPI's columns in one row."""
        cut = self.cuts.get(place)
        if cut is None:
            return (NOT_APPLICABLE,) * len(self.columns)
        cells: list[str] = []
        for measure, family in self.measures:
            width = len(numbers_of(measure))
            point = self.slots.get((family.id, time, part))
            if (measure.id, cut[0]) not in self.given or (part == SAME_POINT and family.series == "yearly"):
                cells += [NOT_APPLICABLE] * width
            elif point is None:
                cells += [NOT_AVAILABLE] * width
            else:
                shown = self.figures.at(measure, point, cut)
                cells += [cell.plain for cell in (shown.numerator, shown.denominator, shown.value)[:width]]
        return tuple(cells)


def _filters(sides: Sequence[_Side], span: str, *, is_cut: bool) -> tuple[Column, ...]:
    """The filters of a file; one that has a single item is none by the standard, and is left out."""
    cut: tuple[Column, ...] = (
        Column("breakdown", "Filter", "Breakdown", hint="Total is none"),
        Column("category", "Filter", "Category", hint="Total is all of them", filter_grouping="breakdown"),
    )
    cut = cut if is_cut else ()
    if span == "months":
        return cut
    days = {slot.as_of for side in sides for (_, _, part), slot in side.slots.items() if part == SAME_POINT}
    said = listed([day(changed) for changed in sorted(days)])
    kinds = {family.period for side in sides for _, family in side.measures}
    hint = f"Total is the whole year; a year is {' or '.join(text for kind, text in YEARS.items() if kind in kinds)}"
    hint += f"; the same point is {said}" if said else ""
    return (Column("part_of_year", "Filter", "Part of the year", hint=hint), *cut)


def _by_name(columns: Sequence[Column]) -> list[str]:
    names = [column.name for column in columns]
    if len(set(names)) != len(names):
        raise ValueError("two columns of the open data standard have one name; a measure's id must tell it apart")
    return names


def _ordered(places: Iterator[_Place]) -> list[_Place]:
    return list(dict.fromkeys(places))
