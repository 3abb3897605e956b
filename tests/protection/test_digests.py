"""Digests of the ledger: the same ledger in fewer requests, and the pages wherever a digest is not to be trusted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from functions.compute_kpis.protection import ledger
from functions.compute_kpis.protection.keys import RoundingKey
from functions.compute_kpis.protection.ledger import DIGEST_OF, Entry, LedgerError, Page
from placements_kpi import store

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

BUCKET = "data"
KEY = RoundingKey(b"local-" + b"abcdefghij" * 4)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Client]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("s3", region_name="eu-west-2")
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
        yield client


def release_of(number: int) -> str:
    return f"{date(2025, 1, 1) + timedelta(days=number)}.1"


def page(number: int, considered: int | None = None) -> Page:
    name = f"kpi@1/headline.numerator/2025/2025-01-31/region/{number % 7}"
    entry = Entry(shown=number * 5, rounded=number * 5, seal=KEY.seal(name, number * 5 + 1))
    seen = number if considered is None else considered
    return Page(
        release=release_of(number), considered=tuple(map(release_of, range(seen))), base=5, floor=10,
        key_id=KEY.key_id, entries={name: entry}, revised=(), restated=(("kpi@1", 2025, "2025-01-31"),),
    )  # fmt: skip


def fill(s3: S3Client, pages: int) -> list[Page]:
    """Return the pages that the ledger holds after so many releases; a digest is made whenever one is full."""
    written = [page(number) for number in range(pages)]
    for number, one in enumerate(written):
        ledger.write_page(s3, BUCKET, one)
        if (number + 1) % DIGEST_OF == 0:
            ledger.write_digests(s3, BUCKET)
    return written


def digests(s3: S3Client) -> list[str]:
    return list(store.keys(s3, BUCKET, ledger.DIGESTS))


def reads(s3: S3Client) -> list[str]:
    """Return the list that each object read from now on is added to."""
    seen: list[str] = []
    s3.meta.events.register("before-parameter-build.s3.GetObject", lambda params, **_: seen.append(params["Key"]))
    return seen


def told(past: ledger.Past) -> list[dict[str, object]]:
    return [one.model_dump(exclude={"contract", "considered"}) for one in past.pages]


def dumped(pages: list[Page]) -> list[dict[str, object]]:
    return told(ledger.Past(tuple(pages)))


def test_a_ledger_is_read_in_few_requests_and_is_the_same(s3: S3Client) -> None:
    pages = fill(s3, 2 * DIGEST_OF + 3)
    assert len(digests(s3)) == 2
    seen = reads(s3)
    assert told(ledger.read_past(s3, BUCKET)) == dumped(pages)
    assert len(seen) == 2 + 3
    assert ledger.stored_releases(s3, BUCKET) == [one.release for one in pages]


def test_a_ledger_as_an_earlier_release_saw_it(s3: S3Client) -> None:
    pages = fill(s3, DIGEST_OF + 5)
    for count in (0, 3, DIGEST_OF, DIGEST_OF + 2):
        past = ledger.read_past(s3, BUCKET, pages[count].considered)
        assert told(past) == dumped(pages[:count])


def test_pages_without_digests_are_digested_all_at_once(s3: S3Client) -> None:
    for number in range(2 * DIGEST_OF + 1):
        ledger.write_page(s3, BUCKET, page(number))
    ledger.write_digests(s3, BUCKET)
    assert digests(s3) == [f"{ledger.DIGESTS}{release_of(n * DIGEST_OF - 1)}.json" for n in (1, 2)]


@pytest.mark.parametrize("body", [b"", b"{}", b'{"contract": "another/9", "pages": []}'])
def test_a_digest_that_cannot_be_read_is_as_if_there_were_none(s3: S3Client, body: bytes) -> None:
    pages = fill(s3, DIGEST_OF + 1)
    (key,) = digests(s3)
    s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    assert told(ledger.read_past(s3, BUCKET)) == dumped(pages)
    ledger.write_digests(s3, BUCKET)
    assert store.read_bytes(s3, BUCKET, key) == body, "what is there is not overwritten"


def test_a_page_that_is_another_than_was_digested_is_read_itself(s3: S3Client) -> None:
    pages = fill(s3, DIGEST_OF + 1)
    (key,) = digests(s3)
    digest = json.loads(store.read_bytes(s3, BUCKET, key))
    digest["pages"][3]["etag"] = "0" * 32
    digest["pages"][3]["page"]["entries"] = {}
    s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(digest).encode())
    seen = reads(s3)
    assert told(ledger.read_past(s3, BUCKET)) == dumped(pages)
    assert f"ledger/{release_of(3)}.json" in seen


def test_a_page_that_is_gone_is_missed_though_a_digest_has_it(s3: S3Client) -> None:
    pages = fill(s3, DIGEST_OF + 1)
    s3.delete_object(Bucket=BUCKET, Key=f"ledger/{release_of(2)}.json")
    with pytest.raises(LedgerError, match="gone"):
        ledger.read_past(s3, BUCKET, pages[DIGEST_OF].considered)


def test_pages_of_two_runs_at_once_keep_their_order(s3: S3Client) -> None:
    """A page that comes late, of a run that saw few others, stands where it stood without digests."""
    late = page(DIGEST_OF + 40, considered=10)
    pages = fill(s3, DIGEST_OF + 1)
    ledger.write_page(s3, BUCKET, late)
    assert [one.release for one in ledger.read_past(s3, BUCKET).pages] == [
        *(one.release for one in pages[:11]), late.release, *(one.release for one in pages[11:])
    ]  # fmt: skip
