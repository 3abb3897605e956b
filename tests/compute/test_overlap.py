"""What happens to the data while a run is under way: rows that go stop the run, a newer snapshot does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from functions.compute_kpis.recompute import recompute
from functions.compute_kpis.restate import restate
from functions.compute_kpis.sources import held
from functions.compute_kpis.sources.held import RowsMovedError
from functions.ingest_apply.app import SOURCE as APPLY
from placements_kpi import ingest
from placements_kpi.observability import metrics
from placements_kpi.settings import IngestSettings
from tests.compute import stack
from tests.ingest import drops

pytestmark = pytest.mark.usefixtures("aws")

CANDIDATES = "candidate-rejections"
PROTECTED = ("results/", "protected/", "ledger/", "current/results.json", "runs/")


def while_querying(monkeypatch: pytest.MonkeyPatch, do: Callable[[], Any]) -> None:
    """Do something once, when a run has pinned its snapshots and sends its first query."""
    stack.at_call(monkeypatch, "athena.StartQueryExecution", do)


@pytest.fixture
def erase(tmp_path: Any) -> Callable[[], dict[str, Any]]:
    """Take in a drop of Apply by its own ingest, and return what erases one of its candidates."""
    stack.put_world()
    rejected = {"status": "rejected", "rejected_at": "2026-03-05T10:00:00Z"}
    rows = [drops.choice(n, provider_region_code=None, **(rejected if n < 50 else {})) for n in range(200)]
    drops.write_drop(tmp_path / "apply", {"application_choices": [*rows]}, invented=True)
    manager = stack.client("secretsmanager")
    manager.create_secret(Name="key", SecretString=json.dumps({"key": "local-0123456789-abcdefghijklmnop"}))
    people = [{"type": "candidate", "identifier": "C7"}]
    manager.create_secret(Name="erasure", SecretString=json.dumps({"people": people}))
    settings = IngestSettings.model_validate(
        {
            "stage": "local",
            "data_bucket": stack.BUCKET,
            "max_age_days": json.dumps({"apply": 7}),
            "source_location": str(tmp_path / "apply"),
            "pseudonym_secret_arn": "key",
            "erasure_secret_arn": "erasure",
            "demonstration": True,
        }
    )

    def run(event: Any) -> dict[str, Any]:
        try:
            return ingest.run(APPLY, settings, event)
        finally:
            metrics.clear_metrics()

    stack.drop_keys(["current/apply.json"])
    run({})
    return lambda: run({"action": "erase"})


def test_erasure_while_a_run_reads_fails_the_run_and_nothing_is_written(
    erase: Callable[[], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stack.objects(*PROTECTED)
    while_querying(monkeypatch, erase)
    with pytest.raises(RowsMovedError, match=r"application_choices/snapshot=.* send the same event again"):
        stack.compute()
    assert {key for key in stack.objects(*PROTECTED) if not key.startswith("runs/ingest_")} == {
        key for key in before if not key.startswith("runs/ingest_")
    }


def test_the_same_event_again_gives_the_figures_without_the_person(
    erase: Callable[[], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    while_querying(monkeypatch, erase)
    with pytest.raises(RowsMovedError):
        stack.compute()
    headline = stack.compute()["kpis"][CANDIDATES]["headline"]
    assert (headline["numerator"], headline["denominator"]) == (49, 199)


def test_erasure_that_made_another_snapshot_current_before_the_pins_were_read_is_no_matter(
    erase: Callable[[], dict[str, Any]],
) -> None:
    erase()
    assert stack.compute()["kpis"][CANDIDATES]["headline"]["denominator"] == 199


def test_erasure_of_what_was_pinned_fails_the_run_also_when_its_rows_are_still_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stack.put_world()
    said = {"source": "apply", "snapshot": "20260714-000000000001", "replaced_by": "20260714-000000000002"}
    while_querying(monkeypatch, lambda: stack.put_json("erasures/apply/20260714-000000000001.json", said))
    with pytest.raises(RowsMovedError, match=r"erasures/apply/20260714-000000000001\.json"):
        stack.compute()


@pytest.mark.parametrize("action", [restate, recompute])
def test_erasure_while_an_operator_asks_about_a_release_is_an_error_and_no_answer(
    erase: Callable[[], dict[str, Any]], monkeypatch: pytest.MonkeyPatch, action: Any
) -> None:
    release = stack.compute()["release"]
    while_querying(monkeypatch, erase)
    with pytest.raises(RowsMovedError):
        action(stack.settings(), release, folder=stack.KPIS)


@pytest.mark.parametrize("table", ["application_choices", "kpi_points", "definitions"])
def test_rows_that_expire_while_they_are_read_fail_the_run(monkeypatch: pytest.MonkeyPatch, table: str) -> None:
    stack.put_world()
    while_querying(monkeypatch, lambda: stack.drop_keys(stack.objects(f"snapshots/{table}/")))
    with pytest.raises(RowsMovedError, match=f"snapshots/{table}/"):
        stack.compute()
    assert stack.objects(*PROTECTED) == {}


def test_newer_snapshot_while_a_run_reads_changes_nothing_of_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    stack.put_world()
    choices = stack.choices(50, 1)
    while_querying(monkeypatch, lambda: stack.put_snapshot("apply", number=2, application_choices=choices))
    summary = stack.compute()
    assert summary["outcome"] == "ok"
    assert summary["kpis"][CANDIDATES]["headline"]["denominator"] == 140, "of the snapshot that was pinned"


def test_new_key_while_a_run_reads_changes_nothing_of_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    stack.put_world()
    stack.put_snapshot("apply", key_id="old", application_choices=stack.choices(100, 41))
    rows = stack.choices(100, 41)
    while_querying(monkeypatch, lambda: stack.put_snapshot("apply", number=2, key_id="new", application_choices=rows))
    assert stack.compute()["kpis"][CANDIDATES]["headline"]["numerator"] == 41


def test_pointer_that_moves_while_it_is_pinned_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An erasure between the reading of a pointer and that of its snapshot."""
    stack.put_world()
    old = stack.objects("snapshots/application_choices/")
    real = held.look

    def look(s3: Any, bucket: str, snapshots: Any) -> Any:
        if "application_choices" in snapshots and old:
            stack.put_snapshot("apply", number=2, application_choices=stack.choices(99, 40))
            stack.drop_keys(list(old))
            old.clear()
        return real(s3, bucket, snapshots)

    monkeypatch.setattr(held, "look", look)
    summary = stack.compute()
    assert summary["outcome"] == "ok"
    assert summary["kpis"][CANDIDATES]["headline"]["denominator"] == 99


def test_snapshot_with_a_part_gone_stops_what_needs_it_by_name() -> None:
    stack.put_world()
    stack.drop_keys(stack.objects("snapshots/application_choices/"))
    summary = stack.compute()
    assert summary["outcome"] == "partial"
    reason = summary["kpis"][CANDIDATES]["reason"]
    assert "source apply: snapshots/application_choices/" in reason
    assert "ingest the source again" in reason
