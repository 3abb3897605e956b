"""Withdrawals in force, as the publisher's markers in the site bucket say: ``withdrawn/<release>.json``.

A marker is never removed: one with ``lifted`` is of a release that an operator brought back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from placements_kpi import store

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

PREFIX = "withdrawn/"


def in_force(s3: S3Client, site_bucket: str) -> frozenset[str]:
    """Return the releases that are withdrawn; one with a marker that cannot be read is taken to be."""
    keys = list(store.keys(s3, site_bucket, PREFIX))
    return frozenset(
        key.removeprefix(PREFIX).removesuffix(".json") for key in keys if not _lifted(s3, site_bucket, key)
    )


def _lifted(s3: S3Client, site_bucket: str, key: str) -> bool:
    try:
        marker = store.read_pointer(s3, site_bucket, key)
    except store.BrokenObjectError:
        return False
    return marker is not None and marker.body.get("lifted") is not None
