"""Restating the past: an earlier day by today's data, a release from its own, and the difference between the two."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from functions.compute_kpis import app
from functions.compute_kpis.recompute import recompute
from functions.compute_kpis.releases.release import ReleaseError
from functions.compute_kpis.restate import restate
from placements_kpi.results import digest_of
from placements_kpi.settings import Disclosure
from tests.compute import stack
from tests.compute.test_app import Context
from tests.compute.test_revisions import (
    BEFORE,
    CANDIDATES,
    LATE,
    PROVIDERS,
    VERSION_2,
    changed,
    protected,
    replace_entry,
)

pytestmark = pytest.mark.usefixtures("aws")


def restated(release: str, folder: Path = stack.KPIS, **changes: Any) -> dict[str, Any]:
    """Restate a release with the KPIs of the tests."""
    return restate(stack.settings(**changes), release, folder=folder)


def again(release: str, folder: Path = stack.KPIS, **changes: Any) -> dict[str, Any]:
    """Recompute a release with the KPIs of the tests."""
    return recompute(stack.settings(**changes), release, folder=folder)


def put_late_people() -> None:
    """Make a snapshot of Apply current with nine candidates more, all rejected, in a region of few rejections."""
    stack.put_snapshot(
        "apply",
        number=2,
        application_choices=[
            *stack.choices(100, 41, region="E12000001"),
            *stack.choices(40, 3, region="E12000002", first=100),
            *stack.choices(50, 20, cycle=2025, first=1000),
            *stack.choices(9, 9, region="E12000002", first=140),
        ],
    )


# Restate: what today's snapshots would revise.


def test_restating_lists_each_cell_as_published_and_as_it_would_be() -> None:
    release = stack.first_release()["release"]
    stack.put_snapshot("placements", number=2, provider_activity=LATE)
    found = restated(release)
    march = next(one for one in found["revisions"] if (one["breakdown"], one["as_of"]) == ("national", "2026-03-31"))
    assert (march["kpi"], march["was"]["value"], march["now"]["value"]) == (PROVIDERS, 25.0, 50.0)
    assert march["reason"] == "restated from data of 14 July 2026 (School placements service)"
    assert found["revisions_by_kpi"] == {PROVIDERS: found["revisions_found"]}
    assert found["revisions_found"] == len(found["revisions"]) < found["cells_compared"]
    assert found["changed_by_code"] == 0


def test_restating_names_the_sources_whose_snapshot_is_another_one() -> None:
    release = stack.first_release(date(2026, 7, 13))["release"]
    stack.put_snapshot("placements", date(2026, 7, 12), number=2, provider_activity=LATE)
    assert restated(release)["sources"] == {
        "placements": {
            "was": {"snapshot": "20260714-000000000001", "as_of": "2026-07-14"},
            "now": {"snapshot": "20260712-000000000002", "as_of": "2026-07-12"},
        }
    }


def test_restating_from_the_same_snapshots_revises_nothing() -> None:
    found = restated(stack.first_release()["release"])
    assert (found["revisions"], found["sources"], found["outcome"]) == ([], {}, "ok")
    assert found["cells_compared"] > 100


def test_restating_has_no_exact_count_about_people() -> None:
    release = stack.first_release()["release"]
    put_late_people()
    found = restated(release)
    people = [one for one in found["revisions"] if one["kpi"] == CANDIDATES]
    numbers = {
        side[part] for one in people for side in (one["was"], one["now"]) for part in ("numerator", "denominator")
    }
    assert numbers - {None} and all(number % 5 == 0 for number in numbers - {None})
    assert {one["was"]["symbol"] for one in people} == {None, "c"}, "what was withheld stays a symbol"
    exact = {44, 53, 149}
    assert exact.isdisjoint(_integers(found))


def _integers(value: Any) -> set[int]:
    if isinstance(value, dict | list):
        return {number for part in (value.values() if isinstance(value, dict) else value) for number in _integers(part)}
    return {value} if isinstance(value, int) and not isinstance(value, bool) else set()


def test_restating_changes_nothing_that_anybody_reads() -> None:
    release = stack.first_release()["release"]
    stack.put_snapshot("placements", number=2, provider_activity=LATE)
    places = ("current/", "protected/", "results/", "runs/", "manifests/")
    before = stack.objects(*places)
    assert restated(release)["revisions_found"]
    assert stack.objects(*places) == before


def test_restating_says_which_cells_the_code_changed_and_which_definition(tmp_path: Path) -> None:
    release = stack.first_release()["release"]
    folder = changed(PROVIDERS, tmp_path, VERSION_2, ("visited AS", "0 AS"))
    found = restated(release, folder)
    assert found["changed_by_code"] == found["revisions_found"] > 0
    assert found["catalogue"] == {PROVIDERS: "changed"}
    assert {one["reason"] for one in found["revisions"]} == {"definition version changed from 1 to 2"}


def test_restating_without_a_source_restates_the_others_and_says_why() -> None:
    release = stack.first_release()["release"]
    stack.put_snapshot("placements", number=2, provider_activity=LATE)
    stack.drop_keys(["current/apply.json"])
    found = restated(release)
    assert (set(found["revisions_by_kpi"]), set(found["failures"])) == ({PROVIDERS}, {CANDIDATES})
    assert found["outcome"] == "partial"
    assert found["sources"]["apply"]["now"] is None


def test_restating_gives_what_computing_for_the_day_would_publish() -> None:
    """Both ways to the same figures: the revisions of a restated release are those that a new release has."""
    release = stack.first_release(BEFORE)["release"]
    put_late_people()
    # What is known for the newest point only has no other to be revised at.
    wanted = [one for one in restated(release)["revisions"] if one["measure"] != "now"]
    assert wanted
    assert protected(stack.compute()["release"])["revisions"] == wanted


# Recompute: a release from its own snapshots, whatever has changed since.


def test_release_is_recomputed_with_the_calendar_and_the_categories_of_then(monkeypatch: pytest.MonkeyPatch) -> None:
    release = stack.first_release()["release"]
    replace_entry(monkeypatch, "academic_year_opens", "placements_year", "09-03")
    found = again(release)
    assert (found["equal"], found["differences"]) == (True, [])
    assert found["definitions"]["lists"] == ["academic_year_opens"]
    assert found["definitions"]["of_release"] != found["definitions"]["now"]
    replace_entry(monkeypatch, "english_regions", "E12000001", "The north east")
    found = again(release)
    assert (found["equal"], found["definitions"]["lists"]) == (True, ["academic_year_opens", "english_regions"])


def test_with_nothing_changed_the_answer_says_so() -> None:
    found = again(stack.first_release()["release"])
    assert found["definitions"]["of_release"] == found["definitions"]["now"]
    assert (found["definitions"]["lists"], found["catalogue"], found["disclosure"]) == ([], {}, [])
    assert (found["fields_since"], found["failures"]) == ([], {})


def test_release_is_recomputed_with_the_protection_of_then() -> None:
    release = stack.first_release()["release"]
    stricter = Disclosure(**stack.settings().disclosure.model_dump() | {"base": 10, "floor": 20})
    found = again(release, disclosure=stricter.model_dump_json())
    assert (found["equal"], found["disclosure"]) == (True, ["base", "floor"])


def test_kpi_whose_files_changed_is_named(tmp_path: Path) -> None:
    release = stack.first_release()["release"]
    found = again(release, changed(PROVIDERS, tmp_path, VERSION_2))
    assert (found["equal"], found["catalogue"]) == (True, {PROVIDERS: "changed"})


def test_kpi_that_is_gone_and_one_that_is_new_are_named(tmp_path: Path) -> None:
    release = stack.first_release()["release"]
    folder = stack.catalogue_of(tmp_path)
    (folder / PROVIDERS).rename(folder / "provider-calls")
    query = folder / "provider-calls" / "query.sql"
    query.write_text(query.read_text(encoding="utf-8").replace(PROVIDERS, "provider-calls"), encoding="utf-8")
    found = again(release, folder)
    assert (found["equal"], found["catalogue"]) == (True, {PROVIDERS: "gone", "provider-calls": "new"})


def test_kpi_whose_statement_fails_now_is_named_with_the_reason() -> None:
    """As after a change of a table's columns: the statement of then names one that there is no longer."""
    release = stack.first_release()["release"]
    key = f"results/{protected(release)['run_id']}/results.json"
    results = stack.get_json(key)
    for kpi in results["kpis"]:
        if kpi["id"] == PROVIDERS:
            kpi["sql"] = kpi["sql"].replace("FROM counted", "FROM nothing")
    stack.put_json(key, results)
    found = again(release)
    assert found["outcome"] == "partial"
    assert "ended FAILED" in found["failures"][PROVIDERS]
    assert f"results.kpis[{PROVIDERS}].state" in found["differences"]


