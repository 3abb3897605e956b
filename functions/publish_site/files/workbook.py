"""One ODS workbook of a release: cover, contents, notes, then one table a sheet.

The format is a zip of a few XML files, and what is needed of it is little: that is
written here, so that nothing is imported for it and the same figures give the same bytes
(docs/decisions/0017). Sheets are built for screen readers: no empty rows or merged cells,
one table a sheet that starts in column A, its header row marked as one, a language and a title.

A sheet has what somebody looks up by hand, some hundred rows: England over time, and each part of a breakdown at the
newest point and the one that it is compared with. All figures are in the CSV, which each sheet names.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from functions.publish_site import words
from functions.publish_site.files.columns import COLUMN_WORDS, COLUMNS
from functions.publish_site.files.opendata import time_of
from functions.publish_site.words import SYMBOLS, Cell

if TYPE_CHECKING:
    from functions.publish_site.figures import KpiFigures
    from functions.publish_site.files.opendata import Row
    from placements_kpi.results import Protected

MIME = "application/vnd.oasis.opendocument.spreadsheet"

_LONGEST_NAME = 31
"""Letters of a sheet's name that every programme shows."""

_SPACES = " ".join(
    f'xmlns:{name}="{uri}"'
    for name, uri in {
        "office": "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
        "table": "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
        "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
        "style": "urn:oasis:names:tc:opendocument:xmlns:style:1.0",
        "fo": "urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0",
        "meta": "urn:oasis:names:tc:opendocument:xmlns:meta:1.0",
        "dc": "http://purl.org/dc/elements/1.1/",
        "xlink": "http://www.w3.org/1999/xlink",
    }.items()
)
_START = '<?xml version="1.0" encoding="UTF-8"?>\n'


class Line(NamedTuple):
    """A line above a table, or of a sheet of text: its style, what it says, and where it leads if it is a link."""

    style: str
    text: str
    to: str = ""


@dataclass(frozen=True)
class Sheet:
    """A sheet: lines of text in column A, and under them its table, header first, if it has one."""

    name: str
    lines: tuple[Line, ...]
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str | Cell, ...], ...] = ()


def release_workbook(
    document: Protected, published: str, host: str, tables: Sequence[tuple[KpiFigures, list[Row]]]
) -> bytes:
    """Return the workbook of a release published on the day ``published``: a sheet for each KPI with all its rows."""
    data = []
    for number, (figures, every) in enumerate(tables, 1):
        table, ident = newest_or_england(figures, every), figures.kpi.id
        lines = _above(figures, table, f"https://{host}/releases/{document.release}/{ident}/{ident}.csv")
        rows = tuple(tuple(row[name] for name in COLUMNS) for row in table)
        data.append(Sheet(sheet_name(number, ident), lines, COLUMNS, rows))
    cover = [
        ("Title", words.SERVICE_NAME),
        ("Text", f"Release {document.release}, published {published}"),
        ("Text", words.NOT_STATISTICS),
        ("Text", f"Data up to {words.day(document.as_of)}; figures about people up to {words.day(document.month_end)}"),
        ("Text", f"Published by the {words.PUBLISHER} under the {words.LICENCE_NAME}"),
    ]
    if document.demonstration:
        cover.append(("Text", "Demonstration data: the schools and training providers are real, the people invented"))
    entries = [("Notes", "symbols and columns")]
    entries += [(sheet.name, figures.kpi.description.title) for sheet, (figures, _) in zip(data, tables, strict=True)]
    contents = [Line("Title", "Contents"), Line("Text", "Each sheet of an indicator has one table")]
    contents += [Line("Text", f"{name}: {title}", _place(name)) for name, title in entries]
    front = [Sheet("Cover", tuple(Line(*said) for said in cover)), Sheet("Contents", tuple(contents))]
    return ods([*front, Sheet("Notes", _notes()), *data])


