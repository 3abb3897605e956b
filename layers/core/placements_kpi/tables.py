"""Curated tables: the one description that validation, Parquet and Glue all follow.

A contract (``functions/ingest_<source>/contract.py``) declares its tables with the
classes below. Ingest validates rows against it, writes Parquet with
:func:`arrow_schema`, and ``template.yaml`` declares :func:`glue_columns`; a test
compares the three.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pyarrow as pa

Kind = Literal["string", "integer", "boolean", "date", "timestamp", "string[]", "date[]"]
"""What a column holds. ``timestamp`` is UTC without a zone, in microseconds."""

KeyType = Literal["candidate", "trainee", "trn", "mentor"]
"""Types of person identifier; each is pseudonymised with its own prefix (sources#pseudonymous-keys)."""

_GLUE_TYPES = {"integer": "bigint", "string[]": "array<string>", "date[]": "array<date>"}
"""Of the kinds that Glue calls otherwise."""

EXPECTED: dict[Kind, str] = {
    "string": "a text",
    "integer": "a whole number",
    "boolean": "true or false",
    "date": "a day such as 2026-07-14",
    "timestamp": "an instant such as 2026-07-14T22:30:00Z",
    "string[]": "a list of texts",
    "date[]": "a list of days such as 2026-07-14",
}
"""What a source should give for each kind of column, in the words of an error."""


@dataclass(frozen=True)
class Column:
    """One column of a curated table.

    ``key`` marks a person identifier: the value is replaced by its keyed pseudonym
    before the row leaves memory. ``day_of`` names a timestamp column of the same
    table: this column is its London day, derived, never read from the source.
    ``derived`` marks any other column the ingest function works out itself.
    A text is one of ``codes`` or has the form ``pattern`` (:mod:`placements_kpi.codes`): one on no list is stored as
    ``unknown`` and counted, one of another form refuses its row. Of whole numbers, all short, one on no list is kept
    and counted. ``counted``: at ingest; else by the check of the lists (``compute_kpis/unknown_values.sql``).
    """

    name: str
    kind: Kind
    required: bool = False
    key: KeyType | None = None
    day_of: str | None = None
    derived: bool = False
    codes: frozenset[str] | None = None
    counted: bool = True
    pattern: str | None = None
    most: int | None = None
    """Greatest whole number; ``None``: that of a year (:data:`placements_kpi.fields.LARGEST_NUMBER`)."""

    @property
    def from_source(self) -> bool:
        """Whether the source gives this column (else it is worked out here)."""
        return self.day_of is None and not self.derived


@dataclass(frozen=True)
class Table:
    """One curated table: its columns, its own id, and what says which row is newest."""

    name: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()
    newest_by: str | None = None
    """Column whose greatest value wins among duplicates; ``None``: the later row wins."""
    reaches: str | None = None
    """The column of days of which the greatest says how far the table reaches, if its rows are of whole months."""
    left_out: tuple[str, str] | None = None
    """A column, and the value with which a row is left out: once duplicates are resolved, as the newest row decides."""
    description: str = ""
    never_empty: tuple[str, ...] = ()
    """Hidden columns of the service's, which a thousand rows always have somewhere."""

    def column(self, name: str) -> Column:
        """Return the column called ``name``; ``KeyError`` if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"table {self.name} has no column {name}")


def arrow_schema(table: Table) -> pa.Schema:
    """Return the Parquet schema of ``table``."""
    import pyarrow as pa

    types = {
        "string": pa.string(),
        "integer": pa.int64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us"),
        "string[]": pa.list_(pa.string()),
        "date[]": pa.list_(pa.date32()),
    }
    return pa.schema([pa.field(column.name, types[column.kind]) for column in table.columns])


def glue_columns(table: Table) -> list[dict[str, str]]:
    """Return the columns as a Glue table declares them (the partition column is apart)."""
    return [{"Name": column.name, "Type": _GLUE_TYPES.get(column.kind, column.kind)} for column in table.columns]
