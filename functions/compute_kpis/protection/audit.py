"""The attacker: what somebody who has every release can work out about each true count.

The interface is :func:`audit`. In: what each release shows (oldest first), how the counts
are linked, the rounding rule, percentages, and totals that others publish (``knowledge.py``). Out: for every
count and every increment the least and the greatest that it can be, and what fails. It is
never given a true count.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from functions.compute_kpis.protection.knowledge import FEW, Group, Knowledge, Link, Release, Unknown
from functions.compute_kpis.protection.lots import UNBOUNDED, Lot, Memory, View
from functions.compute_kpis.protection.quantities import parse
from functions.compute_kpis.protection.solver import InfeasibleError, Problem, SolverError

_HELPS = 0.9
"""What part may be left of what was asked for another search to be worth it."""


@dataclass(frozen=True)
class Rule:
    """What must hold: see ``Disclosure`` in the settings."""

    width: int
    threshold: int
    seconds: float
    few_accepted: bool = False
    searches: int | None = None
    """How often at most an end is searched for exactly; what would need more fails as if the solver did not finish."""


@dataclass(frozen=True)
class Interval:
    """The least and the greatest that something can be; where not ``exact``, it can be at least this much apart."""

    low: int
    high: int
    exact: bool

    @property
    def width(self) -> int:
        """Return how far apart the ends are."""
        return self.high - self.low


@dataclass(frozen=True)
class Failing:
    """Something that a reader could work out; never with a value."""

    name: str
    why: Literal["narrow", "small", "group", "percentage", "contradiction", "solver"]


@dataclass(frozen=True)
class Finding:
    """What the attacker found."""

    cells: Mapping[str, Interval]
    increments: Mapping[tuple[str, str], Interval]
    """By the two names; of a revision, both are the same name."""
    failing: tuple[Failing, ...]
    considered: int
    """How many of the releases, counted from the newest, can all be true of the same people at once."""
    contradicted: str = ""
    """Where that is not all of them, a count of which they contradict each other."""
    is_whole: bool = True
    """Whether as many searches were allowed as were needed."""

    @property
    def periods_contradicted(self) -> frozenset[int]:
        """Return the period of that count."""
        return frozenset({parse(self.contradicted).period} if self.contradicted else ())

    @property
    def passed(self) -> bool:
        """Return whether nothing fails."""
        return not self.failing


@dataclass(frozen=True)
class _Asked:
    """An expression, and what nobody may know of it."""

    name: str
    terms: Mapping[int, int]
    width: int
    threshold: int = -UNBOUNDED
    floor: int = UNBOUNDED

    def is_enough(self, low: int, high: int) -> bool:
        """Return whether it may be known to lie between these.

        Under the threshold it may be if it can be all that is under the ``floor``: no more than a ``c`` says.
        """
        return high - low >= self.width and (high >= self.threshold or (low <= 1 and self.floor - 1 <= high))


def audit(
    releases: Sequence[Release],
    links: Sequence[Link],
    rule: Rule,
    *,
    enforced: Sequence[Link] = (),
    series: Sequence[Sequence[str]] = (),
    groups: Sequence[Group] = (),
    categories: frozenset[str] = frozenset(),
    external: Mapping[str, tuple[int, int]] | None = None,
    every_interval: bool = False,
    memory: Memory | None = None,
    all_or_none: bool = False,
) -> Finding:
    """Return what can be worked out from ``releases``, the newest last; where they contradict each other, from the
    newest that do not, or with ``all_or_none`` nothing.

    ``links`` hold between true counts, ``enforced`` also between published ones; both may name what a release
    does not have. ``series``: names between whose neighbours lies an increment. ``categories``: names that nobody
    may be sure to be under the threshold. With ``every_interval`` all intervals are exact; without, work stops
    on each as soon as it is known to be wide enough. ``memory`` is what audits before this one found out, and is added
    to: one that differs in little costs little. It decides nothing.
    """
    oldest, contradicted = 0, ""
    memory = memory or Memory()
    while True:
        knowledge = Knowledge(external or {})
        try:
            knowledge.take_in(releases[oldest:], links, enforced)
            attacker = _Attacker(knowledge, rule, memory)
            break
        except InfeasibleError as error:
            # Counts that are shown unchanged were revised unseen: not all releases can be of the same counts.
            oldest += 1
            contradicted = contradicted or knowledge.named(error.variables)
            if all_or_none or oldest == len(releases):
                return Finding({}, {}, (Failing(name="", why="contradiction"),), 0, contradicted)
    attacker.look(series, groups, categories, every_interval=every_interval)
    wrong = [Failing(name, "percentage") for name in knowledge.wrong_percentages]
    return Finding(
        cells=attacker.cells,
        increments=attacker.increments,
        failing=tuple(dict.fromkeys([*wrong, *attacker.failing])),
        considered=len(releases) - oldest,
        contradicted=contradicted,
        is_whole=attacker.is_whole,
    )


class _Attacker:
    """What follows from what is known; :class:`InfeasibleError` if nothing fits."""

    def __init__(self, knowledge: Knowledge, rule: Rule, memory: Memory) -> None:
        self.knowledge, self.rule = knowledge, rule
        self.searches, self.is_whole = 0, True
        self.public: View | None = None
        """What follows from what is no secret alone, once it is asked for."""
        self.cells: dict[str, Interval] = {}
        self.increments: dict[tuple[str, str], Interval] = {}
        self.failing: list[Failing] = []
        for unknown in knowledge.unknowns:
            if isinstance(unknown.shown, int):
                called = knowledge.names[unknown.variable]
                memory.values |= {called: unknown.shown, (*called, "rounded"): unknown.shown // unknown.base}
        self.view = View(knowledge.problem, knowledge.roundings, rule.seconds, knowledge.names, memory)
        for lot in self.view.lots:
            lot.first()

    def look(
        self,
        series: Sequence[Sequence[str]],
        groups: Sequence[Group],
        categories: frozenset[str],
        *,
        every_interval: bool,
    ) -> None:
        """Fill ``cells``, ``increments`` and ``failing``."""
        newest = {id(unknown) for unknown in self.knowledge.now.values()}
        cells = [
            (unknown, self._asked_of(unknown, categories))
            for unknown in self.knowledge.unknowns
            if not unknown.is_public
        ]
        increments = [
            ((before.name, after.name), _Asked(after.name, {after.variable: 1, before.variable: -1}, self.rule.width))
            for before, after in self._pairs(series)
            if not (before.is_public and after.is_public) and not (self._is_nobody(before) and self._is_nobody(after))
        ]
        if not every_interval:
            self._search([asked for _, asked in cells] + [asked for _, asked in increments])
        for unknown, asked in cells:
            interval = self._judge(asked, every_interval=every_interval)
            if id(unknown) in newest and interval is not None:
                self.cells[unknown.name] = interval
        for names, asked in increments:
            interval = self._judge(asked, every_interval=every_interval)
            if interval is not None:
                self.increments[names] = interval
        for group in groups:
            self._group(group)

    def _asked_of(self, unknown: Unknown, categories: frozenset[str]) -> _Asked:
        width, threshold = self.rule.width, self.rule.threshold if unknown.name in categories else 0
        if unknown.shown in FEW and unknown.name in categories:
            # The symbol says that it is under the floor: nothing else may be known of it.
            width, threshold = max(width, unknown.floor - 2), min(threshold, unknown.floor - 1)
        floor = unknown.floor if self.rule.few_accepted else UNBOUNDED
        return _Asked(unknown.name, {unknown.variable: 1}, width, threshold, floor)

    def _search(self, asked: list[_Asked]) -> None:
        """Find solutions until everything is seen to be wide enough, or no more are found fast.

        First of many expressions at once with the roundings of a solution that is known, then with others; then of
        each by itself. What is left is for the exact search, which takes a thousand times longer.
        """
        chance = random.Random(0)

        def with_known_roundings(asked: list[_Asked]) -> list[_Asked]:
            return self._apart(asked, lambda: chance.choice((1, -1)), held=True)

        def with_new_roundings(asked: list[_Asked]) -> list[_Asked]:
            return _while_it_helps(with_known_roundings, self._apart(asked, lambda: 1, held=False))

        def each(asked: list[_Asked]) -> list[_Asked]:
            return [expression for expression in with_new_roundings(asked) if not self._spread(expression)]

        asked = [
            expression for expression in asked if expression.is_enough(*self.view.over(expression.terms, Lot.ends))
        ]
        asked = _while_it_helps(with_new_roundings, _while_it_helps(with_known_roundings, asked))
        asked = [
            expression
            for expression in asked
            if not self._spread(expression) and expression.is_enough(*self._bounds_of(expression.terms))
        ]
        _while_it_helps(each, asked)

    def _apart(self, asked: list[_Asked], sign_of: Callable[[], int], *, held: bool) -> list[_Asked]:
        """Look for solutions with many expressions further up or down; return those that are not wide enough yet."""
        wanted: dict[int, tuple[Lot, list[tuple[dict[int, int], int]]]] = {}
        for expression in asked:
            sign = sign_of()
            for lot, terms in self.view.by_lot(expression.terms):
                if lot is not None:
                    _, its = wanted.setdefault(id(lot), (lot, []))
                    its.append(({variable: sign * a for variable, a in terms.items()}, expression.width))
        for lot, its in wanted.values():
            lot.apart(its, held=held)
        return [expression for expression in asked if not expression.is_enough(*self._spanned(expression.terms))]

    def _spread(self, asked: _Asked) -> bool:
        """Return whether an expression is wide enough, if need be in solutions with the roundings of known ones."""
        for most in (True, False):
            if asked.is_enough(*self._spanned(asked.terms)):
                return True
            for lot, terms in self.view.by_lot(asked.terms):
                if lot is not None:
                    lot.spread(terms, most=most)
        return asked.is_enough(*self._spanned(asked.terms))

    def _is_nobody(self, unknown: Unknown) -> bool:
        return self.view.high[unknown.variable] == 0

    def _pairs(self, series: Sequence[Sequence[str]]) -> Iterable[tuple[Unknown, Unknown]]:
        for line in series:
            there = [self.knowledge.now[name] for name in line if name in self.knowledge.now]
            yield from itertools.pairwise(there)
        yield from self.knowledge.revised

    def _judge(self, asked: _Asked, *, every_interval: bool) -> Interval | None:
        """Return what an expression can be; note the name if that is too little. ``None``: it could not be solved."""
        span = low, high = self._spanned(asked.terms)
        if asked.is_enough(low, high) and not every_interval:
            return Interval(low, high, exact=False)
        try:
            if every_interval or asked.is_enough(*self._bounds_of(asked.terms)):
                high = self._extreme(asked.terms, most=True)
                low = self._spanned(asked.terms)[0]
                if high - low < asked.width or every_interval:
                    low = self._extreme(asked.terms, most=False)
                span = low, high
            else:
                low, high = self._bounds_of(asked.terms)
        except SolverError:
            self.failing.append(Failing(asked.name, "solver"))
            return None
        if low == high == 0 and asked.threshold >= 0:
            return Interval(0, 0, exact=True)  # it is about nobody; what that says of a group is asked of the group
        if not asked.is_enough(low, high) and not self._says_nothing_new(asked.terms, low, high):
            self.failing.append(Failing(asked.name, "narrow" if high - low < asked.width else "small"))
        return Interval(*span, exact=every_interval or (span == (low, high) and high - low < asked.width))

    def _says_nothing_new(self, terms: Mapping[int, int], low: int, high: int) -> bool:
        """Return whether what is no secret alone leaves no more: nobody hides in a crowd that is smaller than that."""
        if self.public is None:
            public = {unknown.variable for unknown in self.knowledge.unknowns if unknown.is_public}
            low_of, high_of = (
                [ends[n] if n in public else end for n in range(len(ends))]
                for ends, end in ((self.knowledge.problem.low, 0), (self.knowledge.problem.high, UNBOUNDED))
            )
            self.public = View(Problem(low_of, high_of, self.knowledge.facts), {}, self.rule.seconds)
        least, most = self.public.over(terms, Lot.bounds)
        return low <= least and most <= high

    def _bounds_of(self, terms: Mapping[int, int]) -> tuple[int, int]:
        """Return a range that an expression cannot leave, with the fractions allowed."""
        return self.view.over(terms, Lot.bounds)

    def _spanned(self, terms: Mapping[int, int]) -> tuple[int, int]:
        """Return a range that an expression can span for sure, by the solutions found so far."""
        return self.view.over(terms, Lot.spanned)

    def _extreme(self, terms: Mapping[int, int], *, most: bool) -> int:
        """Return the greatest (least) value of an expression; :class:`SolverError` after as many as the rule allows."""
        if self.searches == self.rule.searches:
            self.is_whole = False
            raise SolverError("there were enough searches")
        self.searches += 1

        def end(lot: Lot, its_terms: dict[int, int]) -> tuple[int, int]:
            return (lot.extreme(its_terms, most=most),) * 2

        return self.view.over(terms, end)[most]

    def _group(self, group: Group) -> None:
        part, whole = self.knowledge.now.get(group.part), self.knowledge.now.get(group.whole)
        if part is None or whole is None or part.is_public or self._is_nobody(whole):
            return
        try:
            all_alike = self._never_above_zero({whole.variable: 1, part.variable: -1}) or (
                group.none_too and self._never_above_zero({part.variable: 1})
            )
            if all_alike and self._extreme({whole.variable: 1}, most=False) > 0:
                self.failing.append(Failing(group.part, "group"))
        except SolverError:
            self.failing.append(Failing(group.part, "solver"))

    def _never_above_zero(self, terms: Mapping[int, int]) -> bool:
        return self._spanned(terms)[1] <= 0 and self._extreme(terms, most=True) <= 0


def _while_it_helps(search: Callable[[list[_Asked]], list[_Asked]], asked: list[_Asked]) -> list[_Asked]:
    """Search again and again; return what is still not found."""
    before = math.inf
    while asked and len(asked) < _HELPS * before:
        before = len(asked)
        asked = search(asked)
    return asked
