"""Erasure: a person taken out at the source, by lifecycle, or by an operator out of every retained snapshot."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
from typing import Any

import boto3
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError

from placements_kpi import snapshots
from placements_kpi.erasure import ErasureError
from placements_kpi.errors import PlacementsKpiError
from placements_kpi.events import EventError
from placements_kpi.snapshots import SnapshotError
from tests.ingest.conftest import BUCKET, KEY, Place
from tests.ingest.drops import allocation, choice, choices, school, trainee

OTHER = "local-9876543210-zyxwvutsrqponmlk"
RAW = "2000007"


def keyed(kind: str, value: str, key: str = KEY) -> str:
    return hmac.new(key.encode(), f"school-placements-kpi|{kind}|v1|{value}".encode(), hashlib.sha256).hexdigest()


def ask(*people: tuple[str, str]) -> str:
    """Put people into the erasure secret, which is made if there is none, and return its ARN."""
    held = json.dumps({"people": [{"type": kind, "identifier": value} for kind, value in people]})
    manager = boto3.client("secretsmanager")
    try:
        return str(manager.put_secret_value(SecretId="erasure", SecretString=held)["ARN"])
    except ClientError:
        return str(manager.create_secret(Name="erasure", SecretString=held)["ARN"])


def erase(place: Place, source: str, arn: str, **event: Any) -> dict[str, Any]:
    return place.ingest(source, {"action": "erase", **event}, erasure_secret_arn=arn)


def every_row(place: Place, table: str) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of every version of every object of a table, by snapshot."""
    found: dict[str, list[dict[str, Any]]] = {}
    pages = place.s3.get_paginator("list_object_versions").paginate(Bucket=BUCKET, Prefix=f"snapshots/{table}/")
    for version in (version for page in pages for version in page.get("Versions", ())):
        body = place.s3.get_object(Bucket=BUCKET, Key=version["Key"], VersionId=version["VersionId"])["Body"].read()
        snapshot = version["Key"].split("snapshot=")[1].split("/")[0]
        found.setdefault(snapshot, []).extend(pq.read_table(io.BytesIO(body)).to_pylist())
    return found


@pytest.fixture
def register(versioned: Place) -> Place:
    """Two snapshots of Register, the second current; trainee 7 is in both, trainee 201 in the second only."""
    versioned.drop("register", {"trainees": [trainee(n) for n in range(1, 201)]}, day="2026-07-13")
    versioned.ingest("register")
    versioned.drop("register", {"trainees": [trainee(n) for n in range(1, 202)]})
    versioned.ingest("register")
    return versioned


def test_a_person_who_is_gone_from_the_source_is_gone_from_the_next_snapshot(register: Place) -> None:
    register.drop("register", {"trainees": [trainee(n) for n in range(1, 202) if n != 7]})
    register.ingest("register")
    assert keyed("trn", RAW) not in {row["trn"] for row in register.table("register", "trainees")}


def test_an_operator_takes_a_person_out_of_every_retained_snapshot(register: Place) -> None:
    old = sorted(every_row(register, "trainees"))
    summary = erase(register, "register", ask(("trn", RAW)))
    new = every_row(register, "trainees")
    assert summary["outcome"] == "accepted"
    assert sorted(summary["erased"]["rewritten"]) == old
    assert sorted(new) == sorted(summary["erased"]["rewritten"].values())
    assert sorted(map(len, new.values())) == [199, 200]
    assert not any(row["trn"] == keyed("trn", RAW) for rows in new.values() for row in rows)
    assert register.current("register") == summary["snapshot"] == summary["erased"]["rewritten"][old[1]]


def test_the_rewritten_snapshot_is_the_one_that_the_source_without_the_person_would_give(register: Place) -> None:
    written = erase(register, "register", ask(("trn", RAW)))["snapshot"]
    register.drop("register", {"trainees": [trainee(n) for n in range(1, 202) if n != 7]})
    assert register.ingest("register")["outcome"] == "unchanged"
    assert register.current("register") == written


def test_its_manifest_says_how_many_rows_were_erased_and_that_the_sums_hold(register: Place) -> None:
    erase(register, "register", ask(("trn", RAW), ("trainee", "t8")))
    manifest = register.manifest("register")
    facts = manifest["tables"][0]
    assert manifest["erased"] == 2
    assert facts["rows_in"] == facts["kept"] + facts["duplicates"] + sum(facts["refused"].values()) == 199
    assert snapshots.stored(register.s3, BUCKET, "register", manifest["snapshot"]).body() == manifest


