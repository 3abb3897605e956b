"""KPI 4 again: vacancies filled by early career teachers, sentence by sentence (numbers#4-ect-vacancies)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from tests.book.answers import FACTS, Answer, Answers, Cell
from tests.book.days import by, london, months_later
from tests.book.points import Point
from tests.book.schools import PHASES, REGIONS, Register
from tests.book.world import Row, World

FILLED = ("ect_probable", "ect_possible", "not_ect", "filled_person_unknown")
NOT_FILLED = ("not_filled_ongoing", "not_filled_not_looking")
HIRED_ELSEWHERE = ("hired_other_free", "hired_paid", "hired_no_listing")
IN_TRAINING = ("submitted_for_trn", "trn_received", "recommended_for_award")
REASONS = ("not_a_trn", "too_short", "too_long", "repeated_digit", "known_placeholder")
"""Why a TRN is refused, in the order of the book's sentence; anything else is another reason."""

EARLY_YEARS = frozenset(
    """
    early_years_undergrad|18|early-years undergrad|early years undergraduate|early years (undergrad)
    early_years_assessment_only|17|early years assessment only|early years (assessment only)
    early_years_salaried|20|early years salaried|early years graduate employment based|early years (salaried)
    early_years_postgrad|19|early years postgrad|early years graduate entry|early years (postgrad)
    """.strip()
    .replace("\n    ", "|")
    .split("|")
)
"""Early-years routes as Register gives them: id, HESA code or label."""

FIRST_YEAR_WITH_OFFERS = 2025
REST_ON_OFFERS = (
    "headline",
    "lower_bound",
    "upper_bound",
    "all_filled",
    "coverage_usable_trn",
    "coverage_matched",
)
MADE_BY_OFFERS = ("conflict", "ect_probable", "ect_possible", "not_ect")
"""Classes that only an offer can make; a school's answer, which makes the others, is as old as the service."""


@dataclass(frozen=True)
class Offer:
    """A standing offer: its day, whether that is only the day of the last change, and whom it was made to."""

    application: Row
    day: date
    imputed: bool
    usable_trn: bool
    matched: bool
    in_window: bool


@dataclass(frozen=True)
class Vacancy:
    """A vacancy of the population on a day, with what is known of it then."""

    kind: str
    region: str
    phase: str
    offers: Sequence[Offer]


def answers(world: World, points: Sequence[Point]) -> Answers:
    """Return every cell of the KPI at every point."""
    facts = Facts(world)
    found: Answers = {}
    for point in points:
        found |= _at(facts, point)
    return found


class Facts:
    """What a world holds, arranged so that it is read once."""

    def __init__(self, world: World) -> None:
        """Arrange ``world``."""
        self.vacancies = [row for row in world.rows("vacancies") if "teacher" in (row.get("job_roles") or ())]
        self.applications: dict[str, list[Row]] = {}
        for row in world.rows("vacancy_applications"):
            self.applications.setdefault(row["vacancy_id"], []).append(row)
        self.all_trainees = world.rows("trainees")
        self.trainees: dict[str, list[Row]] = {}
        for row in self.all_trainees:
            if row.get("trn") and _can_match(row) and not _awarded_without_date(row):
                self.trainees.setdefault(row["trn"], []).append(row)
        self.schools = Register(world)
        self.places = {row["vacancy_id"]: self._place(row) for row in self.vacancies}

    def _place(self, vacancy: Row) -> tuple[str, str]:
        """The region and the phase that the schools of a vacancy have in common."""
        known = [urn for urn in vacancy.get("organisation_urns") or () if urn and self.schools.knows(urn)]
        regions = {self.schools.region(urn) for urn in known}
        phases = {self.schools.phase(urn) for urn in known}
        return (
            regions.pop() if len(regions) == 1 else "not_available",
            phases.pop() if len(phases) == 1 else "not_available",
        )


def _can_match(trainee: Row) -> bool:
    """Draft and early-years records match nothing (numbers#match)."""
    return trainee["state"] != "draft" and (trainee.get("training_route") or "").lower() not in EARLY_YEARS


def _awarded_without_date(trainee: Row) -> bool:
    return bool(trainee["state"] == "awarded" and trainee.get("awarded_at") is None)


def _closed(vacancy: Row, day: date) -> bool:
    """Whether a vacancy had expired by the day, or its school had answered."""
    answered = vacancy.get("hired_status") is not None and by(london(vacancy.get("stats_updated_at")), day)
    return by(london(vacancy["expires_at"]), day) or answered


