"""Stories of adverts: how each kind of trouble in the sample changes what is true of an advert."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from local.sample.adverts import NOT_FILLED, PROBABLE, UNKNOWN, Vacancy
from local.sample.applications import Applicants, Application
from local.sample.days import VACANCY_YEARS, Days, day, iso, london

if TYPE_CHECKING:
    from local.sample.hires import Truth
    from local.sample.trainees import People

OFFERS_FROM = day(2025, 9, 3)
"""The first day of offers in the service."""
STORIES = {
    "vacancies.discarded": 0.006,
    "vacancies.discarded_after_expiry": 0.004,
    "vacancies.unknown_urn": 0.002,
    "vacancies.answer_without_date": 0.002,
    "vacancies.expiry_edge": 0.001,
    "vacancies.duplicate": 0.003,
    "vacancies.unknown_hired_status": 0.001,
}
CURRENT_STORIES = {"vacancies.answer_after_month_end": 0.003, "vacancies.closed_early": 0.003}
SETTLED_STORIES = {
    "vacancies.discarded_after_expiry": NOT_FILLED,
    "vacancies.answer_without_date": NOT_FILLED,
    "vacancies.unknown_hired_status": UNKNOWN,
    "vacancies.answer_after_month_end": UNKNOWN,
}
"""Stories about the answer or the advert, and the class that each comes to."""
OFFER_STORIES = {
    "vacancies.answer_before_offer": PROBABLE,
    "vacancies.offer_without_date": PROBABLE,
    "vacancies.offer_after_month_end": UNKNOWN,
    "vacancies.declined_after_month_end": PROBABLE,
    "vacancies.declined": UNKNOWN,
    "vacancies.offer_withdrawn": UNKNOWN,
}
"""Stories about an offer, and the class that each comes to."""


class AdvertYear:
    """The adverts of one academic year, as far as a story can change them."""

    def __init__(self, year: int, days: Days, rng: random.Random, truth: Truth, people: People) -> None:
        self.year, self.days, self.rng, self.truth = year, days, rng, truth
        self.applicants = Applicants(people, truth.regions, rng, days.month_end)
        self.current = year == max(VACANCY_YEARS)

    def offer_day(self, vacancy: Vacancy) -> int:
        """Return a day for an offer: soon after the expiry, by the month end, not before offers existed."""
        late = min(vacancy.expires + int(self.rng.random() * 12), self.days.month_end)
        return max(late, OFFERS_FROM) if self.current else late


def make_room(year: AdvertYear, vacancy: Vacancy) -> None:
    """Let an advert take applications and close long enough before the month end for its story."""
    vacancy.takes, vacancy.teacher, vacancy.external = True, True, False
    vacancy.expires = day(year.year, 10, 10)
    vacancy.published = vacancy.expires - 20
    vacancy.starts = day(year.year + 1, 9, 1)


def twist(year: AdvertYear, story: str, vacancy: Vacancy, applications: list[Application]) -> None:
    """Apply a story that needs the settled advert."""
    month_end, offers = year.days.month_end, [application for application in applications if application.standing]
    if story in OFFER_STORIES:
        _twist_offer(year, story, vacancy, applications, offers)
    elif story == "vacancies.discarded":
        vacancy.discarded = vacancy.published + 2
        for offer in offers:
            applications.remove(offer)
    elif story == "vacancies.discarded_after_expiry":
        vacancy.discarded = vacancy.expires + 30
    elif story == "vacancies.unknown_urn":
        vacancy.unknown_urn = True
    elif story == "vacancies.answer_after_month_end":
        vacancy.hired, vacancy.answered = "not_filled_ongoing", month_end + 1
    elif story == "vacancies.answer_without_date":
        vacancy.answered = 0
        year.truth.undated_answers += year.current
    elif story == "vacancies.unknown_hired_status":
        vacancy.hired, vacancy.answered = "hired_by_chance", vacancy.expires + 3
    elif story == "vacancies.closed_early":
        _close_early(year, vacancy, applications)
    elif story == "vacancies.expiry_edge":
        _at_the_edge(year, vacancy, applications)


def _close_early(year: AdvertYear, vacancy: Vacancy, applications: list[Application]) -> None:
    """Close an advert by its answer, with an expiry after the month end."""
    month_end = year.days.month_end
    applications.clear()
    vacancy.teacher, vacancy.published, vacancy.expires = True, month_end - 20, month_end + 12
    vacancy.hired, vacancy.answered, vacancy.outcome = "not_filled_not_looking", month_end - 3, NOT_FILLED


def _at_the_edge(year: AdvertYear, vacancy: Vacancy, applications: list[Application]) -> None:
    """Let an advert expire within an hour of midnight at the beginning of the year, in summer time."""
    applications.clear()
    opens = day(year.year, 9, 1)
    vacancy.expires_at = year.rng.choice([f"{iso(opens - 1)}T23:30:00Z", f"{iso(opens)}T00:15:00+01:00"])
    vacancy.expires = london(vacancy.expires_at)
    vacancy.published = vacancy.expires - 20
    vacancy.hired, vacancy.answered, vacancy.outcome = "", 0, UNKNOWN


def _twist_offer(
    year: AdvertYear, story: str, vacancy: Vacancy, applications: list[Application], offers: list[Application]
) -> None:
    """Apply a story about the offer."""
    month_end = year.days.month_end
    vacancy.hired, vacancy.answered = "", 0
    if vacancy.outcome == UNKNOWN:
        offer = year.applicants.offer(PROBABLE, vacancy.start, year.offer_day(vacancy))
        offers = [offer] if offer else []
        applications += offers
    for offer in offers:
        if story == "vacancies.answer_before_offer":
            vacancy.hired, vacancy.answered = "not_filled_ongoing", offer.offered - 1
        elif story == "vacancies.offer_without_date":
            offer.dated = False
            year.truth.imputed_offers += 1
        elif story == "vacancies.offer_after_month_end":
            offer.offered, offer.standing = month_end + 1, False
        elif story == "vacancies.declined_after_month_end":
            offer.status, offer.ended = "declined", month_end + 1
        elif story == "vacancies.declined":
            offer.status, offer.ended, offer.standing = "declined", offer.offered + 2, False
        elif story == "vacancies.offer_withdrawn":
            offer.status, offer.ended, offer.standing = "withdrawn", offer.offered + 2, False
