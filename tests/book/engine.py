"""The queries as they stand, on DuckDB: rows of a world in, answers out, many worlds a second.

One connection a query, its plan prepared once; only the rows change from world to world.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from functools import cache
from typing import Any

import pyarrow as pa
from sqlglot import exp

from functions.compute_kpis.definitions import load_definitions
from functions.ingest_schools.lineage import Establishment, Lineage, batches
from placements_kpi.days import london_days
from placements_kpi.tables import Table, arrow_schema
from tests.book.answers import Answers, of_rows
from tests.book.points import Point
from tests.book.world import Row, World, tables
from tests.kpis import world as small

_EPOCH = date(1970, 1, 1)


class Engine:
    """The query of one KPI, ready to be asked about worlds."""

    def __init__(self, kpi: str) -> None:
        self.kpi = kpi
        plan = small.planned(kpi)
        self._connection = small.session()
        self._others = 0
        self._views = {view: name for view, (name, _) in plan.views.items()}
        for view, name in self._views.items():
            rows = _definitions() if name == "definitions" else ()
            self._fill(view, _arrow(tables()[name], rows), new=True)
        self._connection.execute(f"PREPARE figures AS {plan.sql}")

    def ask(self, world: World, points: Sequence[Point]) -> Answers:
        """Return what the query says of ``world`` at ``points``."""
        derived = _with_derived(world)
        derived["kpi_points"] = point_rows(self.kpi, points)
        for view, name in self._views.items():
            if name != "definitions":
                self._fill(view, _arrow(tables()[name], derived.get(name, ())))
        return self.again("EXECUTE figures")

    def again(self, sql: str) -> Answers:
        """Return what another query, in DuckDB's SQL, says of the world asked about last."""
        result = self._connection.execute(sql)
        names = [column[0] for column in result.description or ()]
        return of_rows(self.kpi, (dict(zip(names, row, strict=True)) for row in result.fetchall()))

    def prepared(self, tree: exp.Expr) -> str:
        """Prepare a changed query and return what to ask :meth:`again`; :class:`duckdb.Error` if it has no meaning."""
        self._others += 1
        self._connection.execute(f"PREPARE other_{self._others} AS {self.translated(tree)}")
        return f"EXECUTE other_{self._others}"

    def translated(self, tree: exp.Expr) -> str:
        """Return a changed query, its snapshots filled in, in DuckDB's SQL over this engine's tables."""
        view_of = {table: view for view, table in self._views.items()}
        for table in tree.find_all(exp.Table):
            if table.name in view_of:
                table.set("alias", table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(table.name)))
                table.set("this", exp.to_identifier(view_of[table.name], quoted=True))
        return tree.sql(dialect="duckdb")

    def _fill(self, view: str, rows: pa.Table, *, new: bool = False) -> None:
        self._connection.register("incoming", rows)
        if new:
            self._connection.execute(f'CREATE TABLE "{view}" AS SELECT * FROM incoming')
        else:
            self._connection.execute(f'DELETE FROM "{view}"')
            self._connection.execute(f'INSERT INTO "{view}" SELECT * FROM incoming')
        self._connection.unregister("incoming")


@cache
def engine(kpi: str) -> Engine:
    """Return the engine of ``kpi`` as it stands, one a process."""
    return Engine(kpi)


def filled(kpi: str, world: World, points: Sequence[Point]) -> dict[str, pa.Table]:
    """Return every table that the query of ``kpi`` reads, as ingest and compute would write it for ``world``."""
    derived = _with_derived(world) | {"kpi_points": point_rows(kpi, points), "definitions": _definitions()}
    names = {name for name, _ in small.planned(kpi).views.values()}
    return {name: _arrow(tables()[name], derived.get(name, ())).drop_columns(["snapshot"]) for name in names}


def point_rows(kpi: str, points: Sequence[Point]) -> list[dict[str, Any]]:
    """Return ``points`` as rows of ``kpi_points``, and one that is another KPI's: the table has the points of all."""
    return [*(_point_row(kpi, point) for point in points), *(_point_row("another-kpi", point) for point in points[-1:])]


def _with_derived(world: World) -> dict[str, Sequence[Row]]:
    found: dict[str, Sequence[Row]] = dict(world.tables)
    if world.rows("schools"):
        found["school_lineage"] = lineage_rows(world)
    return found


def lineage_rows(world: World) -> list[dict[str, Any]]:
    """Return the rows of ``school_lineage`` that ingest works out of the schools of ``world``."""
    establishments = {
        row["urn"]: Establishment(
            row["establishment_status"], _day_number(row.get("open_date")), _day_number(row.get("close_date"))
        )
        for row in world.rows("schools")
    }
    links = [
        (row["urn"], row["link_urn"]) for row in world.rows("school_links") if row["link_type"].startswith("Successor")
    ]
    lineage = Lineage(establishments, links, (world.register_day - _EPOCH).days)
    return [row for batch in batches(lineage) for row in batch.to_pylist()]


def _day_number(day: date | None) -> int | None:
    return None if day is None else (day - _EPOCH).days


def _arrow(table: Table, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    schema = arrow_schema(table)
    derived = {column.name: column.day_of for column in table.columns if column.day_of is not None}
    for row in rows:
        strange = row.keys() - (set(schema.names) - derived.keys())
        assert not strange, f"a row of {table.name} has {sorted(strange)}, which is not a column that a source gives"
    arrays: dict[str, pa.Array[Any]] = {}
    for name, kind in zip(schema.names, schema.types, strict=True):
        arrays[name] = (
            london_days(arrays[derived[name]]) if name in derived else pa.array([row.get(name) for row in rows], kind)
        )
    arrays["snapshot"] = pa.array([small.SNAPSHOT] * len(rows), pa.string())
    return pa.table(arrays)


def _point_row(kpi: str, point: Point) -> dict[str, Any]:
    return {
        "kpi": kpi,
        "family": point.family,
        "period": point.period,
        "period_start": point.opens,
        "period_end": point.closes,
        "as_of": point.as_of,
        "is_current": point.is_current,
        "is_series": point.is_series,
        "is_comparison": point.is_comparison,
    }


@cache
def _definitions() -> list[dict[str, Any]]:
    return [asdict(entry) for entry in load_definitions().entries]
