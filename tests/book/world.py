"""A world as the book's side reads it: one row an id, by the names of the tables.

Rows are dicts by column; a column left out is null. Instants are UTC without a zone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

Row = Mapping[str, Any]


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
