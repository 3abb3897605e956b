"""A whole run: what it writes, what it leaves alone, and how it can be killed and repeated."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from placements_kpi import store
from placements_kpi.errors import PlacementsKpiError
from placements_kpi.events import EventError
from placements_kpi.ingest import RefusedError
from placements_kpi.settings import IngestSettings, SettingsError
from placements_kpi.snapshots import SnapshotError
from tests.ingest.conftest import BUCKET, Place
from tests.ingest.drops import choice, choices


def test_a_first_run_makes_a_snapshot_current(place: Place) -> None:
    place.drop("apply", {"application_choices": choices(3)})
    summary = place.ingest("apply")
    assert summary["outcome"] == "accepted"
    assert place.json("current/apply.json") == {
        "source": "apply",
        "snapshot": summary["snapshot"],
        "as_of": "2026-07-14T22:00:00Z",
        "manifest": f"manifests/apply/{summary['snapshot']}.json",
    }
    assert summary["snapshot"].startswith("20260714-")
    assert sorted(row["id"] for row in place.table("apply", "application_choices")) == ["1", "2", "3"]
    assert place.json("attempts/apply.json")["error"] is None


def test_the_manifest_names_every_part_with_its_hash(place: Place) -> None:
    place.drop("apply", {"application_choices": choices(3)})
    place.ingest("apply")
    for file in place.manifest("apply")["files"]:
        body = place.s3.get_object(Bucket=BUCKET, Key=file["key"])["Body"].read()
        assert (file["bytes"], file["sha256"]) == (len(body), hashlib.sha256(body).hexdigest())


def test_the_manifest_and_the_run_record_name_the_version_of_the_lists(place: Place) -> None:
    place.drop("apply", {"application_choices": choices(3)})
    summary = place.ingest("apply")
    (file,) = place.manifest("apply")["definitions"]
    assert (file["file"], file["version"], file["dated"]) == ("reasons.csv", "2", "2026-08-22")
    assert summary["definitions"] == [file]


def test_a_second_run_of_the_same_drop_changes_nothing(place: Place) -> None:
    place.drop("apply", {"application_choices": choices(3)})
    place.ingest("apply")
    before = {key: body for key, body in place.objects().items() if not key.startswith("runs/")}
    summary = place.ingest("apply")
    after = {key: body for key, body in place.objects().items() if not key.startswith("runs/")}
    assert summary["outcome"] == "unchanged"
    assert {key: body for key, body in after.items() if key != "attempts/apply.json"} == {
        key: body for key, body in before.items() if key != "attempts/apply.json"
    }


def test_the_order_of_the_rows_and_the_compression_do_not_matter(place: Place) -> None:
    rows = choices(300)
    place.drop("apply", {"application_choices": rows})
    first = place.ingest("apply", {"dry_run": True})["snapshot"]
    for path in place.location("apply").rglob("*.ndjson"):
        path.unlink()
    place.drop("apply", {"application_choices": rows[::-1]}, zipped=True)
    assert place.ingest("apply")["snapshot"] == first


def test_a_changed_row_makes_another_snapshot(place: Place) -> None:
    place.drop("apply", {"application_choices": choices(3)})
    first = place.ingest("apply", {"dry_run": True})["snapshot"]
    place.drop("apply", {"application_choices": [*choices(2), choice(3, hide_in_reporting=True)]})
    assert place.ingest("apply", {"dry_run": True})["snapshot"] != first


def test_a_dry_run_writes_nothing(place: Place) -> None:
    place.drop("apply", {"application_choices": choices(3)})
    summary = place.ingest("apply", {"dry_run": True})
    assert summary["outcome"] == "accepted"
    assert place.listing() == []


def test_a_drop_in_a_bucket_is_the_same_as_one_in_a_folder(place: Place) -> None:
    folder = place.drop("apply", {"application_choices": choices(3)}, zipped=True)
    there = place.ingest("apply", {"dry_run": True})["snapshot"]
    for path in folder.iterdir():
        place.s3.put_object(Bucket=BUCKET, Key=f"drops/apply/{folder.name}/{path.name}", Body=path.read_bytes())
    summary = place.ingest("apply", source_location=f"s3://{BUCKET}/drops/apply", stage="local")
    assert (summary["outcome"], summary["snapshot"]) == ("accepted", there)


def test_a_named_day_is_ingested_even_if_it_is_older(place: Place) -> None:
    place.drop("apply", {"application_choices": choices(200)}, day="2026-07-10")
    place.drop("apply", {"application_choices": choices(201)}, day="2026-07-14")
    place.ingest("apply")
    summary = place.ingest("apply", {"day": "2026-07-10"})
    assert place.current("apply") == summary["snapshot"]
    assert summary["as_of"] == "2026-07-10T22:00:00Z"


def test_an_older_drop_alone_never_replaces_a_newer_snapshot(place: Place) -> None:
    newest = place.drop("apply", {"application_choices": choices(201)}, day="2026-07-14")
    current = place.ingest("apply")["snapshot"]
    for path in newest.iterdir():
        path.unlink()
    newest.rmdir()
    place.drop("apply", {"application_choices": choices(200)}, day="2026-07-13")
    with pytest.raises(RefusedError, match="older than the current snapshot"):
        place.ingest("apply")
    assert place.current("apply") == current


def test_of_a_refused_snapshot_counts_are_kept_and_it_can_be_accepted_by_its_id(place: Place) -> None:
    place.drop("apply", {"application_choices": choices(100)}, day="2026-07-13")
    before = place.ingest("apply")["snapshot"]
    place.drop("apply", {"application_choices": choices(150)})
    with pytest.raises(RefusedError, match="150 rows where the current snapshot has 100") as refused:
        place.ingest("apply")
    assert place.current("apply") == before
    attempt = place.json("attempts/apply.json")
    assert attempt["outcome"] == "refused" and attempt["error"]
    assert attempt["snapshot"] in str(refused.value)
    manifest = place.json(f"manifests/apply/{attempt['snapshot']}.json")
    assert (manifest["status"], manifest["files"], manifest["tables"][0]["kept"]) == ("refused", [], 150)
    assert place.listing("snapshots/") == [key for key in place.listing("snapshots/") if before in key]

    summary = place.ingest("apply", {"action": "accept", "snapshot": attempt["snapshot"]})
    assert summary["outcome"] == "accepted"
    assert place.current("apply") == attempt["snapshot"]
    assert place.json("attempts/apply.json")["error"] is None
    assert len(place.table("apply", "application_choices")) == 150
    assert place.ingest("apply")["outcome"] == "unchanged"
    before = place.ingest("apply", {"action": "accept", "snapshot": before})["current"]
    assert place.current("apply") == before
    with pytest.raises(RefusedError):  # what was accepted once is there still
        place.ingest("apply", {"day": "2026-07-14"})
    assert place.ingest("apply", {"action": "accept", "snapshot": attempt["snapshot"]})["outcome"] == "accepted"


def test_a_drop_that_changed_after_it_was_refused_is_not_what_is_accepted(place: Place) -> None:
    place.drop("apply", {"application_choices": choices(100)}, day="2026-07-13")
    before = place.ingest("apply")["snapshot"]
    place.drop("apply", {"application_choices": choices(150)})
    with pytest.raises(RefusedError):
        place.ingest("apply")
    snapshot = place.json("attempts/apply.json")["snapshot"]
    place.drop("apply", {"application_choices": choices(151)})
    with pytest.raises(RefusedError, match=f"and not {snapshot}, which was to be accepted"):
        place.ingest("apply", {"action": "accept", "snapshot": snapshot})
    assert place.current("apply") == before


def test_a_refused_snapshot_is_not_accepted_with_more_wrong_than_was_known(place: Place) -> None:
    place.drop("apply", {"application_choices": choices(100)}, day="2026-07-13")
    before = place.ingest("apply")["snapshot"]
    place.drop("apply", {"application_choices": choices(150)})
    with pytest.raises(RefusedError):
        place.ingest("apply")
    snapshot = place.json("attempts/apply.json")["snapshot"]
    with pytest.raises(RefusedError, match="150 rows; between 1 and 149 are expected"):
        place.ingest("apply", {"action": "accept", "snapshot": snapshot}, max_rows=149)
    assert place.current("apply") == before


def test_a_snapshot_with_a_missing_file_is_not_accepted(place: Place) -> None:
    place.drop("apply", {"application_choices": choices(100)}, day="2026-07-13")
    snapshot = place.ingest("apply")["snapshot"]
    place.drop("apply", {"application_choices": choices(101)})
    before = place.ingest("apply")["snapshot"]
    place.s3.delete_object(Bucket=BUCKET, Key=place.json(f"manifests/apply/{snapshot}.json")["files"][0]["key"])
    with pytest.raises(SnapshotError, match="not whole"):
        place.ingest("apply", {"action": "accept", "snapshot": snapshot})
    assert place.current("apply") == before


def test_an_unknown_snapshot_is_not_accepted_and_does_not_count_as_an_attempt(place: Place) -> None:
    with pytest.raises(SnapshotError, match="no snapshot 20260714-000000000000"):
        place.ingest("apply", {"action": "accept", "snapshot": "20260714-000000000000"})
    assert [key.split("/")[0] for key in place.listing()] == ["runs"]


@pytest.mark.parametrize(
    "event",
    [
        {"dya": "2026-07-14"},
        {"day": "14/07/2026"},
        {"day": 20260714},
        {"day": "2026-07-16"},
        {"action": "accept"},
        {"action": "delete"},
        {"snapshot": "20260714-000000000000"},
        {"dry_run": "yes"},
        {"location": "s3://elsewhere"},
        ["2026-07-14"],
    ],
)
def test_a_malformed_event_is_one_clear_error_in_the_run_record(place: Place, event: Any) -> None:
    with pytest.raises(EventError):
        place.ingest("apply", event)
    (record,) = place.listing()
    assert record.startswith("runs/ingest_apply/")
    assert place.json(record)["outcome"] == "failed"
    assert "event" in place.json(record)["reasons"][0]


def test_an_envelope_of_the_scheduler_is_an_ingest_of_what_is_newest(place: Place) -> None:
    place.drop("apply", {"application_choices": choices(3)})
    envelope = {
        "version": "0",
        "id": "1",
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": "1",
        "time": "2026-07-15T05:00:00Z",
        "region": "eu-west-2",
        "resources": [],
        "detail": {},
    }
    assert place.ingest("apply", envelope)["outcome"] == "accepted"
    assert place.ingest("apply", envelope | {"detail": {"day": "2026-07-14"}})["outcome"] == "unchanged"


def test_two_runs_at_once_end_in_one_snapshot(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.drop("apply", {"application_choices": choices(3)})
    swap, started = store.swap, []

    def swap_late(*arguments: Any) -> None:
        if not started:  # the other run does all its work between our reading of the pointer and our writing it
            started.append("")
            started.append(place.ingest("apply")["snapshot"])
        swap(*arguments)

    monkeypatch.setattr(store, "swap", swap_late)
    assert place.ingest("apply")["snapshot"] == started[-1] == place.current("apply")


def state(place: Place) -> dict[str, bytes]:
    """Return all that a reader of the data can see; run records are a diary and differ."""
    objects = {key: body for key, body in place.objects().items() if not key.startswith("runs/")}
    attempt = json.loads(objects.pop("attempts/apply.json"))
    for key in [key for key in objects if key.startswith("manifests/")]:
        manifest = json.loads(objects[key])
        objects[key] = json.dumps(manifest | {"fetched": None}).encode()  # the hash of the file, whose order differs
    return objects | {"attempt": json.dumps([attempt["snapshot"], attempt["error"]]).encode()}


def clear(place: Place) -> None:
    for key in place.listing():
        place.s3.delete_object(Bucket=BUCKET, Key=key)


def test_a_run_killed_at_any_call_and_repeated_ends_in_the_same_state(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = choices(300), choice(301, status=None)
    place.drop("apply", {"application_choices": [*good, bad]})
    place.ingest("apply")
    expected = state(place)

    kills = 0
    for nth in range(1, 50):
        clear(place)
        place.drop("apply", {"application_choices": [*good[::-1], bad]})  # the same facts in another order
        monkeypatch.setattr(boto3, "client", killing(boto3.client, nth))
        try:
            place.ingest("apply")
        except PlacementsKpiError:
            kills += 1
        else:
            break
        finally:
            monkeypatch.undo()
            restore(monkeypatch)
        pointed = place.current("apply")
        if pointed is not None:
            place.ingest("apply", {"action": "accept", "snapshot": pointed})  # what is current is whole
        place.drop("apply", {"application_choices": [*good, bad]})
        place.ingest("apply")
        assert state(place) == expected, f"killed at call {nth}"
    assert kills >= 6


def restore(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGE", "local")
    monkeypatch.setenv("CLOCK", "2026-07-15T08:30:00+00:00")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-2")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")


def killing(client: Any, nth: int) -> Any:
    """Return a maker of clients whose n-th call to S3, and every later one, fails: from there on the run is dead."""
    calls = []

    def make(service: str, *arguments: Any, **options: Any) -> Any:
        made = client(service, *arguments, **options)
        if service == "s3":
            made.meta.events.register("before-call.s3", fail)
        return made

    def fail(**_: Any) -> None:
        calls.append(1)
        if len(calls) >= nth:
            raise ClientError({"Error": {"Code": "Killed", "Message": "killed"}}, "S3")

    return make


def failing_at(place: Place, event: str, matches: str, *, then: Any = None) -> Any:
    """Return a maker of clients that fail from the first call of ``event`` whose key has ``matches`` in it."""
    client: Any = boto3.client

    def make(service: str, *arguments: Any, **options: Any) -> Any:
        made = client(service, *arguments, **options)
        if service == "s3":

            def note(params: Any, context: Any, **_: Any) -> None:
                context["key"] = params.get("Key", "")

            def fail(context: Any, **_: Any) -> None:
                if matches in context["key"]:
                    raise then or ConnectionClosedError(endpoint_url="https://s3")

            made.meta.events.register("provide-client-params.s3", note)
            made.meta.events.register(event, fail)
        return made

    return make


@pytest.mark.parametrize("key", ["snapshots/", "manifests/", "current/apply.json"])
@pytest.mark.parametrize("rows", [200, 201], ids=["the same rows as current", "other rows"])
def test_a_run_that_fails_after_judging_says_that_it_failed_and_what_is_current(
    place: Place, monkeypatch: pytest.MonkeyPatch, key: str, rows: int
) -> None:
    place.drop("apply", {"application_choices": choices()}, day="2026-07-13")
    before = place.ingest("apply")
    place.drop("apply", {"application_choices": choices(rows)})
    monkeypatch.setattr(boto3, "client", failing_at(place, "before-call.s3.PutObject", key))
    with pytest.raises(PlacementsKpiError) as failed:
        place.ingest("apply")
    attempt = place.json("attempts/apply.json")
    assert attempt["outcome"] == "failed"
    assert attempt["current"] == before["snapshot"] == place.current("apply")
    assert attempt["snapshot"] != before["snapshot"]
    assert attempt["reasons"] == [str(failed.value)]
    (record,) = [place.json(name) for name in place.listing("runs/") if place.json(name)["outcome"] == "failed"]
    assert record["current"] == before["snapshot"]
    assert attempt["error"] == "the run failed before its data could be used"


def test_a_switch_whose_answer_was_lost_is_recorded_as_accepted(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.drop("apply", {"application_choices": choices()})
    monkeypatch.setattr(boto3, "client", failing_at(place, "after-call.s3.PutObject", "current/apply.json"))
    summary = place.ingest("apply")
    assert summary["outcome"] == "accepted"
    assert place.json("attempts/apply.json")["current"] == summary["snapshot"] == place.current("apply")


@pytest.mark.parametrize("key", ["runs/", "attempts/"])
def test_a_run_that_cannot_be_recorded_fails_and_says_what_it_did_all_the_same(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, key: str
) -> None:
    place.drop("apply", {"application_choices": choices()})
    monkeypatch.setattr(boto3, "client", failing_at(place, "before-call.s3.PutObject", key))
    with pytest.raises(PlacementsKpiError, match=r"accepted.*20260714-.*could not be written down") as failed:
        place.ingest("apply")
    assert place.current("apply") is not None
    (said,) = [line for line in caplog.records if line.message == "ingest ended"]
    assert said.levelname == "ERROR"
    assert (said.__dict__["run"]["outcome"], said.__dict__["run"]["reasons"]) == ("accepted", [str(failed.value)])
    assert [place.json(name)["reasons"] for name in place.listing("runs/")] in ([], [[str(failed.value)]])


def test_an_attempt_says_when_it_began_and_when_it_ended(place: Place) -> None:
    place.drop("apply", {"application_choices": choices()})
    place.ingest("apply")
    attempt = place.json("attempts/apply.json")
    assert attempt["started_at"] == attempt["ended_at"] == "2026-07-15T08:30:00Z"


def test_an_older_attempt_that_ends_late_does_not_hide_a_newer_one(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.drop("apply", {"application_choices": choices()})
    swap = store.swap

    def swap_late(*arguments: Any) -> None:
        monkeypatch.setattr(store, "swap", swap)
        monkeypatch.setenv("CLOCK", "2026-07-15T09:00:00+00:00")
        place.drop("apply", {"application_choices": choices(201)})
        place.ingest("apply")  # another run, started later and faster
        swap(*arguments)

    monkeypatch.setattr(store, "swap", swap_late)
    with pytest.raises(store.LostRaceError):
        place.ingest("apply")
    attempt = place.json("attempts/apply.json")
    assert (attempt["started_at"], attempt["outcome"]) == ("2026-07-15T09:00:00Z", "accepted")


def test_missing_settings_leave_one_line_at_level_error(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MAX_AGE_DAYS", "{}")
    with pytest.raises(SettingsError):
        IngestSettings.from_environment()
    (said,) = caplog.records
    assert said.levelname == "ERROR"
    assert "DATA_BUCKET, SOURCE_LOCATION" in said.__dict__["reason"]


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("pointer", "current/apply.json does not name a snapshot; put back an earlier version"),
        ("manifest", ".json is no manifest of a snapshot (files, status); put back an earlier version"),
    ],
)
def test_a_pointer_or_a_manifest_that_is_none_is_named_and_nothing_changes(
    place: Place, broken: str, said: str
) -> None:
    place.drop("apply", {"application_choices": choices()})
    place.ingest("apply")
    key = "current/apply.json"
    body = place.json(key)
    if broken == "manifest":
        key = body["manifest"]
        body = place.json(key) | {"status": "perhaps"}
    del body["files" if broken == "manifest" else "snapshot"]
    place.s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(body))
    place.drop("apply", {"application_choices": choices(201)}, day="2026-07-15")
    with pytest.raises(PlacementsKpiError, match=re.escape(said)):
        place.ingest("apply")
    assert place.json(key) == body
