"""The property: on any world, a KPI's query and the book's plain words come to the same, cell by cell.

``WORLDS=20000`` in the environment asks for more worlds than the ordinary run tries; ``SHRINK=0`` for the first world
found as it is, without the search for a smaller one.
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.book import compare
from tests.book.drops import Drops
from tests.book.points import points_of

WORLDS = int(os.environ.get("WORLDS", "25"))
PHASES = [Phase.generate] if os.environ.get("SHRINK") == "0" else [Phase.generate, Phase.shrink]


@pytest.mark.parametrize("kpi", compare.KPIS)
def test_the_query_and_the_book_agree_on_any_world(kpi: str) -> None:
    @settings(max_examples=WORLDS, deadline=None, suppress_health_check=list(HealthCheck), database=None, phases=PHASES)
    @given(compare.worlds(kpi))
    def agree(world: Drops) -> None:
        assert compare.differences(kpi, world, points_of(kpi, world.as_of)) == []

    agree()
