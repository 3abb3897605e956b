"""The documented shapes of the services, one file a repository: what its source says, with the file that says so."""

from __future__ import annotations

import importlib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date

    from placements_kpi.sources import Source

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Contract:
    """One repository at one commit, and what was read in it."""

    name: str
    service: str
    repository: str
    commit: str
    held_on: date
    said: dict[str, Any]

    @property
    def source(self) -> Source:
        """Return the source that we read the service as."""
        found: Source = importlib.import_module(f"functions.ingest_{self.service}.app").SOURCE
        return found

    def shapes(self, kind: str) -> list[dict[str, Any]]:
        """Return its shapes of a kind: ``enum``, ``answer``, ``record`` or ``file``."""
        return list(self.said.get(kind, ()))


def contracts() -> list[Contract]:
    """Return every contract, by name."""
    found = []
    for path in sorted(FOLDER.glob("*.toml")):
        said = tomllib.loads(path.read_text(encoding="utf-8"))
        about = (said.pop(name) for name in ("service", "repository", "commit", "held_on"))
        found.append(Contract(path.stem, *about, said))
    return found
