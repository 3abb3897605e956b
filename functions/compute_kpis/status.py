"""What is current: pointers and their ages, last attempts, the newest results and release."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from functions.compute_kpis import current, pins
from placements_kpi import store, times

if TYPE_CHECKING:
    from placements_kpi.settings import ComputeSettings


def status(settings: ComputeSettings) -> dict[str, Any]:
    """Return, as of yesterday (the default as-of date), what each source and the page stand at. Writes nothing."""
    s3 = store.s3_client()
    as_of = times.yesterday()
    pinned = pins.read_pins(
        s3, settings.data_bucket, as_of, settings.max_age_days, demonstration=settings.demonstration
    )
    results = store.read_pointer(s3, settings.data_bucket, current.RESULTS)
    newest = store.read_pointer(s3, settings.data_bucket, current.RELEASE)
    return {
        "as_of": as_of.isoformat(),
        "sources": {
            source: {
                "snapshot": pin.facts.snapshot,
                "as_of": pin.facts.as_of.isoformat() if pin.facts.as_of else None,
                "age_days": pin.facts.age_days,
                "max_age_days": pin.facts.max_age_days,
                "key_id": pin.key_id,
                "last_attempt": pin.facts.last_attempt,
                "problem": pin.detail or pin.problem,
            }
            for source, pin in pinned.items()
        },
        "results": results.body if results else None,
        "release": newest.body.get("release") if newest else None,
        "outcome": "ok",
    }
