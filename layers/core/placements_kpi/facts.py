"""What an ingest says of its rows and its code lists: the two parts of the results contract that it needs.

They stand alone because an ingest starts sooner without the models of all the rest (:mod:`placements_kpi.results`).
"""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict, Field


class Document(BaseModel):
    """A part of a contract: no field that it does not know, and what validates it is made when it is first used."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class TableFacts(Document):
    """What became of the rows of one table: ``rows_in`` = ``kept`` + sum of ``refused`` + ``duplicates``."""

    table: str
    rows_in: int
    kept: int
    duplicates: int
    refused: dict[str, int] = Field(default_factory=dict)
    unknown_codes: dict[str, int] = Field(default_factory=dict)
    """Rows with a code not on the list, by column; they are kept."""


class DefinitionFile(Document):
    """One file of code lists and mappings that the figures rest on, as it describes itself."""

    file: str
    version: str
    dated: date
    source: str
