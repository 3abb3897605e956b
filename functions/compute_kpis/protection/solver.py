"""Small integer programmes, solved by HiGHS on one thread, so that the same problem has the same answer everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import highspy
import numpy as np

from placements_kpi.errors import PlacementsKpiError

INFINITY = highspy.kHighsInf

Numbers = np.ndarray[tuple[int], np.dtype[np.int64]]
Values = np.ndarray[tuple[int], np.dtype[np.float64]]

Ends = Mapping[int, tuple[float, float]]
"""The least and the greatest that variables may be for one search."""

NO_ENDS: Ends = {}

_WHOLE = 1e-6
"""How far from a whole number counts as one."""


class SolverError(PlacementsKpiError):
    """A problem could not be solved in time, or not at all."""


class InfeasibleError(SolverError):
    """A problem has no solution; ``variables`` has some that cannot be what they should, where that is known."""

    def __init__(self, message: str, variables: Iterable[int] = ()) -> None:
        super().__init__(message)
        self.variables = frozenset(variables)


@dataclass(frozen=True)
class Row:
    """``low`` <= the sum of coefficient times variable <= ``high``."""

    terms: Mapping[int, int]
    low: float = -INFINITY
    high: float = INFINITY


@dataclass
class Problem:
    """Whole-number variables between bounds, and rows."""

    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    def variable(self, low: float, high: float) -> int:
        """Add a variable and return its number."""
        self.low.append(low)
        self.high.append(high)
        return len(self.low) - 1


class Solver:
    """One problem, ready to be solved for one objective after another."""

    def __init__(self, problem: Problem, seconds: float) -> None:
        self._problem, self._seconds = problem, seconds
        self._size = len(problem.low)
        self._columns = np.arange(self._size, dtype=np.int32)
        self._whole: highspy.Highs | None = None
        self._relaxed: highspy.Highs | None = None
        self._matrix = _Matrix(problem)
        self._kept_to: Ends = NO_ENDS
        """The ends that variables are kept to now, in fractions."""

    def fits(self, numbers: Numbers) -> bool:
        """Return whether whole numbers are a solution."""
        return self._matrix.fits(numbers)

    def solve(self, objective: Mapping[int, float], *, most: bool = False, near: float = 0.0) -> Numbers:
        """Return the whole numbers that make ``objective`` least (``most``: greatest), always the same ones.

        With ``near``, numbers that come that near to it will do. Raises :class:`InfeasibleError` if there are none,
        :class:`SolverError` if time ran out.
        """
        if self._whole is None:
            self._whole = _highs(self._matrix, self._problem, whole=True)
        self._whole.setOptionValue("mip_abs_gap", near)
        # Nothing of the solution before may decide which of several equal ones is found.
        self._whole.clearSolver()
        solution: Numbers = np.rint(self._run(self._whole, objective, most=most)).astype(np.int64)
        return solution

    def extreme(self, objective: Mapping[int, float], *, most: bool, near: float = 0.0) -> Numbers:
        """Return a solution with the least (greatest) value of ``objective``; which one depends on those before.

        The fractions are allowed first: mostly the answer is whole all the same, and found much faster.
        """
        solution, _ = self.relaxed(objective, most=most)
        return self.solve(objective, most=most, near=near) if solution is None else solution

    def relaxed(
        self, objective: Mapping[int, float], *, most: bool, ends: Ends = NO_ENDS
    ) -> tuple[Numbers | None, float]:
        """Allow the fractions: return the solution if it is whole all the same, and a value that no whole one beats.

        ``ends`` keeps some variables between others. Raises as :meth:`solve`.
        """
        if self._relaxed is None:
            self._relaxed = _highs(self._matrix, self._problem, whole=False)
        self._keep(self._relaxed, ends)
        values = self._run(self._relaxed, objective, most=most)
        solution: Numbers = np.rint(values).astype(np.int64)
        is_whole = np.max(np.abs(values - solution), initial=0) < _WHOLE and self._matrix.fits(solution)
        return solution if is_whole else None, sum(a * float(values[v]) for v, a in objective.items())

    def _keep(self, highs: highspy.Highs, ends: Ends) -> None:
        """Keep variables between ends, and give those that were kept before their own back."""
        before, self._kept_to = self._kept_to, ends
        if ends is before or not (ends or before):
            return
        low, high = self._problem.low, self._problem.high
        new = {column: (low[column], high[column]) for column in before if column not in ends} | dict(ends)
        lows, highs_of = np.array(list(new.values()), dtype=float).T
        highs.changeColsBounds(len(new), np.array(list(new), dtype=np.int32), lows, highs_of)

    def _run(self, highs: highspy.Highs, objective: Mapping[int, float], *, most: bool) -> Values:
        costs = np.zeros(self._size)
        for column, cost in objective.items():
            costs[column] = -cost if most else cost
        highs.changeColsCost(self._size, self._columns, costs)
        # Its clock runs on from one run to the next.
        highs.setOptionValue("time_limit", highs.getRunTime() + self._seconds)
        highs.run()
        status = highs.getModelStatus()
        if status in {highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible}:
            raise InfeasibleError("a problem has no solution")
        if status != highspy.HighsModelStatus.kOptimal:
            raise SolverError(f"a problem was not solved: {highs.modelStatusToString(status)}")
        return np.asarray(highs.getSolution().col_value)


class _Matrix:
    """The rows of a problem by row, as arrays."""

    def __init__(self, problem: Problem) -> None:
        rows = problem.rows
        self.starts = np.cumsum([0, *(len(row.terms) for row in rows)])
        self.index = np.array([v for row in rows for v in row.terms], dtype=np.int32)
        self.value = np.array([a for row in rows for a in row.terms.values()], dtype=np.int64)
        self.rows = np.array([[row.low, row.high] for row in rows], dtype=float).reshape(-1, 2)
        self.columns = np.array([problem.low, problem.high], dtype=float).T.reshape(-1, 2)

    def fits(self, solution: Numbers) -> bool:
        """Return whether whole numbers keep to the bounds and rows, worked out exactly."""
        sums = np.append(0, np.cumsum(self.value * solution[self.index]))
        return _within(solution, self.columns) and _within(np.diff(sums[self.starts]), self.rows)


def _within(numbers: Numbers, ends: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> bool:
    return bool(np.all((ends[:, 0] <= numbers) & (numbers <= ends[:, 1])))


def _highs(matrix: _Matrix, problem: Problem, *, whole: bool) -> highspy.Highs:
    highs = highspy.Highs()  # type: ignore[no-untyped-call]  # the package has types, not here
    for option, value in (
        ("output_flag", False),
        ("threads", 1),
        ("parallel", "off"),
        ("random_seed", 0),
        ("mip_rel_gap", 0.0),
        ("mip_abs_gap", 0.0),
        # One problem is asked for a thousand answers: to simplify it anew for each takes longer than they do.
        ("presolve", "off"),
        ("mip_heuristic_effort", 0.0),
    ):
        highs.setOptionValue(option, value)
    lp = highspy.HighsLp()
    lp.num_col_ = len(problem.low)
    lp.num_row_ = len(problem.rows)
    lp.col_cost_ = np.zeros(len(problem.low))
    lp.col_lower_, lp.col_upper_ = matrix.columns.T
    lp.row_lower_, lp.row_upper_ = matrix.rows.T
    if whole:
        lp.integrality_ = [highspy.HighsVarType.kInteger] * len(problem.low)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = matrix.starts.astype(np.int32)
    lp.a_matrix_.index_ = matrix.index
    lp.a_matrix_.value_ = matrix.value.astype(float)
    highs.passModel(lp)
    return highs


def components(size: int, rows: Iterable[Row]) -> list[tuple[list[int], list[Row]]]:
    """Return the variables that occur in ``rows`` in connected lots, each with its rows, in order."""
    parent = list(range(size))

    def top(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    rows = list(rows)
    for row in rows:
        first, *others = row.terms
        for other in others:
            a, b = sorted((top(first), top(other)))
            parent[b] = a
    lots: dict[int, tuple[list[int], list[Row]]] = {}
    for row in rows:
        lots.setdefault(top(next(iter(row.terms))), ([], []))[1].append(row)
    for node in range(size):
        if top(node) in lots:
            lots[top(node)][0].append(node)
    return [lots[key] for key in sorted(lots)]


def tightened(problem: Problem, rounds: int = 200) -> tuple[list[float], list[float], list[Row]]:
    """Return bounds as narrow as the rows make them one by one, and the rows that still say something.

    The narrower bounds lose no solution. :class:`InfeasibleError` if they leave none.
    """
    low, high = list(problem.low), list(problem.high)
    rows = list(problem.rows)
    for _ in range(rounds):
        changed = False
        kept = []
        for row in rows:
            least = sum(a * (low[v] if a > 0 else high[v]) for v, a in row.terms.items())
            most = sum(a * (high[v] if a > 0 else low[v]) for v, a in row.terms.items())
            if least > row.high or most < row.low:
                raise InfeasibleError("the bounds of a problem leave no solution", row.terms)
            if least >= row.low and most <= row.high:
                continue
            kept.append(row)
            changed |= _narrow(row, least, most, low, high)
        rows = kept
        if not changed:
            break
    return low, high, rows


def _narrow(row: Row, least: float, most: float, low: list[float], high: list[float]) -> bool:
    changed = False
    for variable, a in row.terms.items():
        least_of_others = least - a * (low[variable] if a > 0 else high[variable])
        most_of_others = most - a * (high[variable] if a > 0 else low[variable])
        ends = ((row.low - most_of_others) / a, (row.high - least_of_others) / a)
        lowest, highest = ends if a > 0 else ends[::-1]
        if lowest > low[variable] + 1e-9:
            low[variable], changed = float(np.ceil(lowest - 1e-9)), True
        if highest < high[variable] - 1e-9:
            high[variable], changed = float(np.floor(highest + 1e-9)), True
        if low[variable] > high[variable]:
            raise InfeasibleError("the bounds of a problem leave no solution", [variable])
        if changed:
            least = least_of_others + a * (low[variable] if a > 0 else high[variable])
            most = most_of_others + a * (high[variable] if a > 0 else low[variable])
    return changed
