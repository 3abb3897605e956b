"""Page, CSV, JSON, workbook and drawings of a release say the same, figure by figure.

Where a figure belongs (its measure, day and category) is told by the document; what it is
told to be comes from the rendered bytes alone, as :mod:`tests.site.reading` reads them.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from local.weight import protected_folder
from placements_kpi.results import Protected
from tests.site import reading
from tests.site.html import Page

if TYPE_CHECKING:
    from placements_kpi.results import Breakdown, KpiResult, Measure, Point
    from tests.site.reading import Key, Row

RELEASE = "school-placements-performance"
COLUMNS = {
    "Per cent": "percentage",
    "Number": "numerator",
    "Out of": "denominator",
    "Cost": "numerator",
    "Cost of each": "unit_cost",
    "Total cost": "numerator",
    "Divided by": "denominator",
}
FEW = 50
"""A percentage out of fewer has a dashed bar, and is not compared (the method page says so)."""
REGION_OF_TOTAL = {"England", "All"}
NOWHERE: Key = ("", "", "", "", "")
"""Where the files have no figure."""


@dataclass
class Compared:
    """How many cells were compared in each format, and which figures of the files the page and its charts showed."""

    counts: Counter[str] = field(default_factory=Counter)
    on_page: set[Key] = field(default_factory=set)
    drawn: set[Key] = field(default_factory=set)


def compare(document: Protected, files: Mapping[str, bytes], only: str | None = None) -> Counter[str]:
    """Return how many cells were compared in each format; ``AssertionError`` where two of them disagree.

    With ``only``, the formats of one indicator are compared and the others passed over.
    """
    header = files[f"{RELEASE}.csv"].decode().partition("\r\n")[0].split(",")
    sheets = reading.ods_rows(files[f"{RELEASE}.ods"], tuple(header))
    ordered = sorted(document.kpis, key=lambda kpi: (kpi.description.order, kpi.id))
    assert len(sheets) == len(ordered), "a sheet for each indicator"
    found: Counter[str] = Counter()
    for kpi, sheet in ((kpi, sheet) for kpi, sheet in zip(ordered, sheets, strict=True) if only in {None, kpi.id}):
        rows = reading.csv_rows(files[f"{kpi.id}/{kpi.id}.csv"])
        found["CSV"] += 4 * len(rows)
        found["JSON"] += _same_rows(kpi.id, rows, reading.json_rows(files[f"{kpi.id}/{kpi.id}.json"]))
        wanted = {key: row for key, row in rows.items() if key[2] == "Total" or _is_newest(kpi, key)}
        assert sheet == wanted, f"{kpi.id}: the workbook is not the CSV"
        found["ODS"] += 4 * len(sheet)
        found += Agreement(kpi, rows, files[f"{kpi.id}/index.html"]).compared()
        found += _standard(kpi, rows, files)
    if only is None:
        found += _of_all(ordered, files)
    return found


def _of_all(kpis: list[KpiResult], files: Mapping[str, bytes]) -> Counter[str]:
    """The files and the first page of the whole release say what those of its indicators do."""
    found: Counter[str] = Counter()
    tables = [list(csv.reader(io.StringIO(files[f"{kpi.id}/{kpi.id}.csv"].decode(), newline=""))) for kpi in kpis]
    whole = list(csv.reader(io.StringIO(files[f"{RELEASE}.csv"].decode(), newline="")))
    assert whole == [tables[0][0], *(row for table in tables for row in table[1:])], "the CSV of all"
    rows = [row for kpi in kpis for row in json.loads(files[f"{kpi.id}/{kpi.id}.json"])["rows"]]
    assert json.loads(files[f"{RELEASE}.json"])["rows"] == rows, "the JSON of all"
    found["all"] = 4 * len(rows)
    cards = [one for one in Page.of(files["index.html"]).elements if one.attributes.get("class") == "app-card"]
    assert len(cards) == len(kpis), "a card for each indicator"
    for card, kpi in zip(cards, kpis, strict=True):
        own = Page.of(files[f"{kpi.id}/index.html"]).elements
        said = [one.text for one in own if (one.attributes.get("class") or "").startswith(("app-figure", "app-card__"))]
        assert all(" ".join(text.split()) in " ".join(card.text.split()) for text in said), f"{kpi.id}: its card"
        found["card"] += len(said)
    return found


def _standard(kpi: KpiResult, rows: Mapping[Key, Row], files: Mapping[str, bytes]) -> Counter[str]:
    """The files in DfE's standard have the figures of the CSV at their time, and no other number."""
    found: Counter[str] = Counter()
    regional = next((one.title for one in kpi.description.breakdowns if one.categories[0].code.startswith("E12")), "")
    families = {one.id: one for one in kpi.description.families}
    for span in ("years", "months"):
        body = files.get(f"{kpi.id}/{kpi.id}-{span}.csv")
        for row in csv.DictReader(io.StringIO(body.decode(), newline="")) if body else ():
            part = (row.get("breakdown", "Total"), row.get("category", "Total"))
            if row["region_name"]:
                part = (regional if part[0] == "Total" else part[0], row["region_name"])
            for measure in kpi.description.measures:
                family = families[measure.family]
                keys = [
                    (_years_of(point.period_label), measure.id, *part, point.as_of.isoformat())
                    for point in kpi.points
                    if point.family == family.id and _stands_in(row, point, yearly=family.series == "yearly")
                ]
                known = [rows[key] for key in keys if key in rows]
                assert len(known) <= 1, keys
                own = {"count": "count", "money": "pounds"}.get(measure.kind, "")
                columns = ("numerator", "denominator", _value_of(measure)) if measure.out_of else ("numerator",)
                for column in columns:
                    name = f"{measure.id}_{column if measure.out_of else own}"
                    said = row.get(name, "x")
                    assert said == getattr(known[0], column) if known else said in {"x", "z"}, (kpi.id, span, row, name)
                    found["standard"] += said not in {"x", "z"}
    return found


