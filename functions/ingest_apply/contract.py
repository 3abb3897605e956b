"""What ``ingest_apply`` keeps of Apply for teacher training, and nothing else."""

from placements_kpi.tables import Column, Table

STATUSES = frozenset(
    "unsubmitted cancelled application_not_sent awaiting_provider_decision inactive interviewing offer "
    "pending_conditions recruited offer_deferred rejected offer_withdrawn declined withdrawn conditions_not_met".split()
)
REASON_TYPES = frozenset(
    {"rejection_reason", "reasons_for_rejection", "rejection_reasons", "vendor_api_rejection_reasons"}
)

APPLICATION_CHOICES = Table(
    name="application_choices",
    description="One row per application choice, as it stands.",
    primary_key=("id",),
    newest_by="updated_at",
    columns=(
        Column("id", "string", required=True),
        Column("candidate_id", "string", key="candidate"),
        Column("recruitment_cycle_year", "integer", required=True),
        Column("status", "string", required=True, codes=STATUSES),
        Column("sent_to_provider_at", "timestamp"),
        Column("sent_to_provider_on", "date", day_of="sent_to_provider_at"),
        Column("rejected_at", "timestamp"),
        Column("rejected_on", "date", day_of="rejected_at"),
        Column("rejected_by_default", "boolean"),
        Column("rejection_reasons_type", "string", codes=REASON_TYPES),
        Column("rejection_reason_ids", "string[]"),
        Column("provider_code", "string"),
        Column("accredited_provider_code", "string"),
        Column("provider_region_code", "string"),
        Column("course_code", "string"),
        Column("course_level", "string", codes=frozenset({"primary", "secondary", "further_education"})),
        Column("funding_type", "string"),
        Column("hide_in_reporting", "boolean"),
        Column("updated_at", "timestamp"),
    ),
)

SOURCE = "apply"
TABLES = (APPLICATION_CHOICES,)
