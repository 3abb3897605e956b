"""checkov and cfn-guard over the stack as CloudFormation gets it: ``make scan``.

Every finding is mended, or argued once in ``findings.toml`` beside the resource. One that is not argued fails, and
so does an argument for something that is not found any more. Runs in an environment of its own (``scan.lock``).
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
Finding = tuple[str, str]
"""What is found (a check of checkov, a rule of ours), and the logical id of the resource."""
_PASSED_OVER = {"Filter", "RuleCondition", "TypeCondition", "WhenCondition"}
"""Parts of a rule that choose what is looked at; what does not match there is no finding."""


def checkov(template: Path) -> set[Finding]:
    """Return what checkov's own checks of CloudFormation find."""
    command = [str(Path(sys.executable).with_name("checkov")), "--framework", "cloudformation", "--compact", "--quiet"]
    ran = subprocess.run(
        [*command, "--skip-download", "-o", "json", "-f", str(template)], capture_output=True, text=True, check=False
    )
    told = json.loads(ran.stdout)
    if told["summary"]["parsing_errors"] or told["summary"]["resource_count"] < 100:
        raise SystemExit(f"checkov has not read the whole template: {told['summary']}")
    return {(one["check_id"], one["resource"].rpartition(".")[2]) for one in told["results"]["failed_checks"]}


def guard(template: Path) -> set[Finding]:
    """Return what the rules of ``stack.guard`` find; the terse report of cfn-guard-rs 0.3.3 loses its beginning."""
    from cfn_guard_rs.api import run_checks_rs

    rules = (HERE / "stack.guard").read_text(encoding="utf-8")
    report = json.loads(run_checks_rs(template.read_text(encoding="utf-8"), rules, True))
    named = [rule["container"]["RuleCheck"] for rule in report["children"]]
    if [rule["name"] for rule in named] != re.findall(r"^rule (\w+)", rules, re.MULTILINE):
        raise SystemExit("cfn-guard has not tried every rule of stack.guard")
    return {
        (check["name"], _resource(leaf))
        for rule, check in zip(report["children"], named, strict=True)
        if check["status"] == "FAIL"
        for leaf in _failures(rule)
    }


def _failures(node: Mapping[str, Any]) -> Iterator[Any]:
    container = node["container"]
    kind = next(iter(container)) if isinstance(container, dict) else container
    if kind in _PASSED_OVER:
        return
    if kind == "ClauseValueCheck" and container[kind] != "Success":
        yield container[kind]
    for child in node.get("children", ()):
        yield from _failures(child)


def _resource(leaf: Any) -> str:
    found = re.search(r'"path": "/Resources/([^/"]+)', json.dumps(leaf))
    return found[1] if found else "?"


def argued(path: Path = HERE / "findings.toml") -> dict[Finding, str]:
    """Return the argument for each finding that is left as it is, its resource perhaps a pattern (``Ingest*Logs``).

    One that is argued twice is an error.
    """
    arguments: dict[Finding, str] = {}
    for one in tomllib.loads(path.read_text(encoding="utf-8"))["finding"]:
        for check in one["checks"]:
            for resource in one["resources"]:
                if (check, resource) in arguments:
                    raise SystemExit(f"{path.name}: {check} of {resource} is argued twice")
                arguments[check, resource] = one["because"]
    return arguments


def differences(found: set[Finding], arguments: Mapping[Finding, str]) -> list[str]:
    """Return, in words, what is found and not argued, and what is argued and not found."""
    met = {
        (check, pattern): {one for one in found if one[0] == check and fnmatchcase(one[1], pattern)}
        for check, pattern in arguments
    }
    new = [
        f"{check} of {resource}: mend it, or argue it in .ci/findings.toml"
        for check, resource in found - set().union(*met.values())
    ]
    old = [
        f"{check} of {pattern}: argued in .ci/findings.toml, but not found any more"
        for (check, pattern), findings in met.items()
        if not findings
    ]
    return sorted(new) + sorted(old)


def main(template: Path) -> int:
    """Scan ``template``, say what there is to do, and return the exit status."""
    found = checkov(template) | guard(template)
    told = differences(found, argued())
    print("\n".join(told) or f"{len(found)} findings of checkov and cfn-guard, each argued in .ci/findings.toml")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
