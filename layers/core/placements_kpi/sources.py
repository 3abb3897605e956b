"""What a source is to the ingest pipeline, and what a transport hands to it.

A function declares one :class:`Source` beside its contract. A transport (a drop,
or the function's own client) turns a :class:`Request` into a :class:`Fetched`:
files and records as the source gave them, nothing validated yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from placements_kpi.errors import PlacementsKpiError
from placements_kpi.lists import read_lists

if TYPE_CHECKING:
    import pyarrow as pa
    from pydantic_core import CoreSchema

    from placements_kpi.facts import DefinitionFile
    from placements_kpi.manifests import Failure
    from placements_kpi.pseudonyms import Pseudonyms
    from placements_kpi.settings import IngestSettings
    from placements_kpi.staging import Staging
    from placements_kpi.tables import Column, Table

Row = dict[str, Any]
"""A validated row: the contract's columns from the source, as Python values (instants in UTC)."""

Prepare = Callable[[Row], None]
"""Works out a row's derived columns in place. Raises :class:`RowError` for a row that cannot be kept."""


class SourceError(PlacementsKpiError):
    """A source could not be fetched, or what it gave cannot be used as a whole."""


class RowError(PlacementsKpiError):
    """One row cannot be kept: ``reason`` is a code (``wrong_type``), ``column`` where, if it is one column."""

    def __init__(self, reason: str, column: str | None = None) -> None:
        super().__init__(f"{reason} in column {column}" if column else reason)
        self.reason = reason
        self.column = column


@dataclass(frozen=True)
class Tombstone:
    """In place of a record of a delta: the row with this id is gone (the id as the source writes it)."""

    key: str


@dataclass(frozen=True)
class Refusal:
    """Why a row was refused: see :class:`RowError`."""

    reason: str
    column: str | None


Record = bytes | Mapping[str, Any] | Tombstone | Refusal
"""One record as fetched: a JSON document, an object already parsed from JSON (its dates still text), or why its
source's own reader refuses it."""


@dataclass(frozen=True)
class Piece:
    """Stands after the records of a piece that can be kept: ``keep`` is given its rows and what was refused of it."""

    keep: Callable[[pa.Table, Sequence[Refusal]], None]


@dataclass(frozen=True)
class Kept:
    """A piece that an earlier run read: rows already validated and keyed, and what was refused."""

    rows: pa.Table
    refused: Sequence[Refusal]


@dataclass(frozen=True)
class SourceFile:
    """One file or list of a source: either ``paths`` (on this machine, ``.gz`` or not) or ``records``."""

    name: str
    """The file's own name, or the resource's; the quarantine names it."""
    paths: tuple[Path, ...] = ()
    """One, or the shards of a file in their order: their rows are numbered through."""
    records: Iterable[Record | Piece | Kept] | None = None
    """A list that is read in pieces has a :class:`Piece` after each, or a :class:`Kept` in its place."""
    in_pieces: bool = False
    rows: int | None = None
    """Data rows that its manifest promises; the reader refuses any other number with :func:`check_rows`."""


def check_rows(file: SourceFile, rows: int) -> None:
    """Raise :class:`SourceError` if ``file`` was promised to have another number of data rows than ``rows``."""
    if file.rows is not None and file.rows != rows:
        raise SourceError(
            f"{file.name} has {rows} rows where its manifest says {file.rows}; "
            "it is truncated, doubled or was changed after its manifest: ask its owner to export it again"
        )


@dataclass(frozen=True)
class Fetched:
    """What a transport got: one file a feed, by the feed's name, and what is known about the whole."""

    as_of: datetime
    """The instant (UTC) that the data stands at, as the source says it; for a live service, the run's start."""
    files: Mapping[str, SourceFile]
    kind: Literal["full", "delta"] = "full"
    """``full`` replaces the previous snapshot; ``delta`` is merged into it by id, newest first."""
    facts: dict[str, Any] = field(default_factory=dict)
    """JSON for the manifest (``fetched``): requests made, watermark, files with their SHA-256. No personal data.
    The next request sees it as ``previous.facts``. May still be filled while ``files`` are being read."""
    carry: dict[str, set[str]] = field(default_factory=dict)
    """Rows of the previous snapshot that a full pull takes over: by column, its values. Filled while reading."""
    problems: list[Failure] = field(default_factory=list)
    """Gates that the transport itself finds failed. Filled as ``files`` are read."""


@dataclass(frozen=True)
class Previous:
    """The current snapshot, as the next request needs it."""

    snapshot: str
    as_of: datetime
    facts: dict[str, Any]
    """The ``facts`` of the :class:`Fetched` it was made from."""


