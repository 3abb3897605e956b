"""The published schema: which columns and names the data of a release has. What is not here is refused."""

from __future__ import annotations

INDICATORS = ("numerator", "denominator", "percentage")

WITHDRAWN_COLUMNS = ("release", "withdrawn_on", "reason")
"""Columns of what stands in place of a withdrawn file."""

_PLACE = "time_period time_identifier geographic_level country_code country_name region_code region_name".split()
STANDARD_COLUMNS = ((*_PLACE, "part_of_year", "breakdown", "category"), (*_PLACE, "breakdown", "category"))
"""Columns without figures of the files in DfE's open data standard, of years and of months."""

META_COLUMNS = tuple(
    "col_name col_type label indicator_grouping indicator_unit indicator_dp filter_hint filter_grouping_column".split()
)
"""Columns of the description of such a file."""

_OF_DATA = (
    "title status licence release published as_of demonstration columns symbols sources source kpis id state "
    "definition_version missing_sources measures disclosure_control revisions was now reason compared_with rows"
)
_OF_DISCLOSURE = (
    "base floor percentage_floor width threshold attempts solver_seconds external_totals few_accepted approved_by "
    "approved_on"
)
_OF_THE_MANIFEST = (
    "month_end run_id code_version snapshots definition_versions sha256 verdict cells increments releases withheld "
    "failing key_id digest definitions file version dated snapshot age_days max_age_days last_attempt counted_on notes "
    "tables table rows_in kept duplicates refused unknown_codes"
)
_OF_RELEASES = "front instead_of withdrawn withdrawn_on"
_OF_DESCRIPTIONS = (
    # CSVW
    "@context @language url dc:title dc:publisher dc:license dc:hasVersion dialect delimiter encoding header "
    "lineTerminators quoteChar tableSchema name titles dc:description datatype null required primaryKey "
    # Data Package
    "profile created licenses path contributors role resources format mediatype bytes hash schema fields description "
    "type missingValues "
    # schema.org and DCAT
    "dcat @type @id identifier dcat:version isPartOf hasPart dcat:isVersionOf dcat:previousVersion datePublished "
    "license isAccessibleForFree inLanguage spatialCoverage temporalCoverage creator distribution encodingFormat "
    "contentUrl "
    # JSON Schema
    "$schema properties additionalProperties items anyOf enum pattern minimum"
)
NAMES = frozenset(" ".join((_OF_DATA, _OF_DISCLOSURE, _OF_THE_MANIFEST, _OF_RELEASES, _OF_DESCRIPTIONS)).split())
"""Names in the JSON files, but for those that the document gives: of measures, tables, columns, files."""
