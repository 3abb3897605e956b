"""From a query's rows to complete cells: what is filled in, dropped, refused and compared."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from functions.compute_kpis.answers.cells import FigureError, Worked, figures_of
from functions.compute_kpis.answers.queries import ResultRow
from functions.compute_kpis.catalogue.calendars import load_calendars
from functions.compute_kpis.catalogue.definitions import load_definitions
from functions.compute_kpis.catalogue.loading import Kpi, load_kpi
from functions.compute_kpis.catalogue.points import points_of
from placements_kpi.results import Breakdown, Figure, Relation
from tests.compute import stack

DEFINITIONS = load_definitions()
CALENDARS = load_calendars(DEFINITIONS)
PARTITIONED = load_kpi(stack.KPIS / "provider-visits", DEFINITIONS)
PROVIDERS = replace(
    PARTITIONED,
    description=PARTITIONED.description.model_copy(
        update={
            "breakdowns": tuple(
                breakdown.model_copy(update={"partition": False}) for breakdown in PARTITIONED.description.breakdowns
            )
        }
    ),
)
CANDIDATES = load_kpi(stack.KPIS / "candidate-rejections", DEFINITIONS)
NOW, THEN = date(2026, 7, 14), date(2025, 7, 14)


def row(measure: str, numerator: int | None, denominator: int | None = None, **cell: Any) -> ResultRow:
    """Return a row at the newest point, nationally, unless told otherwise."""
    given = {"period": 2025, "as_of": NOW, "breakdown": "national", "category": "Total", "status": "ok"} | cell
    return ResultRow(measure=measure, numerator=numerator, denominator=denominator, **given)


def facts(*periods: int, count: int = 1) -> list[ResultRow]:
    """Return the source's facts of these periods."""
    return [row("facts_in_source", count, period=period) for period in periods]


def work(*rows: ResultRow, kpi: Kpi = PROVIDERS, known: list[ResultRow] | None = None, dated: date = stack.D) -> Worked:
    """Return the figures of rows; there are facts of 2024 and 2025 unless told otherwise."""
    points = points_of(kpi.description, stack.D, CALENDARS)
    return figures_of(kpi, points, [*rows, *(facts(2024, 2025) if known is None else known)], dated)


def at(worked: Worked, measure: str = "headline", day: date = NOW, breakdown: str = "national") -> list[Figure]:
    """Return the figures of a measure on a day, in order."""
    return [
        figure
        for figure in worked.figures
        if (figure.measure, figure.as_of, figure.breakdown) == (measure, day, breakdown)
    ]


def with_measure(**changed: Any) -> Kpi:
    """Return the providers' KPI with its measure changed."""
    (measure,) = PROVIDERS.description.measures
    description = PROVIDERS.description.model_copy(update={"measures": (measure.model_copy(update=changed),)})
    return replace(PROVIDERS, description=description)


def test_rate_is_a_percentage_and_null_where_there_is_nothing_to_divide_by() -> None:
    (figure,) = at(work(row("headline", 1, 3)))
    assert (figure.numerator, figure.denominator, figure.value) == (1, 3, 100 / 3)
    (figure,) = at(work(row("headline", 0, 0)))
    assert (figure.numerator, figure.denominator, figure.value) == (0, 0, None)


def test_categories_with_nothing_in_them_are_filled_in_where_there_is_a_national_figure() -> None:
    worked = work(row("headline", 1, 3), row("headline", 1, 3, breakdown="initial", category="B"))
    found = [
        (figure.category, figure.numerator, figure.denominator, figure.value)
        for figure in at(worked, breakdown="initial")
    ]
    assert found == [("A", 0, 0, None), ("B", 1, 3, 100 / 3), ("C", 0, 0, None)]
    assert at(worked, day=date(2026, 6, 30), breakdown="initial") == []


def test_missing_category_of_a_count_is_zero() -> None:
    kpi = with_measure(kind="count", out_of=None)
    worked = work(row("headline", 1), row("headline", 1, breakdown="initial", category="B"), kpi=kpi)
    assert [(figure.denominator, figure.value) for figure in at(worked, breakdown="initial")] == [
        (None, 0.0),
        (None, 1.0),
        (None, 0.0),
    ]


