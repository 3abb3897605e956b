"""Limits of disclosure control that cost a small world little, for tests that do not ask what a reader can work out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.template import Stack


def loose(stack: Stack) -> dict[str, str]:
    """Return the setting of ``compute_kpis`` that has its audit be content with nearly all: half of its time."""
    used = json.loads(stack.function("compute_kpis").environment["DISCLOSURE"])
    return {"DISCLOSURE": json.dumps(used | {"width": 1, "threshold": 1})}
