"""Runs of ``compute_kpis``, over the small world of its own tests: two KPIs whose answers are counted by hand."""

from __future__ import annotations

import os
from datetime import date
from typing import Any

from functions.compute_kpis import app
from tests.compute import stack
from tests.faults.place import CONTEXT
from tests.faults.scenarios import Scenario

FUNCTION = "compute_kpis"


def run(event: dict[str, Any] | None = None) -> dict[str, Any]:
    """Run it undisturbed."""
    return app.lambda_handler(event or {}, CONTEXT)


def nothing_yet() -> None:
    """Every source is current and nothing has been computed."""
    os.environ |= stack.environment()
    stack.put_world()


def computed() -> None:
    """A release is current, made of what the sources hold."""
    nothing_yet()
    run()


def newer_rows() -> None:
    """The same, and Apply has sent other rows since."""
    computed()
    rows = [*stack.choices(100, 45, region="E12000001"), *stack.choices(60, 13, region="E12000002", first=100)]
    stack.put_snapshot("apply", number=2, application_choices=[*rows, *stack.choices(50, 20, cycle=2025, first=1000)])


def no_sources() -> None:
    """Nothing was ever ingested: no KPI can be worked out."""
    os.environ |= stack.environment()


RELEASE = {"release": f"{stack.D}.1"}
SCENARIOS = (
    Scenario(FUNCTION, "the first release", nothing_yet),
    Scenario(FUNCTION, "nothing new", computed),
    Scenario(FUNCTION, "newer rows", newer_rows),
    Scenario(FUNCTION, "an earlier day", computed, {"as_of": date(2026, 7, 13).isoformat()}),
    Scenario(FUNCTION, "no sources", no_sources),
    Scenario(FUNCTION, "dry run", newer_rows, {"dry_run": True}, records=False),
    Scenario(FUNCTION, "status", computed, {"action": "status"}, records=False),
    Scenario(FUNCTION, "recompute", newer_rows, {"action": "recompute", **RELEASE}, records=False),
    Scenario(FUNCTION, "restate", newer_rows, {"action": "restate", **RELEASE}, records=False),
)
