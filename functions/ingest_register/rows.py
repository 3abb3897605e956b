"""What a trainee record of Register becomes beyond its own columns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from functions.ingest_register.contract import UNMAPPED, WITHDRAWAL_REASONS
from placements_kpi.codes import URN

if TYPE_CHECKING:
    from placements_kpi.sources import Row

_URN = re.compile(URN)


def prepare(row: Row) -> None:
    """Fill ``placement_urns`` and tidy ``withdrawal_reasons`` of a trainee, in place.

    A placement typed by hand has no URN, or something else in its place: it is left out, and the trainee stays. A
    reason is a listed one, or ``unmapped`` stands in its place.
    """
    placements = row.pop("placements", None)
    if placements is not None:
        row["placement_urns"] = sorted(
            {urn for placement in placements if (urn := placement.get("urn")) and _URN.fullmatch(urn)}
        )
    reasons = row.get("withdrawal_reasons")
    if reasons:
        given = {reason.lower() for reason in reasons if reason}
        row["withdrawal_reasons"] = sorted({code if code in WITHDRAWAL_REASONS else UNMAPPED for code in given})
