"""The Publish drop: real providers and courses in each recruitment cycle, and which of them the sector consists of."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from local.sample import reference
from local.sample.answers import NOT_AVAILABLE, REGION_CODES
from local.sample.days import Days, instant, iso
from local.sample.dirt import EXTRA, Dirt
from local.sample.drops import Drop
from local.sample.reference import ReferenceCourse, ReferenceProvider
from local.sample.sector import NATIONAL_INSTITUTE, OUTSIDE_ENGLAND, REGIONAL_CODES, RUNNING, Member, Row, fold, sector

CYCLES = (2023, 2024, 2025, 2026)


@dataclass(frozen=True, slots=True)
class Course:
    """What a choice in Apply says of its course."""

    provider: str
    code: str
    accredited: str
    region: str
    level: str
    funding: str


@dataclass
class Publish:
    """What the other sources' rows and answers need of Publish."""

    courses: list[Course] = field(default_factory=list)
    sector: dict[int, dict[str, Member]] = field(default_factory=dict)
    """Cycle: its providers by code, those discarded at some time included."""
    regions: dict[str, str] = field(default_factory=dict)
    """UKPRN: ONS region code, or not available where its rows disagree."""
    weights: dict[str, int] = field(default_factory=dict)
    """UKPRN of an accredited provider: courses that it runs or accredits."""
    codes: list[str] = field(default_factory=list)
    """Every code of the current cycle, before folding."""


def write(out: Path, days: Days, seed: int, dirt: Dirt) -> tuple[Publish, dict[str, int]]:
    """Write the Publish drop; return what the other sources need of it, and rows by file."""
    rng = random.Random(f"{seed}:providers")
    providers, courses = reference.providers(), reference.courses()
    providers += _invented_providers(dirt)
    courses += _invented_courses(dirt)
    publish = Publish()
    rows_by_cycle: dict[int, list[Row]] = {}
    courses_by_cycle: dict[int, list[ReferenceCourse]] = {}
    for cycle in CYCLES:
        # Partners come and go: each sits out one cycle in thirty, by its code.
        rows = [Row(provider, cycle) for provider in providers if not _sits_out(provider, cycle)]
        rows_by_cycle[cycle] = _discard(rows, cycle, days, dirt)
        running = {row.provider.code for row in rows}
        courses_by_cycle[cycle] = [course for course in courses if course.provider_code in running | {"9X9"}]
        publish.sector[cycle] = sector(rows_by_cycle[cycle], courses_by_cycle[cycle])
    drop = Drop(out, "providers", days)
    with drop.ndjson("providers") as file:
        for cycle in CYCLES:
            for row in rows_by_cycle[cycle]:
                for line in _provider_lines(row, days, rng, dirt):
                    file.add(line)
        for line in _bad_providers():
            file.add(line)
            dirt.add("providers.wrong_type" if "perhaps" in line else "providers.blank")
    with drop.ndjson("courses") as file:
        for cycle in CYCLES:
            for number, course in enumerate(courses_by_cycle[cycle]):
                for line in _course_lines(course, cycle, number, dirt):
                    file.add(line)
        for cycle in CYCLES:
            file.add(json.dumps({"provider_code": None, "code": "X1", "recruitment_cycle_year": cycle}))
            dirt.add("providers.blank")
    _index(publish, rows_by_cycle, courses_by_cycle)
    return publish, drop.finish()


def _sits_out(provider: ReferenceProvider, cycle: int) -> bool:
    if provider.accredited or provider.code.startswith("9"):
        return False
    return (sum(map(ord, provider.code)) * 7 + cycle * 11) % 30 == 0


def _invented_providers(dirt: Dirt) -> list[ReferenceProvider]:
    """Return providers of kinds that the real list does not hold; their codes start with 9 but for DfE's own."""
    for kind, count in (("not_england", 3), ("dfe_itself", 1), ("no_running_course", 1), ("shell", 1)):
        dirt.add(f"providers.{kind}", count)
    return [
        ReferenceProvider(code, name, type, accredited, f"100999{ukprn}", "", region)
        for code, name, type, accredited, ukprn, region in (
            ("GP", "Department for Education (sample)", "scitt", "y", "00", "london"),
            ("9W0", "Sample Provider Abroad 0", "university", "y", "10", "wales"),
            ("9W1", "Sample Provider Abroad 1", "university", "", "11", "scotland"),
            ("9W2", "Sample Provider Abroad 2", "university", "", "12", "wales"),
            ("9N0", "Sample Provider Nowhere", "scitt", "y", "20", "no_region"),
            ("9D0", "Sample Provider Discarded", "scitt", "", "30", "london"),
            ("9D1", "Sample Provider Discarded Later", "scitt", "", "31", "london"),
            ("9R0", "Sample Provider In Two Regions", "scitt", "y", "40", "london"),
            ("9R1", "Sample Provider In Two Regions", "scitt", "y", "40", "south_east"),
            ("9Q0", "Sample Provider With Drafts Only", "scitt", "y", "50", "london"),
            ("9Q1", "Sample Provider Without Courses", "lead_school", "", "51", "london"),
        )
    ]


