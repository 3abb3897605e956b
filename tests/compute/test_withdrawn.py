"""A withdrawn release is never compared with, and nothing is carried over from it: no value of it in a later one."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from functions.compute_kpis.recompute import recompute
from functions.publish_site.inventory import Withdrawal, withdrawn_key
from placements_kpi import store
from tests.compute import stack

pytestmark = pytest.mark.usefixtures("aws")

PROVIDERS, CANDIDATES = "provider-visits", "candidate-rejections"
YESTERDAY, BEFORE = date(2026, 7, 13), date(2026, 7, 12)
VISITS = [
    stack.visits(**{f"A{number}": date(2026, 5, 1) if number < visited else None for number in range(50)})
    for visited in (11, 23, 37)
]
"""The activity of fifty providers three times over, with 11, 23 and 37 of them active."""


def withdraw(release: str, *, lifted: bool = False) -> None:
    """Write the marker of a withdrawal, as the publisher does."""
    at = datetime(2026, 7, 15, tzinfo=UTC)
    marker = Withdrawal(release=release, withdrawn_on=at.date(), reason="it was wrong", lifted=at if lifted else None)
    body = store.canonical_json(marker.model_dump(mode="json"))
    stack.client("s3").put_object(Bucket=stack.SITE, Key=withdrawn_key(release), Body=body)


def compute(visits: int | None, as_of: date = stack.D, *, number: int = 1) -> dict[str, Any]:
    """Run with another activity of the providers (``None``: with none at all) and return the protected release."""
    if visits is not None:
        stack.put_snapshot("placements", number=number, provider_activity=VISITS[visits])
    else:
        stack.drop_keys(["current/placements.json"])
    return dict(stack.get_json(f"protected/{stack.compute(as_of=as_of)['release']}/results.json"))


def was(document: dict[str, Any]) -> set[int]:
    """Return the numbers that a release says were published before."""
    return {one["was"]["numerator"] for one in document["revisions"] if one["kpi"] == PROVIDERS}


def numbers(document: dict[str, Any]) -> set[int]:
    """Return the numbers of a release about providers."""
    return {figure["numerator"] for figure in stack.kpi_of(document, PROVIDERS)["figures"]}


def test_next_release_is_compared_with_the_last_one_that_stands() -> None:
    stack.put_world()
    compute(0, YESTERDAY)
    compute(1, number=2)
    withdraw("2026-07-14.1")
    after = compute(2, number=3)
    assert (after["release"], after["compared_with"]) == ("2026-07-14.2", "2026-07-13.1")
    assert 11 not in numbers(after)
    assert was(after) <= {11, 0}
    assert 23 not in was(after) | numbers(after)


def test_with_nothing_before_the_withdrawn_one_there_is_nothing_to_compare_with() -> None:
    stack.put_world()
    compute(1)
    withdraw("2026-07-14.1")
    after = compute(2, number=2)
    assert (after["compared_with"], after["revisions"]) == (None, [])
    assert 23 not in numbers(after)


def test_release_made_before_the_one_it_was_compared_with_was_withdrawn_gets_a_successor() -> None:
    stack.put_world()
    compute(0, YESTERDAY)
    compute(1, number=2)
    listed = compute(2, number=3)
    assert (listed["compared_with"], 23 in was(listed)) == ("2026-07-14.1", True)
    withdraw("2026-07-14.1")
    after = compute(2, number=3)
    assert (after["release"], after["compared_with"], after["revisions"]) == ("2026-07-14.3", "2026-07-14.2", [])
    assert stack.get_json("protected/current.json") == {"release": "2026-07-14.3"}
    assert compute(2, number=3) == after, "again, it is found again"


def test_release_that_was_brought_back_is_compared_with_again() -> None:
    stack.put_world()
    compute(1)
    withdraw("2026-07-14.1", lifted=True)
    after = compute(2, number=2)
    assert (after["compared_with"], 23 in was(after)) == ("2026-07-14.1", True)


def test_marker_that_cannot_be_read_counts_as_a_withdrawal() -> None:
    stack.put_world()
    compute(1)
    stack.client("s3").put_object(Bucket=stack.SITE, Key=withdrawn_key("2026-07-14.1"), Body=b"")
    assert compute(2, number=2)["compared_with"] is None


def test_figures_are_carried_over_from_the_last_release_that_stands() -> None:
    stack.put_world()
    compute(0, YESTERDAY)
    compute(1, number=2)
    withdraw("2026-07-14.1")
    after = compute(None)
    assert stack.kpi_of(after, PROVIDERS)["as_of"] == "2026-07-13"
    assert 23 not in numbers(after)


def test_figures_that_came_from_a_withdrawn_release_are_not_carried_on() -> None:
    """The release between stands, and shows figures of the withdrawn one that it carried over itself."""
    stack.put_world()
    compute(1, BEFORE)
    between = compute(None, YESTERDAY)
    assert 23 in numbers(between)
    withdraw("2026-07-12.1")
    after = compute(None)
    assert (stack.kpi_of(after, PROVIDERS)["state"], numbers(after)) == ("none", set())


def test_withdrawn_release_can_still_be_recomputed_and_so_can_the_one_compared_with_it() -> None:
    stack.put_world()
    compute(1)
    compute(2, number=2)
    withdraw("2026-07-14.1")
    for release in ("2026-07-14.1", "2026-07-14.2"):
        assert recompute(stack.settings(), release, folder=stack.KPIS)["equal"]