def test_missing_categories_have_the_status_of_a_national_figure_that_is_not_ok() -> None:
    worked = work(row("headline", None, None, status="insufficient_coverage"))
    cells = at(worked) + at(worked, breakdown="initial")
    assert {(figure.status, figure.numerator, figure.value) for figure in cells} == {
        ("insufficient_coverage", None, None)
    }
    assert len(cells) == 4


def test_numbers_beside_a_status_are_ignored() -> None:
    (figure,) = at(work(row("headline", 9, 3, status="not_available")))
    assert (figure.status, figure.numerator, figure.denominator) == ("not_available", None, None)


def test_periods_without_a_fact_in_the_source_are_dropped() -> None:
    old = row("headline", 0, 3, period=2024, as_of=THEN)
    assert {point.period for point in work(row("headline", 1, 3), old).points} == {2024, 2025}
    worked = work(row("headline", 1, 3), old, known=[*facts(2025), *facts(2024, count=0)])
    assert {point.period for point in worked.points} == {2025}
    assert {figure.period for figure in worked.figures} == {2025}
    assert worked.comparison == {"headline": "the sources have nothing of the academic year 2024 to 2025"}


@pytest.mark.parametrize("dated", [date(2025, 9, 1), date(2026, 7, 14)])
def test_current_period_without_a_fact_is_nobody_by_a_snapshot_of_the_period(dated: date) -> None:
    """numbers#needed-sources: the academic year opened on 1 September 2025."""
    worked = work(row("headline", 0, 3), known=facts(2024), dated=dated)
    (figure,) = at(worked)
    assert (figure.status, figure.numerator, figure.denominator, figure.value) == ("ok", 0, 3, 0.0)
    assert worked.unknown == ()


def test_current_period_without_a_fact_is_not_available_by_a_snapshot_of_before_it() -> None:
    parts = row("headline", 0, 3, breakdown="initial", category="B")
    worked = work(row("headline", 0, 3), parts, known=facts(2024), dated=date(2025, 8, 31))
    assert {(one.status, one.numerator) for one in worked.figures if one.period == 2025} == {("not_available", None)}
    assert len(at(worked, breakdown="initial")) == 3
    assert [point.period for point in worked.unknown] == [2025]
    ahead = work(row("headline", 1, 3), dated=date(2025, 8, 31))
    assert (at(ahead)[0].numerator, ahead.unknown) == (1, ()), "with a fact of the period its figures stand"


def test_only_the_current_period_is_shown_without_a_fact() -> None:
    old = row("headline", 0, 3, period=2024, as_of=THEN)
    assert {point.period for point in work(row("headline", 0, 3), old, known=facts(2023)).points} == {2023, 2025}


def test_facts_can_be_of_one_family() -> None:
    worked = work(row("headline", 1, 3), known=[row("facts_in_source", 1, category="year")])
    assert {point.period for point in worked.points} == {2025}
    with pytest.raises(FigureError, match="which is no family"):
        work(row("headline", 1, 3), known=[row("facts_in_source", 1, category="years")])


def test_newest_only_measure_is_given_at_the_newest_point_alone() -> None:
    old = row("headline", 1, 3, period=2024, as_of=THEN)
    worked = work(row("headline", 1, 3), old, kpi=with_measure(newest_only=True))
    assert {figure.as_of for figure in worked.figures} == {NOW}
    assert worked.comparison == {"headline": "this is known for the newest point only"}


def test_measure_is_not_collected_before_its_first_period() -> None:
    old = row("headline", 1, 3, period=2024, as_of=THEN)
    worked = work(row("headline", 1, 3), old, kpi=with_measure(first_period=2025))
    (figure,) = at(worked, day=THEN)
    assert (figure.status, figure.numerator) == ("not_collected", None)
    assert {figure.status for figure in at(worked, day=THEN, breakdown="initial")} == {"not_collected"}
    assert worked.comparison == {"headline": "this was not collected in the academic year 2024 to 2025"}


def test_measure_can_be_compared_when_both_points_have_it() -> None:
    old = row("headline", 1, 3, period=2024, as_of=THEN)
    assert work(row("headline", 1, 3), old).comparison == {}


