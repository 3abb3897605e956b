"""Twelve months that end at successive months are one series: rounded alike, and each two neighbours differenced."""

from __future__ import annotations

import itertools
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from functions.compute_kpis.catalogue.definitions import load_definitions
from functions.compute_kpis.catalogue.loading import load_kpi
from functions.compute_kpis.protection.counts import Terms, counts_of, rounded
from functions.compute_kpis.protection.guard import guarded
from functions.compute_kpis.protection.ledger import Past
from functions.compute_kpis.protection.quantities import ROLLING, parse
from placements_kpi import months
from placements_kpi.results import Figure, KpiResult, Point
from tests.protection.test_guard import KEY, USED

if TYPE_CHECKING:
    from placements_kpi.results import Description

ENDS = months.ends(date(2025, 1, 31), date(2026, 6, 30))
LEVELS = ("very_satisfied", "satisfied", "neither", "dissatisfied", "very_dissatisfied")


def described() -> Description:
    return load_kpi(Path("functions/compute_kpis/kpis/user-satisfaction"), load_definitions()).description


def satisfaction(answers: list[int]) -> KpiResult:
    """The KPI with so many answers of each level in each twelve months, all of one service."""
    points, figures = [], []
    for end, count in zip(ENDS, answers, strict=True):
        period = end.year * 100 + end.month
        points.append(
            Point(
                family="year",
                period=period,
                period_label=f"twelve months to {end.day} {end:%B %Y}",
                period_start=months.end_years_before(end, 1),
                period_end=end,
                as_of=end,
                is_current=end == ENDS[-1],
                is_series=True,
                is_comparison=False,
            )
        )

        def cell(
            measure: str,
            breakdown: str,
            category: str,
            numerator: int,
            out_of: int | None,
            period: int = period,
            end: date = end,
        ) -> Figure:
            return Figure(
                measure=measure,
                period=period,
                as_of=end,
                breakdown=breakdown,
                category=category,
                numerator=numerator,
                denominator=out_of,
                value=None,
            )

        figures += [
            cell("headline", "national", "Total", 2 * count, 5 * count),
            cell("headline", "service", "find_placement_schools", 2 * count, 5 * count),
            cell("headline", "service", "manage_school_placements", 0, 0),
            cell("answers", "national", "Total", 5 * count, None),
            *(cell("answers", "level", level, count, None) for level in LEVELS),
        ]
    return KpiResult(
        id="user-satisfaction",
        state="ok",
        as_of=ENDS[-1],
        points=tuple(points),
        figures=tuple(figures),
        description=described(),
    )


def terms() -> Terms:
    return Terms(USED, KEY, Past())


def test_equal_windows_are_shown_alike_and_a_greater_whole_is_never_shown_as_less() -> None:
    answers = [63 + (7 * place) % 9 for place in range(len(ENDS))]
    roundings = rounded(counts_of(satisfaction(answers), terms()))
    shown: dict[tuple[str, str], dict[int, set[int]]] = {}
    for name, became in roundings.rounded.items():
        quantity = parse(name)
        assert quantity.period == ROLLING
        true = roundings.counts.by_name[name]
        shown.setdefault((quantity.measure, quantity.category), {}).setdefault(true, set()).add(became)
    assert {("answers", level) for level in (*LEVELS, "Total")} <= shown.keys()
    assert all(len(became) == 1 for line in shown.values() for became in line.values())
    whole = [became for _, became in sorted(shown["answers", "Total"].items())]
    assert [*map(min, whole)] == sorted(map(min, whole))


def test_the_audit_asks_of_the_month_that_came_less_the_one_that_went() -> None:
    kpi = satisfaction([80 + place for place in range(len(ENDS))])
    made = guarded(kpi, terms())
    assert not made.failing
    (finding, *_) = made.findings
    asked = {pair for pair in finding.increments if "answers.numerator" in pair[0] and "national" in pair[0]}
    days = {(parse(before).stands, parse(after).stands) for before, after in asked}
    assert days == {(before.isoformat(), after.isoformat()) for before, after in itertools.pairwise(ENDS)}
    assert all(finding.increments[pair].width >= USED.width for pair in asked)
