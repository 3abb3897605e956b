"""Run records: what each run was made from and how it ended, ``runs/compute_kpis/<run id>.json``."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from placements_kpi import store, times, usage

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

    from placements_kpi.errors import PlacementsKpiError

FUNCTION = "compute_kpis"


def record_key(run_id: str) -> str:
    """Return the key of a run's record."""
    return f"runs/{FUNCTION}/{run_id}.json"


def write_record(s3: S3Client, bucket: str, record: dict[str, Any]) -> None:
    """Write the run record; a repeated run replaces its own, which differs in times and query ids only."""
    ended = {"usage": usage.so_far().model_dump(), "finished_at": times.iso_instant(times.now())}
    finished = {"function": FUNCTION} | record | ended
    store.put_json(s3, bucket, record_key(record["run_id"]), finished)


def write_refusal(s3: S3Client, bucket: str, error: PlacementsKpiError) -> None:
    """Write the record of a run that ended in ``error`` before it had an id: the same error has the same record."""
    digest = hashlib.sha256(str(error).encode()).hexdigest()[:12]
    reason = {"kind": type(error).__name__, "message": str(error), "transient": error.transient}
    write_record(s3, bucket, {"run_id": f"refused-{digest}", "outcome": "failed", "error": reason})
