"""``make bench-protection``: seconds to protect and audit a national release after 24 others, and what it still shows.

It takes the exact results that the last ``make run`` left, makes the releases that would
have gone before (the points up to each month end; the years before those of the sample
are copies of them; now and then a late correction), protects them in turn, and measures
the last.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from functions.compute_kpis.protection.keys import RoundingKey
from functions.compute_kpis.protection.ledger import Past, past_of
from functions.compute_kpis.protection.quantities import PARTS, is_of_people
from functions.compute_kpis.releases.disclosure import Protection, protect
from local.errors import LocalError
from local.template import load_stack
from placements_kpi.results import Figure, KpiResult, Protected, Results
from placements_kpi.settings import Disclosure

EARLIER = 24
SECONDS = 60.0
"""What the last release may take, on two cores."""
REGIONS = ("region", "region_applied_to")
SHOWN_PERCENT = {"person": 85.0, "person_linked": 70.0}
"""Least share of regional counts that show a number, by disclosure class."""

_KEY = RoundingKey(b"local-" + b"benchmark-of-protection-" * 2)
_CORRECTED = 3
"""People whom each release finds late, for every KPI: one more in a region and everywhere above it."""


def main() -> int:
    """Measure, print, and return 1 if a promise is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument("--earlier", type=int, default=EARLIER)
    given = parser.parse_args()
    exact = newest_results(given.build)
    measured = measure(exact, given.earlier)
    print(json.dumps(measured, indent=1))
    kept = (
        measured["seconds"] < SECONDS
        and all(measured["regional_percent"][kind] >= least for kind, least in SHOWN_PERCENT.items())
        and measured["headline_moves_by"] <= measured["base"]
    )
    return 0 if kept else 1


def newest_results(build: Path) -> Results:
    """Return the exact results that the last run left; :class:`LocalError` if there are none."""
    written = sorted(build.glob("aws/*/results/*/results.json"), key=lambda path: path.stat().st_mtime)
    if not written:
        raise LocalError(f"there are no results under {build}/aws; make them with: make run SERVE=0")
    return Results.model_validate_json(written[-1].read_bytes())


def measure(exact: Results, earlier: int) -> dict[str, Any]:
    """Return seconds and usefulness of the newest release, after ``earlier`` ones."""
    disclosure = Disclosure.model_validate_json(load_stack().function("compute_kpis").environment["DISCLOSURE"])
    chance = random.Random(1)
    months = list(reversed(_month_ends_before(exact.month_end, earlier)))
    corrections: list[tuple[str, str, date]] = []
    past = Past()
    whole = _with_years_before(exact)
    measured: dict[str, Any] = {}
    for number, month in enumerate([*months, exact.month_end]):
        days = [month - timedelta(days=chance.randrange(30, 300)) for _ in range(_CORRECTED)]
        corrections += [(kpi.id, chance.choice(_CODES), day) for kpi in exact.kpis for day in days]
        results = _corrected(_as_at(whole, month), corrections)
        started = time.perf_counter()
        protection = protect(results, disclosure, f"{month}.1", _KEY, past)
        seconds = time.perf_counter() - started
        past = past_of([*past.pages, protection.page])
        measured = _measured(results, protection, seconds, disclosure.base)
        print(
            f"release {number + 1} of {earlier + 1}: {seconds:5.1f} s, {measured['counts_audited']} counts", flush=True
        )
    return measured


def _measured(results: Results, protection: Protection, seconds: float, base: int) -> dict[str, Any]:
    verdict = protection.document.verdict
    if verdict is None:
        raise LocalError("the release has no verdict")
    return {
        "releases_before": len(verdict.releases),
        "seconds": round(seconds, 1),
        "counts_audited": verdict.cells,
        "increments_audited": verdict.increments,
        "attempts": verdict.attempts,
        "withheld": list(protection.withheld),
        "revised": len(protection.page.revised),
        "base": base,
    } | usefulness(results, protection.document)


