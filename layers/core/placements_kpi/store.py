"""Objects in S3: canonical JSON, written once or swapped under a condition.

An immutable object is written with :func:`write_once`: the first writer wins and a
repeat changes nothing. A pointer is read with its ETag and changed with
:func:`swap`, which fails if somebody else changed it in between.

What S3 answers to a conditional write is in its API reference, PutObject, If-Match and
If-None-Match (https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html): 412 where the
condition does not hold, 409 where another write was in progress, 404 for If-Match on nothing. The
answer can be lost when the write has taken effect; botocore then sends it once more, and its own
first write makes that a 412. So the object itself is asked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from placements_kpi import aws
from placements_kpi.errors import PlacementsKpiError

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef


class StoreError(PlacementsKpiError):
    """An object in S3 could not be read or written as it should."""


class MissingObjectError(StoreError):
    """An object that should be there is not."""


class BrokenObjectError(StoreError):
    """An object that should be JSON is not; ``etag`` is what it was read with."""

    def __init__(self, message: str, etag: str = "") -> None:
        super().__init__(message)
        self.etag = etag


class LostRaceError(StoreError):
    """Somebody else changed a pointer between our reading and our writing it."""

    transient = True


class UnsureError(StoreError):
    """The answer to a write was lost and the object cannot be read: nobody knows whether it was written."""

    transient = True


_CONDITION_FAILED = {"PreconditionFailed", "412"}
_WRITING = {"ConditionalRequestConflict", "409"}
_MISSING = {"NoSuchKey", "404"}
_ATTEMPTS = 3
"""Times that an object is written which another write in progress keeps from being written."""


@dataclass(frozen=True)
class Pointer:
    """The content of a pointer and the ETag it was read with."""

    body: dict[str, Any]
    etag: str


def put_json(s3: S3Client, bucket: str, key: str, body: Any) -> None:
    """Write an object as canonical JSON, whatever is there."""
    s3.put_object(Bucket=bucket, Key=key, Body=canonical_json(body), ContentType="application/json")


def objects(s3: S3Client, bucket: str, prefix: str) -> Iterator[ObjectTypeDef]:
    """Return what S3 lists of each object under ``prefix``: key, size, ETag, when it was written."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from page.get("Contents", ())


def keys(s3: S3Client, bucket: str, prefix: str) -> Iterator[str]:
    """Return the keys under ``prefix``, in the order of S3: that of their letters."""
    return (listed["Key"] for listed in objects(s3, bucket, prefix))


def s3_client() -> S3Client:
    """Return a client for S3; the local stack points it at this machine by ``AWS_ENDPOINT_URL``."""
    client: S3Client = aws.client("s3")
    return client


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
    """Write an immutable object; return whether it was new. An object already there is left as it is.

    One that is there with this content after a write that seemed to fail was written as wanted.
    """
    headers: dict[str, Any] = {"CacheControl": cache_control} if cache_control else {}
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type, IfNoneMatch="*", **headers)
        except (BotoCoreError, ClientError) as error:
            if aws.code(error) in _CONDITION_FAILED:
                return False
            if _happened(s3, bucket, key, body, error):
                return True
            if aws.code(error) not in _WRITING or attempt == _ATTEMPTS:
                raise
        else:
            break
    return True


def read_bytes(s3: S3Client, bucket: str, key: str) -> bytes:
    """Return the object's bytes; :class:`MissingObjectError` if there is none."""
    stored = _get(s3, bucket, key)
    if stored is None:
        raise MissingObjectError(f"s3://{bucket}/{key} does not exist")
    return stored[0]


def read_json(s3: S3Client, bucket: str, key: str) -> Any:
    """Return the object parsed as JSON; :class:`MissingObjectError` or :class:`BrokenObjectError` if it cannot be."""
    return _parsed(bucket, key, read_bytes(s3, bucket, key))


def read_pointer(s3: S3Client, bucket: str, key: str) -> Pointer | None:
    """Return the pointer at ``key``; ``None`` if it was never set, :class:`BrokenObjectError` if it cannot be read."""
    stored = _get(s3, bucket, key)
    if stored is None:
        return None
    content, etag = stored
    body = _parsed(bucket, key, content, etag)
    if not isinstance(body, dict):
        raise _broken(bucket, key, "is not a JSON object", etag)
    return Pointer(body=body, etag=etag)


def _get(s3: S3Client, bucket: str, key: str) -> tuple[bytes, str] | None:
    """Return an object's bytes and its ETag; ``None`` if it is not there."""
    try:
        response = s3.get_object(Bucket=bucket, Key=key)
        return response["Body"].read(), response["ETag"]
    except ClientError as error:
        if aws.code(error) in _MISSING:
            return None
        raise
    except BotoCoreError as error:
        aws.place(error, "s3", "GetObject", f"s3://{bucket}/{key}")  # the body is read when the call has ended
        raise


def swap(
    s3: S3Client,
    bucket: str,
    key: str,
    body: dict[str, Any],
    as_read: Pointer | None,
    cache_control: str | None = None,
) -> None:
    """Change a pointer from what was read (``None`` for nothing) to ``body``; :class:`LostRaceError` if it moved.

    A pointer that already says ``body`` is not written again. One that says it after a write that seemed
    to fail, ours or that of a run which said the same, has been changed as wanted.
    """
    if as_read is None or as_read.body != body:
        replace(s3, bucket, key, canonical_json(body), as_read.etag if as_read else None, cache_control=cache_control)


def replace(
    s3: S3Client,
    bucket: str,
    key: str,
    body: bytes,
    etag: str | None,
    content_type: str = "application/json",
    cache_control: str | None = None,
) -> None:
    """Write an object that still has the ETag it was read with (``None``: is not there); see :func:`swap`."""
    options: dict[str, Any] = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
    if cache_control:
        options["CacheControl"] = cache_control
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type, **options)
        except (BotoCoreError, ClientError) as error:
            if _happened(s3, bucket, key, body, error):
                return
            if aws.code(error) in _WRITING and attempt < _ATTEMPTS:
                continue
            if aws.code(error) in _CONDITION_FAILED | _WRITING | _MISSING:
                raise LostRaceError(
                    f"s3://{bucket}/{key} was changed by another run meanwhile; nothing was overwritten, run again"
                ) from None
            raise
        else:
            return


def _happened(s3: S3Client, bucket: str, key: str, body: bytes, error: Exception) -> bool:
    """Whether the object is there with exactly this content, though our write of it seemed to end with ``error``.

    One that was refused did not happen, whoever wrote the same before. Raises :class:`UnsureError` if it cannot be
    seen whether the write took effect.
    """
    if isinstance(error, ClientError) and _status(error) < 500 and aws.code(error) not in _CONDITION_FAILED | _WRITING:
        return False
    try:
        return read_bytes(s3, bucket, key) == body
    except MissingObjectError:
        return False
    except (BotoCoreError, ClientError) as unread:
        raise UnsureError(
            f"it is not known whether s3://{bucket}/{key} was written: the answer was lost ({aws.code(error)}), and it "
            f"cannot be read ({aws.code(unread)}); run again: that finds out, and ends what this run began"
        ) from None


def _parsed(bucket: str, key: str, body: bytes, etag: str = "") -> Any:
    if not body.strip():
        raise _broken(bucket, key, "is empty", etag)
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise _broken(bucket, key, "is not JSON", etag) from None


def _broken(bucket: str, key: str, problem: str, etag: str) -> BrokenObjectError:
    return BrokenObjectError(f"s3://{bucket}/{key} {problem}; put back an earlier version of the object", etag)


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400))
