"""Which URN counts as which, for every day: spans of days worked out from establishments and their links.

The rules: numbers#schools, numbers#successors. Nothing changes for a URN but
on the days when it, or a school that can be reached from it by successor links, opens
or closes; so each URN is judged once between two such days, not once a day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from functions.ingest_schools.contract import SCHOOL_LINEAGE
from placements_kpi.lists import mapping
from placements_kpi.tables import arrow_schema

EPOCH = date(1970, 1, 1).toordinal()
FIRST_DAY = date(1800, 1, 1).toordinal() - EPOCH
LAST_DAY = date(9999, 12, 31).toordinal() - EPOCH
"""The ends of time. A day is the number of days since 1 January 1970, as Arrow keeps it."""

FILE = Path(__file__).with_name("statuses.csv")
"""Which statuses are open, and how a link to a successor is called."""

_CLASSES = mapping(FILE, "establishment_status_class")
OPEN, CLOSED, PROPOSED = (
    frozenset(int(status) for status, kind in _CLASSES.items() if kind == wanted)
    for wanted in ("open", "closed", "proposed")
)
"""Statuses of a school that is open (also one that is proposed to close), closed, or not yet there."""

BATCH_ROWS = 4_096


class Establishment(NamedTuple):
    """What decides whether a school is open: its status, and its days of opening and closing (null: not known)."""

    status: int
    opened: int | None
    closed: int | None


class Span(NamedTuple):
    """Days (both ends included) on which a URN is open or not, and the URN it then counts as."""

    first: int
    last: int
    is_open: bool
    counted_urn: str


class Lineage:
    """Answers for one snapshot of the register, whose own day is ``as_of``."""

    def __init__(
        self, establishments: Mapping[str, Establishment], links: Iterable[tuple[str, str]], as_of: int
    ) -> None:
        """Judge ``establishments`` by ``links``: pairs of a URN and the URN of a successor; one to itself is none."""
        self._successors: dict[str, tuple[str, ...]] = {}
        for urn, successor in links:
            known = self._successors.get(urn, ())
            if successor != urn and successor not in known:
                self._successors[urn] = (*known, successor)
        self.contradictions = 0
        """Establishments whose closing day is past though they are open: it is passed over."""
        self._in_force_from: dict[str, int] = {}
        """The day a link to this URN comes into force; a URN that has not opened by its status is not in it."""
        self._days: dict[str, tuple[int, int]] = {}
        """First and last day a URN is open; a URN that never is, is not in it."""
        for urn, (status, opened, closed) in establishments.items():
            first = FIRST_DAY if opened is None else max(opened, FIRST_DAY)
            if status not in PROPOSED:
                self._in_force_from[urn] = first
            if status in OPEN and closed is not None and closed < as_of:
                self.contradictions += 1
                closed = None
            if status in OPEN or (status in CLOSED and closed is not None):
                last = LAST_DAY if closed is None else self._last_day(urn, closed, establishments)
                if first <= last:
                    self._days[urn] = (first, last)
        self.urns = list(dict.fromkeys((*establishments, *self._successors)))
        """Every URN of the register, and those that only a link still knows."""

    def spans(self, urn: str) -> list[Span]:
        """Return what ``urn`` is, from the first day to the last, each span as long as it can be."""
        if urn not in self._successors:
            return self._spans_alone(urn)
        days = self._turning_days(urn)
        spans: list[Span] = []
        begins, was_open, counted_as = FIRST_DAY, False, ""
        for day in days:
            is_open = self._is_open(urn, day)
            counted = urn if is_open else self._counted(urn, day)
            if day == FIRST_DAY:
                was_open, counted_as = is_open, counted
            elif is_open != was_open or counted != counted_as:
                spans.append(Span(begins, day - 1, was_open, counted_as))
                begins, was_open, counted_as = day, is_open, counted
        spans.append(Span(begins, LAST_DAY, was_open, counted_as))
        return spans

    def _spans_alone(self, urn: str) -> list[Span]:
        """Return the same for a URN that nothing succeeds."""
        if urn not in self._days:
            return [Span(FIRST_DAY, LAST_DAY, False, urn)]
        first, last = self._days[urn]
        spans = [Span(first, last, True, urn)]
        if first > FIRST_DAY:
            spans.insert(0, Span(FIRST_DAY, first - 1, False, urn))
        if last < LAST_DAY:
            spans.append(Span(last + 1, LAST_DAY, False, urn))
        return spans

    def _last_day(self, urn: str, closed: int, establishments: Mapping[str, Establishment]) -> int:
        """A school is open on its closing day, unless its only successor opens on it."""
        in_force = [
            successor
            for successor in self._successors.get(urn, ())
            if (school := establishments.get(successor)) is not None
            and school.status not in PROPOSED
            and (school.opened is None or school.opened <= closed)
        ]
        if len(in_force) == 1 and establishments[in_force[0]].opened == closed:
            return closed - 1
        return closed

    def _is_open(self, urn: str, day: int) -> bool:
        first, last = self._days.get(urn, (LAST_DAY, FIRST_DAY))
        return first <= day <= last

    def _turning_days(self, urn: str) -> list[int]:
        """Return, in order, every day on which the answer for ``urn`` can be another than the day before."""
        days = {FIRST_DAY}
        reached = {urn}
        waiting = [urn]
        while waiting:
            at = waiting.pop()
            if at in self._days:
                first, last = self._days[at]
                days.update((first, last + 1))
            if at in self._in_force_from:
                days.add(self._in_force_from[at])
            for successor in self._successors.get(at, ()):
                if successor not in reached and successor in self._in_force_from:
                    reached.add(successor)
                    waiting.append(successor)
        return sorted(day for day in days if FIRST_DAY <= day <= LAST_DAY)

    def _counted(self, urn: str, day: int) -> str:
        """Return what a URN that is not open on ``day`` counts as: along its single successors, the first open."""
        chain = [urn]
        place = {urn: 0}
        while True:
            in_force = [
                successor
                for successor in self._successors.get(chain[-1], ())
                if self._in_force_from.get(successor, LAST_DAY + 1) <= day
            ]
            if len(in_force) != 1:
                return chain[-1]
            successor = in_force[0]
            if self._is_open(successor, day):
                return successor
            if successor in place:
                return max(chain[place[successor] :], key=lambda urn: (len(urn), urn))
            place[successor] = len(chain)
            chain.append(successor)


def batches(lineage: Lineage) -> Iterator[pa.Table]:
    """Yield the rows of ``school_lineage``, all spans of all URNs, some thousand at a time."""
    urns: list[str] = []
    spans: list[Span] = []
    for urn in lineage.urns:
        of_school = lineage.spans(urn)
        spans += of_school
        urns += [urn] * len(of_school)
        if len(spans) >= BATCH_ROWS:
            yield _table(urns, spans)
            urns, spans = [], []
    if spans:
        yield _table(urns, spans)


def _table(urns: list[str], spans: list[Span]) -> pa.Table:
    firsts, lasts, opens, counted = zip(*spans, strict=True)
    columns: list[pa.Array[Any]] = [
        pa.array(urns, pa.string()),
        pa.array(firsts, pa.int32()).cast(pa.date32()),
        pa.array(lasts, pa.int32()).cast(pa.date32()),
        pa.array(opens, pa.bool_()),
        pa.array(counted, pa.string()),
    ]
    return pa.Table.from_arrays(columns, schema=arrow_schema(SCHOOL_LINEAGE))