def _is_newest(kpi: KpiResult, key: Key) -> bool:
    """Whether a figure stands at the newest point of its measure, or at the one that it is compared with."""
    [family] = [one.family for one in kpi.description.measures if one.id == key[1]]
    points = [one for one in kpi.points if one.family == family and (one.is_current or one.is_comparison)]
    return (key[0], key[4]) in {(_years_of(one.period_label), one.as_of.isoformat()) for one in points}


def _stands_in(row: Mapping[str, str], point: Point, *, yearly: bool) -> bool:
    """Whether a point is the one that a row of the standard's files is about."""
    if "part_of_year" not in row:
        ends = (point.as_of + timedelta(days=1)).day == 1 and point.period_start <= point.as_of <= point.period_end
        when = (f"{point.as_of:%Y}", f"{point.as_of:%B}")
        return not yearly and ends and when == (row["time_period"], row["time_identifier"])
    if row["time_period"] != _years_of(point.period_label):
        return False
    if row["part_of_year"] == "Total":
        return yearly or point.as_of == point.period_end
    return not yearly and (point.is_current or point.is_comparison)


def _same_rows(kpi_id: str, rows: Mapping[Key, Row], others: Mapping[Key, Row]) -> int:
    assert rows.keys() == others.keys(), f"{kpi_id}: JSON has other rows than CSV"
    for key, row in rows.items():
        other = others[key]
        for one, two in (
            (row.numerator, other.numerator),
            (row.denominator, other.denominator),
            (row.percentage, other.percentage),
            (row.unit_cost, other.unit_cost),
        ):
            assert reading.same_number(one, two), f"{kpi_id}, {key}: CSV and JSON disagree"
        assert row.status == other.status, f"{kpi_id}, {key}: CSV and JSON disagree on the status"
    return 4 * len(rows)


def _value_of(measure: Measure) -> str:
    """The column of the files with what a page shows of a measure."""
    if measure.out_of is None:
        return "numerator"
    return "unit_cost" if measure.kind == "money" else "percentage"


def _day(value: date) -> str:
    return f"{value.day} {value.strftime('%B')} {value.year}"


