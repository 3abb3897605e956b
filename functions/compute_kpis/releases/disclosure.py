"""Disclosure control: exact results in, what may be published out. The only way from one to the other.

:func:`protect` rounds (:mod:`~functions.compute_kpis.protection.rounding`), withholds what
is too small, and lets the attacker (:mod:`~functions.compute_kpis.protection.audit`) try
what is left, with all that earlier releases showed. What the attacker can work out is
withheld in the order of :mod:`~functions.compute_kpis.protection.withholding`, and he tries
again, a set number of times; then nothing is released.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from functions.compute_kpis.answers import reconciliation
from functions.compute_kpis.protection import record_counts
from functions.compute_kpis.protection.counts import Terms
from functions.compute_kpis.protection.guard import guarded
from functions.compute_kpis.protection.ledger import Page, Past, page_of
from functions.compute_kpis.protection.record_counts import (
    LISTS,
    PERSON_SOURCES,
    PERSON_TABLES,
    RecordCounts,
    unknown_code_label,
)
from placements_kpi.errors import PlacementsKpiError
from placements_kpi.results import (
    Check,
    CheckCount,
    Protected,
    Results,
    SourceFacts,
    Verdict,
    judged,
)

if TYPE_CHECKING:
    from functions.compute_kpis.protection.keys import RoundingKey
    from placements_kpi.facts import TableFacts
    from placements_kpi.settings import Disclosure


class DisclosureError(PlacementsKpiError):
    """Something could be worked out from the release, whatever was withheld; nothing may be published."""


@dataclass(frozen=True)
class Protection:
    """A release that passed, and what it adds to the ledger.

    ``withheld``, for operators: what was withheld so that it passed, as ``kpi/measure/breakdown/category/period/day``
    with ``*`` for all of them, or as the place of a count of records.
    """

    document: Protected
    page: Page
    withheld: tuple[str, ...]
    restated: frozenset[tuple[str, int]] = frozenset()
    """KPIs and their periods of which no earlier figure can be of the same counts."""


def protect(results: Results, disclosure: Disclosure, release: str, key: RoundingKey, past: Past) -> Protection:
    """Return ``results`` with nothing in it that may not be published, and nothing that can be worked out.

    Counts of people, their applications and their records are rounded; counts of schools,
    providers and vacancies are exact. Where a number may not or cannot be shown, a symbol
    stands and numerator, denominator and value are null: ``c`` confidential, ``low`` rounds
    to zero but is not, ``x`` not available, ``z`` no percentage of nothing. The same
    arguments give the same bytes. Raises :class:`DisclosureError` if the attacker still
    succeeds after ``disclosure.attempts`` rounds of withholding, with the names of the cells.
    """
    guards = [guarded(kpi, Terms(disclosure, key, past)) for kpi in results.kpis]
    records = record_counts.settle(results, guards, disclosure, key, past, release)
    failing = [name for guard in guards for name in guard.failing] + list(records.failing)
    attempts = max((guard.attempts for guard in guards), default=0)
    if failing:
        raise DisclosureError(
            f"release {release} is not safe to publish after {attempts} rounds of withholding: "
            f"{len(failing)} cells could be worked out, such as {', '.join(failing[:3])}; the current release stays"
        )
    document = Protected(
        release=release,
        run_id=results.run_id,
        as_of=results.as_of,
        month_end=results.month_end,
        code_version=results.code_version,
        demonstration=results.demonstration,
        disclosure=disclosure,
        snapshots=results.snapshots,
        sources=tuple(_source(facts, records) for facts in results.sources),
        kpis=tuple(
            kpi.model_copy(update={"figures": guard.told.figures})
            for kpi, guard in zip(results.kpis, guards, strict=True)
        ),
        definitions=results.definitions,
        checks=tuple(_check(check, records) for check in results.checks),
    )
    withheld = (*(place for guard in guards for place in guard.withheld), *records.withheld)
    verdict = Verdict(
        state="passed",
        width=disclosure.width,
        threshold=disclosure.threshold,
        cells=records.cells + sum(guard.cells for guard in guards),
        increments=records.increments + sum(guard.increments for guard in guards),
        releases=past.releases,
        attempts=attempts,
        withheld=len(withheld),
        key_id=key.key_id,
    )
    entries = {name: entry for guard in guards for name, entry in guard.entries.items()} | dict(records.entries)
    whole = (scope for guard in guards for scope in guard.scopes_restated())
    hidden = {guard.counts.versioned: guard.told.places for guard in guards}
    page = page_of(past, release, disclosure.base, disclosure.floor, key.key_id, entries, whole, hidden)
    restated = frozenset((guard.counts.description.id, period) for guard in guards for period in guard.doubts.restated)
    return Protection(judged(document, verdict), page, withheld, restated)


def _source(facts: SourceFacts, records: RecordCounts) -> SourceFacts:
    """Return the facts of a source with what is shown of records about people, and nothing else of them."""
    if facts.source not in PERSON_SOURCES:
        return facts
    people = [table.table for table in facts.tables if table.table in PERSON_TABLES]
    withheld = tuple(table for table in people if "kept" not in records.of(table, "rows"))
    return facts.model_copy(
        update={
            "tables": tuple(
                _table(table, records) if table.table in people else table
                for table in facts.tables
                if table.table not in withheld
            ),
            "notes": records.of(facts.source, "note"),
            "counted_on": records.counted_on.get(facts.source),
            "withheld": withheld,
        }
    )


def _table(facts: TableFacts, records: RecordCounts) -> TableFacts:
    """Return the facts of a table with what is shown of its parts and their sum as the total, so that it adds up."""
    rows, refused = records.of(facts.table, "rows"), records.of(facts.table, "refused")
    return facts.model_copy(
        update={
            **rows,
            "rows_in": sum(rows.values()) + sum(refused.values()),
            "refused": refused,
            "unknown_codes": records.of(facts.table, "unknown_code"),
        }
    )


def _check(check: Check, records: RecordCounts) -> Check:
    """Return a check with what is shown of the records about people that it counts, and what follows from that."""
    if check.id.startswith(reconciliation.ROWS):
        left_out = reconciliation.left_out(records.of(check.id.removeprefix(reconciliation.ROWS), "note"))
        return check.model_copy(
            update={
                "counts": tuple(
                    count.model_copy(update={"count": left_out}) if count.disclosure == "person" else count
                    for count in check.counts
                )
            }
        )
    shown = records.of(LISTS, "unknown_value") if check.id == LISTS else {}
    if shown:
        for table in sorted(PERSON_TABLES):
            codes = records.of(table, "unknown_code")
            shown |= {unknown_code_label(table, column): count for column, count in codes.items()}
    exact = [count for count in check.counts if count.disclosure != "person"]
    people = [CheckCount(label=label, count=count, disclosure="person") for label, count in shown.items()]
    order = {count.label: number for number, count in enumerate(check.counts)}
    counts = tuple(sorted((*people, *exact), key=lambda count: (order.get(count.label, len(order)), count.label)))
    return reconciliation.concluded(check, counts) if people else check.model_copy(update={"counts": counts})
