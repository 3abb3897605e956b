"""Runs of ``publish_site``, over a document with one of the indicators of its own tests."""

from __future__ import annotations

import functools
import os
from typing import Any

import boto3

from functions.publish_site import app
from placements_kpi.results import seal_key
from placements_kpi.store import canonical_json
from tests.faults.place import CONTEXT, DATA, SITE
from tests.faults.scenarios import Scenario
from tests.site.protected_document import audited, document

FUNCTION = "publish_site"
FIRST, SECOND = "2026-07-14.1", "2026-07-14.2"
REASON = "Two sources were counted twice."


@functools.cache
def _document(release: str) -> Any:
    whole = document(release)
    return audited(whole.model_copy(update={"kpis": whole.kpis[4:5], "code_version": release}))


def run(event: dict[str, Any] | None = None) -> dict[str, Any]:
    """Run it undisturbed."""
    return app.lambda_handler(event or {}, CONTEXT)


def release(name: str) -> None:
    """Put a release where the computation would, and point to it."""
    s3 = boto3.client("s3")
    body = canonical_json(_document(name).model_dump(mode="json"))
    s3.put_object(Bucket=DATA, Key=f"protected/{name}/results.json", Body=body)
    s3.put_object(Bucket=DATA, Key=f"ledger/{name}.json", Body=b"{}")
    s3.put_object(Bucket=DATA, Key=seal_key(name), Body=canonical_json({"release": name}))
    s3.put_object(Bucket=DATA, Key="protected/current.json", Body=canonical_json({"release": name}))


def nothing_computed() -> None:
    """Nothing has been computed yet."""
    os.environ |= {"DATA_BUCKET": DATA, "SITE_BUCKET": SITE, "SERVICE_HOST": "localhost", "MAX_AGE_DAYS": "{}"}


def nothing_yet() -> None:
    """A release is computed, and none is published."""
    nothing_computed()
    release(FIRST)


def published() -> None:
    """The release is published."""
    nothing_yet()
    run()


def newer() -> None:
    """The release is published, and a newer one computed."""
    published()
    release(SECOND)


def both() -> None:
    """Two releases are published."""
    newer()
    run()


def withdrawn() -> None:
    """Two releases are published, and the newer one is withdrawn."""
    both()
    run({"action": "withdraw", "release": SECOND, "reason": REASON})


def _withdraw(name: str) -> dict[str, Any]:
    return {"action": "withdraw", "release": name, "reason": REASON}


SCENARIOS = (
    Scenario(FUNCTION, "nothing computed", nothing_computed),
    Scenario(FUNCTION, "the first release", nothing_yet),
    Scenario(FUNCTION, "nothing new", published),
    Scenario(FUNCTION, "a newer release", newer),
    Scenario(FUNCTION, "republish the earlier", both, {"action": "republish", "release": FIRST}),
    Scenario(FUNCTION, "withdraw the only one", published, _withdraw(FIRST)),
    Scenario(FUNCTION, "withdraw the newer", both, _withdraw(SECOND)),
    Scenario(FUNCTION, "publish after a withdrawal", withdrawn),
    Scenario(FUNCTION, "republish the withdrawn", withdrawn, {"action": "republish", "release": SECOND}),
    Scenario(FUNCTION, "dry run", newer, {"dry_run": True}, records=False),
)
