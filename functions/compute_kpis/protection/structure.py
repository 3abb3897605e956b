"""Structure: how the counts of one KPI bound each other, from its description and the names that there are.

Everything here is public: it is what a reader of the page can know. What is declared of counts
holds between the true ones (publishing#links): :func:`contradicted` names where it does not.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from functions.compute_kpis.protection.knowledge import Group, Link
from functions.compute_kpis.protection.quantities import PARTS, YEARLY, Quantity, is_of_people, parse, reference_parts

if TYPE_CHECKING:
    from placements_kpi.results import Breakdown, Description, Measure, Relation

NATIONAL = ("national", "Total")


@dataclass(frozen=True)
class Structure:
    """The links of one KPI's counts, by name. ``root`` gives the one name of a count that has several."""

    root: Mapping[str, str] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    series: tuple[tuple[str, ...], ...] = ()
    """Names of each series in order of its days; between neighbours lies an increment."""
    groups: tuple[Group, ...] = ()
    categories: frozenset[str] = frozenset()
    """Counts of a region or category, which no reader may be certain to be under the threshold."""
    totals: frozenset[str] = frozenset()
    """National counts that have parts: they are no smaller than a part may be."""
    first: frozenset[str] = frozenset()
    """National counts, and the counts that they are declared to be sums of: they are rounded before all others."""

    def of(self, name: str) -> str:
        """Return the one name of a count."""
        return self.root.get(name, name)


def structure_of(kpi: Description, names: Iterable[str]) -> Structure:
    """Return the structure over ``names`` of this KPI; what a relation names and is not there is left out."""
    known = {quantity: quantity.name for quantity in map(parse, names)}
    reading = _Reading(kpi, known)
    root = reading.same()

    def of(name: str) -> str:
        return root.get(name, name)

    links = [*reading.rates(), *reading.breakdowns(), *reading.declared(), *reading.cumulation()]
    renamed = (
        Link(link.kind, of(link.whole), tuple(map(of, link.parts)), tuple(map(of, link.beside))) for link in links
    )
    kept = tuple(
        dict.fromkeys(
            link for link in renamed if link.kind not in {"at_most", "covered"} or link.whole not in link.parts
        )
    )
    groups = (Group(of(group.part), of(group.whole), none_too=group.none_too) for group in reading.groups())
    series = (tuple(dict.fromkeys(of(name) for name in line)) for line in reading.series())
    national = {of(name) for quantity, name in known.items() if quantity.breakdown == "national"}
    categories = {
        of(name) for quantity, name in known.items() if quantity.breakdown != "national" and of(name) not in national
    }
    with_parts = {
        link.whole for link in kept if link.kind in {"adds_up", "covered"} and not categories.isdisjoint(link.parts)
    }
    return Structure(
        root=root,
        links=kept,
        series=tuple(dict.fromkeys(line for line in series if len(line) > 1)),
        groups=tuple(dict.fromkeys(group for group in groups if group.part != group.whole)),
        categories=frozenset(categories),
        totals=frozenset(with_parts),
        first=frozenset(national | {of(name) for name in reading.summed()}),
    )


def contradicted(structure: Structure, counts: Mapping[str, int]) -> tuple[str, ...]:
    """Return the names of true counts that contradict what is declared of them: the data or a query is wrong."""
    by_one_name = {structure.of(name): count for name, count in counts.items()}
    broken = set(structure.links) - set(holding(structure.links, by_one_name))
    return tuple(
        sorted({name for name, count in counts.items() if by_one_name[structure.of(name)] != count})
        + sorted({link.whole for link in broken})
    )


def holding(links: Iterable[Link], counts: Mapping[str, int]) -> tuple[Link, ...]:
    """Return the links that ``counts`` bear out; one with a name that has no count is kept."""
    return tuple(
        link
        for link in links
        if any(name not in counts for name in link.names)
        or _holds(link, sum(sign * counts[name] for name, sign in link.signed))
    )


def _holds(link: Link, more: int) -> bool:
    """Return whether a link holds where the parts are so many ``more`` than the whole."""
    return {"adds_up": more == 0, "covered": more >= 0, "disjoint": more <= 0, "at_most": more <= 0}[link.kind]


