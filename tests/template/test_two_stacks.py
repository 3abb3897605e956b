"""A stack can be tried again after a failed first attempt, deleted and made anew, and stand beside another one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pytest
from moto import mock_aws

from functions.compute_kpis import emit
from local.intrinsics import REGION, Resolver
from local.template import LONGEST_STACK_NAME, Stack, load_stack

Resources = dict[str, dict[str, Any]]


class Named(NamedTuple):
    """The property that holds a resource's name, how long AWS lets it be, and the page of docs.aws.amazon.com."""

    path: str
    longest: int
    source: str


NAMED = {
    "AWS::Athena::WorkGroup": Named("Name", 128, "athena/latest/APIReference/API_CreateWorkGroup.html"),
    "AWS::CloudFront::Function": Named("Name", 64, "cloudfront/latest/APIReference/API_CreateFunction.html"),
    "AWS::CloudFront::OriginAccessControl": Named(
        "OriginAccessControlConfig.Name", 64, "cloudfront/latest/APIReference/API_OriginAccessControlConfig.html"
    ),
    "AWS::CloudFront::ResponseHeadersPolicy": Named(
        "ResponseHeadersPolicyConfig.Name", 128, "cloudfront/latest/APIReference/API_ResponseHeadersPolicyConfig.html"
    ),
    "AWS::CloudWatch::Alarm": Named(
        "AlarmName", 255, "AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"
    ),
    "AWS::Events::Rule": Named("Name", 64, "eventbridge/latest/APIReference/API_PutRule.html"),
    "AWS::Glue::Database": Named("DatabaseInput.Name", 255, "glue/latest/webapi/API_DatabaseInput.html"),
    "AWS::IAM::Role": Named("RoleName", 64, "IAM/latest/APIReference/API_CreateRole.html"),
    "AWS::Lambda::Function": Named("FunctionName", 64, "lambda/latest/api/API_CreateFunction.html"),
    "AWS::Lambda::LayerVersion": Named("LayerName", 140, "lambda/latest/api/API_PublishLayerVersion.html"),
    "AWS::Logs::LogGroup": Named(
        "LogGroupName", 512, "AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html"
    ),
    "AWS::S3::Bucket": Named("BucketName", 63, "AmazonS3/latest/userguide/bucketnamingrules.html"),
    "AWS::SNS::Topic": Named("TopicName", 256, "sns/latest/api/API_CreateTopic.html"),
    "AWS::SQS::Queue": Named("QueueName", 80, "AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html"),
    "AWS::Scheduler::Schedule": Named("Name", 64, "scheduler/latest/APIReference/API_CreateSchedule.html"),
    "AWS::SecretsManager::Secret": Named("Name", 512, "secretsmanager/latest/apireference/API_CreateSecret.html"),
}  # fmt: skip
NAMELESS = {
    "AWS::CloudFront::Distribution",
    "AWS::Glue::Table",  # named within the stack's own database
    "AWS::IAM::ManagedPolicy",  # CloudFormation makes one: another stack may have it too
    "AWS::Lambda::Alias",  # named within its function
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::Permission",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SQS::QueuePolicy",
}
"""Types that have no name of their own."""


def given_name(body: Mapping[str, Any]) -> str | None:
    """Return the name that the template gives a resource; ``None``: CloudFormation makes one."""
    found: Any = body.get("Properties", {})
    for step in NAMED[body["Type"]].path.split("."):
        found = (found or {}).get(step)
    return found


def names(template: Mapping[str, Any], stack: str) -> dict[str, str]:
    """Return the names that the template gives in a stack of this name, by logical id."""
    values = {name: body.get("Default", "local") for name, body in template["Parameters"].items()}
    resolver = Resolver(template, values | {"AWS::StackName": stack})
    bodies = {key: body for key, body in template["Resources"].items() if body["Type"] in NAMED}
    return {key: str(resolver.value(given)) for key, body in bodies.items() if (given := given_name(body)) is not None}


def retained(template: Mapping[str, Any]) -> Resources:
    bodies = template["Resources"].items()
    return {key: body for key, body in bodies if body.get("DeletionPolicy", "Delete") != "Delete"}


def test_every_resource_has_a_name_that_is_looked_at_or_none(template: dict[str, Any]) -> None:
    types = {body["Type"] for body in template["Resources"].values()}
    assert types <= NAMED.keys() | NAMELESS, "say in NAMED where its name is, and how long it may be"


def test_what_is_retained_has_no_name_of_ours(template: dict[str, Any]) -> None:
    """A fixed name is taken for as long as the old resource is kept: a second stack of the name could not be made."""
    kept = {key: body for key, body in retained(template).items() if body["Type"] in NAMED}
    assert {key for key, body in kept.items() if given_name(body) is not None} == set()
    assert {body["Type"] for body in kept.values()} == {"AWS::S3::Bucket", "AWS::SecretsManager::Secret"}


def test_what_is_retained_is_not_left_over_by_a_first_deployment_that_failed(template: dict[str, Any]) -> None:
    """RetainExceptOnCreate may be given to any resource that takes a DeletionPolicy, and deletes what a rolled back
    creation had made (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/
    aws-attribute-deletionpolicy.html). It is no value of UpdateReplacePolicy, where Retain is the one that keeps
    (…/aws-attribute-updatereplacepolicy.html)."""
    for key, body in retained(template).items():
        assert (body["DeletionPolicy"], body.get("UpdateReplacePolicy")) == ("RetainExceptOnCreate", "Retain"), key


