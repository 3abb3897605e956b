"""The published schema: which files a release has, which columns and values they have, and where an id may stand.

The one place that says so. A file, column or value that is not here is refused, so that
whoever adds one adds it here too, where its reader can ask why. Whitelists name a file and
a column or path, and wherever possible the very values; none is a pattern that lets
anything of its shape through.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

from functions.publish_site.words import MONTHS

REGIONS = {f"E1200000{number}" for number in range(1, 10)}
"""Codes of the nine regions of England."""

INDICATORS = ("numerator", "denominator", "percentage")

TIME_IDENTIFIERS = {
    "recruitment_cycle": "Recruitment cycle",
    "register_year": "Academic year from August",
    "placements_year": "Academic year from September",
}

DATA_COLUMNS: dict[str, frozenset[str] | None] = {
    "time_period": None,
    "time_identifier": frozenset(TIME_IDENTIFIERS.values()),
    "geographic_level": frozenset({"National", "Regional"}),
    "country_code": frozenset({"E92000001"}),
    "country_name": frozenset({"England"}),
    "region_code": frozenset({"", "x", *REGIONS}),
    "region_name": None,
    "kpi": None,
    "measure": None,
    "breakdown": None,
    "category": None,
    "as_of": None,
    "unit": frozenset("candidate trainee application vacancy school provider allocation record".split()),
    "figure_status": frozenset({"provisional", "final", "revised"}),
    "numerator": None,
    "denominator": None,
    "percentage": None,
}
"""Columns of the data files in order, each with all the values it may have, where there is a list."""

WITHDRAWN_COLUMNS = ("release", "withdrawn_on", "reason")
"""Columns of what stands in place of a withdrawn file."""

_STANDARD_PLACE = (
    "time_period time_identifier geographic_level country_code country_name region_code region_name".split()
)
STANDARD_COLUMNS: dict[str, tuple[str, ...]] = {
    "years": (*_STANDARD_PLACE, "part_of_year", "breakdown", "category"),
    "months": (*_STANDARD_PLACE, "breakdown", "category"),
}
"""Columns without figures of the files in DfE's open data standard; those with figures are named by the measures."""

STANDARD_VALUES: dict[str, frozenset[str]] = {
    "time_identifier": frozenset({"Academic year", *MONTHS}),
    "geographic_level": frozenset({"National", "Regional"}),
    "country_code": frozenset({"E92000001"}),
    "country_name": frozenset({"England"}),
    "region_code": frozenset({"", "x", *REGIONS}),
    "part_of_year": frozenset({"Total", "To the same point"}),
}
"""All the values of a column of those files, where there is a list."""

META_COLUMNS = tuple(
    "col_name col_type label indicator_grouping indicator_unit indicator_dp filter_hint filter_grouping_column".split()
)
"""Columns of the description of such a file."""

IDENTIFIER_COLUMNS = {"country_code", "region_code"}
"""Columns of the data files with official codes of eight digits, which must be among those listed above."""

COUNT_COLUMNS = {"numerator", "denominator"}
"""Columns of the data files with counts, of which one may have seven digits."""

_DISCLOSURE = [
    f"disclosure_control.{path}"
    for path in (
        "base floor percentage_floor width threshold attempts solver_seconds external_totals.*.[] "
        "approved_by approved_on"
    ).split()
]

DATA_JSON = [
    *"title status licence release published as_of demonstration columns.* symbols.* sources.[].source".split(),
    *"sources.[].title sources.[].as_of kpis.[].id kpis.[].title kpis.[].state kpis.[].as_of".split(),
    *"kpis.[].definition_version kpis.[].measures.*".split(),
    *_DISCLOSURE,
    *(f"rows.[].{column}" for column in DATA_COLUMNS),
    *(f"revisions.[].{column}" for column in DATA_COLUMNS if column not in {"unit", "figure_status", *INDICATORS}),
    *(f"revisions.[].{side}.{column}" for side in ("was", "now") for column in INDICATORS),
    *"compared_with revisions.[].reason".split(),
]
"""Paths of the data files in JSON; ``[]`` is any element of a list, ``*`` any name of an object."""

_SOURCE = (
    "source title as_of snapshot age_days max_age_days last_attempt counted_on withheld.[] notes.* tables.[].table "
    "tables.[].rows_in tables.[].kept tables.[].duplicates tables.[].refused.* tables.[].unknown_codes.*"
).split()

MANIFEST_JSON = [
    *"release published as_of month_end run_id code_version demonstration snapshots.* definition_versions.*".split(),
    *"sha256.* verdict verdict.state verdict.width verdict.threshold verdict.cells verdict.increments".split(),
    *"verdict.releases.[] verdict.attempts verdict.withheld.[] verdict.failing.[] verdict.key_id".split(),
    *"verdict.digest compared_with revisions definitions.[].file definitions.[].version".split(),
    *"definitions.[].dated definitions.[].source".split(),
    *_DISCLOSURE,
    *(f"sources.[].{path}" for path in _SOURCE),
]

