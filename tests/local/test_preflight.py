"""``make preflight`` says of everything that it is fine, or what to do."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from moto import mock_aws

from functions.compute_kpis.preflight import Line
from local import preflight
from local.intrinsics import REGION

ASKED = preflight.Asked("dev", "stack-dev", REGION, {})
LOCATION = "s3://drops/apply"


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[boto3.Session]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        yield boto3.Session(region_name=REGION)


def only(lines: Iterator[Line]) -> Line:
    (line,) = lines
    return line


def function(location: str = LOCATION, secret: str = "") -> dict[str, dict[str, Any]]:
    return {
        "IngestApplyFunction": {
            "Environment": {"Variables": {"SOURCE_LOCATION": location, "SOURCE_SECRET_ARN": secret}}
        }
    }


def test_an_environment_is_that_of_samconfig() -> None:
    asked = preflight.asked_for("dev")
    assert (asked.stack, asked.region) == ("school-placements-performance-dev", "eu-west-2")
    assert asked.parameters["Stage"] == "dev"
    with pytest.raises(LookupError, match="no environment moon; it has dev, prod"):
        preflight.asked_for("moon")


def test_parameters_that_the_template_would_refuse_are_told_before_anything_is_deployed() -> None:
    assert only(preflight.parameters(preflight.asked_for("dev"))).fine
    prod = only(preflight.parameters(preflight.asked_for("prod")))
    assert prod.says.startswith("Stage=prod needs ServiceHost and CertificateArn")
    assert prod.do == "mend parameter_overrides of prod in samconfig.toml"
    long, fine = preflight.parameters(preflight.Asked("dev", "x" * 47, REGION, {}))
    assert (long.says, long.fine, fine.fine) == ("stack_name has 47 characters", False, True)


@pytest.mark.parametrize(
    ("parameters", "fine"),
    [
        ({}, False),
        ({"DisclosureApprovedBy": "not yet approved"}, False),
        ({"DisclosureApprovedBy": "Not agreed", "Demonstration": "false"}, False),
        ({"DisclosureApprovedBy": "Head of profession"}, True),
        ({"Demonstration": "true"}, True),
    ],
)
def test_whether_anything_will_be_made_public_is_told(parameters: dict[str, str], fine: bool) -> None:
    line = only(preflight.approval(preflight.Asked("prod", "stack", REGION, parameters)))
    assert line.fine is fine
    assert fine or "none is made public" in line.says


def test_the_account_is_named(session: boto3.Session) -> None:
    assert only(preflight.account(session, ASKED)).says.startswith("123456789012 in eu-west-2, as arn:aws:")


@pytest.fixture
def cloudformation(session: boto3.Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """CloudFormation whose answers are held against AWS's own model of them; a whole one is in make rehearse."""
    made, client = session.client, session.client("cloudformation")
    monkeypatch.setattr(
        session, "client", lambda name, **more: client if name == "cloudformation" else made(name, **more)
    )
    with Stubber(client) as stubber:
        yield stubber


def test_a_stack_that_is_not_there_is_to_be_deployed(session: boto3.Session, cloudformation: Stubber) -> None:
    cloudformation.add_client_error("describe_stacks", "ValidationError", "Stack with id stack-dev does not exist")
    line, deployed = preflight.stack(session, ASKED)
    assert deployed is None
    assert line.do == "make template, then .venv-sam/bin/sam deploy --config-env dev"


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_IN_PROGRESS"])
def test_what_is_deployed_is_read_from_the_stack(session: boto3.Session, cloudformation: Stubber, status: str) -> None:
    topic = session.client("sns").create_topic(Name="alarms")["TopicArn"]
    told: dict[str, Any] = {"StackName": "stack-dev", "CreationTime": datetime.now(UTC), "StackStatus": status}
    outputs = [{"OutputKey": "AlarmTopicArn", "OutputValue": topic}]
    cloudformation.add_response("describe_stacks", {"Stacks": [told | {"Outputs": outputs}]})
    summary = {
        "LogicalResourceId": "AlarmTopic",
        "PhysicalResourceId": topic,
        "ResourceType": "AWS::SNS::Topic",
        "LastUpdatedTimestamp": datetime.now(UTC),
        "ResourceStatus": "CREATE_COMPLETE",
    }
    cloudformation.add_response("list_stack_resources", {"StackResourceSummaries": [summary]})
    line, deployed = preflight.stack(session, ASKED)
    assert line.fine == (status != "UPDATE_IN_PROGRESS")
    assert deployed is not None
    assert deployed.of_type("AWS::SNS::Topic") == {"AlarmTopic": topic}
    assert only(preflight.alarms(session, deployed)).do == "give AlarmEmail and deploy again"
    session.client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint="team@example.org")
    assert only(preflight.alarms(session, deployed)).says == "go to team@example.org"


def test_a_first_deployment_that_failed_is_taken_away_first(session: boto3.Session, cloudformation: Stubber) -> None:
    told = {"StackName": "stack-dev", "CreationTime": datetime.now(UTC), "StackStatus": "ROLLBACK_COMPLETE"}
    cloudformation.add_response("describe_stacks", {"Stacks": [told]})
    line, deployed = preflight.stack(session, ASKED)
    assert deployed is None
    assert line.do.startswith("aws cloudformation delete-stack --stack-name stack-dev, then deploy again")


