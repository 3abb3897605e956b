"""Controlled rounding: every count of people becomes a multiple of the base next to it, and sums still add up.

The rule: publishing#rounding. The two multiples next to a count are all it may become. Which of them a count prefers
depends on a threshold between the two that the key draws for its series (docs/decisions/0012):
were it always the nearer one, a reader would know the count to half the base; were it drawn anew
for each count, 84 could become 80 when 83 was 85. Totals are decided first and never moved for a
part. What then remains is an integer programme: the fewest and lightest departures from what the
counts prefer, such that what holds between the true counts holds between the published ones, and
no count moves against what earlier releases made of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from functions.compute_kpis.protection.quantities import parse
from functions.compute_kpis.protection.solver import (
    INFINITY,
    InfeasibleError,
    Problem,
    Row,
    Solver,
    components,
)

if TYPE_CHECKING:
    from functions.compute_kpis.protection.keys import RoundingKey
    from functions.compute_kpis.protection.knowledge import Link
    from functions.compute_kpis.protection.structure import Structure

ENFORCED = frozenset({"at_most", "adds_up", "covered"})
"""Kinds of links that published counts keep; ``disjoint`` parts are never shown as adding up, but kept near to it."""

_WEIGHT = 2**20
"""Weight of one departure; the draw of the key is added, so that no two weigh the same."""

_TOTAL = 1024
"""How much heavier a total's departure is than a part's."""

_FEW = 2 * _TOTAL
"""The same of a few: what becomes nothing is known to be under the base, even where it is hidden."""


@dataclass(frozen=True)
class Method:
    """How to round: multiples of ``base``; a national count of anybody is at least ``least``.

    ``off``: how far the parts of an exact count may be from it in sum. Further, it would narrow them too much.
    Parts that are disjoint may be above a rounded whole by that, and by how far each can be off by itself.
    """

    base: int
    least: int
    seconds: float
    off: int = 0


@dataclass(frozen=True)
class Rounded:
    """Published counts by name, and the names of breakdowns' lines that could not be made to add up."""

    counts: Mapping[str, int]
    broken: tuple[Link, ...]


def neighbours(count: int, base: int, least: int = 0) -> tuple[int, int]:
    """Return the multiples of ``base`` next to ``count``, equal for a multiple; none for anybody is under ``least``."""
    down = count // base * base
    up = down if down == count else down + base
    if count > 0 and down < least:
        down = up = max(up, least)
    return down, up


def preferred_of(draw: str, count: int, method: Method, key: RoundingKey) -> int:
    """Return the neighbour on the side of a threshold between both: the upper one with the probability that is its due.

    ``draw`` names what is counted. It has one threshold between two multiples, ever, so that what is shown of it
    never falls while it grows.
    """
    down, up = neighbours(count, method.base, method.least)
    if down == up:
        return up
    return up if key.fraction(f"{draw}|{down}") < (count - down) / (up - down) else down


def bound_by(count: int, before: Mapping[int, int], base: int, least: int = 0) -> int | None:
    """Return the one neighbour that ``count`` may become after what ``before`` says; ``None`` if it may become either.

    ``before`` gives what earlier counts of the same thing became, the newest first: what grew must not be shown as
    less than it was, nor what fell as more.
    """
    down, up = neighbours(count, base, least)
    for earlier, became in before.items():
        if earlier <= count and became >= up:
            return up
        if earlier >= count and became <= down:
            return down
    return None


def round_all(
    counts: Mapping[str, int],
    structure: Structure,
    links: Iterable[Link],
    method: Method,
    key: RoundingKey,
    published: Mapping[str, int],
    bound: Mapping[str, int],
    exact_sums: Iterable[tuple[int, tuple[str, ...]]] = (),
) -> Rounded:
    """Return a published count for each of ``counts``; ``exact_sums`` are exact counts with what they are the sum of.

    ``links`` are those that the counts bear out; ``bound`` has what a name must become, if it is free no more.
    Where a line of parts cannot add up to its total, its totals may keep what was published of them; if that
    does not help, the line is ``broken`` and is not to be shown.
    """
    enforced = tuple(link for link in links if link.kind in {*ENFORCED, "disjoint"})
    work = _Work(counts, enforced, method, key, bound, tuple(exact_sums))
    national = {name for name in work.counts if name in structure.first or parse(name).breakdown == "national"}
    among_totals = [link for link in work.links if national.issuperset(link.names)]
    work.solve(among_totals, national, settled=set(), before={})
    before = {name: published[name] for name in national if name in published and work.may_be(name, published[name])}
    work.solve(work.links, set(work.counts), settled=national, before=before)
    return Rounded({name: work.chosen[work.lead[name]] for name in counts}, tuple(work.broken))


