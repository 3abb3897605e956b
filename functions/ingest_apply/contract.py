"""What ``ingest_apply`` keeps of Apply for teacher training, and nothing else."""

from placements_kpi.codes import COURSE_CODE, PROVIDER_CODE, RECORD_ID
from placements_kpi.tables import Column, Table

STATUSES = frozenset(
    "unsubmitted cancelled application_not_sent awaiting_provider_decision inactive interviewing offer "
    "pending_conditions recruited offer_deferred rejected offer_withdrawn declined withdrawn conditions_not_met".split()
)
REASON_TYPES = frozenset(
    {"rejection_reason", "reasons_for_rejection", "rejection_reasons", "vendor_api_rejection_reasons"}
)
REGIONS = frozenset(
    "no_region london south_east south_west wales west_midlands east_midlands eastern north_west "
    "yorkshire_and_the_humber north_east scotland".split()
)  # publish-teacher-training app/models/concerns/region_code.rb at 9173764d: Apply has its providers from there
FUNDING = frozenset({"fee", "salary", "salaried", "apprenticeship"})

APPLICATION_CHOICES = Table(
    name="application_choices",
    description="One row per application choice, as it stands.",
    primary_key=("id",),
    newest_by="updated_at",
    never_empty=("candidate_id",),
    columns=(
        Column("id", "string", required=True, pattern=RECORD_ID),
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
        Column("provider_code", "string", pattern=PROVIDER_CODE),
        Column("accredited_provider_code", "string", pattern=PROVIDER_CODE),
        Column("provider_region_code", "string", codes=REGIONS, counted=False),
        Column("course_code", "string", pattern=COURSE_CODE),
        Column("course_level", "string", codes=frozenset({"primary", "secondary", "further_education"})),
        Column("funding_type", "string", codes=FUNDING),
        Column("hide_in_reporting", "boolean"),
        Column("updated_at", "timestamp"),
    ),
)

SOURCE = "apply"
TABLES = (APPLICATION_CHOICES,)
