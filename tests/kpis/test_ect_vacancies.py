"""KPI 4, jobs filled by early career teachers: numbers#4-ect-vacancies, in worlds small enough to count by hand."""

from datetime import UTC, date, datetime
from itertools import count
from typing import Any

import pytest

from tests.kpis.world import Figures, Row, ask, point, register_of_schools, worked

KPI = "ect-vacancies"
DAY = date(2026, 6, 30)
START = date(2026, 9, 1)
OFFERED = date(2026, 5, 20)

_number = count(1)


def at(day: date = DAY, year: int = 2025, *, current: bool = True) -> Row:
    opens, closes = date(year, 9, 1), date(year + 1, 8, 31)
    return point(KPI, "year", year, day, period_start=opens, period_end=closes, current=current)


def vacancy(vacancy_id: str, *urns: str, **columns: Any) -> Row:
    """Return a vacancy for a teacher that has expired, takes applications and has no answer from the school."""
    return {
        "vacancy_id": vacancy_id,
        "organisation_urns": list(urns),
        "job_roles": ["teacher"],
        "publish_on": date(2026, 4, 1),
        "expires_at": datetime(2026, 5, 1, 22, 59),
        "expires_on": date(2026, 5, 1),
        "starts_on": START,
        "takes_applications": True,
        **columns,
    }


def answered(vacancy_id: str, status: str, on: date | None = date(2026, 6, 1), **columns: Any) -> Row:
    return vacancy(vacancy_id, hired_status=status, stats_updated_on=on, **columns)


def application(vacancy_id: str, trn: str | None, **columns: Any) -> Row:
    return {
        "application_id": f"a{next(_number)}",
        "vacancy_id": vacancy_id,
        "status": "submitted",
        "submitted_on": date(2026, 4, 20),
        "trn": trn,
        **columns,
    }


def offer(vacancy_id: str, trn: str | None, **columns: Any) -> Row:
    return application(vacancy_id, trn, **{"status": "offered", "offered_on": OFFERED, **columns})


def trainee(trn: str | None, *urns: str, **columns: Any) -> Row:
    """Return a trainee still in training, due to finish in the summer."""
    return {
        "trainee_id": f"t{next(_number)}",
        "trn": trn,
        "state": "trn_received",
        "training_route": "provider_led_postgrad",
        "itt_end_date": date(2026, 7, 31),
        "placement_urns": list(urns),
        **columns,
    }


def classes(figures: Figures, **day: Any) -> dict[str, int]:
    return figures.categories("vacancies_by_class", "class", **day)


def class_of(
    applications: list[Row],
    trainees: list[Row] | None = None,
    advert: Row | None = None,
    points: list[Row] | None = None,
) -> str:
    """Return the class of the only vacancy, ``v``, at the newest point."""
    figures = ask(
        KPI,
        points or [at()],
        vacancies=[advert or vacancy("v")],
        vacancy_applications=applications,
        trainees=trainees or [],
    )
    (found,) = classes(figures, as_of=DAY)
    return found


def test_an_offer_to_a_trainee_in_the_window_is_probably_an_ect() -> None:
    assert class_of([offer("v", "k")], [trainee("k")]) == "ect_probable"


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ({"publish_on": DAY, "expires_on": DAY}, 1),
        ({"publish_on": date(2026, 7, 1)}, 0),
        ({"publish_on": None}, 0),
        ({"expires_on": date(2026, 7, 1)}, 0),
        ({"expires_on": date(2026, 7, 1), "hired_status": "hired_tvs", "stats_updated_on": DAY}, 1),
        ({"expires_on": date(2026, 7, 1), "hired_status": "hired_tvs", "stats_updated_on": date(2026, 7, 1)}, 0),
        ({"expires_on": date(2026, 7, 1), "hired_status": "hired_tvs"}, 0),
        ({"expires_on": date(2026, 7, 1), "stats_updated_on": DAY}, 0),
        ({"expires_on": date(2025, 8, 31)}, 0),
        ({"expires_on": date(2025, 9, 1), "publish_on": date(2025, 8, 1)}, 1),
        ({"expires_on": date(2026, 9, 1), "hired_status": "hired_tvs", "stats_updated_on": DAY}, 0),
        ({"job_roles": ["headteacher"]}, 0),
        ({"job_roles": ["sendco", "teacher"]}, 1),
        ({"job_roles": None}, 0),
        ({"discarded_at": datetime(2026, 5, 1, 22, 58), "discarded_on": date(2026, 5, 1)}, 0),
        ({"discarded_at": datetime(2026, 5, 1, 23, 30), "discarded_on": date(2026, 5, 2)}, 1),
    ],
)
def test_the_population_is_closed_adverts_for_teachers_of_the_year(columns: Row, found: int) -> None:
    figures = ask(KPI, [at()], vacancies=[vacancy("v", **columns)])
    assert figures.rate("coverage_any_outcome")[1] == found


