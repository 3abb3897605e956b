"""The parts of the rehearsal that need no LocalStack; make rehearse is the test of the rest."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from local.lambdas import SourceTree
from local.rehearsal.__main__ import DOCUMENT, NOT_HERE
from local.rehearsal.commands import blocks, not_here
from local.rehearsal.runner import Runner, serve
from local.rehearsal.stacks import differences, shared, unfinished


def texts(document: str) -> list[str]:
    return [block.text for block in blocks(document)]


def test_an_indented_block_is_typed_as_it_stands() -> None:
    assert texts("Type\n\n    for x in a b; do\n      echo $x\n    done\n\n    echo end\n\nand go on.\n") == [
        "for x in a b; do\n  echo $x\ndone\n\necho end"
    ]


def test_a_fenced_block_is_typed_if_its_language_is_a_shell_s() -> None:
    assert texts("```sh\nmake a\n```\n\n```json\n{}\n```\n\n```\nan answer\n```\n") == ["make a"]


def test_a_line_that_only_continues_a_paragraph_or_a_list_is_not_typed() -> None:
    assert texts("- one,\n    on two lines\n\n1. `make a`\n    and more\n") == []


def test_a_block_at_the_end_and_one_after_a_heading_are_found() -> None:
    (block,) = blocks("# A\n\ntext\n\n## B\n    not after a blank line\n\n    make b")
    assert (block.text, block.line) == ("make b", 8)


def test_a_fence_that_is_never_closed_is_an_error() -> None:
    with pytest.raises(ValueError, match="line 4"):
        blocks("# A\n\n```sh\nmake a\n")


def test_the_document_has_commands_and_each_exception_is_one_of_them() -> None:
    found = blocks(DOCUMENT.read_text(encoding="utf-8"))
    assert len([block for block in found if not_here(block, NOT_HERE) is None]) > 3
    for pattern, reason in NOT_HERE:
        assert any(not_here(block, [(pattern, reason)]) for block in found), f"no command is like {pattern!r} any more"


def test_whatever_is_new_gone_or_other_is_a_difference() -> None:
    before = {"a": 1, "b": {"x": [1]}, "c": 3}
    assert differences(before, dict(before)) == []
    assert differences(before, {"a": 1, "b": {"x": [2]}, "d": 4}) == [
        "b is {'x': [2]}; it was {'x': [1]}",
        "c is gone; it was 3",
        "d is new: 4",
    ]


def resource(logical: str, kind: str, physical: str = "p", status: str = "CREATE_COMPLETE") -> dict[str, Any]:
    return {
        "LogicalResourceId": logical,
        "ResourceType": kind,
        "PhysicalResourceId": physical,
        "ResourceStatus": status,
    }


def test_a_stack_is_whole_if_all_that_is_declared_is_there_and_complete() -> None:
    queue, topic = resource("Q", "AWS::SQS::Queue"), resource("T", "AWS::SNS::Topic", status="CREATE_FAILED")
    assert unfinished([queue], {"AWS::SQS::Queue": 1}) == []
    assert unfinished([queue, topic], {"AWS::SQS::Queue": 2}) == [
        "T is CREATE_FAILED",
        "there are 1 of AWS::SNS::Topic; the template declares 0",
        "there are 1 of AWS::SQS::Queue; the template declares 2",
    ]


def test_two_stacks_share_what_is_called_the_same_but_for_tables() -> None:
    one = [resource("Q", "AWS::SQS::Queue", "one-q"), resource("T", "AWS::Glue::Table", "schools")]
    other = [resource("Q", "AWS::SQS::Queue", "other-q"), resource("T", "AWS::Glue::Table", "schools")]
    assert shared(one, other) == []
    assert shared(one, [*other, resource("R", "AWS::Events::Rule", "one-q")]) == ["one-q"]


HANDLER = """
import os

def lambda_handler(event, context):
    print("logged")
    if event.get("fail"):
        raise ValueError("as asked")
    return {"told": event, "setting": os.environ["SETTING"], "timeout": context.get_remaining_time_in_millis() > 1000}
"""


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    folder = tmp_path / "functions" / "told"
    folder.mkdir(parents=True)
    (tmp_path / "functions" / "__init__.py").touch()
    (folder / "__init__.py").touch()
    (folder / "app.py").write_text(HANDLER)
    return Runner(SourceTree(tmp_path), tmp_path / "logs")


def ask(address: str, event: object) -> dict[str, Any]:
    asked = {
        "function": "stack-told",
        "handler": "functions.told.app.lambda_handler",
        "event": event,
        "memory_mb": 128,
        "timeout": 30,
        "environment": {"SETTING": "of the stack"},
    }
    with urlopen(address, json.dumps(asked).encode(), timeout=60) as answer:
        said: dict[str, Any] = json.load(answer)
    return said


def test_localstack_s_calls_are_carried_out_with_the_environment_that_it_gives(runner: Runner) -> None:
    with serve(runner) as address:
        said = ask(address, {"a": 1})
    assert said["payload"] == {"told": {"a": 1}, "setting": "of the stack", "timeout": True}
    assert not said["failed"]
    assert "logged" in said["log"]
    (called,) = runner.calls
    assert (called.function, called.event, called.error, called.ended) == ("stack-told", {"a": 1}, None, True)


def test_a_failed_call_is_answered_as_lambda_words_it(runner: Runner) -> None:
    with serve(runner) as address:
        said = ask(address, {"fail": True})
    assert said["failed"]
    assert (said["payload"]["errorType"], said["payload"]["errorMessage"]) == ("ValueError", "as asked")


def test_it_is_settled_when_nothing_runs_and_nothing_begins(runner: Runner) -> None:
    assert runner.settle(seconds=5, quiet=0.3)
    runner.begin("stack-told", {})
    began = time.monotonic()
    assert not runner.settle(seconds=1, quiet=0.3)
    assert time.monotonic() - began < 3
