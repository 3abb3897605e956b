"""Publishing: a release whole, then the one object that puts it in front.

Order is everything here. First all is rendered and goes through the gate, and nothing is
written if anything is stopped. Then assets and all files of a release are written first, none of them
ever changed; then ``releases.json``; last ``index.html``, under the condition that
nobody changed it meanwhile. Killed anywhere, the front page is the old one, whole, and
the next run finishes the work.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from functions.publish_site import assets, gate, words
from functions.publish_site.catalogue import (
    CATALOGUE_KEY,
    Catalogue,
    Entry,
    Withdrawal,
    order,
    read_catalogue,
    read_withdrawals,
    withdrawn_key,
)
from functions.publish_site.costs_page import COSTS_KEY, costs_page, read_costs
from functions.publish_site.feed import FEED_KEY, feed
from functions.publish_site.front import stale_sources
from functions.publish_site.results import ReleaseError, in_public_words, newest_release, read_release
from functions.publish_site.site import (
    RELEASE_DATASET,
    Site,
    calendar_page,
    empty_front_page,
    front_page,
    not_found_page,
    release_files,
    releases_page,
    withdrawn_file,
)
from functions.publish_site.updates import CALENDAR_KEY, icalendar
from functions.publish_site.writing import MINUTES, Writer
from placements_kpi import store, times

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

    from functions.publish_site.request import Request
    from placements_kpi.results import Protected
    from placements_kpi.settings import PublishSettings

FRONT_KEY = "index.html"
ROBOTS_KEY = "robots.txt"
ROBOTS = b"User-agent: *\nAllow: /\n"
"""Search engines may list everything; a withdrawn page says itself that it is not to be listed."""


@dataclass
class _Run:
    """What one run knows and has found out."""

    s3: S3Client
    settings: PublishSettings
    now: datetime
    site: Site
    writer: Writer
    withdrawals: dict[str, Withdrawal] = field(default_factory=dict)
    """Those in force, by release."""
    lifted: dict[str, datetime] = field(default_factory=dict)
    """When a withdrawal that was in force once was lifted, by release."""
    stopped: Exception | None = None
    """What kept a release from taking the place of one that was withdrawn."""


@dataclass(frozen=True)
class _Release:
    """A release that went through the gate; ``files`` is empty if every one of them is there already."""

    document: Protected
    entry: Entry
    files: dict[str, bytes]


def publish(settings: PublishSettings, request: Request) -> dict[str, Any]:
    """Do what ``request`` asks and return the run's summary.

    Raises :class:`ReleaseError` for a release that is not there, one of :data:`gate.STOPS` for one
    that may not be published as it is, and :class:`placements_kpi.store.LostRaceError` where
    another run was faster: run again.
    """
    s3 = store.s3_client()
    run = _Run(
        s3=s3,
        settings=settings,
        now=times.now(),
        site=Site(assets.load(settings.service_host), settings.service_host),
        writer=Writer(s3, settings.site_bucket, dry_run=request.dry_run),
    )
    # Read before anything else, so that whoever wrote the front page since then is noticed.
    seen = run.writer.etag(FRONT_KEY)
    markers = read_withdrawals(s3, settings.site_bucket)
    run.withdrawals = {release: one for release, one in markers.items() if one.lifted is None}
    run.lifted = {release: one.lifted for release, one in markers.items() if one.lifted is not None}
    if request.action == "withdraw":
        _mark_withdrawn(run, request)
    elif request.action == "republish":
        _lift(run, request)
    front, document = _switch(run, request, seen)
    for withdrawal in run.withdrawals.values():
        _empty(run, withdrawal)
    if run.stopped:
        raise run.stopped
    return {
        "action": request.action,
        "release": front,
        "withdrawn": sorted(run.withdrawals),
        "stale_sources": [source.source for source in stale_sources(document, times.london_day(run.now))]
        if document
        else [],
        "dry_run": request.dry_run,
        "objects_written": run.writer.written,
        "objects_unchanged": run.writer.unchanged,
    }


def _switch(run: _Run, request: Request, seen: str | None) -> tuple[str | None, Protected | None]:
    """Write the release that belongs in front, then put it there."""
    bucket = run.settings.site_bucket
    catalogue, pointer = read_catalogue(run.s3, bucket)
    newest = newest_release(run.s3, run.settings.data_bucket)
    release, instead_of = _choose(run, request, catalogue, newest)
    prepared = None
    if release is not None:
        try:
            prepared = _prepare(run, release, catalogue)
        except gate.STOPS as error:
            # A withdrawal is never put off: better no figures at the front than those withdrawn.
            if request.action != "withdraw":
                raise
            release, run.stopped = None, error
    changed = catalogue.with_front(release, instead_of, prepared.entry if prepared else None)
    if prepared:
        newer = [one for one in run.withdrawals.values() if order(one.release) > order(prepared.entry.release)]
        newer.sort(key=lambda one: order(one.release), reverse=True)
        page = _checked_front(run, prepared, newer)
    else:
        page = empty_front_page(run.site, list(run.withdrawals.values()))
    others = {
        "releases/index.html": releases_page(run.site, changed, run.withdrawals),
        "404.html": not_found_page(run.site, release),
        "calendar/index.html": calendar_page(run.site, changed),
        COSTS_KEY: costs_page(run.site, read_costs(run.s3, run.settings.data_bucket), release),
        CALENDAR_KEY: icalendar(changed, run.site.host),
        FEED_KEY: feed(changed, run.withdrawals, run.site.host, run.lifted),
        ROBOTS_KEY: ROBOTS,
        CATALOGUE_KEY: store.canonical_json(changed.body(run.withdrawals)),
    }
    gate.scan({**others, FRONT_KEY: page}, gate.Known(assets=_asset_names(run), host=run.site.host))
    for key, body in run.site.assets.files.items():
        run.writer.once(key, body)
    if prepared:
        _write_release(run, prepared)
    if not run.writer.dry_run:
        store.swap(run.s3, bucket, CATALOGUE_KEY, changed.body(run.withdrawals), pointer, MINUTES)
    for key, body in others.items():
        if key != CATALOGUE_KEY:
            run.writer.page(key, body)
    run.writer.page(FRONT_KEY, page, seen=seen)
    return release, prepared.document if prepared else None


def _choose(run: _Run, request: Request, catalogue: Catalogue, newest: str) -> tuple[str | None, str | None]:
    """Return the release for the front, and the newer one that an operator put it there instead of."""
    if request.action == "republish":
        return request.release, newest if request.release != newest else None
    chosen = catalogue.front
    if chosen and chosen not in run.withdrawals and catalogue.instead_of == newest:
        return chosen, newest
    if newest not in run.withdrawals:
        return newest, None
    whole = [entry.release for entry in catalogue.newest_first() if entry.release not in run.withdrawals]
    return (whole[0] if whole else None), None


def _prepare(run: _Run, release: str, catalogue: Catalogue) -> _Release:
    """Return a release with the files that are still to be written, all of them through the gate."""
    document = _audited(run, release)
    known = catalogue.entry(release)
    if known:
        return _Release(document, known, {})
    published = run.now
    try:
        # Whoever came first has said when it was published; a run that was killed is finished as of then.
        record = store.read_json(run.s3, run.settings.site_bucket, f"releases/{release}/release.json")
        published = datetime.fromisoformat(record["published"])
    except store.MissingObjectError:
        pass
    entry = Entry(release=release, as_of=document.as_of, published=published)
    return _Release(document, entry, _checked_files(run, document, published))


def _audited(run: _Run, release: str) -> Protected:
    """Return the protected results of a release, whose verdict was checked, as the public may read them."""
    document = read_release(run.s3, run.settings.data_bucket, release)
    gate.check_verdict(document)
    return in_public_words(document)


def _checked_files(run: _Run, document: Protected, published: datetime) -> dict[str, bytes]:
    """Return every file of a release, its record first, as the gate let them through."""
    record = {"release": document.release, "published": times.iso_instant(published)}
    with _no_collecting():
        files = {"release.json": store.canonical_json(record), **release_files(run.site, document, published)}
        made = _context(run, document, published, times.london_day(published))
        gate.check_release(files, made, run.site.assets.files)
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


def _checked_front(run: _Run, release: _Release, newer: Sequence[Withdrawal]) -> bytes:
    """Return the page at the front as it stands today, as the gate let it through."""
    today, published = times.london_day(run.now), release.entry.published
    dataset = _dataset(run, release)
    page = front_page(run.site, release.document, published, today, newer, dataset)
    said = [f"Release {one.release} was withdrawn on {words.day(one.withdrawn_on)}" for one in newer]
    said += [words.sentence(one.reason) for one in newer]
    made = _context(run, release.document, published, today, said)
    gate.check_front(page, made, run.site.assets.files, dataset)
    return page


def _dataset(run: _Run, release: _Release) -> bytes | None:
    """Return the release's description as a Dataset as it was or will be written; ``None`` if it was made without."""
    if release.files:
        return release.files[RELEASE_DATASET]
    try:
        key = f"releases/{release.entry.release}/{RELEASE_DATASET}"
        return store.read_bytes(run.s3, run.settings.site_bucket, key)
    except store.MissingObjectError:
        return None


