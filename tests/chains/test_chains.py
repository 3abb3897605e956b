"""Chains of months through the real pipeline: every release is made, and no reader of them learns what he should not.

``make chains`` runs them (``CHAINS`` seeds of ``MONTHS`` months, rounded to ``BASE``): 7 to 150 CPU s a release.
A usual test run sees that the drops say what had happened by their day, and how they are corrected.
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from placements_kpi.settings import SOURCES
from tests.attacks.attack import attack
from tests.attacks.reading import read_site
from tests.chains.chain import chain
from tests.chains.pipeline import opened
from tests.chains.records import World, days
from tests.chains.truth import true_counts
from tests.compute import stack

if TYPE_CHECKING:
    from placements_kpi.results import Protected

SEEDS = int(os.environ.get("CHAINS", "0"))
MONTHS = int(os.environ.get("MONTHS", "12"))
BASE = int(os.environ.get("BASE", "5"))
OF_PEOPLE = {"placement-rejections", "trainee-withdrawals"}
DAY, LATER = date(2025, 11, 30), date(2026, 3, 31)


if SEEDS:

    @pytest.mark.parametrize("seed", range(SEEDS))
    def test_every_month_is_released_and_tells_nobody_more_than_it_says(seed: int, tmp_path: Path) -> None:
        before: Protected | None = None
        made, truth = [], {}
        for published in chain(seed, tmp_path, MONTHS, BASE):
            made.append((published.month, published.first))
            truth[published.release] = true_counts(published.truth)
            if before is not None and not published.first:
                moved = [one for one in published.document.revisions if one.kpi in OF_PEOPLE]
                assert moved == [], f"{published.release}: {len(moved)} figures about people moved within a month"
            before = published.document
        assert made == [(month, first) for month, _, first in days(MONTHS)]
        assert attack(read_site(published.site), truth).findings() == {}


def test_every_source_takes_its_drop(tmp_path: Path) -> None:
    """A chain takes an hour and is made on demand: that it can begin is seen each time."""
    world = World(1)
    with opened(world, tmp_path, BASE) as pipeline:
        pipeline.ingest(DAY)
        taken = {source for source in SOURCES if stack.get_json(f"current/{source}.json")["snapshot"]}
    assert taken == {*SOURCES}


def test_a_drop_says_what_had_happened_by_its_day() -> None:
    world = World(1)
    early, later = (
        {record["id"]: record for record in world.files(day)["apply"]["application_choices"]} for day in (DAY, LATER)
    )
    assert early.keys() < later.keys()
    assert all(record["sent_to_provider_at"][:10] <= DAY.isoformat() for record in early.values())
    assert all((record["rejected_at"] or "")[:10] <= DAY.isoformat() for record in early.values())
    assert any(early[number]["status"] != later[number]["status"] == "rejected" for number in early)


def test_what_is_corrected_is_in_the_drops_from_its_day_on() -> None:
    world, as_it_was = World(1), World(1)
    told = [edit for month in range(12) for edit in world.edit(month, DAY)]
    assert any("has another one" in edit for edit in told)
    assert world.files(date(2025, 11, 29)) == as_it_was.files(date(2025, 11, 29))
    now, then = world.files(DAY), as_it_was.files(DAY)
    for source, files in now.items():
        for name, records in files.items():
            corrected = name in {"application_choices", "trainees", "vacancies", "applications", "satisfaction"}
            assert (records != then[source][name]) == corrected, name
    reasons = [record for record in now["apply"]["application_choices"] if record["candidate_id"] == "early"]
    assert [record["rejection_reason_ids"] for record in reasons] == [["qualifications"]]


def test_who_is_erased_is_in_no_drop_any_more() -> None:
    world = World(1)
    trn = world.erase()
    for day in (DAY, LATER):
        assert trn not in {record["trn"] for record in world.files(day)["register"]["trainees"]}
