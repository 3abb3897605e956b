"""Ingest Teaching Vacancies: vacancies, and the applications made to them in the service."""

from __future__ import annotations

from pathlib import Path

from functions.ingest_vacancies import contract
from placements_kpi import fields, ingest
from placements_kpi.sources import Feed, Reference, Source, Warehouse

SOURCE = Source(
    name=contract.SOURCE,
    tables=contract.TABLES,
    warehouse=Warehouse(Path(__file__).with_name("queries"), {"vacancies": "teaching_vacancies"}),
    feeds=(
        Feed(name="vacancies", table=contract.VACANCIES),
        Feed(
            name="applications",
            table=contract.VACANCY_APPLICATIONS,
            extra={"trn_token": fields.TRN_TOKEN},
        ),
    ),
    references=(
        Reference(
            note="applications_without_vacancy",
            table=contract.VACANCY_APPLICATIONS,
            columns=("vacancy_id",),
            to_table=contract.VACANCIES,
            to_columns=("vacancy_id",),
        ),
    ),
)

lambda_handler = ingest.handler(SOURCE)
