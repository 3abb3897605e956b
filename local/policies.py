"""What an IAM policy allows, worked out here: enough of the rules for the policies of ``template.yaml``, and no guess.

Rules: an explicit Deny wins, then an Allow, else nothing is allowed. Actions match without regard to
case; ``*`` and ``?`` are the only wildcards. A condition on a key that the request does not have is false,
but for ``…IfExists``, which is true then, and ``Null``, which asks for just that
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html). So whoever
asks has to say every key that AWS would put into the request: a key left out takes access away, as it would there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from local.errors import LocalError

Statement = Mapping[str, Any]

_ELEMENTS = frozenset("Sid Effect Principal NotPrincipal Action NotAction Resource NotResource Condition".split())
_OPERATORS = frozenset({"StringEquals", "StringLike", "ArnLike", "Bool"})
_IF_EXISTS = "IfExists"


class PolicyError(LocalError):
    """A policy uses something that these rules do not know."""


def allows(
    statements: Iterable[Statement], action: str, resource: str, request: Mapping[str, str] | None = None
) -> bool:
    """Return whether ``statements`` together allow ``action`` on ``resource``.

    ``request``: every condition key of such a request, in lower case, with its value.
    """
    allowed = False
    for statement in statements:
        _check(statement)
        if not (_concerns(statement, "Action", action, True) and _concerns(statement, "Resource", resource, False)):
            continue
        if not _holds(statement.get("Condition", {}), request or {}):
            continue
        if statement["Effect"] == "Deny":
            return False
        allowed = True
    return allowed


def as_list(value: Any) -> list[Any]:
    """Return ``value`` as a list: a policy may leave the brackets out where there is one."""
    return list(value) if isinstance(value, list | tuple) else [value]


def matches(pattern: str, value: str) -> bool:
    """Return whether an IAM pattern matches ``value``."""
    return _compiled(pattern).fullmatch(value) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    wild = {"*": ".*", "?": "."}
    return re.compile("".join(wild.get(character) or re.escape(character) for character in pattern), re.DOTALL)


def _check(statement: Statement) -> None:
    unknown = set(statement) - _ELEMENTS
    if unknown or statement.get("Effect") not in {"Allow", "Deny"} or "NotPrincipal" in statement:
        raise PolicyError(f"a statement has elements that local/policies.py does not know: {dict(statement)}")


def _concerns(statement: Statement, element: str, value: str, any_case: bool) -> bool:
    def named(name: str) -> bool:
        patterns = [str(pattern) for pattern in as_list(statement[name])]
        if any_case:
            return any(matches(pattern.lower(), value.lower()) for pattern in patterns)
        return any(matches(pattern, value) for pattern in patterns)

    if element in statement:
        return named(element)
    return f"Not{element}" in statement and not named(f"Not{element}")


def _holds(condition: Mapping[str, Any], request: Mapping[str, str]) -> bool:
    return all(
        _key_holds(operator, key.lower(), [str(wish) for wish in as_list(wanted)], request)
        for operator, keys in condition.items()
        for key, wanted in keys.items()
    )


def _key_holds(operator: str, key: str, wishes: list[str], request: Mapping[str, str]) -> bool:
    if operator == "Null":
        return (key not in request) == (wishes == ["true"])
    if operator.removesuffix(_IF_EXISTS) not in _OPERATORS:
        raise PolicyError(f"local/policies.py does not know the condition operator {operator}")
    if key not in request:
        return operator.endswith(_IF_EXISTS)
    return any(matches(wish, request[key]) for wish in wishes)
