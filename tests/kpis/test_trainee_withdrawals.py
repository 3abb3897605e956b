"""KPI 2, trainee withdrawals: numbers#2-trainee-withdrawals, in worlds small enough to count by hand."""

from datetime import date, timedelta
from itertools import count
from typing import Any

import pytest

from tests.kpis.world import Figures, Row, ask, point, worked

KPI = "trainee-withdrawals"
DAY = date(2026, 6, 30)
START = date(2024, 9, 9)
COHORT_START = date(2025, 9, 8)

_number = count(1)


def outcome(period: int = 2024, day: date = DAY, *, current: bool = True) -> Row:
    opens, closes = date(period, 8, 1), date(period + 1, 7, 31)
    return point(KPI, "outcome", period, day, period_start=opens, period_end=closes, current=current)


def cohort(day: date = DAY, period: int = 2025, *, current: bool = True) -> Row:
    opens, closes = date(period, 8, 1), date(period + 1, 7, 31)
    return point(KPI, "cohort", period, day, period_start=opens, period_end=closes, current=current)


def trainee(**columns: Any) -> Row:
    """Return a trainee of the year 2024 to 2025 still in training."""
    return {
        "trainee_id": f"t{next(_number)}",
        "ukprn": "10000001",
        "state": "trn_received",
        "training_route": "provider_led_postgrad",
        "itt_start_date": START,
        **columns,
    }


def awarded(**columns: Any) -> Row:
    return trainee(**{"state": "awarded", "awarded_on": date(2025, 7, 10), **columns})


def withdrawn(*reasons: str, **columns: Any) -> Row:
    return trainee(
        **{
            "state": "withdrawn",
            "withdrawal_date": date(2025, 3, 3),
            "withdrawal_reasons": list(reasons) or ["family_problems"],
            **columns,
        }
    )


def starter(**columns: Any) -> Row:
    return trainee(**{"itt_start_date": COHORT_START, **columns})


def groups(figures: Figures) -> dict[str, int]:
    return figures.categories("withdrawals_by_reason_group", "reason_group")


def test_the_outcome_rate_is_withdrawals_over_withdrawals_and_awards_of_the_year() -> None:
    rows = [
        awarded(),
        awarded(awarded_on=date(2025, 7, 31)),
        awarded(awarded_on=date(2025, 8, 1)),
        awarded(awarded_on=date(2024, 7, 31)),
        withdrawn(),
        withdrawn(withdrawal_date=date(2025, 8, 1)),
        trainee(),
        trainee(state="recommended_for_award"),
    ]
    figures = ask(KPI, [outcome(), cohort()], trainees=rows)
    assert figures.rate("outcome_rate") == (1, 3)
    worked(KPI, [outcome(), cohort()], figures)


@pytest.mark.parametrize(("days", "rate"), [(89, (0, 1)), (90, (1, 2)), (0, (0, 1))])
def test_a_withdrawal_counts_from_the_ninetieth_day_after_the_start(days: int, rate: tuple[int, int]) -> None:
    rows = [awarded(), withdrawn(withdrawal_date=START + timedelta(days=days))]
    assert ask(KPI, [outcome()], trainees=rows).rate("outcome_rate") == rate


def test_the_trainees_own_start_comes_before_the_start_of_the_training() -> None:
    late = START + timedelta(days=30)
    rows = [awarded(), withdrawn(trainee_start_date=late, withdrawal_date=START + timedelta(days=100))]
    assert ask(KPI, [outcome()], trainees=rows).rate("outcome_rate") == (0, 1)


def test_the_state_decides_between_award_and_withdrawal_and_a_trainee_counts_once() -> None:
    rows = [
        awarded(withdrawal_date=date(2025, 3, 3), withdrawal_reasons=["family_problems"]),
        withdrawn(awarded_on=date(2025, 7, 10)),
        withdrawn(awarded_on=date(2025, 7, 10), withdrawal_date=START),
    ]
    assert ask(KPI, [outcome()], trainees=rows).rate("outcome_rate") == (1, 2)