def usefulness(exact: Results, shown: Protected) -> dict[str, Any]:
    """Return the share of regional counts that show a number, by class, and how far a national headline moved."""
    furthest = 0
    regional, numbers = Counter[str](), Counter[str]()
    for before, after in zip(exact.kpis, shown.kpis, strict=True):
        measures = {measure.id: measure for measure in before.description.measures}
        for figure, other in zip(before.figures, after.figures, strict=True):
            if figure.status != "ok" or not is_of_people(measures[figure.measure], "numerator"):
                continue
            if figure.breakdown in REGIONS:
                regional[measures[figure.measure].disclosure] += 1
                numbers[measures[figure.measure].disclosure] += other.symbol is None
            if figure.breakdown == "national" and figure.measure == before.description.headline:
                furthest = max([furthest, *_moves(figure, other)])
    return {
        "regional_counts": dict(regional),
        "regional_percent": {kind: round(100 * numbers[kind] / regional[kind], 1) for kind in regional},
        "headline_moves_by": furthest,
    }


def _moves(exact: Figure, shown: Figure) -> Iterable[int]:
    for part in PARTS:
        if getattr(shown, part) is not None:
            yield abs(getattr(shown, part) - getattr(exact, part))


_CODES = tuple(f"E1200000{number}" for number in range(1, 10))


def _month_ends_before(day: date, count: int) -> list[date]:
    ends = []
    for _ in range(count):
        day = day.replace(day=1) - timedelta(days=1)
        ends.append(day)
    return ends


def _with_years_before(exact: Results) -> Results:
    """Return the results with the sample's years again as those before: as many points as long use would have."""

    def years_back(figure: Figure, years: int) -> Figure:
        day = figure.as_of
        last = (day + timedelta(days=1)).day == 1
        moved = (day + timedelta(days=1)).replace(year=day.year - years) if last else day.replace(year=day.year - years)
        return figure.model_copy(
            update={"period": figure.period - years, "as_of": moved - timedelta(days=1) if last else moved}
        )

    def longer(kpi: KpiResult) -> KpiResult:
        known = {figure.period for figure in kpi.figures}
        more = [years_back(figure, 3) for figure in kpi.figures if figure.period - 3 not in known]
        return kpi.model_copy(update={"figures": (*kpi.figures, *more)})

    return exact.model_copy(update={"kpis": tuple(longer(kpi) for kpi in exact.kpis)})


def _as_at(whole: Results, month: date) -> Results:
    """Return what a release of that month end has: the points up to it, of its year and the two before."""

    def of(kpi: KpiResult) -> KpiResult:
        figures = [figure for figure in kpi.figures if figure.as_of <= month]
        newest = {figure.measure: figure.period for figure in figures}
        for figure in figures:
            newest[figure.measure] = max(newest[figure.measure], figure.period)
        kept = tuple(figure for figure in figures if figure.period > newest[figure.measure] - 3)
        return kpi.model_copy(update={"figures": kept})

    return whole.model_copy(update={"month_end": month, "kpis": tuple(of(kpi) for kpi in whole.kpis)})


def _corrected(results: Results, corrections: list[tuple[str, str, date]]) -> Results:
    """Return the results with one person more in a region, and so nationally, from a day to the end of its period."""

    def of(kpi: KpiResult) -> KpiResult:
        mine = [(region, day) for name, region, day in corrections if name == kpi.id]
        measures = {measure.id: measure for measure in kpi.description.measures}
        period_of = {figure.as_of: figure.period for figure in kpi.figures}
        days = sorted(period_of)
        dated = [
            (region, day, period_of[next((first_day for first_day in days if first_day >= day), days[-1])])
            for region, day in mine
        ]

        def corrected(figure: Figure) -> Figure:
            if figure.status != "ok" or figure.breakdown not in ("national", *REGIONS):
                return figure
            more = sum(
                figure.category in (region, "Total") and figure.as_of >= day and figure.period == period
                for region, day, period in dated
            )
            parts = [part for part in PARTS if is_of_people(measures[figure.measure], part)]
            return figure.model_copy(
                update={part: getattr(figure, part) + more for part in parts if getattr(figure, part) is not None}
            )

        return kpi.model_copy(update={"figures": tuple(map(corrected, kpi.figures))})

    return results.model_copy(update={"kpis": tuple(of(kpi) for kpi in results.kpis)})


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LocalError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
