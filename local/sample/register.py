"""The Register drop: three years of invented trainees, each decided before its row (numbers#2-trainee-withdrawals)."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.sample.answers import NOT_AVAILABLE
from local.sample.days import START_YEARS, Days, census, day
from local.sample.dirt import Dirt, plan
from local.sample.drops import Drop, Lines
from local.sample.outcomes import Truth, answers
from local.sample.placements import SENTINELS
from local.sample.trainee_stories import StartYear, tell
from local.sample.trainees import (
    LONG_ROUTES,
    ROUTE_CODES,
    ROUTE_LABELS,
    ROUTES,
    People,
    Person,
    Trainee,
    Written,
    trainee_line,
)
from local.sample.trns import REFUSED, USABLE, trn

if TYPE_CHECKING:
    from local.sample.establishments import Register as Schools
    from local.sample.providers import Publish

TRAINEES = 32_000
"""Trainees of a start year at scale 1."""

_FEW = 3_000
"""Trainees of a year below which bad rows are written in one year only, so that they stay under 1%."""
_KEPT = 300_000
"""People kept for Teaching Vacancies at most: memory does not grow with the scale for ever."""

_STORIES = {
    "register.duplicate_older_after": 0.003,
    "register.duplicate_older_before": 0.003,
    "register.day_89": 0.001,
    "register.day_90": 0.001,
    "register.backdated_withdrawal": 0.002,
    "register.undone_withdrawal": 0.002,
    "register.award_and_withdrawal": 0.002,
    "register.withdrawn_without_date": 0.0005,
    "register.added_in_error": 0.002,
    "register.error_beside_another": 0.0005,
    "register.moved": 0.004,
    "register.draft": 0.01,
    "register.route_as_code": 0.02,
    "register.route_as_label": 0.01,
    "register.route_unknown": 0.001,
    "register.reason_renamed": 0.001,
    "register.reason_unknown": 0.0005,
    "register.reason_missing": 0.003,
    "register.deferred": 0.015,
    "register.returned": 0.01,
    "register.trn_formatted": 0.01,
    "register.trn_short_of_zeros": 0.005,
    "register.trn_not_a_trn": 0.001,
    "register.trn_too_short": 0.001,
    "register.trn_too_long": 0.001,
    "register.trn_hesa_sentinel": 0.002,
    "register.trn_repeated_digit": 0.0005,
    "register.trn_placeholder": 0.0005,
    "register.trn_missing": 0.01,
    "register.sentinel_placement": 0.01,
    "register.unknown_placement": 0.002,
    "register.unknown_ukprn": 0.001,
}


def write(
    out: Path, days: Days, scale: float, seed: int, publish: Publish, schools: Schools, dirt: Dirt
) -> tuple[People, dict[str, Any], dict[str, int]]:
    """Write the Register drop; return people for Teaching Vacancies, the answers to KPI 2, and rows by file."""
    truth, people = Truth(), People()
    size = max(300, round(TRAINEES * scale))
    drop = Drop(out, "register", days)
    with drop.ndjson("trainees") as file:
        for year in START_YEARS:
            rng = random.Random(f"{seed}:register:{year}")
            Year(year, days, rng, publish, schools, truth, people, dirt, size).write(file)
    return people, answers(truth, days), drop.finish()


class Year(StartYear):
    """Writes the trainees of one start year."""

    def __init__(
        self, year: int, days: Days, rng: random.Random, publish: Publish, schools: Schools, truth: Truth,
        people: People, dirt: Dirt, size: int,
    ) -> None:  # fmt: skip
        super().__init__(year, days, rng, truth, people)
        self.publish, self.schools, self.dirt, self.size = publish, schools, dirt, size
        ukprns = sorted(publish.weights)
        self.ukprns = rng.choices(ukprns, [publish.weights[ukprn] for ukprn in ukprns], k=5000)
        # Two schools in five have had a trainee lately.
        self.hosts = [school.urn for school in schools.steady[: max(20, len(schools.steady) * 2 // 5)]]

    def write(self, file: Lines) -> None:
        stories = plan(self.rng, self.size, self.stories())
        for number in range(self.size):
            story = stories.get(number, "")
            trainee = self.trainee()
            for line in self.tell(story, trainee):
                file.add(line)
            self.count(trainee, story)
        self.bad_rows(file)

    def stories(self) -> dict[str, float]:
        """Return the shares of this year: only in the current one can a withdrawal be later than the month end."""
        after = self.year == max(START_YEARS) and self.days.as_of > self.days.month_end
        return _STORIES | ({"register.withdrawn_after_month_end": 0.001} if after else {})

    def trainee(self) -> Trainee:
        """Return a trainee of no particular story, at whatever point of the course the as-of day finds it."""
        rng = self.rng
        route = ROUTES[int(rng.random() * 100)]
        chance = rng.random()
        if chance < 0.93:
            start = day(self.year, 9, 1) + int(rng.random() * 28)
        elif chance < 0.96:
            start = day(self.year, 8, 5) + int(rng.random() * 20)
        else:
            start = census(self.year) + 1 + int(rng.random() * 90)
        trainee = Trainee(self.people.count, self.year, route, self.ukprns[int(rng.random() * 5000)], start)
        trainee.trn = trn(trainee.number)
        self.people.count += 1
        chance = rng.random()
        # Fewer leave in each newer year.
        if chance < 0.085 - 0.008 * (self.year - 2023) - (0.03 if route in LONG_ROUTES else 0):
            late = rng.random() < 0.72
            self.withdraw(trainee, start + (90 + int(rng.random() * 210) if late else 3 + int(rng.random() * 86)))
        elif route not in LONG_ROUTES:
            self.award(trainee)
        if trainee.state in {"trn_received", "recommended_for_award"} and rng.random() < 0.015:
            trainee.state = "submitted_for_trn"
        self.place(trainee)
        return trainee

    def award(self, trainee: Trainee) -> None:
        """Award the trainee in the summer after the start, late in one case in twenty, unless that has not come."""
        rng = self.rng
        at = day(self.year + 1, 6, 24) + int(rng.random() * 36)
        if rng.random() < 0.05:
            at = day(self.year + 1, 8, 2) + int(rng.random() * 60)
        if at <= self.days.as_of:
            trainee.state, trainee.awarded = "awarded", at
        elif at <= self.days.as_of + 14:
            trainee.state = "recommended_for_award"

    def place(self, trainee: Trainee) -> None:
        if trainee.state == "withdrawn" and self.rng.random() < 0.6:
            return
        hosts = self.hosts
        trainee.placements = tuple(hosts[int(self.rng.random() * len(hosts))] for _ in range(2))

    def tell(self, story: str, trainee: Trainee) -> list[str]:
        """Change a trainee as the story has it, and return its rows."""
        kind = story.partition(".")[2]
        if story:
            self.dirt.add(story)
        tell(self, kind, trainee)
        if trainee.route == "assessment_only":
            self.dirt.add("register.assessment_only")
        elif trainee.route.startswith("early_years"):
            self.dirt.add("register.early_years")
        late = trainee.withdrawn > self.days.month_end and trainee.state == "withdrawn"
        if late and kind != "withdrawn_after_month_end":
            self.dirt.add("register.withdrawn_after_month_end")
        line = self.line(trainee, self.written(kind, trainee))
        if kind == "moved":
            self.dirt.add("register.moved_twin")
            return [line, self.twin(trainee)]
        if kind.startswith("duplicate"):
            return self.twice(kind, trainee, line)
        return [line]

    def written(self, kind: str, trainee: Trainee) -> Written:
        """Return how a trainee is written, and take away from the trainee what cannot be read in it."""
        rng, route, number, placements = self.rng, trainee.route, trainee.trn, trainee.placements
        if kind in USABLE and number:
            number = USABLE[kind](number, rng)
        elif kind in REFUSED:
            trainee.trn, number = None, rng.choice(REFUSED[kind])
        elif kind == "route_as_code":
            route = ROUTE_CODES[route]
        elif kind == "route_as_label":
            route = ROUTE_LABELS[route]
        elif kind in {"sentinel_placement", "unknown_placement"}:
            trainee.placements = placements[:1]
            placements = (*placements[:1], rng.choice(SENTINELS) if kind == "sentinel_placement" else "198765")
        return Written(route, number, placements)

    def line(self, trainee: Trainee, written: Written) -> str:
        """Return the row of a trainee."""
        extra = self.dirt.surplus("register", trainee.number, 40)
        return trainee_line(trainee, written, self.days.as_of, self.rng, extra)

    def twin(self, moved: Trainee) -> str:
        """Return the row of the record that a moved trainee has at the new provider, which counts by itself."""
        other = Trainee(self.people.count, self.year, moved.route, self.ukprns[0], moved.start, trn=moved.trn)
        self.people.count += 1
        self.count(other, "twin")
        return self.line(other, Written(other.route, other.trn))

    def twice(self, kind: str, trainee: Trainee, line: str) -> list[str]:
        """Return a record twice: as it is, and as it was, withdrawn for placement reasons."""
        before = Trainee(trainee.number, trainee.year, trainee.route, trainee.ukprn, trainee.start)
        before.state, before.withdrawn = "withdrawn", min(trainee.start + 100, self.days.as_of)
        before.reasons = ("teaching_placement_problems",)
        old = self.line(before, Written(before.route, None, updated=f"{self.year}-08-01T08:00:00Z"))
        return [line, old] if kind.endswith("after") else [old, line]

    def count(self, trainee: Trainee, story: str) -> None:
        """Tally a trainee."""
        self.keep(trainee, story)
        self.truth.count(trainee, self.publish.regions.get(trainee.ukprn, NOT_AVAILABLE))

    def keep(self, trainee: Trainee, story: str) -> None:
        """Keep a trainee for Teaching Vacancies, if nothing about it can be read in two ways."""
        people, month_end = self.people, self.days.month_end
        if self.year == max(START_YEARS) and trainee.state != "draft":
            people.placement_urns.update(trainee.placements)
        plain = story in {"", "register.trn_formatted", "register.trn_short_of_zeros"}
        if not (plain and trainee.trn and trainee.counted_route):
            return
        person = Person(trainee.trn, trainee.placements, trainee.awarded)
        if len(people.training) + len(people.awarded) >= _KEPT:
            return
        if trainee.state == "withdrawn" and trainee.withdrawn <= month_end:
            people.gone.append(person)
        elif trainee.state == "awarded" and trainee.awarded <= month_end:
            people.awarded.append(person)
        elif trainee.state in {"trn_received", "recommended_for_award"} and trainee.start <= month_end:
            if trainee.route in LONG_ROUTES and self.year == max(START_YEARS):
                people.long.append(person)
            elif trainee.route not in LONG_ROUTES and self.year == max(START_YEARS):
                people.training.append(person)

    def bad_rows(self, file: Lines) -> None:
        """Write rows that must be quarantined: each would be a withdrawal if it were read."""
        if self.size < _FEW and self.year != max(START_YEARS):
            return
        for kind, changes in (
            ("register.blank_id", {"trainee_id": None}),
            ("register.blank_state", {"state": ""}),
            ("register.wrong_type", {"withdrawal_date": "some time in May"}),
            ("register.wrong_type", {"withdrawal_reasons": 7}),
        ):
            for _ in range(max(1, self.size // 20_000)):
                trainee = Trainee(self.people.count, self.year, "provider_led_postgrad", self.ukprns[0], 0)
                self.people.count += 1
                self.leave(trainee, 100)
                self.dirt.spoil(file, kind, self.line(trainee, Written(trainee.route, None)), changes)
