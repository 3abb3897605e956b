"""Parts of the results contract that others need too: what an ingest says of its rows and code lists, and the limits.

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


class Disclosure(Document):
    """The limits of disclosure control as they are configured, with who approved them; a release echoes them."""

    base: int = Field(ge=1)
    """Counts of people are multiples of this."""
    floor: int = Field(ge=1)
    """Fewest people, after rounding, that a region or category may show."""
    percentage_floor: int = Field(ge=1)
    """Fewest people, after rounding, that a percentage may be out of."""
    width: int = Field(ge=1)
    """Least that the highest and the lowest possible true count of a reader must be apart."""
    threshold: int = Field(ge=1)
    """No reader may be certain that a region or category has fewer people than this."""
    attempts: int = Field(ge=0)
    """How many times the build withholds more and tries again before it stops."""
    solver_seconds: float = Field(gt=0)
    """Time for one problem of the audit; more than that is a failure."""
    external_totals: dict[str, tuple[int, int]] = Field(default_factory=dict)
    """Lowest and highest value of quantities that others publish, by the quantity's name."""
    few_accepted: bool = False
    """Whether it is accepted that a ``c`` beside numbers can be read as fewer than ``floor``; else a row is hidden."""
    approved_by: str
    approved_on: date

    @property
    def approved(self) -> bool:
        """Whether somebody has approved these limits (publishing#approval)."""
        return names_approver(self.approved_by)


def names_approver(text: str) -> bool:
    """Return whether a text names who approved: one that begins with "not", or says nothing, names nobody."""
    return bool(text.strip()) and not text.strip().lower().startswith("not")
