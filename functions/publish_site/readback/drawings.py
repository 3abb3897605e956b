"""Charts as a reader with a ruler sees them: lengths and heights turned back into figures.

The scale comes from the drawing itself: the labelled ticks of a line chart, the shared
zero of a bar chart. A coordinate is written to a tenth of a unit, so a figure is known to
within half a tenth at that scale, and no better.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from functions.publish_site.readback.errors import ReadbackError

if TYPE_CHECKING:
    from functions.publish_site.readback.markup import Node

COORDINATE = 0.05 + 1e-6
"""Half the last decimal of a coordinate."""

_LOOKS = {
    "fill": re.compile(r"none|#[0-9A-Fa-f]{6}"),
    "stroke": re.compile(r"#[0-9A-Fa-f]{6}"),
    "stroke-width": re.compile(r"[1-4]"),
    "stroke-dasharray": re.compile(r"\d\d? \d"),
    "font-size": re.compile(r"1[4-6]"),
    "r": re.compile(r"4\.5"),
}
"""What an attribute that carries no figure may say; a number outside these would be one more figure."""
_PLACES = frozenset("x y x1 y1 x2 y2 cx cy width height points viewbox".split())
_FRAME = re.compile(r"0 0 ([1-9]\d{2}) ([1-9]\d{1,3}(?:\.\d)?)")
_COORDINATE_TEXT = re.compile(r"\d{1,4}(\.\d)?")
_SHAPES = frozenset({"svg", "title", "desc", "text", "line", "polyline", "circle", "rect"})
_CLASSES = re.compile(
    r"app-chart__(svg|svg--wide|svg--narrow|axis|grid|target|break|reference|bar|line|line--[1-3]|point"
    r"|point--provisional)"
)


@dataclass(frozen=True)
class Spot:
    """A vertex or a point: ``along`` is its share of the axis from left to right, ``value`` what its height says."""

    along: float
    value: float


@dataclass(frozen=True)
class Tick:
    """A label of the vertical axis and the height of its line."""

    label: str
    y: float


@dataclass(frozen=True)
class LineDrawing:
    """A line chart read back. ``within`` is how far a value, ``across`` how far a share of the axis may be off."""

    runs: dict[int, tuple[tuple[Spot, ...], ...]]
    """Unbroken pieces of each line, 1 the newest, in order."""
    points: tuple[Spot, ...]
    gaps: tuple[tuple[float, str], ...]
    """Share of the axis and symbol of each withheld point."""
    revised: tuple[float, ...]
    """Share of the axis of each point that is marked as revised."""
    targets: tuple[float, ...]
    ticks: tuple[Tick, ...]
    within: float
    across: float


@dataclass(frozen=True)
class BarDrawing:
    """A bar chart read back: lengths in the drawing's own units, against the width of the whole plot."""

    width: float
    lengths: tuple[float, ...]
    labels: tuple[str, ...]
    """The text beside each bar or in its place, in order."""
    references: tuple[float, ...]
    hollow: tuple[bool, ...]
    """Whether each bar is drawn as one that is out of too few to be compared."""


def check_looks(file: str, drawing: Node) -> None:
    """Raise :class:`ReadbackError` for an element or attribute that could carry a figure unseen."""
    frame = _FRAME.fullmatch(drawing.get("viewbox") or "")
    if frame is None:
        raise ReadbackError(file, drawing.place, "a drawing has no frame that starts at 0 0")
    most = max(map(float, frame.groups()))
    for node in drawing.walk():
        if node.tag not in _SHAPES or not all(_CLASSES.fullmatch(name) for name in node.classes):
            raise ReadbackError(file, node.place, "a drawing has nothing of this kind or class")
        for name, value in node.attributes:
            known = name in _PLACES or (name in _LOOKS and _LOOKS[name].fullmatch(value))
            if any(letter.isnumeric() for letter in value) and not known and name != "class":
                raise ReadbackError(file, f"{node.place}, attribute {name}", "a number that draws nothing")
            if name in _PLACES and not all(_is_inside(one, most) for one in re.split(r"[ ,]+", value)):
                raise ReadbackError(file, f"{node.place}, attribute {name}", "a place outside the drawing")


def _is_inside(text: str, most: float) -> bool:
    return _COORDINATE_TEXT.fullmatch(text) is not None and 0 <= float(text) <= most


