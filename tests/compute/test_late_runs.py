"""Runs that overlap, repeat or lose an answer: what was pinned decides what is current, and once is as good as five."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from threading import RLock
from typing import Any

import pytest
from botocore.client import BaseClient

from functions.compute_kpis.recompute import recompute
from functions.compute_kpis.restate import restate
from functions.compute_kpis.status import status
from tests import calls
from tests.compute import stack

pytestmark = pytest.mark.usefixtures("aws")

PROVIDERS = "provider-visits"
YESTERDAY = date(2026, 7, 13)
MADE = ("results/", "protected/", "ledger/", "current/", "snapshots/")


def visited(number: int, count: int) -> Callable[[], object]:
    """Return what makes another snapshot of the placements service current, with that many active providers."""
    rows = stack.visits(**{f"A{one}": date(2026, 5, 1) if one < count else None for one in range(20)})
    return lambda: stack.put_snapshot("placements", number=number, provider_activity=rows)


def current() -> tuple[str, str]:
    """Return the release that is current, and that of the current results."""
    return stack.get_json("protected/current.json")["release"], stack.get_json("current/results.json")["release"]


def everything() -> dict[str, bytes]:
    """Return every object of the data bucket."""
    s3 = stack.client("s3")
    return {key: s3.get_object(Bucket=stack.BUCKET, Key=key)["Body"].read() for key in stack.objects("")}


def put_back(objects: dict[str, bytes]) -> None:
    """Make the data bucket hold these objects and no other."""
    stack.drop_keys(key for key in stack.objects("") if key not in objects)
    for key, body in objects.items():
        stack.client("s3").put_object(Bucket=stack.BUCKET, Key=key, Body=body)


def one_request_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have moto, which is no server here and not made for threads, answer each request whole, as AWS does."""
    real, lock = BaseClient._make_api_call, RLock()

    def call(self: Any, *given: Any) -> Any:
        with lock:
            return real(self, *given)

    monkeypatch.setattr(BaseClient, "_make_api_call", call)


@pytest.fixture
def one_kpi(tmp_path: Path) -> Path:
    """A catalogue of one KPI that is quickly worked out."""
    (tmp_path / PROVIDERS).symlink_to(stack.KPIS / PROVIDERS)
    return tmp_path


# Which of two runs is current.


