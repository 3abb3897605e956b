"""What stops and what is not available: numbers#needed-sources, numbers#rates, numbers#periods, numbers#snapshots."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from tests.book.answers import FACTS, REFUSED, Answers, Cell
from tests.book.days import month_end_by
from tests.book.drops import Drops
from tests.book.kpis import second_opinion
from tests.book.points import CYCLES, FAMILIES, Point, points_of
from tests.book.reading import read
from tests.book.service import reached

SOURCES: Mapping[str, tuple[str, ...]] = {
    "placement-rejections": ("apply",),
    "trainee-withdrawals": ("register",),
    "school-participation": ("placements", "schools"),
    "ect-vacancies": ("vacancies", "register"),
    "provider-take-up": ("placements", "providers"),
    "school-take-up": ("placements", "schools"),
    "digital-take-up": ("service",),
    "completion-rate": ("service",),
    "cost-per-transaction": ("service",),
    "user-satisfaction": ("service",),
}
"""What each headline needs; first what is counted, which says whether there is a fact of a period yet."""

BEYOND: Mapping[str, Mapping[tuple[str, str], str]] = {
    "trainee-withdrawals": {("outcome_rate", "region"): "providers"},
    "school-participation": {
        ("register_placement_schools", "national"): "register",
        ("register_overlap", "national"): "register",
        ("records_not_counted", "reason"): "register",
    },
    "ect-vacancies": {
        ("applying_to_placement_school", "national"): "schools",
        ("applying_in_placement_region", "national"): "schools",
        **{(measure, "region"): "schools" for measure in ("headline", "lower_bound", "upper_bound", "all_filled")},
        **{(measure, "phase"): "schools" for measure in ("headline", "lower_bound", "upper_bound", "all_filled")},
        ("trainees_applying", "region_applied_to"): "schools",
        ("trainees_applying", "phase_applied_to"): "schools",
    },
}
"""What more a measure needs, in England as a whole or in a breakdown."""

MONEY = {("cost-per-transaction", "headline"), ("cost-per-transaction", "total_cost")}
"""Measures in pence: what they are divided by does not bound them (numbers#money)."""

LONGEST = 7
"""Days that the data of a source may be old, here of every one."""


def sources_of(kpi: str) -> list[str]:
    """Return every source of a KPI."""
    return sorted({*SOURCES[kpi], *BEYOND.get(kpi, {}).values()})


def lacking(kpi: str, drops: Drops) -> set[str]:
    """Return the sources that left nothing, or nothing that is young enough."""
    days = {source: drops.left_on.get(source, drops.as_of) for source in sources_of(kpi)}
    return {source for source, day in days.items() if day is None or (drops.as_of - day).days > LONGEST}


def beyond_the_calendar(kpi: str, as_of: date) -> bool:
    """Whether the day is more than a year after the last opening that is known: of cycles, for years have no end."""
    opened = CYCLES[max(CYCLES)][0]
    of_cycles = any(family.year == "recruitment_cycle" for family in FAMILIES[kpi])
    return of_cycles and month_end_by(as_of) > opened.replace(year=opened.year + 1)


@dataclass(frozen=True)
class Outcome:
    """What is shown of a KPI: the points, every cell that the book's side works out, and what is not available."""

    points: frozenset[Point]
    cells: Answers
    missing: frozenset[tuple[str, str]]
    """Measures and breakdowns that need a source that left nothing."""
    unknown: frozenset[tuple[str, int]]
    """Families and their current periods of which nothing can be said yet."""

    def hides(self, cell: Cell, family: str) -> bool:
        """Whether a cell of a measure of ``family`` is not available."""
        return (cell.measure, cell.breakdown) in self.missing or (family, cell.period) in self.unknown


def outcome(kpi: str, drops: Drops) -> Outcome | None:
    """Return what is shown of the KPI; ``None`` where it stops."""
    lacks = lacking(kpi, drops)
    if beyond_the_calendar(kpi, drops.as_of) or lacks & {*SOURCES[kpi]}:
        return None
    world = read(drops.without(lacks))
    points = points_of(kpi, drops.as_of, reached(kpi, world))
    answers = second_opinion(kpi)(world, points)
    rates = [one for cell, one in answers.items() if one.denominator is not None and (kpi, cell.measure) not in MONEY]
    if any((one.numerator or 0) > (one.denominator or 0) for one in rates):
        return None  # numbers#rates
    facts = {(cell.category, cell.period) for cell, one in answers.items() if cell.measure == FACTS and one.numerator}
    known = {(one.family, one.period) for one in points if facts & {(one.family, one.period), ("Total", one.period)}}
    current = {(one.family, one.period): one.opens for one in points if one.is_current}
    counted_on = drops.left_on.get(SOURCES[kpi][0], drops.as_of) or date.min
    return Outcome(
        frozenset(one for one in points if (one.family, one.period) in {*known, *current}),
        {cell: answer for cell, answer in answers.items() if cell.measure not in (FACTS, REFUSED)},
        frozenset(what for what, source in BEYOND.get(kpi, {}).items() if source in lacks),
        # Of a current period without a fact, data of before it opened can say nothing.
        frozenset(place for place, opens in current.items() if place not in known and counted_on < opens),
    )
