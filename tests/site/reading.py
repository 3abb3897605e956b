"""The figures of a release as outsiders read them: ``csv``, ``json``, odfpy, an HTML parser, and rulers on drawings.

Nothing here knows the code that wrote the files, nor the gate's readers of them.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree

from odf import opendocument, table, text

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
COORDINATE = 0.1 + 1e-6
"""A drawing has its places to a tenth of a unit: a length between two of them is right to as much."""

Key = tuple[str, str, str, str, str]
"""Where a figure stands: years as six digits, measure, breakdown, category, day."""


@dataclass(frozen=True)
class Row:
    """One figure as a data file has it: numbers without separators, or bare symbols."""

    numerator: str
    denominator: str
    percentage: str
    status: str

    def html(self, column: str) -> str:
        """How a cell reads in a page: ``12,045``, ``33.4%``, ``[c]``."""
        said = str(getattr(self, column))
        if not said[:1].isdigit():
            return f"[{said}]"
        number = f"{Decimal(said):,}"
        return f"{number}%" if column == "percentage" else number


def _rows(cells: list[list[str]]) -> dict[Key, Row]:
    head, *body = cells
    made: dict[Key, Row] = {}
    for line in body:
        one = dict(zip(head, line, strict=True))
        key = (one["time_period"], one["measure"], one["breakdown"], one["category"], one["as_of"])
        assert key not in made, f"two rows of {key}"
        made[key] = Row(one["numerator"], one["denominator"], one["percentage"], one["figure_status"])
    return made


def csv_rows(body: bytes) -> dict[Key, Row]:
    """Return the rows of a CSV file."""
    return _rows(list(csv.reader(io.StringIO(body.decode("utf-8"), newline=""), strict=True)))


def json_rows(body: bytes) -> dict[Key, Row]:
    """Return the rows of a JSON file; a percentage keeps the decimals that JSON gives it."""
    rows = json.loads(body, parse_float=str, parse_int=str)["rows"]
    head = list(rows[0]) if rows else []
    return _rows([head, *([str(one[name]) for name in head] for one in rows)]) if rows else {}


@lru_cache(maxsize=2)
def ods_rows(body: bytes, header: tuple[str, ...]) -> list[dict[Key, Row]]:
    """Return the rows of each sheet of a workbook that has a table with ``header``, symbols without their brackets."""
    book: Any = opendocument.load(io.BytesIO(body))
    made = []
    for sheet in book.spreadsheet.getElementsByType(table.Table):
        cells = [list(map(_ods_cell, row.getElementsByType(table.TableCell))) for row in _of(sheet, table.TableRow)]
        if list(header) in cells:
            made.append(_rows(cells[cells.index(list(header)) :]))
    return made


def _of(node: Any, kind: Any) -> list[Any]:
    return list(node.getElementsByType(kind))


def _ods_cell(cell: Any) -> str:
    said = "".join(map(str, cell.getElementsByType(text.P)))
    value = cell.getAttribute("value")
    assert value is None or value == said, "a cell shows another number than it holds"
    symbol = re.fullmatch(r"\[(\w+)\]", said)
    assert symbol or not re.fullmatch(r"c|x|z|low", said) or said == "x", "a symbol stands in brackets"
    return symbol[1] if symbol else said


def same_number(one: str, other: str) -> bool:
    """Return whether two cells of data files are the same number, or the same symbol."""
    if one[:1].isdigit() and other[:1].isdigit():
        return Decimal(one) == Decimal(other)
    return one == other


# Drawings.


def drawings(page: bytes) -> dict[str, ElementTree.Element]:
    """Return the drawings of a page by name, such as ``headline-by-region-wide``."""
    made: dict[str, ElementTree.Element] = {}
    for found in re.findall(r"<svg\b.*?</svg>", page.decode(), re.S):
        drawing = ElementTree.fromstring(found)
        name = drawing.get("aria-labelledby", "").partition("-title ")[0]
        if name:
            assert name not in made, f"two drawings called {name}"
            made[name] = drawing
    return made


@dataclass(frozen=True)
class Label:
    x: float
    y: float
    anchor: str
    halo: bool
    text: str


def _labels(drawing: ElementTree.Element) -> list[Label]:
    return [
        Label(
            _at(one, "x"),
            _at(one, "y"),
            one.get("text-anchor", "start"),
            one.get("paint-order") is not None,
            "".join(one.itertext()),
        )
        for one in drawing.iter("text")
    ]


def _at(node: ElementTree.Element, name: str) -> float:
    return float(node.get(name, "nan"))


def _classes(node: ElementTree.Element) -> list[str]:
    return node.get("class", "").split()


def _lines(drawing: ElementTree.Element, *names: str) -> list[ElementTree.Element]:
    return [one for one in drawing.iter("line") if set(names) & set(_classes(one))]


def _number(said: str) -> float:
    return float(said.replace(",", "").removesuffix("%"))


@dataclass(frozen=True)
class Ruler:
    """Turns a place on the page into a value, from two ticks whose values are known."""

    zero: float
    per_unit: float

    @classmethod
    def of(cls, ticks: list[tuple[float, float]]) -> Ruler:
        """Return the ruler through (place, value) of ``ticks``; all of them must lie on it."""
        (first, low), (last, high) = min(ticks, key=lambda one: one[1]), max(ticks, key=lambda one: one[1])
        assert high > low, "an axis with one tick is no axis"
        per_unit = (high - low) / (last - first)
        made = cls(first - low / per_unit, per_unit)
        for place, value in ticks:
            assert abs(made.value(place) - value) <= made.within, f"a tick says {value} and stands elsewhere"
        return made

    def value(self, place: float) -> float:
        return (place - self.zero) * self.per_unit

    @property
    def within(self) -> float:
        return abs(self.per_unit) * COORDINATE + 1e-9


@dataclass
class DrawnLine:
    """One line: values by place along the axis, which of them are joined, and symbols by place."""

    runs: list[list[tuple[float, float]]] = field(default_factory=list)
    provisional: list[tuple[float, float]] = field(default_factory=list)
    circles: list[tuple[float, float]] = field(default_factory=list)
    gaps: list[tuple[float, str]] = field(default_factory=list)
    name: str | None = None
    last: str | None = None


@dataclass
class LineDrawing:
    lines: dict[int, DrawnLine]
    y: Ruler
    ticks: list[tuple[float, str]]
    """Places and labels of the horizontal axis."""
    targets: list[float]
    revised: list[tuple[float, float]]
    labels: list[Label]


def line_drawing(drawing: ElementTree.Element) -> LineDrawing:
    """Read a chart over time back: every point through the ticks of its axis."""
    labels = _labels(drawing)
    level = [one for one in _lines(drawing, "app-chart__grid", "app-chart__axis") if one.get("y1") == one.get("y2")]
    ticks = []
    for one in level:
        [label] = [
            label for label in labels if label.anchor == "end" and label.y == _rounded(_at(one, "y1") + 5, label.y)
        ]
        ticks.append((_at(one, "y1"), _number(label.text)))
    y = Ruler.of(ticks)
    bottom, left = max(place for place, _ in ticks), _at(level[0], "x1")
    right = _at(level[0], "x2")
    made = LineDrawing({}, y, _along(drawing, labels, bottom), [], [], labels)
    colours: dict[str | None, int] = {}
    for one in _lines(drawing, "app-chart__line"):  # a piece of a line beside its name
        index = _index(one)
        colours[one.get("stroke")] = index
        beside = [label for label in labels if abs(label.y - _at(one, "y1") - 5) < COORDINATE]
        [name] = [label for label in beside if 0 < label.x - _at(one, "x2") < 12]
        below = [label for label in labels if label.x == name.x and abs(label.y - name.y - 18) < COORDINATE]
        line = made.lines.setdefault(index, DrawnLine())
        line.name, _, said = name.text.partition(": ")
        line.last = said or (below[0].text if below else None)
    for one in drawing.iter("polyline"):
        index = _index(one)
        colours[one.get("stroke")] = index
        places = [tuple(map(float, pair.split(","))) for pair in one.get("points", "").split()]
        made.lines.setdefault(index, DrawnLine()).runs.append([(x, height) for x, height in places])
    for one in drawing.iter("circle"):
        line = made.lines.setdefault(colours.get(one.get("stroke"), 1), DrawnLine())
        place = (_at(one, "cx"), _at(one, "cy"))
        line.circles.append(place)
        if not any(place in run for run in line.runs):
            line.runs.append([place])
        if one.get("fill") != one.get("stroke"):
            line.provisional.append(place)
    for label in labels:
        if re.fullmatch(r"\[\w+\]", label.text) and label.anchor == "middle":
            row, rest = divmod(bottom - 8 - label.y, 18)
            if label.halo:
                made.revised.append((label.x, label.y + 10))
            else:
                assert rest == 0, "a symbol stands on the axis, in the row of its line"
                made.lines.setdefault(int(row) + 1, DrawnLine()).gaps.append((label.x, label.text))
    for line in made.lines.values():
        line.runs.sort()
    across = [one for one in _lines(drawing, "app-chart__target") if (_at(one, "x1"), _at(one, "x2")) == (left, right)]
    made.targets = [y.value(_at(one, "y1")) for one in across]
    return made


def _rounded(wanted: float, seen: float) -> float:
    """``seen`` where it is ``wanted`` to the precision of a drawing."""
    return seen if abs(wanted - seen) <= COORDINATE else wanted


def _index(one: ElementTree.Element) -> int:
    return next(int(name.rpartition("--")[2]) for name in _classes(one) if name.startswith("app-chart__line--"))


def _along(drawing: ElementTree.Element, labels: list[Label], bottom: float) -> list[tuple[float, str]]:
    marks = [one for one in _lines(drawing, "app-chart__axis") if one.get("x1") == one.get("x2")]
    under: list[tuple[float, str]] = []
    for one in marks:
        own = [label.text for label in labels if label.x == _at(one, "x1") and label.y > bottom + 10]
        under.append((_at(one, "x1"), " ".join(own)))
    return under


def days_ruler(ticks: list[tuple[float, str]], opened: date) -> Ruler:
    """Return the ruler of an axis of months: from a place to days since ``opened``."""
    first = opened.replace(day=1)
    found = []
    for place, label in ticks:
        months = (MONTHS.index(label) + 1 - first.month) % 12
        if found and months == 0:
            months = 12
        month = first.month - 1 + months
        starts = date(first.year + month // 12, month % 12 + 1, 1)
        found.append((place, float(max((starts - opened).days, 0))))
    return Ruler.of(found)


def day_at(ruler: Ruler, place: float, opened: date) -> date:
    """Return the day that a place on an axis of months stands for; it must be one day and no other."""
    days = ruler.value(place)
    assert abs(days - round(days)) <= 0.3, "a point stands between two days"
    return opened + timedelta(round(days))


@dataclass
class BarDrawing:
    bars: dict[str, tuple[str, float | None]]
    """Category: the figure beside its bar, and the bar's length; ``None`` where there is no bar."""
    reference: tuple[str, float] | None
    """The label of the line across and how far from zero it is."""
    dashed: set[str]
    """The categories whose bar has a dashed edge."""


