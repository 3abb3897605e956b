"""Publishing when AWS does not do as it should: every fault is told, by its name, in the log and in the run record."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest

from functions.publish_site.protected import ReleaseError
from placements_kpi.errors import PlacementsKpiError
from placements_kpi.failures import UnforeseenError
from placements_kpi.results import seal_key
from tests import calls
from tests.site.conftest import DATA, World
from tests.site.protected_document import document


def records(world: World) -> list[Any]:
    return [world.json(key, DATA) for key in world.objects(DATA) if key.startswith("runs/publish_site/")]


def test_a_refusal_by_aws_at_any_call_is_an_error_line_and_a_record(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.compute(document())
    world.handle({})
    with calls.at(None) as made:
        world.handle({})
    assert {"GetObject", "HeadObject", "ListObjectsV2", "PutObject"} == {call.split()[0] for call in made}
    for number, call in enumerate(made):
        caplog.clear()
        with calls.at(number, before=calls.denied), pytest.raises(PlacementsKpiError) as failed:
            world.handle({})
        (line,) = (vars(one) for one in caplog.records if one.levelno == logging.ERROR)
        assert (line["message"], line["kind"]) == ("publishing failed", type(failed.value).__name__)
        if isinstance(failed.value, UnforeseenError):
            assert re.search(rf"{call.split()[0]}.*AccessDenied.*at \w+\.py:", line["reason"]), "it says what and where"
        else:
            assert re.search(r"s3://data-bucket/protected/\S+ does not exist, or .* may not", line["reason"])
        (record,) = (one for one in records(world) if one.get("error", {}).get("message") == line["reason"])
        assert record["outcome"] == "failed"
        assert record["error"]["transient"] is line["transient"] is False


def test_a_record_that_cannot_be_written_is_told_and_does_not_hide_the_failure(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.monkeypatch.setenv("DATA_BUCKET", "no-such-bucket")
    with pytest.raises(UnforeseenError, match=r"GetObject.*NoSuchBucket"):
        world.handle({})
    told = [one.message for one in caplog.records if one.levelno == logging.ERROR]
    assert told == ["publishing failed", "record not written"]


def test_nothing_computed_yet_is_said_where_a_missing_object_is_a_403(world: World) -> None:
    said = "nothing has been computed yet: .* does not exist, or .* 403 to both"
    with calls.at("GetObject protected/current.json", before=calls.denied), pytest.raises(ReleaseError, match=said):
        world.handle({})


def test_a_release_that_was_not_finished_is_not_published(world: World) -> None:
    world.compute(document())
    world.s3.delete_object(Bucket=DATA, Key=seal_key(document().release))
    for event in ({}, {"action": "republish", "release": document().release}):
        with pytest.raises(ReleaseError, match=r"is not finished.*run compute_kpis"):
            world.handle(event)
    assert world.objects() == {}
