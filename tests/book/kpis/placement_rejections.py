"""KPI 1 again: candidates rejected for placements or full courses (numbers#1-placement-rejections)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from tests.book.answers import FACTS, Answer, Answers, Cell
from tests.book.days import by, london
from tests.book.points import Point
from tests.book.world import Row, World

NESTED = {
    "qualifications": (
        "no_maths_gcse no_english_gcse no_science_gcse no_degree unsuitable_a_levels unsuitable_degree "
        "unsuitable_degree_subject unverified_qualifications unverified_equivalency_qualifications "
        "already_qualified qualifications_other"
    ),
    "personal_statement": "quality_of_writing personal_statement_other",
    "teaching_knowledge": (
        "subject_knowledge safeguarding_knowledge teaching_method_knowledge teaching_role_knowledge "
        "teaching_demonstration teaching_knowledge_other"
    ),
    "communication_and_scheduling": (
        "did_not_reply did_not_attend_interview could_not_arrange_interview english_below_standard "
        "communication_and_scheduling_other"
    ),
    "references": "",
    "safeguarding": "",
    "visa_sponsorship": "visa_sponsorship_not_supported visa_sponsorship_course_closed",
    "course_full": "salary_course_full course_full_other",
    "school_placement": "no_placements no_suitable_placements placements_other",
    "other": "",
}
"""services#reasons-for-rejection: top-level ids and the ids below each."""

FLAT = (
    "candidate_behaviour quality_of_application qualifications performance_at_interview course_full "
    "offered_on_another_course honesty_and_professionalism safeguarding cannot_sponsor_visa"
).split()
"""services#reasons-for-rejection: those of the flat format, which write ``_y_n`` after them."""

NOT_REASONS = ("other_advice_or_feedback", "interested_in_future_applications")
"""The same: advice and future interest are not reasons."""

CODES = {
    "r01": "qualifications",
    "r02": "personal_statement",
    "r03": "teaching_knowledge",
    "r04": "communication_and_scheduling",
    "r05": "references",
    "r06": "safeguarding",
    "r07": "visa_sponsorship",
    "r08": "course_full",
    "r09": "other",
    "r10": "school_placement",
}
"""services#reasons-for-rejection: the codes of the vendor API."""

REGIONS = {
    "north_east": "E12000001",
    "north_west": "E12000002",
    "yorkshire_and_the_humber": "E12000003",
    "east_midlands": "E12000004",
    "west_midlands": "E12000005",
    "eastern": "E12000006",
    "london": "E12000007",
    "south_east": "E12000008",
    "south_west": "E12000009",
}

FIRST_CYCLE = {"placement": 2025, "course_full": 2021, "other": 2021}
"""The cycles from which a group was collected; ``mentor`` never was: no such id exists, until configuration has one."""

FIRST_CYCLE_LIST = "rejection_reason_first_cycle"

CAPACITY = {"placement", "mentor", "course_full"}
CLASSIFIABLE = CAPACITY | {"other"}
UNREADABLE = ("no_reason", "unclassified_text", "unmapped")
PLACED = ("offer", "pending_conditions", "recruited", "offer_deferred")
NOT_SENT = ("unsubmitted", "cancelled", "application_not_sent")
"""services#statuses-of-a-choice: statuses of a choice that no provider ever sees."""


@dataclass(frozen=True)
class Choice:
    """A choice of somebody who is not hidden, of a course that is not in further education."""

    candidate: str | None
    cycle: int
    status: str
    sent: date | None
    rejected: date | None
    by_default: bool
    groups: frozenset[str]
    region: str


@dataclass
class Day:
    """Who is in what on one day: candidates, but for the numbers of rejections, in all and by region."""

    applied: set[str] = field(default_factory=set)
    placed: set[str] = field(default_factory=set)
    by_default: set[str] = field(default_factory=set)
    groups: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    region_capacity: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    region_classifiable: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    rejections: int = 0
    classifiable_rejections: Counter[str] = field(default_factory=Counter)
    capacity_rejections: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)

    def of(self, groups: Iterable[str]) -> set[str]:
        """Return the candidates with a rejection in any of ``groups``."""
        return set().union(*(self.groups[group] for group in groups))


def answers(world: World, points: Sequence[Point]) -> Answers:
    """Return every cell of the KPI at every point."""
    mentor_ids = frozenset(row["code"] for row in world.definitions if row["value"] == "mentor")
    first_cycles = FIRST_CYCLE | ({"mentor": 0} if mentor_ids else {})
    first_cycles |= {row["code"]: int(row["value"]) for row in world.definitions if row["list"] == FIRST_CYCLE_LIST}
    choices = list(_choices(world, mentor_ids, first_cycles))
    found: Answers = {}
    for point in points:
        of_cycle = [choice for choice in choices if choice.cycle == point.period]
        found |= _cells(point, _day(of_cycle, point.as_of), first_cycles)
        facts = sum(choice.sent is not None and choice.candidate is not None for choice in of_cycle)
        found[Cell(FACTS, point.period, point.as_of)] = Answer(facts)
    return found


def _choices(world: World, mentor_ids: frozenset[str], first_cycles: Mapping[str, int]) -> Iterator[Choice]:
    """Every choice but further education's and those of candidates hidden on any row of any cycle."""
    rows = world.rows("application_choices")
    hidden = {row.get("candidate_id") for row in rows if row.get("hide_in_reporting")} - {None}
    for row in rows:
        candidate = row.get("candidate_id")
        if candidate in hidden or row.get("hide_in_reporting") or row.get("course_level") == "further_education":
            continue
        yield Choice(
            candidate=candidate,
            cycle=row["recruitment_cycle_year"],
            status=row["status"],
            sent=london(row.get("sent_to_provider_at")),
            rejected=london(row.get("rejected_at")),
            by_default=bool(row.get("rejected_by_default")),
            groups=reason_groups(row, mentor_ids, first_cycles),
            region=REGIONS.get((row.get("provider_region_code") or "").lower(), "not_available"),
        )


