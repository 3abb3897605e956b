"""KPI 3, school participation: numbers#3-school-participation, in worlds small enough to count by hand."""

from datetime import date
from functools import partial
from itertools import count
from typing import Any

import pytest

from tests.kpis.world import Figures, Row, ask, in_year, in_year_before, register_of_schools, worked

KPI = "school-participation"
DAY = date(2026, 7, 14)
at, a_year_before = partial(in_year, KPI), partial(in_year_before, KPI)

_number = count(1)


def allocation(urn: str | None, **columns: Any) -> Row:
    number = next(_number)
    return {
        "allocation_id": f"a{number}",
        "placement_id": f"p{number}",
        "mentor_id": f"mentor{number}",
        "trainee_id": f"trainee{number}",
        "school_urn": urn,
        "academic_year": 2025,
        "created_on": date(2025, 10, 1),
        **columns,
    }


def trainee(*urns: str, **columns: Any) -> Row:
    return {"state": "trn_received", "itt_start_date": date(2025, 9, 8), "placement_urns": list(urns), **columns}


def headline(figures: Figures, day: date = DAY) -> int:
    numerator = figures.count("headline", as_of=day)
    assert isinstance(numerator, int)
    return numerator


TWO = register_of_schools({"urn": "100001"}, {"urn": "100002"})


def test_two_mentors_at_one_school_for_one_trainee_count_one_school() -> None:
    allocations = [allocation("100001", trainee_id="t"), allocation("100001", trainee_id="t")]
    figures = ask(KPI, [at()], **TWO, mentor_allocations=allocations)
    assert headline(figures) == 1
    assert figures.rate("percentage_of_schools") == (1, 2)
    assert figures.count("allocations_not_counted") == 0
    worked(KPI, [at()], figures)


@pytest.mark.parametrize(
    ("columns", "schools"),
    [
        ({"created_on": DAY}, 1),
        ({"created_on": date(2026, 7, 15)}, 0),
        ({"deleted_on": DAY}, 0),
        ({"deleted_on": date(2026, 7, 15)}, 1),
        ({"academic_year": 2024}, 0),
        ({"academic_year": 2026}, 0),
    ],
)
def test_only_allocations_of_the_year_that_are_live_at_the_day_count(columns: Row, schools: int) -> None:
    figures = ask(KPI, [at()], **TWO, mentor_allocations=[allocation("100001", **columns)])
    assert headline(figures) == schools
    assert figures.count("allocations_not_counted") == 0


def test_points_are_stocks_and_can_fall() -> None:
    points = [at(day, current=False) for day in (date(2025, 9, 30), date(2025, 10, 31), date(2025, 11, 30))] + [at()]
    allocations = [
        allocation("100001", created_on=date(2025, 10, 1), deleted_on=date(2025, 11, 30)),
        allocation("100002", created_on=date(2025, 9, 30)),
    ]
    figures = ask(KPI, points, **TWO, mentor_allocations=allocations)
    assert [headline(figures, row["as_of"]) for row in points] == [1, 2, 1, 1]


def test_an_allocation_that_does_not_count_is_shown_under_the_first_reason_that_holds() -> None:
    schools = register_of_schools(
        {"urn": "100001"},
        {"urn": "400001", "gor": "W", "establishment_type_group": 6, "type_of_establishment": 30},
        {"urn": "100009", "establishment_status": 2, "close_date": date(2025, 8, 31)},
        {"urn": "100010", "establishment_status": 4},
    )
    figures = ask(
        KPI,
        [at()],
        **schools,
        mentor_allocations=[
            allocation("100001"),
            allocation("900010", mentor_id=None),
            allocation("100001", placement_id=None),
            allocation("900010", trainee_id=None),
            allocation("123456"),
            allocation(None),
            allocation("400001"),
            allocation("100009", trainee_id=None),
            allocation("100010"),
            allocation("100001", trainee_id=None, provider_code="A01"),
        ],
    )
    assert headline(figures) == 1
    assert figures.categories("allocations_not_counted", "reason") == {
        "no_mentor_or_placement": 2,
        "sentinel": 1,
        "unknown_urn": 2,
        "not_in_england": 1,
        "not_open_in_year": 2,
        "no_trainee": 1,
    }
    assert figures.count("allocations_not_counted") == 9
    worked(KPI, [at()], figures)


