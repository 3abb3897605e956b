"""The facts a stand-in serves: the records of a drop, found by an index and read from disk when they are asked for."""

from __future__ import annotations

import gzip
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from local.errors import LocalError
from local.standins.replies import Service
from placements_kpi import times

Entry = TypeVar("Entry")


class StandinError(LocalError):
    """A stand-in has no facts to serve."""


def newest_drop(drops: Path, source: str) -> Path:
    """Return the folder of the source's newest drop; :class:`StandinError` if it has none."""
    days = sorted((drops / source).glob("dt=*"))
    if not days:
        raise StandinError(f"there is no drop of {source} in {drops}; make sample OUT={drops} writes some")
    return days[-1]


def drop_file(folder: Path, name: str) -> Path:
    """Return the file called ``name`` in a drop, gzipped or not; :class:`StandinError` if it is not there."""
    for path in (folder / name, folder / f"{name}.gz"):
        if path.exists():
            return path
    raise StandinError(f"there is no {name} in {folder}")


class Records(Generic[Entry]):
    """The records of an NDJSON file: an entry for each in memory, the rest on disk.

    A drop can hold a record twice, a service cannot: the newest stays, of equally new ones the later.
    """

    def __init__(
        self,
        path: Path,
        index: Callable[[dict[str, Any]], Entry | None],
        key: Callable[[Entry], tuple[Any, datetime]],
    ) -> None:
        """Index ``path``; ``key`` gives an entry's id and when it was updated.

        A record whose entry is ``None`` is left out, and a line that is no object too.
        """
        self._file: Any
        if path.name.endswith(".gz"):
            self._file = tempfile.TemporaryFile()  # noqa: SIM115  # open as long as the records are
            with gzip.open(path) as zipped:
                shutil.copyfileobj(zipped, self._file, 1 << 20)
            self._file.seek(0)
        else:
            self._file = path.open("rb")
        newest: dict[Any, tuple[Entry, int]] = {}
        at = 0
        for line in self._file:
            try:
                record = json.loads(line)
            except ValueError:
                record = None
            entry = index(record) if isinstance(record, dict) else None
            if entry is not None:
                ident, updated = key(entry)
                if ident not in newest or key(newest[ident][0])[1] <= updated:
                    newest[ident] = (entry, at)
            at += len(line)
        self.entries = list(newest.values())
        """An entry and where its record begins."""

    def read(self, at: int) -> dict[str, Any]:
        """Return the record that begins at ``at``."""
        self._file.seek(at)
        record: dict[str, Any] = json.loads(self._file.readline())
        return record

    def close(self) -> None:
        """Close the file."""
        self._file.close()


@dataclass(order=True)
class Edited:
    """What is in memory of a record that may be edited: in order of the last time that it was."""

    updated: datetime
    ident: str


EditedEntry = TypeVar("EditedEntry", bound=Edited)


class EditedService(Service, Generic[EditedEntry]):
    """A service whose records are edited while it is read."""

    def __init__(self, path: Path, index: Callable[[dict[str, Any]], EditedEntry | None]) -> None:
        self._records = Records(path, index, lambda entry: (entry.ident, entry.updated))
        self._entries = self._records.entries

    def touch(self) -> None:
        """Edit the record that was edited longest ago."""
        min(self._entries)[0].updated = times.now()

    def close(self) -> None:
        """Let go of the drop."""
        self._records.close()

    def _record(self, entry: EditedEntry, at: int) -> dict[str, Any]:
        record = self._records.read(at)
        if instant(record.get("updated_at")) != entry.updated:
            record["updated_at"] = written(entry.updated)
        return record


BEGINNING = datetime.min.replace(tzinfo=UTC)


def instant(text: Any) -> datetime:
    """Return the instant that a record says; the beginning of time if it says none that can be read."""
    try:
        return asked_instant(text if isinstance(text, str) else None)
    except ValueError:
        return BEGINNING


def asked_instant(text: str | None) -> datetime:
    """Return the instant that a query asks for, the beginning of time for none; ``ValueError`` if it is no ISO 8601."""
    if not text:
        return BEGINNING
    given = datetime.fromisoformat(text)
    return given if given.tzinfo else given.replace(tzinfo=UTC)


def written(at: datetime) -> str:
    """Return an instant as the services write it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
