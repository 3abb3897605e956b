"""Who was hired: the tallies and the answers of KPI 4."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from local.sample.adverts import CLASSES, NOT_ECT, PERSON_UNKNOWN, POSSIBLE, PROBABLE, UNKNOWN, Vacancy
from local.sample.answers import NOT_AVAILABLE, counts, figure, grouped
from local.sample.days import VACANCY_YEARS, Days, day

if TYPE_CHECKING:
    from local.sample.applications import Application
    from local.sample.trainees import Person


@dataclass
class Truth:
    """The tallies of this source, by academic year, at the month end."""

    regions: dict[str, str]
    """Region of each school by URN."""
    classes: Counter[tuple[int, str]] = field(default_factory=Counter)
    by_region: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(region, class), current year."""
    population: Counter[int] = field(default_factory=Counter)
    taking: Counter[int] = field(default_factory=Counter)
    offers: int = 0
    with_trn: int = 0
    matched: int = 0
    applying: dict[str, tuple[bool, bool, bool]] = field(default_factory=dict)
    """TRN: whether a placement is recorded, whether one is at a school applied to, whether one is in its region."""
    by_school_region: set[tuple[str, str]] = field(default_factory=set)
    by_school_phase: set[tuple[str, str]] = field(default_factory=set)
    undated_answers: int = 0
    imputed_offers: int = 0

    def count(self, vacancy: Vacancy, applications: list[Application], days: Days) -> None:
        """Tally an advert and its applications at the month end at which its year stands."""
        year = vacancy.year
        current = year == max(VACANCY_YEARS)
        at = days.month_end if current else days.year_earlier()
        if not vacancy.counted(at) or not day(year, 9, 1) <= vacancy.expires <= day(year + 1, 8, 31):
            return
        self.population[year] += 1
        self.taking[year] += vacancy.takes
        if not current:
            known = bool(vacancy.hired) and 0 < vacancy.answered <= at
            self.classes[year, vacancy.outcome if known else UNKNOWN] += 1
            return
        self.classes[year, vacancy.outcome] += 1
        self.by_region[vacancy.common("region"), vacancy.outcome] += 1
        for application in applications:
            if application.standing:
                self.offers += 1
                self.with_trn += bool(application.trn)
                self.matched += application.matched
            if application.person and application.submitted <= days.month_end:
                self.count_applicant(application.person, vacancy)

    def count_applicant(self, person: Person, vacancy: Vacancy) -> None:
        """Tally a trainee who applied to an advert of the population."""
        region = vacancy.common("region")
        self.by_school_region.add((region, person.trn))
        self.by_school_phase.add((vacancy.common("phase"), person.trn))
        _, at_school, in_region = self.applying.get(person.trn, (False, False, False))
        placed = {self.regions[urn] for urn in person.placements}
        self.applying[person.trn] = (
            bool(person.placements),
            at_school or any(school.urn in person.placements for school in vacancy.schools),
            in_region or (region != NOT_AVAILABLE and region in placed),
        )


def answers(truth: Truth, days: Days) -> dict[str, Any]:
    """Return the answers to KPI 4."""
    year, at = max(VACANCY_YEARS), days.month_end

    def known(classes: Counter[str]) -> tuple[int, int, int]:
        filled = classes[PROBABLE] + classes[POSSIBLE] + classes[NOT_ECT]
        return classes[PROBABLE], filled, filled + classes[PERSON_UNKNOWN]

    classes = Counter({name: truth.classes[year, name] for name in CLASSES})
    probable, filled_known, all_filled = known(classes)
    headline = figure(year, at, probable, filled_known)
    headline["by_region"] = {}
    for region in sorted({region for region, _ in truth.by_region}):
        cut = Counter({name: truth.by_region[region, name] for name in CLASSES})
        headline["by_region"][region] = {"numerator": known(cut)[0], "denominator": known(cut)[1]}
    answered = {period: truth.population[period] - truth.classes[period, UNKNOWN] for period in VACANCY_YEARS}
    taking, any_outcome = (
        figure(year, at, counts[year], truth.population[year])
        | {"comparison": figure(year - 1, days.year_earlier(), counts[year - 1], truth.population[year - 1])}
        for counts in (truth.taking, answered)
    )
    upper = probable + classes[POSSIBLE] + classes[PERSON_UNKNOWN]
    applicants = list(truth.applying.values())
    placed = [applicant for applicant in applicants if applicant[0]]
    applying = figure(year, at, len(applicants))
    applying["by_region_applied_to"] = counts(Counter(region for region, _ in truth.by_school_region))
    applying["by_phase_applied_to"] = counts(Counter(phase for phase, _ in truth.by_school_phase))
    return {
        "headline": headline,
        "lower_bound": figure(year, at, probable, all_filled),
        "upper_bound": figure(year, at, upper, all_filled),
        "all_filled": figure(year, at, all_filled),
        "vacancies_by_class": grouped(year, at, "class", counts(classes)),
        "coverage_taking_applications": taking,
        "coverage_any_outcome": any_outcome,
        "coverage_usable_trn": figure(year, at, truth.with_trn, truth.offers),
        "coverage_matched": figure(year, at, truth.matched, truth.with_trn),
        "trainees_applying": applying,
        "applying_to_placement_school": figure(year, at, sum(a[1] for a in placed), len(placed)),
        "applying_in_placement_region": figure(year, at, sum(a[2] for a in placed), len(placed)),
        "records_with_assumption": grouped(
            year,
            at,
            "assumption",
            {"answer_without_date": truth.undated_answers, "offer_dated_by_update": truth.imputed_offers},
        ),
    }
