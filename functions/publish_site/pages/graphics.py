"""A chart with its words and its table, and the charts by category."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from functions.publish_site import words
from functions.publish_site.figures import NATIONAL, KpiFigures
from functions.publish_site.pages import sentences
from functions.publish_site.pages.charts import NARROW, WIDE, Bar, BarChart, bar_chart
from functions.publish_site.pages.tables import Table, table

if TYPE_CHECKING:
    from functions.publish_site.words import Cell
    from placements_kpi.results import Breakdown, Measure


@dataclass(frozen=True)
class Graphic:
    """A chart, drawn wide and narrow, with its words and its table."""

    title: str
    subtitle: str
    wide: str
    narrow: str
    table: Table
    legend: tuple[str, ...] = ()
    """What in the drawing is not as it usually is, for what stands right below it."""
    notes: tuple[str, ...] = ()


def by_category(figures: KpiFigures, measure: Measure, breakdown: Breakdown) -> Graphic | None:
    """Return ``measure`` by the categories of ``breakdown`` at its newest point; ``None`` where nothing is given."""
    made = category_table(figures, measure, breakdown)
    point = figures.current(measure)
    if made is None or point is None:
        return None
    shown = {one.label: figures.at(measure, point, (breakdown.id, one.code)) for one in breakdown.categories}
    drawn = [(label, one.value) for label, one in shown.items() if one.value.symbol != "z"]
    small = [label for label, one in shown.items() if one.is_small]
    national = figures.at(measure, point).value
    chart = BarChart(
        title=f"{measure.title} by {_lower(breakdown.title)}",
        description=sentences.spread(drawn, national if measure.kind == "rate" else None, small),
        bars=tuple(Bar(label, cell, label in small) for label, cell in drawn),
        reference=Bar("England", national) if measure.kind == "rate" and national.number is not None else None,
    )
    ident = f"{measure.id}-by-{breakdown.id}".replace("_", "-")
    return Graphic(
        title=sentences.leading(drawn, breakdown.title, small),
        subtitle=f"{named(measure)}, by {_lower(breakdown.title)}, England, {words.day(point.as_of)}",
        wide=bar_chart(chart, WIDE, f"{ident}-wide"),
        narrow=bar_chart(chart, NARROW, f"{ident}-narrow"),
        table=made,
        legend=(sentences.small_base(small, "dashed"),) if small else (),
        notes=_about(breakdown),
    )


def category_table(figures: KpiFigures, measure: Measure, breakdown: Breakdown) -> Table | None:
    """Return the table of ``measure`` by ``breakdown`` with the year before, where the two can be compared."""
    point, previous = figures.current(measure), figures.comparison(measure)
    if point is None or not figures.has(measure, point, breakdown.id):
        return None
    before = (
        previous is not None
        and measure.id not in figures.kpi.comparison
        and figures.has(measure, previous, breakdown.id)
    )
    rate = measure.kind == "rate"
    mark = figures.mark(measure, point)
    head = [breakdown.title, *(f"{one}{mark}" for one in (("Per cent", "Number", "Out of") if rate else ("Number",)))]
    if before and previous:
        head.append(f"On {words.day(previous.as_of)}{figures.mark(measure, previous)}")
    rows: list[list[str | Cell]] = []
    parts = [(category.label, (breakdown.id, category.code)) for category in breakdown.categories]
    whole = "England" if figures.regional(breakdown.id) else "All"
    for label, cell in [*parts, *([(whole, NATIONAL)] if figures.has(measure, point, "national") else [])]:
        now = figures.at(measure, point, cell)
        row: list[str | Cell] = [label, *([now.value, now.numerator, now.denominator] if rate else [now.value])]
        if before:
            row.append(figures.at(measure, previous, cell).value)
        rows.append(row)
    return table(f"{breakdown.title}: {_lower(measure.title)}, {words.day(point.as_of)}", head, rows)


def _about(breakdown: Breakdown) -> tuple[str, ...]:
    adds = (
        "" if breakdown.partition else "One can be in more than one category, so the parts do not add up to the total."
    )
    return tuple(words.sentence(note) for note in (adds, breakdown.note or "") if note)


def named(measure: Measure) -> str:
    """Return what a chart shows: the measure, and whether as a percentage or a number."""
    return f"{measure.title} ({'percentage' if measure.kind == 'rate' else 'number'})"


def _lower(title: str) -> str:
    return title[:1].lower() + title[1:] if title[1:2].islower() else title
