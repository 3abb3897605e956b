"""Revisions: what a release says otherwise than the one before it, and why; and whether each figure is final.

The rules: numbers#series, numbers#every-figure. Everything here reads documents after
disclosure control, so a revision tells no more than the two releases do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.compute_kpis.contract import SOURCE_OF_TABLE
from functions.compute_kpis.protection.quantities import ROLLING
from functions.compute_kpis.sources.pins import public_day
from placements_kpi.finality import Cell, marked
from placements_kpi.results import NO_SNAPSHOT, Revision, Shown, judged
from placements_kpi.settings import SOURCE_TITLES

if TYPE_CHECKING:
    from datetime import date

    from placements_kpi.results import Figure, KpiResult, Point, Protected

RESTATED = "the whole period is restated, as its earlier figures and these cannot be of the same people"
_APPROVAL = {"approved_by", "approved_on"}


def declare(
    protected: Protected, published: Protected | None, restated: frozenset[tuple[str, int]] = frozenset()
) -> Protected:
    """Return ``protected`` with its revisions against ``published`` and the finality of each figure.

    Of periods that are ``restated`` (with their KPI) every figure is a revision, also one that looks as before.

    With nothing published before, or with invented people on one side only, there is nothing to revise; nor against a
    release that was never public because it waited for an approval.
    """
    if published is not None and _kind(published) != _kind(protected):
        published = None
    differences = between(published, protected, restated) if published else ()
    revised = {kpi.id: frozenset(_place(cell) for cell in differences if cell.kpi == kpi.id) for kpi in protected.kpis}
    declared = protected.model_copy(
        update={
            "compared_with": published.release if published else None,
            "revisions": differences,
            "kpis": tuple(marked(kpi, revised[kpi.id]) for kpi in protected.kpis),
        }
    )
    if declared.verdict is None:
        return declared
    # Both sides of a revision were audited, each in its release: the verdict holds for them too.
    return judged(declared, declared.verdict)


def _kind(document: Protected) -> tuple[bool, bool]:
    return document.demonstration, document.waits


def between(was: Protected, now: Protected, restated: frozenset[tuple[str, int]] = frozenset()) -> tuple[Revision, ...]:
    """Return every cell that both documents have and show differently, or restate, in the order of ``now``."""
    earlier = {kpi.id: kpi for kpi in was.kpis}
    return tuple(
        revision
        for kpi in now.kpis
        if kpi.id in earlier
        for revision in _of_kpi(was, now, earlier[kpi.id], kpi, _restated(kpi, restated))
    )


def shared_cells(was: Protected, now: Protected) -> int:
    """Return how many cells both documents have."""
    earlier = {kpi.id: {_place(figure) for figure in kpi.figures} for kpi in was.kpis}
    return sum(_place(figure) in earlier.get(kpi.id, ()) for kpi in now.kpis for figure in kpi.figures)


def _of_kpi(was: Protected, now: Protected, before: KpiResult, after: KpiResult, restated: set[int]) -> list[Revision]:
    old = {_place(figure): figure for figure in before.figures}
    points = {_stand(point): point for point in after.points}
    points_before = {_stand(point): point for point in before.points}
    families = {measure.id: measure.family for measure in after.description.measures}
    general = _reasons(was, now, before, after)
    revisions = []
    for figure in after.figures:
        earlier = old.get(_place(figure))
        if earlier is None or (_shown(earlier) == _shown(figure) and figure.period not in restated):
            continue
        stand = (families[figure.measure], figure.period, figure.as_of)
        moved = _moved(points_before.get(stand), points.get(stand))
        reasons = [*(["the calendar changed"] if moved else []), *general]
        revisions.append(
            Revision(
                kpi=after.id,
                **figure.model_dump(include={"measure", "period", "as_of", "breakdown", "category"}),
                was=_shown(earlier),
                now=_shown(figure),
                reason=RESTATED if figure.period in restated else "; ".join(reasons) or _otherwise(was, now),
            )
        )
    return revisions


def _restated(kpi: KpiResult, restated: frozenset[tuple[str, int]]) -> set[int]:
    """Return the periods of a KPI that are restated; windows of twelve months are so together."""
    own = {period for of, period in restated if of == kpi.id}
    return own | ({point.period for point in kpi.points} if ROLLING in own else set())


def _reasons(was: Protected, now: Protected, before: KpiResult, after: KpiResult) -> list[str]:
    """Return what changed for the whole KPI; which of it moved one cell cannot be told apart."""
    reasons = []
    versions = before.description.definition_version, after.description.definition_version
    if versions[0] != versions[1]:
        reasons.append(f"definition version changed from {versions[0]} to {versions[1]}")
    elif before.sql != after.sql:
        reasons.append("the way it is worked out was corrected")
    changed = [
        table for table, snapshot in after.snapshots.items() if before.snapshots.get(table, snapshot) != snapshot
    ]
    if "definitions" in changed:
        reasons.append("the lists of codes changed")
    if was.disclosure.model_dump(exclude=_APPROVAL) != now.disclosure.model_dump(exclude=_APPROVAL):
        reasons.append("the protection of small numbers changed")
    gone = {SOURCE_OF_TABLE[table] for table in changed if after.snapshots[table] == NO_SNAPSHOT}
    reasons += [f"there is no data of {SOURCE_TITLES[source]} that can be used" for source in sorted(gone)]
    sources = sorted({SOURCE_OF_TABLE[table] for table in changed if table in SOURCE_OF_TABLE} - gone)
    if sources:
        reasons.append(f"restated from data of {_dated(after, sources)}")
    return reasons


def _dated(kpi: KpiResult, sources: list[str]) -> str:
    """Return "14 July 2026 (Apply for teacher training)", one part for each date, newest first."""
    dates = sorted({day for source in sources if (day := kpi.source_dates.get(source))}, reverse=True)
    return " and ".join(
        f"{public_day(day)} ({', '.join(SOURCE_TITLES[of] for of in sources if kpi.source_dates.get(of) == day)})"
        for day in dates
    )


def _otherwise(was: Protected, now: Protected) -> str:
    if was.code_version != now.code_version:
        return f"worked out by version {now.code_version} of the code instead of {was.code_version}"
    return "worked out again"


def _moved(before: Point | None, after: Point | None) -> bool:
    return (
        before is not None
        and after is not None
        and (before.period_start, before.period_end) != (after.period_start, after.period_end)
    )


def _stand(point: Point) -> tuple[str, int, date]:
    return point.family, point.period, point.as_of


def _place(cell: Figure | Revision) -> Cell:
    return cell.measure, cell.period, cell.as_of, cell.breakdown, cell.category


def _shown(figure: Figure) -> Shown:
    return Shown(numerator=figure.numerator, denominator=figure.denominator, value=figure.value, symbol=figure.symbol)
