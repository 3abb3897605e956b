"""What ``ingest_schools`` keeps of Get information about schools (GIAS), and nothing else.

Column names follow the services' own, in snake case. ``school_lineage`` is worked
out from the other two: for every URN and every day, whether it is open and which
URN it counts as (numbers#schools, numbers#successors).
"""

from placements_kpi.codes import UKPRN
from placements_kpi.tables import Column, Table

STATUSES = frozenset("1 2 3 4".split())  # open, closed, open but proposed to close, proposed to open
TYPES = frozenset(
    "1 2 3 5 6 7 8 10 11 12 14 15 18 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 "
    "40 41 42 43 44 45 46 49 56 57".split()
)
TYPE_GROUPS = frozenset("1 2 3 4 5 6 9 10 11 13".split())
PHASES = frozenset("0 1 2 3 4 5 6 7".split())
REGIONS = frozenset("A B D E F G H J K W Z".split())  # W: Wales; Z: not applicable
LINK_TYPES = frozenset(
    {
        "Closure",
        "Expansion",
        "Merged - change in age range",
        "Merged - expansion in school capacity and changer in age range",
        "Merged - expansion of school capacity",
        "Other",
        "Predecessor",
        "Predecessor - Split School",
        "Predecessor - amalgamated",
        "Predecessor - merged",
        "Result of Amalgamation",
        "Sixth Form Centre Link",
        "Sixth Form Centre School",
        "Successor",
        "Successor - Split School",
        "Successor - amalgamated",
        "Successor - merged",
    }
)
"""All in the files of 29 January 2024 and 22 April 2025."""
POSTCODE = "[A-Za-z]{1,2}[0-9][A-Za-z0-9]? ?[0-9][A-Za-z]{2}"
AUTHORITY = "[0-9]{3}"

SCHOOLS = Table(
    name="schools",
    description="One row per establishment, open or closed.",
    primary_key=("urn",),
    newest_by="last_changed_date",
    columns=(
        Column("urn", "string", required=True),
        Column("establishment_name", "string"),  # the register's own, of an organisation: the one text in it
        Column("establishment_status", "integer", required=True, codes=STATUSES),
        Column("type_of_establishment", "integer", required=True, codes=TYPES),
        Column("establishment_type_group", "integer", required=True, codes=TYPE_GROUPS),
        Column("phase_of_education", "integer", required=True, codes=PHASES),
        Column("gor", "string", codes=REGIONS),
        Column("la", "string", pattern=AUTHORITY),
        Column("open_date", "date"),  # blank and 01-01-1900 both mean long ago: null
        Column("close_date", "date"),
        Column("postcode", "string", pattern=POSTCODE),
        Column("ukprn", "string", pattern=UKPRN),
        Column("last_changed_date", "date"),
    ),
)

LINKS = Table(
    name="school_links",
    description="One row per predecessor or successor link (the file links_edubasealldata).",
    primary_key=("urn", "link_urn", "link_type"),
    columns=(
        Column("urn", "string", required=True),
        Column("link_urn", "string", required=True),
        Column("link_type", "string", required=True, codes=LINK_TYPES),
        Column("link_established_date", "date"),
    ),
)

SCHOOL_LINEAGE = Table(
    name="school_lineage",
    description="For each URN, spans of days: whether it is open, and the URN it counts as.",
    columns=(
        Column("urn", "string", derived=True),
        Column("valid_from", "date", derived=True),  # inclusive; 1800-01-01 for ever before
        Column("valid_to", "date", derived=True),  # inclusive; 9999-12-31 for ever after
        Column("is_open", "boolean", derived=True),
        Column("counted_urn", "string", derived=True),
    ),
)

SOURCE = "schools"
TABLES = (SCHOOLS, LINKS, SCHOOL_LINEAGE)
