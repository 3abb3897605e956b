"""Disclosure control: what may be published of exact results."""

from __future__ import annotations

import importlib
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.compute_kpis.catalogue.definitions import load_definitions
from functions.compute_kpis.catalogue.loading import load_kpi
from functions.compute_kpis.contract import SOURCE_OF_TABLE
from functions.compute_kpis.protection.keys import RoundingKey
from functions.compute_kpis.protection.ledger import Past
from functions.compute_kpis.protection.record_counts import PERSON_TABLES
from functions.compute_kpis.protection.told import percentage
from functions.compute_kpis.releases.disclosure import protect
from placements_kpi.facts import TableFacts
from placements_kpi.results import Figure, KpiResult, Protected, Results, SourceFacts
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
    few_accepted=True,
    approved_by="the tests",
    approved_on=date(2026, 1, 1),
)
KEY = RoundingKey(stack.ROUNDING_KEY.encode())
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


def counted(count: int) -> Results:
    """Return exact results with one national count of people."""
    figure = Figure(
        measure="late", period=2026, as_of=date(2026, 6, 30), numerator=count, denominator=None, value=float(count)
    )
    return document(figure)


def protected(results: Results, release: str = "2026-07-14.1") -> Protected:
    """Return the release of ``results`` when nothing was published before."""
    return protect(results, USED, release, KEY, Past()).document


def shown(numerator: int | None, denominator: int | None, *, cell: str = "national", **more: Any) -> tuple[Any, ...]:
    """Return what is published of one headline figure: its symbol, or numerator, denominator and value."""
    measure = {key: more.pop(key) for key in list(more) if key in {"disclosure", "kind", "denominator_disclosure"}}
    value = None if numerator is None or not denominator else 100 * numerator / denominator
    figure = Figure(
        measure=more.pop("measure", "headline"),
        period=2026,
        as_of=more.pop("as_of", date(2026, 6, 30)),
        breakdown=cell,
        category="Total" if cell == "national" else "E12000001",
        numerator=numerator,
        denominator=denominator,
        value=value,
        **more,
    )
    (found,) = protected(document(figure, **measure)).kpis[0].figures
    if found.symbol:
        assert (found.numerator, found.denominator, found.value) == (None, None, None)
        return (found.symbol,)
    return found.numerator, found.denominator, found.value


