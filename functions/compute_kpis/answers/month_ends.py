"""What is said of people at a month end is counted once and repeated until the next (publishing#month-ends).

Were past month ends worked out anew every day, one late record would move every month since at once, on a day: whoever
guesses that one person was added would know the counts that moved to less than their rounding (docs/decisions/0034).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from functions.compute_kpis.protection.quantities import PARTS, is_of_people
from functions.compute_kpis.protection.record_counts import PERSON_SOURCES
from placements_kpi import months

if TYPE_CHECKING:
    from datetime import date

    from placements_kpi.results import Figure, KpiResult


def kept(worked: KpiResult, earlier: KpiResult | None) -> KpiResult:
    """Return ``worked`` with what an ``earlier`` run counted of people at the same month end, if one did.

    A KPI of which everything stands at month ends stays whole, also what it says of its sources; of another one, the
    figures about people. A month end is counted once more when its sources first reach it, if they had not when it was
    first counted, and when the KPI is counted in another way.
    """
    of_people = {
        measure.id for measure in worked.description.measures if any(is_of_people(measure, part) for part in PARTS)
    }
    if not of_people or worked.as_of is None:
        return worked
    fresh = worked.model_copy(update={"counted_on": worked.as_of})
    month_end = months.last_end(worked.as_of)
    if (
        earlier is None
        or earlier.counted_on is None
        or months.last_end(earlier.counted_on) != month_end
        or _way(earlier) != _way(worked)
        or (_reach(worked, month_end) and not _reach(earlier, month_end))
    ):
        return fresh
    if all(family.stands == "month_end" for family in worked.description.families):
        said = {"description": worked.description, "state": "ok", "reason": None, "as_of": worked.as_of}
        return earlier.model_copy(update=said)
    known = {
        _place(figure): figure
        for figure in earlier.figures
        if figure.measure in of_people and months.is_end(figure.as_of)
    }
    figures = tuple(known.get(_place(figure), figure) for figure in worked.figures)
    return worked.model_copy(update={"figures": figures, "counted_on": earlier.counted_on})


def _reach(kpi: KpiResult, month_end: date) -> bool:
    """Whether every source of people that a KPI was worked out from was there and reaches the month end."""
    return not kpi.missing and all(
        day >= month_end for source, day in kpi.source_dates.items() if source in PERSON_SOURCES
    )


def _way(kpi: KpiResult) -> tuple[Any, ...]:
    """Return what decides which figures a KPI has and how they are counted; its words do not."""
    described = kpi.description
    return (
        kpi.sql,
        described.definition_version,
        [(measure.id, measure.family, measure.disclosure, measure.first_period) for measure in described.measures],
        [(cut.id, cut.measures, [category.code for category in cut.categories]) for cut in described.breakdowns],
    )


def _place(figure: Figure) -> tuple[Any, ...]:
    return figure.measure, figure.period, figure.as_of, figure.breakdown, figure.category
