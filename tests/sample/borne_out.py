"""The known answers of a sample against the second implementation of the book (tests/book), which reads its files.

The generator tallies what it decided, the book counts what it wrote. They share no code: agreement means that the
files hold what the answers say, figure by figure.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from local.known_answers import FILE, Expected, expected_of
from tests.book.answers import Answer, Cell
from tests.book.drops import FEEDS, Drops
from tests.book.kpis import second_opinion
from tests.book.points import FAMILIES, Point, points_of
from tests.book.reading import read

if TYPE_CHECKING:
    from tests.book.world import World

_SOURCE = {feed: source for source, feeds in FEEDS.items() for feed in feeds}
_TABLES = {
    "schools": "edubasealldata*.csv",
    "school_links": "links_edubasealldata*.csv",
    **{feed: f"{feed}.csv" for feed in FEEDS["service"]},
}


@dataclass(frozen=True)
class Written(Drops):
    """Drops that lie in a folder."""

    folder: Path = Path()

    def lines(self, feed: str) -> list[bytes]:
        """Return the lines of an NDJSON file."""
        (path,) = self.folder.glob(f"{_SOURCE[feed]}/dt=*/{feed}.ndjson.gz")
        return gzip.decompress(path.read_bytes()).splitlines()

    def table(self, feed: str) -> bytes:
        """Return a CSV file."""
        (path,) = self.folder.glob(f"{_SOURCE[feed]}/dt=*/{_TABLES[feed]}")
        return path.read_bytes()


class Sample:
    """A written sample: what it says of itself, and what the book makes of its files."""

    def __init__(self, folder: Path, as_of: date) -> None:
        self.world: World = read(Written(as_of, folder=folder))
        self.known = list(expected_of(json.loads((folder / FILE).read_text(encoding="utf-8"))))

    def differences(self, kpi: str, *, all_days: bool = True) -> tuple[int, list[str]]:
        """Return how many known figures of a KPI were looked at, and those that the book does not come to.

        Without ``all_days`` only the newest day is looked at and the one that it is compared with.
        """
        points = points_of(kpi, self.world.as_of)
        newest = {point.as_of for point in points if point.is_current}
        wanted = newest | {point.as_of for point in points if all_days or point.is_comparison}
        known = [one for one in self.known if one.kpi == kpi and _days(one, newest) <= wanted]
        days = set().union(*(_days(one, newest) for one in known))
        answers = second_opinion(kpi)(self.world, [point for point in points if point.as_of in days | newest])
        return len(known), list(_differences(known, answers, points, newest))


def kpis() -> Iterable[str]:
    """Return the KPIs that the book works out."""
    return FAMILIES


def _days(one: Expected, newest: set[date]) -> set[date]:
    return {date.fromisoformat(one.as_of)} if one.as_of else newest


def _differences(
    known: Iterable[Expected], answers: Mapping[Cell, Answer], points: Iterable[Point], newest: set[date]
) -> Iterable[str]:
    periods = sorted({(point.period, point.as_of) for point in points})
    for one in known:
        cells = [
            Cell(one.measure, period, day, one.breakdown, one.category)
            for period, day in periods
            if day in _days(one, newest)
        ]
        found = [answers[cell] for cell in cells if cell in answers]
        if not found and one.breakdown != "national":  # a category that is left out has nobody in it
            found = [Answer(0, None if one.denominator is None else 0)]
        if found != [Answer(one.numerator, one.denominator)]:
            yield f"{one}: {one.numerator} of {one.denominator} is known, the book has {found}"
