"""What a release lists of the one that it was compared with is shown as long as that one stands."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from functions.compute_kpis.releases.revisions import declare
from functions.publish_site.release import without_withdrawn
from tests import calls
from tests.site.protected_document import AS_OF, audited, document, kpis
from tests.site.settled import FIRST, SECOND, files_of, objects, state_of, text

if TYPE_CHECKING:
    from placements_kpi.results import Protected
    from tests.site.conftest import World

WITHDRAW: dict[str, Any] = {"action": "withdraw", "release": FIRST, "reason": "a source was read twice"}


def pair() -> tuple[Protected, Protected]:
    """A release, and the next, which says of every national figure that it was one less."""
    first = document(FIRST, kpis=kpis()[-1:])
    second = document(SECOND, kpis=kpis()[-1:], as_of=AS_OF + timedelta(days=1))
    (kpi,) = first.kpis
    figures = tuple(
        one.model_copy(update={"numerator": one.numerator - 1, "value": one.numerator - 1.0})
        if one.breakdown == "national" and one.numerator and one.denominator is None
        else one
        for one in kpi.figures
    )
    first = first.model_copy(update={"kpis": (kpi.model_copy(update={"figures": figures}),)})
    second = declare(second, first)
    assert second.revisions
    return audited(first), audited(second)


def listed(site: dict[str, bytes]) -> bool:
    """Whether any file of the second release, which is whole, lists what the first one said."""
    assert state_of(site, SECOND) == "whole"
    files = {path: text(path, body) for path, body in files_of(site, SECOND).items()}
    manifest = json.loads(files["manifest.json"])
    told = [path for path, body in files.items() if FIRST in body or "These figures are not what release" in body]
    assert bool(told) == bool(manifest["revisions"]) == bool(manifest["compared_with"]), told
    return bool(told)


@pytest.fixture
def both(world: World) -> World:
    """The two releases, the first published and the second computed."""
    first, second = pair()
    world.compute(first)
    world.handle({})
    world.compute(second)
    world.clock("2026-07-16T08:30:00Z")
    return world


def test_release_lists_what_the_one_before_said_as_long_as_that_one_stands(both: World) -> None:
    both.handle({})
    assert listed(objects())


def test_release_computed_before_the_withdrawal_is_published_without_the_list(both: World) -> None:
    assert both.handle(WITHDRAW)["release"] == SECOND
    assert not listed(objects())


def test_release_published_before_the_withdrawal_is_written_again_without_the_list(both: World) -> None:
    both.handle({})
    both.handle(WITHDRAW)
    site = objects()
    assert not listed(site)
    both.handle(WITHDRAW)
    both.handle({})
    assert objects() == site, "again changes nothing"


def test_of_many_releases_those_are_looked_at_that_can_list_the_withdrawn_one(both: World) -> None:
    both.handle({})
    third = document("2026-07-16.1", kpis=kpis()[-1:], as_of=AS_OF + timedelta(days=2))
    both.compute(audited(declare(third, pair()[1])))
    both.handle({})
    with calls.at(None) as made:
        both.handle(WITHDRAW)
    assert f"GetObject releases/{SECOND}/manifest.json" in made
    assert "GetObject releases/2026-07-16.1/manifest.json" not in made
    assert not listed(objects())


def test_withdrawal_that_is_stopped_is_finished_by_the_next_publish(both: World) -> None:
    both.handle({})
    with pytest.raises(calls.Killed), calls.at(f"PutObject releases/{SECOND}/manifest.json", before=calls.killed):
        both.handle(WITHDRAW)
    both.handle({})
    assert not listed(objects())


def test_figures_are_the_audited_ones_and_none_is_marked_as_revised() -> None:
    _, second = pair()
    shown = without_withdrawn(second, {FIRST})
    assert {figure.finality for kpi in shown.kpis for figure in kpi.figures} <= {"provisional", "final"}
    as_it_was = {kpi.id: kpi.figures for kpi in second.kpis}
    for kpi in shown.kpis:
        assert [one.model_copy(update={"finality": None}) for one in kpi.figures] == [
            one.model_copy(update={"finality": None}) for one in as_it_was[kpi.id]
        ]
    assert without_withdrawn(second, {"2026-07-01.1"}) is second
