"""What a reader of a published site has: every figure of every release, out of every format.

The CSV of a whole release is taken for what was said. Each other file is read by itself and set against it: one that
says more, or something else, is a finding of its own.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

SYMBOLS = frozenset({"c", "x", "z", "low"})
WHOLE = "Total"
"""Breakdown and category of a figure that is not cut."""
NAME = "school-placements-performance"
ROW = ("kpi", "measure", "time_period", "as_of", "breakdown", "category")
VALUES = ("numerator", "denominator", "percentage", "unit_cost")


class Count(NamedTuple):
    """A count that a release gives: which figure, and which part of it."""

    kpi: str
    measure: str
    part: str
    period: str
    day: str
    cut: str
    item: str


@dataclass(frozen=True)
class Percentage:
    """A percentage as printed, its number of decimals with it."""

    text: str
    numerator: Count
    denominator: Count

    @property
    def value(self) -> Fraction:
        """Return it as a number out of a hundred."""
        return Fraction(self.text)

    @property
    def decimals(self) -> int:
        """Return how many decimals it is printed with."""
        return len(self.text.partition(".")[2])


@dataclass
class Release:
    """One release as published."""

    name: str
    shown: dict[Count, int | str] = field(default_factory=dict)
    """A number, or the symbol in its place."""
    percentages: list[Percentage] = field(default_factory=list)
    units: dict[tuple[str, str], str] = field(default_factory=dict)
    """What a measure counts, by KPI and measure."""
    limits: dict[str, int] = field(default_factory=dict)
    """The limits that the manifest echoes: base, floor, width, threshold, percentage floor."""
    few_accepted: bool = False
    """Whether the manifest says that a ``c`` may be known to be a count under the floor, and no more than that."""
    counted_on: dict[str, str] = field(default_factory=dict)
    """Of each source, the release day for which its records about people were counted."""
    named: tuple[str, ...] = ()
    """Names of counts that the manifest says were withheld for more than the floor."""
    names_given: bool = False
    """Whether the manifest names withheld counts, so that a count that it does not name is hidden by the floor."""
    formats: list[str] = field(default_factory=list)
    """Where another file says something else than the CSV, or something that it does not say."""


def read_site(site: Path) -> list[Release]:
    """Return the releases of a site folder that stand, oldest first."""
    told = json.loads((site / "releases.json").read_text("utf-8"))["releases"]
    standing = [one["release"] for one in told if not one["withdrawn"]]
    return [read_release(site / "releases" / name) for name in sorted(standing, key=_order)]


def _order(name: str) -> tuple[str, int]:
    day, _, number = name.partition(".")
    return day, int(number)


def read_release(folder: Path) -> Release:
    """Return what one release says."""
    release = Release(folder.name)
    table = rows_of_csv((folder / f"{NAME}.csv").read_text("utf-8"))
    for key, values in table.items():
        counts = [Count(key[0], key[1], part, *key[2:]) for part in VALUES[:2]]
        for count, value in zip(counts, values, strict=False):
            release.shown[count] = value if value in SYMBOLS else int(value.replace(".", ""))  # pence
        if values[2] not in SYMBOLS:
            release.percentages.append(Percentage(values[2], counts[0], counts[1]))
    for row in csv.DictReader(io.StringIO((folder / f"{NAME}.csv").read_text("utf-8"))):
        release.units[row["kpi"], row["measure"]] = row["unit"]
    _manifest(release, json.loads((folder / "manifest.json").read_text("utf-8")))
    release.formats = list(disagreements(folder, table))
    return release


def rows_of_csv(text: str) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Return numerator, denominator and percentage of each row of a CSV, as printed."""
    return {tuple(row[c] for c in ROW): tuple(row[c] for c in VALUES) for row in csv.DictReader(io.StringIO(text))}


def _manifest(release: Release, told: dict[str, Any]) -> None:
    control, verdict = told["disclosure_control"], told.get("verdict", {})
    release.limits = {key: value for key, value in control.items() if type(value) is int}
    release.few_accepted = control.get("few_accepted") is True
    named = verdict.get("withheld")
    release.names_given = isinstance(named, list)
    release.named = tuple(named) if release.names_given else ()
    for source in told["sources"]:
        if not source.get("counted_on"):
            continue
        release.counted_on[source["source"]] = source["counted_on"]
        for table in source["tables"]:
            here = {"rows_in": table["rows_in"], "kept": table["kept"], "duplicates": table["duplicates"]}
            here |= {f"refused {why}": number for why, number in table["refused"].items()}
            here |= {f"unknown {column}": number for column, number in table["unknown_codes"].items()}
            for what, number in here.items():
                release.shown[_record(source, table["table"], what)] = number
        for note, number in source["notes"].items():
            release.shown[_record(source, "notes", note)] = number


