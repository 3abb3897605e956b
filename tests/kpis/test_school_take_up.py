"""KPI 6, take-up by schools: numbers#6-school-take-up, in worlds small enough to count by hand."""

from datetime import date
from functools import partial
from typing import Any

import pytest

from tests.kpis.world import Figures, Row, ask, in_year, in_year_before, register_of_schools, worked

KPI = "school-take-up"
DAY = date(2026, 7, 14)
at, a_year_before = partial(in_year, KPI), partial(in_year_before, KPI)


def used_by(urn: str, *days: date, **columns: Any) -> Row:
    return {"school_urn": urn, "sign_in_dates": list(days), **columns}


def preference(urn: str, year: int, created: date | None, appetite: str = "interested") -> Row:
    return {"school_urn": urn, "academic_year": year, "created_on": created, "appetite": appetite}


def placement(urn: str, year: int, created: date | None) -> Row:
    return {"school_urn": urn, "academic_year": year, "created_on": created}


def headline(figures: Figures, day: date = DAY) -> tuple[int, int]:
    numerator, denominator = figures.rate("headline", as_of=day)
    return numerator, denominator


THREE = register_of_schools({"urn": "100001"}, {"urn": "100002"}, {"urn": "100003"})


def test_a_school_is_active_by_a_sign_in_of_the_year_up_to_the_day() -> None:
    figures = ask(
        KPI,
        [at()],
        **THREE,
        school_activity=[
            used_by("100001", date(2025, 9, 1), DAY),
            used_by("100002", date(2025, 8, 31)),
            used_by("100003", date(2026, 7, 15)),
        ],
    )
    assert headline(figures) == (1, 3)
    assert figures.rate("active_by_sign_in") == (1, 3)


def test_an_empty_list_of_sign_ins_decides_even_where_the_last_sign_in_says_otherwise() -> None:
    figures = ask(KPI, [at()], **THREE, school_activity=[used_by("100001", last_signed_in_on=date(2026, 5, 1))])
    assert headline(figures) == (0, 3)


def test_the_last_sign_in_stands_in_where_there_is_no_list() -> None:
    figures = ask(
        KPI,
        [at()],
        **THREE,
        school_activity=[
            {"school_urn": "100001", "last_signed_in_on": DAY},
            {"school_urn": "100002", "last_signed_in_on": date(2025, 8, 31)},
            {"school_urn": "100003"},
        ],
    )
    assert headline(figures) == (1, 3)


def test_a_last_sign_in_after_the_day_is_not_counted_but_shown() -> None:
    figures = ask(
        KPI, [at()], **THREE, school_activity=[{"school_urn": "100001", "last_signed_in_on": date(2026, 7, 15)}]
    )
    assert headline(figures) == (0, 3)
    assert figures.categories("records_not_counted", "reason") == {"sign_in_after_day": 1}


@pytest.mark.parametrize(
    ("year", "created", "active"),
    [
        (2025, date(2025, 10, 1), 1),
        (2026, DAY, 1),
        (2025, date(2025, 5, 1), 1),  # for this year, given in the last one
        (2026, date(2026, 7, 15), 0),
        (2024, date(2025, 10, 1), 0),
        (2027, date(2025, 10, 1), 0),
    ],
)
def test_a_hosting_preference_for_this_or_the_next_year_created_by_the_day_is_use(
    year: int, created: date, active: int
) -> None:
    figures = ask(
        KPI,
        [at()],
        **THREE,
        school_activity=[used_by("100001")],
        hosting_preferences=[preference("100001", year, created, appetite="not_open")],
    )
    assert headline(figures) == (active, 3)
    assert figures.rate("active_by_hosting_preference") == (active, 3)


@pytest.mark.parametrize(
    ("year", "created", "active"),
    [(2025, DAY, 1), (2025, date(2026, 7, 15), 0), (2026, DAY, 0), (2024, date(2025, 10, 1), 0)],
)
def test_a_placement_of_this_year_created_by_the_day_is_use(year: int, created: date, active: int) -> None:
    figures = ask(
        KPI,
        [at()],
        **THREE,
        school_activity=[used_by("100001")],
        school_placements=[placement("100001", year, created)],
    )
    assert headline(figures) == (active, 3)
    assert figures.rate("active_by_placement") == (active, 3)


def test_components_overlap_and_a_school_counts_once() -> None:
    figures = ask(
        KPI,
        [at()],
        **THREE,
        school_activity=[used_by("100001", DAY), used_by("100002")],
        hosting_preferences=[preference("100001", 2025, DAY), preference("100002", 2026, DAY)],
        school_placements=[placement("100001", 2025, DAY)],
    )
    assert headline(figures) == (2, 3)
    assert figures.rate("active_by_sign_in") == (1, 3)
    assert figures.rate("active_by_hosting_preference") == (2, 3)
    assert figures.rate("active_by_placement") == (1, 3)