def test_run_of_an_earlier_day_that_ends_late_leaves_the_later_day_current(
    one_kpi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.put_world()
    stack.at_call(monkeypatch, "athena.StartQueryExecution", lambda: stack.compute(one_kpi))
    late = stack.compute(one_kpi, as_of=YESTERDAY)
    assert (late["release"], late["current"]) == ("2026-07-13.1", False)
    assert current() == ("2026-07-14.1", "2026-07-14.1")


def test_run_that_pinned_older_snapshots_and_ends_late_leaves_the_newer_current(
    one_kpi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.put_world()

    def newer() -> None:
        visited(2, 7)()
        assert stack.compute(one_kpi)["current"]

    stack.at_call(monkeypatch, "athena.StartQueryExecution", newer)
    late = stack.compute(one_kpi)
    assert (late["release"], late["current"]) == ("2026-07-14.2", False)
    assert current() == ("2026-07-14.1", "2026-07-14.1")
    found = stack.get_json("protected/2026-07-14.1/results.json")
    assert stack.newest(found, PROVIDERS)["numerator"] == 7


def test_run_that_pinned_newer_snapshots_becomes_current_though_an_older_one_ended_first(
    one_kpi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.put_world()
    visited(2, 7)()

    def older() -> None:
        visited(1, 3)()
        assert stack.compute(one_kpi)["current"]
        visited(2, 7)()

    stack.at_call(monkeypatch, "athena.StartQueryExecution", older)
    summary = stack.compute(one_kpi)
    assert (summary["release"], summary["current"]) == ("2026-07-14.2", True)
    assert current() == ("2026-07-14.2", "2026-07-14.2")


def test_run_whose_sources_moved_on_is_current_until_there_is_a_newer_one(
    one_kpi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.put_world()
    stack.at_call(monkeypatch, "athena.StartQueryExecution", visited(2, 7))
    assert stack.compute(one_kpi)["current"]
    assert current() == ("2026-07-14.1", "2026-07-14.1")


def test_going_back_to_an_earlier_snapshot_is_current(one_kpi: Path) -> None:
    stack.put_world()
    visits = stack.visits(A1=date(2026, 5, 1), B1=None)
    old = stack.put_snapshot("placements", YESTERDAY, number=3, provider_activity=visits)
    pointer = stack.get_json("current/placements.json")
    visited(2, 7)()
    stack.compute(one_kpi)
    stack.put_json("current/placements.json", pointer)
    summary = stack.compute(one_kpi)
    assert summary["current"]
    results = stack.get_json(f"results/{summary['run_id']}/results.json")
    assert results["snapshots"]["provider_activity"] == old


@pytest.mark.parametrize("pointer", ["protected/current.json", "current/results.json"])
def test_newer_run_between_the_look_at_a_pointer_and_its_change_stays_current(one_kpi: Path, pointer: str) -> None:
    stack.put_world()

    def newer(_: str) -> None:
        visited(2, 7)()
        assert stack.compute(one_kpi)["current"]

    with calls.at(f"PutObject {pointer}", before=newer):
        stack.compute(one_kpi)
    assert current() == ("2026-07-14.2", "2026-07-14.2")


# Answers that are lost, and runs that are stopped.


def test_run_that_loses_the_answer_to_any_write_or_is_stopped_there_ends_as_any_other(one_kpi: Path) -> None:
    stack.put_world()
    before = everything()
    with calls.at(None) as asked:
        stack.compute(one_kpi)
    undisturbed = stack.objects(*MADE)
    writes = [number for number, call in enumerate(asked) if call.startswith("PutObject")]
    assert len(writes) > 9
    for number in writes:
        for disturbance in ({"after": calls.broken_off}, {"after": calls.killed}):
            put_back(before)
            with calls.at(number, **disturbance):
                try:
                    stack.compute(one_kpi)
                except (Exception, calls.Killed):
                    stack.compute(one_kpi)
            assert stack.objects(*MADE) == undisturbed, asked[number]


def test_run_stopped_before_its_ledger_page_is_never_current_once_others_were_made_since(one_kpi: Path) -> None:
    stack.put_world()
    with (
        pytest.raises(calls.Killed),
        calls.at("PutObject ledger/2026-07-14.1.json", before=calls.killed),
    ):
        stack.compute(one_kpi)
    assert stack.compute(one_kpi, as_of=YESTERDAY)["release"] == "2026-07-13.1"
    summary = stack.compute(one_kpi)
    assert (summary["release"], summary["current"]) == ("2026-07-14.2", True), "audited with the one made since"
    assert stack.get_json("ledger/2026-07-14.2.json")["considered"] == ["2026-07-13.1"]
    assert "ledger/2026-07-14.1.json" not in stack.objects("ledger/")
    assert "protected/2026-07-14.1/sealed.json" not in stack.objects("protected/")


def test_two_releases_made_at_the_same_time_are_never_both_sealed_without_knowing_of_each_other(one_kpi: Path) -> None:
    stack.put_world()
    with calls.at("PutObject ledger/2026-07-13.1.json", before=lambda _: stack.compute(one_kpi)):
        late = stack.compute(one_kpi, as_of=YESTERDAY)
    assert (late["release"], late["current"]) == ("2026-07-13.2", False)
    assert stack.get_json("ledger/2026-07-13.2.json")["considered"] == ["2026-07-13.1", "2026-07-14.1"]
    assert "protected/2026-07-13.1/sealed.json" not in stack.objects("protected/")
    assert stack.compute(one_kpi, as_of=YESTERDAY)["release"] == "2026-07-13.2"


@pytest.mark.parametrize("call", ["ListObjectsV2 protected/2026-06-30.", "ListObjectsV2 ledger/"])
def test_release_that_another_run_makes_while_this_one_looks_is_the_same_one(one_kpi: Path, call: str) -> None:
    stack.put_world()
    stack.compute(one_kpi)
    looked: list[str] = []

    def other(_: str) -> None:
        looked.append(stack.compute(one_kpi, as_of=date(2026, 6, 30))["release"])

    with calls.at(call, before=other):
        assert stack.compute(one_kpi, as_of=date(2026, 6, 30))["release"] == "2026-06-30.1"
    assert looked == ["2026-06-30.1"]


def test_release_that_was_not_finished_is_never_compared_with(one_kpi: Path) -> None:
    stack.put_world()
    with pytest.raises(calls.Killed), calls.at("PutObject ledger/2026-07-14.1.json", before=calls.killed):
        stack.compute(one_kpi)
    visited(2, 7)()
    assert stack.compute(one_kpi)["compared_with"] is None


# The same event five times at once.

ACTIONS: dict[str, Callable[[Path], Any]] = {
    "compute": lambda folder: stack.compute(folder),
    "as_of": lambda folder: stack.compute(folder, as_of=date(2026, 6, 30)),
    "dry_run": lambda folder: stack.compute(folder, dry_run=True),
    "recompute": lambda folder: recompute(stack.settings(), "2026-07-13.1", folder=folder),
    "restate": lambda folder: restate(stack.settings(), "2026-07-13.1", folder=folder),
    "status": lambda _: status(stack.settings()),
}


# A run leaves this warning out by warnings.catch_warnings, which is one for all threads; on Lambda it is alone.
@pytest.mark.filterwarnings("ignore:The copy keyword is deprecated:DeprecationWarning")
@pytest.mark.parametrize("action", ACTIONS)
def test_event_that_arrives_five_times_at_once_ends_as_once(
    one_kpi: Path, action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.put_world()
    one_request_at_a_time(monkeypatch)
    stack.compute(one_kpi, as_of=YESTERDAY)
    visited(2, 7)()
    before = everything()
    once = ACTIONS[action](one_kpi)
    ended = stack.objects(*MADE)
    put_back(before)
    with ThreadPoolExecutor(5) as five:
        answers = list(five.map(lambda _: ACTIONS[action](one_kpi), range(5)))
    assert stack.objects(*MADE) == ended
    telling = ("release", "run_id", "outcome", "equal", "revisions_found", "current", "sources")
    for answer in answers:
        assert {name: answer.get(name) for name in telling} == {name: once.get(name) for name in telling}
