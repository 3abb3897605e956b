"""Drops for tests: written as an owning team's export would write them, or wrong on purpose."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Rows = list[dict[str, Any] | str]


def write_drop(
    location: Path,
    files: dict[str, Rows],
    *,
    day: str = "2026-07-14",
    as_of: str | None = None,
    zipped: bool = False,
    tables: bool = False,
    **also: Any,
) -> Path:
    """Write one drop and return its folder; a row that is a text is written as it is. ``also``: of its manifest.

    With ``tables`` the files are CSV, with the keys of their first row above.
    """
    form = "csv" if tables else "ndjson"
    folder = location / f"dt={day}"
    folder.mkdir(parents=True, exist_ok=True)
    listed = []
    for name, rows in files.items():
        texts = [row if isinstance(row, str) else _line(row, form) for row in rows]
        texts[:0] = [",".join(rows[0])] if tables else []  # type: ignore[arg-type]
        lines = "".join(f"{text}\n" for text in texts).encode()
        stored = gzip.compress(lines, mtime=0) if zipped else lines
        path = folder / f"{name}.{form}{'.gz' if zipped else ''}"
        path.write_bytes(stored)
        listed.append({"name": path.name, "rows": len(rows), "sha256": hashlib.sha256(stored).hexdigest()})
    manifest = {"schema_version": 1, "as_of": as_of or f"{day}T22:00:00Z", "files": listed, **also}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def _line(row: Mapping[str, Any], form: str) -> str:
    return json.dumps(row) if form == "ndjson" else ",".join(map(str, row.values()))


def choice(number: int, **changes: Any) -> dict[str, Any]:
    """Return an application choice that nothing is wrong with."""
    return {
        "id": str(number),
        "candidate_id": f"C{number}",
        "recruitment_cycle_year": 2026,
        "status": "awaiting_provider_decision",
        "sent_to_provider_at": "2026-03-01T10:00:00Z",
        "rejected_at": None,
        "rejected_by_default": False,
        "provider_code": "1AB",
        "provider_region_code": "london",
        "course_level": "secondary",
        "hide_in_reporting": False,
        "updated_at": "2026-03-01T10:00:00Z",
    } | changes


def choices(count: int = 200) -> Rows:
    """Return that many good choices, numbered from 1."""
    return [choice(number) for number in range(1, count + 1)]


def trainee(number: int, **changes: Any) -> dict[str, Any]:
    """Return a trainee record that nothing is wrong with."""
    return {
        "trainee_id": f"t{number}",
        "trn": f"{2000000 + number}",
        "state": "trn_received",
        "training_route": "12",
        "placements": [{"urn": "100000", "name": "A school", "address": "A street"}],
        "updated_at": "2026-03-01T10:00:00Z",
    } | changes


def school(number: int, **changes: Any) -> dict[str, Any]:
    """Return the activity of a school."""
    return {
        "school_urn": f"{100000 + number}",
        "onboarded": True,
        "onboarded_at": "2025-09-01T10:00:00Z",
        "hosting_preferences": [
            {"academic_year": 2025, "appetite": "interested", "created_at": "2025-09-02T10:00:00Z"}
        ],
        "placements": [{"academic_year": 2025, "created_at": "2025-09-03T10:00:00Z"}] * 2,
        "sign_in_dates": ["2025-09-02"],
        "updated_at": "2026-03-01T10:00:00Z",
    } | changes


def allocation(number: int, **changes: Any) -> dict[str, Any]:
    """Return a mentor allocation."""
    return {
        "allocation_id": f"a{number}",
        "placement_id": f"p{number}",
        "school_urn": "100001",
        "mentor_id": f"m{number}",
        "trn": f"{3000000 + number}",
        "provider_code": "1ab",
        "academic_year": 2025,
        "created_at": "2025-10-01T10:00:00Z",
        "updated_at": "2025-10-01T10:00:00Z",
    } | changes


def vacancy(number: int, **changes: Any) -> dict[str, Any]:
    """Return a vacancy."""
    return {
        "vacancy_id": f"v{number}",
        "organisation_urns": ["100001"],
        "job_roles": ["teacher"],
        "publish_on": "2026-01-01",
        "expires_at": "2026-02-01T12:00:00Z",
        "updated_at": "2026-02-01T12:00:00Z",
    } | changes


def application(number: int, **changes: Any) -> dict[str, Any]:
    """Return an application to vacancy 1."""
    return {
        "application_id": f"ap{number}",
        "vacancy_id": "v1",
        "status": "submitted",
        "submitted_at": "2026-01-15T12:00:00Z",
        "trn": f"{2000000 + number}",
        "updated_at": "2026-01-15T12:00:00Z",
    } | changes