def test_an_advert_discarded_before_it_expired_stands_until_then() -> None:
    points = [at(date(2026, 5, 31), current=False), at()]
    early = answered(
        "v", "hired_tvs", date(2026, 5, 10), expires_on=date(2026, 8, 1), expires_at=datetime(2026, 8, 1, 12)
    )
    rows = [{**early, "discarded_at": datetime(2026, 6, 15, 12), "discarded_on": date(2026, 6, 15)}]
    figures = ask(KPI, points, vacancies=rows)
    assert [figures.rate("coverage_any_outcome", as_of=row["as_of"]) for row in points] == [(1, 1), (0, 0)]


@pytest.mark.parametrize(
    ("columns", "stands"),
    [
        ({}, True),
        ({"offered_on": date(2026, 7, 1)}, False),
        ({"offered_on": None, "updated_on": DAY}, True),
        ({"offered_on": None, "updated_on": date(2026, 7, 1)}, False),
        ({"offered_on": None}, False),
        ({"status": "declined", "declined_on": date(2026, 7, 1)}, True),
        ({"status": "declined", "declined_on": DAY}, False),
        ({"status": "declined"}, False),
        ({"status": "declined", "declined_on": date(2026, 7, 1), "offered_on": None, "updated_on": DAY}, True),
        (
            {
                "status": "declined",
                "declined_on": date(2026, 7, 1),
                "offered_on": None,
                "updated_on": date(2026, 7, 1),
            },
            False,
        ),
        ({"status": "declined", "declined_on": date(2026, 7, 1), "offered_on": None}, False),
        ({"status": "withdrawn", "withdrawn_on": date(2026, 7, 1)}, True),
        ({"status": "withdrawn", "withdrawn_on": date(2026, 7, 1), "offered_on": None}, False),
        ({"status": "unsuccessful_interview"}, False),
    ],
)
def test_an_offer_stands_until_it_is_declined_or_withdrawn(columns: Row, stands: bool) -> None:
    assert class_of([offer("v", "k", **columns)], [trainee("k")]) == ("ect_probable" if stands else "unknown")


@pytest.mark.parametrize(
    ("columns", "in_window"),
    [
        ({"itt_end_date": None}, True),
        ({"itt_end_date": date(2027, 3, 1)}, True),
        ({"itt_end_date": date(2027, 3, 2)}, False),
        ({"state": "submitted_for_trn"}, True),
        ({"state": "recommended_for_award"}, True),
        ({"state": "deferred", "defer_date": date(2026, 1, 5)}, False),
        ({"state": "deferred", "defer_date": date(2026, 7, 1)}, True),
        ({"state": "deferred"}, False),
        ({"defer_date": date(2026, 1, 5), "reinstate_date": DAY}, True),
        ({"defer_date": date(2026, 1, 5), "reinstate_date": date(2026, 7, 1)}, False),
        ({"state": "withdrawn", "withdrawal_date": DAY}, False),
        ({"state": "withdrawn", "withdrawal_date": date(2026, 7, 1)}, True),
        ({"state": "withdrawn", "withdrawal_date": date(2026, 7, 1), "defer_date": date(2026, 1, 5)}, False),
        ({"state": "awarded", "awarded_on": date(2024, 9, 1)}, True),
        ({"state": "awarded", "awarded_on": date(2024, 8, 31)}, False),
        ({"state": "awarded", "awarded_on": DAY}, True),
        ({"state": "awarded", "awarded_on": date(2026, 7, 1)}, True),
        ({"state": "awarded", "awarded_on": date(2026, 7, 1), "itt_end_date": date(2027, 3, 2)}, False),
        ({"state": "withdrawn", "awarded_on": date(2025, 7, 1)}, True),
        ({"training_route": "16"}, True),
        ({"training_route": "not_yet_invented"}, True),
    ],
)
def test_the_window_is_read_as_it_was_on_the_day(columns: Row, in_window: bool) -> None:
    assert class_of([offer("v", "k")], [trainee("k", **columns)]) == ("ect_probable" if in_window else "not_ect")


