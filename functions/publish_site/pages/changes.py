"""Revisions as the public reads them: what changed since the release before, why, and by how much."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from functions.publish_site import words
from functions.publish_site.figures import KpiFigures, revisions

if TYPE_CHECKING:
    from functions.publish_site.figures import Shown
    from functions.publish_site.words import Cell
    from placements_kpi.results import Protected, Revision

MOST_SHOWN = 6
"""National figures that the page shows for each reason, newest first; the JSON file has every one."""


@dataclass(frozen=True)
class Group:
    """The revisions with one reason: the sentence that opens them, and the newest national ones."""

    opening: str
    lines: tuple[str, ...]
    more: int


def groups(figures: KpiFigures, document: Protected) -> list[Group]:
    """Return the revisions of one KPI by reason; none where nothing was revised."""
    by_reason: dict[str, list[Revision]] = defaultdict(list)
    for one in revisions(figures, document):
        by_reason[one.reason].append(one)
    return [_group(figures, reason, found) for reason, found in by_reason.items()]


def _group(figures: KpiFigures, reason: str, found: list[Revision]) -> Group:
    national = sorted((one for one in found if one.breakdown == "national"), key=lambda one: one.as_of, reverse=True)
    told = national[:MOST_SHOWN]
    sides = [(figures.side(one, one.was), figures.side(one, one.now)) for one in told]
    changed = "1 figure" if len(found) == 1 else f"{len(found):,} figures"
    return Group(
        opening=f"{reason[0].upper()}{reason[1:]}: {changed} changed.",
        lines=tuple(
            f"{figures.measure(one.measure).title}, {words.day(one.as_of)}: {_text(was)} became {_text(now)}."
            for one, (was, now) in zip(told, sides, strict=True)
        ),
        more=len(found) - len(told),
    )


def _used(side: Shown) -> tuple[Cell, ...]:
    """Return the cells that the page says: a count alone, or a percentage and what it is of."""
    rate = side.value.percent and side.denominator.number is not None
    return (side.value, side.numerator, side.denominator) if rate else (side.value,)


def _text(side: Shown) -> str:
    used = [cell.text for cell in _used(side)]
    return used[0] if len(used) == 1 else f"{used[0]} ({used[1]} out of {used[2]})"
