"""The only place that asks what time it is, and the only one that knows London.

UTC inside, Europe/London at the edges: "day" always means a London day.
"""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


def now() -> datetime:
    """Return the present instant in UTC.

    The local stack (``STAGE=local``) may set ``CLOCK`` to an ISO 8601 instant that stands
    for now, so that a demonstration is the same on every day; elsewhere it is ignored.
    """
    return clock_or(datetime.now(UTC))


def clock_or(instant: datetime) -> datetime:
    """Return the clock that the local stack has set, else ``instant``, which another clock than ours gave."""
    clock = os.environ.get("CLOCK")
    if clock and os.environ.get("STAGE") == "local":
        return datetime.fromisoformat(clock).astimezone(UTC)
    return instant


def today() -> date:
    """Return the present London day."""
    return london_day(now())


def yesterday() -> date:
    """Return the London day before the present one: the default as-of date."""
    return today() - timedelta(days=1)


def london_day(instant: datetime) -> date:
    """Return the London day of ``instant``; one without a zone is taken as UTC."""
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return aware.astimezone(LONDON).date()


def iso_instant(instant: datetime) -> str:
    """Return ``instant`` in UTC as ``YYYY-MM-DDTHH:MM:SSZ``."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
