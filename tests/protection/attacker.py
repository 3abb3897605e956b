"""Another attacker, who shares nothing with the project's audit but the solver.

He reads the protected documents as published, writes down one naive linear programme of
everything that a reader knows, and asks it for the least and the greatest value of every
count and every monthly increment. He takes a period as restated when any number of it
differs from the release before, and then believes nothing of the earlier releases about
it; otherwise he puts all of them together.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import highspy
import numpy as np

from tests.protection.worlds import REASONS, REGIONS

if TYPE_CHECKING:
    from placements_kpi.results import Figure, Protected

Count = tuple[str, str, str]
"""Day, what (``left`` or ``there``), and of whom (``all``, a region, a reason)."""

FAR = 5000


@dataclass
class Knowledge:
    """What was published of each count: a number, 0 for nobody, or ``None``."""

    shown: dict[Count, int | None] = field(default_factory=dict)


def read(document: Protected) -> dict[Count, int | None]:
    """Return what one release says of each count."""
    found: dict[Count, int | None] = {}
    for figure in document.kpis[0].figures:
        of = "all" if figure.breakdown == "national" else figure.category
        day = figure.as_of.isoformat()
        told: list[tuple[Count, int | None]] = [((day, "left", of), _number(figure, figure.numerator))]
        if figure.measure == "headline":
            told.append(((day, "there", of), _number(figure, figure.denominator)))
        if figure.measure == "by_reason":
            told.append(((day, "there", "all"), _number(figure, figure.denominator)))
        for count, number in told:
            if found.get(count) is None:
                found[count] = number
    return found


def _number(figure: Figure, number: int | None) -> int | None:
    return 0 if figure.symbol == "z" else number


def learned(documents: Iterable[Protected]) -> Knowledge:
    """Return what all releases together say, the newest last."""
    knowledge = Knowledge()
    for document in documents:
        now = read(document)
        before = knowledge.shown
        restated = any(
            number is not None and before.get(count) is not None and before[count] != number
            for count, number in now.items()
        )
        if restated:
            knowledge.shown = dict(now)
        else:
            knowledge.shown = (
                {count: now.get(count, None) for count in {**before, **now}}
                | {count: number for count, number in before.items() if number is not None}
                | {count: number for count, number in now.items() if number is not None}
            )
    return knowledge


class Programme:
    """One linear programme of true counts and of published ones."""

    def __init__(self, knowledge: Knowledge, base: int) -> None:
        self.base = base
        self.counts = sorted(knowledge.shown)
        self.place = {count: number for number, count in enumerate(self.counts)}
        size = len(self.counts)
        self.low = np.zeros(2 * size)
        self.high = np.full(2 * size, float(FAR))
        self.rows: list[tuple[dict[int, float], float, float]] = []
        for count, number in knowledge.shown.items():
            true, published = self.place[count], size + self.place[count]
            if number is not None:
                self.low[published] = self.high[published] = number
            if number == 0:
                self.high[true] = 0
            self.rows.append(({true: 1.0, published: -1.0}, 1 - base, base - 1))
        days = sorted({day for day, _, _ in self.counts})
        for offset in (0, size):
            for day in days:
                self._day(day, offset)
            for earlier, later in itertools.pairwise(days):
                for what in ("left", "there"):
                    for of in ("all", *REGIONS, *REASONS):
                        self._order((earlier, what, of), (later, what, of), offset)
        self.highs = self._model()

    def _day(self, day: str, offset: int) -> None:
        for what in ("left", "there"):
            parts = [(day, what, region) for region in REGIONS]
            if all(part in self.place for part in parts) and (day, what, "all") in self.place:
                terms = {self.place[part] + offset: 1.0 for part in parts}
                self.rows.append(({**terms, self.place[day, what, "all"] + offset: -1.0}, 0, 0))
        for of in ("all", *REGIONS):
            self._order((day, "left", of), (day, "there", of), offset)
        reasons = [(day, "left", reason) for reason in REASONS if (day, "left", reason) in self.place]
        for reason in reasons:
            self._order(reason, (day, "left", "all"), offset)
        if len(reasons) == len(REASONS):
            terms = {self.place[reason] + offset: 1.0 for reason in reasons}
            self.rows.append(({**terms, self.place[day, "left", "all"] + offset: -1.0}, 0, highspy.kHighsInf))

    def _order(self, small: Count, great: Count, offset: int) -> None:
        if small in self.place and great in self.place:
            terms = {self.place[small] + offset: 1.0, self.place[great] + offset: -1.0}
            self.rows.append((terms, -highspy.kHighsInf, 0))

    def _model(self) -> Any:
        highs = highspy.Highs()
        highs.setOptionValue("output_flag", False)
        for low, high in zip(self.low, self.high, strict=True):
            highs.addVar(low, high)
        for terms, low, high in self.rows:
            highs.addRow(low, high, len(terms), np.array(list(terms), dtype=np.int32), np.array(list(terms.values())))
        return highs

    def span(self, terms: dict[Count, float]) -> tuple[float, float]:
        """Return the least and the greatest value of a sum of true counts."""
        size = 2 * len(self.counts)
        costs = np.zeros(size)
        for count, weight in terms.items():
            costs[self.place[count]] = weight
        ends = []
        for sense in (highspy.ObjSense.kMinimize, highspy.ObjSense.kMaximize):
            self.highs.changeColsCost(size, np.arange(size, dtype=np.int32), costs)
            self.highs.changeObjectiveSense(sense)
            self.highs.run()
            assert self.highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
            ends.append(self.highs.getInfo().objective_function_value)
        return ends[0], ends[1]
