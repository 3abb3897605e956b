"""DuckDB set up to answer as Athena does, over Parquet objects of the local S3.

The session closes the differences between Trino and DuckDB that the KPI SQL could
meet: whole-number division, division by zero as an error, ``date_diff`` in complete
units, UTC, white space, lists with nulls. One cursor a query, so that several run side by side.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from local.query_plans import PARTITION, Columns, Plan, QueryError, Scan
from local.result_sets import Answer

Fetch = Callable[[str, str], Sequence[Path]]
"""Table and snapshot id to the Parquet files of that partition, in order of key."""

_SETTINGS = (
    "SET TimeZone = 'UTC'",
    "SET integer_division = true",
    "SET preserve_insertion_order = false",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
)

# What Java, and so Trino, takes for white space: tabs and line ends are, a space that does not break is not.
_WHITE = r"\x09-\x0D\x1C-\x20\x{1680}\x{2000}-\x{2006}\x{2008}-\x{200A}\x{2028}\x{2029}\x{205F}\x{3000}"

# Each was found by running the construct on both engines (docs/sql-portability.md).
_MACROS = (
    "date_diff(unit, a, b) AS date_sub(unit, a, b)",  # complete units, not boundaries crossed
    f"trim(s) AS regexp_replace(s, '^[{_WHITE}]+|[{_WHITE}]+$', '', 'g')",
    "upper(s) AS replace(ucase(replace(s, 'ß', chr(1))), chr(1), 'ß')",  # Java has no capital of it
    # Null past the last part.
    "split_part(s, d, n) AS CASE WHEN n < 1 THEN error('index must be positive') ELSE string_split(s, d)[n] END",
    # A null in the list might be the one.
    "array_contains(l, x) AS if(list_has(l, x) OR list_count(l) = len(l), list_has(l, x), NULL)",
    "count_if(x) AS count(*) FILTER (WHERE x)",  # zero of nothing
)
_LARGEST = 2**63 - 1

# Glue type: (DuckDB type, Arrow types that Athena reads as it).
_TYPES: dict[str, tuple[str, tuple[str, ...]]] = {
    "string": ("VARCHAR", ("string", "large_string", "dictionary<values=string, indices=int32, ordered=0>")),
    "bigint": ("BIGINT", ("int64", "int32")),
    "boolean": ("BOOLEAN", ("bool",)),
    "date": ("DATE", ("date32[day]",)),
    "timestamp": ("TIMESTAMP", ("timestamp[us]", "timestamp[ms]", "timestamp[ns]")),
    "array<string>": ("VARCHAR[]", ("list<element: string>", "list<item: string>", "list<array_element: string>")),
    "array<date>": ("DATE[]", ("list<element: date32[day]>", "list<item: date32[day]>")),
}

_ATHENA_TYPES = {
    "BIGINT": "bigint",
    "HUGEINT": "bigint",  # DuckDB widens sum(bigint); Trino does not, and refuses a larger one as _answer does
    "INTEGER": "integer",
    "SMALLINT": "smallint",
    "TINYINT": "tinyint",
    "DOUBLE": "double",
    "FLOAT": "float",
    "VARCHAR": "varchar",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
}


ROOMY = "6GB"
"""Memory for a query that did not fit beside the others."""


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Make a connection answer as Athena does; the macros are there for every cursor of it too."""
    for statement in _SETTINGS:
        connection.execute(statement)
    for macro in _MACROS:
        connection.execute(f"CREATE OR REPLACE MACRO {macro}")


