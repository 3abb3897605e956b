"""Every disagreement between query and book that was found and settled stays settled."""

import importlib
from pathlib import Path

import pytest

from tests.book import compare
from tests.book.drops import Drops
from tests.book.points import points_of

MODULES = sorted(path.stem for path in Path(__file__).parent.glob("found/*.py") if path.stem != "__init__")


def _found() -> list[tuple[str, str, Drops]]:
    return [
        (name.replace("_", "-"), sentence, world)
        for name in MODULES
        for sentence, world in importlib.import_module(f"tests.book.found.{name}").FOUND
    ]


@pytest.mark.parametrize(("kpi", "sentence", "world"), _found())
def test_what_was_once_settled_stays_settled(kpi: str, sentence: str, world: Drops) -> None:
    assert compare.differences(kpi, world, points_of(kpi, world.as_of)) == [], sentence
