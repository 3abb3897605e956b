"""KPI 2 again: trainees who withdraw, sentence by sentence (numbers#2-trainee-withdrawals)."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from tests.book.answers import FACTS, Answer, Answers, Cell
from tests.book.days import by, london
from tests.book.points import Point
from tests.book.world import Row, World

ROUTES = {
    "provider_led_postgrad": "12",
    "provider_led_postgrad_salaried": "13",
    "school_direct_tuition_fee": "02",
    "school_direct_salaried": "03",
    "pg_teaching_apprenticeship": "10",
    "provider_led_undergrad": "11",
    "opt_in_undergrad": "09",
    "hpitt_postgrad": "21",
    "iqts": "15",
    "teacher_degree_apprenticeship": "14",
    "assessment_only": "16",
    "early_years_undergrad": "18",
    "early_years_assessment_only": "17",
    "early_years_salaried": "20",
    "early_years_postgrad": "19",
}
"""services#training-routes: ids and HESA codes; the salaried provider-led route is younger than it."""

LABELS = (
    # Register's reference data.
    "primary and secondary postgraduate fee funded",
    "primary and secondary undergraduate fee funded",
    "school direct tuition fee",
    "school direct salaried",
    "postgraduate teaching apprenticeship",
    "undergraduate opt-in",
    "hpitt postgrad",
    "teacher degree apprenticeship",
    "assessment only",
    "early-years undergrad",
    "early years assessment only",
    "early years salaried",
    "early years postgrad",
    # Its own import of records, and of tables of funding.
    "provider-led (postgrad)",
    "provider-led (undergrad)",
    "school direct (fee funded)",
    "school direct (salaried)",
    "teaching apprenticeship (postgrad)",
    "opt-in (undergrad)",
    "hpitt",
    "international qualified teacher status (iqts)",
    "early years (undergrad)",
    "early years undergraduate",
    "early years graduate entry",
    "early years graduate employment based",
    # Others of the same kind.
    "primary and secondary (postgraduate)",
    "primary and secondary (undergraduate)",
    "provider-led salaried (postgraduate)",
    "teaching apprenticeship (postgraduate)",
    "opt-in (undergraduate)",
    "teacher degree apprenticeship (salaried)",
    "early years (assessment only)",
    "early years (salaried)",
    "early years (postgrad)",
)
"""What a route is called where it does not come by id or code; which of them lead to QTS follows from the name."""

GROUPS = {
    "placement_and_school": (
        "lack_of_progress_during_placements teaching_placement_problems "
        "unhappy_with_course_provider_or_employing_school"
    ),
    "academic_progress": (
        "did_not_make_progress not_meeting_qts_standards did_not_meet_entry_requirements "
        "did_not_pass_assessment did_not_pass_exams"
    ),
    "personal_and_health": (
        "trainee_workload_issues change_in_personal_or_health_circumstances could_not_give_enough_time family_problems "
        "financial_problems problems_with_their_health death personal_reasons"
    ),
    "career_choice": "does_not_want_to_become_a_teacher never_intended_to_obtain_qts got_a_job course_was_not_suitable",
    "conduct_and_mandatory": (
        "mandatory_reasons stopped_responding_to_messages unacceptable_behaviour safeguarding_concerns exclusion"
    ),
    "other": (
        "written_off_after_lapse_of_time had_to_withdraw_trainee_another_reason "
        "trainee_chose_to_withdraw_another_reason another_reason record_added_in_error"
    ),
    "not_given": "unknown",
}
RENAMED = {
    "financial_reasons": "financial_problems",
    "gone_into_employment": "got_a_job",
    "health_reasons": "problems_with_their_health",
    "for_another_reason": "another_reason",
}
"""services#reasons-for-withdrawal: ids of old exports, by what they were renamed to in 2023."""

MOVES = {"moved_to_different_itt_course", "transferred_to_another_provider"}
ERROR = "record_added_in_error"

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


