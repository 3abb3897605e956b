"""Ingest Publish teacher training: training providers and their courses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from functions.ingest_providers import client, contract
from placements_kpi import ingest, usage
from placements_kpi.observability import logger
from placements_kpi.settings import IngestSettings
from placements_kpi.sources import Feed, Reference, Source

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

SOURCE = Source(
    name=contract.SOURCE,
    tables=contract.TABLES,
    fetch=client.fetch,
    feeds=(
        Feed(name="providers", table=contract.PROVIDERS, upper=("code",), lower=("region_code",)),
        Feed(name="courses", table=contract.COURSES, upper=("provider_code", "accredited_body_code")),
    ),
    references=(
        Reference(
            note="courses_without_provider",
            table=contract.COURSES,
            columns=("recruitment_cycle_year", "provider_code"),
            to_table=contract.PROVIDERS,
            to_columns=("recruitment_cycle_year", "code"),
        ),
    ),
)


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Run one ingest as ``event`` asks (:mod:`placements_kpi.events`) and return its summary."""
    usage.begin(context)
    return ingest.run(SOURCE, IngestSettings.from_environment(), event)
