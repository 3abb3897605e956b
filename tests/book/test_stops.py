"""Sources that are missing or late, the first day of a period, the calendar's end: what stops, and what is ``x``."""

import os
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.book import compare, stops
from tests.book.answers import Answer, described, disagreements
from tests.book.drops import Drops
from tests.book.outcomes import cells_of, worked_out
from tests.book.points import points_of
from tests.book.random.edges import usually

WORLDS = int(os.environ.get("WORLDS", "8"))


def differences(kpi: str, drops: Drops) -> list[str]:
    """Return where the result of a run differs from what the book says is shown, stops or is not available."""
    family_of = {measure["id"]: measure["family"] for measure in described(kpi)["measures"]}
    result, expected = worked_out(kpi, drops), stops.outcome(kpi, drops)
    if expected is None or result.state != "ok":
        return [] if (expected is None) == (result.state != "ok") else [f"{kpi}: {result.state}, {result.reason}"]
    shown = {(point.family, point.period, point.as_of) for point in result.points}
    if shown != {(point.family, point.period, point.as_of) for point in expected.points}:
        return [f"{kpi}: shown are {sorted(shown)}"]
    given = cells_of(result)
    ours = {
        cell: answer
        for cell, answer in expected.cells.items()
        if (family_of[cell.measure], cell.period, cell.as_of) in shown
    }
    for cell in {*given, *ours}:
        if expected.hides(cell, family_of[cell.measure]) and ours.get(cell, Answer(0)).status != "not_collected":
            ours[cell] = Answer(None, None, "not_available")
    return disagreements(kpi, given, ours, points_of(kpi, drops.as_of))


@st.composite
def _late(draw: st.DrawFn, kpi: str) -> Drops:
    drops = draw(compare.worlds(kpi))
    today, young, old = (drops.as_of - timedelta(days=by) for by in (0, stops.LONGEST, stops.LONGEST + 1))
    counted, *others = sorted(stops.sources_of(kpi), key=lambda source: source != stops.SOURCES[kpi][0])
    # Of what is counted mostly something is there: else nothing is shown at all.
    left_on = {counted: draw(usually(today, (today - timedelta(days=1), young, old, None), times=2))}
    return replace(drops, left_on=left_on | {one: draw(st.sampled_from((today, young, old, None))) for one in others})


@pytest.mark.parametrize("kpi", compare.KPIS)
def test_what_stops_and_what_is_not_available_is_what_the_book_says(kpi: str) -> None:
    @settings(max_examples=WORLDS, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(_late(kpi))
    def agree(drops: Drops) -> None:
        assert differences(kpi, drops) == []

    agree()
