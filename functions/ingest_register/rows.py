"""What a trainee record of Register becomes beyond its own columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from placements_kpi.fields import looks_like_an_id

if TYPE_CHECKING:
    from placements_kpi.sources import Row

UNMAPPED = "unmapped"


def prepare(row: Row) -> None:
    """Fill ``placement_urns`` and tidy ``withdrawal_reasons`` of a trainee, in place.

    A placement typed by hand has no URN and is left out. A reason that is not an id may be
    free text about a person: ``unmapped`` stands in its place.
    """
    placements = row.pop("placements", None)
    if placements is not None:
        row["placement_urns"] = sorted({placement["urn"] for placement in placements if placement.get("urn")})
    reasons = row.get("withdrawal_reasons")
    if reasons is not None:
        row["withdrawal_reasons"] = sorted({_reason(given) for given in reasons if given})


def _reason(given: str) -> str:
    return given.lower() if looks_like_an_id(given.lower()) else UNMAPPED
