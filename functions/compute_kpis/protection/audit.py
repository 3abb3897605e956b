"""The attacker: what somebody who has every release can work out about each true count.

The interface is :func:`audit`. In: what each release shows (oldest first), how the counts
are linked, the rounding rule, percentages, and totals that others publish. Out: for every
count and every increment the least and the greatest that it can be, and what fails. It is
never given a true count.

What a reader is taken to know:

* a shown count of people ``v`` stands for a true count from ``v - base + 1`` to ``v + base - 1``; 0 is truly 0;
* ``few``, a ``c`` that a reader may take for the floor's, stands for 1 to ``floor - 1``, ``fewer`` for 0 to that;
* any other ``c`` says nothing by itself, as it has several reasons; but what is published adds up, also where it is
  hidden: the hidden roundings are unknowns too, and multiples of the base;
* ``low`` stands for 1 to ``base - 1``;
* a count of something else than people, and a total that others publish, is exact;
* a count whose shown value has not changed from one release to the next is the same count; one that changed was
  revised, and is another unknown in the place of the first;
* a percentage that the shown counts do not give comes from the true ones.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from functions.compute_kpis.protection.lots import UNBOUNDED, Lot, Memory, View
from functions.compute_kpis.protection.solver import INFINITY, InfeasibleError, Problem, Row, SolverError

_HELPS = 0.9
"""What part may be left of what was asked for another search to be worth it."""

Sign = int | Literal["low", "few", "fewer"] | None
"""What stands for a count."""

FEW = frozenset({"few", "fewer"})
"""Signs that are the same ``c`` to a reader."""


@dataclass(frozen=True)
class Link:
    """``at_most``: the part is at most the whole. Of the parts' sum: it is the whole (``adds_up``), at least the whole
    (``covered``), at most the whole (``disjoint``). What is ``beside`` the whole counts with it.
    """

    kind: Literal["at_most", "adds_up", "covered", "disjoint"]
    whole: str
    parts: tuple[str, ...]
    beside: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Return every name in it."""
        return (self.whole, *self.beside, *self.parts)

    @property
    def signed(self) -> Iterator[tuple[str, int]]:
        """Yield every name with 1 for a part and -1 for the whole and what is beside it."""
        wholes = 1 + len(self.beside)
        return ((name, -1 if number < wholes else 1) for number, name in enumerate(self.names))


@dataclass(frozen=True)
class Group:
    """A group of people and those of it in one category: nobody may be sure that all are, or (``none_too``) none."""

    part: str
    whole: str
    none_too: bool


@dataclass(frozen=True)
class Cell:
    """What a release shows of one count: a number, ``low``, ``few`` or ``fewer`` (a ``c`` of the floor), or nothing."""

    shown: Sign
    exact: bool = False
    """Whether it is not about people, and so published as it is."""


@dataclass(frozen=True)
class Percentage:
    """A percentage of one release, as shown."""

    numerator: str
    denominator: str
    value: float
    decimals: int


@dataclass(frozen=True)
class Release:
    """What is new in one release: cells by name (those of earlier releases stand unless they are here)."""

    cells: Mapping[str, Cell]
    base: int
    percentages: tuple[Percentage, ...] = ()
    floor: int = 0


@dataclass(frozen=True)
class Rule:
    """What must hold: see ``Disclosure`` in the settings."""

    width: int
    threshold: int
    seconds: float
    few_accepted: bool = False


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


