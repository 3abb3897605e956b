"""Random months of the service: whole runs of months with holes, zeros and months too many."""

from datetime import date
from typing import Any

from hypothesis import strategies as st

from tests.book.drops import Drops
from tests.book.random.edges import as_of_days, usually
from tests.book.service import CHANNELS, COSTS, FIND, LEVELS, MANAGE, ONLINE

COUNTS = usually(3, (0, 1, 2, 7, 40))
POUNDS = usually("10.00", ("0.00", "0.01", "3.05", "250.50"))


def month_before(day: date, back: int) -> str:
    """Return the month so many before that of a day, as ``2026-06``; negative: after it."""
    year, month = divmod(day.year * 12 + day.month - 1 - back, 12)
    return f"{year}-{month + 1:02}"


@st.composite
def transactions(draw: st.DrawFn) -> Drops:
    """A world of transactions: the months of about one to four years to the as-of date, some of them not."""
    as_of = draw(as_of_days())
    months = draw(st.sampled_from((3, 12, 13, 14, 25, 38)))
    late = draw(st.sampled_from((-1, 0, 1, 1, 1, 2)))
    rows: list[dict[str, Any]] = []
    for back in range(late, months):
        for service in (FIND, MANAGE):
            for channel in CHANNELS[service]:
                completed = draw(COUNTS)
                started = completed + draw(usually(1, (0, 0, 2, -1))) if channel in ONLINE else None
                rows.append(
                    {
                        "month": month_before(as_of, back),
                        "service": service,
                        "channel": channel,
                        "started": None if started is None else max(started, 0),
                        "completed": completed,
                    }
                )
    for _ in range(draw(st.sampled_from((0, 0, 0, 1, 2)))):
        if rows:
            del rows[draw(st.integers(0, len(rows) - 1))]
    if rows and draw(st.sampled_from((False, False, True))):
        rows[draw(st.integers(0, len(rows) - 1))]["started"] = None
    return Drops(as_of, {"transactions": rows})


@st.composite
def with_costs(draw: st.DrawFn) -> Drops:
    """A world of transactions, and of costs that begin and end with them or a month before or after, some missing."""
    drops = draw(transactions())
    months = sorted({str(row["month"]) for row in drops.feeds["transactions"]})
    months = months[draw(st.sampled_from((0, 0, 0, 1))) :]
    months = months[: len(months) - draw(st.sampled_from((0, 0, 0, 1)))]
    rows = [
        {"month": month, "service": service, "category": category, "pounds": draw(POUNDS)}
        for month in months
        for service in (FIND, MANAGE)
        for category in COSTS[service]
    ]
    for _ in range(draw(st.sampled_from((0, 0, 0, 1)))):
        if rows:
            del rows[draw(st.integers(0, len(rows) - 1))]
    return Drops(drops.as_of, {**drops.feeds, "costs": rows})


@st.composite
def satisfaction(draw: st.DrawFn) -> Drops:
    """A world of answers: the months of about one to three years to the as-of date, some of them not."""
    as_of = draw(as_of_days())
    months = draw(st.sampled_from((3, 12, 13, 14, 25, 38)))
    late = draw(st.sampled_from((-1, 0, 1, 1, 1, 2)))
    rows = [
        {"month": month_before(as_of, back), "service": service, **{level: draw(COUNTS) for level in LEVELS}}
        for back in range(late, months)
        for service in (FIND, MANAGE)
    ]
    for _ in range(draw(st.sampled_from((0, 0, 0, 1, 2)))):
        if rows:
            del rows[draw(st.integers(0, len(rows) - 1))]
    return Drops(as_of, {"satisfaction": rows})
