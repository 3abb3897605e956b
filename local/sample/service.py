"""The service team's monthly figures: transactions, answers to the feedback form, costs; and what follows from them.

Months run from July 2023 to P. *Find placement schools* is there all along, *Manage school placements* as a pilot from
May 2024 to October 2025, as the code lists have it (sources#monthly-figures).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator, Mapping
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


@dataclass
class Months:
    """What was written: by (month, service, channel, level or category), in whole numbers; costs in pence."""

    started: dict[tuple[str, str, str], int] = field(default_factory=dict)
    completed: dict[tuple[str, str, str], int] = field(default_factory=dict)
    answers: dict[tuple[str, str, str], int] = field(default_factory=dict)
    pence: dict[tuple[str, str, str], int] = field(default_factory=dict)

    def known(self, last: str) -> Answers:
        """Return the answers of the indicators of the service itself, by KPI and measure."""
        ends = list(months(FIRST, last))[11:]
        return {
            "digital-take-up": _over_time(
                ends,
                headline=lambda twelve, service: (
                    _total(self.completed, twelve, service, DIGITAL),
                    _total(self.completed, twelve, service),
                ),
                completed_transactions=lambda twelve, service: (_total(self.completed, twelve, service), None),
            ),
            "completion-rate": _over_time(
                ends,
                headline=lambda twelve, service: (
                    _total(self.completed, twelve, service, DIGITAL),
                    _total(self.started, twelve, service),
                ),
                started_transactions=lambda twelve, service: (_total(self.started, twelve, service), None),
            ),
            "cost-per-transaction": _by_category(
                "cost_category",
                CATEGORIES,
                self.pence,
                _over_time(
                    # Of the twelve months that hold the cost that cannot be read there is none.
                    [end for end in ends if _year_before(end) >= TROUBLE],
                    headline=lambda twelve, service: (
                        _total(self.pence, twelve, service),
                        _total(self.completed, twelve, service),
                    ),
                    total_cost=lambda twelve, service: (_total(self.pence, twelve, service), None),
                ),
                "total_cost",
            ),
            "user-satisfaction": self._satisfaction(ends),
        }

    def _satisfaction(self, ends: list[str]) -> dict[str, Any]:
        known = _over_time(
            ends,
            headline=lambda twelve, service: (
                _total(self.answers, twelve, service, LEVELS[:2]),
                _total(self.answers, twelve, service),
            ),
            answers=lambda twelve, _: (_total(self.answers, twelve, ""), None),
        )
        for one in (known["answers"], *known["answers"]["series"]):
            del one["by_service"]
        return _by_category("level", LEVELS, self.answers, known, "answers")


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
        for number, month in enumerate(months(first, last)):
            # A pilot goes on costing a little, and nothing is expected of it, after it has ended.
            if month > until:
                break
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


def _over_time(ends: list[str], **measures: Callable[[set[str], str], tuple[int, int | None]]) -> dict[str, Any]:
    """Return each measure at the newest month end, with the series of all, nationally and by service."""
    answers = {}
    for name, counted in measures.items():
        series = []
        for end in ends:
            twelve = _twelve(end)
            figures = figure(int(end.replace("-", "")), _last_day(end), *counted(twelve, ""))
            parts = {service: counted(twelve, service) for service in SHARES}
            figures["by_service"] = {
                service: {"numerator": number, "denominator": out_of} for service, (number, out_of) in parts.items()
            }
            series.append(figures)
        answers[name] = {**series[-1], "series": series[:-1]}
    return answers


def _by_category(
    breakdown: str,
    categories: Collection[str],
    counts: Mapping[tuple[str, str, str], int],
    known: dict[str, Any],
    measure: str,
) -> dict[str, Any]:
    """Add the parts of a measure by ``categories`` to each of its figures."""
    for one in (known[measure], *known[measure]["series"]):
        twelve = _twelve(one["as_of"][:7])
        one[f"by_{breakdown}"] = {
            category: {"numerator": _total(counts, twelve, "", [category]), "denominator": None}
            for category in categories
        }
    return known


def _twelve(end: str) -> set[str]:
    return {month for month in months(FIRST, end) if month > _year_before(end)}


def _year_before(month: str) -> str:
    return f"{int(month[:4]) - 1}{month[4:]}"


def _total(
    counts: Mapping[tuple[str, str, str], int], twelve: set[str], service: str, parts: Collection[str] = ()
) -> int:
    """Return the sum over twelve months, of a service (blank: both) and of parts (none: all)."""
    return sum(
        count
        for (month, of, part), count in counts.items()
        if month in twelve and service in ("", of) and (not parts or part in parts)
    )


def _last_day(month: str) -> int:
    return date.fromisoformat(f"{_after(month)}-01").toordinal() - 1


def months(first: str, last: str) -> Iterator[str]:
    """Yield each month from ``first`` to ``last``, both included, as ``2026-06``."""
    month = first
    while month <= last:
        yield month
        month = _after(month)


def _after(month: str) -> str:
    year, number = int(month[:4]), int(month[5:])
    return f"{year + number // 12}-{number % 12 + 1:02d}"
