"""What one slip would give away is found: a true value, an unrounded margin, one decimal more, a late correction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from functions.compute_kpis.protection.audit import Finding, Rule, audit
from functions.compute_kpis.protection.counts import Terms
from functions.compute_kpis.protection.guard import Guarded
from functions.compute_kpis.protection.guard import guarded as guarded_by
from functions.compute_kpis.protection.knowledge import Cell, Percentage, Release
from functions.compute_kpis.protection.ledger import Past, past_of
from tests.protection.test_guard import KEY, LARGE, LEFT, USED, release
from tests.protection.worlds import Person, results_of

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "world@1/headline"


@pytest.fixture(scope="module")
def guarded() -> Guarded:
    """Return a release that passed, with what is behind it."""
    guard = guarded_by(results_of(LARGE, 0).kpis[0], Terms(USED, KEY, Past()))
    assert not guard.failing
    return guard


def shown(guard: Guarded) -> dict[str, Cell]:
    return {name: entry.cell for name, entry in guard.entries.items()}


def attacked(guard: Guarded, cells: Mapping[str, Cell], *percentages: Percentage) -> Finding:
    return audit(
        [Release(cells, USED.base, percentages)],
        guard.counts.structure.links,
        Rule(USED.width, USED.threshold, USED.solver_seconds),
        enforced=guard.enforced,
        series=guard.counts.structure.series,
        groups=guard.counts.structure.groups,
        categories=guard.counts.structure.categories,
    )


def test_what_was_released_passes(guarded: Guarded) -> None:
    assert attacked(guarded, shown(guarded)).passed


def test_every_cell_that_is_flipped_to_its_true_value_is_found(guarded: Guarded) -> None:
    flipped = {name: count for name, count in guarded.counts.by_name.items() if count % USED.base}
    assert len(flipped) > 5
    for name, count in flipped.items():
        found = attacked(guarded, shown(guarded) | {name: Cell(count)})
        assert not found.passed, name


def test_one_unrounded_margin_is_found(guarded: Guarded) -> None:
    margin = f"{PREFIX}.denominator/2025/2025-01-31/national/Total"
    true = guarded.counts.by_name[margin]
    cells = shown(guarded) | {margin: Cell(true + 1 if true % USED.base == 0 else true)}
    assert not attacked(guarded, cells).passed


def test_one_decimal_more_is_found(guarded: Guarded) -> None:
    names = [f"{PREFIX}.{part}/2025/2025-01-31/national/Total" for part in ("numerator", "denominator")]
    numerator, denominator = (guarded.counts.by_name[name] for name in names)
    value = round(100 * numerator / denominator, 2)
    found = attacked(guarded, shown(guarded), Percentage(names[0], names[1], value, 2))
    assert {one.why for one in found.failing} >= {"percentage"}


def test_late_correction_shown_as_it_is_would_reveal_one_person(guarded: Guarded) -> None:
    """The same release with exact counts, before and after one person is entered late."""
    before = {name: Cell(count) for name, count in guarded.counts.by_name.items()}
    later = guarded_by(
        results_of([*LARGE, Person("north", 0, LEFT, frozenset({"full"}))], 0).kpis[0], Terms(USED, KEY, Past())
    )
    after = {name: Cell(count) for name, count in later.counts.by_name.items()}
    found = audit(
        [Release(before, 1), Release(after, 1)],
        [],
        Rule(USED.width, USED.threshold, USED.solver_seconds),
    )
    changed = {name for name in before if before[name] != after[name]}
    assert changed
    assert {one.name for one in found.failing} >= changed
    assert all(found.increments[name, name].width == 0 for name in changed)


def test_late_correction_that_is_rounded_passes() -> None:
    first = release(LARGE)
    person = Person("north", 0, LEFT, frozenset({"full"}))
    second = release([*LARGE, person], past_of([first.page]))
    verdict = second.document.verdict
    assert verdict is not None
    assert verdict.state == "passed"