def _record(source: dict[str, Any], table: str, what: str) -> Count:
    """Return the name of a count of records: its day is the one that it was counted for."""
    return Count("records", table, "numerator", source["source"], source["counted_on"], WHOLE, what)


# The other formats.


def disagreements(folder: Path, table: dict[tuple[str, ...], tuple[str, ...]]) -> Iterator[str]:
    """Yield every place where a file says something else than the release's CSV."""
    by_kpi: dict[str, dict[tuple[str, ...], tuple[str, ...]]] = defaultdict(dict)
    for key, values in table.items():
        by_kpi[key[0]][key] = values
    for name, rows in ((NAME, table), *((f"{kpi}/{kpi}", rows) for kpi, rows in by_kpi.items())):
        path = folder / name
        if (folder / f"{name}.csv").is_file():
            found = rows_of_csv((folder / f"{name}.csv").read_text("utf-8"))
            yield from _differ(f"{name}.csv", rows, found)
        told = json.loads((folder / f"{name}.json").read_text("utf-8"))
        found = {tuple(str(r[c]) for c in ROW): tuple(_number(r[c]) for c in VALUES) for r in told["rows"]}
        yield from _differ(f"{name}.json", rows, found)
        for kind in ("years", "months"):
            yield from _standard(path.with_name(f"{path.name}-{kind}.csv"), rows, kind)
    found = rows_of_workbook(folder / f"{NAME}.ods")  # not all of them
    yield from _differ(f"{NAME}.ods", {key: values for key, values in table.items() if key in found}, found)
    for kpi, rows in by_kpi.items():
        yield from _page(folder / kpi / "index.html", rows)
    yield from _page(folder / "index.html", table)


def _number(value: object) -> str:
    """Return a number of JSON as the CSV prints it."""
    return value if isinstance(value, str) else json.dumps(value)


def _differ(
    file: str, rows: dict[tuple[str, ...], tuple[str, ...]], found: dict[tuple[str, ...], tuple[str, ...]]
) -> Iterator[str]:
    for key in sorted(rows.keys() | found.keys()):
        here, there = rows.get(key), found.get(key)
        if here is None or there is None or not all(map(_alike, here, there)):
            yield f"{file}: {' / '.join(key)}: {there}, and {here} in the CSV"


def _alike(one: str, other: str) -> bool:
    if one == other or one in SYMBOLS or other in SYMBOLS:
        return one == other
    return Fraction(one) == Fraction(other)


def rows_of_workbook(path: Path) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Return the rows of all sheets that have the columns of the CSV, symbols without brackets."""
    with zipfile.ZipFile(path) as packed:
        content = ElementTree.fromstring(packed.read("content.xml"))
    office, table = (
        "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}",
        "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}",
    )
    found: dict[tuple[str, ...], tuple[str, ...]] = {}
    for sheet in content.iter(f"{table}table"):
        head: list[str] = []
        for line in sheet.iter(f"{table}table-row"):
            cells = []
            for cell in line.iter(f"{table}table-cell"):
                value = cell.get(f"{office}value") or "".join(cell.itertext())
                cells += [value.strip("[]")] * int(cell.get(f"{table}number-columns-repeated", "1"))
            if set(ROW) <= set(cells):
                head = cells
            elif head:
                row = dict(zip(head, cells, strict=False))
                found[tuple(row.get(c, "") for c in ROW)] = tuple(row.get(c, "") for c in VALUES)
    return found


MONTHS = "January February March April May June July August September October November December".split()


def _standard(path: Path, rows: dict[tuple[str, ...], tuple[str, ...]], kind: str) -> Iterator[str]:
    """Yield what a file of DfE's standard says that no row of the CSV says of the same thing."""
    if not path.is_file():
        return
    known: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for (kpi, measure, period, day, _, item), values in rows.items():
        time = day if kind == "months" else period
        for part, value in zip(VALUES, values, strict=True):
            for column in (f"{measure}_{part}", f"{kpi.replace('-', '_')}_{measure}_{part}"):
                known[time, item, column].add(value)
    for row in csv.DictReader(io.StringIO(path.read_text("utf-8"))):
        time = row["time_period"]
        if kind == "months":
            first = date(int(time), MONTHS.index(row["time_identifier"]) + 1, 1)
            time = ((first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)).isoformat()
        for column, value in row.items():
            place = row["region_name"] or row.get("category", "Total")
            said = known[time, place, column.removesuffix("_count") + "_numerator" * column.endswith("_count")]
            if column.endswith((*VALUES, "_count")) and value not in {"z", "x", *said}:
                yield f"{path.name}: {time} / {place} / {column}: {value}, not in the CSV"