def test_nothing_that_is_written_or_logged_says_who_it_was(register: Place, capsys: pytest.CaptureFixture[str]) -> None:
    before = set(register.listing())
    capsys.readouterr()
    erase(register, "register", ask(("trn", RAW), ("trainee", "t7")))
    said = capsys.readouterr()
    new = {key: body for key, body in register.objects().items() if key not in before and "/snapshot=" not in key}
    assert {key.split("/")[0] for key in new} == {"erasures", "manifests", "runs"}
    texts = [said.out, said.err, *(body.decode() for body in new.values())]
    for hidden in (RAW, keyed("trn", RAW), keyed("trainee", "t7")):
        assert not [text for text in texts if hidden in text]


def test_an_erasure_says_nothing_of_the_source_so_its_last_attempt_stays(register: Place) -> None:
    attempt = register.json("attempts/register.json")
    erase(register, "register", ask(("trn", RAW)))
    with pytest.raises(ErasureError):
        erase(register, "register", ask(("candidate", "C7")))
    assert register.json("attempts/register.json") == attempt


def test_twice_does_no_harm(register: Place) -> None:
    arn = ask(("trn", RAW))
    erase(register, "register", arn)
    before = {key: body for key, body in register.objects().items() if not key.startswith("runs/")}
    summary = erase(register, "register", arn)
    assert (summary["outcome"], summary["erased"]["rewritten"]) == ("unchanged", {})
    assert {key: body for key, body in register.objects().items() if not key.startswith("runs/")} == before


def test_dry_it_says_what_it_would_rewrite_and_writes_nothing(register: Place) -> None:
    before = register.objects()
    summary = erase(register, "register", ask(("trn", RAW)), dry_run=True)
    assert len(summary["erased"]["rewritten"]) == 2
    assert register.objects() == before


def test_somebody_who_is_nowhere_changes_nothing(register: Place) -> None:
    summary = erase(register, "register", ask(("trn", "7654321")))
    assert summary["outcome"] == "unchanged"
    assert summary["erased"]["snapshots_searched"] == 2


def test_only_snapshots_that_have_the_person_are_written_again(register: Place) -> None:
    first, second = sorted(every_row(register, "trainees"))
    summary = erase(register, "register", ask(("trainee", "t201")))
    assert set(summary["erased"]["rewritten"]) == {second}
    assert first in every_row(register, "trainees")


def test_an_erased_snapshot_cannot_be_accepted_and_the_error_names_the_one_in_its_place(register: Place) -> None:
    old, _ = sorted(every_row(register, "trainees"))
    summary = erase(register, "register", ask(("trn", RAW)))
    with pytest.raises(SnapshotError, match=f"erased from it, {summary['erased']['rewritten'][old]} is in its place"):
        register.ingest("register", {"action": "accept", "snapshot": old})


@pytest.mark.parametrize("deleted", [1, 2, 3, 4])
def test_killed_while_deleting_and_run_again_it_ends_the_same(
    register: Place, monkeypatch: pytest.MonkeyPatch, deleted: int
) -> None:
    from placements_kpi import erasure

    left = [deleted]
    whole = erasure._delete_versions

    def killed(place: Any, prefix: str) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise SystemExit
        whole(place, prefix)

    monkeypatch.setattr(erasure, "_delete_versions", killed)
    arn = ask(("trn", RAW))
    with pytest.raises(SystemExit):
        erase(register, "register", arn)
    monkeypatch.setattr(erasure, "_delete_versions", whole)
    erase(register, "register", arn)
    rows = every_row(register, "trainees")
    assert sorted(map(len, rows.values())) == [199, 200]
    assert not any(row["trn"] == keyed("trn", RAW) for found in rows.values() for row in found)
    assert register.current("register") in rows
    assert len(register.listing("manifests/register/")) == 2


def test_rows_that_lifecycle_has_expired_go_in_all_their_versions(register: Place) -> None:
    old, _ = sorted(every_row(register, "trainees"))
    for key in register.listing(f"snapshots/trainees/snapshot={old}/"):
        register.s3.delete_object(Bucket=BUCKET, Key=key)  # what S3 does on expiry: a marker over the old version
    assert old in every_row(register, "trainees")
    summary = erase(register, "register", ask(("trn", RAW)))
    assert summary["erased"]["removed"] == [old]
    assert old not in every_row(register, "trainees")