@dataclass(frozen=True)
class Trainee:
    """A trainee on a route to QTS who is neither a draft nor there in error."""

    state: str
    ukprn: str | None
    start: date | None
    withdrawal: date | None
    award: date | None
    reasons: frozenset[str]

    def withdrawn_by(self, day: date) -> date | None:
        """Return the day of the withdrawal if it stands and had happened by ``day``."""
        return self.withdrawal if self.state == "withdrawn" and by(self.withdrawal, day) else None

    def awarded_by(self, day: date) -> date | None:
        """Return the day of the award if it had happened by ``day``: the state decides, a trainee counts once."""
        undated = self.state == "withdrawn" and self.withdrawal is None
        return self.award if by(self.award, day) and not undated and not self.withdrawn_by(day) else None

    def lacks(self, day: date) -> str | None:
        """Return the first thing that the record would need to be counted on ``day``, if one is missing.

        A start is needed for the 90 days and for the census, but not by an award.
        """
        if self.state == "withdrawn" and self.withdrawal is None:
            return "withdrawal_without_date"
        if self.state == "awarded" and self.award is None:
            return "award_without_date"
        return "no_start_date" if self.start is None and not self.awarded_by(day) else None

    @property
    def moved(self) -> bool:
        """Whether the withdrawal was a move to another course or provider."""
        return bool(self.reasons & MOVES)

    def late_enough(self, on: date) -> bool:
        """Whether ``on`` is at least 90 days after the start (services#performance-profiles)."""
        return self.start is not None and (on - self.start).days >= 90


def answers(world: World, points: Sequence[Point]) -> Answers:
    """Return every cell of the KPI at every point."""
    trainees, unmapped_routes = _trainees(world)
    found: Answers = {}
    for point in points:
        if point.family == "cohort":
            found |= _cohort(point, trainees)
        else:
            found |= _outcome(point, trainees, Regions(world, point))
            left_out = Counter(reason for trainee in trainees if (reason := trainee.lacks(point.as_of)))
            for reason, number in (*left_out.items(), ("unmapped_route", unmapped_routes)):
                found[Cell("records_not_counted", point.period, point.as_of, "reason", reason)] = Answer(number)
    return found


def _trainees(world: World) -> tuple[list[Trainee], int]:
    """Return the trainees that matter, and how many records have a route that nobody knows."""
    found, unmapped = [], 0
    for row in world.rows("trainees"):
        given = frozenset(row.get("withdrawal_reasons") or ())
        if row["state"] == "draft" or (row["state"] == "withdrawn" and given == {ERROR}):
            continue
        leads_to_qts = _leads_to_qts(row.get("training_route"))
        if leads_to_qts is None:
            unmapped += 1
        elif leads_to_qts:
            found.append(_trainee(row, given))
    return found, unmapped


def _trainee(row: Row, given: Iterable[str]) -> Trainee:
    return Trainee(
        state=row["state"],
        ukprn=row.get("ukprn"),
        start=row.get("trainee_start_date") or row.get("itt_start_date"),
        withdrawal=row.get("withdrawal_date"),
        award=london(row.get("awarded_at")),
        reasons=frozenset(RENAMED.get(reason, reason) for reason in given),
    )


def _leads_to_qts(route: str | None) -> bool | None:
    """By id, by HESA code (digits are nothing else), or by label; ``None`` for a route that nobody knows."""
    named = (route or "").strip().lower()
    if named.isdigit():
        named = {code: route for route, code in ROUTES.items()}.get(named.zfill(2), named)
    if named not in ROUTES and named not in LABELS:
        return None
    # "All but assessment_only and early_years_*".
    return not named.replace("_", " ").replace("-", " ").startswith(("assessment only", "early years"))


