"""What is current: the pointers to the newest release and its results, and which run may move them.

What a run pinned decides, not when it ended (docs/decisions/0026). A run of a later day comes
before one of an earlier day. Of two runs of one day the one whose snapshots are still
current comes before one whose sources have moved on while it worked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from functions.compute_kpis.protection.ledger import day_of
from placements_kpi import store
from placements_kpi.errors import PlacementsKpiError

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

RESULTS = "current/results.json"
RELEASE = "protected/current.json"

_ATTEMPTS = 10
"""Each one fails only because another run has moved the pointer since it was read."""


class CurrentError(PlacementsKpiError):
    """The pointer to the current release cannot be used."""


@dataclass(frozen=True)
class Contender:
    """A release that a run would make current, and what the run saw when it pinned its snapshots."""

    release: str
    as_of: date
    results: dict[str, Any]
    """What the pointer to its results says."""
    current_before: str | None
    """The release that was current then."""
    outdated: Callable[[], bool]
    """Whether a source has moved on from the snapshot that was pinned."""


def read(s3: S3Client, bucket: str) -> str | None:
    """Return the current release, ``None`` before the first; :class:`CurrentError` if the pointer names none."""
    pointer = store.read_pointer(s3, bucket, RELEASE)
    return None if pointer is None else _named(pointer)


def make_current(s3: S3Client, bucket: str, contender: Contender) -> bool:
    """Point to the release and to its results, unless a newer one is current; return whether it is current now."""
    for _ in range(_ATTEMPTS):
        pointer = store.read_pointer(s3, bucket, RELEASE)
        if pointer is not None and _is_newer(_named(pointer), contender):
            return False
        try:
            store.swap(s3, bucket, RELEASE, {"release": contender.release}, pointer)
        except store.LostRaceError:
            continue
        _point_to_results(s3, bucket, contender)
        return True
    raise store.LostRaceError(f"s3://{bucket}/{RELEASE} was changed again and again by other runs; run again")


def _is_newer(current: str, contender: Contender) -> bool:
    """Whether the current release comes before the one that was made, which was not made by the same inputs."""
    day = day_of(current)
    if day != contender.as_of:
        return day > contender.as_of
    return current not in {contender.release, contender.current_before} and contender.outdated()


def _point_to_results(s3: S3Client, bucket: str, contender: Contender) -> None:
    """Point to the results of the release for as long as it is current; whoever made another one does so after us."""
    for _ in range(_ATTEMPTS):
        pointer = _results(s3, bucket)
        if read(s3, bucket) != contender.release:
            return
        try:
            store.swap(s3, bucket, RESULTS, contender.results, pointer)
        except store.LostRaceError:
            continue
        return
    raise store.LostRaceError(f"s3://{bucket}/{RESULTS} was changed again and again by other runs; run again")


def _results(s3: S3Client, bucket: str) -> store.Pointer | None:
    try:
        return store.read_pointer(s3, bucket, RESULTS)
    except store.BrokenObjectError as error:
        return store.Pointer({}, error.etag)  # it follows from the release, so it is written anew


def _named(pointer: store.Pointer) -> str:
    release = str(pointer.body.get("release"))
    try:
        day_of(release)
    except ValueError:
        raise CurrentError(f"{RELEASE} does not say which release it is; put back an earlier version of it") from None
    return release
