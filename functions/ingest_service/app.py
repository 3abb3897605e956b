"""Ingest the service team's monthly figures: transactions, answers to the feedback form, costs."""

from __future__ import annotations

from functions.ingest_service import contract, monthly
from placements_kpi import ingest
from placements_kpi.fields import text
from placements_kpi.sources import Feed, Source

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

lambda_handler = ingest.handler(SOURCE)
