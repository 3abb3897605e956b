"""Finality: from when a figure no longer changes by the book's own rules (the KPI book, "Every figure carries").

One rule for the function that works figures out and for the one that marks them.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from placements_kpi.results import Family, Point


def is_closed(family: Family, point: Point, as_of: date) -> bool:
    """Return whether the period of ``point`` is over for good in figures worked out as of ``as_of``.

    A period is over at the end of its closing day; an outcome of a whole year is only after
    the February that follows the year. Figures about people know the world up to the last
    month end, so it is that day which must have come.
    """
    day = _month_end(as_of) if family.stands == "month_end" else as_of
    if family.series == "yearly":
        return day >= date(point.period_end.year + 1, 3, 1)
    return day >= point.period_end


def _month_end(day: date) -> date:
    return (day + timedelta(days=1)).replace(day=1) - timedelta(days=1)
