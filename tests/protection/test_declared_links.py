"""What is declared of counts about people holds in any world (publishing#links); what breaks it stops its KPI."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from functions.compute_kpis.answers.cells import FigureError, figures_of
from functions.compute_kpis.answers.queries import ResultRow
from functions.compute_kpis.catalogue.definitions import load_definitions
from functions.compute_kpis.catalogue.loading import load_kpi
from placements_kpi.results import Point
from tests.book import compare
from tests.book.engine import engine, point_rows
from tests.book.points import points_of
from tests.kpis.world import COMPUTE

if TYPE_CHECKING:
    from tests.book.drops import Drops

WORLDS = int(os.environ.get("WORLDS", "40"))


def refused(kpi: str, world: Drops) -> str | None:
    """Return why the figures of a world cannot be, if they cannot."""
    points = points_of(kpi, world.as_of)
    answers = engine(kpi).ask(world, points)
    rows = [ResultRow(**cell._asdict(), **answer._asdict()) for cell, answer in answers.items()]
    days = [row for row in point_rows(kpi, points) if row.pop("kpi") == kpi]
    try:
        figures_of(
            load_kpi(COMPUTE / "kpis" / kpi, load_definitions()),
            tuple(Point(**row, period_label=str(row["period"])) for row in days),
            rows,
            world.as_of,
        )
    except FigureError as error:
        return str(error)
    return None


@pytest.mark.parametrize("kpi", compare.KPIS)
def test_every_declared_link_holds_in_any_world(kpi: str) -> None:
    @settings(
        max_examples=WORLDS,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        derandomize=True,
        phases=[Phase.generate],
    )
    @given(compare.worlds(kpi))
    def look(world: Drops) -> None:
        found.add(refused(kpi, world))

    found: set[str | None] = set()
    look()
    assert found == {None}