def reason_groups(
    row: Row, mentor_ids: frozenset[str] = frozenset(), first_cycles: Mapping[str, int] = FIRST_CYCLE
) -> frozenset[str]:
    """Return the groups of a rejection's reasons; the format, where it is given, decides before the ids.

    A reason that was not collected in the cycle yet is not counted: the others are judged without it.
    """
    if row.get("rejection_reasons_type") == "rejection_reason":
        return frozenset({"unclassified_text"})
    kinds = {_kind(given.lower(), mentor_ids) for given in row.get("rejection_reason_ids") or ()} - {"not_a_reason"}
    if not kinds:
        return frozenset({"no_reason"})
    kinds = {kind for kind in kinds if first_cycles.get(kind, 0) <= row["recruitment_cycle_year"]}
    return frozenset(kinds - {"other"} if kinds & CAPACITY else kinds)


def _kind(given: str, mentor_ids: frozenset[str]) -> str:
    """The first segment of an id decides; a code is translated, a bare leaf goes to its parent."""
    first = given.split(".")[0]
    if first in mentor_ids:
        return "mentor"
    flat = first.removesuffix("_y_n")
    if flat in NOT_REASONS:
        return "not_a_reason"
    if first == "why_are_you_rejecting_this_application" or (flat in FLAT and flat not in NESTED):
        return "other"
    first = CODES.get(first, flat if flat in FLAT else first)
    parents = {leaf: parent for parent, leaves in NESTED.items() for leaf in leaves.split()}
    first = parents.get(first, first)
    return {"school_placement": "placement", "course_full": "course_full"}.get(
        first, "other" if first in NESTED else "unmapped"
    )


def _day(choices: Iterable[Choice], as_of: date) -> Day:
    day = Day()
    for choice in choices:
        # Sent, by its status, but nobody says when: nothing can tell whether it had been by the day.
        if (choice.status not in NOT_SENT) if choice.sent is None else (choice.sent <= as_of):
            _count(day, choice, as_of)
    return day


def _count(day: Day, choice: Choice, as_of: date) -> None:
    """Take in a choice that had been sent by the day, or shows the first thing that is missing in it."""
    if choice.candidate is None:
        day.left_out["no_candidate"] += 1
    elif choice.sent is None:
        day.left_out["sent_without_date"] += 1
    else:
        day.applied.add(choice.candidate)
        if choice.status in PLACED:
            day.placed.add(choice.candidate)
        if choice.status == "rejected":
            _reject(day, choice, choice.candidate, as_of)


def _reject(day: Day, choice: Choice, candidate: str, as_of: date) -> None:
    if choice.rejected is None:
        day.left_out["default_rejection_without_date" if choice.by_default else "rejection_without_date"] += 1
    elif not by(choice.rejected, as_of):
        return
    elif choice.by_default:
        day.by_default.add(candidate)
    else:
        day.rejections += 1
        for group in choice.groups:
            day.groups[group].add(candidate)
        if choice.groups & CLASSIFIABLE:
            day.classifiable_rejections[choice.region] += 1
            day.region_classifiable[choice.region].add(candidate)
        if choice.groups & CAPACITY:
            day.capacity_rejections[choice.region] += 1
            day.region_capacity[choice.region].add(candidate)


def _cells(point: Point, day: Day, first_cycles: Mapping[str, int]) -> Answers:
    found: Answers = {}

    def put(measure: str, numerator: int, denominator: int | None = None, *, of: str = "", since: int = 0) -> None:
        breakdown = {"records_not_counted": "reason", "candidates_by_reason_group": "reason_group"}.get(
            measure, "region"
        )
        place = (breakdown, of) if of else ("national", "Total")
        collected = point.period >= since
        found[Cell(measure, point.period, point.as_of, *place)] = (
            Answer(numerator, denominator) if collected else Answer(None, None, "not_collected")
        )

    capacity, classifiable = day.of(CAPACITY), day.of(CLASSIFIABLE)
    put("headline", len(capacity), len(classifiable), since=2021)
    put("strict", len(day.of({"placement", "mentor"})), len(classifiable), since=2025)
    put("turned_away", len(capacity - day.placed), len(capacity), since=2021)
    put("rejections_for_capacity", day.capacity_rejections.total(), day.classifiable_rejections.total(), since=2021)
    put("coverage", day.classifiable_rejections.total(), day.rejections, since=2021)
    put("rejected_by_default", len(day.by_default))
    put("candidates_who_applied", len(day.applied))
    for group in sorted(CLASSIFIABLE):
        first = first_cycles.get(group, point.period + 1)
        put("candidates_by_reason_group", len(day.groups[group]), len(classifiable), of=group, since=first)
    for group in UNREADABLE:
        put("candidates_by_reason_group", len(day.groups[group]), of=group)
    for region in (*REGIONS.values(), "not_available"):
        both = len(day.region_capacity[region]), len(day.region_classifiable[region])
        put("headline", *both, of=region, since=2021)
        both = day.capacity_rejections[region], day.classifiable_rejections[region]
        put("rejections_for_capacity", *both, of=region, since=2021)
    for reason, number in day.left_out.items():
        put("records_not_counted", number, of=reason)
    return found
