"""What an IAM policy allows, worked out here: enough of the rules for the policies of ``template.yaml``, and no guess.

Rules: an explicit Deny wins, then an Allow, else nothing is allowed. Actions match without regard to
case; ``*`` and ``?`` are the only wildcards. A condition on a key that is known is decided. One
on a key that is not known does not take access away here: an Allow counts, with its
condition said beside it, and a Deny does not. So the answer is never less than the role really may.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from local.errors import LocalError

Statement = Mapping[str, Any]

_ELEMENTS = frozenset("Sid Effect Principal NotPrincipal Action NotAction Resource NotResource Condition".split())
_OPERATORS = frozenset({"StringEquals", "StringLike", "ArnLike", "Bool", "Null"})


class PolicyError(LocalError):
    """A policy uses something that these rules do not know."""


@dataclass(frozen=True)
class Verdict:
    """Whether something is allowed, and under which condition (empty: always)."""

    allowed: bool
    condition: str = ""


def verdict(
    statements: Iterable[Statement], action: str, resource: str, known: Mapping[str, str] | None = None
) -> Verdict:
    """Return whether ``statements`` together allow ``action`` on ``resource``; ``known``: values of condition keys."""
    conditions: list[str] = []
    for statement in statements:
        _check(statement)
        if not (_concerns(statement, "Action", action, True) and _concerns(statement, "Resource", resource, False)):
            continue
        holds, said = _condition(statement.get("Condition", {}), known or {})
        if not holds:
            continue
        if statement["Effect"] == "Deny":
            if not said:
                return Verdict(False)
        else:
            conditions.append(said)
    if not conditions:
        return Verdict(False)
    return Verdict(True, "" if "" in conditions else " or ".join(sorted(set(conditions))))


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
    def found(name: str) -> bool:
        patterns = [str(pattern) for pattern in as_list(statement[name])]
        if any_case:
            return any(matches(pattern.lower(), value.lower()) for pattern in patterns)
        return any(matches(pattern, value) for pattern in patterns)

    if element in statement:
        return found(element)
    return f"Not{element}" in statement and not found(f"Not{element}")


def _condition(condition: Mapping[str, Any], known: Mapping[str, str]) -> tuple[bool, str]:
    """Return whether the condition can hold, and what is left of it to be said."""
    left = []
    for operator, keys in condition.items():
        if operator not in _OPERATORS:
            raise PolicyError(f"local/policies.py does not know the condition operator {operator}")
        for key, wanted in keys.items():
            wishes = [str(wish) for wish in as_list(wanted)]
            if operator == "Null":
                left.append(f"{key} is {'not ' if wishes == ['true'] else ''}given")
            elif key.lower() not in known:
                left.append(f"{key} is {' or '.join(wishes)}")
            elif not any(matches(wish, known[key.lower()]) for wish in wishes):
                return False, ""
    return True, " and ".join(left)
