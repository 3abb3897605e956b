"""Ingest the service team's monthly figures: transactions, answers to the feedback form, costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from functions.ingest_service import contract, monthly
from placements_kpi import ingest, usage
from placements_kpi.fields import text
from placements_kpi.observability import logger
from placements_kpi.settings import IngestSettings
from placements_kpi.sources import Feed, Source

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

SOURCE = Source(
    name=contract.SOURCE,
    tables=contract.TABLES,
    feeds=(
        Feed(
            name="transactions",
            table=contract.TRANSACTIONS,
            file_pattern=r"transactions\.csv",
            prepare=monthly.date_row,
            prepares=monthly.DATED,
        ),
        Feed(
            name="satisfaction",
            table=contract.SATISFACTION,
            file_pattern=r"satisfaction\.csv",
            prepare=monthly.date_row,
            prepares=monthly.DATED,
        ),
        Feed(
            name="costs",
            table=contract.COSTS,
            file_pattern=r"costs\.csv",
            prepare=monthly.cost_row,
            prepares=(*monthly.DATED, "pence"),
            extra={"pounds": text()},
        ),
    ),
    read=monthly.read,
    gates={"max_refused_percent": 100, "max_duplicate_percent": 100, "max_change_percent": 50},
)


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Run one ingest as ``event`` asks (:mod:`placements_kpi.events`) and return its summary."""
    usage.begin(context)
    return ingest.run(SOURCE, IngestSettings.from_environment(), event)
