"""The queries as they stand, on DuckDB: the drops of a world in, through the real ingest, answers out.

One connection a query, its plan prepared once; only the rows change from world to world.
"""

import atexit
from collections.abc import Sequence
from dataclasses import asdict
from functools import cache
from typing import Any

import pyarrow as pa
from sqlglot import exp

from functions.compute_kpis.catalogue.definitions import load_definitions
from placements_kpi.tables import arrow_schema
from tests.book.answers import Answers, of_rows
from tests.book.drops import Drops
from tests.book.ingest import ingested, sources_of, tables
from tests.book.points import Point
from tests.kpis import world as small


class _Rows:
    """A table that is the newest world's whenever it is read.

    A statement over DuckDB's own tables is planned again at each EXECUTE, as a scan of them supports no statement cache
    (duckdb/duckdb, src/planner/binder/tableref/bind_basetableref.cpp); that took two thirds of the time of an answer.
    Over a stream the plan is kept.
    """

    def __init__(self) -> None:
        self.now: pa.Table = None

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.now.__arrow_c_stream__(requested_schema)


class Engine:
    """The query of one KPI, ready to be asked about worlds."""

    def __init__(self, kpi: str) -> None:
        self.kpi = kpi
        plan = small.planned(kpi)
        self._connection = small.session()
        atexit.register(self._connection.close)
        self._others = 0
        self._views = {view: name for view, (name, _) in plan.views.items()}
        self._tables = {view: _Rows() for view in self._views}
        for view, name in self._views.items():
            self._fill(view, arrow_schema(tables()[name]).empty_table())
            self._connection.register(view, self._tables[view])
        self._connection.execute(f"PREPARE figures AS {plan.sql}")

    def ask(self, drops: Drops, points: Sequence[Point]) -> Answers:
        """Return what the query says of ``drops`` at ``points``."""
        return of_rows(self.kpi, self.rows(drops, points))

    def rows(self, drops: Drops, points: Sequence[Point]) -> list[dict[str, Any]]:
        """Return the rows that the query gives."""
        rows = filled(self.kpi, drops, points)
        for view, name in self._views.items():
            self._fill(view, rows[name])
        return self._rows("EXECUTE figures")

    def again(self, sql: str) -> Answers:
        """Return what another query, in DuckDB's SQL, says of the world asked about last."""
        return of_rows(self.kpi, self._rows(sql))

    def _rows(self, sql: str) -> list[dict[str, Any]]:
        result = self._connection.execute(sql)
        names = [column[0] for column in result.description or ()]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def prepared(self, tree: exp.Expr) -> str:
        """Prepare a changed query and return what to ask :meth:`again`; :class:`duckdb.Error` if it has no meaning."""
        self._others += 1
        self._connection.execute(f"PREPARE other_{self._others} AS {self.translated(tree)}")
        return f"EXECUTE other_{self._others}"

    def forget(self, sql: str) -> None:
        """Drop what :meth:`prepared` returned: a plan of vacancies takes some 2 MB."""
        self._connection.execute(sql.replace("EXECUTE", "DEALLOCATE", 1))

    def translated(self, tree: exp.Expr) -> str:
        """Return a changed query, its snapshots filled in, in DuckDB's SQL over this engine's tables; uses it up."""
        view_of = {table: view for view, table in self._views.items()}
        for table in tree.find_all(exp.Table):
            if table.name in view_of:
                table.set("alias", table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(table.name)))
                table.set("this", exp.to_identifier(view_of[table.name], quoted=True))
        return tree.sql(dialect="duckdb", copy=False)

    def _fill(self, view: str, rows: pa.Table) -> None:
        self._tables[view].now = rows.append_column("snapshot", pa.array([small.SNAPSHOT] * len(rows), pa.string()))


@cache
def engine(kpi: str) -> Engine:
    """Return the engine of ``kpi`` as it stands, one a process."""
    return Engine(kpi)


def filled(kpi: str, drops: Drops, points: Sequence[Point]) -> dict[str, pa.Table]:
    """Return every table that the query of ``kpi`` reads, as ingest and compute would write it for ``drops``."""
    names = frozenset(name for name, _ in small.planned(kpi).views.values())
    written = {"kpi_points": point_rows(kpi, points), "definitions": [*_definitions(), *drops.definitions]}
    made = ingested(drops, sources_of(names))
    made |= {name: pa.Table.from_pylist(rows, arrow_schema(tables()[name])) for name, rows in written.items()}
    return {name: made.get(name, arrow_schema(tables()[name]).empty_table()) for name in names}


def point_rows(kpi: str, points: Sequence[Point]) -> list[dict[str, Any]]:
    """Return ``points`` as rows of ``kpi_points``, and one that is another KPI's: the table has the points of all."""
    return [*(_point_row(kpi, point) for point in points), *(_point_row("another-kpi", point) for point in points[-1:])]


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
