"""Periods: when each recruitment cycle and academic year opens and closes.

The calendar is data (``definitions/calendar.csv``; numbers#periods). A period is
named by a year: of a recruitment cycle the year it recruits for, of an academic year
the year it starts in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from functions.compute_kpis.catalogue.definitions import Definitions, DefinitionsError
from placements_kpi.errors import PlacementsKpiError


class CalendarError(PlacementsKpiError):
    """The calendar has no period for a day. ``public`` is the same for the page."""

    def __init__(self, detail: str, lacks: str = "") -> None:
        super().__init__(detail)
        why = f": the calendar does not {lacks}" if lacks else ""
        self.public = f"There is no period to work the figures out for{why}."


@dataclass(frozen=True)
class Period:
    """One period, both days inclusive."""

    year: int
    opens: date
    closes: date
    label: str
    """ "2025 to 2026 cycle", "academic year 2025 to 2026"."""


@dataclass(frozen=True)
class Calendars:
    """The recruitment cycles that are known, and the month and day on which the academic years open."""

    cycles: tuple[Period, ...]
    academic_years: dict[str, tuple[int, int]]

    def current(self, kind: str, day: date) -> Period:
        """Return the latest period whose opening day is on or before ``day``.

        :class:`CalendarError` before the first cycle known, or over a year after the last known opening.
        """
        if kind == "recruitment_cycle":
            return self._current_cycle(day)
        month, first = self.academic_years[kind]
        year = day.year if (day.month, day.day) >= (month, first) else day.year - 1
        return self._academic_year(kind, year)

    def of_year(self, kind: str, year: int) -> Period | None:
        """Return the period named ``year``; ``None`` for a cycle that the calendar does not know."""
        if kind == "recruitment_cycle":
            return next((cycle for cycle in self.cycles if cycle.year == year), None)
        return self._academic_year(kind, year)

    def _current_cycle(self, day: date) -> Period:
        first, last = self.cycles[0], self.cycles[-1]
        if day < first.opens:
            raise CalendarError(
                f"{day} is before the first recruitment cycle in definitions/calendar.csv "
                f"({first.year}, opened {first.opens}); ask for a later day",
                f"go back to before the {first.year} cycle",
            )
        if day > last.opens.replace(year=last.opens.year + 1):
            raise CalendarError(
                f"the calendar needs cycle {last.year + 1}: {day} is more than a year after the last opening it knows "
                f"({last.opens}); add the cycle to definitions/calendar.csv",
                f"yet have the {last.year + 1} cycle",
            )
        return max((cycle for cycle in self.cycles if cycle.opens <= day), key=lambda cycle: cycle.opens)

    def _academic_year(self, kind: str, year: int) -> Period:
        month, first = self.academic_years[kind]
        try:
            opens, next_opens = date(year, month, first), date(year + 1, month, first)
        except ValueError:
            raise CalendarError(f"there is no academic year {year}; ask for a day of this century") from None
        return Period(year, opens, next_opens - timedelta(days=1), f"academic year {year} to {year + 1}")


def load_calendars(definitions: Definitions) -> Calendars:
    """Return the calendar in the definitions; :class:`DefinitionsError` if a cycle is missing or out of order."""
    closes = {entry.code: entry.value for entry in definitions.entries_of("recruitment_cycle_closes")}
    cycles = []
    for entry in definitions.entries_of("recruitment_cycle_opens"):
        try:
            year = int(entry.code)
            opened, closed = date.fromisoformat(entry.value), date.fromisoformat(closes[entry.code])
        except (ValueError, KeyError):
            raise DefinitionsError(f"calendar.csv: cycle {entry.code} needs an opening and a closing day") from None
        cycles.append(Period(year, opened, closed, f"{year - 1} to {year} cycle"))
    for cycle, following in zip(cycles, [*cycles[1:], None], strict=True):
        if cycle.opens >= cycle.closes or (
            following and (following.year != cycle.year + 1 or following.opens <= cycle.closes)
        ):
            raise DefinitionsError(f"calendar.csv: cycle {cycle.year} overlaps the next one, or that is missing")
    return Calendars(tuple(cycles), _openings(definitions))


def _openings(definitions: Definitions) -> dict[str, tuple[int, int]]:
    openings = {}
    for entry in definitions.entries_of("academic_year_opens"):
        month, _, day = entry.value.partition("-")
        openings[entry.code] = (int(month), int(day))
    if set(openings) != {"register_year", "placements_year"}:
        raise DefinitionsError("calendar.csv: academic_year_opens must have register_year and placements_year")
    return openings
