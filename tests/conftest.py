"""Every run of the tests says at its end what it left out; one that may leave nothing out does not start without it."""

from __future__ import annotations

from typing import Any

import pytest
from moto.core.config import default_user_config

from tests import left_out

# Else every test reads AWS's descriptions of its services again: a quarter of a second for four clients, not a fiftieth.
default_user_config["core"]["reset_boto3_session"] = False


def pytest_configure(config: pytest.Config) -> None:
    """Stop a run that may leave nothing out where something is missing."""
    refusal = left_out.refusal()
    if refusal:
        raise pytest.UsageError(refusal)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say at the end of the run, under a heading of its own, which tests were left out, why, and what to do."""
    lines = left_out.told(str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", []))
    if lines:
        terminalreporter.section("LEFT OUT: this run has not tested everything", sep="!", red=True, bold=True)
        for line in lines:
            terminalreporter.write_line(line, yellow=True)
