"""What a run used is counted as AWS bills it, and what the month cost is worked out from the run records."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from functions.compute_kpis import spending
from functions.publish_site.pages.costs import costs_page, read_costs
from local.intrinsics import REGION
from local.template import translate
from placements_kpi import costs, usage
from placements_kpi.store import canonical_json
from placements_kpi.times import iso_instant, now
from tests.costs.example import example

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

    from functions.publish_site.pages.frame import Site

ROOT = Path(__file__).resolve().parents[2]
BUCKET = "data"
TEMPLATE = (ROOT / "template.yaml").read_text(encoding="utf-8")


class Context:
    memory_limit_in_mb = 512


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Client]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        usage.begin(Context())
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        usage.begin(Context())
        yield client


def record(s3: S3Client, key: str, **used: float) -> None:
    s3.put_object(
        Bucket=BUCKET, Key=f"runs/{key}.json", Body=canonical_json({"usage": used, "finished_at": iso_instant(now())})
    )


def test_requests_are_counted_as_s3_bills_them(s3: S3Client) -> None:
    s3.put_object(Bucket=BUCKET, Key="a", Body=b"x")
    s3.get_object(Bucket=BUCKET, Key="a")
    s3.head_object(Bucket=BUCKET, Key="a")
    s3.list_objects_v2(Bucket=BUCKET)
    s3.delete_object(Bucket=BUCKET, Key="a")
    used = usage.so_far()
    assert (used.s3_puts, used.s3_gets, used.memory_mb) == (2, 2, 512)


def test_a_small_query_costs_as_much_as_one_of_ten_megabytes(s3: S3Client) -> None:
    usage.scanned(1)
    usage.scanned(25_000_000)
    assert usage.so_far().athena_bytes == 35_000_000


def test_a_session_that_comes_back_is_not_counted_twice(s3: S3Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        usage.begin(Context())
    usage.begin(Context())
    boto3.client("s3").list_objects_v2(Bucket=BUCKET)
    assert usage.so_far().s3_puts == 1


def test_the_next_invocation_starts_from_nothing(s3: S3Client) -> None:
    s3.list_objects_v2(Bucket=BUCKET)
    usage.begin(Context())
    assert usage.so_far().s3_puts == 0
    s3.list_objects_v2(Bucket=BUCKET)
    assert usage.so_far().s3_puts == 1, "counted once, however often counting began"


def test_a_cost_is_that_of_the_list_prices() -> None:
    used = costs.Usage(seconds=100, memory_mb=1024, s3_puts=1000, s3_gets=10_000, athena_bytes=2_000_000_000_000)
    paid = costs.dollars(used)
    assert paid["athena"] == pytest.approx(10.0)
    assert paid["lambda"] == pytest.approx(0.00133334 + 0.0000002)
    assert paid["s3"] == pytest.approx(0.0053 + 0.0042)


def test_the_month_is_the_sum_of_its_run_records(s3: S3Client, monkeypatch: pytest.MonkeyPatch) -> None:
    used = {"seconds": 60.0, "memory_mb": 1024, "s3_puts": 10, "s3_gets": 10, "athena_bytes": 164_000_001}
    for key in ("compute_kpis/a", "compute_kpis/b", "ingest_apply/c"):
        record(s3, key, **used)
    s3.put_object(Bucket=BUCKET, Key="runs/ingest_apply/before-usage.json", Body=b"{}")
    s3.put_object(Bucket=BUCKET, Key="runs/ingest_apply/broken.json", Body=b"")
    found = spending.month_so_far(s3, BUCKET)
    assert found.runs == 3
    assert found.dollars == round(3 * sum(costs.dollars(costs.Usage.model_validate(used)).values()), 4)
    assert [(one.function, one.scanned_mb) for one in found.newest] == [("compute_kpis", 170), ("ingest_apply", 170)]


def test_runs_of_an_earlier_month_do_not_count(s3: S3Client, monkeypatch: pytest.MonkeyPatch) -> None:
    record(s3, "compute_kpis/a", seconds=60.0, memory_mb=1024)
    monkeypatch.setattr("placements_kpi.times.now", lambda: datetime(2999, 1, 1, tzinfo=UTC))
    found = spending.month_so_far(s3, BUCKET)
    assert (found.runs, found.dollars, found.month) == (0, 0.0, date(2999, 1, 1))


def test_a_bucket_that_cannot_be_read_stops_no_computation(s3: S3Client) -> None:
    spending.write(s3, "no-such-bucket")


def test_what_stands_ready_is_what_the_template_has() -> None:
    def declared(kind: str) -> int:
        return len(re.findall(rf"Type: AWS::{kind}$", TEMPLATE, re.MULTILINE))

    counts, monthly = costs.standing()
    alarms = [
        body["Properties"] for body in translate()["Resources"].values() if body["Type"] == "AWS::CloudWatch::Alarm"
    ]
    watched = sum(alarm["Namespace"] == "SchoolPlacementsPerformance" for alarm in alarms)
    assert counts == {
        "secret": declared("SecretsManager::Secret"),
        "alarm": declared("CloudWatch::Alarm"),
        "metric": watched,
    }
    assert monthly == pytest.approx(counts["secret"] * 0.4 + counts["alarm"] * 0.1 + counts["metric"] * 0.3)


def test_every_metric_that_is_sent_is_watched_by_an_alarm() -> None:
    sent = {
        name
        for folder in ("functions", "layers/core")
        for path in (ROOT / folder).rglob("*.py")
        for name in re.findall(r'add_metric\(name="(\w+)"', path.read_text(encoding="utf-8"))
    }
    assert sent and sent <= set(re.findall(r"MetricName: (\w+)", TEMPLATE))


def test_the_page_says_what_was_spent(page_frame: Site) -> None:
    page = costs_page(page_frame, example(), "2026-11-27.1").decode()
    for said in ("224 runs of November 2026", "0.07 US dollars up to 28 November 2026", "1,234", "170", "0.0031"):
        assert said in page, said


def test_a_month_that_cost_next_to_nothing_did_not_cost_nothing(page_frame: Site) -> None:
    little = example().model_copy(update={"dollars": 0.002})
    assert "have cost less than 0.01 US dollars" in costs_page(page_frame, little, None).decode()
    short = little.newest[0].model_copy(update={"seconds": 0, "dollars": 0.0})
    page = costs_page(page_frame, little.model_copy(update={"newest": (short,)}), None).decode()
    assert ">under 1<" in page and ">under 0.0001<" in page


def test_the_page_is_there_before_anything_is_known(page_frame: Site) -> None:
    assert "not known yet" in costs_page(page_frame, None, None).decode()


def test_only_the_document_as_it_is_declared_is_shown(s3: S3Client) -> None:
    assert read_costs(s3, BUCKET) is None
    body: dict[str, Any] = example().model_dump(mode="json")
    s3.put_object(Bucket=BUCKET, Key=costs.PUBLIC_KEY, Body=json.dumps(body))
    assert read_costs(s3, BUCKET) == example()
    s3.put_object(Bucket=BUCKET, Key=costs.PUBLIC_KEY, Body=json.dumps(body | {"candidates": 4}))
    assert read_costs(s3, BUCKET) is None
