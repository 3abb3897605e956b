"""One ingest run, the same for all sources: fetch, validate, stage, gate, write, flip the pointer.

Nothing current changes before the very last write, the conditional PUT of the pointer,
so a run can be killed anywhere and repeated. A run that ends badly leaves what is
current as it is, says why in ``attempts/<source>.json`` and in its run record, and raises.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from placements_kpi import (
    bigquery,
    drops,
    erasure,
    events,
    gates,
    invented,
    manifests,
    pseudonyms,
    records,
    references,
    runs,
    secret,
    snapshots,
    store,
    times,
    usage,
)
from placements_kpi.errors import PlacementsKpiError
from placements_kpi.failures import unforeseen
from placements_kpi.observability import logger
from placements_kpi.runs import RefusedError
from placements_kpi.settings import IngestSettings, SettingsError
from placements_kpi.sources import Fetched, Previous, Request, Source, SourceError
from placements_kpi.staging import Settled, Staging

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_s3.client import S3Client

    from placements_kpi.manifests import Manifest
    from placements_kpi.pseudonyms import Pseudonyms

DROPS_TRIED = 7
"""Drops looked at, newest first, before giving up on finding a good one."""


@dataclass
class _Run:
    """One run: what it was asked, and what it has found out so far (which is what its record says)."""

    source: Source
    settings: IngestSettings
    s3: S3Client
    contract: str
    summary: runs.Summary
    event: events.IngestEvent = field(default_factory=events.IngestEvent)
    pseudonyms: Pseudonyms | None = None
    pointer: manifests.Pointer | None = None
    current: Manifest | None = None
    """Manifest of the current snapshot."""
    day: date | None = None
    """The day whose drop is read whatever is newer: asked for, or the one that is to be keyed again."""
    accepted: Manifest | None = None
    """Manifest of a refused snapshot that an operator accepts: its rows were not kept, and are read again."""

    @property
    def key_id(self) -> str | None:
        return self.pseudonyms.key_id if self.pseudonyms else None

    @property
    def current_as_of(self) -> datetime | None:
        return None if self.current is None else self.current.stands_at


@dataclass(frozen=True)
class _Read:
    """A source read to its end."""

    fetched: Fetched
    staging: Staging
    tables: list[Settled]


def handler(source: Source) -> Callable[[dict[str, Any], LambdaContext], dict[str, Any]]:
    """Return the Lambda handler of a source: it runs an ingest as its event asks (:mod:`placements_kpi.events`)."""

    @logger.inject_lambda_context
    def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        usage.begin(context)
        return run(source, IngestSettings.from_environment(), event)

    return lambda_handler


def run(source: Source, settings: IngestSettings, event: Any) -> dict[str, Any]:
    """Run one ingest of ``source`` as ``event`` asks and return its summary, which is also its run record.

    A run that is refused or fails raises a :class:`PlacementsKpiError` once its attempt and run record are
    written; a dry run writes nothing.
    """
    started, clock = times.now(), time.monotonic()
    summary = runs.Summary(
        source=source.name,
        run_id=runs.run_id(started, None),  # of an event not understood not even a digest is kept
        started_at=times.iso_instant(started),
        code_version=settings.code_version,
        definitions=source.definitions,
        outcome="failed",
        snapshot=None,
        current=None,
        as_of=None,
        current_as_of=None,
        reasons=[],
        dry_run=False,
    )
    this = _Run(source, settings, store.s3_client(), snapshots.contract_digest(source), summary)
    failure: PlacementsKpiError | None = None
    try:
        this.event = events.parse(event)
        summary.run_id, summary.dry_run = runs.run_id(started, event), this.event.dry_run
        summary.event = this.event.model_dump(mode="json", exclude_defaults=True)
        _act(this)
    except PlacementsKpiError as error:
        failure = error
    except Exception as error:
        failure = unforeseen(error)
    if failure is not None:
        refused = isinstance(failure, RefusedError)
        this.summary.outcome = "refused" if refused else "failed"
        if not refused or not this.summary.reasons:
            this.summary.reasons.append(str(failure))
    this.summary.ended_at = times.iso_instant(times.now())
    this.summary.seconds = round(time.monotonic() - clock, 3)
    this.summary.usage = usage.so_far()
    if not this.event.dry_run:
        failure = runs.record(this.s3, settings.data_bucket, this.summary, failure)
    runs.report(this.summary, failure)
    if failure is not None:
        raise failure from None
    return this.summary.body()


def _act(this: _Run) -> None:
    this.pointer = manifests.read_pointer(this.s3, this.settings.data_bucket, this.source.name)
    if this.pointer is not None:
        this.summary.points(this.pointer.says.snapshot, this.pointer.says.as_of)
    if this.event.action == "accept" and _accept(this, str(this.event.snapshot)):
        return
    if this.event.action == "erase":
        _erase(this)
        return
    if this.source.has_person_keys:
        this.pseudonyms = pseudonyms.load(this.settings.pseudonym_secret_arn, this.settings.stage)
    if this.pointer is not None:
        this.current = manifests.read(this.s3, this.settings.data_bucket, this.pointer.says.manifest)
    this.day = this.event.day or _day_of_drop(this.accepted)
    if this.event.action == "rekey":
        _rekey(this)
        return
    _take(this)


def _day_of_drop(manifest: Manifest | None) -> date | None:
    """Return the day of the drop that a snapshot was made from; ``None``: it was made from a live service."""
    fetched = manifest.fetched if manifest else {}
    return date.fromisoformat(fetched["day"]) if fetched.get("transport") == "drop" else None


def _take(this: _Run) -> None:
    """Read the source, by whichever transport its location names, and land what it gave."""
    with tempfile.TemporaryDirectory(prefix="ingest-") as folder:
        if this.settings.source_location.startswith(("https://", "http://", bigquery.SCHEME)):
            _land(this, _read(this, _fetch(this, Path(folder)), Path(folder)))
        else:
            _ingest_drop(this, Path(folder))


def _accept(this: _Run, snapshot: str) -> bool:
    """Make a stored snapshot current because an operator named it; return whether its rows are there.

    Of a refused one they are not. Its source is read again then, and the gates that refused it let it pass.
    """
    manifest = snapshots.stored(this.s3, this.settings.data_bucket, this.source.name, snapshot)
    if manifest.was_refused:
        this.accepted = manifest
        return False
    this.summary.about(manifest)
    _flip(this, manifest)
    return True


def _rekey(this: _Run) -> None:
    """Read what is current again, since raw identifiers are not kept, and key it with what the secret holds now.

    A drop is the same day's; a live service is pulled in full. The gates judge the result as any other: the
    same rows under another key pass them, and a source that has changed too much meanwhile does not.
    """
    if not this.source.has_person_keys:
        raise events.EventError(f"{this.source.name} has no person identifiers: there is nothing to key again")
    if this.current is None:
        raise RefusedError(f"{this.source.name} has no current snapshot to key again: ingest it")
    if this.current.key_id == this.key_id:
        this.summary.about(this.current)
        this.summary.outcome = "unchanged"
    else:
        this.day = _day_of_drop(this.current)
        _take(this)
    this.summary.rekeyed = runs.Rekeyed(
        from_key=this.current.key_id,
        to_key=this.key_id,
        from_snapshot=this.current.snapshot,
        to_snapshot=str(this.summary.snapshot),
        rows={table.table: table.kept for table in this.summary.tables},
    )


def _erase(this: _Run) -> None:
    """Take the person named in the erasure secret out of every retained snapshot of the source."""
    done = erasure.erase(this.s3, this.settings, this.source, dry_run=this.event.dry_run)
    this.summary.erased, this.summary.outcome = done.summary(), "unchanged"
    if done.current is not None:
        this.summary.snapshot, this.summary.as_of = done.current.snapshot, done.current.as_of
        this.summary.outcome = "accepted"
        if not this.event.dry_run:
            this.summary.points(done.current.snapshot, done.current.as_of)


def _ingest_drop(this: _Run, folder: Path) -> None:
    """Land the newest good drop; afterwards raise :class:`RefusedError` if a newer one was broken or refused."""
    location = drops.locate(this.settings.source_location, this.settings.stage, this.s3)
    days = [this.day] if this.day else location.days()[:DROPS_TRIED]
    problems: list[str] = []
    refused: RefusedError | None = None
    of_refused: runs.Summary | None = None
    """What the summary says of the newest drop that a gate refused, which is the one that can be accepted."""
    for attempt, day in enumerate(days):
        scratch = folder / str(attempt)
        scratch.mkdir()
        try:
            fetched = drops.open_drop(location, day, this.source.feeds, scratch)
            if refused and this.current_as_of is not None and fetched.as_of <= this.current_as_of:
                break  # nothing newer than what is current is left
            read = None if _is_older(this, fetched) else _read(this, fetched, scratch)
        except SourceError as error:
            logger.warning("drop refused", extra={"source": this.source.name, "day": str(day), "reason": str(error)})
            problems.append(str(error))
            continue
        if read is not None:
            try:
                _land(this, read)
                of_refused = None
            except RefusedError as error:
                problems.append(str(error).removeprefix(f"{this.source.name}: "))
                refused, of_refused = refused or error, of_refused or this.summary.model_copy()
                continue
        elif not problems:
            problems.append(f"the newest drop, dt={day}, is older than the current snapshot: was a newer one removed?")
        break
    this.summary = of_refused or this.summary
    if not days:
        problems.append("there is no drop at SOURCE_LOCATION: ask the source's owner, or check the setting")
    if refused and len(problems) == 1:
        raise refused
    if problems:
        this.summary.reasons = problems
        raise RefusedError(f"{this.source.name}: " + "; ".join(problems))


def _is_older(this: _Run, fetched: Fetched) -> bool:
    """Whether a drop that nobody asked for by its day is older than what is current."""
    return this.day is None and this.current_as_of is not None and fetched.as_of < this.current_as_of


def _fetch(this: _Run, folder: Path) -> Fetched:
    """Return what the service has: its tables in BigQuery, or what the function's own client gets."""
    location, local = this.settings.source_location, this.settings.stage == "local"
    in_bigquery = location.startswith(bigquery.SCHEME)
    if this.source.fetch is None and not in_bigquery:
        raise SourceError(f"{this.source.name} has no live service to read: set SOURCE_LOCATION to where its drops are")
    loopback = local and re.match(r"http://127\.0\.0\.1[:/]", location)
    if not in_bigquery and not location.startswith("https://") and not loopback:
        raise SourceError("SOURCE_LOCATION is not https; nothing was asked of it")
    standin = {invented.FACT: True} if local and this.settings.demonstration else {}  # it serves the sample
    if problem := _mistake(this, standin):
        raise SourceError(f"{this.source.name}: {problem}")
    previous = None
    if this.current is not None and _fits(this) and _mistake(this, this.current.fetched) is None:
        previous = Previous(this.current.snapshot, this.current.stands_at, this.current.fetched)
    request = Request(
        settings=this.settings,
        folder=folder,
        tokens=() if in_bigquery else secret.tokens(this.settings.source_secret_arn),
        previous=previous,
        full=this.event.full
        or this.event.action == "rekey"
        or (this.accepted is not None and this.accepted.kind == "full"),
        kept_for="" if this.event.dry_run else f"{this.key_id}|{this.contract}|{this.settings.code_version}",
        day=this.day,
    )
    fetched = (
        bigquery.fetch(request, this.source.warehouse, this.source.feeds)
        if this.source.fetch is None or in_bigquery
        else this.source.fetch(request)
    )
    fetched.facts.update(standin)
    if fetched.kind == "delta" and previous is None:
        raise SourceError(
            f"{this.source.name} gave a delta and there is no snapshot of this key and contract to merge it into: "
            'run it with {"full": true}'
        )
    return fetched


