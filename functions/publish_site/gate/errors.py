"""Why a release is stopped: the file and the place in it, never the value."""

from __future__ import annotations

from placements_kpi.errors import PlacementsKpiError


class GateError(PlacementsKpiError):
    """A release may not be published as it was rendered; nothing of it is written."""


def stopped(file: str, place: str, problem: str) -> GateError:
    """Return the error for what stands at ``place`` of ``file``."""
    return GateError(f"the release is not published: {file}, {place}: {problem}")
