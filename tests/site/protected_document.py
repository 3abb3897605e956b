"""A protected results document, made by rules: six indicators that between them show every case a page must tell.

Rising and falling series, a level and a direction as targets, yearly and monthly points, withheld and
uncollected figures, partitions and overlaps, series breaks, a comparison refused. Nothing here is typed in
as a figure: :func:`curve` gives each one, so that a test works out what it expects from the same document.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any

from functions.publish_site.words import PLURALS
from placements_kpi.results import (
    NO_SNAPSHOT,
    Breakdown,
    Category,
    Check,
    DefinitionFile,
    Description,
    Disclosure,
    Family,
    Figure,
    KpiResult,
    Measure,
    Point,
    Protected,
    SeriesBreak,
    SourceFacts,
    TableFacts,
    Target,
    Verdict,
    judged,
)
from placements_kpi.settings import SOURCE_TITLES, SOURCES

AS_OF = date(2026, 7, 14)
MONTH_END = date(2026, 6, 30)
REGIONS = {
    "E12000001": "North East",
    "E12000002": "North West",
    "E12000003": "Yorkshire and The Humber",
    "E12000004": "East Midlands",
    "E12000005": "West Midlands",
    "E12000006": "East of England",
    "E12000007": "London",
    "E12000008": "South East",
    "E12000009": "South West",
    "not_available": "Not available",
}
OPENINGS: dict[str, Callable[[int], tuple[date, date]]] = {
    "recruitment_cycle": lambda year: (date(year - 1, 10, 1), date(year, 9, 30)),
    "register_year": lambda year: (date(year, 8, 1), date(year + 1, 7, 31)),
    "placements_year": lambda year: (date(year, 9, 1), date(year + 1, 8, 31)),
}
CURRENT = {"recruitment_cycle": 2026, "register_year": 2025, "placements_year": 2025}


def month_ends(start: date, last: date) -> list[date]:
    """Every month end from ``start`` to ``last``."""
    ends, year, month = [], start.year, start.month
    while (end := date(year, month, calendar.monthrange(year, month)[1])) <= last:
        ends.append(end)
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return ends


def label(kind: str, period: int) -> str:
    first = period - 1 if kind == "recruitment_cycle" else period
    years = f"{first} to {first + 1}"
    return f"{years} cycle" if kind == "recruitment_cycle" else f"academic year {years}"


def points_of(family: Family) -> list[Point]:
    """The points of a family as the rules have them (numbers#series): three periods, the day, its comparison."""
    now = MONTH_END if family.stands == "month_end" else AS_OF
    kind = family.period
    made: list[Point] = []
    if family.series == "yearly":
        for back in (2, 1, 0):
            period = CURRENT[kind] - 1 - back
            start, end = OPENINGS[kind](period)
            stands = date(now.year - back, now.month, now.day)
            made.append(_point(family, period, start, end, stands, current=back == 0, comparison=back == 1))
        return made
    elapsed = (now - OPENINGS[kind](CURRENT[kind])[0]).days
    for back in (2, 1, 0):
        period = CURRENT[kind] - back
        start, end = OPENINGS[kind](period)
        same = date(now.year - back, now.month, now.day) if family.stands == "month_end" else start + timedelta(elapsed)
        ends = month_ends(start, end if back else now)
        for stands in sorted({*ends, *([same] if back < 2 else [])}):
            current, comparison = back == 0 and stands == now, back == 1 and stands == same
            point = _point(family, period, start, end, stands, current=current, comparison=comparison)
            made.append(point.model_copy(update={"is_series": current or stands in ends}))
    return made


def _point(
    family: Family, period: int, start: date, end: date, stands: date, *, current: bool, comparison: bool
) -> Point:
    return Point(
        family=family.id,
        period=period,
        period_label=label(family.period, period),
        period_start=start,
        period_end=end,
        as_of=stands,
        is_current=current,
        is_series=True,
        is_comparison=comparison,
    )


def curve(point: Point, size: int, growth: float, seed: int) -> int:
    """A count at a point: grows through the period, and from period to period by ``growth``."""
    share = min(1.0, ((point.as_of - point.period_start).days + 20) / 330)
    wobble = 1 + ((point.as_of.toordinal() * 7 + seed * 13) % 11 - 5) / 100
    return max(0, round(size * share * wobble * (1 + growth) ** (point.period - 2024)))


def figure(
    measure: Measure, point: Point, cell: tuple[str, str], size: int, growth: float, rate: float, seed: int
) -> Figure:
    """A figure protected the way the disclosure stage protects: rounded for people, a symbol where it is small."""
    person = measure.disclosure == "person"
    base = 5 if person else 1
    denominator = base * round(curve(point, size, 0.0, seed) / base)
    share = (
        rate
        * (1 + growth) ** (point.period - 2024)
        * (0.8 + 0.2 * min(1, (point.as_of - point.period_start).days / 300))
    )
    numerator = base * round(denominator * min(share, 0.98) / base)
    common: dict[str, Any] = {
        "measure": measure.id,
        "period": point.period,
        "as_of": point.as_of,
        "breakdown": cell[0],
        "category": cell[1],
    }
    if measure.kind == "count":
        return Figure(**common, numerator=numerator, denominator=None, value=float(numerator))
    if denominator < (25 if person else 1):
        return hidden(Figure(**common, numerator=None, denominator=None, value=None), "c" if person else "z")
    if person and 0 < numerator < 10:
        return hidden(Figure(**common, numerator=None, denominator=None, value=None), "c")
    places = 1 if not person or denominator >= 1000 else 0
    value = round(100 * numerator / denominator + 1e-9, places)
    return Figure(**common, numerator=numerator, denominator=denominator, value=value)


def hidden(one: Figure, symbol: str) -> Figure:
    return one.model_copy(update={"numerator": None, "denominator": None, "value": None, "symbol": symbol})


def regions(*measures: str, overlapping: tuple[str, ...] = ()) -> Breakdown:
    return Breakdown(
        id="region",
        title="Region",
        measures=measures,
        partition=True,
        overlapping=overlapping,
        categories=_categories(REGIONS.items()),
    )


def _categories(items: Iterable[tuple[str, str]]) -> tuple[Category, ...]:
    return tuple(Category(code=code, label=text) for code, text in items)


def kpi(
    order: int,
    kpi_id: str,
    title: str,
    question: str,
    unit: Any,
    direction: Any,
    target: Target,
    kind: Any,
    measures: tuple[Measure, ...],
    breakdowns: tuple[Breakdown, ...],
    sizes: dict[str, tuple[int, float, float]],
    sources: tuple[str, ...],
    *,
    stands: Any = "day",
    extra_families: tuple[Family, ...] = (),
    yearly: bool = False,
    headline: str = "headline",
    breaks: tuple[SeriesBreak, ...] = (),
    comparison: dict[str, str] | None = None,
) -> KpiResult:
    """One indicator with every figure its measures, points and breakdowns call for."""
    families = (
        Family(id="year", period=kind, stands=stands, series="yearly" if yearly else "monthly"),
        *extra_families,
    )
    points = tuple(point for family in families for point in points_of(family))
    figures: list[Figure] = []
    for seed, measure in enumerate(measures, order * 10):
        size, growth, rate = sizes.get(measure.id, (1000, 0.05, 0.5))
        for point in (point for point in points if point.family == measure.family):
            if measure.newest_only and not point.is_current:
                continue
            if measure.role != "breakdown":
                figures.append(figure(measure, point, ("national", "Total"), size, growth, rate, seed))
            if not (point.is_current or point.is_comparison):
                continue
            for part in breakdowns:
                if measure.id in part.measures:
                    for index, category in enumerate(part.categories):
                        weight = size * (len(part.categories) - index) // (len(part.categories) * 4)
                        if category.code == "not_available":
                            weight = size // 400
                        figures.append(
                            figure(
                                measure,
                                point,
                                (part.id, category.code),
                                weight,
                                growth,
                                rate * (1 + (index % 3) / 10),
                                seed + index,
                            )
                        )
    return KpiResult(
        id=kpi_id,
        state="ok",
        as_of=AS_OF,
        points=points,
        figures=tuple(figures),
        comparison=comparison or {},
        description=Description(
            id=kpi_id,
            order=order,
            title=title,
            question=question,
            unit=unit,
            direction=direction,
            target=target,
            headline=headline,
            region_of="the school" if unit == "school" else "the training provider",
            sources=sources,
            families=families,
            measures=measures,
            breakdowns=breakdowns,
            means=(
                f"{question} This indicator answers that with counts from {len(sources)} of our sources.",
                f"A {direction} figure is better.",
            ),
            method=(
                f"We count each {unit} once, however often it appears, as at the end of the day shown.",
                "What happened after the day is left out, even where it is known.",
            ),
            leaves_out=("Records without a date, which are counted under data quality.", "Anything outside England."),
            caveats=("Reasons are chosen from a list, and the lists have changed.",),
            breaks=breaks,
            definition_version="1",
        ),
        snapshots={f"{source}_rows": f"20260714-{order:012x}" for source in sources},
        source_dates=dict.fromkeys(sources, AS_OF),
        sql="SELECT period,\n       count(*) AS numerator  -- <b>not</b> &&\nFROM t WHERE snapshot = :t_snapshot\n",
    )


def measure(
    measure_id: str, title: str, kind: Any = "rate", unit: Any = "candidate", role: Any = "beside", **more: Any
) -> Measure:
    values = {
        "family": "year",
        "disclosure": "person" if unit in {"candidate", "trainee", "application"} else "organisation",
        "what": f"{PLURALS[unit]} counted as “{title.lower()}”",
        "out_of": f"all {PLURALS[unit]}" if kind == "rate" else None,
    }
    return Measure(id=measure_id, title=title, kind=kind, unit=unit, role=role, **{**values, **more})


def kpis() -> tuple[KpiResult, ...]:
    """The six indicators."""
    groups = {
        "placement": "No placement found",
        "course_full": "Course full",
        "mentor": "No mentor",
        "other": "Other reasons",
    }
    phases = {
        "primary": "Primary",
        "secondary": "Secondary",
        "not_applicable": "Not applicable",
        "not_available": "Not available",
    }
    rejections = kpi(
        1,
        "placement-rejections",
        "Candidates rejected because of placements",
        "How many candidates lose their place because there is no placement or mentor?",
        "candidate",
        "lower",
        Target(text="A reduction"),
        "recruitment_cycle",
        (
            measure(
                "headline",
                "Rejected because of placements",
                role="headline",
                what="candidates rejected because of a placement, a mentor or a full course",
                out_of="candidates rejected with a reason that can be classified",
            ),
            measure("rejections_for_capacity", "Rejections because of placements", unit="application"),
            measure("coverage", "Rejections with a reason that can be classified", unit="application", role="quality"),
            measure("candidates_who_applied", "Candidates who applied", kind="count"),
            measure("candidates_by_reason_group", "Candidates by reason", role="breakdown"),
        ),
        (
            Breakdown(
                id="reason_group",
                title="Reason for rejection",
                measures=("candidates_by_reason_group",),
                partition=False,
                categories=_categories(groups.items()),
            ),
            regions("rejections_for_capacity", "headline", overlapping=("headline",)),
        ),
        {
            "headline": (60_000, -0.08, 0.18),
            "rejections_for_capacity": (170_000, -0.06, 0.15),
            "coverage": (190_000, 0.01, 0.9),
            "candidates_who_applied": (80_000, 0.02, 0.95),
            "candidates_by_reason_group": (60_000, -0.02, 0.1),
        },
        ("apply", "providers"),
        stands="month_end",
        breaks=(
            SeriesBreak(
                on=date(2024, 10, 1),
                text="Providers can first choose “school placement”.",
                before="placements were part of “course full”",
                after="placements are a reason of their own",
            ),
        ),
    )
    withdrawals = kpi(
        2,
        "trainee-withdrawals",
        "Trainees who withdraw",
        "How many trainees leave their training before the end?",
        "trainee",
        "lower",
        Target(text="A reduction"),
        "register_year",
        (
            measure("outcome_rate", "Withdrawal rate", unit="trainee", role="headline"),
            measure(
                "cohort_rate",
                "Withdrawn so far of those in training",
                unit="trainee",
                family="cohort",
                note="An early signal.",
            ),
            measure("withdrawals_by_reason_group", "Withdrawals by reason", unit="trainee", role="breakdown"),
        ),
        (
            Breakdown(
                id="reason_group",
                title="Reason for withdrawal",
                measures=("withdrawals_by_reason_group",),
                partition=False,
                categories=_categories(
                    {"placement": "Placement and school", "career": "Career choice", "rare": "Conduct"}.items()
                ),
            ),
            regions("outcome_rate"),
        ),
        {
            "outcome_rate": (31_000, 0.06, 0.09),
            "cohort_rate": (29_000, 0.04, 0.07),
            "withdrawals_by_reason_group": (31_000, 0.0, 0.003),
        },
        ("register", "providers"),
        stands="month_end",
        yearly=True,
        headline="outcome_rate",
        extra_families=(Family(id="cohort", period="register_year", stands="month_end"),),
        breaks=(
            SeriesBreak(
                on=date(2023, 7, 20),
                text="A new list of reasons.",
                before="One list of 12 reasons was in use.",
                after="The reasons are split and renamed.",
                measures=("withdrawals_by_reason_group", "outcome_rate"),
            ),
            SeriesBreak(
                on=date(2025, 2, 11),
                text="Several reasons may be given.",
                before="each trainee had one reason",
                after="a trainee can have several",
            ),
        ),
    )
    participation = kpi(
        3,
        "school-participation",
        "Schools that take part in teacher training",
        "How many schools have given a mentor to a trainee?",
        "school",
        "higher",
        Target(text="An increase"),
        "placements_year",
        (
            measure("headline", "Schools with a mentor allocated", kind="count", unit="school", role="headline"),
            measure("percentage_of_schools", "Percentage of schools in England", unit="school"),
        ),
        (
            regions("headline"),
            Breakdown(
                id="phase",
                title="Phase",
                measures=("headline", "percentage_of_schools"),
                partition=True,
                categories=_categories(phases.items()),
            ),
        ),
        {"headline": (15_000, 0.07, 0.8), "percentage_of_schools": (24_400, 0.05, 0.5)},
        ("placements", "schools"),
    )
    vacancies = kpi(
        4,
        "ect-vacancies",
        "Vacancies filled by early career teachers",
        "How many teaching jobs go to those just trained?",
        "vacancy",
        "higher",
        Target(text="An increase"),
        "placements_year",
        (
            measure("headline", "Vacancies filled by early career teachers", unit="vacancy", role="headline"),
            measure("all_filled", "All vacancies filled", kind="count", unit="vacancy"),
        ),
        (regions("headline"),),
        {"headline": (30_000, 0.2, 0.12), "all_filled": (52_000, 0.03, 0.8)},
        ("vacancies", "register"),
        stands="month_end",
        comparison={"headline": "offers were recorded only from 3 September 2025"},
    )
    vacancies = vacancies.model_copy(
        update={
            "figures": tuple(
                hidden(one, "x") if one.measure == "headline" and one.period < 2025 else one
                for one in vacancies.figures
            )
        }
    )
    providers = kpi(
        5,
        "provider-take-up",
        "Training providers that use Find a placement school",
        "How much of the sector uses the service to find placement schools?",
        "provider",
        "higher",
        Target(value=50.0, text="50% of the sector"),
        "placements_year",
        (
            measure("headline", "Providers that use the service", unit="provider", role="headline"),
            measure("accredited", "Accredited providers that use the service", unit="provider"),
        ),
        (
            Breakdown(
                id="role",
                title="Accredited provider or delivery partner",
                measures=("headline",),
                partition=True,
                categories=_categories({"accredited": "Accredited", "delivery_partner": "Delivery partner"}.items()),
            ),
            regions("headline", "accredited"),
        ),
        {"headline": (1_000, 0.15, 0.55), "accredited": (240, 0.1, 0.7)},
        ("providers", "placements"),
    )
    schools = kpi(
        6,
        "school-take-up",
        "Schools that use Manage school placements",
        "How many schools are active on the service?",
        "school",
        "higher",
        Target(value=25.0, text="25% of schools"),
        "placements_year",
        (
            measure("headline", "Schools active on the service", unit="school", role="headline"),
            measure("active_by_sign_in", "Active by signing in", kind="count", unit="school"),
        ),
        (
            regions("headline"),
            Breakdown(
                id="phase",
                title="Phase",
                measures=("headline",),
                partition=True,
                categories=_categories(phases.items()),
            ),
        ),
        {"headline": (24_400, 0.3, 0.16), "active_by_sign_in": (24_400, 0.2, 0.11)},
        ("schools", "placements"),
    )
    return rejections, withdrawals, participation, vacancies, providers, schools


def without(kpi: KpiResult, source: str, why: str) -> KpiResult:
    """Return an indicator of which the breakdowns need one source that is missing, and the measures do not."""
    about = kpi.description
    needs = tuple(one for one in about.sources if one != source)
    measures = tuple(one.model_copy(update={"needs": needs}) for one in about.measures)
    parts = tuple(one.model_copy(update={"needs": (source,)}) for one in about.breakdowns)
    changes = {
        "description": about.model_copy(update={"measures": measures, "breakdowns": parts}),
        "missing": {source: why},
        "snapshots": kpi.snapshots | {f"{source}_rows": NO_SNAPSHOT},
        "source_dates": dict.fromkeys(needs, AS_OF),
        "figures": tuple(one if one.breakdown == "national" else hidden(one, "x") for one in kpi.figures),
    }
    return kpi.model_copy(update=changes)


def sources(as_of: date = AS_OF) -> tuple[SourceFacts, ...]:
    return tuple(
        SourceFacts(
            source=name,
            title=SOURCE_TITLES[name],
            as_of=as_of - timedelta(days=index),
            snapshot=f"20260714-{index:012x}",
            age_days=index,
            max_age_days=14,
            tables=(
                TableFacts(
                    table=f"{name}_rows",
                    rows_in=120_000 + index,
                    kept=119_000 + index,
                    duplicates=200,
                    refused={"bad_date": 700, "unknown_urn": 100},
                    unknown_codes={"status": 5},
                ),
            ),
            notes={"unusable_trn_too_short": 40, f"{name}_rows_left_out": 15} if index % 2 else {},
            last_attempt="It did not pass the checks that we make" if name == "vacancies" else None,
        )
        for index, name in enumerate(SOURCES)
    )


def checks() -> tuple[Check, ...]:
    """A check of each group: most in order, one to be looked at, one that failed."""

    def check(
        check_id: str, title: str, state: str, says: str, *counts: tuple[str, int], **more: dict[str, Any]
    ) -> Check:
        return Check.model_validate(
            {
                "id": check_id,
                "group": check_id.partition(":")[0],
                "title": title,
                "state": state,
                "says": says,
                "counts": [{"label": label, "count": number} for label, number in counts],
                **more,
            }
        )

    return (
        check("rows:apply", "Apply", "ok", "Every row was kept.", ("Tables checked", 1)),
        check("rows:schools", "Schools", "failed", "The rows of schools do not add up.", ("Tables checked", 2)),
        check("figures:school-take-up", "Schools that use it", "ok", "Fine.", ("Breakdowns that add up", 31)),
        check("lists", "Values", "warning", "Some values are on none of our lists.", ("Training route", 15)),
        check("sources:publish", "Providers", "ok", "Publish knows every provider.", ("Codes", 0)),
        check("bounds:schools_d2", "Schools in England", "ok", "About 24,400.", ("As we count", 24_391)),
        check(
            "bounds:schools_d3",
            "State-funded schools",
            "warning",
            "Ours is far from it.",
            ("As we count", 24_391),
            published={"kpi": "school-take-up", "measure": "headline", "low": 20_000, "high": 22_000},
        ),
    )


def document(release: str = "2026-07-14.1", **changes: Any) -> Protected:
    """The whole document; ``changes`` replace fields of it."""
    made = Protected(
        release=release,
        run_id="20260714-abcdefabcdef",
        as_of=AS_OF,
        month_end=MONTH_END,
        code_version="0.1.0",
        demonstration=True,
        disclosure=Disclosure(
            base=5,
            floor=10,
            percentage_floor=25,
            width=5,
            threshold=10,
            attempts=6,
            solver_seconds=20,
            approved_by="Head of profession for statistics",
            approved_on=date(2026, 1, 5),
        ),
        snapshots={"schools": "20260714-00000000000a", "definitions": "20260822-00000000000d"},
        sources=sources(),
        kpis=kpis(),
        definitions=(
            DefinitionFile(file="calendar.csv", version="2", dated=date(2025, 10, 1), source="the timetables of Apply"),
            DefinitionFile(file="regions.csv", version="1", dated=date(2023, 12, 31), source="the ONS"),
        ),
        checks=checks(),
    )
    return made.model_copy(update=changes)


def audited(made: Protected, **changes: Any) -> Protected:
    """Return a document as the attacker audit passes it on; ``changes`` replace fields of the verdict."""
    values: dict[str, Any] = {
        "state": "passed",
        "width": 5,
        "threshold": 10,
        "cells": 120,
        "increments": 240,
        "releases": ("2026-06-14.1",),
        "attempts": 0,
        "withheld": 0,
        "key_id": "0123456789ab",
    }
    return judged(made, Verdict(**{**values, **changes}))