@dataclass(frozen=True)
class Request:
    """What is asked of a transport."""

    settings: IngestSettings
    folder: Path
    """A scratch folder, removed after the run."""
    tokens: tuple[str, ...] = ()
    """Bearer tokens of the source's secret (``SOURCE_SECRET_ARN``); empty if it has none."""
    previous: Previous | None = None
    """``None``: there is nothing to merge a delta into, so a full pull is needed."""
    full: bool = False
    """A full pull was asked for."""
    kept_for: str = ""
    """What rows that are kept for a later run depend on (key, contract, code); empty: none may be kept."""
    day: date | None = None
    """The London day asked for; a client that cannot give a named day raises :class:`SourceError`."""


Fetch = Callable[[Request], Fetched]
"""A client of a live service, ``fetch`` of ``functions/ingest_<source>/client.py``: what the service has, records
lazily; raises :class:`SourceError`."""


@dataclass(frozen=True)
class Children:
    """A list inside a feed's records that becomes rows of a table of its own."""

    field: str
    """Name of the list in the record: ``hosting_preferences``."""
    table: Table
    """Its first column is the record's own id, the others come from the entries."""


@dataclass(frozen=True)
class Feed:
    """One file of a drop, or one list of a live service."""

    name: str
    """Name of the feed in :attr:`Fetched.files`."""
    table: Table
    """The table its records become."""
    file_pattern: str = ""
    """Regular expression of the drop file's whole name without ``.gz``; empty: ``<name>.ndjson``."""
    prepare: Prepare | None = None
    prepares: tuple[str, ...] = ()
    """The columns that ``prepare`` looks at or fills. It changes nothing of a row that has neither any of them nor an
    extra field or a nested list."""
    extra: Mapping[str, CoreSchema] = field(default_factory=dict)
    """Fields read only to work out derived columns, and then dropped: name and what they hold."""
    nested: Mapping[str, tuple[Column, ...]] = field(default_factory=dict)
    """The same of lists of objects: name, and the columns of an entry."""
    children: tuple[Children, ...] = ()
    upper: tuple[str, ...] = ()
    """Columns stored in upper case."""
    lower: tuple[str, ...] = ()
    """Columns stored in lower case."""
    still_says: tuple[str, str] | None = None
    """A column that says yes or no, and that of the person of whom: a row that is refused still says it of their
    other rows."""


@dataclass(frozen=True)
class Reference:
    """A link between tables whose broken ends are counted, never refused."""

    note: str
    """Name of the count: ``applications_without_vacancy``."""
    table: Table
    columns: tuple[str, ...]
    to_table: Table
    to_columns: tuple[str, ...]


@dataclass(frozen=True)
class Warehouse:
    """Where the queries of a source in BigQuery are, and which services' tables they read."""

    queries: Path
    """A folder with ``<feed>.sql`` for every feed. Tables are written `` `<service>.<entity>_latest` `` or
    ``…_version``; ``${each}`` stands for ``<feed>.<service>.sql`` of every service that the location names, united,
    and ``${<name>}`` for ``parts/<name>.sql``.
    ``@as_of`` is the snapshot's instant."""
    services: Mapping[str, str]
    """The services by name, and the event source that their tables' names end in."""
    worked_out: frozenset[str] = frozenset()
    """Columns of a contract that no query gives, since the ingest works them out of others."""


Read = Callable[["Source", Mapping[str, SourceFile], "Staging", "Pseudonyms | None"], None]
"""Stages every row of fetched files (:func:`placements_kpi.records.read` those of JSON); raises :class:`SourceError` if
a file as a whole cannot be used."""

GATES = (
    "min_rows",
    "max_rows",
    "max_change_percent",
    "max_refused_percent",
    "max_duplicate_percent",
    "max_unusable_trn_percent",
)
"""The settings (:class:`placements_kpi.settings.IngestSettings`) that are limits of gates."""


@dataclass(frozen=True)
class Source:
    """Everything the pipeline needs to know about one source."""

    name: str
    tables: tuple[Table, ...]
    feeds: tuple[Feed, ...]
    fetch: Fetch | None = None
    """Its client, if it has a live service; ``None``: none."""
    warehouse: Warehouse | None = None
    """Its tables in BigQuery, if they can be read there."""
    read: Read | None = None
    """``None``: its records are JSON."""
    references: tuple[Reference, ...] = ()
    lists: tuple[Path, ...] = ()
    """The files of code lists that it reads rows with (:mod:`placements_kpi.lists`)."""
    gates: Mapping[str, float] = field(default_factory=dict)
    """The limits of its gates that are not the usual ones, by the name of the setting (:data:`GATES`)."""

    @property
    def definitions(self) -> tuple[DefinitionFile, ...]:
        """Return what each of its lists says of itself, for the manifest and the run record."""
        return tuple(read_lists(path)[0] for path in self.lists)

    @property
    def has_person_keys(self) -> bool:
        """Whether any column is a person identifier, so that a pseudonym key is needed."""
        return any(column.key for table in self.tables for column in table.columns)
