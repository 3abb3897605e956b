"""What is current: pointers and their ages, last attempts, the newest results and release, and the last runs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from functions.compute_kpis.releases import current
from functions.compute_kpis.sources import pins
from placements_kpi import runs, store, times
from placements_kpi.failures import Reason  # noqa: TC001 - pydantic reads it when the module runs

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

    from placements_kpi.settings import ComputeSettings


Read = TypeVar("Read")

RUNS = ("compute_kpis", "publish_site")


class _Ended(BaseModel):
    """What the records of both functions say of how a run ended."""

    finished_at: str | None = None
    run_id: str | None = None
    outcome: str | None = None
    release: str | None = None
    error: Reason | None = None
    failures: dict[str, str] = {}
    not_released: str | None = None


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
    attempt = runs.read_attempt(s3, bucket, source)
    if attempt is None:
        return None
    reason = "; ".join(attempt.reasons) or attempt.error
    return {"at": attempt.started_at, "outcome": attempt.outcome, "reason": reason}


def _last_run(s3: S3Client, bucket: str, function: str) -> dict[str, Any] | None:
    """Return how the run of a function ended whose record was written last; ``None`` before the first."""
    records = list(store.objects(s3, bucket, f"runs/{function}/"))
    if not records:
        return None
    newest = max(records, key=lambda item: (item["LastModified"], item["Key"]))
    try:
        ended = _Ended.model_validate(store.read_json(s3, bucket, newest["Key"]))
    except ValidationError:
        raise store.BrokenObjectError(f"s3://{bucket}/{newest['Key']} is no run record") from None
    failures = "; ".join(why.rstrip(".") for _, why in sorted(ended.failures.items()))
    why = ended.error.message if ended.error else ended.not_released or failures or None
    return ended.model_dump(include={"run_id", "outcome", "release"}) | {"at": ended.finished_at, "reason": why}
