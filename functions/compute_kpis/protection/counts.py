"""The counts of one KPI, each under one name, and what they are rounded to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from functions.compute_kpis.protection.knowledge import Link
from functions.compute_kpis.protection.quantities import Part, Quantity, is_of_people, parse, quantity, true_counts
from functions.compute_kpis.protection.rounding import Method, bound_by, neighbours, round_all
from functions.compute_kpis.protection.structure import Structure, structure_of
from placements_kpi import months

if TYPE_CHECKING:
    from functions.compute_kpis.protection.keys import RoundingKey
    from functions.compute_kpis.protection.ledger import Past
    from placements_kpi.results import Description, Figure, KpiResult, Measure
    from placements_kpi.settings import Disclosure


@dataclass(frozen=True)
class Terms:
    """What is the same for every KPI of a release."""

    disclosure: Disclosure
    key: RoundingKey
    past: Past

    @property
    def other_key(self) -> bool:
        """Return whether the newest release was rounded by another key."""
        pages = self.past.pages
        return bool(pages) and pages[-1].key_id != self.key.key_id


@dataclass(frozen=True)
class Counts:
    """The counts of one KPI in this release and before."""

    kpi: KpiResult
    terms: Terms
    measures: Mapping[str, Measure]
    true: Mapping[str, int]
    """By every name that a count of this release has."""
    structure: Structure
    exact: frozenset[str]
    """Those not about people, published as they are."""
    members: Mapping[str, tuple[Quantity, ...]]
    """What has one count, by its one name."""
    by_name: Mapping[str, int]
    """The counts of this release, by their one name."""

    @property
    def description(self) -> Description:
        """Return what the KPI is."""
        return self.kpi.description

    @property
    def versioned(self) -> str:
        """Return the KPI as the ledger knows it: another definition counts another thing."""
        return f"{self.description.id}@{self.description.definition_version}"

    def quantity(self, figure: Figure, part: Part) -> Quantity:
        """Return what one part of a figure shows."""
        return quantity(self.description, self.measures[figure.measure], figure, part)

    def name(self, figure: Figure, part: Part) -> str:
        """Return the one name of the count that one part of a figure shows."""
        return self.structure.of(self.quantity(figure, part).name)


@dataclass(frozen=True)
class Roundings:
    """What the counts of people become."""

    counts: Counts
    rounded: Mapping[str, int]
    broken: frozenset[tuple[str, int, str, str]]
    """Measure, period, day and breakdown of lines that cannot add up."""
    held: frozenset[str] = frozenset()
    """Names that were to stay what they were published as, if they may."""


def counts_of(kpi: KpiResult, terms: Terms) -> Counts:
    """Give every count of a KPI its name, and unite the names of one count."""
    measures = {measure.id: measure for measure in kpi.description.measures}
    true = true_counts(kpi.description, (figure for figure in kpi.figures if months.is_end(figure.as_of)))
    scope = f"{kpi.description.id}@{kpi.description.definition_version}/"
    past = [name for name in terms.past.entries if name.startswith(scope) and parse(name).measure in measures]
    names = {*true, *past}
    structure = structure_of(kpi.description, names)
    members: dict[str, list[Quantity]] = defaultdict(list)
    for name in sorted(names):
        members[structure.of(name)].append(parse(name))
    return Counts(
        kpi,
        terms,
        measures,
        true,
        structure,
        exact=frozenset(
            structure.of(name) for name in names if not is_of_people(measures[parse(name).measure], parse(name).part)
        ),
        members={name: tuple(quantities) for name, quantities in members.items()},
        by_name={structure.of(name): count for name, count in true.items()},
    )


def rounded(counts: Counts, held: frozenset[str] = frozenset()) -> Roundings:
    """Round the counts of people, such that what holds between them still does, and with earlier releases.

    What is ``held`` stays what it was published as, if that is one of the two multiples next to it.
    """
    used, key = counts.terms.disclosure, counts.terms.key
    people = {name: count for name, count in counts.by_name.items() if name not in counts.exact}
    # A count of anybody that is shown as nobody would lie between 1 and the base less 1: less than the width.
    least = used.base if used.base - 2 < used.width else 0
    method = Method(used.base, least, used.solver_seconds, 2 * (used.base - 1) - used.width)
    published = {name: entry.rounded for name, entry in counts.terms.past.entries.items() if name in people}
    bound, sums = _bound(counts, people, least, held), _exact_sums(counts, people)
    rounding = round_all(people, counts.structure, _of_people(counts, people), method, key, published, bound, sums)
    broken = frozenset(
        (member.measure, member.period, member.stands, member.breakdown)
        for link in rounding.broken
        for part in link.parts
        for member in counts.members[part]
        if member.breakdown != "national"
    )
    return Roundings(counts, dict(rounding.counts), broken, held)


def _bound(counts: Counts, people: Mapping[str, int], least: int, held: frozenset[str]) -> dict[str, int]:
    """Return what counts must become after earlier releases, and so as not to be above an exact one they are of."""
    past, key, base = counts.terms.past, counts.terms.key, counts.terms.disclosure.base
    bound: dict[str, int] = {}
    for link in counts.structure.links:
        part = link.parts[0]
        if link.kind == "at_most" and link.whole in counts.exact and part in people and link.whole in counts.by_name:
            down, up = neighbours(people[part], base)
            if up > counts.by_name[link.whole]:
                bound[part] = down
    for name, count in people.items():
        if name not in past.entries:
            continue
        before = past.entries[name].rounded
        is_national = parse(name).breakdown == "national"
        only = bound_by(count, past.counts_behind(name, key, base), base, least if is_national else 0)
        if only is not None:
            bound[name] = only
        elif (counts.terms.other_key or name in held) and before in neighbours(count, base):
            bound[name] = before  # With another key nobody can tell what has changed: what can stay stays.
    return bound


def _exact_sums(counts: Counts, people: Mapping[str, int]) -> list[tuple[int, tuple[str, ...]]]:
    """Return exact counts that are sums of counts of people, with what they are the sums of."""
    return [
        (counts.by_name[link.whole], link.parts)
        for link in counts.structure.links
        if link.kind == "adds_up" and link.whole in counts.exact and link.whole in counts.by_name
        if all(part in people for part in link.parts)
    ]


def _of_people(counts: Counts, people: Mapping[str, int]) -> list[Link]:
    """Return the links between counts of people of this release; a part that is not there has nobody."""
    links = []
    for link in counts.structure.links:
        parts = tuple(part for part in link.parts if part in people)
        whole_line = len(parts) == len(link.parts)
        wholes_there = all(name in people for name in (link.whole, *link.beside))
        if wholes_there and parts and (whole_line or link.kind == "covered"):
            links.append(Link(link.kind, link.whole, parts, link.beside))
    return links
