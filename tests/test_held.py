"""What tests read of a bucket is what S3 answers."""

from __future__ import annotations

import boto3
import pytest
from moto import mock_aws

from tests.held import held


@pytest.mark.parametrize("versioned", [False, True])
def test_what_is_held_is_what_s3_lists_and_gives(versioned: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-2")
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="data", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
        if versioned:
            s3.put_bucket_versioning(Bucket="data", VersioningConfiguration={"Status": "Enabled"})
        for key, body in (("b", b"1"), ("a/c", b"2"), ("b", b"3"), ("gone", b"4")):
            s3.put_object(Bucket="data", Key=key, Body=body)
        s3.delete_object(Bucket="data", Key="gone")
        listed = [item["Key"] for item in s3.list_objects_v2(Bucket="data")["Contents"]]
        assert held("data") == {key: s3.get_object(Bucket="data", Key=key)["Body"].read() for key in listed}
        assert list(held("data")) == listed == ["a/c", "b"]