def test_a_withdrawal_after_the_day_is_undone() -> None:
    rows = [awarded(), withdrawn(awarded_on=date(2025, 7, 10), withdrawal_date=date(2026, 7, 1))]
    assert ask(KPI, [outcome()], trainees=rows).rate("outcome_rate") == (0, 2)
    early = withdrawn(itt_start_date=COHORT_START, withdrawal_date=date(2026, 6, 30))
    late = withdrawn(itt_start_date=COHORT_START, withdrawal_date=date(2026, 7, 1))
    assert ask(KPI, [cohort()], trainees=[early, late]).rate("cohort_rate") == (1, 2)


@pytest.mark.parametrize(
    ("route", "counted"),
    [
        ("iqts", True),
        ("hpitt_postgrad", True),
        ("teacher_degree_apprenticeship", True),
        ("12", True),
        ("02", True),
        ("2", True),
        ("15", True),
        ("school direct (salaried)", True),
        ("primary and secondary postgraduate fee funded", True),
        ("assessment_only", False),
        ("16", False),
        ("assessment only", False),
        ("early_years_undergrad", False),
        ("18", False),
        ("17", False),
        ("early years graduate entry", False),
    ],
)
def test_a_route_comes_as_id_code_or_label(route: str, counted: bool) -> None:
    figures = ask(KPI, [outcome()], trainees=[awarded(training_route=route)])
    assert figures.rate("outcome_rate") == (0, 1 if counted else 0)
    assert figures.categories("records_not_counted", "reason") == {}


def test_drafts_and_records_added_in_error_are_left_out_entirely() -> None:
    rows = [
        awarded(),
        trainee(state="draft", training_route=None),
        withdrawn("record_added_in_error"),
        withdrawn("record_added_in_error", withdrawal_date=date(2026, 7, 1), itt_start_date=COHORT_START),
        withdrawn("record_added_in_error", withdrawal_date=None, training_route="99"),
        withdrawn("record_added_in_error", "got_a_job"),
    ]
    figures = ask(KPI, [outcome(), cohort()], trainees=rows)
    assert figures.rate("outcome_rate") == (1, 2)
    assert figures.rate("cohort_rate") == (0, 0)
    assert groups(figures) == {"other": 1, "career_choice": 1}
    assert figures.categories("records_not_counted", "reason") == {}


def test_moves_are_in_no_rate_of_the_year_and_stay_at_risk_in_the_cohort() -> None:
    moved, transferred = "moved_to_different_itt_course", "transferred_to_another_provider"
    rows = [
        awarded(),
        withdrawn(),
        withdrawn(moved, "family_problems"),
        withdrawn(transferred, withdrawal_date=START + timedelta(days=5)),
        starter(),
        withdrawn(moved, itt_start_date=COHORT_START, withdrawal_date=date(2026, 1, 5)),
        withdrawn(itt_start_date=COHORT_START, withdrawal_date=COHORT_START + timedelta(days=1)),
    ]
    figures = ask(KPI, [outcome(), cohort()], trainees=rows)
    assert figures.rate("outcome_rate") == (1, 2)
    assert groups(figures) == {"personal_and_health": 1}
    assert figures.count("moved_withdrawals") == 2
    assert figures.rate("cohort_rate") == (1, 3)
    assert figures.count("moved_withdrawals_in_cohort") == 1
    worked(KPI, [outcome(), cohort()], figures)


@pytest.mark.parametrize(
    ("reason", "group"),
    [
        ("lack_of_progress_during_placements", "placement_and_school"),
        ("teaching_placement_problems", "placement_and_school"),
        ("unhappy_with_course_provider_or_employing_school", "placement_and_school"),
        ("not_meeting_qts_standards", "academic_progress"),
        ("death", "personal_and_health"),
        ("financial_reasons", "personal_and_health"),
        ("health_reasons", "personal_and_health"),
        ("gone_into_employment", "career_choice"),
        ("got_a_job", "career_choice"),
        ("safeguarding_concerns", "conduct_and_mandatory"),
        ("for_another_reason", "other"),
        ("had_to_withdraw_trainee_another_reason", "other"),
        ("unmapped", "other"),
        ("unknown", "not_given"),
    ],
)
def test_each_reason_has_its_coarse_group(reason: str, group: str) -> None:
    figures = ask(KPI, [outcome()], trainees=[withdrawn(reason)])
    assert groups(figures) == {group: 1}
    unmapped = figures.categories("records_with_assumption", "assumption")
    assert unmapped == ({"unmapped_reason": 1} if reason == "unmapped" else {})


