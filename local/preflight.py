"""``make preflight``: asks AWS, with the operator's own credentials, whether all is ready. Reads only.

Before the first deployment it looks at the account; afterwards at what was deployed too. Every line says that
something is fine, or what to do, or why it could not be asked. Exit status 0 if there is nothing to do, else 1.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from functions.compute_kpis import preflight
from functions.compute_kpis.preflight import Line
from local.intrinsics import TemplateError
from local.template import LONGEST_STACK_NAME, defaults, load_stack
from placements_kpi.facts import names_approver
from placements_kpi.settings import SOURCES, ComputeSettings

SAMCONFIG = Path(__file__).resolve().parent.parent / "samconfig.toml"

FUNCTIONS = len(SOURCES) + 2
"""Functions of the stack, each of which reserves one execution where it is asked for."""

FREE_AFTER_RESERVING = 100
"""Concurrent executions that must stay unreserved in an account:
https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html"""

DAYS_OF_CERTIFICATE = 30

BUDGET_SECONDS = 120.0

_NEW_ACCOUNT = (
    "that a new account may create a distribution only the deployment shows: if it fails with "
    '"Your account must be verified", open a support case that quotes it, and deploy again'
)
"""The message is in https://github.com/aws-samples/aws-cdk-examples/issues/279"""


@dataclass(frozen=True)
class Asked:
    """An environment of ``samconfig.toml``."""

    name: str
    stack: str
    region: str
    parameters: dict[str, str]


@dataclass(frozen=True)
class Deployed:
    """What CloudFormation says of the stack: outputs, and the physical id of each resource by its logical one."""

    outputs: dict[str, str] = field(default_factory=dict)
    resources: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Logical id: type and physical id."""

    def of_type(self, kind: str) -> dict[str, str]:
        """Return the physical ids of one type of resource, by logical id."""
        return {name: physical for name, (type_, physical) in self.resources.items() if type_ == kind}


def asked_for(environment: str, path: Path = SAMCONFIG) -> Asked:
    """Return the environment of ``samconfig.toml``; ``LookupError`` names those there are."""
    config = tomllib.loads(path.read_text(encoding="utf-8"))
    known = sorted(name for name, body in config.items() if isinstance(body, dict) and "deploy" in body)
    if environment not in known or environment == "default":
        raise LookupError(f"samconfig.toml has no environment {environment}; it has {', '.join(known)}")
    deploy = config[environment]["deploy"]["parameters"]
    pairs = (part.partition("=") for part in shlex.split(deploy.get("parameter_overrides", "")))
    return Asked(environment, deploy["stack_name"], deploy["region"], {name: value for name, _, value in pairs})


def checked(check: str, ask: Callable[[], Iterator[Line]]) -> Iterator[Line]:
    """Yield the lines of one check; an error of AWS becomes a line that says what was asked."""
    try:
        yield from ask()
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code.startswith(("AccessDenied", "UnauthorizedOperation", "AuthorizationError")):
            do = f"ask with credentials that may {error.operation_name}"
        else:
            do = f"AWS answered {code} to {error.operation_name}: {error.response.get('Error', {}).get('Message', '')}"
        yield Line(check, "not known", do)
    except BotoCoreError as error:
        yield Line(check, "not known", f"AWS did not answer: {error}")


def parameters(asked: Asked) -> Iterator[Line]:
    """Yield whether the template takes the name and the parameters of the environment, by its own rules."""
    if len(asked.stack) > LONGEST_STACK_NAME:
        yield Line(
            "parameters", f"stack_name has {len(asked.stack)} characters", f"it has at most {LONGEST_STACK_NAME}"
        )
    try:
        load_stack(given=asked.parameters)
    except TemplateError as error:
        yield Line("parameters", str(error), f"mend parameter_overrides of {asked.name} in samconfig.toml")
    else:
        yield Line("parameters", "fit together")


def approval(asked: Asked) -> Iterator[Line]:
    """Yield whether somebody has approved the limits of disclosure control: until then nothing is made public."""
    by = asked.parameters.get("DisclosureApprovedBy", defaults()["DisclosureApprovedBy"])
    if asked.parameters.get("Demonstration") == "true":
        yield Line("approval", "is not needed: the people of a demonstration are invented")
    elif names_approver(by):
        yield Line("approval", f"the limits of disclosure control were approved by: {by}")
    else:
        do = "give DisclosureApprovedBy and DisclosureApprovedOn, deploy again and send compute_kpis.json"
        yield Line("approval", f'DisclosureApprovedBy is "{by}": releases are prepared and none is made public', do)


def account(session: boto3.Session, asked: Asked) -> Iterator[Line]:
    """Yield who is asking, and whether Lambda would let the functions run beside each other."""
    identity = session.client("sts").get_caller_identity()
    yield Line("account", f"{identity['Account']} in {asked.region}, as {identity['Arn']}")


def concurrency(session: boto3.Session, asked: Asked) -> Iterator[Line]:
    """Yield whether the account's concurrent executions are enough: a new account starts with few."""
    limit = session.client("lambda").get_account_settings()["AccountLimit"]
    free, reserved = limit["UnreservedConcurrentExecutions"], asked.parameters.get("ReserveConcurrency") == "true"
    said = f"{free} of {limit['ConcurrentExecutions']} concurrent executions are not reserved"
    if reserved and free < FREE_AFTER_RESERVING + FUNCTIONS:
        raise_it = "ask for a higher quota of Lambda's concurrent executions, or leave ReserveConcurrency at false"
        yield Line("Lambda quota", f"{said}, and reserving {FUNCTIONS} must leave {FREE_AFTER_RESERVING}", raise_it)
    else:
        yield Line("Lambda quota", said)


