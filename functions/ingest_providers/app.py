"""Ingest Publish teacher training: training providers and their courses."""

from __future__ import annotations

from functions.ingest_providers import client, contract
from placements_kpi import ingest
from placements_kpi.sources import Feed, Reference, Source

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

lambda_handler = ingest.handler(SOURCE)
