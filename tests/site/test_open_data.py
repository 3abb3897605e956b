"""Page, CSV and JSON say the same, cell by cell, and never leave one blank."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from functions.publish_site import words
from functions.publish_site.figures import KpiFigures, shown
from functions.publish_site.files import opendata
from functions.publish_site.files.columns import INDICATORS, TEXT_COLUMNS
from functions.publish_site.pages.series import over_time
from functions.publish_site.words import Cell
from tests.site.html import Page
from tests.site.protected_document import AS_OF, REGIONS, document

if TYPE_CHECKING:
    from placements_kpi.results import Protected

Row = dict[str, str]


def read_csv(body: bytes) -> list[Row]:
    text = body.decode("utf-8")
    assert not text.startswith("\ufeff")
    assert "\r\n" in text and not re.search(r"(?<!\r)\n", text)
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert {len(row) for row in rows} == {len(rows[0])}, "a CSV file is rectangular"
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def as_html(row: Row, column: str) -> str:
    """How a cell of the CSV reads in the page."""
    value = row[column]
    if value in words.SYMBOLS:
        return f"[{value}]"
    number = f"{float(value):,.{len(value.partition('.')[2])}f}"
    return f"{number}%" if column == "percentage" else number


def kpi_ids(protected: Protected) -> list[str]:
    return [kpi.id for kpi in protected.kpis]


def test_every_figure_of_the_document_is_in_the_csv_once(protected: Protected, files: dict[str, bytes]) -> None:
    for kpi in protected.kpis:
        rows = read_csv(files[f"{kpi.id}/{kpi.id}.csv"])
        assert len(rows) == len(kpi.figures)
        keys = {tuple(row[column] for column in TEXT_COLUMNS) for row in rows}
        assert len(keys) == len(rows), "no two rows say where they are alike"


def test_csv_and_json_are_the_same_rows(protected: Protected, files: dict[str, bytes]) -> None:
    for kpi_id in kpi_ids(protected):
        table = read_csv(files[f"{kpi_id}/{kpi_id}.csv"])
        document_ = json.loads(files[f"{kpi_id}/{kpi_id}.json"])
        assert set(document_["columns"]) == set(table[0])
        for row, other in zip(table, document_["rows"], strict=True):
            assert set(row) == set(other)
            for column, value in row.items():
                assert _same(value, other[column]), (column, row, other)


def _same(text: str, value: Any) -> bool:
    return value == text if isinstance(value, str) else float(text) == value and not isinstance(value, bool)


def test_the_release_files_are_those_of_the_indicators_together(protected: Protected, files: dict[str, bytes]) -> None:
    whole = read_csv(files["school-placements-performance.csv"])
    assert whole == [row for kpi_id in kpi_ids(protected) for row in read_csv(files[f"{kpi_id}/{kpi_id}.csv"])]
    assert len(json.loads(files["school-placements-performance.json"])["rows"]) == len(whole)


def test_indicators_are_numbers_or_symbols_and_filters_are_filled(
    protected: Protected, files: dict[str, bytes]
) -> None:
    seen = set()
    for row in read_csv(files["school-placements-performance.csv"]):
        for column in INDICATORS:
            assert row[column] in words.SYMBOLS or re.fullmatch(r"\d+(\.\d)?", row[column]), row
            seen.add(row[column])
        for column in set(TEXT_COLUMNS) - {"region_code", "region_name"}:
            assert row[column].strip(), (column, row)
        assert re.fullmatch(r"20\d{4}", row["time_period"])
        assert int(row["time_period"][4:]) == (int(row["time_period"][:4]) + 1) % 100
        assert (row["geographic_level"] == "National") == (row["region_code"] == "") == (row["region_name"] == "")
        if row["region_code"]:
            assert REGIONS.get(row["region_code"], "Not available") == row["region_name"]
    assert {"c", "x", "z"} <= seen, "the document has figures that cannot be shown"


def test_a_percentage_follows_from_the_counts_beside_it(files: dict[str, bytes]) -> None:
    for row in read_csv(files["school-placements-performance.csv"]):
        if all(row[column] not in words.SYMBOLS for column in INDICATORS):
            exact = 100 * int(row["numerator"]) / int(row["denominator"])
            places = len(row["percentage"].partition(".")[2])
            assert abs(exact - float(row["percentage"])) <= 0.5 / 10**places + 1e-9, row


def test_the_series_table_of_the_page_is_the_csv(protected: Protected, files: dict[str, bytes]) -> None:
    """Every cell of the table beside the chart of each headline is found again in the CSV, and the reverse."""
    for kpi in protected.kpis:
        figures = KpiFigures(kpi)
        headline = figures.headline
        column = "percentage" if headline.kind == "rate" else "numerator"
        rows = [
            row
            for row in read_csv(files[f"{kpi.id}/{kpi.id}.csv"])
            if row["measure"] == headline.id and row["breakdown"] == "Total"
        ]
        tables = dict(Page.of(files[f"{kpi.id}/index.html"]).tables)
        yearly = figures.family(headline).series == "yearly"
        table = tables[f"{headline.title}, by {'year' if yearly else 'period'}"]
        if yearly:
            said = sorted((row[0].removesuffix(" [p]"), row[1]) for row in table[1:])
            assert said == sorted((_years(row), as_html(row, column)) for row in rows)
            continue
        in_page = {
            (name.removesuffix(" [p]"), line[0]): cell
            for line in table[1:]
            for name, cell in zip(table[0][1:], line[1:], strict=True)
        }
        in_csv = {(_years(row), _when(row)): as_html(row, column) for row in rows}
        assert in_csv.items() <= in_page.items()
        assert {cell for key, cell in in_page.items() if key not in in_csv} <= {"[x]", "[z]"}


def _years(row: Row) -> str:
    return f"{row['time_period'][:4]} to {row['time_period'][:2]}{row['time_period'][4:]}"


def _when(row: Row) -> str:
    day = date.fromisoformat(row["as_of"])
    following = date.fromordinal(day.toordinal() + 1)
    if following.day == 1:
        return f"End of {words.MONTHS[day.month - 1]}"
    return f"{day.day} {words.MONTHS[day.month - 1]}"


def test_the_tables_by_category_are_the_csv(protected: Protected, files: dict[str, bytes]) -> None:
    compared = 0
    for kpi in protected.kpis:
        figures = KpiFigures(kpi)
        rows = read_csv(files[f"{kpi.id}/{kpi.id}.csv"])
        tables = Page.of(files[f"{kpi.id}/index.html"]).tables
        for part in kpi.description.breakdowns:
            for measure in (figures.measure(one) for one in part.on_page):
                point = figures.current(measure)
                assert point is not None
                caption = f"{part.title}: {measure.title[0].lower()}{measure.title[1:]}, {words.day(point.as_of)}"
                table = next(body for name, body in tables if name == caption)
                wanted = {
                    row["category"]: [as_html(row, name) for name in INDICATORS]
                    for row in rows
                    if (row["measure"], row["as_of"]) == (measure.id, point.as_of.isoformat())
                    and row["breakdown"] in {part.title, "Total"}
                }
                for line in table[1:]:
                    numerator, denominator, percentage, _ = wanted[
                        "Total" if line[0] in {"England", "All"} else line[0]
                    ]
                    own = dict(zip((one.removesuffix(" [p]") for one in table[0]), line, strict=True))
                    if measure.kind == "rate":
                        assert (own["Per cent"], own["Out of"]) == (percentage, denominator)
                    assert own["Number"] == numerator
                    compared += 1
    assert compared > 50


def test_the_chart_is_drawn_from_the_cells_of_its_table(figures: dict[str, KpiFigures]) -> None:
    one = figures["school-take-up"]
    made = over_time(one, one.headline)
    assert made is not None
    point = one.current(one.headline)
    last = one.at(one.headline, point).value.text
    assert re.search(rf": {re.escape(last)}( \[p\])?</text>", made.drawing)
    assert any(isinstance(cell, Cell) and cell.text == last for row in made.table.rows for cell in row)


def test_a_missing_figure_is_not_available_and_never_zero(figures: dict[str, KpiFigures]) -> None:
    rate, count = figures["school-take-up"].headline, figures["school-participation"].headline
    assert [cell.plain for cell in _cells(shown(rate, None))] == ["x", "x", "x"]
    assert [cell.plain for cell in _cells(shown(count, None))] == ["x", "z", "x"]


def _cells(made: Any) -> list[Cell]:
    return [made.numerator, made.denominator, made.value]


def test_text_that_a_spreadsheet_would_run_is_refused() -> None:
    with pytest.raises(opendata.OpenDataError, match="formula"):
        opendata.text_cell("=HYPERLINK(1)")


def test_what_an_operator_wrote_is_shown_and_never_run() -> None:
    assert b"'=HYPERLINK(1)" in opendata.note_file({"reason": "=HYPERLINK(1)"})


def test_a_figure_that_stands_at_no_point_is_an_error() -> None:
    made = document().kpis[0]
    stray = made.figures[0].model_copy(update={"as_of": date(2020, 1, 1)})
    with pytest.raises(opendata.OpenDataError, match="none of its points"):
        opendata.rows(KpiFigures(made.model_copy(update={"figures": (*made.figures, stray)})))


def test_the_day_compared_with_has_its_cell_in_the_series(figures: dict[str, KpiFigures]) -> None:
    one = figures["school-take-up"]
    made = over_time(one, one.headline)
    assert made is not None
    row = next(row for row in made.table.rows if row[0] == words.day(AS_OF).rpartition(" ")[0])
    now, before, earlier = (cell.text for cell in row[1:] if isinstance(cell, Cell))
    assert now == one.at(one.headline, one.current(one.headline)).value.text
    assert before == one.at(one.headline, one.comparison(one.headline)).value.text
    assert earlier == "[x]", "nobody worked it out"
    assert [cell.text for cell in made.table.rows[-1][1:2] if isinstance(cell, Cell)] == ["[z]"], "not reached yet"


def test_the_json_says_what_is_aimed_at_whether_it_is_reached_and_what_changed(
    protected: Protected, files: dict[str, bytes]
) -> None:
    """A program need not read a page for it: the words are those of the card, the facts those of the description."""
    cards = [one.text for one in Page.of(files["index.html"]).elements if one.attributes.get("class") == "app-card"]
    whole = {kpi["id"]: kpi for kpi in json.loads(files["school-placements-performance.json"])["kpis"]}
    verdicts = []
    for kpi in protected.kpis:
        description = kpi.description
        (told,) = json.loads(files[f"{kpi.id}/{kpi.id}.json"])["kpis"]
        assert told == whole[kpi.id]
        assert (told["headline"], told["direction"]) == (description.headline, description.direction)
        assert told["target"] == {"value": description.target.value, "text": description.target.text}
        verdict = told["verdict"]
        verdicts.append(verdict["met"])
        (card,) = [text for text in cards if kpi.description.title in text]
        assert verdict["text"] in card
        met = {
            True: {"Target met", "Met so far"},
            False: {"Target not met", "Not yet met"},
            None: {"Cannot be said yet"},
        }
        assert verdict["text"] in met[verdict["met"]]
        assert verdict["final"] == verdict["text"].startswith("Target") or verdict["met"] is None
        assert [(one["on"], one["before"], one["after"]) for one in told["breaks"]] == [
            (str(one.on), one.before, one.after) for one in description.breaks
        ]
        every = [measure.id for measure in description.measures]
        for one, change in zip(told["breaks"], description.breaks, strict=True):
            assert one["measures"] == [measure for measure in every if measure in (change.measures or every)]
    assert {True, False} <= set(verdicts)