@pytest.mark.parametrize(
    ("starts_on", "awarded_on", "in_window"),
    [
        (date(2028, 2, 29), date(2026, 2, 28), True),
        (date(2028, 2, 29), date(2026, 2, 27), False),
        (None, date(2024, 5, 1), True),
        (None, date(2024, 4, 30), False),
    ],
)
def test_twenty_four_months_are_clamped_at_month_ends(
    starts_on: date | None, awarded_on: date, in_window: bool
) -> None:
    rows = [trainee("k", state="awarded", awarded_on=awarded_on)]
    found = class_of([offer("v", "k")], rows, vacancy("v", starts_on=starts_on))
    assert found == ("ect_probable" if in_window else "not_ect")


@pytest.mark.parametrize(
    ("end", "in_window"), [(date(2027, 2, 28), True), (date(2027, 3, 1), False), (date(2027, 2, 27), True)]
)
def test_six_months_are_clamped_at_month_ends(end: date, in_window: bool) -> None:
    advert = vacancy("v", starts_on=date(2026, 8, 31))
    found = class_of([offer("v", "k")], [trainee("k", itt_end_date=end)], advert)
    assert found == ("ect_probable" if in_window else "not_ect")


@pytest.mark.parametrize(
    "columns",
    [
        {"state": "draft"},
        {"training_route": "early_years_postgrad"},
        {"training_route": "17"},
        {"state": "awarded", "awarded_on": None},
    ],
)
def test_drafts_early_years_and_awards_without_a_date_match_nothing(columns: Row) -> None:
    assert class_of([offer("v", "k")], [trainee("k", **columns)]) == "filled_person_unknown"


def test_several_records_with_one_trn_are_one_trainee_in_the_window_if_any_is() -> None:
    rows = [
        trainee("k", "100001", state="withdrawn", withdrawal_date=date(2020, 1, 1)),
        trainee("k"),
        trainee("k", "100002", training_route="early_years_salaried"),
    ]
    applications = [offer("v", "k"), application("v", "k")]
    schools = register_of_schools({"urn": "100001"})
    figures = ask(
        KPI, [at()], **schools, vacancies=[vacancy("v", "100001")], vacancy_applications=applications, trainees=rows
    )
    assert figures.rate("headline") == (1, 1)
    assert figures.rate("coverage_matched") == (1, 1)
    assert figures.count("trainees_applying") == 1
    assert figures.rate("applying_to_placement_school") == (1, 1)


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ({"qualified_teacher_status": "on_track"}, "ect_possible"),
        ({"qualified_teacher_status": "on_track", "is_statutory_induction_complete": True}, "ect_possible"),
        ({"qualified_teacher_status": "yes", "qualified_teacher_status_year": 2024}, "ect_possible"),
        ({"qualified_teacher_status_year": 2024, "is_statutory_induction_complete": False}, "ect_possible"),
        ({"qualified_teacher_status_year": 2024, "is_statutory_induction_complete": True}, "not_ect"),
        ({"qualified_teacher_status_year": 2023}, "not_ect"),
        ({"qualified_teacher_status": "yes", "is_statutory_induction_complete": True}, "not_ect"),
        ({"qualified_teacher_status": "yes"}, "filled_person_unknown"),
        ({}, "filled_person_unknown"),
    ],
)
def test_an_applicant_without_a_match_is_taken_at_their_word(columns: Row, found: str) -> None:
    assert class_of([offer("v", "somebody", **columns)]) == found
    assert class_of([offer("v", None, **columns)]) == found


