"""Adverts by who was offered the job: rounded and floored like people, additive, beside exact counts of all adverts."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

import pytest

from functions.compute_kpis.catalogue.definitions import load_definitions
from functions.compute_kpis.catalogue.loading import FOLDER, load_kpi
from functions.compute_kpis.protection.counts import Terms
from functions.compute_kpis.protection.guard import guarded
from functions.compute_kpis.protection.ledger import Past
from functions.compute_kpis.protection.structure import holding
from functions.compute_kpis.releases.disclosure import Protection, protect
from placements_kpi.results import Figure, KpiResult, Results
from tests.protection.test_guard import KEY, USED

DESCRIPTION = load_kpi(FOLDER / "ect-vacancies", load_definitions()).description
MONTHS = (date(2025, 11, 30), date(2025, 12, 31))
CLASSES = ("conflict", "ect_probable", "ect_possible", "not_ect", "filled_person_unknown", "not_filled", "unknown")
PROBABLE, KNOWN, AT_MOST = {"ect_probable"}, {*CLASSES[1:4]}, {"ect_probable", "ect_possible", "filled_person_unknown"}
FILLED = {*CLASSES[1:5]}
RATES = {
    "headline": (PROBABLE, KNOWN),
    "lower_bound": (PROBABLE, FILLED),
    "upper_bound": (AT_MOST, FILLED),
    "all_filled": (FILLED, None),
}
CATEGORIES = {one.id: [category.code for category in one.categories] for one in DESCRIPTION.breakdowns}


@dataclass(frozen=True)
class Advert:
    """One invented advert, closed in a month."""

    month: int
    ended: str
    region: str
    phase: str


def adverts(chance: random.Random) -> list[Advert]:
    """Return adverts: fewer in some regions, many in others."""
    weights = [chance.choice((12, 25, 40)) for _ in CATEGORIES["region"]]
    often = (1, 30, 12, 30, 40, 10, 60)
    return [
        Advert(
            chance.randrange(len(MONTHS)),
            chance.choices(CLASSES, often)[0],
            chance.choices(CATEGORIES["region"], weights)[0],
            chance.choice(CATEGORIES["phase"]),
        )
        for _ in range(2000)
    ]


def figures_of(known: list[Advert]) -> Iterator[Figure]:
    """Yield what the query would return of these adverts."""
    for month, day in enumerate(MONTHS):
        closed = [one for one in known if one.month <= month]

        def figure(
            measure: str,
            part: set[str],
            whole: set[str] | None,
            place: tuple[str, str] = ("national", "Total"),
            where: Callable[[Advert], bool] = lambda _: True,
            *,
            day: date = day,
            closed: list[Advert] = closed,
        ) -> Figure:
            here = [one.ended for one in closed if where(one)]
            top = sum(ended in part for ended in here)
            out_of = None if whole is None else sum(ended in whole for ended in here)
            value = float(top) if out_of is None else 100 * top / out_of if out_of else None
            return Figure(
                measure=measure,
                period=2025,
                as_of=day,
                breakdown=place[0],
                category=place[1],
                numerator=top,
                denominator=out_of,
                value=value,
            )

        for measure, (part, whole) in RATES.items():
            yield figure(measure, part, whole)
            for code in CATEGORIES["region"]:
                yield figure(measure, part, whole, ("region", code), lambda one, code=code: one.region == code)  # type: ignore[misc]
            for code in CATEGORIES["phase"]:
                yield figure(measure, part, whole, ("phase", code), lambda one, code=code: one.phase == code)  # type: ignore[misc]
        for ended in CLASSES:
            yield figure("vacancies_by_class", {ended}, None, ("class", ended))
        yield figure("coverage_any_outcome", {*CLASSES[:6]}, {*CLASSES})
        yield figure("coverage_taking_applications", {*CLASSES[:5]}, {*CLASSES})


def results(known: list[Advert]) -> Results:
    kpi = KpiResult(
        id="ect-vacancies", state="ok", as_of=MONTHS[-1], description=DESCRIPTION, figures=tuple(figures_of(known))
    )
    return Results(
        run_id="20250101-000000000000",
        as_of=MONTHS[-1],
        month_end=MONTHS[-1],
        code_version="test",
        demonstration=True,
        snapshots={},
        sources=(),
        kpis=(kpi,),
    )


def release(known: list[Advert]) -> Protection:
    return protect(results(known), USED, "2025-12-31.1", KEY, Past())


@pytest.mark.parametrize("seed", range(2))
def test_adverts_by_class_are_rounded_floored_and_additive_and_the_population_is_exact(seed: int) -> None:
    known = adverts(random.Random(seed))
    shown = {
        (one.measure, one.breakdown, one.category, one.as_of): one for one in release(known).document.kpis[0].figures
    }
    for day in MONTHS:
        national = {measure: shown[measure, "national", "Total", day] for measure in (*RATES, "coverage_any_outcome")}
        closed = sum(one.month <= MONTHS.index(day) for one in known)
        assert shown["coverage_taking_applications", "national", "Total", day].denominator == closed
        any_outcome = national["coverage_any_outcome"]
        assert any_outcome.denominator in {closed, None}
        assert (any_outcome.numerator or 0) % USED.base == 0
        by_class = {ended: shown["vacancies_by_class", "class", ended, day].numerator for ended in CLASSES}
        for measure, (part, whole) in RATES.items():
            for total, parts in ((national[measure].numerator, part), (national[measure].denominator, whole or set())):
                numbers = [by_class[ended] for ended in parts]
                if total is not None and None not in numbers:
                    assert total == sum(number or 0 for number in numbers)
    for (measure, breakdown, _, _), one in shown.items():
        for number in (one.numerator, one.denominator):
            if number is not None and not measure.startswith("coverage"):
                assert number % USED.base == 0
                assert breakdown == "national" or one.numerator == 0 or (one.numerator or 0) >= USED.floor
    assert sum(one.symbol is None for one in shown.values()) > len(shown) / 3


@pytest.mark.parametrize("seed", range(2))
def test_what_is_declared_of_the_classes_holds_in_every_region_and_phase(seed: int) -> None:
    """One table of class by region: whatever the adverts are, the relations are true of it."""
    guard = guarded(results(adverts(random.Random(seed))).kpis[0], Terms(USED, KEY, Past()))
    links = guard.counts.structure.links
    assert holding(links, guard.counts.by_name) == links
    beside = [link for link in links if link.beside]
    assert len(beside) == len(MONTHS) * (len(CATEGORIES["region"]) + len(CATEGORIES["phase"]))
    assert {len(link.parts) for link in links if link.kind == "adds_up"} >= {2, 3, 4, 6}
