"""Disclosure control: what may be published of exact results."""

from __future__ import annotations

import importlib
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.compute_kpis.catalogue import load_kpi
from functions.compute_kpis.contract import SOURCE_OF_TABLE
from functions.compute_kpis.definitions import load_definitions
from functions.compute_kpis.disclosure import PERSON_TABLES, percentage, protect, rounded
from placements_kpi.results import Figure, KpiResult, Protected, Results, SourceFacts, TableFacts
from placements_kpi.settings import SOURCES, Disclosure
from tests.compute import stack

if TYPE_CHECKING:
    from placements_kpi.tables import Table

USED = Disclosure(
    base=5,
    floor=10,
    percentage_floor=25,
    width=5,
    threshold=10,
    attempts=6,
    solver_seconds=20,
    approved_by="the tests",
    approved_on=date(2026, 1, 1),
)
KPI = load_kpi(stack.KPIS / "candidate-rejections", load_definitions()).description
COUNTS = st.integers(min_value=0, max_value=200_000)


def document(*figures: Figure, sources: tuple[SourceFacts, ...] = (), **measure: Any) -> Results:
    """Return exact results of one KPI whose headline measure is changed as told."""
    measures = tuple(one.model_copy(update=measure) if one.id == "headline" else one for one in KPI.measures)
    kpi = KpiResult(
        id=KPI.id,
        state="ok",
        as_of=stack.D,
        description=KPI.model_copy(update={"measures": measures}),
        figures=figures,
    )
    return Results(
        run_id="20260714-000000000000",
        as_of=stack.D,
        month_end=date(2026, 6, 30),
        code_version="test",
        demonstration=True,
        snapshots={},
        sources=sources,
        kpis=(kpi,),
    )


def shown(numerator: int | None, denominator: int | None, *, cell: str = "national", **more: Any) -> tuple[Any, ...]:
    """Return what is published of one headline figure: its symbol, or numerator, denominator and value."""
    measure = {key: more.pop(key) for key in list(more) if key in {"disclosure", "kind", "denominator_disclosure"}}
    value = None if numerator is None or not denominator else 100 * numerator / denominator
    figure = Figure(
        measure=more.pop("measure", "headline"),
        period=2026,
        as_of=date(2026, 6, 30),
        breakdown=cell,
        category="Total" if cell == "national" else "E12000001",
        numerator=numerator,
        denominator=denominator,
        value=value,
        **more,
    )
    (found,) = protect(document(figure, **measure), USED, "2026-07-14.1").kpis[0].figures
    if found.symbol:
        assert (found.numerator, found.denominator, found.value) == (None, None, None)
        return (found.symbol,)
    return found.numerator, found.denominator, found.value


@pytest.mark.parametrize(("count", "expected"), [(0, 0), (2, 0), (3, 5), (7, 5), (8, 10), (12, 10), (13, 15)])
def test_people_are_rounded_half_up_to_the_base(count: int, expected: int) -> None:
    assert rounded(count, 5) == expected


def test_halves_go_up_with_an_even_base() -> None:
    assert [rounded(count, 10) for count in (4, 5, 14, 15)] == [0, 10, 10, 20]


def test_percentages_of_people_come_from_the_rounded_counts_alone() -> None:
    assert shown(31, 94) == (30, 95, 32.0)
    assert shown(33, 96) == (35, 95, 37.0)


def test_percentages_are_whole_under_a_thousand_and_have_one_decimal_above() -> None:
    assert shown(333, 995) == (335, 995, 34.0)
    assert shown(333, 1000) == (335, 1000, 33.5)


@pytest.mark.parametrize("denominator", [0, 1, 2, 17, 22])
def test_percentage_of_few_people_is_confidential_also_of_nobody(denominator: int) -> None:
    assert shown(0, denominator) == ("c",)


def test_percentage_of_just_enough_people_is_shown() -> None:
    assert shown(13, 23) == (15, 25, 60.0)


def test_count_that_rounds_to_zero_is_low_and_a_true_zero_is_zero() -> None:
    assert shown(2, 100) == ("low",)
    assert shown(0, 100) == (0, 100, 0.0)
    assert shown(3, 100) == (5, 100, 5.0)
    assert shown(2, None, measure="late") == ("low",)
    assert shown(0, None, measure="late") == (0, None, 0.0)


@pytest.mark.parametrize(("count", "expected"), [(1, "c"), (4, "c"), (7, "c"), (8, 10), (0, 0)])
def test_category_of_fewer_people_than_the_floor_after_rounding_is_confidential(count: int, expected: Any) -> None:
    assert shown(count, 100, cell="region")[0] == expected
    assert shown(count, None, cell="region", measure="late")[0] == expected


