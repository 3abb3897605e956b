"""Code lists and mappings: ``definitions/*.csv`` as one checked list of entries.

``docs/kpi-catalogue.md`` says what a file looks like.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from placements_kpi.errors import PlacementsKpiError

FOLDER = Path(__file__).parent / "definitions"
COLUMNS = ["list", "code", "value"]


class DefinitionsError(PlacementsKpiError):
    """A file of definitions cannot be used."""


@dataclass(frozen=True)
class Entry:
    """One row of the table ``definitions``."""

    list: str
    code: str
    value: str


@dataclass(frozen=True)
class Definitions:
    """All entries, in the order of the files, and the newest date that a file gives itself."""

    entries: tuple[Entry, ...]
    dated: date

    def entries_of(self, name: str) -> tuple[Entry, ...]:
        """Return the entries of one list, in the file's order; :class:`DefinitionsError` if there is no such list."""
        found = tuple(entry for entry in self.entries if entry.list == name)
        if not found:
            raise DefinitionsError(f"no file in definitions/ has a list {name!r}; add it, or correct the name")
        return found


def load_definitions(folder: Path = FOLDER) -> Definitions:
    """Return the entries of every CSV in ``folder``; :class:`DefinitionsError` names the file and line at fault."""
    entries: list[Entry] = []
    dates: list[date] = []
    home: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    for path in sorted(folder.glob("*.csv")):
        dated, rows = _read(path)
        dates.append(dated)
        for line, entry in rows:
            if home.setdefault(entry.list, path.name) != path.name:
                raise DefinitionsError(f"list {entry.list!r} is in both {home[entry.list]} and {path.name}; keep one")
            if (entry.list, entry.code) in seen:
                raise DefinitionsError(f"{path.name} line {line}: {entry.code!r} is in list {entry.list!r} twice")
            seen.add((entry.list, entry.code))
            entries.append(entry)
    if not entries:
        raise DefinitionsError(f"{folder} has no definitions; it should hold at least calendar.csv and regions.csv")
    return Definitions(entries=tuple(entries), dated=max(dates))


def _read(path: Path) -> tuple[date, list[tuple[int, Entry]]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    head = [line for line in lines if line.startswith("#")]
    dated = _dated(path, head)
    reader = csv.reader(lines[len(head) :], strict=True)
    if lines[: len(head)] != head or next(reader, None) != COLUMNS:
        raise DefinitionsError(f"{path.name}: the comments must be followed by the line {','.join(COLUMNS)}")
    rows = []
    for number, row in enumerate(reader, start=len(head) + 2):
        if len(row) != len(COLUMNS) or not all(row) or any(cell != cell.strip() for cell in row):
            raise DefinitionsError(f"{path.name} line {number}: needs list, code and value, none blank or padded")
        rows.append((number, Entry(*row)))
    return dated, rows


def _dated(path: Path, head: list[str]) -> date:
    facts = dict(line.removeprefix("#").strip().partition(":")[::2] for line in head)
    try:
        if not facts["source"].strip():
            raise KeyError("source")
        return date.fromisoformat(facts["date"].strip())
    except (KeyError, ValueError):
        raise DefinitionsError(
            f"{path.name} must begin with '# source: …' and '# date: YYYY-MM-DD' so that a reader can check it"
        ) from None