@pytest.mark.parametrize("stray", [{"mentor_id": None}, {"placement_id": None}])
def test_a_row_without_mentor_or_placement_does_not_decide_whether_the_stand_in_is_used(stray: Row) -> None:
    allocations = [
        allocation("100001", trainee_id=None, provider_code="A01"),
        allocation("100002", trainee_id=None, provider_code="A01"),
        allocation("100001", provider_code="A01", **stray),
    ]
    figures = ask(KPI, [at()], **TWO, mentor_allocations=allocations)
    assert headline(figures) == 2
    assert figures.count("proxy_used") == 1
    assert figures.categories("allocations_not_counted", "reason") == {"no_mentor_or_placement": 1}


def test_a_year_of_rows_without_mentor_goes_by_neither_rule_and_forbids_no_comparison() -> None:
    allocations = [
        allocation("100001", trainee_id=None, provider_code="A01"),
        allocation("100001", mentor_id=None, academic_year=2024, created_on=date(2024, 10, 1)),
    ]
    figures = ask(KPI, [at(), a_year_before()], **TWO, mentor_allocations=allocations)
    assert "comparison_refused" not in figures.measures()
    assert figures.count("proxy_used", as_of=date(2025, 7, 14)) == 0


def test_a_teacher_reference_number_names_a_trainee_and_an_unusable_one_does_not() -> None:
    figures = ask(
        KPI,
        [at()],
        **TWO,
        mentor_allocations=[
            allocation("100001", trainee_id=None, trn="key"),
            allocation("100002", trainee_id=None, trn_problem="known_placeholder", provider_code="A01"),
        ],
    )
    assert headline(figures) == 1
    assert figures.count("proxy_used") == 0
    assert figures.categories("allocations_not_counted", "reason") == {"no_trainee": 1}


def test_a_provider_stands_in_where_no_allocation_of_the_year_names_a_trainee() -> None:
    figures = ask(
        KPI,
        [at()],
        **TWO,
        mentor_allocations=[
            allocation("100001", trainee_id=None, provider_code="A01"),
            allocation("100002", trainee_id=None),
        ],
    )
    assert headline(figures) == 1
    assert figures.count("proxy_used") == 1
    assert figures.categories("allocations_not_counted", "reason") == {"no_trainee": 1}


@pytest.mark.parametrize(
    ("columns", "stand_in"),
    [({"deleted_on": date(2025, 10, 2)}, 0), ({"created_on": DAY}, 0), ({"created_on": date(2026, 7, 15)}, 1)],
)
def test_the_stand_in_is_judged_once_a_year_by_the_day_of_the_run_with_removed_allocations(
    columns: Row, stand_in: int
) -> None:
    points = [at(date(2025, 10, 31), current=False), at()]
    allocations = [
        allocation("100001", trainee_id=None, provider_code="A01"),
        allocation("100002", **columns),
    ]
    figures = ask(KPI, points, **TWO, mentor_allocations=allocations)
    for row in points:
        assert figures.count("proxy_used", as_of=row["as_of"]) == stand_in
    assert headline(figures, date(2025, 10, 31)) == stand_in


def test_a_comparison_between_a_year_with_the_stand_in_and_one_without_is_refused() -> None:
    points = [at(), a_year_before()]
    before = {"academic_year": 2024, "created_on": date(2024, 10, 1)}
    named = allocation("100001", **before)
    stand_in = allocation("100001", trainee_id=None, provider_code="A01", **before)
    for last_year, refused in ((named, False), (stand_in, True)):
        figures = ask(KPI, points, **TWO, mentor_allocations=[allocation("100001"), last_year])
        assert headline(figures, date(2025, 7, 14)) == 1
        comparison = worked(KPI, points, figures).comparison
        assert ("which trainee" in comparison.get("headline", "")) == refused
        assert ("which trainee" in comparison.get("percentage_of_schools", "")) == refused


