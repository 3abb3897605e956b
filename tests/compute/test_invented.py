"""What a stack tells the public of its people holds for every snapshot that it uses, even after a change of setting."""

from __future__ import annotations

import pytest

from tests.compute import stack

pytestmark = pytest.mark.usefixtures("aws")

KEYED = "0123456789ab"
CANDIDATES = "candidate-rejections"


def put(*, invented: bool) -> None:
    stack.put_world(invented=invented)
    rows = stack.choices(100, 41)
    stack.put_snapshot("apply", number=7, key_id=KEYED, invented=invented, application_choices=rows)


@pytest.mark.parametrize("kind", [True, False])
def test_a_snapshot_of_the_kind_that_is_told_is_used(*, kind: bool) -> None:
    put(invented=kind)
    assert stack.compute(settings=stack.settings(demonstration=kind))["outcome"] == "ok"


@pytest.mark.parametrize("kind", [True, False])
def test_after_the_setting_was_changed_no_figure_is_made_or_carried_over_from_the_other_kind(*, kind: bool) -> None:
    put(invented=kind)
    stack.compute(settings=stack.settings(demonstration=kind))
    stack.put_snapshot("placements", number=8, invented=not kind, provider_activity=stack.visits(A1=stack.D))
    for source in ("register", "vacancies", "providers", "schools"):
        stack.put_snapshot(source, number=8, invented=not kind)
    kpi = stack.compute(settings=stack.settings(demonstration=not kind))["kpis"][CANDIDATES]
    assert kpi["state"] == "none", "there is no figure at all, rather than one of the other kind"
    assert ("nothing says that its people are invented" if not kind else "says that the data is invented") in kpi[
        "reason"
    ]
