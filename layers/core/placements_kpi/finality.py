"""Finality: from when a figure no longer changes by the rules themselves (numbers#every-figure).

One rule for the function that works figures out and for the one that shows them.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from placements_kpi import months

if TYPE_CHECKING:
    from placements_kpi.results import Family, Figure, Finality, KpiResult, Point

Cell = tuple[str, int, date, str, str]
"""Measure, period, day, breakdown and category: what makes two figures of a KPI the same cell."""


def marked(kpi: KpiResult, revised: frozenset[Cell]) -> KpiResult:
    """Return a KPI with each figure marked revised, final or provisional."""
    families = {family.id: family for family in kpi.description.families}
    measures = {measure.id: measure.family for measure in kpi.description.measures}
    closed = {
        (point.family, point.period, point.as_of)
        for point in kpi.points
        if kpi.as_of and is_closed(families[point.family], point, kpi.as_of)
    }

    def finality(figure: Figure) -> Finality:
        if (figure.measure, figure.period, figure.as_of, figure.breakdown, figure.category) in revised:
            return "revised"
        return "final" if (measures[figure.measure], figure.period, figure.as_of) in closed else "provisional"

    figures = tuple(figure.model_copy(update={"finality": finality(figure)}) for figure in kpi.figures)
    return kpi.model_copy(update={"figures": figures})


def is_closed(family: Family, point: Point, as_of: date) -> bool:
    """Return whether the period of ``point`` is over for good in figures worked out as of ``as_of``.

    Figures about people know the world up to the last month end, so it is that day which must be the day that
    closes the period or later.
    """
    known = months.last_end(as_of) if family.stands == "month_end" and family.series != "yearly" else as_of
    return known >= closes_on(family, point)


def closes_on(family: Family, point: Point) -> date:
    """Return the day that closes the period of ``point``: its last, or for an outcome of a year 1 March of the next."""
    return date(point.period_end.year + 1, 3, 1) if family.series == "yearly" else point.period_end
