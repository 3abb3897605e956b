"""One KPI's way through disclosure control: counts, rounding, symbols, audit, withholding."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from functions.compute_kpis.protection.audit import FEW, Cell, Finding, Link, Percentage, Release, Rule, Sign, audit
from functions.compute_kpis.protection.ledger import Entry, no_longer_nobody, revised, scope_of, seen, the_same
from functions.compute_kpis.protection.lots import Memory
from functions.compute_kpis.protection.quantities import (
    PARTS,
    Part,
    Quantity,
    counts,
    is_of_people,
    parse,
    quantity,
    true_counts,
)
from functions.compute_kpis.protection.rounding import ENFORCED, Method, bound_by, neighbours, round_all
from functions.compute_kpis.protection.structure import Structure, structure_of
from functions.compute_kpis.protection.withholding import EVERY, Place, steps
from placements_kpi import months
from placements_kpi.results import decimals_of

if TYPE_CHECKING:
    from functions.compute_kpis.protection.keys import RoundingKey
    from functions.compute_kpis.protection.ledger import Past, Scope
    from placements_kpi.results import Figure, KpiResult, Measure, Symbol
    from placements_kpi.settings import Disclosure


@dataclass(frozen=True)
class Guard:
    """What is the same for every KPI of a release."""

    disclosure: Disclosure
    key: RoundingKey
    past: Past


def percentage(numerator: int, denominator: int, decimals: int) -> float:
    """Return the percentage rounded half up, by whole numbers alone so that it is the same everywhere."""
    scale = 10 if decimals else 1
    return (200 * scale * numerator + denominator) // (2 * denominator) / scale


class KpiGuard:
    """The protection of one KPI: :meth:`settle`, then read what it came to."""

    def __init__(self, kpi: KpiResult, guard: Guard) -> None:
        self.kpi, self.guard = kpi, guard
        self.description = kpi.description
        self.versioned = f"{self.description.id}@{self.description.definition_version}"
        self.measures: dict[str, Measure] = {measure.id: measure for measure in self.description.measures}
        self.figures: tuple[Figure, ...] = ()
        self.entries: dict[str, Entry] = {}
        self.failing: list[str] = []
        self.attempts = self.cells = self.increments = 0
        pages = guard.past.pages
        self.other_key = bool(pages) and pages[-1].key_id != guard.key.key_id
        self._places: set[Place] = set()
        self._memory = Memory()
        self.restated: set[int] = set()
        """Periods of which no earlier figure can be of the same counts as one of this release."""
        self._doubted: set[int] = set()
        """Periods of which a reader sees that not all that is published can add up."""
        self._steps: dict[str, Iterator[frozenset[Place]]] = {}

    @property
    def withheld(self) -> list[str]:
        """Return what was withheld so that nothing can be worked out, in words for the record."""
        return sorted("/".join((self.description.id, *map(str, place))) for place in self._places)

    def settle(self) -> None:
        """Round, then withhold until the attacker fails; ``failing`` has what he can still work out."""
        self._read()
        self._round()
        while True:
            self._show()
            findings = self._audit()
            revisions = [self._revisions(finding) for finding in findings]
            self.cells = len(findings[0].cells)
            self.increments = len(findings[0].increments) + len(revisions[0])
            width = self.guard.disclosure.width
            narrow = [name for widths in revisions for name, found in widths.items() if found < width]
            failing = [one.name or self.description.id for finding in findings for one in finding.failing]
            self._alike = {one.name for finding in findings for one in finding.failing if one.why == "group"}
            self.failing = list(dict.fromkeys([*failing, *narrow]))
            if not self.failing or self.attempts >= self.guard.disclosure.attempts or not self._withhold():
                return
            self.attempts += 1

    def _show(self) -> None:
        """Work out what is shown; while nobody accepts that a ``c`` can be read as few, its row is withheld whole."""
        while True:
            self._few: dict[str, Sign] = {}
            self.figures = tuple(map(self._figure, self.kpi.figures))
            few = {parse(name) for name, sign in self._few.items() if sign == "few"}
            rows = {Place(one.measure, one.breakdown, one.category) for one in few if one.breakdown != "national"}
            if self.guard.disclosure.few_accepted or not rows:
                return
            self._places |= rows

    # Counts and rounding.

    def _read(self) -> None:
        """Give every count its name, and unite the names of one count."""
        figures = (figure for figure in self.kpi.figures if months.is_end(figure.as_of))
        self.true = true_counts(self.description, figures)
        past = [
            name
            for name in self.guard.past.entries
            if name.startswith(f"{self.versioned}/") and parse(name).measure in self.measures
        ]
        names = {*self.true, *past}
        self.structure: Structure = structure_of(self.description, names)
        self.exact = {
            self.structure.of(name)
            for name in names
            if not is_of_people(self.measures[parse(name).measure], parse(name).part)
        }
        self.members: dict[str, list[Quantity]] = defaultdict(list)
        for name in sorted(names):
            self.members[self.structure.of(name)].append(parse(name))
        self.counts = {self.structure.of(name): count for name, count in self.true.items()}

    def _round(self) -> None:
        past, key = self.guard.past.entries, self.guard.key
        used = self.guard.disclosure
        people = {name: count for name, count in self.counts.items() if name not in self.exact}
        # A count of anybody that is shown as nobody would lie between 1 and the base less 1: less than the width.
        least = used.base if used.base - 2 < used.width else 0
        method = Method(used.base, least, used.solver_seconds, 2 * (used.base - 1) - used.width)
        published = {name: entry.rounded for name, entry in past.items() if name in people}
        bound, sums = self._bound(people, least), self._exact_sums(people)
        rounded = round_all(people, self.structure, self._of_people(people), method, key, published, bound, sums)
        self.rounded = dict(rounded.counts)
        self.broken = {
            (one.measure, one.period, one.stands, one.breakdown)
            for link in rounded.broken
            for part in link.parts
            for one in self.members[part]
            if one.breakdown != "national"
        }

    def _bound(self, people: dict[str, int], least: int) -> dict[str, int]:
        """Return what counts must become after earlier releases, and so as not to be above an exact one they are of."""
        past, key, base = self.guard.past, self.guard.key, self.guard.disclosure.base
        bound: dict[str, int] = {}
        for link in self.structure.links:
            part = link.parts[0]
            if link.kind == "at_most" and link.whole in self.exact and part in people and link.whole in self.counts:
                down, up = neighbours(people[part], base)
                if up > self.counts[link.whole]:
                    bound[part] = down
        for name, count in people.items():
            if name not in past.entries:
                continue
            before = past.entries[name].rounded
            only = bound_by(count, past.counts_behind(name, key, base), base, least if _is_national(name) else 0)
            if only is not None:
                bound[name] = only
            elif self.other_key and before in neighbours(count, base):
                bound[name] = before  # With another key nobody can tell what has changed: what can stay stays.
        return bound

    def _exact_sums(self, people: dict[str, int]) -> list[tuple[int, tuple[str, ...]]]:
        """Return exact counts that are sums of counts of people, with what they are the sums of."""
        return [
            (self.counts[link.whole], link.parts)
            for link in self.structure.links
            if link.kind == "adds_up" and link.whole in self.exact and link.whole in self.counts
            if all(part in people for part in link.parts)
        ]

    def _of_people(self, people: dict[str, int]) -> list[Link]:
        """Return the links between counts of people of this release; a part that is not there has nobody."""
        found = []
        for link in self.structure.links:
            parts = tuple(part for part in link.parts if part in people)
            whole_line = len(parts) == len(link.parts)
            wholes_there = all(name in people for name in (link.whole, *link.beside))
            if wholes_there and parts and (whole_line or link.kind == "covered"):
                found.append(Link(link.kind, link.whole, parts, link.beside))
        return found

    # What is shown.

    def _figure(self, figure: Figure) -> Figure:
        measure = self.measures[figure.measure]
        if figure.status != "ok" or figure.numerator is None:
            return _hidden(figure, "x")
        of_people = [part for part, _ in counts(figure) if is_of_people(measure, part)]
        if not of_people:
            return _exact(figure, measure)
        if self._is_withheld(figure, measure):
            return _hidden(figure, "c")
        numerator = self._shown(figure, "numerator", figure.numerator)
        if measure.kind == "count" or figure.denominator is None:
            symbol = self._small(figure, numerator)
            value = None if measure.kind == "rate" else float(numerator)
            return (
                _hidden(figure, symbol)
                if symbol
                else figure.model_copy(update={"numerator": numerator, "value": value})
            )
        denominator = self._shown(figure, "denominator", figure.denominator)
        symbol = self._symbol_of_rate(figure, measure, numerator, denominator)
        if symbol:
            return _hidden(figure, symbol)
        value = percentage(numerator, denominator, decimals_of(denominator))
        return figure.model_copy(update={"numerator": numerator, "denominator": denominator, "value": value})

    def _symbol_of_rate(self, figure: Figure, measure: Measure, numerator: int, denominator: int) -> Symbol | None:
        if figure.denominator == 0:
            return "z"
        if denominator < self.guard.disclosure.floor and is_of_people(measure, "denominator"):
            self._few[self._name(figure, "denominator")] = "few"
        if denominator < self.guard.disclosure.percentage_floor or numerator > denominator:
            if is_of_people(measure, "numerator"):
                _ = self._small(figure, numerator) if figure.numerator else self._none(figure)
            return "c"
        if not is_of_people(measure, "numerator"):
            return None
        # Nobody of a group says of everybody in it that they are not in the category.
        return self._none(figure) if figure.numerator == 0 else self._small(figure, numerator)

    def _none(self, figure: Figure) -> Symbol:
        self._few[self._name(figure, "numerator")] = "fewer"
        return "c"

    def _small(self, figure: Figure, shown: int) -> Symbol | None:
        """Return the symbol for a count of people too small to show; a true zero is shown."""
        if figure.numerator == 0:
            return None
        name = self.structure.of(self._name(figure, "numerator"))
        if (figure.breakdown != "national" or name in self.structure.totals) and shown < self.guard.disclosure.floor:
            self._few[self._name(figure, "numerator")] = "few"
            return "c"
        return "low" if shown == 0 else None

    def _shown(self, figure: Figure, part: Part, count: int) -> int:
        return self.rounded.get(self.structure.of(self._name(figure, part)), count)

    def _is_withheld(self, figure: Figure, measure: Measure) -> bool:
        if not months.is_end(figure.as_of):
            return True
        one = quantity(self.description, measure, figure, "numerator")
        whole = one if figure.denominator is None else one._replace(part="denominator")
        name = self.structure.of(whole.name)
        nobody = self.counts.get(name) == 0
        if any(place.holds(one) for place in self._places):
            # What was said to be nobody and still is protects nobody when it is hidden.
            before = self.guard.past.entries.get(name)
            return not (nobody and before is not None and before.shown == 0)
        return not nobody and (one.measure, one.period, one.stands, one.breakdown) in self.broken

    def _name(self, figure: Figure, part: Part) -> str:
        return quantity(self.description, self.measures[figure.measure], figure, part).name

    # The attacker.

    def _audit(self) -> list[Finding]:
        """Return what is found by who believes earlier figures, and by who does not where their day changed.

        Only one is right where counts were hidden, shown again, or of nobody (:meth:`Past.shown`); neither may learn.
        """
        cells = self._cells()
        self.entries = {
            name: Entry(
                shown=cell.shown,
                rounded=self.rounded.get(name, self.counts[name]),
                seal=None if name in self.exact else self.guard.key.seal(name, self.counts[name]),
            )
            for name, cell in sorted(cells.items())
        }
        used, past = self.guard.disclosure, self.guard.past
        release = Release(cells, used.base, tuple(self._percentages()), used.floor)
        somebody = no_longer_nobody(past.entries, self.entries)
        changed = {*revised(past.entries, self.entries), *somebody}
        kept = {*the_same(past.entries, self.entries, other_key=self.other_key), *somebody}
        while True:
            again = self.scopes_restated()
            unmoved = past.shown(self.versioned, again | {scope_of(name) for name in changed - kept})
            forgotten = past.shown(self.versioned, again | {scope_of(name) for name in changed}, believed=False)
            findings = [
                audit(
                    [*earlier, release],
                    self.structure.links,
                    Rule(used.width, used.threshold, used.solver_seconds, used.few_accepted),
                    enforced=self.enforced,
                    series=self.structure.series,
                    groups=self.structure.groups,
                    categories=self.structure.categories,
                    external=used.external_totals,
                    memory=self._memory,
                )
                for earlier in ([unmoved] if forgotten == unmoved else [unmoved, forgotten])
            ]
            # Who believes the most may be wrong in that. Who does not, and is contradicted all the same, first trusts
            # no longer that what is published adds up; then the period is restated, marked.
            contradicted = {parse(name).period for name in [findings[-1].contradicted] if name} - self.restated
            if not contradicted:
                return findings
            self.restated |= contradicted & self._doubted
            self._doubted |= contradicted

    def scopes_restated(self) -> frozenset[Scope]:
        """Return every day of the periods that are restated, by its scope in the ledger."""
        names = (one for one in (*self.guard.past.entries, *self.entries) if one.startswith(f"{self.versioned}/"))
        return frozenset(scope_of(name) for name in names if parse(name).period in self.restated)

    @property
    def enforced(self) -> tuple[Link, ...]:
        """Return the links that published numbers are taken to keep to, also where they are hidden."""
        return tuple(
            link
            for link in self.structure.links
            if link.kind in ENFORCED and parse(link.whole).period not in self._doubted
        )

    def _revisions(self, finding: Finding) -> dict[str, int]:
        """Return how wide each revised count's change can be for a reader: what old and new value leave of it."""
        past = self.guard.past
        widths = {}
        for name in revised(past.entries, self.entries):
            if (
                seen(past.entries[name]) is not None
                and seen(self.entries[name]) is not None
                and name in finding.cells
                and name not in self.exact
            ):
                before = past.entries[name].shown
                left = 2 * (past.pages[-1].base - 1) if isinstance(before, int) and before else 0
                widths[name] = finding.cells[name].width + left
        return widths

    def _cells(self) -> dict[str, Cell]:
        cells: dict[str, Cell] = {}
        for figure in self.figures:
            for part, number in self._told(figure):
                name = self.structure.of(self._name(figure, part))
                if name in self.counts and (
                    name not in cells or (number is not None and cells[name].shown in {None, *FEW})
                ):
                    cells[name] = Cell(number, exact=name in self.exact)
        return cells

    def _told(self, figure: Figure) -> Iterator[tuple[Part, Sign]]:
        """Yield what a reader is told of each part of a figure."""
        for part in PARTS:
            if figure.symbol is None:
                number = getattr(figure, part)
                if number is not None:
                    yield part, number
            elif figure.symbol == "z":
                yield part, 0
            elif figure.symbol == "low" and part == "numerator":
                yield part, "low"
            elif figure.symbol in {"c", "low"}:
                yield part, self._few.get(self._name(figure, part))

    def _percentages(self) -> Iterator[Percentage]:
        for figure in self.figures:
            measure = self.measures[figure.measure]
            if measure.kind == "rate" and figure.value is not None and figure.denominator is not None:
                names = [self.structure.of(self._name(figure, part)) for part in PARTS]
                if not self.exact.issuperset(names) and all(name in self.counts for name in names):
                    yield Percentage(names[0], names[1], figure.value, decimals_of(figure.denominator))

    def _withhold(self) -> bool:
        """Withhold one step more for each failing count; return whether that hides anything that was told."""
        hides = False
        for name in self.failing:
            if name not in self._steps:
                # When everybody was alike is not to be told: the row goes at every point.
                loses = _points if name in self._alike else self._shown_at
                sums = [link for link in self.structure.links if name in link.parts and len(link.parts) > 1]
                wholes = [one for link in sums for one in self.members[link.whole]]
                self._steps[name] = steps(
                    self.description, self.members.get(name, []), wholes, self._smallest_other, loses
                )
            for places in self._steps[name]:
                self._places |= places
                if any(sign is not None for figure in self._figures_at(places) for _, sign in self._told(figure)):
                    hides = True
                    break
        return hides

    def _shown_at(self, places: frozenset[Place]) -> int:
        """Return how many figures with a number these places hold."""
        return sum(one.symbol is None and one.numerator is not None for one in self._figures_at(places))

    def _figures_at(self, places: frozenset[Place]) -> Iterator[Figure]:
        for figure in self.figures:
            one = quantity(self.description, self.measures[figure.measure], figure, "numerator")
            if any(place.holds(one) for place in places):
                yield figure

    def _smallest_other(self, row: Place) -> str | None:
        """Return the category with the fewest people at the newest point that still shows something."""
        shown = [
            (figure.as_of.toordinal(), -(figure.numerator or 0), figure.category)
            for figure in self.figures
            if (figure.measure, figure.breakdown) == (row.measure, row.breakdown)
            and figure.category != row.category
            and figure.symbol is None
            and figure.numerator
        ]
        return max(shown)[2] if shown else None


def _exact(figure: Figure, measure: Measure) -> Figure:
    if measure.kind == "count" or figure.denominator is None:
        return figure
    if figure.denominator == 0:
        return _hidden(figure, "z")
    return figure.model_copy(update={"value": percentage(figure.numerator or 0, figure.denominator, 1)})


def _hidden(figure: Figure, symbol: Symbol) -> Figure:
    return figure.model_copy(update={"numerator": None, "denominator": None, "value": None, "symbol": symbol})


def _points(places: frozenset[Place]) -> int:
    return sum(place.stands != EVERY for place in places)


def _is_national(name: str) -> bool:
    return parse(name).breakdown == "national"
