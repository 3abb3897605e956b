"""The tables that ``compute_kpis`` writes for its own queries: the points in time, and the definitions.

Both are content-addressed snapshots like every other table, so a query is pinned to them too.
"""

from placements_kpi import settings
from placements_kpi.tables import Column, Table

KPI_POINTS = Table(
    name="kpi_points",
    description="The days that each KPI is worked out for.",
    columns=(
        Column("kpi", "string"),
        Column("family", "string"),  # a KPI's points can be of more than one kind (KPI 2: outcome, cohort)
        Column("period", "integer"),  # start year of an academic year; year of a recruitment cycle
        Column("period_start", "date"),
        Column("period_end", "date"),
        Column("as_of", "date"),
        Column("is_current", "boolean"),  # the newest point
        Column("is_series", "boolean"),
        Column("is_comparison", "boolean"),  # the point of the previous period that the newest is compared with
    ),
)

DEFINITIONS = Table(
    name="definitions",
    description="Code lists and mappings: definitions/*.csv, one row an entry.",
    columns=(
        Column("list", "string"),
        Column("code", "string"),
        Column("value", "string"),
    ),
)

SOURCE = "compute"
TABLES = (KPI_POINTS, DEFINITIONS)

RESULT_COLUMNS: dict[str, str] = {
    "measure": "varchar",
    "period": "bigint",
    "as_of": "date",
    "breakdown": "varchar",  # 'national', or the id of a breakdown
    "category": "varchar",  # 'Total' for national
    "numerator": "bigint",
    "denominator": "bigint",  # null for a measure that is a count
    "status": "varchar",  # 'ok', 'not_collected', 'not_available', 'insufficient_coverage'
}
"""What every KPI query returns: these names, in this order, of these Athena types."""

SOURCE_OF_TABLE = settings.SOURCE_OF_TABLE
"""Which source's snapshot a table belongs to."""