def test_a_certificate_must_be_issued_in_the_right_region_for_the_right_host(session: boto3.Session) -> None:
    def told(**parameters: str) -> Line:
        return only(preflight.certificate(session, preflight.Asked("dev", "stack-dev", REGION, parameters)))

    host = "placements.education.gov.uk"
    elsewhere = session.client("acm").request_certificate(DomainName=host)["CertificateArn"]
    acm = session.client("acm", region_name="us-east-1")
    right = acm.request_certificate(DomainName=host, ValidationMethod="DNS")["CertificateArn"]
    assert told().fine
    assert "request one" in told(ServiceHost=host).do
    assert "us-east-1 only" in told(ServiceHost=host, CertificateArn=elsewhere).do
    assert told(ServiceHost="other.gov.uk", CertificateArn=right).do
    issued = acm.describe_certificate(CertificateArn=right)["Certificate"]["Status"] == "ISSUED"
    assert told(ServiceHost=host, CertificateArn=right).fine == issued


def test_a_drop_is_complete_with_its_manifest(session: boto3.Session) -> None:
    s3 = session.client("s3")
    s3.create_bucket(Bucket="drops", CreateBucketConfiguration={"LocationConstraint": REGION})
    assert only(preflight.drops(session, function())).says == "it has no drop yet"
    s3.put_object(Bucket="drops", Key="apply/dt=2026-07-14/application_choices.ndjson", Body=b"{}")
    assert "no manifest.json" in only(preflight.drops(session, function())).says
    today = datetime.now(UTC).date().isoformat()
    s3.put_object(Bucket="drops", Key=f"apply/dt={today}/manifest.json", Body=b"{}")
    line = only(preflight.drops(session, function()))
    assert (line.says, line.fine) == (f"newest complete drop is dt={today}, 0 days old", True)


def test_a_bucket_that_is_not_there_is_one_line_and_the_others_go_on(session: boto3.Session) -> None:
    line = only(preflight.drops(session, function()))
    assert (line.says, "NoSuchBucket" in line.do) == ("not known", True)


def test_tokens_are_wanted_only_where_a_source_is_read_live(session: boto3.Session) -> None:
    arn = session.client("secretsmanager").create_secret(Name="t", SecretString='{"tokens": []}')["ARN"]
    deployed = preflight.Deployed(resources={"RegisterTokensSecret": ("AWS::SecretsManager::Secret", arn)})
    assert only(preflight.secrets(session, deployed, function(secret=arn))).fine
    live = function("https://register.example.org/api/v2026.1", arn)
    assert "put {" in only(preflight.secrets(session, deployed, live)).do
    session.client("secretsmanager").put_secret_value(SecretId=arn, SecretString='{"tokens": ["a", "b"]}')
    assert only(preflight.secrets(session, deployed, live)).says == "has 2 tokens"


def test_the_value_of_a_key_is_never_shown(session: boto3.Session) -> None:
    arn = session.client("secretsmanager").create_secret(Name="k", SecretString='{"key": "very secret"}')["ARN"]
    deployed = preflight.Deployed(resources={"PseudonymSecret": ("AWS::SecretsManager::Secret", arn)})
    line = only(preflight.secrets(session, deployed, {}))
    assert line.fine
    assert "very secret" not in str(line)


def test_what_may_not_be_asked_says_which_right_is_missing() -> None:
    def refused() -> Iterator[Line]:
        yield Line("a", "before")
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetAccountSettings")

    before, line = preflight.checked("Lambda quota", refused)
    assert before.fine
    assert line.do == "ask with credentials that may GetAccountSettings"


def test_reserving_concurrency_leaves_a_hundred_for_others(
    session: boto3.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Client:
        free = 10

        def get_account_settings(self) -> dict[str, Any]:
            return {"AccountLimit": {"ConcurrentExecutions": self.free, "UnreservedConcurrentExecutions": self.free}}

    monkeypatch.setattr(session, "client", lambda *_, **__: Client())
    wanted = preflight.Asked("prod", "stack", REGION, {"ReserveConcurrency": "true"})
    assert only(preflight.concurrency(session, ASKED)).fine
    assert "higher quota" in only(preflight.concurrency(session, wanted)).do
    Client.free = 1000
    assert only(preflight.concurrency(session, wanted)).fine


def test_the_runtime_and_layers_of_a_function_are_told(session: boto3.Session) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", "")
    role = session.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    session.client("lambda").create_function(
        FunctionName="ingest",
        Runtime="python3.13",
        Architectures=["arm64"],
        Role=role,
        Handler="app.handler",
        Code={"ZipFile": packed.getvalue()},
    )
    deployed = preflight.Deployed(resources={"IngestApplyFunction": ("AWS::Lambda::Function", "ingest")})
    line = only(preflight.runtimes(preflight.functions(session, deployed)))
    assert (line.says, line.fine) == ("python3.13 on arm64, 0 layers", True)


def test_without_credentials_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    assert preflight.main(["dev"]) == 2
    assert "sign in (aws sso login) or set AWS_PROFILE" in capsys.readouterr().err


def test_a_source_in_bigquery_needs_somebody_who_vouches_for_the_function(session: boto3.Session) -> None:
    told = function("bigquery://dfe-test/dataform")
    line = only(preflight.drops(session, told))
    assert line.says == "cannot be read: nobody vouches for the function to Google"
    assert line.do is not None and "GoogleIdentityProvider" in line.do
    pool = "projects/1/locations/global/workloadIdentityPools/p/providers/aws"
    told["IngestApplyFunction"]["Environment"]["Variables"]["GOOGLE_IDENTITY_PROVIDER"] = pool
    assert only(preflight.drops(session, told)).fine
