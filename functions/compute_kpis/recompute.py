"""Recompute: work a release out again from the snapshots of its run, and say what differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from functions.compute_kpis.answers import month_ends, outcome, reconciliation
from functions.compute_kpis.catalogue import loading
from functions.compute_kpis.catalogue.calendars import load_calendars
from functions.compute_kpis.protection import keys, ledger
from functions.compute_kpis.releases import revisions
from functions.compute_kpis.releases.disclosure import protect
from functions.compute_kpis.releases.published import Published, changed_since, read_published
from functions.compute_kpis.run import execute
from functions.compute_kpis.sources import held
from functions.compute_kpis.sources.pins import Pin
from placements_kpi import store
from placements_kpi.results import digest_of

if TYPE_CHECKING:
    from functions.compute_kpis.catalogue.loading import Kpi, Unusable
    from placements_kpi.results import Protected, Results
    from placements_kpi.settings import ComputeSettings

MOST_DIFFERENCES = 50


@dataclass(frozen=True)
class Again:
    """A release worked out again by today's code from its own snapshots and definitions."""

    results: Results
    protected: Protected
    failures: Mapping[str, outcome.Failure]
    bytes_scanned: int


def recompute(
    settings: ComputeSettings,
    release_id: str,
    *,
    budget_seconds: float = 600.0,
    folder: Path = loading.FOLDER,
) -> dict[str, Any]:
    """Return whether today's code gives the release byte for byte from its own snapshots, and where it does not.

    The statements, descriptions and definitions (calendar, lists of categories) are those of the release, not
    today's files; a KPI that the release carried over is taken as it was, and what it repeated of people too;
    revisions are against the release that it was compared with then. ``changed_since`` names what of the code,
    the catalogue and the definitions is another today. Differences are paths into the
    documents, never values: the exact results are private. Fields that the documents did
    not have yet (``fields_since``) are left out of the comparison. Where a person was erased
    since, the snapshot in the old one's place is read, and ``rewritten`` names it by table:
    what differs may be that. Nothing is written.
    Raises :class:`ReleaseError` if the release, or what it was made from, is not there.
    """
    s3 = store.s3_client()
    published = read_published(s3, settings.data_bucket, release_id)
    again = work_out_again(settings, published, published.kpis, [], budget_seconds)
    kpis, unusable = loading.load_catalogue(published.definitions, folder)
    fields_since: set[str] = set()
    differences: list[str] = []
    equal = True
    for name, was, now, body in (
        ("results", published.results, again.results, published.results_bytes),
        ("protected", published.protected, again.protected, published.protected_bytes),
    ):
        document = _as_then(was, now.model_dump(mode="json"), fields_since)
        if document.get("verdict"):
            document["verdict"]["digest"] = digest_of(document)  # of what it had then
        differences += _differences(name, was.model_dump(mode="json", exclude_unset=True), document)
        equal = equal and store.canonical_json(document) == body
    return {
        "release": release_id,
        "run_id": published.protected.run_id,
        "compared_with": published.protected.compared_with,
        "equal": equal,
        "differences": differences[:MOST_DIFFERENCES],
        "differences_found": len(differences),
        "fields_since": sorted(fields_since),
        **changed_since(settings, published, kpis, unusable),
        "failures": {kpi: failure.detail for kpi, failure in sorted(again.failures.items())},
        "rewritten": dict(published.rewritten),
        "bytes_scanned": again.bytes_scanned,
        "outcome": "ok" if equal else "partial",
    }


def work_out_again(
    settings: ComputeSettings, published: Published, kpis: list[Kpi], unusable: list[Unusable], budget_seconds: float
) -> Again:
    """Return the release worked out again by these KPIs, those of then or today's; all else is as it was then.

    Raises :class:`functions.compute_kpis.sources.held.RowsMovedError` if rows went while they were read.
    """
    results = published.results
    worked = {kpi.id for kpi in results.kpis if kpi.state == "ok"}
    missing = {
        source: why
        for kpi in results.kpis
        if kpi.state == "ok"
        for source, why in kpi.missing.items()
        if source not in kpi.source_dates
    }
    plan = outcome.plan(
        results.as_of,
        [kpi for kpi in kpis if kpi.id in worked],
        [unused for unused in unusable if unused.id in worked],
        {facts.source: Pin(facts, missing.get(facts.source)) for facts in results.sources},
        load_calendars(published.definitions),
    )
    s3, bucket = store.s3_client(), settings.data_bucket
    before = held.look(s3, bucket, published.to_read)
    worked_again, failures, answers = execute(settings, plan, published.to_read, None, budget_seconds)
    pinned = published.snapshots
    then = {
        kpi.id: kpi
        for kpi in results.kpis
        if kpi.counted_on not in {None, results.as_of}
        or any(pinned.get(table, snapshot) != snapshot for table, snapshot in kpi.snapshots.items())
    }
    kept = {result.id: month_ends.kept(result, then.get(result.id)) for result in worked_again}
    again_kpis = tuple(kept.get(kpi.id, kpi) for kpi in results.kpis if kpi.id in kept or kpi.state != "ok")
    again = results.model_copy(update={"snapshots": published.to_read, "kpis": again_kpis})
    if results.checks:  # a release of before there were any has none
        made_then = reconciliation.was_made(results.checks)
        unknown = (
            reconciliation.unknown_values(published.to_read, settings, budget_seconds)
            if made_then
            else reconciliation.NOT_MADE
        )
        checks = reconciliation.checks_of(results.sources, again_kpis, published.definitions, unknown)
        again = again.model_copy(update={"checks": checks})
        answers |= {reconciliation.UnknownValues.id: unknown}
    held.check_still(s3, bucket, before)
    used = published.protected.disclosure
    key = keys.load(settings.rounding_secret_arn, settings.stage)
    # The ledger is read as the release saw it: it has grown since.
    verdict = published.protected.verdict
    past = ledger.read_past(s3, bucket, verdict.releases if verdict else ())
    now = protect(again, used, published.protected.release, key, past)
    protected = revisions.declare(now.document, published.compared_with, now.restated)
    return Again(again, protected, failures, sum(answer.bytes_scanned for answer in answers.values()))


def _as_then(was: Any, now: Any, since: set[str]) -> Any:
    """Return the JSON document ``now`` without the fields that ``was`` had not got yet; ``since`` gets their names."""
    if isinstance(was, BaseModel) and isinstance(now, dict):
        new = set(type(was).model_fields) - was.model_fields_set
        since |= {f"{type(was).__name__}.{name}" for name in new}
        return {name: _as_then(getattr(was, name), value, since) for name, value in now.items() if name not in new}
    if isinstance(was, tuple) and was and isinstance(now, list):
        return [_as_then(was[min(number, len(was) - 1)], value, since) for number, value in enumerate(now)]
    return now


def _differences(path: str, was: Any, now: Any) -> list[str]:
    """Return the paths at which two JSON documents differ; a list's entries are compared in order."""
    if isinstance(was, dict) and isinstance(now, dict):
        return [
            place for key in sorted({*was, *now}) for place in _differences(f"{path}.{key}", was.get(key), now.get(key))
        ]
    if isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        return [
            place
            for number, (old, new) in enumerate(zip(was, now, strict=True))
            for place in _differences(f"{path}[{_name(number, old)}]", old, new)
        ]
    return [] if was == now else [path]


def _name(number: int, entry: Any) -> str:
    return str(entry["id"]) if isinstance(entry, dict) and "id" in entry else str(number)
