"""Reconciliation: what a run checks about its rows, its figures, its lists and its sources, and what it found.

Every check is a :class:`Check`, public in the end. A check never changes a figure: it fails the run, or warns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from functions.compute_kpis.answers.cells import is_sum
from functions.compute_kpis.answers.queries import Answer, run_queries
from functions.compute_kpis.protection.record_counts import LISTS, PERSON_SOURCES, PERSON_TABLES, unknown_code_label
from placements_kpi.observability import logger
from placements_kpi.results import Check, CheckCount, Figure, KpiResult, Published, SourceFacts

if TYPE_CHECKING:
    from functions.compute_kpis.catalogue.definitions import Definitions
    from placements_kpi.facts import TableFacts
    from placements_kpi.settings import ComputeSettings

LEFT_OUT = "_left_out"
"""Ends the name of a source's note that counts rows outside what we read (a draft application)."""

MORE_COMPLETED = "service_transactions_more_completed"
"""The note of months with more transactions completed than started."""

ROWS = "rows:"
"""Begins the id of the check of a source's rows."""


@dataclass(frozen=True)
class UnknownValues:
    """The query that counts values that no list knows."""

    id: str = "unknown-values"
    sql: str = (Path(__file__).parents[1] / "unknown_values.sql").read_text(encoding="utf-8")
    tables: tuple[str, ...] = (
        "application_choices",
        "definitions",
        "kpi_points",
        "providers",
        "trainees",
        "vacancy_applications",
    )


NOT_MADE = Answer(error="not made")


def unknown_values(snapshots: Mapping[str, str], settings: ComputeSettings, budget_seconds: float) -> Answer:
    """Return the answer of the query that counts values that no list knows; its error if it could not be made."""
    query = UnknownValues()
    answer = run_queries([query], snapshots, settings, budget_seconds)[query.id]
    if answer.error is not None:
        logger.error("values that no list knows were not counted", extra={"reason": answer.error})
    return answer


def was_made(checks: Iterable[Check]) -> bool:
    """Return whether the values that no list knows could be counted in the run of these checks."""
    return all(check.counts for check in checks if check.id == LISTS)


def checks_of(
    sources: Sequence[SourceFacts], kpis: Sequence[KpiResult], definitions: Definitions, unknown: Answer
) -> tuple[Check, ...]:
    """Return every check of a run, in the order of the page: a function of its sources, figures and lists alone."""
    by_id = {kpi.id: kpi for kpi in kpis}
    return (
        *(_rows(facts) for facts in sources),
        *(_figures(kpi) for kpi in kpis),
        _lists(sources, definitions, unknown),
        *_cross_checks(by_id),
        *(_service(facts) for facts in sources if facts.source == "service"),
        *_bounds(by_id, definitions),
    )


def _rows(facts: SourceFacts) -> Check:
    """Rows in = kept + refused + duplicates, table by table. Rows out of scope are beside them, and counted."""
    check = partial(Check, id=f"{ROWS}{facts.source}", group="rows", title=facts.title)
    if facts.snapshot is None:
        return check(state="warning", says="There is no data of this source to check.")
    wrong = [table.table for table in facts.tables if not _adds_up(table)]
    counts = (
        CheckCount(label="Tables checked", count=len(facts.tables)),
        CheckCount(
            label="Rows outside what we read",
            count=left_out(facts.notes),
            disclosure="person" if facts.source in PERSON_SOURCES else "organisation",
        ),
    )
    if wrong:
        says = f"The rows of {', '.join(wrong)} do not add up: some were lost or counted twice."
        return check(state="failed", says=says, counts=counts)
    says = "Every row was kept, refused for a reason that is counted, or a duplicate of a newer one."
    return check(state="ok", says=says, counts=counts)


def left_out(notes: Mapping[str, int]) -> int:
    """Return how many rows of a source are outside what we read, from its notes."""
    return sum(count for name, count in notes.items() if name.endswith(LEFT_OUT))


def _adds_up(table: TableFacts) -> bool:
    parts = (table.kept, table.duplicates, *table.refused.values())
    return table.rows_in == sum(parts) and min(parts) >= 0


