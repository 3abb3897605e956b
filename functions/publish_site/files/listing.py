"""The files of a release that are no page: what each is for, its format and its size, as the page on data has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from functions.publish_site.figures import KpiFigures

RELEASE = "school-placements-performance"
"""Name, without a suffix, of the files with all indicators."""

PREFIX = "latest/"
"""Where every file of the newest release is found by the same path."""

FIGURES = (
    (".csv", "CSV", "every figure, a row for each, with the day it stands at"),
    (".json", "JSON", "the same rows, with the symbols, sources and revisions"),
    (".ods", "ODS", "one workbook with a sheet for each indicator: England over time, its parts on the newest day"),
    ("-years.csv", "CSV", "whole years, and each year to the same point, in DfE's open data standard"),
    ("-months.csv", "CSV", "the end of each month, in DfE's open data standard"),
)
"""Endings of the files of an indicator and of the release that have figures: format, and what the file is."""

DESCRIPTIONS = (
    ("-years.meta.csv", "CSV", "the columns of the file of years"),
    ("-months.meta.csv", "CSV", "the columns of the file of months"),
    (".csv-metadata.json", "JSON", "CSVW metadata of the file with every figure"),
    ("-years.csv-metadata.json", "JSON", "CSVW metadata of the file of years"),
    ("-months.csv-metadata.json", "JSON", "CSVW metadata of the file of months"),
    (".jsonld", "JSON-LD", "a schema.org description of the data"),
    (".sql", "SQL", "the query that works the figures out"),
)
"""The same of the files that say what the others mean and how they were made."""

WHOLE = (
    ("datapackage.json", "JSON", "a Data Package: every data file with its size, digest and columns"),
    ("schemas/data.schema.json", "JSON Schema", "what the JSON files with figures are like"),
    ("schemas/changes.schema.json", "JSON Schema", "what the list of changes is like"),
    ("schemas/manifest.schema.json", "JSON Schema", "what the manifest is like"),
    ("schemas/release.schema.json", "JSON Schema", "what the record of a release is like"),
    ("schemas/releases.schema.json", "JSON Schema", "what the list of releases is like"),
    ("schemas/withdrawn.schema.json", "JSON Schema", "what the JSON files of a withdrawn release are like"),
    ("manifest.json", "JSON", "the version of the code, the sources and their dates, and a digest of every file"),
)


def purpose(stem: str, end: str, what: str) -> str:
    """Return what a file is; those of the release in DfE's standard have less than those of an indicator."""
    alone = stem == RELEASE and end in {"-years.csv", "-months.csv"}
    return f"{what}; England alone, the rest is in the files of each indicator" if alone else what


def chart_id(measure: str) -> str:
    """Return what the chart of a measure over time is called, in its page and as a file."""
    return f"{measure}-over-time".replace("_", "-")


@dataclass(frozen=True)
class Group:
    """The files of an indicator, or of the release: those with figures, and those that describe them."""

    id: str
    title: str
    figures: list[dict[str, str]]
    descriptions: list[dict[str, str]]


def data_view(kpis: list[KpiFigures], files: Mapping[str, bytes]) -> dict[str, object]:
    """Return the values of the page on data: files of the release, then of each indicator, all that there are."""
    whole = _group("all", "All indicators", RELEASE, files)
    described = [_entry(name, kind, what, files) for name, kind, what in WHOLE]
    own = [
        _group(figures.kpi.id, figures.kpi.description.title, f"{figures.kpi.id}/{figures.kpi.id}", files)
        for figures in kpis
    ]
    return {
        "groups": [replace(whole, descriptions=[*whole.descriptions, *described]), *own],
        "sections": [*((figures.id, figures.title) for figures in (whole, *own)), ("releases", "New releases")],
    }


def size(count: int) -> str:
    """Return a size in words: ``312 bytes``, ``4 KB``, ``1.2 MB``; a thousand bytes are a KB."""
    if count < 1000:
        return f"{count} bytes"
    return f"{round(count / 1000)} KB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def _group(ident: str, title: str, stem: str, files: Mapping[str, bytes]) -> Group:
    figures, descriptions = (
        [_entry(stem + end, kind, purpose(stem, end, what), files) for end, kind, what in kinds if stem + end in files]
        for kinds in (FIGURES, DESCRIPTIONS)
    )
    return Group(ident, title, figures, descriptions)


def _entry(path: str, kind: str, what: str, files: Mapping[str, bytes]) -> dict[str, str]:
    """A file; the manifest has a digest of this very page, so its size cannot be said here."""
    known = files.get(path)
    return {
        "path": path,
        "name": path.rpartition("/")[2],
        "kind": kind,
        "what": what,
        "size": size(len(known)) if known is not None else "",
    }
