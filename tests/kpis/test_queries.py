"""Every query of the catalogue stays inside the SQL that Athena and the local engine read alike."""

import pytest

from tests.kpis import lint, world

KPIS = sorted(path.parent.name for path in (world.COMPUTE / "kpis").glob("*/query.sql"))
MOST_SCANS = 60
"""Athena works a common table expression out again for each use, and refuses a query of too many stages."""


@pytest.mark.parametrize("kpi", KPIS)
def test_a_query_passes_the_lint(kpi: str) -> None:
    assert lint.findings(world.query(kpi)) == []


@pytest.mark.parametrize("rule", lint.RULES, ids=lambda rule: rule.name)
def test_a_rule_catches_what_it_is_for(rule: lint.Rule) -> None:
    assert list(rule.find(rule.catches)), f"{rule.name} does not catch its own example"


@pytest.mark.parametrize("clause", ["points", "school", "unit", "tally", "counted", "results"])
def test_grammar_is_judged_in_every_clause_of_a_statement(clause: str) -> None:
    sql = world.query("school-take-up").replace(f"\n{clause} AS (\n    SELECT", f"\n{clause} AS (\n    SELECT TOP", 1)
    assert sql != world.query("school-take-up")
    (grammar,) = [rule for rule in lint.RULES if rule.name == "trino's grammar"]
    assert list(grammar.find(sql))


@pytest.mark.parametrize("rule", lint.RULES, ids=lambda rule: rule.name)
def test_a_rule_lets_good_sql_pass(rule: lint.Rule) -> None:
    good = (
        "SELECT CAST(SUM(CASE WHEN phase_of_education = 2 THEN 1 ELSE 0 END) AS bigint) AS primary_schools, "
        "CAST(CAST(date_add('day', 30, MAX(open_date)) AS date) AS date) AS later, "
        "CAST(CAST(COUNT(la) AS double) / NULLIF(COUNT(urn), 0) AS double) AS share "
        "FROM schools WHERE snapshot = :schools_snapshot"
    )
    assert list(rule.find(good)) == []


@pytest.mark.parametrize("kpi", KPIS)
def test_a_query_reads_pinned_tables_and_none_of_them_too_often(kpi: str) -> None:
    assert sum(scan.times for scan in world.planned(kpi).scans) <= MOST_SCANS
