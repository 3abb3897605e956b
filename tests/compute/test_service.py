"""The indicators of the service itself: they stand where their monthly source stands, and stop only themselves."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from functions.compute_kpis.catalogue import loading
from placements_kpi import months
from tests.compute import stack

pytestmark = pytest.mark.usefixtures("aws")

TAKE_UP = "digital-take-up"
SHARES = {"digital": 90, "assisted_digital": 5, "phone": 3, "email": 2}
NONE = dict.fromkeys((*SHARES, "paper"), 0)


def reported(first: date, last: date, without: tuple[date, str] | None = None) -> list[dict[str, Any]]:
    """Return a hundred transactions of *Find placement schools* in each month, but one row, and none of the pilot."""
    return [
        {"service": service, "channel": channel, "completed": completed, "month_ends_on": end}
        for end in months.ends(first, last)
        for service, shares in (("find_placement_schools", SHARES), ("manage_school_placements", NONE))
        for channel, completed in shares.items()
        if (end, channel) != without
    ]


def compute(folder: Path, rows: list[dict[str, Any]] | None) -> tuple[dict[str, Any], Any]:
    """Compute the KPIs of the tests and digital take-up; return the summary and the protected document."""
    stack.put_world()
    if rows is None:
        stack.client("s3").delete_object(Bucket=stack.BUCKET, Key="current/service.json")
    else:
        stack.put_snapshot("service", number=7, service_transactions=rows)
    summary = stack.compute(stack.catalogue_of(folder, loading.FOLDER / TAKE_UP))
    return summary, stack.get_json(f"protected/{summary['release']}/results.json")


def test_they_stand_at_the_newest_month_that_was_reported(tmp_path: Path) -> None:
    _, document = compute(tmp_path, reported(date(2025, 5, 31), date(2026, 5, 31)))
    before, figure = stack.figures(document, TAKE_UP)
    assert before["as_of"] == "2026-04-30"
    assert (figure["period"], figure["as_of"]) == (202605, "2026-05-31")
    assert (figure["numerator"], figure["denominator"], figure["finality"]) == (1_140, 1_200, "final")
    (facts,) = [source for source in document["sources"] if source["source"] == "service"]
    assert facts["reaches"] == {"service_transactions": "2026-05-31"}


def test_a_month_without_a_row_that_it_should_have_leaves_no_figure_and_is_not_made_up_for(tmp_path: Path) -> None:
    rows = reported(date(2025, 5, 31), date(2026, 5, 31), without=(date(2025, 5, 31), "email"))
    summary, document = compute(tmp_path, rows)
    assert summary["kpis"][TAKE_UP]["state"] == "ok"
    shown = {figure["as_of"]: (figure["symbol"], figure["value"]) for figure in stack.figures(document, TAKE_UP)}
    assert shown == {"2026-04-30": ("x", None), "2026-05-31": (None, 95.0)}


def test_a_release_without_the_source_has_all_others(tmp_path: Path) -> None:
    summary, document = compute(tmp_path, None)
    assert {kpi: facts["state"] for kpi, facts in summary["kpis"].items()} == {
        "candidate-rejections": "ok",
        "provider-visits": "ok",
        TAKE_UP: "none",
    }
    own = stack.kpi_of(document, TAKE_UP)
    assert own["reason"] == "School placements service team has not sent any data that could be used."
    assert summary["current"] is True


COST, SATISFACTION = "cost-per-transaction", "user-satisfaction"
LEVELS = ("very_satisfied", "satisfied", "neither", "dissatisfied", "very_dissatisfied")
FIND, MANAGE = "find_placement_schools", "manage_school_placements"


def compute_of(folder: Path, kpi: str, **tables: list[dict[str, Any]]) -> tuple[dict[str, Any], Any]:
    """Compute one KPI of the project over these tables; return the summary and the protected document."""
    stack.put_world()
    stack.put_snapshot("service", number=7, **tables)
    summary = stack.compute(stack.catalogue_of(folder, loading.FOLDER / kpi))
    return summary, stack.get_json(f"protected/{summary['release']}/results.json")


def costs(first: date, last: date) -> list[dict[str, Any]]:
    """Return £10.01 a month for staff of *Find placement schools* and nothing else."""
    return [
        {"service": service, "category": category, "pence": pence, "month_ends_on": end}
        for end in months.ends(first, last)
        for service in (FIND, MANAGE)
        for category, pence in (("staff", 1_001 * (service == FIND)), ("technology", 0), ("support", 0), ("other", 0))
    ]


def answered(first: date, last: date, **counts: int) -> list[dict[str, Any]]:
    """Return so many answers at each level in each month, of *Find placement schools* alone."""
    none = dict.fromkeys(LEVELS, 0)
    return [
        {"service": service, **none, **(counts if service == FIND else {}), "month_ends_on": end}
        for end in months.ends(first, last)
        for service in (FIND, MANAGE)
    ]


def test_a_cost_of_fewer_than_a_hundred_is_not_applicable_nor_compared(tmp_path: Path) -> None:
    first, last = date(2024, 4, 30), date(2026, 5, 31)
    rows = [
        row | {"completed": row["completed"] * (row["month_ends_on"] > date(2025, 5, 31))}
        for row in reported(first, last)
    ]
    rows[0]["completed"] = 99  # the first transactions of all
    rows += [
        {"service": MANAGE, "channel": "digital", "completed": 1, "month_ends_on": end}
        for end in months.ends(date(2024, 5, 31), date(2024, 5, 31))
    ]
    rows = list({(row["month_ends_on"], row["service"], row["channel"]): row for row in rows}.values())
    summary, document = compute_of(tmp_path, COST, service_transactions=rows, service_costs=costs(first, last))
    assert summary["kpis"][COST]["state"] == "ok"
    figures = {figure["as_of"]: figure for figure in stack.figures(document, COST)}
    few, many = figures["2025-05-31"], figures["2026-05-31"]
    assert (few["symbol"], few["value"]) == ("z", None)
    assert (many["numerator"], many["denominator"], many["value"]) == (12 * 1_001, 1_200, 0.1)
    reason = "there was too little to share the cost in the twelve months to 31 May 2025"
    assert stack.kpi_of(document, COST)["comparison"] == {"headline": reason}


def test_answers_are_rounded_and_the_score_is_made_of_what_is_shown(tmp_path: Path) -> None:
    first, last = date(2024, 4, 30), date(2026, 5, 31)
    counts = dict(zip(LEVELS, (23, 11, 4, 3, 2), strict=True))
    summary, document = compute_of(tmp_path, SATISFACTION, service_satisfaction=answered(first, last, **counts))
    assert summary["kpis"][SATISFACTION]["state"] == "ok"
    (newest,) = [point["as_of"] for point in stack.kpi_of(document, SATISFACTION)["points"] if point["is_current"]]
    shown = {
        (figure["measure"], figure["category"]): figure
        for figure in stack.kpi_of(document, SATISFACTION)["figures"]
        if figure["as_of"] == newest
    }
    levels = [shown["answers", level]["numerator"] for level in LEVELS]
    assert all(
        count % 5 == 0 and abs(count - 12 * true) < 5 for count, true in zip(levels, counts.values(), strict=True)
    )
    points, most = sum(worth * count for worth, count in zip((4, 3, 2, 1, 0), levels, strict=True)), 4 * sum(levels)
    score = shown["score", "Total"]
    assert (score["numerator"], score["denominator"]) == (points, most)
    assert score["value"] == round(100 * points / most + 1e-9, 1)
    headline = shown["headline", "Total"]
    assert (headline["numerator"], headline["denominator"]) == (sum(levels[:2]), sum(levels))
    exact = stack.get_json(f"results/{summary['run_id']}/results.json")
    (kpi,) = [one for one in exact["kpis"] if one["id"] == SATISFACTION]
    assert {figure["measure"] for figure in kpi["figures"]} == {"headline", "answers"}


def test_a_score_is_withheld_with_a_level(tmp_path: Path) -> None:
    first, last = date(2024, 4, 30), date(2026, 5, 31)
    few = answered(first, last, very_satisfied=20, satisfied=10, neither=5, dissatisfied=5)
    few[-2]["very_dissatisfied"] = 3
    _, document = compute_of(tmp_path, SATISFACTION, service_satisfaction=few)
    symbols = {
        (figure["measure"], figure["category"]): figure["symbol"]
        for figure in stack.kpi_of(document, SATISFACTION)["figures"]
        if figure["as_of"] == "2026-05-31"
    }
    assert symbols["answers", "very_dissatisfied"] == "c"
    assert symbols["score", "Total"] == "c"


def test_without_an_answer_satisfaction_and_score_are_not_applicable(tmp_path: Path) -> None:
    rows = answered(date(2024, 4, 30), date(2026, 5, 31))
    _, document = compute_of(tmp_path, SATISFACTION, service_satisfaction=rows)
    told = {
        figure["measure"]: (figure["symbol"], figure["numerator"])
        for figure in stack.kpi_of(document, SATISFACTION)["figures"]
        if figure["breakdown"] == "national"
    }
    assert told == {"headline": ("z", None), "score": ("z", None), "answers": (None, 0)}
