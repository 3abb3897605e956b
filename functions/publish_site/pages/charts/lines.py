"""Line chart: this period against the ones before it, with the target, gaps and series breaks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING

from functions.publish_site.pages.charts.svg import (
    DARK_BLUE,
    GRID,
    INK,
    ORANGE,
    PURPLE,
    TURQUOISE,
    axis_label,
    element,
    frame,
    nice_ticks,
    of_width,
    text,
    wrapped,
)

if TYPE_CHECKING:
    from functions.publish_site.pages.charts.svg import Unit
    from functions.publish_site.words import Cell

STYLES = ((DARK_BLUE, None, 4), (TURQUOISE, "9 5", 3), (PURPLE, "2 5", 3))
"""Colour, dashes and width of each line, newest first: a line is told by its dashes and label, not only its colour."""

ROW = 24
"""Pixels from one line of the key to the next."""
HEIGHT = 270
"""Pixels from the zero of a chart to its top."""
EDGE = 0.02
"""Of the width, left free on either side, so that circles are whole."""
WIDE = 1000
"""Units of the width of what is drawn of lines, which stretches with the column."""


@dataclass(frozen=True)
class LinePoint:
    x: float
    cell: Cell
    provisional: bool = False
    coarse: bool = False
    """Has fewer decimals than the figures of its line that follow: what is between them says nothing."""

    @property
    def is_drawn(self) -> bool:
        return self.cell.number is not None and not self.coarse

    @property
    def label(self) -> str:
        """The figure with its mark: ``33.4% [p]``; a revised one is marked as that."""
        return f"{self.cell.text} [p]" if self.provisional and not self.cell.revised else self.cell.marked


@dataclass(frozen=True)
class Line:
    label: str
    points: tuple[LinePoint, ...]

    @property
    def newest(self) -> str:
        """The newest figure with its mark; blank where there is none."""
        known = [point.label for point in self.points if point.cell.number is not None]
        return known[-1] if known else ""

    @property
    def runs(self) -> list[list[LinePoint]]:
        """The stretches of the line between the points that are withheld, missing or too coarse."""
        known = groupby(self.points, key=lambda point: point.is_drawn)
        return [list(run) for shown, run in known if shown]


@dataclass(frozen=True)
class Mark:
    """A place on the horizontal axis with a label: a tick, or a series break."""

    x: float
    label: str


@dataclass(frozen=True)
class Target:
    value: Decimal
    label: str


@dataclass(frozen=True)
class LineChart:
    """The table behind a line chart. Lines come newest first, at most three; ``x`` is in the axis's own unit."""

    title: str
    description: str
    lines: tuple[Line, ...]
    ticks: tuple[Mark, ...]
    start: float
    end: float
    unit: Unit = ""
    target: Target | None = None
    breaks: tuple[Mark, ...] = ()

    def along(self, x: float) -> float:
        """Return where ``x`` of the axis is, as a share of the width."""
        return EDGE + (1 - 2 * EDGE) * (x - self.start) / ((self.end - self.start) or 1)


@dataclass(frozen=True)
class _Plot:
    """The chart's field in pixels from the top of the drawing, and the value at its upper edge."""

    top: float
    bottom: float
    most: float

    def y(self, value: float) -> float:
        return self.bottom - value / self.most * (self.bottom - self.top)


def line_chart(chart: LineChart, ident: str) -> str:
    """Return the chart as SVG with a zero baseline; ``ident`` makes its ids unique in the page."""
    values = [_value(point) for line in chart.lines for run in line.runs for point in run]
    ticks = nice_ticks(max([*values, float(chart.target.value) if chart.target else 0.0]))
    key = _key(chart)
    breaks = _rows(chart)
    top = ROW * len(key) + 18 * (max(breaks, default=-1) + 1) + 36
    plot = _Plot(top, top + HEIGHT, ticks[-1])
    body = [line for row, entry in enumerate(key) for line in _entry(entry, 14 + ROW * row)]
    body += [
        _across(plot.y(tick), "axis" if tick == 0 else "grid", INK if tick == 0 else GRID, None, 1) for tick in ticks
    ]
    for mark, row in zip(chart.breaks, breaks, strict=True):
        body += _break(mark.label, chart.along(mark.x), plot, row)
    if chart.target:
        body.append(_across(plot.y(float(chart.target.value)), "target", ORANGE, "14 4", 3))
    body += _lines(chart, plot)
    body += [_tick_label(tick, plot, chart.unit) for tick in ticks]
    rows = 1
    for mark in chart.ticks:
        x = of_width(chart.along(mark.x))
        said = wrapped(mark.label, 7)
        rows = max(rows, len(said))
        body.append(_stroke(x, plot.bottom, x, plot.bottom + 6, "axis", INK, None, 1))
        anchor = "start" if chart.along(mark.x) < 2 * EDGE else "middle"
        body += [text(line, x, plot.bottom + 24 + 18 * row, anchor=anchor) for row, line in enumerate(said)]
    return frame(ident, plot.bottom + 16 + 18 * rows, chart.title, chart.description, body)