def test_a_year_before_without_allocations_is_not_a_year_with_another_rule() -> None:
    points = [at(), a_year_before()]
    figures = ask(KPI, points, **TWO, mentor_allocations=[allocation("100001", trainee_id=None, provider_code="A01")])
    assert figures.count("proxy_used", period=2025) == 1
    assert "nothing of the" in worked(KPI, points, figures).comparison["headline"]


def test_a_year_without_allocations_by_the_day_has_nothing_to_stand_in_for() -> None:
    points = [at(), a_year_before()]
    before = allocation("100001", academic_year=2024, created_on=date(2024, 10, 1))
    later = allocation("100002", trainee_id=None, provider_code="A01", created_on=date(2026, 7, 15))
    figures = ask(KPI, points, **TWO, mentor_allocations=[before, later])
    assert figures.count("proxy_used", period=2025) == 0
    assert "headline" not in worked(KPI, points, figures).comparison


CONVERTED = register_of_schools(
    {"urn": "100001", "establishment_status": 2, "close_date": date(2025, 12, 31)},
    {"urn": "140001", "open_date": date(2026, 1, 1), "establishment_type_group": 10, "type_of_establishment": 34},
    links=[("100001", "140001")],
)


@pytest.mark.parametrize("day", [date(2025, 12, 31), date(2026, 1, 1), DAY])
def test_a_school_that_converted_counts_once_on_either_day(day: date) -> None:
    allocations = [allocation("100001"), allocation("140001")]
    figures = ask(KPI, [at(day)], **CONVERTED, mentor_allocations=allocations[: 1 if day.year == 2025 else 2])
    assert headline(figures, day) == 1
    assert figures.rate("percentage_of_schools") == (1, 1)
    assert figures.count("allocations_not_counted") == 0


def test_the_old_urn_is_the_open_one_on_31_august_and_the_new_one_on_1_september() -> None:
    schools = register_of_schools(
        {"urn": "100001", "establishment_status": 2, "close_date": date(2025, 8, 31)},
        {"urn": "140001", "open_date": date(2025, 9, 1), "gor": "A"},
        links=[("100001", "140001")],
    )
    points = [a_year_before(date(2025, 8, 31)), at(date(2025, 9, 1))]
    allocations = [
        allocation("100001", academic_year=2024, created_on=date(2024, 10, 1)),
        allocation("100001", created_on=date(2025, 9, 1)),
    ]
    figures = ask(KPI, points, **schools, mentor_allocations=allocations)
    assert figures.categories("headline", "region", period=2024) == {"E12000007": 1}
    assert figures.categories("headline", "region", period=2025) == {"E12000001": 1}


def test_a_school_that_closed_in_the_year_took_part_but_is_not_in_the_percentage() -> None:
    schools = register_of_schools(
        {"urn": "100001", "establishment_status": 2, "close_date": date(2025, 9, 1)},
        {"urn": "100002"},
    )
    figures = ask(KPI, [at()], **schools, mentor_allocations=[allocation("100001")])
    assert headline(figures) == 1
    assert figures.rate("percentage_of_schools") == (0, 1)


def test_a_school_that_opens_later_in_the_year_is_not_open_yet() -> None:
    schools = register_of_schools({"urn": "100001", "open_date": date(2026, 1, 1)})
    points = [at(date(2025, 12, 31), current=False), at()]
    figures = ask(KPI, points, **schools, mentor_allocations=[allocation("100001")])
    assert headline(figures, date(2025, 12, 31)) == 0
    assert headline(figures) == 1


def test_a_school_whose_closing_day_is_the_day_is_in_both_and_the_day_before_in_neither() -> None:
    schools = register_of_schools(
        {"urn": "100001", "establishment_status": 2, "close_date": date(2026, 7, 13)},
        {"urn": "100002", "establishment_status": 2, "close_date": DAY},
    )
    figures = ask(KPI, [at()], **schools, mentor_allocations=[allocation("100001"), allocation("100002")])
    assert figures.rate("percentage_of_schools") == (1, 1)


def test_a_loop_of_links_counts_once() -> None:
    closed = {"establishment_status": 2, "close_date": date(2025, 12, 31)}
    schools = register_of_schools(
        {"urn": "100001", **closed}, {"urn": "100002", **closed}, links=[("100001", "100002"), ("100002", "100001")]
    )
    figures = ask(KPI, [at()], **schools, mentor_allocations=[allocation("100001"), allocation("100002")])
    assert headline(figures) == 1


