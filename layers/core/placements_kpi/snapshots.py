"""Snapshots: immutable Parquet, its manifest, and the one pointer that makes it current (docs/architecture.md)."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from botocore.exceptions import ClientError

from placements_kpi import aws, manifests, store, times
from placements_kpi.errors import PlacementsKpiError
from placements_kpi.staging import QUARANTINE_LIMIT, Settled, Staging

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_s3.client import S3Client

    from placements_kpi.manifests import Manifest
    from placements_kpi.pseudonyms import Pseudonyms
    from placements_kpi.sources import Source


class SnapshotError(PlacementsKpiError):
    """A snapshot asked for does not exist or is not whole."""


def contract_digest(source: Source) -> str:
    """Return a digest of everything in a contract that decides what a row looks like, lists of codes included.

    Rows of another digest are not carried on: a code that is new on a list is found by reading all of the source again.
    """
    described: list[Any] = [
        [table.name, list(table.primary_key), table.newest_by]
        + [
            [c.name, c.kind, c.required, c.key, c.day_of, c.derived, sorted(c.codes or ()), c.pattern]
            for c in table.columns
        ]
        for table in source.tables
    ]
    described += [hashlib.sha256(path.read_bytes()).hexdigest() for path in source.lists]
    return hashlib.sha256(store.canonical_json(described)).hexdigest()


def snapshot_id(
    source: str, as_of: datetime, contract: str, pseudonyms: Pseudonyms | None, tables: Sequence[Settled]
) -> str:
    """Return ``<as-of yyyymmdd>-<12 hex>``: the same facts of the same London day always have the same id.

    It is public, so with people in the source it is keyed (publishing#links): not every row has a code in it that
    nobody could guess. The same facts under another key have another id.
    """
    content = store.canonical_json([source, contract, sorted([table.table.name, table.digest] for table in tables)])
    digest = pseudonyms.snapshot(content) if pseudonyms else hashlib.sha256(content).hexdigest()
    return f"{times.london_day(as_of):%Y%m%d}-{digest[:12]}"


def erasure_key(source: str, snapshot: str) -> str:
    """Return the key of what says which snapshot an erasure put in this one's place (:mod:`placements_kpi.erasure`)."""
    return f"erasures/{source}/{snapshot}.json"


def part_key(table: str, snapshot: str, path: Path) -> str:
    """Return the key of one Parquet part."""
    return f"snapshots/{table}/snapshot={snapshot}/{path.name}"


def write(s3: S3Client, bucket: str, manifest: Manifest, tables: Sequence[Settled], staging: Staging) -> Manifest:
    """Write a snapshot and return its manifest as stored: parts, then quarantine, then the manifest as the seal.

    A part may be there already, from a run that was killed: it is written again with the same
    rows. Once the manifest is there the snapshot is whole, and nothing of it is written again unless its
    rows have expired since, or it was refused, without rows, and is accepted now.
    """
    key = manifests.key(manifest.source, manifest.snapshot)
    existing, as_read = manifests.find(s3, bucket, key) or (None, None)
    has_all = existing is not None and len(existing.files) >= len(manifest.files)
    if existing is not None and has_all and is_whole(s3, bucket, existing):
        return existing
    for settled in tables if manifest.files else ():
        for path in settled.parts:
            with path.open("rb") as body:
                s3.put_object(
                    Bucket=bucket,
                    Key=part_key(settled.table.name, manifest.snapshot, path),
                    Body=body,
                    ContentType="application/vnd.apache.parquet",
                )
    if manifest.quarantine is not None:
        listed = {
            "source": manifest.source,
            "snapshot": manifest.snapshot,
            "rows": staging.quarantine,
            "listed_up_to": QUARANTINE_LIMIT,
        }
        store.put_json(s3, bucket, manifest.quarantine, listed)
    if existing is not None and not has_all:
        store.swap(s3, bucket, key, manifest.body(), as_read)
    elif not store.write_once(s3, bucket, key, store.canonical_json(manifest.body())):
        return manifests.read(s3, bucket, key)
    return manifest


def stored(s3: S3Client, bucket: str, source: str, snapshot: str) -> Manifest:
    """Return the manifest of a stored snapshot whose files are all there; :class:`SnapshotError` otherwise."""
    try:
        manifest = manifests.read(s3, bucket, manifests.key(source, snapshot))
    except store.MissingObjectError:
        raise SnapshotError(
            f"there is no snapshot {snapshot} of {source}{replacement(s3, bucket, source, snapshot)}: "
            f"manifests/{source}/ in the data bucket lists those there are"
        ) from None
    check_files(s3, bucket, manifest, {file.table for file in manifest.files})
    return manifest


def check_files(s3: S3Client, bucket: str, manifest: Manifest, tables: Collection[str]) -> None:
    """Raise :class:`SnapshotError` unless every file of these tables is there in its size.

    A file of which AWS does not say whether it is there is neither: its error is raised as it is.
    """
    for file in manifest.files:
        if file.table not in tables:
            continue
        try:
            size = s3.head_object(Bucket=bucket, Key=file.key)["ContentLength"]
        except ClientError as error:
            if aws.code(error) not in {"404", "NoSuchKey"}:
                raise
            size = None
        if size != file.bytes:
            raise SnapshotError(
                f"snapshot {manifest.snapshot} of {manifest.source} is not whole: {file.key} is missing or "
                "has changed; ingest that day again instead"
            )


def is_whole(s3: S3Client, bucket: str, manifest: Manifest, tables: Collection[str] | None = None) -> bool:
    """Return whether every file (of these tables) is there."""
    try:
        check_files(s3, bucket, manifest, tables or {file.table for file in manifest.files})
    except SnapshotError:
        return False
    return True


def replaced_by(s3: S3Client, bucket: str, source: str, snapshot: str) -> str | None:
    """Return the snapshot that an erasure, or one after the other, put in the place of this one; ``None``: none did."""
    chain = [snapshot]
    while said := store.read_pointer(s3, bucket, erasure_key(source, chain[-1])):
        following = str(said.body["replaced_by"])
        if following in chain:
            break
        chain.append(following)
    return chain[-1] if len(chain) > 1 else None


def replacement(s3: S3Client, bucket: str, source: str, snapshot: str) -> str:
    """Return the same as an aside in an error message; empty if there was no erasure."""
    successor = replaced_by(s3, bucket, source, snapshot)
    return f" (a person was erased from it, {successor} is in its place)" if successor else ""


def files(tables: Iterable[Settled], snapshot: str) -> tuple[manifests.File, ...]:
    """Return what a manifest says of each Parquet part of ``tables``."""
    return tuple(_file(settled, snapshot, path) for settled in tables for path in settled.parts)


def carry(
    s3: S3Client,
    bucket: str,
    manifest: Manifest,
    staging: Staging,
    folder: Path,
    only: Mapping[str, Collection[str]] | None = None,
) -> None:
    """Stage the rows of a stored snapshot below new ones, one file at a time: all, or ``only`` those with these values.

    Raises :class:`SnapshotError` for a table without an id of its own to merge by.
    """
    for file in manifest.files:
        table = staging.tables[file.table]
        if not table.primary_key:
            raise SnapshotError(f"table {table.name} has no id to merge a delta by: a full pull is needed")
        path = folder / "carried.parquet"
        s3.download_file(bucket, file.key, str(path))
        with pq.ParquetFile(path) as parquet:
            for batch in parquet.iter_batches():
                rows = pa.Table.from_batches([batch])
                for column, values in (only or {}).items():
                    mask: Any = pc.is_in(rows[column], value_set=pa.array(sorted(values), pa.string()))
                    rows = rows.filter(mask)
                staging.carry(table, rows)
        path.unlink()


def _file(settled: Settled, snapshot: str, path: Path) -> manifests.File:
    body = path.read_bytes()
    return manifests.File(
        table=settled.table.name,
        key=part_key(settled.table.name, snapshot, path),
        bytes=len(body),
        sha256=hashlib.sha256(body).hexdigest(),
    )
