"""The months of the service's own indicators: which are expected, and what was reported (numbers#twelve-months)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import product

from tests.book.answers import FACTS, Answer, Answers, Cell
from tests.book.days import last_of_month
from tests.book.points import Point
from tests.book.world import Row, World

FIND, MANAGE = "find_placement_schools", "manage_school_placements"
FIRST = {FIND: (2023, 7), MANAGE: (2024, 5)}
LAST = {MANAGE: (2025, 10)}
CHANNELS = {
    FIND: ("digital", "assisted_digital", "phone", "email"),
    MANAGE: ("digital", "assisted_digital", "phone", "email", "paper"),
}
ONLINE = ("digital", "assisted_digital")
COSTS = dict.fromkeys((FIND, MANAGE), ("staff", "technology", "support", "other"))
"""The categories of cost, which exist as long as the service's channels do."""

FORMS = dict.fromkeys((FIND, MANAGE), ("form",))
"""Each service has one feedback form, as long as it has channels."""
LEVELS = ("very_satisfied", "satisfied", "neither", "dissatisfied", "very_dissatisfied")

TABLES: Mapping[str, Sequence[str]] = {
    "digital-take-up": ("service_transactions",),
    "completion-rate": ("service_transactions",),
    "cost-per-transaction": ("service_costs", "service_transactions"),
    "user-satisfaction": ("service_satisfaction",),
}
"""What each of these indicators is worked out from."""


def reached(kpi: str, world: World) -> date | None:
    """Return the last day that everything that a KPI is worked out from has months up to; ``None``: there is none."""
    ends = [max((row["ends"] for row in world.rows(table)), default=None) for table in TABLES.get(kpi, ())]
    return min((day for day in ends if day is not None), default=None)


def months(point: Point) -> list[tuple[int, int]]:
    """Return the twelve months that end at a point."""
    year, month = point.as_of.year, point.as_of.month
    return [(year - (month <= back), month - back + 12 * (month <= back)) for back in range(12)]


def expected(point: Point, parts: Mapping[str, Sequence[str]]) -> Iterator[tuple[date, str, str]]:
    """Yield the last day, service and part of everything that should have been reported of a point's months."""
    for service, month in product(parts, months(point)):
        if FIRST[service] <= month <= LAST.get(service, (9999, 12)):
            for part in parts[service]:
                yield last_of_month(*month), service, part


def found(world: World, table: str, part: str) -> dict[tuple[date, str, str], Row]:
    """Return the rows of a table by last day, service and ``part`` (the column that tells them apart)."""
    return {(row["ends"], row["service"], row[part]): row for row in world.rows(table)}


def goes_back(world: World, table: str, point: Point) -> bool:
    """Whether a table goes as far back as the first of a point's months."""
    first = min((row["ends"] for row in world.rows(table)), default=date.max)
    return bool(first <= last_of_month(*months(point)[-1]))


def facts(point: Point, there: bool) -> Answers:
    """Return whether the source has anything of a point."""
    return {Cell(FACTS, point.period, point.as_of): Answer(int(there))}
