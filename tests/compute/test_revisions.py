"""Revisions: what a release says otherwise than the one before it, why, and whether a figure is final."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from functions.compute_kpis.catalogue import definitions
from functions.compute_kpis.catalogue.definitions import Definitions, Entry
from functions.compute_kpis.recompute import recompute
from placements_kpi.finality import is_closed
from placements_kpi.results import Family, Point
from tests.compute import stack

PROVIDERS, CANDIDATES = "provider-visits", "candidate-rejections"
YESTERDAY = date(2026, 7, 13)
BEFORE = date(2026, 6, 29)
"""A day of the month end before: what is said of people moves once a month."""
LATE = stack.visits(A1=date(2026, 5, 1), A2=date(2026, 3, 31), B1=date(2025, 9, 2), B2=date(2025, 6, 1))
"""The world's activity with one sign-in more, of the last day of March, that arrived late."""
VERSION_2 = ('definition_version = "1"', 'definition_version = "2"')


def protected(release: str) -> dict[str, Any]:
    """Return a release as published."""
    return dict(stack.get_json(f"protected/{release}/results.json"))


def revisions(document: dict[str, Any], kpi: str = PROVIDERS, breakdown: str = "national") -> list[dict[str, Any]]:
    """Return the revisions of one KPI."""
    return [one for one in document["revisions"] if (one["kpi"], one["breakdown"]) == (kpi, breakdown)]


def changed(kpi: str, folder: Path, *replaced: tuple[str, str]) -> Path:
    """Return the KPIs of the tests with texts of one ``kpi.toml`` or ``query.sql`` replaced."""
    stack.catalogue_of(folder)
    places = [folder / kpi / name for name in ("kpi.toml", "query.sql")]
    texts = [place.read_text(encoding="utf-8") for place in places]
    for old, new in replaced:
        assert any(old in text for text in texts), old
        texts = [text.replace(old, new) for text in texts]
    for place, text in zip(places, texts, strict=True):
        place.write_text(text, encoding="utf-8")
    return folder


def replace_entry(monkeypatch: pytest.MonkeyPatch, name: str, code: str, value: str) -> None:
    """Change one entry of the definitions, as a new version of a file would."""
    real = definitions.load_definitions()
    entries = tuple(
        Entry(entry.list, entry.code, value) if (entry.list, entry.code) == (name, code) else entry
        for entry in real.entries
    )
    assert entries != real.entries
    monkeypatch.setattr(definitions, "load_definitions", lambda: Definitions(entries, real.dated))


