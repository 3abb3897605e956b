"""Parquet parts of a table, and a digest of its rows that no library version or slicing changes."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

GROUP_ROWS = 65_536
PART_ROWS = 8 * GROUP_ROWS


class PartWriter:
    """Writes rows to ``part-<n>.parquet``; group and part boundaries depend on the rows alone, not on the calls."""

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        """Write to ``folder``, which is made; a table without rows has one part without rows."""
        folder.mkdir(parents=True)
        self.paths: list[Path] = []
        self._folder = folder
        self._schema = schema
        self._waiting = schema.empty_table()
        self._writer: pq.ParquetWriter | None = None
        self._rows_in_part = 0
        self._rows = 0

    def write(self, rows: pa.Table) -> None:
        """Add ``rows``, in order."""
        self._waiting = pa.concat_tables([self._waiting, rows])
        while self._waiting.num_rows >= GROUP_ROWS:
            self._write_group(self._waiting.slice(0, GROUP_ROWS))
            self._waiting = self._waiting.slice(GROUP_ROWS)

    def close(self) -> int:
        """Finish the last part and return how many rows were written in all."""
        if self._waiting.num_rows or not self.paths:
            self._write_group(self._waiting)
        self._close_part()
        return self._rows

    def _write_group(self, rows: pa.Table) -> None:
        if self._writer is None:
            path = self._folder / f"part-{len(self.paths)}.parquet"
            self.paths.append(path)
            self._writer = pq.ParquetWriter(path, self._schema, compression="zstd", store_schema=False)
        self._writer.write_table(rows.combine_chunks(), row_group_size=GROUP_ROWS)
        self._rows += rows.num_rows
        self._rows_in_part += rows.num_rows
        if self._rows_in_part >= PART_ROWS:
            self._close_part()

    def _close_part(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer = None
        self._rows_in_part = 0


class ContentDigest:
    """SHA-256 of rows in order, column by column: nulls, lengths and values each in a stream of their own."""

    def __init__(self, schema: pa.Schema) -> None:
        """Digest rows of ``schema``."""
        self._columns = {name: [hashlib.sha256() for _ in range(4)] for name in schema.names}

    def add(self, rows: pa.Table) -> None:
        """Add ``rows``."""
        for name, hashes in self._columns.items():
            for chunk in rows[name].chunks:
                _feed(chunk, hashes)

    def hexdigest(self) -> str:
        """Return the digest of everything added."""
        whole = hashlib.sha256()
        for name, hashes in sorted(self._columns.items()):
            whole.update(name.encode() + b"\x00" + b"".join(digest.digest() for digest in hashes))
        return whole.hexdigest()


def _feed(values: pa.Array[Any], hashes: list[Any]) -> None:
    hashes[0].update(values.is_null().to_numpy(zero_copy_only=False).tobytes())
    if pa.types.is_list(values.type):
        hashes[1].update(pc.list_value_length(values).fill_null(0).to_numpy().tobytes())
        entries = pc.list_flatten(values)
        _feed_values(entries, hashes[2], hashes[3])
    else:
        _feed_values(values, hashes[2], hashes[3])


def _feed_values(values: Any, lengths: Any, content: Any) -> None:
    if pa.types.is_string(values.type):
        texts = values.fill_null("")
        lengths.update(pc.binary_length(texts).to_numpy().tobytes())
        joined: Any = pc.binary_join(pa.ListArray.from_arrays(pa.array([0, len(texts)], pa.int32()), texts), "")
        content.update(joined[0].as_buffer() or b"")
    elif pa.types.is_boolean(values.type):
        content.update(values.fill_null(False).to_numpy(zero_copy_only=False).tobytes())
    else:
        width = pa.int32() if pa.types.is_date32(values.type) else pa.int64()
        content.update(values.cast(width).fill_null(0).to_numpy().tobytes())
