"""What may be published, as ``compute_kpis`` wrote it: the only data this function reads.

To whoever may not list a bucket S3 answers 403, not 404, where there is no object (API reference, GetObject,
https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html), so an answer of 403 tells nobody which it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from pydantic import ValidationError

from placements_kpi import store
from placements_kpi.errors import PlacementsKpiError
from placements_kpi.results import PROTECTED_CONTRACT, Protected, seal_key

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

CURRENT_KEY = "protected/current.json"


class ReleaseError(PlacementsKpiError):
    """A release is not there, or cannot be read."""


def newest_release(s3: S3Client, bucket: str) -> str:
    """Return the id of the newest computed release; :class:`ReleaseError` if nothing was computed yet."""
    try:
        pointer = store.read_json(s3, bucket, CURRENT_KEY)
    except (store.MissingObjectError, ClientError) as error:
        said = _absent(error, bucket, CURRENT_KEY)
        raise ReleaseError(f"nothing has been computed yet: {said}; run compute_kpis first") from None
    release = pointer.get("release") if isinstance(pointer, dict) else None
    if not isinstance(release, str):
        raise ReleaseError(f"s3://{bucket}/{CURRENT_KEY} names no release; put back an earlier version of the object")
    return release


def read_release(s3: S3Client, bucket: str, release: str) -> Protected:
    """Return the protected results of ``release``; :class:`ReleaseError` says why they cannot be used."""
    key = f"protected/{release}/results.json"
    try:
        body = store.read_json(s3, bucket, key)
    except (store.MissingObjectError, ClientError) as error:
        raise ReleaseError(
            f"there is no release {release}: {_absent(error, bucket, key)}; check its id, and what the role may read"
        ) from None
    try:
        store.read_bytes(s3, bucket, seal_key(release))
    except (store.MissingObjectError, ClientError) as error:
        raise ReleaseError(
            f"release {release} is not finished, its computation was stopped: "
            f"{_absent(error, bucket, seal_key(release))}; run compute_kpis for its day again, "
            "which finishes it or makes the one that takes its place"
        ) from None
    contract = body.get("contract") if isinstance(body, dict) else None
    if contract != PROTECTED_CONTRACT:
        raise ReleaseError(f"s3://{bucket}/{key} is {contract!r}; this publisher reads {PROTECTED_CONTRACT!r} only")
    try:
        document = Protected.model_validate(body)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise ReleaseError(
            f"s3://{bucket}/{key} breaks its contract at {where} ({error.error_count()} problems)"
        ) from None
    if document.release != release:
        raise ReleaseError(f"s3://{bucket}/{key} says that it is release {document.release}")
    return document


def _absent(error: Exception, bucket: str, key: str) -> str:
    """Return what is known of an object that S3 did not give; an answer that is about something else goes on up."""
    if not isinstance(error, ClientError):
        return f"s3://{bucket}/{key} does not exist"
    if error.response.get("Error", {}).get("Code") not in {"AccessDenied", "403"}:
        raise error
    return f"s3://{bucket}/{key} does not exist, or the publisher may not read it (S3 answers 403 to both)"
