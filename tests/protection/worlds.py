"""Random worlds: invented people with a region, reasons and dates, read month by month, with late corrections."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from placements_kpi.results import (
    Breakdown,
    Category,
    Description,
    Family,
    Figure,
    KpiResult,
    Measure,
    Relation,
    Results,
    Target,
)

REGIONS = ("north", "south", "east", "west")
REASONS = ("place", "full", "other")
MONTHS = tuple(date(2025, month, day) for month, day in ((1, 31), (2, 28), (3, 31), (4, 30), (5, 31), (6, 30)))


@dataclass(frozen=True)
class Person:
    """One invented person: in the group from ``joined``, with ``reasons`` from ``left`` (months; left 99 is never)."""

    region: str
    joined: int
    left: int
    reasons: frozenset[str]


def people(chance: random.Random, month: int) -> list[Person]:
    """Return who joins in one month: few in some regions, many in others."""
    found = []
    for region in REGIONS:
        for _ in range(chance.choice((0, 1, 3, 8, 25, 60))):
            left = chance.choice((month, month + 1, month + 2, 99, 99))
            reasons = frozenset(reason for reason in REASONS if chance.random() < 0.4) or {chance.choice(REASONS)}
            found.append(Person(region, month, left, frozenset(reasons)))
    return found


def corrected(chance: random.Random, known: list[Person], month: int) -> list[Person]:
    """Return what is known a month later: some people entered late, taken out, or moved to another region."""
    found = [person for person in known if chance.random() > 0.004]
    for _ in range(chance.choice((0, 0, 1, 1, 2, 3))):
        late = chance.randrange(month + 1)
        found.append(Person(chance.choice(REGIONS), late, late, frozenset({chance.choice(REASONS)})))
    return [replace(one, region=chance.choice(REGIONS)) if chance.random() < 0.002 else one for one in found]


def without_regions(results: Results) -> Results:
    """Return results in which the source that gives the regions is missing: none of their figures is available."""
    (kpi,) = results.kpis
    nothing = {"numerator": None, "denominator": None, "value": None, "status": "not_available"}
    figures = tuple(one.model_copy(update=nothing) if one.breakdown == "region" else one for one in kpi.figures)
    return results.model_copy(update={"kpis": (kpi.model_copy(update={"figures": figures}),)})


def results_of(known: Iterable[Person], newest: int) -> Results:
    """Return the exact results of what is known, for every month up to the newest."""
    known = list(known)
    figures = []
    for month, day in enumerate(MONTHS[: newest + 1]):
        there = [person for person in known if person.joined <= month]
        gone = [person for person in there if person.left <= month]
        figures.append(_rate("headline", day, "national", "Total", gone, there))
        figures.append(_count("gone", day, "national", "Total", gone))
        for region in REGIONS:
            here = [person for person in there if person.region == region]
            figures.append(_rate("headline", day, "region", region, [p for p in here if p.left <= month], here))
        for reason in REASONS:
            figures.append(_rate("by_reason", day, "reason", reason, [p for p in gone if reason in p.reasons], there))
    kpi = KpiResult(id="world", state="ok", as_of=MONTHS[newest], description=DESCRIPTION, figures=tuple(figures))
    return Results(
        run_id="20250101-000000000000",
        as_of=MONTHS[newest],
        month_end=MONTHS[newest],
        code_version="test",
        demonstration=True,
        snapshots={},
        sources=(),
        kpis=(kpi,),
    )


def _rate(measure: str, day: date, breakdown: str, category: str, part: list[Person], whole: list[Person]) -> Figure:
    value = 100 * len(part) / len(whole) if whole else None
    return Figure(
        measure=measure,
        period=2025,
        as_of=day,
        breakdown=breakdown,
        category=category,
        numerator=len(part),
        denominator=len(whole),
        value=value,
    )


def _count(measure: str, day: date, breakdown: str, category: str, who: list[Person]) -> Figure:
    return Figure(
        measure=measure,
        period=2025,
        as_of=day,
        breakdown=breakdown,
        category=category,
        numerator=len(who),
        denominator=None,
        value=float(len(who)),
    )


def _measure(name: str, kind: str, role: str) -> Measure:
    return Measure(
        id=name,
        title=name,
        kind=kind,  # type: ignore[arg-type]
        unit="trainee",
        disclosure="person",
        role=role,  # type: ignore[arg-type]
        family="year",
        what="people who left",
        out_of="people" if kind == "rate" else None,
    )


DESCRIPTION = Description(
    id="world",
    order=1,
    title="People who left",
    question="How many left?",
    unit="trainee",
    direction="lower",
    target=Target(text="a reduction"),
    headline="headline",
    region_of="the person",
    sources=("register",),
    families=(Family(id="year", period="register_year", stands="month_end"),),
    measures=(
        _measure("headline", "rate", "headline"),
        _measure("gone", "count", "beside"),
        _measure("by_reason", "rate", "breakdown"),
    ),
    breakdowns=(
        Breakdown(
            id="region",
            title="Region",
            measures=("headline",),
            partition=True,
            categories=tuple(Category(code=code, label=code) for code in REGIONS),
        ),
        Breakdown(
            id="reason",
            title="Reason",
            measures=("by_reason",),
            partition=False,
            categories=tuple(Category(code=code, label=code) for code in REASONS),
        ),
    ),
    relations=(
        Relation(kind="same", whole="headline.numerator", parts=("gone.numerator",)),
        Relation(kind="same", whole="headline.denominator", parts=("by_reason.denominator@reason",)),
        Relation(kind="union", whole="headline.numerator", parts=("by_reason.numerator@reason",)),
    ),
    means=("…",),
    method=("…",),
    leaves_out=("…",),
    caveats=(),
    definition_version="1",
)
