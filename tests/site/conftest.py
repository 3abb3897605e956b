"""The site of one document as files, and AWS on this machine for what publishing does with them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from functions.publish_site import app, site
from functions.publish_site.figures import KpiFigures
from functions.publish_site.pages.frame import Site
from local.weight import HOSTS
from placements_kpi.results import seal_key
from placements_kpi.store import canonical_json
from tests import memory, reads
from tests.held import held
from tests.site.protected_document import AS_OF, audited, document, kpis
from tests.site.settled import FIRST, SECOND, SITE

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

    from placements_kpi.results import Protected

PUBLISHED = datetime(2026, 7, 15, 8, 30, tzinfo=UTC)
DATA = "data-bucket"
GOVERNMENT = HOSTS[1]


@pytest.fixture(scope="session")
def protected() -> Protected:
    return document()


@pytest.fixture(scope="session")
def page_frame() -> Site:
    return Site.at("localhost")


@pytest.fixture(scope="session")
def government() -> Site:
    """The frame of pages on a host of the government: GOV.UK's header, typeface and crest."""
    return Site.at(GOVERNMENT)


@pytest.fixture(scope="session")
def files(protected: Protected, page_frame: Site) -> dict[str, bytes]:
    """Every file of the release, by its path inside the release."""
    return site.release_files(page_frame, protected, PUBLISHED)


@pytest.fixture(scope="session")
def figures(protected: Protected) -> dict[str, KpiFigures]:
    return {kpi.id: KpiFigures(kpi) for kpi in protected.kpis}


class Context:
    """What Lambda gives a handler, as far as the logger reads it."""

    function_name = "publish-site"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-west-2:123456789012:function:publish-site"
    aws_request_id = "11111111-2222-3333-4444-555555555555"


@dataclass
class World:
    """The two buckets, and the handler as its events reach it."""

    s3: S3Client
    monkeypatch: pytest.MonkeyPatch

    def compute(self, made: Protected) -> None:
        """Do what ``compute_kpis`` does at its end: write the protected results, audited, then point to them."""
        made = made if made.verdict else audited(made)
        body = canonical_json(made.model_dump(mode="json"))
        self.s3.put_object(Bucket=DATA, Key=f"protected/{made.release}/results.json", Body=body)
        self.s3.put_object(Bucket=DATA, Key=seal_key(made.release), Body=canonical_json({"release": made.release}))
        self.s3.put_object(Bucket=DATA, Key="protected/current.json", Body=canonical_json({"release": made.release}))

    def handle(self, event: Any) -> dict[str, Any]:
        return app.lambda_handler(event, Context())

    def first_release(self) -> dict[str, Any]:
        """Compute the first release and publish it, into empty buckets; return the summary."""

        def make() -> dict[str, Any]:
            self.compute(document(FIRST))
            return self.handle({})

        return memory.once("site, the first release", make)

    def clock(self, instant: str) -> None:
        self.monkeypatch.setenv("CLOCK", instant)

    def read(self, key: str, bucket: str = SITE) -> str:
        """The text of an object; of a workbook, that of its content."""
        body = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        if key.endswith(".ods"):
            with zipfile.ZipFile(io.BytesIO(body)) as archive:
                body = archive.read("content.xml")
        return body.decode()

    def json(self, key: str, bucket: str = SITE) -> Any:
        return json.loads(self.read(key, bucket))

    def objects(self, bucket: str = SITE) -> dict[str, bytes]:
        return held(bucket)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-west-2",
        "STAGE": "local",
        "CLOCK": "2026-07-15T08:30:00Z",
        "DATA_BUCKET": DATA,
        "SITE_BUCKET": SITE,
        "SERVICE_HOST": "localhost",
        "MAX_AGE_DAYS": "{}",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with memory.kept(), mock_aws(), reads.kept():
        s3 = boto3.client("s3")
        for bucket in (DATA, SITE):
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
        yield World(s3, monkeypatch)


@pytest.fixture
def computed(world: World) -> World:
    """Two releases of one indicator, the first of them published."""

    def make() -> None:
        world.compute(document(FIRST, kpis=kpis()[-1:]))
        world.handle({})
        world.compute(document(SECOND, kpis=kpis()[-1:], as_of=AS_OF + timedelta(days=1)))

    memory.once("site, computed", make)
    world.clock("2026-07-16T08:30:00Z")
    return world


@pytest.fixture
def public(computed: World) -> World:
    """The same, both published."""
    memory.once("site, public", lambda: computed.handle({}))
    return computed


@pytest.fixture
def withdrawn(public: World) -> World:
    """The same, the second one withdrawn."""
    event = {"action": "withdraw", "release": SECOND, "reason": "a source was read twice"}
    memory.once("site, withdrawn", lambda: public.handle(event))
    public.clock("2026-07-16T12:00:00Z")
    return public
