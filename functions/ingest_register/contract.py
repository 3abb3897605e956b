"""What ``ingest_register`` keeps of Register trainee teachers, and nothing else."""

from placements_kpi.tables import Column, Table

STATES = frozenset("draft submitted_for_trn trn_received recommended_for_award withdrawn deferred awarded".split())

TRAINEES = Table(
    name="trainees",
    description="One row per training record, as it stands.",
    primary_key=("trainee_id",),
    newest_by="updated_at",
    columns=(
        Column("trainee_id", "string", required=True, key="trainee"),
        Column("trn", "string", key="trn"),
        Column("trn_problem", "string", derived=True),  # why a TRN given could not be used; null when usable or absent
        Column("ukprn", "string"),
        Column("state", "string", required=True, codes=STATES),
        Column("training_route", "string"),
        Column("course_education_phase", "string"),
        Column("itt_start_date", "date"),
        Column("itt_end_date", "date"),
        Column("trainee_start_date", "date"),
        Column("awarded_at", "timestamp"),
        Column("awarded_on", "date", day_of="awarded_at"),
        Column("defer_date", "date"),
        Column("reinstate_date", "date"),
        Column("withdrawal_date", "date"),
        Column("withdrawal_reasons", "string[]"),
        Column("withdrawal_trigger", "string", codes=frozenset({"provider", "trainee"})),
        Column("placement_urns", "string[]", derived=True),  # placements[].urn
        Column("created_at", "timestamp"),
        Column("updated_at", "timestamp"),
    ),
)

SOURCE = "register"
TABLES = (TRAINEES,)
