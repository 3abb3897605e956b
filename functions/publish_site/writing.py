"""Objects of the site bucket, with the headers their kind is served with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from functions.publish_site.assets import CONTENT_TYPES
from placements_kpi import store

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

FOREVER = "public, max-age=31536000, immutable"
HOUR = "public, max-age=3600"
MINUTES = "public, max-age=300"


def cache_control(key: str) -> str:
    """Return how long an object may be kept: assets for ever, a release's data for an hour, pages for minutes.

    What a release says never changes, but it can be withdrawn, and no cache may go on showing it then.
    """
    if key.startswith("assets/"):
        return FOREVER
    return (
        HOUR if key.startswith("releases/") and key.endswith((".csv", ".json", ".jsonld", ".ods", ".sql")) else MINUTES
    )


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

    def page(self, key: str, body: bytes, *, seen: str | None = "") -> None:
        """Write an object that may change, unless it already says so.

        ``seen`` is the ETag it had when this run began, ``None`` if it was not there: a
        :class:`placements_kpi.store.LostRaceError` tells that another run changed it since.
        """
        if self._body(key) == body:
            self._note(key, new=False)
            return
        self._note(key, new=True)
        if self.dry_run:
            return
        condition: dict[str, Any] = {} if seen == "" else {"IfNoneMatch": "*"} if seen is None else {"IfMatch": seen}
        try:
            self.s3.put_object(
                Bucket=self.bucket,
                Key=key,
                Body=body,
                ContentType=_content_type(key),
                CacheControl=cache_control(key),
                **condition,
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in {"PreconditionFailed", "ConditionalRequestConflict"}:
                raise store.LostRaceError(
                    f"s3://{self.bucket}/{key} was changed by another run meanwhile; nothing was overwritten, run again"
                ) from None
            raise

    def pointer(self, key: str, body: dict[str, Any]) -> None:
        """Set a JSON object that may change."""
        self.page(key, store.canonical_json(body))

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
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix):
            for item in page.get("Contents", []):
                yield item["Key"]

    def _body(self, key: str) -> bytes | None:
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
