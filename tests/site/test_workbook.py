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
from functions.publish_site.files import opendata, workbook

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
    names = list(sheets)[3:]
    return {kpi.id: sheets[name] for kpi, name in zip(protected.kpis, names, strict=True)}


def test_the_workbook_has_cover_contents_notes_and_a_table_for_each_indicator(
    protected: Protected, sheets: dict[str, list[list[str]]]
) -> None:
    assert list(sheets)[:3] == ["Cover", "Contents", "Notes"]
    assert len(sheets) == 3 + len(protected.kpis)
    told = " ".join(row[0] for row in sheets["Contents"])
    for name, kpi in zip(list(sheets)[3:], protected.kpis, strict=True):
        assert f"{name}: {kpi.description.title}" in told
    assert protected.release in sheets["Cover"][1][0]


def test_names_of_sheets_are_whole_and_told_apart(protected: Protected, sheets: dict[str, list[list[str]]]) -> None:
    assert len({name.lower() for name in sheets}) == len(sheets)
    assert all(len(name) <= 31 and not set(name) & set("[]*?:/\\'") for name in sheets)
    for number, (name, kpi) in enumerate(zip(list(sheets)[3:], protected.kpis, strict=True), 1):
        assert name.lower() == f"{number} {kpi.id.replace('-', ' ')}", "no word cut off"
    with pytest.raises(ValueError, match="31"):
        workbook.sheet_name(10, "a-folder-with-a-name-far-too-long")


def test_each_entry_of_the_contents_leads_to_its_sheet_and_each_sheet_back(book: Any, sheets: Any) -> None:
    links = {
        sheet.getAttribute("name"): [(str(one), one.getAttribute("href")) for one in sheet.getElementsByType(text.A)]
        for sheet in book.spreadsheet.getElementsByType(table.Table)
    }
    entries = links["Contents"]
    assert [said.partition(":")[0] for said, _ in entries] == ["Notes", *list(sheets)[3:]]
    for said, target in entries:
        name = said.partition(":")[0]
        assert target == f"#'{name}'.A1"
    for name in list(sheets)[3:]:
        assert ("Contents", "#'Contents'.A1") in links[name]


def test_a_sheet_says_where_the_rest_is(protected: Protected, book: Any) -> None:
    for sheet, kpi in zip(book.spreadsheet.getElementsByType(table.Table)[3:], protected.kpis, strict=True):
        links = [one.getAttribute("href") for one in sheet.getElementsByType(text.A)]
        assert f"https://localhost/releases/{protected.release}/{kpi.id}/{kpi.id}.csv" in links


def test_every_cell_is_that_of_the_csv_with_its_symbol_in_brackets_and_no_sheet_is_too_long(
    protected: Protected, files: dict[str, bytes], sheets: dict[str, list[list[str]]]
) -> None:
    for kpi_id, rows in data(protected, sheets).items():
        wanted = list(csv.reader(io.StringIO(files[f"{kpi_id}/{kpi_id}.csv"].decode(), newline="")))
        start = rows.index(wanted[0])
        said = [[cell[1:-1] if cell[:1] == "[" else cell for cell in row] for row in rows[start:]]
        head, *every = wanted
        assert said[0] == head
        assert said[1:] == [row for row in every if belongs(protected, kpi_id, dict(zip(head, row, strict=True)))]
        for row in rows[start + 1 :]:
            assert not set(row[-3:]) & set(words.SYMBOLS), "a symbol stands in brackets"


def test_a_sheet_has_no_part_of_england_of_long_ago(protected: Protected) -> None:
    kpi = next(kpi for kpi in protected.kpis if kpi.id == "school-participation")
    regional = next(one for one in kpi.figures if one.breakdown == "region")
    old = next(one for one in kpi.points if not (one.is_current or one.is_comparison))
    longer = kpi.model_copy(
        update={"figures": (*kpi.figures, regional.model_copy(update={"period": old.period, "as_of": old.as_of}))}
    )
    before, after = (KpiFigures(one) for one in (kpi, longer))
    every = opendata.rows(after)
    assert len(every) == len(opendata.rows(before)) + 1
    assert workbook.newest_or_england(after, every) == opendata.rows(before)


def belongs(protected: Protected, kpi_id: str, row: dict[str, str]) -> bool:
    """Whether a row is England's, or stands at the newest point or the one that is compared with it."""
    (kpi,) = [kpi for kpi in protected.kpis if kpi.id == kpi_id]
    (measure,) = [one for one in kpi.description.measures if one.id == row["measure"]]
    newest = [
        (one.as_of.isoformat(), one.period_label)
        for one in kpi.points
        if one.family == measure.family and (one.is_current or one.is_comparison)
    ]
    years = f"{row['time_period'][:4]} to {row['time_period'][:2]}{row['time_period'][4:]}"
    return row["breakdown"] == "Total" or any(day == row["as_of"] and years in label for day, label in newest)


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
        assert all(widths) and len(widths) == len(words.SYMBOLS) + 14
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
