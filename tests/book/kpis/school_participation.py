"""KPI 3 again: schools that take part, sentence by sentence (numbers#3-school-participation)."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date

from tests.book.answers import FACTS, REFUSED, Answer, Answers, Cell
from tests.book.days import by, london
from tests.book.points import Point
from tests.book.schools import PHASES, REGIONS, SENTINELS, TYPE_GROUPS, Register
from tests.book.world import Row, World

D2_TYPE_GROUPS = (3, 4, 5, 10, 11)
BREAKDOWNS = {
    "region": [*REGIONS.values(), "not_available"],
    "phase": [*PHASES.values(), "not_available"],
    "type_group": [*TYPE_GROUPS.values(), "not_available"],
}


def answers(world: World, points: Sequence[Point]) -> Answers:
    """Return every cell of the KPI at every point."""
    register = Register(world)
    current = next(point for point in points if point.is_current)
    proxy = {year: _uses_proxy(world, year, current.as_of) for year in {point.period for point in points}}
    found: Answers = {}
    for point in points:
        found |= _at(world, register, point, proxy[point.period])
    compared = {point.period for point in points if point.is_comparison}
    # A year without allocations goes by neither rule.
    used = {proxy[year] for year in (current.period, *compared) if _created(world, year, current.as_of)}
    if len(used) == 2:
        for measure in ("headline", "percentage_of_schools", "allocations_not_counted"):
            found[Cell(REFUSED, current.period, current.as_of, "national", measure)] = Answer(1)
    return found


def _of_year(world: World, year: int) -> list[Row]:
    return [row for row in world.rows("mentor_allocations") if row["academic_year"] == year]


def _names_trainee(allocation: Row) -> bool:
    return allocation.get("trainee_id") is not None or allocation.get("trn") is not None


def _uses_proxy(world: World, year: int, day: date) -> bool:
    """Whether allocations of the year were created by D, deleted ones included, and none carries an id or TRN."""
    created = _created(world, year, day)
    return bool(created) and not any(_names_trainee(row) for row in created)


def _created(world: World, year: int, day: date) -> list[Row]:
    """The allocations of the year created by the day; a row without mentor or placement is none."""
    return [
        row
        for row in _of_year(world, year)
        if by(london(row["created_at"]), day)
        and row.get("mentor_id") is not None
        and row.get("placement_id") is not None
    ]


def _at(world: World, register: Register, point: Point, proxy: bool) -> Answers:
    taking_part: set[str] = set()
    not_counted: Counter[str] = Counter()
    for allocation in _of_year(world, point.period):
        if not by(london(allocation["created_at"]), point.as_of) or by(
            london(allocation.get("deleted_at")), point.as_of
        ):
            continue
        school = allocation.get("school_urn")
        reason = None
        if allocation.get("mentor_id") is None or allocation.get("placement_id") is None:
            reason = "no_mentor_or_placement"
        else:
            reason = _why_no_school(register, school, point)
        if reason is None and not (allocation.get("provider_code") if proxy else _names_trainee(allocation)):
            reason = "no_trainee"
        if reason is None and school is not None:
            taking_part.add(register.counts_as(school, point.as_of))
        elif reason is not None:
            not_counted[reason] += 1
    found = _figures(register, taking_part, point)
    for reason, number in not_counted.items():
        found[Cell("allocations_not_counted", point.period, point.as_of, "reason", reason)] = Answer(number)
    found[Cell("allocations_not_counted", point.period, point.as_of)] = Answer(not_counted.total())
    found[Cell("proxy_used", point.period, point.as_of)] = Answer(int(proxy))
    found[Cell(FACTS, point.period, point.as_of)] = Answer(len(_of_year(world, point.period)))
    return found | _cross_check(world, register, taking_part, point)


def _why_no_school(register: Register, urn: str | None, point: Point) -> str | None:
    """The first reason why a URN is no school to count; ``None`` if it is one."""
    if urn in SENTINELS:
        return "sentinel"
    counted = None if urn is None else register.counts_as(urn, point.as_of)
    if counted is None or not register.knows(counted):
        return "unknown_urn"
    if not register.in_england(counted):
        return "not_in_england"
    if not register.is_open_between(counted, point.opens, point.as_of):
        return "not_open_in_year"
    return None


def _figures(register: Register, taking_part: Collection[str], point: Point) -> Answers:
    """The headline and its share of D2, by region, phase and type group."""
    d2 = {
        urn
        for urn, row in register.rows.items()
        if register.in_england(urn)
        and register.is_open(urn, point.as_of)
        and row["establishment_type_group"] in D2_TYPE_GROUPS
    }
    found: Answers = {}

    def put(breakdown: str, category: str, schools: Collection[str], all_schools: Collection[str]) -> None:
        within = [urn for urn in schools if urn in all_schools]
        cell = Cell("headline", point.period, point.as_of, breakdown, category)
        found[cell] = Answer(len(schools))
        found[cell._replace(measure="percentage_of_schools")] = Answer(len(within), len(all_schools))

    put("national", "Total", taking_part, d2)
    of = {"region": register.region, "phase": register.phase, "type_group": register.type_group}
    for breakdown, categories in BREAKDOWNS.items():
        for category in categories:
            put(
                breakdown,
                category,
                [urn for urn in taking_part if of[breakdown](urn) == category],
                [urn for urn in d2 if of[breakdown](urn) == category],
            )
    return found


def _cross_check(world: World, register: Register, taking_part: Collection[str], point: Point) -> Answers:
    """Placement URNs in Register of trainees who started in the Register year of the same number."""
    first, last = date(point.period, 8, 1), date(point.period + 1, 7, 31)
    schools: set[str] = set()
    not_counted: Counter[str] = Counter()
    for trainee in world.rows("trainees"):
        if trainee["state"] == "draft":
            continue
        start = trainee.get("trainee_start_date") or trainee.get("itt_start_date")
        for urn in trainee.get("placement_urns") or ():
            if start is None:
                not_counted["trainee_without_start_date"] += 1
            elif first <= start <= min(last, point.as_of):
                reason = _why_no_school(register, urn, point)
                if reason is None:
                    schools.add(register.counts_as(urn, point.as_of))
                else:
                    not_counted[reason] += 1
    found = {
        Cell("register_placement_schools", point.period, point.as_of): Answer(len(schools)),
        Cell("register_overlap", point.period, point.as_of): Answer(len(schools & set(taking_part))),
    }
    for reason, number in not_counted.items():
        found[Cell("records_not_counted", point.period, point.as_of, "reason", reason)] = Answer(number)
    return found
