"""Ends of months: figures about people stand at them, all others at any day (numbers#the-day)."""

from __future__ import annotations

from datetime import date, timedelta

_DAY = timedelta(days=1)


def is_end(day: date) -> bool:
    """Return whether ``day`` is the last of its month."""
    return (day + _DAY).day == 1


def last_end(day: date) -> date:
    """Return the last day of the last complete month on or before ``day`` (P)."""
    return (day + _DAY).replace(day=1) - _DAY


def next_end(day: date) -> date:
    """Return the first month end after ``day``."""
    return last_end((day + _DAY).replace(day=28) + 4 * _DAY)


def ends(first: date, last: date) -> list[date]:
    """Return every month end from ``first`` to ``last``, both inclusive."""
    month_ends = []
    end = next_end(first - _DAY)
    while end <= last:
        month_ends.append(end)
        end = next_end(end)
    return month_ends


def end_years_before(day: date, years: int) -> date:
    """Return the end of the same month ``years`` earlier (29 February, a month end, becomes 28 February)."""
    return next_end(day.replace(day=1, year=day.year - years) - _DAY)
