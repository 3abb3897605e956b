"""KPI 1, placement rejections: numbers#1-placement-rejections, in worlds small enough to count by hand."""

from datetime import UTC, date, datetime
from itertools import count
from typing import Any

import pytest

from placements_kpi.times import london_day
from tests.kpis.world import Figures, Row, ask, point, worked

KPI = "placement-rejections"
DAY = date(2026, 6, 30)
CYCLES = {
    2020: (date(2019, 10, 13), date(2020, 10, 3)),
    2023: (date(2022, 10, 11), date(2023, 10, 2)),
    2024: (date(2023, 10, 10), date(2024, 9, 30)),
    2025: (date(2024, 10, 8), date(2025, 9, 30)),
    2026: (date(2025, 10, 8), date(2026, 9, 30)),
}

_number = count(1)


def at(day: date = DAY, cycle: int = 2026, *, current: bool = True) -> Row:
    opens, closes = CYCLES[cycle]
    return point(KPI, "cycle", cycle, day, period_start=opens, period_end=closes, current=current)


def choice(candidate: str | None, **columns: Any) -> Row:
    """Return a choice that waits for a decision, by a provider in London."""
    return {
        "id": str(next(_number)),
        "candidate_id": candidate,
        "recruitment_cycle_year": 2026,
        "status": "awaiting_provider_decision",
        "sent_to_provider_on": date(2025, 11, 3),
        "course_level": "secondary",
        "provider_region_code": "london",
        "hide_in_reporting": False,
        **columns,
    }


def rejection(candidate: str | None, *ids: str, **columns: Any) -> Row:
    return choice(
        candidate,
        **{
            "status": "rejected",
            "rejected_by_default": False,
            "rejected_on": date(2026, 1, 15),
            "rejection_reasons_type": "rejection_reasons",
            "rejection_reason_ids": list(ids),
            **columns,
        },
    )


def groups(figures: Figures, **day: Any) -> dict[str, int]:
    return figures.categories("candidates_by_reason_group", "reason_group", **day)


def test_a_candidate_with_four_choices_and_two_reasons_on_one_of_them_counts_once_in_each_group() -> None:
    rows = [
        choice("a"),
        rejection("a", "school_placement.no_placements", "qualifications"),
        rejection("a", "school_placement.no_placements", "course_full"),
        rejection("a", "personal_statement"),
        rejection("b", "qualifications"),
    ]
    figures = ask(KPI, [at()], application_choices=rows)
    assert figures.rate("headline") == (1, 2)
    assert figures.rate("strict") == (1, 2)
    assert figures.rate("coverage") == (4, 4)
    assert figures.count("candidates_who_applied") == 2
    assert groups(figures) == {"placement": 1, "course_full": 1, "other": 2}
    assert figures.rate("candidates_by_reason_group", "reason_group", "other") == (2, 2)
    worked(KPI, [at()], figures)


@pytest.mark.parametrize(
    ("reason", "group"),
    [
        ("school_placement", "placement"),
        ("school_placement.no_suitable_placements", "placement"),
        ("school_placement.one_that_is_new", "placement"),
        ("no_placements", "placement"),
        ("r10", "placement"),
        ("course_full", "course_full"),
        ("course_full.salary_course_full", "course_full"),
        ("course_full_other", "course_full"),
        ("course_full_y_n", "course_full"),
        ("r08", "course_full"),
        ("r02", "other"),
        ("references", "other"),
        ("honesty_and_professionalism_y_n", "other"),
        ("no_maths_gcse", "other"),
        ("why_are_you_rejecting_this_application", "other"),
        ("interested_in_future_applications_y_n", "no_reason"),
        ("not_yet_invented", "unmapped"),
        ("not_yet_invented.course_full", "unmapped"),
    ],
)
def test_an_id_of_any_format_is_known_by_its_first_segment(reason: str, group: str) -> None:
    figures = ask(KPI, [at()], application_choices=[rejection("a", reason)])
    assert groups(figures) == {group: 1}
    assert figures.rate("coverage") == (0 if group in ("no_reason", "unmapped") else 1, 1)


def test_the_format_decides_before_the_ids() -> None:
    rows = [
        rejection("a", "course_full", rejection_reasons_type="rejection_reason"),
        rejection("b", rejection_reasons_type=None),
        rejection("c", rejection_reasons_type=None, rejection_reason_ids=None),
        rejection("d", "course_full", rejection_reasons_type=None),
    ]
    figures = ask(KPI, [at()], application_choices=rows)
    assert groups(figures) == {"unclassified_text": 1, "no_reason": 2, "course_full": 1}
    assert figures.rate("headline") == (1, 1)
    assert figures.rate("coverage") == (1, 4)


