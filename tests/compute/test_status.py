"""Operator's question: what is current, and how did what was tried last end. One broken object hides nothing else."""

from __future__ import annotations

from datetime import date

import pytest

from functions.compute_kpis import app
from functions.compute_kpis.releases.current import CurrentError
from functions.compute_kpis.releases.release import ReleaseError
from functions.compute_kpis.status import status
from placements_kpi.store import BrokenObjectError
from tests.compute import stack
from tests.compute.test_app import Context

pytestmark = pytest.mark.usefixtures("environment")

PROVIDERS, CANDIDATES = "provider-visits", "candidate-rejections"
BROKEN = {
    "empty": b"",
    "truncated": b'{"snapshot": "2026',
    "no JSON": b"\x1f\x8b\x08",
    "a list": b"[]",
    "another shape": b'{"release": 7, "snapshot": null}',
}


def put(key: str, body: bytes) -> None:
    stack.client("s3").put_object(Bucket=stack.BUCKET, Key=key, Body=body)


def test_status_says_what_is_current_and_when_each_source_was_last_tried() -> None:
    summary = stack.first_release()
    tried = {"source": "schools", "outcome": "refused", "started_at": "2026-07-15T02:00:00Z"}
    stack.put_json("attempts/schools.json", tried | {"reasons": ["the file was truncated"], "error": "truncated"})
    fine = {"source": "apply", "outcome": "accepted", "started_at": "2026-07-15T03:40:00Z", "reasons": []}
    stack.put_json("attempts/apply.json", fine | {"error": None})
    found = status(stack.settings())
    assert (found["release"], found["outcome"], found["problems"]) == (summary["release"], "ok", [])
    assert found["results"]["run_id"] == summary["run_id"]
    assert found["sources"]["apply"] == {
        "snapshot": "20260714-000000000001",
        "as_of": "2026-07-14",
        "age_days": 0,
        "max_age_days": 7,
        "key_id": None,
        "last_attempt": {"at": "2026-07-15T03:40:00Z", "outcome": "accepted", "reason": None},
        "problem": None,
    }
    assert found["sources"]["schools"]["last_attempt"] == {
        "at": "2026-07-15T02:00:00Z",
        "outcome": "refused",
        "reason": "the file was truncated",
    }


def test_status_says_how_the_last_run_of_compute_and_of_publish_ended() -> None:
    release = stack.first_release()["release"]
    stopped = {"run_id": "20260715-a", "outcome": "failed", "finished_at": "2026-07-15T06:40:00Z"}
    error = {"kind": "GateError", "message": "index.html: a number that was not audited"}
    stack.put_json("runs/publish_site/20260715-a.json", stopped | {"error": error})
    runs = status(stack.settings())["last_runs"]
    assert (runs["compute_kpis"]["release"], runs["compute_kpis"]["outcome"]) == (release, "ok")
    assert runs["compute_kpis"]["at"] == "2026-07-15T08:30:00Z"
    assert runs["publish_site"] == {
        "at": "2026-07-15T06:40:00Z",
        "run_id": "20260715-a",
        "outcome": "failed",
        "release": None,
        "reason": "index.html: a number that was not audited",
    }


def test_status_of_an_empty_bucket_says_that_there_is_nothing() -> None:
    found = status(stack.settings())
    assert (found["release"], found["results"], found["outcome"]) == (None, None, "ok")
    assert found["last_runs"] == {"compute_kpis": None, "publish_site": None}
    assert (
        found["sources"]["apply"]["problem"] == "Apply for teacher training has not sent any data that could be used."
    )


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_broken_pointer_of_a_source_stops_what_needs_it_by_name(body: bytes) -> None:
    stack.put_world()
    put("current/apply.json", body)
    summary = stack.compute()
    assert stack.states(summary) == {CANDIDATES: "none", PROVIDERS: "ok"}
    assert "source apply: " in summary["kpis"][CANDIDATES]["reason"]
    assert "current/apply.json" in summary["kpis"][CANDIDATES]["reason"]
    found = status(stack.settings())
    assert "current/apply.json" in found["sources"]["apply"]["problem"]
    assert found["sources"]["schools"]["problem"] is None
    assert found["outcome"] == "partial"


@pytest.mark.parametrize("body", [None, *BROKEN.values()], ids=["gone", *BROKEN])
def test_broken_manifest_of_a_source_stops_what_needs_it_by_name(body: bytes | None) -> None:
    stack.put_world()
    key = stack.get_json("current/apply.json")["manifest"]
    stack.drop_keys([key])
    if body is not None:
        put(key, body)
    summary = stack.compute()
    assert stack.states(summary) == {CANDIDATES: "none", PROVIDERS: "ok"}
    assert "source apply: " in summary["kpis"][CANDIDATES]["reason"]
    assert "source apply: " in status(stack.settings())["sources"]["apply"]["problem"]


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_broken_attempt_stops_nothing(body: bytes) -> None:
    stack.put_world()
    put("attempts/apply.json", body)
    assert stack.compute()["outcome"] == "ok"
    found = status(stack.settings())
    assert found["sources"]["apply"]["problem"] is None
    assert ("attempts/apply.json" in str(found["problems"])) == (body != BROKEN["another shape"])


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_broken_pointer_to_results_is_written_anew_and_figures_are_carried_over_all_the_same(body: bytes) -> None:
    stack.first_release(date(2026, 7, 13))
    put("current/results.json", body)
    stack.drop_keys(["current/apply.json"])
    summary = stack.compute()
    if body != BROKEN["another shape"]:
        assert stack.states(summary) == {CANDIDATES: "carried", PROVIDERS: "ok"}
    assert stack.get_json("current/results.json")["release"] == summary["release"]


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_broken_pointer_to_the_release_stops_runs_by_name_and_status_goes_on(body: bytes) -> None:
    stack.first_release()
    put("protected/current.json", body)
    with pytest.raises((BrokenObjectError, CurrentError), match=r"protected/current\.json .* put back an earlier"):
        stack.compute()
    found = status(stack.settings())
    assert (found["release"], found["outcome"]) == (None, "partial")
    assert "protected/current.json" in found["problems"][0]
    assert found["sources"]["apply"]["snapshot"] == "20260714-000000000001"


def test_release_that_cannot_be_read_is_named_and_not_overwritten() -> None:
    stack.first_release()
    put("protected/2026-07-14.1/results.json", b"{")
    with pytest.raises(ReleaseError, match=r"protected/2026-07-14\.1/results\.json cannot be read; put back"):
        stack.compute()


def test_answer_of_the_function_is_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    stack.put_world()
    assert app.lambda_handler({"action": "status"}, Context()) == status(stack.settings())
