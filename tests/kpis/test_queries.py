"""Every query of the catalogue stays inside the SQL that Athena and the local DuckDB read alike."""

import pytest
import sqlglot
from sqlglot import exp

from tests.kpis import world

KPIS = sorted(path.parent.name for path in (world.COMPUTE / "kpis").glob("*/query.sql"))
MOST_SCANS = 60
"""Athena works a common table expression out again for each use, and refuses a query of too many stages."""


def parsed(kpi: str) -> exp.Expr:
    return sqlglot.parse_one(world.pinned(kpi), read="athena")


@pytest.mark.parametrize("kpi", KPIS)
def test_a_query_uses_no_function_that_the_dialect_does_not_know(kpi: str) -> None:
    assert {function.name for function in parsed(kpi).find_all(exp.Anonymous)} == set()


@pytest.mark.parametrize("kpi", KPIS)
def test_a_query_names_its_columns_and_divides_nothing(kpi: str) -> None:
    tree = parsed(kpi)
    stars = [star.parent for star in tree.find_all(exp.Star) if star.parent]
    # sqlglot reads a bare VALUES as SELECT * FROM (VALUES ...).
    written = [use for use in stars if not isinstance(use, exp.Count) and use.find(exp.Values) is None]
    assert written == []
    assert list(tree.find_all(exp.Div)) == []


@pytest.mark.parametrize("kpi", KPIS)
def test_a_sum_of_days_is_made_a_date_again(kpi: str) -> None:
    for added in parsed(kpi).find_all(exp.DateAdd, exp.DateSub, exp.DateTrunc):
        assert isinstance(added.parent, exp.Cast), f"wrap {added.sql('athena')} in CAST(... AS date)"
        assert added.parent.to.this == exp.DataType.Type.DATE


@pytest.mark.parametrize("kpi", KPIS)
def test_a_query_reads_pinned_tables_and_none_of_them_too_often(kpi: str) -> None:
    assert sum(scan.times for scan in world.planned(kpi).scans) <= MOST_SCANS
