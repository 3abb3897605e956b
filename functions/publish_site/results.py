"""What may be published, as ``compute_kpis`` wrote it: the only data this function reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from placements_kpi import store
from placements_kpi.errors import PlacementsKpiError
from placements_kpi.results import PROTECTED_CONTRACT, Protected

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

CURRENT_KEY = "protected/current.json"


class ReleaseError(PlacementsKpiError):
    """A release is not there, or cannot be read."""


def newest_release(s3: S3Client, bucket: str) -> str:
    """Return the id of the newest computed release; :class:`ReleaseError` if nothing was computed yet."""
    pointer = store.read_pointer(s3, bucket, CURRENT_KEY)
    if pointer is None or not isinstance(pointer.body.get("release"), str):
        raise ReleaseError(f"s3://{bucket}/{CURRENT_KEY} names no release yet; run compute_kpis first")
    return str(pointer.body["release"])


def read_release(s3: S3Client, bucket: str, release: str) -> Protected:
    """Return the protected results of ``release``; :class:`ReleaseError` says why they cannot be used."""
    key = f"protected/{release}/results.json"
    try:
        body = store.read_json(s3, bucket, key)
    except store.MissingObjectError:
        raise ReleaseError(f"there is no release {release}: s3://{bucket}/{key} does not exist") from None
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


def in_public_words(document: Protected) -> Protected:
    """Return ``document`` with the errors of its sources' last attempts in words for everybody."""
    return document.model_copy(update={"sources": tuple(source.in_public_words() for source in document.sources)})
