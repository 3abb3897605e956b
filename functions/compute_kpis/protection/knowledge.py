"""What a reader knows: how counts are linked, what each release shows of them, and the problem that this makes.

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

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from functions.compute_kpis.protection.lots import UNBOUNDED
from functions.compute_kpis.protection.solver import INFINITY, InfeasibleError, Problem, Row

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
    anew: bool = False
    """Whether it is not taken for the count that was there before, though nothing shows that it is another."""
    one_more: bool = False
    """Whether, begun anew, it is taken for the count that was there before or that with one person more."""


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


@dataclass
class Unknown:
    """One true count as of one or more releases; ``variable`` is its number in the problem."""

    name: str
    variable: int
    is_public: bool
    """Whether it is no secret: not about people, or published by others."""
    shown: Sign
    base: int
    floor: int
    exact: bool
    rounding: int | None = None
    """Variable of its rounding, in multiples of the base, where that is hidden."""


def follows(percentage: Percentage, numerator: int | None, denominator: int | None) -> bool:
    """Return whether a percentage is what the shown counts give."""
    if numerator is None or not denominator:
        return False
    half = 0.5 * 10**-percentage.decimals
    return bool(abs(100 * numerator / denominator - percentage.value) <= half + 1e-9)


class Knowledge:
    """Everything that follows from what was shown at once, as a problem, and what its variables stand for."""

    def __init__(self, external: Mapping[str, tuple[int, int]]) -> None:
        self.external = external
        self.problem = Problem()
        self.names: list[tuple[str | int, ...]] = []
        """What the variables of the problem are called: the name of the count, how many it had before, what of it."""
        self.facts: list[Row] = []
        """The rows of the problem that hold between true counts, whatever is published."""
        self.now: dict[str, Unknown] = {}
        """The newest unknown of each name."""
        self.unknowns: list[Unknown] = []
        self.revised: list[tuple[Unknown, Unknown]] = []
        self.wrong_percentages: list[str] = []

    def take_in(self, releases: Sequence[Release], links: Sequence[Link], enforced: Sequence[Link]) -> None:
        """Add what the releases show, and what links it; :class:`InfeasibleError` where they contradict each other."""
        links_of: dict[str, list[tuple[Link, bool]]] = {}
        published = frozenset(enforced)
        for link in dict.fromkeys([*links, *enforced]):
            for name in dict.fromkeys(link.names):
                links_of.setdefault(name, []).append((link, link in published))
        done: set[tuple[object, ...]] = set()
        for release in releases:
            changed = [name for name, cell in release.cells.items() if self._take_in(name, cell, release)]
            for name in changed:
                for link, is_published in links_of.get(name, ()):
                    self._link(link, done, is_published=is_published)
            for percentage in release.percentages:
                self._percentage(percentage)

    @property
    def roundings(self) -> dict[int, tuple[int, int]]:
        """Return the variables whose rounding is hidden, with that of the rounding and the base."""
        return {
            unknown.variable: (unknown.rounding, unknown.base)
            for unknown in self.unknowns
            if unknown.rounding is not None
        }

    def named(self, variables: frozenset[int]) -> str:
        """Return the name of a count that one of these variables stands for."""
        return next((unknown.name for unknown in self.unknowns if variables & {unknown.variable, unknown.rounding}), "")

    def _take_in(self, name: str, cell: Cell, release: Release) -> bool:
        """Take in one cell; return whether it made an unknown that was not there before."""
        earlier, base = self.now.get(name), release.base
        if earlier is not None and isinstance(earlier.shown, int) and cell.shown in FEW:
            cell = Cell(None, cell.exact)  # a number that is hidden now: whoever knows it is told nothing by the symbol
        low, high = self._bounds(name, cell, release)
        if (
            earlier is not None
            and not cell.anew
            and (
                cell.shown is None
                or earlier.shown is None
                or (earlier.shown, earlier.base) == (cell.shown, base)
                or {earlier.shown, cell.shown} <= FEW
                or earlier.base != base  # another base is another view of the same count
            )
        ):
            self._narrow(earlier.variable, low, high)
            if cell.shown is not None:
                if earlier.rounding is not None and earlier.base == base and cell.shown not in FEW:
                    # What was hidden is shown after all, and so is its rounding.
                    rounding = cell.shown // base if isinstance(cell.shown, int) else 0
                    self._narrow(earlier.rounding, rounding, rounding)
                earlier.shown, earlier.base, earlier.floor = cell.shown, base, release.floor
            return False
        is_public = cell.exact or name in self.external
        unknown = Unknown(
            name, self.problem.variable(low, high), is_public, cell.shown, base, release.floor, cell.exact
        )
        self.names.append((name, 0 if earlier is None else int(self.names[earlier.variable][1]) + 1))
        self.unknowns.append(unknown)
        if earlier is not None and not cell.anew:
            self.revised.append((earlier, unknown))
        elif earlier is not None and cell.one_more and earlier.shown != 0:  # of nobody one more is just he
            self.problem.rows.append(Row({unknown.variable: 1, earlier.variable: -1}, 0, 1))
        self.now[name] = unknown
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
        wholes = [unknown for unknown, sign in there if sign < 0]
        if len(wholes) <= len(link.beside) or len(wholes) == len(there):
            return
        if len(there) < len(link.names) and link.kind == "adds_up":
            return
        key = (link.kind, *(sign * unknown.variable for unknown, sign in there))
        if key in done:
            return
        done.add(key)
        terms: dict[int, int] = {}
        for unknown, sign in there:
            terms[unknown.variable] = terms.get(unknown.variable, 0) + sign
        self._row(link.kind, {variable: a for variable, a in terms.items() if a}, 0, self.facts)
        everybody = [unknown for unknown, _ in there]
        if (
            is_published
            and len(there) == len(link.names)
            and len({unknown.base for unknown in everybody}) == 1
            and not any(unknown.exact for unknown in everybody)
            and any(unknown.shown in {None, *FEW} for unknown in everybody)
        ):
            self._published(link.kind, there)

    def _published(self, kind: str, there: list[tuple[Unknown, int]]) -> None:
        """Add the same between what is published, shown or not."""
        terms: dict[int, int] = {}
        constant = 0
        for unknown, sign in there:
            if isinstance(unknown.shown, int):
                constant += sign * (unknown.shown // unknown.base)
            elif unknown.shown != "low":
                rounding = self._rounding(unknown)
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

    def _rounding(self, unknown: Unknown) -> int:
        if unknown.rounding is None:
            unknown.rounding = self.problem.variable(0, UNBOUNDED // unknown.base + 1)
            self.names.append((*self.names[unknown.variable], "rounded"))
            terms = {unknown.variable: 1, unknown.rounding: -unknown.base}
            self.problem.rows.append(Row(terms, 1 - unknown.base, unknown.base - 1))
        return unknown.rounding

    def _percentage(self, percentage: Percentage) -> None:
        numerator, denominator = self.now.get(percentage.numerator), self.now.get(percentage.denominator)
        shown = [
            unknown.shown if unknown is not None and isinstance(unknown.shown, int) else None
            for unknown in (numerator, denominator)
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
