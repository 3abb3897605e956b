"""What figures can be carried over from: the results of the release before, without what was withdrawn since."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from functions.compute_kpis.releases import current, release
from placements_kpi import store
from placements_kpi.observability import logger
from placements_kpi.results import Results

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

    from placements_kpi.results import KpiResult


def results_key(run_id: str) -> str:
    """Return the key of a run's exact results."""
    return f"results/{run_id}/results.json"


def previous(
    s3: S3Client, bucket: str, as_of: date, withdrawn: frozenset[str], *, demonstration: bool
) -> Results | None:
    """Return the results that a run of ``as_of`` may carry figures over from; none if there are none to read.

    Figures about invented people are carried into no release that says that all are real, nor the other way.
    """
    try:
        key = _newest(s3, bucket, as_of, withdrawn)
        if key is None:
            return None
        results = Results.model_validate(store.read_json(s3, bucket, key))
        if results.demonstration != demonstration:
            return None
        if not withdrawn or not any(kpi.state == "carried" for kpi in results.kpis):
            return results
        gone = {_origin(kpi) for name in sorted(withdrawn) for kpi in _worked_out(s3, bucket, name)}
    except (store.StoreError, release.ReleaseError, ValidationError) as error:
        reason = type(error).__name__ if isinstance(error, ValidationError) else str(error)
        logger.warning("nothing can be carried over from the newest results", extra={"reason": reason})
        return None
    kept = tuple(kpi for kpi in results.kpis if kpi.state != "carried" or _origin(kpi) not in gone)
    return results.model_copy(update={"kpis": kept})


def _newest(s3: S3Client, bucket: str, as_of: date, withdrawn: frozenset[str]) -> str | None:
    """Return the key of the newest results; where their release was withdrawn, of those of the one before it."""
    try:
        pointer = store.read_pointer(s3, bucket, current.RESULTS)
    except store.BrokenObjectError:
        pointer = None
    if pointer is not None and pointer.body.get("release") not in withdrawn:
        return str(pointer.body.get("results"))
    before = release.to_compare(s3, bucket, as_of, withdrawn)
    return results_key(release.read_release(s3, bucket, before).run_id) if before else None


def _worked_out(s3: S3Client, bucket: str, withdrawn: str) -> tuple[KpiResult, ...]:
    """Return the KPIs that a withdrawn release had newly worked out: others carry them over as theirs."""
    return tuple(kpi for kpi in release.read_release(s3, bucket, withdrawn).kpis if kpi.state == "ok")


def _origin(kpi: KpiResult) -> tuple[Any, ...]:
    """Return what tells whether figures are the same ones, before and after disclosure control."""
    return kpi.id, kpi.as_of, tuple(sorted(kpi.snapshots.items()))
