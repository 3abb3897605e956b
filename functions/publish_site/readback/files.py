"""Downloads as a reader's programme sees them: the cells of CSV, JSON and ODS, every value with its place."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn
from xml.etree import ElementTree

from functions.publish_site.readback.archives import archive_members
from functions.publish_site.readback.errors import ReadbackError

Leaf = str | int | float | bool | None
Path = tuple[str | int, ...]

WIDEST_ROW = 1_000
"""Cells of a row of an ODS sheet, repeats counted: one that claims more is broken, or made to be."""

_ODS = {
    "office": "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
    "table": "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
    "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
}


@lru_cache(maxsize=1)  # the gate and the scanner read the same file, one after the other
def csv_rows(file: str, body: bytes) -> tuple[tuple[str, ...], ...]:
    """Return the rows of a CSV file, the header first; :class:`ReadbackError` unless it is a rectangle in UTF-8."""
    try:
        rows = tuple(map(tuple, csv.reader(io.StringIO(body.decode("utf-8"), newline=""), strict=True)))
    except (UnicodeDecodeError, csv.Error):
        raise ReadbackError(file, "the file", "it is not CSV in UTF-8") from None
    if not rows or len({len(row) for row in rows}) != 1:
        raise ReadbackError(file, "the file", "it is not a rectangle")
    return rows


def json_value(file: str, body: bytes) -> Any:
    """Return what a JSON file says; :class:`ReadbackError` for a name given twice, NaN, or no JSON at all."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        read = dict(pairs)
        if len(read) != len(pairs):
            raise ReadbackError(file, "the file", "an object says the same name twice")
        return read

    def refused(_: str) -> NoReturn:
        raise ReadbackError(file, "the file", "a number that JSON does not have")

    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=once, parse_constant=refused)
    except ValueError:
        raise ReadbackError(file, "the file", "it is not JSON in UTF-8") from None


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Leaf]]:
    """Yield every value inside a JSON value with its path, and every name of an object as a value of its own."""
    if isinstance(value, dict):
        for name, inside in value.items():
            yield (*path, "(name)"), name
            yield from leaves(inside, (*path, name))
    elif isinstance(value, list):
        for index, inside in enumerate(value):
            yield from leaves(inside, (*path, index))
    else:
        yield path, value


@dataclass(frozen=True)
class Sheet:
    """A sheet of a workbook: the texts that a reader sees, row by row, and the values behind them where they differ."""

    name: str
    rows: tuple[tuple[str, ...], ...]
    values: tuple[tuple[str, ...], ...]


def ods_parts(file: str, body: bytes) -> dict[str, bytes]:
    """Return every member of a workbook; :class:`ReadbackError` unless it is an archive of them and nothing else."""
    parts = archive_members(file, body)
    if "content.xml" not in parts:
        raise ReadbackError(file, "the file", "it is not an ODS workbook")
    return parts


@lru_cache(maxsize=1)  # the gate and the scanner read the same workbook
def ods_sheets(file: str, body: bytes) -> list[Sheet]:
    """Return the sheets of an ODS workbook; :class:`ReadbackError` for one that cannot be read."""
    content = ods_parts(file, body)["content.xml"]
    if b"<!ENTITY" in content or b"<!DOCTYPE" in content:
        raise ReadbackError(file, "content.xml", "a workbook declares no entities")
    try:
        root = ElementTree.fromstring(content)  # noqa: S314  our own file, and it declares no entities
    except ElementTree.ParseError:
        raise ReadbackError(file, "content.xml", "it is not XML") from None
    return [_sheet(file, table) for table in root.iter(_name("table", "table"))]


def _sheet(file: str, table: ElementTree.Element) -> Sheet:
    rows: list[tuple[str, ...]] = []
    values: list[tuple[str, ...]] = []
    cells = {_name("table", "table-cell"), _name("table", "covered-table-cell")}
    shown, repeated = _name("office", "value"), _name("table", "number-columns-repeated")
    for row in table.iter(_name("table", "table-row")):
        texts: list[str] = []
        behind: list[str] = []
        empty = 0
        for cell in row:
            if cell.tag not in cells:
                continue
            text = _text(cell)
            value = cell.get(shown, text)
            times = int(cell.get(repeated, "1"))
            if not text and not value:
                empty += times
                continue
            if len(texts) + empty + times > WIDEST_ROW:
                raise ReadbackError(file, "content.xml", "a row with too many cells")
            texts += [""] * empty + [text] * times
            behind += [""] * empty + [value] * times
            empty = 0
        if texts:
            rows.append(tuple(texts))
            values.append(tuple(behind))
    return Sheet(table.get(_name("table", "name"), ""), tuple(rows), tuple(values))


def _text(cell: ElementTree.Element) -> str:
    """All that can be read in a cell: its paragraphs, with whatever is in them."""
    if len(cell) == 1 and cell[0].tag == _PARAGRAPH and not len(cell[0]):  # as nearly all of them are
        return cell[0].text or ""
    return "\n".join("".join(part.itertext()) for part in cell.iter(_PARAGRAPH))


def _name(space: str, tag: str) -> str:
    return f"{{{_ODS[space]}}}{tag}"


_PARAGRAPH = _name("text", "p")
