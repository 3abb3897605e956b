"""What is withheld when the attacker succeeds, and in which order: the least first (docs/decisions/0013).

1. The failing count's row in its breakdown, at every point, so that the symbol does not betray when; in a
   partition together with the smallest other row, as one hidden part is the total less the others. Or else
   the whole breakdown at that point, where every category is hidden alike. First whichever loses fewer numbers;
   where everybody of a group is alike, the row.
2. The other of the two.
3. The national counts of which it is a part, at that point, unless they are the headline.
4. The whole breakdown of the measure.
5. The measure, unless it is the headline.
6. Everything about people but the national headline.
7. Everything about people in this KPI.
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
    """Figures of one KPI: a row of a breakdown, a breakdown at a point, or with ``*`` all of them."""

    measure: str
    breakdown: str
    category: str
    period: int | str = EVERY
    stands: str = EVERY

    def holds(self, quantity: Quantity) -> bool:
        """Return whether a figure is one of these."""
        told = (quantity.measure, quantity.breakdown, quantity.category, quantity.period, quantity.stands)
        return all(here in (EVERY, there) for here, there in zip(self, told, strict=True))


def steps(
    kpi: Description,
    failing: Iterable[Quantity],
    wholes: Iterable[Quantity],
    smallest: Callable[[Place], str | None],
    loses: Callable[[frozenset[Place]], int],
) -> Iterator[frozenset[Place]]:
    """Yield what to withhold, step by step, for one count that fails under these names.

    ``wholes`` are the counts that it is a part of. ``smallest`` gives the smallest other category that still shows
    something in the breakdown of a row, ``loses`` how many numbers are shown at some places.
    """
    quantities = sorted(failing)
    breakdowns = {breakdown.id: breakdown for breakdown in kpi.breakdowns}
    cut = [quantity for quantity in quantities if quantity.breakdown in breakdowns]
    rows = {Place(quantity.measure, quantity.breakdown, quantity.category) for quantity in cut}
    for row in sorted(rows):
        other = smallest(row) if breakdowns[row.breakdown].adds_up(row.measure) else None
        if other is not None:
            rows.add(row._replace(category=other))
    point = frozenset(
        Place(quantity.measure, quantity.breakdown, EVERY, quantity.period, quantity.stands) for quantity in cut
    )
    yield from sorted((frozenset(rows), point), key=loses)
    yield frozenset(
        Place(quantity.measure, quantity.breakdown, quantity.category, quantity.period, quantity.stands)
        for quantity in wholes
        if quantity.breakdown not in breakdowns and quantity.measure != kpi.headline
    )
    yield frozenset(Place(quantity.measure, quantity.breakdown, EVERY) for quantity in cut)
    yield frozenset(
        Place(quantity.measure, EVERY, EVERY) for quantity in quantities if quantity.measure != kpi.headline
    )
    about_people = [m.id for m in kpi.measures if any(is_of_people(m, part) for part in PARTS)]
    yield frozenset(
        {Place(measure, EVERY, EVERY) for measure in about_people if measure != kpi.headline}
        | {Place(kpi.headline, breakdown.id, EVERY) for breakdown in kpi.breakdowns if kpi.headline in about_people}
    )
    yield frozenset(Place(measure, EVERY, EVERY) for measure in about_people)
