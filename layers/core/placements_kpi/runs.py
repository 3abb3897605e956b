"""What is written down about a run of an ingest, however it ended: attempt, run record, log line, metrics."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from aws_lambda_powertools.metrics import MetricUnit
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from placements_kpi import aws, store, times
from placements_kpi.costs import Usage
from placements_kpi.errors import PlacementsKpiError
from placements_kpi.events import EventError
from placements_kpi.facts import DefinitionFile, TableFacts  # noqa: TC001 - pydantic reads it when the module runs
from placements_kpi.observability import logger, metrics
from placements_kpi.snapshots import SnapshotError
from placements_kpi.sources import SourceError

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

    from placements_kpi.manifests import Manifest


class IngestError(PlacementsKpiError):
    """A run did not end well; the message says why and what to do."""


class RefusedError(IngestError):
    """A gate refused the snapshot, or a newer drop was refused: what was current stays."""


class Attempt(BaseModel):
    """How the newest attempt of a source ended; in one that is read any field may be missing."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    source: str | None = None
    outcome: str | None = None
    run_id: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    snapshot: str | None = None
    """What was read."""
    as_of: str | None = None
    current: str | None = None
    """What is current since."""
    reasons: tuple[str, ...] = ()
    error: str | None = None
    """Why it was not accepted, in words for the public; ``None`` if it was."""


class Rekeyed(BaseModel):
    """What keying a source again came to; ``rows`` by table."""

    model_config = ConfigDict(defer_build=True)

    from_key: str | None
    to_key: str | None
    from_snapshot: str
    to_snapshot: str
    rows: dict[str, int]


class Erased(BaseModel):
    """What an erasure did, by the ids of snapshots."""

    model_config = ConfigDict(defer_build=True)

    snapshots_searched: int
    rewritten: dict[str, str]
    """Old: new."""
    removed: tuple[str, ...]
    of_keys_that_are_gone: tuple[str, ...]


class Summary(BaseModel):
    """What one run of an ingest came to: its answer, and its run record. What was not reached is not in it."""

    model_config = ConfigDict(defer_build=True)

    source: str
    run_id: str
    started_at: str
    code_version: str
    definitions: tuple[DefinitionFile, ...]
    outcome: Literal["accepted", "unchanged", "refused", "failed"]
    snapshot: str | None
    """What was read."""
    current: str | None
    """What is current since."""
    as_of: str | None
    current_as_of: str | None
    reasons: list[str]
    dry_run: bool
    event: dict[str, Any] = {}
    """What was asked for, but for what is as usual; of an event that was not understood nothing."""
    tables: tuple[TableFacts, ...] = ()
    notes: dict[str, int] = {}
    key_id: str | None = None
    rekeyed: Rekeyed | None = None
    erased: Erased | None = None
    ended_at: str = ""
    seconds: float = 0
    usage: Usage = Field(default_factory=Usage)

    def about(self, manifest: Manifest) -> None:
        """Say what was read."""
        self.snapshot, self.as_of, self.key_id = manifest.snapshot, manifest.as_of, manifest.key_id
        self.tables, self.notes = manifest.tables, manifest.notes

    def points(self, snapshot: str, as_of: str) -> None:
        """Say what is current."""
        self.current, self.current_as_of = snapshot, as_of

    def body(self) -> dict[str, Any]:
        """Return it as it is stored."""
        return self.model_dump(mode="json", include=self.model_fields_set)


def run_id(started: datetime, event: Any) -> str:
    """Return ``<yyyymmddThhmmssZ>-<8 hex of the event>``: a repeat under the same clock has the same id."""
    digest = hashlib.sha256(repr(event).encode()).hexdigest()[:8]
    return f"{started:%Y%m%dT%H%M%SZ}-{digest}"


def record(
    s3: S3Client, bucket: str, summary: Summary, failure: PlacementsKpiError | None
) -> PlacementsKpiError | None:
    """Write the attempt and the run record, and return the run's failure: the given one, or that of this writing.

    ``attempts/<source>.json`` tells readers of the data how fresh it could have been, so a
    wrong event, a wrong snapshot id and an erasure, which say nothing of the source, do not change it.
    """
    source, ended = summary.source, summary.outcome
    writings: list[tuple[str, Callable[[], None]]] = []
    if not isinstance(failure, EventError | SnapshotError) and summary.event.get("action") != "erase":
        attempt = Attempt.model_validate(summary.body() | {"error": _sentence(summary, failure)})
        writings.append(("attempt", lambda: _put_attempt(s3, bucket, source, attempt)))
    # The record comes last: it says also that the attempt could not be written.
    key = f"runs/ingest_{source}/{summary.run_id}.json"
    writings.append(("run record", lambda: store.put_json(s3, bucket, key, summary.body())))
    for what, write in writings:
        try:
            write()
        except (BotoCoreError, ClientError, store.StoreError) as error:
            why = str(error) if isinstance(error, PlacementsKpiError) else aws.explained(error)
            logger.error("record not written", extra={"what": what, "reason": why})
            if failure is None:
                failure = IngestError(
                    f"the run ended well ({ended}, snapshot {summary.snapshot}), but its {what} could not be "
                    f"written down. {why}; run it again, which changes nothing else",
                    transient=True,
                )
                summary.reasons = [str(failure)]
    return failure


def _put_attempt(s3: S3Client, bucket: str, source: str, attempt: Attempt) -> None:
    """Write an attempt unless one that began later has been written: an older run that ends late says nothing new."""
    try:
        written = read_attempt(s3, bucket, source)
    except (BotoCoreError, ClientError, store.BrokenObjectError):
        written = None  # whatever is there, our own writing of it is what counts, and says if it cannot be done
    if written is None or str(written.started_at) <= str(attempt.started_at):
        store.put_json(s3, bucket, f"attempts/{source}.json", attempt.model_dump(mode="json"))


def read_attempt(s3: S3Client, bucket: str, source: str) -> Attempt | None:
    """Return how the newest attempt of ``source`` ended; ``None`` before the first.

    Raises :class:`~placements_kpi.store.BrokenObjectError` for one that cannot be read.
    """
    key = f"attempts/{source}.json"
    pointer = store.read_pointer(s3, bucket, key)
    try:
        return None if pointer is None else Attempt.model_validate(pointer.body)
    except ValidationError:
        raise store.BrokenObjectError(
            f"s3://{bucket}/{key} is no attempt of an ingest; the next run writes it anew"
        ) from None


def report(summary: Summary, failure: PlacementsKpiError | None) -> None:
    """Log the outcome, and send the one metric that an alarm watches: each costs money by the month."""
    if summary.current_as_of is not None:
        age = (times.now() - datetime.fromisoformat(summary.current_as_of)) / timedelta(hours=1)
        metrics.add_dimension(name="source", value=summary.source)
        metrics.add_metric(name="SourceAgeHours", unit=MetricUnit.Count, value=max(0.0, round(age, 1)))
        metrics.flush_metrics()
    if failure is None:
        logger.info("ingest ended", extra={"run": summary.body()})
    else:
        reason = {"reason": str(failure), "transient": failure.transient}
        logger.error("ingest ended", extra={"run": summary.body()} | reason)


def _sentence(summary: Summary, failure: PlacementsKpiError | None) -> str | None:
    """Return why an attempt was not accepted as the data-quality page may say it; ``None`` if it was."""
    if failure is None:
        return None
    if isinstance(failure, RefusedError | SourceError):
        return "; ".join(summary.reasons)
    return "the run failed before its data could be used"