class _Tables(HTMLParser):
    """The tables of a page, and what its drawings say: words, and the points of their lines."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.words: list[str] = []
        self.comments: list[str] = []
        self._into: list[str] | None = None

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr" and self.tables:
            self.tables[-1].append([])
        elif tag in {"td", "th"} and self.tables and self.tables[-1]:
            self.tables[-1][-1].append("")
            self._into = self.tables[-1][-1]
        elif tag in {"text", "title", "desc"}:
            self.words.append("")
            self._into = self.words
        self.words += [text for name in ("aria-label", "alt", "title") if (text := given.get(name))]
        self.words += [text for name, text in attributes if name.startswith("data-") and text]

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th", "text", "title", "desc"}:
            self._into = None

    def handle_data(self, data: str) -> None:
        if self._into is not None:
            self._into[-1] += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


_FIGURE = re.compile(r"\d[\d,]*(?:\.\d+)?")
_DAYS = re.compile(
    rf"\b\d+ days?\b|\b\d{{1,2}} (?:{'|'.join(MONTHS)})\b|\b20\d\d\b|\bChanges? \d+(?:(?:, \d+)* and \d+)?"
)

_POINTS = re.compile(
    r"\b\d+ of (?:its )?\d+ (?:points )?cannot be shown|\b(?:rises|falls) by [\d,]+, from (?=\d)|\b16 plus\b"
)
"""How many points or bars a drawing leaves out; the way between two numbers that follow; a phase of schools."""


def _between(line: list[str]) -> Fraction | None:
    """What is between the figure of a row and that of the year before, which stand on either side of the change.

    At the decimals that both have, halves up.
    """
    sides = [_FIGURE.search(cell) for cell in line[1:4:2]]
    figures = [Decimal(one[0].replace(",", "")) for one in sides if one]
    if len(figures) < len(sides):
        return None
    places = min(-int(one.as_tuple().exponent) for one in figures)
    now, before = (one.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP) for one in figures)
    return Fraction(abs(now - before))


def _page(path: Path, rows: dict[tuple[str, ...], tuple[str, ...]]) -> Iterator[str]:
    """Yield each number in a table, a drawing or a comment of a page that its figures do not explain.

    Explained are the values of the CSV, differences of two percentages or unit costs, and in a drawing the marks of its
    axis.
    """
    page = _Tables()
    page.feed(path.read_text("utf-8").replace("\N{NO-BREAK SPACE}", " "))
    shares = {Fraction(one) for one in {one for values in rows.values() for one in values[2:]} - SYMBOLS}
    known = shares | {Fraction(one) for one in {one for values in rows.values() for one in values} - SYMBOLS}
    where = f"{path.parent.name}/{path.name}"
    for table in page.tables:
        for line in table:
            for head, cell in itertools.zip_longest(table[0][1 : len(line)], line[1:], fillvalue=""):
                if "days" in head.lower().split():  # how old a source is, and may be
                    continue
                figures = [Fraction(one.replace(",", "")) for one in _FIGURE.findall(_DAYS.sub(" ", cell))]
                if head.startswith("Change") and figures == [_between(line)]:
                    continue
                if not all(one in known or _is_difference(one, shares) for one in figures):
                    yield f"{where}: table, {line[0].strip()}: {cell.strip()} is no figure of the CSV"
    for text in page.words:
        for one in _FIGURE.findall(_POINTS.sub(" ", _DAYS.sub(" ", text))):
            figure = Fraction(one.replace(",", ""))
            is_tick = figure % 5 == 0 or re.fullmatch(r"£\d+", text.strip())
            if not (figure in known or is_tick or _is_difference(figure, shares)):
                yield f"{where}: drawing, {text.strip()[:60]!r}: {one} is no figure of the CSV"
    for comment in page.comments:
        yield f"{where}: comment, {comment.strip()[:60]!r}"


def _is_difference(figure: Fraction, shares: set[Fraction]) -> bool:
    return any(one + figure in shares for one in shares)
