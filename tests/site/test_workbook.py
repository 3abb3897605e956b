"""The workbook of a release, read by a reader that is not ours: the cells of the CSV, and what accessibility asks."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from odf import opendocument, table, text

from functions.publish_site import words
from functions.publish_site.figures import KpiFigures
from functions.publish_site.files import workbook

if TYPE_CHECKING:
    from placements_kpi.results import Protected

FILE = "school-placements-performance.ods"


@pytest.fixture(scope="module")
def book(files: dict[str, bytes]) -> Any:
    return opendocument.load(io.BytesIO(files[FILE]))


@pytest.fixture(scope="module")
def sheets(book: Any) -> dict[str, list[list[str]]]:
    """Texts of each sheet, row by row, as odfpy reads them."""
    return {
        sheet.getAttribute("name"): [
            ["".join(map(str, cell.getElementsByType(text.P))) for cell in row.getElementsByType(table.TableCell)]
            for row in sheet.getElementsByType(table.TableRow)
        ]
        for sheet in book.spreadsheet.getElementsByType(table.Table)
    }


def data(protected: Protected, sheets: dict[str, list[list[str]]]) -> dict[str, list[list[str]]]:
    """The sheet of each KPI."""
    names = [workbook.sheet_name(number, KpiFigures(kpi)) for number, kpi in enumerate(protected.kpis, 1)]
    return {kpi.id: sheets[name] for kpi, name in zip(protected.kpis, names, strict=True)}


def test_the_workbook_has_cover_contents_notes_and_a_table_for_each_indicator(
    protected: Protected, sheets: dict[str, list[list[str]]]
) -> None:
    assert list(sheets)[:3] == ["Cover", "Contents", "Notes"]
    assert len(sheets) == 3 + len(protected.kpis)
    assert all(len(name) <= 31 for name in sheets)
    told = " ".join(row[0] for row in sheets["Contents"])
    for name, kpi in zip(list(sheets)[3:], protected.kpis, strict=True):
        assert f"{name}: {kpi.description.title}" in told
    assert protected.release in sheets["Cover"][1][0]


def test_every_cell_is_that_of_the_csv_with_its_symbol_in_brackets(
    protected: Protected, files: dict[str, bytes], sheets: dict[str, list[list[str]]]
) -> None:
    for kpi_id, rows in data(protected, sheets).items():
        wanted = list(csv.reader(io.StringIO(files[f"{kpi_id}/{kpi_id}.csv"].decode(), newline="")))
        start = rows.index(wanted[0])
        said = [[cell[1:-1] if cell[:1] == "[" else cell for cell in row] for row in rows[start:]]
        assert said == wanted, kpi_id
        for row in rows[start + 1 :]:
            assert not set(row[-3:]) & set(words.SYMBOLS), "a symbol stands in brackets"


def test_numbers_are_numbers_and_not_texts(book: Any) -> None:
    kinds = {"float": 0, "string": 0}
    for sheet in book.spreadsheet.getElementsByType(table.Table)[3:]:
        for cell in sheet.getElementsByType(table.TableCell):
            said = "".join(map(str, cell.getElementsByType(text.P)))
            kind = cell.getAttribute("valuetype")
            if kind is None:
                assert said == ""
                continue
            kinds[kind] += 1
            if kind == "float":
                assert cell.getAttribute("value") == said
    assert min(kinds.values()) > 100


def test_the_symbols_of_a_table_are_explained_above_it(
    protected: Protected, sheets: dict[str, list[list[str]]]
) -> None:
    for kpi_id, rows in data(protected, sheets).items():
        start = next(number for number, row in enumerate(rows) if len(row) > 1)
        above = [row[0] for row in rows[:start]]
        used = {cell for row in rows[start:] for cell in row if cell.startswith("[")}
        assert {line.partition(" ")[0] for line in above if line.startswith("[")} == used, kpi_id


def test_each_table_has_a_marked_header_row_and_no_merged_cells(book: Any) -> None:
    for sheet in book.spreadsheet.getElementsByType(table.Table)[3:]:
        assert len(sheet.getElementsByType(table.TableHeaderRows)) == 1
        assert not sheet.getElementsByType(table.CoveredTableCell)
        widths = [column.getAttribute("stylename") for column in sheet.getElementsByType(table.TableColumn)]
        assert all(widths) and len(widths) == len(words.SYMBOLS) + 13
    assert all(row for sheet in book.spreadsheet.getElementsByType(table.Table) for row in sheet.childNodes)


def test_the_workbook_says_its_title_and_language(files: dict[str, bytes]) -> None:
    with zipfile.ZipFile(io.BytesIO(files[FILE])) as archive:
        first = archive.infolist()[0]
        assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
        assert archive.read("mimetype").decode() == workbook.MIME
        assert "<dc:title>School placements performance</dc:title>" in archive.read("meta.xml").decode()
        assert "<dc:language>en-GB</dc:language>" in archive.read("meta.xml").decode()
        assert 'fo:language="en" fo:country="GB"' in archive.read("styles.xml").decode()
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