def line_drawing(file: str, drawing: Node, labels: list[str]) -> LineDrawing:
    """Return what a line chart shows; ``labels`` are the values of its ticks as text, from zero up."""
    across = [node for node in drawing.all("line") if {"app-chart__axis", "app-chart__grid"} & set(node.classes)]
    rules = [node for node in across if node.get("y1") == node.get("y2")]
    texts = drawing.all("text")
    if len(rules) != len(labels) or not rules:
        raise ReadbackError(file, drawing.place, "its axis has not the ticks that its figures call for")
    left, right = _number(file, rules[0], "x1"), _number(file, rules[0], "x2")
    if any((_number(file, rule, "x1"), _number(file, rule, "x2")) != (left, right) for rule in rules):
        raise ReadbackError(file, drawing.place, "the lines across it are not equally long")
    ticks = []
    for rule, label in zip(rules, labels, strict=True):
        y = _number(file, rule, "y1")
        beside = [
            node.text
            for node in texts
            if node.get("text-anchor") == "end"
            and abs(_number(file, node, "y") - y - 5) < 0.1
            and abs(_number(file, node, "x") - left + 8) < 0.1
        ]
        if beside != [label]:
            raise ReadbackError(file, rule.place, "a tick of the axis is not labelled as its figures call for")
        ticks.append(Tick(label, y))
    bottom, top = ticks[0].y, ticks[-1].y
    most = float(ticks[-1].label.rstrip("%").replace(",", ""))
    for tick in ticks:
        share = (bottom - tick.y) / (bottom - top)
        if abs(share * most - float(tick.label.rstrip("%").replace(",", ""))) * (bottom - top) / most > 2 * COORDINATE:
            raise ReadbackError(file, drawing.place, "the ticks of its axis are not evenly spaced")

    def spot(x: float, y: float) -> Spot:
        return Spot((x - left) / (right - left), (bottom - y) / (bottom - top) * most)

    runs: dict[int, tuple[tuple[Spot, ...], ...]] = {}
    for node in drawing.all("polyline"):
        index = next((int(name[-1]) for name in node.classes if name.startswith("app-chart__line--")), 0)
        run = tuple(spot(x, y) for x, y in _pairs(file, node))
        runs[index] = (*runs.get(index, ()), run)
    points = tuple(
        spot(_number(file, node, "cx"), _number(file, node, "cy"))
        for node in drawing.all("circle")
        if "app-chart__point" in node.classes
    )
    marks = tuple((spot(_number(file, node, "x"), bottom).along, node.text) for node in texts if node.text[:1] == "[")
    gaps = tuple(one for one in marks if one[1] != "[r]")
    revised = tuple(along for along, mark in marks if mark == "[r]")
    targets = tuple(
        spot(left, _number(file, node, "y1")).value
        for node in drawing.all("line")
        if "app-chart__target" in node.classes and abs(_number(file, node, "x2") - right) < 0.1
    )
    return LineDrawing(
        runs,
        points,
        gaps,
        revised,
        targets,
        tuple(ticks),
        COORDINATE / (bottom - top) * most,
        COORDINATE / (right - left),
    )


def bar_drawing(file: str, drawing: Node, beyond: float) -> BarDrawing:
    """Return what a bar chart shows; ``beyond`` is the room right of its plot."""
    axes = [node for node in drawing.all("line") if "app-chart__axis" in node.classes]
    if len(axes) != 1:
        raise ReadbackError(file, drawing.place, "a bar chart has one axis, its zero")
    left = _number(file, axes[0], "x1")
    width = float(drawing.get("viewbox").split()[2]) - left - beyond
    bars = drawing.all("rect")
    for node in bars:
        if abs(_number(file, node, "x") - left) > COORDINATE:
            raise ReadbackError(file, node.place, "a bar does not begin at zero")
    return BarDrawing(
        width,
        tuple(_number(file, node, "width") for node in bars),
        tuple(node.text for node in drawing.all("text") if node.get("paint-order")),
        tuple(
            _number(file, node, "x1") - left for node in drawing.all("line") if "app-chart__reference" in node.classes
        ),
        tuple(bool(node.get("stroke-dasharray")) for node in bars),
    )


def _pairs(file: str, node: Node) -> Iterator[tuple[float, float]]:
    for pair in node.get("points").split():
        x, _, y = pair.partition(",")
        try:
            yield float(x), float(y)
        except ValueError:
            raise ReadbackError(file, node.place, "a line with points that are not pairs of numbers") from None


def _number(file: str, node: Node, name: str) -> float:
    try:
        return float(node.get(name))
    except ValueError:
        raise ReadbackError(file, f"{node.place}, attribute {name}", "not a coordinate") from None
