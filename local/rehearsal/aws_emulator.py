"""LocalStack as the rehearsal starts it: ``python -m local.rehearsal.aws_emulator`` in its own virtual environment.

Everything about LocalStack that is not as it comes stands in this file, each with its reason. Pinned
to the version of ``.ci/rehearsal.in``; a name that has moved there ends the start with an error.
"""

from __future__ import annotations

import hashlib
import json
import os
from functools import partial
from typing import Any
from urllib.request import urlopen

import boto3
from localstack.runtime.main import main
from localstack.runtime.server import twisted as server
from localstack.services.cloudformation.engine.v2.change_set_model import ChangeSetModel
from localstack.services.cloudformation.engine.v2.change_set_model_preproc import (
    ChangeSetModelPreproc,
    PreprocEntityDelta,
)
from localstack.services.cloudformation.resource_provider import (
    OperationStatus,
    ProgressEvent,
    ResourceProviderExecutor,
)
from localstack.services.lambda_.invocation.lambda_models import InvocationResult
from localstack.services.lambda_.invocation.plugins import DockerRuntimeExecutorPlugin
from twisted.internet import endpoints

ENGINE = os.environ["REHEARSAL_ENGINE"]
"""Address of the local Athena and Glue."""
RUNNER = os.environ["REHEARSAL_RUNNER"]
"""Address of the runner of built bits."""


class BuiltBits:
    """Runs functions by the runner of built bits, at LocalStack's plug-in point for it; its own executor needs Docker.

    What the calls are made of stays LocalStack's: who is called, with which environment, how often, and what
    becomes of an event that failed.
    """

    def __init__(self, _id: str, version: Any) -> None:
        self._version = version
        self._environment: dict[str, str] = {}

    def start(self, environment: dict[str, Any]) -> None:
        kept = {name: str(value) for name, value in environment.items() if not name.startswith("LOCALSTACK_")}
        self._environment = kept | {"AWS_ENDPOINT_URL_ATHENA": ENGINE, "AWS_ENDPOINT_URL_GLUE": ENGINE}

    def invoke(self, payload: dict[str, str]) -> InvocationResult:
        config = self._version.config
        asked = {
            "function": self._version.id.function_name,
            "handler": config.handler,
            "event": json.loads(payload["payload"] or "{}"),
            "memory_mb": config.memory_size,
            "timeout": config.timeout,
            "environment": self._environment,
        }
        with urlopen(RUNNER, json.dumps(asked).encode(), timeout=config.timeout + 60) as answer:
            said = json.load(answer)
        body = json.dumps(said["payload"]).encode()
        return InvocationResult(payload["invoke-id"], body, is_error=said["failed"], logs=said["log"])

    def stop(self) -> None: ...
    def get_logs(self) -> str:
        return ""

    def get_address(self) -> str:
        return "127.0.0.1"

    def get_endpoint_from_executor(self) -> str:
        return "127.0.0.1"

    def get_runtime_endpoint(self) -> str:
        return ""

    @classmethod
    def prepare_version(cls, _version: Any) -> None: ...
    @classmethod
    def cleanup_version(cls, _version: Any) -> None: ...
    @classmethod
    def validate_environment(cls) -> bool:
        return True


