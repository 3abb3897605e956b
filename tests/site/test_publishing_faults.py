"""Publishing when AWS does not do as it should: every fault is told, by its name, in the log and in the run record."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from placements_kpi.failures import UnforeseenError
from tests.site import calls
from tests.site.conftest import DATA, World
from tests.site.protected_document import document


def records(world: World) -> list[Any]:
    return [world.json(key, DATA) for key in world.objects(DATA) if key.startswith("runs/publish_site/")]


def test_a_refusal_by_aws_at_any_call_is_an_error_line_and_a_record(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.compute(document())
    world.handle({})
    with calls.at(-1) as made:
        world.handle({})
    assert {"GetObject", "HeadObject", "ListObjectsV2", "PutObject"} == set(made)
    for number, call in enumerate(made):
        caplog.clear()
        with calls.at(number, before=calls.denied), pytest.raises(UnforeseenError, match=f"AccessDenied.*{call}"):
            world.handle({})
        (line,) = (vars(one) for one in caplog.records if one.levelno == logging.ERROR)
        assert (line["message"], line["kind"]) == ("publishing failed", "UnforeseenError")
        assert ".py:" in line["reason"], "it says where"
        (record,) = (one for one in records(world) if one.get("error", {}).get("message") == line["reason"])
        assert record["outcome"] == "failed"


def test_a_record_that_cannot_be_written_is_told_and_does_not_hide_the_failure(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.monkeypatch.setenv("DATA_BUCKET", "no-such-bucket")
    with pytest.raises(UnforeseenError, match=r"NoSuchBucket.*GetObject"):
        world.handle({})
    told = [one.message for one in caplog.records if one.levelno == logging.ERROR]
    assert told == ["publishing failed", "record not written"]
