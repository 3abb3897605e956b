"""Ingest Teaching Vacancies: vacancies, and the applications made to them in the service."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from functions.ingest_vacancies import contract
from placements_kpi import fields, ingest, usage
from placements_kpi.observability import logger
from placements_kpi.settings import IngestSettings
from placements_kpi.sources import Feed, Reference, Source, Warehouse

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

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


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Run one ingest as ``event`` asks (:mod:`placements_kpi.events`) and return its summary."""
    usage.begin(context)
    return ingest.run(SOURCE, IngestSettings.from_environment(), event)