class Elsewhere:
    """Makes the resources of services that LocalStack's community edition has not got.

    It would call them all "unknown", and the functions would be told that. Glue and Athena are made in the local
    engine; of CloudFront there is nothing but an id and an address that look like its own.
    """

    SCHEMA = {"primaryIdentifier": ["/properties/Id"]}  # noqa: RUF012 - LocalStack reads it from the class
    TYPES = ("AWS::Athena::WorkGroup", "AWS::Glue::Database", "AWS::Glue::Table")

    def create(self, request: Any) -> ProgressEvent:
        model = dict(request.desired_state)
        digest = hashlib.sha256(f"{request.stack_id}{request.logical_resource_id}".encode()).hexdigest()[:13]
        known = {"Id": f"E{digest.upper()}", "DomainName": f"d{digest}.cloudfront.net"}
        match request.resource_type:
            case "AWS::Athena::WorkGroup":
                known = {"Id": model["Name"]}
                _engine("athena").create_work_group(Name=model["Name"], Configuration=_workgroup(model))
            case "AWS::Glue::Database":
                known = {"Id": model["DatabaseInput"]["Name"]}
                _engine("glue").create_database(DatabaseInput=model["DatabaseInput"])
            case "AWS::Glue::Table":
                known = {"Id": model["TableInput"]["Name"]}
                _engine("glue").create_table(DatabaseName=model["DatabaseName"], TableInput=_table(model))
        return ProgressEvent(OperationStatus.SUCCESS, resource_model=model | known)

    def update(self, request: Any) -> ProgressEvent:
        request_before = request.previous_state or request.desired_state
        self._remove(request.resource_type, request_before)
        return self.create(request)

    def delete(self, request: Any) -> ProgressEvent:
        self._remove(request.resource_type, request.desired_state)
        return ProgressEvent(OperationStatus.SUCCESS, resource_model=request.desired_state)

    @staticmethod
    def _remove(kind: str, model: dict[str, Any]) -> None:
        match kind:
            case "AWS::Athena::WorkGroup":
                _engine("athena").delete_work_group(WorkGroup=model["Name"])
            case "AWS::Glue::Database":
                _engine("glue").delete_database(Name=model["DatabaseInput"]["Name"])
            case "AWS::Glue::Table":
                _engine("glue").delete_table(DatabaseName=model["DatabaseName"], Name=model["TableInput"]["Name"])


def _engine(service: str) -> Any:
    return boto3.client(service, endpoint_url=ENGINE)  # type: ignore[call-overload]  # the stubs want a literal name


def _workgroup(model: dict[str, Any]) -> dict[str, Any]:
    configuration = dict(model.get("WorkGroupConfiguration", {}))
    if "BytesScannedCutoffPerQuery" in configuration:
        configuration["BytesScannedCutoffPerQuery"] = int(configuration["BytesScannedCutoffPerQuery"])
    return configuration


def _table(model: dict[str, Any]) -> dict[str, Any]:
    return {**model["TableInput"], "Parameters": {k: str(v) for k, v in model["TableInput"]["Parameters"].items()}}


def patch() -> None:
    """Change LocalStack in this process."""
    # Lambda: see BuiltBits.
    DockerRuntimeExecutorPlugin.load = lambda *_, **__: BuiltBits

    # CloudFormation: see Elsewhere.
    provider_of = ResourceProviderExecutor.try_load_resource_provider

    def with_elsewhere(resource_type: str) -> Any:
        missing = resource_type in Elsewhere.TYPES or resource_type.startswith("AWS::CloudFront::")
        return Elsewhere() if missing else provider_of(resource_type)

    ResourceProviderExecutor.try_load_resource_provider = staticmethod(with_elsewhere)

    # CloudFormation: ${!snapshot} is the text ${snapshot}, and LocalStack looks for a resource of that name.
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-sub.html
    resolve = ChangeSetModelPreproc._resolve_reference

    def literal(self: Any, logical_id: str) -> Any:
        if logical_id.startswith("!"):
            text = "${" + logical_id[1:] + "}"
            return PreprocEntityDelta(before=text, after=text)
        return resolve(self, logical_id=logical_id)

    ChangeSetModelPreproc._resolve_reference = literal

    # CloudFormation: once a stack is made, RetainExceptOnCreate is Retain; LocalStack would delete.
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
    policy = ChangeSetModel._visit_deletion_policy

    def retained(self: Any, scope: Any, before: Any, after: Any) -> Any:
        before, after = ("Retain" if policy == "RetainExceptOnCreate" else policy for policy in (before, after))
        return policy(self, scope, before, after)

    ChangeSetModel._visit_deletion_policy = retained

    # Network: LocalStack listens on every address of the machine, whatever GATEWAY_LISTEN says of IPv4.
    server.endpoints = type(
        "Loopback", (), {"TCP4ServerEndpoint": partial(endpoints.TCP4ServerEndpoint, interface="127.0.0.1")}
    )


if __name__ == "__main__":
    patch()
    main()