def test_an_unknown_id_beside_a_known_one_is_a_warning_and_takes_nothing_away() -> None:
    rows = [rejection("a", "course_full", "not_yet_invented"), rejection("b", "qualifications", "not_yet_invented")]
    figures = ask(KPI, [at()], application_choices=rows)
    assert groups(figures) == {"course_full": 1, "other": 1, "unmapped": 2}
    assert figures.of("candidates_by_reason_group", "reason_group", "unmapped")["denominator"] is None
    assert figures.rate("headline") == (1, 2)


def test_what_was_not_collected_is_never_zero() -> None:
    points = [at(date(2024, 6, 30), 2024, current=False), at(date(2025, 6, 30), 2025, current=False), at()]
    rows = [
        rejection(
            "a",
            "course_full",
            recruitment_cycle_year=cycle,
            sent_to_provider_on=date(cycle - 1, 11, 3),
            rejected_on=date(cycle, 1, 15),
        )
        for cycle in (2024, 2025, 2026)
    ]
    figures = ask(KPI, points, application_choices=rows)
    assert [figures.of("strict", period=cycle)["status"] for cycle in (2024, 2025, 2026)] == [
        "not_collected",
        "ok",
        "ok",
    ]
    assert figures.rate("strict", period=2025) == (0, 1)
    cells = {
        (group, cycle): figures.of("candidates_by_reason_group", "reason_group", group, period=cycle)["status"]
        for group in ("placement", "mentor", "course_full")
        for cycle in (2024, 2025, 2026)
    }
    assert {cell for cell, status in cells.items() if status == "not_collected"} == {
        ("placement", 2024),
        ("mentor", 2024),
        ("mentor", 2025),
        ("mentor", 2026),
    }
    made = worked(KPI, points, figures)
    assert {figure.value for figure in made.figures if figure.category == "mentor"} == {None}


def test_a_reason_counts_from_its_first_cycle_on() -> None:
    rows = [
        rejection(
            f"{cycle} {' '.join(ids)}",
            *ids,
            recruitment_cycle_year=cycle,
            sent_to_provider_on=date(cycle - 1, 11, 3),
            rejected_on=date(cycle, 1, 15),
        )
        for cycle in (2024, 2025)
        for ids in (("school_placement",), ("r10", "qualifications"), ("no_placements", "course_full"))
    ]
    points = [at(date(2024, 6, 30), 2024, current=False), at(date(2025, 6, 30), 2025, current=False), at()]
    figures = ask(KPI, points, application_choices=rows)
    assert groups(figures, period=2025) == {"placement": 3, "course_full": 1}
    assert (figures.rate("headline", period=2025), figures.rate("coverage", period=2025)) == ((3, 3), (3, 3))
    # Neither in the headline nor among the reasons that can be read; nor is it true that no reason was given.
    assert groups(figures, period=2024) == {"course_full": 1, "other": 1}
    assert (figures.rate("headline", period=2024), figures.rate("coverage", period=2024)) == ((1, 2), (2, 3))


def test_a_reason_about_mentors_is_taken_up_by_definitions_alone() -> None:
    definitions = [
        {"list": "rejection_reason_group_of_id", "code": "no_mentor", "value": "mentor"},
        {"list": "rejection_reason_first_cycle", "code": "mentor", "value": "2026"},
    ]
    points = [at(date(2025, 6, 30), 2025, current=False), at()]
    rows = [rejection("a", "no_mentor"), rejection("b", "qualifications")]
    figures = ask(KPI, points, application_choices=rows, definitions=definitions)
    assert figures.rate("strict", period=2026) == (1, 2)
    assert figures.rate("headline", period=2026) == (1, 2)
    assert groups(figures, period=2026) == {"mentor": 1, "other": 1}
    mentor = figures.of("candidates_by_reason_group", "reason_group", "mentor", period=2025)
    assert mentor["status"] == "not_collected"


def test_before_the_list_of_reasons_there_is_no_rate_but_there_are_candidates() -> None:
    day = date(2020, 6, 30)
    rows = [
        rejection(
            "a",
            rejection_reasons_type="rejection_reason",
            recruitment_cycle_year=2020,
            sent_to_provider_on=date(2019, 12, 1),
            rejected_on=date(2020, 1, 15),
        )
    ]
    figures = ask(KPI, [at(day, 2020)], application_choices=rows)
    for measure in ("headline", "strict", "coverage", "turned_away"):
        assert figures.of(measure)["status"] == "not_collected"
    assert figures.count("candidates_who_applied") == 1
    assert groups(figures) == {"unclassified_text": 1}


