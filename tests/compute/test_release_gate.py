"""The gate of a run: what does not pass the audit is not released, and what is current stays."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from functions.compute_kpis.protection.audit import Failing, Finding, audit
from functions.compute_kpis.protection.ledger import LedgerError
from functions.compute_kpis.recompute import recompute
from functions.compute_kpis.releases.disclosure import DisclosureError
from placements_kpi.results import Protected, document_digest, seal_key
from tests import calls
from tests.compute import stack

if TYPE_CHECKING:
    from functions.compute_kpis.protection.knowledge import Release

pytestmark = pytest.mark.usefixtures("aws")


def release(name: str) -> Protected:
    return Protected.model_validate(stack.get_json(f"protected/{name}/results.json"))


def failing_audit(*_: Any, **__: Any) -> Finding:
    return Finding({}, {}, (Failing("candidate-rejections@1/late.numerator/2026/x/national/Total", "narrow"),), 1)


def test_release_carries_the_verdict_over_exactly_its_figures() -> None:
    found = release(stack.first_release()["release"])
    assert found.verdict is not None
    assert (found.verdict.state, found.verdict.failing, found.verdict.releases) == ("passed", (), ())
    assert found.verdict.cells > 0
    assert found.verdict.digest == document_digest(found)
    first = found.kpis[0].figures[0].model_copy(update={"numerator": 37})
    kpi = found.kpis[0].model_copy(update={"figures": (first, *found.kpis[0].figures[1:])})
    changed = found.model_copy(update={"kpis": (kpi, *found.kpis[1:])})
    assert document_digest(changed) != found.verdict.digest


def stricter_audit(releases: Sequence[Release], *given: Any, **more: Any) -> Finding:
    """The audit, and what is shown of one measure fails."""
    found = audit(releases, *given, **more)
    late = [
        name for name, cell in releases[-1].cells.items() if ".numerator/" in name and "/late." in name and cell.shown
    ]
    return replace(found, failing=(*found.failing, *(Failing(name, "narrow") for name in late)))


def test_what_was_withheld_is_named_to_operators_and_only_counted_in_public(monkeypatch: pytest.MonkeyPatch) -> None:
    stack.put_world()
    monkeypatch.setattr("functions.compute_kpis.protection.guard.audit", stricter_audit)
    told = stack.compute()
    record = stack.get_json(f"runs/compute_kpis/{told['run_id']}.json")
    assert record["withheld"] == ["candidate-rejections/late/*/*/*/*"]
    verdict = stack.get_json(f"protected/{told['release']}/results.json")["verdict"]
    assert verdict["withheld"] == 1
    assert "late" not in json.dumps(verdict)


def test_run_that_does_not_pass_releases_nothing_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    stack.first_release()
    stack.put_snapshot("apply", number=2, application_choices=stack.choices(200, 90))
    before = stack.objects("protected/", "ledger/", "current/")
    monkeypatch.setattr("functions.compute_kpis.protection.guard.audit", failing_audit)
    with pytest.raises(DisclosureError, match=r"not safe to publish after [1-6] rounds of withholding") as stopped:
        stack.compute()
    assert "candidate-rejections@1/late.numerator" in str(stopped.value)
    assert stack.objects("protected/", "ledger/", "current/") == before
    records = [stack.get_json(key) for key in stack.objects("runs/compute_kpis/")]
    (failed,) = [record for record in records if record["outcome"] == "failed"]
    assert failed["release"] is None
    assert "not safe to publish" in failed["not_released"]


def test_unfinished_run_is_finished_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    whole_release = stack.first_release()["release"]
    whole = stack.objects("protected/", "ledger/", "current/")
    stack.drop_keys(["protected/current.json", "current/results.json", f"ledger/{whole_release}.json"])
    stack.compute()
    assert stack.objects("protected/", "ledger/", "current/") == whole


def test_later_release_considers_the_earlier_and_both_are_recomputed_as_they_were() -> None:
    first = stack.first_release()["release"]
    stack.put_snapshot("apply", number=2, application_choices=stack.choices(400, 190, region="E12000001"))
    second = stack.compute()["release"]
    assert second != first
    verdict = release(second).verdict
    assert verdict is not None
    assert verdict.releases == (first,)
    for name in (first, second):
        told = recompute(stack.settings(), name, folder=stack.KPIS)
        assert (told["equal"], told["differences"]) == (True, [])


def test_run_digests_the_ledger_when_a_digest_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    for place in ("functions.compute_kpis.run.DIGEST_OF", "functions.compute_kpis.protection.ledger.DIGEST_OF"):
        monkeypatch.setattr(place, 2)
    first = stack.first_release()["release"]
    stack.put_snapshot("apply", number=2, application_choices=stack.choices(400, 190, region="E12000001"))
    second = stack.compute()["release"]
    assert list(stack.objects("ledger/digests/")) == [f"ledger/digests/{second}.json"]
    stack.put_snapshot("apply", number=3, application_choices=stack.choices(500, 190, region="E12000001"))
    third = stack.compute()["release"]
    verdict = release(third).verdict
    assert verdict is not None
    assert verdict.releases == (first, second)
    assert recompute(stack.settings(), third, folder=stack.KPIS)["equal"]


def test_ledger_with_a_page_gone_is_refused() -> None:
    first = stack.first_release()["release"]
    stack.put_snapshot("apply", number=2, application_choices=stack.choices(400, 190, region="E12000001"))
    second = stack.compute()["release"]
    stack.drop_keys([f"ledger/{first}.json"])
    with pytest.raises(LedgerError, match="is gone from the ledger"):
        recompute(stack.settings(), second, folder=stack.KPIS)


def test_nothing_exact_is_in_the_ledger() -> None:
    name = stack.first_release()["release"]
    page = stack.get_json(f"ledger/{name}.json")
    people = [entry for entry in page["entries"].values() if entry["seal"]]
    assert people
    assert all(entry["rounded"] % 5 == 0 for entry in people)
    assert stack.ROUNDING_KEY not in json.dumps(page)


@pytest.mark.parametrize(
    "step", ["functions.compute_kpis.protection.ledger.write_page", "functions.compute_kpis.run.write_record"]
)
def test_release_is_sealed_when_nothing_of_it_is_missing(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    stack.put_world()
    with monkeypatch.context() as patch, pytest.raises(calls.Killed):
        patch.setattr(step, lambda *_: calls.killed(step))
        stack.compute()
    assert list(stack.objects("protected/")) == ["protected/2026-07-14.1/results.json"]
    assert stack.compute()["release"] == "2026-07-14.1"
    assert stack.get_json(seal_key("2026-07-14.1")) == {"release": "2026-07-14.1"}
