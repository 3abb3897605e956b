"""The audited figures of a release as the texts that may stand for them, worked out from the counts alone.

Nothing of the rendering is used here but the form of a cell: a percentage is worked out
again from its published counts (publishing.md 1.3), so that one with another value or
one more decimal is found, whoever wrote it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING

from functions.publish_site.gate import schema
from functions.publish_site.gate.errors import GateError, stopped
from functions.publish_site.words import Cell
from placements_kpi.finality import is_closed
from placements_kpi.results import Figure, document_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from placements_kpi.results import KpiResult, Measure, Point, Protected, Revision, Shown

ONE_DECIMAL_FROM = 1000
"""People in a denominator from which a percentage has a decimal (publishing.md 1.3)."""

NATIONAL = ("national", "Total")
MISSING, NOT_APPLICABLE = Cell(None, "x"), Cell(None, "z")

ROW_NAMES = "kpi measure time_period as_of breakdown category region_code region_name unit".split()
"""What a row of a data file says of where its figure stands, in the order of :attr:`AuditedKpi.written`."""

Key = tuple[str, int, date, str, str]
"""Measure, period, as-of day, breakdown, category."""

Row = tuple[str, ...]
"""A row of a data file: its texts."""


@dataclass(frozen=True)
class Audited:
    """A figure as it may be shown. ``shown`` is what a page gives for it: the percentage of a rate, the count."""

    numerator: Cell
    denominator: Cell
    percentage: Cell
    shown: Cell
    revised: bool = field(default=False, compare=False)

    @property
    def cells(self) -> tuple[Cell, Cell, Cell]:
        """Its three figures, as a row of a data file has them."""
        return self.numerator, self.denominator, self.percentage

    @property
    def text(self) -> str:
        """What a table gives for it: ``33.4%``, and `` [r]`` after it where the release before said something else."""
        return f"{self.shown.text} [r]" if self.revised else self.shown.text


def check_verdict(document: Protected) -> None:
    """Raise :class:`GateError` unless the attacker audit passed, and passed these very figures (publishing.md 1.7).

    ``document`` is as it was stored, word for word.
    """
    verdict = document.verdict
    if verdict is None:
        raise GateError(f"release {document.release} is not published: it has no verdict of the attacker audit")
    if verdict.state != "passed":
        raise GateError(f"release {document.release} is not published: it did not pass the attacker audit")
    if verdict.digest != document_digest(document):
        raise GateError(f"release {document.release} is not published: its figures are not those that were audited")


class AuditedKpi:
    """The audited figures of one KPI, and its points and measures, by what they are called."""

    def __init__(self, kpi: KpiResult, revisions: Iterable[Revision] = ()) -> None:
        self.kpi = kpi
        self.measures = {measure.id: measure for measure in kpi.description.measures}
        self.families = {family.id: family for family in kpi.description.families}
        self.titles = {part.id: part.title for part in kpi.description.breakdowns}
        self.parts = {
            part.id: (
                {one.code: one.label for one in part.categories},
                any(one.code.startswith("E12") for one in part.categories),
            )
            for part in kpi.description.breakdowns
        }
        """Breakdown: its categories' labels by code, and whether it is one by region."""
        self.cells: dict[Key, Audited] = {}
        for figure in kpi.figures:
            key = (figure.measure, figure.period, figure.as_of, figure.breakdown, figure.category)
            if key in self.cells:
                raise stopped(kpi.id, _place(figure), "there are two figures for it")
            made = _audited(kpi, self.measures[figure.measure], figure)
            self.cells[key] = replace(made, revised=figure.finality == "revised")
        self.revised = [(one, self._side(one, one.was), self._side(one, one.now)) for one in revisions]
        """Each revision with what was published before and what is now, which must be the audited figure."""
        for one, _, now in self.revised:
            if self.cells.get((one.measure, one.period, one.as_of, one.breakdown, one.category)) != now:
                raise stopped(kpi.id, f"revision of {one.measure}", "what it says of now is not the audited figure")

    @cached_property
    def written(self) -> Counter[Row]:
        """The rows that a CSV file or a sheet has of it: :data:`ROW_NAMES` and the three figures, with all decimals."""
        return self._rows(lambda cell: cell.plain)

    @cached_property
    def written_in_json(self) -> Counter[Row]:
        """The same rows as a JSON file has them: a decimal that is zero need not be there."""
        return self._rows(lambda cell: json_text(cell.json))

    def place(self, key: Key) -> dict[str, str]:
        """Return where a figure stands, as every download says it."""
        measure_id, period, as_of, breakdown, category = key
        measure = self.measures[measure_id]
        first = period - 1 if self.families[measure.family].period == "recruitment_cycle" else period
        labels, regional = self.parts.get(breakdown, ({}, False))
        label = labels.get(category, category)
        return {
            "kpi": self.kpi.id,
            "measure": measure_id,
            "time_period": f"{first}{(first + 1) % 100:02d}",
            "as_of": as_of.isoformat(),
            "breakdown": self.titles.get(breakdown, "Total" if breakdown == "national" else breakdown),
            "category": label,
            "region_code": (category if category in schema.REGIONS else "x") if regional else "",
            "region_name": label if regional else "",
            "unit": measure.unit,
        }

    def _rows(self, form: Callable[[Cell], str]) -> Counter[Row]:
        return Counter((*self._places[key], *map(form, figure.cells)) for key, figure in self.cells.items())

    @cached_property
    def _places(self) -> dict[Key, Row]:
        in_order = itemgetter(*ROW_NAMES)
        return {key: in_order(self.place(key)) for key in self.cells}

    def _side(self, one: Revision, side: Shown) -> Audited:
        keys = ("measure", "period", "as_of", "breakdown", "category")
        figure = Figure(**{key: getattr(one, key) for key in keys}, **side.model_dump())
        return _audited(self.kpi, self.measures[one.measure], figure)

    def at(self, measure: Measure, point: Point | None, cell: tuple[str, str] = NATIONAL) -> Audited:
        """Return the figure of ``measure`` at ``point``; not available where there is none."""
        found = self.cells.get((measure.id, point.period, point.as_of, *cell)) if point else None
        if found:
            return found
        return _count(MISSING) if measure.kind == "count" else Audited(MISSING, MISSING, MISSING, MISSING)

    def heading(self, measure: Measure, point: Point | None) -> str:
        """Return what marks a heading of figures at ``point``: `` [p]`` while their period is not over."""
        if point is None or is_closed(self.families[measure.family], point, self.kpi.as_of or point.as_of):
            return ""
        return " [p]"

    def points(self, measure: Measure) -> list[Point]:
        """Return the points of ``measure``'s family, oldest first."""
        own = [point for point in self.kpi.points if point.family == measure.family]
        return sorted(own, key=lambda point: (point.period, point.as_of))

    def current(self, measure: Measure) -> Point | None:
        """Return the newest point of ``measure``."""
        return next((point for point in reversed(self.points(measure)) if point.is_current), None)

    def comparison(self, measure: Measure) -> Point | None:
        """Return the point of the previous period that the newest is compared with."""
        return next((point for point in reversed(self.points(measure)) if point.is_comparison), None)


