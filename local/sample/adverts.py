"""Adverts of Teaching Vacancies: what is true of one, how it is classed, and its row."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.sample.answers import NOT_AVAILABLE
from local.sample.days import Days, day_json, instant, instant_json, iso
from local.sample.drops import quoted, quoted_list

if TYPE_CHECKING:
    from local.sample.establishments import School

CONFLICT, PROBABLE, POSSIBLE, NOT_ECT = "conflict", "ect_probable", "ect_possible", "not_ect"
PERSON_UNKNOWN, NOT_FILLED, UNKNOWN = "filled_person_unknown", "not_filled", "unknown"
CLASSES = (CONFLICT, PROBABLE, POSSIBLE, NOT_ECT, PERSON_UNKNOWN, NOT_FILLED, UNKNOWN)
"""Classes of a vacancy, in the order in which they are tried (numbers#class-of-a-vacancy)."""

_OTHER_ROLES = (
    "teaching_assistant",
    "education_support",
    "sendco",
    "headteacher",
    "administration_hr_data_and_finance",
)
_PHASES = {
    "nursery": "nursery",
    "primary": "primary",
    "middle_deemed_primary": "primary",
    "secondary": "secondary",
    "middle_deemed_secondary": "secondary",
    "all_through": "through",
}
"""GIAS phase: what an advert calls it."""


@dataclass(slots=True)
class Vacancy:
    """One advert: what is true of it. Days are ordinals, 0 for none."""

    year: int
    expires: int
    published: int
    starts: int
    schools: tuple[School, ...]
    takes: bool
    teacher: bool
    outcome: str = UNKNOWN
    hired: str = ""
    answered: int = 0
    discarded: int = 0
    expires_at: str = ""
    unknown_urn: bool = False
    external: bool = False

    @property
    def start(self) -> int:
        """The day that the ECT window is measured from."""
        return self.starts or self.expires

    def common(self, of: str) -> str:
        """Return the ``region`` or ``phase`` that all its schools have, else not available."""
        values = {getattr(school, of) for school in self.schools}
        return values.pop() if len(values) == 1 else NOT_AVAILABLE

    def counted(self, at: int) -> bool:
        """Return whether the vacancy is in the population on a day."""
        closed = self.expires <= at or (bool(self.hired) and 0 < self.answered <= at)
        gone = 0 < self.discarded <= min(at, self.expires)
        return self.teacher and self.published <= at and closed and not gone


def kinds(v: Vacancy, month_end: int) -> Iterator[str]:
    """Yield the kinds of dirt that an advert is an instance of."""
    for kind, holds in (
        ("not_teacher", not v.teacher),
        ("external", v.external),
        ("not_closed", not v.counted(month_end) and v.expires > month_end),
        ("trust_level", not v.schools),
        ("several_schools", len(v.schools) > 1),
    ):
        if holds:
            yield f"vacancies.{kind}"


def advert_line(v: Vacancy, number: int, rng: random.Random, days: Days, extra: str = "") -> str:
    """Return the row of an advert; its id and some of its dress follow from its ``number``."""
    urns = [school.urn for school in v.schools] + (["198765"] if v.unknown_urn else [])
    roles = ["teacher"] if v.teacher else [_OTHER_ROLES[number % len(_OTHER_ROLES)]]
    if v.teacher and number % 9 == 0:
        roles.append("head_of_department_or_curriculum")
    phases = sorted({_PHASES[school.phase] for school in v.schools if school.phase in _PHASES})

    expires = v.expires_at or f"{iso(v.expires)}T{11 if v.expires % 2 else 15}:00:00Z"
    answered, discarded = instant_json(v.answered, rng), instant_json(v.discarded, rng)
    suitable = '"ect_suitable"' if v.teacher and number % 3 else "null"
    latest = min(max(v.published, v.answered, v.discarded) + 1, days.as_of)
    return (
        f'{{"vacancy_id":"{uuid("v", number)}","organisation_urns":{quoted_list(urns)},'
        f'"trust_uid":{quoted(None if len(v.schools) == 1 else "16000")},"job_roles":{quoted_list(roles)},'
        f'"ect_status":{suitable},"phases":{quoted_list(phases)},"contract_type":"permanent",'
        f'"publish_on":{day_json(v.published)},"expires_at":"{expires}","starts_on":{day_json(v.starts)},'
        f'"discarded_at":{discarded},"hired_status":{quoted(v.hired or None)},"stats_updated_at":{answered},'
        f'"takes_applications":{"true" if v.takes else "false"},"is_external":{"true" if v.external else "false"},'
        f'"updated_at":"{instant(latest, rng)}"{extra}}}'
    )


def uuid(kind: str, number: int) -> str:
    """Return an id in the shape of a UUID; ``kind`` keeps adverts, applications and strays apart."""
    return f"{ord(kind):08x}-0000-4000-8000-{number:012x}"
