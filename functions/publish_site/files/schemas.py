"""JSON Schemas of the JSON files that are published, beside them in ``schemas/``; none depends on a figure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from functions.publish_site.files.columns import COLUMN_WORDS, COLUMNS, INDICATORS
from functions.publish_site.inventory import ADDRESSES
from functions.publish_site.words import SYMBOLS

_TEXT = {"type": "string"}
_DAY = {"type": "string", "pattern": "^20[0-9]{2}-[0-9]{2}-[0-9]{2}$"}
_INSTANT = {"type": "string", "pattern": "^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"}
_RELEASE = {"type": "string", "pattern": "^20[0-9]{2}-[0-9]{2}-[0-9]{2}[.][1-9][0-9]*$"}
_FIGURE = {"anyOf": [{"type": "number", "minimum": 0}, {"enum": list(SYMBOLS)}]}
_DIGEST = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_ANY_OBJECT = {"type": "object"}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def _list(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": schema}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    """An object with exactly these properties."""
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "additionalProperties": False,
    }


def _file(title: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **_object(properties)}


_FIGURES = dict.fromkeys(INDICATORS, _FIGURE)
_ROW = {
    name: {**(_FIGURE if name in INDICATORS else _DAY if name == "as_of" else _TEXT), "description": COLUMN_WORDS[name]}
    for name in COLUMNS
}
_REVISION = {name: _TEXT for name in COLUMNS if name not in {"unit", "figure_status", *INDICATORS}}
_KPI = {
    "id": _TEXT,
    "title": _TEXT,
    "state": _TEXT,
    "as_of": _or_null(_DAY),
    "definition_version": _TEXT,
    "missing_sources": {"type": "object", "additionalProperties": _TEXT},
    "measures": {"type": "object", "additionalProperties": _TEXT},
    "headline": _TEXT,
    "direction": {"enum": ["lower", "higher"]},
    "target": _object({"value": _or_null({"type": "number"}), "text": _TEXT}),
    "verdict": _object({"met": _or_null({"type": "boolean"}), "final": {"type": "boolean"}, "text": _TEXT}),
    "breaks": _list(
        _object({"on": _DAY, **dict.fromkeys(("text", "before", "after"), _TEXT), "measures": _list(_TEXT)})
    ),
}
_CHANGE = {
    "on": _DAY,
    "kind": {"enum": ["definition", "revision", "indicator", "withdrawal"]},
    "text": _TEXT,
    "release": _or_null(_RELEASE),
    **dict.fromkeys(("kpi", "title", "before", "after"), _or_null(_TEXT)),
}
_WITHDRAWN = {"withdrawn_on": _DAY, "reason": _TEXT}

SCHEMAS: dict[str, dict[str, Any]] = {
    "data.schema.json": _file(
        "Figures of one indicator, or of all of a release",
        {
            "title": _TEXT,
            "status": _TEXT,
            "licence": _TEXT,
            "release": _RELEASE,
            "published": _INSTANT,
            "as_of": _DAY,
            "demonstration": {"type": "boolean"},
            "columns": _object(dict.fromkeys(COLUMNS, _TEXT)),
            "symbols": _object(dict.fromkeys(SYMBOLS, _TEXT)),
            "sources": _list(_object({"source": _TEXT, "title": _TEXT, "as_of": _or_null(_DAY)})),
            "disclosure_control": _ANY_OBJECT,
            "kpis": _list(_object(_KPI)),
            "compared_with": _or_null(_RELEASE),
            "revisions": _list(
                _object({**_REVISION, "was": _object(_FIGURES), "now": _object(_FIGURES), "reason": _TEXT})
            ),
            "rows": _list(_object(_ROW)),
        },
    ),
    "manifest.schema.json": _file(
        "What a release was made from, and a digest of each of its files",
        {
            "release": _RELEASE,
            "published": _INSTANT,
            "as_of": _DAY,
            "month_end": _DAY,
            "run_id": _TEXT,
            "code_version": _TEXT,
            "demonstration": {"type": "boolean"},
            "snapshots": {"type": "object", "additionalProperties": _TEXT},
            "disclosure_control": _ANY_OBJECT,
            "definition_versions": {"type": "object", "additionalProperties": _TEXT},
            "definitions": _list(_object({"file": _TEXT, "version": _TEXT, "dated": _DAY, "source": _TEXT})),
            "sources": _list(_ANY_OBJECT),
            "compared_with": _or_null(_RELEASE),
            "revisions": {"type": "integer", "minimum": 0},
            "verdict": _or_null(_ANY_OBJECT),
            "sha256": {"type": "object", "additionalProperties": _DIGEST},
        },
    ),
    "release.schema.json": _file("When a release was published", {"release": _RELEASE, "published": _INSTANT}),
    "releases.schema.json": _file(
        "Every release, and which is on the first page",
        {
            "addresses": _object(dict.fromkeys(ADDRESSES, _TEXT)),
            "front": _or_null(_RELEASE),
            "instead_of": _or_null(_RELEASE),
            "releases": _list(
                _object(
                    {
                        "release": _RELEASE,
                        "as_of": _DAY,
                        "published": _INSTANT,
                        "compared_with": _or_null(_RELEASE),
                        "indicators": _list(_TEXT),
                        "revised": _list(_object({"kpi": _TEXT, "figures": {"type": "integer", "minimum": 1}})),
                        "withdrawn": _or_null(_object(_WITHDRAWN)),
                    }
                )
            ),
        },
    ),
    "changes.schema.json": _file("What changed, newest first", {"changes": _list(_object(_CHANGE))}),
    "withdrawn.schema.json": _file(
        "What stands in place of every JSON file of a withdrawn release", {"release": _RELEASE, **_WITHDRAWN}
    ),
}
"""Name of the file in ``schemas/``: the schema. What describes data (CSVW, Data Package) has schemas of its own."""


def _properties(schema: Any) -> Iterator[str]:
    """Yield every name that an object of a file can have by its schema, or by a part of it."""
    parts = schema if isinstance(schema, list) else schema.values() if isinstance(schema, dict) else ()
    if isinstance(schema, dict):
        yield from schema.get("properties", ())
    for part in parts:
        yield from _properties(part)


PROPERTIES = frozenset(_properties(SCHEMAS))
"""Names of these files, but for those of objects that a schema leaves open."""
