"""Ingest Register trainee teachers: trainees, with their placements' URNs and reasons for withdrawal as ids."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from functions.ingest_register import client, contract, rows
from placements_kpi import fields, ingest, usage
from placements_kpi.observability import logger
from placements_kpi.settings import IngestSettings
from placements_kpi.sources import Feed, Source, Warehouse

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

SOURCE = Source(
    name=contract.SOURCE,
    tables=contract.TABLES,
    warehouse=Warehouse(Path(__file__).with_name("queries"), {"register": "register"}),
    fetch=client.fetch,
    lists=(contract.FILE,),
    feeds=(
        Feed(
            name="trainees",
            table=contract.TRAINEES,
            prepare=rows.prepare,
            prepares=("placement_urns", "withdrawal_reasons"),
            lower=("training_route",),
            extra={"placements": fields.entries({"urn": fields.text()})},
        ),
    ),
)


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Run one ingest as ``event`` asks (:mod:`placements_kpi.events`) and return its summary."""
    usage.begin(context)
    return ingest.run(SOURCE, IngestSettings.from_environment(), event)
