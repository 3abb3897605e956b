"""Line chart: this period against the ones before it, with the target, gaps and series breaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
    Layout,
    axis_label,
    element,
    frame,
    nice_ticks,
    text,
    wrapped,
)

if TYPE_CHECKING:
    from functions.publish_site.words import Cell

STYLES = ((DARK_BLUE, None, 4), (TURQUOISE, "9 5", 3), (PURPLE, "2 5", 3))
"""Colour, dashes and width of each line, newest first: a line is told by its dashes and label, not only its colour."""


@dataclass(frozen=True)
class LinePoint:
    x: float
    cell: Cell
    provisional: bool = False

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
        """The newest figure with its mark, or ``no figure [c]`` with the newest symbol where there is none."""
        known = [point.label for point in self.points if point.cell.number is not None]
        return known[-1] if known else f"no figure [{self.points[-1].cell.mark if self.points else 'x'}]"


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
    percent: bool
    target: Target | None = None
    breaks: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class _Plot:
    left: float
    right: float
    top: float
    bottom: float
    start: float
    end: float
    most: float

    def x(self, value: float) -> float:
        span = (self.end - self.start) or 1
        return self.left + (value - self.start) / span * (self.right - self.left)

    def y(self, value: float) -> float:
        return self.bottom - value / self.most * (self.bottom - self.top)


def line_chart(chart: LineChart, layout: Layout, ident: str) -> str:
    """Return the chart as SVG with a zero baseline; ``ident`` makes its ids unique in the page."""
    values = [
        float(point.cell.number) for line in chart.lines for point in line.points if point.cell.number is not None
    ]
    ticks = nice_ticks(max([*values, float(chart.target.value) if chart.target else 0.0]))
    key = sum(bool(line.label) for line in chart.lines) + (1 if chart.target else 0)
    top = 22 + (key * 24 if layout.narrow else 0) + (18 if chart.breaks else 0)
    plot = _Plot(
        left=14.0 + 9 * max(len(axis_label(tick, percent=chart.percent)) for tick in ticks),
        right=layout.width - (14 if layout.narrow else 156 if any(line.label for line in chart.lines) else 40),
        top=top,
        bottom=top + (210 if layout.narrow else 270),
        start=chart.start,
        end=chart.end,
        most=ticks[-1],
    )
    body = [*_axes(chart, plot, ticks, layout), *_breaks(chart, plot, layout)]
    if chart.target:
        y = plot.y(float(chart.target.value))
        body.append(_stroke(plot.left, y, plot.right, y, "target", ORANGE, "14 4", 3))
    for index in reversed(range(len(chart.lines))):
        body += _line(chart.lines[index], index, plot, layout)
    body += _key(chart, layout) if layout.narrow else _labels(chart, plot, layout)
    rows = max(len(_tick_lines(mark, layout)) for mark in chart.ticks)
    return frame(ident, layout, plot.bottom + 16 + 18 * rows, chart.title, chart.description, body)


def spark(chart: LineChart) -> str:
    """Return the newest line of ``chart``, over the one before it, as a small drawing without words, from zero.

    It is for eyes alone: what it shows is said beside it.
    """
    lines = chart.lines[:2]
    values = [float(point.cell.number) for line in lines for point in line.points if point.cell.number is not None]
    plot = _Plot(3.0, 135.0, 5.0, 43.0, chart.start, chart.end, max(values, default=0.0) or 1.0)
    drawn = [_stroke(plot.left, plot.bottom, plot.right, plot.bottom, "axis", INK, None, 1)]
    for index in reversed(range(len(lines))):
        runs = [[(plot.x(point.x), plot.y(_value(point))) for point in run] for run in _runs(lines[index])]
        drawn += [_polyline(places, index) for places in runs if len(places) > 1]
        if index == 0 and runs:
            x, y = runs[-1][-1]
            drawn.append(element("circle", class_="app-chart__point", cx=x, cy=y, r=4.5, fill=STYLES[0][0]))
    return element(
        "svg", "".join(drawn), class_="app-spark", viewBox="0 0 140 46", aria_hidden="true", focusable="false"
    )


def _stroke(x1: float, y1: float, x2: float, y2: float, kind: str, colour: str, dashes: str | None, width: int) -> str:
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


def _axes(chart: LineChart, plot: _Plot, ticks: list[float], layout: Layout) -> list[str]:
    body = []
    for tick in ticks:
        y = plot.y(tick)
        body.append(
            _stroke(plot.left, y, plot.right, y, "axis" if tick == 0 else "grid", INK if tick == 0 else GRID, None, 1)
        )
        body.append(text(axis_label(tick, percent=chart.percent), plot.left - 8, y + 5, anchor="end", size=layout.font))
    marks = chart.ticks[:: 2 if layout.narrow and len(chart.ticks) > 4 else 1]
    for mark in marks:
        x = plot.x(mark.x)
        body.append(_stroke(x, plot.bottom, x, plot.bottom + 6, "axis", INK, None, 1))
        for row, line in enumerate(_tick_lines(mark, layout)):
            body.append(text(line, x, plot.bottom + 24 + 18 * row, anchor="middle", size=layout.font))
    return body


def _tick_lines(mark: Mark, layout: Layout) -> list[str]:
    return wrapped(mark.label, 8) if layout.narrow else [mark.label]


def _breaks(chart: LineChart, plot: _Plot, layout: Layout) -> list[str]:
    body = []
    for mark in chart.breaks:
        x = plot.x(mark.x)
        anchor = "end" if x > plot.right - 60 else "start" if x < plot.left + 40 else "middle"
        body.append(_stroke(x, plot.top - 8, x, plot.bottom, "break", INK, "3 3", 1))
        body.append(text(mark.label, x, plot.top - 13, anchor=anchor, size=layout.font - 1))
    return body


def _line(line: Line, index: int, plot: _Plot, layout: Layout) -> list[str]:
    colour = STYLES[index][0]
    # A withheld point stands on the axis as its symbol, a row for each line, never as a zero.
    body = [
        text(f"[{point.cell.mark}]", plot.x(point.x), plot.bottom - 8 - 18 * index, anchor="middle", size=14)
        for point in line.points
        if point.cell.number is None
    ]
    for run in _runs(line):
        places = [(plot.x(point.x), plot.y(_value(point))) for point in run]
        if len(run) > 1:
            body.append(_polyline(places, index))
        for point, (x, y) in zip(run, places, strict=True):
            if index == 0 or len(run) == 1 or point is run[-1]:
                body.append(
                    element(
                        "circle",
                        class_=f"app-chart__point{' app-chart__point--provisional' if point.provisional else ''}",
                        cx=x,
                        cy=y,
                        r=4.5,
                        fill="#ffffff" if point.provisional else colour,
                        stroke=colour,
                        stroke_width=2,
                    )
                )
            if line.label and point.cell.revised:
                body.append(text("[r]", x, y - 10, anchor="middle", size=14, halo=True))
            if not line.label:  # a single line without a name carries its figures
                body.append(text(point.label, x, y - 14, anchor="middle", bold=True, size=layout.font, halo=True))
    return body


def _runs(line: Line) -> list[list[LinePoint]]:
    """The stretches of a line between the points that are withheld or missing."""
    known = groupby(line.points, key=lambda point: point.cell.number is not None)
    return [list(run) for shown, run in known if shown]


def _polyline(places: Sequence[tuple[float, float]], index: int) -> str:
    colour, dashes, width = STYLES[index]
    return element(
        "polyline",
        class_=f"app-chart__line app-chart__line--{index + 1}",
        points=" ".join(f"{x:.1f},{y:.1f}" for x, y in places),
        fill="none",
        stroke=colour,
        stroke_width=width,
        stroke_dasharray=dashes,
        stroke_linejoin="round",
    )


def _labels(chart: LineChart, plot: _Plot, layout: Layout) -> list[str]:
    """Labels at the ends of the lines, each with a piece of its line, moved apart where they would touch."""
    wanted: list[tuple[float, int, str, str]] = []
    for index, line in enumerate(chart.lines):
        known = [point for point in line.points if point.cell.number is not None]
        if line.label:
            # A line without a figure is labelled where its symbols stand.
            y = plot.y(_value(known[-1])) if known else plot.bottom - 13 - 18 * index
            wanted.append((y, index, line.label, line.newest))
    if chart.target:
        wanted.append((plot.y(float(chart.target.value)), -1, chart.target.label, ""))
    wanted.sort()
    rooms = [40 if value else 24 for *_, value in wanted]
    places = [y for y, *_ in wanted]
    for index in range(1, len(places)):
        places[index] = max(places[index], places[index - 1] + rooms[index - 1])
    spare = places[-1] + rooms[-1] - 14 - plot.bottom if places else 0
    if spare > 0:
        places[-1] -= spare
        for index in range(len(places) - 2, -1, -1):
            places[index] = min(places[index], places[index + 1] - rooms[index])
    body = []
    for (_, index, label, value), y in zip(wanted, places, strict=True):
        body.append(_sample(plot.right + 12, y, 26, index))
        body.append(text(label, plot.right + 46, y + 5, bold=bool(value), size=layout.font))
        if value:
            body.append(text(value, plot.right + 46, y + 23, size=layout.font))
    return body


def _key(chart: LineChart, layout: Layout) -> list[str]:
    """Labels above the plot, each beside a piece of its line: a narrow drawing has no room at the ends."""
    wanted = [(index, line) for index, line in enumerate(chart.lines) if line.label]
    body = []
    for row, (index, line) in enumerate(wanted):
        body.append(_sample(4, 14 + 24 * row, 40, index))
        body.append(text(f"{line.label}: {line.newest}", 54, 19 + 24 * row, size=layout.font))
    if chart.target:
        y = 14 + 24 * len(wanted)
        body.append(_sample(4, y, 40, -1))
        body.append(text(chart.target.label, 54, y + 5, size=layout.font))
    return body


def _sample(x: float, y: float, length: float, index: int) -> str:
    """A piece of line ``index``, or of the target for -1."""
    if index < 0:
        return _stroke(x, y, x + length, y, "target", ORANGE, "14 4", 3)
    colour, dashes, width = STYLES[index]
    return _stroke(x, y, x + length, y, f"line app-chart__line--{index + 1}", colour, dashes, width)


def _value(point: LinePoint) -> float:
    return float(point.cell.number or 0)
