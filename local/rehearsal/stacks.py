"""What a stack consists of, as LocalStack tells it, and how that differs from what it was before."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.rehearsal.host import Host

Facts = Mapping[str, Any]
"""Property or content of a stack, by what it is of."""


def facts(host: Host, name: str) -> dict[str, Any]:
    """Return everything of a stack that must not change unless somebody changes it: settings and contents."""
    formation = host.client("cloudformation")
    stack = formation.describe_stacks(StackName=name)["Stacks"][0]
    by_name: dict[str, Any] = {f"output {output['OutputKey']}": output["OutputValue"] for output in stack["Outputs"]}
    for resource in resources(host, name):
        kind, logical = resource["ResourceType"], resource["LogicalResourceId"]
        look = LOOK.get(kind)
        by_name[f"{kind} {logical}"] = resource["PhysicalResourceId"]
        for what, value in (look(host, resource["PhysicalResourceId"]) if look else {}).items():
            by_name[f"{kind} {logical}: {what}"] = value
    return by_name


def resources(host: Host, name: str) -> list[dict[str, Any]]:
    """Return the resources that a stack has."""
    every = host.client("cloudformation").describe_stack_resources(StackName=name)["StackResources"]
    return [resource for resource in every if not resource["ResourceStatus"].startswith("DELETE_")]


def differences(before: Facts, after: Facts) -> list[str]:
    """Return a line for each thing that is new, gone or other than before, in order of name."""
    lines = []
    for what in sorted({*before, *after}):
        if what not in after:
            lines.append(f"{what} is gone; it was {before[what]!r}")
        elif what not in before:
            lines.append(f"{what} is new: {after[what]!r}")
        elif before[what] != after[what]:
            lines.append(f"{what} is {after[what]!r}; it was {before[what]!r}")
    return lines


def unfinished(stack: list[dict[str, Any]], declared: Mapping[str, int]) -> list[str]:
    """Return a line for each resource that is not complete, and for each type with more or fewer than ``declared``."""
    lines = [
        f"{resource['LogicalResourceId']} is {resource['ResourceStatus']}"
        for resource in stack
        if resource["ResourceStatus"] not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
    ]
    there = Counter(resource["ResourceType"] for resource in stack)
    for kind in sorted({*there, *declared}):
        if there[kind] != declared.get(kind, 0):
            lines.append(f"there are {there[kind]} of {kind}; the template declares {declared.get(kind, 0)}")
    return lines


def shared(first: list[dict[str, Any]], second: list[dict[str, Any]]) -> list[str]:
    """Return what is called the same in two stacks; tables are, each in the database of its own stack."""
    names = [
        {resource["PhysicalResourceId"] for resource in of_stack if resource["ResourceType"] != "AWS::Glue::Table"}
        for of_stack in (first, second)
    ]
    return sorted(names[0] & names[1])


def _bucket(host: Host, name: str) -> dict[str, Any]:
    s3 = host.client("s3")
    # LocalStack makes nothing of lifecycle, access block, encryption and logs of a bucket.
    settings = {
        "versioning": s3.get_bucket_versioning(Bucket=name).get("Status"),
        "policy": json.loads(s3.get_bucket_policy(Bucket=name)["Policy"]),
    }
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=name)
    return settings | {"objects": {item["Key"]: item["ETag"] for page in pages for item in page.get("Contents", ())}}


def _function(host: Host, name: str) -> dict[str, Any]:
    configuration = host.client("lambda").get_function_configuration(FunctionName=name)
    kept = ("CodeSha256", "Environment", "Handler", "Layers", "MemorySize", "Role", "Timeout", "LoggingConfig")
    return {what: configuration.get(what) for what in kept}


def _rule(host: Host, name: str) -> dict[str, Any]:
    events = host.client("events")
    return {
        "pattern": json.loads(events.describe_rule(Name=name)["EventPattern"]),
        "targets": events.list_targets_by_rule(Rule=name)["Targets"],
    }


def _schedule(host: Host, name: str) -> dict[str, Any]:
    schedule = host.client("scheduler").get_schedule(Name=name)
    kept = ("ScheduleExpression", "ScheduleExpressionTimezone", "State", "Target")
    return {what: schedule.get(what) for what in kept}


def _queue(host: Host, address: str) -> dict[str, Any]:
    attributes = host.client("sqs").get_queue_attributes(QueueUrl=address, AttributeNames=["All"])["Attributes"]
    return {what: attributes.get(what) for what in ("Policy", "SqsManagedSseEnabled", "MessageRetentionPeriod")}


def _secret(host: Host, arn: str) -> dict[str, Any]:
    return {"value": host.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]}


def _role(host: Host, name: str) -> dict[str, Any]:
    iam = host.client("iam")
    names = iam.list_role_policies(RoleName=name)["PolicyNames"]
    return {policy: iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"] for policy in names}


LOOK: Mapping[str, Callable[[Host, str], dict[str, Any]]] = {
    "AWS::S3::Bucket": _bucket,
    "AWS::Lambda::Function": _function,
    "AWS::Events::Rule": _rule,
    "AWS::Scheduler::Schedule": _schedule,
    "AWS::SQS::Queue": _queue,
    "AWS::SecretsManager::Secret": _secret,
    "AWS::IAM::Role": _role,
}