def test_a_match_comes_before_the_applicants_word() -> None:
    rows = [offer("v", "k", qualified_teacher_status="on_track")]
    assert class_of(rows, [trainee("k", state="awarded", awarded_on=date(2015, 7, 1))]) == "not_ect"


@pytest.mark.parametrize(
    ("status", "on", "found"),
    [
        ("not_filled_ongoing", OFFERED, "conflict"),
        ("not_filled_not_looking", date(2026, 5, 19), "ect_probable"),
        ("not_filled_ongoing", date(2026, 7, 1), "ect_probable"),
        ("not_filled_ongoing", None, "ect_probable"),
        ("hired_other_free", DAY, "conflict"),
        ("hired_paid", DAY, "conflict"),
        ("hired_no_listing", DAY, "conflict"),
        ("hired_tvs", DAY, "ect_probable"),
        ("hired_dont_know", DAY, "ect_probable"),
    ],
)
def test_a_contrary_answer_on_or_after_the_offer_is_a_conflict(status: str, on: date | None, found: str) -> None:
    assert class_of([offer("v", "k")], [trainee("k")], answered("v", status, on)) == found


@pytest.mark.parametrize(
    ("status", "found"),
    [
        ("hired_tvs", "filled_person_unknown"),
        ("hired_other_free", "filled_person_unknown"),
        ("hired_paid", "filled_person_unknown"),
        ("hired_no_listing", "filled_person_unknown"),
        ("not_filled_ongoing", "not_filled"),
        ("not_filled_not_looking", "not_filled"),
        ("hired_dont_know", "unknown"),
    ],
)
def test_without_an_offer_the_answer_decides(status: str, found: str) -> None:
    assert class_of([application("v", "k")], [trainee("k")], answered("v", status)) == found


def test_an_answer_without_a_date_gives_a_class_at_the_newest_point_only_and_closes_nothing() -> None:
    points = [at(date(2026, 5, 31), current=False), at()]
    rows = [
        answered("v", "hired_tvs", None),
        answered("w", "hired_tvs", None, expires_on=date(2026, 7, 1)),
        answered("x", "not_filled_ongoing"),
    ]
    figures = ask(KPI, points, vacancies=rows)
    assert classes(figures, as_of=date(2026, 5, 31)) == {"unknown": 2}
    assert classes(figures, as_of=DAY) == {"filled_person_unknown": 1, "not_filled": 1}
    assert figures.categories("records_with_assumption", "assumption") == {"answer_without_date": 1}


def test_an_advert_is_in_the_first_class_that_holds_for_any_application() -> None:
    trainees = [trainee("k"), trainee("old", state="awarded", awarded_on=date(2015, 7, 1))]
    nobody = offer("v", None)
    possible = offer("v", None, qualified_teacher_status="on_track")
    not_ect = offer("v", "old")
    probable = offer("v", "k")
    later = offer("v", "k", offered_on=date(2026, 6, 10))
    assert class_of([nobody, not_ect], trainees) == "not_ect"
    assert class_of([nobody, not_ect, possible], trainees) == "ect_possible"
    assert class_of([nobody, not_ect, possible, probable], trainees) == "ect_probable"
    assert class_of([probable, later], trainees, answered("v", "not_filled_ongoing", date(2026, 6, 1))) == "conflict"
    assert class_of([later], trainees, answered("v", "not_filled_ongoing", date(2026, 6, 1))) == "ect_probable"


