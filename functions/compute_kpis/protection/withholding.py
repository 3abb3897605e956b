"""What is withheld when the attacker succeeds, and in which order: the least first (docs/decisions/0013).

1. The failing count's row in its breakdown, at every point, so that the symbol does not betray when; in a
   partition together with the smallest other row, as one hidden part is the total less the others.
2. The whole breakdown of the measure.
3. The measure, unless it is the headline.
4. Everything about people but the national headline.
5. Everything about people in this KPI.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from functions.compute_kpis.protection.quantities import PARTS, is_of_people

if TYPE_CHECKING:
    from functions.compute_kpis.protection.quantities import Quantity
    from placements_kpi.results import Description

EVERY = "*"


class Place(NamedTuple):
    """Figures of one KPI: a row of a breakdown, or with ``*`` all of them."""

    measure: str
    breakdown: str
    category: str

    def holds(self, measure: str, breakdown: str, category: str) -> bool:
        """Return whether a figure is one of these."""
        told = ((self.measure, measure), (self.breakdown, breakdown), (self.category, category))
        return all(here in (EVERY, there) for here, there in told)


def steps(
    kpi: Description, failing: Iterable[Quantity], smallest: Callable[[Place], str | None]
) -> Iterator[frozenset[Place]]:
    """Yield what to withhold, step by step, for one count that fails under these names.

    ``smallest`` gives the smallest other category that still shows something in the breakdown of a row.
    """
    quantities = sorted(failing)
    breakdowns = {breakdown.id: breakdown for breakdown in kpi.breakdowns}
    cut = [one for one in quantities if one.breakdown in breakdowns]
    rows = {Place(one.measure, one.breakdown, one.category) for one in cut}
    for row in sorted(rows):
        other = smallest(row) if breakdowns[row.breakdown].adds_up(row.measure) else None
        if other is not None:
            rows.add(row._replace(category=other))
    yield frozenset(rows)
    yield frozenset(Place(one.measure, one.breakdown, EVERY) for one in cut)
    yield frozenset(Place(one.measure, EVERY, EVERY) for one in quantities if one.measure != kpi.headline)
    about_people = [m.id for m in kpi.measures if any(is_of_people(m, part) for part in PARTS)]
    yield frozenset(
        {Place(measure, EVERY, EVERY) for measure in about_people if measure != kpi.headline}
        | {Place(kpi.headline, breakdown.id, EVERY) for breakdown in kpi.breakdowns if kpi.headline in about_people}
    )
    yield frozenset(Place(measure, EVERY, EVERY) for measure in about_people)
