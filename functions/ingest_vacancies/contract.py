"""What ``ingest_vacancies`` keeps of Teaching Vacancies, and nothing else."""

from placements_kpi.tables import Column, Table

HIRED_STATUSES = frozenset(
    "hired_tvs hired_other_free hired_paid hired_no_listing not_filled_ongoing not_filled_not_looking "
    "hired_dont_know".split()
)
APPLICATION_STATUSES = frozenset(
    "draft submitted reviewed shortlisted unsuccessful withdrawn interviewing offered declined "
    "unsuccessful_interview rejected".split()
)

VACANCIES = Table(
    name="vacancies",
    description="One row per published vacancy.",
    primary_key=("vacancy_id",),
    newest_by="updated_at",
    columns=(
        Column("vacancy_id", "string", required=True),
        Column("organisation_urns", "string[]"),
        Column("trust_uid", "string"),
        Column("job_roles", "string[]"),
        Column("ect_status", "string"),
        Column("phases", "string[]"),
        Column("contract_type", "string"),
        Column("publish_on", "date"),
        Column("expires_at", "timestamp", required=True),
        Column("expires_on", "date", day_of="expires_at"),
        Column("starts_on", "date"),
        Column("discarded_at", "timestamp"),
        Column("discarded_on", "date", day_of="discarded_at"),
        Column("hired_status", "string", codes=HIRED_STATUSES),
        Column("stats_updated_at", "timestamp"),
        Column("stats_updated_on", "date", day_of="stats_updated_at"),
        Column("takes_applications", "boolean"),
        Column("is_external", "boolean"),
        Column("updated_at", "timestamp"),
    ),
)

VACANCY_APPLICATIONS = Table(
    name="vacancy_applications",
    description="One row per application to a vacancy (the drop file applications.ndjson), drafts excluded.",
    primary_key=("application_id",),
    newest_by="updated_at",
    left_out=("status", "draft"),  # never sent to anybody
    columns=(
        Column("application_id", "string", required=True),
        Column("vacancy_id", "string", required=True),
        Column("status", "string", required=True, codes=APPLICATION_STATUSES),
        Column("submitted_at", "timestamp"),
        Column("submitted_on", "date", day_of="submitted_at"),
        Column("offered_at", "timestamp"),
        Column("offered_on", "date", day_of="offered_at"),
        Column("declined_at", "timestamp"),
        Column("declined_on", "date", day_of="declined_at"),
        Column("withdrawn_at", "timestamp"),
        Column("withdrawn_on", "date", day_of="withdrawn_at"),
        Column("qualified_teacher_status", "string"),
        Column("qualified_teacher_status_year", "integer"),
        Column("is_statutory_induction_complete", "boolean"),
        Column("trn", "string", key="trn"),  # from trn, or trn_token as given
        Column("trn_problem", "string", derived=True),
        Column("updated_at", "timestamp"),
        Column("updated_on", "date", day_of="updated_at"),
    ),
)

SOURCE = "vacancies"
TABLES = (VACANCIES, VACANCY_APPLICATIONS)
