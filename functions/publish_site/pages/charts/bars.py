"""Bar chart: one figure for each category, from zero, with the figure written beside its bar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from functions.publish_site.pages.charts.svg import (
    DARK_BLUE,
    INK,
    ORANGE,
    Layout,
    element,
    frame,
    nice_ticks,
    text,
    wrapped,
)

if TYPE_CHECKING:
    from functions.publish_site.words import Cell

LETTER = 10.0
"""Room that a letter of a figure beside a bar takes at most, on the average."""


@dataclass(frozen=True)
class Bar:
    """A category; ``small`` where its percentage is out of too few to be compared, which is drawn hollow and dashed."""

    label: str
    cell: Cell
    small: bool = False


@dataclass(frozen=True)
class BarChart:
    """The table behind a bar chart; ``reference`` is the national figure, drawn as a line across."""

    title: str
    description: str
    bars: tuple[Bar, ...]
    reference: Bar | None = None


def bar_chart(chart: BarChart, layout: Layout, ident: str) -> str:
    """Return the chart as SVG; ``ident`` makes its ids unique in the page. A withheld figure is its symbol, no bar."""
    cells = [bar.cell for bar in chart.bars] + ([chart.reference.cell] if chart.reference else [])
    numbers = [float(cell.number) for cell in cells if cell.number is not None]
    most = nice_ticks(max(numbers, default=0.0))[-1]
    left = 4.0 if layout.narrow else 230.0
    width = layout.width - left - 78
    labels = [wrapped(bar.label, 38 if layout.narrow else 26) for bar in chart.bars]
    reference = chart.reference if chart.reference and chart.reference.cell.number is not None else None
    across = left + float(reference.cell.number or 0) * width / most if reference else None
    top = 30.0 if reference else 6.0
    y = top
    bars: list[str] = []
    words: list[str] = []
    spans: list[tuple[float, float]] = []
    for bar, lines in zip(chart.bars, labels, strict=True):
        if layout.narrow:
            words += [text(line, left, y + 15 + 18 * row, size=layout.font) for row, line in enumerate(lines)]
            middle, height = y + 18 * len(lines) + 15, 20
            y += 18 * len(lines) + 34
        else:
            row_height = max(36, 19 * len(lines) + 12)
            middle, height = y + row_height / 2, 24
            first = middle + 5 - 9.5 * (len(lines) - 1)
            words += [text(line, left - 12, first + 19 * row, anchor="end") for row, line in enumerate(lines)]
            y += row_height
        spans.append((middle - height / 2 - 3, middle + height / 2 + 3))
        length = float(bar.cell.number or 0) * width / most
        if bar.cell.number is not None:
            bars.append(_bar(left, middle, length, height, small=bar.small))
        beside = _clear_of(across, left + length + 8, bar.cell.text)
        words.append(text(bar.cell.text, beside, middle + 5, bold=bar.cell.number is not None, halo=True))
    axis = element("line", class_="app-chart__axis", x1=left, y1=top - 4, x2=left, y2=y, stroke=INK, stroke_width=1)
    if reference and across is not None:
        # A narrow drawing has its labels between the bars, where a line through all of them would cross the words.
        bars += [_reference(across, *span) for span in (spans if layout.narrow else [(top - 4, y)])]
        anchor = "middle" if left + 60 < across < layout.width - 70 else "start" if across <= left + 60 else "end"
        label = f"{reference.label} {reference.cell.text}"
        words.append(text(label, across, top - 10, anchor=anchor, size=layout.font))
    return frame(ident, layout, y + 6, chart.title, chart.description, [*bars, axis, *words])


def _clear_of(across: float | None, x: float, figure: str) -> float:
    """Where ``figure`` begins: at ``x``, or right of the line at ``across`` if that would run through it."""
    crossed = across is not None and x - 4 < across < x + LETTER * len(figure)
    return across + 8 if across is not None and crossed else x


def _bar(left: float, middle: float, length: float, height: float, *, small: bool) -> str:
    return element(
        "rect",
        class_="app-chart__bar",
        x=left,
        y=middle - height / 2,
        width=length,
        height=height,
        fill="#ffffff" if small else DARK_BLUE,
        stroke=DARK_BLUE if small else None,
        stroke_width=2 if small else None,
        stroke_dasharray="5 3" if small else None,
    )


def _reference(x: float, top: float, bottom: float) -> str:
    return element(
        "line",
        class_="app-chart__reference",
        x1=x,
        y1=top,
        x2=x,
        y2=bottom,
        stroke=ORANGE,
        stroke_width=3,
        stroke_dasharray="8 4",
    )