def _figures(kpi: KpiResult) -> Check:
    """No numerator above its denominator, and parts that add up to the total, of every figure of the KPI."""
    check = partial(Check, id=f"figures:{kpi.id}", group="figures", title=kpi.description.title)
    if kpi.state != "ok":
        says = "There are no new figures to check."
        return check(state="warning", says=says)
    percentages = {measure.id for measure in kpi.description.measures if measure.kind == "rate"}
    rates = [
        figure
        for figure in kpi.figures
        if figure.measure in percentages and None not in (figure.numerator, figure.denominator)
    ]
    too_high = [rate for rate in rates if (rate.numerator or 0) > (rate.denominator or 0)]
    partitions = _partitions(kpi)
    wrong = [total for total, parts in partitions if not is_sum(total, parts)]
    counts = (
        CheckCount(label="Rates whose numerator is within the denominator", count=len(rates) - len(too_high)),
        CheckCount(label="Breakdowns that add up to the total", count=len(partitions) - len(wrong)),
    )
    if too_high or wrong:
        says = "Some figures cannot be right: a numerator is above its denominator, or parts do not add up."
        return check(state="failed", says=says, counts=counts)
    says = "No numerator is above its denominator, and parts that must add up do."
    return check(state="ok", says=says, counts=counts)


def _partitions(kpi: KpiResult) -> list[tuple[Figure, list[Figure]]]:
    """Return each national figure with the parts of each breakdown that must add up to it."""
    totals: dict[tuple[object, ...], Figure] = {}
    parts: dict[tuple[object, ...], list[Figure]] = defaultdict(list)
    must = {(name, cut.id) for cut in kpi.description.breakdowns for name in cut.measures if cut.adds_up(name)}
    for figure in kpi.figures:
        at = (figure.measure, figure.period, figure.as_of)
        if figure.breakdown == "national":
            totals[at] = figure
        elif (figure.measure, figure.breakdown) in must:
            parts[*at, figure.breakdown].append(figure)
    return [
        (totals[key[:3]], figures)
        for key, figures in parts.items()
        if key[:3] in totals and all(figure.status == "ok" for figure in (*figures, totals[key[:3]]))
    ]


def _lists(sources: Sequence[SourceFacts], definitions: Definitions, unknown: Answer) -> Check:
    """Values on none of the lists: those counted at ingest by the contracts' codes, and those counted by the query."""
    check = Check(id=LISTS, group="lists", title="Values that our lists do not know", state="warning", says="")
    if unknown.error is not None:
        return check.model_copy(update={"says": "They could not be counted this time."})
    numbers = {row.category: row.numerator or 0 for row in unknown.rows}
    counts = [
        _count_of(place.code.partition(".")[0], place.value, numbers.get(place.code, 0))
        for place in definitions.entries_of("checked_place")
    ]
    counts += [
        _count_of(table.table, unknown_code_label(table.table, column), number)
        for facts in sources
        for table in facts.tables
        for column, number in sorted(table.unknown_codes.items())
    ]
    return concluded(check, tuple(counts))


def concluded(check: Check, counts: tuple[CheckCount, ...]) -> Check:
    """Return the check of the lists with these counts, and what is to be said of them."""
    if not any(count.count for count in counts):
        return check.model_copy(update={"state": "ok", "says": "Every value is on its list.", "counts": counts})
    says = (
        "Some values are on none of our lists. They count as “Not available”, as other, or as a reason that we do not "
        "know yet, until the list is brought up to date."
    )
    return check.model_copy(update={"state": "warning", "says": says, "counts": counts})


def _count_of(table: str, label: str, count: int) -> CheckCount:
    return CheckCount(label=label, count=count, disclosure="person" if table in PERSON_TABLES else "organisation")


def _cross_checks(kpis: Mapping[str, KpiResult]) -> Iterable[Check]:
    """Placements in Register against mentor allocations, Publish against activity (numbers#checks)."""
    if "school-participation" in kpis:
        yield _register(kpis["school-participation"])
    if "provider-take-up" in kpis:
        yield _publish(kpis["provider-take-up"])


def _register(kpi: KpiResult) -> Check:
    title = "Schools with a placement in Register and with a mentor allocated"
    check = partial(Check, id="sources:register", group="sources", title=title)
    figures = [_newest(kpi, measure) for measure in ("register_placement_schools", "headline", "register_overlap")]
    numbers = [figure.numerator for figure in figures if figure is not None and figure.numerator is not None]
    if len(numbers) < len(figures):
        return check(state="warning", says="There are no new figures to compare.")
    labels = ("Schools with a placement in Register", "Schools with a mentor allocated", "Schools in both")
    counts = tuple(CheckCount(label=label, count=number) for label, number in zip(labels, numbers, strict=True))
    in_register, with_mentor, in_both = numbers
    if in_both == 0 and in_register > 0 and with_mentor > 0:
        says = "No school is in both. The two services may not name schools alike."
        return check(state="warning", says=says, counts=counts)
    says = "The two are counted by different services and never added up. Schools in both show that they agree."
    return check(state="ok", says=says, counts=counts)


