"""The documented shapes of the services, one file a repository: what its source says, with the file that says so.

Of a service without a public repository it is a document, by its address, and the version that was read.
"""

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
    """One repository at one commit, or one document, and what was read in it."""

    name: str
    service: str
    held_on: date
    said: dict[str, Any]
    repository: str = ""
    commit: str = ""
    document: str = ""
    version: str = ""

    @property
    def cited(self) -> str:
        """Return the address of what was read."""
        return self.document or f"https://github.com/{self.repository}/tree/{self.commit}"

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
        about = {name: said.pop(name) for name in [*said] if not isinstance(said[name], dict | list)}
        found.append(Contract(name=path.stem, said=said, **about))
    return found
