"""One module a KPI, each with ``answers(world, points)``: the book's figures, worked out from validated rows."""

import importlib
from collections.abc import Callable, Sequence

from tests.book.answers import Answers
from tests.book.points import Point
from tests.book.world import World


def second_opinion(kpi: str) -> Callable[[World, Sequence[Point]], Answers]:
    """Return the plain implementation of ``kpi``."""
    module = importlib.import_module(f"tests.book.kpis.{kpi.replace('-', '_')}")
    answers: Callable[[World, Sequence[Point]], Answers] = module.answers
    return answers