@dataclass
class _Unknown:
    """One true count as of one or more releases; ``variable`` is its number in the problem."""

    name: str
    variable: int
    known: bool
    """Whether it is no secret: not about people, or published by others."""
    shown: Sign
    base: int
    floor: int
    exact: bool
    rounding: int | None = None
    """Variable of its rounding, in multiples of the base, where that is hidden."""


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
) -> Finding:
    """Return what can be worked out from ``releases``, the newest last.

    ``links`` hold between true counts, ``enforced`` also between published ones; both may name what a release
    does not have. ``series``: names between whose neighbours lies an increment. ``categories``: names that nobody
    may be sure to be under the threshold. With ``every_interval`` all intervals are exact; without, work stops
    on each as soon as it is known to be wide enough. ``memory`` is what audits before this one found out, and is added
    to: one that differs in little costs little. It decides nothing.
    """
    oldest, contradicted = 0, ""
    memory = memory or Memory()
    while True:
        attacker = _Attacker(releases[oldest:], links, enforced, rule, external or {}, memory)
        try:
            attacker.prepare()
            break
        except InfeasibleError as error:
            # Counts that are shown unchanged were revised unseen: not all releases can be of the same counts.
            oldest += 1
            contradicted = contradicted or attacker.named(error.variables)
            if oldest == len(releases):
                return Finding({}, {}, (Failing(name="", why="contradiction"),), 0, contradicted)
    attacker.look(series, groups, categories, every_interval=every_interval)
    wrong = [Failing(name, "percentage") for name in attacker.wrong_percentages]
    return Finding(
        cells=attacker.cells,
        increments=attacker.increments,
        failing=tuple(dict.fromkeys([*wrong, *attacker.failing])),
        considered=len(releases) - oldest,
        contradicted=contradicted,
    )


def follows(percentage: Percentage, numerator: int | None, denominator: int | None) -> bool:
    """Return whether a percentage is what the shown counts give."""
    if numerator is None or not denominator:
        return False
    half = 0.5 * 10**-percentage.decimals
    return bool(abs(100 * numerator / denominator - percentage.value) <= half + 1e-9)


