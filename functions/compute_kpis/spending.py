"""What this month's runs cost, from their run records, for the page that says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import AliasChoices, BaseModel, Field, ValidationError

from placements_kpi import costs, store, times
from placements_kpi.errors import PlacementsKpiError
from placements_kpi.observability import logger

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


class _Run(BaseModel):
    """What a run record, of any function, says of its costs."""

    usage: costs.Usage
    finished: datetime = Field(validation_alias=AliasChoices("finished_at", "ended_at"))


def write(s3: S3Client, bucket: str) -> None:
    """Write what the public is shown of the costs. It is no figure: that it cannot be written stops nothing."""
    try:
        store.put_json(s3, bucket, costs.PUBLIC_KEY, month_so_far(s3, bucket).model_dump(mode="json"))
    except (BotoCoreError, ClientError, PlacementsKpiError) as error:
        logger.warning("costs not written", extra={"reason": type(error).__name__})


def month_so_far(s3: S3Client, bucket: str) -> costs.Costs:
    """Return the newest run of every function, and the sum of the present month (London).

    A run that replaced the record of an equal one before it is counted once, and one without what it used not at all.
    """
    now = times.now()
    month = times.london_day(now).replace(day=1)
    runs = list(_runs(s3, bucket, month))
    newest = dict(sorted(runs, key=lambda run: run[1].finished))
    counts, standing = costs.standing()
    return costs.Costs(
        worked_out=now,
        prices_as_at=costs.prices()["as_at"],
        newest=tuple(_rounded(function, run) for function, run in sorted(newest.items())),
        month=month,
        runs=len(runs),
        dollars=round(costs.total(run.usage for _, run in runs), 4),
        standing=counts,
        standing_dollars=round(standing, 2),
    )


def _rounded(function: str, run: _Run) -> costs.FunctionCost:
    return costs.FunctionCost(
        function=function,
        finished=run.finished,
        seconds=round(run.usage.seconds),
        memory_mb=run.usage.memory_mb,
        # To ten megabytes, upwards: what changes from day to day in a small table does not show.
        scanned_mb=-(-run.usage.athena_bytes // 10_000_000) * 10,
        dollars=round(costs.total([run.usage]), 4),
    )


def _runs(s3: S3Client, bucket: str, month: date) -> Iterator[tuple[str, _Run]]:
    """Yield the runs of the month, each with its function; a record that does not say its costs is left out."""
    for item in store.objects(s3, bucket, "runs/"):
        if times.london_day(item["LastModified"]) < month:
            continue
        with suppress(ValidationError):
            run = _Run.model_validate_json(store.read_bytes(s3, bucket, item["Key"]))
            if times.london_day(run.finished) >= month:
                yield item["Key"].split("/")[1], run
