"""What ``ingest_providers`` keeps of Publish teacher training, and nothing else."""

from placements_kpi.codes import COURSE_CODE, PROVIDER_CODE, UKPRN, URN
from placements_kpi.tables import Column, Table

REGIONS = frozenset(
    "no_region london south_east south_west wales west_midlands east_midlands eastern north_west "
    "yorkshire_and_the_humber north_east scotland".split()
)  # app/models/concerns/region_code.rb
COURSE_STATES = frozenset(
    "published published_with_unpublished_changes rolled_over draft empty withdrawn scheduled".split()
)  # app/services/courses/content_status_service.rb, and what it gave before

PROVIDERS = Table(
    name="providers",
    description="One row per provider and recruitment cycle.",
    primary_key=("recruitment_cycle_year", "code"),
    newest_by="changed_at",
    columns=(
        Column("code", "string", required=True, pattern=PROVIDER_CODE),  # upper case
        Column("name", "string"),
        Column("provider_type", "string", codes=frozenset({"scitt", "lead_school", "university"})),
        Column("accredited_body", "boolean"),
        Column("ukprn", "string", pattern=UKPRN),
        Column("urn", "string", pattern=URN),
        Column("region_code", "string", codes=REGIONS, counted=False),
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
        Column("provider_code", "string", required=True, pattern=PROVIDER_CODE),
        Column("code", "string", required=True, pattern=COURSE_CODE),
        Column("accredited_body_code", "string", pattern=PROVIDER_CODE),
        Column("recruitment_cycle_year", "integer", required=True),
        Column("state", "string", codes=COURSE_STATES),
    ),
)

SOURCE = "providers"
TABLES = (PROVIDERS, COURSES)
