"""Objects of the site bucket, with the headers their kind is served with."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from placements_kpi import store

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".html": "text/html; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".jsonld": "application/ld+json",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".atom": "application/atom+xml; charset=utf-8",
    ".ics": "text/calendar; charset=utf-8",
    ".xml": "application/xml",
    ".sql": "text/plain; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}

FOREVER = "public, max-age=31536000, immutable"
MINUTES = "public, max-age=300"


def cache_control(key: str) -> str:
    """Return how long an object may be kept: assets, whose names say what is in them, for ever, all else for minutes.

    What a release says never changes, but it can be withdrawn, and no cache may go on showing it then: CloudFront's
    can be told (docs/operating.md), those of readers cannot.
    """
    return FOREVER if key.startswith("assets/") else MINUTES


def etag_of(body: bytes) -> str:
    """Return the ETag that S3 gives to ``body`` in a bucket which it encrypts with its own keys: its MD5, in quotes.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html; of other buckets nothing is ever equal to it.
    """
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'


class Writer:
    """Writes to the site bucket, and counts; in a dry run it only finds out what it would write."""

    def __init__(self, s3: S3Client, bucket: str, *, dry_run: bool) -> None:
        self.s3, self.bucket, self.dry_run = s3, bucket, dry_run
        self.written: list[str] = []
        self.unchanged = 0

    def once(self, key: str, body: bytes) -> None:
        """Write an immutable object, if it is not there."""
        if self.dry_run:
            self._note(key, new=self.etag(key) is None)
            return
        new = store.write_once(
            self.s3, self.bucket, key, body, content_type=_content_type(key), cache_control=cache_control(key)
        )
        self._note(key, new=new)

    def put(self, key: str, body: bytes) -> None:
        """Write an object, whatever is there."""
        self._note(key, new=True)
        if not self.dry_run:
            self.s3.put_object(
                Bucket=self.bucket, Key=key, Body=body, ContentType=_content_type(key), CacheControl=cache_control(key)
            )

    def remove(self, key: str) -> None:
        """Take an object away."""
        self._note(key, new=True)
        if not self.dry_run:
            self.s3.delete_object(Bucket=self.bucket, Key=key)

    def page(self, key: str, body: bytes) -> None:
        """Write an object that may change, unless it already says so."""
        if self.body(key) == body:
            self._note(key, new=False)
        else:
            self.put(key, body)

    def switch(self, key: str, body: bytes, etag: str | None) -> None:
        """Write an object like :meth:`page`, if its ETag still is ``etag``, ``None`` for nothing.

        A :class:`placements_kpi.store.LostRaceError` tells that another run changed it since.
        """
        if self.body(key) == body:
            self._note(key, new=False)
            return
        if not self.dry_run:
            store.replace(self.s3, self.bucket, key, body, etag, _content_type(key), cache_control(key))
        self._note(key, new=True)

    def etag(self, key: str) -> str | None:
        """Return the ETag of an object, or ``None`` if it is not there."""
        try:
            return self.s3.head_object(Bucket=self.bucket, Key=key)["ETag"]
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in {"404", "NoSuchKey", "NotFound"}:
                return None
            raise

    def keys(self, prefix: str) -> Iterator[str]:
        """Return the keys under ``prefix``."""
        return store.keys(self.s3, self.bucket, prefix)

    def etags(self, prefix: str) -> dict[str, str]:
        """Return the ETags of the objects under ``prefix``, by key."""
        return {listed["Key"]: listed["ETag"] for listed in store.objects(self.s3, self.bucket, prefix)}

    def body(self, key: str) -> bytes | None:
        """Return what is in an object, or ``None`` if it is not there."""
        try:
            return store.read_bytes(self.s3, self.bucket, key)
        except store.MissingObjectError:
            return None

    def _note(self, key: str, *, new: bool) -> None:
        if new:
            self.written.append(key)
        else:
            self.unchanged += 1


def _content_type(key: str) -> str:
    return CONTENT_TYPES[PurePosixPath(key).suffix]
