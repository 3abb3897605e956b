"""What ``compute_kpis`` can be asked for: an event parsed into a :class:`Request`, or one clear error."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from placements_kpi.envelopes import unwrap
from placements_kpi.errors import PlacementsKpiError


class RequestError(PlacementsKpiError):
    """An event asks for something that this function does not do."""


class Request(BaseModel):
    """``{}``: compute for yesterday. Otherwise one of the operator's requests (events/)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    action: Literal["compute", "recompute", "restate", "status", "preflight"] = "compute"
    as_of: date | None = None
    """The as-of date (a London day, not in the future); default: yesterday."""
    release: str | None = Field(default=None, pattern=r"^\d{4}-\d{2}-\d{2}\.[1-9]\d*$")
    """The release to work out again from its own snapshots (``recompute``) or from today's (``restate``)."""
    dry_run: bool = False
    """Work everything out and change nothing that anybody reads."""

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if (self.action in {"recompute", "restate"}) != (self.release is not None):
            raise ValueError("recompute and restate need a release, and nothing else takes one")
        if self.action != "compute" and (self.as_of or self.dry_run):
            raise ValueError("only compute takes as_of and dry_run")
        return self


def parse(event: Any) -> Request:
    """Return what ``event`` asks for; :class:`RequestError` names what is wrong with it."""
    try:
        return Request.model_validate(unwrap(event), strict=False)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the event"
        raise RequestError(
            f"the event cannot be understood: {where}: {first['msg']}; it takes as_of (YYYY-MM-DD) and dry_run, or "
            "action recompute or restate with a release, or action status or preflight; events/ has one of each"
        ) from None
