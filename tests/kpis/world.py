"""Small hand-written worlds: rows in, a KPI's query run as it stands, result rows out.

A world gives rows of curated tables as dicts (columns left out are null), and the points in time.
The definitions are the project's own. The query is Athena's, run on DuckDB.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from functions.compute_kpis import contract
from functions.compute_kpis.answers.cells import Worked, figures_of
from functions.compute_kpis.answers.queries import ResultRow
from functions.compute_kpis.catalogue.definitions import load_definitions
from functions.compute_kpis.catalogue.loading import load_kpi
from functions.ingest_schools.lineage import Establishment, Lineage, batches
from local import duck
from local.query_plans import Plan, plan
from placements_kpi.results import Point
from placements_kpi.tables import Table, arrow_schema, glue_columns

COMPUTE = Path(contract.__file__).parent
SNAPSHOT = "20260714-0123456789ab"
SNAPSHOT_DAY = date(2026, 7, 14)
CONTRACTS = ("apply", "placements", "providers", "register", "schools", "service", "vacancies")

Row = dict[str, Any]


@dataclass(frozen=True)
class Figures:
    """The rows that a query returned."""

    rows: tuple[Row, ...]

    def of(self, measure: str, breakdown: str = "national", category: str | None = None, **point: Any) -> Row:
        """Return the one row of ``measure`` in that cell; ``point`` may name ``period`` or ``as_of``."""
        wanted = {"measure": measure, "breakdown": breakdown, "category": category or "Total", **point}
        found = [row for row in self.rows if all(row[name] == value for name, value in wanted.items())]
        assert len(found) == 1, f"{len(found)} rows of {wanted}: {found}"
        return found[0]

    def rate(self, measure: str, breakdown: str = "national", category: str | None = None, **point: Any) -> Any:
        """Return ``(numerator, denominator)`` of a cell."""
        row = self.of(measure, breakdown, category, **point)
        return row["numerator"], row["denominator"]

    def count(self, measure: str, breakdown: str = "national", category: str | None = None, **point: Any) -> Any:
        """Return the numerator of a cell that is a count."""
        row = self.of(measure, breakdown, category, **point)
        assert row["denominator"] is None, f"{row} is a rate, not a count"
        return row["numerator"]

    def categories(self, measure: str, breakdown: str, **point: Any) -> dict[str, Any]:
        """Return the numerators of a breakdown that there are and are not zero, by category."""
        wanted = {"measure": measure, "breakdown": breakdown, **point}
        found = [row for row in self.rows if all(row[name] == value for name, value in wanted.items())]
        return {row["category"]: row["numerator"] for row in found if row["numerator"]}

    def measures(self) -> set[str]:
        """Return the ids of all measures present."""
        return {row["measure"] for row in self.rows}


def point(
    kpi: str,
    family: str,
    period: int,
    as_of: date,
    *,
    period_start: date,
    period_end: date,
    current: bool = True,
    series: bool = True,
    comparison: bool = False,
) -> Row:
    """Return a row of ``kpi_points``."""
    return {
        "kpi": kpi,
        "family": family,
        "period": period,
        "period_start": period_start,
        "period_end": period_end,
        "as_of": as_of,
        "is_current": current,
        "is_series": series,
        "is_comparison": comparison,
    }


def in_year(kpi: str, day: date = date(2026, 7, 14), *, current: bool = True) -> Row:
    """Return the point of a day of the placements year 2025."""
    year = {"period_start": date(2025, 9, 1), "period_end": date(2026, 8, 31)}
    return point(kpi, "year", 2025, day, current=current, **year)


def in_year_before(kpi: str, day: date = date(2025, 7, 14)) -> Row:
    """Return the point of a day of the placements year 2024, which the current one is compared with."""
    year = {"period_start": date(2024, 9, 1), "period_end": date(2025, 8, 31)}
    return point(kpi, "year", 2024, day, current=False, series=False, comparison=True, **year)


def ask(kpi: str, points: Iterable[Row], **rows: Sequence[Mapping[str, Any]]) -> Figures:
    """Return what the query of ``kpi`` says of a world with these rows, by table.

    Rows of ``definitions`` come on top of the project's own, or in place of those with the same code.
    """
    types, figures = answer_of(query(kpi), points, **rows)
    assert types == {name: athena_type.upper() for name, athena_type in contract.RESULT_COLUMNS.items()}
    cells = [(row["measure"], row["period"], row["as_of"], row["breakdown"], row["category"]) for row in figures]
    assert len(cells) == len(set(cells)), f"cells given twice: {sorted({c for c in cells if cells.count(c) > 1})}"
    return Figures(tuple(figures))


def answer_of(sql: str, points: Iterable[Row], **rows: Sequence[Mapping[str, Any]]) -> tuple[dict[str, str], list[Row]]:
    """Return the types of the columns and the rows that any statement gives in such a world."""
    tables = _tables()
    unknown = rows.keys() - tables.keys()
    assert not unknown, f"no such tables: {sorted(unknown)}"
    given: dict[str, Sequence[Mapping[str, Any]]] = {
        **rows,
        "kpi_points": list(points),
        "definitions": _definitions_with(rows.get("definitions", ())),
    }
    connection = session()
    try:
        ready = planned_text(sql)
        for view, (name, _) in ready.views.items():
            connection.register(view, _arrow(tables[name], given.get(name, ())))
        result = connection.execute(ready.sql)
        names = [column[0] for column in result.description]
        types = [str(column[1]) for column in result.description]
        answer = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    finally:
        connection.close()
    return dict(zip(names, types, strict=True)), answer


def worked(kpi: str, points: Sequence[Row], figures: Figures) -> Worked:
    """Return what the engine makes of ``figures``: it refuses undeclared cells and parts that do not add up."""
    days = tuple(Point(**{**row, "period_label": str(row["period"])}) for row in _without_kpi(points))
    return figures_of(load_kpi(COMPUTE / "kpis" / kpi, load_definitions()), days, _result_rows(figures), SNAPSHOT_DAY)


def register_of_schools(*schools: Row, links: Sequence[tuple[str, str]] = ()) -> dict[str, list[Row]]:
    """Return the rows of GIAS: ``schools``, each a community primary school in London unless it says otherwise.

    ``links`` are pairs of a URN and its successor's. The lineage is worked out as ingest does, on 14 July 2026.
    """
    given = {
        "establishment_status": 1,
        "type_of_establishment": 1,
        "establishment_type_group": 4,
        "phase_of_education": 2,
        "gor": "H",
        "open_date": None,
        "close_date": None,
    }
    rows = [{**given, **school} for school in schools]
    establishments = {
        row["urn"]: Establishment(row["establishment_status"], _days(row["open_date"]), _days(row["close_date"]))
        for row in rows
    }
    lineage = Lineage(establishments, links, _days(SNAPSHOT_DAY) or 0)
    return {"schools": rows, "school_lineage": [row for batch in batches(lineage) for row in batch.to_pylist()]}


@cache
def query(kpi: str) -> str:
    """Return the whole statement of ``kpi``, as it is sent to Athena."""
    return load_kpi(COMPUTE / "kpis" / kpi, load_definitions()).sql


def pinned(kpi: str) -> str:
    """Return the query of ``kpi`` with every table pinned to the world's snapshot."""
    return _pinned(query(kpi))


