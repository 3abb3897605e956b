"""The gate: nothing reaches the site that was not audited, as it is rendered and not as it was meant.

It reads the bytes of a release back and compares every number that a reader could see
with the audited figures: cell by cell where they have a place, and everywhere else only
what the page's own rules can make of them. A scanner looks for identifiers as well. An
error names the file and the place, never the value, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from functions.publish_site.gate import schema
from functions.publish_site.gate.audited import check_verdict
from functions.publish_site.gate.context import Context, context
from functions.publish_site.gate.descriptions import check_description
from functions.publish_site.gate.downloads import check_csv, check_json, check_manifest, check_ods
from functions.publish_site.gate.errors import GateError, stopped
from functions.publish_site.gate.pages import DATA, FRONT, check_page
from functions.publish_site.gate.scanner import Known, known, scan
from functions.publish_site.gate.standard import check_meta, check_standard
from functions.publish_site.readback import ReadbackError
from functions.publish_site.readback.files import json_value
from functions.publish_site.schemas import SCHEMAS
from placements_kpi.store import canonical_json

__all__ = ["STOPS", "Context", "GateError", "Known", "check_front", "check_release", "check_verdict", "context", "scan"]

STOPS = (GateError, ReadbackError)
"""What stops a release: it says something that it may not, or nobody can tell what it says."""

PAGES = frozenset(
    {"about", "accessibility", "confidentiality", "data", "data-quality", "glossary", "method", "privacy"}
)
"""Folders of the pages of a release that are no indicator's."""


def check_release(files: Mapping[str, bytes], made: Context, assets: Collection[str]) -> None:
    """Raise one of :data:`STOPS` unless every file of a release may be published as it is.

    ``files`` are all of the release by their path in it; ``assets`` the keys of stylesheet and images.
    """
    document = made.document
    made = replace(made, sizes=frozenset(map(len, files.values())), datasets=_datasets(made, files))
    missing = {f"{kpi.id}/{kpi.id}.{kind}" for kpi in document.kpis for kind in ("csv", "json")} - set(files)
    if missing:
        raise stopped(min(missing), "the file", "it is missing from the release")
    allowed = known(document, files, assets, made.host)
    for file, body in files.items():
        _check_file(file, body, made, files)
        scan({file: body}, allowed)


def check_front(body: bytes, made: Context, assets: Collection[str], dataset: bytes | None = None) -> None:
    """Raise one of :data:`STOPS` unless the page at the front may be published as it is.

    ``dataset`` is the release's description as a Dataset, which the page has in it; ``None`` if the release has none.
    """
    check_page(FRONT, body, replace(made, datasets={FRONT: dataset} if dataset is not None else {}))
    scan({FRONT: body}, known(made.document, {}, assets, made.host))


def _datasets(made: Context, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The Dataset that each page with a data block must have in it: an indicator's own, or that of the release."""
    named = {f"{one}/index.html": f"{one}/{one}.jsonld" for one in made.kpis}
    named |= dict.fromkeys((FRONT, DATA), f"{schema.RELEASE_DATA}.jsonld")
    missing = set(named.values()) - set(files)
    if missing:
        raise stopped(min(missing), "the file", "it is missing from the release")
    return {page: files[path] for page, path in named.items()}


def _check_file(file: str, body: bytes, made: Context, files: Mapping[str, bytes]) -> None:
    folder, _, name = file.rpartition("/")
    check = _data_check(file) if folder in made.kpis or not folder else None
    if name == "index.html" and (folder in PAGES or folder in made.kpis or not folder):
        check_page(file, body, made)
    elif check:
        check(file, body, made)
    elif folder == "schemas" and name in SCHEMAS:
        if body != canonical_json(SCHEMAS[name]):
            raise stopped(file, "the file", "it is not the schema that the code has")
    elif schema.is_description(file) and (folder in made.kpis or not folder):
        check_description(file, body, made, files)
    elif file == "manifest.json":
        check_manifest(file, body, made, files)
    elif file == "release.json":
        if json_value(file, body) != {"release": made.document.release, "published": made.instant}:
            raise stopped(file, "the file", "it is not the record of this release")
    elif folder in made.kpis and name == f"{folder}.sql":
        if body != made.kpis[folder].kpi.sql.encode():
            raise stopped(file, "the file", "it is not the query that the figures come from")
    else:
        raise stopped(file, "its name", "a file that nobody here can read back")


def _data_check(file: str) -> Callable[[str, bytes, Context], None] | None:
    """Return what reads a data file back; ``None`` for any other file."""
    named = {"csv": check_csv, "json": check_json, "ods": check_ods}
    found = next((check for suffix, check in named.items() if schema.is_data(file, suffix)), None)
    if schema.standard_span(file):
        return check_standard
    return check_meta if schema.standard_span(file, ".meta.csv") else found
