"""The worked examples: what a person works out with pencil and paper is what the query and the book's words give."""

from pathlib import Path

import pytest

from tests.book import compare
from tests.book.answers import disagreements
from tests.book.engine import engine
from tests.book.example import KPIS, drops_of, kpis_with_examples, read_example
from tests.book.kpis import second_opinion
from tests.book.points import FAMILIES, Point, points_of
from tests.book.reading import read
from tests.book.service import reached
from tests.book.stops import SOURCES

EXAMPLES = kpis_with_examples()


def points_for(kpi: str) -> list[Point]:
    """Return the points that a run over the example would have."""
    drops = drops_of(kpi)
    return points_of(kpi, drops.as_of, reached(kpi, read(drops)))


@pytest.mark.parametrize("kpi", EXAMPLES)
def test_the_query_gives_what_was_worked_out_by_hand(kpi: str) -> None:
    example = read_example(kpi)
    points = points_for(kpi)
    given = engine(kpi).ask(drops_of(kpi), points)
    assert disagreements(kpi, example.covered(given, points), example.answers, points) == []


@pytest.mark.parametrize("kpi", EXAMPLES)
def test_the_book_gives_what_was_worked_out_by_hand(kpi: str) -> None:
    example = read_example(kpi)
    points = points_for(kpi)
    given = second_opinion(kpi)(read(drops_of(kpi)), points)
    assert disagreements(kpi, example.covered(given, points), example.answers, points) == []


@pytest.mark.parametrize("kpi", EXAMPLES)
def test_the_query_and_the_book_agree_on_the_example_at_every_point(kpi: str) -> None:
    assert compare.differences(kpi, drops_of(kpi), points_for(kpi)) == []


EVERY = sorted(path.parent.name for path in KPIS.glob("*/query.sql"))


@pytest.mark.parametrize("kpi", EVERY)
def test_a_kpi_has_all_that_belongs_to_one(kpi: str) -> None:
    files = [f"tests/book/{folder}/{kpi.replace('-', '_')}.py" for folder in ("kpis", "random")]
    missing = [file for file in (f"functions/compute_kpis/kpis/{kpi}/example.toml", *files) if not Path(file).is_file()]
    missing += ["tests/book/points.py, FAMILIES"] * (kpi not in FAMILIES)
    missing += ["tests/book/stops.py, SOURCES"] * (kpi not in SOURCES)
    sample = "".join(path.read_text(encoding="utf-8") for path in Path("local/sample").glob("*.py"))
    missing += ["local/sample/writing.py, answers"] * (f'"{kpi}"' not in sample)
    assert not missing, f"add {kpi} to {'; '.join(missing)} (docs/kpi-catalogue.md, A new KPI)"


def test_nothing_is_said_of_a_kpi_that_there_is_not() -> None:
    assert EVERY == EXAMPLES == compare.KPIS == sorted(FAMILIES) == sorted(SOURCES)
