"""The Teaching Vacancies drop: adverts and applications, the class decided first (numbers#4-ect-vacancies)."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.sample.adverts import (
    CONFLICT,
    NOT_ECT,
    NOT_FILLED,
    PERSON_UNKNOWN,
    POSSIBLE,
    PROBABLE,
    UNKNOWN,
    Vacancy,
    advert_line,
    kinds,
    uuid,
)
from local.sample.applications import Application, application_line
from local.sample.days import VACANCY_YEARS, Days, add_months, day, iso
from local.sample.dirt import Dirt, plan
from local.sample.drops import Drop, Lines
from local.sample.hires import Truth, answers
from local.sample.vacancy_stories import (
    CURRENT_STORIES,
    OFFER_STORIES,
    OFFERS_FROM,
    SETTLED_STORIES,
    STORIES,
    AdvertYear,
    make_room,
    twist,
)

if TYPE_CHECKING:
    from local.sample.establishments import Register as Schools
    from local.sample.establishments import School
    from local.sample.trainees import People

VACANCIES = 75_000
"""Vacancies of an academic year at scale 1."""

_WITH_OFFERS = (
    [CONFLICT] + [PROBABLE] * 19 + [POSSIBLE] * 6 + [NOT_ECT] * 24 + [PERSON_UNKNOWN] * 10 + [NOT_FILLED] * 10
    + [UNKNOWN] * 30
)  # fmt: skip
_WITHOUT_OFFERS = [PERSON_UNKNOWN] * 22 + [NOT_FILLED] * 9 + [UNKNOWN] * 69
_HIRED = ("hired_tvs", "hired_other_free", "hired_paid", "hired_no_listing")
_UNFILLED = ("not_filled_ongoing", "not_filled_not_looking")
_MONTH_WEIGHTS = tuple(accumulate((5, 5, 4, 3, 7, 9, 13, 15, 16, 12, 6, 5)))
"""Share of adverts that expire in each month from September, of 100."""


def write(
    out: Path, days: Days, scale: float, seed: int, schools: Schools, people: People, dirt: Dirt
) -> tuple[dict[str, Any], dict[str, int]]:
    """Write the Teaching Vacancies drop; return the answers to KPI 4, and rows by file."""
    truth = Truth({school.urn: school.region for school in schools.known.values()})
    size = max(400, round(VACANCIES * scale))
    drop = Drop(out, "vacancies", days)
    with drop.ndjson("applications") as applications, drop.ndjson("vacancies") as adverts:
        for year in VACANCY_YEARS:
            rng = random.Random(f"{seed}:vacancies:{year}")
            Year(year, days, rng, schools, people, truth, dirt, size).write(adverts, applications)
    return answers(truth, days), drop.finish()


class Year(AdvertYear):
    """Writes the adverts of one academic year with their applications."""

    def __init__(
        self, year: int, days: Days, rng: random.Random, schools: Schools, people: People, truth: Truth, dirt: Dirt,
        size: int,
    ) -> None:  # fmt: skip
        super().__init__(year, days, rng, truth, people)
        self.schools, self.dirt, self.size = schools, dirt, size
        self.next_vacancy = self.next_application = year * 10_000_000

    def write(self, adverts: Lines, applications: Lines) -> None:
        """Write the year."""
        stories = plan(self.rng, self.size, self.stories())
        for number in range(self.size):
            vacancy = self.vacancy()
            story = stories.get(number, "")
            of_vacancy = self.tell(story, vacancy)
            for line in self.lines(story, vacancy):
                adverts.add(line)
            for application in of_vacancy:
                for line in self.application_lines(application):
                    applications.add(line)
            self.truth.count(vacancy, of_vacancy, self.days)
        self.bad_rows(adverts, applications)

    def stories(self) -> dict[str, float]:
        """Return the shares of this year: offers exist in the current one only."""
        return STORIES | (CURRENT_STORIES | dict.fromkeys(OFFER_STORIES, 0.002) if self.current else {})

    def vacancy(self) -> Vacancy:
        """Return an advert of no particular story."""
        rng = self.rng
        month = rng.choices(range(12), cum_weights=_MONTH_WEIGHTS)[0]
        expires = add_months(day(self.year, 9, 1), month) + int(rng.random() * 28)
        published = expires - 14 - int(rng.random() * 20)
        if published > self.days.as_of:
            # Not yet advertised: another month of the same year, then.
            expires = max(expires - (published - self.days.as_of) - int(rng.random() * 150), day(self.year, 9, 1))
            published = min(expires - 20, self.days.as_of)
        starts = day(self.year + 1, 9, 1) if month > 4 else day(self.year + 1, 4, 13 if month > 2 else 1)
        if rng.random() < 0.15:
            starts = 0
        external = rng.random() < 0.2
        takes = not external and rng.random() < 0.72
        vacancy = Vacancy(
            self.year, expires, published, starts, self.places(), takes, rng.random() < 0.72, external=external
        )
        pool = _WITH_OFFERS if self.current and takes else _WITHOUT_OFFERS
        vacancy.outcome = pool[int(rng.random() * 100)]
        return vacancy

    def places(self) -> tuple[School, ...]:
        """Return the schools of an advert: one, several, or none for a trust."""
        rng, steady = self.rng, self.schools.steady
        chance = rng.random()
        if chance < 0.06:
            return ()
        if chance < 0.12:
            return tuple(steady[int(rng.random() * len(steady))] for _ in range(2 + int(rng.random() * 3)))
        return (steady[int(rng.random() * len(steady))],)

    def tell(self, story: str, vacancy: Vacancy) -> list[Application]:
        """Settle an advert by its class and story, and return its applications."""
        if story:
            self.dirt.add(story)
        if story in OFFER_STORIES or story in SETTLED_STORIES:
            make_room(self, vacancy)
            vacancy.outcome = (OFFER_STORIES | SETTLED_STORIES)[story]
        applications = [] if vacancy.external or not vacancy.takes else self.usual(vacancy)
        if vacancy.counted(self.days.month_end):
            self.settle(vacancy, applications)
        else:
            vacancy.outcome = UNKNOWN
        twist(self, story, vacancy, applications)
        return applications

    def usual(self, vacancy: Vacancy) -> list[Application]:
        """Return applications that came to nothing; some are from trainees."""
        rng, month_end = self.rng, self.days.month_end
        applications = []
        for _ in range(1 + int(rng.random() * 8)):
            submitted = vacancy.published + int(rng.random() * max(1, vacancy.expires - vacancy.published))
            if submitted > self.days.as_of:
                continue
            application = self.applicants.unsuccessful(submitted, vacancy.schools, self.current)
            if submitted > month_end:
                self.dirt.add("vacancies.submitted_after_month_end")
            applications.append(application)
        return applications

    def settle(self, vacancy: Vacancy, applications: list[Application]) -> None:
        """Give an advert the offer or the answer that puts it in its class."""
        rng = self.rng
        offered = self.offer_day(vacancy)
        if (
            self.current
            and vacancy.takes
            and vacancy.outcome in {CONFLICT, PROBABLE, POSSIBLE, NOT_ECT, PERSON_UNKNOWN}
        ) and (vacancy.outcome != PERSON_UNKNOWN or rng.random() < 0.5):
            offer = self.applicants.offer(vacancy.outcome, vacancy.start, offered)
            if offer is None:
                vacancy.outcome = UNKNOWN
                return
            applications.append(offer)
            if vacancy.outcome == PROBABLE and rng.random() < 0.05:
                second = self.applicants.offer(NOT_ECT, vacancy.start, offered)
                applications += [second] if second else []
        if vacancy.outcome == CONFLICT:
            vacancy.hired = rng.choice(_UNFILLED + _HIRED[1:])
            vacancy.answered = self.answer_day(vacancy, offered)
            self.dirt.add("vacancies.conflict")
        elif vacancy.outcome == PERSON_UNKNOWN and not any(application.standing for application in applications):
            vacancy.hired, vacancy.answered = rng.choice(_HIRED), self.answer_day(vacancy, offered)
        elif vacancy.outcome == NOT_FILLED:
            vacancy.hired, vacancy.answered = rng.choice(_UNFILLED), self.answer_day(vacancy, offered)
        elif vacancy.outcome == UNKNOWN and rng.random() < 0.1:
            vacancy.hired, vacancy.answered = "hired_dont_know", self.answer_day(vacancy, offered)
        elif vacancy.outcome in {PROBABLE, POSSIBLE, NOT_ECT} and rng.random() < 0.5:
            vacancy.hired, vacancy.answered = "hired_tvs", self.answer_day(vacancy, offered)

    def answer_day(self, vacancy: Vacancy, offered: int) -> int:
        """Return a day for an answer: on or after an offer, by the month end."""
        return min(max(vacancy.expires + 1, offered) + int(self.rng.random() * 20), self.days.month_end)

    def lines(self, story: str, vacancy: Vacancy) -> Iterator[str]:
        """Yield the rows of an advert."""
        self.next_vacancy += 1
        line = self.line(vacancy)
        if story == "vacancies.duplicate":
            older = json.loads(line) | {
                "job_roles": ["sendco"],
                "hired_status": "not_filled_ongoing",
                "updated_at": f"{iso(vacancy.published)}T01:00:00Z",
            }
            yield from [line, json.dumps(older)] if self.next_vacancy % 2 else [json.dumps(older), line]
        else:
            yield line

    def line(self, vacancy: Vacancy) -> str:
        """Return the row of an advert under the present id."""
        extra = self.dirt.surplus("vacancies", self.next_vacancy, 60)
        for kind in kinds(vacancy, self.days.month_end):
            self.dirt.add(kind)
        return advert_line(vacancy, self.next_vacancy, self.rng, self.days, extra)

    def application_lines(self, application: Application) -> Iterator[str]:
        """Yield the rows of an application to the advert just written."""
        self.next_application += 1
        vacancy, number = uuid("v", self.next_vacancy), self.next_application
        extra = self.dirt.surplus("vacancies", number, 55)
        for kind in application.kinds:
            self.dirt.add(f"vacancies.{kind}")
        line = application_line(application, uuid("a", number), vacancy, self.rng, self.days, extra)
        if number % 500 == 3:
            older = json.loads(line) | {"status": "submitted", "trn": None, "offered_at": None}
            older["updated_at"] = f"{iso(application.submitted - 1)}T01:00:00Z"
            self.dirt.add("vacancies.application_duplicate")
            yield from [json.dumps(older), line] if number % 1000 == 3 else [line, json.dumps(older)]
        elif number % 900 == 5:
            yield line
            yield application_line(
                Application("submitted", application.submitted), uuid("o", number), uuid("v", 0), self.rng, self.days
            )
            self.dirt.add("vacancies.orphan_application")
        elif number % 300 == 7:
            yield line
            yield application_line(Application("draft", 0), uuid("d", number), vacancy, self.rng, self.days)
            self.dirt.add("vacancies.draft_application")
        else:
            yield line

    def bad_rows(self, adverts: Lines, applications: Lines) -> None:
        """Write rows that must be quarantined: each would be a filled vacancy, or an offer, if it were read."""
        expires = day(self.year, 11, 3)
        good = Vacancy(self.year, expires, expires - 20, 0, (), True, True, hired="hired_tvs", answered=expires + 1)
        for kind, changes in (
            ("vacancies.blank", {"vacancy_id": None}),
            ("vacancies.blank", {"expires_at": None}),
            ("vacancies.wrong_type", {"expires_at": "at the end of term"}),
            ("vacancies.wrong_type", {"job_roles": 3}),
        ):
            self.next_vacancy += 1
            self.dirt.spoil(adverts, kind, self.line(good), changes)
        for kind, changes in (
            ("vacancies.application_blank", {"application_id": None}),
            ("vacancies.application_blank", {"vacancy_id": ""}),
            ("vacancies.application_blank", {"status": None}),
            ("vacancies.application_wrong_type", {"offered_at": "soon"}),
            ("vacancies.application_wrong_type", {"qualified_teacher_status_year": "last year"}),
        ):
            self.next_application += 1
            row = application_line(
                Application("offered", expires, offered=max(expires, OFFERS_FROM)),
                uuid("a", self.next_application),
                uuid("v", self.year * 10_000_000 + 1),
                self.rng,
                self.days,
            )
            self.dirt.spoil(applications, kind, row, changes)
