"""The drops read by the real ingest: its readers, its staging, the tables that the queries read."""

import importlib
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from unittest import mock

import pyarrow as pa

from functions.compute_kpis import contract
from functions.ingest_apply import reasons
from placements_kpi import records
from placements_kpi.pseudonyms import Pseudonyms
from placements_kpi.sources import Source, SourceFile
from placements_kpi.staging import Staging
from placements_kpi.tables import Table
from tests.book.drops import FEEDS, Drops
from tests.book.reading import KEY

MEMORY = "/dev/shm"
"""Where there is one, scratch files cost no disk."""


def ingested(drops: Drops, sources: Iterable[str]) -> dict[str, pa.Table]:
    """Return the curated tables that ingest makes of the drops of ``sources``."""
    found: dict[str, pa.Table] = {}
    with _knows_reasons(drops):
        for name in sources:
            with tempfile.TemporaryDirectory(dir=MEMORY if Path(MEMORY).is_dir() else None) as folder:
                found |= _settled(source_of(name), drops, Path(folder))
    return found


@contextmanager
def _knows_reasons(drops: Drops) -> Iterator[None]:
    """Have ingest know the reasons for rejection that configuration has: a new one is added to its list too."""
    new = {entry["code"] for entry in drops.definitions if entry["list"] == "rejection_reason_group_of_id"}
    if not new:
        yield
        return
    try:
        with mock.patch.object(reasons, "KNOWN", reasons.KNOWN | new):
            reasons.stored.cache_clear()
            yield
    finally:
        reasons.stored.cache_clear()


@cache
def source_of(name: str) -> Source:
    """Return what the ingest function of a source says of it."""
    source: Source = importlib.import_module(f"functions.ingest_{name}.app").SOURCE
    assert [feed.name for feed in source.feeds] == [*FEEDS[name]]
    return source


@cache
def tables() -> dict[str, Table]:
    """Return every table of the contracts, and the two that compute writes, by name."""
    found = [*contract.TABLES, *(table for name in FEEDS for table in source_of(name).tables)]
    return {table.name: table for table in found}


@cache
def sources_of(tables: frozenset[str]) -> tuple[str, ...]:
    """Return the sources that ``tables`` are made from."""
    return tuple(name for name in FEEDS if tables & {table.name for table in source_of(name).tables})


def _settled(source: Source, drops: Drops, folder: Path) -> dict[str, pa.Table]:
    parents = {child.table.name: feed.table.name for feed in source.feeds for child in feed.children}
    staging = Staging(folder, source.tables, parents, drops.stands_on(source.name))
    (source.read or records.read)(
        source,
        {feed.name: _file(source, feed.name, drops, folder) for feed in source.feeds},
        staging,
        Pseudonyms(KEY) if source.has_person_keys else None,
    )
    found = {}
    for table in source.tables:
        batches = list(staging.settle(table).batches())
        if batches:
            found[table.name] = pa.Table.from_batches(batches)
    return found


def _file(source: Source, feed: str, drops: Drops, folder: Path) -> SourceFile:
    if source.name == "service":
        path = folder / f"{feed}.csv"
        path.write_bytes(drops.table(feed))
        return SourceFile(path.name, (path,))
    if source.name != "schools":
        return SourceFile(feed, records=drops.lines(feed))
    prefix = "edubasealldata" if feed == "schools" else "links_edubasealldata"
    path = folder / f"{prefix}{drops.register_day:%Y%m%d}.csv"
    path.write_bytes(drops.table(feed))
    return SourceFile(path.name, (path,))
