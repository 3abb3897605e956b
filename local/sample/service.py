"""The service team's monthly figures: transactions, answers to the feedback form, costs; and what follows from them.

Months run from July 2023 to P. *Find placement schools* is there all along, *Manage school placements* as a pilot from
May 2024 to October 2025, as the code lists have it (sources#monthly-figures).
"""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.sample.answers import figure
from local.sample.drops import Drop

if TYPE_CHECKING:
    from local.sample.days import Days
    from local.sample.dirt import Dirt

FIND, MANAGE = "find_placement_schools", "manage_school_placements"
FIRST, PILOT = "2023-07", ("2024-05", "2025-10")
SHARES = {
    FIND: {"digital": 0.93, "assisted_digital": 0.03, "phone": 0.025, "email": 0.015},
    MANAGE: {"digital": 0.8, "assisted_digital": 0.06, "phone": 0.05, "email": 0.06, "paper": 0.03},
}
DIGITAL = ("digital", "assisted_digital")
TRANSACTIONS = {FIND: 4_000, MANAGE: 900}
"""About how many are completed in a month."""
SEASON = (0.9, 1.1, 1.2, 1.0, 0.9, 1.3, 1.2, 0.3, 1.1, 1.1, 0.9, 0.5)
"""Of each month from January: schools are closed in August and half of December."""
COSTS = {
    FIND: {"staff": 21_000, "technology": 6_400, "support": 3_100, "other": 900},
    MANAGE: {"staff": 14_000, "technology": 3_900, "support": 2_600, "other": 0},
}
CATEGORIES = ("staff", "technology", "support", "other")
LEVELS = ("very_satisfied", "satisfied", "neither", "dissatisfied", "very_dissatisfied")
ANSWERS = {FIND: (38, 30, 8, 6, 3), MANAGE: (11, 12, 5, 4, 2)}
TROUBLE = "2023-09"
"""A month with a cost that cannot be read, so that a few early figures of costs are not available."""


Answers = dict[str, dict[str, Any]]
Counts = dict[tuple[str, str, str], int]
"""By month, service, and channel, level or category."""
Part = tuple[Counts, Collection[str]]
"""What is counted, and of which channels, levels or categories (none: all)."""


@dataclass
class Months:
    """What was written, in whole numbers; costs in pence."""

    started: Counts = field(default_factory=dict)
    completed: Counts = field(default_factory=dict)
    answers: Counts = field(default_factory=dict)
    pence: Counts = field(default_factory=dict)

    def known(self, last: str) -> Answers:
        """Return the answers of the indicators of the service itself, by KPI and measure."""
        ends = _months(last)[11:]
        # Of the twelve months that hold the cost that cannot be read there is none.
        with_costs = [end for end in ends if _year_before(end) >= TROUBLE]
        started, completed, pence, answers = (
            (counts, ()) for counts in (self.started, self.completed, self.pence, self.answers)
        )
        digital, satisfied = (self.completed, DIGITAL), (self.answers, LEVELS[:2])
        satisfaction = _over_time(ends, headline=(satisfied, answers), answers=(answers, None))
        for one in (satisfaction["answers"], *satisfaction["answers"]["series"]):
            del one["by_service"]
        costs = _over_time(with_costs, headline=(pence, completed), total_cost=(pence, None))
        return {
            "digital-take-up": _over_time(
                ends, headline=(digital, completed), completed_transactions=(completed, None)
            ),
            "completion-rate": _over_time(ends, headline=(digital, started), started_transactions=(started, None)),
            "cost-per-transaction": _by_category("cost_category", CATEGORIES, self.pence, costs, "total_cost"),
            "user-satisfaction": _by_category("level", LEVELS, self.answers, satisfaction, "answers"),
        }


