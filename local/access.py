"""Who may do what, worked out of the translated template: ``python -m local.access`` writes docs/access.md again.

Every function's role is asked about every place there is. A right that no question asks
about is an error, so that the page leaves nothing out.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moto.iam.aws_managed_policies import aws_managed_policies_data

from local.intrinsics import ACCOUNT, REGION, Resolver
from local.policies import PolicyError, Statement, allows, as_list, matches
from local.template import load_stack, translate
from placements_kpi.settings import SOURCES

if TYPE_CHECKING:
    from placements_kpi.tables import Table

PAGE = Path(__file__).resolve().parent.parent / "docs" / "access.md"
BEGIN, END = "<!-- worked out by local/access.py: make access -->", "<!-- end -->"

OBJECTS = {
    "read": "s3:GetObject",
    "write": "s3:PutObject",
    "write once": "s3:PutObject",
    "list": "s3:ListBucket",
    "list versions": "s3:ListBucketVersions",
    "delete": "s3:DeleteObject",
    "delete versions": "s3:DeleteObjectVersion",
    "list parts": "s3:ListMultipartUploadParts",
    "abort uploads": "s3:AbortMultipartUpload",
}
_BUCKET = {
    "location": "s3:GetBucketLocation",
    "list unfinished uploads": "s3:ListBucketMultipartUploads",
    "see that an object is missing": "s3:ListBucket",
}
"""S3 answers 404 for an object that is not there to whoever may list the bucket without a prefix, else 403
(https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html)."""
_OF_A_BUCKET = {"s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"}
_ONCE = {"s3:if-none-match": "*"}
"""What a write says that must not replace anything."""


@dataclass(frozen=True)
class Role:
    """One function, or one schedule: what it is called here, and every statement of its policies."""

    name: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class Question:
    """Who may do ``actions`` (a word for each) on ``resource``."""

    place: str
    actions: Mapping[str, str]
    resource: str
    request: Mapping[str, str] = field(default_factory=dict)
    """Condition keys of every such request, with their values."""
    more: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Those that only the request for one of the words has, by the word."""

    def resource_of(self, action: str) -> str:
        """Return the resource that ``action`` is about: listing is done to a bucket, not to its objects."""
        return self.resource.partition("/")[0] if action in _OF_A_BUCKET else self.resource


@dataclass(frozen=True)
class Section:
    """One table of the page."""

    title: str
    questions: tuple[Question, ...]
    statements: tuple[Statement, ...] = ()
    """The policy of the resource itself, as far as it is about every principal."""


