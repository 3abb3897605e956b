"""Figures: the rows of a KPI's query as checked, complete cells, and what can be compared.

The rules: numbers#rules-for-every-kpi, numbers#rates, numbers#levels; what a query returns: ``docs/kpi-catalogue.md``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, get_args

from functions.compute_kpis.answers.comparison import national, not_comparable
from functions.compute_kpis.catalogue.loading import INTERNAL_MEASURES
from functions.compute_kpis.protection.quantities import parse, true_counts
from functions.compute_kpis.protection.structure import contradicted, structure_of
from placements_kpi.errors import PlacementsKpiError
from placements_kpi.results import LEAST_EACH, Breakdown, Description, Figure, Measure, Point, Status, pounds

if TYPE_CHECKING:
    from functions.compute_kpis.answers.queries import ResultRow
    from functions.compute_kpis.catalogue.loading import Kpi
    from functions.compute_kpis.protection.quantities import Quantity

_STATUSES = frozenset(get_args(Status))


class FigureError(PlacementsKpiError):
    """What a query returned cannot be right; the KPI stops, the others go on.

    ``public`` is the same in one sentence for the page.
    """

    def __init__(self, detail: str, public: str = "The newest figures did not pass our checks.") -> None:
        super().__init__(detail)
        self.public = public


@dataclass(frozen=True)
class Worked:
    """The outcome of one KPI: the points that are shown, every cell, and why a measure has no comparison."""

    points: tuple[Point, ...]
    figures: tuple[Figure, ...]
    comparison: dict[str, str]
    unknown: tuple[Point, ...]
    """The newest points of periods of which the snapshot can say nothing yet."""


_Cells = dict[tuple[str, int, date], dict[tuple[str, str], "ResultRow"]]


def figures_of(
    kpi: Kpi, points: tuple[Point, ...], rows: Iterable[ResultRow], dated: date, missing: Collection[str] = ()
) -> Worked:
    """Return the figures of ``kpi``; :class:`FigureError` if its query returned what cannot be.

    ``dated`` is the day of the snapshot that the headline's numerator is counted in. The current period is always
    shown: where it has no fact, by a snapshot of before it opened nothing of it is available.
    What needs a source that is ``missing`` is not available, whatever the query made of its empty tables.
    Order: measures, points, national before breakdowns, categories, each as declared.
    """
    rows = tuple(rows)
    description = kpi.description
    known = {place for place, count in _facts(description, rows).items() if count > 0}
    current = {(point.family, point.period): point for point in points if point.is_current}
    kept = tuple(point for point in points if (point.family, point.period) in {*known, *current})
    unknown = {place: point for place, point in current.items() if place not in known and dated < point.period_start}
    cells = _cells(description, points, rows)
    figures = tuple(
        _not_available(figure)
        if (measure.family, figure.period) in unknown or description.needs(measure.id, figure.breakdown) & set(missing)
        else figure
        for measure in description.measures
        for point in _points_of(measure, kept)
        for figure in _figures_at(description, measure, point, cells.get((measure.id, point.period, point.as_of), {}))
    )
    _check_headline(description, kept, figures)
    _check_links(description, figures)
    refused = {row.category for row in rows if row.measure == "comparison_refused" and (row.numerator or 0) > 0}
    strange = refused - set(kpi.comparison_refused)
    if strange:
        raise FigureError(f"{kpi.id}: comparison refused without a text in kpi.toml: {', '.join(sorted(strange))}")
    return Worked(kept, figures, not_comparable(kpi, points, kept, figures, refused), tuple(unknown.values()))


def _facts(kpi: Description, rows: tuple[ResultRow, ...]) -> dict[tuple[str, int], int]:
    """Return the number of facts the source has, by family and period."""
    families = {family.id for family in kpi.families}
    facts: dict[tuple[str, int], int] = {}
    for row in rows:
        if row.measure == "facts_in_source":
            if row.category != "Total" and row.category not in families:
                raise FigureError(f"{kpi.id}: facts_in_source has category {row.category!r}, which is no family")
            for family in families if row.category == "Total" else {row.category}:
                key = (family, row.period)
                facts[key] = max(facts.get(key, 0), row.numerator or 0)
    if not facts:
        raise FigureError(f"{kpi.id}: the query must return facts_in_source for every period")
    return facts


def _cells(kpi: Description, points: tuple[Point, ...], rows: tuple[ResultRow, ...]) -> _Cells:
    """Return the declared rows by measure, period, day and cell, each checked."""
    measures = {measure.id: measure for measure in kpi.measures}
    days = {(point.family, point.period, point.as_of) for point in points}
    categories = {
        (name, breakdown.id): {category.code for category in breakdown.categories}
        for breakdown in kpi.breakdowns
        for name in breakdown.measures
    }
    cells: _Cells = {}
    for row in rows:
        if row.measure in INTERNAL_MEASURES:
            continue
        where = f"{kpi.id}: {row.measure}, {row.period}, {row.as_of}, {row.breakdown} {row.category}"
        measure = measures.get(row.measure)
        if measure is None:
            raise FigureError(f"{where}: kpi.toml does not declare this measure")
        if (measure.family, row.period, row.as_of) not in days:
            raise FigureError(f"{where}: this day is not a point of family {measure.family!r}")
        allowed = {"Total"} if row.breakdown == "national" else categories.get((row.measure, row.breakdown))
        if allowed is None or row.category not in allowed:
            raise FigureError(f"{where}: kpi.toml does not declare this breakdown and category for the measure")
        _check_numbers(where, measure, row)
        cell = cells.setdefault((row.measure, row.period, row.as_of), {})
        if (row.breakdown, row.category) in cell:
            raise FigureError(f"{where}: the query returned this cell twice")
        cell[row.breakdown, row.category] = row
    return cells


def _check_numbers(where: str, measure: Measure, row: ResultRow) -> None:
    """Refuse numbers that cannot be; the message has no number, which could be about few people."""
    if row.status not in _STATUSES:
        raise FigureError(f"{where}: status {row.status!r} is unknown")
    if row.status != "ok":
        return
    if row.numerator is None or row.numerator < 0 or (row.denominator is not None and row.denominator < 0):
        raise FigureError(f"{where}: the numerator is missing, or a number is below zero")
    if not measure.is_divided and row.denominator is not None:
        raise FigureError(f"{where}: a {measure.kind} has no denominator")
    if measure.is_divided and row.denominator is None and row.breakdown == "national":
        raise FigureError(f"{where}: what is divided needs a denominator")
    if measure.kind == "rate" and row.denominator is not None and row.numerator > row.denominator:
        raise FigureError(f"{where}: the numerator is above the denominator; the source or the query is wrong")


def _points_of(measure: Measure, kept: tuple[Point, ...]) -> list[Point]:
    return [point for point in kept if point.family == measure.family and (point.is_current or not measure.newest_only)]


def _figures_at(
    kpi: Description, measure: Measure, point: Point, cell: dict[tuple[str, str], ResultRow]
) -> list[Figure]:
    breakdowns = [breakdown for breakdown in kpi.breakdowns if measure.id in breakdown.measures]
    if measure.first_period is not None and point.period < measure.first_period:
        return _all_alike(measure, point, breakdowns, national=measure.role != "breakdown", status="not_collected")
    national = cell.get(("national", "Total"))
    figures = [_figure(measure, point, "national", "Total", national)] if national else []
    if national and national.status != "ok":
        given = {key: row for key, row in cell.items() if row.status != "ok"}
        return figures + [
            _figure(measure, point, breakdown.id, category.code, given.get((breakdown.id, category.code)), national)
            for breakdown in breakdowns
            for category in breakdown.categories
        ]
    if not cell and not point.is_current:
        return []
    for breakdown in breakdowns:
        parts = [
            _figure(measure, point, breakdown.id, category.code, cell.get((breakdown.id, category.code)))
            for category in breakdown.categories
        ]
        if breakdown.adds_up(measure.id) and figures:
            _check_partition(f"{kpi.id}: {measure.id}, {point.period}, {point.as_of}", breakdown, figures[0], parts)
        figures += parts
    return figures


def _all_alike(
    measure: Measure, point: Point, breakdowns: list[Breakdown], *, national: bool, status: Status
) -> list[Figure]:
    places = [("national", "Total")] if national else []
    places += [(breakdown.id, category.code) for breakdown in breakdowns for category in breakdown.categories]
    return [_cell(measure, point, breakdown, category, status) for breakdown, category in places]


def _figure(
    measure: Measure,
    point: Point,
    breakdown: str,
    category: str,
    row: ResultRow | None,
    national: ResultRow | None = None,
) -> Figure:
    """Return one cell; a missing one is nothing at all (0), or has the status of the national figure."""
    status = row.status if row else national.status if national else "ok"
    if status != "ok":
        return _cell(measure, point, breakdown, category, status)  # type: ignore[arg-type]  # checked on reading
    numerator = row.numerator if row and row.numerator is not None else 0
    denominator = row.denominator if row else (0 if measure.is_divided else None)
    value: float | None
    if not measure.is_divided:
        value = pounds(numerator) if measure.kind == "money" else float(numerator)
    elif measure.kind == "money":
        value = pounds(numerator, denominator) if denominator and denominator >= LEAST_EACH else None
    else:
        value = 100 * numerator / denominator if denominator else None
    return _cell(measure, point, breakdown, category, "ok", numerator, denominator, value)


def _not_available(figure: Figure) -> Figure:
    if figure.status == "not_collected":
        return figure
    return figure.model_copy(update={"numerator": None, "denominator": None, "value": None, "status": "not_available"})


def _cell(
    measure: Measure,
    point: Point,
    breakdown: str,
    category: str,
    status: Status,
    numerator: int | None = None,
    denominator: int | None = None,
    value: float | None = None,
) -> Figure:
    return Figure(
        measure=measure.id,
        period=point.period,
        as_of=point.as_of,
        breakdown=breakdown,
        category=category,
        numerator=numerator,
        denominator=denominator,
        value=value,
        status=status,
    )


def _check_partition(where: str, breakdown: Breakdown, total: Figure, parts: list[Figure]) -> None:
    if all(part.status == "ok" for part in parts) and not is_sum(total, parts):
        raise FigureError(f"{where}: the parts of {breakdown.id} do not add up to the national figure")


def is_sum(total: Figure, parts: Iterable[Figure]) -> bool:
    """Return whether numerators and denominators, if there are any, add up to those of the total."""
    counts = [(part.numerator or 0, part.denominator or 0) for part in parts]
    numerator, denominator = sum(count[0] for count in counts), sum(count[1] for count in counts)
    return numerator == total.numerator and total.denominator in (None, denominator)


def _check_headline(kpi: Description, kept: tuple[Point, ...], figures: tuple[Figure, ...]) -> None:
    family = next(measure.family for measure in kpi.measures if measure.id == kpi.headline)
    (current,) = [point for point in kept if point.is_current and point.family == family]
    if national(figures, kpi.headline, current) is None:
        raise FigureError(f"{kpi.id}: the query returned no national {kpi.headline} at {current.as_of}")


def contradictions(kpi: Description, figures: Iterable[Figure]) -> list[Quantity]:
    """Return the counts that contradict what is declared of them, which a reader relies on (publishing#links)."""
    true = true_counts(kpi, figures)
    return [parse(name) for name in contradicted(structure_of(kpi, true), true)]


def _check_links(kpi: Description, figures: tuple[Figure, ...]) -> None:
    wrong = contradictions(kpi, figures)
    if wrong:
        raise FigureError(
            f"{wrong[0].name}: what kpi.toml declares of this count and others does not hold ({len(wrong)} such); "
            "the source or the query is wrong"
        )
