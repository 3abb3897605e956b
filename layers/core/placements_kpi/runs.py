"""What is written down about a run of an ingest, however it ended: attempt, run record, log line, metrics."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit
from botocore.exceptions import BotoCoreError, ClientError

from placements_kpi import aws, store, times
from placements_kpi.errors import PlacementsKpiError
from placements_kpi.events import EventError
from placements_kpi.observability import logger, metrics
from placements_kpi.snapshots import SnapshotError
from placements_kpi.sources import SourceError

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


class IngestError(PlacementsKpiError):
    """A run did not end well; the message says why and what to do."""


class RefusedError(IngestError):
    """A gate refused the snapshot, or a newer drop was refused: what was current stays."""


_ATTEMPT = ("source", "outcome", "run_id", "started_at", "ended_at", "snapshot", "as_of", "current", "reasons")
"""What an attempt says of a run, beside ``error``: ``snapshot`` is what was read, ``current`` what is current since."""


def run_id(started: datetime, event: Any) -> str:
    """Return ``<yyyymmddThhmmssZ>-<8 hex of the event>``: a repeat under the same clock has the same id."""
    digest = hashlib.sha256(repr(event).encode()).hexdigest()[:8]
    return f"{started:%Y%m%dT%H%M%SZ}-{digest}"


def record(
    s3: S3Client, bucket: str, summary: dict[str, Any], failure: PlacementsKpiError | None
) -> PlacementsKpiError | None:
    """Write the attempt and the run record, and return the run's failure: the given one, or that of this writing.

    ``attempts/<source>.json`` tells readers of the data how fresh it could have been, so a
    wrong event, a wrong snapshot id and an erasure, which say nothing of the source, do not change it.
    """
    source, ended = summary["source"], summary["outcome"]
    writings: list[tuple[str, Callable[[], None]]] = []
    if not isinstance(failure, EventError | SnapshotError) and summary.get("event", {}).get("action") != "erase":
        attempt = {name: summary[name] for name in _ATTEMPT} | {"error": _sentence(summary, failure)}
        writings.append(("attempt", lambda: _put_attempt(s3, bucket, f"attempts/{source}.json", attempt)))
    # The record comes last: it says also that the attempt could not be written.
    key = f"runs/ingest_{source}/{summary['run_id']}.json"
    writings.append(("run record", lambda: store.put_json(s3, bucket, key, summary)))
    for what, write in writings:
        try:
            write()
        except (BotoCoreError, ClientError, store.StoreError) as error:
            why = str(error) if isinstance(error, PlacementsKpiError) else aws.explained(error)
            logger.error("record not written", extra={"what": what, "reason": why})
            if failure is None:
                failure = IngestError(
                    f"the run ended well ({ended}, snapshot {summary['snapshot']}), but its {what} could not be "
                    f"written down. {why}; run it again, which changes nothing else",
                    transient=True,
                )
                summary["reasons"] = [str(failure)]
    return failure


def _put_attempt(s3: S3Client, bucket: str, key: str, attempt: dict[str, Any]) -> None:
    """Write an attempt unless one that began later has been written: an older run that ends late says nothing new."""
    try:
        written = store.read_pointer(s3, bucket, key)
    except (BotoCoreError, ClientError, store.BrokenObjectError):
        written = None  # whatever is there, our own writing of it is what counts, and says if it cannot be done
    if written is None or str(written.body.get("started_at")) <= attempt["started_at"]:
        store.put_json(s3, bucket, key, attempt)


def report(summary: dict[str, Any], failure: PlacementsKpiError | None) -> None:
    """Log the outcome, and send the one metric that an alarm watches: each costs money by the month."""
    if summary["current_as_of"] is not None:
        age = (times.now() - datetime.fromisoformat(summary["current_as_of"])) / timedelta(hours=1)
        metrics.add_dimension(name="source", value=summary["source"])
        metrics.add_metric(name="SourceAgeHours", unit=MetricUnit.Count, value=max(0.0, round(age, 1)))
        metrics.flush_metrics()
    if failure is None:
        logger.info("ingest ended", extra={"run": summary})
    else:
        logger.error("ingest ended", extra={"run": summary, "reason": str(failure), "transient": failure.transient})


def _sentence(summary: dict[str, Any], failure: PlacementsKpiError | None) -> str | None:
    """Return why an attempt was not accepted as the data-quality page may say it; ``None`` if it was."""
    if failure is None:
        return None
    if isinstance(failure, RefusedError | SourceError):
        return "; ".join(summary["reasons"])
    return "the run failed before its data could be used"
