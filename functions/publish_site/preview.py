"""A release as it will be published, to be looked at before the public does; and the word that makes it public.

The preview lies in the data bucket, which no public address reads: every file of the release under
``preview/<release>/``. An approval names the digest of its manifest, which has the digest of every file and the time of
publication, so that what becomes public is what was looked at, byte for byte, whatever code runs by then
(docs/decisions/0043). The approvals stand in the site bucket, since they say nothing that is not public with them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict, ValidationError

from functions.publish_site.protected import ReleaseError
from functions.publish_site.site_objects import Writer
from placements_kpi import store, times
from placements_kpi.store import canonical_json

if TYPE_CHECKING:
    from functions.publish_site.run import Run

Said = TypeVar("Said", bound=BaseModel)

PREFIX = "preview/"
MANIFEST = "manifest.json"
RECORD = "release.json"
"""When a release is published, beside its manifest, which says it too."""


class Approval(BaseModel):
    """The word on a preview: ``manifest`` is the SHA-256 of its manifest."""

    model_config = ConfigDict(frozen=True)

    release: str
    manifest: str
    at: datetime


@dataclass(frozen=True)
class Preview:
    """A release as it was looked at: its files by path, with its record and manifest."""

    published: datetime
    compared_with: str | None
    digest: str
    files: dict[str, bytes]


class _Manifest(BaseModel):
    published: datetime
    compared_with: str | None
    sha256: dict[str, str]


def approval_key(release: str) -> str:
    """Return where the approval of a release stands."""
    return f"approvals/{release}.json"


def write(run: Run, release: str, files: dict[str, bytes]) -> str:
    """Write the preview of a release, the manifest last, in place of an earlier one; return the manifest's digest."""
    writer = Writer(run.s3, run.settings.data_bucket, dry_run=run.writer.dry_run)
    for path in sorted(files, key=lambda path: path == MANIFEST):
        writer.put(f"{PREFIX}{release}/{path}", files[path])
    return hashlib.sha256(files[MANIFEST]).hexdigest()


def read(run: Run, release: str) -> Preview | None:
    """Return the preview of a release, ``None`` if it has none that is whole: each file as its manifest says."""
    told = _body(run, release, MANIFEST)
    if told is None:
        return None
    manifest = _read_as(_Manifest, told)
    if manifest is None:
        return None
    record = {"release": release, "published": times.iso_instant(manifest.published)}
    files = {RECORD: canonical_json(record), MANIFEST: told}
    for path, digest in manifest.sha256.items():
        body = _body(run, release, path)
        if body is None or hashlib.sha256(body).hexdigest() != digest:
            return None
        files[path] = body
    return Preview(manifest.published, manifest.compared_with, hashlib.sha256(told).hexdigest(), files)


def approved(run: Run, release: str) -> Preview | None:
    """Return the preview of a release that may become public as it is; ``None`` where nobody has said so.

    :class:`ReleaseError` where somebody has, and the preview is not as it was then.
    """
    try:
        said = store.read_bytes(run.s3, run.settings.site_bucket, approval_key(release))
    except store.MissingObjectError:
        return None
    word, preview = _read_as(Approval, said), read(run, release)
    if word is None or preview is None or preview.digest != word.manifest:
        raise ReleaseError(
            f"release {release} was approved, and its preview is not as it was then; send publish_preview.json, "
            "look at it, and approve it again"
        )
    return preview


def approve(run: Run, release: str, digest: str) -> None:
    """Write the approval of a preview; :class:`ReleaseError` says why it cannot be approved."""
    preview = read(run, release)
    if preview is None:
        raise ReleaseError(f"release {release} has no whole preview to approve; send publish_preview.json first")
    if preview.digest != digest:
        raise ReleaseError(
            f"the preview of release {release} is another by now: its manifest has the digest {preview.digest}; "
            "look at it again, and approve that"
        )
    if run.now < preview.published:
        raise ReleaseError(
            f"release {release} is to be published at {times.iso_instant(preview.published)} and not before: "
            "approve it then, or preview it with another time"
        )
    word = Approval(release=release, manifest=digest, at=run.now)
    run.writer.put(approval_key(release), canonical_json(word.model_dump(mode="json")))


def _read_as(model: type[Said], body: bytes) -> Said | None:
    try:
        return model.model_validate_json(body)
    except ValidationError:
        return None


def _body(run: Run, release: str, path: str) -> bytes | None:
    """Return a file of a preview; ``None`` if it is not there, which S3 says as 403 to who may not list a bucket."""
    try:
        return store.read_bytes(run.s3, run.settings.data_bucket, f"{PREFIX}{release}/{path}")
    except store.MissingObjectError:
        return None
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in {"AccessDenied", "403"}:
            return None
        raise
