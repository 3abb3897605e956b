"""Another attacker, who shares nothing with the project's audit but the solver.

He reads the protected documents as published, writes down one naive linear programme of
everything that a reader knows, and asks it for the least and the greatest value of every
count and every monthly increment. He comes in three tempers, by what he believes of a
period after a release has changed a number of it: the cautious one nothing that earlier
releases said (:func:`cautious`), the daring one every number that is shown as before
(:func:`daring`), or only those of days on which no number changed.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import highspy
import numpy as np

from tests.protection.worlds import REASONS, REGIONS

if TYPE_CHECKING:
    from placements_kpi.results import Figure, Protected, Results

Count = tuple[str, str, str]
"""Day, what (``left`` or ``there``), and of whom (``all``, a region, a reason)."""

FAR = 5000
ALMOST = 1e-6


@dataclass
class Knowledge:
    """What was published of each unknown: a number, 0 for nobody, or ``None``; and which unknown a release means."""

    shown: list[int | None] = field(default_factory=list)
    views: list[dict[Count, int]] = field(default_factory=list)
    """Of each release, oldest first: the unknown behind each count. The last is what a reader wants to know."""
    revised: list[tuple[int, int]] = field(default_factory=list)
    """Pairs of unknowns of one count, before and after its number changed."""
    one_more: list[tuple[int, int]] = field(default_factory=list)
    """Pairs of unknowns of one count of which the second is the first, or one more."""

    def of(self, count: Count) -> int | None:
        """Return what the newest release shows of a count."""
        return self.shown[self.views[-1][count]]


def read(document: Protected | Results) -> dict[Count, int | None]:
    """Return what one release says of each count, or what is so."""
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


def cautious(documents: Iterable[Protected]) -> Knowledge:
    """Return what all releases say together, if a period in which any number changed begins anew.

    A number that goes, or comes back, is another number (decision 34).
    """
    knowledge, last = dict[Count, int | None](), dict[Count, int | None]()
    for document in documents:
        now = read(document)
        restated = any(
            number is not None and knowledge.get(count) is not None and knowledge[count] != number
            for count, number in now.items()
        ) or any((now[count] is None) != (last[count] is None) for count in now.keys() & last.keys())
        last = now
        before = {} if restated else knowledge
        knowledge = {count: now.get(count) for count in {**before, **now}}
        knowledge |= {count: number for count, number in before.items() if number is not None}
        knowledge |= {count: number for count, number in now.items() if number is not None}
    return Knowledge(list(knowledge.values()), [{count: number for number, count in enumerate(knowledge)}])


def daring(documents: Sequence[Protected], *, whole_days: bool, one_more: frozenset[str] = frozenset()) -> Knowledge:
    """Return what all releases say if a number that is shown as before is of the same count, whatever else changed.

    With ``whole_days``, only if no number of its day changed, was hidden or is shown again: that restates the day
    (decision 34). Of what is hidden nobody can see that it is as before: it begins anew where anything changed.
    ``one_more``: days of which the newest release is believed to count one person more than the one before, if any. Of
    nobody one person more is just he.
    """
    knowledge, now, last = Knowledge(), dict[Count, int](), dict[Count, int | None]()
    before: dict[Count, int | None] = {}
    for document in documents:
        told = read(document)
        changed = {
            count for count, number in told.items() if number is not None and last.get(count) not in {None, number}
        }
        hidden = {
            count for count, number in told.items() if count in before and (number is None) != (before[count] is None)
        }
        days, before = {day for day, _, _ in changed | hidden}, told
        for count, number in told.items():
            new = count[0] in days if whole_days else count in changed or (changed and number is None)
            if count not in now or new:
                if count in changed:
                    knowledge.revised.append((now[count], len(knowledge.shown)))
                somebody = count in now and knowledge.shown[now[count]] != 0
                if somebody and count[0] in one_more and document is documents[-1]:
                    knowledge.one_more.append((now[count], len(knowledge.shown)))
                now[count] = len(knowledge.shown)
                knowledge.shown.append(number)
            elif number is not None:
                knowledge.shown[now[count]] = number
            last[count] = number if number is not None else last.get(count)
        knowledge.views.append(dict(now))
    return knowledge


class Programme:
    """One linear programme of true counts and of published ones."""

    def __init__(self, knowledge: Knowledge, base: int) -> None:
        self.knowledge = knowledge
        self.now = knowledge.views[-1]
        self.size = size = len(knowledge.shown)
        self.low = np.zeros(2 * size)
        self.high = np.full(2 * size, float(FAR))
        self.rows: dict[tuple[tuple[tuple[int, float], ...], float, float], None] = {}
        for true, number in enumerate(knowledge.shown):
            published = size + true
            if number is not None:
                self.low[published] = self.high[published] = number
            if number == 0:
                self.high[true] = 0
            self._row({true: 1.0, published: -1.0}, 1 - base, base - 1)
        for view in knowledge.views:
            days = sorted({day for day, _, _ in view})
            for offset in (0, size):
                place = {count: unknown + offset for count, unknown in view.items()}
                for day in days:
                    self._day(day, place)
                for earlier, later in itertools.pairwise(days):
                    for what in ("left", "there"):
                        for of in ("all", *REGIONS, *REASONS):
                            self._order((earlier, what, of), (later, what, of), place)
        for before, after in knowledge.one_more:
            self._row({after: 1.0, before: -1.0}, 0, 1)
        self.highs = self._model()
        self.found = np.zeros((0, 2 * size))

    def _row(self, terms: dict[int, float], low: float, high: float) -> None:
        self.rows[tuple(sorted(terms.items())), low, high] = None

    def _day(self, day: str, place: dict[Count, int]) -> None:
        for what in ("left", "there"):
            parts = [(day, what, region) for region in REGIONS]
            if all(part in place for part in parts) and (day, what, "all") in place:
                self._row({**{place[part]: 1.0 for part in parts}, place[day, what, "all"]: -1.0}, 0, 0)
        for of in ("all", *REGIONS):
            self._order((day, "left", of), (day, "there", of), place)
        reasons = [(day, "left", reason) for reason in REASONS if (day, "left", reason) in place]
        for reason in reasons:
            self._order(reason, (day, "left", "all"), place)
        if len(reasons) == len(REASONS):
            terms = {place[reason]: 1.0 for reason in reasons}
            self._row({**terms, place[day, "left", "all"]: -1.0}, 0, highspy.kHighsInf)

    def _order(self, small: Count, great: Count, place: dict[Count, int]) -> None:
        if small in place and great in place:
            self._row({place[small]: 1.0, place[great]: -1.0}, -highspy.kHighsInf, 0)

    def _model(self) -> Any:
        highs = highspy.Highs()
        highs.setOptionValue("output_flag", False)
        for low, high in zip(self.low.tolist(), self.high.tolist(), strict=True):
            highs.addVar(low, high)
        for row, low, high in self.rows:
            places, weights = zip(*row, strict=True)
            highs.addRow(low, high, len(row), np.array(places, dtype=np.int32), np.array(weights))
        return highs

    def is_wide(self, terms: dict[Count, float], width: float) -> bool:
        """Return whether a sum of true counts, as of the newest release, can lie this far apart."""
        return self.lie_apart(self._unknowns(terms), width)

    def lie_apart(self, terms: dict[int, float], width: float) -> bool:
        """Return whether a sum of unknowns can lie this far apart; solutions that are known may show it."""
        known = self._known(terms)
        if known.size and np.ptp(known) >= width - ALMOST:
            return True
        low, high = self.between(terms)
        return high - low >= width - ALMOST

    def reaches(self, terms: dict[Count, float], value: float) -> bool:
        """Return whether a sum of true counts, as of the newest release, can be as great as ``value``."""
        unknowns = self._unknowns(terms)
        known = self._known(unknowns)
        return bool(known.size and known.max() >= value - ALMOST) or self.between(unknowns)[1] >= value - ALMOST

    def _unknowns(self, terms: dict[Count, float]) -> dict[int, float]:
        return {self.now[count]: weight for count, weight in terms.items()}

    def _known(self, terms: dict[int, float]) -> Any:
        """Return the sum of these unknowns in each solution that was found before."""
        return sum((weight * self.found[:, unknown] for unknown, weight in terms.items()), np.zeros(len(self.found)))

    def can_be(self) -> bool:
        """Return whether there are any counts that fit what he believes."""
        self.highs.run()
        return bool(self.highs.getModelStatus() == highspy.HighsModelStatus.kOptimal)

    def span(self, terms: dict[Count, float]) -> tuple[float, float]:
        """Return the least and the greatest value of a sum of true counts, as of the newest release."""
        return self.between(self._unknowns(terms))

    def between(self, terms: dict[int, float]) -> tuple[float, float]:
        """Return the least and the greatest value of a sum of unknowns."""
        costs = np.zeros(2 * self.size)
        for unknown, weight in terms.items():
            costs[unknown] = weight
        ends = []
        for sense in (highspy.ObjSense.kMinimize, highspy.ObjSense.kMaximize):
            self.highs.changeColsCost(2 * self.size, np.arange(2 * self.size, dtype=np.int32), costs)
            self.highs.changeObjectiveSense(sense)
            self.highs.run()
            assert self.highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
            ends.append(self.highs.getInfo().objective_function_value)
            self.found = np.vstack([self.found, np.array(self.highs.getSolution().col_value)[None, :]])
        return ends[0], ends[1]
