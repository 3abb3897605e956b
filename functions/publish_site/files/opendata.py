"""Open data: the figures of a release as rows, and those rows as CSV and JSON.

Columns follow DfE's standard for Explore Education Statistics: time, geography, filters,
indicators. A geography column that does not apply to a row is empty, as that standard
asks; a filter is never empty, and an indicator is a number or a bare symbol.
"""

from __future__ import annotations

import csv
import io
import json
from functools import cache, partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from functions.publish_site import words
from functions.publish_site.figures import NATIONAL, KpiFigures, revisions
from functions.publish_site.files.columns import COLUMN_WORDS, COLUMNS, ENGLAND, numbers_of
from functions.publish_site.pages import sentences
from functions.publish_site.words import SYMBOLS, Cell
from placements_kpi.errors import PlacementsKpiError
from placements_kpi.store import canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from functions.publish_site.figures import Shown
    from placements_kpi.results import Measure, Protected, Revision, SeriesBreak
    from placements_kpi.results import Shown as Side

_PERIODS = {
    "recruitment_cycle": "Recruitment cycle",
    "register_year": "Academic year from August",
    "placements_year": "Academic year from September",
}

Row = dict[str, str | Cell]


class OpenDataError(PlacementsKpiError):
    """Figures cannot be written as open data."""


def rows(figures: KpiFigures) -> list[Row]:
    """Return the published rows of one KPI, in a fixed order; text columns as text, indicators as cells."""
    points = {(point.family, point.period, point.as_of): point for point in figures.kpi.points}
    kinds = {measure.id: index for index, measure in enumerate(figures.kpi.description.measures)}
    ordered = sorted(
        figures.kpi.figures,
        key=lambda figure: (
            kinds[figure.measure],
            figure.period,
            figure.as_of,
            figure.breakdown != "national",
            figure.breakdown,
        ),
    )
    written: list[Row] = []
    # Of some thousands of figures most stand in the same few places.
    place, part = (cache(partial(find, figures)) for find in (_place, _part))
    for figure in ordered:
        measure = figures.measure(figure.measure)
        point = points.get((measure.family, figure.period, figure.as_of))
        if point is None:
            raise OpenDataError(
                f"KPI {figures.kpi.id}: {figure.measure} stands at {figure.as_of}, which is none of its points; "
                "compute_kpis must write a point for every figure"
            )
        said = figures.at(measure, point, (figure.breakdown, figure.category))
        written.append(
            {
                **time_of(figures.family(measure).period, figure.period),
                **place(figure.breakdown, figure.category),
                "kpi": figures.kpi.id,
                "measure": figure.measure,
                **part(figure.breakdown, figure.category),
                "as_of": figure.as_of.isoformat(),
                "unit": measure.unit,
                "figure_status": figures.status(measure, point, figure),
                **_numbers(measure, said),
            }
        )
    return written


def _numbers(measure: Measure, said: Shown) -> dict[str, Cell]:
    """Return the indicators of a row: of a percentage and a unit cost, the one that the measure is."""
    last = numbers_of(measure)[-1]
    cells = {"numerator": said.numerator, "denominator": said.denominator}
    return cells | {name: said.value if name == last else Cell(None, "z") for name in ("percentage", "unit_cost")}


def csv_rows(table: list[Row]) -> bytes:
    """Return rows as lines of CSV by RFC 4180, in UTF-8; :class:`OpenDataError` for text a spreadsheet would run."""
    for text in {cell for row in table for cell in row.values() if isinstance(cell, str)}:
        text_cell(text)
    in_order = itemgetter(*COLUMNS)
    return csv_lines([cell if isinstance(cell, str) else cell.plain for cell in in_order(row)] for row in table)


def csv_file(*tables: bytes) -> bytes:
    """Return the lines of one table after another, as :func:`csv_rows` gives them, as one CSV file."""
    return b"".join((csv_lines([COLUMNS]), *tables))


def json_rows(table: list[Row]) -> list[str]:
    """Return each row as an object of JSON: indicators as numbers or bare symbols."""
    encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True).encode
    return [
        encode({column: value.json if isinstance(value, Cell) else value for column, value in row.items()})
        for row in table
    ]


def json_revisions(figures: KpiFigures, document: Protected) -> list[dict[str, Any]]:
    """Return what one KPI's rows said in the release before, where that was something else, and why it changed."""
    return [
        {
            **time_of(figures.family(figures.measure(revision.measure)).period, revision.period),
            **_place(figures, revision.breakdown, revision.category),
            "kpi": revision.kpi,
            "measure": revision.measure,
            **_part(figures, revision.breakdown, revision.category),
            "as_of": revision.as_of.isoformat(),
            "was": _json_side(figures, revision, revision.was),
            "now": _json_side(figures, revision, revision.now),
            "reason": revision.reason,
        }
        for revision in revisions(figures, document)
    ]


def _json_side(figures: KpiFigures, revision: Revision, side: Side) -> dict[str, Any]:
    cells = _numbers(figures.measure(revision.measure), figures.side(revision, side))
    return {name: cell.json for name, cell in cells.items()}


