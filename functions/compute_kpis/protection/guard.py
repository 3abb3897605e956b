"""One KPI's way through disclosure control: what is told of it is audited, and withheld until the attacker fails.

In stages, each made from the one before: counts, roundings (``counts.py``), what is told (``told.py``), and what the
attacker finds in that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
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

_SEARCHES = 32
"""How many ends one audit searches for exactly for a reader who blocks no release (docs/decisions/0034): each takes as
long as the solver is given at most, and all of them less than the function is."""


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
    def is_too_much(self) -> bool:
        """Return whether it was too much to find out what somebody can work out who blocks no release."""
        return not all(finding.is_whole for finding in self.findings)

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
        return _settled(rounded(counts), terms.past.withheld(counts.versioned), Memory(), daring=False)
    return settled(rounded(counts))


def settled(roundings: Roundings, places: frozenset[Place] = frozenset()) -> Guarded:
    """Return what can be told where these ``places`` are withheld, and more of them until the attacker fails.

    Numbers that would leave too little to who rightly takes the change of their day for one person stay what they were
    published as, where that is safe (docs/decisions/0034).
    """
    memory = Memory()
    found = _least_withheld(roundings, places, memory)
    held = _known_by_one_more(found, memory) - roundings.held
    if not held:
        return found
    stays = settled(rounded(roundings.counts, roundings.held | held), places)
    return found if stays.failing or _headline(stays.counts) in stays.told.places else stays


def _least_withheld(roundings: Roundings, places: frozenset[Place], memory: Memory) -> Guarded:
    """Return what is found with the reader who takes all that is shown as before for the same.

    He blocks no release and costs no headline: where nothing less stops him, he is left out (docs/decisions/0034).
    """
    found = _settled(roundings, places, memory, daring=True)
    blocks = found.failing or _headline(roundings.counts) in found.told.places
    return _settled(roundings, places, memory, daring=False) if blocks else found


def _headline(counts: Counts) -> Place:
    return Place(counts.description.headline, EVERY, EVERY)


def _settled(roundings: Roundings, places: frozenset[Place], memory: Memory, *, daring: bool) -> Guarded:
    doubts, attempts = Doubts(), 0
    ways: dict[str, Iterator[frozenset[Place]]] = {}
    while True:
        now = _audited(told(roundings, places), doubts, memory, attempts, daring=daring)
        if not now.failing or now.is_too_much or attempts >= roundings.counts.terms.disclosure.attempts:
            return now
        more = _more_withheld(now, ways)
        if not more:
            return now
        places, doubts, attempts = now.told.places | more, now.doubts, attempts + 1


class _Telling:
    """What is told, as entries of the ledger and as a release to attack."""

    def __init__(self, shown: Told, memory: Memory) -> None:
        counts, cells = shown.roundings.counts, shown.cells()
        terms, structure = counts.terms, counts.structure
        used = terms.disclosure
        self.entries = {
            name: Entry(
                shown=cell.shown,
                rounded=shown.roundings.rounded.get(name, counts.by_name[name]),
                seal=None if name in counts.exact else terms.key.seal(name, counts.by_name[name]),
            )
            for name, cell in sorted(cells.items())
        }
        self.release = Release(cells, used.base, tuple(shown.percentages()), used.floor)
        self.rule = Rule(used.width, used.threshold, used.solver_seconds, used.few_accepted)
        self.attack = partial(
            audit,
            links=structure.links,
            rule=self.rule,
            series=structure.series,
            groups=structure.groups,
            categories=structure.categories,
            external=used.external_totals,
            memory=memory,
        )
        past = terms.past.entries
        somebody = no_longer_nobody(past, self.entries)
        self.changed = {*revised(past, self.entries), *somebody}
        self.kept = {*the_same(past, self.entries, other_key=terms.other_key), *somebody}


def _audited(shown: Told, doubts: Doubts, memory: Memory, attempts: int, *, daring: bool) -> Guarded:
    """Return what is found by readers who believe more or less of earlier figures, the one who believes least last.

    Only one is right where counts were hidden, shown again, or of nobody (:meth:`Past.shown`); none may learn.
    """
    counts, telling = shown.roundings.counts, _Telling(shown, memory)
    past, entries, release, attack = counts.terms.past, telling.entries, telling.release, telling.attack
    while True:
        again = _scopes_restated(counts, entries, doubts)
        unmoved, forgotten = (
            [*past.shown(counts.versioned, again | {scope_of(name) for name in anew}, believed=believes), release]
            for anew, believes in ((telling.changed - telling.kept, True), (telling.changed, False))
        )
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
        finding = attack(seen, enforced=enforced, rule=replace(telling.rule, searches=_SEARCHES), all_or_none=True)
        more = finding.periods_contradicted - his.restated
        if not more:
            findings[:0] = [finding] * (finding.considered > 0)
            break
        his = replace(his, restated=his.restated | more)
    return Guarded(shown, entries, doubts, tuple(findings), attempts)


def _known_by_one_more(found: Guarded, memory: Memory) -> frozenset[str]:
    """Return the counts revised on days of which too little is left to who rightly takes that for one person added.

    He is left with no more numbers than the base by the change alone; other counts of the day may take some off.
    """
    counts, telling = found.counts, _Telling(found.told, memory)
    past, used, release = counts.terms.past, counts.terms.disclosure, telling.release
    again = _scopes_restated(counts, found.entries, found.doubts)
    changed = {scope_of(name) for name in telling.changed}
    days = _one_more(counts, found.entries, changed - again)
    rule = replace(telling.rule, width=min(used.width, used.base - 1), searches=_SEARCHES)
    while days:
        cells = {
            name: replace(cell, anew=True, one_more=True) if scope_of(name) in days and not cell.exact else cell
            for name, cell in release.cells.items()
        }
        seen = past.shown(counts.versioned, again | (changed - days), believed=False)
        finding = telling.attack(
            [*seen, replace(release, cells=cells)], enforced=found.enforced, rule=rule, all_or_none=True
        )
        if not finding.considered and (wrong := {day for day in days if day[1] in finding.periods_contradicted}):
            days -= wrong  # it was not one person, as he sees
            continue
        known = {scope_of(failure.name) for failure in finding.failing if failure.name}
        periods = {(kpi, period) for kpi, period, _ in known - days}
        held = {day for day in days if day in known or day[:2] in periods}
        return frozenset(name for name in telling.changed if scope_of(name) in held)
    return frozenset()


def _one_more(counts: Counts, entries: Mapping[str, Entry], days: Collection[Scope]) -> frozenset[Scope]:
    """Return the days of which this release may count one person more than one before, and nothing else anew."""
    terms, key = counts.terms, counts.terms.key
    wrong = set()
    for name, before in terms.past.entries.items():
        if scope_of(name) in days and name in entries and before.seal is not None:
            seals = {page.entries[name].seal for page in terms.past.pages_with[name]}
            one_more = not seals.isdisjoint(key.seal(name, counts.by_name[name] - more) for more in (0, 1))
            # With another key nobody can tell.
            like = terms.other_key and abs(entries[name].rounded - before.rounded) <= terms.disclosure.base
            if not (one_more or like):
                wrong.add(scope_of(name))
    return frozenset(days) - wrong


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