def _outcome(point: Point, trainees: Sequence[Trainee], regions: "Regions") -> Answers:
    """The outcome rate of a year, in all, by reason and by region, and the moves."""
    withdrawals, awards, moved, facts = [], [], 0, 0
    for trainee in trainees:
        left, passed = trainee.withdrawn_by(point.as_of), trainee.awarded_by(point.as_of)
        facts += _within(left, point) or _within(passed, point)
        if left and _within(left, point):
            if trainee.moved:
                moved += 1
            elif trainee.late_enough(left):
                withdrawals.append(trainee)
        elif passed and _within(passed, point):
            awards.append(trainee)
    outcomes = withdrawals + awards
    found: Answers = {}

    def put(measure: str, breakdown: str, category: str, numerator: int, denominator: int | None = None) -> None:
        found[Cell(measure, point.period, point.as_of, breakdown, category)] = Answer(numerator, denominator)

    put("outcome_rate", "national", "Total", len(withdrawals), len(outcomes))
    put("moved_withdrawals", "national", "Total", moved)
    put(FACTS, "national", "outcome", facts)
    in_groups = [list(_groups(trainee)) for trainee in withdrawals]
    for group in GROUPS:
        number = sum(group in groups for groups in in_groups)
        put("withdrawals_by_reason_group", "reason_group", group, number, len(outcomes))
    unmapped = sum("unmapped" in groups for groups in in_groups)
    put("records_with_assumption", "assumption", "unmapped_reason", unmapped)
    for region in (*REGIONS.values(), "not_available"):
        part = [[one for one in those if regions.of(one.ukprn) == region] for those in (withdrawals, outcomes)]
        put("outcome_rate", "region", region, *map(len, part))
    return found


def _within(day: date | None, point: Point) -> bool:
    return day is not None and point.opens <= day <= point.closes


def _groups(trainee: Trainee) -> Iterator[str]:
    """Yield the groups of a withdrawal; for an id that is in none ``other``, and that it is unmapped."""
    if not trainee.reasons:
        yield "not_given"
    for reason in trainee.reasons:
        groups = [group for group, ids in GROUPS.items() if reason in ids.split()]
        yield from groups or ("other", "unmapped")


def _cohort(point: Point, trainees: Sequence[Trainee]) -> Answers:
    """The starters of a year by the census, or before it by the day, and how many of them have withdrawn."""
    last = min(census(point.period), point.as_of)
    at_risk, withdrawn, moved, facts = 0, 0, 0, 0
    for trainee in trainees:
        if trainee.start is None or trainee.lacks(point.as_of) == "withdrawal_without_date":
            continue
        facts += _within(trainee.start, point)
        if point.opens <= trainee.start <= last:
            at_risk += 1
            left = trainee.withdrawn_by(point.as_of) is not None
            withdrawn += left and not trainee.moved
            moved += left and trainee.moved
    return {
        Cell("cohort_rate", point.period, point.as_of): Answer(withdrawn, at_risk),
        Cell("moved_withdrawals_in_cohort", point.period, point.as_of): Answer(moved),
        Cell(FACTS, point.period, point.as_of, "national", "cohort"): Answer(facts),
    }


def census(year: int) -> date:
    """Return the second Wednesday of October."""
    first = date(year, 10, 1)
    wednesdays = [day for ahead in range(14) if (day := first + timedelta(days=ahead)).weekday() == 2]
    return wednesdays[1]


class Regions:
    """Regions of training providers in one year, as Publish stood on the day, by UKPRN."""

    def __init__(self, world: World, point: Point) -> None:
        self._rows: dict[str, list[Row]] = {}
        self._point = point
        self._known: dict[str, str] = {}
        for row in world.rows("providers"):
            self._rows.setdefault(row.get("ukprn") or "", []).append(row)

    def of(self, ukprn: str | None) -> str:
        """Return the region's code, or ``not_available``."""
        name = ukprn or ""
        if name not in self._known:
            self._known[name] = self._find(name)
        return self._known[name]

    def _find(self, ukprn: str) -> str:
        rows = self._rows.get(ukprn, []) if ukprn else []
        cycles = {row["recruitment_cycle_year"] for row in rows}
        cycle = self._point.period if self._point.period in cycles else max(cycles, default=None)
        of_cycle = [row for row in rows if row["recruitment_cycle_year"] == cycle]
        best = min(map(self._rank, of_cycle), default=None)
        regions = {
            REGIONS.get((row.get("region_code") or "").lower(), "not_available")
            for row in of_cycle
            if self._rank(row) == best
        }
        return regions.pop() if len(regions) == 1 else "not_available"

    def _rank(self, row: Row) -> tuple[bool, bool]:
        """Accredited first, discarded last."""
        return by(london(row.get("discarded_at")), self._point.as_of), not row.get("accredited_body")