class _Reading:
    """One KPI's names, looked up by what the description says of them."""

    def __init__(self, kpi: Description, known: Mapping[Quantity, str]) -> None:
        self.kpi = kpi
        self.known = known
        self.measures: dict[str, Measure] = {measure.id: measure for measure in kpi.measures}
        self.cut_by: dict[str, list[Breakdown]] = {
            measure.id: [breakdown for breakdown in kpi.breakdowns if measure.id in breakdown.measures]
            for measure in kpi.measures
        }
        self.points: dict[tuple[int, str], list[Quantity]] = defaultdict(list)
        for quantity in sorted(known):
            if quantity.measure in self.measures:
                self.points[quantity.period, quantity.stands].append(quantity)

    def same(self) -> dict[str, str]:
        """Return the one name of every count that has several: the one that is named first."""
        root: dict[str, str] = {}
        for relation in self.kpi.relations:
            if relation.kind != "same":
                continue
            for wholes, _, parts in self._instances(relation):
                for whole, part in itertools.product(wholes, parts):
                    root[part] = root.get(whole, whole)
        return root

    def rates(self) -> list[Link]:
        return [
            Link("at_most", self.known[whole], (self.known[part],))
            for part, whole in self._pairs()
            if self._either_of_people(part, whole)
        ]

    def breakdowns(self) -> list[Link]:
        """Return what the parts of a breakdown say of the national count, at every point."""
        links: list[Link] = []
        for quantities in self.points.values():
            here = {
                (quantity.measure, quantity.part, quantity.breakdown, quantity.category): self.known[quantity]
                for quantity in quantities
            }
            for measure, breakdowns in self.cut_by.items():
                for part, breakdown in itertools.product(PARTS, breakdowns):
                    if not is_of_people(self.measures[measure], part):
                        continue
                    total = here.get((measure, part, *NATIONAL))
                    categories = [category.code for category in breakdown.categories]
                    places = [here.get((measure, part, breakdown.id, code)) for code in categories]
                    names = tuple(place for place in places if place is not None)
                    if total is None or not names:
                        continue
                    whole_is_there = len(names) == len(places)
                    if breakdown.adds_up(measure) and whole_is_there:
                        links.append(Link("adds_up", total, names))
                    links += [Link("at_most", total, (name,)) for name in names]
                    if not breakdown.adds_up(measure) and whole_is_there:
                        links.append(Link("covered", total, names))
        return links

    def declared(self) -> list[Link]:
        links: list[Link] = []
        for relation in self.kpi.relations:
            for wholes, beside, parts in self._instances(relation):
                for whole in wholes:
                    if relation.kind in {"at_most", "union"}:
                        links += [Link("at_most", whole, (part,)) for part in parts]
                    if relation.kind == "union":
                        # A part that is not there was not collected: it has nobody.
                        links.append(Link("covered", whole, tuple(parts)))
                    if relation.kind == "disjoint":
                        links.append(Link("disjoint", whole, tuple(parts)))
                    if len(parts) == len(relation.parts) and len(beside) == len(relation.beside):
                        if relation.kind == "sum":
                            links.append(Link("adds_up", whole, tuple(parts)))
                        if relation.kind == "covered":
                            links.append(Link("covered", whole, tuple(parts), tuple(beside)))
        return links

    def summed(self) -> set[str]:
        """Return the names in declared sums of national counts."""
        sums = [relation for relation in self.kpi.relations if relation.kind == "sum" and "@" not in relation.whole]
        return {name for relation in sums for _, _, parts in self._instances(relation) for name in parts}

    def cumulation(self) -> list[Link]:
        return [
            Link("at_most", later, (earlier,))
            for line in self._lines(lambda measure: measure.cumulative and not measure.newest_only)
            for earlier, later in itertools.pairwise(line)
        ]

    def series(self) -> list[tuple[str, ...]]:
        return self._lines(lambda _: True)

    def groups(self) -> list[Group]:
        alike = [
            Group(self.known[part], self.known[whole], none_too=True)
            for part, whole in self._pairs()
            if is_of_people(self.measures[part.measure], "numerator")
        ]
        for link in self.breakdowns():
            if link.kind == "adds_up" and parse(link.whole).part == "numerator":
                counts = (part for part in link.parts if self.measures[parse(part).measure].kind == "count")
                alike += [Group(part, link.whole, none_too=False) for part in counts]
        return alike

    def _pairs(self) -> list[tuple[Quantity, Quantity]]:
        pairs = (
            (quantity, quantity._replace(part="denominator"))
            for quantity in sorted(self.known)
            if quantity.part == "numerator"
        )
        return [(part, whole) for part, whole in pairs if whole in self.known and part.measure in self.measures]

    def _either_of_people(self, part: Quantity, whole: Quantity) -> bool:
        measure = self.measures[part.measure]
        return is_of_people(measure, part.part) or is_of_people(measure, whole.part)

    def _lines(self, wanted: Callable[[Measure], bool]) -> list[tuple[str, ...]]:
        """Return the names of each series in order of its days, within one period."""
        lines: dict[Quantity, list[tuple[str, str]]] = defaultdict(list)
        for quantity, name in self.known.items():
            measure = self.measures.get(quantity.measure)
            if measure and wanted(measure) and quantity.stands != YEARLY and is_of_people(measure, quantity.part):
                lines[quantity._replace(stands="")].append((quantity.stands, name))
        return [tuple(name for _, name in sorted(line)) for _, line in sorted(lines.items())]

    def _instances(self, relation: Relation) -> list[tuple[list[str], list[str], list[str]]]:
        """Return wholes, what is beside them, and parts at each point (or each category there) with both."""
        *_, breakdown, category = reference_parts(relation.whole)
        in_each = breakdown and not category
        meant = {reference_parts(reference)[0] for reference in (relation.whole, *relation.beside, *relation.parts)}
        instances = []
        for point in self.points.values():
            quantities = [quantity for quantity in point if quantity.measure in meant]
            codes = (
                {quantity.category for quantity in quantities if quantity.breakdown == breakdown} if in_each else {""}
            )
            for code in sorted(codes):
                here = [quantity for quantity in quantities if code in ("", quantity.category)]
                wholes, beside, parts = (
                    [self.known[quantity] for reference in some for quantity in here if matches(reference, quantity)]
                    for some in ((relation.whole,), relation.beside, relation.parts)
                )
                if wholes and parts:
                    instances.append((wholes, beside, parts))
        return instances


def matches(reference: str, quantity: Quantity) -> bool:
    """Return whether a reference in a relation means this quantity, at whatever point."""
    measure, part, breakdown, category = reference_parts(reference)
    if (quantity.measure, quantity.part) != (measure, part):
        return False
    if not breakdown:
        return (quantity.breakdown, quantity.category) == NATIONAL
    return quantity.breakdown == breakdown and category in ("", quantity.category)