@pytest.mark.usefixtures("aws")
class TestRun:
    """What a run finds when it compares itself with the release before it."""

    def test_first_release_has_nothing_to_compare_with(self) -> None:
        summary = stack.first_release()
        document = protected(summary["release"])
        assert (summary["compared_with"], summary["revisions"]) == (None, 0)
        assert (document["compared_with"], document["revisions"]) == (None, [])

    def test_row_that_arrives_late_revises_march_and_every_later_month_and_says_so(self) -> None:
        stack.first_release(YESTERDAY)
        stack.put_snapshot("placements", number=2, provider_activity=LATE)
        summary = stack.compute()
        found = revisions(protected(summary["release"]))
        assert [one["as_of"] for one in found] == ["2026-03-31", "2026-04-30", "2026-05-31", "2026-06-30"]
        assert found[0] == {
            "kpi": PROVIDERS,
            "measure": "headline",
            "period": 2025,
            "as_of": "2026-03-31",
            "breakdown": "national",
            "category": "Total",
            "was": {"numerator": 1, "denominator": 4, "value": 25.0, "symbol": None},
            "now": {"numerator": 2, "denominator": 4, "value": 50.0, "symbol": None},
            "reason": "restated from data of 14 July 2026 (School placements service)",
        }

    def test_only_the_parts_that_moved_are_revised(self) -> None:
        stack.first_release(YESTERDAY)
        stack.put_snapshot("placements", number=2, provider_activity=LATE)
        document = protected(stack.compute()["release"])
        assert {one["category"] for one in revisions(document, breakdown="initial")} == {"A"}
        assert revisions(document, CANDIDATES) == []

    def test_revised_figures_are_marked_and_the_others_are_provisional_or_final(self) -> None:
        stack.first_release(YESTERDAY)
        stack.put_snapshot("placements", number=2, provider_activity=LATE)
        document = protected(stack.compute()["release"])
        marks = {figure["as_of"]: figure["finality"] for figure in stack.figures(document, PROVIDERS)}
        assert marks["2025-08-31"] == "final"
        assert marks["2026-02-28"] == "provisional"
        assert marks["2026-03-31"] == marks["2026-06-30"] == "revised"
        assert marks["2026-07-14"] == "provisional", "the day of the run was never published before"

    def test_record_of_the_run_names_the_release_compared_with_and_counts_the_revisions(self) -> None:
        first = stack.first_release(YESTERDAY)
        stack.put_snapshot("placements", number=2, provider_activity=LATE)
        summary = stack.compute()
        record = stack.get_json(f"runs/compute_kpis/{summary['run_id']}.json")
        document = protected(summary["release"])
        assert record["compared_with"] == document["compared_with"] == first["release"] == "2026-07-13.1"
        assert record["revisions"] == summary["revisions"] == len(document["revisions"]) > 0

    def test_unchanged_run_has_no_revision(self) -> None:
        stack.first_release(YESTERDAY)
        summary = stack.compute()
        assert (summary["compared_with"], summary["revisions"]) == ("2026-07-13.1", 0)

    def test_run_repeated_with_the_same_data_is_the_same_release_with_the_same_revisions(self) -> None:
        stack.first_release(YESTERDAY)
        stack.put_snapshot("placements", number=2, provider_activity=LATE)
        first = stack.compute()
        before = stack.objects("protected/", "results/", "current/")
        second = stack.compute()
        assert (second["release"], second["revisions"]) == (first["release"], first["revisions"])
        assert second["compared_with"] == "2026-07-13.1", "not with itself, though it is current by now"
        assert stack.objects("protected/", "results/", "current/") == before

    def test_data_that_goes_back_to_what_it_was_is_a_new_release_that_revises_the_one_between(self) -> None:
        first = protected(stack.first_release()["release"])
        stack.put_snapshot("placements", number=2, provider_activity=LATE)
        stack.compute()
        stack.put_world()
        summary = stack.compute()
        assert (summary["release"], summary["compared_with"]) == ("2026-07-14.3", "2026-07-14.2")
        again = revisions(protected(summary["release"]))
        assert [one["as_of"] for one in again][-1] == "2026-07-14"
        assert again[0]["now"]["numerator"] == 1
        assert stack.numbers(stack.newest(protected("2026-07-14.3"), PROVIDERS)) == stack.numbers(
            stack.newest(first, PROVIDERS)
        )

    def test_counts_of_people_are_revised_as_they_were_published_and_are_published(self) -> None:
        stack.first_release(BEFORE)
        stack.put_snapshot(
            "apply",
            number=2,
            application_choices=[
                *stack.choices(100, 41, region="E12000001"),
                *stack.choices(40, 3, region="E12000002", first=100),
                *stack.choices(50, 20, cycle=2025, first=1000),
                *stack.choices(9, 9, region="E12000002", first=140),
            ],
        )
        document = protected(stack.compute()["release"])
        national = [one for one in revisions(document, CANDIDATES) if one["measure"] == "headline"]
        march = next(one for one in national if one["as_of"] == "2026-03-31")
        assert march["was"] == {"numerator": 45, "denominator": 140, "value": 32.0, "symbol": None}
        assert march["now"] == {"numerator": 50, "denominator": 150, "value": 33.0, "symbol": None}
        region = [one for one in revisions(document, CANDIDATES, "region") if one["as_of"] == "2026-03-31"]
        assert [(one["category"], one["was"]["symbol"]) for one in region] == [("E12000002", "c")]
        assert region[0]["now"]["numerator"] % 5 == 0
        # In February nobody was rejected yet, which tells of everybody: confidential before and after.
        assert [one for one in national if one["as_of"] == "2026-02-28"] == []

    def test_change_too_small_to_show_is_no_revision(self) -> None:
        stack.first_release(BEFORE)
        stack.put_snapshot(
            "apply",
            number=2,
            application_choices=[
                *stack.choices(100, 42, region="E12000001"),
                *stack.choices(40, 3, region="E12000002", first=100),
                *stack.choices(50, 20, cycle=2025, first=1000),
            ],
        )
        summary = stack.compute()
        assert summary["kpis"][CANDIDATES]["headline"]["numerator"] == 45, "one more than was counted"
        found = revisions(protected(summary["release"]), CANDIDATES)
        assert [one for one in found if one["measure"] == "headline"] == []

    def test_new_version_of_a_definition_is_named(self, tmp_path: Path) -> None:
        stack.first_release()
        folder = changed(PROVIDERS, tmp_path, VERSION_2, ("visited AS", "0 AS"))
        found = revisions(protected(stack.compute(folder)["release"]))
        assert {one["reason"] for one in found} == {"definition version changed from 1 to 2"}

    def test_new_version_and_new_data_are_both_named(self, tmp_path: Path) -> None:
        stack.first_release()
        stack.put_snapshot("placements", number=2, provider_activity=LATE)
        folder = changed(PROVIDERS, tmp_path, VERSION_2)
        found = revisions(protected(stack.compute(folder)["release"]))
        assert {one["reason"] for one in found} == {
            "definition version changed from 1 to 2; restated from data of 14 July 2026 (School placements service)"
        }

    def test_query_corrected_under_the_same_version_is_named(self, tmp_path: Path) -> None:
        stack.first_release()
        folder = changed(PROVIDERS, tmp_path, ("visited AS", "0 AS"))
        found = revisions(protected(stack.compute(folder)["release"]))
        assert {one["reason"] for one in found} == {"the way it is worked out was corrected"}

    def test_changed_calendar_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        stack.first_release()
        replace_entry(monkeypatch, "academic_year_opens", "placements_year", "09-03")
        found = revisions(protected(stack.compute()["release"]))
        assert {one["reason"] for one in found} == {"the calendar changed"}
        assert "2025-09-30" in {one["as_of"] for one in found}, "the sign-in of 2 September is of the year before now"

    def test_other_protection_of_the_same_data_is_named(self) -> None:
        stack.first_release()
        disclosure = stack.settings().disclosure.model_copy(update={"base": 10})
        stricter = stack.settings(disclosure=disclosure.model_dump_json())
        found = revisions(protected(stack.compute(settings=stricter)["release"]), CANDIDATES)
        assert {one["reason"] for one in found} == {"the protection of small numbers changed"}

    def test_day_before_the_current_one_is_compared_with_the_newest_release_of_its_own_day(self) -> None:
        first = stack.first_release(date(2026, 6, 30))
        stack.compute()
        stack.put_snapshot("placements", number=2, provider_activity=LATE)
        summary = stack.compute(as_of=date(2026, 6, 30))
        assert (summary["release"], summary["current"]) == ("2026-06-30.2", False)
        assert summary["compared_with"] == first["release"]
        assert [one["as_of"] for one in revisions(protected(summary["release"]))][-1] == "2026-06-30"

    def test_earlier_day_with_no_release_of_its_own_is_compared_with_nothing(self) -> None:
        stack.first_release()
        assert stack.compute(as_of=date(2026, 6, 30))["compared_with"] is None

    def test_release_that_cannot_be_read_does_not_keep_new_figures_back(self) -> None:
        stack.put_world()
        stack.put_json("protected/current.json", {"release": "2026-07-13.1"})
        summary = stack.compute()
        assert (summary["outcome"], summary["current"], summary["compared_with"]) == ("ok", True, None)

    def test_real_people_are_not_compared_with_invented_ones(self) -> None:
        stack.first_release()
        stack.put_world(invented=False)
        stack.put_snapshot("placements", number=2, provider_activity=LATE, invented=False)
        summary = stack.compute(settings=stack.settings(demonstration=False))
        assert (summary["release"], summary["compared_with"], summary["revisions"]) == ("2026-07-14.2", None, 0)

    def test_release_is_not_compared_with_one_that_waited_for_an_approval(self) -> None:
        stack.put_world(invented=False)
        limits = stack.settings().disclosure
        waiting = limits.model_copy(update={"approved_by": "not yet approved"}).model_dump_json()
        assert stack.compute(settings=stack.settings(demonstration=False, disclosure=waiting))["release"]
        stack.put_snapshot("placements", number=2, provider_activity=LATE, invented=False)
        summary = stack.compute(settings=stack.settings(demonstration=False))
        assert (summary["release"], summary["compared_with"], summary["revisions"]) == ("2026-07-14.2", None, 0)

    def test_release_with_revisions_is_recomputed_byte_for_byte_whatever_is_current_by_then(self) -> None:
        stack.first_release(YESTERDAY)
        stack.put_snapshot("placements", number=2, provider_activity=LATE)
        release = stack.compute()["release"]
        assert protected(release)["revisions"]
        stack.put_snapshot("placements", number=3, provider_activity=stack.visits(A1=None, Z1=stack.D))
        stack.compute()
        found = recompute(stack.settings(), release, folder=stack.KPIS)
        assert (found["equal"], found["compared_with"]) == (True, "2026-07-13.1")


