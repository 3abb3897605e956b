"""Comparison with the same point of the previous period: which measures have none, and why.

The rule: numbers#comparisons.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from functions.compute_kpis.catalogue.loading import Kpi
    from placements_kpi.results import Figure, Measure, Point

_WHY_NOT: dict[str, str] = {
    "not_collected": "this was not collected in the {label}",
    "not_available": "this is not available for the {label}",
    "insufficient_coverage": "too little is known about the {label}",
}


def not_comparable(
    kpi: Kpi, points: tuple[Point, ...], kept: tuple[Point, ...], figures: tuple[Figure, ...], refused: set[str]
) -> dict[str, str]:
    """Return why each measure that cannot be compared with the previous period cannot."""
    reasons: dict[str, str] = {}
    for measure in kpi.description.measures:
        reason = _why_not(kpi, measure, points, kept, figures, refused)
        if reason:
            reasons[measure.id] = reason
    return reasons


def _why_not(
    kpi: Kpi,
    measure: Measure,
    points: tuple[Point, ...],
    kept: tuple[Point, ...],
    figures: tuple[Figure, ...],
    refused: set[str],
) -> str | None:
    if measure.newest_only:
        return "this is known for the newest point only"
    if measure.id in refused:
        return kpi.comparison_refused[measure.id]
    point = next((point for point in points if point.is_comparison and point.family == measure.family), None)
    if point is None:
        return "there is no earlier period to compare with"
    if point not in kept:
        return f"the sources have nothing of the {point.period_label}"
    counted = (measure.score_of or measure.id).partition("@")[0]
    at_point = [
        figure
        for figure in figures
        if figure.measure == counted and (figure.period, figure.as_of) == (point.period, point.as_of)
    ]
    overall = national(at_point, counted, point)
    if not at_point:
        return f"there is no figure for the {point.period_label}"
    if overall and overall.status != "ok":
        return _WHY_NOT[overall.status].format(label=point.period_label)
    if overall and overall.value is None:
        what = "nothing to take a percentage of" if measure.kind == "rate" else "too little to share the cost"
        return f"there was {what} in the {point.period_label}"
    return None


def national(figures: Iterable[Figure], measure: str, point: Point) -> Figure | None:
    """Return the national figure of ``measure`` at ``point``, if there is one."""
    return next(
        (
            figure
            for figure in figures
            if figure.measure == measure
            and figure.breakdown == "national"
            and (figure.period, figure.as_of) == (point.period, point.as_of)
        ),
        None,
    )