def write(out: Path, days: Days, seed: int, dirt: Dirt) -> tuple[Months, dict[str, int]]:
    """Write the drop; return what it holds, and rows by file."""
    rng, drop, held = random.Random(f"{seed}:service"), Drop(out, "service", days), Months()
    last = days.month_end_text
    _draw(rng, last, held)
    with drop.csv("transactions.csv") as file:
        file.add("month,service,channel,started,completed", row=False)
        early = (last, FIND, "phone")
        file.add(f"{','.join(early)},,{held.completed[early] + 40}")  # corrected below: the later row counts
        dirt.add("service.duplicate")
        for key, completed in held.completed.items():
            file.add(f"{','.join(key)},{held.started.get(key, '')},{completed}")
        file.add(f"{_after(last)},{FIND},digital,30,20")
        dirt.add("service.month_not_over")
        file.add(f"2024-02,{FIND},telegraph,,3")
        dirt.add("service.unknown_channel")
        file.add(f"2024-02,{FIND},phone,,3,a remark")
        dirt.add("service.ragged")
    with drop.csv("satisfaction.csv") as file:
        file.add(f"service,month,{','.join(LEVELS)},comments", row=False)
        for month, service in dict.fromkeys(key[:2] for key in held.answers):
            counts = (str(held.answers[month, service, level]) for level in LEVELS)
            file.add(f"{service},{month},{','.join(counts)},not read")
            dirt.add("service.extra_column")
    with drop.csv("costs.csv") as file:
        file.add("month,service,category,pounds", row=False)
        for key, pence in held.pence.items():
            unreadable = key == (TROUBLE, FIND, "support")
            file.add(f"{','.join(key)},{'about 3000' if unreadable else f'{pence // 100}.{pence % 100:02d}'}")
            if unreadable:
                dirt.add("service.cost_not_a_number")
    return held, drop.finish()


def _draw(rng: random.Random, last: str, held: Months) -> None:
    for service, shares in SHARES.items():
        first, until = (FIRST, last) if service == FIND else (PILOT[0], min(PILOT[1], last))
        for number, month in enumerate(_months(until, first)):
            season = SEASON[int(month[5:]) - 1]
            grown = 1 + number / 60
            for channel, share in shares.items():
                moved = number / 900 if channel == "digital" else -number / 900 * share / (1 - shares["digital"])
                completed = round(
                    TRANSACTIONS[service] * season * grown * max(share + moved, 0) * rng.uniform(0.95, 1.05)
                )
                held.completed[month, service, channel] = completed
                if channel in DIGITAL:
                    lost = 0.2 - number / 400 if channel == "digital" else 0.08
                    held.started[month, service, channel] = round(completed / (1 - lost))
            for level, about in zip(LEVELS, ANSWERS[service], strict=True):
                held.answers[month, service, level] = round(about * season * rng.uniform(0.7, 1.3))
            for category, pounds in COSTS[service].items():
                held.pence[month, service, category] = round(pounds * 100 * rng.uniform(0.9, 1.1))


def _over_time(ends: list[str], **measures: tuple[Part, Part | None]) -> dict[str, Any]:
    """Return each measure at the newest month end, with the series of all, nationally and by service.

    A measure is what its numerator counts and what its denominator counts, if it has one.
    """
    answers = {}
    for name, (over, under) in measures.items():
        series = []
        for end in ends:
            twelve = _twelve(end)
            of: dict[str, dict[str, Any]] = {
                service: {
                    "numerator": _total(over, twelve, service),
                    "denominator": _total(under, twelve, service) if under else None,
                }
                for service in ("", *SHARES)
            }
            at = date.fromisoformat(f"{_after(end)}-01").toordinal() - 1
            series.append({**figure(int(end.replace("-", "")), at, **of.pop("")), "by_service": of})
        answers[name] = {**series[-1], "series": series[:-1]}
    return answers


def _by_category(
    breakdown: str,
    categories: Collection[str],
    counts: Counts,
    known: dict[str, Any],
    measure: str,
) -> dict[str, Any]:
    """Add the parts of a measure by ``categories`` to each of its figures."""
    for one in (known[measure], *known[measure]["series"]):
        twelve = _twelve(one["as_of"][:7])
        one[f"by_{breakdown}"] = {
            category: {"numerator": _total((counts, [category]), twelve, ""), "denominator": None}
            for category in categories
        }
    return known


def _twelve(end: str) -> set[str]:
    return {month for month in _months(end) if month > _year_before(end)}


def _year_before(month: str) -> str:
    return f"{int(month[:4]) - 1}{month[4:]}"


def _total(part: Part, twelve: set[str], service: str) -> int:
    """Return the sum over twelve months, of a service (blank: both)."""
    counts, parts = part
    return sum(
        count
        for (month, of, name), count in counts.items()
        if month in twelve and service in ("", of) and (not parts or name in parts)
    )


def _months(last: str, first: str = FIRST) -> list[str]:
    """Return each month from ``first`` to ``last``, both included, as ``2026-06``."""
    months = [first]
    while months[-1] < last:
        months.append(_after(months[-1]))
    return months


def _after(month: str) -> str:
    year, number = int(month[:4]), int(month[5:])
    return f"{year + number // 12}-{number % 12 + 1:02d}"