def _invented_courses(dirt: Dirt) -> list[ReferenceCourse]:
    dirt.add("providers.orphan_course", len(CYCLES))
    return [
        ReferenceCourse(code, "S001", body, "secondary", "fee", state)
        for code, body, state in (
            ("GP", "", "published"),
            ("9W0", "", "published"),
            ("9W1", "C10", "published"),
            ("9W2", "C10", "published"),
            ("9N0", "", "published"),
            ("9D0", "C10", "published"),
            ("9D1", "C10", "published"),
            ("9R0", "", "published"),
            ("9R1", "", "published"),
            ("9Q0", "", "draft"),
            ("9X9", "C10", "published"),
        )
    ]


def _discard(rows: list[Row], cycle: int, days: Days, dirt: Dirt) -> list[Row]:
    """Return the rows with the discarded ones marked: one before D, one after it, in the two newest cycles."""
    if cycle < 2025:
        return rows
    dates = {"9D0": days.as_of - 60, "9D1": days.as_of + 5}
    dirt.add("providers.discarded")
    dirt.add("providers.discarded_later")
    return [replace(row, discarded=dates.get(row.provider.code, 0)) for row in rows]


def _provider_lines(row: Row, days: Days, rng: random.Random, dirt: Dirt) -> Iterator[str]:
    provider, cycle = row.provider, row.cycle
    # A provider of an old cycle was last changed in it.
    changed = min(days.as_of - 20 - int(rng.random() * 200), days.as_of - (2026 - cycle) * 365 - 20)
    record: dict[str, object] = {
        "code": provider.code,
        "name": provider.name,
        "provider_type": provider.type,
        "accredited_body": bool(provider.accredited),
        "ukprn": provider.ukprn or None,
        "urn": provider.urn or None,
        "region_code": provider.region,
        "changed_at": instant(changed, rng),
        "discarded_at": f"{iso(row.discarded)}T12:00:00Z" if row.discarded else None,
        "recruitment_cycle_year": cycle,
    }
    number = sum(map(ord, provider.code))
    if provider.region == "no_region":
        dirt.add("providers.no_region")
    if provider.code in REGIONAL_CODES:
        dirt.add("providers.national_institute")
    if number % 61 == 0:
        record["code"] = provider.code.lower()
        dirt.add("providers.lower_case_code")
    if number % 83 == 0:
        # An older row says the opposite of everything that counts.
        older = record | {
            "accredited_body": not provider.accredited,
            "region_code": "wales",
            "changed_at": f"{iso(changed - 30)}T09:00:00Z",
        }
        yield json.dumps(older)
        dirt.add("providers.duplicate")
    line = json.dumps(record, ensure_ascii=False)
    if number % 37 == 0:
        line = f"{line[:-1]}, {EXTRA}}}"
        dirt.add("providers.extra_fields")
    yield line


def _bad_providers() -> Iterator[str]:
    base = {"code": "9B0", "name": "Sample", "accredited_body": True, "recruitment_cycle_year": 2025}
    for changes in (
        {"code": None},
        {"code": ""},
        {"recruitment_cycle_year": None},
        {"accredited_body": "perhaps"},
        {"changed_at": "perhaps"},
    ):
        yield json.dumps(base | changes)


def _course_lines(course: ReferenceCourse, cycle: int, number: int, dirt: Dirt) -> Iterator[str]:
    record = {
        "provider_code": course.provider_code,
        "code": course.code,
        "accredited_body_code": course.accredited_body_code or None,
        "recruitment_cycle_year": cycle,
        "state": course.state or None,
    }
    if not course.state:
        dirt.add("providers.course_without_state")
    if number % 400 == 7:
        yield json.dumps(record | {"state": "draft" if course.state in RUNNING else "published"})
        dirt.add("providers.course_duplicate")
    yield json.dumps(record)


def _index(
    publish: Publish, rows_by_cycle: dict[int, list[Row]], courses_by_cycle: dict[int, list[ReferenceCourse]]
) -> None:
    """Fill in what other sources draw on. Only UKPRNs whose region is beyond doubt in every cycle are drawn on."""
    current = rows_by_cycle[max(CYCLES)]
    publish.codes = [row.provider.code for row in current]
    by_code = {row.provider.code: row.provider for row in current}
    of_ukprn: defaultdict[str, list[ReferenceProvider]] = defaultdict(list)
    for provider in {row.provider.code: row.provider for rows in rows_by_cycle.values() for row in rows}.values():
        if provider.ukprn:
            of_ukprn[provider.ukprn].append(provider)
    work: defaultdict[str, int] = defaultdict(int)
    for course in courses_by_cycle[max(CYCLES)]:
        owner = by_code.get(course.provider_code)
        if owner is None or course.state not in RUNNING or owner.region in OUTSIDE_ENGLAND:
            continue
        body = course.accredited_body_code or course.provider_code
        work[body] += 1
        publish.courses.append(
            Course(course.provider_code, course.code, body, owner.region, course.level, course.funding)
        )
    for ukprn, rows in of_ukprn.items():
        regions = {REGION_CODES.get(row.region, NOT_AVAILABLE) for row in rows}
        institute = any(fold(row.code) == NATIONAL_INSTITUTE for row in rows)
        if institute or (len(regions) > 1 and not all(row.accredited for row in rows)):
            continue
        publish.regions[ukprn] = regions.pop() if len(regions) == 1 else NOT_AVAILABLE
        if any(row.accredited for row in rows):
            publish.weights[ukprn] = sum(work[row.code] for row in rows) + 1
