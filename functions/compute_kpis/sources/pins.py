"""Pins: which snapshot of each source a run uses, read once, and how fresh and clean it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

from functions.compute_kpis.contract import SOURCE_OF_TABLE
from functions.compute_kpis.sources import held
from placements_kpi import invented, manifests, runs, store
from placements_kpi.errors import PlacementsKpiError
from placements_kpi.results import SourceFacts
from placements_kpi.settings import SOURCE_TITLES, SOURCES
from placements_kpi.times import london_day

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

    from placements_kpi.manifests import Manifest
    from placements_kpi.results import Attempt


class PinError(PlacementsKpiError):
    """A source's pointer, manifest or attempt cannot be used."""


@dataclass(frozen=True)
class Pin:
    """One source as a run sees it; ``problem`` says, for the public, why no new figure may use it."""

    facts: SourceFacts
    problem: str | None = None
    detail: str | None = None
    """The same for an operator, where there is more to say."""
    key_id: str | None = None
    """Id of the key that the source's people are pseudonymised with; ``None`` for a source without people."""
    stored: held.Held = field(default_factory=dict)
    """What S3 has of its snapshot; nothing if it cannot be used."""


def read_pins(
    s3: S3Client, bucket: str, as_of: date, max_age_days: dict[str, int], *, demonstration: bool
) -> dict[str, Pin]:
    """Return the pin of every source for the as-of date; a source that cannot be used has its ``problem``.

    ``demonstration``: the page will say that people are invented, so those of every source have to be, or of none.
    """
    return {source: _pin(s3, bucket, source, as_of, max_age_days, demonstration) for source in SOURCES}


def _pin(s3: S3Client, bucket: str, source: str, as_of: date, max_age_days: dict[str, int], demonstration: bool) -> Pin:
    title = SOURCE_TITLES[source]
    if source not in max_age_days:
        raise PinError(f"MAX_AGE_DAYS has no entry for {source}; template.yaml must give one for every source")
    nothing = SourceFacts(
        source=source,
        title=title,
        as_of=None,
        snapshot=None,
        age_days=None,
        max_age_days=max_age_days[source],
        last_attempt=_last_attempt(s3, bucket, source),
    )
    try:
        pointer = manifests.read_pointer(s3, bucket, source)
        if pointer is None:
            return Pin(nothing, f"{title} has not sent any data that could be used.")
        return _read(s3, bucket, nothing, pointer, as_of, demonstration)
    except (PinError, store.StoreError) as error:
        return Pin(nothing, f"What {title} sent last cannot be read.", f"source {source}: {error}")


def _read(
    s3: S3Client, bucket: str, nothing: SourceFacts, pointer: manifests.Pointer, as_of: date, demonstration: bool
) -> Pin:
    """Return the pin that a pointer gives; that of the next one, if it moves while its snapshot is looked at."""
    source = nothing.source
    try:
        snapshot = pointer.says.snapshot
        manifest = manifests.read(s3, bucket, pointer.says.manifest)
        stored = held.look(s3, bucket, {table: snapshot for table, of in SOURCE_OF_TABLE.items() if of == source})
        _check(stored, snapshot, manifest, demonstration)
    except (PinError, store.StoreError):
        now = manifests.read_pointer(s3, bucket, source)
        if now is None or now.as_read.etag == pointer.as_read.etag:
            raise
        return _read(s3, bucket, nothing, now, as_of, demonstration)
    day = london_day(datetime.fromisoformat(pointer.says.as_of))
    facts = nothing.model_copy(
        update={
            "as_of": day,
            "snapshot": snapshot,
            "age_days": max((as_of - day).days, 0),
            "tables": manifest.tables,
            "notes": dict(sorted(manifest.notes.items())),
            "reaches": manifest.reaches,
        }
    )
    return Pin(facts, stale(facts), key_id=manifest.key_id, stored=stored)


def outdated(s3: S3Client, bucket: str, pinned: Mapping[str, Pin]) -> bool:
    """Return whether any source has another current snapshot by now than the one that was pinned."""
    return any(_current(s3, bucket, source) != pin.facts.snapshot for source, pin in pinned.items())


def _current(s3: S3Client, bucket: str, source: str) -> str | None:
    try:
        pointer = manifests.read_pointer(s3, bucket, source)
    except store.BrokenObjectError:
        return None
    return None if pointer is None else pointer.says.snapshot


def mixed_keys(pins: Iterable[Pin]) -> tuple[str, str] | None:
    """Return why sources cannot be used together, for the public and for an operator; ``None`` if they can.

    The same person has another pseudonym under another key, so a join would find nobody and
    a count of it would be a wrong figure that looks like a low one (sources#pseudonymous-keys).
    """
    keyed = [pin for pin in pins if pin.key_id is not None]
    if len({pin.key_id for pin in keyed}) < 2:
        return None
    titles = " and ".join(pin.facts.title for pin in keyed)
    ids = ", ".join(f"{pin.facts.source} {pin.key_id}" for pin in keyed)
    return (
        f"The records of {titles} cannot be matched while the keys that stand for identifiers are being changed.",
        f"mixed keys, which never join: {ids}; send ingest_rekey.json to each source that has the old one",
    )


def stale(facts: SourceFacts) -> str | None:
    """Return, for the public, why a source is too old to be used; ``None`` if it is not."""
    if facts.as_of is None or facts.age_days is None or facts.age_days <= facts.max_age_days:
        return None
    return (
        f"The newest data from {facts.title} is from {public_day(facts.as_of)}, "
        f"{facts.age_days} days old, and no figure is worked out from data more than {facts.max_age_days} days old."
    )


def public_day(day: date) -> str:
    """Return ``day`` as GOV.UK writes it: "1 July 2026"."""
    return f"{day.day} {day:%B %Y}"


def _check(stored: held.Held, snapshot: str, manifest: Manifest, demonstration: bool) -> None:
    """Raise :class:`PinError` for a manifest of another snapshot, a file that is gone, or people who may not be."""
    if manifest.snapshot != snapshot:
        raise PinError(f"its manifest is not that of snapshot {snapshot}; flip the pointer back to a good one")
    if gone := held.missing(stored, manifest):
        raise PinError(f"{gone[0]} is missing or has changed; ingest the source again")
    if problem := invented.mistake(manifest.fetched, people=manifest.key_id is not None, demonstration=demonstration):
        raise PinError(problem)


def _last_attempt(s3: S3Client, bucket: str, source: str) -> Attempt | None:
    """Return, for the public, that what was tried last was not accepted; ``None`` if it was."""
    try:
        attempt = runs.read_attempt(s3, bucket, source)
    except store.BrokenObjectError:
        return "How it ended cannot be read"
    return None if attempt is None or attempt.error is None else "It did not pass the checks that we make"
