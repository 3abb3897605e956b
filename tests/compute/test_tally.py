"""The tally: a KPI is a query that gives facts and a ``kpi.toml`` that says what of them is counted."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from functions.compute_kpis.answers.cells import FigureError
from functions.compute_kpis.catalogue.definitions import load_definitions
from functions.compute_kpis.catalogue.loading import CatalogueError, load_kpi
from functions.publish_site import site
from functions.publish_site.pages.frame import Site
from placements_kpi.results import Protected
from tests.compute import stack
from tests.kpis import lint
from tests.kpis.world import Figures, answer_of, point, worked

TOML = """\
order = 7
title = "Training providers with an account"
question = "How many training providers with an account use it?"
unit = "provider"
direction = "higher"
headline = "headline"
region_of = "the training provider"
sources = ["placements"]
definition_version = "1"
means = ["The percentage of training providers with an account that have signed in this academic year."]
method = ["We count the accounts that a provider has not given up."]
leaves_out = ["Providers without an account."]
caveats = []
target = { text = "An increase" }
tally = { facts = "accounts" }
families = [{ id = "year", period = "placements_year", stands = "day" }]

[[measures]]
id = "headline"
counts = "active / accounts"
title = "Accounts in use"
kind = "rate"
unit = "provider"
disclosure = "organisation"
role = "headline"
family = "year"
what = "providers that have signed in this academic year"
out_of = "providers with an account"
"""
QUERY = """\
-- Training providers with an account: one row an account and day.
-- uses: points
SELECT
    points.period,
    points.as_of,
    1 AS accounts,
    CASE WHEN account.last_signed_in_on BETWEEN points.period_start AND points.as_of THEN 1 ELSE 0 END AS active
FROM points
CROSS JOIN (SELECT last_signed_in_on FROM provider_activity WHERE snapshot = :provider_activity_snapshot) AS account
"""
DAY = date(2026, 7, 14)
YEAR = {"period_start": date(2025, 9, 1), "period_end": date(2026, 8, 31)}


def written(folder: Path, toml: str = TOML, query: str = QUERY) -> Path:
    """Write a KPI's folder with its two files."""
    place = folder / "seventh-kpi"
    place.mkdir(parents=True, exist_ok=True)
    (place / "kpi.toml").write_text(toml, encoding="utf-8")
    (place / "query.sql").write_text(query, encoding="utf-8")
    return place


def changed(folder: Path, *changes: tuple[str, str]) -> Path:
    """Write the KPI with passages of either file changed."""
    toml, query = TOML, QUERY
    for old, new in changes:
        assert (old in toml) != (old in query), old
        toml, query = toml.replace(old, new, 1), query.replace(old, new, 1)
    return written(folder, toml, query)


def asked(place: Path, *points: Any, **rows: Any) -> Figures:
    """Return what the statement of a KPI says of a world; its types are those of the contract."""
    types, figures = answer_of(load_kpi(place, load_definitions()).sql, points, **rows)
    assert list(types.values()) == ["VARCHAR", "BIGINT", "DATE", "VARCHAR", "VARCHAR", "BIGINT", "BIGINT", "VARCHAR"]
    return Figures(tuple(figures))


def at(day: date = DAY, period: int = 2025, **more: Any) -> Any:
    return point("seventh-kpi", "year", period, day, **{**YEAR, **more})


def used(*days: date | None) -> list[Any]:
    return [{"provider_code": f"A{number}", "last_signed_in_on": day} for number, day in enumerate(days)]