@pytest.mark.parametrize("code", ["403", "503", "SlowDown"])
def test_rows_that_aws_does_not_show_are_not_taken_for_gone(
    register: Place, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    before = every_row(register, "trainees")
    client: Any = boto3.client

    def make(service: str, *arguments: Any, **options: Any) -> Any:
        made = client(service, *arguments, **options)
        if service == "s3":
            made.meta.events.register("before-call.s3.HeadObject", refuse)
        return made

    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": code, "Message": ""}}, "HeadObject")

    arn = ask(("trn", RAW))
    monkeypatch.setattr(boto3, "client", make)
    with pytest.raises(PlacementsKpiError, match=f"HeadObject.*{code}"):
        erase(register, "register", arn)
    assert every_row(register, "trainees") == before


def test_an_erasure_sent_again_takes_out_what_a_run_beside_it_wrote_and_then_says_that_nothing_is_left(
    register: Place,
) -> None:
    arn = ask(("trn", RAW))
    erase(register, "register", arn)
    late = register.ingest("register", {"day": "2026-07-13"})["snapshot"]  # of a drop that still has the person
    assert erase(register, "register", arn)["erased"]["rewritten"].keys() == {late}
    assert erase(register, "register", arn)["erased"]["rewritten"] == {}
    assert keyed("trn", RAW) not in {row["trn"] for rows in every_row(register, "trainees").values() for row in rows}


def test_rows_of_a_run_that_may_still_be_writing_stop_the_erasure(register: Place) -> None:
    current = register.current("register")
    body = register.s3.get_object(Bucket=BUCKET, Key=f"snapshots/trainees/snapshot={current}/part-0.parquet")
    unsealed = "snapshots/trainees/snapshot=20260701-00000000000f/part-0.parquet"
    register.s3.put_object(Bucket=BUCKET, Key=unsealed, Body=body["Body"].read())
    with pytest.raises(ErasureError, match="an ingest may be writing it"):
        erase(register, "register", ask(("trn", RAW)))


def test_snapshots_of_the_key_before_are_searched_and_older_ones_are_named(register: Place) -> None:
    arn = ask(("trn", RAW))
    for number, key in enumerate((OTHER, "local-third-key-abcdefghijklmnopqr")):
        held = json.dumps({"key": key})
        boto3.client("secretsmanager").put_secret_value(SecretId=register.secret_arn, SecretString=held)
        summary = erase(register, "register", arn)
        if number == 0:
            assert len(summary["erased"]["rewritten"]) == 2
        else:
            assert len(summary["erased"]["of_keys_that_are_gone"]) == 2


def test_a_rotation_by_stages_keys_with_the_current_key_and_searches_the_previous_one(register: Place) -> None:
    """As Secrets Manager rotates: a pending version is put and tried, then it takes the current stage over."""
    manager = boto3.client("secretsmanager")
    before = manager.get_secret_value(SecretId=register.secret_arn)["VersionId"]
    held = json.dumps({"key": OTHER})
    new = manager.put_secret_value(SecretId=register.secret_arn, SecretString=held, VersionStages=["AWSPENDING"])
    assert register.ingest("register", {"full": True})["outcome"] == "unchanged", "a pending key keys nothing"
    stage = {"SecretId": register.secret_arn, "VersionStage": "AWSCURRENT"}
    manager.update_secret_version_stage(**stage, MoveToVersionId=new["VersionId"], RemoveFromVersionId=before)
    assert register.ingest("register")["outcome"] == "accepted"
    assert keyed("trn", RAW, OTHER) in {row["trn"] for row in register.table("register", "trainees")}
    summary = erase(register, "register", ask(("trn", RAW)))
    assert len(summary["erased"]["rewritten"]) == 3
    assert summary["erased"]["of_keys_that_are_gone"] == []
    found = [row["trn"] for rows in every_row(register, "trainees").values() for row in rows]
    assert not {keyed("trn", RAW), keyed("trn", RAW, OTHER)} & set(found)


@pytest.mark.parametrize("current", [False, True])
def test_a_person_in_an_earlier_version_of_an_object_is_erased_too(register: Place, *, current: bool) -> None:
    """Somebody has written a file again without the person: the version before still has the row."""
    keys = register.listing("snapshots/trainees/")
    key = next(key for key in keys if (f"={register.current('register')}/" in key) == current)
    body = io.BytesIO()
    rows = pq.read_table(io.BytesIO(register.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()))
    pq.write_table(rows.filter([one != keyed("trn", RAW) for one in rows["trn"].to_pylist()]), body)
    register.s3.put_object(Bucket=BUCKET, Key=key, Body=body.getvalue())
    if current:
        with pytest.raises(ErasureError, match="is not whole: ingest it again first"):
            erase(register, "register", ask(("trn", RAW)))
        register.drop("register", {"trainees": [trainee(n) for n in range(1, 203)]})
        register.ingest("register")
    erase(register, "register", ask(("trn", RAW)))
    found = [row["trn"] for rows in every_row(register, "trainees").values() for row in rows]
    assert found
    assert keyed("trn", RAW) not in found


def test_an_allocation_goes_with_its_mentor_or_its_trainee_and_the_schools_stay(versioned: Place) -> None:
    files: dict[str, Any] = {
        "mentor_allocations": [
            allocation(1),
            allocation(2, trainee_id="t7"),
            *(allocation(n) for n in range(3, 203)),
        ],
        "school_activity": [school(n) for n in range(1, 201)],
        "provider_activity": [{"provider_code": "1AB"}],
    }
    versioned.drop("placements", files)
    versioned.ingest("placements")
    summary = erase(versioned, "placements", ask(("mentor", "m1"), ("trainee", "t7")))
    assert {row["allocation_id"] for row in versioned.table("placements", "mentor_allocations")} == {
        f"a{n}" for n in range(3, 203)
    }
    assert len(versioned.table("placements", "hosting_preferences")) == 200
    # The rows about schools are nobody's: a release that was made from them can still be worked out again.
    assert set(every_row(versioned, "school_activity")) == {*summary["erased"]["rewritten"], summary["snapshot"]}
    assert set(every_row(versioned, "mentor_allocations")) == {summary["snapshot"]}


@pytest.mark.parametrize(
    "held",
    [
        "{}",
        '{"people": []}',
        '{"people": [{"type": "trn", "identifier": "12"}]}',
        '{"people": [{"type": "email", "identifier": "somebody@example.org"}]}',
        '{"people": [{"type": "candidate", "identifier": "C1"}]}',
        '{"people": "somebody@example.org"}',
        '{"somebody@example.org": 1}',
    ],
)
def test_a_secret_that_names_nobody_is_a_clear_error_that_repeats_nothing(register: Place, held: str) -> None:
    arn = boto3.client("secretsmanager").create_secret(Name="erasure", SecretString=held)["ARN"]
    with pytest.raises(ErasureError) as refused:
        erase(register, "register", arn)
    assert not {"somebody", "C1", "email"} & set(str(refused.value).replace("@", " ").replace('"', " ").split())


def test_an_identifier_in_an_event_by_mistake_is_repeated_nowhere(
    register: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    event = {"action": "erase", "type": "trn", "identifier": RAW}
    capsys.readouterr()
    with pytest.raises(EventError, match="wrong or unknown keys identifier, type") as refused:
        register.ingest("register", event)
    said = capsys.readouterr()
    texts = [str(refused.value), said.out, said.err, *map(repr, register.objects().items())]
    for hidden in (
        RAW,
        hashlib.sha256(RAW.encode()).hexdigest()[:8],
        hashlib.sha256(repr(event).encode()).hexdigest()[:8],
    ):
        assert not [text for text in texts if hidden in text]


def test_a_source_without_people_has_nobody_to_erase(place: Place) -> None:
    with pytest.raises(ErasureError, match="nobody in it to erase"):
        erase(place, "providers", ask(("trn", RAW)))


def test_without_its_secret_nothing_is_erased(register: Place) -> None:
    with pytest.raises(ErasureError, match="ERASURE_SECRET_ARN"):
        register.ingest("register", {"action": "erase"})


def test_a_delta_after_an_erasure_does_not_bring_the_person_back(versioned: Place) -> None:
    from tests.ingest.test_merges import pull, statuses

    pull(versioned, "full", choices(200))
    erase(versioned, "apply", ask(("candidate", "C7")))
    pull(versioned, "delta", [choice(8, status="rejected")])
    assert "7" not in statuses(versioned)
    assert statuses(versioned)["8"] == "rejected"
