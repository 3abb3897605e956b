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
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import numpy as np

from functions.compute_kpis.protection.solver import (
    INFINITY,
    InfeasibleError,
    Numbers,
    Problem,
    Row,
    Solver,
    SolverError,
    components,
    tightened,
)

UNBOUNDED = 10_000_000
"""More people than any count can have: the bound where a reader knows none."""

_FAR = UNBOUNDED // 20
"""Bounds from here on only follow from there being none."""

_NEAR, _TOGETHER = 0.5, 10
"""How near to the greatest sum of many unknowns a first solution comes, for each of them, and how often such sums are
tried where each answer costs much. Which solutions are found first decides nothing."""


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

    @property
    def passed(self) -> bool:
        """Return whether nothing fails."""
        return not self.failing


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
) -> Finding:
    """Return what can be worked out from ``releases``, the newest last.

    ``links`` hold between true counts, ``enforced`` also between published ones; both may name what a release
    does not have. ``series``: names between whose neighbours lies an increment. ``categories``: names that nobody
    may be sure to be under the threshold. With ``every_interval`` all intervals are exact; without, work stops
    on each as soon as it is known to be wide enough.
    """
    oldest = 0
    while True:
        attacker = _Attacker(releases[oldest:], links, enforced, rule, external or {})
        try:
            attacker.prepare(series)
            break
        except InfeasibleError:
            # Counts that are shown unchanged were revised unseen: not all releases can be of the same counts.
            oldest += 1
            if oldest == len(releases):
                return Finding({}, {}, (Failing(name="", why="contradiction"),), 0)
    attacker.look(series, groups, categories, every_interval=every_interval)
    wrong = [Failing(name, "percentage") for name in attacker.wrong_percentages]
    return Finding(
        cells=attacker.cells,
        increments=attacker.increments,
        failing=tuple(dict.fromkeys([*wrong, *attacker.failing])),
        considered=len(releases) - oldest,
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
    ) -> None:
        self.releases, self.links, self.enforced = releases, links, enforced
        self.rule, self.external = rule, external
        self.problem = Problem()
        self.now: dict[str, _Unknown] = {}
        """The newest unknown of each name."""
        self.unknowns: list[_Unknown] = []
        self.revised: list[tuple[_Unknown, _Unknown]] = []
        self.cells: dict[str, Interval] = {}
        self.increments: dict[tuple[str, str], Interval] = {}
        self.failing: list[Failing] = []
        self.wrong_percentages: list[str] = []

    # What is known.

    def prepare(self, series: Sequence[Sequence[str]]) -> None:
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
        self.low, self.high, rows = tightened(self.problem)
        self.lots = [
            _Lot(variables, its_rows, self.low, self.high, self.rule.seconds)
            for variables, its_rows in components(len(self.low), rows)
        ]
        self.lot_of = {variable: lot for lot in self.lots for variable in lot.variables}
        turns = self._turns(series)
        for lot in self.lots:
            lot.begin(turns)

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
            raise InfeasibleError("two releases contradict each other")

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
        self._row(link.kind, {variable: a for variable, a in terms.items() if a}, 0)
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
        self._row(kind, {variable: a for variable, a in terms.items() if a}, constant)

    def _row(self, kind: str, terms: Mapping[int, int], constant: int) -> None:
        low, high = {
            "at_most": (-INFINITY, -constant),
            "disjoint": (-INFINITY, -constant),
            "covered": (-constant, INFINITY),
            "adds_up": (-constant, -constant),
        }[kind]
        if terms:
            self.problem.rows.append(Row(terms, low, high))

    def _rounding(self, one: _Unknown) -> int:
        if one.rounding is None:
            one.rounding = self.problem.variable(0, UNBOUNDED // one.base + 1)
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

    def _turns(self, series: Sequence[Sequence[str]]) -> dict[int, int]:
        """Return 1 and -1 by variable such that neighbours in time, and parts of one whole, are in turns."""
        turns: dict[int, int] = {}
        for link in self.links:
            for n, part in enumerate(link.parts):
                if part in self.now:
                    turns.setdefault(self.now[part].variable, -1 if n % 2 else 1)
        for line in series:
            for n, name in enumerate(line):
                if name in self.now:
                    turns[self.now[name].variable] = -1 if n % 2 else 1
        return turns

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
        self._together(series, categories)
        for unknown in self.unknowns:
            if unknown.known:
                continue
            width, threshold = self.rule.width, self.rule.threshold if unknown.name in categories else 0
            if unknown.shown in FEW and unknown.name in categories:
                # The symbol says that it is under the floor: nothing else may be known of it.
                width, threshold = max(width, unknown.floor - 2), min(threshold, unknown.floor - 1)
            found = self._judge(
                unknown.name,
                {unknown.variable: 1},
                width,
                threshold,
                every_interval=every_interval,
                floor=unknown.floor if self.rule.few_accepted else UNBOUNDED,
            )
            if id(unknown) in newest and found is not None:
                self.cells[unknown.name] = found
        for before, after in self._pairs(series):
            if (self._is_nobody(before) and self._is_nobody(after)) or (before.known and after.known):
                continue
            found = self._judge(
                after.name,
                {after.variable: 1, before.variable: -1},
                self.rule.width,
                -UNBOUNDED,
                every_interval=every_interval,
            )
            if found is not None:
                self.increments[before.name, after.name] = found
        for group in groups:
            self._group(group)

    def _together(self, series: Sequence[Sequence[str]], categories: frozenset[str]) -> None:
        """Where each answer costs much, first show many expressions at their ends at once, some up and some down."""
        asked = [
            ({one.variable: 1}, self.rule.threshold if one.name in categories else 0)
            for one in self.unknowns
            if not one.known
        ]
        asked += [({after.variable: 1, before.variable: -1}, -UNBOUNDED) for before, after in self._pairs(series)]
        chance = random.Random(0)
        for _ in range(_TOGETHER):
            wanted: dict[int, tuple[_Lot, dict[int, int]]] = {}
            for terms, threshold in asked:
                low, high = self._seen(terms)
                if high - low >= self.rule.width and high >= threshold:
                    continue
                sign = chance.choice((1, -1))
                for lot, its_terms in self._by_lot(terms):
                    if lot is not None and lot.solver.has_fractions:
                        _, summed = wanted.setdefault(id(lot), (lot, {}))
                        for variable, a in its_terms.items():
                            summed[variable] = summed.get(variable, 0) + sign * a
            for lot, summed in wanted.values():
                lot.together(summed)

    def _is_nobody(self, unknown: _Unknown) -> bool:
        return self.high[unknown.variable] == 0

    def _pairs(self, series: Sequence[Sequence[str]]) -> Iterable[tuple[_Unknown, _Unknown]]:
        for line in series:
            there = [self.now[name] for name in line if name in self.now]
            yield from itertools.pairwise(there)
        yield from self.revised

    def _judge(
        self,
        name: str,
        terms: Mapping[int, int],
        width: int,
        threshold: int,
        *,
        every_interval: bool,
        floor: int = UNBOUNDED,
    ) -> Interval | None:
        """Return what an expression can be; note the name if that is too little. ``None``: it could not be solved.

        Under the threshold it may be if it can be all that is under the ``floor``: no more than a ``c`` says.
        """
        low, high = self._seen(terms)
        if (high - low >= width and high >= threshold) and not every_interval:
            return Interval(low, high, exact=False)
        try:
            high = self._extreme(terms, most=True)
            low = self._seen(terms)[0]
            if high - low < width or every_interval:
                low = self._extreme(terms, most=False)
        except SolverError:
            self.failing.append(Failing(name, "solver"))
            return None
        if low == high == 0 and threshold >= 0:
            return Interval(0, 0, exact=True)  # it is about nobody; what that says of a group is asked of the group
        if high - low < width:
            self.failing.append(Failing(name, "narrow"))
        elif high < threshold and not (low <= 1 and floor - 1 <= high):
            self.failing.append(Failing(name, "small"))
        return Interval(low, high, exact=every_interval or high - low < width)

    def _seen(self, terms: Mapping[int, int]) -> tuple[int, int]:
        """Return a range that an expression can span for sure, by the solutions found so far."""
        low = high = 0
        for lot, its_terms in self._by_lot(terms):
            if lot is None:
                for variable, a in its_terms.items():
                    ends = sorted((a * int(self.low[variable]), a * int(self.high[variable])))
                    low, high = low + ends[0], high + ends[1]
            else:
                least, most = lot.seen(its_terms)
                low, high = low + least, high + most
        return low, high

    def _extreme(self, terms: Mapping[int, int], *, most: bool) -> int:
        total = 0
        for lot, its_terms in self._by_lot(terms):
            if lot is None:
                for variable, a in its_terms.items():
                    end = self.high if (a > 0) == most else self.low
                    total += a * int(end[variable])
            else:
                total += lot.extreme(its_terms, most=most)
        return total

    def _by_lot(self, terms: Mapping[int, int]) -> list[tuple[_Lot | None, dict[int, int]]]:
        lots: dict[int, tuple[_Lot | None, dict[int, int]]] = {}
        for variable, a in terms.items():
            lot = self.lot_of.get(variable)
            lots.setdefault(id(lot), (lot, {}))[1][variable] = a
        return list(lots.values())

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


class _Lot:
    """Unknowns that bound each other, and solutions found so far: what a solution has is possible for sure."""

    def __init__(
        self, variables: list[int], rows: list[Row], low: list[float], high: list[float], seconds: float
    ) -> None:
        self.variables = variables
        self.place = {variable: n for n, variable in enumerate(variables)}
        # Where a reader knows no bound, a near one does as well: what is possible below it is possible.
        cap = max(1000, 2 * sum(high[variable] for variable in variables if high[variable] < _FAR))
        problem = Problem(
            [low[variable] for variable in variables],
            [high[variable] if high[variable] < _FAR else max(low[variable], cap) for variable in variables],
            [Row({self.place[v]: a for v, a in row.terms.items()}, row.low, row.high) for row in rows],
        )
        self.solver = Solver(problem, seconds)
        self.solutions = np.zeros((0, len(variables)), dtype=np.int64)

    def begin(self, turns: Mapping[int, int]) -> None:
        """Find first solutions, with everything high, low, and in turns; :class:`InfeasibleError` if there are none."""
        for objective in (
            dict.fromkeys(range(len(self.variables)), 1),
            {n: turns.get(variable, 1) for n, variable in enumerate(self.variables)},
        ):
            for most in (True, False):
                try:
                    self.solve(objective, most=most, near=_NEAR * len(objective))
                except InfeasibleError:
                    raise
                except SolverError:
                    return  # each unknown will say so itself

    def seen(self, terms: Mapping[int, int]) -> tuple[int, int]:
        """Return the least and the greatest value of an expression in the solutions found."""
        if not len(self.solutions):
            return 0, 0
        values = sum(a * self.solutions[:, self.place[v]] for v, a in terms.items())
        return int(np.min(values)), int(np.max(values))

    def extreme(self, terms: Mapping[int, int], *, most: bool) -> int:
        """Return the greatest (least) value of an expression."""
        objective = {self.place[v]: a for v, a in terms.items()}
        found = self.solve(objective, most=most)
        return sum(a * int(found[n]) for n, a in objective.items())

    def together(self, terms: Mapping[int, int]) -> None:
        """Find a solution that comes near to the greatest value of an expression, if there is one in time."""
        with suppress(SolverError):
            self.solve({self.place[v]: a for v, a in terms.items()}, most=True, near=_NEAR * len(terms))

    def solve(self, objective: Mapping[int, int], *, most: bool, near: float = 0.0) -> Numbers:
        """Return a solution, and keep it."""
        found = self.solver.extreme(objective, most=most, near=near)
        self.solutions = np.vstack([self.solutions, found])
        return found
