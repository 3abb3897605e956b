"""The same event several times, as a queue, the AWS CLI or SAM may send it: the same end as once.

S3 does one request to an object after the other; moto in one process does not, so each request waits for the others
here, and for a random while before it, so that the runs come between each other in many ways.
"""

from __future__ import annotations

import json
import random
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto.core.botocore_stubber import BotocoreStubber

from placements_kpi import erasure
from tests.ingest.conftest import BUCKET, KEY
from tests.ingest.drops import choices, trainee
from tests.ingest.test_erasure import ask, every_row, keyed
from tests.ingest.test_rekeying import OTHER

if TYPE_CHECKING:
    from tests.ingest.conftest import Place

DELIVERIES = 5
TRAINEES = [trainee(n) for n in range(1, 31)]


def days(place: Place) -> None:
    """Two drops, the older of them current."""
    place.drop("apply", {"application_choices": choices(200)}, day="2026-07-13")
    place.ingest("apply")
    place.drop("apply", {"application_choices": choices(210)})


def refused(place: Place) -> None:
    """A drop that a gate has refused."""
    days(place)
    place.drop("apply", {"application_choices": choices(400)})
    with pytest.raises(Exception, match="refused"):
        place.ingest("apply")


def newest(place: Place) -> None:
    """Two drops, both ingested."""
    days(place)
    place.ingest("apply")


def rotated(place: Place) -> None:
    """Two snapshots of Register, and another key since."""
    people(place)
    boto3.client("secretsmanager").put_secret_value(SecretId=place.secret_arn, SecretString=json.dumps({"key": OTHER}))


def people(place: Place) -> None:
    """Two snapshots of Register, with trainee 7 in both."""
    boto3.client("secretsmanager").put_secret_value(SecretId=place.secret_arn, SecretString=json.dumps({"key": KEY}))
    place.drop("register", {"trainees": TRAINEES}, day="2026-07-13")
    place.ingest("register")
    place.drop("register", {"trainees": [*TRAINEES, trainee(31)]})
    place.ingest("register")


ACTIONS: dict[str, tuple[Callable[[Place], None], str, dict[str, Any]]] = {
    "ingest": (days, "apply", {}),
    "given day": (newest, "apply", {"day": "2026-07-13"}),
    "full pull": (days, "apply", {"full": True}),
    "dry run": (days, "apply", {"dry_run": True}),
    "accept": (refused, "apply", {"action": "accept"}),
    "rekey": (rotated, "register", {"action": "rekey"}),
    "erase": (people, "register", {"action": "erase"}),
    "erase, dry": (people, "register", {"action": "erase", "dry_run": True}),
}


def prepared(place: Place, action: str) -> Callable[[], dict[str, Any]]:
    """Empty the place, bring it to where the action starts from, and return what delivers its event once."""
    for folder in place.folder.iterdir():
        shutil.rmtree(folder)
    for kind in ("Versions", "DeleteMarkers"):
        for version in place.s3.list_object_versions(Bucket=BUCKET).get(kind, ()):
            place.s3.delete_object(Bucket=BUCKET, Key=version["Key"], VersionId=version["VersionId"])
    prepare, source, event = ACTIONS[action]
    prepare(place)
    if event.get("action") == "accept":
        event = event | {"snapshot": place.json("attempts/apply.json")["snapshot"]}
    arn = ask(("trn", "2000007"))
    return lambda: place.ingest(source, event, erasure_secret_arn=arn)


def state(place: Place) -> dict[str, Any]:
    """Return all objects, but for the diary, and of attempts what they say of the data."""
    found: dict[str, Any] = {key: body for key, body in place.objects().items() if not key.startswith("runs/")}
    for key in [key for key in found if key.startswith("attempts/")]:
        attempt = json.loads(found[key])
        found[key] = [attempt["error"], attempt["current"]]
    return found


@contextmanager
def one_request_at_a_time(monkeypatch: pytest.MonkeyPatch, seed: int) -> Iterator[None]:
    lock, chance, process = threading.Lock(), random.Random(seed), BotocoreStubber.process_request

    def waiting(self: Any, request: Any) -> Any:
        time.sleep(chance.random() * 0.004)
        with lock:
            return process(self, request)

    with monkeypatch.context() as patch:
        patch.setattr(BotocoreStubber, "process_request", waiting)
        yield


@pytest.mark.parametrize("action", ACTIONS)
def test_five_deliveries_one_after_the_other_end_as_one(versioned: Place, action: str) -> None:
    prepared(versioned, action)()
    once = state(versioned)
    deliver = prepared(versioned, action)
    outcomes = [deliver()["outcome"] for _ in range(DELIVERIES)]
    assert state(versioned) == once
    if "dry" not in action:
        assert outcomes == ["accepted"] + ["unchanged"] * (DELIVERIES - 1)


@pytest.mark.parametrize(
    ("action", "seed"), [*((action, 1) for action in ACTIONS), ("rekey", 2), ("erase", 2), ("erase", 3), ("erase", 4)]
)
def test_five_deliveries_at_once_end_as_one_and_all_of_them_well(
    versioned: Place, monkeypatch: pytest.MonkeyPatch, action: str, seed: int
) -> None:
    prepared(versioned, action)()
    once = state(versioned)
    deliver = prepared(versioned, action)
    with one_request_at_a_time(monkeypatch, seed), ThreadPoolExecutor(DELIVERIES) as together:
        running = [together.submit(deliver) for _ in range(DELIVERIES)]
    assert {one.result()["outcome"] for one in running} <= {"accepted", "unchanged"}
    assert state(versioned) == once


def test_an_erasure_that_another_run_overtakes_at_any_point_ends_like_it(
    versioned: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared(versioned, "erase")()
    once = state(versioned)
    process = BotocoreStubber.process_request
    for nth in range(2, 300, 5):  # every call was tried once; every fifth is enough to notice
        deliver, calls = prepared(versioned, "erase"), []

        def overtaken(self: Any, request: Any, deliver: Any = deliver, calls: Any = calls, nth: int = nth) -> Any:
            calls.append(1)
            if len(calls) == nth:
                deliver()  # another run does all of its work between two calls of this one
            return process(self, request)

        with monkeypatch.context() as patch:
            patch.setattr(BotocoreStubber, "process_request", overtaken)
            deliver()
        assert state(versioned) == once, f"overtaken at call {nth}"
        assert keyed("trn", "2000007") not in {
            row["trn"] for rows in every_row(versioned, "trainees").values() for row in rows
        }
        if len(calls) < nth:
            break
    assert nth > 20


def test_an_erasure_gives_up_where_everything_goes_on_moving(versioned: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver = prepared(versioned, "erase")

    def gone(*_: Any) -> None:
        raise erasure._GoneError

    monkeypatch.setattr(erasure, "_download", gone)
    with pytest.raises(erasure.ErasureError, match="run the erasure again when they have ended"):
        deliver()