def _in_population(vacancy: Row, point: Point, *, published: bool = True) -> bool:
    """Whether a teacher's vacancy is of the population; ``published`` false: but for its day of publication."""
    expires = london(vacancy["expires_at"])
    assert expires is not None, "a vacancy has a day on which it expires"
    discarded = vacancy.get("discarded_at")
    if discarded is not None and by(london(discarded), point.as_of) and discarded <= vacancy["expires_at"]:
        return False
    if published and not by(vacancy.get("publish_on"), point.as_of):
        return False
    return point.opens <= expires <= point.closes and _closed(vacancy, point.as_of)


def _state_on(trainee: Row, day: date) -> str:
    """What a trainee was on the day, as far as the dates tell (numbers#facts-after-the-day)."""
    if by(london(trainee.get("awarded_at")), day):
        return "awarded"
    deferred, returned, withdrawn = (trainee.get(name) for name in ("defer_date", "reinstate_date", "withdrawal_date"))
    state = str(trainee["state"])
    if state == "withdrawn":
        if withdrawn is None or withdrawn <= day:
            return state
        # Withdrawn later: until then deferred, if a deferral had begun without a return.
        return "deferred" if by(deferred, day) and not by(returned, day) else "trn_received"
    if state == "deferred":
        return "trn_received" if deferred is not None and deferred > day else state
    if state not in (*IN_TRAINING, "awarded"):
        return state
    # In training now, or awarded later. A return that is dated later is undone, and leaves the deferral before it.
    if by(deferred, day) and returned is not None and returned > day:
        return "deferred"
    return "trn_received"


def _in_window(trainee: Row, start: date, day: date) -> bool:
    """The ECT window before and after the start of a job, as the record stood on the day (numbers#ect-window)."""
    state = _state_on(trainee, day)
    if state == "awarded":
        awarded = london(trainee.get("awarded_at"))
        return awarded is not None and awarded >= months_later(start, -24)
    ends = trainee.get("itt_end_date")
    return state in IN_TRAINING and (ends is None or ends <= months_later(start, 6))


def _offer_day(application: Row) -> date | None:
    return london(application.get("offered_at") or application.get("updated_at"))


def _stands(application: Row, day: date) -> bool:
    """Whether an offer had been made by the day and was not ended by then (numbers#standing-offer)."""
    status = application["status"]
    if not by(_offer_day(application), day):
        return False
    if status == "declined":
        return _declined_after(application, day)
    if status == "withdrawn":
        # Any application can be withdrawn: that there was an offer, only its date says.
        withdrawn = london(application.get("withdrawn_at"))
        return application.get("offered_at") is not None and withdrawn is not None and withdrawn > day
    return bool(status == "offered")


def _declined_after(application: Row, day: date) -> bool:
    declined = london(application.get("declined_at"))
    return application["status"] == "declined" and declined is not None and declined > day


def _offers(facts: Facts, vacancy: Row, start: date, day: date) -> list[Offer]:
    found = []
    for application in facts.applications.get(vacancy["vacancy_id"], ()):
        offered = _offer_day(application)
        if offered is None or not _stands(application, day):
            continue
        records = facts.trainees.get(application.get("trn") or "", [])
        found.append(
            Offer(
                application,
                offered,
                imputed=application.get("offered_at") is None,
                usable_trn=application.get("trn") is not None,
                matched=bool(records),
                in_window=any(_in_window(record, start, day) for record in records),
            )
        )
    return found


def _class(vacancy: Row, offers: Sequence[Offer], start: date, point: Point) -> str:
    """The first class that holds for any of the applications (numbers#class-of-a-vacancy)."""
    answer, answered = vacancy.get("hired_status"), london(vacancy.get("stats_updated_at"))
    if not (by(answered, point.as_of) if answered is not None else point.is_current):
        answer = None  # not given yet, or given on an unknown day
    probable = [offer for offer in offers if offer.in_window]
    if any(
        answer in NOT_FILLED + HIRED_ELSEWHERE and answered is not None and answered >= offer.day for offer in probable
    ):
        return "conflict"
    if probable:
        return "ect_probable"
    unmatched = [offer.application for offer in offers if not offer.matched]
    if any(_says_early_career(application, start) for application in unmatched):
        return "ect_possible"
    if any(offer.matched for offer in offers) or any(_says_experienced(one, start) for one in unmatched):
        return "not_ect"
    if offers or answer in ("hired_tvs", *HIRED_ELSEWHERE):
        return "filled_person_unknown"
    return "not_filled" if answer in NOT_FILLED else "unknown"


def _says_early_career(application: Row, start: date) -> bool:
    year = application.get("qualified_teacher_status_year")
    recent = year is not None and year >= start.year - 2
    return application.get("qualified_teacher_status") == "on_track" or (
        recent and not application.get("is_statutory_induction_complete")
    )


