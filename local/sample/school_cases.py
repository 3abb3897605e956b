"""Invented schools for the rules about opening, closing and succeeding, with the answer to each by hand.

They carry URNs from 159000, a range that GIAS has not reached, and names that say that they are invented.
The rules: numbers#schools, numbers#successors, numbers#edge-cases.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from local.sample.days import Days, day
from local.sample.gias import Establishment, invented

FIRST_URN = 159000
MISSING_URN = 199001
COPIES = 2

_GOR = "ABDEFGHJK"


@dataclass(frozen=True)
class Use:
    """A URN that is used on the service, from ``day`` on, and what it counts as.

    ``counts`` are (from day, URN counted, whether that school is open): the last that has begun holds.
    """

    urn: str
    day: int
    counts: tuple[tuple[int, str, bool], ...]

    def at(self, day: int) -> tuple[str, bool]:
        """Return the URN counted on ``day`` and whether it is open on it."""
        _, urn, is_open = [count for count in self.counts if count[0] <= day][-1]
        return urn, is_open


@dataclass
class Case:
    """One edge case: its rows, links and uses."""

    kind: str
    schools: list[Establishment] = field(default_factory=list)
    links: list[tuple[str, str, str, int]] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)


class _Maker:
    """Hands out URNs in order."""

    def __init__(self) -> None:
        self._next = FIRST_URN

    def school(self, status: str, opened: int = 0, closed: int = 0, type: str = "01", gor: str = "") -> Establishment:
        self._next += 1
        gor = gor or _GOR[self._next % 9]
        return invented(self._next, status=status, opened=opened, closed=closed, type=type, gor=gor)


def _succession(old: str, new: str, established: int) -> list[tuple[str, str, str, int]]:
    return [(old, new, "Successor", established), (new, old, "Predecessor", established)]


def cases(days: Days) -> Iterator[Case]:
    """Yield every case, :data:`COPIES` times each, in the order of their URNs."""
    maker = _Maker()
    for _ in range(COPIES):
        yield from _simple(maker, days)
        yield from _successions(maker, days)
        yield from _dead_ends(maker)


def _simple(maker: _Maker, days: Days) -> Iterator[Case]:
    """Yield the cases of one school, used from 10 October of the current year unless said otherwise."""
    d, used = days.as_of, day(2025, 10, 10)
    for kind, school, first, counts in (
        ("closes_day_before", maker.school("2", closed=d - 1), used, ((0, True), (d, False))),
        ("closes_on_day", maker.school("2", closed=d), used, ((0, True),)),
        ("future_close_date", maker.school("3", closed=d + 40), used, ((0, True),)),
        ("close_date_contradicts", maker.school("1", closed=day(2025, 1, 31)), used, ((0, True),)),
        ("proposed", maker.school("4", opened=d + 50), used, ((0, False),)),
        ("future_open_date", maker.school("1", opened=d + 20), used, ((0, False),)),
        ("opens_on_day", maker.school("1", opened=d), d, ((0, False), (d, True))),
        ("closed_without_date", maker.school("2"), used, ((0, False),)),
        ("outside_regions", maker.school("1", gor="Z"), used, ((0, True),)),
    ):
        timeline = tuple((start, school.urn, is_open) for start, is_open in counts)
        yield Case(kind, [school], [], [Use(school.urn, first, timeline)])


def _successions(maker: _Maker, days: Days) -> Iterator[Case]:
    """Yield the cases where a school is followed to another."""
    used, new_year, d = day(2025, 10, 10), day(2026, 1, 1), days.as_of

    old, new = maker.school("2", closed=day(2025, 12, 31)), maker.school("1", opened=new_year, type="34")
    yield Case(
        "converted",
        [old, new],
        _succession(old.urn, new.urn, new_year),
        [
            Use(old.urn, used, ((0, old.urn, True), (new_year, new.urn, True))),
            Use(new.urn, day(2026, 1, 15), ((0, new.urn, False), (new_year, new.urn, True))),
        ],
    )

    old, new = maker.school("3", closed=d + 20), maker.school("4", opened=d + 21, type="34")
    yield Case(
        "converts_later",
        [old, new],
        _succession(old.urn, new.urn, d + 21),
        [Use(old.urn, used, ((0, old.urn, True),))],
    )

    change = day(2025, 11, 30)
    old, new = maker.school("2", closed=change), maker.school("1", opened=change, type="34")
    yield Case(
        "successor_same_day",
        [old, new],
        _succession(old.urn, new.urn, change),
        [Use(old.urn, used, ((0, old.urn, True), (change, new.urn, True)))],
    )

    first, second = maker.school("2", closed=day(2025, 10, 31)), maker.school("2", day(2025, 11, 1), day(2025, 11, 29))
    third = maker.school("1", opened=day(2025, 11, 30), type="34")
    yield Case(
        "chain",
        [first, second, third],
        _succession(first.urn, second.urn, second.opened) + _succession(second.urn, third.urn, third.opened),
        [
            Use(
                first.urn,
                used,
                ((0, first.urn, True), (second.opened, second.urn, True), (third.opened, third.urn, True)),
            )
        ],
    )


def _dead_ends(maker: _Maker) -> Iterator[Case]:
    """Yield the cases where a closed school is followed nowhere, or an open one is not followed."""
    used, end, new_year = day(2025, 10, 10), day(2025, 12, 31), day(2026, 1, 1)

    old, first, second = maker.school("2", closed=end), maker.school("1", new_year), maker.school("1", new_year)
    both = [(old.urn, new.urn, "Successor - Split School", new_year) for new in (first, second)]
    yield Case("split", [old, first, second], both, [_stays(old.urn, used, new_year)])

    stays, first, second = maker.school("1"), maker.school("1", new_year), maker.school("1", new_year)
    both = [(stays.urn, new.urn, "Successor - Split School", new_year) for new in (first, second)]
    yield Case("open_with_split_link", [stays, first, second], both, [Use(stays.urn, used, ((0, stays.urn, True),))])

    first, second = maker.school("2", closed=day(2024, 12, 31)), maker.school("2", closed=day(2024, 12, 31))
    loop = [(first.urn, second.urn, "Successor", 0), (second.urn, first.urn, "Successor", 0)]
    yield Case(
        "loop", [first, second], loop, [Use(urn, used, ((0, second.urn, False),)) for urn in (first.urn, second.urn)]
    )

    old = maker.school("2", closed=end)
    unknown = [(old.urn, str(MISSING_URN), "Successor", new_year)]
    yield Case("successor_unknown", [old], unknown, [_stays(old.urn, used, new_year)])

    old, new = maker.school("2", closed=end), maker.school("4", opened=day(2026, 12, 1), type="34")
    yield Case(
        "successor_proposed", [old, new], _succession(old.urn, new.urn, new_year), [_stays(old.urn, used, new_year)]
    )


def _stays(urn: str, used: int, closed_from: int) -> Use:
    return Use(urn, used, ((0, urn, True), (closed_from, urn, False)))
