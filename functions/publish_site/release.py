"""The files of one release: rendered and let through the gate, written, and found to be whole or not.

Until a release is in the inventory, and again after a withdrawal of it was lifted, it is looked at as its manifest
says: if a file is not there or is another, all of them are rendered and written again, so that files of a run that was
killed, of other code or of a withdrawal never stand beside new ones.

``compute_kpis`` compares with no withdrawn release, but a release can be made, or be public already, when the one that
it was compared with is withdrawn (docs/decisions/0026). The document stays as it was audited; the public reads it
without its revisions, and a figure that was marked as revised is provisional or final.
"""

from __future__ import annotations

import gc
import hashlib
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from functions.publish_site import gate, preview
from functions.publish_site.files.listing import RELEASE
from functions.publish_site.inventory import Entry, Revised, order
from functions.publish_site.protected import read_release
from functions.publish_site.site import release_files
from functions.publish_site.site_objects import etag_of
from placements_kpi import store, times
from placements_kpi.finality import marked

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
    approved: bool = False
    """Whether somebody approved its preview; ``files`` are those of the preview then."""


def prepare(
    run: Run, state: State, release: str, *, doubted: bool = False, published: datetime | None = None
) -> Release:
    """Return a release with the files that are to be written, all of them through the gate.

    ``doubted``: its files are looked at although the inventory has it and no withdrawal was ever lifted.
    ``published``: when it is to be published, where that was never said.
    """
    document = read_release(run.s3, run.settings.data_bucket, release)
    gate.check_verdict(document)
    document = without_withdrawn(document, state.withdrawn)
    known = state.inventory.entry(release)
    previewed = preview.approved(run, release) if known is None else None
    if previewed and previewed.compared_with == document.compared_with:
        gate.check_release(previewed.files, document, run.site.assets.files, run.site.host)
        return Release(document, _entry(document, previewed.published), previewed.files, approved=True)
    entry = known or _entry(document, published or _published(run, release))
    certain = known is not None and release not in state.markers and not doubted
    if (certain or _is_whole(run, release)) and not lists_withdrawn(run, state, release):
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
        return release.files[f"{RELEASE}.jsonld"]
    return run.writer.body(f"releases/{release.entry.release}/{RELEASE}.jsonld")


def etags(run: Run, release: Release) -> dict[str, str]:
    """Return the ETag of each file of a release by its path, of those that are to be written too."""
    prefix = f"releases/{release.entry.release}/"
    there = {key.removeprefix(prefix): etag for key, etag in run.writer.etags(prefix).items()}
    return {**there, **{path: etag_of(body) for path, body in release.files.items()}}


def without_withdrawn(document: Protected, withdrawn: Collection[str]) -> Protected:
    """Return ``document`` as it is if it was compared with a release that stands; else without what it says of it."""
    if document.compared_with not in withdrawn:
        return document
    kpis = tuple(marked(kpi, frozenset()) for kpi in document.kpis)
    return document.model_copy(update={"compared_with": None, "revisions": (), "kpis": kpis})


def lists_withdrawn(run: Run, state: State, release: str) -> bool:
    """Whether the public files of a release, by their manifest, were made from a list against a withdrawn one.

    The manifest is read only where it can be so: a document has one list at most, so that files of one whose entry
    names what it was compared with have that list or none.
    """
    entry = state.inventory.entry(release)
    if entry and entry.compared_with and entry.compared_with not in state.withdrawn:
        return False
    if not any(order(withdrawn) < order(release) for withdrawn in state.withdrawn):
        return False
    try:
        manifest = store.read_json(run.s3, run.settings.site_bucket, f"releases/{release}/manifest.json")
    except (store.MissingObjectError, store.BrokenObjectError):
        return False
    return isinstance(manifest, dict) and manifest.get("compared_with") in state.withdrawn


def listing_withdrawn(run: Run, state: State) -> list[str]:
    """Return the public releases of which that is so, and which are not withdrawn themselves."""
    standing = [entry.release for entry in state.inventory.releases if entry.release not in state.withdrawn]
    return [release for release in standing if lists_withdrawn(run, state, release)]


def _entry(document: Protected, published: datetime) -> Entry:
    revised = Counter(revision.kpi for revision in document.revisions)
    return Entry(
        release=document.release,
        as_of=document.as_of,
        published=published,
        compared_with=document.compared_with,
        indicators=tuple(kpi.id for kpi in document.kpis),
        revised=tuple(Revised(kpi=kpi, figures=count) for kpi, count in revised.items()),
    )


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
        gate.check_release(files, document, run.site.assets.files, run.site.host)
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
