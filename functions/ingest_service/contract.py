"""What ``ingest_service`` keeps of the service team's monthly figures, and nothing else: nobody is in them."""

from placements_kpi.tables import Column, Table

SERVICES = ("find_placement_schools", "manage_school_placements")
CHANNELS = ("digital", "assisted_digital", "phone", "email", "paper")
CATEGORIES = ("staff", "technology", "support", "other")
LEVELS = ("very_satisfied", "satisfied", "neither", "dissatisfied", "very_dissatisfied")

# A key that is on no list refuses its row: two unknown channels are not one.
_MONTH = Column("month", "string", required=True, pattern="20[0-9]{2}-(?:0[1-9]|1[0-2])")
_SERVICE = Column("service", "string", required=True, pattern="|".join(SERVICES))
_ENDS = Column("month_ends_on", "date", derived=True)
_MOST = 10**9

TRANSACTIONS = Table(
    name="service_transactions",
    description="One row per month, service and channel: transactions started and completed.",
    primary_key=("month", "service", "channel"),
    reaches="month_ends_on",
    columns=(
        _MONTH,
        _SERVICE,
        Column("channel", "string", required=True, pattern="|".join(CHANNELS)),
        Column("started", "integer", most=_MOST),  # digital and assisted digital only
        Column("completed", "integer", required=True, most=_MOST),
        _ENDS,
    ),
)

SATISFACTION = Table(
    name="service_satisfaction",
    description="One row per month and service: answers to the feedback form at each of five levels.",
    primary_key=("month", "service"),
    reaches="month_ends_on",
    columns=(
        _MONTH,
        _SERVICE,
        *(Column(level, "integer", required=True, most=_MOST) for level in LEVELS),
        _ENDS,
    ),
)

COSTS = Table(
    name="service_costs",
    description="One row per month, service and category of cost, in pence.",
    primary_key=("month", "service", "category"),
    reaches="month_ends_on",
    columns=(
        _MONTH,
        _SERVICE,
        Column("category", "string", required=True, pattern="|".join(CATEGORIES)),
        Column("pence", "integer", derived=True),  # pounds to the penny, without a decimal point
        _ENDS,
    ),
)

SOURCE = "service"
TABLES = (TRANSACTIONS, SATISFACTION, COSTS)
