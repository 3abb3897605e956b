"""The handler: what it can be asked, and one clear error for anything else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from functions.compute_kpis import app
from functions.compute_kpis.answers import reconciliation
from functions.compute_kpis.answers.queries import Answer
from functions.compute_kpis.answers.reconciliation import UnknownValues
from functions.compute_kpis.request import RequestError, parse
from functions.compute_kpis.run import AsOfError, NothingComputedError
from placements_kpi.failures import UnforeseenError
from placements_kpi.secret import SecretError
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
    release = stack.first_release()["release"]
    assert app.lambda_handler({"action": "status"}, Context())["release"] == release


@pytest.mark.usefixtures("environment", "few_kpis")
def test_answer_is_in_the_log_since_nobody_waits_for_one_and_without_exact_counts(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stack.put_world()
    dry = app.lambda_handler({"dry_run": True}, Context())
    status = app.lambda_handler({"action": "status"}, Context())
    logged, looked = (line.__dict__["answer"] for line in caplog.records if line.message == "answer")
    assert looked == status
    assert (logged["release"], logged["outcome"], logged["dry_run"]) == (dry["release"], dry["outcome"], True)
    assert any(kpi["headline"] for kpi in dry["kpis"].values())
    assert "headline" not in repr(logged)


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


def denied() -> None:
    raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not you"}}, "AnyCall")


def gone() -> None:
    raise EndpointConnectionError(endpoint_url="https://aws")


def error_lines(caplog: pytest.LogCaptureFixture) -> list[Any]:
    """Return what was logged at level ERROR about the run as a whole."""
    return [line for line in caplog.records if line.levelname == "ERROR" and line.message != "kpi failed"]


@pytest.mark.usefixtures("environment", "few_kpis")
@pytest.mark.parametrize("fault", [denied, gone], ids=["denied", "no connection"])
@pytest.mark.parametrize(
    "call",
    ["s3.GetObject", "s3.ListObjectsV2", "s3.PutObject", "secretsmanager.GetSecretValue", "events.PutEvents"],
)
def test_any_fault_of_aws_is_an_error_line_and_a_record(
    call: str, fault: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stack.put_world()
    stack.at_call(monkeypatch, call, fault)
    with pytest.raises((UnforeseenError, SecretError)):
        app.lambda_handler({}, Context())
    (line,) = error_lines(caplog)
    (record,) = [stack.get_json(key) for key in stack.objects("runs/compute_kpis/refused-")]
    assert (record["outcome"], record["error"]["message"]) == ("failed", line.reason)
    assert record["error"]["transient"] is line.transient is (fault is gone), "what is denied stays denied"


@pytest.mark.usefixtures("environment")
def test_fault_while_the_record_is_written_too_hides_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stack.put_world()
    stack.at_call(monkeypatch, "s3.PutObject", denied)
    monkeypatch.setattr(app.record, "write_refusal", lambda *_: denied())
    with pytest.raises(UnforeseenError, match="AccessDenied"):
        app.lambda_handler({}, Context())
    assert [line.message for line in error_lines(caplog)] == ["run failed", "record not written"]


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("fault", [denied, gone], ids=["denied", "no connection"])
@pytest.mark.parametrize("call", ["athena.StartQueryExecution", "athena.GetQueryExecution", "athena.GetQueryResults"])
def test_fault_of_athena_stops_the_kpi_that_met_it(call: str, fault: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.put_world()
    stack.at_call(monkeypatch, call, fault)
    summary = stack.compute()
    assert summary["outcome"] == "partial"
    states = [facts["state"] for facts in summary["kpis"].values()]
    assert sorted(states) == ["none", "ok"]


@pytest.mark.usefixtures("aws")
def test_fault_of_athena_in_a_check_is_told_and_does_not_pass_for_a_whole_run(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stack.put_world()
    no_answer = {UnknownValues.id: Answer(error="Athena did not answer")}
    monkeypatch.setattr(reconciliation, "run_queries", lambda *_: no_answer)
    assert stack.compute()["outcome"] == "partial"
    assert [line.reason for line in error_lines(caplog)] == ["Athena did not answer"]


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