def json_file(document: Protected, published: str, kpis: list[KpiFigures], table: Iterable[str]) -> bytes:
    """Return ``table``, what :func:`json_rows` gives of ``kpis``, with what its reader needs; a row is a line."""
    body = canonical_json(
        {
            "title": words.SERVICE_NAME,
            "status": words.NOT_STATISTICS,
            "licence": words.LICENCE,
            "release": document.release,
            "published": published,
            "as_of": document.as_of.isoformat(),
            "demonstration": document.demonstration,
            "columns": COLUMN_WORDS,
            "symbols": SYMBOLS,
            "sources": [
                facts.model_dump(mode="json", include={"source", "title", "as_of"}) for facts in document.sources
            ],
            "disclosure_control": document.disclosure.model_dump(mode="json"),
            "kpis": [
                {
                    "id": figures.kpi.id,
                    "title": figures.kpi.description.title,
                    "state": figures.kpi.state,
                    "as_of": figures.kpi.as_of.isoformat() if figures.kpi.as_of else None,
                    "definition_version": figures.kpi.description.definition_version,
                    "missing_sources": figures.kpi.missing,
                    "measures": {measure.id: measure.title for measure in figures.kpi.description.measures},
                    **_aim(figures),
                    "breaks": [_break(figures, change) for change in figures.kpi.description.breaks],
                }
                for figures in kpis
            ],
            "compared_with": document.compared_with,
            "revisions": [revision for figures in kpis for revision in json_revisions(figures, document)],
            "rows": [],
        }
    )
    told = ",\n  ".join(table)
    return body.replace(b'\n "rows": []', f'\n "rows": [\n  {told}\n ]'.encode() if told else b'\n "rows": []')


def _aim(figures: KpiFigures) -> dict[str, Any]:
    """The headline, what it should do, and whether it does so, as the first page says it."""
    description, verdict = figures.kpi.description, sentences.verdict(figures)
    return {
        "headline": description.headline,
        "direction": description.direction,
        "target": description.target.model_dump(mode="json"),
        "verdict": {"met": verdict.met, "final": verdict.final, "text": verdict.label},
    }


def _break(figures: KpiFigures, change: SeriesBreak) -> dict[str, Any]:
    """A day from which figures are less comparable with earlier ones, with all the measures that it concerns."""
    concerned = [measure.id for measure in figures.kpi.description.measures if change.concerns(measure.id)]
    return {**change.model_dump(mode="json"), "measures": concerned}


def csv_lines(rows: Iterable[Iterable[str]]) -> bytes:
    """Return rows as lines of CSV by RFC 4180, in UTF-8."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerows(rows)
    return buffer.getvalue().encode()


def text_cell(value: str) -> str:
    """Return a text for CSV as it is; :class:`OpenDataError` for one that a spreadsheet would run."""
    if value[:1] in set("=+-@\t\r"):
        raise OpenDataError(f"the text {value!r} would be read as a formula by a spreadsheet; change the label")
    return value


def harmless_cell(value: str) -> str:
    """Return a text that an operator wrote so that no spreadsheet runs it: after an apostrophe, where one would.

    The way of OWASP, CSV injection (https://owasp.org/www-community/attacks/CSV_Injection), wide forms included.
    """
    return f"'{value}" if value[:1] in set("=+-@\t\r＝＋－＠") else value


def time_of(kind: str, period: int) -> dict[str, str]:
    """Return the two columns that say which period a figure is of."""
    if kind == "twelve_months":
        year, month = divmod(period, 100)
        return {"time_period": f"{year}", "time_identifier": f"Twelve months to {words.MONTHS[month - 1]}"}
    return {"time_period": six_digits(kind, period), "time_identifier": _PERIODS[kind]}


def six_digits(kind: str, period: int) -> str:
    """Return the two years that a period spans, ``202526``."""
    first = period - 1 if kind == "recruitment_cycle" else period  # cycle Y opens in the October of Y - 1
    return f"{first}{(first + 1) % 100:02d}"


def region_code(category: str) -> str:
    """Return the code of a region as the files have it; ``x`` where it is not available."""
    return "x" if category == "not_available" else category


def _place(figures: KpiFigures, breakdown: str, category: str) -> dict[str, str]:
    place = dict(zip(("country_code", "country_name"), ENGLAND, strict=True))
    if not figures.regional(breakdown):
        return {"geographic_level": "National", **place, "region_code": "", "region_name": ""}
    return {
        "geographic_level": "Regional",
        **place,
        "region_code": region_code(category),
        "region_name": category_label(figures, breakdown, category),
    }


def _part(figures: KpiFigures, breakdown: str, category: str) -> dict[str, str]:
    if (breakdown, category) == NATIONAL:
        return {"breakdown": "Total", "category": "Total"}
    title = next((part.title for part in figures.kpi.description.breakdowns if part.id == breakdown), breakdown)
    return {"breakdown": title, "category": category_label(figures, breakdown, category)}


def category_label(figures: KpiFigures, breakdown: str, category: str) -> str:
    """Return the category's label from the KPI's description; its code where it has none."""
    for part in figures.kpi.description.breakdowns:
        if part.id == breakdown:
            for entry in part.categories:
                if entry.code == category:
                    return entry.label
    return category


def note_file(note: dict[str, str]) -> bytes:
    """Return one record as CSV: what stands in place of a file that was withdrawn."""
    return csv_lines([note, [harmless_cell(value) for value in note.values()]])
