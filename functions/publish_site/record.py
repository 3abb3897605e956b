"""Run records: what each run published and how it ended, ``runs/publish_site/<run id>.json``."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from placements_kpi import store, times, usage

if TYPE_CHECKING:
    from placements_kpi.errors import PlacementsKpiError
    from placements_kpi.settings import PublishSettings

FUNCTION = "publish_site"


def write_record(settings: PublishSettings, summary: dict[str, Any]) -> None:
    """Write the record of a run; the same action with the same outcome on the same day has the same record."""
    named = [times.today().isoformat(), summary["action"], summary["release"], summary["stale_sources"]]
    _write(settings, named, {"outcome": "ok", **summary})


def write_failure(settings: PublishSettings, error: PlacementsKpiError) -> None:
    """Write the record of a run that ended in ``error``."""
    reason = {"kind": type(error).__name__, "message": str(error), "transient": error.transient}
    _write(settings, [times.today().isoformat(), str(error)], {"outcome": "failed", "error": reason})


def _write(settings: PublishSettings, named: list[Any], record: dict[str, Any]) -> None:
    run_id = f"{times.today():%Y%m%d}-{hashlib.sha256(store.canonical_json(named)).hexdigest()[:12]}"
    body = {
        "function": FUNCTION,
        "run_id": run_id,
        "code_version": settings.code_version,
        "finished_at": times.iso_instant(times.now()),
        "usage": usage.so_far().model_dump(),
        **record,
    }
    store.put_json(store.s3_client(), settings.data_bucket, f"runs/{FUNCTION}/{run_id}.json", body)
