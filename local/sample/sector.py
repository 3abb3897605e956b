"""The sector: which providers are accredited or delivery partners in a cycle (numbers#5-provider-take-up)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.sample.answers import NOT_AVAILABLE, REGION_CODES

if TYPE_CHECKING:
    from local.sample.reference import ReferenceCourse, ReferenceProvider

NATIONAL_INSTITUTE = "2N2"


REGIONAL_CODES = frozenset(
    "1YF 21J 1GV 2HE 24P 1MN 1TZ 5J5 7K9 L06 2P4 21P 1FE 3P4 3L4 2H7 2A6 4W2 4L1 4L3 4C2 5A6 2U6".split()
)
"""Codes of the National Institute of Teaching's regions, which count as one provider (numbers#5-provider-take-up)."""


OUTSIDE_ENGLAND = frozenset({"wales", "scotland"})


RUNNING = frozenset({"published", "published_with_unpublished_changes", ""})


@dataclass(frozen=True, slots=True)
class Member:
    """A provider of the sector in one cycle, after folding."""

    code: str
    kind: str
    """``accredited`` or ``delivery_partner``."""
    type: str
    region: str
    discarded: int
    """Day ordinal, 0 where it is not."""


@dataclass(frozen=True, slots=True)
class Row:
    """A provider in a cycle as it is written; ``discarded`` is a day ordinal, 0 where it is not."""

    provider: ReferenceProvider
    cycle: int
    discarded: int = 0


def sector(rows: list[Row], courses: list[ReferenceCourse]) -> dict[str, Member]:
    """Return the sector of a cycle by code: who is accredited, who a partner (numbers#5-provider-take-up)."""
    own: dict[str, Row] = {}
    for row in rows:
        code = fold(row.provider.code)
        if code not in own or row.provider.code == code:
            own[code] = row
    runs: defaultdict[str, set[str]] = defaultdict(set)
    accredits: set[str] = set()
    for course in courses:
        if course.state in RUNNING:
            accredited = fold(course.accredited_body_code)
            runs[fold(course.provider_code)].add(accredited)
            accredits.add(accredited)
    members = {}
    for code, row in own.items():
        provider = row.provider
        if provider.region in OUTSIDE_ENGLAND or code == "GP":
            continue
        if provider.accredited and (code in runs or code in accredits):
            kind = "accredited"
        elif not provider.accredited and runs[code] - {"", code}:
            kind = "delivery_partner"
        else:
            continue
        region = REGION_CODES.get(provider.region, NOT_AVAILABLE)
        members[code] = Member(code, kind, provider.type, region, row.discarded)
    return members


def fold(code: str) -> str:
    """Return the code that a provider counts under."""
    return NATIONAL_INSTITUTE if code in REGIONAL_CODES else code