def test_the_headline_and_its_bounds() -> None:
    trainees = [trainee("k"), trainee("old", state="awarded", awarded_on=date(2015, 7, 1))]
    rows = [
        offer("probable", "k"),
        offer("possible", "somebody", qualified_teacher_status="on_track"),
        offer("not", "old"),
        offer("nobody", None),
        offer("conflict", "k"),
    ]
    vacancies = [
        *(vacancy(row["vacancy_id"]) for row in rows[:-1]),
        answered("conflict", "not_filled_ongoing"),
        answered("hired", "hired_tvs", takes_applications=False),
        answered("left", "not_filled_ongoing", takes_applications=None),
        vacancy("unknown"),
    ]
    figures = ask(KPI, [at()], vacancies=vacancies, vacancy_applications=rows, trainees=trainees)
    assert classes(figures) == {
        "conflict": 1,
        "ect_probable": 1,
        "ect_possible": 1,
        "not_ect": 1,
        "filled_person_unknown": 2,
        "not_filled": 1,
        "unknown": 1,
    }
    assert figures.rate("headline") == (1, 3)
    assert figures.rate("lower_bound") == (1, 5)
    assert figures.rate("upper_bound") == (4, 5)
    assert figures.count("all_filled") == 5
    assert figures.rate("coverage_taking_applications") == (6, 8)
    assert figures.rate("coverage_any_outcome") == (7, 8)
    assert figures.rate("coverage_usable_trn") == (4, 5)
    assert figures.rate("coverage_matched") == (3, 4)
    worked(KPI, [at()], figures)


@pytest.mark.parametrize(
    ("taking", "with_trn", "status"),
    [(3, 3, "ok"), (2, 3, "insufficient_coverage"), (3, 2, "insufficient_coverage"), (3, 0, "insufficient_coverage")],
)
def test_too_little_coverage_withholds_the_headline_at_every_level_and_leaves_the_bounds(
    taking: int, with_trn: int, status: str
) -> None:
    schools = register_of_schools({"urn": "100001"})
    vacancies = [vacancy(f"v{i}", "100001", takes_applications=i < taking) for i in range(10)]
    applications = [offer(f"v{i}", "k" if i < with_trn else None) for i in range(10)]
    figures = ask(
        KPI, [at()], **schools, vacancies=vacancies, vacancy_applications=applications, trainees=[trainee("k")]
    )
    assert {row["status"] for row in figures.rows if row["measure"] == "headline"} == {status}
    assert figures.of("lower_bound")["status"] == "ok"
    assert figures.rate("lower_bound") == (with_trn, 10)
    assert figures.rate("upper_bound") == (10, 10)
    shown = [figure for figure in worked(KPI, [at()], figures).figures if figure.measure == "headline"]
    assert {figure.status for figure in shown} == {status}
    assert {figure.breakdown for figure in shown} == {"national", "region", "phase"}


def test_without_any_offer_there_is_no_headline() -> None:
    figures = ask(KPI, [at()], vacancies=[answered("v", "hired_tvs")])
    assert figures.of("headline")["status"] == "insufficient_coverage"
    assert figures.rate("lower_bound") == (0, 1)
    assert figures.rate("upper_bound") == (1, 1)


def test_what_rests_on_offers_is_not_available_before_there_were_offers() -> None:
    day = date(2025, 6, 30)
    points = [at(day, 2024, current=False), at()]
    before = {
        "publish_on": date(2025, 4, 1),
        "expires_at": datetime(2025, 5, 1, 22, 59),
        "expires_on": date(2025, 5, 1),
    }
    rows = [answered("a", "hired_tvs", date(2025, 6, 1), **before), vacancy("b", **before), vacancy("c")]
    figures = ask(KPI, points, vacancies=rows, vacancy_applications=[offer("c", "k")], trainees=[trainee("k")])
    resting = {row["measure"] for row in figures.rows if row["status"] == "not_available"}
    assert resting == {
        "headline",
        "lower_bound",
        "upper_bound",
        "all_filled",
        "coverage_usable_trn",
        "coverage_matched",
        "vacancies_by_class",
    }
    assert {row["period"] for row in figures.rows if row["status"] == "not_available"} == {2024}
    assert classes(figures, as_of=day) == {"filled_person_unknown": 1, "unknown": 1}
    assert figures.of("vacancies_by_class", "class", "ect_probable", as_of=day)["status"] == "not_available"
    assert figures.rate("coverage_any_outcome", as_of=day) == (1, 2)
    made = worked(KPI, points, figures)
    assert {figure.value for figure in made.figures if figure.measure == "headline" and figure.period == 2024} == {None}


