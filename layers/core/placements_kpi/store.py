"""Objects in S3: canonical JSON, written once or swapped under a condition.

An immutable object is written with :func:`write_once`: the first writer wins and a
repeat changes nothing. A pointer is read with its ETag and changed with
:func:`swap`, which fails if somebody else changed it in between.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError

from placements_kpi.errors import PlacementsKpiError

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


class StoreError(PlacementsKpiError):
    """An object in S3 could not be read or written as it should."""


class MissingObjectError(StoreError):
    """An object that should be there is not."""


class LostRaceError(StoreError):
    """Somebody else changed a pointer between our reading and our writing it."""


@dataclass(frozen=True)
class Pointer:
    """The content of a pointer and the ETag it was read with."""

    body: dict[str, Any]
    etag: str


def s3_client() -> S3Client:
    """Return a client for S3; the local stack points it at this machine by ``AWS_ENDPOINT_URL``."""
    return boto3.client("s3")


def canonical_json(value: Any) -> bytes:
    """Return ``value`` as UTF-8 JSON with sorted keys and a final newline: equal values give equal bytes."""
    return (json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()


def write_once(
    s3: S3Client,
    bucket: str,
    key: str,
    body: bytes,
    content_type: str = "application/json",
    cache_control: str | None = None,
) -> bool:
    """Write an immutable object; return whether it was new. An object already there is left as it is."""
    headers: dict[str, Any] = {"CacheControl": cache_control} if cache_control else {}
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type, IfNoneMatch="*", **headers)
    except ClientError as error:
        if _code(error) in {"PreconditionFailed", "412"}:
            return False
        raise
    return True


def read_bytes(s3: S3Client, bucket: str, key: str) -> bytes:
    """Return the object's bytes; :class:`MissingObjectError` if there is none."""
    try:
        return s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if _code(error) in {"NoSuchKey", "404"}:
            raise MissingObjectError(f"s3://{bucket}/{key} does not exist") from None
        raise


def read_json(s3: S3Client, bucket: str, key: str) -> Any:
    """Return the object parsed as JSON; :class:`MissingObjectError` if there is none."""
    return json.loads(read_bytes(s3, bucket, key))


def read_pointer(s3: S3Client, bucket: str, key: str) -> Pointer | None:
    """Return the pointer at ``key``, or ``None`` if it was never set."""
    try:
        response = s3.get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if _code(error) in {"NoSuchKey", "404"}:
            return None
        raise
    return Pointer(body=json.loads(response["Body"].read()), etag=response["ETag"])


def swap(
    s3: S3Client,
    bucket: str,
    key: str,
    body: dict[str, Any],
    seen: Pointer | None,
    cache_control: str | None = None,
) -> None:
    """Change a pointer from what was ``seen`` (``None``: nothing) to ``body``; :class:`LostRaceError` if it moved.

    A pointer that already says ``body`` is not written again.
    """
    if seen is not None and seen.body == body:
        return
    condition: dict[str, Any] = {"IfNoneMatch": "*"} if seen is None else {"IfMatch": seen.etag}
    if cache_control:
        condition["CacheControl"] = cache_control
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=canonical_json(body), ContentType="application/json", **condition)
    except ClientError as error:
        if _code(error) in {"PreconditionFailed", "412", "ConditionalRequestConflict", "409"}:
            raise LostRaceError(
                f"s3://{bucket}/{key} was changed by another run meanwhile; nothing was overwritten, run again"
            ) from None
        raise


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
