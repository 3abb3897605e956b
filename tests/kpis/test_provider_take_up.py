"""KPI 5, take-up by providers: numbers#5-provider-take-up, in worlds small enough to count by hand."""

from datetime import date
from functools import partial
from typing import Any

import pytest

from tests.kpis.world import Figures, Row, ask, in_year, in_year_before, worked

KPI = "provider-take-up"
DAY = date(2026, 7, 14)
at, a_year_before = partial(in_year, KPI), partial(in_year_before, KPI)


def accredited(code: str, **columns: Any) -> Row:
    return _provider(code, accredited_body=True, provider_type="university", **columns)


def partner(code: str, **columns: Any) -> Row:
    return _provider(code, accredited_body=False, provider_type="lead_school", **columns)


def _provider(code: str, **columns: Any) -> Row:
    return {"code": code, "recruitment_cycle_year": 2025, "region_code": "london", **columns}


def course(provider: str, accredited_by: str | None = None, state: str | None = "published", year: int = 2025) -> Row:
    return {
        "provider_code": provider,
        "code": f"{provider}1",
        "accredited_body_code": accredited_by,
        "state": state,
        "recruitment_cycle_year": year,
    }


def used_by(code: str, *days: date, **columns: Any) -> Row:
    return {"provider_code": code, "sign_in_dates": list(days), **columns}


def headline(figures: Figures, day: date = DAY) -> tuple[int, int]:
    numerator, denominator = figures.rate("headline", as_of=day)
    return numerator, denominator


PAIR = {
    "providers": [accredited("A01"), partner("P01")],
    "courses": [course("A01"), course("P01", "A01")],
}


def test_the_headline_is_accredited_providers_and_delivery_partners_that_signed_in() -> None:
    figures = ask(KPI, [at()], **PAIR, provider_activity=[used_by("A01", date(2025, 9, 1)), used_by("P01")])
    assert headline(figures) == (1, 2)
    assert figures.rate("accredited") == (1, 1)
    assert figures.rate("delivery_partners") == (0, 1)
    assert figures.rate("headline", "role", "accredited") == (1, 1)
    assert figures.rate("headline", "role", "delivery_partner") == (0, 1)
    assert figures.rate("headline", "provider_type", "university") == (1, 1)
    assert figures.rate("headline", "region", "E12000007") == (1, 2)
    worked(KPI, [at()], figures)


def test_a_provider_with_an_empty_list_of_sign_in_dates_is_not_active() -> None:
    used = [used_by("A01", last_signed_in_on=date(2026, 5, 1))]
    assert headline(ask(KPI, [at()], **PAIR, provider_activity=used)) == (0, 2)


def test_the_last_sign_in_stands_in_where_there_is_no_list() -> None:
    used = [
        {"provider_code": "A01", "last_signed_in_on": date(2025, 9, 1)},
        {"provider_code": "P01", "last_signed_in_on": date(2025, 8, 31)},
    ]
    assert headline(ask(KPI, [at()], **PAIR, provider_activity=used)) == (1, 2)


def test_a_last_sign_in_after_the_day_is_not_counted_but_shown() -> None:
    used = [{"provider_code": "A01", "last_signed_in_on": date(2026, 7, 15)}]
    figures = ask(KPI, [at()], **PAIR, provider_activity=used)
    assert headline(figures) == (0, 2)
    assert figures.rate("active_in_last_30_days") == (0, 2)
    assert figures.categories("records_not_counted", "reason") == {"sign_in_after_day": 1}


def test_only_sign_ins_of_the_year_up_to_the_day_count() -> None:
    used = [used_by("A01", date(2025, 8, 31), date(2026, 7, 15)), used_by("P01", DAY)]
    assert headline(ask(KPI, [at()], **PAIR, provider_activity=used)) == (1, 2)


def test_a_provider_removed_on_the_day_does_not_use_the_service() -> None:
    used = [
        used_by("A01", date(2026, 1, 5), deleted_on=DAY),
        used_by("P01", date(2026, 1, 5), deleted_on=date(2026, 7, 15)),
    ]
    assert headline(ask(KPI, [at()], **PAIR, provider_activity=used)) == (1, 2)


