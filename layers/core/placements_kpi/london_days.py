"""London days of whole columns of instants: :func:`placements_kpi.times.london_day`, a batch at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa

from placements_kpi.times import LONDON

FIRST_YEAR, LAST_YEAR = 1900, 2100
"""Years that a date or an instant of a source may lie in; anything else is a wrong value."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400_000_000


def london_days(instants: pa.Array[Any]) -> pa.Array[Any]:
    """Return the London day of each instant: ``timestamp[us]`` in UTC (1900 to 2100) in, ``date32`` out, nulls kept."""
    micros = instants.cast(pa.int64()).fill_null(0).to_numpy()
    starts, offsets = _clock_changes()
    local = micros + offsets[np.searchsorted(starts, micros, side="right") - 1]
    days = np.floor_divide(local, _DAY).astype(np.int32)
    nulls = instants.is_null().to_numpy(zero_copy_only=False)
    return pa.array(days, pa.int32(), mask=nulls).cast(pa.date32())


@cache
def _clock_changes() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return when London's offset changed (microseconds since 1970) and the offset from then on (microseconds)."""
    step = timedelta(days=7)  # no two changes of the London clock were ever closer
    at = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC) - step
    end = datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC) + step
    starts, offsets = [_micros(at)], [_offset(at)]
    while at < end:
        if (offset := _offset(at + step)) != offsets[-1]:
            starts.append(_micros(_change_between(at, at + step)))
            offsets.append(offset)
        at += step
    return np.array(starts, np.int64), np.array(offsets, np.int64)


def _change_between(before: datetime, after: datetime) -> datetime:
    offset = _offset(before)
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if _offset(middle) == offset:
            before = middle
        else:
            after = middle
    return after


def _offset(instant: datetime) -> int:
    return (instant.astimezone(LONDON).utcoffset() or timedelta()) // timedelta(microseconds=1)


def _micros(instant: datetime) -> int:
    return (instant - _EPOCH) // timedelta(microseconds=1)
