"""Operator's question: is a published release what today's code gives from its own snapshots."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from functions.compute_kpis.recompute import recompute
from functions.compute_kpis.releases.release import ReleaseError
from tests.compute import stack

pytestmark = pytest.mark.usefixtures("aws")


def again(release: str, folder: Path = stack.KPIS, **changed: Any) -> dict[str, Any]:
    """Recompute a release with the KPIs of the tests."""
    return recompute(stack.settings(**changed), release, folder=folder)


def test_release_is_recomputed_byte_for_byte_after_the_sources_moved_on() -> None:
    release = stack.first_release()["release"]
    stack.put_snapshot("placements", number=2, provider_activity=stack.visits(A1=stack.D, B1=None, C1=None))
    stack.compute()
    found = again(release)
    assert (found["equal"], found["differences"], found["outcome"]) == (True, [], "ok")
    assert found["bytes_scanned"] > 0


def test_recompute_writes_nothing() -> None:
    release = stack.first_release()["release"]
    before = stack.objects("")
    again(release)
    after = {key: etag for key, etag in stack.objects("").items() if not key.startswith("athena/")}
    assert after == {key: etag for key, etag in before.items() if not key.startswith("athena/")}


def test_what_differs_is_named_without_its_value() -> None:
    """The exact results of another code: what they say of one KPI is not what its statement gives."""
    release = stack.first_release()["release"]
    key = f"results/{stack.get_json(f'protected/{release}/results.json')['run_id']}/results.json"
    results = stack.get_json(key)
    for kpi in results["kpis"]:
        if kpi["id"] == "candidate-rejections":
            for figure in kpi["figures"][:3]:
                figure["numerator"] += 1
    stack.put_json(key, results)
    found = again(release)
    assert not found["equal"]
    assert found["outcome"] == "partial"
    paths = [f"results.kpis[candidate-rejections].figures[{number}].numerator" for number in range(3)]
    assert found["differences"] == paths


def test_release_is_recomputed_by_the_statement_that_was_published_with_it(tmp_path: Path) -> None:
    release = stack.first_release()["release"]
    folder = stack.catalogue_of(tmp_path)
    query, described = (folder / "candidate-rejections" / name for name in ("query.sql", "kpi.toml"))
    replaced = query.read_text(encoding="utf-8").replace("rejected AS numerator", "rejected + 1 AS numerator")
    assert replaced != query.read_text(encoding="utf-8")
    query.write_text(replaced, encoding="utf-8")
    title = 'title = "Another title"'
    text = "".join(
        f"{title}\n" if line.startswith("title = ") else f"{line}\n"
        for line in described.read_text(encoding="utf-8").splitlines()
    )
    described.write_text(text, encoding="utf-8")
    found = again(release, folder)
    assert (found["equal"], found["differences"]) == (True, [])
    assert found["catalogue"] == {"candidate-rejections": "changed"}
    assert stack.compute(folder)["release"] != release, "a new release is by the new statement"


def test_newer_code_that_gives_the_same_is_equal_and_named() -> None:
    release = stack.first_release()["release"]
    found = again(release, code_version="next")
    assert found["equal"]
    assert found["code_version"] == {"of_release": "test", "now": "next"}


def test_figures_that_were_carried_over_are_taken_as_they_were() -> None:
    stack.first_release()
    stack.drop_keys(["current/apply.json"])
    partial = stack.compute()
    assert partial["outcome"] == "partial"
    assert again(partial["release"])["equal"]


def test_release_that_does_not_exist_is_a_clear_error() -> None:
    with pytest.raises(ReleaseError, match=r"release 2026-07-14\.9 cannot be recomputed"):
        again("2026-07-14.9")