def _read(this: _Run, fetched: Fetched, folder: Path) -> _Read:
    """Return everything the source gave, validated and settled in the scratch folder."""
    if problem := _mistake(this, fetched.facts):
        raise SourceError(f"{this.source.name}: {problem}")
    parents = {child.table.name: feed.table.name for feed in this.source.feeds for child in feed.children}
    staging = Staging(folder, this.source.tables, parents, times.london_day(fetched.as_of))
    if fetched.kind == "delta" and this.current is not None:
        snapshots.carry(this.s3, this.settings.data_bucket, this.current, staging, folder)
    _check_key_of_tokens(this, fetched, None)
    (this.source.read or records.read)(this.source, fetched.files, staging, this.pseudonyms)
    if fetched.carry and fetched.kind == "full" and this.current is not None and _fits(this):
        snapshots.carry(this.s3, this.settings.data_bucket, this.current, staging, folder, only=fetched.carry)
    _check_key_of_tokens(this, fetched, staging)
    tables = [staging.settle(table) for table in this.source.tables]
    for reference in this.source.references:
        broken = references.broken(reference, staging)
        if broken:
            staging.note(reference.note, broken)
    return _Read(fetched, staging, tables)


def _fits(this: _Run) -> bool:
    """Return whether rows of the current snapshot can stand beside new ones."""
    current = this.current
    return current is not None and (current.key_id, current.contract) == (this.key_id, this.contract)


