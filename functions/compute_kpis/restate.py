"""Restate: what today's snapshots say of the day of a published release, as revisions of what was published."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from functions.compute_kpis.catalogue import loading
from functions.compute_kpis.protection import ledger
from functions.compute_kpis.recompute import work_out_again
from functions.compute_kpis.releases import revisions
from functions.compute_kpis.releases.disclosure import protect
from functions.compute_kpis.releases.published import changed_since, read_published
from functions.compute_kpis.run import work_out
from placements_kpi import store

if TYPE_CHECKING:
    from placements_kpi.results import SourceFacts
    from placements_kpi.settings import ComputeSettings

MOST_REVISIONS = 1000
"""As many are in the answer, which Lambda lets be 6 MB; the counts are of all of them."""


def restate(
    settings: ComputeSettings,
    release_id: str,
    *,
    budget_seconds: float = 600.0,
    folder: Path = loading.FOLDER,
) -> dict[str, Any]:
    """Return how the figures of a release would be revised if its day were worked out from today's snapshots.

    Both sides of a revision are after disclosure control, symbols included, so that the answer
    has no exact count about people. The release is also worked out again by today's statements from its own
    snapshots: ``changed_by_code`` counts the cells that come out otherwise even so, which no new data explains.
    ``sources`` are those whose snapshot is another one now. Nothing that anybody reads is changed.
    Raises :class:`ReleaseError` if the release, or what it was made from, is not there.
    """
    s3 = store.s3_client()
    published = read_published(s3, settings.data_bucket, release_id)
    kpis, unusable = loading.load_catalogue(published.definitions, folder)
    again = work_out_again(settings, published, kpis, unusable, budget_seconds / 2)
    computed = work_out(s3, settings, published.results.as_of, None, folder=folder, budget_seconds=budget_seconds / 2)
    past = ledger.read_past(s3, settings.data_bucket)
    now = protect(computed.results, settings.disclosure, release_id, computed.key, past).document
    revised = revisions.between(published.protected, now)
    return {
        "release": release_id,
        "as_of": published.results.as_of.isoformat(),
        "run_id": published.protected.run_id,
        "sources": _changed_sources(published.results.sources, computed.results.sources),
        **changed_since(settings, published, kpis, unusable),
        "cells_compared": revisions.shared_cells(published.protected, now),
        "revisions_found": len(revised),
        "revisions_by_kpi": dict(sorted(Counter(revision.kpi for revision in revised).items())),
        "changed_by_code": len(revisions.between(published.protected, again.protected)),
        "revisions": [revision.model_dump(mode="json") for revision in revised[:MOST_REVISIONS]],
        "failures": {kpi: failure.detail for kpi, failure in sorted(computed.failures.items())},
        "bytes_scanned": again.bytes_scanned + sum(answer.bytes_scanned for answer in computed.answers.values()),
        "outcome": "partial" if computed.failures or again.failures else "ok",
    }


def _changed_sources(was: tuple[SourceFacts, ...], now: tuple[SourceFacts, ...]) -> dict[str, Any]:
    """Return snapshot and date, then and now, of each source whose snapshot is another one."""
    earlier = {facts.source: facts for facts in was}
    return {
        facts.source: {"was": _snapshot(earlier.get(facts.source)), "now": _snapshot(facts)}
        for facts in now
        if _snapshot(earlier.get(facts.source)) != _snapshot(facts)
    }


def _snapshot(facts: SourceFacts | None) -> dict[str, Any] | None:
    if facts is None or facts.snapshot is None:
        return None
    return {"snapshot": facts.snapshot, "as_of": facts.as_of.isoformat() if facts.as_of else None}
