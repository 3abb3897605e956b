"""Ingest Get information about schools (GIAS): the register of schools, their links, and their lineage."""

from __future__ import annotations

from functions.ingest_schools import client, contract, gias_day, lineage
from placements_kpi import ingest
from placements_kpi.sources import Feed, Reference, Source

SOURCE = Source(
    name=contract.SOURCE,
    tables=contract.TABLES,
    feeds=(
        Feed(name="schools", table=contract.SCHOOLS, file_pattern=r"edubasealldata\d{8}\.csv"),
        Feed(name="school_links", table=contract.LINKS, file_pattern=r"links_edubasealldata\d{8}\.csv"),
    ),
    fetch=client.fetch,
    read=gias_day.read,
    lists=(lineage.FILE,),
    gates={"min_rows": 45_000, "max_rows": 60_000, "max_change_percent": 2},
    references=(
        Reference(
            note="links_from_unknown_school",
            table=contract.LINKS,
            columns=("urn",),
            to_table=contract.SCHOOLS,
            to_columns=("urn",),
        ),
        Reference(
            note="links_to_unknown_school",
            table=contract.LINKS,
            columns=("link_urn",),
            to_table=contract.SCHOOLS,
            to_columns=("urn",),
        ),
    ),
)

lambda_handler = ingest.handler(SOURCE)