def test_a_record_without_the_date_it_needs_is_not_counted_but_shown() -> None:
    figures = ask(
        KPI,
        [at()],
        **THREE,
        school_activity=[used_by("100001", onboarded=True)],
        hosting_preferences=[preference("100001", 2025, None)],
        school_placements=[placement("100001", 2025, None)],
    )
    assert headline(figures) == (0, 3)
    assert figures.categories("records_not_counted", "reason") == {
        "preference_without_date": 1,
        "placement_without_date": 1,
        "onboarded_without_date": 1,
    }


def test_a_school_removed_on_the_day_does_not_count_and_one_removed_later_does() -> None:
    figures = ask(
        KPI,
        [at()],
        **THREE,
        school_activity=[
            used_by("100001", date(2026, 1, 5), deleted_on=DAY),
            used_by("100002", date(2026, 1, 5), deleted_on=date(2026, 7, 15)),
        ],
    )
    assert headline(figures) == (1, 3)


def test_onboarded_only_is_access_given_by_the_day_and_no_use() -> None:
    figures = ask(
        KPI,
        [at()],
        **THREE,
        school_activity=[
            used_by("100001", onboarded=True, onboarded_on=DAY),
            used_by("100002", DAY, onboarded=True, onboarded_on=date(2025, 1, 1)),
            used_by("100003", onboarded=True, onboarded_on=date(2026, 7, 15)),
        ],
    )
    assert figures.rate("onboarded_only") == (1, 3)


def test_denominators_follow_their_rules() -> None:
    schools = register_of_schools(
        {"urn": "100001"},
        {"urn": "100002", "establishment_type_group": 3, "type_of_establishment": 11},
        {"urn": "100003", "establishment_type_group": 5, "type_of_establishment": 10},
        {"urn": "100004", "establishment_type_group": 1, "type_of_establishment": 18},
        {"urn": "100005", "gor": "W", "type_of_establishment": 30, "establishment_type_group": 6},
        {"urn": "100006", "gor": "Z", "type_of_establishment": 37, "establishment_type_group": 9},
        {"urn": "100007", "establishment_status": 4},
        {"urn": "100008", "gor": "Z", "establishment_type_group": 10, "type_of_establishment": 34},
    )
    used = [used_by(row["urn"], DAY) for row in schools["schools"]]
    figures = ask(KPI, [at()], **schools, school_activity=used)
    assert figures.rate("schools_d1") == (5, 5)
    assert headline(figures) == (4, 4)
    assert figures.rate("schools_d3") == (2, 2)
    assert figures.rate("headline", "region", "not_available") == (1, 1)
    assert figures.categories("active_not_in_denominator", "reason") == {
        "type_out_of_scope": 1,
        "not_in_england": 2,
        "not_open": 1,
    }
    worked(KPI, [at()], figures)


def test_a_school_is_open_on_its_closing_day_and_out_the_day_after() -> None:
    schools = register_of_schools(
        {"urn": "100001", "establishment_status": 2, "close_date": date(2026, 7, 13)},
        {"urn": "100002", "establishment_status": 2, "close_date": DAY},
    )
    used = [used_by("100001", date(2026, 1, 5)), used_by("100002", date(2026, 1, 5))]
    figures = ask(KPI, [at()], **schools, school_activity=used)
    assert headline(figures) == (1, 1)
    assert figures.categories("active_not_in_denominator", "reason") == {"not_open": 1}


CONVERTED = register_of_schools(
    {"urn": "100001", "establishment_status": 2, "close_date": date(2025, 12, 31)},
    {"urn": "140001", "open_date": date(2026, 1, 1), "establishment_type_group": 10, "type_of_establishment": 34},
    links=[("100001", "140001")],
)


@pytest.mark.parametrize(
    ("day", "type_group"),
    [(date(2025, 12, 31), "local_authority_maintained_schools"), (date(2026, 1, 1), "academies")],
)
def test_a_school_that_converted_counts_once_on_either_day(day: date, type_group: str) -> None:
    figures = ask(
        KPI,
        [at(day)],
        **CONVERTED,
        school_activity=[used_by("100001", date(2025, 10, 1)), used_by("140001", date(2026, 1, 1))],
        hosting_preferences=[preference("140001", 2025, date(2025, 12, 1))],
    )
    assert headline(figures, day) == (1, 1)
    assert figures.categories("headline", "type_group") == {type_group: 1}


def test_the_old_urn_is_the_open_one_on_31_august_and_the_new_one_on_1_september() -> None:
    schools = register_of_schools(
        {"urn": "100001", "establishment_status": 2, "close_date": date(2025, 8, 31)},
        {"urn": "140001", "open_date": date(2025, 9, 1), "gor": "A"},
        links=[("100001", "140001")],
    )
    points = [a_year_before(date(2025, 8, 31)), at(date(2025, 9, 1))]
    figures = ask(KPI, points, **schools, school_activity=[used_by("100001", date(2025, 8, 31), date(2025, 9, 1))])
    assert headline(figures, date(2025, 8, 31)) == (1, 1)
    assert figures.categories("headline", "region", as_of=date(2025, 8, 31)) == {"E12000007": 1}
    assert headline(figures, date(2025, 9, 1)) == (1, 1)
    assert figures.categories("headline", "region", as_of=date(2025, 9, 1)) == {"E12000001": 1}


