"""What describes the files of a release to a programme: CSVW, a Data Package, schema.org, and JSON Schemas.

None of it has a figure in it. Standard columns are described from the same list that
makes the CSV, so that a column cannot be published without its description.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from functions.publish_site.files.columns import COLUMN_WORDS, COLUMNS, INDICATORS, PLACE, TEXT_COLUMNS
from functions.publish_site.files.listing import PREFIX, RELEASE
from functions.publish_site.words import LICENCE, LICENCE_NAME, PUBLISHER, SERVICE_NAME, SYMBOLS

if TYPE_CHECKING:
    from functions.publish_site.figures import KpiFigures
    from functions.publish_site.files.dfe_standard import StandardTable
    from placements_kpi.results import Protected

KEY = tuple(name for name in TEXT_COLUMNS if name not in {"unit", "figure_status"})
"""Columns of the long files that tell a row from every other."""

_OPTIONAL = {"region_code", "region_name"}
_DATES = {"as_of"}
_COUNT, _PERCENTAGE = "nonNegativeInteger", "decimal"


def csvw_long(file: str, title: str, released: str) -> dict[str, Any]:
    """Return CSVW metadata of a file with a row for each figure; ``file`` is its name beside the metadata."""
    columns = [
        _csvw_column(
            name,
            name.replace("_", " ").capitalize(),
            COLUMN_WORDS[name],
            _kind(name),
            numbers=name in INDICATORS,
        )
        for name in COLUMNS
    ]
    return _csvw(file, title, released, columns, KEY)


def csvw_standard(file: str, title: str, released: str, table: StandardTable) -> dict[str, Any]:
    """Return CSVW metadata of a file in DfE's open data standard."""
    described = {column.name: column for column in table.columns}
    columns = []
    for name in table.head:
        column = described.get(name)
        numbers = column is not None and column.kind == "Indicator"
        label = column.label if column and column.label else name.replace("_", " ").capitalize()
        about = column.hint if column and column.hint else COLUMN_WORDS.get(name, label) if name in PLACE else label
        if name == "time_period":
            about = "the two years that the year spans, as six digits, or the year of a month"
        kind = (_PERCENTAGE if column.unit == "%" else _COUNT) if column is not None and numbers else "string"
        columns.append(_csvw_column(name, label, about, kind, numbers=numbers))
    filters = [name for name in table.head if name not in described or described[name].kind != "Indicator"]
    return _csvw(file, title, released, columns, filters)


def data_package(
    document: Protected, published: str, files: Mapping[str, bytes], described: Mapping[str, dict[str, Any]]
) -> dict[str, Any]:
    """Return a Data Package descriptor of a release: its data files with size, digest and, for tables, columns.

    ``described`` is the CSVW metadata of each table by its path.
    """
    return {
        "profile": "data-package",
        "name": RELEASE,
        "title": SERVICE_NAME,
        "version": document.release,
        "created": published,
        "licenses": [{"name": "OGL-UK-3.0", "title": LICENCE_NAME, "path": LICENCE}],
        "contributors": [{"title": PUBLISHER, "role": "publisher"}],
        "resources": [_resource(path, body, described.get(path)) for path, body in sorted(files.items())],
    }


def dataset(
    figures: KpiFigures, document: Protected, published: str, host: str, files: Iterable[str]
) -> dict[str, Any]:
    """Return a schema.org Dataset of one KPI, with the version terms of DCAT."""
    description = figures.kpi.description
    described = _dataset(
        document,
        published,
        host,
        f"{figures.kpi.id}/",
        f"{description.title}, {SERVICE_NAME}",
        f"{description.question} {' '.join(description.means)}",
        files,
    )
    described["isPartOf"] = {"@id": _place(host, document.release)}
    points = [point.as_of for point in figures.kpi.points]
    if points:
        described["temporalCoverage"] = f"{min(points).isoformat()}/{max(points).isoformat()}"
    return described


def release_dataset(
    kpis: Sequence[KpiFigures], document: Protected, published: str, host: str, files: Iterable[str]
) -> dict[str, Any]:
    """Return a schema.org Dataset of a whole release, which names those of its KPIs as parts."""
    titles = "; ".join(figures.kpi.description.title for figures in kpis)
    described = _dataset(
        document, published, host, "", SERVICE_NAME, f"Indicators of the school placements service: {titles}.", files
    )
    described["hasPart"] = [{"@id": _place(host, document.release, f"{figures.kpi.id}/")} for figures in kpis]
    return described


