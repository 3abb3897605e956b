"""The charts of a page against the audited figures: every length and height, and every number written in a drawing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from functions.publish_site import words
from functions.publish_site.charts.svg import axis_label, nice_ticks
from functions.publish_site.gate.errors import stopped
from functions.publish_site.readback.drawings import (
    COORDINATE,
    LineDrawing,
    Spot,
    bar_drawing,
    check_looks,
    line_drawing,
)
from functions.publish_site.readback.markup import HEADINGS

if TYPE_CHECKING:
    from functions.publish_site.gate.audited import Audited, AuditedKpi
    from functions.publish_site.gate.numbers import Phrases
    from functions.publish_site.readback.markup import Node
    from functions.publish_site.words import Cell
    from placements_kpi.results import Breakdown, Measure, Point

MOST_LINES = 3
SMALL_BASE = 50
"""No percentage out of fewer is called the highest or the lowest: one more would move it by two points."""
RIGHT_OF_BARS = 78
"""Room right of the plot of a bar chart, for the figure beside the longest bar."""


@dataclass(frozen=True)
class _Expected:
    """A point of a line: its share of the axis and its cell."""

    along: float
    cell: Cell
    revised: bool


def check_chart(file: str, figure: Node, kpi: AuditedKpi, phrases: Phrases) -> None:
    """Raise :class:`GateError` unless each drawing of ``figure`` shows what was audited, and its words no more."""
    drawings = figure.all("svg")
    if not drawings:
        raise stopped(file, figure.place, "a figure without a drawing")
    for drawing in drawings:
        check_looks(file, drawing)
        _check_drawing(file, figure, drawing, kpi, phrases)


def _check_drawing(file: str, figure: Node, drawing: Node, kpi: AuditedKpi, phrases: Phrases) -> None:
    ident = drawing.get("aria-labelledby").split(" ")[0].removesuffix("-title")
    ident = ident.removesuffix("-wide").removesuffix("-narrow")
    for measure in kpi.measures.values():
        if ident == f"{measure.id}-over-time".replace("_", "-"):
            _check_lines(file, figure, drawing, kpi, measure, phrases)
            return
        for part in kpi.kpi.description.breakdowns:
            if measure.id in part.measures and ident == f"{measure.id}-by-{part.id}".replace("_", "-"):
                _check_bars(file, figure, drawing, kpi, measure, part, phrases)
                return
    raise stopped(file, drawing.place, "a chart of no measure of this indicator")


def _check_lines(file: str, figure: Node, drawing: Node, kpi: AuditedKpi, measure: Measure, phrases: Phrases) -> None:
    lines = _lines(kpi, measure)
    yearly = kpi.families[measure.family].series == "yearly"
    about = kpi.kpi.description
    aim = about.target.value if measure.id == about.headline and measure.kind == "rate" else None
    values = [float(point.cell.number) for line in lines for point in line if point.cell.number is not None]
    ticks = [axis_label(one, percent=measure.kind == "rate") for one in nice_ticks(max([*values, aim or 0.0]))]
    read = line_drawing(file, drawing, ticks)
    _compare(file, drawing, read, lines, labelled=not yearly)
    if [round(one, 6) for one in read.targets if abs(one - (aim or 0)) > read.within] or bool(aim) != bool(
        read.targets
    ):
        raise stopped(file, drawing.place, "the line of the target is not where the target is")

    known = [[point.cell for point in line if point.cell.number is not None] for line in lines]
    written = [cell for line in known for cell in (line if yearly else line[-1:])]
    changes = [f"Change {n}" for n in range(1, len(about.breaks) + 1)]
    changes += [f"Changes {words.listed(numbers)}" for numbers in _runs(len(about.breaks))]
    labels = [node.text for node in drawing.all("text") if not _is_tick(node, ticks)]
    found = phrases.and_also(changes).numbers(" ".join(labels))
    if Counter(found) != Counter(cell.text for cell in written):
        raise stopped(file, drawing.place, "its labels have other numbers than its lines")

    now, before = kpi.at(measure, kpi.current(measure)).shown, kpi.at(measure, kpi.comparison(measure)).shown
    for heading in (*figure.all(*HEADINGS), *drawing.all("title")):
        if phrases.numbers(heading.text) not in ([], [now.text], [before.text, now.text]):
            raise stopped(file, heading.place, "the title has other numbers than the newest figure and the one before")
    missing = [
        f"{sum(point.cell.number is None for point in line)} of its {len(line)} points cannot be shown."
        for line in lines
    ]
    ends = {cell.text for line in known for cell in (*line[:1], *line[-1:], *_furthest(line))} | {now.text}
    ends |= {f"{abs(Decimal(line[-1].number or 0) - Decimal(line[0].number or 0)):,}" for line in known if line}
    _check_words(file, drawing.all("desc"), phrases.and_also(missing), ends)
    _check_words(file, figure.of_class("app-chart__subtitle"), phrases, ())


def _furthest(line: list[Cell]) -> list[Cell]:
    """The highest and the lowest figure of a line."""
    return [pick(line, key=lambda cell: Decimal(cell.number or 0)) for pick in (max, min)] if line else []


def _lines(kpi: AuditedKpi, measure: Measure) -> list[list[_Expected]]:
    """The lines that the chart of ``measure`` over time has, the newest first, by the days of its points."""
    points = [point for point in kpi.points(measure) if point.is_series or point.is_comparison]
    if not points:
        return []
    if kpi.families[measure.family].series == "yearly":
        span = len(points) - 0.5
        return [[_expected(kpi, measure, point, (n + 0.25) / span) for n, point in enumerate(points)]]
    periods = sorted({point.period for point in points}, reverse=True)[:MOST_LINES]
    own = [[point for point in points if point.period == period] for period in periods]
    days = [[(point.as_of - point.period_start).days for point in line] for line in own]
    first = own[0][0]
    end = max((first.period_end - first.period_start).days, *(day for line in days for day in line)) or 1
    return [
        [_expected(kpi, measure, point, day / end) for day, point in zip(numbers, line, strict=True)]
        for numbers, line in zip(days, own, strict=True)
    ]


def _expected(kpi: AuditedKpi, measure: Measure, point: Point, along: float) -> _Expected:
    figure = kpi.at(measure, point)
    return _Expected(along, figure.shown, figure.revised)


def _compare(file: str, drawing: Node, read: LineDrawing, lines: list[list[_Expected]], *, labelled: bool) -> None:
    circles = 0
    spots: list[_Expected] = []
    for index, line in enumerate(lines, 1):
        runs: list[list[_Expected]] = [[]]
        for point in line:
            if point.cell.number is None:
                runs.append([])
            else:
                runs[-1].append(point)
        runs = [run for run in runs if run]
        spots += [point for run in runs for point in run]
        circles += sum(len(run) for run in runs) if index == 1 else len(runs)
        wanted = [run for run in runs if len(run) > 1]
        drawn = read.runs.get(index, ())
        if len(wanted) != len(drawn):
            raise stopped(file, drawing.place, f"line {index} is joined or broken elsewhere than its figures")
        for run, seen in zip(wanted, drawn, strict=True):
            if len(run) != len(seen) or not all(map(lambda a, b: _same(read, a, b), run, seen)):
                raise stopped(file, drawing.place, f"line {index} does not run through the audited figures")
    if set(read.runs) - set(range(1, len(lines) + 1)):
        raise stopped(file, drawing.place, "a line of no period")
    if len(read.points) != circles or not all(any(_same(read, one, seen) for one in spots) for seen in read.points):
        raise stopped(file, drawing.place, "a point does not stand at an audited figure")
    gaps = sorted(
        (point.along, f"[{point.cell.mark}]") for line in lines for point in line if point.cell.number is None
    )
    seen_gaps = sorted(read.gaps)
    if len(gaps) != len(seen_gaps) or any(
        abs(one[0] - seen[0]) > read.across or one[1] != seen[1] for one, seen in zip(gaps, seen_gaps, strict=True)
    ):
        raise stopped(file, drawing.place, "a withheld point is not marked where it stands, or with another symbol")
    revised = sorted(point.along for point in spots if point.revised) if labelled else []
    seen_revised = sorted(read.revised)
    if len(revised) != len(seen_revised) or any(
        abs(one - seen) > read.across for one, seen in zip(revised, seen_revised, strict=True)
    ):
        raise stopped(file, drawing.place, "a revised point is not marked as one, or another is")


def _same(read: LineDrawing, wanted: _Expected, seen: Spot) -> bool:
    number = wanted.cell.number
    return (
        number is not None
        and abs(float(number) - seen.value) <= read.within
        and abs(wanted.along - seen.along) <= read.across
    )


def _check_bars(
    file: str, figure: Node, drawing: Node, kpi: AuditedKpi, measure: Measure, part: Breakdown, phrases: Phrases
) -> None:
    point = kpi.current(measure)
    labelled = [(one.label, kpi.at(measure, point, (part.id, one.code)).shown) for one in part.categories]
    small = {one.label for one in part.categories if _is_small(kpi.at(measure, point, (part.id, one.code)))}
    drawn = [(label, cell) for label, cell in labelled if cell.symbol != "z"]
    numbers = [cell.number for _, cell in drawn if cell.number is not None]
    national = kpi.at(measure, point).shown
    reference = national.number if measure.kind == "rate" else None
    read = bar_drawing(file, drawing, RIGHT_OF_BARS)
    most = nice_ticks(max([float(one) for one in (*numbers, *([reference] if reference is not None else []))] or [0.0]))
    scale = read.width / most[-1]
    if not _lengths([float(one) * scale for one in numbers], read.lengths):
        raise stopped(file, drawing.place, "a bar is not as long as its audited figure")
    if read.hollow != tuple(label in small for label, cell in drawn if cell.number is not None):
        raise stopped(file, drawing.place, "a bar is drawn as out of too few, or one that is out of too few is not")
    if read.labels != tuple(cell.text for _, cell in drawn):
        raise stopped(file, drawing.place, "a figure beside a bar is not the audited one")
    wanted = [float(reference) * scale] * len(read.references) if reference is not None else []
    if not _lengths(wanted, read.references):
        raise stopped(file, drawing.place, "the line of the national figure is not where that figure is")
    rest = " ".join(node.text for node in drawing.all("text") if not node.get("paint-order"))
    if not phrases.explains(rest, {national.text} if reference is not None else ()):
        raise stopped(file, drawing.place, "its labels have other numbers than its bars")

    compared = [(label, cell) for label, cell in drawn if cell.number is not None and label not in small]
    known = sorted(Decimal(cell.number or 0) for _, cell in compared)
    ends = {cell.text for _, cell in compared if cell.number in (*known[:1], *known[-1:])}
    ends |= {national.text} if reference is not None else set()
    gaps = [f"{len(drawn) - len(numbers)} of {len(drawn)} cannot be shown"]
    _check_words(file, drawing.all("desc"), phrases.and_also(gaps), ends)
    named = [cell for label, cell in compared if label != "Not available"]
    most_of_all = max((Decimal(cell.number or 0) for cell in named), default=None)
    top = [cell.text for cell in named if cell.number == most_of_all]
    shared = phrases.and_also([f"{len(top)} share the highest figure"])
    _check_words(file, figure.all(*HEADINGS), shared, top)
    _check_words(file, [*drawing.all("title"), *figure.of_class("app-chart__subtitle")], phrases, ())


def _is_small(figure: Audited) -> bool:
    """Whether a figure is a percentage out of too few to be called the highest or the lowest."""
    return figure.denominator.number is not None and figure.denominator.number < SMALL_BASE


def _lengths(wanted: list[float], read: tuple[float, ...]) -> bool:
    return len(wanted) == len(read) and all(
        abs(one - seen) <= COORDINATE for one, seen in zip(wanted, read, strict=True)
    )


def _check_words(file: str, nodes: list[Node], phrases: Phrases, allowed: set[str] | list[str] | tuple[()]) -> None:
    for node in nodes:
        if not phrases.explains(node.text, allowed):
            raise stopped(file, node.place, "a number that is not one of the audited figures this sentence is about")


def _is_tick(node: Node, ticks: list[str]) -> bool:
    return node.get("text-anchor") == "end" and node.text in ticks


def _runs(count: int) -> list[list[str]]:
    """Every run of consecutive numbers up to ``count`` that one mark of several changes can name."""
    return [
        [str(n) for n in range(first, last + 1)] for first in range(1, count) for last in range(first + 1, count + 1)
    ]
