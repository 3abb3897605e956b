"""A month end is counted once: what is said of people stays until the next, and then moves (publishing#month-ends)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from functions.compute_kpis.answers.month_ends import kept
from functions.compute_kpis.recompute import recompute
from placements_kpi.results import Family
from tests.compute import stack
from tests.compute.test_revisions import changed, protected, revisions
from tests.protection.test_guard import LARGE
from tests.protection.worlds import Person, results_of

if TYPE_CHECKING:
    from pathlib import Path

CANDIDATES = "candidate-rejections"


def put(day: date, rejected: int, *, number: int = 1) -> None:
    """Make a snapshot of Apply of this day current: 200 candidates, so many of them rejected."""
    rows = stack.choices(200, rejected, region="E12000001")
    stack.put_snapshot("apply", day, number=number, application_choices=rows)


def people(document: dict[str, Any]) -> dict[str, Any]:
    (kpi,) = [kpi for kpi in document["kpis"] if kpi["id"] == CANDIDATES]
    return dict(kpi)


@pytest.fixture
def first(aws: None, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The first release after the end of June; it is August by now."""
    monkeypatch.setenv("CLOCK", "2026-08-01T08:30:00+00:00")
    stack.put_world()
    put(date(2026, 7, 1), 80)
    return protected(stack.compute(as_of=date(2026, 7, 1))["release"])


def test_a_late_record_moves_no_figure_about_people_before_the_next_month_end(first: dict[str, Any]) -> None:
    put(date(2026, 7, 6), 103, number=2)
    summary = stack.compute(as_of=date(2026, 7, 6))
    later = protected(summary["release"])
    assert revisions(later, CANDIDATES) == []
    assert people(later) == people(first) | {"as_of": "2026-07-06"}
    assert people(later)["counted_on"] == "2026-07-01"
    assert recompute(stack.settings(), summary["release"], folder=stack.KPIS)["equal"]
    put(date(2026, 7, 31), 103, number=3)
    for source in ("register", "vacancies", "providers", "schools", "placements"):
        stack.put_snapshot(source, date(2026, 7, 31), number=3)
    next_month = protected(stack.compute(as_of=date(2026, 7, 31))["release"])
    assert people(next_month)["counted_on"] == "2026-07-31"
    assert {one["as_of"] for one in revisions(next_month, CANDIDATES)} >= {"2026-03-31", "2026-06-30"}


def test_the_same_run_again_is_the_same_release(first: dict[str, Any]) -> None:
    before = stack.objects("protected/", "results/", "current/", "ledger/")
    assert stack.compute(as_of=date(2026, 7, 1))["release"] == first["release"]
    assert stack.objects("protected/", "results/", "current/", "ledger/") == before


def test_a_month_end_that_the_source_had_not_reached_is_counted_once_more_when_it_does(aws: None) -> None:
    stack.put_world()
    counted = []
    for day, source_day, rejected in ((1, 28, 80), (3, 28, 80), (4, 34, 103), (6, 36, 125)):
        put(date.fromordinal(date(2026, 5, 31).toordinal() + source_day), rejected, number=day)
        document = protected(stack.compute(as_of=date(2026, 7, day))["release"])
        counted.append((people(document)["counted_on"], bool(revisions(document, CANDIDATES))))
    assert counted == [("2026-07-01", False), ("2026-07-01", False), ("2026-07-04", True), ("2026-07-04", False)]


def test_what_is_counted_in_another_way_is_counted_at_once(first: dict[str, Any], tmp_path: Path) -> None:
    put(date(2026, 7, 6), 103, number=2)
    folder = changed(CANDIDATES, tmp_path, ("rejected_on <= points.as_of", "rejected_on < points.as_of"))
    document = protected(stack.compute(folder, as_of=date(2026, 7, 6))["release"])
    assert people(document)["counted_on"] == "2026-07-06"
    assert revisions(document, CANDIDATES)


def test_beside_figures_of_every_day_those_about_people_stay() -> None:
    late = results_of([*LARGE, Person("north", 0, 0, frozenset({"place"}))], 0).kpis[0]
    (gone,) = [measure for measure in late.description.measures if measure.id == "gone"]
    description = late.description.model_copy(
        update={
            "measures": (
                gone,
                *(
                    measure.model_copy(update={"disclosure": "organisation"})
                    for measure in late.description.measures
                    if measure.id != "gone"
                ),
            ),
            "families": (Family(id="year", period="register_year", stands="day"),),
        }
    )
    late = late.model_copy(update={"description": description})
    earlier = results_of(LARGE, 0).kpis[0].model_copy(update={"description": description, "counted_on": late.as_of})
    now = kept(late, earlier)
    for figure, before, after in zip(now.figures, earlier.figures, late.figures, strict=True):
        assert figure == (before if figure.measure == "gone" else after)
    assert now.figures not in (earlier.figures, late.figures)
