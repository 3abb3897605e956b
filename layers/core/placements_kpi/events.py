"""What an ingest function can be asked for: an event parsed into :class:`IngestEvent`, or one clear error."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from placements_kpi import times
from placements_kpi.envelopes import unwrap
from placements_kpi.errors import PlacementsKpiError
from placements_kpi.manifests import SNAPSHOT_ID


class EventError(PlacementsKpiError):
    """An event asks for something that no function does."""


def _day(given: Any) -> Any:
    if not isinstance(given, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", given):
        raise ValueError("a day is written YYYY-MM-DD")
    return date.fromisoformat(given)


Day = Annotated[date, BeforeValidator(_day)]
"""A London day, written ``YYYY-MM-DD``."""


class IngestEvent(BaseModel):
    """``{}``: ingest what is newest. Otherwise one of the operator's requests (docs/operating.md)."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    action: Literal["ingest", "accept", "rekey", "erase"] = "ingest"
    """``rekey``: read what is current again, with the key that the secret holds now. ``erase``: take the person whom
    the erasure secret names out of every retained snapshot. Neither takes anything that names a person: an event can
    end in a queue and in a log."""
    snapshot: str | None = Field(default=None, pattern=SNAPSHOT_ID)
    """The stored snapshot to make current (``accept``)."""
    day: Day | None = None
    """Ingest the source as it stood on this London day, even if it is older than the current snapshot."""
    dry_run: bool = False
    """Do everything but write."""
    full: bool = False
    """Pull everything from an incremental source."""

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if (self.action == "accept") != (self.snapshot is not None):
            raise ValueError("accept needs a snapshot, and nothing else takes one")
        if self.action != "ingest" and (self.day or self.full):
            raise ValueError("only an ingest takes a day or full")
        return self


def parse(event: Any) -> IngestEvent:
    """Return what ``event`` asks for; :class:`EventError` names the keys that are wrong, not their values."""
    try:
        parsed = IngestEvent.model_validate(unwrap(event))
    except ValidationError as error:
        wrong = sorted({str(problem["loc"][0]) for problem in error.errors() if problem["loc"]})
        where = f": wrong or unknown keys {', '.join(wrong)}" if wrong else ""
        raise EventError(
            f"the event is not one an ingest function understands{where}; it takes day, full, dry_run, "
            "or action accept with a snapshot, or action rekey or erase; events/ has one of each"
        ) from None
    if parsed.day is not None and parsed.day > times.today():
        raise EventError(f"the event asks for {parsed.day}, which is in the future")
    return parsed