def newest_or_england(figures: KpiFigures, table: list[Row]) -> list[Row]:
    """Return the rows of England, and those of its parts at the newest point and the one it is compared with."""
    kept = set()
    for measure in figures.kpi.description.measures:
        for point in (figures.current(measure), figures.comparison(measure)):
            if point is not None:
                time = time_of(figures.family(measure).period, point.period)
                kept.add((measure.id, *time.values(), point.as_of.isoformat()))
    return [
        row
        for row in table
        if row["breakdown"] == "Total"
        or (row["measure"], row["time_period"], row["time_identifier"], row["as_of"]) in kept
    ]


def note_workbook(note: dict[str, str]) -> bytes:
    """Return a workbook with one record in words: what stands in place of one that was withdrawn."""
    return ods([Sheet("Withdrawn", tuple(Line("Text", f"{name}: {text}") for name, text in note.items()))])


def sheet_name(number: int, ident: str) -> str:
    """Return the name of a KPI's sheet: its number, and its id as words, which no other has.

    ``ValueError`` for one that a programme would cut.
    """
    said = words.label_of(ident)
    name = f"{number} {said[0].upper()}{said[1:]}"
    if len(name) > _LONGEST_NAME:
        raise ValueError(
            f"the sheet {name!r} has more than {_LONGEST_NAME} letters; give the KPI's folder a shorter name"
        )
    return name


def _place(sheet: str) -> str:
    """The address of a sheet inside its workbook."""
    return f"#'{sheet}'.A1"


def ods(sheets: Sequence[Sheet]) -> bytes:
    """Return sheets as an ODS workbook; equal sheets give equal bytes."""
    parts = {
        "META-INF/manifest.xml": _manifest(),
        "meta.xml": (
            f'{_START}<office:document-meta {_SPACES} office:version="1.3"><office:meta>'
            f"<dc:title>{words.SERVICE_NAME}</dc:title><dc:language>en-GB</dc:language>"
            f"<dc:creator>{words.PUBLISHER}</dc:creator></office:meta></office:document-meta>"
        ),
        "styles.xml": _styles(),
        "content.xml": _content(sheets),
    }
    return packed(parts)


