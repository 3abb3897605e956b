"""Disclosure control: exact results in, what may be published out. The only way from one to the other.

:func:`protect` rounds (:mod:`~functions.compute_kpis.protection.rounding`), withholds what
is too small, and lets the attacker (:mod:`~functions.compute_kpis.protection.audit`) try
what is left, with all that earlier releases showed. What the attacker can work out is
withheld in the order of :mod:`~functions.compute_kpis.protection.withholding`, and he tries
again, a set number of times; then nothing is released.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from functions.compute_kpis.contract import SOURCE_OF_TABLE
from functions.compute_kpis.protection.guard import Guard, KpiGuard
from functions.compute_kpis.protection.ledger import Page, Past, page_of
from functions.compute_kpis.protection.rounding import Method, preferred_of
from placements_kpi.errors import PlacementsKpiError
from placements_kpi.results import Check, Protected, Results, SourceFacts, TableFacts, Verdict, figures_digest
from placements_kpi.results import Disclosure as UsedDisclosure

if TYPE_CHECKING:
    from functions.compute_kpis.protection.keys import RoundingKey
    from placements_kpi.settings import Disclosure

PERSON_TABLES = frozenset({"application_choices", "trainees", "mentor_allocations", "vacancy_applications"})
"""Tables with a row about a person; how many rows they have is a count of people too."""


class DisclosureError(PlacementsKpiError):
    """Something could be worked out from the release, whatever was withheld; nothing may be published."""


REFUSED = "It did not pass the checks that we make"
"""In place of an error of a source about people that has a number."""


@dataclass(frozen=True)
class Protection:
    """A release that passed, and what it adds to the ledger."""

    document: Protected
    page: Page


def protect(results: Results, disclosure: Disclosure, release: str, key: RoundingKey, past: Past) -> Protection:
    """Return ``results`` with nothing in it that may not be published, and nothing that can be worked out.

    Counts of people, their applications and their records are rounded; counts of schools,
    providers and vacancies are exact. Where a number may not or cannot be shown, a symbol
    stands and numerator, denominator and value are null: ``c`` confidential, ``low`` rounds
    to zero but is not, ``x`` not available, ``z`` no percentage of nothing. The same
    arguments give the same bytes. Raises :class:`DisclosureError` if the attacker still
    succeeds after ``disclosure.attempts`` rounds of withholding, with the names of the cells.
    """
    guards = [KpiGuard(kpi, Guard(disclosure, key, past)) for kpi in results.kpis]
    for guard in guards:
        guard.settle()
    failing = [name for guard in guards for name in guard.failing]
    attempts = max((guard.attempts for guard in guards), default=0)
    if failing:
        raise DisclosureError(
            f"release {release} is not safe to publish after {attempts} rounds of withholding: "
            f"{len(failing)} cells could be worked out, such as {', '.join(failing[:3])}; the current release stays"
        )
    facts = _Facts(disclosure.base, key)
    document = Protected(
        release=release,
        run_id=results.run_id,
        as_of=results.as_of,
        month_end=results.month_end,
        code_version=results.code_version,
        demonstration=results.demonstration,
        disclosure=UsedDisclosure(**disclosure.model_dump()),
        snapshots=results.snapshots,
        sources=tuple(facts.source(one) for one in results.sources),
        kpis=tuple(
            kpi.model_copy(update={"figures": guard.figures}) for kpi, guard in zip(results.kpis, guards, strict=True)
        ),
        definitions=results.definitions,
        checks=tuple(facts.check(check) for check in results.checks),
    )
    verdict = Verdict(
        state="passed",
        width=disclosure.width,
        threshold=disclosure.threshold,
        cells=sum(guard.cells for guard in guards),
        increments=sum(guard.increments for guard in guards),
        releases=past.releases,
        attempts=attempts,
        withheld=tuple(place for guard in guards for place in guard.withheld),
        key_id=key.key_id,
        digest=figures_digest(document),
    )
    entries = {name: entry for guard in guards for name, entry in guard.entries.items()}
    page = page_of(past, release, disclosure.base, key.key_id, entries)
    return Protection(document.model_copy(update={"verdict": verdict}), page)


@dataclass(frozen=True)
class _Facts:
    """Rounds what is counted of records about people outside the KPIs.

    The same count is rounded the same way under whatever name: one number may stand in a source's
    facts and in a check.
    """

    base: int
    key: RoundingKey

    def rounded(self, count: int) -> int:
        """Return the multiple of the base that stands for ``count``; nobody alone is 0."""
        return preferred_of("facts", count, Method(self.base, self.base, 0.0), self.key)

    def each(self, counts: Mapping[str, int]) -> dict[str, int]:
        """Return ``counts`` rounded."""
        return {name: self.rounded(count) for name, count in counts.items()}

    def source(self, facts: SourceFacts) -> SourceFacts:
        """Return the facts of a source with what is of people rounded."""
        of_people = facts.source in {SOURCE_OF_TABLE[name] for name in PERSON_TABLES}
        tables = tuple(self.table(one) if one.table in PERSON_TABLES else one for one in facts.tables)
        update: dict[str, object] = {"tables": tables}
        if of_people:
            update["notes"] = self.each(facts.notes)
            # An error may say how many rows there were; the run record has it for the operator.
            if facts.last_attempt and any(map(str.isnumeric, facts.last_attempt)):
                update["last_attempt"] = REFUSED
        return facts.model_copy(update=update)

    def table(self, facts: TableFacts) -> TableFacts:
        """Return the facts of a table with rounded parts and their sum as the total, so that it adds up."""
        kept, duplicates, refused = self.rounded(facts.kept), self.rounded(facts.duplicates), self.each(facts.refused)
        return facts.model_copy(
            update={
                "rows_in": kept + duplicates + sum(refused.values()),
                "kept": kept,
                "duplicates": duplicates,
                "refused": refused,
                "unknown_codes": self.each(facts.unknown_codes),
            }
        )

    def check(self, check: Check) -> Check:
        """Return a check with what it counts of people rounded; its sentence has no such number."""
        counts = tuple(
            count.model_copy(update={"count": self.rounded(count.count)}) if count.disclosure == "person" else count
            for count in check.counts
        )
        return check.model_copy(update={"counts": counts})
