"""The GIAS drop: the real register at full width, the invented cases, and how many schools are open on each day."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from local.sample import gias, reference
from local.sample.days import Days, day
from local.sample.drops import Drop
from local.sample.establishments import LONG_AGO, Register, count_open, index, open_span, view_of
from local.sample.gias import Establishment, invented
from local.sample.school_cases import cases

if TYPE_CHECKING:
    from local.sample.dirt import Dirt

_SPARE_RANGES = ((200_000, 399_999), (410_000, 899_999))


def write(
    out: Path, days: Days, scale: float, rows: int | None, seed: int, dirt: Dirt
) -> tuple[Register, dict[str, int]]:
    """Write the GIAS drop; return the register for the other sources, and rows by file.

    ``rows`` asks for a register of about so many real rows instead of all; above scale 1 the file grows by
    invented establishments closed long ago, so that it is larger and the answers are those of the real register.
    """
    rng = random.Random(f"{seed}:schools")
    register = Register(cases=list(cases(days)))
    links = list(reference.links())
    schools = list(_real(rows, links))
    schools += [school for case in register.cases for school in case.schools]
    index(register, schools, links, days)
    drop = Drop(out, "schools", days)
    stamp = days.as_of_date.strftime("%Y%m%d")
    with drop.csv(f"edubasealldata{stamp}.csv") as file:
        file.add(gias.HEADER, row=False)
        for school in schools:
            file.add(gias.row(school, days.as_of - 1 - int(school.urn) % 700))
            dirt.add("schools.head_teacher")
            if school.opened == LONG_AGO:
                dirt.add("schools.opened_1900")
            if not school.postcode:
                dirt.add("schools.blank_postcode")
            if not school.name.isascii():
                dirt.add("schools.cp1252")
        for school in _spare(scale, len(schools)):
            register.spare.append(school.urn)
            file.add(gias.row(school, days.as_of - 1))
        for line in _dirty_rows(days, register, dirt):
            file.add(line)
    with drop.csv(f"links_edubasealldata{stamp}.csv") as file:
        file.add(gias.LINKS_HEADER, row=False)
        for line in _links(register, links, {school.urn: school.name for school in schools}, dirt):
            file.add(line)
    for case in register.cases:
        dirt.add(f"schools.{case.kind}")
    rng.shuffle(register.steady)
    rng.shuffle(register.succeeded)
    return register, drop.finish()


def _ordinal(text: str) -> int:
    return date.fromisoformat(text).toordinal() if text else 0


def _real(rows: int | None, links: list[tuple[str, str, str, str]]) -> Iterator[Establishment]:
    """Yield the real establishments: all of them, or a part that is closed under links."""
    chosen: set[str] | None = None
    if rows is not None:
        limit = rows / 51_329 / 1.4 * 2**32
        chosen = {urn for urn, *_ in reference.schools() if int(urn) * 2_654_435_761 % 2**32 < limit}
        chosen |= {new for old, new, _, _ in links if old in chosen}
    for urn, name, town, postcode, opened, closed, _, kind, phase, low, high, gor, la in reference.schools():
        if chosen is None or urn in chosen:
            span, ages = (_ordinal(opened), _ordinal(closed)), (low, high)
            yield Establishment(urn, name, town, postcode, "2" if closed else "1", kind, phase, gor, la, *span, *ages)


def _spare(scale: float, real: int) -> Iterator[Establishment]:
    wanted = max(0, round(real * (scale - 1)))
    urns = (urn for first, last in _SPARE_RANGES for urn in range(first, last + 1))
    for _, urn in zip(range(wanted), urns, strict=False):
        name = f"Sample Closed School {urn} (invented)"
        yield invented(urn, name, status="2", gor="Z", closed=day(2019, 8, 31), low_age="", high_age="")


def _dirty_rows(days: Days, register: Register, dirt: Dirt) -> Iterator[str]:
    """Yield the rows with trouble in their form. Where a row is good, its school counts."""

    def counted(school: Establishment) -> Establishment:
        span = open_span(school, days.as_of)
        if span:
            count_open(register, view_of(school), span)
        return school

    changed = days.as_of - 30
    for urn in range(159_801, 159_811):
        yield gias.row(counted(invented(urn, opened=day(2024, 9, 3), slashes=True)), changed)
        dirt.add("schools.slash_dates")
    for urn, code in ((159_811, "1"), (159_812, "2"), (159_813, "5")):
        yield gias.row(counted(invented(urn, type=f"0{code}", code=code)), changed)
        dirt.add("schools.unpadded_code")
    for urn in (159_814, 159_815):
        yield gias.row(counted(invented(urn, f"Sample St Zo\xeb\u2019s \xc9cole \u2013 {urn} (invented)")), changed)
        dirt.add("schools.cp1252")
    # The newer row says closed in one pair and open in the other, and comes first in one of them.
    older, newer = invented(159_816), counted(invented(159_816, status="2", closed=day(2024, 8, 31)))
    yield gias.row(newer, changed)
    yield gias.row(older, changed - 400)
    older, newer = invented(159_817, status="4"), counted(invented(159_817))
    yield gias.row(older, changed - 400)
    yield gias.row(newer, changed)
    dirt.add("schools.duplicate_urn", 2)
    yield gias.row(invented(159_818), changed).replace("159818", "", 1)
    dirt.add("schools.blank_urn")
    yield gias.row(invented(159_819), changed) + ',""'
    yield gias.row(invented(159_820), changed).rsplit(",", 20)[0]
    dirt.add("schools.ragged", 2)


def _links(
    register: Register, links: list[tuple[str, str, str, str]], names: dict[str, str], dirt: Dirt
) -> Iterator[str]:
    def line(old: str, new: str, kind: str, established: str) -> str:
        written = "-".join(reversed(established.split("-"))) if established else ""
        name = names.get(new, "Not in this file").replace('"', '""')
        return f'{old},{new},"{name}","{kind}","{written}"'

    for old, new, kind, established in links:
        if not (old in names or new in names):
            continue
        if not (old in names and new in names):
            dirt.add("schools.link_orphan")
        if not established:
            dirt.add("schools.link_blank_date")
        yield line(old, new, kind, established)
    for case in register.cases:
        for old, new, kind, established_on in case.links:
            yield line(old, new, kind, date.fromordinal(established_on).isoformat() if established_on else "")
            if case.kind == "converted":
                yield line(old, new, kind, date.fromordinal(established_on).isoformat())
                dirt.add("schools.link_duplicate")