def certificate(session: boto3.Session, asked: Asked) -> Iterator[Line]:
    """Yield whether the certificate of the page is issued, for its host and long enough. It must be in us-east-1.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html
    """
    host, arn = asked.parameters.get("ServiceHost", ""), asked.parameters.get("CertificateArn", "")
    if not arn:
        if host:
            yield Line("certificate", f"none for {host}", "request one in us-east-1 and give CertificateArn")
        else:
            yield Line("certificate", "none: the page has CloudFront's own address")
        return
    if ":us-east-1:" not in arn:
        yield Line("certificate", arn, "CloudFront takes a certificate of us-east-1 only: request it there")
        return
    described = session.client("acm", region_name="us-east-1").describe_certificate(CertificateArn=arn)["Certificate"]
    names = {described["DomainName"], *described.get("SubjectAlternativeNames", ())}
    ends = described.get("NotAfter")
    if described["Status"] != "ISSUED":
        yield Line("certificate", f"it is {described['Status']}", "add the DNS record that ACM shows, and wait")
    elif host not in names and "*." + host.partition(".")[2] not in names:
        yield Line("certificate", f"it is for {', '.join(sorted(names))}", f"request one for {host}")
    elif ends is not None and (ends - datetime.now(UTC)).days < DAYS_OF_CERTIFICATE:
        yield Line("certificate", f"it ends on {ends:%Y-%m-%d}", "see in ACM why it is not renewed")
    else:
        yield Line("certificate", f"issued for {host}")


def cloudfront(session: boto3.Session, deployed: Deployed, asked: Asked) -> Iterator[Line]:
    """Yield whether CloudFront serves the page. That a new account may use CloudFront only a deployment shows."""
    distributions = deployed.of_type("AWS::CloudFront::Distribution")
    if not distributions:
        session.client("cloudfront").list_distributions(MaxItems="1")
        yield Line("CloudFront", f"may be asked; {_NEW_ACCOUNT}")
        return
    (distribution,) = distributions.values()
    described = session.client("cloudfront").get_distribution(Id=distribution)["Distribution"]
    if described["Status"] != "Deployed":
        yield Line(
            "CloudFront", f"distribution {distribution} is {described['Status']}", "wait some minutes, ask again"
        )
    else:
        yield Line("CloudFront", f"distribution {distribution} is deployed at {described['DomainName']}")
    if host := asked.parameters.get("ServiceHost", ""):
        yield Line(
            "address", f"{host} must be a CNAME of {described['DomainName']}: a change of DNS, which is not asked here"
        )