def test_a_rejection_reversed_to_an_offer_disappears() -> None:
    rows = [rejection("a", "course_full", status="offer")]
    figures = ask(KPI, [at()], application_choices=rows)
    assert figures.rate("headline") == (0, 0)
    assert figures.count("candidates_who_applied") == 1


@pytest.mark.parametrize("status", ["offer_withdrawn", "declined", "withdrawn", "conditions_not_met", "inactive"])
def test_no_other_status_is_a_rejection(status: str) -> None:
    figures = ask(KPI, [at()], application_choices=[rejection("a", "course_full", status=status)])
    assert figures.rate("coverage") == (0, 0)
    assert figures.count("rejected_by_default") == 0


def test_a_rejection_counts_from_its_london_day() -> None:
    july = london_day(datetime(2026, 6, 30, 23, 30, tzinfo=UTC))
    january = london_day(datetime(2026, 1, 31, 23, 30, tzinfo=UTC))
    points = [at(date(2026, 1, 31), current=False), at()]
    rows = [rejection("a", "course_full", rejected_on=july), rejection("b", "course_full", rejected_on=january)]
    figures = ask(KPI, points, application_choices=rows)
    assert july == date(2026, 7, 1)
    assert figures.rate("headline", as_of=date(2026, 1, 31)) == (1, 1)
    assert figures.rate("headline", as_of=DAY) == (1, 1)


def test_a_choice_counts_from_the_day_it_was_sent() -> None:
    points = [at(date(2026, 4, 30), current=False), at(date(2026, 5, 31), current=False), at()]
    rows = [
        choice("a", sent_to_provider_on=date(2026, 5, 31)),
        rejection("b", "course_full", sent_to_provider_on=date(2026, 5, 31), rejected_on=date(2026, 5, 31)),
        choice("c", sent_to_provider_on=date(2026, 7, 1)),
        choice("d", sent_to_provider_on=None, status="unsubmitted"),
    ]
    figures = ask(KPI, points, application_choices=rows)
    assert [figures.count("candidates_who_applied", as_of=row["as_of"]) for row in points] == [0, 2, 2]
    assert [figures.rate("headline", as_of=row["as_of"]) for row in points] == [(0, 0), (1, 1), (1, 1)]


def test_rejections_for_capacity_are_applications_and_add_up_by_region() -> None:
    rows = [
        rejection("a", "course_full", "qualifications"),
        rejection("a", "school_placement.no_placements"),
        rejection("a", "course_full", provider_region_code="north_east"),
        rejection("a", "personal_statement", provider_region_code="north_east"),
        rejection("b", "course_full", provider_region_code="wales"),
        rejection("b", "course_full", rejected_on=date(2026, 7, 1)),
        rejection("c", "course_full", rejected_by_default=True),
        rejection("c", rejection_reasons_type="rejection_reason"),
        rejection("c"),
        rejection(None, "course_full"),
        rejection("d", "course_full", rejected_on=None),
        rejection("e", "course_full", recruitment_cycle_year=2025),
    ]
    points = [at(), at(cycle=2020, day=date(2020, 6, 30), current=False)]
    figures = ask(KPI, points, application_choices=rows)
    assert figures.rate("rejections_for_capacity", as_of=DAY) == (4, 5)
    parts = {
        code: figures.rate("rejections_for_capacity", "region", code, as_of=DAY)
        for code in ("E12000007", "E12000001", "not_available")
    }
    assert parts == {"E12000007": (2, 2), "E12000001": (1, 2), "not_available": (1, 1)}
    assert figures.rate("coverage", as_of=DAY) == (5, 7)
    assert figures.rate("headline", as_of=DAY) == (2, 2)
    assert figures.of("rejections_for_capacity", as_of=date(2020, 6, 30))["status"] == "not_collected"
    worked(KPI, points, figures)


def test_a_candidate_hidden_on_any_row_of_any_cycle_is_left_out_entirely() -> None:
    rows = [
        rejection("a", "course_full"),
        choice("a", recruitment_cycle_year=2023, hide_in_reporting=True, course_level="further_education"),
        rejection("b", "course_full"),
        rejection("b", "qualifications", hide_in_reporting=None),
    ]
    figures = ask(KPI, [at()], application_choices=rows)
    assert figures.count("candidates_who_applied") == 1
    assert figures.rate("coverage") == (2, 2)
    assert figures.count("facts_in_source") == 1


