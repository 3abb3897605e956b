"""Releases: protected results under an id that their content decides, and the pointers to the newest.

A release is ``<as-of date>.<n>``: the n-th content for that day that differed from the
one before. A run that finds its content in the day's newest release writes nothing, and
an object once written is never changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from functions.compute_kpis.protection import ledger
from placements_kpi import store
from placements_kpi.errors import PlacementsKpiError
from placements_kpi.observability import logger
from placements_kpi.results import Protected, seal_key

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

    from functions.compute_kpis.disclosure import Protection
    from functions.compute_kpis.protection.ledger import Past

CURRENT_RESULTS = "current/results.json"
CURRENT_RELEASE = "protected/current.json"


class ReleaseError(PlacementsKpiError):
    """A release cannot be written or found."""


def release_key(release: str) -> str:
    """Return the key of a release's protected results."""
    return f"protected/{release}/results.json"


def read_release(s3: S3Client, bucket: str, release: str) -> Protected:
    """Return the protected results of ``release``; :class:`ReleaseError` if they are gone or of another contract."""
    try:
        return Protected.model_validate_json(store.read_bytes(s3, bucket, release_key(release)))
    except store.MissingObjectError as error:
        raise ReleaseError(f"there is no release {release}: {error}; protected/ lists the releases there are") from None
    except ValidationError as error:
        reason = f"it is not of the contract that this code reads ({error.error_count()} problems)"
        raise ReleaseError(f"release {release} cannot be read: {reason}") from None


def find_or_write(
    s3: S3Client,
    bucket: str,
    as_of: date,
    make: Callable[[str, Past, Protected | None], Protection],
    *,
    write: bool = True,
) -> tuple[str, Protected]:
    """Return the id and content of the release that ``make`` gives for ``as_of``, written if it is new.

    ``make`` is given the id to try, the ledger, and the release to compare with. A release that
    is there already is made again from the ledger that it saw and the release it was compared
    with itself, whatever is current by now: so the same inputs find their own release. It is
    written before its page of the ledger, and nothing points to it before both are there. With
    ``write`` off, the id it would get.
    """
    number = _newest_of(s3, bucket, as_of) or 1
    while True:
        release = f"{as_of.isoformat()}.{number}"
        key = release_key(release)
        written = _bytes(s3, bucket, key)
        compared = _to_compare(s3, bucket, as_of) if written is None else json.loads(written).get("compared_with")
        past = ledger.read_past(s3, bucket, _considered(s3, bucket, release, written))
        protection = make(release, past, _read_or_none(s3, bucket, compared))
        body = store.canonical_json(protection.document.model_dump(mode="json"))
        if written is None:
            if not write:
                return release, protection.document
            # If another run was faster, what it wrote counts.
            written = body if store.write_once(s3, bucket, key, body) else store.read_bytes(s3, bucket, key)
        if written == body:
            if write:
                ledger.write_page(s3, bucket, protection.page)
            return release, protection.document
        number += 1


def seal(s3: S3Client, bucket: str, release: str) -> None:
    """Say that nothing of ``release`` is missing: the publisher takes no release of which this was not said."""
    store.write_once(s3, bucket, seal_key(release), store.canonical_json({"release": release}))


def _considered(s3: S3Client, bucket: str, release: str, body: bytes | None) -> tuple[str, ...] | None:
    """Return the earlier releases that a release considered; ``None`` for one to be made: all that there are."""
    if body is not None:
        verdict = json.loads(body).get("verdict") or {}
        return tuple(verdict.get("releases", ()))
    page = ledger.read_page(s3, bucket, release)
    return page.considered if page else None


def _newest_of(s3: S3Client, bucket: str, as_of: date) -> int:
    """Return the greatest number of a release of the day; 0 if it has none."""
    prefix = f"protected/{as_of.isoformat()}."
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
    names = [
        item.get("Prefix", "").removeprefix(prefix).rstrip("/")
        for page in pages
        for item in page.get("CommonPrefixes", [])
    ]
    return max((int(name) for name in names if name.isdecimal()), default=0)


def _to_compare(s3: S3Client, bucket: str, as_of: date) -> str | None:
    """Return the id of the current release; if that is of a later day, of the newest of this day, if any."""
    pointer = store.read_pointer(s3, bucket, CURRENT_RELEASE)
    if pointer is not None and _as_of(CURRENT_RELEASE, pointer.body) <= as_of:
        return str(pointer.body["release"])
    newest = _newest_of(s3, bucket, as_of)
    return f"{as_of.isoformat()}.{newest}" if newest else None


def _read_or_none(s3: S3Client, bucket: str, release: str | None) -> Protected | None:
    """Return a release to compare with; one that cannot be read must not keep the new figures from the public."""
    if release is None:
        return None
    try:
        return read_release(s3, bucket, release)
    except ReleaseError as error:
        logger.warning("no revisions can be worked out", extra={"release": release, "reason": str(error)})
        return None


def _bytes(s3: S3Client, bucket: str, key: str) -> bytes | None:
    try:
        return store.read_bytes(s3, bucket, key)
    except store.MissingObjectError:
        return None


def make_current(s3: S3Client, bucket: str, key: str, body: dict[str, Any], as_of: date) -> bool:
    """Point ``key`` at ``body``; return whether it now does.

    A pointer that is already at a later as-of date stays: a run for an earlier day, asked
    for by an operator, must not take the public back in time.
    """
    seen = store.read_pointer(s3, bucket, key)
    if seen is not None and _as_of(key, seen.body) > as_of:
        return False
    try:
        store.swap(s3, bucket, key, body, seen)
    except store.LostRaceError:
        seen = store.read_pointer(s3, bucket, key)
        if seen is None or seen.body != body:
            raise
    return True


def _as_of(key: str, body: dict[str, Any]) -> date:
    day = str(body.get("as_of") or str(body.get("release", "")).rpartition(".")[0])
    try:
        return date.fromisoformat(day)
    except ValueError:
        raise ReleaseError(f"{key} does not say which day it is of; put back an earlier version of it") from None