def json_text(value: object) -> str:
    """Return a value of JSON as text; a float without its decimal where that is zero, which JSON need not write."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return "(neither a number nor a text)"
    return str(int(value)) if isinstance(value, float) and value == int(value) else str(value)


def _audited(kpi: KpiResult, measure: Measure, figure: Figure) -> Audited:
    numerator, denominator = figure.numerator, figure.denominator
    if figure.symbol is not None or numerator is None:
        if (numerator, denominator, figure.value) != (None, None, None):
            raise stopped(kpi.id, _place(figure), "a withheld figure has a number beside its symbol")
        symbol = Cell(None, figure.symbol or "x")
        return _count(symbol) if measure.kind == "count" else Audited(symbol, symbol, symbol, symbol)
    if measure.kind == "count":
        return _count(Cell(numerator))
    if denominator is None:  # a category that is no part of what the rate is out of
        return Audited(Cell(numerator), NOT_APPLICABLE, NOT_APPLICABLE, NOT_APPLICABLE)
    if denominator <= 0:
        raise stopped(kpi.id, _place(figure), "a percentage of nothing")
    of_people = "person" in {measure.disclosure, measure.denominator_disclosure}
    places = 1 if not of_people or denominator >= ONE_DECIMAL_FROM else 0
    scale = 10**places
    value = Decimal((200 * scale * numerator + denominator) // (2 * denominator)).scaleb(-places)
    if figure.value is None or Decimal(str(figure.value)) != value:
        raise stopped(kpi.id, _place(figure), "its percentage does not follow from its counts, at its decimals")
    percentage = Cell(value, percent=True)
    return Audited(Cell(numerator), Cell(denominator), percentage, percentage)


def _count(number: Cell) -> Audited:
    return Audited(number, NOT_APPLICABLE, NOT_APPLICABLE, number)


def _place(figure: Figure) -> str:
    return f"figure {figure.measure} of {figure.as_of.isoformat()}, {figure.breakdown}, {figure.category}"
