"""A measure over time: the chart of this period against earlier ones, and the table that says the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from functions.publish_site import words
from functions.publish_site.files.listing import chart_id
from functions.publish_site.pages import sentences
from functions.publish_site.pages.charts import Line, LineChart, LinePoint, Mark, Target, line_chart, spark
from functions.publish_site.pages.graphics import Graphic, heads, named
from functions.publish_site.pages.html_tables import Table, table
from functions.publish_site.words import Cell
from placements_kpi.months import is_end

if TYPE_CHECKING:
    from functions.publish_site.figures import KpiFigures
    from functions.publish_site.pages.charts.svg import Unit
    from placements_kpi.results import Measure, Point

MOST_LINES = 3  # with the target, four series: more cannot be told apart (publishing#charts)

UNITS: dict[str, Unit] = {"rate": "%", "count": "", "money": "£"}

TWELVE_MONTHS = "Each twelve months"


def over_time(figures: KpiFigures, measure: Measure) -> Graphic | None:
    """Return ``measure`` over time against earlier periods; ``None`` where it has no series of two points or more."""
    points = figures.series(measure)
    if len(points) < 2:
        return None
    chart, notes = _chart(figures, measure, points)
    drawn = [point for line in chart.lines for point in line.points if point.is_drawn]
    hollow = ["Hollow circles are provisional figures [p]."] if any(point.provisional for point in drawn) else []
    hollow += ["Points under [r] are revised figures."] if any(point.cell.revised for point in drawn) else []
    hollow += [
        said for line in chart.lines for said in sentences.gaps(line.label, [point.cell for point in line.points])
    ]
    coarse = {line.label: count for line in chart.lines if (count := sum(point.coarse for point in line.points))}
    hollow += [sentences.coarse(coarse)] if coarse else []
    ident = chart_id(measure.id)
    return Graphic(
        id=ident,
        title=chart.title,
        subtitle=f"{named(measure)}, England, {words.day(points[0].as_of)} to {words.day(points[-1].as_of)}"
        if figures.family(measure).series != "yearly"
        else f"{named(measure)}, England, from {points[0].period_label} until {points[-1].period_label}",
        drawing=line_chart(chart, ident),
        table=_table(figures, measure, points),
        legend=tuple(hollow),
        notes=notes,
    )


def sparkline(figures: KpiFigures) -> str:
    """Return the headline's series as a small drawing without words for its card; blank where there is no line yet."""
    points = figures.series(figures.headline)
    return spark(_chart(figures, figures.headline, points)[0]) if len(points) > 1 else ""


def _chart(figures: KpiFigures, measure: Measure, points: list[Point]) -> tuple[LineChart, tuple[str, ...]]:
    family = figures.family(measure)
    drawn = _rolling if family.is_rolling else _yearly if family.series == "yearly" else _monthly
    return drawn(figures, measure, points)


def _monthly(figures: KpiFigures, measure: Measure, points: list[Point]) -> tuple[LineChart, tuple[str, ...]]:
    periods = _periods(points)
    lines, said = [], []
    for own in periods:
        label = words.years(own[0].period_label)
        line = _points(figures, measure, own, [(point.as_of - point.period_start).days for point in own])
        lines.append(Line(label, line))
        said.append(_trend(label, [f"on {words.day(point.as_of)}" for point in own], line))
    opened, closes = periods[0][0].period_start, periods[0][0].period_end
    firsts = [own[0] for own in periods]
    breaks, marked, notes = _breaks(
        figures, measure, firsts, lambda n, on: (on - firsts[n].period_start).days, lines=True
    )
    target = _target(figures, measure)
    chart = LineChart(
        title=sentences.finding(figures, measure),
        description=" ".join([*said, *_standing(figures, measure, target), *marked]),
        lines=tuple(lines),
        ticks=_month_ticks(opened, closes),
        start=0,
        end=max((closes - opened).days, *(int(point.x) for line in lines for point in line.points)),
        unit=UNITS[measure.kind],
        target=target,
        breaks=breaks,
    )
    return chart, notes