class Access:
    """The roles of the template, and the places that they are asked about."""

    def __init__(self, template: Mapping[str, Any] | None = None) -> None:
        """Read ``template``, translated; the project's own by default."""
        template = template or translate()
        values = {name: body.get("Default", "local") for name, body in template["Parameters"].items()}
        self._resolver = Resolver(template, values)
        self._resources: Mapping[str, Any] = template["Resources"]
        self._stack = load_stack()
        self.functions = tuple(self._functions())
        self.schedules = tuple(self._schedules())

    def sections(self) -> list[Section]:
        """Return every table of the page, questions not yet answered."""
        stack = self._stack
        data, site = stack.data_bucket, stack.site_bucket
        secrets = {"read": "secretsmanager:GetSecretValue", "change": "secretsmanager:PutSecretValue"}
        places = {
            "catalog": "catalog",
            "database": f"database/{stack.database}",
            "default database": "database/default",
            "tables": f"table/{stack.database}/any",
        }
        glue = {
            name: f"glue:{name}"
            for name in ("GetDatabase", "CreateDatabase", "GetTable", "GetPartitions", "GetTables", "UpdateTable")
        }
        start = {name: f"athena:{name}QueryExecution" for name in ("Start", "Stop", "Get")}
        whole = {"look up": "athena:GetWorkGroup", "results": "athena:GetQueryResults"}
        queue = {"send": "sqs:SendMessage", "receive": "sqs:ReceiveMessage"}
        here = f"arn:aws:{{}}:{REGION}:{ACCOUNT}"
        bus = f"{here.format('events')}:event-bus/default"
        workgroup = f"{here.format('athena')}:workgroup/{stack.workgroup.name}"
        tables = [(f"Glue {place}", f"{here.format('glue')}:{name}") for place, name in places.items()]
        source = {"events:source": stack.function("compute_kpis").environment["EVENT_SOURCE"]}
        logs = {name: f"logs:{name}" for name in ("CreateLogGroup", "CreateLogStream", "PutLogEvents", "GetLogEvents")}
        return [
            Section(
                "Data bucket",
                tuple(_objects(data, prefix) for prefix in _data_prefixes()),
                self._of_bucket("DataBucketPolicy"),
            ),
            Section(
                "Site bucket",
                tuple(_objects(site, prefix) for prefix in _SITE_PREFIXES),
                self._of_bucket("SiteBucketPolicy"),
            ),
            Section(
                "Buckets themselves",
                tuple(
                    Question(bucket.name, _BUCKET, f"arn:aws:s3:::{bucket.name}", _OURS)
                    for bucket in stack.buckets.values()
                ),
            ),
            Section(
                "Drops of the owning teams",
                tuple(_objects(stack.buckets["DropsBucket"].name, f"{source}/") for source in SOURCES),
                self._of_bucket("DropsBucketPolicy"),
            ),
            Section(
                "Secrets",
                tuple(Question(key, secrets, self._resolver.value({"Ref": key})) for key in stack.secrets),
            ),
            Section(
                "Tables, queries, queue, bus, logs",
                (
                    *(Question(place, glue, arn) for place, arn in tables),
                    Question("Athena workgroup", start | whole, workgroup),
                    Question("failure queue", queue, self._resolver.value({"Fn::GetAtt": ["OnFailureQueue", "Arn"]})),
                    Question("event bus", {"put": "events:PutEvents"}, bus, source),
                    Question("any log group", logs, f"{here.format('logs')}:log-group:any"),
                    Question("any KMS key", {"decrypt": "kms:Decrypt"}, f"{here.format('kms')}:key/any"),
                ),
            ),
        ]

    def page(self) -> str:
        """Return the tables as Markdown; :class:`PolicyError` if a role may do what no question asks about."""
        sections = self.sections()
        self._complete(sections)
        parts = [self._table(section) for section in sections]
        return "\n".join([*parts, self._starts(), self._services()])

    def who(self, section: Section, question: Question, word: str) -> list[str]:
        """Return the functions that may do what ``word`` stands for."""
        action = question.actions[word]
        request = {**question.request, **question.more.get(word, {})}
        place = question.resource_of(action)
        return [
            role.name
            for role in self.functions
            if allows([*role.statements, *section.statements], action, place, request)
        ]

    def _table(self, section: Section) -> str:
        lines = [f"## {section.title}", "", "| where | who may |", "|---|---|"]
        for question in section.questions:
            answers = {word: self.who(section, question, word) for word in question.actions}
            if "write" in answers:  # whoever may write may write once too
                answers["write once"] = [name for name in answers["write once"] if name not in answers["write"]]
            told = "; ".join(f"**{word}** {_names(names)}" for word, names in answers.items() if names)
            lines.append(f"| `{question.place}` | {told or 'nobody'} |")
        return "\n".join([*lines, ""])

    def _starts(self) -> str:
        arns = {
            self._resolver.value({"Fn::GetAtt": [key, "Arn"]}): called for key, called in self._stack.functions.items()
        }
        lines = ["## What starts a function", "", "| function | started by |", "|---|---|"]
        for arn, function in arns.items():
            starters = [role.name for role in self.schedules if allows(role.statements, _INVOKE, arn)]
            starters += [role.name for role in self.functions if allows(role.statements, _INVOKE, arn)]
            starters += [
                str(body["Properties"]["Principal"])
                for body in self._resources.values()
                if body["Type"] == "AWS::Lambda::Permission"
                and self._resolver.value(body["Properties"]["FunctionName"]) == function.name
            ]
            lines.append(f"| {function.folder} | {', '.join(sorted(starters))} |")
        return "\n".join([*lines, ""])

    def _services(self) -> str:
        lines = ["## AWS services by the policy of the resource", "", "| resource | service | may |", "|---|---|---|"]
        for key, body in self._resources.items():
            if body["Type"] not in {"AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy"}:
                continue
            for statement in self._resolver.value(body["Properties"])["PolicyDocument"]["Statement"]:
                if statement["Effect"] == "Allow":
                    services = ", ".join(as_list(statement["Principal"]["Service"]))
                    condition = f" if {json.dumps(statement['Condition'])}" if "Condition" in statement else ""
                    lines.append(f"| {key} | {services} | {', '.join(as_list(statement['Action']))}{condition} |")
        return "\n".join([*lines, ""])

    def _complete(self, sections: Sequence[Section]) -> None:
        asked = [
            (action, question.resource_of(action))
            for section in sections
            for question in section.questions
            for action in question.actions.values()
        ]
        for role in self.functions:
            for statement in role.statements:
                if statement["Effect"] != "Allow" or "Action" not in statement or "Resource" not in statement:
                    raise PolicyError(f"{role.name}: statements here say Allow, Action and Resource: {statement}")
                for action in as_list(statement["Action"]):
                    for pattern in as_list(statement["Resource"]):
                        if not any(given == action and matches(pattern, place) for given, place in asked):
                            raise PolicyError(
                                f"{role.name} may {action} on {pattern}, which local/access.py never asks about: add it"
                            )

    def _functions(self) -> Iterable[Role]:
        for key, function in self._stack.functions.items():
            yield Role(function.folder, tuple(self.statements(f"{key}Role")))

    def _schedules(self) -> Iterable[Role]:
        roles = {self._resolver.value({"Fn::GetAtt": [key, "Arn"]}): key for key in self._of_type("AWS::IAM::Role")}
        for key in self._of_type("AWS::Scheduler::Schedule"):
            body = self._resolver.value(self._resources[key]["Properties"])
            yield Role(str(body["Name"]), tuple(self.statements(roles[body["Target"]["RoleArn"]])))

    def statements(self, role: str) -> list[Statement]:
        """Return every statement of a role's policies, managed ones included."""
        properties = self._resolver.value(self._resources[role]["Properties"])
        documents = [policy["PolicyDocument"] for policy in properties.get("Policies", ())]
        documents += [_managed(arn) for arn in properties.get("ManagedPolicyArns", ())]
        return [statement for document in documents for statement in as_list(document["Statement"])]

    def _of_bucket(self, key: str) -> tuple[Statement, ...]:
        """Return the statements of a bucket's policy that are about everybody: they hold for our roles too."""
        body = self._resolver.value(self._resources[key]["Properties"])
        return tuple(statement for statement in body["PolicyDocument"]["Statement"] if statement["Principal"] == "*")

    def _of_type(self, kind: str) -> list[str]:
        return [key for key, body in self._resources.items() if body["Type"] == kind]