def test_every_bucket_and_secret_outlives_the_stack_and_so_does_the_policy_of_a_bucket(
    template: dict[str, Any],
) -> None:
    """A bucket that is kept without its policy would let its ledger be overwritten, and be read without TLS."""
    kinds = {"AWS::S3::Bucket", "AWS::S3::BucketPolicy", "AWS::SecretsManager::Secret"}
    assert {key for key, body in template["Resources"].items() if body["Type"] in kinds} == set(retained(template))


def test_two_stacks_of_one_account_have_no_name_in_common(template: dict[str, Any]) -> None:
    one, other = names(template, "placements-dev"), names(template, "placements")
    assert one.keys() == other.keys()
    assert {key for key in one if one[key] == other[key]} == set()


def test_the_longest_name_of_a_stack_fits_every_limit_and_a_longer_one_does_not(template: dict[str, Any]) -> None:
    def too_long(stack: str) -> set[str]:
        given = names(template, stack)
        bodies = template["Resources"]
        return {key for key, name in given.items() if len(name) > NAMED[bodies[key]["Type"]].longest}

    assert too_long("x" * LONGEST_STACK_NAME) == set()
    assert too_long("x" * (LONGEST_STACK_NAME + 1)) != set(), "a longer name fits too: say so"


def test_the_longest_name_is_what_the_docs_say_and_what_samconfig_keeps_to() -> None:
    told = re.search(r"at most (\d+) characters", Path("docs/deploying.md").read_text(encoding="utf-8"))
    assert told and int(told[1]) == LONGEST_STACK_NAME
    environments = tomllib.loads(Path("samconfig.toml").read_text(encoding="utf-8"))
    stacks = [environments[name]["deploy"]["parameters"]["stack_name"] for name in ("dev", "prod")]
    assert len(set(stacks)) == 2
    assert max(map(len, stacks)) <= LONGEST_STACK_NAME
    assert all(stack == stack.lower() for stack in stacks), "Glue keeps no capitals"


@pytest.fixture
def two_stacks(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Stack, Stack, dict[str, str]]]:
    """Two stacks with their rules on one bus, and the queue that stands for each one's publisher."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        one, other = (load_stack(given={"AWS::StackName": name}) for name in ("placements-dev", "placements"))
        sqs, events = boto3.client("sqs"), boto3.client("events")
        queues = {}
        for number, stack in enumerate((one, other)):
            (rule,) = stack.rules
            queue = sqs.create_queue(QueueName=f"publisher-{number}")["QueueUrl"]
            arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
            events.put_rule(Name=f"{rule.name}-{number}", EventPattern=json.dumps(rule.pattern))
            events.put_targets(Rule=f"{rule.name}-{number}", Targets=[{"Id": "1", "Arn": arn}])
            queues[stack.data_bucket] = queue
        yield one, other, queues


def test_a_publisher_hears_of_the_computations_of_its_own_stack_only(
    two_stacks: tuple[Stack, Stack, dict[str, str]],
) -> None:
    one, other, queues = two_stacks
    variables = one.function("compute_kpis").environment
    emit.kpis_computed(variables["EVENT_BUS"], variables["EVENT_SOURCE"], "2026-07-14.1")
    heard = {
        bucket: len(boto3.client("sqs").receive_message(QueueUrl=queue).get("Messages", []))
        for bucket, queue in queues.items()
    }
    assert heard == {one.data_bucket: 1, other.data_bucket: 0}


def test_compute_may_send_events_in_the_name_of_its_own_stack_only(resolved: Resources, stack: Stack) -> None:
    (statement,) = [
        one
        for policy in resolved["ComputeKpisFunctionRole"]["Properties"]["Policies"]
        for one in policy["PolicyDocument"]["Statement"]
        if one["Action"] == "events:PutEvents"
    ]
    source = stack.function("compute_kpis").environment["EVENT_SOURCE"]
    assert statement["Condition"] == {"StringEquals": {"events:source": source}}
    (rule,) = stack.rules
    assert rule.pattern["source"] == [source]
    # Not "aws." at the start: docs.aws.amazon.com/scheduler/latest/APIReference/API_EventBridgeParameters.html
    assert not source.startswith("aws.") and source.endswith(f".{resolved['AthenaWorkgroup']['Properties']['Name']}")


def test_a_metric_says_which_stack_sent_it_and_the_alarms_listen_to_that_one(resolved: Resources, stack: Stack) -> None:
    name = "POWERTOOLS_SERVICE_NAME"
    code = (
        "from placements_kpi.observability import metrics\n"
        "metrics.add_metric(name='Published', unit='Count', value=1)\n"
        "metrics.flush_metrics()"
    )
    sent = {}
    for function in stack.functions.values():
        environment = os.environ | {name: function.environment[name], "PYTHONPATH": os.pathsep.join(sys.path)}
        if function.environment[name] not in sent:
            run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
            sent[function.environment[name]] = json.loads(run.stdout)["service"]
    (service,) = set(sent.values())
    assert service == resolved["AthenaWorkgroup"]["Properties"]["Name"], "the stack's own name"
    alarms = [body["Properties"] for body in resolved.values() if body["Type"] == "AWS::CloudWatch::Alarm"]
    ours = [alarm for alarm in alarms if alarm["Namespace"] == "SchoolPlacementsPerformance"]
    assert ours
    for alarm in ours:
        assert {"Name": "service", "Value": service} in alarm["Dimensions"], alarm["AlarmDescription"]