def test_further_education_is_left_out_and_a_level_that_is_not_given_is_not() -> None:
    rows = [
        rejection("a", "course_full", course_level="further_education"),
        rejection("b", "course_full", course_level=None),
    ]
    assert ask(KPI, [at()], application_choices=rows).rate("headline") == (1, 1)


def test_automatic_rejections_are_counted_apart() -> None:
    rows = [
        rejection("a", rejected_by_default=True, rejection_reasons_type=None),
        rejection("a", "course_full", rejected_by_default=True),
        rejection("b", "qualifications", rejected_by_default=None),
        rejection("c", rejected_by_default=True, rejected_on=date(2026, 7, 1)),
    ]
    figures = ask(KPI, [at()], application_choices=rows)
    assert figures.count("rejected_by_default") == 1
    assert figures.rate("headline") == (0, 1)
    assert groups(figures) == {"other": 1}


def test_turned_away_are_those_with_no_choice_that_leads_to_a_place() -> None:
    rows = [
        *(rejection(candidate, "course_full") for candidate in "abcdef"),
        choice("a", status="offer"),
        choice("b", status="pending_conditions"),
        choice("c", status="recruited"),
        choice("d", status="offer_deferred"),
        choice("e", status="declined"),
        choice("e", status="recruited", recruitment_cycle_year=2025),
        choice("f", status="offer", course_level="further_education"),
        rejection("g", "qualifications"),
    ]
    points = [at(date(2026, 5, 31), current=False), at()]
    figures = ask(KPI, points, application_choices=rows)
    assert figures.rate("turned_away", as_of=DAY) == (2, 6)
    shown = worked(KPI, points, figures).figures
    assert [figure.as_of for figure in shown if figure.measure == "turned_away"] == [DAY]


def test_regions_overlap_and_both_parts_are_within_the_region() -> None:
    rows = [
        rejection("a", "course_full", provider_region_code="london"),
        rejection("a", "qualifications", provider_region_code="eastern"),
        rejection("b", "course_full", provider_region_code="yorkshire_and_the_humber"),
        rejection("c", "course_full", provider_region_code="wales"),
        rejection("d", "qualifications", provider_region_code=None),
        rejection("e", provider_region_code="north_east"),
    ]
    figures = ask(KPI, [at()], application_choices=rows)
    cells = {
        row["category"]: (row["numerator"], row["denominator"])
        for row in figures.rows
        if row["breakdown"] == "region" and row["denominator"] > 0
    }
    assert cells == {
        "E12000007": (1, 1),
        "E12000006": (0, 1),
        "E12000003": (1, 1),
        "not_available": (1, 2),
    }
    assert figures.rate("headline") == (3, 4)
    worked(KPI, [at()], figures)


def test_records_without_a_date_are_not_counted_but_shown() -> None:
    points = [at(date(2026, 5, 31), current=False), at()]
    rows = [
        rejection("a", "course_full", rejected_on=None),
        rejection("b", rejected_by_default=True, rejected_on=None),
        choice("c", sent_to_provider_on=None),
        choice("d", sent_to_provider_on=None, status="application_not_sent"),
        choice(None),
        choice(None, hide_in_reporting=True, recruitment_cycle_year=2023),
        rejection("e", rejected_on=None, sent_to_provider_on=date(2026, 7, 1)),
        rejection("f", rejected_on=None, hide_in_reporting=True),
        rejection("g", rejected_on=None, recruitment_cycle_year=2025),
    ]
    figures = ask(KPI, points, application_choices=rows)
    assert figures.categories("records_not_counted", "reason") == {
        "rejection_without_date": 1,
        "default_rejection_without_date": 1,
        "sent_without_date": 1,
        "no_candidate": 1,
    }
    assert figures.rate("coverage", as_of=DAY) == (0, 0)
    assert figures.count("candidates_who_applied", as_of=DAY) == 2


def test_a_day_in_october_before_the_next_cycle_opens_still_counts_the_cycle_just_closed() -> None:
    day = date(2025, 9, 30)
    rows = [
        rejection("a", "course_full", recruitment_cycle_year=2025, rejected_on=day, sent_to_provider_on=day),
        rejection("b", "course_full", sent_to_provider_on=day, rejected_on=day),
    ]
    figures = ask(KPI, [at(day, 2025)], application_choices=rows)
    assert figures.rate("headline") == (1, 1)


def test_a_cycle_without_records_has_no_facts() -> None:
    points = [at(date(2025, 6, 30), 2025, current=False), at()]
    figures = ask(KPI, points, application_choices=[choice("a")])
    assert figures.count("facts_in_source", period=2025) == 0
    assert figures.count("facts_in_source", period=2026) == 1