def spark(chart: LineChart) -> str:
    """Return the newest line of ``chart``, over the one before it, as a small drawing without words, from zero.

    It is for eyes alone: what it shows is said beside it.
    """
    lines = chart.lines[:2]
    values = [_value(point) for line in lines for run in line.runs for point in run]
    plot = _Plot(5.0, 43.0, max(values, default=0.0) or 1.0)
    drawn = [_across(plot.bottom, "axis", INK, None, 1), *_lines(replace(chart, lines=lines), plot, spare=True)]
    return element("svg", "".join(drawn), class_="app-spark", height=46, aria_hidden="true", focusable="false")


def _lines(chart: LineChart, plot: _Plot, *, spare: bool = False) -> list[str]:
    """The lines, oldest first, then the points; ``spare``: of points the newest alone, and no words."""
    strokes, points = [], []
    for index in reversed(range(len(chart.lines))):
        line = chart.lines[index]
        colour, dashes, width = STYLES[index]
        for run in line.runs:
            places = [(chart.along(point.x), plot.y(_value(point)), point) for point in run]
            if len(run) > 1:
                strokes.append(
                    element(
                        "polyline",
                        class_=f"app-chart__line app-chart__line--{index + 1}",
                        points=" ".join(f"{WIDE * x:.1f},{y:.1f}" for x, y, _ in places),
                        fill="none",
                        stroke=colour,
                        stroke_width=width,
                        stroke_dasharray=dashes,
                        stroke_linejoin="round",
                        vector_effect="non-scaling-stroke",
                    )
                )
            if spare:
                newest = index == 0 and run[-1] is line.runs[-1][-1]
                points += [_circle(x, y, colour, colour, "") for x, y, _ in places[-1:] if newest]
                continue
            for x, y, point in places if index == 0 or len(run) == 1 else places[-1:]:
                kind = " app-chart__point--provisional" if point.provisional else ""
                points.append(_circle(x, y, "#ffffff" if point.provisional else colour, colour, kind))
            for x, y, point in places:
                if line.label and point.cell.revised:
                    points.append(text("[r]", of_width(x), y - 10, anchor="middle", size=14, halo=True))
                if not line.label:  # a single line without a name carries its figures
                    points.append(text(point.label, of_width(x), y - 14, anchor="middle", bold=True, halo=True))
    # Stretched to the width of the column, each stroke as wide as it is; the points beside it stay round.
    stretched = element(
        "svg",
        "".join(strokes),
        y=plot.top,
        width="100%",
        height=plot.bottom - plot.top,
        viewBox=f"0 {plot.top:g} {WIDE} {plot.bottom - plot.top:g}",
        preserveAspectRatio="none",
        overflow="visible",
    )
    return [*([stretched] if strokes else []), *points]


def _circle(x: float, y: float, fill: str, stroke: str, kind: str) -> str:
    return element(
        "circle",
        class_=f"app-chart__point{kind}",
        cx=of_width(x),
        cy=y,
        r=4.5,
        fill=fill,
        stroke=stroke,
        stroke_width=2,
    )


def _stroke(
    x1: float | str, y1: float, x2: float | str, y2: float, kind: str, colour: str, dashes: str | None, width: int
) -> str:
    return element(
        "line",
        class_=f"app-chart__{kind}",
        x1=x1,
        y1=y1,
        x2=x2,
        y2=y2,
        stroke=colour,
        stroke_width=width,
        stroke_dasharray=dashes,
    )


def _across(y: float, kind: str, colour: str, dashes: str | None, width: int) -> str:
    return _stroke(0, y, "100%", y, kind, colour, dashes, width)


def _tick_label(tick: float, plot: _Plot, unit: Unit) -> str:
    """What a line of the grid stands for, on it at its left end, readable where a line of the chart runs under it."""
    return text(axis_label(tick, unit), 0, plot.y(tick) - 5, size=14, halo=True)


def _rows(chart: LineChart) -> list[int]:
    """In which row above the field the label of each break stands, so that no two touch."""
    rows: list[int] = []
    for number, mark in enumerate(chart.breaks):
        near = [
            rows[before]
            for before in range(number)
            if abs(chart.along(chart.breaks[before].x) - chart.along(mark.x)) < 0.3
        ]
        rows.append(next(row for row in range(len(near) + 1) if row not in near))
    return rows


def _break(label: str, along: float, plot: _Plot, row: int) -> list[str]:
    x, top = of_width(along), plot.top - 20 - 18 * row
    anchor = "end" if along > 0.8 else "start" if along < 0.2 else "middle"
    return [
        _stroke(x, top, x, plot.bottom, "break", INK, "3 3", 1),
        text(label, x, top - 5, anchor=anchor, size=15, halo=True),
    ]


def _key(chart: LineChart) -> list[tuple[int, str]]:
    """The lines that have a name and a figure, and the target as -1, with what stands beside a piece of each."""
    named = [
        (index, f"{line.label}: {line.newest}") for index, line in enumerate(chart.lines) if line.label and line.runs
    ]
    return [*named, *([(-1, chart.target.label)] if chart.target else [])]


def _entry(entry: tuple[int, str], y: float) -> list[str]:
    index, label = entry
    kind = "target" if index < 0 else f"line app-chart__line--{index + 1}"
    colour, dashes, width = (ORANGE, "14 4", 3) if index < 0 else STYLES[index]
    return [_stroke(0, y, 40, y, kind, colour, dashes, width), text(label, 50, y + 5)]


def _value(point: LinePoint) -> float:
    return float(point.cell.number or 0)