def next_to(count: int, base: int = 5) -> set[int]:
    """Return the multiples of the base that a count may become."""
    return {count // base * base, -(-count // base) * base}


@pytest.mark.parametrize("count", [0, 3, 12, 35, 1199])
def test_people_become_one_of_the_two_multiples_next_to_their_count(count: int) -> None:
    assert shown(count, None, measure="late")[0] in next_to(count)


def test_percentages_of_people_come_from_the_rounded_counts_alone() -> None:
    for numerator, denominator in ((31, 94), (33, 96), (333, 995), (4999, 10_002)):
        top, bottom, value = shown(numerator, denominator)
        assert top in next_to(numerator)
        assert bottom in next_to(denominator)
        assert value == percentage(top, bottom, 1 if bottom >= 1000 else 0)


def test_percentages_are_whole_under_a_thousand_and_have_one_decimal_above() -> None:
    assert shown(335, 995) == (335, 995, 34.0)
    assert shown(335, 1000) == (335, 1000, 33.5)


@pytest.mark.parametrize("denominator", [1, 2, 17, 20])
def test_percentage_of_few_people_is_confidential(denominator: int) -> None:
    assert shown(1, denominator) == ("c",)


def test_percentage_of_nobody_does_not_apply() -> None:
    assert shown(0, 0) == ("z",)


def test_percentage_of_just_enough_people_is_shown() -> None:
    assert shown(15, 25) == (15, 25, 60.0)


def test_nobody_of_a_group_is_confidential_as_it_tells_of_everybody_in_it() -> None:
    assert shown(0, 100) == ("c",)
    assert shown(0, 100, cell="region") == ("c",)


def test_few_people_nationally_are_shown_as_the_base_and_nobody_as_nobody() -> None:
    # "low" would stand for 1 to 4: narrower than the width.
    assert shown(2, 100) == (5, 100, 5.0)
    assert shown(2, None, measure="late") == (5, None, 5.0)
    assert shown(0, None, measure="late") == (0, None, 0.0)


def test_low_stands_where_the_base_is_wide_enough_for_it() -> None:
    used = USED.model_copy(update={"base": 10})
    found = {
        protect(counted(count), used, "2026-07-14.1", KEY, Past()).document.kpis[0].figures[0].symbol
        for count in range(1, 10)
    }
    assert "low" in found
    assert found <= {"low", None}


@pytest.mark.parametrize(("count", "expected"), [(1, "c"), (4, "c"), (5, "c"), (10, 10)])
def test_category_of_fewer_people_than_the_floor_after_rounding_is_confidential(count: int, expected: Any) -> None:
    assert shown(count, 100, cell="region")[0] == expected
    assert shown(count, None, cell="region", measure="late")[0] == expected


def test_category_of_nobody_is_shown_where_it_is_of_no_group() -> None:
    assert shown(0, None, cell="region", measure="late")[0] == 0


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
    assert shown(45, None, cell="region") == (45, None, None)


def test_denominator_of_another_kind_is_protected_as_its_own_kind() -> None:
    assert shown(45, 101, denominator_disclosure="organisation") == (45, 101, 45.0)
    assert shown(101, 101, denominator_disclosure="organisation") == (100, 101, 99.0)


def test_people_are_not_shown_at_a_day_that_is_no_month_end() -> None:
    assert shown(43, 100, as_of=date(2026, 7, 14)) == ("c",)


@settings(max_examples=60, deadline=None)
@given(COUNTS, COUNTS, st.booleans())
def test_nothing_exact_about_people_is_published(one: int, other: int, national: bool) -> None:
    numerator, denominator = sorted((one, other))
    found = shown(numerator, denominator, cell="national" if national else "region")
    if len(found) == 1:
        assert found[0] in {"c", "z"}
        return
    assert found[0] % 5 == found[1] % 5 == 0
    assert abs(found[0] - numerator) < 5
    assert abs(found[1] - denominator) < 5
    assert found[1] >= 25
    assert found[2] == percentage(found[0], found[1], 1 if found[1] >= 1000 else 0)
    assert 0 <= found[2] <= 100
    assert national or found[0] >= 10


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
    (found,) = protected(document(sources=(facts,))).sources
    (table,) = found.tables
    assert table.kept in {995, 1000}
    assert (table.duplicates, table.refused, found.notes) == (5, {"wrong_type": 5}, {"hidden": 5})
    assert table.rows_in == table.kept + 10


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
    assert protected(document(sources=(facts,))).sources == (facts,)


def test_protected_document_names_its_thresholds_and_reads_back() -> None:
    found = protected(document(), "2026-07-14.3")
    assert Protected.model_validate_json(found.model_dump_json()) == found
    assert (found.release, found.disclosure.base, found.disclosure.approved_by) == (
        "2026-07-14.3",
        5,
        "the tests",
    )


def _contract_tables() -> dict[str, tuple[str, Table]]:
    return {table.name: (source, table) for source, tables in stack.TABLES.items() for table in tables}


def test_tables_with_a_person_key_are_those_protected_as_tables_about_people() -> None:
    with_key = {name for name, (_, table) in _contract_tables().items() if any(c.key for c in table.columns)}
    assert with_key == PERSON_TABLES, "a table gained or lost a person key: change record_counts.PERSON_TABLES"


def test_source_of_every_table_is_that_of_its_contract() -> None:
    assert {name: source for name, (source, _) in _contract_tables().items()} == SOURCE_OF_TABLE
    assert {importlib.import_module(f"functions.ingest_{source}.contract").SOURCE for source in SOURCES} == set(SOURCES)
