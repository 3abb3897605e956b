"""Releases: protected results under an id that their content decides.

A release is ``<as-of date>.<n>``: the n-th content for that day that differed from the
one before. A run that finds its content in the day's newest release writes nothing, and
an object once written is never changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError

from functions.compute_kpis.protection import ledger
from functions.compute_kpis.releases import current
from placements_kpi import store
from placements_kpi.errors import PlacementsKpiError
from placements_kpi.observability import logger
from placements_kpi.results import Protected, seal_key

if TYPE_CHECKING:
    from datetime import date

    from mypy_boto3_s3.client import S3Client

    from functions.compute_kpis.protection.ledger import Past
    from functions.compute_kpis.releases.disclosure import Protection


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


@dataclass(frozen=True)
class Candidate:
    """A release to make, or to make again as it was made, and what it is made beside."""

    release: str
    number: int
    """The n of its id."""
    past: Past
    """The ledger; of a release that is there already, as it saw it."""
    compared_with: Protected | None
    written: bytes | None
    """What is there already, if anything is."""


def candidate(
    s3: S3Client, bucket: str, as_of: date, withdrawn: frozenset[str] = frozenset(), after: int = 0
) -> Candidate:
    """Return the release to try for ``as_of``: the newest of the day, or the first with a number above ``after``.

    A release that is there already is made again from the ledger that it saw and the release it was compared
    with itself, whatever is current by now: so the same inputs find their own release. One that cannot
    stand as it is gets a successor: it was compared with a release that is ``withdrawn`` now, or was not
    audited together with another one.
    """
    number = after + 1 if after else _newest_of(s3, bucket, as_of) or 1
    while True:
        release = f"{as_of.isoformat()}.{number}"
        key = release_key(release)
        written = _bytes(s3, bucket, key)
        before = _written(key, written)
        if before is not None and (before.compared_with in withdrawn or _apart(s3, bucket, release, before.considered)):
            number += 1
            continue
        compared = before.compared_with if before else to_compare(s3, bucket, as_of, withdrawn)
        past = ledger.read_past(s3, bucket, _considered(s3, bucket, release, before))
        if written is None and release in {compared, *past.releases} and _bytes(s3, bucket, key) is not None:
            continue  # another run has made it since we looked
        return Candidate(release, number, past, _read_or_none(s3, bucket, compared), written)


def write(s3: S3Client, bucket: str, tried: Candidate, protection: Protection, *, dry_run: bool = False) -> bool:
    """Write what was made of a candidate, unless it is there; return whether it stands, or would.

    It does not where another content is there, nor where it was not audited together with another release. A release
    is written before its page, and nothing points to it before both are there.
    """
    key, written = release_key(tried.release), tried.written
    body = store.canonical_json(protection.document.model_dump(mode="json"))
    if dry_run:
        return written in {None, body}
    if written is None:
        # If another run was faster, what it wrote counts.
        written = body if store.write_once(s3, bucket, key, body) else store.read_bytes(s3, bucket, key)
    if written != body:
        return False
    ledger.write_page(s3, bucket, protection.page)
    return not _apart(s3, bucket, tried.release, tried.past.releases)


def seal(s3: S3Client, bucket: str, release: str) -> None:
    """Say that nothing of ``release`` is missing: the publisher takes no release of which this was not said."""
    store.write_once(s3, bucket, seal_key(release), store.canonical_json({"release": release}))


class _Written(NamedTuple):
    """What a release says of how it was made."""

    release: str
    compared_with: str | None
    considered: tuple[str, ...]


def _written(key: str, body: bytes | None) -> _Written | None:
    """Return what a release that is there says of itself; :class:`ReleaseError` if it cannot be read."""
    if body is None:
        return None
    try:
        said = json.loads(body)
        considered = tuple((said.get("verdict") or {}).get("releases", ()))
        return _Written(str(said["release"]), said.get("compared_with"), considered)
    except (ValueError, KeyError, AttributeError, TypeError):
        raise ReleaseError(f"{key} cannot be read; put back an earlier version of the object") from None


def _considered(s3: S3Client, bucket: str, release: str, before: _Written | None) -> tuple[str, ...] | None:
    """Return the earlier releases that a release considered; ``None`` for one to be made: all that there are."""
    if before is not None:
        return before.considered
    page = ledger.read_page(s3, bucket, release)
    return page.considered if page else None


def _apart(s3: S3Client, bucket: str, release: str, considered: Iterable[str]) -> bool:
    """Whether there is a release that was not audited together with this one: neither knew of the other.

    They were made at the same time, or this one by a run that was stopped, and others were made before it was
    finished. Each looks when its page is in the ledger, so of two at least one sees the other and is never sealed.
    """
    others = set(ledger.stored_releases(s3, bucket)) - {release, *considered}
    if not others or _bytes(s3, bucket, seal_key(release)) is not None:
        return False
    pages = [ledger.read_page(s3, bucket, other) for other in others]
    return any(page is not None and release not in page.considered for page in pages)


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


def to_compare(s3: S3Client, bucket: str, as_of: date, withdrawn: frozenset[str]) -> str | None:
    """Return the release that one of ``as_of`` follows: the current one, never one that is withdrawn.

    If the current one is of a later day, the newest of this day; if it is withdrawn, the newest that is not.
    """
    now = current.read(s3, bucket)
    looks_back = now is not None and ledger.day_of(now) > as_of
    if now is not None and not looks_back and now not in withdrawn:
        return now
    sealed = _sealed(s3, bucket, f"{as_of.isoformat()}." if looks_back else "")
    fit = [earlier for earlier in sealed if ledger.day_of(earlier) <= as_of and earlier not in withdrawn]
    return max(fit, key=lambda earlier: (ledger.day_of(earlier), int(earlier.rpartition(".")[2])), default=None)


def _sealed(s3: S3Client, bucket: str, start: str) -> Iterable[str]:
    """Yield the releases whose id begins so and of which nothing is missing."""
    for key in store.keys(s3, bucket, f"protected/{start}"):
        release = key.removeprefix("protected/").partition("/")[0]
        if key == seal_key(release):
            yield release


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