def test_the_region_and_phase_of_an_advert_are_those_its_schools_have_in_common() -> None:
    schools = register_of_schools(
        {"urn": "100001"},
        {"urn": "100002", "phase_of_education": 4},
        {"urn": "100003", "gor": "A"},
        {"urn": "100004", "gor": "Z", "phase_of_education": 0},
        {"urn": "100005", "establishment_status": 2, "close_date": date(2020, 8, 31)},
        {"urn": "100006", "gor": "A", "phase_of_education": 4},
        links=[("100005", "100006")],
    )
    vacancies = [
        answered("one", "hired_tvs"),
        answered("two", "hired_tvs", organisation_urns=["100001"]),
        answered("three", "hired_tvs", organisation_urns=["100001", "100002"]),
        answered("four", "hired_tvs", organisation_urns=["100001", "100003"]),
        answered("five", "hired_tvs", organisation_urns=["100001", "123456"]),
        answered("six", "hired_tvs", organisation_urns=["100004"]),
        answered("seven", "hired_tvs", organisation_urns=["100005"]),
        answered("eight", "hired_tvs", organisation_urns=None),
    ]
    figures = ask(KPI, [at()], **schools, vacancies=vacancies)
    assert figures.categories("all_filled", "region") == {"E12000007": 4, "not_available": 4}
    assert figures.categories("all_filled", "phase") == {"primary": 4, "not_applicable": 1, "not_available": 3}
    worked(KPI, [at()], figures)


def test_where_trainees_apply() -> None:
    schools = register_of_schools(
        {"urn": "100001", "establishment_status": 2, "close_date": date(2025, 12, 31)},
        {"urn": "100002", "open_date": date(2026, 1, 1), "type_of_establishment": 34, "establishment_type_group": 10},
        {"urn": "100003", "phase_of_education": 4},
        {"urn": "100004", "gor": "A"},
        links=[("100001", "100002")],
    )
    vacancies = [
        vacancy("academy", "100002"),
        vacancy("london", "100003"),
        vacancy("north", "100004"),
        vacancy("trust"),
        vacancy("later", "100001", expires_on=date(2026, 7, 1)),
    ]
    trainees = [
        trainee("a", "100001", "900010"),
        trainee("b", "100001"),
        trainee("c", "100004"),
        trainee("d"),
        trainee("e", "123456"),
        trainee("f", "100003", state="withdrawn", withdrawal_date=date(2026, 1, 1)),
        trainee("g", "100003", state="awarded", awarded_on=date(2024, 6, 30)),
        trainee("h", "100003", state="awarded", awarded_on=date(2024, 6, 29)),
        trainee("i", "100003"),
        trainee("j", "100003", training_route="early_years_salaried"),
    ]
    applications = [
        application("academy", "a"),
        application("north", "a", status="withdrawn"),
        application("london", "b"),
        application("trust", "c"),
        application("london", "d"),
        application("london", "e"),
        application("london", "f"),
        application("london", "g"),
        application("london", "h"),
        application("london", "i", submitted_on=date(2026, 7, 1)),
        application("later", "i"),
        application("london", "j"),
        application("london", "nobody we know"),
        application("london", None),
    ]
    figures = ask(KPI, [at()], **schools, vacancies=vacancies, vacancy_applications=applications, trainees=trainees)
    assert figures.count("trainees_applying") == 6
    assert figures.categories("trainees_applying", "region_applied_to") == {
        "E12000007": 5,
        "E12000001": 1,
        "not_available": 1,
    }
    assert figures.categories("trainees_applying", "phase_applied_to") == {
        "primary": 1,
        "secondary": 4,
        "not_available": 1,
    }
    assert figures.rate("applying_to_placement_school") == (2, 4)
    assert figures.rate("applying_in_placement_region") == (3, 4)
    worked(KPI, [at()], figures)


