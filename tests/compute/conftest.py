"""AWS in this process for every test of this folder that asks for it, with the local stack's Athena."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from functions.compute_kpis.contract import TABLES
from local import athena
from local.intrinsics import REGION
from placements_kpi.tables import Table, glue_columns
from tests.compute import stack


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Start AWS with bucket, tables and workgroup, on the day after D; nothing is in the bucket."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("STAGE", "local")
    monkeypatch.setenv("CLOCK", "2026-07-15T08:30:00+00:00")
    stack.client.cache_clear()
    _share_clients(monkeypatch)
    with mock_aws(), athena.install(tmp_path_factory.mktemp("athena")):
        for bucket in (stack.BUCKET, stack.SITE):
            stack.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        stack.client("athena").create_work_group(
            Name=stack.WORKGROUP,
            Configuration={
                "EnforceWorkGroupConfiguration": True,
                "ResultConfiguration": {"OutputLocation": f"s3://{stack.BUCKET}/athena/"},
                "BytesScannedCutoffPerQuery": 10_000_000,
            },
        )
        stack.client("secretsmanager").create_secret(
            Name=stack.ROUNDING_SECRET, SecretString=json.dumps({"key": stack.ROUNDING_KEY})
        )
        stack.client("glue").create_database(DatabaseInput={"Name": stack.DATABASE})
        for table in [*TABLES, *(table for tables in stack.TABLES.values() for table in tables)]:
            _declare(table)
        yield


def _share_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give whoever asks for a client as before the same client again, until the test ends.

    awswrangler makes one for each call, a dozen in a computation, and making it takes longer than the call.
    """
    make, made = boto3.Session.client, dict[str, Any]()

    def client(self: boto3.Session, service_name: Any, *given: Any, config: Any = None, **more: Any) -> Any:
        asked = repr((service_name, given, sorted(more.items()), config and vars(config)["_user_provided_options"]))
        if asked not in made:
            made[asked] = make(self, service_name, *given, config=config, **more)
        return made[asked]

    monkeypatch.setattr(boto3.Session, "client", client)


@pytest.fixture
def environment(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the environment that the template gives the function."""
    for name, value in stack.settings().model_dump(mode="json").items():
        text = value if isinstance(value, str) else json.dumps(value)
        monkeypatch.setenv(name.upper(), text)


def _declare(table: Table) -> None:
    """Declare a table in Glue as ``template.yaml`` does."""
    location = f"s3://{stack.BUCKET}/snapshots/{table.name}/"
    stack.client("glue").create_table(
        DatabaseName=stack.DATABASE,
        TableInput={
            "Name": table.name,
            "PartitionKeys": [{"Name": "snapshot", "Type": "string"}],
            "Parameters": {
                "projection.enabled": "true",
                "projection.snapshot.type": "injected",
                "storage.location.template": location + "snapshot=${snapshot}/",
            },
            "StorageDescriptor": {"Columns": glue_columns(table), "Location": location},
        },
    )