@pytest.mark.parametrize(
    ("state", "runs"),
    [("published", 1), ("published_with_unpublished_changes", 1), (None, 1), ("withdrawn", 0), ("draft", 0)],
)
def test_a_course_runs_if_it_is_published_or_the_feed_gives_no_state(state: str | None, runs: int) -> None:
    figures = ask(
        KPI,
        [at()],
        providers=[accredited("A01"), accredited("A02")],
        courses=[course("A01"), course("A02", None, state)],
    )
    assert headline(figures) == (0, 1 + runs)


def test_an_accredited_provider_counts_if_it_only_accredits_a_running_course() -> None:
    figures = ask(KPI, [at()], **{**PAIR, "courses": [course("P01", "A01")]})
    assert figures.rate("accredited") == (0, 1)


def test_accrediting_a_course_that_does_not_run_is_not_enough() -> None:
    figures = ask(
        KPI,
        [at()],
        providers=[accredited("A01"), accredited("A02"), partner("P01")],
        courses=[course("A02"), course("P01", "A01", "withdrawn")],
    )
    assert headline(figures) == (0, 1)


@pytest.mark.parametrize("accredited_by", [None, "P01"])
def test_a_provider_without_accreditation_that_nobody_else_accredits_is_no_partner(accredited_by: str | None) -> None:
    figures = ask(KPI, [at()], **{**PAIR, "courses": [course("A01"), course("P01", accredited_by)]})
    assert headline(figures) == (0, 1)
    assert figures.rate("delivery_partners") == (0, 0)


def test_wales_scotland_the_departments_own_code_and_discarded_providers_are_left_out() -> None:
    codes = ["A01", "A02", "A03", "GP", "A04", "A05", "A06"]
    figures = ask(
        KPI,
        [at()],
        providers=[
            accredited("A01"),
            accredited("A02", region_code="wales"),
            accredited("A03", region_code="scotland"),
            accredited("GP"),
            accredited("A04", discarded_on=DAY),
            accredited("A05", discarded_on=date(2026, 7, 15)),
            accredited("A06", region_code="no_region"),
        ],
        courses=[course(code) for code in codes],
        provider_activity=[used_by(code, DAY) for code in [*codes, "X99"]],
    )
    assert headline(figures) == (3, 3)
    assert figures.categories("headline", "region") == {"E12000007": 2, "not_available": 1}
    assert figures.categories("records_not_counted", "reason") == {"not_in_sector": 4, "unknown_provider": 1}


def test_regional_codes_of_the_national_institute_of_teaching_are_one_provider() -> None:
    figures = ask(
        KPI,
        [at()],
        providers=[
            partner("1YF", region_code="north_east"),
            accredited("2N2", region_code="south_east"),
            partner("21J", region_code="north_west"),
        ],
        courses=[course("1YF", "2N2"), course("21J", "2N2")],
        provider_activity=[used_by("1YF", date(2026, 1, 5)), used_by("21J", DAY)],
    )
    assert headline(figures) == (1, 1)
    assert figures.categories("headline", "region") == {"E12000008": 1}
    assert figures.rate("accredited") == (1, 1)


def test_a_partner_accredited_through_a_regional_code_is_accredited_by_2n2() -> None:
    figures = ask(
        KPI,
        [at()],
        providers=[accredited("2N2"), partner("P01"), partner("1YF")],
        courses=[course("P01", "1YF"), course("1YF", "21J")],
    )
    assert figures.rate("accredited") == (0, 1)
    assert figures.rate("delivery_partners") == (0, 1)


def test_a_regional_code_that_another_regional_code_accredits_is_not_accredited_by_another() -> None:
    figures = ask(
        KPI, [at()], providers=[partner("2N2"), accredited("A01")], courses=[course("1YF", "21J"), course("A01")]
    )
    assert headline(figures) == (0, 1)


def test_the_first_regional_code_stands_in_where_2n2_is_missing() -> None:
    figures = ask(
        KPI,
        [at()],
        providers=[accredited("1GV", region_code="south_west"), accredited("21J", region_code="north_west")],
        courses=[course("1GV")],
    )
    assert headline(figures) == (0, 1)
    assert figures.rate("headline", "region", "E12000002") == (0, 1)