def _yearly(figures: KpiFigures, measure: Measure, points: list[Point]) -> tuple[LineChart, tuple[str, ...]]:
    target = _target(figures, measure)
    line = _points(figures, measure, points, range(len(points)))
    breaks, marked, notes = _breaks(figures, measure, points, partial(_in_year, points), lines=False)
    said = _trend(measure.title, [f"in {words.years(point.period_label)}" for point in points], line)
    chart = LineChart(
        title=sentences.finding(figures, measure),
        description=" ".join([said, *_standing(figures, measure, target), *marked]),
        lines=(Line("", line),),
        ticks=tuple(Mark(index, words.years(point.period_label)) for index, point in enumerate(points)),
        start=-0.25,
        end=len(points) - 0.75,
        unit=UNITS[measure.kind],
        target=target,
        breaks=breaks,
    )
    return chart, notes


def _rolling(figures: KpiFigures, measure: Measure, points: list[Point]) -> tuple[LineChart, tuple[str, ...]]:
    """One line over all months, each figure of the twelve months that end there."""
    target = _target(figures, measure)
    first = points[0].as_of
    line = _points(figures, measure, points, [_months_between(first, point.as_of) for point in points])
    whole = [points[-1].model_copy(update={"period_start": first})]  # a change is marked once
    # A point is the end of its month: a day within a month stands before it.
    breaks, marked, notes = _breaks(
        figures, measure, whole, lambda _, on: _months_between(first, on) - 1 + on.day / 31, lines=False
    )
    said = _trend(measure.title, [f"in the {point.period_label}" for point in points], line)
    named = list(zip([point.x for point in line], points, strict=True))[:: -max(1, len(points) // 5)]
    chart = LineChart(
        title=sentences.finding(figures, measure),
        description=" ".join([said, *_standing(figures, measure, target), *marked]),
        lines=(Line(TWELVE_MONTHS, line),),
        ticks=tuple(
            Mark(x, f"{words.MONTHS[point.as_of.month - 1][:3]} {point.as_of.year}") for x, point in reversed(named)
        ),
        start=-1,
        end=line[-1].x + 1,
        unit=UNITS[measure.kind],
        target=target,
        breaks=breaks,
    )
    return chart, notes


def _months_between(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month


def _points(
    figures: KpiFigures, measure: Measure, points: list[Point], places: Sequence[float]
) -> tuple[LinePoint, ...]:
    """A line of ``points`` at ``places``: whole per cents before its first finer figure are too coarse for it."""
    cells = [figures.at(measure, point).value for point in points]
    finer = next((index for index, cell in enumerate(cells) if cell.places), 0)
    return tuple(
        LinePoint(place, cell, figures.provisional(measure, point), coarse=index < finer and cell.number is not None)
        for index, (place, point, cell) in enumerate(zip(places, points, cells, strict=True))
    )


def _trend(label: str, when: list[str], line: tuple[LinePoint, ...]) -> str:
    return sentences.trend(
        label, [(said, point.cell) for said, point in zip(when, line, strict=True) if not point.coarse]
    )


def _in_year(points: list[Point], number: int, on: date) -> float:
    """Where a day stands between the figure of the year before and that of its own year, which comes after it."""
    year = points[number]
    share = (on - year.period_start).days / (year.period_end - year.period_start).days
    return number - 1 + share if number else 0.25 * (share - 1)


def _breaks(
    figures: KpiFigures, measure: Measure, points: list[Point], place: Callable[[int, date], float], *, lines: bool
) -> tuple[tuple[Mark, ...], list[str], tuple[str, ...]]:
    """Series breaks of ``measure`` inside the periods of ``points``: their marks, where they are, and what each is.

    ``place`` gives where a day of the n-th period stands on the axis; marks at one place become one.
    With ``lines``, each period is a line of its own, and the note says which.
    """
    at: dict[float, list[str]] = {}
    marked, notes = [], []
    for number, change in enumerate(figures.kpi.description.breaks, 1):
        for index, point in enumerate(points):
            if change.concerns(measure.id) and point.period_start <= change.on <= point.period_end:
                x = place(index, change.on)
                at.setdefault(x, []).append(str(number))
                where = f", in the line for {words.years(point.period_label)}" if lines else ""
                marked.append(f"Change {number} ({words.day(change.on)}{where})")
                what, old, new = map(words.sentence, (change.text, change.before, change.after))
                notes.append(f"{marked[-1]}. {what} Before: {old} From then: {new}")
    said = [f"Marked on it: {words.listed(marked)}. What was so before, and is from then, is said below it."]
    marks = tuple(
        Mark(x, f"Change{'s' if len(numbers) > 1 else ''} {words.listed(numbers)}") for x, numbers in sorted(at.items())
    )
    return marks, said if marked else [], tuple(notes)


def _target(figures: KpiFigures, measure: Measure) -> Target | None:
    level = figures.kpi.description.target.value
    if level is None or measure.id != figures.headline.id or measure.kind != "rate":
        return None
    return Target(Decimal(str(level)), f"Target: {sentences.percentage(level)}")


def _standing(figures: KpiFigures, measure: Measure, target: Target | None) -> list[str]:
    if target is None:
        return []
    return [sentences.standing(figures.at(measure, figures.current(measure)).value, float(target.value))]


def _periods(points: list[Point]) -> list[list[Point]]:
    periods: dict[int, list[Point]] = {}
    for point in points:
        periods.setdefault(point.period, []).append(point)
    return [periods[period] for period in sorted(periods, reverse=True)][:MOST_LINES]


def _month_ticks(opened: date, closes: date) -> tuple[Mark, ...]:
    ticks = []
    first = date(opened.year, opened.month, 1)
    while first <= closes:
        offset = max((first - opened).days, 0)
        ticks.append(Mark(offset, words.MONTHS[first.month - 1][:3]))
        first = _months_on(first, 2)
    return tuple(ticks)


def _months_on(first: date, count: int) -> date:
    months = first.month - 1 + count
    return date(first.year + months // 12, months % 12 + 1, 1)


def _months_table(figures: KpiFigures, measure: Measure, points: list[Point]) -> Table:
    """Rows are points of the year, columns the years; days of different years that stand alike share a row."""
    periods = _periods(points)
    rows: dict[tuple[int, int], dict[int, Cell]] = {}
    days: dict[tuple[int, int], list[date]] = {}
    for column, own in enumerate(periods):
        start = own[0].period_start
        for point in own:
            months = (point.as_of.year - start.year) * 12 + point.as_of.month - start.month
            key = (months, 1) if is_end(point.as_of) else (months, 0)
            rows.setdefault(key, {})[column] = figures.at(measure, point).value
            days.setdefault(key, []).append(point.as_of)
    head = ["As at", *(_column(figures, measure, own[-1]) for own in periods)]
    last = [max(key for key in rows if column in rows[key]) for column in range(len(periods))]
    # A day that a period has not reached does not apply to it; one that nobody worked out is not available.
    missing = {key: [Cell(None, "z" if key > end else "x") for end in last] for key in rows}
    body: list[list[str | Cell]] = [
        [_when(days[key]), *(rows[key].get(column, missing[key][column]) for column in range(len(periods)))]
        for key in sorted(rows)
    ]
    return table(f"{measure.title}, by period", head, body)


def _when(days: list[date]) -> str:
    """Say ``End of June``, ``14 July``, or ``13 or 14 July`` where a leap year moves the same number of days."""
    month = words.MONTHS[days[0].month - 1]
    if is_end(days[0]):
        return f"End of {month}"
    return f"{' or '.join(str(day) for day in sorted({day.day for day in days}))} {month}"


def _table(figures: KpiFigures, measure: Measure, points: list[Point]) -> Table:
    family = figures.family(measure)
    drawn = _points_table if family.is_rolling or family.series == "yearly" else _months_table
    return drawn(figures, measure, points)


def _points_table(figures: KpiFigures, measure: Measure, points: list[Point]) -> Table:
    """A row a point: years, or of twelve months the month that they end with, newest first."""
    rolling, divided = figures.family(measure).is_rolling, measure.is_divided
    rows: list[list[str | Cell]] = []
    for point in reversed(points) if rolling else points:
        now = figures.at(measure, point)
        cells = [now.value, now.numerator, now.denominator] if divided else [now.value]
        rows.append([words.day_in_cell(point.as_of) if rolling else _column(figures, measure, point), *cells])
    caption, column = ("by twelve months", "Twelve months to") if rolling else ("by year", "Year")
    return table(f"{measure.title}, {caption}", [column, *heads(measure)], rows)


def _column(figures: KpiFigures, measure: Measure, point: Point) -> str:
    return words.years(point.period_label) + figures.mark(measure, point)