def _context(
    run: _Run, document: Protected, published: datetime, today: date, said: Sequence[str] = ()
) -> gate.Context:
    dataless = not_found_page(run.site, None)
    return gate.context(document, published, today, dataless, run.site.assets.files, said, run.site.host)


def _asset_names(run: _Run) -> frozenset[str]:
    return frozenset(key.rpartition("/")[2] for key in run.site.assets.files)


def _write_release(run: _Run, release: _Release) -> None:
    """Write the files of a release, its record first: whatever time that gives is the time of publication."""
    prefix = f"releases/{release.entry.release}/"
    for path, body in release.files.items():
        run.writer.once(f"{prefix}{path}", body)
        if path != "release.json" or run.writer.dry_run:
            continue
        if store.read_bytes(run.s3, run.settings.site_bucket, f"{prefix}{path}") != body:
            raise store.LostRaceError(
                f"{prefix}{path} was written by another run meanwhile; nothing was overwritten, run again"
            )


def _mark_withdrawn(run: _Run, request: Request) -> None:
    release = str(request.release)
    catalogue, _ = read_catalogue(run.s3, run.settings.site_bucket)
    if catalogue.entry(release) is None:
        raise ReleaseError(f"release {release} was never published, so it cannot be withdrawn; releases.json lists all")
    if release in run.withdrawals:
        return
    today: date = times.london_day(run.now)
    withdrawal = Withdrawal(release=release, withdrawn_on=today, reason=str(request.reason), at=run.now)
    notice = withdrawn_file(run.site, "index.html", withdrawal) or b""
    gate.scan({"index.html": notice}, gate.Known(assets=_asset_names(run), host=run.site.host))
    run.withdrawals[release] = withdrawal
    run.lifted.pop(release, None)
    run.writer.pointer(withdrawn_key(release), withdrawal.model_dump(mode="json"))


