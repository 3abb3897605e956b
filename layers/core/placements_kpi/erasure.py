"""Erasure: one person taken out of every retained snapshot of a source (docs/decisions/0015).

The person is named in a secret, never in an event: events are repeated in queues and
read in logs. The identifiers are keyed in memory with the present key and the one
before it, and every snapshot that has a row under such a pseudonym is written again
without it, under a new id and as immutable as any other. Then the pointer is flipped,
if it was the current one, and the old rows are deleted in all their versions.

Killed anywhere and run again it ends in the same state: a snapshot's manifest is deleted
last, so what is half deleted is found again. The same erasure may also run several times at
once: each looks again when something it needs has gone or moved, until a look shows nothing new.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from placements_kpi import aws, manifests, partial, pseudonyms, runs, secret, snapshots, store, times
from placements_kpi.errors import PlacementsKpiError
from placements_kpi.pseudonyms import Pseudonyms, normalise_trn
from placements_kpi.snapshots import erasure_key
from placements_kpi.staging import Staging
from placements_kpi.tables import KeyType  # noqa: TC001 - pydantic reads it when the module runs

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

    from placements_kpi.manifests import Manifest
    from placements_kpi.settings import IngestSettings
    from placements_kpi.sources import Source
    from placements_kpi.staging import Settled
    from placements_kpi.tables import Table

WRITTEN_LATELY = timedelta(days=1)
"""Rows without a manifest that are younger than this may belong to a run that is still writing."""


MOST_LOOKS = 20
"""Times that what is stored is listed, when other runs go on changing it meanwhile."""


class _GoneError(Exception):
    """A file of a snapshot has gone since it was listed: another run of the erasure is at it."""


class _UnsealedError(Exception):
    """Rows without a manifest, written lately: an ingest is writing them, or another run of the erasure."""


class ErasureError(PlacementsKpiError):
    """A person cannot be erased as asked; what was not erased is still there."""


class _Identifier(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    type: KeyType
    identifier: str = Field(min_length=1, max_length=255)


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    people: list[_Identifier] = Field(default_factory=list)


@dataclass
class Erased:
    """What an erasure did: never to whom, and for no snapshot how many rows (its manifest has that)."""

    searched: set[str] = field(default_factory=set)
    rewritten: dict[str, str] = field(default_factory=dict)
    """Old snapshot id: new one."""
    removed: list[str] = field(default_factory=list)
    """Snapshots that nobody could read any more (expired, half written, half deleted): their rows are gone."""
    other_keys: list[str] = field(default_factory=list)
    """Snapshots under a key that is gone: nobody can tell any more whose rows they hold."""
    current: Manifest | None = None
    """Manifest of the snapshot that is current now, if it is another one than before."""

    def summary(self) -> runs.Erased:
        """Return what the summary says."""
        return runs.Erased(
            snapshots_searched=len(self.searched),
            rewritten=self.rewritten,
            removed=tuple(self.removed),
            of_keys_that_are_gone=tuple(self.other_keys),
        )


@dataclass(frozen=True)
class _Place:
    """Where an erasure happens."""

    s3: S3Client
    bucket: str
    source: Source
    contract: str
    dry_run: bool
    keys: Mapping[str | None, Pseudonyms]
    """The present key and the one before, by their ids."""

    @property
    def tables(self) -> list[Table]:
        """The tables with person identifiers, and those of the lists inside their records."""
        keyed = [table for table in self.source.tables if any(column.key for column in table.columns)]
        lists = [child.table for feed in self.source.feeds if feed.table in keyed for child in feed.children]
        return [*keyed, *lists]


def erase(s3: S3Client, settings: IngestSettings, source: Source, *, dry_run: bool) -> Erased:
    """Take the person whom the erasure secret names out of every retained snapshot; return what was done.

    Raises :class:`ErasureError` if the secret names nobody, or a snapshot cannot be written again.
    """
    if not source.has_person_keys:
        raise ErasureError(f"{source.name} has no person identifiers: there is nobody in it to erase")
    asked, keys = _asked(settings.erasure_secret_arn), _keys(settings)
    tokens = _tokens(asked, keys, source)
    place = _Place(s3, settings.data_bucket, source, snapshots.contract_digest(source), dry_run, keys)
    done = Erased()
    looked_at: set[str] = set()
    for _ in range(MOST_LOOKS):
        stored = _stored(place)
        if not dry_run:
            _finish(place, stored)
        if stored.keys() <= looked_at:
            if not dry_run:
                _delete_versions(
                    place, partial.folder(source.name)
                )  # nobody is looked for in rows not yet in a snapshot
            return done
        pointer = _pointer(place)
        unsealed, before = "", len(looked_at)
        for snapshot in sorted(stored.keys() - looked_at):
            try:
                written = _look_at(place, snapshot, stored[snapshot], tokens, pointer, done)
            except _UnsealedError:
                unsealed = snapshot  # of another run of this erasure we write it ourselves, as soon as we come to it
                continue
            except (_GoneError, store.LostRaceError):
                break  # look again
            looked_at |= {snapshot, written}
        else:
            if unsealed and len(looked_at) == before:
                raise ErasureError(
                    f"snapshot {unsealed} of {source.name} has rows and no manifest yet: an ingest may be writing it. "
                    "Erase again when it has ended, or after a day",
                    transient=True,
                )
    raise ErasureError(
        f"other runs went on changing what {source.name} has stored: run the erasure again when they have ended",
        transient=True,
    )


def _look_at(
    place: _Place,
    snapshot: str,
    newest: datetime,
    tokens: Mapping[str | None, Mapping[KeyType, set[str]]],
    pointer: manifests.Pointer | None,
    done: Erased,
) -> str:
    """Take the person out of one snapshot; return the one that has the rows now, which may be the same."""
    names = {table.name for table in place.tables}
    manifest, _ = manifests.find(place.s3, place.bucket, manifests.key(place.source.name, snapshot)) or (None, None)
    if manifest is None or not snapshots.is_whole(place.s3, place.bucket, manifest, names):
        _clear_away(place, snapshot, newest, sealed=manifest is not None, done=done)
        return snapshot
    wanted = tokens.get(manifest.key_id)
    if wanted is None:
        done.other_keys.append(snapshot)
        return snapshot
    done.searched.add(snapshot)
    written = _rewrite(place, manifest, wanted)
    if written is None:
        return snapshot
    is_current = pointer is not None and pointer.says.snapshot == snapshot
    if not place.dry_run:
        _replace(place, snapshot, written, pointer if is_current else None)
    done.rewritten[snapshot] = written.snapshot
    if is_current:
        done.current = written
    return written.snapshot


def _pointer(place: _Place) -> manifests.Pointer | None:
    return manifests.read_pointer(place.s3, place.bucket, place.source.name)


def _keys(settings: IngestSettings) -> dict[str | None, Pseudonyms]:
    present = pseudonyms.load(settings.pseudonym_secret_arn, settings.stage)
    previous = pseudonyms.load_previous(str(settings.pseudonym_secret_arn), settings.stage)
    return {keyed.key_id: keyed for keyed in (present, previous) if keyed is not None}


def _tokens(
    asked: _Asked, keys: Mapping[str | None, Pseudonyms], source: Source
) -> dict[str | None, dict[KeyType, set[str]]]:
    """Return the pseudonyms of the person by key id and type, of the types that the source has."""
    kinds = {column.key for table in source.tables for column in table.columns if column.key}
    if not any(person.type in kinds for person in asked.people):
        raise ErasureError(
            f"the erasure secret names nobody by a type that {source.name} has ({', '.join(sorted(kinds))}); "
            "docs/operating.md says what it should hold"
        )
    tokens: dict[str | None, dict[KeyType, set[str]]] = {}
    for key_id, keyed in keys.items():
        of_key = tokens.setdefault(key_id, {})
        for person in asked.people:
            of_key.setdefault(person.type, set()).add(_pseudonym(keyed, person))
    return tokens


def _asked(arn: str | None) -> _Asked:
    if arn is None:
        raise ErasureError("ERASURE_SECRET_ARN is not set: there is nowhere to read whom to erase")
    try:
        return _Asked.model_validate(secret.read(arn))
    except ValidationError as error:
        wrong = sorted({".".join(map(str, problem["loc"][:1])) for problem in error.errors()} & {"people"})
        raise ErasureError(
            "the erasure secret does not hold what it should"
            + (" under people" if wrong else "")
            + '; it is {"people": [{"type": "trn", "identifier": "…"}]}, docs/operating.md says more'
        ) from None


def _pseudonym(keyed: Pseudonyms, person: _Identifier) -> str:
    if person.type != "trn":
        return keyed.of(person.type, person.identifier.strip())
    trn, _ = normalise_trn(person.identifier)
    if trn is None:
        raise ErasureError("a TRN in the erasure secret is not one that could be in the data; correct it")
    return keyed.of("trn", trn)


def _stored(place: _Place) -> dict[str, datetime]:
    """Return the ids of the snapshots that have any version of any row about people, and when it was last written."""
    last_written: dict[str, datetime] = {}
    for table in place.tables:
        prefix = f"snapshots/{table.name}/snapshot="
        for version in _versions(place, prefix):
            snapshot = version["Key"][len(prefix) :].split("/")[0]
            last_written[snapshot] = max(version["LastModified"], last_written.get(snapshot, version["LastModified"]))
    return last_written


def _finish(place: _Place, stored: Mapping[str, datetime]) -> None:
    """Delete the manifests that an erasure which was killed had still to delete when their rows were gone."""
    prefix = erasure_key(place.source.name, "").removesuffix(".json")
    for key in list(store.keys(place.s3, place.bucket, prefix)):
        snapshot = key.removeprefix(prefix).removesuffix(".json")
        if snapshot not in stored:
            _delete_versions(place, manifests.key(place.source.name, snapshot))


def _versions(place: _Place, prefix: str) -> Iterator[Any]:
    pages = place.s3.get_paginator("list_object_versions").paginate(Bucket=place.bucket, Prefix=prefix)
    for page in pages:
        yield from page.get("Versions", ())
        yield from page.get("DeleteMarkers", ())


def _clear_away(place: _Place, snapshot: str, newest: datetime, *, sealed: bool, done: Erased) -> None:
    """Delete the rows of a snapshot that nobody can read any more: nobody can say whether the person is in it."""
    pointer = _pointer(place)
    if pointer is not None and pointer.says.snapshot == snapshot:
        raise ErasureError(
            f"the current snapshot {snapshot} of {place.source.name} is not whole: ingest it again first"
        )
    if snapshots.replaced_by(place.s3, place.bucket, place.source.name, snapshot) is None:  # else it is half deleted
        if not sealed and times.now() - newest < WRITTEN_LATELY:
            raise _UnsealedError
        done.removed.append(snapshot)
    if not place.dry_run:
        _delete(place, snapshot)


def _rewrite(place: _Place, manifest: Manifest, tokens: Mapping[KeyType, set[str]]) -> Manifest | None:
    """Write the snapshot again without the person's rows and return its manifest; ``None`` if there are none."""
    with tempfile.TemporaryDirectory(prefix="erase-") as scratch:
        folder = Path(scratch)
        people = {table.name for table in place.tables}
        files = _download(place, manifest, folder, people)
        gone = _rows_gone(place, files, tokens)
        if not gone:
            return None
        if manifest.contract != place.contract:
            raise ErasureError(
                f"snapshot {manifest.snapshot} of {place.source.name} has the person and was made by another "
                "version of the contract, so that it cannot be written again: ingest the source, then delete that "
                "snapshot by hand (docs/operating.md)"
            )
        files |= _download(place, manifest, folder, {table.name for table in place.source.tables} - people)
        staging = Staging(folder / "again", place.source.tables)
        staging.folder.mkdir()
        for table in place.source.tables:
            for path in files[table.name]:
                staging.carry(table, _without(pq.read_table(path), gone.get(path)))
        tables = [staging.settle(table) for table in place.source.tables]
        again = _manifest(place, manifest, tables, staging, gone, files)
        if not place.dry_run:
            again = snapshots.write(place.s3, place.bucket, again, tables, staging)
        return again


