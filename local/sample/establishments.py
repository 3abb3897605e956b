"""The register of schools as the other sources and the answers see it: who is open when, and who may be used."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from local.sample.answers import GOR_CODES, NOT_AVAILABLE
from local.sample.days import Days, day
from local.sample.gias import GROUPS, PHASES, category

if TYPE_CHECKING:
    from local.sample.gias import Establishment
    from local.sample.school_cases import Case

OVERSEAS = frozenset({"25", "30", "37"})


SCHOOL_GROUPS = frozenset({"3", "4", "5", "10", "11"})
SCHOOL_CATEGORIES = frozenset(category(GROUPS[group]) for group in SCHOOL_GROUPS)


_FOR_EVER = date(9999, 12, 31).toordinal()


LONG_AGO = date(1900, 1, 1).toordinal()


_STEADY_FROM = day(2023, 8, 31)


@dataclass(frozen=True, slots=True)
class School:
    """What the other sources' rows and answers need of a school in England."""

    urn: str
    region: str
    phase: str
    group: str
    type: str

    @property
    def state_funded(self) -> bool:
        """Whether the school is in D3 when it is in D2."""
        return self.group != "independent_schools" and self.type != "10"


@dataclass
class Register:
    """Schools by what their rows can be used for. "Steady" means open on every day of the three placements years."""

    steady: list[School] = field(default_factory=list)
    """In D2."""
    succeeded: list[tuple[str, School]] = field(default_factory=list)
    """Closed URN with one successor, and that successor, steady."""
    colleges: list[str] = field(default_factory=list)
    """Steady, in D1 and not in D2."""
    abroad: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    """Closed before the three years, without a link."""
    spare: list[str] = field(default_factory=list)
    """Invented closed establishments that make a larger file."""
    cases: list[Case] = field(default_factory=list)
    known: dict[str, School] = field(default_factory=dict)
    """Every school of D2 on the as-of day, by URN."""
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)
    """First and last open day of the schools in the cases."""
    open: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    """Changes in the number of open schools by day, for ``d1``, ``d2``, ``d3`` and each category of ``d2``."""

    def open_on(self, day: int, which: str) -> int:
        """Return how many schools of ``which`` are open on a day."""
        return sum(change for first, change in self.open[which].items() if first <= day)

    def case_views(self) -> list[School]:
        """Return the schools of the edge cases in the form that answers use."""
        return [view_of(school) for case in self.cases for school in case.schools]

    def categories(self, breakdown: str) -> list[str]:
        """Return the categories of D2 in a breakdown: ``region``, ``phase`` or ``type_group``."""
        prefix = f"d2 {breakdown} "
        return sorted(name.removeprefix(prefix) for name in self.open if name.startswith(prefix))


def open_span(school: Establishment, as_of: int) -> tuple[int, int] | None:
    """Return the first and last day that a school is open by its own row, or ``None`` (numbers#schools)."""
    opened = 0 if school.opened <= LONG_AGO else school.opened
    if school.status == "4":
        return None
    if school.status == "2":
        return (opened, school.closed) if school.closed >= max(opened, 1) else None
    contradicted = school.closed and school.closed < as_of
    return opened, (school.closed if school.closed and not contradicted else _FOR_EVER)


def index(register: Register, schools: list[Establishment], links: list[tuple[str, str, str, str]], days: Days) -> None:
    """Sort the schools by use, and count who is open on each day."""
    by_urn = {school.urn: school for school in schools}
    successors: defaultdict[str, list[str]] = defaultdict(list)
    linked: set[str] = set()
    case_links = [link for case in register.cases for link in case.links]
    for old, new, kind, _ in [*links, *case_links]:
        linked |= {old, new}
        if kind.startswith("Successor"):
            successors[old].append(new)
    in_cases = {school.urn for case in register.cases for school in case.schools}
    for school in schools:
        span = open_span(school, days.as_of)
        if span and school.status == "2":
            span = _until_successor(school, span, [by_urn[urn] for urn in successors[school.urn] if urn in by_urn])
        if span and school.urn in in_cases:
            register.spans[school.urn] = span
        _sort(register, school, span, school.urn in in_cases, days.as_of)
        long_closed = school.status == "2" and 0 < school.closed < _STEADY_FROM
        if long_closed and school.urn not in linked and not _abroad(school):
            register.closed.append(school.urn)
    steady = {school.urn: school for school in register.steady}
    for old, following in successors.items():
        before = by_urn.get(old)
        if len(following) != 1 or following[0] not in steady or before is None:
            continue
        if before.status == "2" and 0 < before.closed < _STEADY_FROM:
            register.succeeded.append((old, steady[following[0]]))


def _abroad(school: Establishment) -> bool:
    return school.gor == "W" or school.type in OVERSEAS or school.group == "6"


def _sort(register: Register, school: Establishment, span: tuple[int, int] | None, in_case: bool, as_of: int) -> None:
    """Put a school where it can be used, and count it if it is in England."""
    if span is None:
        return
    steady = span[1] == _FOR_EVER and span[0] <= _STEADY_FROM and not in_case
    if _abroad(school):
        if steady:
            register.abroad.append(school.urn)
        return
    view = view_of(school)
    count_open(register, view, span)
    if school.group not in SCHOOL_GROUPS:
        if steady:
            register.colleges.append(school.urn)
        return
    if span[0] <= as_of <= span[1]:
        register.known[school.urn] = view
    if steady:
        register.steady.append(view)


def view_of(school: Establishment) -> School:
    region = GOR_CODES.get(school.gor, NOT_AVAILABLE)
    phase, group = category(PHASES[school.phase]), category(GROUPS[school.group])
    return School(school.urn, region, phase, group, school.type)


def _until_successor(school: Establishment, span: tuple[int, int], successors: list[Establishment]) -> tuple[int, int]:
    """Return the span one day shorter where the only successor in force on the closing day opens on that day."""
    in_force = [other for other in successors if other.status != "4" and other.opened <= school.closed]
    if len(in_force) == 1 and in_force[0].opened == school.closed:
        return span[0], span[1] - 1
    return span


def count_open(register: Register, school: School, span: tuple[int, int]) -> None:
    names = ["d1"]
    if school.group in SCHOOL_CATEGORIES:
        names += ["d2", f"d2 region {school.region}", f"d2 phase {school.phase}", f"d2 type_group {school.group}"]
        if school.state_funded:
            names.append("d3")
    for name in names:
        register.open[name][span[0]] += 1
        register.open[name][span[1] + 1] -= 1