def test_an_open_school_with_a_split_link_stays_itself_and_a_closed_one_is_not_open() -> None:
    parts = [
        {"urn": "140001", "open_date": date(2026, 1, 1)},
        {"urn": "140002", "open_date": date(2026, 1, 1)},
    ]
    links = [("100001", "140001"), ("100001", "140002")]
    used = [used_by("100001", date(2025, 10, 1))]
    still_open = ask(KPI, [at()], **register_of_schools({"urn": "100001"}, *parts, links=links), school_activity=used)
    assert headline(still_open) == (1, 3)
    closed = {"urn": "100001", "establishment_status": 2, "close_date": date(2025, 12, 31)}
    split = ask(KPI, [at()], **register_of_schools(closed, *parts, links=links), school_activity=used)
    assert headline(split) == (0, 2)
    assert split.categories("active_not_in_denominator", "reason") == {"not_open": 1}


def test_a_loop_of_links_counts_once() -> None:
    closed = {"establishment_status": 2, "close_date": date(2020, 8, 31)}
    schools = register_of_schools(
        {"urn": "100001", **closed}, {"urn": "100002", **closed}, links=[("100001", "100002"), ("100002", "100001")]
    )
    figures = ask(KPI, [at()], **schools, school_activity=[used_by("100001", DAY), used_by("100002", DAY)])
    assert figures.count("active_not_in_denominator") == 1
    assert figures.categories("records_not_counted", "reason") == {"not_open": 2}


def test_sentinel_and_unknown_urns_are_counted_never_dropped() -> None:
    figures = ask(
        KPI, [at()], **THREE, school_activity=[used_by("900010", DAY), used_by("123456", DAY), used_by("900020")]
    )
    assert headline(figures) == (0, 3)
    assert figures.categories("active_not_in_denominator", "reason") == {"sentinel": 1, "unknown_urn": 1}
    assert figures.count("active_not_in_denominator") == 2


def test_a_series_grows_with_the_days_and_the_comparison_stands_in_its_own_year() -> None:
    points = [at(date(2025, 9, 30), current=False), at(), a_year_before()]
    figures = ask(
        KPI,
        points,
        **THREE,
        school_activity=[
            used_by("100001", date(2025, 9, 30)),
            used_by("100002", date(2025, 10, 1), date(2024, 10, 1)),
            used_by("100003", date(2025, 7, 15)),
        ],
    )
    assert headline(figures, date(2025, 9, 30)) == (1, 3)
    assert headline(figures) == (2, 3)
    assert headline(figures, date(2025, 7, 14)) == (1, 3)
    made = worked(KPI, points, figures)
    assert made.comparison == {"records_not_counted": made.comparison["records_not_counted"]}


def _used_without_lists(missing: int) -> tuple[list[Row], Figures]:
    urns = [str(100001 + number) for number in range(40)]
    points = [at(date(2025, 9, 30), current=False), at(), a_year_before()]
    used = [
        {"school_urn": urn, "last_signed_in_on": DAY}
        if number < missing
        else used_by(urn, date(2024, 9, 2), date(2025, 9, 2))
        for number, urn in enumerate(urns)
    ]
    placed = [placement(urns[-1], 2025, date(2025, 9, 2)), placement(urns[-1], 2024, date(2024, 9, 2))]
    schools = register_of_schools(*({"urn": urn} for urn in urns))
    return points, ask(KPI, points, **schools, school_activity=used, school_placements=placed)


def test_earlier_points_stand_while_no_more_than_five_per_cent_lack_a_list() -> None:
    points, figures = _used_without_lists(2)
    assert headline(figures) == (40, 40)
    assert headline(figures, date(2025, 9, 30)) == (38, 40)
    assert headline(figures, date(2025, 7, 14)) == (38, 40)
    assert "headline" not in worked(KPI, points, figures).comparison


def test_earlier_points_and_the_comparison_are_refused_above_five_per_cent() -> None:
    points, figures = _used_without_lists(3)
    assert headline(figures) == (40, 40)
    for measure in ("headline", "active_by_sign_in", "onboarded_only", "schools_d1", "schools_d3"):
        assert figures.of(measure, as_of=DAY)["status"] == "ok"
        assert figures.of(measure, as_of=date(2025, 9, 30))["status"] == "not_available"
        assert figures.of(measure, as_of=date(2025, 7, 14))["status"] == "not_available"
    assert figures.rate("active_by_placement", as_of=date(2025, 7, 14)) == (1, 40)
    comparison = worked(KPI, points, figures).comparison
    assert "more than 5%" in comparison["headline"]
    assert "active_by_placement" not in comparison


def test_facts_in_source_tell_a_year_with_use_from_one_without() -> None:
    points = [at(), a_year_before()]
    figures = ask(
        KPI,
        points,
        **THREE,
        school_activity=[used_by("100001", DAY)],
        hosting_preferences=[preference("100001", 2025, date(2025, 10, 1))],
    )
    assert figures.count("facts_in_source", period=2025) == 2
    assert figures.count("facts_in_source", period=2024) == 0
