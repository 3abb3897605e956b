"""The worked examples: what a person works out with pencil and paper is what the query and the book's words give."""

import pytest

from tests.book import compare
from tests.book.answers import disagreements
from tests.book.engine import engine
from tests.book.example import KPIS, drops_of, kpis_with_examples, read_example
from tests.book.kpis import second_opinion
from tests.book.points import points_of
from tests.book.reading import read

EXAMPLES = kpis_with_examples()


@pytest.mark.parametrize("kpi", EXAMPLES)
def test_the_query_gives_what_was_worked_out_by_hand(kpi: str) -> None:
    example = read_example(kpi)
    points = points_of(kpi, example.as_of)
    given = engine(kpi).ask(drops_of(kpi), points)
    assert disagreements(kpi, example.covered(given, points), example.answers, points) == []


@pytest.mark.parametrize("kpi", EXAMPLES)
def test_the_book_gives_what_was_worked_out_by_hand(kpi: str) -> None:
    example = read_example(kpi)
    points = points_of(kpi, example.as_of)
    given = second_opinion(kpi)(read(drops_of(kpi)), points)
    assert disagreements(kpi, example.covered(given, points), example.answers, points) == []


@pytest.mark.parametrize("kpi", EXAMPLES)
def test_the_query_and_the_book_agree_on_the_example_at_every_point(kpi: str) -> None:
    drops = drops_of(kpi)
    assert compare.differences(kpi, drops, points_of(kpi, drops.as_of)) == []


def test_every_kpi_has_a_worked_example_and_a_second_implementation() -> None:
    every = sorted(path.parent.name for path in KPIS.glob("*/query.sql"))
    assert every == EXAMPLES, "each KPI's folder needs an example.toml (docs/kpi-catalogue.md)"
    assert every == compare.KPIS, "each KPI needs a module in tests/book/kpis/ and one in tests/book/random/"