# When a figure is final.


def point(opens: date, closes: date, as_of: date) -> Point:
    """Return a point of a period."""
    return Point(
        family="f",
        period=opens.year,
        period_label="",
        period_start=opens,
        period_end=closes,
        as_of=as_of,
        is_current=False,
        is_series=True,
        is_comparison=False,
    )


@pytest.mark.parametrize(
    ("as_of", "final"), [(date(2026, 8, 30), False), (date(2026, 8, 31), True), (date(2026, 9, 1), True)]
)
def test_figure_is_final_once_its_period_has_closed_at_the_end_of_the_closing_day(as_of: date, final: bool) -> None:
    year = Family(id="f", period="placements_year", stands="day")
    march = point(date(2025, 9, 1), date(2026, 8, 31), date(2026, 3, 31))
    assert is_closed(year, march, as_of) == final


@pytest.mark.parametrize(
    ("as_of", "final"), [(date(2026, 9, 29), False), (date(2026, 9, 30), True), (date(2026, 10, 15), True)]
)
def test_figure_about_people_waits_for_the_month_end_that_closes_its_period(as_of: date, final: bool) -> None:
    cycle = Family(id="f", period="recruitment_cycle", stands="month_end")
    closing = point(date(2025, 10, 1), date(2026, 9, 30), date(2026, 9, 30))
    assert is_closed(cycle, closing, as_of) == final
    early = point(date(2025, 10, 1), date(2026, 9, 15), date(2026, 8, 31))
    assert is_closed(cycle, early, date(2026, 9, 29)) is False, "the world is known to the end of August only"


@pytest.mark.parametrize(
    ("as_of", "final"),
    [(date(2025, 8, 31), False), (date(2026, 2, 28), False), (date(2026, 3, 1), True), (date(2026, 3, 31), True)],
)
def test_outcome_of_a_year_is_final_from_the_first_of_march_of_the_next_year(as_of: date, final: bool) -> None:
    outcome = Family(id="f", period="register_year", stands="month_end", series="yearly")
    year = point(date(2024, 8, 1), date(2025, 7, 31), date(2026, 2, 28))
    assert is_closed(outcome, year, as_of) == final