def bar_drawing(drawing: ElementTree.Element) -> BarDrawing:
    """Read a chart by category back: each bar with the words that it stands beside."""
    [axis] = _lines(drawing, "app-chart__axis")
    zero = _at(axis, "x1")
    rects = {}
    edges = {}
    for one in drawing.iter("rect"):
        assert _at(one, "x") == zero, "a bar does not begin at zero"
        rects[_at(one, "y") + _at(one, "height") / 2] = _at(one, "width")
        edges[_at(one, "y") + _at(one, "height") / 2] = one.get("stroke-dasharray")
    crossing = {_at(one, "x1") for one in _lines(drawing, "app-chart__reference")}
    bars: dict[str, tuple[str, float | None]] = {}
    words: list[str] = []
    used = set()
    dashed: set[str] = set()
    for label in _labels(drawing):
        if not label.halo:
            words.append(label.text)
            continue
        middle = next((one for one in rects if abs(one + 5 - label.y) <= COORDINATE), None)
        length = rects[middle] if middle is not None else None
        places = [zero + (length or 0) + 8, *(line + 8 for line in crossing)]
        beside = any(abs(label.x - place) <= COORDINATE for place in places)
        assert beside, "a figure stands neither at the end of its bar nor just past the line that would cross it there"
        assert " ".join(words) not in bars
        bars[" ".join(words)] = (label.text, length)
        if middle is not None and edges[middle]:
            dashed.add(" ".join(words))
        used.add(middle)
        words = []
    assert set(rects) <= used, "a bar without a figure"
    across = {line - zero for line in crossing}
    assert len(across) == len(words) <= 1
    return BarDrawing(bars, (words[0], across.pop()) if words else None, dashed)


def runs_of(points: list[tuple[Any, bool]]) -> Iterator[list[Any]]:
    """Yield the stretches of neighbours that are known; a point is what it is, and whether it is known."""
    run: list[Any] = []
    for what, known in points:
        if known:
            run.append(what)
        elif run:
            yield run
            run = []
    if run:
        yield run
