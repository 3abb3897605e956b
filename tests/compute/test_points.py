"""Points in time: the days each family stands at (numbers#the-day, numbers#periods, numbers#comparisons)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.compute_kpis.catalogue.calendars import (
    CalendarError,
    Calendars,
    load_calendars,
)
from functions.compute_kpis.catalogue.definitions import load_definitions
from functions.compute_kpis.catalogue.loading import load_kpi
from functions.compute_kpis.catalogue.points import points_of
from placements_kpi import months
from placements_kpi.results import Family, Point
from tests.compute import stack

DEFINITIONS = load_definitions()
CALENDARS: Calendars = load_calendars(DEFINITIONS)
KPI = load_kpi(stack.KPIS / "provider-visits", DEFINITIONS).description


def points(as_of: date, **family: Any) -> list[Point]:
    """Return the points of a KPI with one family."""
    kpi = KPI.model_copy(update={"families": (Family(id="family", **family),)})
    return list(points_of(kpi, as_of, CALENDARS))


def cycle(as_of: date, **more: Any) -> list[Point]:
    """Return points as KPI 1 has them."""
    return points(as_of, period="recruitment_cycle", stands="month_end", **more)


def year(as_of: date, **more: Any) -> list[Point]:
    """Return points as KPIs 3, 5 and 6 have them."""
    return points(as_of, period="placements_year", stands="day", **more)


def days(found: list[Point], flag: str, period: int | None = None) -> list[str]:
    """Return the days of the points with a flag."""
    return [point.as_of.isoformat() for point in found if getattr(point, flag) and period in (None, point.period)]


@pytest.mark.parametrize(
    ("day", "month_end"),
    [
        ("2026-07-14", "2026-06-30"),
        ("2026-06-30", "2026-06-30"),
        ("2026-03-01", "2026-02-28"),
        ("2024-03-30", "2024-02-29"),
    ],
)
def test_person_figures_stand_at_the_last_day_of_the_last_complete_month(day: str, month_end: str) -> None:
    assert months.last_end(date.fromisoformat(day)).isoformat() == month_end


def test_same_month_end_a_year_earlier_is_a_month_end_in_leap_years_too() -> None:
    assert months.end_years_before(date(2025, 2, 28), 1) == date(2024, 2, 29)
    assert months.end_years_before(date(2024, 2, 29), 1) == date(2023, 2, 28)
    assert months.end_years_before(date(2026, 12, 31), 2) == date(2024, 12, 31)


def test_monthly_series_of_people_has_month_ends_only() -> None:
    found = cycle(date(2026, 7, 14))
    assert days(found, "is_current") == ["2026-06-30"]
    assert days(found, "is_comparison") == ["2025-06-30"]
    assert days(found, "is_series", 2026) == [
        "2025-10-31", "2025-11-30", "2025-12-31", "2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31",
        "2026-06-30",
    ]  # fmt: skip
    assert [len(days(found, "is_series", period)) for period in (2024, 2025)] == [12, 12]
    assert {point.period_label for point in found if point.period == 2026} == {"2025 to 2026 cycle"}


def test_series_of_organisations_ends_on_the_day_itself_and_compares_the_same_number_of_days_in() -> None:
    found = year(date(2026, 7, 14))
    assert days(found, "is_current") == ["2026-07-14"]
    assert days(found, "is_series", 2025)[-2:] == ["2026-06-30", "2026-07-14"]
    assert days(found, "is_comparison") == ["2025-07-14"]
    assert [point.is_series for point in found if point.is_comparison] == [False]
    assert days(found, "is_series", 2024)[0] == "2024-09-30"
    assert days(found, "is_series", 2024)[-1] == "2025-08-31"
    assert {point.period_label for point in found if point.is_current} == {"academic year 2025 to 2026"}


def test_comparison_counts_days_since_opening_and_is_clipped_to_the_closing_day() -> None:
    # 2023 to 2024 had a 29 February: day 365 of the next, non-leap year does not exist in it.
    assert days(year(date(2024, 8, 31)), "is_comparison") == ["2023-08-31"]
    assert days(year(date(2025, 3, 1)), "is_comparison") == ["2024-02-29"]
    assert days(year(date(2024, 9, 1)), "is_comparison") == ["2023-09-01"]


def test_in_the_first_week_of_october_the_cycle_just_closed_is_still_current() -> None:
    assert [point.period for point in cycle(date(2025, 10, 15)) if point.is_current] == [2025]
    assert days(cycle(date(2025, 10, 15)), "is_current") == ["2025-09-30"]
    kind: Any = "recruitment_cycle"
    assert CALENDARS.current(kind, date(2025, 10, 7)).year == 2025
    assert CALENDARS.current(kind, date(2025, 10, 8)).year == 2026


def test_academic_years_open_on_their_own_days() -> None:
    kinds: Any = ("register_year", "placements_year")
    assert [CALENDARS.current(kind, date(2025, 7, 31)).year for kind in kinds] == [2024, 2024]
    assert [CALENDARS.current(kind, date(2025, 8, 1)).year for kind in kinds] == [2025, 2024]
    assert [CALENDARS.current(kind, date(2025, 9, 1)).year for kind in kinds] == [2025, 2025]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-07-14", [(2022, "2024-06-30"), (2023, "2025-06-30"), (2024, "2026-06-30")]),
        ("2025-07-31", [(2022, "2023-07-31"), (2023, "2024-07-31"), (2024, "2025-07-31")]),
        ("2025-07-30", [(2021, "2023-06-30"), (2022, "2024-06-30"), (2023, "2025-06-30")]),
    ],
)
def test_yearly_points_are_the_latest_year_that_has_ended_and_the_two_before(
    day: str, expected: list[tuple[int, str]]
) -> None:
    found = points(date.fromisoformat(day), period="register_year", stands="month_end", series="yearly")
    assert [(point.period, point.as_of.isoformat()) for point in found] == expected
    assert [point.is_current for point in found] == [False, False, True]
    assert [point.is_comparison for point in found] == [False, True, False]


def test_periods_before_the_first_one_by_definition_are_left_out() -> None:
    assert {point.period for point in cycle(date(2026, 7, 14), first_period=2026)} == {2026}
    with pytest.raises(CalendarError, match="nothing to show"):
        cycle(date(2026, 7, 14), first_period=2027)


def test_cycles_before_the_calendar_are_left_out_of_the_series() -> None:
    found = cycle(date(2020, 12, 31))
    assert {point.period for point in found} == {2020, 2021}


def test_day_before_the_first_cycle_is_a_clear_error() -> None:
    with pytest.raises(
        CalendarError, match=r"2019-09-30 is before the first recruitment cycle .*2020, opened 2019-10-13"
    ):
        cycle(date(2019, 10, 13))


def test_day_over_a_year_after_the_last_known_opening_needs_the_next_cycle() -> None:
    assert [point.period for point in cycle(date(2027, 10, 8)) if point.is_current] == [2027]
    with pytest.raises(CalendarError, match="the calendar needs cycle 2028"):
        cycle(date(2027, 10, 31))


@given(st.dates(min_value=date(2021, 11, 1), max_value=date(2027, 10, 8)), st.booleans())
def test_points_hold_together_on_every_day(day: date, people: bool) -> None:
    found = cycle(day) if people else year(day)
    stands = months.last_end(day) if people else day
    assert [point.as_of for point in found if point.is_current] == [stands]
    assert sum(point.is_comparison for point in found) == 1
    assert len({(point.period, point.as_of) for point in found}) == len(found)
    assert found == sorted(found, key=lambda point: (point.period, point.as_of))
    for point in found:
        assert point.is_series or point.is_comparison
        assert point.period_start <= point.as_of <= point.period_end
        assert point.as_of <= stands


def rolling(as_of: date, reaches: date | None = None) -> list[Point]:
    """Return points as the indicators of the service itself have them."""
    family = Family(id="family", period="twelve_months", stands="whole_month")
    kpi = KPI.model_copy(update={"families": (family,)})
    return list(points_of(kpi, as_of, CALENDARS, reaches))


@pytest.mark.parametrize(
    ("as_of", "reaches", "stands"),
    [
        (date(2026, 7, 14), date(2026, 6, 30), date(2026, 6, 30)),
        (date(2026, 7, 14), date(2026, 4, 30), date(2026, 4, 30)),  # the source is late
        (date(2026, 7, 14), date(2026, 8, 31), date(2026, 6, 30)),  # an earlier day is asked for
        (date(2026, 6, 30), date(2026, 6, 30), date(2026, 6, 30)),
        (date(2026, 7, 14), None, date(2026, 6, 30)),  # there is no month at all
    ],
)
def test_twelve_months_stand_at_the_newest_month_end_that_the_sources_reach(
    as_of: date, reaches: date | None, stands: date
) -> None:
    found = rolling(as_of, reaches)
    assert days(found, "is_current") == [stands.isoformat()]
    assert days(found, "is_comparison") == [months.end_years_before(stands, 1).isoformat()]
    assert len(days(found, "is_series")) == len(found) == 36
    assert all(months.is_end(point.as_of) and point.period_end == point.as_of for point in found)


def test_each_of_them_is_a_period_of_its_own() -> None:
    leap = next(point for point in rolling(date(2025, 3, 1)) if point.as_of == date(2024, 2, 29))
    assert (leap.period, leap.period_label) == (202402, "twelve months to 29 February 2024")
    assert (leap.period_start, leap.period_end) == (date(2023, 3, 1), date(2024, 2, 29))
