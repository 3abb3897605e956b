"""Applications for jobs: who applies, and which applicant puts an advert in which class (numbers#4-ect-vacancies)."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.sample.days import Days, add_months, instant_json, iso
from local.sample.drops import quoted
from local.sample.trainees import TRAINING_ENDS, People, Person
from local.sample.trns import REFUSED, USABLE, trn

if TYPE_CHECKING:
    from local.sample.establishments import School

_STRANGERS = 3_000_000
"""Applicants who are no trainees have TRNs from this number on, which no trainee reaches."""
_ENDED = ("unsuccessful", "rejected", "unsuccessful_interview", "shortlisted", "submitted", "reviewed", "interviewing")


@dataclass(slots=True)
class Application:
    """One application: what is true of it. Days are ordinals, 0 for none."""

    status: str
    submitted: int
    trn: str | None = None
    """As a person would say it; ``None`` where there is none that can be used."""
    written: str | None = None
    person: Person | None = None
    """The trainee, where the applicant is one and in training or in the ECT window at the month end."""
    qts: str | None = None
    qts_year: int | None = None
    inducted: bool | None = None
    offered: int = 0
    ended: int = 0
    """Day of a decline or withdrawal."""
    dated: bool = True
    standing: bool = False
    matched: bool = False
    kinds: tuple[str, ...] = ()


class Applicants:
    """Draws applicants from the trainees and from strangers."""

    def __init__(self, people: People, regions: Mapping[str, str], rng: random.Random, month_end: int) -> None:
        """``regions`` gives the region of a placement school by URN."""
        self.people, self.rng, self.month_end = people, rng, month_end
        self.stranger = _STRANGERS
        self.outside = [(person, False) for person in people.gone] + [(person, True) for person in people.long]
        self.recent = [person for person in people.awarded if person.awarded >= add_months(month_end, -24)]
        self.near: defaultdict[str, list[Person]] = defaultdict(list)
        """Trainees by URN of a placement, and by region of their first."""
        for person in people.training + self.recent:
            for place, urn in enumerate(person.placements):
                self.near[urn].append(person)
                if not place:
                    self.near[regions[urn]].append(person)

    def someone(self, schools: tuple[School, ...]) -> Person | None:
        """Return a trainee in training or in the ECT window at the month end, if there are any.

        One in eight applies to a school where they had a placement, most others within its region.
        """
        chance = self.rng.random()
        pool: list[Person] = []
        if schools and chance < 0.12:
            pool = self.near.get(schools[0].urn, [])
        if schools and not pool and chance < 0.7:
            pool = self.near.get(schools[0].region, [])
        pool = pool or (self.people.training if chance < 0.85 else self.recent)
        return self.rng.choice(pool) if pool else None

    def unsuccessful(self, submitted: int, schools: tuple[School, ...], current: bool) -> Application:
        """Return an application that came to nothing; one in five is a trainee's."""
        rng = self.rng
        application = Application(rng.choice(_ENDED), submitted)
        chance = rng.random()
        person = self.someone(schools) if chance < 0.2 else None
        if person:
            # Trainees' awards lie in the past of every advert of the current year only.
            application.person = person if current else None
            self.write_trn(application, person.trn)
        elif chance < 0.6:
            self.write_trn(application, self.new_trn())
            application.qts, application.qts_year, application.inducted = "yes", 2012 + int(rng.random() * 8), True
        elif chance < 0.62:
            kind = rng.choice(sorted(REFUSED))
            application.written, application.kinds = rng.choice(REFUSED[kind]), ("trn_refused",)
        if chance > 0.95:
            application.status, application.ended = "withdrawn", submitted + 1
        return application

    def new_trn(self) -> str:
        """Return a TRN that Register does not have."""
        self.stranger += 1
        return trn(self.stranger)

    def write_trn(self, application: Application, value: str) -> None:
        """Give an application a usable TRN, as typed."""
        application.trn = application.written = value
        if self.rng.random() < 0.03:
            application.written = USABLE["trn_formatted"](value, self.rng)
            application.kinds = (*application.kinds, "trn_formatted")

    def offer(self, outcome: str, start: int, offered: int) -> Application | None:
        """Return a standing offer that puts an advert with a start on day ``start`` in a class.

        ``None`` where no trainee suits.
        """
        application = Application("offered", offered - 20, offered=offered, standing=True)
        make = {
            "conflict": self.in_window,
            "ect_probable": self.in_window,
            "ect_possible": self.possible,
            "not_ect": self.not_ect,
            "filled_person_unknown": self.person_unknown,
        }[outcome]
        return application if make(application, start) else None

    def in_window(self, application: Application, start: int) -> bool:
        """Make the applicant a trainee in the ECT window of a start."""
        rng, earliest = self.rng, add_months(start, -24)
        for _ in range(40):
            training = rng.random() < 0.45
            pool = self.people.training if training else self.recent
            person = rng.choice(pool) if pool else None
            if person is None or (not training and person.awarded < earliest):
                continue
            if training and add_months(start, 6) < TRAINING_ENDS:
                continue
            application.person, application.matched = person, True
            application.qts = "on_track" if training else "yes"
            application.qts_year = None if training else int(iso(person.awarded)[:4])
            self.write_trn(application, person.trn)
            return True
        return False

    def possible(self, application: Application, start: int) -> bool:
        """Make the applicant someone whom Register does not have and who may be newly qualified."""
        rng = self.rng
        if rng.random() < 0.5:
            application.qts = "on_track"
        else:
            application.qts = "yes"
            application.qts_year = int(iso(start)[:4]) - int(rng.random() * 3)
            application.inducted = rng.choice([False, None])
        if application.qts == "yes" and rng.random() < 0.5:
            self.write_trn(application, self.new_trn())
        else:
            application.kinds = (*application.kinds, "trn_missing")
        return True

    def not_ect(self, application: Application, start: int) -> bool:
        """Make the applicant an experienced teacher, or a trainee outside the window."""
        rng = self.rng
        chance = rng.random()
        if chance < 0.12 and self.outside:
            person, in_training = rng.choice(self.outside)
            application.matched, application.kinds = True, ("matched_outside_window",)
            application.qts, application.person = "on_track", person if in_training else None
            self.write_trn(application, person.trn)
            return True
        application.qts, application.qts_year = "yes", int(iso(start)[:4]) - 3 - int(rng.random() * 15)
        application.inducted = rng.choice([True, True, None])
        if chance < 0.75:
            self.write_trn(application, self.new_trn())
        else:
            application.kinds = ("trn_missing",)
        if chance > 0.95:
            application.qts_year, application.inducted = int(iso(start)[:4]) - 1, True
        return True

    def person_unknown(self, application: Application, start: int) -> bool:
        """Make the applicant someone of whom nothing is known, as on an uploaded form."""
        application.kinds = ("trn_missing",)
        return True


