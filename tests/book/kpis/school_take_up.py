"""KPI 6 again: take-up by schools, sentence by sentence (numbers#6-school-take-up)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from tests.book.answers import FACTS, REFUSED, Answer, Answers, Cell
from tests.book.days import by, london
from tests.book.points import Point
from tests.book.schools import SENTINELS, Register
from tests.book.world import Row, World

D2_GROUPS = (3, 4, 5, 10, 11)
REGIONS = (*(f"E1200000{number}" for number in range(1, 10)), "not_available")
ACTIVE, SIGNED_IN, PREFERRED, PLACED, ONBOARDED = "active", "sign-in", "preference", "placement", "onboarded"
REFUSED_MEASURES = ("headline", "active_by_sign_in", "onboarded_only", "schools_d1", "schools_d3")


@dataclass
class Day:
    """What schools had done by the end of a day, by the URN that each counts as."""

    did: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    without_list: set[str] = field(default_factory=set)
    outside: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """URNs that are active and not of D2, by the first reason that holds."""
    records: Counter[str] = field(default_factory=Counter)
    facts: int = 0


def answers(world: World, points: Sequence[Point]) -> Answers:
    """Return every cell of the KPI at every point."""
    register = Register(world)
    days = {point: _day(world, register, point) for point in points}
    current = next(point for point in points if point.is_current)
    refused = _too_few_lists(register, days[current], current.as_of)
    found: Answers = {}
    for point, day in days.items():
        found[Cell(FACTS, point.period, point.as_of)] = Answer(day.facts)
        found |= _rates(register, point, day, refused=refused and not point.is_current)
        found |= _left_out(point, day)
    if refused:
        for measure in REFUSED_MEASURES:
            found[Cell(REFUSED, current.period, current.as_of, "national", measure)] = Answer(1)
    return found


def _day(world: World, register: Register, point: Point) -> Day:
    day = Day()
    preferences = _by_school(world.rows("hosting_preferences"))
    placements = _by_school(world.rows("school_placements"))
    for record in world.rows("school_activity"):
        deleted = london(record.get("deleted_at"))
        if by(deleted, point.as_of):
            continue
        urn = record["school_urn"]
        given = [
            row for row in preferences.get(urn, ()) if row.get("academic_year") in (point.period, point.period + 1)
        ]
        made = [row for row in placements.get(urn, ()) if row.get("academic_year") == point.period]
        did = _did(record, given, made, point, day)
        counted = urn if urn in SENTINELS else register.counts_as(urn, point.as_of)
        reason = _outside_d2(register, counted, point.as_of)
        if did - {ONBOARDED} and reason:
            day.outside[reason].add(counted)
            day.records[reason] += 1
        day.did[counted] |= did
        if record.get("sign_in_dates") is None:
            day.without_list.add(counted)
    return day


def _did(record: Row, given: Iterable[Row], made: Iterable[Row], point: Point, day: Day) -> set[str]:
    """What one record says that its school had done by the day; what lacks a date is counted in ``day``."""
    did: set[str] = set()
    dates, last = record.get("sign_in_dates"), london(record.get("last_signed_in_at"))
    if dates is None and last is not None and last > point.as_of:
        day.records["sign_in_after_day"] += 1
    used = dates if dates is not None else [last] if last is not None else []
    day.facts += sum(point.opens <= on <= point.closes for on in used)
    if any(point.opens <= on <= point.as_of for on in used):
        did |= {SIGNED_IN, ACTIVE}
    for rows, name, undated in (
        (given, PREFERRED, "preference_without_date"),
        (made, PLACED, "placement_without_date"),
    ):
        for row in rows:
            created = london(row.get("created_at"))
            day.records[undated] += created is None
            day.facts += by(created, point.closes)
            if by(created, point.as_of):
                did |= {name, ACTIVE}
    if record.get("onboarded"):
        onboarded: date | None = london(record.get("onboarded_at"))
        day.records["onboarded_without_date"] += onboarded is None
        if by(onboarded, point.as_of):
            did.add(ONBOARDED)
    return did


def _by_school(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["school_urn"]].append(row)
    return found


def _outside_d2(register: Register, urn: str, day: date) -> str | None:
    """Why a URN is not of D2 on the day: the first reason that holds."""
    if urn in SENTINELS:
        return "sentinel"
    if not register.knows(urn):
        return "unknown_urn"
    if not register.in_england(urn):
        return "not_in_england"
    if not register.is_open(urn, day):
        return "not_open"
    return None if _in_d2(register.rows[urn]) else "type_out_of_scope"


def _in_d2(school: Row) -> bool:
    return school["establishment_type_group"] in D2_GROUPS


def _in_d3(school: Row) -> bool:
    return _in_d2(school) and school["establishment_type_group"] != 3 and school["type_of_establishment"] != 10


def _too_few_lists(register: Register, day: Day, on: date) -> bool:
    """More than 5% of the schools active at D lack a list (numbers#sign-ins)."""
    active = [urn for urn, did in day.did.items() if ACTIVE in did and _outside_d2(register, urn, on) is None]
    return sum(urn in day.without_list for urn in active) * 100 > 5 * len(active)


def _rates(register: Register, point: Point, day: Day, *, refused: bool) -> Answers:
    d1 = [
        urn
        for urn in register.rows
        if urn not in SENTINELS and register.in_england(urn) and register.is_open(urn, point.as_of)
    ]
    d2 = [urn for urn in d1 if _in_d2(register.rows[urn])]
    d3 = [urn for urn in d1 if _in_d3(register.rows[urn])]

    def that(what: str) -> set[str]:
        return {urn for urn, did in day.did.items() if what in did}

    only_onboarded = {urn for urn, did in day.did.items() if ONBOARDED in did and ACTIVE not in did}
    measures: dict[str, tuple[list[str], set[str]]] = {
        "headline": (d2, that(ACTIVE)),
        "active_by_sign_in": (d2, that(SIGNED_IN)),
        "active_by_hosting_preference": (d2, that(PREFERRED)),
        "active_by_placement": (d2, that(PLACED)),
        "onboarded_only": (d2, only_onboarded),
        "schools_d1": (d1, that(ACTIVE)),
        "schools_d3": (d3, that(ACTIVE)),
    }
    found: Answers = {}
    for measure, (schools, ours) in measures.items():
        cuts = {("national", "Total"): schools}
        cuts |= {("region", code): [urn for urn in schools if register.region(urn) == code] for code in REGIONS}
        if measure == "headline":
            cuts |= _split("phase", schools, register.phase) | _split("type_group", schools, register.type_group)
        for (breakdown, category), part in cuts.items():
            cell = Cell(measure, point.period, point.as_of, breakdown, category)
            # A day without any school has no denominator at all.
            hidden = not d1 or (refused and measure in REFUSED_MEASURES)
            found[cell] = Answer(None, None, "not_available") if hidden else Answer(len(ours & set(part)), len(part))
    return found


def _split(breakdown: str, schools: list[str], label: object) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for urn in schools:
        found[breakdown, label(urn)].append(urn)  # type: ignore[operator]  # a method of the register
    return dict(found)


def _left_out(point: Point, day: Day) -> Answers:
    found: Answers = {}
    place = (point.period, point.as_of)
    for reason, urns in day.outside.items():
        found[Cell("active_not_in_denominator", *place, "reason", reason)] = Answer(len(urns))
    found[Cell("active_not_in_denominator", *place)] = Answer(sum(len(urns) for urns in day.outside.values()))
    for reason, number in day.records.items():
        found[Cell("records_not_counted", *place, "reason", reason)] = Answer(number)
    return found
