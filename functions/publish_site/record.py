"""Run records: what each run published and how it ended, ``runs/publish_site/<run id>.json``."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from placements_kpi import store, times, usage
from placements_kpi.failures import Reason

if TYPE_CHECKING:
    from placements_kpi.errors import PlacementsKpiError
    from placements_kpi.settings import PublishSettings

FUNCTION = "publish_site"


class Summary(BaseModel):
    """What a run did: the function's answer, and the most of its record."""

    model_config = ConfigDict(frozen=True)

    action: str
    release: str | None
    """What is in front."""
    held: str | None
    """The newest release, where it waits for an approval."""
    preview: str | None = None
    """The SHA-256 of the manifest of its preview, which an approval names."""
    withdrawn: tuple[str, ...]
    stale_sources: tuple[str, ...]
    dry_run: bool
    objects_written: tuple[str, ...]
    objects_unchanged: int


def write_record(settings: PublishSettings, summary: Summary) -> None:
    """Write the record of a run; the same action with the same outcome on the same day has the same record."""
    named = [times.today().isoformat(), summary.action, summary.release, summary.stale_sources]
    _write(settings, named, {"outcome": "ok", **summary.model_dump(mode="json")})


def write_failure(settings: PublishSettings, error: PlacementsKpiError) -> None:
    """Write the record of a run that ended in ``error``."""
    record = {"outcome": "failed", "error": Reason.of(error).model_dump()}
    _write(settings, [times.today().isoformat(), str(error)], record)


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
