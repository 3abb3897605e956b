"""Every function does its work with its own role's rights and no more: the local AWS asks IAM.

moto knows the resource of a request to S3 only, and no condition. So in the copies of the roles that it is
given, statements about other services are for any resource, and conditions are left out. What both
say is tested in tests/template/test_access.py.
"""

from __future__ import annotations

import gzip
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import settings
from moto.core.authorization import ActionAuthenticatorMixin

from local.access import Access
from local.intrinsics import ACCOUNT, REGION
from local.lambdas import Call, call
from local.run import open_run
from local.stages import INGESTS, Run
from local.state import open_state
from local.template import load_stack
from local.world import open_world, write_sample
from tests import limits

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from local.cloud import Cloud

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}],
}


@contextmanager
def iam_is_asked() -> Iterator[None]:
    """Have moto authorise every request inside."""
    before = settings.INITIAL_NO_AUTH_ACTION_COUNT, ActionAuthenticatorMixin.request_count
    settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
    try:
        yield
    finally:
        settings.INITIAL_NO_AUTH_ACTION_COUNT, ActionAuthenticatorMixin.request_count = before


def as_moto_reads_it(statement: Any) -> dict[str, Any]:
    """Return a statement without what moto gets wrong."""
    plain = {name: value for name, value in statement.items() if name not in {"Condition", "Sid"}}
    of_s3 = all(action.startswith("s3:") for action in _list(plain["Action"]))
    return plain if of_s3 else plain | {"Resource": "*"}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def keys_of_roles(cloud: Cloud) -> dict[str, dict[str, str]]:
    """Make a role for each function from the template's own statements; return credentials by function."""
    iam, sts = cloud.client("iam"), cloud.client("sts")
    found = {}
    for role in Access().functions:
        iam.create_role(RoleName=role.name, AssumeRolePolicyDocument=json.dumps(TRUST))
        document = {"Version": "2012-10-17", "Statement": [as_moto_reads_it(one) for one in role.statements]}
        iam.put_role_policy(RoleName=role.name, PolicyName="own", PolicyDocument=json.dumps(document))
        arn = f"arn:aws:iam::{ACCOUNT}:role/{role.name}"
        given = sts.assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
        found[role.name] = {
            "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": given["SessionToken"],
        }
    return found


