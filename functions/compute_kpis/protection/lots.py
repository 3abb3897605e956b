"""What can be true at once: a problem in lots that do not bear on each other, and the solutions found so far."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from functions.compute_kpis.protection.solver import (
    InfeasibleError,
    Problem,
    Row,
    Solver,
    SolverError,
    components,
    tightened,
)

if TYPE_CHECKING:
    from functions.compute_kpis.protection.solver import Numbers

UNBOUNDED = 10_000_000
"""More people than any count can have: the bound where a reader knows none."""

_FAR = UNBOUNDED // 20
"""Bounds from here on only follow from there being none."""

_LESS = 0.8
"""What part of a sum of many may be missing in a solution that is to have a great one. Which are found first decides
nothing."""

_TOLERANCE = 1e-6
"""By how much a bound from the solver may be off."""

Name = Hashable
"""What a variable is called, from one audit to the next."""


class Solved:
    """What has been found out of one lot."""

    def __init__(self, problem: Problem, seconds: float) -> None:
        self.problem, self.seconds = problem, seconds
        self.solver = Solver(problem, seconds)
        self.solutions = np.zeros((0, len(problem.low)), dtype=np.int64)
        self.held: list[tuple[Numbers, dict[int, tuple[int, int]]]] = []
        """Some of the solutions, each with its roundings, no two with the same."""
        self.tried: set[tuple[int, bool, frozenset[tuple[int, int]]]] = set()
        self.bounds: dict[frozenset[tuple[int, int]], tuple[int, int]] = {}

    def keep(self, solution: Numbers | None) -> None:
        """Keep a solution if there is one."""
        if solution is not None:
            self.solutions = np.vstack([self.solutions, solution])


class Memory:
    """What was found out before. The same lot comes again while others are withheld from, or one that allows more."""

    def __init__(self) -> None:
        self.solved: dict[tuple[object, ...], Solved] = {}
        self.columns: dict[Name, tuple[Solved, int]] = {}
        """Where the newest solutions have a variable."""
        self.values: dict[Name, int] = {}
        """What is known of variables that are in no solution."""

    def recalled(self, names: Sequence[Name], otherwise: Sequence[float]) -> list[Numbers]:
        """Return solutions that these variables had, of whichever lots they were then; they may not fit any more."""
        columns = [self.columns.get(name) for name in names]
        number = max((len(column[0].solutions) for column in columns if column), default=0)
        values = np.empty((number, len(names)), dtype=np.int64)
        for place, (name, column) in enumerate(zip(names, columns, strict=True)):
            if column and len(column[0].solutions):
                values[:, place] = np.resize(column[0].solutions[:, column[1]], number)
            else:
                values[:, place] = self.values.get(name, int(otherwise[place]))
        return list(values)


class View:
    """A problem with narrow bounds, in lots. ``roundings`` gives the variable of a variable's rounding, and its base.

    ``memory`` has what was found out of such lots before, by the ``names`` of the variables, and keeps what will be.
    :class:`InfeasibleError` if nothing fits.
    """

    def __init__(
        self,
        problem: Problem,
        roundings: Mapping[int, tuple[int, int]],
        seconds: float,
        names: Sequence[Name] = (),
        memory: Memory | None = None,
    ) -> None:
        self.low, self.high, rows = tightened(problem)
        memory, names = memory or Memory(), names or range(len(self.low))
        self.lots = [
            Lot(variables, its_rows, (self.low, self.high), roundings, seconds, names, memory)
            for variables, its_rows in components(len(self.low), rows)
        ]
        for lot in self.lots:
            memory.columns |= {names[variable]: (lot.solved, place) for variable, place in lot.place.items()}
        self._lot_of = {variable: lot for lot in self.lots for variable in lot.variables}

    def by_lot(self, terms: Mapping[int, int]) -> list[tuple[Lot | None, dict[int, int]]]:
        """Return the parts of an expression by lot; what is in none is bound by nothing but its own ends."""
        lots: dict[int, tuple[Lot | None, dict[int, int]]] = {}
        for variable, a in terms.items():
            lot = self._lot_of.get(variable)
            lots.setdefault(id(lot), (lot, {}))[1][variable] = a
        return list(lots.values())

    def over(
        self, terms: Mapping[int, int], ends_of: Callable[[Lot, dict[int, int]], tuple[int, int]]
    ) -> tuple[int, int]:
        """Return the ends of an expression as the sums of those of its parts in each lot."""
        low = high = 0
        for lot, its_terms in self.by_lot(terms):
            if lot is None:
                for variable, a in its_terms.items():
                    ends = sorted((a * int(self.low[variable]), a * int(self.high[variable])))
                    low, high = low + ends[0], high + ends[1]
            else:
                least, most = ends_of(lot, its_terms)
                low, high = low + least, high + most
        return low, high


class Lot:
    """Unknowns that bound each other, and solutions found so far: what a solution has is possible for sure."""

    def __init__(
        self,
        variables: list[int],
        rows: list[Row],
        ends: tuple[list[float], list[float]],
        roundings: Mapping[int, tuple[int, int]],
        seconds: float,
        names: Sequence[Name],
        memory: Memory,
    ) -> None:
        low, high = ends
        self.variables = variables
        self.place = {variable: n for n, variable in enumerate(variables)}
        # Where a reader knows no bound, a near one does as well: what is possible below it is possible.
        cap = max(1000, 2 * sum(high[variable] for variable in variables if high[variable] < _FAR))
        problem = Problem(
            [low[variable] for variable in variables],
            [high[variable] if high[variable] < _FAR else max(low[variable], cap) for variable in variables],
            [Row({self.place[v]: a for v, a in row.terms.items()}, row.low, row.high) for row in rows],
        )
        self.roundings = {
            self.place[variable]: (self.place[rounding], base)
            for variable, (rounding, base) in roundings.items()
            if variable in self.place and rounding in self.place
        }
        fingerprint = (
            tuple(problem.low),
            tuple(problem.high),
            tuple((tuple(row.terms.items()), row.low, row.high) for row in problem.rows),
            tuple(self.roundings.items()),
        )
        if fingerprint in memory.solved:
            self.solved = memory.solved[fingerprint]
            return
        self.solved = memory.solved[fingerprint] = Solved(problem, seconds)
        for solution in memory.recalled([names[variable] for variable in variables], problem.low):
            if self.solved.solver.fits(solution):
                self._keep_with_roundings(solution)

    def spanned(self, terms: Mapping[int, int]) -> tuple[int, int]:
        """Return the least and the greatest value of an expression in the solutions found."""
        if not len(self.solved.solutions):
            return 0, 0
        values = sum(a * self.solved.solutions[:, self.place[v]] for v, a in terms.items())
        return int(np.min(values)), int(np.max(values))

    def ends(self, terms: Mapping[int, int]) -> tuple[int, int]:
        """Return what an expression cannot be less or more than by the bounds of its variables alone."""
        low, high = self.solved.problem.low, self.solved.problem.high
        both = [sorted((a * low[n], a * high[n])) for n, a in self._objective(terms).items()]
        return int(sum(least for least, _ in both)), int(sum(most for _, most in both))

    def bounds(self, terms: Mapping[int, int]) -> tuple[int, int]:
        """Return what an expression cannot be less or more than, with the fractions allowed."""
        ends = self.ends(terms)
        if ends[0] == ends[1]:
            return ends
        objective = self._objective(terms)
        key = frozenset(objective.items())
        if key not in self.solved.bounds:
            try:
                (least, low), (most, high) = (
                    self.solved.solver.relaxed(objective, most=most) for most in (False, True)
                )
            except SolverError:
                return -UNBOUNDED, UNBOUNDED
            self.solved.keep(least)
            self.solved.keep(most)
            self.solved.bounds[key] = math.ceil(low - _TOLERANCE), math.floor(high + _TOLERANCE)
        return self.solved.bounds[key]

    def spread(self, terms: Mapping[int, int], *, most: bool = True) -> None:
        """Look for a greater (smaller) value with the roundings of a solution that has room for it.

        What is left is nearly always whole without being asked to be, and a thousand times faster found.
        """
        objective = self._objective(terms)
        its = [(a, *self.roundings[n]) for n, a in objective.items() if n in self.roundings]
        rooms = [sum(a * base * held[rounding][0] for a, rounding, base in its) for _, held in self.solved.held]
        if not rooms:
            return
        chosen = rooms.index((max if most else min)(rooms))
        key = chosen, most, frozenset(objective.items())
        if key not in self.solved.tried:
            self.solved.tried.add(key)
            with suppress(SolverError):
                self.solved.keep(self.solved.solver.relaxed(objective, most=most, ends=self.solved.held[chosen][1])[0])

    def extreme(self, terms: Mapping[int, int], *, most: bool) -> int:
        """Return the greatest (least) value of an expression."""
        objective = self._objective(terms)
        solution = self.solved.solver.extreme(objective, most=most)
        self.solved.keep(solution)
        return sum(a * int(solution[n]) for n, a in objective.items())

    def first(self) -> None:
        """Find a solution, with all about as great as it can be; :class:`InfeasibleError` if there is none."""
        everything = dict.fromkeys(range(len(self.variables)), 1)
        try:
            solution = self.solved.solver.extreme(everything, most=True, near=len(everything))
        except InfeasibleError as error:
            raise InfeasibleError(str(error), self.variables) from None
        except SolverError:
            return  # each expression will say so itself
        self._keep_with_roundings(solution)

    def apart(self, wanted: Sequence[tuple[Mapping[int, int], int]], *, held: bool) -> None:
        """Look for a solution in which expressions are as much greater as each is asked to be than in one there is.

        As many of them at once as can be. With ``held`` it has the roundings of that one.
        """
        if not self.solved.held:
            return
        there, roundings = self.solved.held[-1]
        problem, size = self.solved.problem, len(self.variables)
        rows, most = list(problem.rows), []
        for number, (terms, by) in enumerate(wanted):
            objective = self._objective(terms)
            now = sum(a * int(there[n]) for n, a in objective.items())
            rows.append(Row({**objective, size + number: -1}, low=now))
            most.append(by)
        least = [-by for by in most]
        further = Solver(Problem([*problem.low, *least], [*problem.high, *most], rows), self.solved.seconds)
        gains = dict.fromkeys(range(size, size + len(wanted)), 1)
        with suppress(SolverError):
            if held:
                solution, _ = further.relaxed(gains, most=True, ends=roundings)
                self.solved.keep(None if solution is None else solution[:size])
            else:
                solution = further.extreme(gains, most=True, near=_LESS * sum(most))
                self._keep_with_roundings(solution[:size])

    def _keep_with_roundings(self, solution: Numbers) -> None:
        self.solved.keep(solution)
        held = {rounding: (int(solution[rounding]),) * 2 for rounding, _ in self.roundings.values()}
        if held not in (there for _, there in self.solved.held):
            self.solved.held.append((solution, held))

    def _objective(self, terms: Mapping[int, int]) -> dict[int, int]:
        return {self.place[v]: a for v, a in terms.items()}
