"""What is true behind a release, under the names that an attacker of the published site has for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.attacks.reading import WHOLE, Count

if TYPE_CHECKING:
    from placements_kpi.results import Results


def true_counts(results: Results) -> dict[Count, int]:
    """Return the exact counts of a run, named as the published files name them."""
    found: dict[Count, int] = {}
    for kpi in results.kpis:
        told = kpi.description
        families = {family.id: family.period for family in told.families}
        cycles = {one.id: families[one.family] == "recruitment_cycle" for one in told.measures}
        names = {(cut.id, one.code): (cut.title, one.label) for cut in told.breakdowns for one in cut.categories}
        for figure in kpi.figures:
            first = figure.period - cycles[figure.measure]
            place = names.get((figure.breakdown, figure.category), (WHOLE, WHOLE))
            for part in ("numerator", "denominator"):
                number = getattr(figure, part)
                if number is not None:
                    years = f"{first}{(first + 1) % 100:02}"
                    found[Count(told.id, figure.measure, part, years, figure.as_of.isoformat(), *place)] = number
    return found
