"""Releases: protected results under an id that their content decides, and the pointers to the newest.

A release is ``<as-of date>.<n>``: the n-th different content for that day. The same
content always gets the same id, and an object once written is never changed.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

from placements_kpi import store
from placements_kpi.errors import PlacementsKpiError

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

    from placements_kpi.results import Protected

CURRENT_RESULTS = "current/results.json"
CURRENT_RELEASE = "protected/current.json"


class ReleaseError(PlacementsKpiError):
    """A release cannot be written or found."""


def release_key(release: str) -> str:
    """Return the key of a release's protected results."""
    return f"protected/{release}/results.json"


def find_or_write(
    s3: S3Client, bucket: str, as_of: date, make: Callable[[str], Protected], *, write: bool = True
) -> tuple[str, Protected]:
    """Return the id and content of the release that ``make`` gives for ``as_of``, written if it is new.

    ``make`` is given the id to try. With ``write`` off, the id it would get.
    """
    for number in itertools.count(1):
        release = f"{as_of.isoformat()}.{number}"
        protected = make(release)
        body = store.canonical_json(protected.model_dump(mode="json"))
        key = release_key(release)
        if write and store.write_once(s3, bucket, key, body):
            return release, protected
        try:
            if store.read_bytes(s3, bucket, key) == body:
                return release, protected
        except store.MissingObjectError:
            return release, protected
    raise AssertionError("unreachable: the count never ends")


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
