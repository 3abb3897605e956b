"""Disclosure control: exact results in, what may be published out. The only way from one to the other.

The first version of this stage. Each person count is rounded by itself; percentages
are functions of rounded counts only; small ones are withheld. :func:`protect` is the
whole interface, so that a method that also withstands differencing can take its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from functions.compute_kpis.contract import SOURCE_OF_TABLE
from placements_kpi.results import (
    Check,
    Figure,
    KpiResult,
    Measure,
    Protected,
    Results,
    SourceFacts,
    Symbol,
    TableFacts,
)
from placements_kpi.results import Disclosure as UsedDisclosure

if TYPE_CHECKING:
    from placements_kpi.settings import Disclosure

PERSON_TABLES = frozenset({"application_choices", "trainees", "mentor_allocations", "vacancy_applications"})
"""Tables with a row about a person; how many rows they have is a count of people too."""

ONE_DECIMAL_FROM = 1000
"""Denominator of people from which a percentage has a decimal; below, it could give the count away."""


def protect(results: Results, disclosure: Disclosure, release: str) -> Protected:
    """Return ``results`` with nothing in it that may not be published.

    Counts of people, their applications and their records are rounded half up to the
    base; counts of schools, providers and vacancies are exact. Where a number may not
    or cannot be shown, a symbol stands and numerator, denominator and value are null:
    ``c`` confidential, ``low`` rounds to zero but is not, ``x`` not available, ``z`` no
    percentage of nothing.
    """
    return Protected(
        release=release,
        run_id=results.run_id,
        as_of=results.as_of,
        month_end=results.month_end,
        code_version=results.code_version,
        demonstration=results.demonstration,
        disclosure=UsedDisclosure(**disclosure.model_dump()),
        snapshots=results.snapshots,
        sources=tuple(_source(facts, disclosure.base) for facts in results.sources),
        kpis=tuple(_kpi(kpi, disclosure) for kpi in results.kpis),
        definitions=results.definitions,
        checks=tuple(_check(check, disclosure.base) for check in results.checks),
    )


def rounded(count: int, base: int) -> int:
    """Return ``count`` rounded to the nearest multiple of ``base``, halves up."""
    return (2 * count + base) // (2 * base) * base


def percentage(numerator: int, denominator: int, decimals: Literal[0, 1]) -> float:
    """Return the percentage rounded half up, by whole numbers alone so that it is the same everywhere."""
    scale = 10 if decimals else 1
    return (200 * scale * numerator + denominator) // (2 * denominator) / scale


def _kpi(kpi: KpiResult, disclosure: Disclosure) -> KpiResult:
    measures = {measure.id: measure for measure in kpi.description.measures}
    figures = tuple(_figure(figure, measures[figure.measure], disclosure) for figure in kpi.figures)
    return kpi.model_copy(update={"figures": figures})


def _figure(figure: Figure, measure: Measure, disclosure: Disclosure) -> Figure:
    if figure.status != "ok" or figure.numerator is None:
        return _hidden(figure, "x")
    if measure.kind == "count" or figure.denominator is None:
        return _count(figure, figure.numerator, measure, disclosure)
    return _rate(figure, figure.numerator, figure.denominator, measure, disclosure)


def _count(figure: Figure, count: int, measure: Measure, disclosure: Disclosure) -> Figure:
    if measure.disclosure == "organisation":
        return figure
    symbol = _small(figure, count, disclosure)
    if symbol:
        return _hidden(figure, symbol)
    shown = rounded(count, disclosure.base)
    value = None if measure.kind == "rate" else float(shown)
    return figure.model_copy(update={"numerator": shown, "value": value})


def _rate(figure: Figure, numerator: int, denominator: int, measure: Measure, disclosure: Disclosure) -> Figure:
    of_people = measure.disclosure == "person"
    out_of_people = (measure.denominator_disclosure or measure.disclosure) == "person"
    if not (of_people or out_of_people):
        if denominator == 0:
            return _hidden(figure, "z")
        return figure.model_copy(update={"value": percentage(numerator, denominator, 1)})
    shown_denominator = rounded(denominator, disclosure.base) if out_of_people else denominator
    # A denominator of nobody and one of very few look the same.
    if shown_denominator < disclosure.percentage_floor:
        return _hidden(figure, "c")
    symbol = _small(figure, numerator, disclosure) if of_people else None
    if symbol:
        return _hidden(figure, symbol)
    shown = min(rounded(numerator, disclosure.base) if of_people else numerator, shown_denominator)
    value = percentage(shown, shown_denominator, 1 if shown_denominator >= ONE_DECIMAL_FROM else 0)
    return figure.model_copy(update={"numerator": shown, "denominator": shown_denominator, "value": value})


def _small(figure: Figure, count: int, disclosure: Disclosure) -> Symbol | None:
    """Return the symbol for a count of people too small to show; a true zero is shown."""
    if count == 0:
        return None
    shown = rounded(count, disclosure.base)
    if figure.breakdown != "national" and shown < disclosure.floor:
        return "c"
    return "low" if shown == 0 else None


def _hidden(figure: Figure, symbol: Symbol) -> Figure:
    return figure.model_copy(update={"numerator": None, "denominator": None, "value": None, "symbol": symbol})


def _source(facts: SourceFacts, base: int) -> SourceFacts:
    of_people = facts.source in {SOURCE_OF_TABLE[table] for table in PERSON_TABLES}
    notes = {name: rounded(count, base) for name, count in facts.notes.items()} if of_people else facts.notes
    tables = tuple(_table(table, base) if table.table in PERSON_TABLES else table for table in facts.tables)
    return facts.model_copy(update={"notes": notes, "tables": tables})


def _check(check: Check, base: int) -> Check:
    """Round what a check counts of people; its sentence has no such number."""
    counts = tuple(
        count.model_copy(update={"count": rounded(count.count, base)}) if count.disclosure == "person" else count
        for count in check.counts
    )
    return check.model_copy(update={"counts": counts})


def _table(facts: TableFacts, base: int) -> TableFacts:
    """Round what became of the rows; the total is the sum of its rounded parts, so that it adds up."""
    kept, duplicates = rounded(facts.kept, base), rounded(facts.duplicates, base)
    refused = {reason: rounded(count, base) for reason, count in facts.refused.items()}
    return facts.model_copy(
        update={
            "rows_in": kept + duplicates + sum(refused.values()),
            "kept": kept,
            "duplicates": duplicates,
            "refused": refused,
            "unknown_codes": {column: rounded(count, base) for column, count in facts.unknown_codes.items()},
        }
    )