def test_comparison_that_the_query_refuses_has_the_text_of_the_catalogue() -> None:
    old = row("headline", 1, 3, period=2024, as_of=THEN)
    refused = row("comparison_refused", 1, category="headline")
    assert work(row("headline", 1, 3), old, refused).comparison == {"headline": "the years are not alike"}
    with pytest.raises(FigureError, match="without a text"):
        work(row("headline", 1, 3), old, replace(refused, category="other"))


@pytest.mark.parametrize(
    ("status", "numbers", "reason"),
    [
        ("not_collected", (None, None), "this was not collected in the academic year 2024 to 2025"),
        ("not_available", (None, None), "this is not available for the academic year 2024 to 2025"),
        ("insufficient_coverage", (None, None), "too little is known about the academic year 2024 to 2025"),
        ("ok", (0, 0), "there was nothing to take a percentage of in the academic year 2024 to 2025"),
    ],
)
def test_comparison_says_why_there_is_none(status: str, numbers: tuple[int | None, int | None], reason: str) -> None:
    old = row("headline", *numbers, period=2024, as_of=THEN, status=status)
    assert work(row("headline", 1, 3), old).comparison == {"headline": reason}


def test_comparison_needs_a_figure_at_the_earlier_point() -> None:
    assert work(row("headline", 1, 3)).comparison == {
        "headline": "there is no figure for the academic year 2024 to 2025"
    }


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (row("headline", 4, 3), "above the denominator"),
        (row("headline", -1, 3), "below zero"),
        (row("headline", None, 3), "missing"),
        (row("headline", 1, None), "needs a denominator"),
        (row("headline", 1, 3, status="fine"), "status 'fine' is unknown"),
        (row("headlines", 1, 3), "does not declare this measure"),
        (row("headline", 1, 3, as_of=date(2026, 7, 13)), "not a point"),
        (row("headline", 1, 3, period=2024), "not a point"),
        (row("headline", 1, 3, breakdown="region", category="E12000001"), "does not declare this breakdown"),
        (row("headline", 1, 3, breakdown="initial", category="D"), "does not declare this breakdown"),
        (row("headline", 1, 3, category="All"), "does not declare this breakdown"),
    ],
)
def test_row_that_cannot_be_stops_the_kpi_and_says_where(bad: ResultRow, reason: str) -> None:
    with pytest.raises(FigureError, match=reason):
        work(row("headline", 1, 3, as_of=date(2026, 6, 30)), bad)


def test_count_has_no_denominator() -> None:
    with pytest.raises(FigureError, match="a count has no denominator"):
        work(row("headline", 1, 3), kpi=with_measure(kind="count", out_of=None))


def test_cell_given_twice_stops_the_kpi() -> None:
    with pytest.raises(FigureError, match="twice"):
        work(row("headline", 1, 3), row("headline", 1, 3))


def test_partition_must_add_up_to_the_national_figure() -> None:
    parts = [row("headline", 1, 2, breakdown="initial", category=code) for code in "AB"]
    assert at(work(row("headline", 2, 4), *parts, kpi=PARTITIONED))[0].value == 50.0
    with pytest.raises(FigureError, match="do not add up"):
        work(row("headline", 3, 4), *parts, kpi=PARTITIONED)
    with pytest.raises(FigureError, match="do not add up"):
        work(row("headline", 2, 5), *parts, kpi=PARTITIONED)


def test_a_measure_whose_own_parts_overlap_does_not_add_up_in_a_partition() -> None:
    (breakdown,) = PARTITIONED.description.breakdowns
    overlapping = breakdown.model_copy(update={"overlapping": ("headline",)})
    kpi = replace(PARTITIONED, description=PARTITIONED.description.model_copy(update={"breakdowns": (overlapping,)}))
    parts = [row("headline", 1, 2, breakdown="initial", category=code) for code in "AB"]
    assert at(work(row("headline", 1, 3), *parts, kpi=kpi))[0].value == 100 / 3