def _publish(kpi: KpiResult) -> Check:
    title = "Providers on the placements service and in Publish"
    check = partial(Check, id="sources:publish", group="sources", title=title)
    figure = _newest(kpi, "records_not_counted", "reason", "unknown_provider")
    if figure is None or figure.numerator is None:
        return check(state="warning", says="There are no new figures to compare.")
    unknown = figure.numerator
    counts = (CheckCount(label="Active provider codes that Publish does not know", count=unknown),)
    if unknown:
        says = "Some providers use the service under a code that Publish does not know. They are not counted."
        return check(state="warning", says=says, counts=counts)
    says = "Publish knows every provider that uses the service."
    return check(state="ok", says=says, counts=counts)


def _service(facts: SourceFacts) -> Check:
    """A month may end more transactions than it began, if that is rare (numbers#twelve-months)."""
    check = Check(
        id="sources:service",
        group="sources",
        title="Transactions completed and started in a month",
        state="ok",
        says="No month has more transactions completed than started.",
    )
    number = facts.notes.get(MORE_COMPLETED, 0)
    counts = (CheckCount(label="Months of a channel with more completed than started", count=number),)
    if facts.snapshot is None:
        return check.model_copy(update={"state": "warning", "says": "There is no data of this source to check."})
    if number:
        says = "Some months have more transactions completed than started. A transaction can end in the month after."
        return check.model_copy(update={"state": "warning", "says": says, "counts": counts})
    return check.model_copy(update={"counts": counts})


def _bounds(kpis: Mapping[str, KpiResult], definitions: Definitions) -> Iterable[Check]:
    """Denominators against what others have published: a figure outside is warned of and shown as it is."""
    names = ("bound_kpi", "bound_measure", "bound_low", "bound_high", "bound_tolerance_per_cent")
    facts = {name: {entry.code: entry.value for entry in definitions.entries_of(name)} for name in names}
    for bound in definitions.entries_of("bound_title"):
        kpi_id, measure, low, high, tolerance = (facts[name][bound.code] for name in names)
        if kpi_id in kpis:
            yield _bound(bound.code, bound.value, kpis[kpi_id], measure, int(low), int(high), int(tolerance))


def _bound(code: str, title: str, kpi: KpiResult, measure: str, low: int, high: int, tolerance: int) -> Check:
    others = Published(kpi=kpi.description.id, measure=measure, low=low, high=high)
    check = partial(Check, id=f"bounds:{code}", group="bounds", title=title, published=others)
    figure = _newest(kpi, measure)
    if figure is None or figure.denominator is None:
        return check(state="warning", says="There is no new figure to compare.")
    published = f"about {low:,}" if low == high else f"about {low:,} to {high:,}"
    counts = (CheckCount(label="As we count", count=figure.denominator, disclosure=_kind(kpi, measure)),)
    if low * (100 - tolerance) <= figure.denominator * 100 <= high * (100 + tolerance):
        says = f"Published figures say {published}. Ours is within {tolerance}% of that."
        return check(state="ok", says=says, counts=counts)
    says = f"Published figures say {published}. Ours is more than {tolerance}% away, and shown as we count it."
    return check(state="warning", says=says, counts=counts)


def _kind(kpi: KpiResult, measure: str) -> Literal["person", "organisation"]:
    (asked,) = [known for known in kpi.description.measures if known.id == measure]
    return "organisation" if (asked.denominator_disclosure or asked.disclosure) == "organisation" else "person"


def _newest(kpi: KpiResult, measure: str, breakdown: str = "national", category: str = "Total") -> Figure | None:
    """Return a figure at the newest point of a KPI that was newly worked out."""
    days = {(point.period, point.as_of) for point in kpi.points if point.is_current and kpi.state == "ok"}
    wanted = (measure, breakdown, category)
    for figure in kpi.figures:
        if (figure.measure, figure.breakdown, figure.category) == wanted and (figure.period, figure.as_of) in days:
            return figure
    return None
