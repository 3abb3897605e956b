"""Choices of candidates in Apply, their tallies and the answers of KPI 1."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from local.sample.answers import (
    NOT_AVAILABLE,
    REGION_CODES,
    TOTAL,
    Figure,
    Flow,
    counts,
    figure,
    flow_figure,
    grouped,
    parts,
)
from local.sample.days import CYCLES, Days
from local.sample.reasons import COURSE_FULL, NO_REASON, PLACEMENT, TEXT, Reason

if TYPE_CHECKING:
    from local.sample.dirt import Dirt
    from local.sample.providers import Course

STANDING = frozenset({"offer", "pending_conditions", "recruited", "offer_deferred"})


@dataclass(slots=True)
class Choice:
    """One application choice: what is true of it."""

    course: Course
    status: str
    sent: int
    rejected: int = 0
    """Day of the rejection, 0 where there is none."""
    reason: Reason | None = None
    by_default: bool = False
    rejected_at: str = ""
    """Text of the instant, where it matters."""
    leftover: bool = False
    """Whether date and reasons of a reversed rejection are still there."""
    region: str | None = ""
    """Region as written, where it is not the course's."""
    unsent: bool = False

    @property
    def ons_region(self) -> str:
        """Region of the training provider."""
        region = self.course.region if self.region == "" else self.region
        return REGION_CODES.get(region or "", NOT_AVAILABLE)


@dataclass
class Truth:
    """The tallies of this source."""

    applied: Flow = field(default_factory=Flow)
    classifiable: Flow = field(default_factory=Flow)
    headline: Flow = field(default_factory=Flow)
    strict: Flow = field(default_factory=Flow)
    by_group: Flow = field(default_factory=Flow)
    by_default: Flow = field(default_factory=Flow)
    rejections: Flow = field(default_factory=Flow)
    classifiable_rejections: Flow = field(default_factory=Flow)
    capacity_rejections: Flow = field(default_factory=Flow)
    turned_away: int = 0
    undated: Counter[int] = field(default_factory=Counter)

    def count(self, cycle: int, choices: list[Choice], days: Days, dirt: Dirt) -> None:
        """Tally a candidate: for each figure the first day from which it counts, nationally and in each region."""
        first: dict[tuple[str, str], int] = {}
        standing = False
        for choice in choices:
            if choice.unsent or choice.course.level == "further_education":
                continue
            _from_day(first, "applied", choice.sent)
            if choice.sent > days.month_end:
                dirt.add("apply.sent_after_month_end")
            elif choice.status in STANDING:
                standing = True
            if choice.status == "rejected" and not choice.leftover:
                if choice.rejected > days.month_end:
                    dirt.add("apply.rejection_after_month_end")
                self.count_rejection(cycle, choice, first, dirt)
        for (what, category), at in first.items():
            getattr(self, what).add(cycle, at, category or TOTAL)
        turned = first.get(("headline", ""), days.month_end + 1) <= days.month_end and not standing
        self.turned_away += turned and cycle == max(CYCLES)

    def count_rejection(self, cycle: int, choice: Choice, first: dict[tuple[str, str], int], dirt: Dirt) -> None:
        """Tally a rejection, and bring forward the days from which its candidate counts."""
        reason, at = choice.reason, choice.rejected
        if not at:
            self.undated[cycle] += 1
        elif choice.by_default:
            _from_day(first, "by_default", at)
        elif reason:
            self.rejections.add(cycle, at)
            for group in reason.groups:
                _from_day(first, "by_group", at, group, total=False)
            if reason.groups & {NO_REASON, TEXT}:
                dirt.add("apply.no_reason" if NO_REASON in reason.groups else "apply.text_reason")
            if reason.classifiable:
                for place in (TOTAL, choice.ons_region):
                    self.classifiable_rejections.add(cycle, at, place)
                _from_day(first, "classifiable", at, choice.ons_region)
            if PLACEMENT in reason.groups:
                _from_day(first, "strict", at)
            if reason.groups & {PLACEMENT, COURSE_FULL}:
                for place in (TOTAL, choice.ons_region):
                    self.capacity_rejections.add(cycle, at, place)
                _from_day(first, "headline", at, choice.ons_region)


def _from_day(first: dict[tuple[str, str], int], what: str, at: int, category: str = "", *, total: bool = True) -> None:
    """Let a candidate count in ``what`` from a day, and within a category too if there is one."""
    if total and first.get((what, ""), at) >= at:
        first[what, ""] = at
    if category and first.get((what, category), at) >= at:
        first[what, category] = at


def answers(truth: Truth, days: Days) -> dict[str, Any]:
    """Return the answers to KPI 1."""
    cycle, month_end, year_earlier = max(CYCLES), days.month_end, days.year_earlier()

    def rate(numerator: Flow, denominator: Flow | None, first: int = min(CYCLES), cut: bool = False) -> Figure:
        document = flow_figure(numerator, denominator, cycle, month_end)
        document["comparison"] = flow_figure(numerator, denominator, cycle - 1, year_earlier)
        if cut:
            document["by_region"] = parts(numerator, denominator, cycle, month_end)
            document["comparison"]["by_region"] = parts(numerator, denominator, cycle - 1, year_earlier)
        document["series"] = [
            flow_figure(numerator, denominator, period, point)
            for period in CYCLES
            if period >= first
            for point in days.cycle_points(period)
        ]
        return document

    def by_group(period: int, day: int) -> Figure:
        under = truth.classifiable.at(period, day)
        values = {name: truth.by_group.at(period, day, name) for name in truth.by_group.categories(period)}
        document = counts(values)
        for name in (PLACEMENT, COURSE_FULL, "other"):
            if name in document:
                document[name]["denominator"] = under
        return grouped(period, day, "reason_group", document)

    return {
        "headline": rate(truth.headline, truth.classifiable, cut=True),
        "strict": rate(truth.strict, truth.classifiable, first=2025),
        "turned_away": figure(cycle, month_end, truth.turned_away, truth.headline.at(cycle, month_end)),
        "rejections_for_capacity": rate(truth.capacity_rejections, truth.classifiable_rejections, cut=True),
        "coverage": rate(truth.classifiable_rejections, truth.rejections),
        "rejected_by_default": rate(truth.by_default, None),
        "candidates_who_applied": rate(truth.applied, None),
        "candidates_by_reason_group": by_group(cycle, month_end) | {"comparison": by_group(cycle - 1, year_earlier)},
        "records_not_counted": {"rejection_without_date": truth.undated[cycle]},
    }