def test_the_cycle_is_the_one_with_the_years_number() -> None:
    points = [at(), a_year_before()]
    figures = ask(
        KPI,
        points,
        providers=[
            accredited("A01"),
            accredited("A01", recruitment_cycle_year=2024),
            accredited("A02", recruitment_cycle_year=2024),
        ],
        courses=[course("A01"), course("A01", year=2024), course("A02", year=2024)],
        provider_activity=[used_by("A01", DAY, date(2024, 10, 1))],
    )
    assert headline(figures) == (1, 1)
    assert headline(figures, date(2025, 7, 14)) == (1, 2)
    assert "headline" not in worked(KPI, points, figures).comparison


def test_a_cycle_that_publish_does_not_give_is_not_available_never_zero() -> None:
    points = [at(), a_year_before()]
    figures = ask(KPI, points, **PAIR, provider_activity=[used_by("A01", DAY, date(2024, 10, 1))])
    row = figures.of("headline", period=2024)
    assert (row["numerator"], row["denominator"], row["status"]) == (None, None, "not_available")
    assert "not available" in worked(KPI, points, figures).comparison["headline"]


@pytest.mark.parametrize(
    ("day", "recent"), [(date(2026, 6, 14), 0), (date(2026, 6, 15), 1), (DAY, 1), (date(2026, 7, 15), 0)]
)
def test_the_last_30_days_end_on_the_day(day: date, recent: int) -> None:
    figures = ask(KPI, [at()], **PAIR, provider_activity=[used_by("A01", day)])
    assert figures.rate("active_in_last_30_days") == (recent, 2)


def test_the_last_30_days_reach_across_1_september() -> None:
    day = date(2025, 9, 10)
    figures = ask(
        KPI,
        [at(day)],
        **PAIR,
        provider_activity=[
            used_by("A01", date(2025, 8, 20)),
            {"provider_code": "P01", "last_signed_in_on": date(2025, 8, 12)},
        ],
    )
    assert headline(figures, day) == (0, 2)
    assert figures.rate("active_in_last_30_days") == (2, 2)


def _used_without_lists(missing: int) -> tuple[list[Row], Figures]:
    codes = [f"A{number:02d}" for number in range(40)]
    points = [at(date(2025, 9, 30), current=False), at(), a_year_before()]
    figures = ask(
        KPI,
        points,
        providers=[accredited(code, recruitment_cycle_year=year) for code in codes for year in (2024, 2025)],
        courses=[course(code, year=year) for code in codes for year in (2024, 2025)],
        provider_activity=[
            {"provider_code": code, "last_signed_in_on": DAY}
            if number < missing
            else used_by(code, date(2024, 9, 2), date(2025, 9, 2))
            for number, code in enumerate(codes)
        ],
    )
    return points, figures


def test_earlier_points_stand_while_no_more_than_five_per_cent_lack_a_list() -> None:
    points, figures = _used_without_lists(2)
    assert headline(figures) == (40, 40)
    assert headline(figures, date(2025, 9, 30)) == (38, 40)
    assert "headline" not in worked(KPI, points, figures).comparison


def test_earlier_points_and_the_comparison_are_refused_above_five_per_cent() -> None:
    points, figures = _used_without_lists(3)
    assert headline(figures) == (40, 40)
    for measure in ("headline", "accredited", "delivery_partners", "active_in_last_30_days"):
        assert figures.of(measure, as_of=DAY)["status"] == "ok"
        assert figures.of(measure, as_of=date(2025, 9, 30))["status"] == "not_available"
        assert figures.of(measure, as_of=date(2025, 7, 14))["status"] == "not_available"
        assert "more than 5%" in worked(KPI, points, figures).comparison[measure]


def test_a_list_missing_from_a_provider_outside_the_sector_refuses_nothing() -> None:
    points = [at(date(2025, 9, 30), current=False), at()]
    used = [used_by("A01", date(2025, 9, 2)), {"provider_code": "X99", "last_signed_in_on": DAY}]
    figures = ask(KPI, points, **PAIR, provider_activity=used)
    assert headline(figures, date(2025, 9, 30)) == (1, 2)
    assert "comparison_refused" not in figures.measures()


def test_facts_in_source_are_sign_ins_of_the_year() -> None:
    figures = ask(
        KPI,
        [at(), a_year_before()],
        **PAIR,
        provider_activity=[
            used_by("A01", DAY, date(2025, 9, 1), date(2023, 9, 1)),
            {"provider_code": "P01", "last_signed_in_on": date(2026, 1, 5)},
        ],
    )
    assert figures.count("facts_in_source", period=2025) == 3
    assert figures.count("facts_in_source", period=2024) == 0
