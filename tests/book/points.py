"""The days that a KPI is worked out for, from numbers#the-day, numbers#periods, numbers#series."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from tests.book.days import last_of_month, month_end_by

YearType = Literal["recruitment_cycle", "register_year", "placements_year", "twelve_months"]
CYCLES = {
    2020: (date(2019, 10, 13), date(2020, 10, 3)),
    2021: (date(2020, 10, 13), date(2021, 10, 4)),
    2022: (date(2021, 10, 12), date(2022, 10, 3)),
    2023: (date(2022, 10, 11), date(2023, 10, 2)),
    2024: (date(2023, 10, 10), date(2024, 9, 30)),
    2025: (date(2024, 10, 8), date(2025, 9, 30)),
    2026: (date(2025, 10, 8), date(2026, 9, 30)),
    2027: (date(2026, 10, 8), date(2027, 9, 30)),
}
"""services#recruitment-cycles: when Apply opens, and when Find closes."""


@dataclass(frozen=True)
class Point:
    """One day, the period it belongs to, and what it is for."""

    family: str
    period: int
    opens: date
    closes: date
    as_of: date
    is_current: bool = True
    is_series: bool = True
    is_comparison: bool = False


@dataclass(frozen=True)
class Family:
    """A kind of points: ``people`` stand at the last month end on or before D, organisations at D."""

    id: str
    year: YearType
    people: bool
    outcome: bool = False
    """Yearly points of the year that has ended and the two before, instead of a monthly series."""
    first_period: int = 0


FAMILIES: dict[str, Sequence[Family]] = {
    "placement-rejections": (Family("cycle", "recruitment_cycle", people=True),),
    "trainee-withdrawals": (
        Family("outcome", "register_year", people=True, outcome=True),
        Family("cohort", "register_year", people=True),
    ),
    "school-participation": (Family("year", "placements_year", people=False),),
    "ect-vacancies": (Family("year", "placements_year", people=True),),
    "provider-take-up": (Family("year", "placements_year", people=False),),
    "school-take-up": (Family("year", "placements_year", people=False),),
    "digital-take-up": (Family("year", "twelve_months", people=False),),
    "completion-rate": (Family("year", "twelve_months", people=False),),
    "cost-per-transaction": (Family("year", "twelve_months", people=False),),
    "user-satisfaction": (Family("year", "twelve_months", people=True),),
}


def points_of(kpi: str, as_of: date, reaches: date | None = None) -> list[Point]:
    """Return every point of ``kpi`` for the as-of date: series and comparison, each day of a period once.

    ``reaches``: the last day that its sources have whole months up to, for twelve months (numbers#twelve-months).
    """
    if kpi not in FAMILIES:
        raise LookupError(f"tests/book/points.py, FAMILIES: add the points of {kpi!r}, as the book says")
    found: list[Point] = []
    for family in FAMILIES[kpi]:
        if family.year == "twelve_months":
            stands = month_end_by(as_of)
            found += _rolling_points(family, stands if reaches is None else min(stands, reaches))
            continue
        found += _outcome_points(family, as_of) if family.outcome else _monthly_points(family, as_of)
    return found


def _rolling_points(family: Family, stands: date) -> list[Point]:
    """The newest month end and the 35 before it, each with the twelve months up to it."""
    found = []
    for back in range(36):
        day = last_of_month(stands.year, stands.month - back)
        opens = last_of_month(day.year - 1, day.month) + timedelta(days=1)
        number = int(f"{day:%Y%m}")
        found.append(Point(family.id, number, opens, day, day, is_current=back == 0, is_comparison=back == 12))
    return found


def period(year_type: YearType, year: int) -> tuple[date, date] | None:
    """Return the first and last day of a period; ``None`` for a cycle that the calendar does not have."""
    if year_type == "recruitment_cycle":
        return CYCLES.get(year)
    month = 8 if year_type == "register_year" else 9
    return date(year, month, 1), date(year + 1, month, 1) - timedelta(days=1)


def _monthly_points(family: Family, as_of: date) -> list[Point]:
    stands = month_end_by(as_of) if family.people else as_of
    year = _current(family.year, stands)
    found = []
    for number in (year - 2, year - 1, year):
        span = period(family.year, number)
        if span is None or number < family.first_period:
            continue
        opens, closes = span
        last = stands if number == year else closes
        series = {last_of_month(opens.year, opens.month + more) for more in range(13)}
        series = {day for day in series if opens <= day <= last} | ({stands} if number == year else set())
        compared = _compared_with(family, stands, year) if number == year - 1 else None
        for day in sorted(series | ({compared} if compared else set())):
            found.append(
                Point(
                    family.id,
                    number,
                    opens,
                    closes,
                    day,
                    is_current=number == year and day == stands,
                    is_series=day in series,
                    is_comparison=day == compared,
                )
            )
    return found


def _compared_with(family: Family, stands: date, year: int) -> date | None:
    """The same number of days since opening, or the same month end one year earlier."""
    before, now = period(family.year, year - 1), period(family.year, year)
    if before is None or now is None:
        return None
    if family.people:
        same = last_of_month(stands.year - 1, stands.month)
        return same if same >= before[0] else None
    return min(before[0] + (stands - now[0]), before[1])


def _outcome_points(family: Family, as_of: date) -> list[Point]:
    """The latest academic year that ended on or before P, and the two before, at P less one and two years."""
    stands = month_end_by(as_of)
    latest = _current(family.year, stands)
    if period(family.year, latest)[1] > stands:  # type: ignore[index]  # academic years are all known
        latest -= 1
    found = []
    for back in (2, 1, 0):
        opens, closes = period(family.year, latest - back) or (stands, stands)
        day = last_of_month(stands.year - back, stands.month)
        found.append(Point(family.id, latest - back, opens, closes, day, is_current=back == 0, is_comparison=back == 1))
    return found


def _current(year_type: YearType, day: date) -> int:
    """The latest period whose opening day is on or before the day."""
    years = CYCLES if year_type == "recruitment_cycle" else range(day.year - 1, day.year + 1)
    return max(year for year in years if (period(year_type, year) or (date.max,))[0] <= day)