_INVOKE = "lambda:InvokeFunction"
_OURS = {"aws:securetransport": "true", "s3:resourceaccount": ACCOUNT}
"""What every request to a bucket of this account says."""
_SITE_PREFIXES = ("index.html", "releases.json", "releases/", "latest/", "assets/", "withdrawn/", "any-other-key")
_PROTECTED = ("protected/", "protected/2026-07-14.1/results.json", "protected/current.json")
_ANY = "any"


def _data_prefixes() -> list[str]:
    """Return every place of the data bucket that docs/architecture.md names, tables one by one, and one it does not."""
    compute = import_module("functions.compute_kpis.contract")
    prefixes: list[str] = []
    contracts = {source: import_module(f"functions.ingest_{source}.contract") for source in SOURCES}
    tables: list[Table] = [table for contract in (*contracts.values(), compute) for table in contract.TABLES]
    prefixes += [f"snapshots/{table.name}/" for table in tables]
    for folder in ("manifests/{}/", "erasures/{}/", "quarantine/{}/", "current/{}.json", "attempts/{}.json"):
        prefixes += [folder.format(source) for source in SOURCES]
    prefixes += ["partial/register/", *(f"runs/ingest_{source}/" for source in SOURCES)]
    prefixes += ["runs/compute_kpis/", "runs/publish_site/", "athena/", "results/", "current/results.json"]
    return [*prefixes, "ledger/", "preview/", *_PROTECTED, "any-other-key"]


def _objects(bucket: str, prefix: str) -> Question:
    listing = {"s3:prefix": prefix}
    return Question(
        prefix,
        OBJECTS,
        f"arn:aws:s3:::{bucket}/{prefix}{_ANY if prefix.endswith('/') else ''}",
        _OURS,
        {"list": listing, "list versions": listing, "write once": _ONCE},
    )


def _names(names: Sequence[str]) -> str:
    """Return names as a cell says them; the ingests together have one."""
    ingests = [f"ingest_{source}" for source in SOURCES]
    if set(ingests) <= set(names):
        return ", ".join(["every ingest", *(name for name in names if name not in ingests)])
    return ", ".join(names)


_managed_policies = cache(lambda: json.loads(aws_managed_policies_data))


def _managed(arn: str) -> Mapping[str, Any]:
    name = arn.rpartition("/")[2]
    if name not in _managed_policies():
        raise PolicyError(f"nothing here knows what the managed policy {arn} allows")
    document: Mapping[str, Any] = _managed_policies()[name]["Document"]
    return document


def main() -> int:
    """Write the tables into docs/access.md; return the exit status."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n\n{Access().page()}\n{END}{rest.split(END)[1]}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