@pytest.mark.usefixtures("aws")
def test_a_seventh_kpi_over_the_existing_tables_is_two_short_files_and_is_on_the_page(tmp_path: Path) -> None:
    assert len((TOML + QUERY).splitlines()) < 40
    place = written(tmp_path / "new")
    assert lint.findings(load_kpi(place, load_definitions()).sql) == []
    stack.put_world()
    visits = stack.visits(**{f"A{number}": stack.D if number < 30 else None for number in range(40)})
    stack.put_snapshot("placements", number=2, provider_activity=visits)
    summary = stack.compute(stack.catalogue_of(tmp_path / "kpis", place))
    assert summary["kpis"]["seventh-kpi"]["headline"] == {
        "numerator": 30,
        "denominator": 40,
        "value": 75.0,
        "is_money": False,
    }
    protected = Protected.model_validate(stack.get_json(f"protected/{summary['release']}/results.json"))
    frame = Site.at("localhost")
    page = site.release_files(frame, protected, datetime(2026, 7, 15, tzinfo=UTC))["seventh-kpi/index.html"].decode()
    assert "Training providers with an account" in page
    assert re.search(r"75(\.0+)?%", page)


def test_what_is_sent_is_one_statement_with_parts_rows_sums_and_cells(tmp_path: Path) -> None:
    sql = load_kpi(written(tmp_path), load_definitions()).sql
    clauses = re.findall(r"^([a-z_]+)(?: \([a-z_, ]+\))? AS \($", sql, re.M)
    assert clauses == ["points", "unit", "tally", "cells", "counted", "results"]
    assert "kpi = 'seventh-kpi'" in sql


def test_a_point_without_rows_counts_nothing(tmp_path: Path) -> None:
    assert asked(written(tmp_path), at()).rate("headline") == (0, 0)


def test_a_count_is_added_up_in_a_breakdown_by_the_column_of_its_name(tmp_path: Path) -> None:
    breakdown = """
[[breakdowns]]
id = "kind"
title = "Kind"
measures = ["headline"]
partition = true
categories = [{ code = "new", label = "New" }, { code = "old", label = "Old" }]
"""
    kind = (
        "CASE WHEN account.last_signed_in_on > DATE '2026-01-01' THEN 'new' ELSE 'old' END AS kind,\n    1 AS accounts"
    )
    place = written(tmp_path, TOML + breakdown, QUERY.replace("1 AS accounts", kind))
    figures = asked(place, at(), provider_activity=used(DAY, DAY, date(2025, 10, 1), date(2024, 10, 1)))
    assert figures.rate("headline") == (3, 4)
    assert figures.rate("headline", "kind", "new") == (2, 2)
    assert figures.rate("headline", "kind", "old") == (1, 2)


def test_a_clause_beside_the_units_is_added_up_by_itself(tmp_path: Path) -> None:
    day = "-- uses: points\nWITH\nday AS (\n    SELECT period, as_of, 7 AS facts\n    FROM points\n)\n"
    place = changed(tmp_path, ("-- uses: points\n", day), ('facts = "accounts"', 'facts = "day.facts"'))
    figures = asked(place, at(), provider_activity=used(DAY, None))
    assert figures.count("facts_in_source") == 7
    assert figures.rate("headline") == (1, 2)


def test_what_is_required_of_a_point_decides_the_status_there_and_nowhere_else(tmp_path: Path) -> None:
    rule = 'tally = { facts = "accounts", requires = [{ that = "active > 0", otherwise = "insufficient_coverage" }] }'
    place = changed(tmp_path, ('tally = { facts = "accounts" }', rule))
    earlier = at(date(2025, 7, 14), 2024, period_start=date(2024, 9, 1), current=False)
    figures = asked(place, at(), earlier, provider_activity=used(DAY))
    assert figures.of("headline", as_of=DAY)["status"] == "ok"
    assert figures.of("headline", as_of=date(2025, 7, 14))["status"] == "insufficient_coverage"
    assert figures.rate("headline", as_of=date(2025, 7, 14)) == (None, None)


