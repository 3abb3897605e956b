"""The least and the greatest of sums of whole numbers that keep to linear rules.

HiGHS only finds solutions, fractions first and whole numbers where those do not do. That an interval is wide is shown
by two solutions, each checked here against every bound and rule in whole-number arithmetic; so a fault of the solver
can raise a false alarm, and cannot hide that an interval is narrow.
"""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import highspy
import numpy as np

FAR = 1_000_000
"""Stands for "no upper bound": more people than any count here has."""
SECONDS = 20.0
ROUNDS = 10
"""How many solutions are looked for that move all unproven sums at once, before each is taken by itself."""

Terms = Mapping[int, int]


class ImpossibleError(Exception):
    """No whole numbers keep to all rules."""


class UnsolvedError(Exception):
    """The solver did not finish, or what it found does not keep to the rules."""


@dataclass(frozen=True)
class Span:
    """What a sum can be. Not ``sharp``: it can be this and perhaps more, which nobody asked."""

    low: int
    high: int
    sharp: bool

    @property
    def width(self) -> int:
        """Return how far apart the ends are."""
        return self.high - self.low


@dataclass
class System:
    """Whole-number unknowns from ``low`` to ``high``, and rules: ``least`` <= sum of terms <= ``most``."""

    low: list[int] = field(default_factory=list)
    high: list[int] = field(default_factory=list)
    rules: dict[tuple[tuple[tuple[int, int], ...], int, int], None] = field(default_factory=dict)

    def unknown(self, low: int = 0, high: int = FAR) -> int:
        """Add an unknown and return its number."""
        self.low.append(low)
        self.high.append(high)
        return len(self.low) - 1

    def narrow(self, unknown: int, low: int, high: int) -> None:
        """Take in another pair of bounds of one unknown."""
        self.low[unknown] = max(self.low[unknown], low)
        self.high[unknown] = min(self.high[unknown], high)

    def rule(self, terms: Terms, least: int | None, most: int | None) -> None:
        """Add a rule; ``None`` is no bound on that side."""
        kept = tuple(sorted((unknown, by) for unknown, by in terms.items() if by))
        far = 10**12
        self.rules[kept, -far if least is None else least, far if most is None else most] = None

    def lots(self) -> list[Lot]:
        """Return the unknowns in lots that no rule connects, with bounds that each rule by itself has narrowed."""
        low, high, rules = _propagated(self.low, self.high, list(self.rules))
        parent = list(range(len(low)))

        def top(one: int) -> int:
            while parent[one] != one:
                parent[one] = parent[parent[one]]
                one = parent[one]
            return one

        for terms, _, _ in rules:
            for unknown, _ in terms[1:]:
                parent[top(unknown)] = top(terms[0][0])
        members, rules_of = defaultdict(list), defaultdict(list)
        for unknown in range(len(low)):
            members[top(unknown)].append(unknown)
        for rule in rules:
            rules_of[top(rule[0][0][0])].append(rule)
        return [Lot(members[key], low, high, rules_of[key]) for key in sorted(members)]


Rule = tuple[tuple[tuple[int, int], ...], int, int]


