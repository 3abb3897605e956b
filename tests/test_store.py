"""Objects in S3: what cannot be read says which and what to do; a write whose answer was lost still counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from moto import mock_aws

from placements_kpi import store

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

BUCKET = "data"
KEY = "current/apply.json"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Client]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-2")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client: S3Client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
        yield client


def once(s3: S3Client, when: str, do: Callable[..., Any]) -> None:
    """Do something the next time that an object is written, before or after the write takes effect."""
    event = f"{when}.s3.PutObject"

    def handler(**given: Any) -> Any:
        s3.meta.events.unregister(event, handler)
        return do(**given)

    s3.meta.events.register(event, handler)


def connection_breaks(**_: Any) -> None:
    raise ConnectionClosedError(endpoint_url="https://s3")


def answers(code: str, status: int) -> Callable[..., Any]:
    """Return what makes S3 answer with an error whatever the write did."""

    def change(**_: Any) -> None:
        error = {"Error": {"Code": code, "Message": "so it says"}, "ResponseMetadata": {"HTTPStatusCode": status}}
        raise ClientError(error, "PutObject")  # type: ignore[arg-type]  # botocore would raise it from the answer

    return change


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "is empty"),
        (b'{"snapshot": "2026', "is not JSON"),
        (b'{"title": "Regi\x96ter"}', "is not JSON"),
        (b"\x1f\x8b\x08 half an archive", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "is not a JSON object"),
        (b"null", "is not a JSON object"),
    ],
    ids=["empty", "truncated", "cp1252", "bytes", "too deep", "a list", "null"],
)
def test_pointer_that_cannot_be_read_says_which_and_what_to_do(s3: S3Client, body: bytes, says: str) -> None:
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=body)
    with pytest.raises(store.BrokenObjectError, match=rf"s3://data/current/apply\.json {says}.*earlier version"):
        store.read_pointer(s3, BUCKET, KEY)


def test_other_json_that_cannot_be_read_says_which(s3: S3Client) -> None:
    s3.put_object(Bucket=BUCKET, Key="manifests/apply/x.json", Body=b"")
    with pytest.raises(store.BrokenObjectError, match=r"s3://data/manifests/apply/x\.json is empty"):
        store.read_json(s3, BUCKET, "manifests/apply/x.json")


@pytest.mark.parametrize("seen", [None, {"snapshot": "old"}], ids=["new", "changed"])
@pytest.mark.parametrize(
    "lost",
    [connection_breaks, answers("InternalError", 500), answers("PreconditionFailed", 412)],
    ids=["connection", "500", "412 to botocore's own second attempt"],
)
def test_swap_whose_answer_was_lost_has_happened(s3: S3Client, seen: Any, lost: Callable[..., Any]) -> None:
    if seen is not None:
        store.swap(s3, BUCKET, KEY, seen, None)
    pointer = store.read_pointer(s3, BUCKET, KEY)
    once(s3, "after-call", lost)
    store.swap(s3, BUCKET, KEY, {"snapshot": "new"}, pointer)
    found = store.read_pointer(s3, BUCKET, KEY)
    assert found is not None
    assert found.body == {"snapshot": "new"}


def test_swap_that_did_not_happen_is_an_error_as_before(s3: S3Client) -> None:
    once(s3, "before-call", connection_breaks)
    with pytest.raises(ConnectionClosedError):
        store.swap(s3, BUCKET, KEY, {"snapshot": "new"}, None)
    assert store.read_pointer(s3, BUCKET, KEY) is None


@pytest.mark.parametrize("seen", [None, store.Pointer({"snapshot": "gone"}, '"0"')], ids=["new", "changed"])
def test_swap_that_somebody_else_won_says_so(s3: S3Client, seen: store.Pointer | None) -> None:
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=b'{"snapshot": "theirs"}')
    with pytest.raises(store.LostRaceError, match="nothing was overwritten, run again"):
        store.swap(s3, BUCKET, KEY, {"snapshot": "ours"}, seen)


def test_swap_of_a_pointer_that_is_gone_is_a_lost_race_too(s3: S3Client) -> None:
    with pytest.raises(store.LostRaceError):
        store.swap(s3, BUCKET, KEY, {"snapshot": "ours"}, store.Pointer({"snapshot": "gone"}, '"0"'))


def test_swap_that_somebody_else_made_alike_is_as_good_as_ours(s3: S3Client) -> None:
    store.swap(s3, BUCKET, KEY, {"snapshot": "new"}, None)
    store.swap(s3, BUCKET, KEY, {"snapshot": "new"}, None)


def test_write_once_that_met_another_write_in_progress_is_tried_again(s3: S3Client) -> None:
    once(s3, "before-call", answers("ConditionalRequestConflict", 409))
    assert store.write_once(s3, BUCKET, "ledger/x.json", b"{}")
    assert store.read_bytes(s3, BUCKET, "ledger/x.json") == b"{}"


def test_swap_that_met_another_write_in_progress_is_tried_again(s3: S3Client) -> None:
    once(s3, "before-call", answers("ConditionalRequestConflict", 409))
    store.swap(s3, BUCKET, KEY, {"snapshot": "new"}, None)
    assert store.read_json(s3, BUCKET, KEY) == {"snapshot": "new"}


@pytest.mark.parametrize("lost", [connection_breaks, answers("InternalError", 500)], ids=["connection", "500"])
def test_write_once_whose_answer_was_lost_has_happened(s3: S3Client, lost: Callable[..., Any]) -> None:
    once(s3, "after-call", lost)
    assert store.write_once(s3, BUCKET, "ledger/x.json", b"{}")
    assert store.read_bytes(s3, BUCKET, "ledger/x.json") == b"{}"


def test_write_once_that_did_not_happen_is_an_error(s3: S3Client) -> None:
    once(s3, "before-call", connection_breaks)
    with pytest.raises(ConnectionClosedError):
        store.write_once(s3, BUCKET, "ledger/x.json", b"{}")


@pytest.mark.parametrize("lost", [connection_breaks, answers("PreconditionFailed", 412)], ids=["connection", "412"])
def test_swap_of_which_nobody_can_say_whether_it_happened_says_so(s3: S3Client, lost: Callable[..., Any]) -> None:
    once(s3, "after-call", lost)
    s3.meta.events.register("before-call.s3.GetObject", connection_breaks)
    with pytest.raises(store.UnsureError, match=r"not known whether s3://data/current/apply\.json was.*run again"):
        store.swap(s3, BUCKET, KEY, {"snapshot": "new"}, None)


def test_swap_that_was_denied_is_denied_though_the_object_cannot_be_read(s3: S3Client) -> None:
    once(s3, "before-call", answers("AccessDenied", 403))
    s3.meta.events.register("before-call.s3.GetObject", answers("AccessDenied", 403))
    with pytest.raises(ClientError, match="AccessDenied"):
        store.swap(s3, BUCKET, KEY, {"snapshot": "new"}, None)


def test_write_once_that_was_denied_is_denied_though_the_same_is_there(s3: S3Client) -> None:
    store.write_once(s3, BUCKET, "ledger/x.json", b"{}")
    once(s3, "before-call", answers("AccessDenied", 403))
    with pytest.raises(ClientError, match="AccessDenied"):
        store.write_once(s3, BUCKET, "ledger/x.json", b"{}")
