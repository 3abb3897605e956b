"""What the sources declare beside their functions, for the tests that hold everything else to it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from placements_kpi import codes
from placements_kpi.settings import SOURCES

if TYPE_CHECKING:
    from placements_kpi.sources import Source
    from placements_kpi.tables import Column, Table

DECLARED: dict[str, Source] = {source: import_module(f"functions.ingest_{source}.app").SOURCE for source in SOURCES}
PEOPLE = tuple(name for name, source in DECLARED.items() if source.has_person_keys)
"""The sources with people in them."""
WAREHOUSES = tuple(name for name, source in DECLARED.items() if source.warehouse)
"""The sources that can be read in BigQuery."""


def people_of(source: Source) -> tuple[str, ...]:
    """Return the tables of a source that have a row about a person."""
    return tuple(table.name for table in source.tables if any(column.key for column in table.columns))


def coded_of(source: Source) -> tuple[str, ...]:
    """Return the columns of a source with a list of codes of which those on no list are counted."""
    columns = [column for table in source.tables for column in table.columns]
    return tuple(dict.fromkeys(column.name for column in columns if column.codes and column.counted))


_OF_A_FORM = {
    codes.URN: "{0}",
    codes.UKPRN: "10{0}",
    codes.PROVIDER_CODE: "{1}A",
    codes.RECORD_ID: "{0}",
    codes.GROUP_ID: "{1}",
}


def record(table: Table, number: int, **changes: Any) -> dict[str, Any]:
    """Return a record of ``table`` as a drop has it, with which nothing is wrong: every required column, and its id."""
    wanted = [column for column in table.columns if column.from_source]
    wanted = [column for column in wanted if column.required or column.name in table.primary_key]
    return {column.name: _value(column, number) for column in wanted} | changes


def _value(column: Column, number: int) -> Any:
    if column.codes:
        return min(column.codes)
    if column.pattern in _OF_A_FORM:
        return _OF_A_FORM[column.pattern].format(100000 + number, number % 1000)
    kinds = {"integer": 2026, "boolean": True, "date": "2026-03-01", "timestamp": "2026-03-01T10:00:00Z"}
    return kinds.get(column.kind, f"{number}")
