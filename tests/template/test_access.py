"""Who may do what: docs/access.md is what the template's policies say, and they say no more than is needed."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from moto.iam.access_control import IAMPolicyStatement, PermissionResult

from local.access import BEGIN, END, PAGE, Access
from local.policies import PolicyError, allows
from local.template import load_stack
from placements_kpi.settings import PERSON_TABLES
from tests.sources import PEOPLE


@pytest.fixture(scope="module")
def access() -> Access:
    return Access()


def may(access: Access, action: str) -> dict[str, set[str]]:
    """Return, for each place, the functions that may do ``action`` to it."""
    return {
        question.place: set(access.who(section, question, word))
        for section in access.sections()
        for question in section.questions
        for word, asked in question.actions.items()
        if asked == action
    }


def test_the_page_says_what_the_template_says(access: Access) -> None:
    now = access.page().strip()
    told = PAGE.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0].strip()
    assert told == now, f"docs/access.md and template.yaml differ; make access writes it again:\n\n{now}"


def test_the_publisher_reads_protected_results_and_previews_and_nothing_else_of_the_data_bucket(access: Access) -> None:
    data = access.sections()[0]
    for question in data.questions:
        readers = access.who(data, question, "read")
        assert ("publish_site" in readers) == question.place.startswith(("protected/", "preview/")), question.place


def test_rows_are_read_by_the_ingest_of_their_source_and_compute_only(access: Access) -> None:
    for place, readers in may(access, "s3:GetObject").items():
        if place.startswith("snapshots/"):
            assert readers <= {"compute_kpis"} | {name for name in readers if name.startswith("ingest_")}
            assert len(readers) <= 2, place


def test_nothing_is_deleted_but_by_an_erasure_and_copies_of_the_newest_release(access: Access) -> None:
    deleting = {place: names for place, names in may(access, "s3:DeleteObject").items() if names}
    assert deleting == {"latest/": {"publish_site"}}
    for place, names in may(access, "s3:DeleteObjectVersion").items():
        table = place.removeprefix("snapshots/").rstrip("/")
        source = place.removeprefix("manifests/").rstrip("/")
        expected = table in PERSON_TABLES or (place.startswith("manifests/") and source in PEOPLE)
        expected = expected or place == "partial/register/"
        assert len(names) == (1 if expected else 0), place


def test_only_ingests_with_people_read_their_keys_and_nobody_writes_a_secret(access: Access) -> None:
    read = may(access, "secretsmanager:GetSecretValue")
    assert read["PseudonymSecret"] == read["ErasureSecret"] == {f"ingest_{source}" for source in PEOPLE}
    assert not any(may(access, "secretsmanager:PutSecretValue").values())


def test_only_compute_queries(access: Access) -> None:
    assert may(access, "athena:StartQueryExecution")["Athena workgroup"] == {"compute_kpis"}
    assert may(access, "glue:GetTable")["Glue tables"] == {"compute_kpis"}


def test_a_function_is_started_by_its_schedules_and_its_event_and_by_no_other_function(access: Access) -> None:
    for role in access.functions:
        assert not allows(role.statements, "lambda:InvokeFunction", "arn:aws:lambda:eu-west-2:1:function:any")


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:GetObject", "arn:aws:s3:::school-placements-performance-databucket-local/protected/2025-*"),
        ("dynamodb:GetItem", "*"),
        ("s3:*", "arn:aws:s3:::school-placements-performance-databucket-local/protected/*"),
    ],
)
def test_a_right_that_the_page_does_not_ask_about_is_an_error(
    template: dict[str, Any], action: str, resource: str
) -> None:
    changed = copy.deepcopy(template)
    policies = changed["Resources"]["PublishSiteFunctionRole"]["Properties"]["Policies"]
    policies[0]["PolicyDocument"]["Statement"].append({"Effect": "Allow", "Action": action, "Resource": resource})
    with pytest.raises(PolicyError, match="never asks about"):
        Access(changed).page()


def test_a_right_that_is_added_changes_the_page(template: dict[str, Any], access: Access) -> None:
    changed = copy.deepcopy(template)
    policies = changed["Resources"]["PublishSiteFunctionRole"]["Properties"]["Policies"]
    more = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": {"Fn::Sub": "${DataBucket.Arn}/results/*"}}
    policies[0]["PolicyDocument"]["Statement"].append(more)
    assert Access(changed).page() != access.page()


# The rules by which a policy is read.

ALLOW = {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/snapshots/*"}


@pytest.mark.parametrize(
    ("statements", "action", "resource", "allowed"),
    [
        ([ALLOW], "s3:GetObject", "arn:aws:s3:::b/snapshots/x/y", True),
        ([ALLOW], "S3:getobject", "arn:aws:s3:::b/snapshots/x", True),
        ([ALLOW], "s3:PutObject", "arn:aws:s3:::b/snapshots/x", False),
        ([ALLOW], "s3:GetObject", "arn:aws:s3:::b/snapshot", False),
        ([ALLOW], "s3:GetObject", "arn:aws:s3:::b/Snapshots/x", False),
        ([ALLOW, {**ALLOW, "Effect": "Deny", "Resource": "*"}], "s3:GetObject", "arn:aws:s3:::b/snapshots/x", False),
        ([{**ALLOW, "Action": ["sqs:SendMessage", "s3:GetObject"]}], "s3:GetObject", "arn:aws:s3:::b/snapshots/", True),
        ([{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}], "s3:GetObject", "any", False),
        ([{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}], "sqs:SendMessage", "any", True),
        ([{"Effect": "Allow", "Action": "*", "NotResource": "secret*"}], "s3:GetObject", "secrets", False),
        ([{"Effect": "Allow", "Action": "*", "NotResource": "secret*"}], "s3:GetObject", "open", True),
        ([{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "a.c"}], "s3:GetObject", "abc", False),
        ([{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "a?c"}], "s3:GetObject", "abc", True),
    ],
)
def test_an_action_is_allowed_by_an_allow_and_no_deny(
    statements: list[dict[str, Any]], action: str, resource: str, allowed: bool
) -> None:
    assert allows(statements, action, resource) is allowed


PLACE = "arn:aws:s3:::b/snapshots/x"


@pytest.mark.parametrize(
    ("condition", "request_", "holds"),
    [
        ({"StringLike": {"s3:prefix": ["protected/*"]}}, {"s3:prefix": "results/"}, False),
        ({"StringLike": {"s3:prefix": ["protected/*"]}}, {"s3:prefix": "protected/"}, True),
        ({"StringLike": {"s3:prefix": ["protected/*"]}}, {}, False),
        ({"StringEquals": {"kms:ViaService": "s3"}}, {"kms:viaservice": "s3"}, True),
        ({"StringLikeIfExists": {"s3:prefix": ["protected/*"]}}, {}, True),
        ({"StringLikeIfExists": {"s3:prefix": ["protected/*"]}}, {"s3:prefix": "results/"}, False),
        ({"Bool": {"aws:SecureTransport": "false"}}, {}, False),
        ({"Bool": {"aws:SecureTransport": "false"}}, {"aws:securetransport": "false"}, True),
        ({"Null": {"s3:if-none-match": "true"}}, {}, True),
        ({"Null": {"s3:if-none-match": "true"}}, {"s3:if-none-match": "*"}, False),
        ({"Null": {"s3:if-none-match": "false"}}, {"s3:if-none-match": "*"}, True),
        ({"StringEquals": {"a": "1"}, "Bool": {"b": "true"}}, {"a": "1"}, False),
    ],
)
def test_a_condition_on_a_key_that_the_request_does_not_have_is_false(
    condition: dict[str, Any], request_: dict[str, str], *, holds: bool
) -> None:
    """IAM's own rule, but for IfExists and Null; the same for an Allow, which it gives, and a Deny, which it takes."""
    given = {**ALLOW, "Condition": condition}
    assert allows([given], "s3:GetObject", PLACE, request_) is holds
    assert allows([ALLOW, {**given, "Effect": "Deny"}], "s3:GetObject", PLACE, request_) is not holds


