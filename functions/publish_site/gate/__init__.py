"""The gate: nothing reaches the site that was not audited, as it is rendered and not as it was meant.

It reads the bytes of a release back and compares every number that a reader could see
with the audited figures: cell by cell where they have a place, and everywhere else only
what the page's own rules can make of them. A scanner looks for identifiers as well. An
error names the file and the place, never the value, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from functions.publish_site.gate import schema
from functions.publish_site.gate.audited import check_verdict
from functions.publish_site.gate.context import Context, context
from functions.publish_site.gate.downloads import check_csv, check_json, check_manifest, check_ods
from functions.publish_site.gate.errors import GateError, stopped
from functions.publish_site.gate.pages import FRONT, check_page
from functions.publish_site.gate.scanner import Known, known, scan
from functions.publish_site.readback import ReadbackError
from functions.publish_site.readback.files import json_value

__all__ = ["STOPS", "Context", "GateError", "Known", "check_front", "check_release", "check_verdict", "context", "scan"]

STOPS = (GateError, ReadbackError)
"""What stops a release: it says something that it may not, or nobody can tell what it says."""

PAGES = frozenset({"about", "accessibility", "confidentiality", "data-quality", "glossary", "method", "privacy"})
"""Folders of the pages of a release that are no indicator's."""


def check_release(files: Mapping[str, bytes], made: Context, assets: Collection[str]) -> None:
    """Raise one of :data:`STOPS` unless every file of a release may be published as it is.

    ``files`` are all of the release by their path in it; ``assets`` the keys of stylesheet and images.
    """
    document = made.document
    for file, body in files.items():
        _check_file(file, body, made, files)
    missing = {f"{kpi.id}/{kpi.id}.{kind}" for kpi in document.kpis for kind in ("csv", "json")} - set(files)
    if missing:
        raise stopped(min(missing), "the file", "it is missing from the release")
    scan(files, known(document, files, assets))


def check_front(body: bytes, made: Context, assets: Collection[str]) -> None:
    """Raise one of :data:`STOPS` unless the page at the front may be published as it is."""
    check_page(FRONT, body, made)
    scan({FRONT: body}, known(made.document, {}, assets))


def _check_file(file: str, body: bytes, made: Context, files: Mapping[str, bytes]) -> None:
    folder, _, name = file.rpartition("/")
    if name == "index.html" and (folder in PAGES or folder in made.kpis or not folder):
        check_page(file, body, made)
    elif schema.is_data(file, "csv") and (folder in made.kpis or not folder):
        check_csv(file, body, made)
    elif schema.is_data(file, "json") and (folder in made.kpis or not folder):
        check_json(file, body, made)
    elif schema.is_data(file, "ods") and (folder in made.kpis or not folder):
        check_ods(file, body, made)
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
