"""Stories of trainees: how each kind of trouble in the sample changes what is true of a trainee."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from local.sample.days import census, day
from local.sample.trainees import MOVED, RENAMED, ROUTE_LABELS, Trainee

if TYPE_CHECKING:
    from local.sample.register import Year


def _day_89(year: Year, trainee: Trainee) -> None:
    year.early(trainee)
    year.withdraw(trainee, trainee.start + 89)


def _day_90(year: Year, trainee: Trainee) -> None:
    year.early(trainee)
    year.withdraw(trainee, trainee.start + 90)


def _backdated_withdrawal(year: Year, trainee: Trainee) -> None:
    year.early(trainee)
    year.withdraw(trainee, trainee.start + 95)
    trainee.deferred = trainee.withdrawn


def _undone_withdrawal(year: Year, trainee: Trainee) -> None:
    year.early(trainee)
    year.withdraw(trainee, trainee.start + 100)
    trainee.state = "trn_received"


def _award_and_withdrawal(year: Year, trainee: Trainee) -> None:
    year.early(trainee)
    if year.year < 2025 and year.rng.random() < 0.5:
        year.withdraw(trainee, trainee.start + 110)
        trainee.state, trainee.awarded = "awarded", day(year.year + 1, 7, 1)
    else:
        year.withdraw(trainee, trainee.start + 110)
        trainee.awarded = trainee.start + 105


def _withdrawn_after_month_end(year: Year, trainee: Trainee) -> None:
    year.early(trainee)
    year.withdraw(trainee, year.days.month_end + 1)


def _withdrawn_without_date(year: Year, trainee: Trainee) -> None:
    """Withdraw without a date a trainee who started after census, so that no cohort has it."""
    trainee.start, trainee.route = census(year.year) + 20, "provider_led_postgrad"
    year.withdraw(trainee, trainee.start + 5)
    trainee.withdrawn = 0
    year.truth.not_counted["withdrawal_without_date"] += 1


def _added_in_error(year: Year, trainee: Trainee) -> None:
    year.early(trainee)
    year.withdraw(trainee, trainee.start + 100)
    trainee.reasons, trainee.groups, trainee.placements = ("record_added_in_error",), ("error",), ()


def _error_beside_another(year: Year, trainee: Trainee) -> None:
    year.early(trainee)
    year.withdraw(trainee, trainee.start + 100)
    trainee.reasons = ("record_added_in_error", "teaching_placement_problems")
    trainee.groups = ("other", "placement_and_school")


def _moved(year: Year, trainee: Trainee) -> None:
    year.early(trainee)
    year.withdraw(trainee, trainee.start + 20 + int(year.rng.random() * 150))
    trainee.reasons = (year.rng.choice(MOVED), *trainee.reasons[:1])
    trainee.groups = ("moved",)


def _draft(year: Year, trainee: Trainee) -> None:
    trainee.state, trainee.awarded, trainee.withdrawn = "draft", 0, 0
    trainee.reasons, trainee.groups, trainee.trn = (), (), None


def _route_as_label(year: Year, trainee: Trainee) -> None:
    trainee.route = year.rng.choice(sorted(ROUTE_LABELS))


def _route_unknown(year: Year, trainee: Trainee) -> None:
    trainee.route = "apprenticeship_in_orbit"
    year.truth.not_counted["unmapped_route"] += 1


def _reason_renamed(year: Year, trainee: Trainee) -> None:
    year.early(trainee)
    year.withdraw(trainee, trainee.start + 100)
    reason = year.rng.choice(sorted(RENAMED))
    trainee.reasons, trainee.groups = (reason,), (RENAMED[reason],)


def _reason_unknown(year: Year, trainee: Trainee) -> None:
    year.early(trainee)
    year.withdraw(trainee, trainee.start + 100)
    trainee.reasons, trainee.groups = ("joined_the_circus",), ("other",)


def _reason_missing(year: Year, trainee: Trainee) -> None:
    year.early(trainee)
    year.withdraw(trainee, trainee.start + 100)
    trainee.reasons, trainee.groups = year.rng.choice([(), ("unknown",)]), ("not_given",)


def _deferred(year: Year, trainee: Trainee) -> None:
    year.early(trainee)
    trainee.state, trainee.awarded, trainee.withdrawn, trainee.reasons = "deferred", 0, 0, ()
    trainee.deferred = trainee.start + 60


def _returned(year: Year, trainee: Trainee) -> None:
    """Defer a trainee who came back and, if started long enough ago, was awarded a year later than planned."""
    year.early(trainee)
    trainee.withdrawn, trainee.reasons, trainee.groups = 0, (), ()
    trainee.deferred, trainee.returned = trainee.start + 60, trainee.start + 150
    trainee.state, trainee.awarded = "trn_received", 0
    if year.year < 2024:
        trainee.state, trainee.awarded = "awarded", day(year.year + 2, 7, 1)


def _trn_short_of_zeros(year: Year, trainee: Trainee) -> None:
    """Give a TRN that begins with a zero, from a range that :func:`trn` never reaches."""
    year.people.short += 1
    trainee.trn = f"0{100_000 + year.people.short}"


def _trn_missing(year: Year, trainee: Trainee) -> None:
    trainee.trn = None


def _unknown_ukprn(year: Year, trainee: Trainee) -> None:
    trainee.ukprn = year.rng.choice(["10000001", ""])


STORIES: dict[str, Callable[[Year, Trainee], None]] = {
    "day_89": _day_89,
    "day_90": _day_90,
    "backdated_withdrawal": _backdated_withdrawal,
    "undone_withdrawal": _undone_withdrawal,
    "award_and_withdrawal": _award_and_withdrawal,
    "withdrawn_after_month_end": _withdrawn_after_month_end,
    "withdrawn_without_date": _withdrawn_without_date,
    "added_in_error": _added_in_error,
    "error_beside_another": _error_beside_another,
    "moved": _moved,
    "draft": _draft,
    "route_as_label": _route_as_label,
    "route_unknown": _route_unknown,
    "reason_renamed": _reason_renamed,
    "reason_unknown": _reason_unknown,
    "reason_missing": _reason_missing,
    "deferred": _deferred,
    "returned": _returned,
    "trn_short_of_zeros": _trn_short_of_zeros,
    "trn_missing": _trn_missing,
    "unknown_ukprn": _unknown_ukprn,
}
"""What changes a trainee, by kind of dirt; other kinds change how the row is written."""
