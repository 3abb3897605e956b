"""One KPI's way through disclosure control: what is told of it is audited, and withheld until the attacker fails.

In stages, each made from the one before: counts, roundings (``counts.py``), what is told (``told.py``), and what the
attacker finds in that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from functions.compute_kpis.protection.audit import Finding, Rule, audit
from functions.compute_kpis.protection.counts import Counts, Roundings, Terms, counts_of, rounded
from functions.compute_kpis.protection.knowledge import Link, Release
from functions.compute_kpis.protection.ledger import (
    Entry,
    no_longer_nobody,
    revised,
    scope_of,
    sign_to_reader,
    the_same,
)
from functions.compute_kpis.protection.lots import Memory
from functions.compute_kpis.protection.quantities import parse
from functions.compute_kpis.protection.rounding import ENFORCED
from functions.compute_kpis.protection.told import Told, told
from functions.compute_kpis.protection.withholding import EVERY, Place, steps

if TYPE_CHECKING:
    from functions.compute_kpis.protection.ledger import Scope
    from placements_kpi.results import KpiResult


@dataclass(frozen=True)
class Doubts:
    """What a reader who is contradicted by what is published no longer believes."""

    adding_up: frozenset[int] = frozenset()
    """Periods of which not all that is published can add up."""
    restated: frozenset[int] = frozenset()
    """Periods of which no earlier figure can be of the same counts as one of this release."""

    def after(self, contradicted: frozenset[int]) -> Doubts:
        """Return these and the next, by period: first that all adds up, then that earlier figures are of the same."""
        return Doubts(self.adding_up | contradicted, self.restated | (contradicted & self.adding_up))


@dataclass(frozen=True)
class Guarded:
    """What is told of one KPI, and what the attacker finds in it."""

    told: Told
    entries: Mapping[str, Entry]
    doubts: Doubts
    findings: tuple[Finding, ...]
    """Of who believes earlier figures, and of who does not where their day changed."""
    attempts: int = 0
    """How often more was withheld."""

    @property
    def counts(self) -> Counts:
        """Return the counts behind it."""
        return self.told.roundings.counts

    @property
    def withheld(self) -> list[str]:
        """Return what was withheld so that nothing can be worked out, in words for the record."""
        return sorted("/".join((self.counts.description.id, *map(str, place))) for place in self.told.places)

    @property
    def failing(self) -> list[str]:
        """Return the names of the counts that the attacker can work out."""
        width = self.counts.terms.disclosure.width
        failing = [
            failure.name or self.counts.description.id for finding in self.findings for failure in finding.failing
        ]
        revisions = [pair for finding in self.findings for pair in self._revisions(finding).items()]
        narrow = [name for name, left in revisions if left < width]
        return list(dict.fromkeys([*failing, *narrow]))

    @property
    def alike(self) -> set[str]:
        """Return those of them where everybody of a group is."""
        return {failure.name for finding in self.findings for failure in finding.failing if failure.why == "group"}

    @property
    def cells(self) -> int:
        """Return how many counts were looked at."""
        return len(self.findings[-1].cells)

    @property
    def increments(self) -> int:
        """Return how many increments and revisions were looked at."""
        return len(self.findings[-1].increments) + len(self._revisions(self.findings[-1]))

    @property
    def enforced(self) -> tuple[Link, ...]:
        """Return the links that published numbers are taken to keep to, also where they are hidden."""
        return _enforced(self.counts, self.doubts)

    def scopes_restated(self) -> frozenset[Scope]:
        """Return every day of the periods that are restated, by its scope in the ledger."""
        return _scopes_restated(self.counts, self.entries, self.doubts)

    def _revisions(self, finding: Finding) -> dict[str, int]:
        """Return how wide each revised count's change can be for a reader: what old and new value leave of it."""
        past = self.counts.terms.past
        widths = {}
        for name in revised(past.entries, self.entries):
            if (
                sign_to_reader(past.entries[name]) is not None
                and sign_to_reader(self.entries[name]) is not None
                and name in finding.cells
                and name not in self.counts.exact
            ):
                before = past.entries[name].shown
                left = 2 * (past.pages[-1].base - 1) if isinstance(before, int) and before else 0
                widths[name] = finding.cells[name].width + left
        return widths


def guarded(kpi: KpiResult, terms: Terms) -> Guarded:
    """Round a KPI, then withhold until the attacker fails; ``failing`` has what he can still work out.

    Where nobody was counted anew since the release before, what that withheld is withheld from the start: else a figure
    could be shown again for no more than that there is one release more (publishing#month-ends).
    """
    counts = counts_of(kpi, terms)
    known = {name: terms.past.entries.get(name) for name in counts.by_name if name not in counts.exact}
    again = all(entry and entry.seal == terms.key.seal(name, counts.by_name[name]) for name, entry in known.items())
    if again:  # nothing is shown anew, so whoever takes it for the same learns nothing
        return _settled(rounded(counts), terms.past.withheld(counts.versioned), daring=False)
    return settled(rounded(counts))