def _mistake(this: _Run, facts: dict[str, Any]) -> str | None:
    return invented.mistake(facts, people=this.source.has_person_keys, demonstration=this.settings.demonstration)


def _check_key_of_tokens(this: _Run, fetched: Fetched, staging: Staging | None) -> None:
    """Raise :class:`SourceError` if identifiers came keyed by their owner with another key than ours.

    We cannot key such tokens again, nor see from them which key it was: a drop says it in ``key_id``. One that
    does not is believed as long as our own key stays the same, and refused once it has changed.
    """
    theirs = fetched.facts.get("key_id")
    if theirs is not None and theirs != this.key_id:
        raise SourceError(
            f"{this.source.name} sent identifiers keyed with key {theirs} where ours is {this.key_id}: the two never "
            "join; its owner has to export again with the present key"
        )
    changed = this.current is not None and this.current.key_id != this.key_id
    if staging is not None and theirs is None and changed and staging.notes[records.OWNERS_TOKENS]:
        raise SourceError(
            f"{this.source.name} sent {staging.notes[records.OWNERS_TOKENS]} identifiers keyed by their owner, without "
            "saying with which key, and ours has changed: its owner has to export again with the present key, and put "
            "its key_id into the manifest of the drop"
        )


def _land(this: _Run, read: _Read) -> None:
    """Judge what was read, write it, and make it current if the gates let it."""
    fetched, tables, staging = read.fetched, read.tables, read.staging
    snapshot = snapshots.snapshot_id(this.source.name, fetched.as_of, this.contract, this.pseudonyms, tables)
    unchanged = this.pointer is not None and this.pointer.says.snapshot == snapshot
    failures = _judge(this, read, unchanged=unchanged)
    if this.accepted is not None and this.day is not None and snapshot != this.accepted.snapshot:
        raise RefusedError(
            f"{this.source.name}: the drop dt={this.day} gives snapshot {snapshot} now, and not "
            f"{this.accepted.snapshot}, which was to be accepted: it has changed, or the code or the key has. "
            "Ingest that day again, and accept what it gives if that is right"
        )
    allowed = this.accepted.failed if this.accepted else set()
    refusing = [gate for gate in failures if gate.which not in allowed]
    manifest = _described(this, read, snapshot, failures, refused=bool(refusing))
    this.summary.about(manifest)
    this.summary.reasons, this.summary.outcome = [failure.detail for failure in refusing], "unchanged"
    if not unchanged and not this.event.dry_run:
        manifest = snapshots.write(this.s3, this.settings.data_bucket, manifest, tables, staging)
    if refusing:
        way_out = f'if it is right all the same, accept it with {{"action": "accept", "snapshot": "{snapshot}"}}'
        raise RefusedError(
            f"{this.source.name}: snapshot {snapshot} is refused: {'; '.join(this.summary.reasons)}; "
            + ("its rows are those of the current snapshot, which stays" if unchanged else way_out)
        )
    if not unchanged:
        _flip(this, manifest)