def test_release_that_carried_over_and_has_revisions_is_recomputed_byte_for_byte() -> None:
    stack.first_release(date(2026, 7, 13))
    stack.drop_keys(["current/apply.json"])
    stack.put_snapshot("placements", number=2, provider_activity=LATE)
    summary = stack.compute()
    assert (summary["outcome"], summary["revisions"] > 0) == ("partial", True)
    stack.put_world()
    stack.compute()
    assert again(summary["release"])["equal"]


def test_release_from_before_a_field_existed_is_equal_in_all_that_it_has() -> None:
    """A release is never changed, so those of earlier versions have not got the newest fields."""
    release = stack.first_release()["release"]
    key = f"protected/{release}/results.json"
    document = protected(release)
    for name in ("compared_with", "revisions"):
        del document[name]
    for kpi in document["kpis"]:
        for figure in kpi["figures"]:
            del figure["finality"]
    document["verdict"]["digest"] = digest_of(document)
    stack.put_json(key, document)
    found = again(release)
    assert (found["equal"], found["differences"]) == (True, [])
    assert found["fields_since"] == ["Figure.finality", "Protected.compared_with", "Protected.revisions"]
    figure = document["kpis"][1]["figures"][0]
    figure["numerator"] += 1
    stack.put_json(key, document)
    assert again(release)["differences"] == [f"protected.kpis[{PROVIDERS}].figures[0].numerator"]


