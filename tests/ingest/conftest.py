"""AWS in this process, a folder for drops, and ingests run through the handlers' own declarations."""

from __future__ import annotations

import importlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from moto import mock_aws

from placements_kpi import ingest
from placements_kpi.observability import metrics
from placements_kpi.settings import IngestSettings
from tests.held import held
from tests.ingest import drops

BUCKET = "data"
KEY = "local-0123456789-abcdefghijklmnop"


@dataclass
class Place:
    """One data bucket, and one folder of drops a source."""

    s3: Any
    folder: Path
    secret_arn: str

    def location(self, source: str) -> Path:
        return self.folder / source

    def drop(self, source: str, files: dict[str, drops.Rows], **options: Any) -> Path:
        return drops.write_drop(self.location(source), files, **options)

    def ingest(self, source: str, event: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
        app = importlib.import_module(f"functions.ingest_{source}.app")
        try:
            return ingest.run(app.SOURCE, self.settings(source, **changes), {} if event is None else event)
        finally:
            metrics.clear_metrics()  # the handler's decorator would have sent them

    def settings(self, source: str, **changes: Any) -> IngestSettings:
        values = {
            "stage": "local",
            "data_bucket": BUCKET,
            "max_age_days": json.dumps({source: 3}),
            "source_location": str(self.location(source)),
            "pseudonym_secret_arn": self.secret_arn,
        }
        return IngestSettings.model_validate(values | changes)

    def json(self, key: str) -> Any:
        return json.loads(self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())

    def listing(self, prefix: str = "") -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return sorted(entry["Key"] for page in pages for entry in page.get("Contents", ()))

    def objects(self) -> dict[str, bytes]:
        """Return every object of the data bucket."""
        return held(BUCKET)

    def current(self, source: str) -> str | None:
        key = f"current/{source}.json"
        return self.json(key)["snapshot"] if key in self.listing("current/") else None

    def manifest(self, source: str) -> dict[str, Any]:
        manifest: dict[str, Any] = self.json(self.json(f"current/{source}.json")["manifest"])
        return manifest

    def table(self, source: str, table: str) -> list[dict[str, Any]]:
        """Return the rows of a table in the current snapshot."""
        keys = self.listing(f"snapshots/{table}/snapshot={self.current(source)}/")
        bodies = [self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys]
        rows: list[dict[str, Any]] = pa.concat_tables(pq.read_table(io.BytesIO(body)) for body in bodies).to_pylist()
        return rows


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Place]:
    """Start AWS with an empty data bucket, on the day after 14 July 2026."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-2")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("STAGE", "local")
    monkeypatch.setenv("CLOCK", "2026-07-15T08:30:00+00:00")
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
        secret = boto3.client("secretsmanager").create_secret(Name="key", SecretString=json.dumps({"key": KEY}))
        yield Place(s3, tmp_path, secret["ARN"])


@pytest.fixture
def versioned(place: Place) -> Place:
    """The place with a bucket that keeps old versions, as the template has it."""
    place.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    return place
