"""What ``template.yaml`` declares, as the local stack needs it.

The template is translated with AWS's own SAM translator, without a network, so that
the names, environments, columns and limits used on this machine are those that a
deployment has. Nothing of that is written down a second time.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

# The translator comes without types.
import yaml
from samtranslator.parser.parser import Parser  # type: ignore[import-untyped]
from samtranslator.translator.translator import Translator  # type: ignore[import-untyped]
from samtranslator.yaml_helper import intrinsics_multi_constructor  # type: ignore[import-untyped]

from local.intrinsics import KEYS, REGION, Resolver, TemplateError

logging.getLogger("samtranslator").setLevel(logging.ERROR)  # it warns of metrics that nobody collects

TEMPLATE = Path(__file__).resolve().parent.parent / "template.yaml"
LONGEST_STACK_NAME = 46
"""The longest name that a stack may have: it is part of other names (tests/template/test_two_stacks.py)."""


@dataclass(frozen=True)
class Bucket:
    """One bucket. ``properties`` are CloudFormation's, resolved."""

    logical_id: str
    name: str
    properties: dict[str, Any]

    @property
    def versioned(self) -> bool:
        """Whether old versions of objects are kept."""
        return bool(self.properties.get("VersioningConfiguration", {}).get("Status") == "Enabled")


@dataclass(frozen=True)
class Function:
    """One Lambda function; ``memory_mb`` in MB, ``timeout`` in seconds."""

    logical_id: str
    name: str
    handler: str
    memory_mb: int
    timeout: int
    environment: dict[str, str]

    @property
    def folder(self) -> str:
        """The folder of ``functions/`` it lives in."""
        return self.handler.split(".")[1]


@dataclass(frozen=True)
class Workgroup:
    """The Athena workgroup; ``configuration`` as ``CreateWorkGroup`` takes it."""

    name: str
    configuration: dict[str, Any]


@dataclass(frozen=True)
class Rule:
    """An EventBridge rule that matches events and starts one function."""

    name: str
    bus: str
    pattern: dict[str, Any]
    function: str
    """Logical id of the function."""


@dataclass(frozen=True)
class Schedule:
    """An EventBridge Scheduler schedule. The local stack never fires it: the runner takes its place."""

    name: str
    expression: str
    timezone: str
    state: str
    function: str


@dataclass(frozen=True)
class Stack:
    """Everything of the template that exists on this machine too."""

    buckets: dict[str, Bucket]
    database: str
    tables: dict[str, dict[str, Any]]
    """Glue ``TableInput`` by table name."""
    workgroup: Workgroup
    functions: dict[str, Function]
    secrets: dict[str, str]
    """Logical id: name."""
    queues: dict[str, str]
    """Logical id: name."""
    rules: tuple[Rule, ...]
    schedules: tuple[Schedule, ...]
    headers: dict[str, str]
    """Response headers that CloudFront adds to every page."""
    not_found_page: str

    @property
    def data_bucket(self) -> str:
        """Name of the data bucket."""
        return self.buckets["DataBucket"].name

    @property
    def site_bucket(self) -> str:
        """Name of the site bucket."""
        return self.buckets["SiteBucket"].name

    def function(self, folder: str) -> Function:
        """Return the function that lives in ``functions/<folder>``; :class:`TemplateError` names those there are."""
        for function in self.functions.values():
            if function.folder == folder:
                return function
        known = ", ".join(sorted(function.folder for function in self.functions.values()))
        raise TemplateError(f"there is no function {folder}; template.yaml declares {known}")


class _Loader(yaml.CSafeLoader):
    """Reads a template as SAM's own reader does, in a tenth of the time."""


_Loader.add_multi_constructor("!", intrinsics_multi_constructor)


def _read(path: Path) -> dict[str, Any]:
    template: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506  # a safe one
    return template


