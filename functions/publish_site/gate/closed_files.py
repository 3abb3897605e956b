"""The closed list of a release's files, and of the columns and names that they have: anything else is refused."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from functions.publish_site.files import columns, schemas
from functions.publish_site.files.columns import COLUMNS
from functions.publish_site.files.listing import DESCRIPTIONS, FIGURES, RELEASE, WHOLE, chart_id
from functions.publish_site.gate.errors import stopped
from functions.publish_site.words import SYMBOLS
from placements_kpi.facts import Disclosure, TableFacts
from placements_kpi.results import SourceFacts, Verdict

if TYPE_CHECKING:
    from placements_kpi.results import Protected

PAGES = ("about", "accessibility", "confidentiality", "data", "data-quality", "glossary", "method", "privacy")
"""Folders of the pages of a release that are no indicator's."""

_OF_DESCRIPTIONS = (
    # CSVW
    "@context @language url dc:title dc:publisher dc:license dc:hasVersion dialect delimiter encoding header "
    "lineTerminators quoteChar tableSchema name titles dc:description datatype null required primaryKey "
    # Data Package
    "id homepage keywords created licenses path contributors roles resources format mediatype bytes hash schema fields "
    "description type missingValues "
    # schema.org and DCAT
    "dcat @type @id identifier dcat:version isPartOf hasPart dcat:isVersionOf dcat:previousVersion datePublished "
    "license isAccessibleForFree inLanguage spatialCoverage temporalCoverage variableMeasured unitText creator "
    "distribution encodingFormat contentUrl "
    # data.gov.uk
    "dataset landingPage keyword issued modified accrualPeriodicity frequency language accessLevel publisher "
    "contactPoint fn hasURL downloadURL mediaType "
    # JSON Schema
    "$schema properties additionalProperties items anyOf enum pattern minimum"
)
_OF_MODELS = {name for model in (Disclosure, Verdict, SourceFacts, TableFacts) for name in model.model_fields}
NAMES = frozenset({*schemas.PROPERTIES, *_OF_MODELS, *_OF_DESCRIPTIONS.split()})
"""Names in the JSON files, but for those that the document gives: of measures, tables, columns, files."""

_ENDINGS = [ending for ending, *_ in (*FIGURES, *DESCRIPTIONS)]
_ALWAYS = (".csv", ".json")


def check_files(files: Collection[str], document: Protected) -> None:
    """Raise :class:`GateError` unless these are files that a release has, with the figures of every indicator."""
    stems = [RELEASE, *(f"{kpi.id}/{kpi.id}" for kpi in document.kpis)]
    pages = {"index.html", *(f"{folder}/index.html" for folder in (*PAGES, *(kpi.id for kpi in document.kpis)))}
    listed = {
        *pages,
        "release.json",
        *(name for name, *_ in WHOLE),
        *(stem + end for stem in stems for end in _ENDINGS),
        *(f"{kpi.id}/{chart_id(measure.id)}.svg" for kpi in document.kpis for measure in kpi.description.measures),
    }
    for file in sorted(set(files) - listed):
        raise stopped(file, "its name", "a file that a release does not have")
    for file in sorted({*pages, "manifest.json", *(stem + end for stem in stems for end in _ALWAYS)} - set(files)):
        raise stopped(file, "the file", "it is missing from the release")


def names_of(document: Protected, files: Collection[str]) -> frozenset[str]:
    """Return every name that an object of the release's JSON may have: the schema's, and those of the document."""
    names = {*NAMES, *COLUMNS, *SYMBOLS, *files, *document.snapshots, *document.disclosure.external_totals}
    for source in document.sources:
        names |= {*source.notes, *(name for table in source.tables for name in (*table.refused, *table.unknown_codes))}
    for kpi in document.kpis:
        names |= {kpi.id, *kpi.missing, *(measure.id for measure in kpi.description.measures)}
    return frozenset(names)


def indicators_of(document: Protected) -> frozenset[str]:
    """Return the columns that the measures give to files in DfE's standard: of one indicator, and of all."""
    return frozenset(
        f"{stem}{measure.id}_{said}"
        for kpi in document.kpis
        for stem in ("", f"{kpi.id.replace('-', '_')}_")
        for measure in kpi.description.measures
        for said in columns.numbers_of(measure)
    )


def check_columns(file: str, text: str, indicators: Collection[str]) -> None:
    """Raise :class:`GateError` unless the columns of a CSV file are those of the published schema."""
    head = tuple(text.partition("\r\n")[0].split(","))
    if head in {COLUMNS, columns.META, columns.WITHDRAWN}:
        return
    fixed = next((standard for standard in columns.STANDARD if head[: len(standard)] == standard), None)
    own = head[len(fixed) :] if fixed else ()
    if not own or len(set(own)) != len(own) or not set(own) <= set(indicators):
        raise stopped(file, "the header", "a column that is not in the published schema")


def check_names(file: str, text: str, names: frozenset[str]) -> None:
    """Raise :class:`GateError` unless a JSON file has names of the published schema alone, in no object twice."""

    def looked_up(pairs: list[tuple[str, Any]]) -> None:
        given = dict(pairs)
        if len(given) != len(pairs):
            raise stopped(file, "the file", "an object says the same name twice")
        if not given.keys() <= names:
            raise stopped(file, "one of its names", "it is not in the published schema")

    try:
        json.loads(text, object_pairs_hook=looked_up)
    except ValueError:
        raise stopped(file, "the file", "it is not JSON") from None
