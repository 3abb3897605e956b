"""One system of rules of everything that a reader knows of the people behind the figures of some releases.

Readers differ in what they believe. Each takes a number that was not changed for the same count as before, and a day of
which any number was changed for a new one.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from tests.attacks.public import Fact, Point, facts_at, facts_between, facts_of_records, is_about_people
from tests.attacks.reading import WHOLE
from tests.attacks.solving import FAR, System

if TYPE_CHECKING:
    from tests.attacks.reading import Count, Percentage, Release


At = tuple[str, str, str]
"""Indicator, period and day."""


@dataclass(frozen=True)
class Reader:
    """What somebody takes for true beside the figures."""

    name: str
    floor: bool = False
    """A ``c`` in a row that shows numbers at other points was hidden by the floor: 1 to floor - 1."""
    doubts: frozenset[At] = frozenset()
    """Where that cannot be, he has found out: what is hidden there was withheld."""
    gave_way: frozenset[At] = frozenset()
    """Where he has found out that published numbers do not keep to what gives way."""
    one_added: bool = False
    """What changed between two releases is one person who was added, at every day at which no number fell."""
    right: Mapping[str, Mapping[Count, int]] | None = None
    """The true counts by release, for who takes it for that only at days at which it is so."""
    trusts: bool = True
    """Published numbers add up, and do not fall, as the method says; without it only true ones do."""
    releases: slice = field(default_factory=lambda: slice(None))
    """Which of all releases he has."""

    @property
    def may_be_wrong(self) -> bool:
        """Return whether he guesses, and nobody knows whether rightly."""
        return self.one_added and self.right is None


@dataclass
class Version:
    """What some releases say of one count: an unknown, and what is printed of it."""

    count: Count
    true: int
    printed: int
    """The unknown for the published number, which a reader may have to guess."""
    shown: int | str
    exact: bool
    since: str = ""
    """The release that said so first."""
    by_floor: bool = False
    """Whether he takes it for hidden by the floor, so that its own symbol says how small it is."""


@dataclass
class Belief:
    """The system, and which of its unknowns is which count."""

    system: System
    base: int
    newest: dict[Count, Version]
    versions: list[Version]
    changed: list[tuple[Version, Version]]
    """Before and after, where the printed number or symbol of a count changed."""


def believe(releases: Sequence[Release], reader: Reader) -> Belief:
    """Return what a reader can write down after these releases, oldest first."""
    own = list(releases)[reader.releases]
    return _Writing(sorted(own, key=releases.index), reader).belief


class _Writing:
    """Writes down one release after another."""

    def __init__(self, releases: Sequence[Release], reader: Reader) -> None:
        self.reader = reader
        self.base = releases[-1].limits["base"]
        self.unrounded = frozenset(
            (count.kpi, count.measure, count.part)
            for release in releases
            for count, shown in release.shown.items()
            if isinstance(shown, int) and shown % self.base and is_about_people(count)
        )
        self.belief = Belief(System(), self.base, {}, [], [])
        self.known: dict[Count, int] = {}
        """Exact counts that stand beside one of people, as they were seen last."""
        self.now = ""
        for release in releases:
            self._release(release)

    def _release(self, release: Release) -> None:
        now = self.belief.newest
        self.now = release.name
        shown = dict(_people(release))
        known = {count: one for count, one in release.shown.items() if isinstance(one, int) and count not in shown}
        restated = {point_of(count) for count, one in shown.items() if count in now and now[count].shown != one}
        beside = {count: one for count, one in known.items() if is_about_people(count._replace(part="numerator"))}
        restated |= {point_of(count) for count, one in beside.items() if self.known.get(count, one) != one}
        self.known |= beside
        again = []
        for count, one in shown.items():
            before = now.get(count)
            if before is None or point_of(count) in restated:
                now[count] = self._begin(count, one)
                again += [] if before is None else [(before, now[count])]
        self.belief.changed += [pair for pair in again if pair[0].shown != pair[1].shown]
        if self.reader.one_added:
            of_people = [
                (before, after)
                for before, after in again
                if release.units.get((after.count.kpi, after.count.measure)) in {"candidate", "trainee"}
            ]
            # A shown number never moves against the true one, so where one fell somebody was taken away.
            fell = {point_of(new.count) for old, new in again if _has_fallen(old.shown, new.shown)}
            fell |= {point_of(new.count) for old, new in of_people if self._is_wrong(old, new)}
            for before, after in of_people:
                if point_of(after.count) not in fell:
                    self.belief.system.rule({after.true: 1, before.true: -1}, 0, 1)
        self._floor(release, shown)
        for fact in self._facts(frozenset(shown) | frozenset(known)):
            self._write(fact, known)
        for percentage in release.percentages:
            self._percentage(percentage, known)

    def _is_wrong(self, before: Version, after: Version) -> bool:
        """Return whether it is known that not just one person can have been added; what is not there has nobody."""
        if self.reader.right is None:
            return False
        then, now = (self.reader.right[one.since].get(one.count, 0) for one in (before, after))
        return not 0 <= now - then <= 1

    def _begin(self, count: Count, shown: int | str) -> Version:
        system = self.belief.system
        exact = (count.kpi, count.measure, count.part) in self.unrounded
        # A published number is a multiple of the base; its unknown says which.
        version = Version(count, system.unknown(), system.unknown(0, FAR // self.base), shown, exact, self.now)
        self.belief.versions.append(version)
        if shown in {0, "z"}:
            system.narrow(version.true, 0, 0)
        elif shown == "low":
            system.narrow(version.true, 1, self.base - 1)
        elif isinstance(shown, int):
            system.narrow(version.true, shown if exact else 1, shown if exact else FAR)
        if not exact:
            system.rule({version.true: 1, version.printed: -self.base}, 1 - self.base, self.base - 1)
            if isinstance(shown, int):
                system.narrow(version.printed, shown // self.base, shown // self.base)
        return version

    def _floor(self, release: Release, shown: Mapping[Count, int | str]) -> None:
        """Take in why a figure is hidden, where he thinks that he knows: its row shows others, or it is not named.

        A count of a region or category is hidden when it rounds to less than the floor; a figure with a percentage,
        also when it is out of fewer than the percentage floor.
        """
        system, now = self.belief.system, self.belief.newest
        rows: dict[Count, list[Count]] = defaultdict(list)
        for count in shown:
            # What stands at no month end is hidden for that; a count of the whole country has no floor.
            if count.part == "denominator" or count.kpi == "records" or not _is_month_end(count.day):
                continue
            if count.cut != WHOLE or count._replace(part="denominator") in now:
                rows[count._replace(day="")].append(count)
        for row in rows.values():
            somewhere = any(isinstance(shown[count], int) and shown[count] for count in row)
            for count in row:
                unnamed = release.names_given and not _is_named(count, release)
                by_floor = self.reader.floor and somewhere and point_of(count) not in self.reader.doubts
                if shown[count] != "c" or not (by_floor or unnamed):
                    continue
                out_of = now.get(count._replace(part="denominator"))
                now[count].by_floor = by_floor
                small = (release.limits["floor"] - 1) // self.base
                if out_of is None:
                    system.narrow(now[count].true, 1, FAR)
                    system.narrow(now[count].printed, 0, small)
                else:
                    either, far = system.unknown(0, 1), FAR // self.base
                    few = (release.limits["percentage_floor"] - 1) // self.base
                    system.rule({now[count].printed: 1, either: -far}, None, small)
                    system.rule({out_of.printed: 1, either: far}, None, few + far)

    def _facts(self, there: frozenset[Count]) -> Iterator[Fact]:
        points: dict[tuple[str, str, str], set[Count]] = defaultdict(set)
        for count in there:
            if count.kpi != "records":
                points[count.kpi, count.period, count.day].add(count)
        for (kpi, period, day), counts in sorted(points.items()):
            yield from facts_at(Point(kpi, period, day, frozenset(counts)))
        for earlier, later in neighbours(there):
            yield from facts_between(earlier, later)
        yield from facts_of_records(there)

    def _write(self, fact: Fact, known: Mapping[Count, int]) -> None:
        now, terms, printed, fixed = self.belief.newest, dict[int, int](), dict[int, int](), 0
        for count, by in fact.terms.items():
            if count in known:
                fixed += by * known[count]
            else:
                terms[now[count].true] = by
                printed[now[count].printed] = by
        if not terms:
            return
        ends = [None if end is None else end - fixed for end in (fact.least, fact.most)]
        self.belief.system.rule(terms, *ends)
        exact = any(count in known or now[count].exact for count in fact.terms)
        gave_way = fact.gives_way and any(point_of(count) in self.reader.gave_way for count in fact.terms)
        if self.reader.trusts and fact.kept_by_shown and not exact and not gave_way:
            self.belief.system.rule(printed, *ends)

    def _percentage(self, percentage: Percentage, known: Mapping[Count, int]) -> None:
        """Take in a percentage of which a side is hidden, or that the numbers beside it do not give."""
        counts = (percentage.numerator, percentage.denominator)
        sides = [self.belief.newest.get(one) for one in counts]
        shown = [known.get(one) if side is None else side.shown for one, side in zip(counts, sides, strict=True)]
        part, whole = shown
        if not any(sides) or (isinstance(part, int) and isinstance(whole, int) and is_ratio(percentage, part, whole)):
            return
        # It is within half a unit of its last place of the published ratio, or where both are shown, of the true one.
        scale, twice = 10**percentage.decimals, int(2 * percentage.value * 10**percentage.decimals)
        of_printed = not (isinstance(part, int) and isinstance(whole, int))
        for weights in ((200 * scale, 1 - twice), (-200 * scale, twice + 1)):
            terms, fixed = dict[int, int](), 0
            for side, number, by in zip(sides, shown, weights, strict=True):
                if side is None:
                    fixed += by * (number if isinstance(number, int) else 0)
                elif of_printed and not side.exact:
                    terms[side.printed] = by * self.base
                else:
                    terms[side.true] = by
            if all(side is not None or isinstance(number, int) for side, number in zip(sides, shown, strict=True)):
                self.belief.system.rule(terms, -fixed, None)


def is_ratio(percentage: Percentage, part: int, whole: int) -> bool:
    """Return whether a percentage is what two numbers give, rounded half up."""
    scale = 10**percentage.decimals
    return whole > 0 and (200 * scale * part + whole) // (2 * whole) == percentage.value * scale


def neighbours(counts: Iterable[Count]) -> Iterator[tuple[Count, Count]]:
    """Yield each count with the same count at the next day of its period."""
    days: dict[Count, list[Count]] = defaultdict(list)
    for count in counts:
        if count.kpi != "records":
            days[count._replace(day="")].append(count)
    for line in days.values():
        yield from itertools.pairwise(sorted(line))


def _people(release: Release) -> Iterator[tuple[Count, int | str]]:
    """Yield what is shown of counts of people. Nothing is known of ``x``; only ``z`` for a whole figure is nobody.

    What a figure is out of need not be ``low`` where the figure is.
    """
    for count, one in release.shown.items():
        if not is_about_people(count) or one == "x":
            continue
        if one == "z" and release.shown[count._replace(part="numerator")] != "z":
            continue
        yield count, "c" if (one, count.part) == ("low", "denominator") else one


def _has_fallen(before: int | str, after: int | str) -> bool:
    return isinstance(before, int) and isinstance(after, int) and after < before


def _is_month_end(day: str) -> bool:
    return (date.fromisoformat(day) + timedelta(days=1)).day == 1


def point_of(count: Count) -> At:
    return count.kpi, count.period, count.day


def _is_named(count: Count, release: Release) -> bool:
    """Return whether a manifest names a measure as withheld: whole, or some rows, which it gives by their codes."""
    return any(name.split("/")[:2] == [count.kpi, count.measure] for name in release.named)
