"""What is stored of a snapshot beside its rows: the manifest that seals it, and the pointer that makes it current.

The manifest says what it was read from, what became of its rows, and which files are all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from placements_kpi import store
from placements_kpi.facts import DefinitionFile, TableFacts  # noqa: TC001 - pydantic reads it when the module runs

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

SNAPSHOT_ID = r"^\d{8}-[0-9a-f]{12}$"


def _instant(text: str) -> str:
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("an instant has a time zone")
    return text


Instant = Annotated[str, AfterValidator(_instant)]
"""ISO 8601 in UTC, as it is stored."""


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class File(_Stored):
    """One Parquet part: the table, the key in S3, its size and SHA-256."""

    table: str
    key: str
    bytes: int
    sha256: str


class Failure(_Stored):
    """A gate that a table failed; ``detail`` is a sentence with numbers, never a value."""

    gate: str
    table: str
    """Empty: the snapshot as a whole."""
    detail: str

    @property
    def which(self) -> tuple[str, str]:
        """Return the gate and the table, without what is said of them this time."""
        return self.gate, self.table


class Judgement(_Stored):
    """The gates that a snapshot failed."""

    failed: tuple[Failure, ...] = ()


class Manifest(_Stored):
    """A JSON document without a clock time of ours, so that equal runs agree.

    ``status`` is the gates' judgement when it was made. A snapshot that an operator accepts all the same keeps it;
    what is current is for the pointer alone to say. Of one that is refused only counts are kept, and no files.
    """

    source: str
    snapshot: str
    status: Literal["accepted", "refused"]
    as_of: Instant
    """When its data stands."""
    kind: Literal["full", "delta"]
    previous: str | None
    """The snapshot that a delta was merged into."""
    fetched: dict[str, Any]
    """What its transport said of it (:attr:`placements_kpi.sources.Fetched.facts`)."""
    contract: str
    key_id: str | None
    """Id of the key of its pseudonyms; ``None`` for a source without people."""
    code_version: str
    definitions: tuple[DefinitionFile, ...] = ()
    tables: tuple[TableFacts, ...]
    filled: dict[str, dict[str, int]]
    """Rows that have something in a column, by table and column."""
    reaches: dict[str, date] = Field(default_factory=dict)
    """The last day that a table has whole months up to, of the tables that are counted in months."""
    notes: dict[str, int]
    gates: Judgement
    files: tuple[File, ...]
    quarantine: str | None
    """Key of what lists its refused rows."""
    erased: int = Field(default=0, ge=0)
    """Rows that erasures have taken out of it, and out of those that it replaced."""

    @property
    def stands_at(self) -> datetime:
        """Return the instant that its data stands at."""
        return datetime.fromisoformat(self.as_of)

    @property
    def was_refused(self) -> bool:
        """Whether only its counts are kept: it was refused, and nobody has accepted it."""
        return self.status == "refused" and not self.files

    @property
    def failed(self) -> set[tuple[str, str]]:
        """The gates that it failed, with their tables."""
        return {failure.which for failure in self.gates.failed}

    def body(self) -> dict[str, Any]:
        """Return it as it is stored: ``erased`` and ``reaches`` are said where there is something to say only."""
        said = {"erased": self.erased, "reaches": self.reaches}
        return self.model_dump(mode="json", exclude={name for name, value in said.items() if not value})


class Current(_Stored):
    """What the pointer of a source says: which snapshot is current, and where its manifest is."""

    source: str
    snapshot: str = Field(pattern=SNAPSHOT_ID)
    as_of: Instant
    manifest: str


@dataclass(frozen=True)
class Pointer:
    """The pointer of a source, and the object as it was read."""

    says: Current
    as_read: store.Pointer


def read_pointer(s3: S3Client, bucket: str, source: str) -> Pointer | None:
    """Return the pointer of ``source``; ``None`` before its first snapshot.

    Raises :class:`~placements_kpi.store.BrokenObjectError` for one that does not name a snapshot.
    """
    pointer = store.read_pointer(s3, bucket, f"current/{source}.json")
    if pointer is None:
        return None
    try:
        return Pointer(Current.model_validate(pointer.body), pointer)
    except ValidationError:
        raise store.BrokenObjectError(
            f"s3://{bucket}/current/{source}.json does not name a snapshot; put back an earlier version of the object",
            pointer.etag,
        ) from None


def saying(manifest: Manifest) -> Current:
    """Return what the pointer says when the snapshot of ``manifest`` is current."""
    place = key(manifest.source, manifest.snapshot)
    return Current(source=manifest.source, snapshot=manifest.snapshot, as_of=manifest.as_of, manifest=place)


def point(s3: S3Client, bucket: str, manifest: Manifest, before: Pointer | None) -> None:
    """Make the snapshot of ``manifest`` current; :class:`~placements_kpi.store.LostRaceError` if another is by now."""
    body = saying(manifest).model_dump()
    store.swap(s3, bucket, f"current/{manifest.source}.json", body, before.as_read if before else None)


def key(source: str, snapshot: str) -> str:
    """Return the key of a snapshot's manifest."""
    return f"manifests/{source}/{snapshot}.json"


def parse(body: Any, place: str) -> Manifest:
    """Return a stored manifest; :class:`~placements_kpi.store.BrokenObjectError` names what of it is wrong."""
    try:
        return Manifest.model_validate(body)
    except ValidationError as error:
        wrong = sorted({str(problem["loc"][0]) for problem in error.errors() if problem["loc"]})
        raise store.BrokenObjectError(
            f"{place} is no manifest of a snapshot ({', '.join(wrong)}); put back an earlier version of the object"
        ) from None


def read(s3: S3Client, bucket: str, key: str) -> Manifest:
    """Return the manifest at ``key``; :class:`~placements_kpi.store.StoreError` if there is none that can be read."""
    return parse(store.read_json(s3, bucket, key), f"s3://{bucket}/{key}")


def find(s3: S3Client, bucket: str, key: str) -> tuple[Manifest, store.Pointer] | None:
    """Return the manifest at ``key`` and the object as it was read; ``None`` if there is none."""
    pointer = store.read_pointer(s3, bucket, key)
    return None if pointer is None else (parse(pointer.body, f"s3://{bucket}/{key}"), pointer)
