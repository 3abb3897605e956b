"""Ends of months (numbers#the-day), against the calendar of the standard library."""

from __future__ import annotations

import calendar
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from placements_kpi import months

DAYS = st.dates(date(2019, 1, 1), date(2032, 12, 31))


def in_the_month_of(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


@given(DAYS)
def test_a_day_is_a_month_end_or_lies_between_the_last_and_the_next(day: date) -> None:
    assert months.is_end(day) == (day == in_the_month_of(day))
    assert months.last_end(day) == (day if months.is_end(day) else day.replace(day=1) - timedelta(days=1))
    assert months.next_end(day) == in_the_month_of(day + timedelta(days=1))


@given(DAYS, st.integers(-40, 900))
def test_every_month_end_between_two_days_is_found_and_both_days_count(first: date, length: int) -> None:
    between = [first + timedelta(days=number) for number in range(length + 1)]
    assert months.ends(first, first + timedelta(days=length)) == [day for day in between if months.is_end(day)]
