"""What reading a source costs at least: its drop parsed, keyed and written by pyarrow alone, for ``make bench``.

``python -m local.floors <source> <drop>`` reads every NDJSON file of a drop with the contract's columns, makes a keyed
hash for each different identifier of a person in it, and writes Parquet. Nothing is validated, settled or sent; what a
function imports is imported.
"""

from __future__ import annotations

import gzip
import hmac
import importlib
import sys
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

import pyarrow as pa
import pyarrow.json as pj
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from placements_kpi.sources import Feed, Source

BLOCK_BYTES = 1 << 21
_AS: dict[str, pa.DataType] = {
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "string[]": pa.list_(pa.string()),
    "date[]": pa.list_(pa.string()),
}


def read(source: Source, drop: Path) -> int:
    """Return the rows of the NDJSON files of a drop, once all of them are written as Parquet."""
    with tempfile.TemporaryDirectory() as scratch:
        return sum(
            _copied(feed, path, Path(scratch) / f"{feed.name}.parquet")
            for feed in source.feeds
            for path in sorted(drop.glob(f"{feed.name}.ndjson*"))
        )


def _copied(feed: Feed, path: Path, to: Path) -> int:
    columns = [column for column in feed.table.columns if column.from_source]
    schema = pa.schema([(column.name, _AS.get(column.kind, pa.string())) for column in columns])
    rows = 0
    with (
        (gzip.open if path.suffix == ".gz" else open)(path, "rb") as lines,
        pq.ParquetWriter(to, schema, compression="zstd") as writer,
    ):
        while text := lines.read(BLOCK_BYTES):
            table = _parsed(text + lines.readline(), schema)
            for column in columns:
                for value in table[column.name].unique().to_pylist() if column.key else ():
                    hmac.digest(b"key", str(value).encode(), "sha256").hex()
            writer.write_table(table)
            rows += table.num_rows
    return rows


def _parsed(text: bytes, schema: pa.Schema) -> pa.Table:
    """Return the rows of ``text``; a line that pyarrow cannot read takes a few beside it with it."""
    try:
        return pj.read_json(
            cast("IO[bytes]", pa.BufferReader(text)),
            pj.ReadOptions(use_threads=False, block_size=len(text) + 1),
            pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
        )
    except pa.ArrowInvalid:
        middle = text.find(b"\n", len(text) // 2) + 1
        if not 0 < middle < len(text) or len(text) < 20_000:
            return schema.empty_table()
        return pa.concat_tables([_parsed(text[:middle], schema), _parsed(text[middle:], schema)])


if __name__ == "__main__":
    print(read(importlib.import_module(f"functions.ingest_{sys.argv[1]}.app").SOURCE, Path(sys.argv[2])))
