"""What ``ingest_placements`` keeps of the school placements service, and nothing else.

``hosting_preferences`` and ``school_placements`` are the two lists inside a
``school_activity`` record, one row an entry, so that SQL needs no nested rows.
"""

from placements_kpi.codes import PROVIDER_CODE, RECORD_ID, UKPRN, URN
from placements_kpi.tables import Column, Table

APPETITES = frozenset({"actively_looking", "interested", "not_open", "already_organised"})

MENTOR_ALLOCATIONS = Table(
    name="mentor_allocations",
    description="One row per mentor, placement and (where known) trainee; removed ones carry deleted_at.",
    primary_key=("allocation_id",),
    newest_by="updated_at",
    columns=(
        Column("allocation_id", "string", required=True, pattern=RECORD_ID),
        Column("placement_id", "string", pattern=RECORD_ID),
        Column("school_urn", "string", pattern=URN),
        Column("mentor_id", "string", key="mentor"),
        Column("trainee_id", "string", key="trainee"),
        Column("trn", "string", key="trn"),
        Column("trn_problem", "string", derived=True),
        Column("provider_code", "string", pattern=PROVIDER_CODE),
        Column("academic_year", "integer", required=True),
        Column("created_at", "timestamp", required=True),
        Column("created_on", "date", day_of="created_at"),
        Column("updated_at", "timestamp"),
        Column("deleted_at", "timestamp"),
        Column("deleted_on", "date", day_of="deleted_at"),
    ),
)

SCHOOL_ACTIVITY = Table(
    name="school_activity",
    description="One row per school on the service.",
    primary_key=("school_urn",),
    newest_by="updated_at",
    columns=(
        Column("school_urn", "string", required=True, pattern=URN),
        Column("onboarded", "boolean"),
        Column("onboarded_at", "timestamp"),
        Column("onboarded_on", "date", day_of="onboarded_at"),
        Column("last_signed_in_at", "timestamp"),
        Column("last_signed_in_on", "date", day_of="last_signed_in_at"),
        Column("sign_in_dates", "date[]"),  # null: the feed gave no list; empty: nobody signed in
        Column("updated_at", "timestamp"),
        Column("deleted_at", "timestamp"),
        Column("deleted_on", "date", day_of="deleted_at"),
    ),
)

HOSTING_PREFERENCES = Table(
    name="hosting_preferences",
    description="One row per hosting preference of a school: hosting_preferences[] of its activity.",
    columns=(
        Column("school_urn", "string", derived=True),
        Column("academic_year", "integer", derived=True),
        Column("appetite", "string", derived=True, codes=APPETITES),
        Column("created_at", "timestamp", derived=True),
        Column("created_on", "date", day_of="created_at"),
    ),
)

SCHOOL_PLACEMENTS = Table(
    name="school_placements",
    description="One row per placement a school created: placements[] of its activity.",
    columns=(
        Column("school_urn", "string", derived=True),
        Column("academic_year", "integer", derived=True),
        Column("created_at", "timestamp", derived=True),
        Column("created_on", "date", day_of="created_at"),
    ),
)

PROVIDER_ACTIVITY = Table(
    name="provider_activity",
    description="One row per provider on the service.",
    primary_key=("provider_code",),
    newest_by="updated_at",
    columns=(
        Column("provider_code", "string", required=True, pattern=PROVIDER_CODE),
        Column("ukprn", "string", pattern=UKPRN),
        Column("onboarded", "boolean"),
        Column("onboarded_at", "timestamp"),
        Column("onboarded_on", "date", day_of="onboarded_at"),
        Column("last_signed_in_at", "timestamp"),
        Column("last_signed_in_on", "date", day_of="last_signed_in_at"),
        Column("sign_in_dates", "date[]"),
        Column("updated_at", "timestamp"),
        Column("deleted_at", "timestamp"),
        Column("deleted_on", "date", day_of="deleted_at"),
    ),
)

SOURCE = "placements"
TABLES = (MENTOR_ALLOCATIONS, SCHOOL_ACTIVITY, HOSTING_PREFERENCES, SCHOOL_PLACEMENTS, PROVIDER_ACTIVITY)
