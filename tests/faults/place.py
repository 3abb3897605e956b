"""Where the runs happen: AWS in this process, under a clock that stands still."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import boto3
from moto import mock_aws

from local import athena
from local.intrinsics import REGION
from tests import memory
from tests.compute import stack
from tests.faults import worked_out
from tests.faults.injector import Injector, installed

DATA, DROPS, SITE = stack.BUCKET, "drops", stack.SITE
KEY = "local-0123456789-abcdefghijklmnop"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": REGION,
    "STAGE": "local",
    "CLOCK": "2026-07-15T08:30:00+00:00",
}
CONTEXT: Any = SimpleNamespace(
    function_name="function",
    memory_limit_in_mb=1024,
    invoked_function_arn="arn:aws:lambda:eu-west-2:123456789012:function:function",
    aws_request_id="11111111-2222-3333-4444-555555555555",
    get_remaining_time_in_millis=lambda: 900_000,
)
"""What Lambda gives a handler."""


class _Inline:
    """Runs each query when it is started: so every run makes the same calls in the same order."""

    def submit(self, run: Any, *arguments: Any) -> None:
        run(*arguments)

    def shutdown(self, **_: Any) -> None:
        pass


@contextmanager
def opened(scratch: Path) -> Iterator[tuple[Injector, athena.LocalAthena]]:
    """Give AWS with three empty buckets, whose every call goes through the injector."""
    with (
        patch.dict(os.environ, ENVIRONMENT),
        memory.kept(),
        patch.dict(memory.MADE, clear=True),
        installed() as injector,
        mock_aws(),
        athena.install(scratch) as engine,
    ):
        os.environ.pop("AWS_ENDPOINT_URL", None)
        engine._pool.shutdown()
        engine._pool = _Inline()  # type: ignore[assignment]
        stack.client.cache_clear()
        stack.create()
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=DROPS, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_bucket_versioning(Bucket=DATA, VersioningConfiguration={"Status": "Enabled"})
        with worked_out.once(engine):
            yield injector, engine