def stack(session: boto3.Session, asked: Asked) -> tuple[Line, Deployed | None]:
    """Return the line about the stack, and what it is made of if it is deployed."""
    client = session.client("cloudformation")
    try:
        (described,) = client.describe_stacks(StackName=asked.stack)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            do = f"make template, then .venv-sam/bin/sam deploy --config-env {asked.name}"
            return Line("stack", f"{asked.stack} is not deployed yet", do), None
        raise
    status = described["StackStatus"]
    if status == "ROLLBACK_COMPLETE":
        do = f"aws cloudformation delete-stack --stack-name {asked.stack}, then deploy again: it holds nothing"
        return Line("stack", f"{asked.stack} failed when it was first deployed", do), None
    pages = client.get_paginator("list_stack_resources").paginate(StackName=asked.stack)
    resources = {
        entry["LogicalResourceId"]: (entry["ResourceType"], entry.get("PhysicalResourceId", ""))
        for page in pages
        for entry in page["StackResourceSummaries"]
    }
    outputs = {entry["OutputKey"]: entry["OutputValue"] for entry in described.get("Outputs", ())}
    good = status in {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}
    do = "" if good else "wait until it has ended, and look at its events in CloudFormation"
    return Line("stack", f"{asked.stack} is {status}", do), Deployed(outputs, resources)


def functions(session: boto3.Session, deployed: Deployed) -> dict[str, dict[str, Any]]:
    """Return the configuration of every function, by logical id."""
    client = session.client("lambda")
    return {
        name: dict(client.get_function_configuration(FunctionName=physical))
        for name, physical in sorted(deployed.of_type("AWS::Lambda::Function").items())
    }


def runtimes(configured: dict[str, dict[str, Any]]) -> Iterator[Line]:
    """Yield whether each function can be started, on which runtime and with how many layers."""
    for name, function in configured.items():
        state, updated = function.get("State", "Active"), function.get("LastUpdateStatus", "Successful")
        architectures, layers = function.get("Architectures", ()), function.get("Layers", ())
        said = f"{function['Runtime']} on {'/'.join(architectures)}, {len(layers)} layers"
        good = state in {"Active", "Inactive"} and updated == "Successful"
        yield Line(name, said, "" if good else f"it is {state}, its last update {updated}: deploy again")


def secrets(session: boto3.Session, deployed: Deployed, configured: dict[str, dict[str, Any]]) -> Iterator[Line]:
    """Yield whether every secret has a value; that of a key is never read, only that it is there."""
    client = session.client("secretsmanager")
    for name, arn in sorted(deployed.of_type("AWS::SecretsManager::Secret").items()):
        described = client.describe_secret(SecretId=arn)
        stages = [stage for stages in described.get("VersionIdsToStages", {}).values() for stage in stages]
        if "AWSCURRENT" not in stages:
            yield Line(name, "has no value", f"docs/deploying.md, Secrets, says what belongs into {arn}")
        elif name.endswith("TokensSecret"):
            yield _tokens(client.get_secret_value(SecretId=arn)["SecretString"], name, arn, configured)
        else:
            yield Line(name, "has a value, which was not read")


def _tokens(text: str, name: str, arn: str, configured: dict[str, dict[str, Any]]) -> Line:
    try:
        count = len(json.loads(text)["tokens"])
    except (ValueError, KeyError, TypeError):
        return Line(name, 'is not {"tokens": ["…"]}', f"put that into {arn}")
    read_live = any(
        function["Environment"]["Variables"].get("SOURCE_SECRET_ARN") == arn
        and function["Environment"]["Variables"]["SOURCE_LOCATION"].startswith("https://")
        for function in configured.values()
    )
    if read_live and not count:
        return Line(name, "has no token, and its source is read live", f'put {{"tokens": ["…"]}} into {arn}')
    return Line(name, f"has {count} tokens" if read_live else "is not needed: its source leaves drops")


def drops(session: boto3.Session, configured: dict[str, dict[str, Any]]) -> Iterator[Line]:
    """Yield where each source is, and of a drop how old the newest complete one is."""
    client = session.client("s3")
    for _, function in configured.items():
        location = function["Environment"]["Variables"].get("SOURCE_LOCATION", "")
        if not location:
            continue
        if location.startswith("bigquery://") and not function["Environment"]["Variables"].get(
            "GOOGLE_IDENTITY_PROVIDER"
        ):
            advice = "give the parameter GoogleIdentityProvider: docs/deploying.md, Reading BigQuery"
            yield Line(f"source at {location}", "cannot be read: nobody vouches for the function to Google", advice)
            continue
        if not location.startswith("s3://"):
            yield Line(f"source at {location}", "is read live: the first ingest shows whether it answers")
            continue
        bucket, _, prefix = location.removeprefix("s3://").partition("/")
        yield from checked(f"source at {location}", lambda b=bucket, p=prefix: _drop(client, b, p))  # type: ignore[misc]