def _pinned(sql: str) -> str:
    return re.sub(r"(?<!:):([a-z_]+)_snapshot\b", f"'{SNAPSHOT}'", sql)


@cache
def planned(kpi: str) -> Plan:
    """Return the query as the local Athena runs it: every table pinned to a snapshot, or it is refused."""
    return planned_text(query(kpi))


@cache
def planned_text(sql: str) -> Plan:
    """Return any query text the same way, its snapshot parameters filled in."""
    columns = {
        name: {**{column["Name"]: column["Type"] for column in glue_columns(table)}, "snapshot": "string"}
        for name, table in _tables().items()
    }
    return plan(_pinned(sql), columns)


def session() -> duckdb.DuckDBPyConnection:
    """Return a connection that computes as Athena does where the two differ in silence."""
    connection = duckdb.connect(config={"threads": 1})
    duck.prepare(connection)
    return connection


@cache
def _tables() -> dict[str, Table]:
    """Return every curated table by name, as the contracts declare them."""
    found = [*contract.TABLES]
    for source in CONTRACTS:
        found.extend(importlib.import_module(f"functions.ingest_{source}.contract").TABLES)
    return {table.name: table for table in found}


@cache
def _definitions() -> list[Row]:
    return [asdict(entry) for entry in load_definitions().entries]


def _definitions_with(more: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    replaced = {(row["list"], row["code"]) for row in more}
    return [*(row for row in _definitions() if (row["list"], row["code"]) not in replaced), *more]


def _days(day: date | None) -> int | None:
    return None if day is None else (day - date(1970, 1, 1)).days


def _without_kpi(points: Sequence[Row]) -> list[Row]:
    return [{name: value for name, value in row.items() if name != "kpi"} for row in points]


def _result_rows(figures: Figures) -> list[ResultRow]:
    return [ResultRow(**row) for row in figures.rows]


def _arrow(table: Table, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    schema = arrow_schema(table)
    for row in rows:
        strange = row.keys() - set(schema.names)
        assert not strange, f"table {table.name} has no columns {sorted(strange)}"
    filled = pa.Table.from_pylist([{name: row.get(name) for name in schema.names} for row in rows], schema=schema)
    return filled.append_column("snapshot", pa.array([SNAPSHOT] * len(rows), pa.string()))