def test_organisations_are_exact_with_one_decimal() -> None:
    assert shown(1, 3, disclosure="organisation") == (1, 3, 33.3)
    assert shown(1, 3, cell="region", disclosure="organisation") == (1, 3, 33.3)
    assert shown(7, None, disclosure="organisation", kind="count")[:2] == (7, None)


def test_percentage_of_no_organisation_does_not_apply() -> None:
    assert shown(0, 0, disclosure="organisation") == ("z",)


@pytest.mark.parametrize("status", ["not_collected", "not_available", "insufficient_coverage"])
def test_figure_that_is_not_there_is_x(status: str) -> None:
    assert shown(None, None, status=status) == ("x",)


def test_category_that_is_only_counted_is_rounded_and_has_no_percentage() -> None:
    assert shown(43, None, cell="region") == (45, None, None)


def test_denominator_of_another_kind_is_protected_as_its_own_kind() -> None:
    assert shown(43, 101, denominator_disclosure="organisation") == (45, 101, 45.0)
    assert shown(101, 101, denominator_disclosure="organisation") == (100, 101, 99.0)
    assert shown(103, 103, denominator_disclosure="organisation") == (103, 103, 100.0)


@given(COUNTS, COUNTS, st.booleans())
def test_nothing_exact_about_people_is_published(one: int, other: int, national: bool) -> None:
    numerator, denominator = sorted((one, other))
    found = shown(numerator, denominator, cell="national" if national else "region")
    if len(found) == 1:
        assert found[0] in {"c", "low"}
        return
    assert found[0] % 5 == found[1] % 5 == 0
    assert abs(found[0] - numerator) <= 2
    assert abs(found[1] - denominator) <= 2
    assert found[1] >= 25
    assert found[2] == percentage(found[0], found[1], 1 if found[1] >= 1000 else 0)
    assert 0 <= found[2] <= 100
    assert national or found[0] == 0 or found[0] >= 10
    # Who has the same rounded counts is shown the same percentage.
    assert shown(found[0], found[1], cell="national" if national else "region") in {found, ("c",), ("low",)}


@given(COUNTS, st.integers(min_value=1, max_value=200_000))
def test_percentage_is_within_half_a_unit(numerator: int, denominator: int) -> None:
    assert abs(percentage(numerator, denominator, 0) - 100 * numerator / denominator) <= 0.5 + 1e-9
    assert abs(percentage(numerator, denominator, 1) - 100 * numerator / denominator) <= 0.05 + 1e-9


def test_rows_about_people_are_rounded_in_the_facts_of_a_source_and_still_add_up() -> None:
    facts = SourceFacts(
        source="apply",
        title="Apply",
        as_of=stack.D,
        snapshot="20260714-000000000001",
        age_days=0,
        max_age_days=7,
        tables=(
            TableFacts(table="application_choices", rows_in=1004, kept=998, duplicates=3, refused={"wrong_type": 3}),
        ),
        notes={"hidden": 2},
    )
    (found,) = protect(document(sources=(facts,)), USED, "2026-07-14.1").sources
    (table,) = found.tables
    assert (table.rows_in, table.kept, table.duplicates, table.refused) == (1010, 1000, 5, {"wrong_type": 5})
    assert found.notes == {"hidden": 0}


def test_rows_about_schools_are_exact() -> None:
    table = TableFacts(table="schools", rows_in=7, kept=6, duplicates=1)
    facts = SourceFacts(
        source="schools",
        title="Schools",
        as_of=stack.D,
        snapshot=None,
        age_days=0,
        max_age_days=7,
        tables=(table,),
        notes={"wales": 3},
    )
    assert protect(document(sources=(facts,)), USED, "2026-07-14.1").sources == (facts,)


def test_protected_document_names_its_thresholds_and_reads_back() -> None:
    protected = protect(document(), USED, "2026-07-14.3")
    assert Protected.model_validate_json(protected.model_dump_json()) == protected
    assert (protected.release, protected.disclosure.base, protected.disclosure.approved_by) == (
        "2026-07-14.3",
        5,
        "the tests",
    )


def _contract_tables() -> dict[str, tuple[str, Table]]:
    return {table.name: (source, table) for source, tables in stack.TABLES.items() for table in tables}


def test_tables_with_a_person_key_are_those_protected_as_tables_about_people() -> None:
    with_key = {name for name, (_, table) in _contract_tables().items() if any(c.key for c in table.columns)}
    assert with_key == PERSON_TABLES, "a table gained or lost a person key: change disclosure.PERSON_TABLES"


def test_source_of_every_table_is_that_of_its_contract() -> None:
    assert {name: source for name, (source, _) in _contract_tables().items()} == SOURCE_OF_TABLE
    assert {importlib.import_module(f"functions.ingest_{source}.contract").SOURCE for source in SOURCES} == set(SOURCES)