def _download(place: _Place, manifest: Manifest, folder: Path, tables: set[str]) -> dict[str, list[Path]]:
    """Fetch the files of ``tables`` and return them by table, in order."""
    files: dict[str, list[Path]] = {table: [] for table in tables}
    for number, file in enumerate(manifest.files):
        if file.table in tables:
            path = folder / f"{number}.parquet"
            try:
                place.s3.download_file(place.bucket, file.key, str(path))
            except ClientError as error:
                if aws.code(error) not in {"404", "NoSuchKey"}:
                    raise
                raise _GoneError from None
            files[file.table].append(path)
    return files


def _rows_gone(
    place: _Place, files: Mapping[str, Sequence[Path]], tokens: Mapping[KeyType, set[str]]
) -> dict[Path, Any]:
    """Return, by file, a mask of the rows to take out: those under a pseudonym, and the entries of their lists."""
    gone: dict[Path, Any] = {}
    for table in place.tables:
        ids: list[pa.Array[Any]] = []
        for path in files[table.name]:
            mask = _under(table, path, tokens)
            if pc.any(mask).as_py():
                gone[path] = mask
                rows = pq.read_table(path, columns=[table.primary_key[0]])
                ids.append(rows.filter(mask)[table.primary_key[0]].combine_chunks())
        for feed in place.source.feeds:
            for child in feed.children if feed.table == table and ids else ():
                for path in files[child.table.name]:
                    entries = pq.read_table(path)[child.table.columns[0].name]
                    gone[path] = pc.is_in(entries, value_set=pa.concat_arrays(ids))
    return gone


