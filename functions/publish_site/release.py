"""The files of one release: rendered and let through the gate, written, and found to be whole or not.

Until a release is in the catalogue, and again after a withdrawal of it was lifted, it is looked at as its manifest
says: if a file is not there or is another, all of them are rendered and written again, so that files of a run that was
killed, of other code or of a withdrawal never stand beside new ones.
"""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from functions.publish_site import compared, gate
from functions.publish_site.catalogue import Entry
from functions.publish_site.results import read_release
from functions.publish_site.site import RELEASE_DATASET, release_files
from placements_kpi import store, times

if TYPE_CHECKING:
    from functions.publish_site.run import Run, State
    from placements_kpi.results import Protected

RECORD = "release.json"
"""When the release was published: written once, and first, so that whoever comes first has said it."""


@dataclass(frozen=True)
class Release:
    """A release that went through the gate; ``files`` is empty if every one of them is there already."""

    document: Protected
    entry: Entry
    files: dict[str, bytes]


def prepare(run: Run, state: State, release: str, *, doubted: bool = False) -> Release:
    """Return a release with the files that are to be written, all of them through the gate.

    ``doubted``: its files are looked at although the catalogue has it and no withdrawal was ever lifted.
    """
    document = read_release(run.s3, run.settings.data_bucket, release)
    gate.check_verdict(document)
    document = compared.without_withdrawn(document, state.withdrawn)
    known = state.catalogue.entry(release)
    entry = known or Entry(release=release, as_of=document.as_of, published=_published(run, release))
    certain = known is not None and release not in state.markers and not doubted
    if (certain or _is_whole(run, release)) and not compared.lists_withdrawn(run, state, release):
        return Release(document, entry, {})
    return Release(document, entry, _checked_files(run, document, entry.published))


def write(run: Run, release: Release) -> None:
    """Write the files of a release, its record first and its own first page last."""
    prefix = f"releases/{release.entry.release}/"
    for path, body in release.files.items():
        key = f"{prefix}{path}"
        if path != RECORD:
            run.writer.put(key, body)
            continue
        run.writer.once(key, body)
        if not run.writer.dry_run and run.writer.body(key) != body:
            raise store.LostRaceError(f"{key} was written by another run meanwhile; nothing was overwritten, run again")


def dataset(run: Run, release: Release) -> bytes | None:
    """Return the release's description as a Dataset as it was or will be written; ``None`` if it was made without."""
    if release.files:
        return release.files[RELEASE_DATASET]
    return run.writer.body(f"releases/{release.entry.release}/{RELEASE_DATASET}")


def _published(run: Run, release: str) -> datetime:
    """When a release is published: a run that was killed is finished as of then."""
    try:
        record = store.read_json(run.s3, run.settings.site_bucket, f"releases/{release}/{RECORD}")
    except store.MissingObjectError:
        return run.now
    return datetime.fromisoformat(record["published"])


def _is_whole(run: Run, release: str) -> bool:
    """Whether every file of the release is there as its manifest says."""
    prefix = f"releases/{release}/"
    try:
        listed = store.read_json(run.s3, run.settings.site_bucket, f"{prefix}manifest.json")["sha256"]
    except (store.MissingObjectError, store.BrokenObjectError, KeyError):  # a notice of withdrawal lists nothing
        return False
    return all(_digest(run.writer.body(f"{prefix}{path}")) == digest for path, digest in listed.items())


def _digest(body: bytes | None) -> str | None:
    return None if body is None else hashlib.sha256(body).hexdigest()


def _checked_files(run: Run, document: Protected, published: datetime) -> dict[str, bytes]:
    """Return every file of a release, its record first, as the gate let them through."""
    rendering = document.release, document.compared_with, published
    known = run.rendered.get(rendering)
    if known:
        return known
    record = {"release": document.release, "published": times.iso_instant(published)}
    with _no_collecting():
        files = {RECORD: store.canonical_json(record), **release_files(run.site, document, published)}
        gate.check_release(files, document, run.site.assets, run.site.host)
    run.rendered[rendering] = files
    return files


@contextmanager
def _no_collecting() -> Iterator[None]:
    """Leave cyclic garbage for later: a release is a million objects, next to none of them in a cycle.

    The collector would walk all of those alive again and again, and find nothing: a tenth of the time.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