def _says_experienced(application: Row, start: date) -> bool:
    year = application.get("qualified_teacher_status_year")
    return application.get("is_statutory_induction_complete") is True or (year is not None and year < start.year - 2)


def _at(facts: Facts, point: Point) -> Answers:
    population: list[tuple[Row, Vacancy]] = []
    for row in facts.vacancies:
        if _in_population(row, point):
            start = row.get("starts_on") or london(row["expires_at"])
            offers = _offers(facts, row, start, point.as_of)
            kind = _class(row, offers, start, point)
            population.append((row, Vacancy(kind, *facts.places[row["vacancy_id"]], offers)))
    found = _figures(population, point)
    found |= _coverage(population, point)
    found |= _trainees_applying(facts, population, point)
    found |= _not_counted(facts, population, point)
    found[Cell(FACTS, point.period, point.as_of)] = Answer(_facts_of_period(facts, point))
    if point.period < FIRST_YEAR_WITH_OFFERS:
        nothing = Answer(None, None, "not_available")
        found = {cell: nothing if cell.measure in REST_ON_OFFERS else answer for cell, answer in found.items()}
        found |= {
            Cell("vacancies_by_class", point.period, point.as_of, "class", one): nothing for one in MADE_BY_OFFERS
        }
    return found


def _facts_of_period(facts: Facts, point: Point) -> int:
    return sum(point.opens <= (london(row["expires_at"]) or date.min) <= point.closes for row in facts.vacancies)


def _figures(population: Sequence[tuple[Row, Vacancy]], point: Point) -> Answers:
    """The classes, and the headline with its bounds, by region and by phase."""
    found: Answers = {}
    vacancies = [vacancy for _, vacancy in population]
    for kind, number in Counter(vacancy.kind for vacancy in vacancies).items():
        found[Cell("vacancies_by_class", point.period, point.as_of, "class", kind)] = Answer(number)
    parts = [("national", "Total", list(vacancies))]
    for code in (*REGIONS.values(), "not_available"):
        parts.append(("region", code, [one for one in vacancies if one.region == code]))
    for code in (*PHASES.values(), "not_available"):
        parts.append(("phase", code, [one for one in vacancies if one.phase == code]))
    enough = _enough_coverage(_coverage(population, point), point)
    for breakdown, category, part in parts:
        count = Counter(vacancy.kind for vacancy in part)
        filled = sum(count[kind] for kind in FILLED)
        told = count["ect_probable"] + count["ect_possible"] + count["not_ect"]
        perhaps = count["ect_probable"] + count["ect_possible"] + count["filled_person_unknown"]
        cells = {
            "headline": Answer(count["ect_probable"], told),
            "lower_bound": Answer(count["ect_probable"], filled),
            "upper_bound": Answer(perhaps, filled),
            "all_filled": Answer(filled),
        }
        if not enough:
            cells["headline"] = Answer(None, None, "insufficient_coverage")
        for measure, answer in cells.items():
            found[Cell(measure, point.period, point.as_of, breakdown, category)] = answer
    return found


def _enough_coverage(rates: Answers, point: Point) -> bool:
    """Whether the first and the third rate reach 30%; without any offer they do not."""
    reached = []
    for measure in ("coverage_taking_applications", "coverage_usable_trn"):
        part, whole, _ = rates[Cell(measure, point.period, point.as_of)]
        reached.append(bool(whole) and 100 * (part or 0) >= 30 * (whole or 0))
    return all(reached)


def _coverage(population: Sequence[tuple[Row, Vacancy]], point: Point) -> Answers:
    """The four rates (numbers#coverage)."""
    offers = [offer for _, vacancy in population for offer in vacancy.offers]
    taking = sum(row.get("takes_applications") is True for row, _ in population)
    known = sum(vacancy.kind != "unknown" for _, vacancy in population)
    usable = [offer for offer in offers if offer.usable_trn]
    rates = {
        "coverage_taking_applications": Answer(taking, len(population)),
        "coverage_any_outcome": Answer(known, len(population)),
        "coverage_usable_trn": Answer(len(usable), len(offers)),
        "coverage_matched": Answer(sum(offer.matched for offer in usable), len(usable)),
    }
    return {Cell(measure, point.period, point.as_of): answer for measure, answer in rates.items()}


