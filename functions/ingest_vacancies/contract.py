"""What ``ingest_vacancies`` keeps of Teaching Vacancies, and nothing else."""

from placements_kpi.codes import GROUP_ID, RECORD_ID, URN
from placements_kpi.tables import Column, Table

HIRED_STATUSES = frozenset(
    "hired_tvs hired_other_free hired_paid hired_no_listing not_filled_ongoing not_filled_not_looking "
    "hired_dont_know".split()
)
APPLICATION_STATUSES = frozenset(
    "draft submitted reviewed shortlisted unsuccessful withdrawn interviewing offered declined "
    "unsuccessful_interview rejected".split()
)
JOB_ROLES = frozenset(
    "teacher headteacher deputy_headteacher assistant_headteacher head_of_year_or_phase "
    "head_of_department_or_curriculum teaching_assistant higher_level_teaching_assistant education_support sendco "
    "administration_hr_data_and_finance catering_cleaning_and_site_management it_support "
    "pastoral_health_and_welfare other_leadership other_support leadership_and_management "
    "business_support_administration_and_corporate_services student_support_learning_and_progress "
    "marketing_and_communications apprenticeships_and_commercial_services".split()
)
"""With ``CONTRACTS`` and ``PHASES`` from teaching-vacancies ``app/models/vacancy.rb`` at 98445ab0, and what that had
before it (``middle``, ``parental_leave_cover``)."""
PHASES = frozenset("nursery primary middle secondary sixth_form_or_college through".split())
CONTRACTS = frozenset("permanent fixed_term parental_leave_cover casual".split())
QUALIFIED = frozenset({"yes", "no", "on_track"})

VACANCIES = Table(
    name="vacancies",
    description="One row per published vacancy.",
    primary_key=("vacancy_id",),
    newest_by="updated_at",
    columns=(
        Column("vacancy_id", "string", required=True, pattern=RECORD_ID),
        Column("organisation_urns", "string[]", pattern=URN),
        Column("trust_uid", "string", pattern=GROUP_ID),
        Column("job_roles", "string[]", codes=JOB_ROLES),
        Column("ect_status", "string", codes=frozenset({"ect_suitable", "ect_unsuitable"})),
        Column("phases", "string[]", codes=PHASES),
        Column("contract_type", "string", codes=CONTRACTS),
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
        Column("application_id", "string", required=True, pattern=RECORD_ID),
        Column("vacancy_id", "string", required=True, pattern=RECORD_ID),
        Column("status", "string", required=True, codes=APPLICATION_STATUSES),
        Column("submitted_at", "timestamp"),
        Column("submitted_on", "date", day_of="submitted_at"),
        Column("offered_at", "timestamp"),
        Column("offered_on", "date", day_of="offered_at"),
        Column("declined_at", "timestamp"),
        Column("declined_on", "date", day_of="declined_at"),
        Column("withdrawn_at", "timestamp"),
        Column("withdrawn_on", "date", day_of="withdrawn_at"),
        Column("qualified_teacher_status", "string", codes=QUALIFIED, counted=False),
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
