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
    for revision in revisions(figures, document):
        by_reason[revision.reason].append(revision)
    return [_group(figures, reason, same_reason) for reason, same_reason in by_reason.items()]


def _group(figures: KpiFigures, reason: str, same_reason: list[Revision]) -> Group:
    national = sorted(
        (revision for revision in same_reason if revision.breakdown == "national"),
        key=lambda revision: revision.as_of,
        reverse=True,
    )
    told = national[:MOST_SHOWN]
    sides = [(figures.side(revision, revision.was), figures.side(revision, revision.now)) for revision in told]
    changed = "1 figure" if len(same_reason) == 1 else f"{len(same_reason):,} figures"
    return Group(
        opening=f"{reason[0].upper()}{reason[1:]}: {changed} changed.",
        lines=tuple(
            f"{figures.measure(revision.measure).title}, {words.day(revision.as_of)}: {_text(was)} became {_text(now)}."
            for revision, (was, now) in zip(told, sides, strict=True)
        ),
        more=len(same_reason) - len(told),
    )


def _used(side: Shown) -> tuple[Cell, ...]:
    """Return the cells that the page says: a number alone, or a percentage or cost of each and what it is of."""
    divided = side.value.number is not None and side.denominator.number is not None
    return (side.value, side.numerator, side.denominator) if divided else (side.value,)


def _text(side: Shown) -> str:
    used = [cell.text for cell in _used(side)]
    return used[0] if len(used) == 1 else f"{used[0]} ({used[1]} {'for' if side.value.pounds else 'out of'} {used[2]})"
