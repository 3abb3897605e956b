"""A world: validated rows of the curated tables, as ingest leaves them but for what it derives.

Rows are dicts by column; a column left out is null. Instants are UTC without a zone. The columns
that ingest derives (London days, school lineage) are not in a world: each side works them out for itself.
"""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any

from functions.compute_kpis import contract
from placements_kpi.tables import Table

Row = Mapping[str, Any]

SOURCES = ("apply", "placements", "providers", "register", "schools", "vacancies")


@dataclass(frozen=True)
class World:
    """Rows by table, the as-of date D, and the day that the register of schools stands at."""

    as_of: date
    tables: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    schools_on: date | None = None
    """``None``: the as-of date."""
    definitions: Sequence[Row] = ()
    """Entries of code lists (``list``, ``code``, ``value``) beyond ours: what configuration may say one day."""

    def rows(self, table: str) -> Sequence[Row]:
        """Return the rows of ``table``; none if the world has none."""
        return self.tables.get(table, ())

    @property
    def register_day(self) -> date:
        """Return the day of the snapshot of schools: a close date before it contradicts an open status."""
        return self.schools_on or self.as_of


@cache
def tables() -> dict[str, Table]:
    """Return every table of the contracts, and the two that compute writes, by name."""
    found = [*contract.TABLES]
    for source in SOURCES:
        found.extend(importlib.import_module(f"functions.ingest_{source}.contract").TABLES)
    return {table.name: table for table in found}