def test_an_open_school_with_a_split_link_stays_itself() -> None:
    schools = register_of_schools(
        {"urn": "100001"},
        {"urn": "140001", "open_date": date(2026, 1, 1)},
        {"urn": "140002", "open_date": date(2026, 1, 1)},
        links=[("100001", "140001"), ("100001", "140002")],
    )
    figures = ask(KPI, [at()], **schools, mentor_allocations=[allocation("100001")])
    assert headline(figures) == 1
    assert figures.rate("percentage_of_schools") == (1, 3)


def test_region_phase_and_type_are_the_schools_and_add_up() -> None:
    schools = register_of_schools(
        {"urn": "100001", "gor": "A", "phase_of_education": 4},
        {
            "urn": "100002",
            "gor": "Z",
            "phase_of_education": 0,
            "establishment_type_group": 5,
            "type_of_establishment": 7,
        },
        {
            "urn": "100003",
            "gor": "A",
            "phase_of_education": 6,
            "establishment_type_group": 1,
            "type_of_establishment": 31,
        },
    )
    figures = ask(KPI, [at()], **schools, mentor_allocations=[allocation(row["urn"]) for row in schools["schools"]])
    assert headline(figures) == 3
    assert figures.rate("percentage_of_schools") == (2, 2)
    assert figures.categories("headline", "region") == {"E12000001": 2, "not_available": 1}
    assert figures.categories("headline", "phase") == {"secondary": 1, "not_applicable": 1, "16_plus": 1}
    assert figures.categories("headline", "type_group") == {
        "local_authority_maintained_schools": 1,
        "special_schools": 1,
        "colleges": 1,
    }
    assert figures.categories("percentage_of_schools", "region") == {"E12000001": 1, "not_available": 1}
    worked(KPI, [at()], figures)


def test_register_is_a_cross_check_of_trainees_who_started_in_the_register_year() -> None:
    schools = register_of_schools(
        {"urn": "100001", "establishment_status": 2, "close_date": date(2025, 12, 31)},
        {"urn": "140001", "open_date": date(2026, 1, 1)},
        {"urn": "100002"},
        {"urn": "100003"},
        links=[("100001", "140001")],
    )
    figures = ask(
        KPI,
        [at(), a_year_before()],
        **schools,
        mentor_allocations=[allocation("100003"), allocation("100001")],
        trainees=[
            trainee("100001", "140001", itt_start_date=date(2025, 8, 1)),
            trainee("100002", trainee_start_date=date(2026, 7, 14), itt_start_date=date(2024, 9, 1)),
            trainee("100003", itt_start_date=date(2025, 7, 31)),
            trainee("100003", itt_start_date=date(2026, 7, 15)),
            trainee("100003", state="draft"),
        ],
    )
    assert figures.count("register_placement_schools") == 2
    assert figures.count("register_overlap") == 1
    assert headline(figures) == 2


def test_placements_in_register_that_do_not_count_are_shown() -> None:
    figures = ask(
        KPI,
        [at()],
        **TWO,
        mentor_allocations=[allocation("100001")],
        trainees=[
            trainee("900020", "123456", "100001"),
            trainee("100002", itt_start_date=None),
            trainee(),
            {"state": "trn_received", "itt_start_date": date(2025, 9, 8)},
        ],
    )
    assert figures.count("register_placement_schools") == 1
    assert figures.categories("records_not_counted", "reason") == {
        "sentinel": 1,
        "unknown_urn": 1,
        "trainee_without_start_date": 1,
    }
    worked(KPI, [at()], figures)


def test_facts_in_source_are_allocations_of_the_year_on_any_day() -> None:
    figures = ask(
        KPI,
        [at(), a_year_before()],
        **TWO,
        mentor_allocations=[allocation("100001"), allocation("100002", created_on=date(2026, 8, 1))],
    )
    assert figures.count("facts_in_source", period=2025) == 2
    assert figures.count("facts_in_source", period=2024) == 0
