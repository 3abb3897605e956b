"""Stories of trainees: how each kind of trouble in the sample changes what is true of a trainee."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from local.sample.days import Days, census, day
from local.sample.trainees import GROUPS, MOVED, RENAMED, ROUTE_LABELS, WEIGHTED_GROUPS, People, Trainee

if TYPE_CHECKING:
    from local.sample.outcomes import Truth


class StartYear:
    """The trainees of one start year, as far as a story can change them."""

    def __init__(self, year: int, days: Days, rng: random.Random, truth: Truth, people: People) -> None:
        self.year, self.days, self.rng, self.truth, self.people = year, days, rng, truth, people

    def early(self, trainee: Trainee) -> None:
        """Let a trainee start in September, so that the story's days are past."""
        trainee.start, trainee.route = day(self.year, 9, 8), "provider_led_postgrad"

    def withdraw(self, trainee: Trainee, at: int) -> None:
        """Withdraw a trainee on a day, unless that day has not come."""
        trainee.awarded = 0
        if at > self.days.as_of:
            trainee.state = "trn_received"
            return
        trainee.state, trainee.withdrawn = "withdrawn", at
        self.because(trainee)

    def leave(self, trainee: Trainee, after: int) -> None:
        """Let a trainee start in September, and withdraw so many days later."""
        self.early(trainee)
        self.withdraw(trainee, trainee.start + after)

    def because(self, trainee: Trainee) -> None:
        rng = self.rng
        groups = {WEIGHTED_GROUPS[int(rng.random() * 100)]}
        if rng.random() < 0.25:
            groups.add(WEIGHTED_GROUPS[int(rng.random() * 100)])
        trainee.groups = tuple(sorted(groups))
        trainee.reasons = tuple(rng.choice(GROUPS[group]) for group in trainee.groups)


CHANGES: dict[str, tuple[int, dict[str, Any]]] = {
    "day_89": (89, {}),
    "day_90": (90, {}),
    "undone_withdrawal": (100, {"state": "trn_received"}),
    "added_in_error": (100, {"reasons": ("record_added_in_error",), "groups": ("error",), "placements": ()}),
    "error_beside_another": (
        100,
        {
            "reasons": ("record_added_in_error", "teaching_placement_problems"),
            "groups": ("other", "placement_and_school"),
        },
    ),
    "reason_unknown": (100, {"reasons": ("joined_the_circus",), "groups": ("other",)}),
    "draft": (0, {"state": "draft", "awarded": 0, "withdrawn": 0, "reasons": (), "groups": (), "trn": None}),
    "trn_missing": (0, {"trn": None}),
}
"""By kind of dirt: after how many days from a start in September a trainee withdraws (0: does not), and what else is
otherwise than in others."""


def _backdated_withdrawal(year: StartYear, trainee: Trainee) -> None:
    year.leave(trainee, 95)
    trainee.deferred = trainee.withdrawn


def _award_and_withdrawal(year: StartYear, trainee: Trainee) -> None:
    awarded = year.year < 2025 and year.rng.random() < 0.5
    year.leave(trainee, 110)
    if awarded:
        trainee.state, trainee.awarded = "awarded", day(year.year + 1, 7, 1)
    else:
        trainee.awarded = trainee.start + 105


def _withdrawn_after_month_end(year: StartYear, trainee: Trainee) -> None:
    year.early(trainee)
    year.withdraw(trainee, year.days.month_end + 1)


def _withdrawn_without_date(year: StartYear, trainee: Trainee) -> None:
    """Withdraw without a date a trainee who started after census, so that no cohort has it."""
    trainee.start, trainee.route = census(year.year) + 20, "provider_led_postgrad"
    year.withdraw(trainee, trainee.start + 5)
    trainee.withdrawn = 0
    year.truth.not_counted["withdrawal_without_date"] += 1


def _moved(year: StartYear, trainee: Trainee) -> None:
    year.leave(trainee, 20 + int(year.rng.random() * 150))
    trainee.reasons = (year.rng.choice(MOVED), *trainee.reasons[:1])
    trainee.groups = ("moved",)


def _route_as_label(year: StartYear, trainee: Trainee) -> None:
    trainee.route = year.rng.choice(sorted(ROUTE_LABELS))


def _route_unknown(year: StartYear, trainee: Trainee) -> None:
    trainee.route = "apprenticeship_in_orbit"
    year.truth.not_counted["unmapped_route"] += 1


def _reason_renamed(year: StartYear, trainee: Trainee) -> None:
    year.leave(trainee, 100)
    reason = year.rng.choice(sorted(RENAMED))
    trainee.reasons, trainee.groups = (reason,), (RENAMED[reason],)


def _reason_missing(year: StartYear, trainee: Trainee) -> None:
    year.leave(trainee, 100)
    trainee.reasons, trainee.groups = year.rng.choice([(), ("unknown",)]), ("not_given",)


def _deferred(year: StartYear, trainee: Trainee) -> None:
    year.early(trainee)
    trainee.state, trainee.awarded, trainee.withdrawn, trainee.reasons = "deferred", 0, 0, ()
    trainee.deferred = trainee.start + 60


def _returned(year: StartYear, trainee: Trainee) -> None:
    """Defer a trainee who came back and, if started long enough ago, was awarded a year later than planned."""
    year.early(trainee)
    trainee.withdrawn, trainee.reasons, trainee.groups = 0, (), ()
    trainee.deferred, trainee.returned = trainee.start + 60, trainee.start + 150
    trainee.state, trainee.awarded = "trn_received", 0
    if year.year < 2024:
        trainee.state, trainee.awarded = "awarded", day(year.year + 2, 7, 1)


def _trn_short_of_zeros(year: StartYear, trainee: Trainee) -> None:
    """Give a TRN that begins with a zero, from a range that :func:`trn` never reaches."""
    year.people.short += 1
    trainee.trn = f"0{100_000 + year.people.short}"


def _unknown_ukprn(year: StartYear, trainee: Trainee) -> None:
    trainee.ukprn = year.rng.choice(["10000001", ""])


STORIES: dict[str, Callable[[StartYear, Trainee], None]] = {
    "backdated_withdrawal": _backdated_withdrawal,
    "award_and_withdrawal": _award_and_withdrawal,
    "withdrawn_after_month_end": _withdrawn_after_month_end,
    "withdrawn_without_date": _withdrawn_without_date,
    "moved": _moved,
    "route_as_label": _route_as_label,
    "route_unknown": _route_unknown,
    "reason_renamed": _reason_renamed,
    "reason_missing": _reason_missing,
    "deferred": _deferred,
    "returned": _returned,
    "trn_short_of_zeros": _trn_short_of_zeros,
    "unknown_ukprn": _unknown_ukprn,
}
"""What else changes a trainee, by kind of dirt; other kinds change how the row is written."""


def tell(year: StartYear, kind: str, trainee: Trainee) -> None:
    """Change a trainee as the story of a kind of dirt has it, if it has one."""
    if kind in CHANGES:
        after, otherwise = CHANGES[kind]
        if after:
            year.leave(trainee, after)
        for name, value in otherwise.items():
            setattr(trainee, name, value)
    elif kind in STORIES:
        STORIES[kind](year, trainee)
