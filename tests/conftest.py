"""Every run of the tests says at its end what it left out; one that may leave nothing out does not start without it."""

from __future__ import annotations

import gc
from typing import Any

import pytest
from botocore.useragent import UserAgentString
from moto.core.config import default_user_config
from moto.s3.models import S3Backend

from tests import left_out

# Else every test reads AWS's descriptions of its services again: a quarter of a second for four clients.
default_user_config["core"]["reset_boto3_session"] = False
# Else every call to S3 imports again the module of its addresses: a fifth of what a call costs.
S3Backend.urls = S3Backend("eu-west-2", "123456789012").urls

# Else every call says anew, part by part, what software makes it.
UserAgentString.to_string = lambda _: "tests"  # type: ignore[method-assign]

# A twentieth of the suite's time went into looking for rings of objects, 700 new objects at a time.
gc.set_threshold(50_000, 20, 20)


LONGEST = (
    "tests/local/test_run.py",
    "tests/local/test_roles.py",
    "tests/privacy/test_markers.py",
    "tests/template/test_adding_a_source.py",
    "tests/protection/test_worlds.py",
    "tests/site/test_publishing.py",
    "tests/site/test_interleavings.py",
    "tests/compute/test_late_runs.py",
    "tests/site/test_browser.py",
    "tests/site/test_agreement.py",
)
"""Files whose tests take longest: begun first, so that two workers end together."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; within a file, and among the others, nothing moves."""
    ranks = {file: rank for rank, file in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.nodeid.partition("::")[0], len(ranks)))


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
