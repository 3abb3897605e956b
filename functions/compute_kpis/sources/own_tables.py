"""The two tables that queries read and we write: the points in time, and the definitions.

Content-addressed snapshots (``docs/decisions/0004-points-and-definitions-are-tables.md``):
the same rows always have the same id, and writing them again changes nothing.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from functions.compute_kpis.catalogue.definitions import Definitions, Entry
from functions.compute_kpis.contract import DEFINITIONS, KPI_POINTS
from placements_kpi import store
from placements_kpi.tables import Table, arrow_schema

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

    from placements_kpi.results import Point


def point_rows(points: Mapping[str, Sequence[Point]]) -> list[dict[str, Any]]:
    """Return the rows of ``kpi_points``: one for each KPI, family and day."""
    return [
        {"kpi": kpi, **point.model_dump(exclude={"period_label"})} for kpi in sorted(points) for point in points[kpi]
    ]


def definition_rows(definitions: Definitions) -> list[dict[str, Any]]:
    """Return the rows of ``definitions``."""
    return [{"list": entry.list, "code": entry.code, "value": entry.value} for entry in definitions.entries]


def write_points(s3: S3Client, bucket: str, points: Mapping[str, Sequence[Point]], as_of: date) -> str:
    """Write the snapshot of ``kpi_points`` if it is new; return its id."""
    return _write(s3, bucket, KPI_POINTS, point_rows(points), as_of)


def write_definitions(s3: S3Client, bucket: str, definitions: Definitions) -> str:
    """Write the snapshot of ``definitions`` if it is new; return its id."""
    return _write(s3, bucket, DEFINITIONS, definition_rows(definitions), definitions.dated)


def read_definitions(s3: S3Client, bucket: str, snapshot: str) -> Definitions:
    """Return the definitions as a snapshot has them; :class:`MissingObjectError` if it is no longer kept."""
    body = store.read_bytes(s3, bucket, _key(DEFINITIONS, snapshot))
    rows = pq.read_table(pa.BufferReader(body), schema=arrow_schema(DEFINITIONS)).to_pylist()
    entries = tuple(Entry(**{name: str(value) for name, value in row.items()}) for row in rows)
    return Definitions(entries=entries, dated=datetime.strptime(snapshot[:8], "%Y%m%d").date())


def definitions_id(definitions: Definitions) -> str:
    """Return the id that the snapshot of ``definitions`` has or would have."""
    return _snapshot_id(DEFINITIONS, definition_rows(definitions), definitions.dated)


def parquet_bytes(rows: list[dict[str, Any]], schema: pa.Schema) -> bytes:
    """Return ``rows`` as one Parquet file; equal rows give equal bytes with the same pyarrow."""
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), sink, compression="zstd")
    return sink.getvalue()


def _write(s3: S3Client, bucket: str, table: Table, rows: list[dict[str, Any]], dated: date) -> str:
    snapshot = _snapshot_id(table, rows, dated)
    body = parquet_bytes(rows, arrow_schema(table))
    store.write_once(s3, bucket, _key(table, snapshot), body, "application/vnd.apache.parquet")
    return snapshot


def _snapshot_id(table: Table, rows: list[dict[str, Any]], dated: date) -> str:
    plain = [{name: str(value) for name, value in row.items()} for row in rows]
    digest = hashlib.sha256(store.canonical_json([table.name, plain])).hexdigest()[:12]
    return f"{dated:%Y%m%d}-{digest}"


def _key(table: Table, snapshot: str) -> str:
    return f"snapshots/{table.name}/snapshot={snapshot}/part-0.parquet"
