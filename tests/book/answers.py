"""Answers: what a KPI comes to, cell by cell, and how two sets of them are compared."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from tests.book.points import Point


class Cell(NamedTuple):
    """Where a number stands. ``breakdown`` and ``category`` are ``national`` and ``Total`` for England."""

    measure: str
    period: int
    as_of: date
    breakdown: str = "national"
    category: str = "Total"


class Answer(NamedTuple):
    """A number out of another (null for a count), or why there is none: ``ok`` or another status."""

    numerator: int | None
    denominator: int | None = None
    status: str = "ok"


Answers = dict[Cell, Answer]

FACTS = "facts_in_source"
"""Internal measure: how many facts the source has of a period, on any day. Only whether there are any matters."""

REFUSED = "comparison_refused"
"""Internal measure, at the newest point: category = a measure that must not be compared with the year before."""


def disagreements(kpi: str, first: Answers, second: Answers, points: Sequence[Point]) -> list[str]:
    """Return where two sets of answers differ once both are read as the engine reads them; none is the wish.

    A category that is left out has nobody in it. Numbers beside a status other than ``ok`` mean nothing.
    A measure that is known at the newest point only, or was not collected yet, is not looked at elsewhere.
    """
    found = []
    one, other = _read(kpi, first, points), _read(kpi, second, points)
    for cell in sorted(one.keys() | other.keys(), key=str):
        ours, theirs = _or_nothing(cell, one), _or_nothing(cell, other)
        if ours != theirs:
            found.append(f"{' '.join(map(str, cell))}: {_say(ours)} against {_say(theirs)}")
    return found


def _read(kpi: str, answers: Answers, points: Sequence[Point]) -> Answers:
    measures = described(kpi)["measures"]
    current = {(point.family, point.period, point.as_of) for point in points if point.is_current}
    known = {measure["id"]: measure for measure in measures}
    read: Answers = {}
    for cell, answer in answers.items():
        if cell.measure == FACTS:
            place = Cell(FACTS, cell.period, date.min, cell.breakdown, cell.category)
            before = read.get(place, Answer(0))
            read[place] = Answer(max(before.numerator or 0, min(answer.numerator or 0, 1)))
            continue
        if cell.measure == REFUSED:
            if any(cell.as_of == day for _, _, day in current):
                read[cell] = Answer(min(answer.numerator or 0, 1))
            continue
        measure = known[cell.measure]
        if measure.get("first_period", 0) > cell.period:
            continue
        if measure.get("newest_only") and (measure["family"], cell.period, cell.as_of) not in current:
            continue
        read[cell] = answer if answer.status == "ok" else Answer(None, None, answer.status)
    return read


def _or_nothing(cell: Cell, answers: Answers) -> Answer:
    answer = answers.get(cell)
    if answer is None:
        national = answers.get(cell._replace(breakdown="national", category="Total"))
        status = national.status if national and cell.breakdown != "national" else "ok"
        answer = Answer(0, None, "ok") if status == "ok" else Answer(None, None, status)
    return answer if answer.denominator != 0 or answer.numerator else answer._replace(denominator=None)


def _say(answer: Answer) -> str:
    if answer.status != "ok":
        return answer.status
    return str(answer.numerator) if answer.denominator is None else f"{answer.numerator} of {answer.denominator}"


@cache
def described(kpi: str) -> dict[str, Any]:
    """Return what ``kpi.toml`` says: which measures there are, of which points."""
    path = Path("functions/compute_kpis/kpis") / kpi / "kpi.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def of_rows(kpi: str, rows: Iterable[Mapping[str, Any]]) -> Answers:
    """Return the rows that a query returned as answers; :class:`KeyError` for rows that would stop the KPI.

    These are a cell that is there twice, or has no category or no number, a national rate without a denominator,
    and rows that do not say which periods have facts.
    """
    rates = {measure["id"] for measure in described(kpi)["measures"] if measure["kind"] == "rate"}
    pairs = list(_pairs(rows))
    found = dict(pairs)
    if len(found) != len(pairs):
        raise KeyError("a cell was given twice")
    if not any(cell.measure == FACTS for cell in found):
        raise KeyError(f"there is no {FACTS}")
    for cell, answer in pairs:
        if cell.category is None:
            raise KeyError(f"{cell.measure} has a cell of no category")
        if answer.status == "ok" and answer.numerator is None:
            raise KeyError(f"{cell.measure} has no number")
        if (
            answer.status == "ok"
            and answer.denominator is None
            and cell[3:] == ("national", "Total")
            and cell[0] in rates
        ):
            raise KeyError(f"{cell.measure} is a rate of nothing")
    return found


def _pairs(rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Cell, Answer]]:
    for row in rows:
        cell = Cell(row["measure"], row["period"], row["as_of"], row["breakdown"], row["category"])
        yield cell, Answer(row["numerator"], row["denominator"], row["status"])
