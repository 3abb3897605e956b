"""The figures of one KPI, found by measure and point, as the cells that every format shows.

Page, chart, CSV and JSON all take their cells from here, so that they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from functions.publish_site.words import SMALL_BASE, Cell, rounded
from placements_kpi.finality import closes_on, is_closed
from placements_kpi.results import (
    Family,
    Figure,
    Finality,
    KpiResult,
    Measure,
    Point,
    Protected,
    Revision,
    decimals_of,
    pounds,
)

if TYPE_CHECKING:
    from placements_kpi.results import Shown as Side

NATIONAL = ("national", "Total")


@dataclass(frozen=True)
class Shown:
    """A figure as published: a rate has all three cells; a count has ``denominator`` not applicable.

    The numerator of money is in pounds, and so is its ``value``: the whole, or the cost of each.

    ``value`` carries the mark of a revised figure, once for all three.
    """

    numerator: Cell
    denominator: Cell
    value: Cell

    @property
    def is_small(self) -> bool:
        """Whether it is a percentage out of too few to be compared with others, by the count that is published."""
        return self.value.percent and self.value.number is not None and (self.denominator.number or 0) < SMALL_BASE


def places(measure: Measure, figure: Figure) -> int:
    """Return the decimals of a percentage: for people those that protect them, else one.

    Organisations are published exactly, so one decimal tells nothing more than the counts (publishing#percentages).
    """
    if {measure.disclosure, measure.denominator_disclosure} <= {"organisation", None}:
        return 1
    return decimals_of(figure.denominator or 0)


def shown(measure: Measure, figure: Figure | None) -> Shown:
    """Return the cells of ``figure``; one that is missing is not available, never zero."""
    money = measure.kind == "money"
    if figure is None:
        missing = Cell(None, "x")
        return Shown(missing, missing if measure.is_divided else Cell(None, "z"), missing)
    symbol, revised = figure.symbol or "x", figure.finality == "revised"

    def count(number: int | None) -> Cell:
        return Cell(number) if number is not None else Cell(None, symbol)

    numerator = count(figure.numerator)
    if money and figure.numerator is not None:
        numerator = Cell(rounded(pounds(figure.numerator), 2), pounds=True)
    if not measure.is_divided:
        return Shown(numerator, Cell(None, "z"), replace(numerator, revised=revised))
    if figure.symbol is None and figure.numerator is not None and figure.denominator is None:
        # A category that is no part of the denominator.
        return Shown(numerator, Cell(None, "z"), Cell(None, "z", revised=revised))
    decimals = 2 if money else places(measure, figure)
    value = (
        Cell(rounded(figure.value, decimals), percent=not money, pounds=money, revised=revised)
        if figure.value is not None
        else Cell(None, symbol, revised=revised)
    )
    return Shown(numerator, count(figure.denominator), value)


@dataclass
class KpiFigures:
    """The figures of one KPI with their points, indexed."""

    kpi: KpiResult
    _figures: dict[tuple[str, int, date, str, str], Figure] = field(init=False)
    _measures: dict[str, Measure] = field(init=False)
    _families: dict[str, Family] = field(init=False)
    _regional: frozenset[str] = field(init=False)
    _shown: dict[tuple[str, int, date, str, str], Shown] = field(init=False, default_factory=dict)
    """What was asked for already: page, chart and each download show the same figures."""

    def __post_init__(self) -> None:
        about = self.kpi.description
        self._figures = {
            (category.measure, category.period, category.as_of, category.breakdown, category.category): category
            for category in self.kpi.figures
        }
        self._measures = {measure.id: measure for measure in about.measures}
        self._families = {family.id: family for family in about.families}
        self._regional = frozenset(
            part.id for part in about.breakdowns if any(category.code.startswith("E12") for category in part.categories)
        )

    def measure(self, measure_id: str) -> Measure:
        """Return a measure of the KPI; ``KeyError`` if there is none of that name."""
        if measure_id not in self._measures:
            raise KeyError(f"KPI {self.kpi.id} has no measure {measure_id}")
        return self._measures[measure_id]

    @property
    def headline(self) -> Measure:
        """The measure that the first page shows."""
        return self.measure(self.kpi.description.headline)

    def family(self, measure: Measure) -> Family:
        """Return the family of points that ``measure`` stands at."""
        return self._families[measure.family]

    def current(self, measure: Measure) -> Point | None:
        """Return the newest point of ``measure``, or ``None`` if it has none."""
        return self._only(point for point in self._points(measure) if point.is_current)

    def comparison(self, measure: Measure) -> Point | None:
        """Return the point of the previous period that the newest is compared with."""
        return self._only(point for point in self._points(measure) if point.is_comparison)

    def series(self, measure: Measure) -> list[Point]:
        """Return the points that make the series of ``measure``, the compared one included, oldest first."""
        points = [point for point in self._points(measure) if point.is_series or point.is_comparison]
        return sorted(points, key=lambda point: (point.period, point.as_of))

    def at(self, measure: Measure, point: Point | None, cell: tuple[str, str] = NATIONAL) -> Shown:
        """Return the cells of ``measure`` at ``point``, nationally or in (breakdown, category)."""
        if point is None:
            return shown(measure, None)
        key = (measure.id, point.period, point.as_of, *cell)
        if key not in self._shown:
            self._shown[key] = shown(measure, self._figures.get(key))
        return self._shown[key]

    def has(self, measure: Measure, point: Point, breakdown: str) -> bool:
        """Return whether anything is given of ``measure`` at ``point`` for ``breakdown``."""
        return any(key[:4] == (measure.id, point.period, point.as_of, breakdown) for key in self._figures)

    def regional(self, breakdown: str) -> bool:
        """Return whether a breakdown is one by region: its categories carry the official codes of regions."""
        return breakdown in self._regional

    def side(self, revision: Revision, side: Side) -> Shown:
        """Return one side of a revision as the cells that every format shows."""
        place = {name: getattr(revision, name) for name in ("measure", "period", "as_of", "breakdown", "category")}
        return shown(self.measure(revision.measure), Figure(**place, **side.model_dump()))

    def provisional(self, measure: Measure, point: Point) -> bool:
        """Return whether figures of ``point`` may still change because its period is unfinished."""
        return not is_closed(self.family(measure), point, self.kpi.as_of or point.as_of)

    def final_on(self, measure: Measure, point: Point) -> date:
        """Return the day whose figures of the period of ``point`` are final."""
        return closes_on(self.family(measure), point)

    def mark(self, measure: Measure, point: Point | None) -> str:
        """Return the mark after a heading of figures at ``point``: `` [p]`` while they are provisional, or nothing."""
        return " [p]" if point is not None and self.provisional(measure, point) else ""

    def status(self, measure: Measure, point: Point, figure: Figure) -> Finality:
        """Return the status of one figure; a release from before figures had one tells only whether it is final."""
        return figure.finality or ("provisional" if self.provisional(measure, point) else "final")

    def _points(self, measure: Measure) -> list[Point]:
        return [point for point in self.kpi.points if point.family == measure.family]

    @staticmethod
    def _only(points: Iterable[Point]) -> Point | None:
        return max(points, key=lambda point: (point.period, point.as_of), default=None)


def of_release(document: Protected) -> list[KpiFigures]:
    """Return the figures of each KPI of a release, in the order of its pages."""
    return [KpiFigures(kpi) for kpi in sorted(document.kpis, key=lambda kpi: (kpi.description.order, kpi.id))]


def revisions(figures: KpiFigures, document: Protected) -> tuple[Revision, ...]:
    """Return the revisions of one KPI, in the order of the document."""
    return tuple(revision for revision in document.revisions if revision.kpi == figures.kpi.id)


def target_met(headline: Shown, target: float, direction: str) -> bool | None:
    """Return whether a rate reaches ``target`` per cent, by its published counts; ``None`` where they are withheld."""
    numerator, denominator = headline.numerator.number, headline.denominator.number
    if numerator is None or not denominator:
        return None
    wanted = Decimal(str(target)) * denominator
    return 100 * numerator >= wanted if direction == "higher" else 100 * numerator <= wanted
