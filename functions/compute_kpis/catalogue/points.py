"""Points in time: the days that each family of a KPI's measures is worked out for.

The rules: numbers#the-day, numbers#periods, numbers#comparisons, numbers#series. Families about people
stand at the last month end on or before D, those of twelve months at the newest that their sources have whole
months up to (numbers#twelve-months), the others at D itself.
"""

from __future__ import annotations

from datetime import date, timedelta

from functions.compute_kpis.catalogue.calendars import CalendarError, Calendars, Period
from placements_kpi import months
from placements_kpi.results import Description, Family, Point

PREVIOUS_PERIODS = 2
"""How many periods before the current one a series shows."""

ROLLING_POINTS = 36
"""How many month ends a series of twelve months each has at most."""


def points_of(kpi: Description, as_of: date, calendars: Calendars, reaches: date | None = None) -> tuple[Point, ...]:
    """Return the points of ``kpi`` for the as-of date, in order; :class:`CalendarError` if it has none.

    ``reaches`` is the last day that its sources have whole months up to.
    """
    points: list[Point] = []
    for family in kpi.families:
        if family.is_rolling:
            points += _rolling(family, min(months.last_end(as_of), reaches or as_of))
            continue
        day = months.last_end(as_of) if family.stands == "month_end" else as_of
        points += _yearly(family, day, calendars) if family.series == "yearly" else _monthly(family, day, calendars)
    if not points:
        raise CalendarError(f"{kpi.id} has nothing to show on {as_of} by its own definition; ask for a later day")
    return tuple(points)


def _rolling(family: Family, newest: date) -> list[Point]:
    """Return a point for each of the last month ends, each with the twelve months to it as its period."""
    ends = [newest]
    while len(ends) < ROLLING_POINTS:
        ends.append(months.last_end(ends[-1].replace(day=1) - timedelta(days=1)))
    return [
        Point(
            family=family.id,
            period=end.year * 100 + end.month,
            period_label=f"twelve months to {end.day} {end:%B %Y}",
            period_start=months.end_years_before(end, 1) + timedelta(days=1),
            period_end=end,
            as_of=end,
            is_current=end == newest,
            is_series=True,
            is_comparison=end == months.end_years_before(newest, 1),
        )
        for end in reversed(ends)
    ]


def _monthly(family: Family, day: date, calendars: Calendars) -> list[Point]:
    current = calendars.current(family.period, day)
    compared_on = _same_point(family, day, current, calendars)
    points = []
    for period in _periods(family, current, calendars):
        is_now = period.year == current.year
        last = day if is_now else period.closes
        series = set(months.ends(period.opens, last)) | ({day} if is_now else set())
        extra = {compared_on} if compared_on and period.year == current.year - 1 else set()
        points += [
            _point(
                family,
                period,
                stands,
                is_current=is_now and stands == day,
                is_series=stands in series,
                is_comparison=stands in extra,
            )
            for stands in sorted(series | extra)
        ]
    return points


def _same_point(family: Family, day: date, current: Period, calendars: Calendars) -> date | None:
    """Return the day of the previous period that ``day`` is compared with, if the calendar has that period."""
    previous = calendars.of_year(family.period, current.year - 1)
    if previous is None:
        return None
    if family.stands == "month_end":
        same = months.end_years_before(day, 1)
        return same if same >= previous.opens else None
    return min(previous.opens + timedelta(days=(day - current.opens).days), previous.closes)


def _yearly(family: Family, day: date, calendars: Calendars) -> list[Point]:
    latest = calendars.current(family.period, day)
    if latest.closes > day:
        ended = calendars.of_year(family.period, latest.year - 1)
        if ended is None:
            return []
        latest = ended
    return [
        _point(
            family,
            period,
            months.end_years_before(day, latest.year - period.year),
            is_current=period.year == latest.year,
            is_series=True,
            is_comparison=period.year == latest.year - 1,
        )
        for period in _periods(family, latest, calendars)
    ]


def _periods(family: Family, current: Period, calendars: Calendars) -> list[Period]:
    years = range(current.year - PREVIOUS_PERIODS, current.year + 1)
    periods = [calendars.of_year(family.period, year) for year in years]
    return [period for period in periods if period and period.year >= (family.first_period or period.year)]


def _point(
    family: Family, period: Period, as_of: date, *, is_current: bool, is_series: bool, is_comparison: bool
) -> Point:
    return Point(
        family=family.id,
        period=period.year,
        period_label=period.label,
        period_start=period.opens,
        period_end=period.closes,
        as_of=as_of,
        is_current=is_current,
        is_series=is_series,
        is_comparison=is_comparison,
    )
