"""Ingest Apply for teacher training: application choices, with the reasons for rejection as ids."""

from __future__ import annotations

from pathlib import Path

from functions.ingest_apply import client, contract, reasons
from placements_kpi import fields, ingest
from placements_kpi.sources import Feed, Source, Warehouse

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

lambda_handler = ingest.handler(SOURCE)
