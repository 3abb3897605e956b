"""Code lists and mappings as CSV files that say where they come from: ``list,code,value`` below three comment lines.

``docs/kpi-catalogue.md`` says what a file looks like. A function reads its own files only.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from placements_kpi.errors import PlacementsKpiError
from placements_kpi.facts import DefinitionFile

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = ["list", "code", "value"]

_VERSION = re.compile(r"[1-9]\d*(\.\d+)*")


class DefinitionsError(PlacementsKpiError):
    """A file of definitions cannot be used."""


@dataclass(frozen=True)
class Entry:
    """One row of a file of lists, which is one row of the table ``definitions``."""

    list: str
    code: str
    value: str


def read_lists(path: Path) -> tuple[DefinitionFile, list[tuple[int, Entry]]]:
    """Return what a file says of itself, and its entries with their line numbers.

    :class:`DefinitionsError` names the file and the line at fault.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    head = [line for line in lines if line.startswith("#")]
    about = _about(path, head)
    reader = csv.reader(lines[len(head) :], strict=True)
    if lines[: len(head)] != head or next(reader, None) != COLUMNS:
        raise DefinitionsError(f"{path.name}: the comments must be followed by the line {','.join(COLUMNS)}")
    rows: list[tuple[int, Entry]] = []
    seen: set[tuple[str, str]] = set()
    for number, row in enumerate(reader, start=len(head) + 2):
        if len(row) != len(COLUMNS) or not all(row) or any(cell != cell.strip() for cell in row):
            raise DefinitionsError(f"{path.name} line {number}: needs list, code and value, none blank or padded")
        entry = Entry(*row)
        if (entry.list, entry.code) in seen:
            raise DefinitionsError(f"{path.name} line {number}: {entry.code!r} is in list {entry.list!r} twice")
        seen.add((entry.list, entry.code))
        rows.append((number, entry))
    return about, rows


def mapping(path: Path, name: str) -> dict[str, str]:
    """Return one list of a file, code to value; :class:`DefinitionsError` if the file has no such list."""
    _, rows = read_lists(path)
    values = {entry.code: entry.value for _, entry in rows if entry.list == name}
    if not values:
        raise DefinitionsError(f"{path.name} has no list {name!r}; add it, or correct the name")
    return values


def _about(path: Path, head: list[str]) -> DefinitionFile:
    facts = {name.strip(): value.strip() for name, _, value in (line.removeprefix("#").partition(":") for line in head)}
    try:
        if not facts["source"] or not _VERSION.fullmatch(facts["version"]):
            raise KeyError
        return DefinitionFile(
            file=path.name,
            version=facts["version"],
            dated=date.fromisoformat(facts["date"]),
            source=facts["source"],
        )
    except (KeyError, ValueError):
        raise DefinitionsError(
            f"{path.name} must begin with '# source: …', '# date: YYYY-MM-DD' and '# version: 1' so that a reader can "
            "check it; raise the version when a list changes"
        ) from None
