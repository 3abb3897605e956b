"""One local AWS after another, never two at once."""

import pytest
from botocore.exceptions import ClientError

from local.cloud import CloudError, open_cloud
from local.template import load_stack
from tests.local.conftest import SMALL


def test_a_secret_without_a_value_exists_and_has_none() -> None:
    with open_cloud(load_stack(SMALL), {}) as empty, pytest.raises(ClientError, match="ResourceNotFoundException"):
        empty.client("secretsmanager").get_secret_value(SecretId="placements/pseudonym")


def test_two_clouds_after_each_other_share_nothing() -> None:
    for _ in range(2):
        with open_cloud(load_stack(SMALL), {}) as running:
            assert list(running.bucket(running.stack.data_bucket).keys) == []
            running.client("s3").put_object(Bucket=running.stack.data_bucket, Key="left-over", Body=b"x")


def test_a_second_cloud_at_the_same_time_is_refused() -> None:
    with (
        open_cloud(load_stack(SMALL), {}),
        pytest.raises(CloudError, match="one local AWS at a time"),
        open_cloud(load_stack(SMALL), {}),
    ):
        pass
