"""AWS in this process for every test of this folder that asks for it, with the local stack's Athena."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from functions.compute_kpis import recompute, restate, run
from local import athena
from local.intrinsics import REGION
from tests import memory, reads
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
    with memory.kept(), mock_aws(), reads.kept(), athena.install(tmp_path_factory.mktemp("athena")):
        stack.create()
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
    for name, text in stack.environment().items():
        monkeypatch.setenv(name, text)


@pytest.fixture
def few_kpis(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the handler work out the two KPIs of these tests: what it does with the project's own is seen elsewhere."""
    for command in (run.compute, recompute.recompute, restate.restate):
        monkeypatch.setitem(command.__kwdefaults__, "folder", stack.KPIS)
