"""The figures of a release as outsiders read them: ``csv``, ``json``, odfpy, an HTML parser, and rulers on drawings.

Nothing here knows the code that wrote the files, nor the gate's readers of them.
"""

from __future__ import annotations

import csv
import html
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
    unit_cost: str = "z"
    unit: str = ""

    def html(self, column: str) -> str:
        """How a cell reads in a page: ``12,045``, ``33.4%``, ``£3.42``, ``[c]``."""
        said = str(getattr(self, column))
        if not said[:1].isdigit():
            return f"[{said}]"
        if self.unit == "pound" and column != "denominator":
            return f"£{Decimal(said):,.2f}"
        number = f"{Decimal(said):,}"
        return f"{number}%" if column == "percentage" else number


def _rows(cells: list[list[str]]) -> dict[Key, Row]:
    head, *body = cells
    made: dict[Key, Row] = {}
    for line in body:
        one = dict(zip(head, line, strict=True))
        key = (one["time_period"], one["measure"], one["breakdown"], one["category"], one["as_of"])
        assert key not in made, f"two rows of {key}"
        numbers = (one["numerator"], one["denominator"], one["percentage"])
        made[key] = Row(*numbers, one["figure_status"], one["unit_cost"], one["unit"])
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
    """Return the drawings of a page that have words, by name, such as ``headline-over-time``."""
    made: dict[str, ElementTree.Element] = {}
    for found in re.findall(r'<svg class="app-chart__svg".*?</svg>(?=\s*<p|\s*</figure)', page.decode(), re.S):
        drawing = ElementTree.fromstring(found)
        name = drawing.get("aria-labelledby", "").removesuffix("-title")
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


def legends(page: bytes) -> dict[str, list[str]]:
    """Return what is said below each drawing, by its name."""
    figures = re.findall(r'<figure class="app-chart" id="([^"]+)">(.*?)</figure>', page.decode(), re.S)
    return {name: re.findall(r'<p class="app-chart__legend">(.*?)</p>', inside) for name, inside in figures}


def _at(node: ElementTree.Element, name: str) -> float:
    """A place: along the drawing in per cent of its width (but for the key, in pixels), down it in pixels."""
    return float(node.get(name, "nan").removesuffix("%"))


def _classes(node: ElementTree.Element) -> list[str]:
    return node.get("class", "").split()


def _lines(drawing: ElementTree.Element, *names: str) -> list[ElementTree.Element]:
    return [one for one in drawing.iter("line") if set(names) & set(_classes(one))]


def _number(said: str) -> float:
    return float(said.replace(",", "").removeprefix("£").removesuffix("%"))


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
    """One line: values by place along the axis, and which of them are joined."""

    runs: list[list[tuple[float, float]]] = field(default_factory=list)
    provisional: list[tuple[float, float]] = field(default_factory=list)
    circles: list[tuple[float, float]] = field(default_factory=list)
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
        [label] = [label for label in labels if label.x == 0 and label.y == _rounded(_at(one, "y1") - 5, label.y)]
        ticks.append((_at(one, "y1"), _number(label.text)))
    y = Ruler.of(ticks)
    bottom = max(place for place, _ in ticks)
    made = LineDrawing({}, y, _along(drawing, labels, bottom), [], [], labels)
    colours: dict[str | None, int] = {}
    for one in _lines(drawing, "app-chart__line"):  # a piece of a line beside its name
        index = _index(one)
        colours[one.get("stroke")] = index
        [name] = [label for label in labels if label.x == 50 and abs(label.y - _at(one, "y1") - 5) < COORDINATE]
        line = made.lines.setdefault(index, DrawnLine())
        line.name, _, line.last = name.text.partition(": ")
    stretched = [one for one in drawing.iter("svg") if one is not drawing]
    for one in (line for part in stretched for line in part.iter("polyline")):
        _, top, units, height = map(float, one_of(stretched).get("viewBox", "").split())
        assert (top, height) == (_at(one_of(stretched), "y"), _at(one_of(stretched), "height")), "heights are pixels"
        index = _index(one)
        colours[one.get("stroke")] = index
        places = [tuple(map(float, pair.split(","))) for pair in one.get("points", "").split()]
        made.lines.setdefault(index, DrawnLine()).runs.append([(100 * x / units, height) for x, height in places])
    for one in drawing.iter("circle"):
        line = made.lines.setdefault(colours.get(one.get("stroke"), 1), DrawnLine())
        place = (_at(one, "cx"), _at(one, "cy"))
        place = next((spot for run in line.runs for spot in run if _near(spot, place)), place)
        line.circles.append(place)
        if not any(place in run for run in line.runs):
            line.runs.append([place])
        if one.get("fill") != one.get("stroke"):
            line.provisional.append(place)
    made.revised = [
        next((spot for line in made.lines.values() for run in line.runs for spot in run if _near(spot, place)), place)
        for label in labels
        if label.text == "[r]" and label.halo
        for place in [(label.x, label.y + 10)]
    ]
    for line in made.lines.values():
        line.runs.sort()
    across = [one for one in _lines(drawing, "app-chart__target") if one.get("x2") == "100%"]
    made.targets = [y.value(_at(one, "y1")) for one in across]
    return made


def one_of(found: list[ElementTree.Element]) -> ElementTree.Element:
    """The only one of its kind."""
    [one] = found
    return one


def _near(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Whether two places are one: what is stretched and what is not are rounded on their own."""
    return abs(one[0] - other[0]) <= 0.011 and abs(one[1] - other[1]) <= COORDINATE


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


def months_ruler(ticks: list[tuple[float, str]]) -> Ruler:
    """Return the ruler of an axis of months of several years (``Jun 2026``): from a place to months since year 0."""
    named = [(place, *label.split()) for place, label in ticks]
    return Ruler.of([(place, 12.0 * int(year) + MONTHS.index(month)) for place, month, year in named])


def day_at(ruler: Ruler, place: float, opened: date) -> date:
    """Return the day that a place on an axis of months stands for; it must be one day and no other."""
    days = ruler.value(place)
    assert abs(days - round(days)) <= 0.3, "a point stands between two days"
    return opened + timedelta(round(days))


@dataclass
class RowBars:
    """The bars of a table's rows: how far each reaches, and where the whole is across it, in per cent of the column."""

    lengths: dict[str, float]
    dashed: set[str]
    across: set[float]


def row_bars(page: bytes) -> dict[str, RowBars]:
    """Return the bars of each table by its caption."""
    made: dict[str, RowBars] = {}
    for inside in re.findall(r"<table\b.*?</table>", page.decode(), re.S):
        [caption] = re.findall(r"<caption[^>]*>(.*?)</caption>", inside, re.S)
        bars = RowBars({}, set(), set())
        for label, found in re.findall(r'<th scope="row"[^>]*>([^<]*)(<svg.*?</svg>)', inside, re.S):
            drawing = ElementTree.fromstring(found)
            assert drawing.get("aria-hidden") == "true"
            assert not list(drawing.iter("text")), "the figure stands in the row"
            [bar] = drawing.iter("rect")
            assert bar.get("x") is None, "a bar begins at zero"
            name = html.unescape(" ".join(label.split()))
            bars.lengths[name] = _at(bar, "width")
            bars.dashed |= {name} if bar.get("stroke-dasharray") else set()
            bars.across |= {_at(one, "x1") for one in _lines(drawing, "app-chart__reference")}
        made[html.unescape(" ".join(re.sub(r"<[^>]+>", "", caption).split()))] = bars
    return made


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
