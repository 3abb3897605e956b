"""Ingest Apply for teacher training: application choices, with the reasons for rejection as ids."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from functions.ingest_apply import client, contract, reasons
from placements_kpi import fields, ingest, usage
from placements_kpi.observability import logger
from placements_kpi.settings import IngestSettings
from placements_kpi.sources import Feed, Source, Warehouse

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

SOURCE = Source(
    name=contract.SOURCE,
    tables=contract.TABLES,
    warehouse=Warehouse(Path(__file__).with_name("queries"), {"apply": "apply"}, frozenset({"rejection_reason_ids"})),
    fetch=client.fetch,
    lists=(reasons.FILE,),
    feeds=(
        Feed(
            name="application_choices",
            table=contract.APPLICATION_CHOICES,
            prepare=reasons.prepare,
            prepares=("rejection_reason_ids", "rejection_reasons_type"),
            extra={reasons.STRUCTURED: fields.ANYTHING, reasons.FREE_TEXT: fields.ANYTHING},
            upper=("provider_code", "accredited_provider_code"),
            lower=("provider_region_code",),
            still_says=("hide_in_reporting", "candidate_id"),
        ),
    ),
)


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Run one ingest as ``event`` asks (:mod:`placements_kpi.events`) and return its summary."""
    usage.begin(context)
    return ingest.run(SOURCE, IngestSettings.from_environment(), event)
