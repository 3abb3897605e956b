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
