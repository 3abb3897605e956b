"""A chart with its words and its table, and the tables by category, whose rows have bars."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from functions.publish_site import words
from functions.publish_site.figures import NATIONAL, KpiFigures, Shown
from functions.publish_site.pages import sentences
from functions.publish_site.pages.charts import row_bar
from functions.publish_site.pages.html_tables import Table, table

if TYPE_CHECKING:
    from functions.publish_site.words import Cell
    from placements_kpi.results import Breakdown, Measure


@dataclass(frozen=True)
class Graphic:
    """What a chart shows, in words, as a drawing (blank where the table has bars in its rows) and as a table."""

    id: str
    title: str
    table: Table
    subtitle: str = ""
    """Below the title of a drawing; a table has its caption."""
    drawing: str = ""
    legend: tuple[str, ...] = ()
    """What in the drawing is not as it usually is, for what stands right below it."""
    notes: tuple[str, ...] = ()


def by_category(figures: KpiFigures, measure: Measure, breakdown: Breakdown) -> Graphic | None:
    """Return ``measure`` by the categories of ``breakdown`` at its newest point; ``None`` where nothing is given."""
    categories = category_table(figures, measure, breakdown, bars=True)
    point = figures.current(measure)
    if categories is None or point is None:
        return None
    shown = {
        category.label: figures.at(measure, point, (breakdown.id, category.code)) for category in breakdown.categories
    }
    drawn = [(label, category.value) for label, category in shown.items() if category.value.symbol != "z"]
    small = [label for label, category in shown.items() if category.is_small]
    return Graphic(
        id=f"{measure.id}-by-{breakdown.id}".replace("_", "-"),
        title=sentences.leading(drawn, breakdown.title, small),
        table=categories,
        legend=(sentences.small_base(small, "dashed"),) if small else (),
        notes=_about(breakdown),
    )


def category_table(figures: KpiFigures, measure: Measure, breakdown: Breakdown, *, bars: bool = False) -> Table | None:
    """Return the table of ``measure`` by ``breakdown``, with the year before where the two can be compared.

    With ``bars``, a row has one below its name. Where parts add up, the whole stands last, and across those of a rate.
    """
    point, previous = figures.current(measure), figures.comparison(measure)
    if point is None or not figures.has(measure, point, breakdown.id):
        return None
    before = (
        previous is not None
        and measure.id not in figures.kpi.comparison
        and figures.has(measure, previous, breakdown.id)
    )
    rate, divided = measure.kind == "rate", measure.is_divided
    mark = figures.mark(measure, point)
    first, *others = (f"{head}{mark}" for head in heads(measure))
    head = [breakdown.title, first]
    if before and previous:
        head += ["Change, points" if rate else "Change"]
        head += [f"On {words.day(previous.as_of)}{figures.mark(measure, previous)}"]
    head += others
    rows: list[list[str | Cell]] = []
    parts = [(category.label, (breakdown.id, category.code)) for category in breakdown.categories]
    whole = "England" if figures.regional(breakdown.id) else "All"
    if breakdown.partition and figures.has(measure, point, "national"):
        parts.append((whole, NATIONAL))
    for label, cell in parts:
        now = figures.at(measure, point, cell)
        row: list[str | Cell] = [label, now.value]
        if before:
            then = figures.at(measure, previous, cell).value
            row += [sentences.signed(now.value, then), then]
        rows.append([*row, *((now.numerator, now.denominator) if divided else ())])
    shown = [figures.at(measure, point, cell) for _, cell in parts]
    whole_value = shown[-1].value if divided and breakdown.partition else None
    drawn = _bars(shown[: len(breakdown.categories)], whole_value) if bars else ()
    return table(f"{breakdown.title}: {_lower(measure.title)}, {words.day(point.as_of)}", head, rows, drawn)


def _bars(shown: list[Shown], whole: Cell | None) -> tuple[str, ...]:
    """A bar for each category that has a number, against the greatest; the whole is drawn across those of a rate."""
    cells = [bar.value for bar in shown] + ([whole] if whole else [])
    most = max((float(cell.number) for cell in cells if cell.number is not None), default=0.0) or 1.0
    across = float(whole.number) / most if whole and whole.number is not None else None
    return tuple(
        row_bar(float(bar.value.number) / most, whole=across, small=bar.is_small)
        if bar.value.number is not None
        else ""
        for bar in shown
    )


def _about(breakdown: Breakdown) -> tuple[str, ...]:
    if breakdown.note:
        return (words.sentence(breakdown.note),)
    return (
        () if breakdown.partition else ("One can be in more than one category: the parts do not add up to the total.",)
    )


def heads(measure: Measure) -> tuple[str, ...]:
    """Return what the columns of a measure are called: its figure, and what that is worked out from."""
    if measure.kind == "money":
        return ("Cost of each", "Total cost", "Divided by") if measure.is_divided else ("Cost",)
    return ("Per cent", "Number", "Out of") if measure.is_divided else ("Number",)


def named(measure: Measure) -> str:
    """Return what a chart shows: the measure, and whether as a percentage, a number or in pounds."""
    return f"{measure.title} ({ {'rate': 'percentage', 'count': 'number', 'money': 'pounds'}[measure.kind] })"


def _lower(title: str) -> str:
    return title[:1].lower() + title[1:] if title[1:2].islower() else title