def _drop(client: Any, bucket: str, prefix: str) -> Iterator[Line]:
    check = f"source at s3://{bucket}/{prefix}"
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix.rstrip('/')}/dt=")
    keys = [item["Key"] for page in pages for item in page.get("Contents", ())]
    whole = sorted(key.rpartition("/")[0].rpartition("dt=")[2] for key in keys if key.endswith("/manifest.json"))
    if not whole:
        have = "it has files, and no manifest.json beside them" if keys else "it has no drop yet"
        yield Line(check, have, "docs/drops.md says what its owner leaves there")
        return
    age = (datetime.now(UTC).date() - date.fromisoformat(whole[-1])).days
    yield Line(check, f"newest complete drop is dt={whole[-1]}, {age} days old")


def alarms(session: boto3.Session, deployed: Deployed) -> Iterator[Line]:
    """Yield whether somebody hears the alarms: a subscription by e-mail counts once it is confirmed."""
    topic = deployed.outputs["AlarmTopicArn"]
    subscriptions = session.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    if not subscriptions:
        yield Line("alarms", "nobody is subscribed", "give AlarmEmail and deploy again")
    for subscription in subscriptions:
        waiting = subscription["SubscriptionArn"] == "PendingConfirmation"
        do = "confirm the subscription by the link in the e-mail" if waiting else ""
        yield Line("alarms", f"go to {subscription['Endpoint']}", do)


def queries(configured: dict[str, dict[str, Any]]) -> Iterator[Line]:
    """Yield whether Athena accepts every query, with the settings of the deployed function."""
    (compute,) = (
        function for function in configured.values() if "ATHENA_WORKGROUP" in function["Environment"]["Variables"]
    )
    values = compute["Environment"]["Variables"]
    settings = ComputeSettings.model_validate({name.lower(): value for name, value in values.items()})
    yield from preflight.explained(settings, BUDGET_SECONDS)


def lines(session: boto3.Session, asked: Asked) -> Iterator[Line]:
    """Yield every line, in the order in which an operator would mend what is not fine."""
    yield from parameters(asked)
    yield from approval(asked)
    yield from checked("account", lambda: account(session, asked))
    yield from checked("Lambda quota", lambda: concurrency(session, asked))
    yield from checked("certificate", lambda: certificate(session, asked))
    deployed: Deployed | None = None

    def look() -> Iterator[Line]:
        nonlocal deployed
        line, deployed = stack(session, asked)
        yield line

    yield from checked("stack", look)
    yield from checked("CloudFront", lambda: cloudfront(session, deployed or Deployed(), asked))
    if deployed is None:
        return
    there, configured = deployed, {}

    def ask_functions() -> Iterator[Line]:
        configured.update(functions(session, there))
        yield from runtimes(configured)

    yield from checked("functions", ask_functions)
    yield from checked("secrets", lambda: secrets(session, there, configured))
    yield from checked("drops", lambda: drops(session, configured))
    yield from checked("alarms", lambda: alarms(session, there))
    if configured:
        yield from checked("queries", lambda: queries(configured))


def main(arguments: list[str] | None = None) -> int:
    """Print the lines for an environment and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m local.preflight", description="Ask AWS whether all is ready.")
    parser.add_argument("environment", nargs="?", default="dev", help="an environment of samconfig.toml")
    try:
        asked = asked_for(parser.parse_args(arguments).environment)
    except LookupError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    os.environ["AWS_DEFAULT_REGION"] = asked.region  # awswrangler asks the default session
    session = boto3.Session(region_name=asked.region)
    if session.get_credentials() is None:
        print(f"error: {NoCredentialsError()}; sign in (aws sso login) or set AWS_PROFILE", file=sys.stderr)
        return 2
    to_do = 0
    for line in lines(session, asked):
        to_do += not line.fine
        print(f"{'fine ' if line.fine else 'TO DO'}  {line.check}: {line.says}", flush=True)
        if line.do:
            print(f"       -> {line.do}", flush=True)
    print(f"\n{to_do} things to do." if to_do else "\nAll is ready.")
    return 1 if to_do else 0


if __name__ == "__main__":
    sys.exit(main())
