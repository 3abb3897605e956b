"""Small worlds with the answers that the book's sentences give: both sides have to come to them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import pytest

from tests.book import stops
from tests.book.answers import Answer, described
from tests.book.drops import Drops, Record
from tests.book.outcomes import cells_of, worked_out

MID_OCTOBER, FIRST_DAY = date(2026, 10, 15), date(2026, 9, 1)
NOT_AVAILABLE = Answer(None, None, "not_available")
SCHOOLS = [
    {
        "urn": urn,
        "la": "201",
        "establishment_name": f"School {urn}",
        "type_of_establishment": 34,
        "establishment_type_group": 10,
        "establishment_status": 1,
        "phase_of_education": 2,
        "gor": "H",
        "last_changed_date": date(2026, 9, 1),
    }
    for urn in ("100001", "100002")
]


def _trainee(number: int, **columns: object) -> Record:
    return {
        "trainee_id": f"t{number}",
        "ukprn": "10000001",
        "state": "trn_received",
        "training_route": "provider_led_postgrad",
        "trainee_start_date": "2025-09-01",
        "itt_end_date": "2026-07-31",
        **columns,
    }


def _application(name: str, vacancy: str, trn: str, **columns: object) -> Record:
    return {
        "application_id": name,
        "vacancy_id": vacancy,
        "status": "offered",
        "submitted_at": "2026-06-01T09:00:00Z",
        "offered_at": "2026-09-20T09:00:00Z",
        "qualified_teacher_status": "on_track",
        "trn": trn,
        "updated_at": "2026-09-20T09:00:00Z",
        **columns,
    }


def _allocation(number: int, urn: str, **columns: object) -> Record:
    return {
        "allocation_id": f"m{number}",
        "placement_id": f"p{number}",
        "school_urn": urn,
        "mentor_id": f"mentor{number}",
        "provider_code": "P1",
        "academic_year": 2026,
        "created_at": "2026-09-10T09:00:00Z",
        **columns,
    }


DRAFT_AFTER_OFFER = Drops(
    MID_OCTOBER,
    {
        "schools": SCHOOLS[:1],
        "trainees": [_trainee(1, trn="7654321")],
        "vacancies": [
            {
                "vacancy_id": name,
                "organisation_urns": ["100001"],
                "job_roles": ["teacher"],
                "publish_on": "2026-08-01",
                "expires_at": "2026-09-10T11:00:00Z",
                "starts_on": "2027-01-01",
                "takes_applications": True,
            }
            for name in ("v1", "v2")
        ],
        "applications": [
            _application("a1", "v1", "7654321"),
            _application("a2", "v2", "2345678"),
            _application(
                "a2",
                "v2",
                "2345678",
                status="draft",
                offered_at=None,
                submitted_at=None,
                updated_at="2026-09-25T09:00Z",
            ),
        ],
    },
)
NOBODY_YET = Drops(
    FIRST_DAY,
    {
        "schools": SCHOOLS[:1],
        "providers": [
            {"code": "P1", "accredited_body": True, "region_code": "london", "recruitment_cycle_year": year}
            for year in (2024, 2025, 2026)
        ],
        "courses": [
            {"provider_code": "P1", "code": "C1", "recruitment_cycle_year": year, "state": "published"}
            for year in (2024, 2025, 2026)
        ],
        "school_activity": [{"school_urn": "100001", "sign_in_dates": ["2026-08-31"]}],
        "provider_activity": [{"provider_code": "P1", "sign_in_dates": ["2026-08-31"]}],
        "mentor_allocations": [_allocation(1, "100001", academic_year=2025, created_at="2025-10-01T09:00:00Z")],
    },
)
WITHOUT_PUBLISH = Drops(
    MID_OCTOBER,
    {
        "trainees": [
            _trainee(1, state="awarded", awarded_at="2026-07-10T09:00:00Z"),
            _trainee(2, state="withdrawn", withdrawal_date="2026-02-01"),
            _trainee(3, trainee_start_date="2026-09-01", itt_end_date="2027-07-31"),
        ]
    },
    left_on={"providers": None},
)
STRAY_TRAINEE = Drops(
    MID_OCTOBER,
    {
        "schools": SCHOOLS,
        "trainees": [_trainee(1, trn="7654321")],
        "mentor_allocations": [
            _allocation(1, "100001"),
            _allocation(2, "100002"),
            _allocation(3, "100001", mentor_id=None, trainee_id="t1"),
        ],
    },
)
BEFORE_THE_YEAR = replace(NOBODY_YET, left_on={"placements": date(2026, 8, 31)})

CASES: list[tuple[str, str, Drops, Mapping[tuple[str, ...], Answer]]] = [
    (
        "the newest version of the second application is a draft: there is one offer",
        "ect-vacancies",
        DRAFT_AFTER_OFFER,
        {
            ("vacancies_by_class", "class", "ect_probable"): Answer(1),
            ("vacancies_by_class", "class", "unknown"): Answer(1),
            ("vacancies_by_class", "class", "ect_possible"): Answer(0),
            ("all_filled",): Answer(1),
        },
    ),
    ("no provider has signed in yet", "provider-take-up", NOBODY_YET, {("headline",): Answer(0, 1)}),
    ("no school has signed in yet", "school-take-up", NOBODY_YET, {("headline",): Answer(0, 1)}),
    ("no mentor is allocated yet", "school-participation", NOBODY_YET, {("headline",): Answer(0)}),
    ("data of the day before says nothing", "provider-take-up", BEFORE_THE_YEAR, {("headline",): NOT_AVAILABLE}),
    (
        "nor of any region",
        "school-take-up",
        BEFORE_THE_YEAR,
        {("headline",): NOT_AVAILABLE, ("headline", "region", "E12000007"): NOT_AVAILABLE},
    ),
    (
        "only regions need Publish",
        "trainee-withdrawals",
        WITHOUT_PUBLISH,
        {
            ("outcome_rate",): Answer(1, 2),
            ("cohort_rate",): Answer(0, 1),
            ("outcome_rate", "region", "E12000007"): NOT_AVAILABLE,
        },
    ),
    (
        "only the cross-check needs Register, and a trainee on a row without a mentor decides nothing",
        "school-participation",
        replace(STRAY_TRAINEE, left_on={"register": None}),
        {
            ("headline",): Answer(2),
            ("register_placement_schools",): NOT_AVAILABLE,
            ("register_overlap",): NOT_AVAILABLE,
        },
    ),
    ("a provider stands in for the trainee", "school-participation", STRAY_TRAINEE, {("headline",): Answer(2)}),
]


@pytest.mark.parametrize(("says", "kpi", "drops", "answers"), CASES, ids=[case[0] for case in CASES])
def test_both_sides_come_to_what_the_book_says(
    says: str, kpi: str, drops: Drops, answers: Mapping[tuple[str, ...], Answer]
) -> None:
    family_of = {measure["id"]: measure["family"] for measure in described(kpi)["measures"]}
    result, book = worked_out(kpi, drops), stops.outcome(kpi, drops)
    assert result.state == "ok" and book is not None, says
    newest = {point.family: point for point in book.points if point.is_current}
    given = cells_of(result)
    for (measure, *place), answer in answers.items():
        breakdown, category = place or ("national", "Total")
        point = newest[family_of[measure]]
        (cell,) = [cell for cell in given if cell == (measure, point.period, point.as_of, breakdown, category)]
        hidden = book.hides(cell, family_of[measure])
        assert given[cell] == answer, says
        assert (NOT_AVAILABLE if hidden else book.cells.get(cell, Answer(0))) == answer, says


@pytest.mark.parametrize("kpi", stops.SOURCES)
def test_a_kpi_stops_for_what_its_headline_needs_and_for_nothing_else(kpi: str) -> None:
    drops = Drops(MID_OCTOBER)
    for source in stops.sources_of(kpi):
        for day in (None, date(2026, 10, 7), date(2026, 10, 8)):
            late = replace(drops, left_on={source: day})
            assert (worked_out(kpi, late).state == "none") == (stops.outcome(kpi, late) is None)
            assert (stops.outcome(kpi, late) is None) == (source in stops.SOURCES[kpi] and day != date(2026, 10, 8))


@pytest.mark.parametrize("kpi", stops.SOURCES)
def test_beyond_the_calendar_a_kpi_of_cycles_stops_and_says_which_is_lacking(kpi: str) -> None:
    for day in (date(2027, 10, 30), date(2027, 10, 31), date(2028, 3, 1)):
        result, book = worked_out(kpi, Drops(day)), stops.outcome(kpi, Drops(day))
        assert (result.state == "none") == (book is None) == stops.beyond_the_calendar(kpi, day)
        assert result.reason is None or "the 2028 cycle" in result.reason, result.reason
    assert stops.beyond_the_calendar(kpi, date(2027, 10, 31)) == (kpi == "placement-rejections")
