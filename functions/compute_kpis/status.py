"""What is current: pointers and their ages, last attempts, the newest results and release, and the last runs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from functions.compute_kpis.releases import current
from functions.compute_kpis.sources import pins
from placements_kpi import store, times

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

    from placements_kpi.settings import ComputeSettings


Read = TypeVar("Read")

RUNS = ("compute_kpis", "publish_site")


def status(settings: ComputeSettings) -> dict[str, Any]:
    """Return, as of yesterday (the default as-of date), what each source and the page stand at. Writes nothing.

    ``last_attempt`` of a source and ``last_runs`` say when something was tried last, how it ended, and why it
    did not end well. What cannot be read says so in its place and stops nothing; ``outcome`` is ``partial`` then.
    """
    s3, bucket = store.s3_client(), settings.data_bucket
    as_of = times.yesterday()
    pinned = pins.read_pins(s3, bucket, as_of, settings.max_age_days, demonstration=settings.demonstration)
    problems: list[str] = []
    results = _or_problem(problems, lambda: store.read_pointer(s3, bucket, current.RESULTS))
    summary = {
        "as_of": as_of.isoformat(),
        "sources": {
            source: {
                "snapshot": pin.facts.snapshot,
                "as_of": pin.facts.as_of.isoformat() if pin.facts.as_of else None,
                "age_days": pin.facts.age_days,
                "max_age_days": pin.facts.max_age_days,
                "key_id": pin.key_id,
                "last_attempt": _or_problem(problems, partial(_attempt, s3, bucket, source)),
                "problem": pin.detail or pin.problem,
            }
            for source, pin in pinned.items()
        },
        "results": results.body if results else None,
        "release": _or_problem(problems, lambda: current.read(s3, bucket)),
        "last_runs": {name: _or_problem(problems, partial(_last_run, s3, bucket, name)) for name in RUNS},
    }
    problems += [pin.detail for pin in pinned.values() if pin.detail]
    return summary | {"problems": problems, "outcome": "partial" if problems else "ok"}


def _or_problem(problems: list[str], read: Callable[[], Read]) -> Read | None:
    try:
        return read()
    except (store.StoreError, current.CurrentError) as error:
        problems.append(str(error))
        return None


def _attempt(s3: S3Client, bucket: str, source: str) -> dict[str, Any] | None:
    attempt = pins.read_attempt(s3, bucket, source)
    if attempt is None:
        return None
    reasons = attempt.get("reasons") or ([attempt["error"]] if attempt.get("error") else [])
    return {
        "at": attempt.get("started_at"),
        "outcome": attempt.get("outcome"),
        "reason": "; ".join(str(reason) for reason in reasons) or None,
    }


def _last_run(s3: S3Client, bucket: str, function: str) -> dict[str, Any] | None:
    """Return how the run of a function ended whose record was written last; ``None`` before the first."""
    records = list(store.objects(s3, bucket, f"runs/{function}/"))
    if not records:
        return None
    newest = max(records, key=lambda item: (item["LastModified"], item["Key"]))
    pointer = store.read_pointer(s3, bucket, newest["Key"])
    record = pointer.body if pointer else {}
    error = record.get("error")
    failures = record.get("failures")
    why = error.get("message") if isinstance(error, dict) else record.get("not_released")
    if why is None and isinstance(failures, dict):
        why = "; ".join(str(failures[kpi]).rstrip(".") for kpi in sorted(failures)) or None
    return {
        "at": record.get("finished_at"),
        "run_id": record.get("run_id"),
        "outcome": record.get("outcome"),
        "release": record.get("release"),
        "reason": why,
    }
