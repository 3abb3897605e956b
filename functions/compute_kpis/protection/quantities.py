"""Quantities: the counts behind the figures, each with one name through all releases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from placements_kpi.results import Description, Figure, Measure

Part = Literal["numerator", "denominator"]
PARTS: tuple[Part, Part] = ("numerator", "denominator")

YEARLY = "year"
"""Stands for the day of a yearly figure: a closed year has one true count, on whatever day it is looked at."""


ROLLING = 0
"""Stands for the period of twelve months that end at any day: they overlap, and are one series."""


class Quantity(NamedTuple):
    """What identifies one count. ``kpi`` has the version of its definition: another definition counts another thing."""

    kpi: str
    measure: str
    part: Part
    period: int
    stands: str
    breakdown: str
    category: str

    @property
    def name(self) -> str:
        """Return the name under which the ledger and the audit know it."""
        return "/".join(
            (
                self.kpi,
                f"{self.measure}.{self.part}",
                str(self.period),
                self.stands,
                self.breakdown,
                self.category,
            )
        )


def parse(name: str) -> Quantity:
    """Return the quantity of a name."""
    kpi, number, period, stands, breakdown, category = name.split("/")
    measure, _, part = number.rpartition(".")
    return Quantity(
        kpi, measure, "numerator" if part == "numerator" else "denominator", int(period), stands, breakdown, category
    )


def reference_parts(reference: str) -> tuple[str, Part, str, str]:
    """Return measure, part, breakdown and category of a reference in a relation; the last two may be empty."""
    number, _, place = reference.partition("@")
    measure, _, part = number.rpartition(".")
    breakdown, _, category = place.partition("=")
    return measure, "denominator" if part == "denominator" else "numerator", breakdown, category


def quantity(kpi: Description, measure: Measure, figure: Figure, part: Part) -> Quantity:
    """Return the quantity that one part of a figure shows."""
    family = next(family for family in kpi.families if family.id == measure.family)
    return Quantity(
        kpi=f"{kpi.id}@{kpi.definition_version}",
        measure=figure.measure,
        part=part,
        period=ROLLING if family.is_rolling else figure.period,
        stands=YEARLY if family.series == "yearly" else figure.as_of.isoformat(),
        breakdown=figure.breakdown,
        category=figure.category,
    )


def is_of_people(measure: Measure, part: Part) -> bool:
    """Return whether one part of a measure's figures counts people or their records, or is decided by such a record."""
    of_part = measure.disclosure if part == "numerator" else measure.denominator_disclosure or measure.disclosure
    return of_part != "organisation"


def true_counts(kpi: Description, figures: Iterable[Figure]) -> dict[str, int]:
    """Return every count of people in ``figures`` by name, and what is beside one or named by a relation of the KPI."""
    measures = {measure.id: measure for measure in kpi.measures}
    linked = {
        reference_parts(ref)[:2]
        for relation in kpi.relations
        for ref in (relation.whole, *relation.beside, *relation.parts)
    }
    linked |= {
        (measure.id, part) for measure in kpi.measures for part in PARTS if any(is_of_people(measure, p) for p in PARTS)
    }
    return {
        quantity(kpi, measures[figure.measure], figure, part).name: count
        for figure in figures
        for part, count in counts(figure)
        if (figure.measure, part) in linked
    }


def counts(figure: Figure) -> Iterator[tuple[Part, int]]:
    """Yield the counts that a figure has, by part."""
    if figure.status == "ok":
        for part in PARTS:
            count = getattr(figure, part)
            if count is not None:
                yield part, count
