"""What ``ingest_register`` keeps of Register trainee teachers, and nothing else."""

from pathlib import Path

from placements_kpi.codes import UKPRN
from placements_kpi.lists import mapping
from placements_kpi.tables import Column, Table

FILE = Path(__file__).with_name("codes.csv")
"""Register's longer lists: every way in which a training route has been written, and all reasons for withdrawal."""

ROUTES = frozenset(mapping(FILE, "training_route"))
WITHDRAWAL_REASONS = frozenset(mapping(FILE, "withdrawal_reason"))
UNMAPPED = "unmapped"
"""Stands for a reason on no list: ``unknown`` is a reason of Register's own."""

# services#states-and-years
STATES = frozenset("draft submitted_for_trn trn_received recommended_for_award withdrawn deferred awarded".split())
PHASES = frozenset({"primary", "secondary", "early_years"})

TRAINEES = Table(
    name="trainees",
    description="One row per training record, as it stands.",
    primary_key=("trainee_id",),
    newest_by="updated_at",
    never_empty=("trn",),
    columns=(
        Column("trainee_id", "string", required=True, key="trainee"),
        Column("trn", "string", key="trn"),
        Column("trn_problem", "string", derived=True),  # why a TRN given could not be used; null when usable or absent
        Column("ukprn", "string", pattern=UKPRN),
        Column("state", "string", required=True, codes=STATES),
        Column("training_route", "string", codes=ROUTES, counted=False),
        Column("course_education_phase", "string", codes=PHASES),
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
