"""The mentor allocations of the placements service's drop."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.sample.days import PLACEMENT_YEARS, Days, day, instant, instant_json, iso
from local.sample.dirt import Dirt, plan
from local.sample.participation import Participation
from local.sample.trns import trn

if TYPE_CHECKING:
    from local.sample.drops import Lines
    from local.sample.establishments import Register as Schools
    from local.sample.establishments import School
    from local.sample.trainees import People

SCHOOLS = {2023: 3_000, 2024: 9_500, 2025: 12_000}
"""Schools with an allocation at scale 1, by placements year."""
SENTINELS = ("900000", "900010", "900020", "900030")
UNKNOWN = ("198761", "198762", "198763", "00210")
_NO_PROXY = 2023
"""The year in which no allocation carries a trainee: a provider stands in."""

_STORIES = {
    "allocation_no_mentor": 0.003,
    "allocation_no_placement": 0.002,
    "allocation_no_trainee": 0.02,
    "allocation_sentinel": 0.003,
    "allocation_unknown_urn": 0.002,
    "allocation_not_england": 0.002,
    "allocation_closed_school": 0.002,
    "allocation_deleted": 0.03,
    "allocation_deleted_later": 0.002,
    "allocation_created_later": 0.002,
    "allocation_two_mentors": 0.05,
    "allocation_duplicate": 0.003,
}
_NOT_COUNTED = {
    "allocation_no_mentor": ("no_mentor_or_placement", "mentor"),
    "allocation_no_placement": ("no_mentor_or_placement", "placement"),
    "allocation_no_trainee": ("no_trainee", "trainee"),
    "allocation_sentinel": ("sentinel", ""),
    "allocation_unknown_urn": ("unknown_urn", ""),
    "allocation_not_england": ("not_in_england", ""),
    "allocation_closed_school": ("not_open_in_year", ""),
}
"""Why it is not counted, and what it lacks; blank where it is at a school that does not count."""


@dataclass(slots=True)
class Allocation:
    """One allocation as it is written; days are ordinals, 0 for none."""

    urn: str
    year: int
    created: int
    deleted: int = 0
    mentor: bool = True
    placement: bool = True
    trainee: bool = True
    provider: bool = True


class Allocations:
    """Writes the allocations of every year."""

    def __init__(
        self, days: Days, scale: float, seed: int, schools: Schools, people: People, codes: list[str], dirt: Dirt
    ) -> None:
        self.days, self.scale, self.seed, self.schools, self.people = days, scale, seed, schools, people
        self.codes, self.dirt = codes, dirt
        self.rng = random.Random(f"{seed}:allocations")
        self.truth = Participation(days, schools, people.placement_urns)
        self.next_id = 0

    def write(self, file: Lines) -> None:
        """Write every year's allocations."""
        for year in PLACEMENT_YEARS:
            self.rng = random.Random(f"{self.seed}:allocations:{year}")
            self.year(year, file)
        self.edge_cases(file)
        self.bad_rows(file)

    def year(self, year: int, file: Lines) -> None:
        """Write the allocations of a year at steady schools, most wanted first, and of some under an old URN."""
        rng = self.rng
        wanted = max(10, round(SCHOOLS[year] * min(self.scale, 1)))
        old = [(urn, school) for urn, school in self.schools.succeeded[: max(2, wanted // 60)]]
        places = [(school.urn, school) for school in self.schools.steady[:wanted]] + old
        more = max(1, round(self.scale))
        each = [1 + int(rng.random() * 4 * more) for _ in places]
        kinds = _STORIES if year != _NO_PROXY else {"allocation_deleted": 0.03}
        stories = plan(rng, sum(each), kinds)
        number = 0
        for (urn, school), count in zip(places, each, strict=True):
            for _ in range(count):
                allocation = self.allocation(urn, year)
                for line in self.tell(stories.get(number, ""), allocation, school):
                    file.add(line)
                number += 1

    def allocation(self, urn: str, year: int) -> Allocation:
        """Return an allocation of no particular story, made between the summer before the year and its spring."""
        first, last = day(year, 7, 1), min(day(year + 1, 5, 31), self.days.as_of)
        allocation = Allocation(urn, year, first + int(self.rng.random() * (last - first + 1)))
        if year == _NO_PROXY:
            allocation.trainee = False
            allocation.provider = self.rng.random() < 0.9
            self.dirt.add("placements.allocation_proxy_year")
        elif self.rng.random() < 0.1:
            allocation.provider = False
        return allocation

    def tell(self, kind: str, allocation: Allocation, school: School) -> Iterator[str]:
        """Change an allocation as the story has it, tally it, and yield its rows."""
        rng, as_of, year = self.rng, self.days.as_of, allocation.year
        if kind:
            self.dirt.add(f"placements.{kind}")
        counts = allocation.trainee or (year == _NO_PROXY and allocation.provider)
        if kind in _NOT_COUNTED:
            counts = False
            self.spoil(kind, allocation)
            if year == max(PLACEMENT_YEARS):
                self.truth.not_counted[_NOT_COUNTED[kind][0]] += 1
        elif kind == "allocation_deleted":
            allocation.deleted = min(allocation.created + 1 + int(rng.random() * 120), as_of)
        elif kind == "allocation_deleted_later":
            allocation.deleted = as_of + 2
        elif kind == "allocation_created_later":
            allocation.created = as_of + 1
        if counts:
            self.truth.steady[year].setdefault(school, []).append((allocation.created, allocation.deleted))
        line = self.line(allocation)
        if kind == "allocation_two_mentors":
            yield line
            yield self.line(allocation)
        elif kind == "allocation_duplicate":
            yield from self.twice(allocation, line)
        else:
            yield line

    def spoil(self, kind: str, allocation: Allocation) -> None:
        """Take away from an allocation what it needs to count."""
        if lacking := _NOT_COUNTED[kind][1]:
            setattr(allocation, lacking, False)
        else:
            where = {
                "allocation_sentinel": SENTINELS,
                "allocation_unknown_urn": UNKNOWN,
                "allocation_not_england": self.schools.abroad,
                "allocation_closed_school": self.schools.closed,
            }
            allocation.urn = self.rng.choice(where[kind])

    def twice(self, allocation: Allocation, line: str) -> Iterator[str]:
        """Yield an allocation and an older row of it that says it was removed."""
        older = json.loads(line) | {
            "deleted_at": f"{iso(allocation.created)}T10:00:00Z",
            "updated_at": f"{iso(allocation.created - 1)}T10:00:00Z",
        }
        rows = [line, json.dumps(older)]
        yield from rows if self.next_id % 2 else reversed(rows)

    def line(self, allocation: Allocation) -> str:
        """Return the row of an allocation under the next id."""
        rng = self.rng
        self.next_id += 1
        a = allocation
        trainee, number = "null", "null"
        if a.trainee:
            who = int(rng.random() * self.people.count)
            if rng.random() < 0.1:
                number = f'"{trn(who)}"'
            else:
                trainee = f'"T{who:023d}"'
        deleted = instant_json(a.deleted, rng)
        provider = f'"{rng.choice(self.codes)}"' if a.provider else "null"
        placement = f'"p-{self.next_id // 2}"' if a.placement else "null"
        mentor = f'"m-{self.next_id * 7919 % 999_983}"' if a.mentor else "null"
        extra = self.dirt.surplus("placements", self.next_id, 45)
        return (
            f'{{"allocation_id":"a-{self.next_id}","placement_id":{placement},"school_urn":"{a.urn}",'
            f'"mentor_id":{mentor},"trainee_id":{trainee},"trn":{number},"provider_code":{provider},'
            f'"academic_year":{a.year},"created_at":"{instant(a.created, rng)}",'
            f'"updated_at":"{instant(max(a.created, a.deleted), rng)}","deleted_at":{deleted}{extra}}}'
        )

    def edge_cases(self, file: Lines) -> None:
        """Write one allocation of the current year at each school of the edge cases."""
        year = max(PLACEMENT_YEARS)
        for case in self.schools.cases:
            for use in case.uses:
                if use.day > self.days.as_of:
                    continue
                self.truth.cases.append(use)
                file.add(self.line(Allocation(use.urn, year, use.day)))
                if not self.truth.open_in_year(use.at(self.days.as_of)[0], self.days.as_of):
                    self.truth.not_counted["not_open_in_year"] += 1

    def bad_rows(self, file: Lines) -> None:
        """Write rows that must be quarantined: each would add a school if it were read."""
        unused = self.schools.steady[-1].urn
        for kind, changes in (
            ("placements.allocation_blank", {"allocation_id": None}),
            ("placements.allocation_blank", {"academic_year": None}),
            ("placements.allocation_blank", {"created_at": ""}),
            ("placements.allocation_wrong_type", {"academic_year": "this year"}),
            ("placements.allocation_wrong_type", {"created_at": "yesterday"}),
        ):
            good = self.line(Allocation(unused, max(PLACEMENT_YEARS), day(2025, 9, 20)))
            self.dirt.spoil(file, kind, good, changes)