def test_the_publisher_cannot_list_the_data_bucket_so_that_a_missing_release_is_a_403_which_it_expects(
    access: Access,
) -> None:
    listers = may(access, "s3:ListBucket")
    stack = load_stack()
    assert "publish_site" not in listers[stack.data_bucket] | listers["protected/"]
    assert "publish_site" in listers[stack.site_bucket]
    assert {"compute_kpis", "ingest_apply"} <= listers[stack.data_bucket]


def test_what_is_published_is_written_once_and_by_nobody_over(access: Access) -> None:
    section = access.sections()[0]
    questions = {question.place: question for question in section.questions}
    for place in ("ledger/", "protected/2026-07-14.1/results.json"):
        assert access.who(section, questions[place], "write") == []
        assert access.who(section, questions[place], "write once") == ["compute_kpis"]


def test_what_is_not_known_is_refused_and_not_guessed() -> None:
    with pytest.raises(PolicyError, match="elements"):
        allows([{**ALLOW, "Wish": 1}], "s3:GetObject", "x")
    with pytest.raises(PolicyError, match="NumericLessThan"):
        strange = {**ALLOW, "Condition": {"NumericLessThan": {"s3:max-keys": "10"}}}
        allows([strange], "s3:GetObject", "arn:aws:s3:::b/snapshots/x")


def test_moto_reads_every_unconditional_statement_of_ours_alike(access: Access) -> None:
    """Another implementation of the rules, for the statements that it reads right (it decides conditions too early)."""
    compared = 0
    for role in access.functions:
        plain = [one for one in role.statements if "Condition" not in one]
        for section in access.sections():
            for question in section.questions:
                for action in question.actions.values():
                    place = question.resource_of(action)
                    theirs = any(
                        IAMPolicyStatement(json.loads(json.dumps(one))).is_action_permitted(action, place)
                        is PermissionResult.PERMITTED
                        for one in plain
                    )
                    assert allows(plain, action, place) is theirs, (role.name, action, place)
                    compared += 1
    assert compared > 3000
