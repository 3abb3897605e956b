"""Publishing: first the operator's word, then the site as every word on it says.

A run writes what a request asks into one small object: the marker of a release, or the inventory. All else follows
from these, so a run works it out and writes it, and looks at its end whether they are still what it read; if another
run has changed them meanwhile, it goes round again. Whoever writes last has therefore read the last word, and a run
that was killed anywhere is finished by the next.

Within a round order is everything. All is rendered and goes through the gate, and nothing is written if anything is
stopped. Then the files of the release are written; then ``releases.json``; then the pages beside it; then
``index.html``, under the condition that nobody changed it meanwhile; then ``latest/``; last the files of what was
withdrawn.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from functions.publish_site import gate, latest, preview, withdrawals
from functions.publish_site import release as releases
from functions.publish_site.files.datagovuk import CATALOGUE_KEY, issued_of
from functions.publish_site.inventory import INVENTORY_KEY, order, withdrawn_key
from functions.publish_site.pages.costs import read_costs
from functions.publish_site.pages.frame import Site
from functions.publish_site.pages.front import stale_sources
from functions.publish_site.protected import ReleaseError, newest_release
from functions.publish_site.record import Summary
from functions.publish_site.run import FRONT_KEY, Run, State, read_state
from functions.publish_site.site import beside, empty_front_page, front_page
from functions.publish_site.site_objects import MINUTES, Writer
from placements_kpi import store, times
from placements_kpi.errors import PlacementsKpiError

if TYPE_CHECKING:
    from functions.publish_site.inventory import Withdrawal
    from functions.publish_site.release import Release
    from functions.publish_site.request import Request
    from placements_kpi.results import Protected
    from placements_kpi.settings import PublishSettings

ROUNDS = 5
"""How often a run begins again because of others; five deliveries of one event at once need no more than three."""

_FASTER = "other runs changed the site again and again meanwhile; run again: that ends what this run began"

_UNUSABLE = (ReleaseError, gate.GateError)
"""What keeps one release from being published, and nothing else from being done."""


class ApprovalError(PlacementsKpiError):
    """A release is prepared and waits: nobody has approved the limits that protect people in it."""


@dataclass(frozen=True)
class _Round:
    """How one round ended: what is in front, and what the inventory says."""

    front: str | None
    document: Protected | None
    inventory_body: dict[str, Any] | None
    stopped: PlacementsKpiError | None = None
    """What kept a release from its place: told once all else is done."""
    held: str | None = None
    """The newest release, where it waits for an approval."""
    preview: str | None = None
    """The digest of its preview, where it is the release that waits, and not the limits."""


def publish(settings: PublishSettings, request: Request) -> Summary:
    """Do what ``request`` asks and return the run's summary.

    Raises :class:`ReleaseError` for a release that is not there, a :class:`gate.GateError` for one
    that may not be published as it is, :class:`ApprovalError` for one that waits, and
    :class:`placements_kpi.store.LostRaceError` where other runs were faster again and again: run again.
    """
    s3 = store.s3_client()
    run = Run(
        s3=s3,
        settings=settings,
        now=times.now(),
        site=Site.at(settings.service_host),
        writer=Writer(s3, settings.site_bucket, dry_run=request.dry_run),
    )
    if request.action == "preview":
        return _preview(run, request)
    if request.action == "approve":
        _approve(run, request)
    word = _give_word(run, request)
    done, state = _settle(run, request, word if request.dry_run else None)
    if done.stopped:
        raise done.stopped
    if done.held and not done.preview and (request.action == "publish" or request.in_front == done.held):
        raise ApprovalError(
            f"release {done.held} is prepared and not public, the page stays: nobody has approved the limits of "
            "disclosure control that it was made with; deploy with DisclosureApprovedBy and DisclosureApprovedOn, then "
            "send compute_kpis.json, which makes a release with the approval in it"
        )
    return _summary(run, request, state, done.document, release=done.front, held=done.held, preview=done.preview)


def _summary(run: Run, request: Request, state: State, document: Protected | None, **releases: str | None) -> Summary:
    """Return what a run did; ``document`` is the release whose sources it tells of."""
    stale = stale_sources(document, run.today) if document else ()
    return Summary(
        action=request.action,
        withdrawn=tuple(sorted(state.withdrawn)),
        stale_sources=tuple(source.source for source in stale),
        dry_run=request.dry_run,
        objects_written=tuple(run.writer.written),
        objects_unchanged=run.writer.unchanged,
        **releases,
    )


def _give_word(run: Run, request: Request) -> Withdrawal | None:
    """Change the marker of a release as the request says, and return it; ``None`` where nothing is to be changed.

    Everything that will say it is rendered and checked before: what cannot be said is refused while nothing is changed.
    """
    if request.action in {"publish", "approve"}:
        return None
    for _ in range(ROUNDS):
        word, as_read = withdrawals.word(run, request)
        if word is None:
            return None
        rehearsed = _round(run.rehearsing(), read_state(run).having(word), request.in_front)
        if request.in_front and rehearsed.stopped:
            raise rehearsed.stopped
        key = withdrawn_key(word.release)
        if run.writer.dry_run:
            run.writer.written.append(key)
            return word
        try:
            store.swap(run.s3, run.settings.site_bucket, key, word.model_dump(mode="json"), as_read, MINUTES)
        except store.LostRaceError:
            continue
        run.writer.written.append(key)
        return word
    raise store.LostRaceError(_FASTER)


def _settle(run: Run, request: Request, word: Withdrawal | None) -> tuple[_Round, State]:
    """Make the site what the words on it say, until they hold still; return the last round and what it had read.

    ``word`` is what a dry run would have written.
    """
    in_front = request.in_front
    for attempt in range(ROUNDS):
        state = read_state(run)
        state = state.having(word) if word else state
        try:
            done = _round(run, state, in_front, doubted=attempt > 0)
        except store.LostRaceError:
            continue
        now = read_state(run)
        if run.writer.dry_run or (now.markers, now.inventory_body) == (state.markers, done.inventory_body):
            return done, state
        in_front = None  # the inventory says it by now, or somebody has said something else since
    raise store.LostRaceError(_FASTER)


def _round(run: Run, state: State, in_front: str | None, *, doubted: bool = False) -> _Round:
    """Write everything as ``state`` wants it."""
    done = _switch(run, state, in_front, doubted=doubted)
    if state.markers:
        run.write_assets()
    for release in {*state.lifted, *releases.listing_withdrawn(run, state)} - {done.front}:
        try:
            releases.write(run, releases.prepare(run, state, release))
        except _UNUSABLE as error:
            done = replace(done, stopped=done.stopped or error)
    for withdrawal in state.withdrawn.values():
        withdrawals.empty(run, withdrawal)
    return done


def _switch(run: Run, state: State, in_front: str | None, *, doubted: bool) -> _Round:
    """Write the release that belongs in front, then put it there."""
    prepared, stopped, held, digest = None, None, None, None
    try:
        newest = newest_release(run.s3, run.settings.data_bucket)
        front, instead_of = _choose(state, in_front, newest)
        if front is not None:
            prepared = releases.prepare(run, state, front, doubted=doubted or front == in_front)
        if front is not None and prepared and _waits(run, state, prepared):
            digest = None if _limits_wait(run, prepared) else _keep_preview(run, prepared)
            held, (front, instead_of) = front, _public(state)
            if front is None and not state.inventory.releases:
                return _Round(None, None, state.inventory_body, held=held, preview=digest)
            prepared = releases.prepare(run, state, front, doubted=doubted) if front is not None else None
        page = _front(run, state, prepared)
        gate.scan({FRONT_KEY: page}, gate.Allowed(run.declared))
    except _UNUSABLE as error:
        if not _shows_withdrawn(run, state):  # then what is in front can stay there
            return _Round(state.inventory.front, None, state.inventory_body, error)
        # Better no figures at the front than those withdrawn.
        front, instead_of, prepared, stopped = None, None, None, error
        page = _front(run, state, None)
    inventory = state.inventory.with_front(front, instead_of, prepared.entry if prepared else None)
    body = inventory.body(state.withdrawn)
    costs = read_costs(run.s3, run.settings.data_bucket)
    others = beside(
        run.site,
        inventory,
        state.withdrawn,
        state.lifted,
        costs,
        document=prepared.document if prepared else None,
        paths=sorted(releases.etags(run, prepared)) if prepared else (),
        issued=issued_of(_said(run, CATALOGUE_KEY)),
    )
    said = {**others, INVENTORY_KEY: store.canonical_json(body), FRONT_KEY: page}
    gate.scan(said, gate.Allowed(run.declared))
    run.write_assets()
    if prepared and front:
        withdrawals.check_marker(run, front, state.markers.get(front))
        releases.write(run, prepared)
        withdrawals.check_marker(run, front, state.markers.get(front))
    if not run.writer.dry_run:
        store.swap(run.s3, run.settings.site_bucket, INVENTORY_KEY, body, state.pointer, MINUTES)
    for key, other in others.items():
        run.writer.page(key, other)
    run.writer.switch(FRONT_KEY, page, state.front_etag)
    latest.follow(run, prepared)
    return _Round(front, prepared.document if prepared else None, body, stopped, held, digest)


def _said(run: Run, key: str) -> Any:
    """Return what an object of the site says as JSON; ``None`` where there is none that can be read."""
    try:
        return store.read_json(run.s3, run.settings.site_bucket, key)
    except (store.MissingObjectError, store.BrokenObjectError):
        return None


def _choose(state: State, in_front: str | None, newest: str) -> tuple[str | None, str | None]:
    """Return the release for the front, and the newer one that an operator put it there instead of."""
    if in_front and in_front not in state.withdrawn:
        return in_front, newest if in_front != newest else None
    inventory = state.inventory
    if inventory.front and inventory.front not in state.withdrawn and inventory.instead_of == newest:
        return inventory.front, newest
    if newest not in state.withdrawn:
        return newest, None
    return _public(state)


def _public(state: State) -> tuple[str | None, str | None]:
    """Return what stays in front where there is nothing newer to put there: a release that is public and stands."""
    front = state.inventory.front
    if front and front not in state.withdrawn:
        return front, state.inventory.instead_of
    whole = [entry.release for entry in state.inventory.newest_first() if entry.release not in state.withdrawn]
    return (whole[0] if whole else None), None


def _waits(run: Run, state: State, release: Release) -> bool:
    """Whether a release that was never public has to wait for an approval (publishing#approval)."""
    never = state.inventory.entry(release.entry.release) is None
    asked = run.settings.release_mode == "approve" and not release.approved
    return never and (asked or _limits_wait(run, release))


def _limits_wait(run: Run, release: Release) -> bool:
    return release.document.waits and run.settings.unapproved_limits == "hold"


def _keep_preview(run: Run, release: Release) -> str:
    """Return the digest of the preview of a release that waits, which is written where there is none that serves."""
    there = preview.read(run, release.entry.release)
    if there and there.compared_with == release.document.compared_with:
        return there.digest
    return preview.write(run, release.entry.release, release.files)


def _preview(run: Run, request: Request) -> Summary:
    """Write the preview of the newest release, as it is to be published when ``request`` says."""
    state = read_state(run)
    newest = newest_release(run.s3, run.settings.data_bucket)
    if state.inventory.entry(newest):
        raise ReleaseError(f"release {newest} is public: there is nothing to preview before compute_kpis makes another")
    prepared = releases.prepare(run, state, newest, published=request.published or run.now)
    digest = preview.write(run, newest, prepared.files)
    front = state.inventory.front
    return _summary(run, request, state, prepared.document, release=front, held=newest, preview=digest)


def _approve(run: Run, request: Request) -> None:
    """Write the approval of the newest release; one that a newer one took the place of cannot be approved."""
    newest = newest_release(run.s3, run.settings.data_bucket)
    if request.release != newest:
        raise ReleaseError(f"release {request.release} no longer waits: {newest} has taken its place; look at that one")
    preview.approve(run, newest, str(request.manifest))


def _shows_withdrawn(run: Run, state: State) -> bool:
    """Whether the page at the front, as it is, leads to a release that was withdrawn."""
    body = run.writer.body(FRONT_KEY) or b""
    return any(f"releases/{release}/".encode() in body for release in state.withdrawn)


def _front(run: Run, state: State, release: Release | None) -> bytes:
    """Return the page at the front as it stands today."""
    if release is None:
        return empty_front_page(run.site, list(state.withdrawn.values()))
    newer = [
        withdrawal
        for withdrawal in state.withdrawn.values()
        if order(withdrawal.release) > order(release.entry.release)
    ]
    newer.sort(key=lambda withdrawal: order(withdrawal.release), reverse=True)
    dataset = releases.dataset(run, release)
    return front_page(run.site, release.document, release.entry.published, run.today, newer, dataset)