def test_query_without_facts_or_headline_stops_the_kpi() -> None:
    with pytest.raises(FigureError, match="must return facts_in_source"):
        work(row("headline", 1, 3), known=[])
    with pytest.raises(FigureError, match="no national headline at 2026-07-14"):
        work(row("headline", 1, 3, as_of=date(2026, 6, 30)))


def test_measure_without_national_figure_is_complete_at_the_newest_point() -> None:
    (measure,) = PROVIDERS.description.measures
    skipped = measure.model_copy(
        update={"id": "records_not_counted", "kind": "count", "out_of": None, "role": "quality"}
    )
    reasons = Breakdown(
        id="reason",
        title="Why",
        measures=("records_not_counted",),
        partition=False,
        categories=PROVIDERS.description.breakdowns[0].categories,
    )
    description = PROVIDERS.description.model_copy(
        update={
            "measures": (measure, skipped),
            "breakdowns": (*PROVIDERS.description.breakdowns, reasons),
        }
    )
    worked = work(row("headline", 1, 3), kpi=replace(PROVIDERS, description=description))
    found = [figure for figure in worked.figures if figure.measure == "records_not_counted"]
    assert [(figure.as_of, figure.category, figure.numerator) for figure in found] == [(NOW, code, 0) for code in "ABC"]


def test_rate_can_have_categories_that_are_only_counted() -> None:
    points = points_of(CANDIDATES.description, stack.D, CALENDARS)
    cell = {"period": 2026, "as_of": date(2026, 6, 30)}
    worked = figures_of(
        CANDIDATES,
        points,
        [
            row("headline", 4, 10, **cell),
            row("headline", 4, None, **cell, breakdown="region", category="not_available"),
            row("facts_in_source", 1, **cell),
        ],
        stack.D,
    )
    last = at(worked, day=date(2026, 6, 30), breakdown="region")[-1]
    assert (last.category, last.numerator, last.denominator, last.value) == ("not_available", 4, None, None)


def test_messages_carry_no_number_of_people() -> None:
    with pytest.raises(FigureError) as stopped:
        work(row("headline", 987, 654))
    assert "987" not in str(stopped.value)
    assert "654" not in str(stopped.value)


def everywhere(numerator: int, denominator: int, as_of: date, *, london: int) -> list[ResultRow]:
    """Return the rate of England, and that of London with another numerator."""
    cell = {"period": 2026, "as_of": as_of}
    london_row = row("headline", london, denominator, **cell, breakdown="region", category="E12000007")
    return [row("headline", numerator, denominator, **cell), london_row]


@pytest.mark.parametrize(
    ("now", "london", "month_before", "named"),
    [
        (4, 3, (0, 9), "headline.numerator/2026/2026-06-30/national"),
        (3, 5, (0, 9), "headline.numerator/2026/2026-06-30/national"),
        (3, 2, (0, 9), "headline.numerator/2026/2026-06-30/national"),
        (3, 3, (0, 10), "headline.denominator/2026/2026-06-30/national"),
    ],
)
def test_counts_that_contradict_what_is_declared_of_them_stop_the_kpi(
    now: int, london: int, month_before: tuple[int, int], named: str
) -> None:
    """A declared link is never dropped: what is known to hold is what a reader relies on (publishing#links)."""
    relation = Relation(kind="at_most", whole="headline.numerator", parts=("now.numerator",))
    kpi = replace(CANDIDATES, description=CANDIDATES.description.model_copy(update={"relations": (relation,)}))
    day = date(2026, 6, 30)
    rows = [
        *everywhere(3, 9, day, london=london),
        *everywhere(*month_before, date(2026, 5, 31), london=0),
        row("now", now, period=2026, as_of=day),
    ]
    with pytest.raises(FigureError, match=rf"candidate-rejections@1/{named}.*declares") as refused:
        work(*rows, kpi=kpi, known=facts(2026))
    assert refused.value.public == "The newest figures did not pass our checks."


def test_counts_that_keep_to_what_is_declared_of_them_are_shown() -> None:
    day = date(2026, 6, 30)
    rows = [*everywhere(3, 9, day, london=3), *everywhere(2, 9, date(2026, 5, 31), london=2)]
    assert len(at(work(*rows, kpi=CANDIDATES, known=facts(2026)), day=day)) == 1