def packed(parts: Mapping[str, str]) -> bytes:
    """Return the members of a workbook, text by name, as one archive; equal parts give equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        # The type comes first and unpacked, so that a programme can tell the format by the first bytes.
        archive.writestr(_member("mimetype", zipfile.ZIP_STORED), MIME)
        for name, text in parts.items():
            archive.writestr(_member(name, zipfile.ZIP_DEFLATED), text.encode())
    return buffer.getvalue()


def _above(figures: KpiFigures, table: list[Row], whole: str) -> tuple[Line, ...]:
    """What stands above a table: its title, what is in it and in the file ``whole``, and each symbol that it has."""
    cells = [cell for row in table for cell in row.values() if isinstance(cell, Cell)]
    marks = {cell.mark for cell in cells if cell.number is None}
    lines = [
        Line("Heading", figures.kpi.description.title),
        Line("Text", "Contents", _place("Contents")),
        Line("Text", "England over time; its parts on the newest day and the one that it is compared with"),
        Line("Text", f"Every figure: {whole.rpartition('/')[2]}", whole),
        Line("Text", "The sheet Notes says what the columns mean"),
    ]
    lines += [Line("Text", " ".join(said)) for said in words.explained(marks)]
    if any(not text for row in table for text in row.values()):
        lines.append(Line("Text", "A national row has no region: its cells region_code and region_name are empty"))
    return tuple(lines)


def _notes() -> tuple[Line, ...]:
    return (
        Line("Title", "Notes"),
        Line("Heading", "Symbols"),
        *(Line("Text", " ".join(said)) for said in words.explained(SYMBOLS)),
        Line("Heading", "Columns"),
        *(Line("Text", f"{column}: {meaning}") for column, meaning in COLUMN_WORDS.items()),
    )


def _member(name: str, compression: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.compress_type, info.create_system, info.external_attr = compression, 3, 0o644 << 16
    return info


def _manifest() -> str:
    files = {"/": MIME, "content.xml": "text/xml", "styles.xml": "text/xml", "meta.xml": "text/xml"}
    entries = "".join(
        f'<manifest:file-entry manifest:full-path="{path}" manifest:media-type="{kind}"/>'
        for path, kind in files.items()
    )
    space = 'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.3"'
    return f"{_START}<manifest:manifest {space}>{entries}</manifest:manifest>"


def _styles() -> str:
    styles = {
        "Title": 'fo:font-size="18pt" fo:font-weight="bold"',
        "Heading": 'fo:font-size="15pt" fo:font-weight="bold"',
        "Head": 'fo:font-weight="bold"',
    }
    named = "".join(
        f'<style:style style:name="{name}" style:family="table-cell" style:parent-style-name="Default">'
        f'<style:table-cell-properties fo:wrap-option="{"wrap" if name == "Head" else "no-wrap"}"/>'
        f"<style:text-properties {look}/></style:style>"
        for name, look in styles.items()
    )
    return (
        f'{_START}<office:document-styles {_SPACES} office:version="1.3"><office:styles>'
        '<style:default-style style:family="table-cell"><style:text-properties fo:language="en" fo:country="GB" '
        'fo:font-family="Arial" fo:font-size="12pt"/></style:default-style>'
        f'<style:style style:name="Default" style:family="table-cell"/>{named}'
        "</office:styles></office:document-styles>"
    )


def _content(sheets: Sequence[Sheet]) -> str:
    widths = ("1.3in", "2in", "3.5in")
    columns = "".join(
        f'<style:style style:name="w{number}" style:family="table-column">'
        f'<style:table-column-properties style:column-width="{width}"/></style:style>'
        for number, width in enumerate(widths)
    )
    return (
        f'{_START}<office:document-content {_SPACES} office:version="1.3">'
        f"<office:automatic-styles>{columns}</office:automatic-styles><office:body><office:spreadsheet>\n"
        f"{''.join(map(_sheet, sheets))}"
        "</office:spreadsheet></office:body></office:document-content>"
    )


def _sheet(sheet: Sheet) -> str:
    columns = "".join(
        f'<table:table-column table:style-name="{_width(name)}"/>' for name in sheet.head or ("category",)
    )
    lines = "".join(
        f"<table:table-row>{_text(line.text, line.style, line.to)}</table:table-row>\n" for line in sheet.lines
    )
    head = ""
    if sheet.head:
        row = f"<table:table-row>{''.join(_text(name, 'Head') for name in sheet.head)}</table:table-row>"
        head = f"<table:table-header-rows>{row}</table:table-header-rows>\n"
    known: dict[str, str] = {}
    rows = "".join(
        f"<table:table-row>{''.join([_cell(cell, known) for cell in row])}</table:table-row>\n" for row in sheet.rows
    )
    return f"<table:table table:name={quoteattr(sheet.name)}>{columns}\n{lines}{head}{rows}</table:table>\n"


def _width(column: str) -> str:
    return {"category": "w2", "breakdown": "w2", "measure": "w2", "region_name": "w1", "time_identifier": "w1"}.get(
        column, "w0"
    )


def _text(text: str, style: str = "Text", to: str = "") -> str:
    named = f' table:style-name="{style}"' if style != "Text" else ""
    said = escape(text)
    said = f'<text:a xlink:type="simple" xlink:href={quoteattr(to)}>{said}</text:a>' if to else said
    return f'<table:table-cell office:value-type="string"{named}><text:p>{said}</text:p></table:table-cell>'


def _cell(cell: str | Cell, known: dict[str, str]) -> str:
    """A cell of a table; ``known`` keeps those of texts, which in a column are mostly the same few."""
    if isinstance(cell, str):
        if cell not in known:
            known[cell] = _text(cell) if cell else "<table:table-cell/>"
        return known[cell]
    if cell.number is None:
        return _text(cell.text)
    return (
        f'<table:table-cell office:value-type="float" office:value="{cell.plain}">'
        f"<text:p>{cell.plain}</text:p></table:table-cell>"
    )
