"""Who may do what: docs/access.md is what the template's policies say, and they say no more than is needed."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from moto.iam.access_control import IAMPolicyStatement, PermissionResult

from local.access import BEGIN, END, PAGE, Access
from local.policies import PolicyError, verdict

PEOPLE = ("apply", "register", "placements", "vacancies")
PERSON_TABLES = {"application_choices", "trainees", "mentor_allocations", "vacancy_applications"}


@pytest.fixture(scope="module")
def access() -> Access:
    return Access()


def may(access: Access, action: str) -> dict[str, set[str]]:
    """Return, for each place, the functions that may do ``action`` to it."""
    return {
        question.place: set(access.who(section, question, action))
        for section in access.sections()
        for question in section.questions
        if action in question.actions.values()
    }


def test_the_page_says_what_the_template_says(access: Access) -> None:
    now = access.page().strip()
    told = PAGE.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0].strip()
    assert told == now, f"docs/access.md and template.yaml differ; python -m local.access writes it again:\n\n{now}"


def test_the_publisher_reads_protected_results_and_nothing_else_of_the_data_bucket(access: Access) -> None:
    data = access.sections()[0]
    for question in data.questions:
        readers = access.who(data, question, "s3:GetObject")
        assert ("publish_site" in readers) == question.place.startswith("protected/"), question.place


def test_rows_are_read_by_the_ingest_of_their_source_and_compute_only(access: Access) -> None:
    for place, readers in may(access, "s3:GetObject").items():
        if place.startswith("snapshots/"):
            assert readers <= {"compute_kpis"} | {name for name in readers if name.startswith("ingest_")}
            assert len(readers) <= 2, place


def test_nothing_is_deleted_but_by_an_erasure(access: Access) -> None:
    assert not any(may(access, "s3:DeleteObject").values())
    for place, names in may(access, "s3:DeleteObjectVersion").items():
        table = place.removeprefix("snapshots/").rstrip("/")
        source = place.removeprefix("manifests/").rstrip("/")
        expected = table in PERSON_TABLES or (place.startswith("manifests/") and source in PEOPLE)
        assert len(names) == (1 if expected else 0), place


def test_the_tables_that_an_erasure_deletes_from_are_those_with_people() -> None:
    from importlib import import_module

    from placements_kpi.settings import SOURCES

    tables = [table for source in SOURCES for table in import_module(f"functions.ingest_{source}.contract").TABLES]
    assert {table.name for table in tables if any(column.key for column in table.columns)} == PERSON_TABLES


def test_only_ingests_with_people_read_their_keys_and_nobody_writes_a_secret(access: Access) -> None:
    read = may(access, "secretsmanager:GetSecretValue")
    assert read["PseudonymSecret"] == read["ErasureSecret"] == {f"ingest_{source}" for source in PEOPLE}
    assert not any(may(access, "secretsmanager:PutSecretValue").values())


def test_only_compute_queries(access: Access) -> None:
    assert may(access, "athena:StartQueryExecution")["Athena workgroup"] == {"compute_kpis"}
    assert may(access, "glue:GetTable")["Glue tables"] == {"compute_kpis"}


def test_a_function_is_started_by_its_schedules_and_its_event_and_by_no_other_function(access: Access) -> None:
    for role in access.functions:
        assert not verdict(role.statements, "lambda:InvokeFunction", "arn:aws:lambda:eu-west-2:1:function:any").allowed


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:GetObject", "arn:aws:s3:::school-placements-performance-databucket-local/protected/2026-*"),
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
    assert verdict(statements, action, resource).allowed is allowed


def test_a_condition_is_decided_if_its_key_is_known_and_told_if_not() -> None:
    only = {**ALLOW, "Condition": {"StringLike": {"s3:prefix": ["protected/*"]}}}
    place = "arn:aws:s3:::b/snapshots/x"
    assert not verdict([only], "s3:GetObject", place, {"s3:prefix": "results/"}).allowed
    assert verdict([only], "s3:GetObject", place, {"s3:prefix": "protected/"}) == verdict(
        [ALLOW], "s3:GetObject", place
    )
    assert verdict([only], "s3:GetObject", place).condition == "s3:prefix is protected/*"
    denied = {
        "Effect": "Deny",
        "Action": "s3:*",
        "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    assert verdict([ALLOW, denied], "s3:GetObject", place).allowed, "a Deny that may not hold takes nothing away"
    assert verdict([ALLOW, denied], "s3:GetObject", place, {"aws:securetransport": "true"}).allowed
    assert not verdict([ALLOW, denied], "s3:GetObject", place, {"aws:securetransport": "false"}).allowed


def test_a_deny_of_what_is_not_given_takes_nothing_away_for_certain() -> None:
    once = {"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"Null": {"s3:if-none-match": "true"}}}
    assert verdict([ALLOW, once], "s3:GetObject", "arn:aws:s3:::b/snapshots/x").allowed


def test_what_is_not_known_is_refused_and_not_guessed() -> None:
    with pytest.raises(PolicyError, match="elements"):
        verdict([{**ALLOW, "Wish": 1}], "s3:GetObject", "x")
    with pytest.raises(PolicyError, match="NumericLessThan"):
        strange = {**ALLOW, "Condition": {"NumericLessThan": {"s3:max-keys": "10"}}}
        verdict([strange], "s3:GetObject", "arn:aws:s3:::b/snapshots/x")


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
                    assert verdict(plain, action, place).allowed is theirs, (role.name, action, place)
                    compared += 1
    assert compared > 3000
