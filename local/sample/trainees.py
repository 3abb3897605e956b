"""Trainees of the sample: what is true of one, and the routes and reasons that one may have."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from local.sample.days import START_YEARS, day, day_json, instant, instant_json, iso
from local.sample.drops import quoted, quoted_list

TRAINING_ENDS = day(max(START_YEARS) + 1, 7, 10)
"""Planned last day of the one-year courses of the current year."""


ROUTES = (
    ["provider_led_postgrad"] * 55 + ["school_direct_tuition_fee"] * 8 + ["school_direct_salaried"] * 4
    + ["pg_teaching_apprenticeship"] * 6 + ["provider_led_undergrad"] * 14 + ["opt_in_undergrad"]
    + ["hpitt_postgrad"] * 3 + ["iqts"] * 2 + ["teacher_degree_apprenticeship"]
    + ["assessment_only"] * 4 + ["early_years_postgrad"] + ["early_years_undergrad"]
)  # fmt: skip


LONG_ROUTES = frozenset({"provider_led_undergrad", "opt_in_undergrad", "teacher_degree_apprenticeship"})


ROUTE_CODES = {
    "provider_led_postgrad": "12",
    "school_direct_tuition_fee": "02",
    "school_direct_salaried": "03",
    "pg_teaching_apprenticeship": "10",
    "provider_led_undergrad": "11",
    "opt_in_undergrad": "09",
    "hpitt_postgrad": "21",
    "iqts": "15",
    "teacher_degree_apprenticeship": "14",
    "assessment_only": "16",
    "early_years_postgrad": "19",
    "early_years_undergrad": "18",
}


_COUNTED = frozenset(
    route for route in ROUTE_CODES if route != "assessment_only" and not route.startswith("early_years")
)
ROUTE_LABELS = {
    "provider_led_postgrad": "Provider-led (postgrad)",
    "provider_led_undergrad": "Provider-led (undergrad)",
    "assessment_only": "Assessment only",
    "early_years_postgrad": "Early years (postgrad)",
}


GROUPS: dict[str, tuple[str, ...]] = {
    "placement_and_school": (
        "lack_of_progress_during_placements",
        "teaching_placement_problems",
        "unhappy_with_course_provider_or_employing_school",
    ),
    "academic_progress": (
        "did_not_make_progress",
        "not_meeting_qts_standards",
        "did_not_meet_entry_requirements",
        "did_not_pass_assessment",
        "did_not_pass_exams",
    ),
    "personal_and_health": (
        "trainee_workload_issues",
        "change_in_personal_or_health_circumstances",
        "could_not_give_enough_time",
        "family_problems",
        "financial_problems",
        "problems_with_their_health",
        "death",
        "personal_reasons",
    ),
    "career_choice": (
        "does_not_want_to_become_a_teacher",
        "never_intended_to_obtain_qts",
        "got_a_job",
        "course_was_not_suitable",
    ),
    "conduct_and_mandatory": (
        "mandatory_reasons",
        "stopped_responding_to_messages",
        "unacceptable_behaviour",
        "safeguarding_concerns",
        "exclusion",
    ),
    "other": (
        "written_off_after_lapse_of_time",
        "had_to_withdraw_trainee_another_reason",
        "trainee_chose_to_withdraw_another_reason",
        "another_reason",
    ),
}
"""Coarse group: its reasons, as definitions/withdrawal_reasons.csv has them (numbers#2-trainee-withdrawals)."""


RENAMED = {
    "financial_reasons": "personal_and_health",
    "gone_into_employment": "career_choice",
    "health_reasons": "personal_and_health",
    "for_another_reason": "other",
}


WEIGHTED_GROUPS = (
    ["placement_and_school"] * 17 + ["academic_progress"] * 20 + ["personal_and_health"] * 33 + ["career_choice"] * 18
    + ["conduct_and_mandatory"] * 6 + ["other"] * 6
)  # fmt: skip


MOVED = ("moved_to_different_itt_course", "transferred_to_another_provider")


@dataclass(slots=True)
class Trainee:
    """A training record: what is true of it. Days are ordinals, 0 for none."""

    number: int
    year: int
    route: str
    ukprn: str
    start: int
    state: str = "trn_received"
    awarded: int = 0
    withdrawn: int = 0
    deferred: int = 0
    returned: int = 0
    reasons: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    placements: tuple[str, ...] = ()
    trn: str | None = None

    @property
    def ends(self) -> int:
        """Planned last day of the course."""
        return day(self.year + (3 if self.route in LONG_ROUTES else 1), 7, 10)

    @property
    def counted_route(self) -> bool:
        """Whether the route leads to QTS and is one of the KPI's."""
        return self.route in _COUNTED


@dataclass(frozen=True, slots=True)
class Person:
    """A trainee as an applicant for a job: TRN, placement schools, day of the award (0: still in training)."""

    trn: str
    placements: tuple[str, ...]
    awarded: int


@dataclass
class People:
    """Trainees whose standing is beyond doubt at the month end, for Teaching Vacancies to draw on."""

    training: list[Person] = field(default_factory=list)
    """In training, with a course that ends in the summer of the current year."""
    awarded: list[Person] = field(default_factory=list)
    long: list[Person] = field(default_factory=list)
    """In training, with a course that ends years from now: matched, outside the ECT window."""
    gone: list[Person] = field(default_factory=list)
    """Withdrawn or deferred: matched, outside the ECT window."""
    count: int = 0
    """Numbers given to trainees so far."""
    short: int = 0
    """TRNs given so far that begin with a zero."""
    placement_urns: set[str] = field(default_factory=set)
    """URNs of placements of those who started in the current Register year."""


def register_year(ordinal: int) -> int:
    """Return the Register academic year of a day."""
    text = iso(ordinal)
    return int(text[:4]) - (text[5:7] < "08")


@dataclass(frozen=True, slots=True)
class Written:
    """What of a trainee's row may differ from what is true."""

    route: str
    trn: str | None
    placements: tuple[str, ...] = ()
    updated: str = ""
    """The instant of the last change, where it does not follow from the dates."""


def trainee_line(t: Trainee, written: Written, as_of: int, rng: random.Random, extra: str = "") -> str:
    """Return the row of a trainee in a drop made at the end of ``as_of``."""
    # In one record in six the trainee's own start is blank; in some the course began earlier than the trainee.
    own_start = t.start if t.number % 6 else 0
    course_start = t.start - (t.number % 5 if own_start else 0)
    awarded = instant_json(t.awarded, rng)
    latest = min(max(t.start, t.awarded, t.withdrawn, t.deferred, t.returned) + 3, as_of)
    updated = written.updated or instant(latest, rng)
    listed = ",".join(f'{{"placement_id":"p{t.number}-{i}","urn":"{urn}"}}' for i, urn in enumerate(written.placements))
    trigger = "null" if t.state != "withdrawn" else '"trainee"' if t.number % 3 else '"provider"'
    return (
        f'{{"trainee_id":"T{t.number:023d}","trn":{quoted(written.trn)},"ukprn":{quoted(t.ukprn or None)},'
        f'"state":"{t.state}","training_route":"{written.route}","course_education_phase":'
        f'"{"primary" if t.number % 9 < 4 else "secondary"}","itt_start_date":{day_json(course_start)},'
        f'"itt_end_date":{day_json(t.ends)},"trainee_start_date":{day_json(own_start)},"awarded_at":{awarded},'
        f'"defer_date":{day_json(t.deferred)},"reinstate_date":{day_json(t.returned)},"withdrawal_date":{day_json(t.withdrawn)},'
        f'"withdrawal_reasons":{quoted_list(t.reasons)},"withdrawal_trigger":{trigger},"placements":[{listed}],'
        f'"created_at":"{iso(t.start - 30)}T09:00:00Z","updated_at":"{updated}"{extra}}}'
    )