def _lift(run: _Run, request: Request) -> None:
    """Bring a withdrawn release back: its files are written again, then its marker says since when."""
    release = str(request.release)
    document = _audited(run, release)
    withdrawal = run.withdrawals.pop(release, None)
    if withdrawal is None:
        return
    catalogue, _ = read_catalogue(run.s3, run.settings.site_bucket)
    entry = catalogue.entry(release)
    if entry:
        files = _checked_files(run, document, entry.published)
        for key, body in run.site.assets.files.items():
            run.writer.once(key, body)
        for path, body in files.items():
            run.writer.page(f"releases/{release}/{path}", body)
    run.lifted[release] = run.now
    lifted = withdrawal.model_copy(update={"lifted": run.now})
    run.writer.pointer(withdrawn_key(release), lifted.model_dump(mode="json"))


def _empty(run: _Run, withdrawal: Withdrawal) -> None:
    """Put the notice of withdrawal in place of every file of a release, its first page last.

    Every address of the release keeps answering, and says why there is nothing: a page in HTML, one row in CSV.
    """
    prefix = f"releases/{withdrawal.release}/"
    paths = sorted(run.writer.keys(prefix), key=lambda key: (key == f"{prefix}index.html", key))
    for key in paths:
        body = withdrawn_file(run.site, key.removeprefix(prefix), withdrawal)
        if body is not None:
            run.writer.page(key, body)