def _under(table: Table, path: Path, tokens: Mapping[KeyType, set[str]]) -> Any:
    """Return a mask of the rows of a file that are under one of the pseudonyms; only their columns are read."""
    stored = set(pq.read_schema(path).names)
    keyed = {column.name: column.key for column in table.columns if column.key in tokens and column.name in stored}
    rows = pq.read_table(path, columns=list(keyed))
    mask: Any = pa.chunked_array([pa.array([False] * rows.num_rows, pa.bool_())])
    for name, kind in keyed.items():
        if kind is not None:
            mask = pc.or_(mask, pc.is_in(rows[name], value_set=pa.array(sorted(tokens[kind]), pa.string())))
    return mask


def _without(rows: pa.Table, gone: Any) -> pa.Table:
    return rows if gone is None else rows.filter(pc.invert(gone))


def _manifest(
    place: _Place,
    manifest: Manifest,
    tables: Sequence[Settled],
    staging: Staging,
    gone: Mapping[Path, Any],
    files: Mapping[str, Sequence[Path]],
) -> Manifest:
    """Return the manifest of the rewritten snapshot: that of the old one, its counts less the rows taken out."""
    taken = Counter(
        {name: sum(pc.sum(gone[p]).as_py() or 0 for p in paths if p in gone) for name, paths in files.items()}
    )
    keyed = place.keys[manifest.key_id]
    snapshot = snapshots.snapshot_id(place.source.name, manifest.stands_at, place.contract, keyed, tables)
    facts = tuple(
        table.model_copy(
            update={"rows_in": table.rows_in - taken[table.table], "kept": table.kept - taken[table.table]}
        )
        for table in manifest.tables
    )
    counted = {name: count for name, count in staging.notes.items() if name.startswith("trn_")}
    kept = {name: count for name, count in manifest.notes.items() if not name.startswith("trn_")}
    changed = {
        "snapshot": snapshot,
        "tables": facts,
        "filled": {settled.table.name: settled.filled for settled in tables},
        "notes": dict(sorted((kept | counted).items())),
        "files": snapshots.files(tables, snapshot),
        "quarantine": None,  # the rows it lists are those of the old one's source, counted in ``tables`` still
        "erased": taken.total() + manifest.erased,
    }
    return manifest.model_copy(update=changed)


def _replace(place: _Place, snapshot: str, written: Manifest, pointer: manifests.Pointer | None) -> None:
    """Say which snapshot stands for the old one, make it current if the old one was, and delete the old rows."""
    said = {"source": place.source.name, "snapshot": snapshot, "replaced_by": written.snapshot}
    store.put_json(place.s3, place.bucket, erasure_key(place.source.name, snapshot), said)
    if pointer is not None:
        manifests.point(place.s3, place.bucket, written, pointer)
    _delete(place, snapshot)


def _delete(place: _Place, snapshot: str) -> None:
    """Delete every version of a snapshot's rows about people, then of its manifest."""
    for table in place.tables:
        _delete_versions(place, f"snapshots/{table.name}/snapshot={snapshot}/")
    _delete_versions(place, manifests.key(place.source.name, snapshot))


def _delete_versions(place: _Place, prefix: str) -> None:
    for version in list(_versions(place, prefix)):
        place.s3.delete_object(Bucket=place.bucket, Key=version["Key"], VersionId=version["VersionId"])