def test_reasons_overlap_over_the_denominator_of_the_rate() -> None:
    rows = [
        awarded(),
        withdrawn("family_problems", "got_a_job", "financial_problems"),
        withdrawn(withdrawal_reasons=None),
        withdrawn(withdrawal_reasons=[]),
        withdrawn("death", withdrawal_date=START),
    ]
    figures = ask(KPI, [outcome()], trainees=rows)
    assert figures.rate("outcome_rate") == (3, 4)
    assert groups(figures) == {"personal_and_health": 1, "career_choice": 1, "not_given": 2}
    assert figures.rate("withdrawals_by_reason_group", "reason_group", "placement_and_school") == (0, 4)
    worked(KPI, [outcome()], figures)


def test_the_census_is_on_the_second_wednesday_of_october() -> None:
    census = {2022: date(2022, 10, 12), 2023: date(2023, 10, 11), 2024: date(2024, 10, 9), 2025: date(2025, 10, 8)}
    for period, on in census.items():
        rows = [starter(itt_start_date=on), starter(itt_start_date=on + timedelta(days=1))]
        assert ask(KPI, [cohort(date(period + 1, 6, 30), period)], trainees=rows).rate("cohort_rate") == (0, 1)


def test_before_the_census_those_who_have_started_are_at_risk() -> None:
    points = [cohort(day, current=False) for day in (date(2025, 8, 31), date(2025, 9, 30), date(2025, 10, 31))]
    rows = [
        starter(itt_start_date=date(2025, 7, 31)),
        starter(itt_start_date=date(2025, 8, 31)),
        withdrawn(itt_start_date=date(2025, 9, 1), withdrawal_date=date(2025, 9, 30)),
        starter(itt_start_date=date(2025, 10, 8)),
        starter(itt_start_date=date(2025, 10, 9)),
    ]
    figures = ask(KPI, points, trainees=rows)
    assert [figures.rate("cohort_rate", as_of=row["as_of"]) for row in points] == [(0, 1), (1, 2), (1, 3)]


def test_a_deferred_trainee_who_returns_is_at_risk_and_has_not_withdrawn() -> None:
    rows = [
        starter(state="deferred", defer_date=date(2025, 12, 1)),
        starter(defer_date=date(2025, 12, 1), reinstate_date=date(2026, 4, 1)),
    ]
    figures = ask(KPI, [outcome(), cohort()], trainees=rows)
    assert figures.rate("cohort_rate") == (0, 2)
    assert figures.rate("outcome_rate") == (0, 0)


def test_records_that_cannot_be_counted_are_shown_by_the_first_reason_that_holds() -> None:
    points = [outcome(2023, date(2025, 6, 30), current=False), outcome(), cohort()]
    rows = [
        awarded(training_route="99"),
        awarded(training_route=None, awarded_on=None),
        withdrawn(withdrawal_date=None),
        withdrawn(withdrawal_date=None, itt_start_date=COHORT_START),
        awarded(awarded_on=None),
        trainee(itt_start_date=None),
        withdrawn(itt_start_date=None),
        awarded(itt_start_date=None),
        awarded(training_route="early_years_postgrad", awarded_on=None),
    ]
    figures = ask(KPI, points, trainees=rows)
    assert figures.categories("records_not_counted", "reason", period=2024) == {
        "unmapped_route": 2,
        "withdrawal_without_date": 2,
        "award_without_date": 1,
        "no_start_date": 2,
    }
    assert figures.rate("outcome_rate", period=2024) == (0, 1)
    assert figures.rate("cohort_rate") == (0, 0)
    worked(KPI, points, ask(KPI, points, trainees=[*rows, starter()]))


