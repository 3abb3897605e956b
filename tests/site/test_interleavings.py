"""Two runs of the publisher at once: one goes whole into the middle of the other, before one of its calls to S3.

Whatever comes first, a release is afterwards whole or wholly withdrawn, as the last word on it says; the front page
leads nowhere else; and the next run finds nothing to do. ``EVERY_CALL=1`` tries each call, else some of them are.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from functions.publish_site.protected import ReleaseError
from tests import calls
from tests.site.settled import FIRST, SECOND, kept, objects, restore, state_of

if TYPE_CHECKING:
    from tests.site.conftest import World

PUBLISH: dict[str, Any] = {}
WITHDRAW = {"action": "withdraw", "release": SECOND, "reason": "a source was read twice"}
CORRECT = {**WITHDRAW, "reason": "one of the sources was read twice"}
LIFT = {"action": "republish", "release": SECOND}


def check(world: World) -> None:
    """The site is as the last word on the second release says, and stays so."""
    site = objects()
    marker = json.loads(site.get(f"withdrawn/{SECOND}.json", b'{"lifted": "it never was"}'))
    expected, front = ("withdrawn", FIRST) if marker["lifted"] is None else ("whole", SECOND)
    assert state_of(site, FIRST) == "whole"
    assert state_of(site, SECOND) == expected
    catalogue = json.loads(site["releases.json"])
    assert catalogue["front"] == front
    assert f'href="releases/{front}/' in site["index.html"].decode()
    for entry in catalogue["releases"]:  # one that was withdrawn before it was announced is not there
        in_force = entry["release"] == SECOND and expected == "withdrawn"
        assert (entry["withdrawn"] or {}).get("reason") == (marker["reason"] if in_force else None)
        if entry["release"] == SECOND:
            assert (b"Withdrawn on" in site["releases/index.html"]) == in_force
            assert (b"was withdrawn on" in site["releases.atom"]) == in_force
    world.handle(PUBLISH)
    assert objects() == site, "the next run has nothing to do"


def telling(made: list[str]) -> list[int]:
    """The places to interrupt a run at: each call, but of those to a release's files the first, middle, last."""
    kinds: dict[tuple[str, str], list[int]] = {}
    for number, call in enumerate(made):
        name, key = call.split(" ", 1)
        kinds.setdefault((name, "a file" if key.startswith("releases/2") else key), []).append(number)
    places: set[int] = set()
    for (_, kind), numbers in kinds.items():
        places |= {numbers[0], numbers[len(numbers) // 2], numbers[-1]} if kind == "a file" else set(numbers)
    return sorted(places)


SCENES = [
    ("withdrawn", LIFT, PUBLISH),
    ("withdrawn", PUBLISH, LIFT),
    ("withdrawn", LIFT, CORRECT),
    ("withdrawn", CORRECT, LIFT),
    ("public", WITHDRAW, PUBLISH),
    ("public", PUBLISH, WITHDRAW),
    ("computed", PUBLISH, WITHDRAW),
]


@pytest.mark.parametrize("scene", range(len(SCENES)))
def test_one_run_inside_another(request: pytest.FixtureRequest, scene: int) -> None:
    start, outer, inner = SCENES[scene]
    world: World = request.getfixturevalue(start)
    before = kept()
    with calls.at(None) as made:
        world.handle(outer)
    places = telling(made) if os.environ.get("EVERY_CALL") else telling(made)[scene::7]

    def meanwhile(_: str) -> None:
        try:
            world.handle(inner)
        except ReleaseError as error:  # it came before there was anything to withdraw
            assert "was never published" in str(error)

    for number in places:
        restore(before)
        with calls.at(number, before=meanwhile):
            world.handle(outer)
        check(world)


def test_the_same_event_five_times_at_once(withdrawn: World) -> None:
    before = kept()
    for event in (LIFT, CORRECT, PUBLISH):
        restore(before)
        with calls.at(None) as made:
            withdrawn.handle(event)
        once = objects()
        for number in telling(made)[3::13]:
            restore(before)
            five_deep(withdrawn, event, number, 5)
            assert objects() == once, f"{event} before {made[number]}"


def five_deep(world: World, event: dict[str, Any], number: int, runs: int) -> None:
    """Start a run, and before its ``number``-th call the next, and so on: the last one ends first."""
    if runs:
        with calls.at(number, before=lambda _: five_deep(world, event, number, runs - 1)):
            world.handle(event)
