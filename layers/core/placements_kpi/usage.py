"""What a run uses that AWS bills for: time, memory, requests to S3, bytes that queries scan.

It goes into the run record, so that the cost of a month is known from the records alone
(:mod:`placements_kpi.costs`). What a run does after its record is written is not in it.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import boto3

from placements_kpi import costs

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_LOADED = time.monotonic()


class _Meter:
    """The counts of the invocation under way: Lambda gives a process one at a time."""

    def __init__(self) -> None:
        self.started = _LOADED
        self.memory_mb = 0
        self.counts: Counter[str] = Counter()
        self.used = False


_meter = _Meter()


def begin(context: LambdaContext) -> None:
    """Start counting for one invocation.

    The first one of a process counts from the loading of the code, which Lambda bills like the handler's own time
    (https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/).
    """
    _meter.started = time.monotonic() if _meter.used else _LOADED
    _meter.used = True
    _meter.memory_mb = int(context.memory_limit_in_mb)
    _meter.counts.clear()
    if boto3.DEFAULT_SESSION is None:
        boto3.setup_default_session()
    if boto3.DEFAULT_SESSION is not None:
        # Emitted for every attempt, and every attempt is billed:
        # https://boto3.amazonaws.com/v1/documentation/api/latest/guide/events.html
        boto3.DEFAULT_SESSION.events.register("before-send.s3", _count, unique_id=__name__)


def scanned(amount: int) -> None:
    """Count a query that scanned ``amount`` bytes, as Athena bills it."""
    _meter.counts["athena_bytes"] += costs.billed_bytes(amount)


def queried(amount: int) -> None:
    """Count a query that BigQuery bills ``amount`` bytes for."""
    _meter.counts["bigquery_bytes"] += amount


def so_far() -> costs.Usage:
    """Return what the invocation under way has used."""
    return costs.Usage(
        seconds=round(time.monotonic() - _meter.started, 2), memory_mb=_meter.memory_mb, **dict(_meter.counts)
    )


def _count(event_name: str, **_: Any) -> None:
    kind = costs.kind_of_request(event_name.rpartition(".")[2])
    if kind is not None:
        _meter.counts[kind] += 1
