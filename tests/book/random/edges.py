"""Days and instants on the edges where rules turn: the ends of periods and months, London midnights, clock changes."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from hypothesis import strategies as st

AS_OF_DAYS = tuple(
    date.fromisoformat(day)
    for day in (
        # Ordinary days, the ends of the academic years, 1 to 8 October, leap days, the year's end, the clock changes.
        "2025-07-14 2026-07-14 2025-07-31 2025-08-01 2025-08-31 2025-09-01 2025-09-30 2025-10-01 2025-10-07 2025-10-08 "
        "2025-10-09 2025-10-31 2024-02-28 2024-02-29 2025-02-28 2025-12-31 2026-01-01 2025-10-25 2025-10-26 2026-03-28 "
        "2026-03-29 2026-03-31 2026-09-15 2026-10-15 2026-11-30"
    ).split()
)
TIMES = (time(0, 0), time(0, 30), time(12, 0), time(22, 59, 59), time(23, 0), time(23, 30), time(23, 59, 59))


def as_of_days() -> st.SearchStrategy[date]:
    """As-of dates: mostly edges, some days between."""
    return st.one_of(st.sampled_from(AS_OF_DAYS), st.dates(date(2023, 11, 1), date(2026, 12, 31)))


def days_about(as_of: date, more: Sequence[date] = (), spread: int = 1) -> st.SearchStrategy[date]:
    """Days on and beside ``as_of``, the ends of its and the last three academic years and months, and ``more``."""
    turning = {as_of, as_of - timedelta(days=30), *more}
    for year in range(as_of.year - 3, as_of.year + 2):
        turning |= {date(year, 8, 1), date(year, 9, 1), date(year, 10, 8), date(year, 1, 1)}
        turning |= {_same_day(as_of, year)}
    turning |= {as_of.replace(day=1), (as_of.replace(day=1) - timedelta(days=1)).replace(day=1)}
    near = sorted({day + timedelta(days=by) for day in turning for by in range(-spread, spread + 1)})
    return st.sampled_from(near)


def instants_of(days: st.SearchStrategy[date]) -> st.SearchStrategy[datetime]:
    """Instants in UTC on those days, most of them close to London's midnight in winter or summer."""
    return st.builds(datetime.combine, days, st.sampled_from(TIMES))


def instants_about(as_of: date, more: Sequence[date] = ()) -> st.SearchStrategy[datetime]:
    """The same, on the days about ``as_of``."""
    return instants_of(days_about(as_of, more))


def instants_close_to(day: date) -> st.SearchStrategy[datetime]:
    """Instants in UTC on ``day`` and the days beside it, most of them close to London's midnight."""
    beside = [day + timedelta(days=by) for by in (-1, 0, 1)]
    return st.sampled_from([datetime.combine(one, at) for one in beside for at in TIMES])


def maybe(values: st.SearchStrategy[Any], often: int = 2) -> st.SearchStrategy[Any]:
    """One of ``values``, or null about once in ``often`` + 1 times."""
    return mostly(values, st.none(), times=often)


def mostly(usual: st.SearchStrategy[Any], *unusual: st.SearchStrategy[Any], times: int = 10) -> st.SearchStrategy[Any]:
    """The usual, ``times`` as often as each of the unusual: with dirt in every column no row would count."""
    # Not st.one_of: to it, the same strategy ten times over is that strategy once.
    return st.sampled_from([*[usual] * times, *unusual]).flatmap(lambda chosen: chosen)


def usually(ordinary: object, others: Sequence[object], times: int = 1) -> st.SearchStrategy[Any]:
    """``ordinary``, ``times`` times as often as all of ``others`` together."""
    return st.sampled_from((*([ordinary] * (times * len(others))), *others))


def _same_day(day: date, year: int) -> date:
    return date(year, day.month, 28 if (day.month, day.day) == (2, 29) else day.day)