def _propagated(low: list[int], high: list[int], rules: list[Rule]) -> tuple[list[int], list[int], list[Rule]]:
    """Return bounds narrowed rule by rule until nothing changes, and the rules that still say something.

    Bounds that contradict each other, or a rule, are left as they are: the lot will find that it has no solution.
    """
    low, high = list(low), list(high)
    uses = defaultdict(list)
    for number, (terms, _, _) in enumerate(rules):
        for unknown, _ in terms:
            uses[unknown].append(number)
    waiting = dict.fromkeys(range(len(rules)))
    for _ in range(50 * len(rules)):
        if not waiting:
            break
        number = next(iter(waiting))
        del waiting[number]
        terms, least, most = rules[number]
        smallest = sum(by * (low[u] if by > 0 else high[u]) for u, by in terms)
        greatest = sum(by * (high[u] if by > 0 else low[u]) for u, by in terms)
        for u, by in terms:
            rest_small = smallest - by * (low[u] if by > 0 else high[u])
            rest_great = greatest - by * (high[u] if by > 0 else low[u])
            if by > 0:
                ends = -((rest_great - least) // by), (most - rest_small) // by
            else:
                ends = -((most - rest_small) // -by), (least - rest_great) // by
            new = max(low[u], ends[0]), min(high[u], ends[1])
            if new != (low[u], high[u]) and new[0] <= new[1]:
                low[u], high[u] = new
                waiting |= dict.fromkeys(one for one in uses[u] if one != number)
                smallest = rest_small + by * (low[u] if by > 0 else high[u])
                greatest = rest_great + by * (high[u] if by > 0 else low[u])
    kept = [rule for rule in rules if not _says_nothing(rule, low, high)]
    return low, high, kept


def _says_nothing(rule: Rule, low: Sequence[int], high: Sequence[int]) -> bool:
    terms, least, most = rule
    smallest = sum(by * (low[u] if by > 0 else high[u]) for u, by in terms)
    greatest = sum(by * (high[u] if by > 0 else low[u]) for u, by in terms)
    return smallest >= least and greatest <= most


class Lot:
    """Some unknowns, the rules between them, and the solutions found so far."""

    def __init__(self, members: Sequence[int], low: Sequence[int], high: Sequence[int], rules: Sequence[Rule]) -> None:
        self.members = list(members)
        self.place = {unknown: number for number, unknown in enumerate(members)}
        self.low = np.array([low[u] for u in members], dtype=np.int64)
        self.high = np.array([high[u] for u in members], dtype=np.int64)
        self.free = not rules
        """Whether nothing connects them: then bounds are all that there is."""
        terms = [term for rule in rules for term in rule[0]]
        self.columns = np.array([self.place[u] for u, _ in terms], dtype=np.int64)
        self.weights = np.array([by for _, by in terms], dtype=np.int64)
        self.starts = np.array([0, *itertools.accumulate(len(rule[0]) for rule in rules)], dtype=np.int64)
        self.least = np.array([rule[1] for rule in rules], dtype=np.int64)
        self.most = np.array([rule[2] for rule in rules], dtype=np.int64)
        self.found: list[np.ndarray[Any, Any]] = []
        self._impossible = False
        self._models: dict[bool, highspy.Highs] = {}

    def fits(self, solution: np.ndarray[Any, Any]) -> bool:
        """Return whether whole numbers keep to every bound and rule."""
        if ((solution < self.low) | (solution > self.high)).any():
            return False
        sums = np.add.reduceat(self.weights * solution[self.columns], self.starts[:-1])
        return bool(((sums >= self.least) & (sums <= self.most)).all())

    def can_be(self) -> bool:
        """Return whether any numbers keep to the rules."""
        if (self.low > self.high).any():
            return False
        if self.free or self.found:
            return True
        if self._impossible:
            return False
        try:
            self.solve({}, most=True)
        except ImpossibleError:
            self._impossible = True
        return not self._impossible

    def solve(self, terms: Terms, *, most: bool) -> np.ndarray[Any, Any]:
        """Return a solution with the greatest (least) sum, and keep it. Numbers of unknowns are the system's."""
        costs = np.zeros(len(self.members))
        for unknown, by in terms.items():
            costs[self.place[unknown]] += -by if most else by
        values = self._run(costs, whole=False)
        solution = np.rint(values).astype(np.int64)
        if np.abs(values - solution).max(initial=0) > 1e-6 or not self.fits(solution):
            solution = np.rint(self._run(costs, whole=True)).astype(np.int64)
            if not self.fits(solution):
                raise UnsolvedError("a solution does not keep to the rules")
        self.found.append(solution)
        return solution

    def _run(self, costs: np.ndarray[Any, Any], *, whole: bool) -> np.ndarray[Any, Any]:
        if whole not in self._models:
            self._models[whole] = self._model(whole=whole)
        highs = self._models[whole]
        highs.changeColsCost(len(costs), np.arange(len(costs), dtype=np.int32), costs)
        highs.setOptionValue("time_limit", highs.getRunTime() + SECONDS)
        highs.run()
        status = highs.getModelStatus()
        if status in {highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible}:
            raise ImpossibleError
        if status != highspy.HighsModelStatus.kOptimal:
            raise UnsolvedError(highs.modelStatusToString(status))
        return np.array(highs.getSolution().col_value)

    def _model(self, *, whole: bool) -> highspy.Highs:
        highs = highspy.Highs()
        for option, value in (("output_flag", False), ("threads", 1), ("mip_rel_gap", 0.0), ("mip_abs_gap", 0.9)):
            highs.setOptionValue(option, value)
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(self.members), len(self.least)
        lp.col_cost_ = np.zeros(len(self.members))
        lp.col_lower_, lp.col_upper_ = self.low.astype(float), self.high.astype(float)
        lp.row_lower_ = np.where(self.least < -FAR * 1000, -highspy.kHighsInf, self.least).astype(float)
        lp.row_upper_ = np.where(self.most > FAR * 1000, highspy.kHighsInf, self.most).astype(float)
        if whole:
            lp.integrality_ = [highspy.HighsVarType.kInteger] * len(self.members)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = self.starts.astype(np.int32)
        lp.a_matrix_.index_ = self.columns.astype(np.int32)
        lp.a_matrix_.value_ = self.weights.astype(float)
        highs.passModel(lp)
        return highs

    def seen(self, terms: Terms) -> tuple[int, int]:
        """Return the ends of what a sum is in the solutions found; without rules, all that it can be."""
        if self.free:
            return self.bounds(terms)
        values = [sum(by * int(one[self.place[u]]) for u, by in terms.items()) for one in self.found]
        return (min(values), max(values)) if values else (0, 0)

    def bounds(self, terms: Terms) -> tuple[int, int]:
        """Return the ends of what the bounds alone allow a sum to be."""
        ends = [
            sorted((by * int(self.low[self.place[u]]), by * int(self.high[self.place[u]]))) for u, by in terms.items()
        ]
        return sum(low for low, _ in ends), sum(high for _, high in ends)

    def span(self, terms: Terms) -> Span:
        """Return exactly what a sum can be."""
        if self.free:
            return Span(*self.bounds(terms), sharp=True)
        ends = []
        for most in (False, True):
            solution = self.solve(terms, most=most)
            ends.append(sum(by * int(solution[self.place[u]]) for u, by in terms.items()))
        return Span(ends[0], ends[1], sharp=True)


@dataclass(frozen=True)
class Question:
    """A sum, and when there is no need to know more of it: it can be ``width`` apart, and as great as ``reach``."""

    terms: tuple[tuple[int, int], ...]
    width: int
    reach: int = -FAR


def answers(lots: Iterable[Lot], questions: Sequence[Question]) -> list[Span | None]:
    """Return what each sum can be; ``None`` where the solver did not say, or the lot has no solution."""
    lot_of = {unknown: lot for lot in lots for unknown in lot.members}
    given: list[Span | None] = [None] * len(questions)
    asked: dict[int, list[int]] = defaultdict(list)
    apart: list[int] = []
    for number, question in enumerate(questions):
        lots_of = {id(lot_of[unknown]) for unknown, _ in question.terms}
        (asked[lots_of.pop()] if len(lots_of) == 1 else apart).append(number)
    for numbers in asked.values():
        lot = lot_of[questions[numbers[0]].terms[0][0]]
        if lot.can_be():
            _answer(lot, questions, numbers, given)
    for number in apart:
        given[number] = _apart(lot_of, questions[number])
    return given


def _apart(lot_of: Mapping[int, Lot], question: Question) -> Span | None:
    """Return what a sum can be of which nothing connects the terms: each end is the sum of their ends."""
    if not all(lot_of[unknown].can_be() for unknown, _ in question.terms):
        return None
    seen = [_end(by, lot_of[unknown].seen({unknown: 1})) for unknown, by in question.terms]
    low, high = sum(low for low, _ in seen), sum(high for _, high in seen)
    if high - low >= question.width and high >= question.reach:
        return Span(low, high, sharp=False)
    try:
        spans = [lot_of[unknown].span({unknown: 1}) for unknown, _ in question.terms]
    except UnsolvedError:
        return None
    ends = [_end(by, (span.low, span.high)) for (_, by), span in zip(question.terms, spans, strict=True)]
    return Span(sum(low for low, _ in ends), sum(high for _, high in ends), sharp=True)


def _end(by: int, ends: tuple[int, int]) -> tuple[int, int]:
    return (by * ends[0], by * ends[1]) if by > 0 else (by * ends[1], by * ends[0])


def _answer(lot: Lot, questions: Sequence[Question], numbers: Iterable[int], given: list[Span | None]) -> None:
    """Answer the questions of one lot, each as far as it is needed."""
    open_ = [number for number in numbers if not _done(lot, questions[number], given, number)]
    chance = random.Random(1)
    for turn in range(ROUNDS):
        if len(open_) < 3 or lot.free:
            break
        together: dict[int, int] = defaultdict(int)
        for place, number in enumerate(open_):
            sign = ((1, -1)[turn] if turn < 2 else chance.choice((1, -1))) if turn != 2 else (1, -1)[place % 2]
            for unknown, by in questions[number].terms:
                together[unknown] += sign * by
        try:
            lot.solve(together, most=True)
        except UnsolvedError:
            break
        open_ = [number for number in open_ if not _done(lot, questions[number], given, number)]
    for number in open_:
        if _done(lot, questions[number], given, number):
            continue
        try:
            given[number] = lot.span(dict(questions[number].terms))
        except UnsolvedError:
            given[number] = None


def _done(lot: Lot, question: Question, given: list[Span | None], number: int) -> bool:
    terms = dict(question.terms)
    low, high = lot.seen(terms)
    given[number] = Span(low, high, sharp=lot.free)
    if lot.free:
        return True
    return high - low >= question.width and high >= question.reach
