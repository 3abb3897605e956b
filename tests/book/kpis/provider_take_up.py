"""KPI 5 again: take-up by providers, sentence by sentence (numbers#5-provider-take-up)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from tests.book.answers import FACTS, REFUSED, Answer, Answers, Cell
from tests.book.days import london
from tests.book.points import Point
from tests.book.world import Row, World

NATIONAL_INSTITUTE = (
    "2N2 1YF 21J 1GV 2HE 24P 1MN 1TZ 5J5 7K9 L06 2P4 21P 1FE 3P4 3L4 2H7 2A6 4W2 4L1 4L3 4C2 5A6 2U6".split()
)
"""services#national-institute-of-teaching: its own code and its regional ones, in the order of the list."""

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
TYPES = ("university", "scitt", "lead_school")
MEASURES = ("headline", "accredited", "delivery_partners", "active_in_last_30_days")


@dataclass
class Provider:
    """A provider of the sector on a day, and what it did."""

    role: str
    region: str
    kind: str
    active: bool = False
    recent: bool = False
    lacks_list: bool = False


@dataclass
class Day:
    """Everything about one point."""

    sector: dict[str, Provider] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)


def answers(world: World, points: Sequence[Point]) -> Answers:
    """Return every cell of the KPI at every point."""
    found: Answers = {}
    days = {point: _day(world, point) for point in points}
    current = next(point for point in points if point.is_current)
    refused = _too_few_lists(days[current])
    # Publish gives a cycle if it gives anybody of the sector in it; without one there is no denominator.
    given = {point.period for point, day in days.items() if day.sector}
    for point, day in days.items():
        found |= _facts(world, point)
        status = "not_available" if point.period not in given or (refused and not point.is_current) else "ok"
        found |= _cells(point, day, status)
        for reason, number in day.left_out.items():
            found[Cell("records_not_counted", point.period, point.as_of, "reason", reason)] = Answer(number)
    if refused:
        found |= {Cell(REFUSED, current.period, current.as_of, "national", measure): Answer(1) for measure in MEASURES}
    return found


def _folded(code: str) -> str:
    return "2N2" if code in NATIONAL_INSTITUTE else code


def _day(world: World, point: Point) -> Day:
    day = Day(sector=_sector(world, point))
    known = {_folded(row["code"]) for row in world.rows("providers") if _of_cycle(row, point)}
    active: Counter[str] = Counter()
    for row in world.rows("provider_activity"):
        deleted = london(row.get("deleted_at"))
        if deleted is not None and deleted <= point.as_of:
            continue
        code = _folded(row["provider_code"])
        dates, last = row.get("sign_in_dates"), london(row.get("last_signed_in_at"))
        provider = day.sector.get(code)
        if provider is not None:
            # Of one that counts under several codes, one list that is missing is enough.
            provider.lacks_list |= dates is None
        if dates is None and last is not None and last > point.as_of:
            day.left_out["sign_in_after_day"] += 1
            continue
        used = dates if dates is not None else [last] if last is not None else []
        in_year = any(point.opens <= on <= point.as_of for on in used)
        recently = any(point.as_of - timedelta(days=30) < on <= point.as_of for on in used)
        active[code] += in_year
        if provider is not None:
            provider.active |= in_year
            provider.recent |= recently
    for code, records in active.items():
        if records and code not in day.sector:
            day.left_out["not_in_sector" if code in known else "unknown_provider"] += records
    return day


def _of_cycle(row: Row, point: Point) -> bool:
    return bool(row["recruitment_cycle_year"] == point.period)


def _sector(world: World, point: Point) -> dict[str, Provider]:
    """Accredited providers and delivery partners on the day, by the code that each counts as."""
    running = [row for row in world.rows("courses") if _of_cycle(row, point) and _runs(row)]
    runs: set[str] = set()
    accredits: set[str] = set()
    runs_for_another: set[str] = set()
    for course in running:
        provider = _folded(course["provider_code"])
        accreditor = course.get("accredited_body_code")
        runs.add(provider)
        if accreditor:
            accredits.add(_folded(accreditor))
            if _folded(accreditor) != provider:
                runs_for_another.add(provider)
    found = {}
    for code, row in _own_attributes(world, point).items():
        discarded = london(row.get("discarded_at"))
        if row.get("region_code") in ("wales", "scotland") or code == "GP":
            continue
        if discarded is not None and discarded <= point.as_of:
            continue
        kind = row.get("provider_type")
        place = (REGIONS.get(row.get("region_code") or "", "not_available"), kind if kind in TYPES else "not_available")
        if row.get("accredited_body"):
            if code in runs | accredits:
                found[code] = Provider("accredited", *place)
        elif code in runs_for_another:
            found[code] = Provider("delivery_partner", *place)
    return found


def _runs(course: Row) -> bool:
    return course.get("state") in (None, "published", "published_with_unpublished_changes")


def _own_attributes(world: World, point: Point) -> dict[str, Row]:
    """Each provider's row; of the institute 2N2's own, else that of its first regional code."""
    rows = {row["code"]: row for row in world.rows("providers") if _of_cycle(row, point)}
    institute = [rows[code] for code in NATIONAL_INSTITUTE if code in rows]
    others = {code: row for code, row in rows.items() if code not in NATIONAL_INSTITUTE}
    return others | ({"2N2": institute[0]} if institute else {})


def _too_few_lists(day: Day) -> bool:
    """More than 5% of the organisations active at D lack a list (numbers#sign-ins)."""
    active = [provider for provider in day.sector.values() if provider.active]
    return sum(provider.lacks_list for provider in active) > 0.05 * len(active)


def _cells(point: Point, day: Day, status: str) -> Answers:
    found: Answers = {}

    def put(measure: str, breakdown: str, category: str, providers: list[Provider], used: list[Provider]) -> None:
        cell = Cell(measure, point.period, point.as_of, breakdown, category)
        found[cell] = Answer(len(used), len(providers)) if status == "ok" else Answer(None, None, status)

    chosen = {
        "headline": (lambda one: True, lambda one: one.active),
        "accredited": (lambda one: one.role == "accredited", lambda one: one.active),
        "delivery_partners": (lambda one: one.role == "delivery_partner", lambda one: one.active),
        "active_in_last_30_days": (lambda one: True, lambda one: one.recent),
    }
    for measure, (belongs, uses) in chosen.items():
        all_of_them = [one for one in day.sector.values() if belongs(one)]
        put(measure, "national", "Total", all_of_them, [one for one in all_of_them if uses(one)])
        splits = {"region": [*REGIONS.values(), "not_available"]}
        if measure in ("headline", "active_in_last_30_days"):
            splits |= {"role": ["accredited", "delivery_partner"], "provider_type": [*TYPES, "not_available"]}
        for breakdown, categories in splits.items():
            name = {"region": "region", "role": "role", "provider_type": "kind"}[breakdown]
            for category in categories:
                part = [one for one in all_of_them if getattr(one, name) == category]
                put(measure, breakdown, category, part, [one for one in part if uses(one)])
    return found


def _facts(world: World, point: Point) -> Answers:
    """A period with a sign-in in it has facts."""
    facts = 0
    for row in world.rows("provider_activity"):
        deleted: date | None = london(row.get("deleted_at"))
        if deleted is not None and deleted <= point.as_of:
            continue
        dates, last = row.get("sign_in_dates"), london(row.get("last_signed_in_at"))
        used = dates if dates is not None else [last] if last is not None else []
        facts += sum(point.opens <= on <= point.closes for on in used)
    return {Cell(FACTS, point.period, point.as_of): Answer(facts)}
