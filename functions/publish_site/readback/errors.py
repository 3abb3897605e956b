"""The one error of readback: it says where, and never what stands there."""

from __future__ import annotations

from placements_kpi.errors import PlacementsKpiError


class ReadbackError(PlacementsKpiError):
    """A file of a release cannot be read back, so nobody can say what it gives away."""

    def __init__(self, file: str, place: str, problem: str) -> None:
        super().__init__(f"{file}, {place}: {problem}")
        self.file, self.place = file, place