def provider(code: str, ukprn: str, region: str | None, cycle: int = 2024, **columns: Any) -> Row:
    return {
        "code": code,
        "ukprn": ukprn,
        "region_code": region,
        "recruitment_cycle_year": cycle,
        "accredited_body": True,
        **columns,
    }


@pytest.mark.parametrize(
    ("providers", "region"),
    [
        ([("A", "london", 2024, {})], "E12000007"),
        ([("A", "london", 2024, {}), ("A", "north_east", 2026, {})], "E12000007"),
        ([("A", "london", 2023, {}), ("A", "north_east", 2026, {})], "E12000001"),
        ([("A", "london", 2024, {}), ("B", "north_east", 2024, {"accredited_body": False})], "E12000007"),
        (
            [("A", "london", 2024, {"discarded_on": DAY}), ("B", "eastern", 2024, {"accredited_body": False})],
            "E12000006",
        ),
        (
            [
                ("A", "london", 2024, {"discarded_on": date(2026, 7, 1)}),
                ("B", "eastern", 2024, {"accredited_body": False}),
            ],
            "E12000007",
        ),
        ([("A", "london", 2024, {"discarded_on": DAY})], "E12000007"),
        ([("A", "london", 2024, {}), ("B", "london", 2024, {})], "E12000007"),
        ([("A", "london", 2024, {}), ("B", "eastern", 2024, {})], "not_available"),
        ([("A", "no_region", 2024, {})], "not_available"),
        ([("A", "wales", 2024, {})], "not_available"),
        ([], "not_available"),
    ],
)
def test_the_region_is_the_training_providers_by_ukprn(
    providers: list[tuple[str, str, int, dict[str, Any]]], region: str
) -> None:
    rows = [provider(code, "10000001", place, cycle, **more) for code, place, cycle, more in providers]
    figures = ask(KPI, [outcome()], trainees=[awarded(), withdrawn()], providers=rows)
    assert figures.rate("outcome_rate", "region", region) == (1, 2)
    assert figures.categories("outcome_rate", "region") == {region: 1}


def test_regions_add_up_to_the_total_with_a_part_that_is_not_available() -> None:
    rows = [
        withdrawn(ukprn="10000001"),
        awarded(ukprn="10000002"),
        awarded(ukprn="10000003"),
        withdrawn(ukprn="10000004"),
        awarded(ukprn=None),
    ]
    providers = [
        provider("A", "10000001", "london"),
        provider("B", "10000002", "london"),
        provider("C", "10000003", None),
    ]
    figures = ask(KPI, [outcome()], trainees=rows, providers=providers)
    assert figures.rate("outcome_rate", "region", "E12000007") == (1, 2)
    assert figures.rate("outcome_rate", "region", "not_available") == (1, 3)
    worked(KPI, [outcome(), cohort()], figures)


def test_each_earlier_year_stands_at_its_own_day() -> None:
    points = [
        outcome(2022, date(2024, 6, 30), current=False),
        outcome(2023, date(2025, 6, 30), current=False),
        outcome(),
    ]
    rows = [
        awarded(itt_start_date=date(2022, 9, 5), awarded_on=date(2023, 7, 1)),
        withdrawn(itt_start_date=date(2022, 9, 5), withdrawal_date=date(2023, 7, 1)),
        awarded(itt_start_date=date(2023, 9, 4), awarded_on=date(2024, 7, 1)),
    ]
    figures = ask(KPI, points, trainees=rows)
    assert [figures.rate("outcome_rate", period=period) for period in (2022, 2023, 2024)] == [(1, 2), (0, 1), (0, 0)]
    facts = [
        figures.of("facts_in_source", category="outcome", period=period)["numerator"] for period in (2022, 2023, 2024)
    ]
    assert facts == [2, 1, 0]