def settled(roundings: Roundings, places: frozenset[Place] = frozenset()) -> Guarded:
    """Return what can be told where these ``places`` are withheld, and more of them until the attacker fails.

    Who takes all that is shown as before for the same blocks no release and costs no headline: where nothing less stops
    him, he is left out (docs/decisions/0034).
    """
    found = _settled(roundings, places, daring=True)
    headline = Place(roundings.counts.description.headline, EVERY, EVERY)
    return _settled(roundings, places, daring=False) if found.failing or headline in found.told.places else found


def _settled(roundings: Roundings, places: frozenset[Place], *, daring: bool) -> Guarded:
    memory, doubts, attempts = Memory(), Doubts(), 0
    ways: dict[str, Iterator[frozenset[Place]]] = {}
    while True:
        now = _audited(told(roundings, places), doubts, memory, attempts, daring=daring)
        if not now.failing or attempts >= roundings.counts.terms.disclosure.attempts:
            return now
        more = _more_withheld(now, ways)
        if not more:
            return now
        places, doubts, attempts = now.told.places | more, now.doubts, attempts + 1


def _audited(shown: Told, doubts: Doubts, memory: Memory, attempts: int, *, daring: bool) -> Guarded:
    """Return what is found by readers who believe more or less of earlier figures, the one who believes least last.

    Only one is right where counts were hidden, shown again, or of nobody (:meth:`Past.shown`); none may learn.
    """
    counts, cells = shown.roundings.counts, shown.cells()
    terms, structure = counts.terms, counts.structure
    used, past = terms.disclosure, terms.past
    entries = {
        name: Entry(
            shown=cell.shown,
            rounded=shown.roundings.rounded.get(name, counts.by_name[name]),
            seal=None if name in counts.exact else terms.key.seal(name, counts.by_name[name]),
        )
        for name, cell in sorted(cells.items())
    }
    release = Release(cells, used.base, tuple(shown.percentages()), used.floor)
    attack = partial(
        audit,
        links=structure.links,
        rule=Rule(used.width, used.threshold, used.solver_seconds, used.few_accepted),
        series=structure.series,
        groups=structure.groups,
        categories=structure.categories,
        external=used.external_totals,
        memory=memory,
    )
    somebody = no_longer_nobody(past.entries, entries)
    changed = {*revised(past.entries, entries), *somebody}
    kept = {*the_same(past.entries, entries, other_key=terms.other_key), *somebody}
    while True:
        again = _scopes_restated(counts, entries, doubts)
        unmoved = [*past.shown(counts.versioned, again | {scope_of(name) for name in changed - kept}), release]
        forgotten = [
            *past.shown(counts.versioned, again | {scope_of(name) for name in changed}, believed=False),
            release,
        ]
        enforced = _enforced(counts, doubts)
        findings = [attack(seen, enforced=enforced) for seen in [unmoved] * (unmoved != forgotten) + [forgotten]]
        # Who believes the most may be wrong in that. Who does not, and is contradicted all the same, first trusts
        # no longer that what is published adds up; then the period is restated, marked.
        contradicted = findings[-1].periods_contradicted - doubts.restated
        if not contradicted:
            break
        doubts = doubts.after(contradicted)
    # Who takes what is shown as before for the same does so no longer of periods where that cannot be.
    his = doubts
    while (
        daring and (seen := past.daring(counts.versioned, _scopes_restated(counts, entries, his), release)) != forgotten
    ):
        finding = attack(seen, enforced=enforced, all_or_none=True)
        more = finding.periods_contradicted - his.restated
        if not more:
            findings[:0] = [finding] * (finding.considered > 0)
            break
        his = replace(his, restated=his.restated | more)
    return Guarded(shown, entries, doubts, tuple(findings), attempts)


def _enforced(counts: Counts, doubts: Doubts) -> tuple[Link, ...]:
    return tuple(
        link
        for link in counts.structure.links
        if link.kind in ENFORCED and parse(link.whole).period not in doubts.adding_up
    )


def _scopes_restated(counts: Counts, entries: Iterable[str], doubts: Doubts) -> frozenset[Scope]:
    if not doubts.restated:
        return frozenset()
    names = (name for name in (*counts.terms.past.entries, *entries) if name.startswith(f"{counts.versioned}/"))
    return frozenset(scope_of(name) for name in names if parse(name).period in doubts.restated)


def _more_withheld(now: Guarded, ways: dict[str, Iterator[frozenset[Place]]]) -> frozenset[Place]:
    """Return one step more for each failing count; nothing if that hides nothing that was told."""
    counts, shown = now.counts, now.told
    more: set[Place] = set()
    hides = False
    for name in now.failing:
        if name not in ways:
            # When everybody was alike is not to be told: the row goes at every point.
            loses = _points if name in now.alike else shown.numbers_at
            sums = [link for link in counts.structure.links if name in link.parts and len(link.parts) > 1]
            wholes = [member for link in sums for member in counts.members[link.whole]]
            ways[name] = steps(counts.description, counts.members.get(name, ()), wholes, shown.smallest_other, loses)
        for places in ways[name]:
            more |= places
            if any(sign is not None for figure in shown.at(places) for _, sign in shown.signs(figure)):
                hides = True
                break
    return frozenset(more) if hides else frozenset()


def _points(places: frozenset[Place]) -> int:
    return sum(place.stands != EVERY for place in places)
