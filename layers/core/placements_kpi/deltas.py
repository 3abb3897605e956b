"""When an incremental source is pulled whole, and from when on otherwise.

A delta begins some time before the last run did, for clocks that differ and
transactions that were open then. It needs a last run that asked the same question, and
no more than a week without a full pull: a delta shows no row that was taken away (services#placements-of-a-trainee).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from placements_kpi import times

if TYPE_CHECKING:
    from collections.abc import Mapping

    from placements_kpi.sources import Request

OVERLAP = timedelta(hours=24)
FULL_PULL_AFTER = timedelta(days=7)


@dataclass(frozen=True)
class Pull:
    """What to ask for: everything, or what was updated since ``since`` (ISO 8601, UTC)."""

    started: datetime
    since: str | None
    facts: dict[str, Any]
    """For :attr:`Fetched.facts`: what the next pull has to know."""

    @property
    def kind(self) -> Literal["full", "delta"]:
        """Return what the rows are to the previous snapshot."""
        return "full" if self.since is None else "delta"

    def resumed(self, started: datetime) -> Pull:
        """Return this full pull as one that began earlier, in a run that was cut off."""
        began = times.iso_instant(started)
        return Pull(started, None, self.facts | {"watermark": began, "full_pull_at": began})


def begin(request: Request, question: Mapping[str, Any]) -> Pull:
    """Return the pull that ``request`` needs now; ``question`` is what else is asked (cycles), as JSON values."""
    started = times.now()
    facts = {
        "transport": "https",
        **question,
        "watermark": times.iso_instant(started),
        "full_pull_at": times.iso_instant(started),
        "requests": 0,
    }
    before = request.previous.facts if request.previous else {}
    asked_the_same = all(before.get(name) == value for name, value in {"transport": "https", **question}.items())
    if request.full or not asked_the_same:
        return Pull(started, None, facts)
    if started - datetime.fromisoformat(before["full_pull_at"]) >= FULL_PULL_AFTER:
        return Pull(started, None, facts)
    since = times.iso_instant(datetime.fromisoformat(before["watermark"]) - OVERLAP)
    return Pull(started, since, facts | {"full_pull_at": before["full_pull_at"], "since": since})
