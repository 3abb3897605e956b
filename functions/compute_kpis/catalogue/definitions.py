"""Code lists and mappings: ``definitions/*.csv`` as one checked list of entries.

``docs/kpi-catalogue.md`` says what a file looks like.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from placements_kpi.lists import DefinitionsError, Entry, read_lists

if TYPE_CHECKING:
    from placements_kpi.facts import DefinitionFile

__all__ = ["FOLDER", "Definitions", "DefinitionsError", "Entry", "load_definitions"]

FOLDER = Path(__file__).parents[1] / "definitions"


@dataclass(frozen=True)
class Definitions:
    """All entries, in the order of the files, what each file says of itself, and the newest date among them."""

    entries: tuple[Entry, ...]
    dated: date
    files: tuple[DefinitionFile, ...] = ()

    def entries_of(self, name: str) -> tuple[Entry, ...]:
        """Return the entries of one list, in the file's order; :class:`DefinitionsError` if there is no such list."""
        entries = tuple(entry for entry in self.entries if entry.list == name)
        if not entries:
            raise DefinitionsError(f"no file in definitions/ has a list {name!r}; add it, or correct the name")
        return entries


def load_definitions(folder: Path = FOLDER) -> Definitions:
    """Return the entries of every CSV in ``folder``; :class:`DefinitionsError` names the file and line at fault."""
    entries: list[Entry] = []
    files: list[DefinitionFile] = []
    home: dict[str, str] = {}
    for path in sorted(folder.glob("*.csv")):
        about, rows = read_lists(path)
        files.append(about)
        for _, entry in rows:
            if home.setdefault(entry.list, path.name) != path.name:
                raise DefinitionsError(f"list {entry.list!r} is in both {home[entry.list]} and {path.name}; keep one")
            entries.append(entry)
    if not entries:
        raise DefinitionsError(f"{folder} has no definitions; it should hold at least calendar.csv and regions.csv")
    return Definitions(entries=tuple(entries), dated=max(file.dated for file in files), files=tuple(files))
