"""Ingest Register trainee teachers: trainees, with their placements' URNs and reasons for withdrawal as ids."""

from __future__ import annotations

from pathlib import Path

from functions.ingest_register import client, contract, rows
from placements_kpi import ingest
from placements_kpi.sources import Feed, Source, Warehouse
from placements_kpi.tables import Column

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
            nested={"placements": (Column("urn", "string"),)},
        ),
    ),
)

lambda_handler = ingest.handler(SOURCE)
