"""One KPI on one world, worked out by the query and by the book, compared."""

import importlib
from collections.abc import Sequence
from pathlib import Path

from hypothesis import strategies as st

from tests.book.answers import disagreements
from tests.book.engine import engine
from tests.book.kpis import second_opinion
from tests.book.points import Point
from tests.book.world import World

KPIS = sorted(
    path.stem.replace("_", "-") for path in Path(__file__).parent.glob("kpis/*.py") if path.stem != "__init__"
)


def worlds(kpi: str) -> st.SearchStrategy[World]:
    """Return the random worlds of ``kpi``."""
    module = importlib.import_module(f"tests.book.random.{kpi.replace('-', '_')}")
    found: st.SearchStrategy[World] = module.worlds()
    return found


def differences(kpi: str, world: World, points: Sequence[Point]) -> list[str]:
    """Return where the query and the book disagree on ``world``."""
    return disagreements(kpi, engine(kpi).ask(world, points), second_opinion(kpi)(world, points), points)
