"""Random protected documents: the six indicators with random exact figures, through the real disclosure control."""

from __future__ import annotations

import functools
import random
from datetime import date
from typing import TYPE_CHECKING

from functions.compute_kpis.catalogue.calendars import load_calendars
from functions.compute_kpis.catalogue.definitions import load_definitions
from functions.compute_kpis.catalogue.points import points_of
from functions.compute_kpis.protection.keys import RoundingKey
from functions.compute_kpis.protection.ledger import Past
from functions.compute_kpis.releases.disclosure import protect
from placements_kpi import months
from placements_kpi.results import Category, Figure, KpiResult, Results
from placements_kpi.settings import Disclosure
from tests.site.protected_document import AS_OF, checks, document, kpis, sources

if TYPE_CHECKING:
    from collections.abc import Mapping

    from placements_kpi.results import Breakdown, Measure, Point, Protected

USED = Disclosure(**document().disclosure.model_dump())
COARSER = USED.model_copy(update={"base": 10})
"""Rounded to tens, a national count of a few may be shown as ``low``; to fives it would be known too well."""
KEY = RoundingKey(b"local-" + b"abcdefghij" * 4)
PEOPLE = (0, 3, 12, 40, 400, 9_000, 60_000)
"""Sizes of a measure about people: nobody, a handful, enough for a percentage, for a decimal, thousands."""
OTHERS = (0, 1, 2, 7, 90, 900, 24_391)
AWKWARD = ("A & B", "Under <11", "“Other”, or 'none'", "Not applicable: x", "Ely's – élite")


DAYS = (AS_OF, date(2026, 7, 31), date(2026, 9, 1), date(2026, 10, 31))
"""Days that a world is of: one like others; the last of a year in Register, on which the year that ended is also the
year to date; the first of a year of placements; and the end of a month in a new cycle."""


@functools.cache
def random_document(number: int) -> Protected:
    """Return the document of world ``number``: the same number gives the same document."""
    chance = random.Random(number)
    made = document()
    day = DAYS[number % len(DAYS)]
    results = Results(
        run_id=made.run_id,
        as_of=day,
        month_end=months.last_end(day),
        code_version=made.code_version,
        demonstration=True,
        snapshots=made.snapshots,
        sources=sources(day),
        kpis=tuple(_exact(_as_at(day, kpi), chance) for kpi in kpis()),
        definitions=made.definitions,
        checks=checks(),
    )
    return protect(results, USED if number % 2 else COARSER, f"{day.isoformat()}.1", KEY, Past()).document


def _as_at(day: date, kpi: KpiResult) -> KpiResult:
    """The indicator with the points that it has on a day by the calendar (numbers#periods)."""
    points = points_of(kpi.description, day, load_calendars(load_definitions()))
    dates = dict.fromkeys(kpi.source_dates, day)
    return kpi.model_copy(update={"as_of": day, "points": points, "source_dates": dates})


def _exact(kpi: KpiResult, chance: random.Random) -> KpiResult:
    """The indicator with exact figures of a random size, some of them not there, and category labels that are odd."""
    about = kpi.description
    points = _thinned(kpi, chance)
    parts = tuple(_relabelled(part, chance) for part in about.breakdowns)
    about = about.model_copy(update={"breakdowns": parts})
    figures: list[Figure] = []
    for measure in about.measures:
        size = chance.choice(PEOPLE if measure.disclosure == "person" else OTHERS)
        share = chance.choice((0.0, 0.0025, 0.011, 0.02, 0.3, 0.97, 1.0))
        missing = {point.as_of for point in points if chance.random() < 0.1}
        for point in (point for point in points if point.family == measure.family):
            if not measure.newest_only or point.is_current:
                here = _at(measure, point, parts, size, share, chance.randrange(1_000))
                figures += [_missing(one) for one in here] if point.as_of in missing else here
    refused = {measure.id: "the two years do not count the same" for measure in about.measures if chance.random() < 0.2}
    changes = {"description": about, "points": points, "figures": tuple(figures), "comparison": refused}
    return kpi.model_copy(update=changes)


def _thinned(kpi: KpiResult, chance: random.Random) -> tuple[Point, ...]:
    """Some of the month ends, where people are counted: the attacker takes his time over each."""
    if all(measure.disclosure == "organisation" for measure in kpi.description.measures):
        return kpi.points
    yearly = {family.id for family in kpi.description.families if family.series == "yearly"}
    fixed = {point for point in kpi.points if point.is_current or point.is_comparison or point.family in yearly}
    others = [point for point in kpi.points if point not in fixed]
    kept = fixed | set(chance.sample(others, min(4, len(others))))
    return tuple(point for point in kpi.points if point in kept)


def _relabelled(part: Breakdown, chance: random.Random) -> Breakdown:
    """Region names and what is not available are official; any other label may be odd."""
    if part.id == "region":
        return part
    labels = chance.sample(AWKWARD, len(AWKWARD))
    categories = tuple(
        Category(code=one.code, label=labels.pop() if labels and chance.random() < 0.3 else one.label)
        for one in part.categories
    )
    return part.model_copy(update={"categories": categories})


def _at(
    measure: Measure, point: Point, parts: tuple[Breakdown, ...], size: int, share: float, wobble: int
) -> list[Figure]:
    """The figures of a measure at a point: parts that add up where they partition, more as the period goes on."""
    own = [part for part in parts if measure.id in part.measures]
    partition = next((part for part in own if part.adds_up(measure.id)), None)
    grown = min(1.0, ((point.as_of - point.period_start).days + 1) / 300)
    weights = [(index * 7 + size) % 5 for index in range(len(partition.categories))] if partition else [1]
    wholes = [int(size * grown * weight / (sum(weights) or 1)) for weight in weights]
    counts = [(int(whole * share), whole) for whole in wholes]
    numerator, denominator = (sum(one[side] for one in counts) for side in (0, 1))
    made = (
        [] if measure.role == "breakdown" else [_figure(measure, point, ("national", "Total"), numerator, denominator)]
    )
    if point.is_current or point.is_comparison:
        for part in own:
            for index, category in enumerate(part.categories):
                if part is partition:
                    few, many = counts[index]
                elif part.adds_up(measure.id):  # the same whole, cut in another way
                    first = index == 0
                    few, many = (numerator, denominator) if first else (0, 0)
                else:
                    few, many = int(numerator * ((index + wobble % 3) % 4) / 4), denominator
                made.append(_figure(measure, point, (part.id, category.code), few, many))
    return made


def _figure(measure: Measure, point: Point, cell: tuple[str, str], numerator: int, denominator: int) -> Figure:
    rate = measure.kind == "rate"
    return Figure(
        measure=measure.id,
        period=point.period,
        as_of=point.as_of,
        breakdown=cell[0],
        category=cell[1],
        numerator=numerator,
        denominator=denominator if rate else None,
        value=(100 * numerator / denominator if denominator else None) if rate else float(numerator),
    )


def _missing(one: Figure) -> Figure:
    return one.model_copy(update={"numerator": None, "denominator": None, "value": None, "status": "not_available"})


def symbols_in(made: Protected) -> Mapping[str, int]:
    """Return how many figures stand as each symbol."""
    found: dict[str, int] = {}
    for kpi in made.kpis:
        for one in kpi.figures:
            found[one.symbol or "a number"] = found.get(one.symbol or "a number", 0) + 1
    return found