def _described(this: _Run, read: _Read, snapshot: str, failures: list[manifests.Failure], *, refused: bool) -> Manifest:
    """Return the manifest of what was read; of a snapshot that is ``refused`` it lists no files."""
    name, fetched, tables = this.source.name, read.fetched, read.tables
    return manifests.Manifest(
        source=name,
        snapshot=snapshot,
        status="refused" if failures else "accepted",
        as_of=times.iso_instant(fetched.as_of),
        kind=fetched.kind,
        previous=this.pointer.says.snapshot if fetched.kind == "delta" and this.pointer else None,
        fetched=fetched.facts,
        contract=this.contract,
        key_id=this.key_id,
        code_version=this.settings.code_version,
        definitions=this.source.definitions,
        tables=tuple(settled.facts for settled in tables),
        filled={settled.table.name: settled.filled for settled in tables},
        reaches={settled.table.name: settled.reaches for settled in tables if settled.reaches},
        notes=dict(sorted(read.staging.notes.items())),
        gates=manifests.Judgement(failed=tuple(failures)),
        files=() if refused else snapshots.files(tables, snapshot),
        quarantine=f"quarantine/{name}/{snapshot}.json" if read.staging.quarantine else None,
    )


def _judge(this: _Run, read: _Read, *, unchanged: bool) -> list[manifests.Failure]:
    """Return the gates that fail; of rows that are current already, those that no operator has accepted them with."""
    carried = {
        settled.table.name: read.staging.notes.get(f"{settled.table.name}_carried_over", 0) for settled in read.tables
    }
    failures = [*read.staging.failures, *read.fetched.problems]
    failures += gates.failures(
        read.tables, this.settings, kind=read.fetched.kind, carried=carried, previous=this.current
    )
    if this.day is None:
        max_age_days = this.settings.max_age_days.get(this.source.name)
        if max_age_days is None:
            raise SettingsError(f"MAX_AGE_DAYS has no entry for {this.source.name}; template.yaml must give one")
        if not read.fetched.facts.get(invented.FACT):  # the sample is of its own day for ever
            failures += gates.freshness(read.fetched.as_of, max_age_days)
    known = this.current.failed if this.current else set()
    return [gate for gate in failures if not unchanged or gate.which not in known]


def _flip(this: _Run, manifest: Manifest) -> None:
    unchanged = this.pointer is not None and this.pointer.says == manifests.saying(manifest)
    if not this.event.dry_run:
        manifests.point(this.s3, this.settings.data_bucket, manifest, this.pointer)
        this.summary.points(manifest.snapshot, manifest.as_of)
    this.summary.outcome = "unchanged" if unchanged else "accepted"
