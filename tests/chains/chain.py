"""A chain: one small world through the real pipeline, month after month, corrected as it goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tests.chains.pipeline import KEYS, opened
from tests.chains.records import World, days

if TYPE_CHECKING:
    from placements_kpi.results import Protected, Results

NEW_KEY, NEW_ROUNDING, ERASURE = 5, 7, 8
"""Months in which everybody is keyed anew, the key of rounding changes, and somebody is erased."""


@dataclass(frozen=True)
class Published:
    """One release of a chain: the page as it stood then, the document behind it, and what is true."""

    month: int
    first: bool
    """Whether it is the first after a month end."""
    release: str
    site: Path
    document: Protected
    truth: Results
    edits: tuple[str, ...]
    """What was corrected since the release before."""


def chain(seed: int, folder: Path, months: int = 12, base: int = 5) -> Iterator[Published]:
    """Yield the releases of some months, each after corrections; a release that is refused raises.

    ``base`` is that of rounding.
    """
    world = World(seed)
    with opened(world, folder, base) as pipeline:
        for month, day, first in days(months):
            edits = world.edit(month, day - timedelta(days=1)) if (month, first) != (0, True) else []
            if not first and month == ERASURE:
                edits.append(f"somebody is erased ({len(world.erased) + 1})")
                trn = world.erase()
                pipeline.ingest(day)
                pipeline.erase(trn)
            else:
                pipeline.ingest(day)
            if not first and month == NEW_KEY:
                edits.append("everybody is keyed anew")
                pipeline.rekey(KEYS[1])
            if first and month == NEW_ROUNDING:
                edits.append("the key of rounding is another one")
                pipeline.new_rounding_key("local-" + "klmnopqrst" * 4)
            release, document, truth, site = pipeline.release(day)
            yield Published(month, first, release, site, document, truth, tuple(edits))