RELEASE_JSON = ["release", "published"]
WITHDRAWN_JSON = list(WITHDRAWN_COLUMNS)
RELEASES_JSON = (
    "front instead_of releases.[].release releases.[].as_of releases.[].published releases.[].withdrawn "
    "releases.[].withdrawn.withdrawn_on releases.[].withdrawn.reason"
).split()

CSVW_JSON = [
    *"@context.[] @context.[].@language url dc:title dc:publisher dc:license.@id dc:hasVersion dialect.*".split(),
    *"tableSchema.columns.[].name tableSchema.columns.[].titles.[] tableSchema.columns.[].dc:title".split(),
    *"tableSchema.columns.[].dc:description tableSchema.columns.[].datatype tableSchema.columns.[].null.[]".split(),
    *"tableSchema.columns.[].required tableSchema.primaryKey.[]".split(),
]
PACKAGE_JSON = [
    *"profile name title version created licenses.[].name licenses.[].title licenses.[].path".split(),
    *"contributors.[].title contributors.[].role".split(),
    *(f"resources.[].{one}" for one in "name path format mediatype bytes hash profile encoding".split()),
    *(f"resources.[].schema.fields.[].{one}" for one in "name title description type".split()),
    *"resources.[].schema.primaryKey.[] resources.[].schema.missingValues.[]".split(),
]
DATASET_JSON = [
    *"@context.[] @context.[].dcat @type @id name description url identifier version dcat:version".split(),
    *"isPartOf.@id hasPart.[].@id".split(),
    *"dcat:isVersionOf.@id dcat:previousVersion.@id datePublished license isAccessibleForFree inLanguage".split(),
    *"spatialCoverage temporalCoverage creator.@type creator.name distribution.[].@type".split(),
    *"distribution.[].encodingFormat distribution.[].contentUrl".split(),
]
"""Paths of what describes the data files to a programme."""

DESCRIPTION_WORDS = frozenset(
    {
        "http://www.w3.org/ns/csvw",
        "http://www.w3.org/ns/dcat#",
        "utf-8",
        "OGL-UK-3.0",
        "Open Government Licence v3.0",
        "the two years that the year spans, as six digits, or the year of a month",
    }
)
"""What those descriptions say with a number in it that is no figure."""

MANIFEST_COUNTS = {
    "sources.[].notes.*",
    "sources.[].tables.[].rows_in",
    "sources.[].tables.[].kept",
    "sources.[].tables.[].duplicates",
    "sources.[].tables.[].refused.*",
    "sources.[].tables.[].unknown_codes.*",
}
"""Paths of the manifest with counts of rows, of which one may have seven digits."""

LICENCE = "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"

RELEASE_DATA = "school-placements-performance"
"""Name of the data files with every indicator."""


def json_paths(file: str) -> list[str] | None:
    """Return the paths that a JSON file may have; ``None`` for a file that is not in the schema.

    ``file`` is a path inside a release, or ``releases.json`` of the site.
    """
    fixed = {
        "manifest.json": MANIFEST_JSON,
        "release.json": RELEASE_JSON,
        "releases.json": RELEASES_JSON,
        "datapackage.json": PACKAGE_JSON,
    }
    if file.startswith("schemas/"):
        return ["*"]  # the gate compares each with the code, byte by byte
    if is_csvw(file):
        return CSVW_JSON
    if is_data(file, "jsonld"):
        return DATASET_JSON
    return fixed.get(file) or (DATA_JSON if is_data(file, "json") else None)


def is_csvw(file: str) -> bool:
    """Return whether ``file`` describes a CSV file of the release by CSVW: it has its name and one more suffix."""
    table = file.removesuffix("-metadata.json")
    return table != file and (is_data(table, "csv") or standard_span(table) is not None)


def is_description(file: str) -> bool:
    """Return whether ``file`` describes data files and has no figure of its own."""
    return file == "datapackage.json" or is_csvw(file) or is_data(file, "jsonld")


def is_data(file: str, suffix: str) -> bool:
    """Return whether ``file`` is a data file: that of the release, or ``<kpi>/<kpi>.<suffix>`` of an indicator."""
    folder, _, name = file.rpartition("/")
    return name == f"{folder or RELEASE_DATA}.{suffix}" and "/" not in folder


def standard_span(file: str, suffix: str = ".csv") -> str | None:
    """Return "years" or "months" for a file in DfE's open data standard; ``None`` for any other."""
    folder, _, name = file.rpartition("/")
    named = (span for span in STANDARD_COLUMNS if name == f"{folder or RELEASE_DATA}-{span}{suffix}")
    return None if "/" in folder else next(named, None)


def path_is_known(path: str, known: list[str]) -> bool:
    """Return whether a JSON path is one of those ``known``; ``*`` stands for one name, whatever is in it."""
    return path in known or any(fnmatchcase(path, one.replace("[", "[[]")) for one in known if "*" in one)