def test_an_application_counts_from_its_london_day_and_in_training_on_the_day() -> None:
    points = [at(date(2026, 5, 31), current=False), at()]
    rows = [application("v", "a"), application("v", "b", submitted_on=date(2026, 6, 1))]
    trainees = [trainee("a", state="withdrawn", withdrawal_date=date(2026, 6, 1)), trainee("b")]
    figures = ask(KPI, points, vacancies=[vacancy("v")], vacancy_applications=rows, trainees=trainees)
    assert [figures.count("trainees_applying", as_of=row["as_of"]) for row in points] == [1, 1]


def test_records_left_out_are_shown_by_reason_at_the_newest_point() -> None:
    points = [at(date(2026, 5, 31), current=False), at()]
    vacancies = [vacancy("v"), vacancy("undated", publish_on=None), vacancy("head", job_roles=["headteacher"])]
    applications = [
        offer("v", None, trn_problem="too_short"),
        application("v", None, trn_problem="known_placeholder"),
        application("v", None, trn_problem="a_new_one"),
        application("head", None, trn_problem="too_long"),
        application("v", "k", submitted_on=None),
        offer("v", "k", offered_on=None),
        offer("v", "k", offered_on=None, updated_on=DAY),
        offer("v", "k", status="declined", declined_on=date(2026, 7, 1), offered_on=None, updated_on=DAY),
        offer("v", "k", status="declined", declined_on=date(2026, 7, 1), offered_on=None),
        offer("v", "k", status="declined", declined_on=DAY, offered_on=None),
        offer("v", "k", status="declined", updated_on=date(2026, 7, 1)),
        offer("v", "k", status="declined", updated_on=DAY),
    ]
    trainees = [
        trainee("k", state="awarded"),
        trainee(None, trn_problem="too_long"),
        trainee(None, trn_problem="repeated_digit"),
        trainee(None, state="draft", trn_problem="too_long"),
        trainee(None),
    ]
    figures = ask(KPI, points, vacancies=vacancies, vacancy_applications=applications, trainees=trainees)
    assert figures.categories("records_not_counted", "reason") == {
        "applicant_trn_too_short": 1,
        "applicant_trn_known_placeholder": 1,
        "applicant_trn_unusable": 1,
        "submission_without_date": 1,
        "offer_without_date": 2,
        "end_of_offer_without_date": 1,
        "award_without_date": 1,
        "trainee_trn_too_long": 1,
        "trainee_trn_repeated_digit": 1,
        "vacancy_without_publication_date": 1,
    }
    assert figures.categories("records_with_assumption", "assumption") == {"offer_dated_by_update": 2}
    worked(KPI, points, figures)


def test_an_offer_declined_after_the_month_end_stood_at_it() -> None:
    points = [at(date(2026, 5, 31), current=False), at()]
    declined = offer("v", "k", status="declined", declined_on=date(2026, 6, 5))
    figures = ask(KPI, points, vacancies=[vacancy("v")], vacancy_applications=[declined], trainees=[trainee("k")])
    assert figures.rate("headline", as_of=date(2026, 5, 31)) == (1, 1)
    assert figures.of("headline", as_of=DAY)["status"] == "insufficient_coverage"
    assert classes(figures, as_of=DAY) == {"unknown": 1}


def test_timestamps_of_the_evening_before_midnight_in_winter_stay_on_their_day() -> None:
    expires = datetime(2026, 1, 31, 23, 30, tzinfo=UTC).replace(tzinfo=None)
    row = vacancy("v", publish_on=date(2026, 1, 1), expires_at=expires, expires_on=date(2026, 1, 31))
    points = [at(date(2026, 1, 31), current=False), at()]
    figures = ask(KPI, points, vacancies=[row])
    assert figures.rate("coverage_any_outcome", as_of=date(2026, 1, 31)) == (0, 1)
