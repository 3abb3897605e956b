"""Objects that the local Athena reads and writes: of the S3 in this process, or of one behind an address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from moto.s3.models import s3_backends

from local.intrinsics import ACCOUNT

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


class InProcess:
    """Objects of moto in this process, read without a request."""

    def listed(self, bucket: str, prefix: str) -> Sequence[tuple[str, str]]:
        """Return key and ETag of every object under a prefix that is not empty, in order of key."""
        # Copied in one step: other queries and functions write to the bucket meanwhile.
        written = list(s3_backends[ACCOUNT]["aws"].get_bucket(bucket).keys)
        listing = []
        for key in sorted(name for name in written if name.startswith(prefix)):
            stored = s3_backends[ACCOUNT]["aws"].get_object(bucket, key)
            if stored is not None and stored.size:
                listing.append((key, stored.etag.strip('"')))
        return listing

    def read(self, bucket: str, key: str) -> bytes:
        """Return the bytes of an object that was listed."""
        stored = s3_backends[ACCOUNT]["aws"].get_object(bucket, key)
        if stored is None:
            raise KeyError(f"s3://{bucket}/{key}")
        return bytes(stored.value)

    def write(self, bucket: str, key: str, body: bytes) -> None:
        s3_backends[ACCOUNT]["aws"].put_object(bucket, key, body)


class OverHttp:
    """Objects of any S3 that a client reaches."""

    def __init__(self, s3: S3Client) -> None:
        self._s3 = s3

    def listed(self, bucket: str, prefix: str) -> Sequence[tuple[str, str]]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        listing = [item for page in pages for item in page.get("Contents", ()) if item["Size"]]
        return sorted((item["Key"], item["ETag"].strip('"')) for item in listing)

    def read(self, bucket: str, key: str) -> bytes:
        return self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()

    def write(self, bucket: str, key: str, body: bytes) -> None:
        self._s3.put_object(Bucket=bucket, Key=key, Body=body)


Objects = InProcess | OverHttp
"""Where objects are: both list, read and write alike."""