class Duck:
    """One DuckDB, as many queries as ask. ``memory_limit`` is DuckDB's own, beyond which it spills to ``folder``."""

    def __init__(self, folder: Path, fetch: Fetch, memory_limit: str = "600MB", threads: int = 2) -> None:
        self._fetch = fetch
        self._memory_limit = memory_limit
        self._lock = threading.Lock()
        self._one_at_a_time = threading.Lock()
        self._views: set[str] = set()
        config: dict[str, Any] = {
            "memory_limit": memory_limit,
            "threads": threads,
            "temp_directory": str(folder / "spill"),
        }
        self._connection = duckdb.connect(":memory:", config=config)
        prepare(self._connection)

    def scanned(self, scans: Sequence[Scan]) -> int:
        """Return the bytes that Athena would read: compressed column chunks, from the footers of the files."""
        return sum(scan.times * self._chunk_bytes(scan) for scan in scans)

    def run(self, plan: Plan, columns: Columns, started: Callable[[duckdb.DuckDBPyConnection], None]) -> Answer:
        """Return the query's answer; :class:`QueryError` in the engine's words. ``started`` gets what to interrupt.

        A query that finds no room beside the others runs again after them, one at a time and with more: at ten
        times the national scale it is slow here, where Athena would not notice.
        """
        cursor = self._connection.cursor()
        try:
            # Settings are a connection's own, and a cursor is one.
            for statement in _SETTINGS:
                cursor.execute(statement)
            for view, (table, snapshots) in plan.views.items():
                self._create_view(view, table, snapshots, columns)
            started(cursor)
            try:
                return _answer(cursor, plan.sql)
            except duckdb.OutOfMemoryException:
                with self._one_at_a_time:
                    cursor.execute(f"SET memory_limit = '{ROOMY}'")
                    try:
                        return _answer(cursor, plan.sql)
                    finally:
                        with suppress(duckdb.Error):  # the others may hold more than that just now
                            cursor.execute(f"SET memory_limit = '{self._memory_limit}'")
        except duckdb.Error as error:
            raise QueryError(f"GENERIC_USER_ERROR: {error}") from error
        finally:
            cursor.close()

    def close(self) -> None:
        """Close the database and give its memory back."""
        self._connection.close()

    def _chunk_bytes(self, scan: Scan) -> int:
        total = 0
        for snapshot in scan.snapshots:
            for path in self._fetch(scan.table, snapshot):
                footer = pq.read_metadata(path)
                for group in range(footer.num_row_groups):
                    for index in range(footer.num_columns):
                        chunk = footer.row_group(group).column(index)
                        if chunk.path_in_schema.split(".")[0] in scan.columns:
                            total += chunk.total_compressed_size
        return total

    def _create_view(self, view: str, table: str, snapshots: Sequence[str], columns: Columns) -> None:
        with self._lock:
            if view in self._views:
                return
            parts = [self._select(table, snapshot, columns[table]) for snapshot in snapshots]
            self._connection.execute(f'CREATE VIEW "{view}" AS {" UNION ALL ".join(parts)}')
            self._views.add(view)

    def _select(self, table: str, snapshot: str, columns: Mapping[str, str]) -> str:
        files = self._fetch(table, snapshot)
        if not files:  # Athena finds no objects there, and so no rows
            nothing = [f'CAST(NULL AS {_duck_type(kind)}) AS "{name}"' for name, kind in columns.items()]
            return f"SELECT {', '.join(nothing)}, CAST(NULL AS VARCHAR) AS {PARTITION} WHERE false"
        stored = [_check_types(table, pq.read_schema(path), columns) for path in files]
        present = set.intersection(*stored)
        chosen = [
            f'"{name}"' if name in present else f'CAST(NULL AS {_duck_type(kind)}) AS "{name}"'
            for name, kind in columns.items()
        ]
        listed = ", ".join("'" + str(path).replace("'", "''") + "'" for path in files)
        pinned = snapshot.replace("'", "''")
        source = f"read_parquet([{listed}], hive_partitioning=false)"
        return f"SELECT {', '.join(chosen)}, '{pinned}' AS {PARTITION} FROM {source}"


def _duck_type(glue_type: str) -> str:
    if glue_type not in _TYPES:
        raise QueryError(f"HIVE_METASTORE_ERROR: the local Athena does not know the Glue type {glue_type}")
    return _TYPES[glue_type][0]


def _check_types(table: str, schema: pa.Schema, columns: Mapping[str, str]) -> set[str]:
    """Return the declared columns that a file has; Athena refuses a file whose types are not those of the table."""
    present = set()
    for name, kind in columns.items():
        _duck_type(kind)
        index = schema.get_field_index(name)
        if index < 0:
            continue
        stored = str(schema.field(index).type).replace(" not null", "")
        if stored not in _TYPES[kind][1]:
            raise QueryError(
                f"HIVE_BAD_DATA: Field {name}'s type {stored} in parquet file is incompatible with type {kind} "
                f"defined in table schema (table {table})"
            )
        present.add(name)
    return present


def _athena_type(kind: str) -> str:
    if kind.startswith("DECIMAL"):
        return "decimal"
    if kind.endswith("[]"):
        return "array"
    return _ATHENA_TYPES.get(kind, kind.lower())


def _answer(cursor: duckdb.DuckDBPyConnection, sql: str) -> Answer:
    cursor.execute(sql)
    described = cursor.description or []
    rows = cursor.fetchall()
    for place, column in enumerate(described):
        if str(column[1]) == "HUGEINT" and any(abs(row[place] or 0) > _LARGEST for row in rows):
            raise QueryError(f"NUMERIC_VALUE_OUT_OF_RANGE: bigint addition overflow in column {column[0]}")
    return Answer(
        names=tuple(column[0] for column in described),
        types=tuple(_athena_type(str(column[1])) for column in described),
        rows=rows,
    )