class Stage:
    """A small world, and its functions called with their own roles."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.cloud = run.cloud
        self.keys = keys_of_roles(run.cloud)

    def call(self, function: str, event: Any, **more: str) -> Call:
        world = self.run.world.settings(self.cloud.stack.function(function), self.run.locations)
        world |= limits.loose(self.cloud.stack)
        with iam_is_asked():
            return call(
                self.cloud, function, event, world | self.keys[function] | more, self.run.logs / f"{function}.log"
            )

    def s3(self, function: str) -> Any:
        keys = self.keys[function]
        return boto3.client(
            "s3",
            endpoint_url=self.cloud.endpoint,
            region_name=REGION,
            aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=keys["AWS_SESSION_TOKEN"],
        )


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    build = tmp_path_factory.mktemp("build")
    write_sample(build / "sample", scale=0.03, more=("--schools", "3000"))
    world = open_world(build, "", None, ())
    with (
        open_state(build, world.sources) as state,
        open_run(world, load_stack(), state, build) as run,
    ):
        yield Stage(run)


@pytest.fixture(scope="module")
def done(stage: Stage) -> dict[str, Call]:
    """The whole pipeline, every function under its own role."""
    calls = {folder: stage.call(folder, {}) for folder in INGESTS}
    calls["compute_kpis"] = stage.call("compute_kpis", {"as_of": stage.run.world.as_of.isoformat()})
    calls["publish_site"] = stage.call("publish_site", {})
    return calls


def refused(what: Any, **arguments: Any) -> bool:
    """Return whether S3 says AccessDenied."""
    with iam_is_asked():
        try:
            what(**arguments)
        except ClientError as error:
            assert error.response["Error"]["Code"] in {"AccessDenied", "403"}, error
            return True
    return False


def keys_under(cloud: Cloud, bucket: str, *prefixes: str) -> list[str]:
    """Return one key of each prefix; every one has something in it."""
    keys = sorted(cloud.bucket(bucket).keys)
    return [next(key for key in keys if key.startswith(prefix)) for prefix in prefixes]


def test_every_function_can_do_its_work_with_its_own_role(done: dict[str, Call]) -> None:
    assert {name: one.error for name, one in done.items() if not one.ok} == {}
    assert done["compute_kpis"].result["outcome"] == "ok"


def test_moto_really_asks(stage: Stage, done: dict[str, Call]) -> None:
    nobody = stage.call("publish_site", {}, AWS_ACCESS_KEY_ID="AKIANOBODY")
    assert nobody.error is not None
    assert "(403)" in nobody.error["errorMessage"]


def test_the_publisher_is_refused_rows_exact_results_and_all_else_that_is_not_protected(
    stage: Stage, done: dict[str, Call]
) -> None:
    data, s3 = stage.cloud.stack.data_bucket, stage.s3("publish_site")
    private = keys_under(
        stage.cloud, data, "snapshots/application_choices/", "snapshots/trainees/", "snapshots/schools/", "manifests/",
        "quarantine/", "current/apply.json", "current/results.json", "attempts/", "results/", "runs/compute_kpis/",
        "runs/ingest_apply/", "runs/publish_site/", "athena/",
    )  # fmt: skip
    for key in [*private, "ledger/ledger.json"]:
        assert refused(s3.get_object, Bucket=data, Key=key), key
        assert refused(s3.put_object, Bucket=data, Key=key, Body=b"") != key.startswith("runs/publish_site/"), key
    for key in keys_under(stage.cloud, data, "protected/"):
        assert not refused(s3.get_object, Bucket=data, Key=key)
        assert refused(s3.put_object, Bucket=data, Key=key, Body=b"")
    assert refused(s3.delete_object, Bucket=stage.cloud.stack.site_bucket, Key="index.html")


def test_compute_is_refused_the_site_and_the_ingests_each_others_rows(stage: Stage, done: dict[str, Call]) -> None:
    data, site = stage.cloud.stack.data_bucket, stage.cloud.stack.site_bucket
    assert refused(stage.s3("compute_kpis").put_object, Bucket=site, Key="index.html", Body=b"")
    (quarantine,) = keys_under(stage.cloud, data, "quarantine/")
    assert refused(stage.s3("compute_kpis").get_object, Bucket=data, Key=quarantine)
    (trainees, results) = keys_under(stage.cloud, data, "snapshots/trainees/", "results/")
    for function in ("ingest_apply", "ingest_providers"):
        assert refused(stage.s3(function).get_object, Bucket=data, Key=trainees)
        assert refused(stage.s3(function).get_object, Bucket=data, Key=results)
    assert not refused(stage.s3("ingest_register").get_object, Bucket=data, Key=trainees)


def test_an_operator_rekeys_and_erases_with_the_ingests_own_roles(stage: Stage, done: dict[str, Call]) -> None:
    manager = stage.cloud.client("secretsmanager")
    secrets = stage.cloud.stack.secrets
    manager.put_secret_value(
        SecretId=secrets["PseudonymSecret"], SecretString=json.dumps({"key": "local-another-key-0123456789-abcdef"})
    )
    rekeyed = stage.call("ingest_register", {"action": "rekey"})
    assert rekeyed.ok, rekeyed.error
    assert rekeyed.result["rekeyed"]["from_key"] != rekeyed.result["rekeyed"]["to_key"]
    people = {"people": [{"type": "trainee", "identifier": _a_trainee(stage.run.world.sources)}]}
    manager.put_secret_value(SecretId=secrets["ErasureSecret"], SecretString=json.dumps(people))
    erased = stage.call("ingest_register", {"action": "erase"})
    assert erased.ok, erased.error
    assert len(erased.result["erased"]["rewritten"]) == 2, "that of the key before as well"


def _a_trainee(sources: Path) -> str:
    (drop,) = (sources / "register").glob("dt=*/trainees.ndjson*")
    body = gzip.decompress(drop.read_bytes()) if drop.suffix == ".gz" else drop.read_bytes()
    return str(json.loads(body.splitlines()[0])["trainee_id"])
