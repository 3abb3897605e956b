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
from functions.publish_site.words import (
    LICENCE,
    LICENCE_NAME,
    NOT_STATISTICS,
    PLURALS,
    PUBLISHER,
    SERVICE_NAME,
    SYMBOLS,
)

if TYPE_CHECKING:
    from functions.publish_site.figures import KpiFigures
    from functions.publish_site.files.dfe_standard import StandardTable
    from placements_kpi.results import Measure, Protected

KEY = tuple(name for name in TEXT_COLUMNS if name not in {"unit", "figure_status"})
"""Columns of the long files that tell a row from every other."""

KEYWORDS = ("teacher training", "initial teacher training", "school placements", "mentors", "performance")
"""What a reader who looks for such data would type."""

_OPTIONAL = {"region_code", "region_name"}
_DATES = {"as_of"}
_COUNT, _DECIMAL = "nonNegativeInteger", "decimal"
_PROFILE = "https://datapackage.org/profiles/2.0/{}.json"
_ABOUT = "Indicators of the school placements service"


def csvw_long(file: str, title: str, released: str, *, money: bool) -> dict[str, Any]:
    """Return CSVW metadata of a file with a row for each figure; ``file`` is its name beside the metadata.

    With ``money`` among the figures numerators have decimals.
    """
    columns = [
        _csvw_column(
            name,
            name.replace("_", " ").capitalize(),
            COLUMN_WORDS[name],
            _DECIMAL if money and name == "numerator" else _kind(name),
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
        kind = (_DECIMAL if column.unit else _COUNT) if column is not None and numbers else "string"
        columns.append(_csvw_column(name, label, about, kind, numbers=numbers))
    filters = [name for name in table.head if name not in described or described[name].kind != "Indicator"]
    return _csvw(file, title, released, columns, filters)


def data_package(
    document: Protected, published: str, host: str, files: Mapping[str, bytes], described: Mapping[str, dict[str, Any]]
) -> dict[str, Any]:
    """Return a Data Package (version 2) of a release: its data files with size, digest and, for tables, columns.

    ``described`` is the CSVW metadata of each table by its path.
    """
    place = _place(host, document.release)
    return {
        "$schema": _PROFILE.format("datapackage"),
        "id": place,
        "name": RELEASE,
        "title": SERVICE_NAME,
        "description": f"{_ABOUT}. {NOT_STATISTICS}.",
        "homepage": f"{place}index.html",
        "keywords": list(KEYWORDS),
        "version": document.release,
        "created": published,
        "licenses": [{"name": "OGL-UK-3.0", "title": LICENCE_NAME, "path": LICENCE}],
        "contributors": [{"title": PUBLISHER, "roles": ["publisher"]}],
        "sources": [
            {"title": source.title, **({"version": source.as_of.isoformat()} if source.as_of else {})}
            for source in document.sources
        ],
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
    return {**described, **_coverage([figures]), "variableMeasured": _variables(description.measures)}


def release_dataset(
    kpis: Sequence[KpiFigures], document: Protected, published: str, host: str, files: Iterable[str]
) -> dict[str, Any]:
    """Return a schema.org Dataset of a whole release, which names those of its KPIs as parts."""
    titles = "; ".join(figures.kpi.description.title for figures in kpis)
    described = _dataset(document, published, host, "", SERVICE_NAME, f"{_ABOUT}: {titles}.", files)
    described |= _coverage(kpis)
    described["variableMeasured"] = _variables(figures.headline for figures in kpis)
    described["hasPart"] = [{"@id": _place(host, document.release, f"{figures.kpi.id}/")} for figures in kpis]
    return described


def data_block(body: bytes) -> str:
    """Return a Dataset as it stands in a page: JSON in one line, without a character that could end its element."""
    block = json.dumps(json.loads(body), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    for mark in "<>&":
        block = block.replace(mark, f"\\u{ord(mark):04x}")
    return block


def _coverage(kpis: Sequence[KpiFigures]) -> dict[str, str]:
    """From the first day of the earliest period that has a figure to the newest day; nothing where there is none."""
    points = [point for figures in kpis for point in figures.kpi.points]
    if not points:
        return {}
    first, last = min(point.period_start for point in points), max(point.as_of for point in points)
    return {"temporalCoverage": f"{first.isoformat()}/{last.isoformat()}"}


def _variables(measures: Iterable[Measure]) -> list[dict[str, str]]:
    """What is measured, as schema.org's PropertyValue: of a rate the percentage, of a count what is counted."""
    return [
        {
            "@type": "PropertyValue",
            "name": measure.title,
            "unitText": "per cent" if measure.kind == "rate" else PLURALS.get(measure.unit, measure.unit),
        }
        for measure in measures
    ]


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
        "keywords": list(KEYWORDS),
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
    kinds = {"numerator": _COUNT, "denominator": _COUNT, "percentage": _DECIMAL, "unit_cost": _DECIMAL}
    return kinds.get(name, "string")


def _field(column: dict[str, Any]) -> dict[str, Any]:
    kind = {_COUNT: "integer", _DECIMAL: "number", "date": "date"}.get(column["datatype"], "string")
    return {
        "name": column["name"],
        "title": column["dc:title"],
        "description": column["dc:description"],
        "type": kind,
        # A symbol stands for a number that is missing; a text is never missing: "x" is the code of a region, too.
        "missingValues": column.get("null", []),
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
        resource["type"], resource["encoding"] = "table", "utf-8"
        resource["schema"] = {
            "$schema": _PROFILE.format("tableschema"),
            "fields": [_field(column) for column in table["columns"]],
            "primaryKey": table["primaryKey"],
            "missingValues": [],  # those of each field: empty is a value of its own, a national row has no region
        }
    return resource


def media_type(path: str) -> str:
    """Return the media type of a data file, by the ending of its name."""
    return {
        "csv": "text/csv",
        "json": "application/json",
        "ods": "application/vnd.oasis.opendocument.spreadsheet",
    }[path.rpartition(".")[2]]