def _trainees_applying(facts: Facts, population: Iterable[tuple[Row, Vacancy]], point: Point) -> Answers:
    """Who applies where (numbers#where-trainees-apply)."""
    day = point.as_of
    places: dict[str, list[tuple[Row, Vacancy]]] = {}
    for row, vacancy in population:
        for application in facts.applications.get(row["vacancy_id"], ()):
            records = facts.trainees.get(application.get("trn") or "", [])
            if by(london(application.get("submitted_at")), day) and any(
                _counts_as_trainee(one, day) for one in records
            ):
                places.setdefault(application["trn"], []).append((row, vacancy))
    found: Answers = {Cell("trainees_applying", point.period, day): Answer(len(places))}
    with_placement = at_school = in_region = 0
    by_place: Counter[tuple[str, str]] = Counter()
    for trn, applied in places.items():
        by_place.update({("region_applied_to", vacancy.region) for _, vacancy in applied})
        by_place.update({("phase_applied_to", vacancy.phase) for _, vacancy in applied})
        placements = {urn for record in facts.trainees[trn] for urn in record.get("placement_urns") or ()}
        placements = {urn for urn in placements if facts.schools.knows(urn)}  # nor are stand-ins schools
        if placements:
            with_placement += 1
            at_school += _meet(facts, placements, applied, day)
            regions = {facts.schools.region(urn) for urn in placements}
            in_region += bool((regions - {"not_available"}) & {vacancy.region for _, vacancy in applied})
    for (breakdown, category), number in by_place.items():
        found[Cell("trainees_applying", point.period, day, breakdown, category)] = Answer(number)
    found[Cell("applying_to_placement_school", point.period, day)] = Answer(at_school, with_placement)
    found[Cell("applying_in_placement_region", point.period, day)] = Answer(in_region, with_placement)
    return found


def _counts_as_trainee(record: Row, day: date) -> bool:
    """Whether a record is in training or in the ECT window on the day."""
    state = _state_on(record, day)
    return state in IN_TRAINING or (state == "awarded" and _in_window(record, day, day))


def _meet(facts: Facts, placements: set[str], applied: Iterable[tuple[Row, Vacancy]], day: date) -> bool:
    """Whether a school applied to is one of the placements'; one that has become another is the same school."""
    theirs = {facts.schools.counts_as(urn, day) for urn in placements}
    urns = {urn for row, _ in applied for urn in row.get("organisation_urns") or () if urn}
    return bool(theirs & {facts.schools.counts_as(urn, day) for urn in urns if facts.schools.knows(urn)})


def _not_counted(facts: Facts, population: Sequence[tuple[Row, Vacancy]], point: Point) -> Answers:
    """Records that cannot be used, by reason, and those that count on an assumption."""
    day = point.as_of
    lost: Counter[str] = Counter()
    applications = [one for row, _ in population for one in facts.applications.get(row["vacancy_id"], ())]
    trainees = [row for row in facts.all_trainees if _can_match(row)]
    for side, rows in (("applicant", applications), ("trainee", trainees)):
        for row in rows:
            problem = row.get("trn_problem")
            if problem is not None:
                lost[f"{side}_trn_{problem if problem in REASONS else 'unusable'}"] += 1
    lost["award_without_date"] = sum(bool(row.get("trn")) and _awarded_without_date(row) for row in trainees)
    lost["vacancy_without_publication_date"] = sum(
        row.get("publish_on") is None and _in_population(row, point, published=False) for row in facts.vacancies
    )
    for application in applications:
        lost["submission_without_date"] += application.get("submitted_at") is None
        lost["offer_without_date"] += _offer_day(application) is None and (
            application["status"] == "offered" or _declined_after(application, day)
        )
        lost["end_of_offer_without_date"] += _may_have_stood(application, day)
    assumed = {
        "offer_dated_by_update": sum(offer.imputed for _, vacancy in population for offer in vacancy.offers),
        "answer_without_date": sum(
            row.get("hired_status") is not None and row.get("stats_updated_at") is None for row, _ in population
        ),
    }
    return _by("records_not_counted", "reason", lost, point) | _by(
        "records_with_assumption", "assumption", assumed, point
    )


def _may_have_stood(application: Row, day: date) -> bool:
    """Whether an offer ended on a day that is not given, which may be later than ``day``."""
    status, changed = application["status"], london(application.get("updated_at"))
    if application.get(f"{status}_at") is not None or by(changed, day):
        return False  # it ended on a known day, or before its last change
    if status == "withdrawn":
        return by(london(application.get("offered_at")), day)
    offered = _offer_day(application)
    return bool(status == "declined") and (offered is None or offered <= day)


def _by(measure: str, breakdown: str, numbers: Mapping[str, int], point: Point) -> Answers:
    return {
        Cell(measure, point.period, point.as_of, breakdown, category): Answer(number)
        for category, number in numbers.items()
    }
