"""What ``ingest_providers`` keeps of Publish teacher training, and nothing else."""

from placements_kpi.tables import Column, Table

PROVIDERS = Table(
    name="providers",
    description="One row per provider and recruitment cycle.",
    primary_key=("recruitment_cycle_year", "code"),
    newest_by="changed_at",
    columns=(
        Column("code", "string", required=True),  # upper case
        Column("name", "string"),
        Column("provider_type", "string", codes=frozenset({"scitt", "lead_school", "university"})),
        Column("accredited_body", "boolean"),
        Column("ukprn", "string"),
        Column("urn", "string"),
        Column("region_code", "string"),
        Column("changed_at", "timestamp"),
        Column("discarded_at", "timestamp"),
        Column("discarded_on", "date", day_of="discarded_at"),
        Column("recruitment_cycle_year", "integer", required=True),
    ),
)

COURSES = Table(
    name="courses",
    description="One row per course, provider and recruitment cycle.",
    primary_key=("recruitment_cycle_year", "provider_code", "code"),
    columns=(
        Column("provider_code", "string", required=True),
        Column("code", "string", required=True),
        Column("accredited_body_code", "string"),
        Column("recruitment_cycle_year", "integer", required=True),
        Column("state", "string"),
    ),
)

SOURCE = "providers"
TABLES = (PROVIDERS, COURSES)
