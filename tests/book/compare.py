"""One KPI on the drops of one world, worked out by ingest and query and by the book, compared."""

import importlib
from collections.abc import Sequence
from pathlib import Path

from hypothesis import strategies as st

from tests.book.answers import disagreements
from tests.book.drops import Drops
from tests.book.engine import engine
from tests.book.kpis import second_opinion
from tests.book.points import Point
from tests.book.random.dirt import dirty
from tests.book.reading import read

KPIS = sorted(
    path.stem.replace("_", "-") for path in Path(__file__).parent.glob("kpis/*.py") if path.stem != "__init__"
)


def worlds(kpi: str) -> st.SearchStrategy[Drops]:
    """Return the random worlds of ``kpi``."""
    return dirty(importlib.import_module(f"tests.book.random.{kpi.replace('-', '_')}").worlds())


def differences(kpi: str, drops: Drops, points: Sequence[Point]) -> list[str]:
    """Return where ingest and query and the book disagree on ``drops``."""
    return disagreements(kpi, engine(kpi).ask(drops, points), second_opinion(kpi)(read(drops), points), points)