def translate(path: Path = TEMPLATE, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the template as the CloudFormation that SAM makes of it; :class:`TemplateError` says what is wrong."""
    if not path.is_file():
        raise TemplateError(f"{path} is missing; it declares everything the local stack is made of")
    template = _read(path)
    _package(template)
    values = _parameter_values(template, given or {})
    try:
        with _region() as session:
            translator = Translator(None, Parser(), boto_session=session)
            translated: dict[str, Any] = translator.translate(template, values, passthrough_metadata=True)
    except Exception as error:
        raise TemplateError(f"{path.name} cannot be translated: {error}") from error
    return translated


def defaults(path: Path = TEMPLATE) -> dict[str, str]:
    """Return the default of every parameter that has one."""
    template = _read(path)
    return {
        name: str(parameter["Default"]) for name, parameter in template["Parameters"].items() if "Default" in parameter
    }


def load_stack(path: Path = TEMPLATE, given: Mapping[str, Any] | None = None) -> Stack:
    """Return what the template at ``path`` declares, with ``given`` parameters and the defaults of the others.

    ``given`` may name the stack, as ``AWS::StackName``.
    """
    template = translate(path, given)
    resolver = Resolver(template, _parameter_values(template, given or {}))
    if broken := resolver.broken_rules():
        raise TemplateError("; ".join(broken))
    resources = _existing(template, resolver)

    def of_type(kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for key, body in resources.items():
            if body["Type"] == kind:
                yield key, resolver.value(body.get("Properties", {}))

    functions = {key: _function(key, resolver.name(key), body) for key, body in of_type("AWS::Lambda::Function")}
    arns = {resolver.value({"Fn::GetAtt": [key, "Arn"]}): key for key in functions}
    tables = {body["TableInput"]["Name"]: body["TableInput"] for _, body in of_type("AWS::Glue::Table")}
    workgroups = [Workgroup(body["Name"], _workgroup(body)) for _, body in of_type("AWS::Athena::WorkGroup")]
    databases = [resolver.name(key) for key, _ in of_type("AWS::Glue::Database")]
    if len(workgroups) != 1 or len(databases) != 1:
        raise TemplateError(f"{path.name} must declare one Athena workgroup and one Glue database")
    distributions = [body["DistributionConfig"] for _, body in of_type("AWS::CloudFront::Distribution")]
    policies = [body["ResponseHeadersPolicyConfig"] for _, body in of_type("AWS::CloudFront::ResponseHeadersPolicy")]
    return Stack(
        buckets={key: Bucket(key, resolver.name(key), body) for key, body in of_type("AWS::S3::Bucket")},
        database=databases[0],
        tables=tables,
        workgroup=workgroups[0],
        functions=functions,
        secrets={key: resolver.name(key) for key, _ in of_type("AWS::SecretsManager::Secret")},
        queues={key: resolver.name(key) for key, _ in of_type("AWS::SQS::Queue")},
        rules=tuple(_rules(of_type("AWS::Events::Rule"), resolver, arns)),
        schedules=tuple(
            Schedule(
                resolver.name(key),
                body["ScheduleExpression"],
                body.get("ScheduleExpressionTimezone", "UTC"),
                body.get("State", "ENABLED"),
                arns.get(body["Target"]["Arn"], ""),
            )
            for key, body in of_type("AWS::Scheduler::Schedule")
        ),
        headers=_headers(policies),
        not_found_page=_not_found_page(distributions),
    )


def declared(path: Path = TEMPLATE, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the resources that a deployment with ``given`` parameters has, as CloudFormation, by logical id."""
    template = translate(path, given)
    return _existing(template, Resolver(template, _parameter_values(template, given or {})))


def _existing(template: Mapping[str, Any], resolver: Resolver) -> dict[str, Any]:
    return {key: body for key, body in template["Resources"].items() if resolver.exists(key)}


def _package(template: Mapping[str, Any]) -> None:
    """Give every folder of code an address in S3, as ``sam package`` would: the translator insists on one."""
    globals_ = template.get("Globals", {}).get("Function", {})
    bodies = [body.get("Properties", {}) for body in template.get("Resources", {}).values()]
    for properties in [globals_, *bodies]:
        for field in ("CodeUri", "ContentUri"):
            if isinstance(properties.get(field), str) and not properties[field].startswith("s3://"):
                properties[field] = "s3://packaged/code"


def _parameter_values(template: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a value for each parameter: the given one, its default, else a stand-in."""
    declared = template.get("Parameters", {})
    values = {name: given.get(name, body.get("Default", "local")) for name, body in declared.items()}
    return values | {name: value for name, value in given.items() if name.startswith("AWS::")}


def _function(logical_id: str, name: str, body: Mapping[str, Any]) -> Function:
    return Function(
        logical_id=logical_id,
        name=name,
        handler=body["Handler"],
        memory_mb=int(body.get("MemorySize", 128)),
        timeout=int(body.get("Timeout", 3)),
        environment={key: _text(value) for key, value in body.get("Environment", {}).get("Variables", {}).items()},
    )


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _workgroup(body: Mapping[str, Any]) -> dict[str, Any]:
    configuration = dict(body.get("WorkGroupConfiguration", {}))
    if "BytesScannedCutoffPerQuery" in configuration:
        configuration["BytesScannedCutoffPerQuery"] = int(configuration["BytesScannedCutoffPerQuery"])
    return configuration


def _rules(
    resources: Iterator[tuple[str, dict[str, Any]]], resolver: Resolver, arns: Mapping[str, str]
) -> Iterator[Rule]:
    for key, body in resources:
        for target in body.get("Targets", ()):
            if "EventPattern" in body and target["Arn"] in arns:
                yield Rule(
                    resolver.name(key), body.get("EventBusName", "default"), body["EventPattern"], arns[target["Arn"]]
                )


def _headers(policies: list[dict[str, Any]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for policy in policies:
        security = policy.get("SecurityHeadersConfig", {})
        if cross := policy.get("CorsConfig"):
            # CloudFront adds it to answers to a request with an Origin; to others it says nothing that is not true.
            headers["Access-Control-Allow-Origin"] = ", ".join(cross["AccessControlAllowOrigins"]["Items"])
        if transport := security.get("StrictTransportSecurity"):
            parts = [f"max-age={transport['AccessControlMaxAgeSec']}"]
            parts += ["includeSubDomains"] if _is_true(transport.get("IncludeSubdomains")) else []
            parts += ["preload"] if _is_true(transport.get("Preload")) else []
            headers["Strict-Transport-Security"] = "; ".join(parts)
        if "ContentTypeOptions" in security:
            headers["X-Content-Type-Options"] = "nosniff"
        for part, header, field in (
            ("FrameOptions", "X-Frame-Options", "FrameOption"),
            ("ReferrerPolicy", "Referrer-Policy", "ReferrerPolicy"),
            ("ContentSecurityPolicy", "Content-Security-Policy", "ContentSecurityPolicy"),
        ):
            if part in security:
                headers[header] = str(security[part][field])
        for item in policy.get("CustomHeadersConfig", {}).get("Items", ()):
            headers[item["Header"]] = str(item["Value"])
    return headers


def _is_true(value: Any) -> bool:
    return str(value).lower() == "true"


def _not_found_page(distributions: list[dict[str, Any]]) -> str:
    for distribution in distributions:
        for response in distribution.get("CustomErrorResponses", ()):
            if response.get("ResponsePagePath"):
                return str(response["ResponsePagePath"]).lstrip("/")
    return "404.html"


@contextlib.contextmanager
def _region() -> Iterator[boto3.Session]:
    """Give a session in our region, also to the part of the translator that asks boto3's default one; then undo it."""
    before = boto3.DEFAULT_SESSION
    session = boto3.Session(KEYS["aws_access_key_id"], KEYS["aws_secret_access_key"], region_name=REGION)
    boto3.DEFAULT_SESSION = session
    try:
        yield session
    finally:
        boto3.DEFAULT_SESSION = before