class _Work:
    """Counts that are equal within a series are one, unless they are bound apart."""

    def __init__(
        self,
        counts: Mapping[str, int],
        links: tuple[Link, ...],
        method: Method,
        key: RoundingKey,
        bound: Mapping[str, int],
        exact_sums: tuple[tuple[int, tuple[str, ...]], ...],
    ) -> None:
        self.exact_sums = exact_sums
        self.method, self.key, self.links = method, key, links
        self.lead: dict[str, str] = {}
        self.counts = dict(counts)
        self.domain: dict[str, tuple[int, int]] = {}
        self.chosen: dict[str, int] = {}
        """At first what each prefers."""
        leads: dict[tuple[str, int, int | None], str] = {}
        alike: dict[tuple[str, int], int] = {}
        for name in sorted(bound):
            alike.setdefault((_series(name), counts[name]), bound[name])
        for name in sorted(counts):
            series, count = _series(name), counts[name]
            only = bound.get(name, alike.get((series, count)))
            lead = self.lead[name] = leads.setdefault((series, count, only), name)
            if lead == name:
                least = method.least if parse(name).breakdown == "national" else 0
                # A few prefer not to become none: hidden alone, they would be known to be fewer than the base.
                prefers = Method(method.base, method.least, 0.0)
                self.domain[name] = neighbours(count, method.base, least) if only is None else (only, only)
                self.chosen[name] = preferred_of(series, count, prefers, key) if only is None else only
        self.broken: list[Link] = []

    def may_be(self, name: str, value: int) -> bool:
        return value in self.domain[self.lead[name]]

    def solve(self, links: Iterable[Link], free: set[str], settled: set[str], before: Mapping[str, int]) -> None:
        """Choose for names in ``free``; those in ``settled`` keep what is chosen, or at worst what was ``before``."""
        fixed = {self.lead[name] for name in settled}
        options = {
            lead: (self.chosen[lead], self.chosen[lead]) if lead in fixed else self.domain[lead]
            for lead in sorted({self.lead[name] for name in free})
        }
        for lot, rows in self._lots(options, links):
            self._settle(lot, rows, options, {self.lead[name]: value for name, value in before.items()})

    def _lots(
        self, options: Mapping[str, tuple[int, int]], links: Iterable[Link]
    ) -> list[tuple[list[str], list[Link]]]:
        """Return names and links in connected lots, without links that hold whatever is chosen."""
        number = {lead: n for n, lead in enumerate(options)}
        names = list(options)
        rows_and_links: list[tuple[Row, Link]] = []
        for link in links:
            leads = {self.lead[name] for name in link.names}
            if not self._always_holds(link, options):
                rows_and_links.append((Row(dict.fromkeys((number[lead] for lead in sorted(leads)), 1)), link))
        link_of = {id(row): link for row, link in rows_and_links}
        sums = [
            Row(dict.fromkeys((number[self.lead[part]] for part in parts), 1))
            for _, parts in self.exact_sums
            if all(self.lead[part] in number for part in parts)
        ]
        return [
            ([names[n] for n in lot], [link_of[id(row)] for row in rows if id(row) in link_of])
            for lot, rows in components(len(names), [*(row for row, _ in rows_and_links), *sums])
        ]

    def _ends(self, link: Link, options: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
        """Return the least and the most by which the parts of a link can be above its whole."""
        ends = [(options[self.lead[name]], sign) for name, sign in link.signed]
        least = sum(sign * (min(end) if sign > 0 else max(end)) for end, sign in ends)
        return least, sum(sign * (max(end) if sign > 0 else min(end)) for end, sign in ends)

    def _can_hold(self, link: Link, options: Mapping[str, tuple[int, int]]) -> bool:
        least, most = self._ends(link, options)
        above = self._above(link) if link.kind == "disjoint" else 0
        return (link.kind == "covered" or least <= above) and (link.kind not in {"adds_up", "covered"} or most >= 0)

    def _always_holds(self, link: Link, options: Mapping[str, tuple[int, int]]) -> bool:
        if link.kind != "adds_up" and all(len({*options[self.lead[name]]}) == 1 for name in link.names):
            return True
        least, most = self._ends(link, options)
        if link.kind == "at_most":
            return self.lead[link.whole] == self.lead[link.parts[0]] or most <= 0
        if link.kind == "disjoint":
            return most <= self._above(link)
        return link.kind == "covered" and least >= 0

    def _above(self, link: Link) -> int:
        """Return by how much disjoint parts may be above their whole, so that it narrows none of them too much."""
        somebody = sum(self.counts[part] > 0 for part in link.parts)  # nobody is known to be nobody
        return self.method.off + (somebody - 1) * (self.method.base - 1)

    def _settle(
        self,
        lot: list[str],
        links: list[Link],
        options: Mapping[str, tuple[int, int]],
        before: Mapping[str, int],
    ) -> None:
        """Solve one lot; where it has no solution, ask less of it, in this order."""
        kept = {lead: options[lead] for lead in lot}
        keeping = {lead: (kept[lead][0], before.get(lead, kept[lead][1])) for lead in lot}
        sums = [link for link in links if link.kind == "adds_up"]
        others = [link for link in links if link.kind not in {"adds_up", "disjoint"}]
        # What is bound not to hold by itself is given up by itself, before anything else is.
        possible = [link for link in links if self._can_hold(link, options)]
        for asked, choice in (
            (links, kept),
            ([*sums, *others], kept),
            ([*sums, *others], keeping),
            (possible, kept),
            ([link for link in possible if link.kind != "disjoint"], kept),
            (others, kept),
            ([link for link in others if link.kind == "at_most"], kept),
        ):
            try:
                self._choose(lot, asked, choice)
                break
            except InfeasibleError:
                continue
        self.broken += [link for link in sums if not self._adds_up(link)]

    def _adds_up(self, link: Link) -> bool:
        total = sum(self.chosen[self.lead[part]] for part in link.parts)
        return total == self.chosen[self.lead[link.whole]]

    def _choose(self, lot: list[str], links: list[Link], options: Mapping[str, tuple[int, int]]) -> None:
        problem = Problem()
        costs: dict[int, float] = {}
        column: dict[str, int] = {}
        base: dict[str, int] = {}
        step: dict[str, int] = {}
        for lead in lot:
            low, high = min(options[lead]), max(options[lead])
            base[lead], step[lead] = low, (high - low) // self.method.base
            column[lead] = problem.variable(0, step[lead])
            if step[lead]:
                # The wish is one end of the two; a total that keeps what it was stands before any part.
                wish = self.chosen[lead] if self.chosen[lead] in (low, high) else low
                few = bool(self.method.least) and low == 0
                heavy = _TOTAL if parse(lead).breakdown == "national" else _FEW if few else 1
                weight = heavy * _WEIGHT * (1 + self.key.fraction(f"weight|{lead}"))
                costs[column[lead]] = weight if wish == low else -weight
        for link in links:
            terms: dict[int, int] = {}
            constant = 0
            for name, sign in link.signed:
                lead = self.lead[name]
                terms[column[lead]] = terms.get(column[lead], 0) + sign
                constant += sign * (base[lead] // self.method.base)
            terms = {c: a for c, a in terms.items() if a}
            low_side, high_side = {
                "at_most": (-INFINITY, -constant),
                "covered": (-constant, INFINITY),
                "adds_up": (-constant, -constant),
                "disjoint": (-INFINITY, self._above(link) // self.method.base - constant),
            }[link.kind]
            if terms:
                problem.rows.append(Row(terms, low_side, high_side))
            elif not low_side <= 0 <= high_side:
                raise InfeasibleError("what is settled cannot hold")
        for exact, parts in self.exact_sums:
            leads = [self.lead[part] for part in parts]
            if all(lead in column for lead in leads):
                more = exact - sum(base[lead] for lead in leads)
                terms = {column[lead]: self.method.base for lead in leads}
                problem.rows.append(Row(terms, more - self.method.off, more + self.method.off))
        steps = Solver(problem, self.method.seconds).solve(costs)
        for lead in lot:
            self.chosen[lead] = base[lead] + int(steps[column[lead]]) * self.method.base


def _series(name: str) -> str:
    """Return the name without its day: the draw is the same for a count that has not changed since."""
    return parse(name)._replace(stands="").name
