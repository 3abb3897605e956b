"""Runs to be disturbed: for every function, each kind of run that an event can ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Scenario:
    """One run: what is there before it, and the event that starts it."""

    function: str
    what: str
    prepare: Callable[[], None]
    event: Mapping[str, Any] | Callable[[], Mapping[str, Any]] = field(default_factory=dict)
    records: bool = True
    """Whether such a run leaves a record: one that only looks does not."""

    @property
    def name(self) -> str:
        """Return what the run is called."""
        return f"{self.function}, {self.what}"


def every_scenario() -> list[Scenario]:
    """Return all of them, in order."""
    from tests.faults import compute, ingest, publish

    return [*ingest.SCENARIOS, *compute.SCENARIOS, *publish.SCENARIOS]
