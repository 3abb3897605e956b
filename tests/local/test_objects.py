"""The local Athena reads the same objects whether they are in its own process or behind an address."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from local.objects import InProcess, Objects, OverHttp
from tests.local.conftest import CHOICES, parquet
from tests.local.test_athena import csv, run

if TYPE_CHECKING:
    from local.cloud import Cloud


@pytest.mark.parametrize("way", ["in process", "over http"])
def test_objects_are_listed_read_and_written(cloud: Cloud, way: str) -> None:
    objects: Objects = InProcess() if way == "in process" else OverHttp(cloud.client("s3"))
    bucket, prefix = cloud.stack.data_bucket, f"objects {way}/"
    for name, body in (("b", b"two"), ("a", b"one"), ("empty", b"")):
        objects.write(bucket, prefix + name, body)
    objects.write(bucket, f"other {way}/c", b"three")
    listed = objects.listed(bucket, prefix)
    assert [key for key, _ in listed] == [prefix + "a", prefix + "b"]
    assert [objects.read(bucket, key) for key, _ in listed] == [b"one", b"two"]
    assert [etag for _, etag in listed] == ["f97c5d29941bfb1b2fdab0874906ab82", "b8a9f715dbb64fd5c56e7783c6820a61"]


def test_two_databases_have_each_its_own_table_of_a_name(cloud: Cloud) -> None:
    """As two stacks in one account have."""
    glue, s3 = cloud.client("glue"), cloud.client("s3")
    s3.create_bucket(Bucket="other", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    table = glue.get_table(DatabaseName=cloud.stack.database, Name="application_choices")["Table"]
    kept = {key: table[key] for key in ("Name", "StorageDescriptor", "PartitionKeys", "TableType")}
    place = table["Parameters"]["storage.location.template"].replace(cloud.stack.data_bucket, "other")
    glue.create_database(DatabaseInput={"Name": "other"})
    glue.create_table(
        DatabaseName="other",
        TableInput={**kept, "Parameters": {**table["Parameters"], "storage.location.template": place}},
    )
    rows: dict[str, list[object]] = {
        "id": ["of the other"],
        "recruitment_cycle_year": [2026],
        "rejected_on": [date(2026, 3, 1)],
        "reasons": [None],
    }
    key = "snapshots/application_choices/snapshot=b/part-0.parquet"
    s3.put_object(Bucket="other", Key=key, Body=parquet(rows, CHOICES))
    query = "SELECT id FROM application_choices WHERE snapshot = 'b'"
    assert csv(cloud, run(cloud, query)) == '"id"\n"1"\n'
    assert csv(cloud, run(cloud, query, database="other")) == '"id"\n"of the other"\n'
    assert csv(cloud, run(cloud, query)) == '"id"\n"1"\n'
