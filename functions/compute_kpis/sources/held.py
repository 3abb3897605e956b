"""Held: what S3 has of the snapshots that a run reads, looked at before its queries and again after them.

A query of rows that are gone finds nobody and says so without an error. Rows go while a run
reads them when a person is erased (:mod:`placements_kpi.erasure` says so in ``erasures/``, then
deletes) or when they expire. A snapshot that is merely no longer current stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from functions.compute_kpis.contract import SOURCE_OF_TABLE
from placements_kpi import store
from placements_kpi.errors import PlacementsKpiError
from placements_kpi.snapshots import erasure_key

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

    from placements_kpi.manifests import Manifest

Held = Mapping[str, Mapping[str, str]]
"""By prefix: the keys of its objects, and what tells each from another version of it."""


class RowsMovedError(PlacementsKpiError):
    """Rows changed or went while they were read; whatever was made of them cannot be relied on."""

    transient = True


def look(s3: S3Client, bucket: str, snapshots: Mapping[str, str]) -> Held:
    """Return what there is of the snapshot of each table, and of what an erasure has said of it."""
    prefixes = [f"snapshots/{table}/snapshot={snapshot}/" for table, snapshot in snapshots.items()]
    of_source = {
        (SOURCE_OF_TABLE[table], snapshot) for table, snapshot in snapshots.items() if table in SOURCE_OF_TABLE
    }
    prefixes += sorted(erasure_key(source, snapshot) for source, snapshot in of_source)
    return {prefix: _objects(s3, bucket, prefix) for prefix in prefixes}


def check_still(s3: S3Client, bucket: str, before: Held) -> None:
    """Raise :class:`RowsMovedError` unless everything is there as it was ``before``."""
    for prefix, objects in before.items():
        if _objects(s3, bucket, prefix) != objects:
            raise RowsMovedError(
                f"{prefix} is not what it was when this run began: a person was erased from it, or its rows expired, "
                "while they were read. What was worked out cannot be relied on, and nothing of it was written; send "
                "the same event again"
            )


def missing(held: Held, manifest: Manifest) -> list[str]:
    """Return the files of a manifest that are not there in their size."""
    there = {key: mark for objects in held.values() for key, mark in objects.items()}
    return [file.key for file in manifest.files if there.get(file.key, "").rpartition(" ")[2] != str(file.bytes)]


def _objects(s3: S3Client, bucket: str, prefix: str) -> dict[str, str]:
    """Return the objects under a prefix. An erasure is told by its time too: the same one can be made twice."""
    timed = prefix.startswith("erasures/")
    return {
        item["Key"]: f"{item['ETag']} {item['LastModified'] if timed else item['Size']}"
        for item in store.objects(s3, bucket, prefix)
    }
