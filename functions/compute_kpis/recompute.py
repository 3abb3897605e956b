"""Recompute: work a release out again from the snapshots of its run, and say what differs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from functions.compute_kpis import catalogue, definitions, outcome, reconciliation, release
from functions.compute_kpis.calendars import load_calendars
from functions.compute_kpis.disclosure import protect
from functions.compute_kpis.pins import Pin
from functions.compute_kpis.record import record_key
from functions.compute_kpis.run import execute
from placements_kpi import settings as settings_of
from placements_kpi import store
from placements_kpi.results import Protected, Results

if TYPE_CHECKING:
    from placements_kpi.settings import ComputeSettings

MOST_DIFFERENCES = 50


def recompute(
    settings: ComputeSettings,
    release_id: str,
    *,
    budget_seconds: float = 600.0,
    folder: Path = catalogue.FOLDER,
) -> dict[str, Any]:
    """Return whether today's code gives the release byte for byte from its own snapshots, and where it does not.

    Differences are paths into the documents, never values: the exact results are
    private. A KPI that the release carried over is taken as it was. Nothing is written.
    Raises :class:`ReleaseError` if the release, or the record of its run, is not there.
    """
    s3 = store.s3_client()
    bucket = settings.data_bucket
    try:
        protected_bytes = store.read_bytes(s3, bucket, release.release_key(release_id))
        protected = Protected.model_validate_json(protected_bytes)
        record = store.read_json(s3, bucket, record_key(protected.run_id))
        results_bytes = store.read_bytes(s3, bucket, f"results/{protected.run_id}/results.json")
    except store.MissingObjectError as error:
        raise release.ReleaseError(
            f"release {release_id} cannot be recomputed: {error}; protected/ lists the releases there are"
        ) from None
    published = Results.model_validate_json(results_bytes)
    again, bytes_scanned = _again(settings, published, record, folder, budget_seconds)
    used = settings_of.Disclosure(**protected.disclosure.model_dump())
    protected_again = protect(again, used, release_id)
    differences = [
        *_differences("results", published.model_dump(mode="json"), again.model_dump(mode="json")),
        *_differences("protected", protected.model_dump(mode="json"), protected_again.model_dump(mode="json")),
    ]
    equal = (
        store.canonical_json(again.model_dump(mode="json")) == results_bytes
        and store.canonical_json(protected_again.model_dump(mode="json")) == protected_bytes
    )
    return {
        "release": release_id,
        "run_id": protected.run_id,
        "equal": equal,
        "differences": differences[:MOST_DIFFERENCES],
        "differences_found": len(differences),
        "code_version": {"of_release": published.code_version, "now": settings.code_version},
        "bytes_scanned": bytes_scanned,
        "outcome": "ok" if equal else "partial",
    }


def _again(
    settings: ComputeSettings, published: Results, record: dict[str, Any], folder: Path, budget_seconds: float
) -> tuple[Results, int]:
    lists = definitions.load_definitions()
    kpis, unusable = catalogue.load_catalogue(lists, folder)
    worked = {kpi.id for kpi in published.kpis if kpi.state == "ok"}
    pins = {facts.source: Pin(facts) for facts in published.sources}
    made = outcome.plan(
        published.as_of,
        [kpi for kpi in kpis if kpi.id in worked],
        [folder for folder in unusable if folder.id in worked],
        pins,
        load_calendars(lists),
    )
    snapshots = record["inputs"]["snapshots"]
    results, _, answers = execute(settings, made, snapshots, None, budget_seconds)
    found = {result.id: result for result in results}
    again_kpis = tuple(found.get(kpi.id, kpi) for kpi in published.kpis if kpi.id in found or kpi.state != "ok")
    again = published.model_copy(update={"snapshots": snapshots, "kpis": again_kpis})
    if published.checks:  # a release of before there were any has none
        made_then = reconciliation.was_made(published.checks)
        unknown = (
            reconciliation.unknown_values(snapshots, settings, budget_seconds) if made_then else reconciliation.NOT_MADE
        )
        checks = reconciliation.checks_of(published.sources, again_kpis, lists, unknown)
        again = again.model_copy(update={"definitions": lists.files, "checks": checks})
        answers |= {reconciliation.UnknownValues.id: unknown}
    return again, sum(answer.bytes_scanned for answer in answers.values())


def _differences(path: str, was: Any, now: Any) -> list[str]:
    """Return the paths at which two JSON documents differ; a list's entries are compared in order."""
    if isinstance(was, dict) and isinstance(now, dict):
        return [
            found for key in sorted({*was, *now}) for found in _differences(f"{path}.{key}", was.get(key), now.get(key))
        ]
    if isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        return [
            found
            for number, (old, new) in enumerate(zip(was, now, strict=True))
            for found in _differences(f"{path}[{_name(number, old)}]", old, new)
        ]
    return [] if was == now else [path]


def _name(number: int, entry: Any) -> str:
    return str(entry["id"]) if isinstance(entry, dict) and "id" in entry else str(number)
