"""The published schema: the columns of every CSV file. The gate refuses any other (publishing#open-data)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from placements_kpi.results import Measure

COLUMN_WORDS = {
    "time_period": "the two years the period spans, as six digits: 202526 is 2025 to 2026; of twelve months, "
    "the year of the last",
    "time_identifier": "what kind of period it is",
    "geographic_level": "National or Regional",
    "country_code": "code of England",
    "country_name": "England",
    "region_code": "code of the region; x where the region is not available; empty in national rows",
    "region_name": "name of the region; empty in national rows",
    "kpi": "the indicator",
    "measure": "the measure of the indicator",
    "breakdown": "how the measure is cut; Total where it is not",
    "category": "the part of the breakdown; Total for all of it",
    "as_of": "the day at whose end the figure stands",
    "unit": "what is counted",
    "figure_status": "revised where it differs from the release before; else provisional until the period is over, and "
    "final from then on",
    "numerator": "the count, or the money in pounds",
    "denominator": "what the count is out of, or the money is divided by; z for a measure that is only one number",
    "percentage": "numerator as a percentage of denominator; z for a measure that is none",
    "unit_cost": "numerator in pounds for each of denominator; z for a measure that is not such a cost",
}
"""Every column of the files with a row for each figure, in order, and what it means."""

COLUMNS = tuple(COLUMN_WORDS)
TEXT_COLUMNS, INDICATORS = COLUMNS[:-4], COLUMNS[-4:]
PLACE = COLUMNS[:7]
"""When and where a row stands: the first columns of every file with figures."""

ENGLAND = ("E92000001", "England")
"""The country of every row: its code and its name."""

_CUT = ("breakdown", "category")
STANDARD = ((*PLACE, "part_of_year", *_CUT), (*PLACE, *_CUT), (*PLACE, "part_of_year"), PLACE)
"""Columns without figures of the files in DfE's open data standard, of years and of months; the most first."""


def numbers_of(measure: Measure) -> tuple[str, ...]:
    """Return the endings of a measure's columns in files of DfE's standard, which has a column for each number."""
    if not measure.is_divided:
        return ("pounds",) if measure.kind == "money" else ("count",)
    return ("numerator", "denominator", "unit_cost" if measure.kind == "money" else "percentage")


META = tuple(
    "col_name col_type label indicator_grouping indicator_unit indicator_dp filter_hint filter_grouping_column".split()
)
"""Columns of the description of such a file."""

WITHDRAWN = ("release", "withdrawn_on", "reason")
"""Columns of what stands in place of a withdrawn file."""
