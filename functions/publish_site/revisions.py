"""Revisions as the public reads them: what changed since the release before, why, and by how much."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from functions.publish_site import words
from functions.publish_site.figures import KpiFigures, shown
from functions.publish_site.words import SYMBOLS, Cell
from placements_kpi.results import Figure

if TYPE_CHECKING:
    from functions.publish_site.figures import Shown
    from placements_kpi.results import Protected, Revision
    from placements_kpi.results import Shown as Side

MOST_SHOWN = 6
"""National figures that the page shows for each reason, newest first; the JSON file has every one."""


@dataclass(frozen=True)
class Group:
    """The revisions with one reason: the sentence that opens them, the newest national ones, and the symbols used."""

    opening: str
    lines: tuple[str, ...]
    more: int
    key: tuple[tuple[str, str], ...]


def of_kpi(figures: KpiFigures, document: Protected) -> tuple[Revision, ...]:
    """Return the revisions of one KPI, in the order of the document."""
    return tuple(one for one in document.revisions if one.kpi == figures.kpi.id)


def groups(figures: KpiFigures, document: Protected) -> list[Group]:
    """Return the revisions of one KPI by reason; none where nothing was revised."""
    by_reason: dict[str, list[Revision]] = defaultdict(list)
    for one in of_kpi(figures, document):
        by_reason[one.reason].append(one)
    return [_group(figures, reason, found) for reason, found in by_reason.items()]


def cells(figures: KpiFigures, one: Revision, side: Side) -> Shown:
    """Return one side of a revision as the cells that every format shows."""
    figure = Figure(
        measure=one.measure,
        period=one.period,
        as_of=one.as_of,
        breakdown=one.breakdown,
        category=one.category,
        **side.model_dump(),
    )
    return shown(figures.measure(one.measure), figure)


def _group(figures: KpiFigures, reason: str, found: list[Revision]) -> Group:
    national = sorted((one for one in found if one.breakdown == "national"), key=lambda one: one.as_of, reverse=True)
    told = national[:MOST_SHOWN]
    sides = [(cells(figures, one, one.was), cells(figures, one, one.now)) for one in told]
    marks = {cell.mark for pair in sides for side in pair for cell in _used(side) if cell.number is None}
    changed = "1 figure" if len(found) == 1 else f"{len(found):,} figures"
    return Group(
        opening=f"{reason[0].upper()}{reason[1:]}: {changed} changed.",
        lines=tuple(
            f"{figures.measure(one.measure).title}, {words.day(one.as_of)}: {_text(was)} became {_text(now)}."
            for one, (was, now) in zip(told, sides, strict=True)
        ),
        more=len(found) - len(told),
        key=tuple((f"[{mark}]", meaning) for mark, meaning in SYMBOLS.items() if mark in marks),
    )


def _used(side: Shown) -> tuple[Cell, ...]:
    """Return the cells that the page says: a count alone, or a percentage and what it is of."""
    rate = side.value.percent and side.denominator.number is not None
    return (side.value, side.numerator, side.denominator) if rate else (side.value,)


def _text(side: Shown) -> str:
    used = [cell.text for cell in _used(side)]
    return used[0] if len(used) == 1 else f"{used[0]} ({used[1]} out of {used[2]})"
