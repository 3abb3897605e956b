"""Reference data: the real schools, links, providers and courses carried beside this module.

``reference/ATTRIBUTION.md`` says where each comes from and what was worked out rather than recorded.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "reference"


@dataclass(frozen=True, slots=True)
class ReferenceProvider:
    """A provider as Publish describes it."""

    code: str
    name: str
    type: str
    accredited: str
    ukprn: str
    urn: str
    region: str


@dataclass(frozen=True, slots=True)
class ReferenceCourse:
    """A course of cycle 2024."""

    provider_code: str
    code: str
    accredited_body_code: str
    level: str
    funding: str
    state: str


def _rows(name: str) -> Iterator[list[str]]:
    with gzip.open(FOLDER / name, "rt", encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        next(reader)
        yield from reader


def schools() -> Iterator[list[str]]:
    """Yield every establishment of the compact register, by URN.

    They are: URN, name, town, postcode, open and close date (ISO or blank), whether the latter was inferred, type,
    phase, low and high age, GOR and LA, as GIAS publishes them.
    """
    return _rows("schools.csv.gz")


def links() -> Iterator[tuple[str, str, str, str]]:
    """Yield (URN, LinkURN, LinkType, ISO date or blank) of the real links."""
    return ((row[0], row[1], row[2], row[3]) for row in _rows("links.csv.gz"))


def providers() -> list[ReferenceProvider]:
    """Return the real providers, by code."""
    return [ReferenceProvider(*row) for row in _rows("providers.csv.gz")]


def courses() -> list[ReferenceCourse]:
    """Return the real courses, by provider and code."""
    return [ReferenceCourse(*row) for row in _rows("courses.csv.gz")]