def data_block(body: bytes) -> str:
    """Return a Dataset as it stands in a page: JSON in one line, without a character that could end its element."""
    block = json.dumps(json.loads(body), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    for mark in "<>&":
        block = block.replace(mark, f"\\u{ord(mark):04x}")
    return block


def _place(host: str, release: str, folder: str = "") -> str:
    return f"https://{host}/releases/{release}/{folder}"


def _dataset(
    document: Protected, published: str, host: str, folder: str, name: str, about: str, files: Iterable[str]
) -> dict[str, Any]:
    place = _place(host, document.release, folder)
    described: dict[str, Any] = {
        "@context": ["https://schema.org/", {"dcat": "http://www.w3.org/ns/dcat#"}],
        "@type": "Dataset",
        "@id": place,
        "name": name,
        "description": about,
        "url": f"{place}index.html",
        "identifier": place,
        "version": document.release,
        "dcat:version": document.release,
        "dcat:isVersionOf": {"@id": f"https://{host}/{PREFIX}{folder}index.html"},
        "datePublished": published,
        "license": LICENCE,
        "isAccessibleForFree": True,
        "inLanguage": "en-GB",
        "spatialCoverage": "England",
        "creator": {"@type": "GovernmentOrganization", "name": PUBLISHER},
        "distribution": [
            {"@type": "DataDownload", "encodingFormat": media_type(name), "contentUrl": f"{place}{name}"}
            for name in files
        ],
    }
    if document.compared_with:
        described["dcat:previousVersion"] = {"@id": _place(host, document.compared_with, folder)}
    return described


def _csvw(file: str, title: str, released: str, columns: list[dict[str, Any]], key: Sequence[str]) -> dict[str, Any]:
    return {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "en"}],
        "url": file,
        "dc:title": title,
        "dc:publisher": PUBLISHER,
        "dc:license": {"@id": LICENCE},
        "dc:hasVersion": released,
        "dialect": {"encoding": "utf-8", "header": True, "delimiter": ",", "quoteChar": '"'},
        "tableSchema": {"columns": columns, "primaryKey": list(key)},
    }


def _csvw_column(name: str, title: str, about: str, kind: str, *, numbers: bool) -> dict[str, Any]:
    column: dict[str, Any] = {
        "name": name,
        "titles": [name],
        "dc:title": title,
        "dc:description": about,
        "datatype": kind,
    }
    if numbers:
        column["null"] = list(SYMBOLS)
    elif name not in _OPTIONAL:
        column["required"] = True
    return column


def _kind(name: str) -> str:
    if name in _DATES:
        return "date"
    return {"numerator": _COUNT, "denominator": _COUNT, "percentage": _PERCENTAGE}.get(name, "string")


def _field(column: dict[str, Any]) -> dict[str, Any]:
    kind = {_COUNT: "integer", _PERCENTAGE: "number", "date": "date"}.get(column["datatype"], "string")
    return {
        "name": column["name"],
        "title": column["dc:title"],
        "description": column["dc:description"],
        "type": kind,
    }


def _resource(path: str, body: bytes, about: dict[str, Any] | None) -> dict[str, Any]:
    resource: dict[str, Any] = {
        "name": path.lower().replace("/", "-").replace(".", "-"),
        "path": path,
        "format": path.rpartition(".")[2],
        "mediatype": media_type(path),
        "bytes": len(body),
        "hash": f"sha256:{hashlib.sha256(body).hexdigest()}",
    }
    if about:
        table = about["tableSchema"]
        resource["profile"], resource["encoding"] = "tabular-data-resource", "utf-8"
        resource["schema"] = {
            "fields": [_field(column) for column in table["columns"]],
            "primaryKey": table["primaryKey"],
            # Empty is a value of its own (a national row has no region), a symbol stands for a number that is missing.
            "missingValues": list(SYMBOLS),
        }
    return resource


def media_type(path: str) -> str:
    """Return the media type of a data file, by the ending of its name."""
    return {
        "csv": "text/csv",
        "json": "application/json",
        "ods": "application/vnd.oasis.opendocument.spreadsheet",
    }[path.rpartition(".")[2]]
