"""Ingest the school placements service: mentor allocations, and the activity of schools and providers."""

from __future__ import annotations

from pathlib import Path

from functions.ingest_placements import contract
from placements_kpi import ingest
from placements_kpi.sources import Children, Feed, Reference, Source, Warehouse

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

lambda_handler = ingest.handler(SOURCE)
