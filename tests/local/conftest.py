"""A small local AWS for these tests, with a real Parquet snapshot in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from local.cloud import Cloud, open_cloud
from local.template import load_stack

SMALL = Path(__file__).parent / "small.yaml"


def parquet(rows: dict[str, list[object]], schema: pa.Schema) -> bytes:
    """Return the rows as one Parquet file."""
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(rows, schema=schema), sink)
    return sink.getvalue().to_pybytes()


_COLUMNS: list[pa.Field[Any]] = [
    pa.field("id", pa.string()),
    pa.field("recruitment_cycle_year", pa.int64()),
    pa.field("rejected_on", pa.date32()),
    pa.field("reasons", pa.list_(pa.string())),
]
CHOICES = pa.schema(_COLUMNS)


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    """A running cloud of the small template, with four choices in snapshot ``a`` and one in ``b``."""
    with open_cloud(load_stack(SMALL), {"placements/pseudonym": {"key": "k" * 40}}, at_once=8) as running:
        rows: dict[str, list[object]] = {
            "id": ["1", "2", "3", "4"],
            "recruitment_cycle_year": [2026, 2026, 2025, 2025],
            "rejected_on": [date(2026, 3, 1), None, date(2025, 2, 28), None],
            "reasons": [["placements", "other"], [], None, ["placements"]],
        }
        put(running, "application_choices", "a", parquet(rows, CHOICES))
        put(running, "application_choices", "b", parquet({name: values[:1] for name, values in rows.items()}, CHOICES))
        yield running


def put(cloud: Cloud, table: str, snapshot: str, body: bytes) -> None:
    """Put one Parquet file where a snapshot of ``table`` lies."""
    key = f"snapshots/{table}/snapshot={snapshot}/part-0.parquet"
    cloud.client("s3").put_object(Bucket=cloud.stack.data_bucket, Key=key, Body=body)