@pytest.mark.parametrize("table", ["application_choices", "definitions", "kpi_points"])
def test_snapshot_that_is_no_longer_kept_is_a_clear_error(table: str) -> None:
    release = stack.first_release()["release"]
    stack.drop_keys(stack.objects(f"snapshots/{table}/"))
    with pytest.raises(ReleaseError, match=rf"release {release} cannot be recomputed: .*{table}"):
        again(release)


def test_release_compared_with_one_that_is_gone_is_a_clear_error() -> None:
    first = stack.first_release(date(2026, 7, 13))["release"]
    release = stack.compute()["release"]
    stack.drop_keys([f"protected/{first}/results.json"])
    with pytest.raises(ReleaseError, match=rf"cannot be recomputed: there is no release {first}"):
        again(release)


# Through the handler, as the operator asks.


@pytest.mark.usefixtures("environment", "few_kpis")
def test_operators_events_restate_and_recompute_through_the_handler() -> None:
    stack.put_world()
    early = app.lambda_handler(_event("compute_as_of"), Context())
    release = early["release"]
    stack.put_snapshot("placements", number=2, provider_activity=LATE)
    found = app.lambda_handler(_event("compute_recompute_release") | {"release": release}, Context())
    assert (found["release"], found["equal"]) == (release, True)
    found = app.lambda_handler(_event("compute_restate_release") | {"release": release}, Context())
    assert (found["release"], found["as_of"]) == (release, early["as_of"])
    assert found["sources"]["placements"]["now"]["snapshot"] == "20260714-000000000002"


def _event(name: str) -> dict[str, Any]:
    return dict(json.loads(Path(f"events/{name}.json").read_text(encoding="utf-8")))
