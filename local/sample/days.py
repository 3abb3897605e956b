"""Days of the sample: the as-of day, the month end, the years, and how a day becomes text.

Inside the sample a day is its proleptic ordinal (an ``int``): differences are subtractions and
text is a look-up, which matters for a million rows. "Day" means a London day, as everywhere.
"""

from __future__ import annotations

import random
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, cached_property
from zoneinfo import ZoneInfo

from local.sample.errors import SampleError
from placements_kpi import months

_FIRST = date(2018, 1, 1).toordinal()
_ISO = [date.fromordinal(_FIRST + n).isoformat() for n in range(365 * 14)]

EARLIEST_AS_OF = date(2025, 12, 1)
LATEST_AS_OF = date(2026, 8, 31)

CYCLES = (2024, 2025, 2026)
CYCLE_OPENS = {2024: date(2023, 10, 10), 2025: date(2024, 10, 8), 2026: date(2025, 10, 8)}
"""Apply opens (fact of the published timetable)."""
CYCLE_DEADLINE = {2024: date(2024, 9, 17), 2025: date(2025, 9, 16), 2026: date(2026, 9, 16)}
CYCLE_DEFAULT_REJECTION = {2024: date(2024, 9, 25), 2025: date(2025, 9, 24), 2026: date(2026, 9, 24)}

START_YEARS = (2023, 2024, 2025)
PLACEMENT_YEARS = (2023, 2024, 2025)
VACANCY_YEARS = (2024, 2025)

_TIMES = [f"T{8 + n // 410:02d}:{(n * 7) % 60:02d}:{(n * 13) % 60:02d}Z" for n in range(4096)]
"""Times of day from 08:00 to 17:59 UTC: in London the same day whatever the season."""

_LONDON = ZoneInfo("Europe/London")


@cache
def day(year: int, month: int, dom: int) -> int:
    """Return the ordinal of a date."""
    return date(year, month, dom).toordinal()


def iso(ordinal: int) -> str:
    """Return a day as ``YYYY-MM-DD``."""
    return _ISO[ordinal - _FIRST]


def instant(ordinal: int, rng: random.Random) -> str:
    """Return an instant in office hours of a day, as text in UTC."""
    return _ISO[ordinal - _FIRST] + _TIMES[int(rng.random() * 4096)]


def day_json(ordinal: int) -> str:
    """Return a day as JSON, null for none."""
    return f'"{iso(ordinal)}"' if ordinal else "null"


def instant_json(ordinal: int, rng: random.Random) -> str:
    """Return an instant of a day as JSON, null for none."""
    return f'"{instant(ordinal, rng)}"' if ordinal else "null"


def london(text: str) -> int:
    """Return the London day of an ISO instant with ``Z`` or an offset."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(_LONDON).date().toordinal()


@cache
def add_months(ordinal: int, months: int) -> int:
    """Return the same day of the month some calendar months away, clamped at month ends."""
    start = date.fromordinal(ordinal)
    years, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(years, month + 1, min(start.day, monthrange(years, month + 1)[1])).toordinal()


def month_ends(first: int, last: int) -> list[int]:
    """Return each last day of a month from ``first`` to ``last``, both included."""
    return [end.toordinal() for end in months.ends(date.fromordinal(first), date.fromordinal(last))]


def census(year: int) -> int:
    """Return the census day of a Register year: the second Wednesday of October."""
    first = date(year, 10, 1)
    return first.toordinal() + (2 - first.weekday()) % 7 + 7


@dataclass(frozen=True)
class Days:
    """The days that the sample is built round. ``as_of`` is D and ``month_end`` P (numbers#the-day)."""

    as_of_date: date

    def __post_init__(self) -> None:
        if not EARLIEST_AS_OF <= self.as_of_date <= LATEST_AS_OF:
            raise SampleError(
                f"the sample's calendar runs from {EARLIEST_AS_OF} to {LATEST_AS_OF} and has no "
                f"{self.as_of_date}; choose an as-of day within it"
            )

    @cached_property
    def as_of(self) -> int:
        """D, as an ordinal."""
        return self.as_of_date.toordinal()

    @cached_property
    def month_end(self) -> int:
        """P, as an ordinal: the last day of the last complete month on or before D."""
        return months.last_end(self.as_of_date).toordinal()

    @cached_property
    def month_end_text(self) -> str:
        """The month that ends at P, as ``2026-06``."""
        return iso(self.month_end)[:7]

    @cached_property
    def instant(self) -> str:
        """When the drops were made: late in the evening of D."""
        return f"{self.as_of_date.isoformat()}T22:30:00Z"

    def cycle_points(self, cycle: int) -> list[int]:
        """Return the days that a cycle's series stands at: each month end from its opening to its close or P."""
        last = min(self.month_end, day(cycle, 9, 30))
        return month_ends(CYCLE_OPENS[cycle].toordinal(), last)

    def placement_points(self, year: int) -> list[int]:
        """Return the days that a placements year's series stands at: each month end, and D itself while it runs."""
        points = month_ends(day(year, 9, 1), min(self.as_of, day(year + 1, 8, 31)))
        if year == max(PLACEMENT_YEARS) and self.as_of not in points:
            points.append(self.as_of)
        return points

    def register_points(self, year: int) -> list[int]:
        """Return the days that a cohort's series stands at: each month end of the Register year, to P."""
        return month_ends(day(year, 8, 1), min(self.month_end, day(year + 1, 7, 31)))

    def same_point(self, year: int) -> int:
        """Return the day of a placements year as many days after its opening as D is after its own."""
        elapsed = self.as_of - day(max(PLACEMENT_YEARS), 9, 1)
        return min(day(year, 9, 1) + elapsed, day(year + 1, 8, 31))

    def year_earlier(self) -> int:
        """Return the month end one year before P."""
        return add_months(self.month_end + 1, -12) - 1