def _years_of(label: str) -> str:
    """The six digits of "2025 to 2026 [p]"; of "twelve months to 30 June 2026" the year."""
    if label.startswith("twelve months to "):
        return label[-4:]
    found = re.search(r"(\d{4}) to \d{2}(\d{2})", label)
    assert found, label
    return found[1] + found[2]


@dataclass
class Agreement:
    """One indicator's page against the rows of its CSV."""

    kpi: KpiResult
    rows: dict[Key, Row]
    body: bytes
    made: Compared = field(default_factory=Compared)

    def compared(self) -> Counter[str]:
        page = Page.of(self.body)
        self._tables = dict(page.tables)
        assert len(self._tables) == len(page.tables), "two tables with one caption"
        self._bars_of = reading.row_bars(self.body)
        self._legends = reading.legends(self.body)
        for caption, table in page.tables:
            self._table(caption, table)
        self._headline(page)
        drawings = reading.drawings(self.body)
        for name, drawing in drawings.items():
            self._drawing(name, drawing)
        assert len(drawings) == sum("app-chart" in (one.attributes.get("class") or "").split() for one in page.elements)
        self._nothing_is_missing()
        return self.made.counts

    # Where figures are.

    def _measure(self, measure_id: str) -> Measure:
        return next(one for one in self.kpi.description.measures if one.id == measure_id)

    def _points(self, measure: Measure) -> list[Point]:
        return [one for one in self.kpi.points if one.family == measure.family]

    def _current(self, measure: Measure) -> Point | None:
        return next((one for one in self._points(measure) if one.is_current), None)

    def _comparison(self, measure: Measure) -> Point | None:
        found = next((one for one in self._points(measure) if one.is_comparison), None)
        return found if measure.id not in self.kpi.comparison else None

    def _key(self, measure: Measure, point: Point, breakdown: str = "Total", category: str = "Total") -> Key:
        return (_years_of(point.period_label), measure.id, breakdown, category, point.as_of.isoformat())

    def _value(self, measure: Measure) -> str:
        return _value_of(measure)

    def _cell(self, said: str, key: Key, column: str, *, marked: bool) -> None:
        """A cell of a table is that of the files, with the mark of a revised figure if it is one."""
        row = self.rows.get(key)
        if row is None:
            assert said in {"[x]", "[z]"}, f"{key}: the page has a figure that the CSV has not"
        else:
            mark = " [r]" if marked and row.status == "revised" else ""
            assert said == row.html(column) + mark, f"{key}, {column}: the page says {said}"
            self.made.on_page.add(key)
        self.made.counts["HTML"] += 1
        self.made.counts[f"symbol {said}"] += said[:1] == "["

    # Tables.

    def _table(self, caption: str, table: list[list[str]]) -> None:
        head, *body = table
        if caption == "Age of each source when this was published":
            return
        for measure in self.kpi.description.measures:
            if caption == f"{measure.title}, by period":
                return self._periods(measure, head, body)
            if caption == f"{measure.title}, by year":
                return self._years(measure, head, body)
            if caption == f"{measure.title}, by twelve months":
                return self._twelve_months(measure, head, body)
            for part in self.kpi.description.breakdowns:
                point = self._current(measure)
                if point and measure.id in part.on_page and caption == self._caption(part, measure, point):
                    self._categories(measure, part, point, head, body)
                    if self._is_compared(part, measure):
                        return self._bars(measure, part, point, self._bars_of[caption])
                    assert self._bars_of[caption] == reading.RowBars({}, set(), set()), f"{caption}: bars"
                    return None
        assert caption.startswith(("Figures as at ", "Checks and coverage as at ")), caption
        self._beside(caption, head, body)

    def _is_compared(self, part: Breakdown, measure: Measure) -> bool:
        """Whether a table has bars: of each breakdown that is no check, the first measure that has figures."""
        measures = [self._measure(one) for one in part.on_page]
        if all(one.role == "quality" for one in measures):
            return False
        points = [(one, self._current(one)) for one in measures]
        return measure == next(
            one
            for one, point in points
            if point and any(key[:3] == self._key(one, point, part.title)[:3] for key in self.rows)
        )

    def _caption(self, part: Breakdown, measure: Measure, point: Point) -> str:
        title = measure.title
        return f"{part.title}: {title[0].lower() if title[1:2].islower() else title[0]}{title[1:]}, {_day(point.as_of)}"

    def _periods(self, measure: Measure, head: list[str], body: list[list[str]]) -> None:
        seen = set()
        for column, name in enumerate(head[1:], 1):
            for line in body:
                keys = [
                    key
                    for key in self.rows
                    if key[:4] == (_years_of(name), measure.id, "Total", "Total") and line[0] in _names(key[4])
                ]
                keys = keys or [key for key in self._national(measure, name) if _in_leap_row(line[0], key[4])]
                assert len(keys) <= 1, (line[0], keys)
                self._cell(line[column], keys[0] if keys else NOWHERE, self._value(measure), marked=True)
                seen.update(keys)
        wanted = {key for name in head[1:] for key in self._national(measure, name)}
        assert seen == wanted, f"{measure.id}: figures of the CSV that are not in the table over time"

    def _national(self, measure: Measure, years: str) -> list[Key]:
        return [key for key in self.rows if key[:4] == (_years_of(years), measure.id, "Total", "Total")]

    def _years(self, measure: Measure, head: list[str], body: list[list[str]]) -> None:
        for line in body:
            [key] = self._national(measure, line[0]) or [NOWHERE]
            for name, said in zip(head[1:], line[1:], strict=True):
                self._cell(said, key, COLUMNS[name], marked=COLUMNS[name] == self._value(measure))

    def _twelve_months(self, measure: Measure, head: list[str], body: list[list[str]]) -> None:
        keys = {_day(date.fromisoformat(key[4])): key for key in self._all_national(measure)}
        assert {line[0].replace("\N{NO-BREAK SPACE}", " ") for line in body} == keys.keys()
        for line in body:
            key = keys[line[0].replace("\N{NO-BREAK SPACE}", " ")]
            for name, said in zip(head[1:], line[1:], strict=True):
                self._cell(said, key, COLUMNS[name], marked=COLUMNS[name] == self._value(measure))

    def _all_national(self, measure: Measure) -> list[Key]:
        return sorted((key for key in self.rows if key[1:4] == (measure.id, "Total", "Total")), key=lambda key: key[4])

    def _categories(
        self, measure: Measure, part: Breakdown, point: Point, head: list[str], body: list[list[str]]
    ) -> None:
        before = self._comparison(measure)
        for line in body:
            category = ("Total", "Total") if line[0] in REGION_OF_TOTAL else (part.title, line[0])
            for name, said in zip(head[1:], line[1:], strict=True):
                name = name.removesuffix(" [p]")
                if name in {"Change", "Change, points"}:
                    assert (name == "Change") == (measure.kind != "rate")
                    self._changed(said, line[1], line[3])
                    continue
                if name in COLUMNS:
                    key, column = self._key(measure, point, *category), COLUMNS[name]
                else:
                    assert before is not None and name == f"On {_day(before.as_of)}", name
                    key, column = self._key(measure, before, *category), self._value(measure)
                self._cell(said, key, column, marked=column == self._value(measure))
        whole = [line[0] for line in body if line[0] in REGION_OF_TOTAL]
        assert len(whole) == (part.partition and self._key(measure, point) in self.rows), "the whole, if parts add up"
        told = {line[0] for line in body} - REGION_OF_TOTAL
        assert told == {one.label for one in part.categories}, f"{measure.id}: categories left out"

    def _changed(self, said: str, now: str, before: str) -> None:
        """How a figure changed is what is between the two that stand beside it, or the symbol of a missing one."""
        figures = [one.removesuffix(" [r]") for one in (now, before)]
        missing = [one for one in reversed(figures) if one[0] == "["]
        if missing:
            assert said == missing[0]
            return
        new, old = (Decimal(re.sub("[,£%]", "", one)) for one in figures)
        # At the decimals that both have: a whole per cent says nothing of what is behind its point.
        least = max(new.as_tuple().exponent, old.as_tuple().exponent)
        new, old = (one.quantize(Decimal(1).scaleb(int(least)), ROUND_HALF_UP) for one in (new, old))
        sign = {1: "+", 0: "", -1: "\N{MINUS SIGN}"}[(new > old) - (new < old)]
        wanted = f"{sign}{'£' * now.startswith('£')}{abs(new - old):,}"
        said = said.replace("\N{WORD JOINER}", "")
        assert said == wanted, f"{now} after {before} is {wanted}, not {said}"
        self.made.counts["change"] += 1

    def _beside(self, caption: str, head: list[str], body: list[list[str]]) -> None:
        stands, _, period = caption.partition(" as at ")[2].partition(", ")
        whole = period.startswith("whole ")
        yearly = {one.id for one in self.kpi.description.families if one.series == "yearly"}
        titles = [line[0] for line in body]
        assert len(set(titles)) == len(titles), caption
        for line in body:
            [measure] = [
                one
                for one in self.kpi.description.measures
                if one.title == line[0]
                and (one.family in yearly) == whole
                and (point := self._current(one))
                and (_day(point.as_of), point.period_label) == (stands, period.removeprefix("whole "))
            ]
            point, before = self._current(measure), self._comparison(measure)
            assert point is not None
            for name, said in zip(head[1:], line[1:], strict=True):
                name = name.removesuffix(" [p]")
                if name == "Year before":
                    key = self._key(measure, before) if before else NOWHERE
                    self._cell(said, key, self._value(measure), marked=True)
                    continue
                column = self._value(measure) if name == "Figure" else COLUMNS[name]
                self._cell(said, self._key(measure, point), column, marked=name == "Figure")

    def _headline(self, page: Page) -> None:
        headline = self._measure(self.kpi.description.headline)
        point = self._current(headline)
        row = self.rows.get(self._key(headline, point)) if point else None
        for one in page.elements:
            classes = (one.attributes.get("class") or "").split()
            said = " ".join(one.text.split())
            if "app-figure--large" in classes and row and row.html(self._value(headline))[0] != "[":
                assert re.sub(r" \[[pr]\]$", "", said) == row.html(self._value(headline))
                self.made.counts["headline"] += 1
            shown = row is not None and headline.out_of and getattr(row, self._value(headline))[0].isdigit()
            if "app-figure__counts" in classes and row and shown:
                wanted = [row.html("numerator"), row.html("denominator")]
                assert re.findall(r"£?\d[\d,]*(?:\.\d\d)?", said) == wanted, said
                self.made.counts["headline"] += 2

    # Drawings.

    def _drawing(self, name: str, drawing: reading.ElementTree.Element) -> None:
        for measure in self.kpi.description.measures:
            if name == f"{measure.id}-over-time".replace("_", "-"):
                return self._over_time(measure, drawing, self._legends[name])
        raise AssertionError(f"a drawing of nothing: {name}")

    def _over_time(self, measure: Measure, drawing: reading.ElementTree.Element, legend: list[str]) -> None:
        read = reading.line_drawing(drawing)
        if f"{measure.title}, by twelve months" in self._tables:
            wanted = self._all_national(measure)
            assert set(read.lines) <= {1} and not read.targets
            keys_at = partial(_at_month, reading.months_ruler(read.ticks), wanted)
            name = "Each twelve months"
            self._line(measure, read.lines[1], read.y, wanted, keys_at, first=True, name=name)
            return self._gaps(measure, wanted, name, legend)
        yearly = f"{measure.title}, by year" in self._tables
        table = self._tables[f"{measure.title}, by {'year' if yearly else 'period'}"]
        names = [""] if yearly else [re.sub(r" \[p\]$", "", one) for one in table[0][1:]]
        assert set(read.lines) <= set(range(1, len(names) + 1)), "a line of no period"
        revised = []
        for index, name in enumerate(names, 1):
            line = read.lines.get(index, reading.DrawnLine())
            if yearly:
                own = {place: key for place, label in read.ticks for key in self._national(measure, label)}
                keys_at = partial(_at_tick, own)
                wanted = list(own.values())
            else:
                newest, opened = (
                    min(one.period_start for one in self._points(measure) if years in one.period_label)
                    for years in (names[0], name)
                )
                wanted = sorted(self._national(measure, name), key=lambda key: key[4])
                keys_at = partial(_at_day, reading.days_ruler(read.ticks, newest), opened, wanted)
            revised += self._line(measure, line, read.y, wanted, keys_at, first=index == 1, name=name)
            self._gaps(measure, wanted, name, legend)
        seen = {(round(x, 1), round(y, 1)) for x, y in read.revised}
        assert yearly or seen == {(round(x, 1), round(y, 1)) for x, y in revised}, "marks of revised figures"
        level = self.kpi.description.target.value
        aim = measure.id == self.kpi.description.headline and measure.kind == "rate" and level is not None
        assert len(read.targets) == (1 if aim else 0)
        assert all(level is not None and abs(one - level) <= read.y.within for one in read.targets)
        self.made.counts["target"] += len(read.targets)

    def _line(
        self,
        measure: Measure,
        line: reading.DrawnLine,
        ruler: reading.Ruler,
        wanted: list[Key],
        keys_at: Callable[[float], Key],
        *,
        first: bool,
        name: str,
    ) -> list[tuple[float, float]]:
        """Compare one line with its figures, oldest first; return the places of those that are revised."""
        column = self._value(measure)
        coarse = self._coarse(wanted, column)
        known = [(key, self.rows[key].html(column)[0] != "[" and key not in coarse) for key in wanted]
        drawn = [[(keys_at(x), y, (x, y)) for x, y in run] for run in line.runs]
        assert [[key for key, *_ in run] for run in drawn] == list(reading.runs_of(known)), (
            f"{measure.id} {name}: joined"
        )
        for key, y, _ in (spot for run in drawn for spot in run):
            number = float(getattr(self.rows[key], column))
            assert abs(ruler.value(y) - number) <= ruler.within, f"{key}: drawn as {ruler.value(y)}"
            self.made.drawn.add(key)
            self.made.counts["chart"] += 1
        circled = {place for run in drawn for *_, place in (run if first else run[-1:])}
        assert set(line.circles) == circled, "circles"
        for run in drawn:
            for key, _, place in run:
                if place in line.provisional:
                    assert self.rows[key].status != "final", f"{key}: drawn as provisional"
                elif place in line.circles:
                    assert self.rows[key].status != "provisional", f"{key}: drawn as final"
        last = next((self.rows[key] for key, shown in reversed(known) if shown), None)
        if name and last:
            assert line.name == name
            mark = {"revised": " [r]", "provisional": " [p]"}.get(last.status, "")
            said = last.html(column) + mark
            assert line.last == said, f"{measure.id} {name}: {line.last} beside the piece of its line"
            self.made.counts["chart"] += 1
        return [place for run in drawn for key, _, place in run if self.rows[key].status == "revised"]

    def _coarse(self, wanted: list[Key], column: str) -> set[Key]:
        """The whole per cents that stand before the first one with a decimal: a line has figures of one kind."""
        finer = next((number for number, key in enumerate(wanted) if "." in getattr(self.rows[key], column)), 0)
        return {key for key in wanted[:finer] if getattr(self.rows[key], column)[0].isdigit()}

    def _gaps(self, measure: Measure, wanted: list[Key], name: str, legend: list[str]) -> None:
        """What is not drawn is said below the chart once for each symbol of a line, with how often."""
        said = [self.rows[key].html(self._value(measure)) for key in wanted]
        for symbol, count in Counter(one for one in said if one[0] == "[").items():
            many = "o figure can" if count == len(said) else f"{count} of {len(said)} figures cannot"
            [_] = [line for line in legend if f"{many} be shown {symbol}" in line and line.startswith(name)]
            self.made.counts["gap"] += count
        coarse = self._coarse(wanted, self._value(measure))
        told = [line for line in legend if line.startswith("Not drawn but in the table: whole per cents")]
        if coarse:
            [line] = told
            assert re.search(rf"[(;] ?{re.escape(name)}{': ' if name else ''}{len(coarse)}[;)]", line), line
            self.made.counts["coarse"] += len(coarse)
        else:
            assert not name or all(f"{name}:" not in line for line in told)

    def _bars(self, measure: Measure, part: Breakdown, point: Point, bars: reading.RowBars) -> None:
        column = self._value(measure)
        keys = {one.label: self._key(measure, point, part.title, one.label) for one in part.categories}
        cells = {label: self.rows[key] for label, key in keys.items() if key in self.rows}
        numbers = {label: float(getattr(row, column)) for label, row in cells.items() if row.html(column)[0] != "["}
        assert bars.lengths.keys() == numbers.keys(), f"{measure.id}: a bar for a symbol, or none for a number"
        few = {label for label in numbers if measure.kind == "rate" and int(cells[label].denominator) < FEW}
        assert bars.dashed == few
        national = self.rows.get(self._key(measure, point))
        whole = (
            float(getattr(national, column))
            if national and measure.out_of and part.partition and getattr(national, column)[0].isdigit()
            else None
        )
        most = max([*numbers.values(), *([whole] if whole is not None else [])], default=0.0) or 1.0
        for label, number in numbers.items():
            assert abs(bars.lengths[label] - 100 * number / most) <= 0.006, f"{measure.id}: a bar of another length"
            self.made.counts["bar"] += 1
        if whole is None or not numbers:
            assert not bars.across
        else:
            [place] = bars.across
            assert abs(place - 100 * whole / most) <= 0.006, f"{measure.id}: the whole across the bars"

    # All of it.

    def _nothing_is_missing(self) -> None:
        """Every figure that stands at the newest point is on the page: beside the headline, or in its breakdown.

        But for those whose parts overlap where other measures' add up: they are in the data files alone.
        """
        in_files = {(one, part.title) for part in self.kpi.description.breakdowns for one in part.overlapping}
        for measure in self.kpi.description.measures:
            point = self._current(measure)
            if point is None:
                continue
            newest = {
                key
                for key in self.rows
                if key[1] == measure.id
                and key[1:3] not in in_files
                and (key[0], key[4]) == (_years_of(point.period_label), point.as_of.isoformat())
            }
            assert newest <= self.made.on_page, f"{measure.id}: {min(newest - self.made.on_page)} is not on the page"


