"""Ingest the school placements service: mentor allocations, and the activity of schools and providers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from functions.ingest_placements import contract
from placements_kpi import ingest, usage
from placements_kpi.observability import logger
from placements_kpi.settings import IngestSettings
from placements_kpi.sources import Children, Feed, Reference, Source, Warehouse

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

SOURCE = Source(
    name=contract.SOURCE,
    tables=contract.TABLES,
    warehouse=Warehouse(
        Path(__file__).with_name("queries"),
        {"manage": "itt_mentor_services", "find": "find_placement_schools"},
    ),
    feeds=(
        Feed(name="mentor_allocations", table=contract.MENTOR_ALLOCATIONS, upper=("provider_code",)),
        Feed(
            name="school_activity",
            table=contract.SCHOOL_ACTIVITY,
            children=(
                Children(field="hosting_preferences", table=contract.HOSTING_PREFERENCES),
                Children(field="placements", table=contract.SCHOOL_PLACEMENTS),
            ),
        ),
        Feed(name="provider_activity", table=contract.PROVIDER_ACTIVITY, upper=("provider_code",)),
    ),
    references=(
        Reference(
            note="allocations_of_school_without_activity",
            table=contract.MENTOR_ALLOCATIONS,
            columns=("school_urn",),
            to_table=contract.SCHOOL_ACTIVITY,
            to_columns=("school_urn",),
        ),
    ),
)


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Run one ingest as ``event`` asks (:mod:`placements_kpi.events`) and return its summary."""
    usage.begin(context)
    return ingest.run(SOURCE, IngestSettings.from_environment(), event)