class _Attacker:
    def __init__(
        self,
        releases: Sequence[Release],
        links: Sequence[Link],
        enforced: Sequence[Link],
        rule: Rule,
        external: Mapping[str, tuple[int, int]],
        memory: Memory,
    ) -> None:
        self.memory = memory
        self.releases, self.links, self.enforced = releases, links, enforced
        self.rule, self.external = rule, external
        self.problem = Problem()
        self.names: list[tuple[str | int, ...]] = []
        """What the variables of the problem are called: the name of the count, how many it had before, what of it."""
        self.facts: list[Row] = []
        """The rows of the problem that hold between true counts, whatever is published."""
        self.public: View | None = None
        """What follows from what is no secret alone, once it is asked for."""
        self.now: dict[str, _Unknown] = {}
        """The newest unknown of each name."""
        self.unknowns: list[_Unknown] = []
        self.revised: list[tuple[_Unknown, _Unknown]] = []
        self.cells: dict[str, Interval] = {}
        self.increments: dict[tuple[str, str], Interval] = {}
        self.failing: list[Failing] = []
        self.wrong_percentages: list[str] = []

    # What is known.

    def prepare(self) -> None:
        """Build the problem and make its bounds narrow; :class:`InfeasibleError` if nothing fits."""
        links_of: dict[str, list[tuple[Link, bool]]] = {}
        published = frozenset(self.enforced)
        for link in dict.fromkeys([*self.links, *self.enforced]):
            for name in dict.fromkeys(link.names):
                links_of.setdefault(name, []).append((link, link in published))
        done: set[tuple[object, ...]] = set()
        for release in self.releases:
            changed = [name for name, cell in release.cells.items() if self._see(name, cell, release)]
            for name in changed:
                for link, is_published in links_of.get(name, ()):
                    self._link(link, done, is_published=is_published)
            for percentage in release.percentages:
                self._percentage(percentage)
        roundings = {one.variable: (one.rounding, one.base) for one in self.unknowns if one.rounding is not None}
        for one in self.unknowns:
            if isinstance(one.shown, int):
                called = self.names[one.variable]
                self.memory.values |= {called: one.shown, (*called, "rounded"): one.shown // one.base}
        self.view = View(self.problem, roundings, self.rule.seconds, self.names, self.memory)
        for lot in self.view.lots:
            lot.together(dict.fromkeys(lot.variables, 1))

    def named(self, variables: frozenset[int]) -> str:
        """Return the name of a count that one of these variables stands for."""
        return next((one.name for one in self.unknowns if variables & {one.variable, one.rounding}), "")

    def _see(self, name: str, cell: Cell, release: Release) -> bool:
        """Take in one cell; return whether it made an unknown that was not there before."""
        before, base = self.now.get(name), release.base
        if before is not None and isinstance(before.shown, int) and cell.shown in FEW:
            cell = Cell(None, cell.exact)  # a number that is hidden now: whoever knows it is told nothing by the symbol
        low, high = self._bounds(name, cell, release)
        if before is not None and (
            cell.shown is None
            or before.shown is None
            or (before.shown, before.base) == (cell.shown, base)
            or {before.shown, cell.shown} <= FEW
            or before.base != base  # another base is another view of the same count
        ):
            self._narrow(before.variable, low, high)
            if cell.shown is not None:
                if before.rounding is not None and before.base == base and cell.shown not in FEW:
                    # What was hidden is shown after all, and so is its rounding.
                    rounding = cell.shown // base if isinstance(cell.shown, int) else 0
                    self._narrow(before.rounding, rounding, rounding)
                before.shown, before.base, before.floor = cell.shown, base, release.floor
            return False
        known = cell.exact or name in self.external
        made = _Unknown(name, self.problem.variable(low, high), known, cell.shown, base, release.floor, cell.exact)
        self.names.append((name, 0 if before is None else int(self.names[before.variable][1]) + 1))
        self.unknowns.append(made)
        if before is not None:
            self.revised.append((before, made))
        self.now[name] = made
        return True

    def _bounds(self, name: str, cell: Cell, release: Release) -> tuple[int, int]:
        low, high = self.external.get(name, (0, UNBOUNDED))
        base = release.base
        if cell.shown == "low" or cell.shown in FEW:
            least = 0 if cell.shown == "fewer" else 1
            return max(low, least), min(high, (base if cell.shown == "low" else release.floor) - 1)
        if isinstance(cell.shown, int):
            # What is no multiple of the base was not rounded.
            off = 0 if cell.exact or cell.shown == 0 or cell.shown % base else base - 1
            return max(low, cell.shown - off), min(high, cell.shown + off)
        return low, high

    def _narrow(self, variable: int, low: int, high: int) -> None:
        self.problem.low[variable] = max(self.problem.low[variable], low)
        self.problem.high[variable] = min(self.problem.high[variable], high)
        if self.problem.low[variable] > self.problem.high[variable]:
            raise InfeasibleError("two releases contradict each other", [variable])

    def _link(self, link: Link, done: set[tuple[object, ...]], *, is_published: bool) -> None:
        """Add a link between the newest unknowns of its names, once."""
        there = [(self.now[name], sign) for name, sign in link.signed if name in self.now]
        wholes = [one for one, sign in there if sign < 0]
        if len(wholes) <= len(link.beside) or len(wholes) == len(there):
            return
        if len(there) < len(link.names) and link.kind == "adds_up":
            return
        key = (link.kind, *(sign * one.variable for one, sign in there))
        if key in done:
            return
        done.add(key)
        terms: dict[int, int] = {}
        for one, sign in there:
            terms[one.variable] = terms.get(one.variable, 0) + sign
        self._row(link.kind, {variable: a for variable, a in terms.items() if a}, 0, self.facts)
        everybody = [one for one, _ in there]
        if (
            is_published
            and len(there) == len(link.names)
            and len({one.base for one in everybody}) == 1
            and not any(one.exact for one in everybody)
            and any(one.shown in {None, *FEW} for one in everybody)
        ):
            self._published(link.kind, there)

    def _published(self, kind: str, there: list[tuple[_Unknown, int]]) -> None:
        """Add the same between what is published, shown or not."""
        terms: dict[int, int] = {}
        constant = 0
        for one, sign in there:
            if isinstance(one.shown, int):
                constant += sign * (one.shown // one.base)
            elif one.shown != "low":
                rounding = self._rounding(one)
                terms[rounding] = terms.get(rounding, 0) + sign
        self._row(kind, {variable: a for variable, a in terms.items() if a}, constant, [])

    def _row(self, kind: str, terms: Mapping[int, int], constant: int, also: list[Row]) -> None:
        low, high = {
            "at_most": (-INFINITY, -constant),
            "disjoint": (-INFINITY, -constant),
            "covered": (-constant, INFINITY),
            "adds_up": (-constant, -constant),
        }[kind]
        if terms:
            self.problem.rows.append(Row(terms, low, high))
            also.append(self.problem.rows[-1])

    def _rounding(self, one: _Unknown) -> int:
        if one.rounding is None:
            one.rounding = self.problem.variable(0, UNBOUNDED // one.base + 1)
            self.names.append((*self.names[one.variable], "rounded"))
            terms = {one.variable: 1, one.rounding: -one.base}
            self.problem.rows.append(Row(terms, 1 - one.base, one.base - 1))
        return one.rounding

    def _percentage(self, percentage: Percentage) -> None:
        numerator, denominator = self.now.get(percentage.numerator), self.now.get(percentage.denominator)
        shown = [
            one.shown if one is not None and isinstance(one.shown, int) else None for one in (numerator, denominator)
        ]
        if follows(percentage, shown[0], shown[1]):
            return
        self.wrong_percentages.append(percentage.numerator)
        if numerator is None or denominator is None:
            return
        scale = 10**percentage.decimals
        value = round(percentage.value * scale)
        of = {numerator.variable: 200 * scale}
        self.problem.rows.append(Row({**of, denominator.variable: -(2 * value + 1)}, high=0))
        self.problem.rows.append(Row({**of, denominator.variable: -(2 * value - 1)}, low=0))

    # What follows.

    def look(
        self,
        series: Sequence[Sequence[str]],
        groups: Sequence[Group],
        categories: frozenset[str],
        *,
        every_interval: bool,
    ) -> None:
        """Fill ``cells``, ``increments`` and ``failing``."""
        newest = {id(unknown) for unknown in self.now.values()}
        cells = [(one, self._asked_of(one, categories)) for one in self.unknowns if not one.known]
        increments = [
            ((before.name, after.name), _Asked(after.name, {after.variable: 1, before.variable: -1}, self.rule.width))
            for before, after in self._pairs(series)
            if not (before.known and after.known) and not (self._is_nobody(before) and self._is_nobody(after))
        ]
        if not every_interval:
            self._search([asked for _, asked in cells] + [asked for _, asked in increments])
        for unknown, asked in cells:
            found = self._judge(asked, every_interval=every_interval)
            if id(unknown) in newest and found is not None:
                self.cells[unknown.name] = found
        for names, asked in increments:
            found = self._judge(asked, every_interval=every_interval)
            if found is not None:
                self.increments[names] = found
        for group in groups:
            self._group(group)

    def _asked_of(self, unknown: _Unknown, categories: frozenset[str]) -> _Asked:
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
            self._together(asked, lambda: chance.choice((1, -1)), Lot.spread)
            return [one for one in asked if not one.is_enough(*self._seen(one.terms))]

        def with_new_roundings(asked: list[_Asked]) -> list[_Asked]:
            self._together(asked, lambda: 1, Lot.together)
            return [one for one in asked if not one.is_enough(*self._seen(one.terms))]

        def each(asked: list[_Asked]) -> list[_Asked]:
            self._together(asked, lambda: 1, Lot.together)
            return [one for one in asked if not self._spread(one)]

        asked = [one for one in asked if one.is_enough(*self.view.over(one.terms, Lot.ends))]
        asked = _while_it_helps(lambda some: with_new_roundings(_while_it_helps(with_known_roundings, some)), asked)
        asked = [one for one in asked if not self._spread(one) and one.is_enough(*self._bounds_of(one.terms))]
        _while_it_helps(each, asked)

    def _spread(self, asked: _Asked) -> bool:
        """Return whether an expression is wide enough, if need be in solutions with the roundings of known ones."""
        for most in (True, False):
            if asked.is_enough(*self._seen(asked.terms)):
                return True
            for lot, terms in self.view.by_lot(asked.terms):
                if lot is not None:
                    lot.spread(terms, most=most)
        return asked.is_enough(*self._seen(asked.terms))

    def _together(
        self, asked: Iterable[_Asked], sign_of: Callable[[], int], find: Callable[[Lot, dict[int, int]], None]
    ) -> None:
        """Look for solutions in which many expressions are at once further up or down."""
        wanted: dict[int, tuple[Lot, dict[int, int]]] = {}
        for one in asked:
            sign = sign_of()
            for lot, terms in self.view.by_lot(one.terms):
                if lot is not None:
                    _, summed = wanted.setdefault(id(lot), (lot, {}))
                    for variable, a in terms.items():
                        summed[variable] = summed.get(variable, 0) + sign * a
        for lot, summed in wanted.values():
            find(lot, summed)

    def _is_nobody(self, unknown: _Unknown) -> bool:
        return self.view.high[unknown.variable] == 0

    def _pairs(self, series: Sequence[Sequence[str]]) -> Iterable[tuple[_Unknown, _Unknown]]:
        for line in series:
            there = [self.now[name] for name in line if name in self.now]
            yield from itertools.pairwise(there)
        yield from self.revised

    def _judge(self, asked: _Asked, *, every_interval: bool) -> Interval | None:
        """Return what an expression can be; note the name if that is too little. ``None``: it could not be solved."""
        seen = low, high = self._seen(asked.terms)
        if asked.is_enough(low, high) and not every_interval:
            return Interval(low, high, exact=False)
        try:
            if every_interval or asked.is_enough(*self._bounds_of(asked.terms)):
                high = self._extreme(asked.terms, most=True)
                low = self._seen(asked.terms)[0]
                if high - low < asked.width or every_interval:
                    low = self._extreme(asked.terms, most=False)
                seen = low, high
            else:
                low, high = self._bounds_of(asked.terms)
        except SolverError:
            self.failing.append(Failing(asked.name, "solver"))
            return None
        if low == high == 0 and asked.threshold >= 0:
            return Interval(0, 0, exact=True)  # it is about nobody; what that says of a group is asked of the group
        if not asked.is_enough(low, high) and not self._says_nothing_new(asked.terms, low, high):
            self.failing.append(Failing(asked.name, "narrow" if high - low < asked.width else "small"))
        return Interval(*seen, exact=every_interval or (seen == (low, high) and high - low < asked.width))

    def _says_nothing_new(self, terms: Mapping[int, int], low: int, high: int) -> bool:
        """Return whether what is no secret alone leaves no more: nobody hides in a crowd that is smaller than that."""
        if self.public is None:
            known = {one.variable for one in self.unknowns if one.known}
            low_of, high_of = (
                [ends[n] if n in known else end for n in range(len(ends))]
                for ends, end in ((self.problem.low, 0), (self.problem.high, UNBOUNDED))
            )
            self.public = View(Problem(low_of, high_of, self.facts), {}, self.rule.seconds)
        least, most = self.public.over(terms, Lot.bounds)
        return low <= least and most <= high

    def _bounds_of(self, terms: Mapping[int, int]) -> tuple[int, int]:
        """Return a range that an expression cannot leave, with the fractions allowed."""
        return self.view.over(terms, Lot.bounds)

    def _seen(self, terms: Mapping[int, int]) -> tuple[int, int]:
        """Return a range that an expression can span for sure, by the solutions found so far."""
        return self.view.over(terms, Lot.seen)

    def _extreme(self, terms: Mapping[int, int], *, most: bool) -> int:
        """Return the greatest (least) value of an expression."""

        def end(lot: Lot, its_terms: dict[int, int]) -> tuple[int, int]:
            return (lot.extreme(its_terms, most=most),) * 2

        return self.view.over(terms, end)[most]

    def _group(self, group: Group) -> None:
        part, whole = self.now.get(group.part), self.now.get(group.whole)
        if part is None or whole is None or part.known or self._is_nobody(whole):
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
        return self._seen(terms)[1] <= 0 and self._extreme(terms, most=True) <= 0


def _while_it_helps(search: Callable[[list[_Asked]], list[_Asked]], asked: list[_Asked]) -> list[_Asked]:
    """Search again and again; return what is still not found."""
    before = math.inf
    while asked and len(asked) < _HELPS * before:
        before = len(asked)
        asked = search(asked)
    return asked
