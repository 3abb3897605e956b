"""GIAS files for tests: every width the file has had, cp1252, with people's names in the columns that we never read."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from pathlib import Path
from typing import Any

DAY = "2026-07-14"
WIDTHS = (120, 135, 139, 140)
HEADERS = {width: (Path(__file__).parent / "headers" / f"{width}.txt").read_text().splitlines() for width in WIDTHS}
"""Names of the columns at different times, from the oldest to the newest but one, the newest having 135."""

LINK_HEADER = ["URN", "LinkURN", "LinkName", "LinkType", "LinkEstablishedDate"]
NEVER_KEPT = {
    "HeadTitle (name)": "Captain",
    "HeadFirstName": "Zebedee",
    "HeadLastName": "Quillfeather",
    "HeadPreferredJobTitle": "Principal Wizard",
    "TelephoneNum": "02079460123",
    "PropsName": "Ponsonby Holdings",
}
"""Invented; the parser never lets any of it past."""

Row = dict[str, str] | bytes
"""Values by column name, or a line as it stands."""


def school(urn: int | str, **changes: str) -> dict[str, str]:
    """Return a school that nothing is wrong with; ``changes`` use the names of the contract's columns."""
    values = NEVER_KEPT | {
        "URN": str(urn),
        "LA (code)": "201",
        "LA (name)": "City of London",
        "EstablishmentName": f"School {urn}",
        "TypeOfEstablishment (code)": "01",
        "EstablishmentTypeGroup (code)": "4",
        "EstablishmentStatus (code)": "1",
        "PhaseOfEducation (code)": "2",
        "GOR (code)": "H",
        "OpenDate": "01-09-2001",
        "CloseDate": "",
        "Postcode": "EC3A 5DE",
        "UKPRN": "10079319",
        "LastChangedDate": "12-05-2026",
        "Street": "Street with, a comma",
    }
    names = {
        "name": "EstablishmentName",
        "status": "EstablishmentStatus (code)",
        "kind": "TypeOfEstablishment (code)",
        "group": "EstablishmentTypeGroup (code)",
        "phase": "PhaseOfEducation (code)",
        "region": "GOR (code)",
        "la": "LA (code)",
        "opened": "OpenDate",
        "closed": "CloseDate",
        "postcode": "Postcode",
        "changed": "LastChangedDate",
    }
    return values | {names.get(name, name): value for name, value in changes.items()}


def link(urn: int, to: int, kind: str = "Successor", on: str = "01-09-2024") -> dict[str, str]:
    """Return a link from a school to another."""
    return {"URN": str(urn), "LinkURN": str(to), "LinkName": "A school", "LinkType": kind, "LinkEstablishedDate": on}


def write_csv(path: Path, header: list[str], rows: list[Row], encoding: str = "cp1252") -> int:
    """Write a file as GIAS does and return how many rows it has; a byte string is written as it stands."""
    with path.open("wb") as file:
        file.write((",".join(f'"{name}"' for name in header) + "\r\n").encode(encoding))
        for row in rows:
            if isinstance(row, bytes):
                file.write(row + b"\r\n")
                continue
            text = io.StringIO()
            csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(
                [row.get(name, "") for name in header]
            )
            file.write(text.getvalue().encode(encoding))
    return len(rows)


def write_drop(
    location: Path,
    schools: list[Row],
    links: list[Row] | None = None,
    *,
    day: str = DAY,
    width: int = 135,
    encoding: str = "cp1252",
    zipped: bool = False,
    header: list[str] | None = None,
) -> Path:
    """Write a drop of GIAS's two files with a manifest that is true, and return its folder."""
    folder = location / f"dt={day}"
    folder.mkdir(parents=True, exist_ok=True)
    stamp = day.replace("-", "")
    files: list[dict[str, Any]] = []
    for name, columns, rows in (
        (f"edubasealldata{stamp}.csv", header or HEADERS[width], schools),
        (f"links_edubasealldata{stamp}.csv", LINK_HEADER, links or []),
    ):
        path = folder / name
        count = write_csv(path, columns, rows, encoding)
        if zipped:
            packed = path.with_name(f"{name}.gz")
            packed.write_bytes(gzip.compress(path.read_bytes(), mtime=0))
            path.unlink()
            path = packed
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        files.append({"name": path.name, "rows": count, "sha256": digest})
    manifest = {"schema_version": 1, "as_of": f"{day}T00:00:00Z", "files": files}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def rewrite(folder: Path, data: bytes) -> None:
    """Change the file of schools in a drop and make the manifest true again, but for the number of rows."""
    path = next(iter(sorted(folder.glob("edubasealldata*"))))
    path.write_bytes(data)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][0]["sha256"] = hashlib.sha256(data).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))
