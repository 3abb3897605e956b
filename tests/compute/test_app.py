"""The handler: what it can be asked, and one clear error for anything else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from functions.compute_kpis import app
from functions.compute_kpis.request import RequestError, parse
from functions.compute_kpis.run import AsOfError, NothingComputedError
from tests.compute import stack


@dataclass
class Context:
    """What Lambda tells a function about its invocation."""

    function_name: str = "compute"
    memory_limit_in_mb: int = 1024
    invoked_function_arn: str = "arn:aws:lambda:eu-west-2:123456789012:function:compute"
    aws_request_id: str = "request"

    def get_remaining_time_in_millis(self) -> int:
        """Return the time left."""
        return 900_000


@pytest.mark.usefixtures("environment")
def test_handler_answers_status_and_recompute() -> None:
    stack.put_world()
    release = stack.compute()["release"]
    assert app.lambda_handler({"action": "status"}, Context())["release"] == release


@pytest.mark.usefixtures("environment")
def test_day_to_come_is_in_the_record_and_raised() -> None:
    stack.put_world()
    with pytest.raises(AsOfError):
        app.lambda_handler({"as_of": "2027-01-01"}, Context())
    (key,) = stack.objects("runs/compute_kpis/")
    assert stack.get_json(key)["error"]["kind"] == "AsOfError"


@pytest.mark.usefixtures("environment")
def test_event_that_cannot_be_understood_is_in_the_record_and_raised() -> None:
    with pytest.raises(RequestError):
        app.lambda_handler({"as_off": "2026-07-14"}, Context())
    (key,) = stack.objects("runs/compute_kpis/")
    assert "as_off" in stack.get_json(key)["error"]["message"]


@pytest.mark.usefixtures("environment")
def test_run_with_no_source_at_all_has_one_record_of_its_own() -> None:
    with pytest.raises(NothingComputedError):
        app.lambda_handler({}, Context())
    (key,) = stack.objects("runs/compute_kpis/")
    assert stack.get_json(key)["outcome"] == "failed"


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"version": "0", "id": "1", "detail-type": "Scheduled Event", "source": "aws.scheduler", "account": "1"}
        | {"time": "2026-07-15T05:00:00Z", "region": "eu-west-2", "resources": [], "detail": {}},
    ],
    ids=["empty", "envelope"],
)
def test_scheduled_event_asks_for_yesterday(event: Any) -> None:
    request = parse(event)
    assert (request.action, request.as_of, request.dry_run) == ("compute", None, False)


@pytest.mark.parametrize(
    ("event", "wrong"),
    [
        ({"as_of": "14 July 2026"}, "as_of"),
        ({"as_of": "2026-02-30"}, "as_of"),
        ({"day": "2026-07-14"}, "day"),
        ({"action": "publish"}, "action"),
        ({"action": "recompute"}, "recompute and restate need a release"),
        ({"action": "restate"}, "recompute and restate need a release"),
        ({"action": "recompute", "release": "../2026"}, "release"),
        ({"release": "2026-07-14.1"}, "recompute and restate need a release"),
        ({"action": "status", "dry_run": True}, "only compute takes"),
        ({"kpi": "school-take-up"}, "kpi"),
        ("now", "the event"),
        (None, "the event"),
    ],
)
def test_any_other_event_is_one_clear_error(event: Any, wrong: str) -> None:
    with pytest.raises(RequestError, match=wrong):
        parse(event)