def test_a_category_that_nobody_declared_is_a_row_only_if_something_counts_in_it(tmp_path: Path) -> None:
    """Whatever status the figures have at the point. For such a row the engine stops."""
    rule = 'facts = "accounts", requires = [{ that = "active > 1", otherwise = "insufficient_coverage" }]'
    breakdown = """
[[breakdowns]]
id = "kind"
title = "Kind"
measures = ["headline"]
partition = false
categories = [{ code = "new", label = "New" }]
"""
    kind = "CASE WHEN account.last_signed_in_on IS NULL THEN 'old' ELSE 'new' END AS kind,\n    1 AS accounts"
    nothing = kind.replace("1 AS", "CASE WHEN account.last_signed_in_on IS NULL THEN 0 ELSE 1 END AS")
    toml = TOML.replace('facts = "accounts"', rule) + breakdown
    for counted, rows in ((kind, {"new", "old"}), (nothing, {"new"})):
        place = written(tmp_path, toml, QUERY.replace("1 AS accounts", counted))
        figures = asked(place, at(), provider_activity=used(DAY, None))
        assert figures.of("headline")["status"] == "insufficient_coverage"
        assert {row["category"] for row in figures.rows if row["breakdown"] == "kind"} == rows
        if "old" in rows:
            with pytest.raises(FigureError, match=r"kind old: kpi\.toml does not declare this breakdown and category"):
                worked(str(place), [at()], figures)
        else:
            assert worked(str(place), [at()], figures).figures[1].status == "insufficient_coverage"


@pytest.mark.parametrize("hides", [True, False])
def test_a_refused_comparison_is_said_at_the_newest_point_and_can_hide_the_earlier_ones(
    tmp_path: Path, *, hides: bool
) -> None:
    says = f'facts = "accounts", refused_when = "active * 2 < accounts", refused_hides = {str(hides).lower()}'
    place = changed(tmp_path, ('facts = "accounts"', says))
    with (place / "kpi.toml").open("a", encoding="utf-8") as toml:
        toml.write('\n[comparison_refused]\nheadline = "few are in use"\n')
    earlier = at(date(2025, 7, 14), 2024, period_start=date(2024, 9, 1), current=False)
    figures = asked(place, at(), earlier, provider_activity=used(DAY, None, None))
    assert figures.count("comparison_refused", category="headline", as_of=DAY) == 1
    assert figures.rate("headline", as_of=DAY) == (1, 3)
    assert figures.of("headline", as_of=date(2025, 7, 14))["status"] == ("not_available" if hides else "ok")
    assert "comparison_refused" not in asked(place, at(), earlier, provider_activity=used(DAY)).measures()


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("-- uses: points", "-- uses: points moons", "uses moons, which is no part"),
        ("active / accounts", "active", "is a rate, so it counts one column out of another"),
        ("active / accounts", "active of accounts", "cannot count 'active of accounts'"),
        ("active / accounts", "awake / accounts", "query.sql does not give awake"),
        ('counts = "active / accounts"', 'by_category.new = "active"', "category 'new'"),
        ('counts = "active / accounts"\n', "", "'headline' does not say what it counts"),
        ('facts = "accounts"', 'facts = "day.accounts"', "query.sql does not give day.accounts"),
        ('facts = "accounts"', 'facts = "accounts", fact = 1', "fact"),
        ('tally = { facts = "accounts" }', "tally = 3", "[tally]"),
        ('facts = "accounts"', 'facts = "accounts", refused_when = "active > 0"', "need each other"),
        (
            "-- uses: points\n",
            "-- uses: points\nWITH\ncells AS (\n    SELECT 1\n)\n",
            "has the clause cells, which is a name of the tally",
        ),
        ("SELECT\n", "  SELECT\n", "one SELECT that begins a line"),
        (
            'facts = "accounts"',
            'facts = "accounts", requires = [{ that = "active > 0", otherwise = "not_available", measures = ["x"] }]',
            "requires names measure 'x'",
        ),
        (
            'facts = "accounts"',
            'facts = "accounts", requires = [{ that = "active > 0", otherwise = "not_available", categories = ["x"] }]',
            "a status of measure 'headline' would have no row",
        ),
    ],
)
def test_what_cannot_be_counted_is_refused_with_the_reason(tmp_path: Path, old: str, new: str, reason: str) -> None:
    with pytest.raises(CatalogueError, match=re.escape(reason)):
        load_kpi(changed(tmp_path, (old, new)), load_definitions())
