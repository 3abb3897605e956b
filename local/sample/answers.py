"""Known answers: tallies kept while rows are made, and the document they become.

A figure is ``{"period", "as_of", "numerator", "denominator"}`` with, where worked out, ``by_<breakdown>``
(category: numerator and denominator), ``comparison`` (the figure of the period before) and ``series``.
``denominator`` is null for a count.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from local.sample.days import iso

TOTAL = "Total"

REGION_CODES = {
    "north_east": "E12000001",
    "north_west": "E12000002",
    "yorkshire_and_the_humber": "E12000003",
    "east_midlands": "E12000004",
    "west_midlands": "E12000005",
    "eastern": "E12000006",
    "london": "E12000007",
    "south_east": "E12000008",
    "south_west": "E12000009",
}
"""Publish and Apply region code: ONS code. Anything else is :data:`NOT_AVAILABLE`."""

GOR_CODES = dict(zip("ABDEFGHJK", REGION_CODES.values(), strict=True))
"""GIAS ``GOR (code)``: ONS code."""

NOT_AVAILABLE = "not_available"

Figure = dict[str, Any]


class Flow:
    """Counts of entities by the day from which each counts, for figures that only ever grow within a period."""

    def __init__(self) -> None:
        self._days: defaultdict[tuple[int, str], Counter[int]] = defaultdict(Counter)

    def add(self, period: int, day: int, category: str = TOTAL) -> None:
        """Count one more entity of ``period`` from ``day`` on."""
        self._days[period, category][day] += 1

    def at(self, period: int, day: int, category: str = TOTAL) -> int:
        """Return how many count at the end of ``day``."""
        return sum(count for first, count in self._days[period, category].items() if first <= day)

    def categories(self, period: int) -> list[str]:
        """Return the categories of ``period`` with at least one entity, the total aside."""
        return sorted({category for (at, category) in self._days if at == period and category != TOTAL})


def figure(period: int, as_of: int, numerator: int, denominator: int | None = None) -> Figure:
    """Return one figure."""
    return {"period": period, "as_of": iso(as_of), "numerator": numerator, "denominator": denominator}


def grouped(period: int, as_of: int, breakdown: str, parts: Mapping[str, Any]) -> Figure:
    """Return the parts of what has no figure of its own for the whole."""
    return {"period": period, "as_of": iso(as_of), f"by_{breakdown}": dict(parts)}


def flow_figure(numerator: Flow, denominator: Flow | None, period: int, day: int) -> Figure:
    """Return the figure of a pair of flows at a day."""
    return figure(period, day, numerator.at(period, day), None if denominator is None else denominator.at(period, day))


def parts(numerator: Flow, denominator: Flow | None, period: int, day: int) -> dict[str, dict[str, int | None]]:
    """Return the categories of a pair of flows at a day."""
    names = sorted({*numerator.categories(period), *(denominator.categories(period) if denominator else ())})
    return {
        name: {
            "numerator": numerator.at(period, day, name),
            "denominator": None if denominator is None else denominator.at(period, day, name),
        }
        for name in names
    }


def cut(numerator: Iterable[str], denominator: Iterable[str]) -> dict[str, dict[str, int]]:
    """Return numerator and denominator by category from one category for each entity."""
    over, under = Counter(numerator), Counter(denominator)
    return {name: {"numerator": over[name], "denominator": under[name]} for name in sorted({*over, *under})}


def counts(values: Mapping[str, int]) -> dict[str, dict[str, int | None]]:
    """Return counts by category in the form that rates have."""
    return {name: {"numerator": values[name], "denominator": None} for name in sorted(values)}