def _names(day: str) -> set[str]:
    """What the row of a day is called in a table over time."""
    value = date.fromisoformat(day)
    month = value.strftime("%B")
    return {f"End of {month}"} if date.fromordinal(value.toordinal() + 1).day == 1 else {f"{value.day} {month}"}


def _in_leap_row(name: str, day: str) -> bool:
    """Whether "13 or 14 July" is the row of a day: years with a leap day reach the same number of days elsewhere."""
    found = re.fullmatch(r"(\d+) or (\d+) (\w+)", name)
    value = date.fromisoformat(day)
    return bool(found and str(value.day) in found.groups()[:2] and value.strftime("%B") == found[3])


def _at_tick(ticks: Mapping[float, Key], place: float) -> Key:
    """The figure of the year whose tick is under a place."""
    [found] = [key for tick, key in ticks.items() if abs(tick - place) <= reading.COORDINATE]
    return found


def _at_day(ruler: reading.Ruler, opened: date, keys: list[Key], place: float) -> Key:
    """The figure of the day that a place stands for."""
    day = reading.day_at(ruler, place, opened).isoformat()
    [found] = [key for key in keys if key[4] == day]
    return found


def _at_month(ruler: reading.Ruler, keys: list[Key], place: float) -> Key:
    """The figure of the month that a place stands for."""
    month = ruler.value(place)
    assert abs(month - round(month)) <= 0.2, "a point stands between two months"
    year, number = divmod(round(month), 12)
    [found] = [key for key in keys if key[4].startswith(f"{year}-{number + 1:02}")]
    return found


def main(build: Path) -> None:
    """Compare every format of the last run's release, and print how many cells were compared in each."""
    kept = protected_folder(build)
    release = json.loads((kept / "current.json").read_bytes())["release"]
    document = Protected.model_validate_json((kept / release / "results.json").read_bytes())
    place = build / "site" / "releases" / release
    files = {path.relative_to(place).as_posix(): path.read_bytes() for path in place.rglob("*") if path.is_file()}
    told = sorted(compare(document, files).items())
    print(f"Release {release}: " + ", ".join(f"{name} {number:,}" for name, number in told if number))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "build"))
