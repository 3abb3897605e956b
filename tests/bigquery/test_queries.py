"""The queries as they are sent: BigQuery's own dialect, every table pinned, and no name that is one of its words."""

from __future__ import annotations

import importlib
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlglot
from sqlglot import exp

from local.bigquery.storable import SOURCES
from local.bigquery.streamed_tables import named as tables_of_dataform
from placements_kpi import bigquery
from placements_kpi.bigquery import BigQueryError

if TYPE_CHECKING:
    from placements_kpi.sources import Source

PINNED = datetime(2026, 7, 15, 8, 29, 59, 123456, UTC)
PLACE = "bigquery://dfe-test/dataform"
# https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#reserved_keywords
RESERVED = set(
    "all and any array as asc assert_rows_modified at between by case cast collate contains create cross cube current "
    "default define desc distinct else end enum escape except exclude exists extract false fetch following for from "
    "full group grouping groups hash having if ignore in inner intersect interval into is join lateral left like limit "
    "lookup merge natural new no not null nulls of on or order outer over partition preceding proto qualify range "
    "recursive respect right rollup rows select set some struct tablesample then to treat true unbounded union unnest "
    "using when where window with within".split()
)


def source(name: str) -> Source:
    found: Source = importlib.import_module(f"functions.ingest_{name}.app").SOURCE
    return found


def sent(name: str, feed: str, location: str = PLACE) -> str:
    warehouse = source(name).warehouse
    assert warehouse is not None
    return bigquery.query(warehouse, feed, bigquery.places(location, warehouse), PINNED)


FEEDS = [(name, feed.name) for name in SOURCES for feed in source(name).feeds]


@pytest.mark.parametrize(("name", "feed"), FEEDS)
def test_a_query_is_one_statement_of_bigquerys_dialect(name: str, feed: str) -> None:
    parsed = sqlglot.parse(sent(name, feed), read="bigquery", error_level=sqlglot.ErrorLevel.RAISE)
    assert [type(statement) for statement in parsed] == [exp.Select]


@pytest.mark.parametrize(("name", "feed"), FEEDS)
def test_every_table_is_pinned_and_is_one_that_dataform_makes(name: str, feed: str) -> None:
    tree = sqlglot.parse_one(sent(name, feed), read="bigquery")
    common = {table.alias for table in tree.find_all(exp.CTE)}
    tables = [table for table in tree.find_all(exp.Table) if table.name not in common]
    instant = "FOR SYSTEM_TIME AS OF TIMESTAMP '2026-07-15 08:29:59.123456+00:00'"
    assert len(tables) == sent(name, feed).count(instant) > 0
    assert {(table.catalog, table.db) for table in tables} == {("dfe-test", "dataform")}
    assert {table.name for table in tables} <= tables_of_dataform().keys()
    assert "`" not in re.sub(r"`dfe-test\.dataform\.\w+`", "", sent(name, feed)), "a name that was not put in its place"


@pytest.mark.parametrize("path", sorted(Path("functions").glob("*/queries/**/*.sql")), ids=lambda path: path.name)
def test_no_name_is_a_word_of_the_language(path: Path) -> None:
    code = re.sub(r"--.*|'[^']*'|`[^`]*`", "", path.read_text(encoding="utf-8"))
    named = {
        word.lower() for word in re.findall(r"\bAS\s+([a-z_]\w*)|\b([a-z_]\w*)\s*\.", code) for word in word if word
    }
    assert named and not named & RESERVED
    assert not re.search(r"\bSELECT\s+\*|\.\*", code), (
        "whatever is asked for is named: a hidden column may be among the rest"
    )


@pytest.mark.parametrize("path", sorted(Path("functions").glob("*/queries/*.sql")), ids=lambda path: path.name)
def test_every_query_says_whose_names_it_uses(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace("\n-- ", " ")
    assert "${each}" in text or re.search(r"DFE-Digital/[a-z-]+ at [0-9a-f]{8}", text)


def test_a_service_that_the_location_does_not_name_is_not_read() -> None:
    only = sent("placements", "school_activity", "bigquery://manage=dfe-test/dataform")
    assert "itt_mentor_services" in only and "find_placement_schools" not in only and "UNION ALL" not in only
    elsewhere = sent("placements", "school_activity", "bigquery://manage=one/a/ittms,find=two/b")
    assert "`one.a.schools_version_ittms`" in elsewhere
    assert "`two.b.organisations_version_find_placement_schools`" in elsewhere


def test_mentors_without_the_service_that_has_them() -> None:
    with pytest.raises(BigQueryError, match="does not say where the tables of manage are"):
        sent("placements", "mentor_allocations", "bigquery://find=dfe-test/dataform")
