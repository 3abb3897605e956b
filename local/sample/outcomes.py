"""How training ended: the tallies and the answers of KPI 2."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from local.sample.answers import Flow, figure, flow_figure, grouped, parts
from local.sample.days import START_YEARS, Days, census
from local.sample.trainees import Trainee, register_year


@dataclass
class Truth:
    """The tallies of this source, by Register year."""

    outcomes: Flow = field(default_factory=Flow)
    withdrawals: Flow = field(default_factory=Flow)
    by_group: Counter[tuple[int, str]] = field(default_factory=Counter)
    moved: Counter[int] = field(default_factory=Counter)
    moved_in_cohort: Flow = field(default_factory=Flow)
    cohort: Flow = field(default_factory=Flow)
    cohort_withdrawn: Flow = field(default_factory=Flow)
    not_counted: Counter[str] = field(default_factory=Counter)

    def count(self, trainee: Trainee, region: str) -> None:
        """Tally a trainee whose provider is in ``region``."""
        if trainee.state == "draft" or not trainee.counted_route or trainee.groups == ("error",):
            return
        year, withdrawn = trainee.year, trainee.withdrawn if trainee.state == "withdrawn" else 0
        moved = "moved" in trainee.groups
        if withdrawn and moved:
            self.moved[register_year(withdrawn)] += 1
        elif withdrawn >= trainee.start + 90:
            self.outcome(register_year(withdrawn), withdrawn, region, trainee)
        elif trainee.state == "awarded":
            self.outcome(register_year(trainee.awarded), trainee.awarded, region, None)
        if register_year(trainee.start) == year and trainee.start <= census(year):
            self.cohort.add(year, trainee.start)
            if withdrawn:
                (self.moved_in_cohort if moved else self.cohort_withdrawn).add(year, withdrawn)

    def outcome(self, year: int, at: int, region: str, withdrawn: Trainee | None) -> None:
        """Tally an award, or the withdrawal of a trainee, in a Register year."""
        for category in ("Total", region):
            self.outcomes.add(year, at, category)
            if withdrawn:
                self.withdrawals.add(year, at, category)
        if withdrawn:
            for group in withdrawn.groups:
                self.by_group[year, group] += 1


def answers(truth: Truth, days: Days) -> dict[str, Any]:
    """Return the answers to KPI 2. The outcome year is the latest that has ended by the month end."""
    year = register_year(days.month_end + 1) - 1
    current = max(START_YEARS)
    earlier = days.year_earlier()
    outcome, before = (
        flow_figure(truth.withdrawals, truth.outcomes, period, at)
        | {"by_region": parts(truth.withdrawals, truth.outcomes, period, at)}
        for period, at in ((year, days.month_end), (year - 1, earlier))
    )
    outcome["comparison"] = before
    cohort = flow_figure(truth.cohort_withdrawn, truth.cohort, current, days.month_end)
    cohort["comparison"] = flow_figure(truth.cohort_withdrawn, truth.cohort, current - 1, earlier)
    cohort["series"] = [
        flow_figure(truth.cohort_withdrawn, truth.cohort, period, point)
        for period in START_YEARS
        for point in days.register_points(period)
    ]
    denominator = truth.outcomes.at(year, days.month_end)
    return {
        "outcome_rate": outcome,
        "cohort_rate": cohort,
        "moved_withdrawals": figure(year, days.month_end, truth.moved[year]),
        "moved_withdrawals_in_cohort": figure(
            current, days.month_end, truth.moved_in_cohort.at(current, days.month_end)
        ),
        "withdrawals_by_reason_group": grouped(
            year,
            days.month_end,
            "reason_group",
            {
                group: {"numerator": count, "denominator": denominator}
                for (at, group), count in sorted(truth.by_group.items())
                if at == year
            },
        ),
        "records_not_counted": dict(truth.not_counted),
    }
