"""What checkov and cfn-guard find is mended or argued; the scan itself is "make scan", in an environment of its own."""

from __future__ import annotations

import fnmatch
import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

spec = importlib.util.spec_from_file_location("scan", ".ci/scan.py")
assert spec and spec.loader
scan: Any = importlib.util.module_from_spec(spec)
spec.loader.exec_module(scan)


def test_an_argument_is_about_a_resource_that_there_is_and_says_why(template: dict[str, Any]) -> None:
    arguments = scan.argued()
    for _, pattern in arguments:
        assert fnmatch.filter(template["Resources"], pattern), f"there is no {pattern}"
    assert all(len(why.split()) > 10 for why in arguments.values())
    rules = set(re.findall(r"^rule (\w+)", Path(".ci/stack.guard").read_text(encoding="utf-8"), re.MULTILINE))
    assert {check for check, _ in arguments if not check.startswith("CKV_")} <= rules


def test_a_finding_that_nobody_argued_fails_and_so_does_an_argument_without_a_finding() -> None:
    arguments = {("CKV_1", "A"): "because", ("CKV_2", "B"): "because"}
    assert scan.differences(set(arguments), arguments) == []
    (new,) = scan.differences({*arguments, ("CKV_1", "C")}, arguments)
    assert new.startswith("CKV_1 of C: mend it, or argue it")
    (old,) = scan.differences({("CKV_1", "A")}, arguments)
    assert old.startswith("CKV_2 of B: argued") and "not found any more" in old


def test_an_argument_about_every_ingest_is_about_no_other_resource() -> None:
    arguments = {("CKV_1", "Ingest*Logs"): "because"}
    assert scan.differences({("CKV_1", "IngestApplyLogs"), ("CKV_1", "IngestSchoolsLogs")}, arguments) == []
    (new,) = scan.differences({("CKV_1", "IngestApplyLogs"), ("CKV_1", "ComputeKpisLogs")}, arguments)
    assert new.startswith("CKV_1 of ComputeKpisLogs: mend it")
    new, old = scan.differences({("CKV_2", "IngestApplyLogs")}, arguments)
    assert new.startswith("CKV_2 of IngestApplyLogs: mend it") and old.startswith("CKV_1 of Ingest*Logs: argued")


def test_nothing_is_argued_twice(tmp_path: Path) -> None:
    twice = tmp_path / "findings.toml"
    one = '[[finding]]\nchecks = ["CKV_1"]\nresources = ["A"]\nbecause = "so"\n'
    twice.write_text(one + one)
    with pytest.raises(SystemExit, match="argued twice"):
        scan.argued(twice)


def test_ci_scans_what_it_has_built() -> None:
    assert "\nmake scan\n" in Path(".ci/run").read_text(encoding="utf-8")
