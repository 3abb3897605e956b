"""People under two keys are never joined; recomputing names the snapshots that an erasure rewrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from functions.compute_kpis.catalogue.definitions import load_definitions
from functions.compute_kpis.catalogue.loading import load_catalogue
from functions.compute_kpis.recompute import recompute
from tests.compute import stack

pytestmark = pytest.mark.usefixtures("aws")

PROVIDERS, CANDIDATES = "provider-visits", "candidate-rejections"
OLD, NEW = "0123456789ab", "ba9876543210"


@pytest.fixture
def joining(tmp_path: Path) -> Path:
    """A catalogue in which the KPI about candidates also needs the placements service."""
    folder = stack.catalogue_of(tmp_path)
    toml = folder / CANDIDATES / "kpi.toml"
    toml.write_text(toml.read_text().replace('sources = ["apply"]', 'sources = ["apply", "placements"]'))
    return folder


def put(apply_key: str | None, placements_key: str | None, number: int = 2, rejected: int = 41) -> None:
    """Make snapshots of both services current, with people under these keys."""
    stack.put_snapshot("apply", number=number, key_id=apply_key, application_choices=stack.choices(100, rejected))
    stack.put_snapshot("placements", number=number, key_id=placements_key, provider_activity=stack.visits(A1=stack.D))


def test_sources_under_one_key_are_used_together_and_the_record_names_it(joining: Path) -> None:
    stack.put_world()
    put(NEW, NEW)
    summary = stack.compute(joining)
    assert stack.states(summary) == {CANDIDATES: "ok", PROVIDERS: "ok"}
    record = stack.get_json(f"runs/compute_kpis/{summary['run_id']}.json")
    assert record["inputs"]["keys"] == {"apply": NEW, "placements": NEW}


def test_sources_under_two_keys_stop_only_the_kpi_that_needs_both(joining: Path) -> None:
    stack.put_world()
    put(OLD, OLD)
    good = stack.compute(joining)
    put(NEW, OLD, number=3, rejected=99)
    summary = stack.compute(joining)
    assert stack.states(summary) == {CANDIDATES: "carried", PROVIDERS: "ok"}
    assert summary["outcome"] == "partial"
    reason = summary["kpis"][CANDIDATES]["reason"]
    assert reason.startswith(f"mixed keys, which never join: apply {NEW}, placements {OLD}")
    assert "ingest_rekey.json" in reason
    document = stack.get_json(f"protected/{summary['release']}/results.json")
    public = stack.kpi_of(document, CANDIDATES)["reason"]
    assert public.startswith(
        "The records of Apply for teacher training and School placements service cannot be matched"
    )
    assert not {OLD, NEW} & set(public.replace(",", " ").split())
    before = stack.get_json(f"protected/{good['release']}/results.json")
    assert stack.newest(document, CANDIDATES) == stack.newest(before, CANDIDATES), "the last good figures stay"


def test_when_the_second_source_has_the_new_key_too_the_figures_are_new_again(joining: Path) -> None:
    stack.put_world()
    put(NEW, OLD)
    assert stack.compute(joining)["kpis"][CANDIDATES]["state"] == "none"
    put(NEW, NEW, number=3)
    assert stack.states(stack.compute(joining)) == {CANDIDATES: "ok", PROVIDERS: "ok"}


def test_a_source_without_people_has_no_key_to_differ(joining: Path) -> None:
    stack.put_world()
    put(NEW, None)
    assert stack.states(stack.compute(joining)) == {CANDIDATES: "ok", PROVIDERS: "ok"}


def test_a_source_that_the_headline_does_not_need_may_have_another_key(joining: Path) -> None:
    toml = joining / CANDIDATES / "kpi.toml"
    toml.write_text(toml.read_text().replace('role = "headline"', 'role = "headline"\nneeds = ["apply"]'))
    stack.put_world()
    put(NEW, OLD)
    assert stack.states(stack.compute(joining)) == {CANDIDATES: "ok", PROVIDERS: "ok"}


def test_every_kpi_that_uses_people_of_two_services_is_held_by_the_rule() -> None:
    """The rule goes by the sources a KPI declares: none reads a table of a source that it does not declare."""
    from functions.compute_kpis.contract import SOURCE_OF_TABLE

    kpis, _ = load_catalogue(load_definitions())
    for kpi in kpis:
        read = {SOURCE_OF_TABLE[table] for table in kpi.tables if table in SOURCE_OF_TABLE}
        assert read <= set(kpi.description.sources), kpi.id


def test_a_release_whose_snapshot_an_erasure_rewrote_is_recomputed_from_the_one_in_its_place() -> None:
    stack.put_world()
    put(NEW, NEW)
    release = stack.compute()["release"]
    old = stack.get_json("current/apply.json")["snapshot"]
    put(NEW, NEW, number=7, rejected=40)
    new = stack.get_json("current/apply.json")["snapshot"]
    said = {"source": "apply", "snapshot": old, "replaced_by": new}
    stack.put_json(f"erasures/apply/{old}.json", said)
    stack.drop_keys([*stack.objects(f"snapshots/application_choices/snapshot={old}/"), f"manifests/apply/{old}.json"])
    found = recompute(stack.settings(), release, folder=stack.KPIS)
    assert found["rewritten"] == {"application_choices": new}
    assert not found["equal"]
    assert any(path.startswith(f"results.kpis[{CANDIDATES}].figures") for path in found["differences"])
    assert not any(PROVIDERS in path for path in found["differences"])
