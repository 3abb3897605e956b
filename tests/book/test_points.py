"""The days that figures stand at, worked out by compute and by the book's words."""

from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from functions.compute_kpis.catalogue import points
from functions.compute_kpis.catalogue.calendars import load_calendars
from functions.compute_kpis.catalogue.definitions import load_definitions
from functions.compute_kpis.catalogue.loading import load_kpi
from tests.book import compare
from tests.book.example import KPIS
from tests.book.points import Point, points_of

LISTS = load_definitions()
CALENDARS = load_calendars(LISTS)


@pytest.mark.parametrize("kpi", compare.KPIS)
def test_compute_and_the_book_name_the_same_days(kpi: str) -> None:
    description = load_kpi(KPIS / kpi, LISTS).description

    @settings(max_examples=60, deadline=None, database=None)
    @given(st.dates(date(2022, 11, 1), date(2027, 10, 8)))
    @example(date(2024, 2, 29))
    @example(date(2025, 2, 28))
    @example(date(2026, 8, 31))
    @example(date(2026, 9, 1))
    @example(date(2026, 10, 7))
    @example(date(2026, 10, 31))
    def agree(day: date) -> None:
        ours = {
            Point(
                one.family,
                one.period,
                one.period_start,
                one.period_end,
                one.as_of,
                one.is_current,
                one.is_series,
                one.is_comparison,
            )
            for one in points.points_of(description, day, CALENDARS)
        }
        assert ours == set(points_of(kpi, day))

    agree()