_INDUCTED = {True: "true", False: "false", None: "null"}


def application_line(a: Application, id: str, vacancy: str, rng: random.Random, days: Days, extra: str = "") -> str:
    """Return the row of an application."""
    latest = max(a.submitted, a.offered, a.ended, days.as_of - 400)
    if a.dated and not a.ended:
        latest = min(latest + 2, max(days.as_of, a.offered))
    declined, withdrawn = (a.ended if a.status == ended else 0 for ended in ("declined", "withdrawn"))
    days_of = (a.submitted, a.offered if a.dated else 0, declined, withdrawn, latest)
    submitted_at, offered_at, declined_at, withdrawn_at, updated_at = (instant_json(at, rng) for at in days_of)
    return (
        f'{{"application_id":"{id}","vacancy_id":"{vacancy}","status":"{a.status}","submitted_at":{submitted_at},'
        f'"offered_at":{offered_at},"declined_at":{declined_at},"withdrawn_at":{withdrawn_at},'
        f'"qualified_teacher_status":{quoted(a.qts)},"qualified_teacher_status_year":{a.qts_year or "null"},'
        f'"is_statutory_induction_complete":{_INDUCTED[a.inducted]},"trn":{quoted(a.written)},'
        f'"updated_at":{updated_at}{extra}}}'
    )
