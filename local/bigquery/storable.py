"""The sample without what no table of the services can hold, as drops: so that drops and BigQuery say the same.

A database has no row twice and none that is malformed, keeps neither a trainee's route as the code of Register's
interface nor two answers whether a candidate is hidden, and has no mentor without a placement. Drafts are never asked
for.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib
import json
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from pydantic_core import ValidationError

from local.errors import LocalError
from local.known_answers import FILE
from local.sample.trainees import ROUTE_CODES
from placements_kpi import fields

if TYPE_CHECKING:
    from placements_kpi.sources import Feed

Row = dict[str, Any]

SOURCES = ("apply", "register", "placements", "vacancies")
"""Sources that can be read from BigQuery."""
_DRAFTS = {"application_choices": {"unsubmitted", "application_not_sent"}, "applications": {"draft"}}
_ROUTES = {code: route for route, code in ROUTE_CODES.items()}
_NEVER = datetime.min.replace(tzinfo=UTC)


def write(sample: Path, to: Path) -> None:
    """Write the drops of ``sample`` into ``to`` with nothing in them that the services' tables could not hold."""
    unfinished = to.with_name(to.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(sample, unfinished, ignore=lambda folder, names: SOURCES if Path(folder) == sample else ())
    _forget(unfinished / FILE)
    for source in SOURCES:
        drop = max((sample / source).glob("dt=*"))
        folder = unfinished / source / drop.name
        folder.mkdir(parents=True)
        manifest = json.loads((drop / "manifest.json").read_text(encoding="utf-8"))
        manifest["files"] = [_write(folder, feed, _facts(drop, feed)) for feed in _feeds(source)]
        (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    shutil.rmtree(to, ignore_errors=True)
    unfinished.rename(to)


def _forget(answers: Path) -> None:
    """Take out of the known answers how many mentors have no placement: the tables have none."""
    if answers.is_file():
        known = json.loads(answers.read_text(encoding="utf-8"))
        known["school-participation"]["allocations_not_counted"]["by_reason"].pop("no_mentor_or_placement", None)
        answers.write_text(json.dumps(known), encoding="utf-8")


def written(sample: Path, build: Path) -> Path:
    """Return where in ``build`` the drops of ``sample`` are as :func:`write` writes them; done once."""
    to = build / f"{sample.resolve().name}-of-tables"
    if not to.is_dir() or to.stat().st_mtime < sample.stat().st_mtime:
        missing = [source for source in SOURCES if not list((sample / source).glob("dt=*/manifest.json"))]
        if missing:
            raise LocalError(f"TRANSPORT=bigquery needs drops of {', '.join(missing)} in {sample} as well")
        print(f"Writing what the services' tables can hold of {sample} into {to} (once)", flush=True)
        write(sample, to)
    return to


def as_of(folder: Path, source: str) -> str:
    """Return the instant at which the newest drop of a source stands, ISO 8601."""
    manifest = max((folder / source).glob("dt=*")) / "manifest.json"
    return str(json.loads(manifest.read_text(encoding="utf-8"))["as_of"])


def rows(folder: Path, source: str, feed: str) -> Iterator[Row]:
    """Yield the rows of a feed in the drop that :func:`write` wrote."""
    drop = max((folder / source).glob("dt=*"))
    return map(json.loads, _lines(drop / f"{feed}.ndjson.gz"))


def _feeds(source: str) -> tuple[Feed, ...]:
    feeds: tuple[Feed, ...] = importlib.import_module(f"functions.ingest_{source}.app").SOURCE.feeds
    return feeds


def _write(folder: Path, feed: Feed, facts: Iterator[Row]) -> dict[str, Any]:
    path, number = folder / f"{feed.name}.ndjson.gz", 0
    with gzip.open(path, "wb", compresslevel=1) as file:
        for row in facts:
            file.write(json.dumps(row).encode() + b"\n")
            number += 1
    with path.open("rb") as written:
        return {"name": path.name, "rows": number, "sha256": hashlib.file_digest(written, "sha256").hexdigest()}


def _facts(drop: Path, feed: Feed) -> Iterator[Row]:
    """Yield the rows that count, of each id the newest, as a database would have them."""
    validate, key = fields.validator(feed).validate_json, feed.table.primary_key[0]
    newest: dict[str, tuple[datetime, bytes]] = {}
    for path in sorted(drop.glob(f"{feed.name}*.ndjson*")):
        for line in _lines(path):
            try:
                valid = validate(line)
            except ValidationError:
                continue
            at = valid.get("updated_at") or _NEVER
            if valid[key] not in newest or at >= newest[valid[key]][0]:
                newest[valid[key]] = (at, line)
    lines = [line for _, line in newest.values()]
    hidden: set[Any] = set()
    if feed.name == "application_choices":
        hidden = {row["candidate_id"] for row in map(json.loads, lines) if row.get("hide_in_reporting")} - {None}
    rows = (row for row in map(json.loads, lines) if not _impossible(feed.name, row))
    return (_possible(feed.name, row, hidden) for row in rows)


def _lines(path: Path) -> Iterator[bytes]:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        yield from file


def _impossible(feed: str, row: Mapping[str, Any]) -> bool:
    if feed == "trainees":
        return bool(row["state"] == "draft")
    if feed == "mentor_allocations":
        return row.get("placement_id") is None
    return row.get("status") in _DRAFTS.get(feed, set())


def _possible(feed: str, row: Row, hidden: set[Any]) -> Row:
    """Return a row as the tables can hold it."""
    if feed == "application_choices":
        # It is the candidate who is hidden.
        row["hide_in_reporting"] = row["candidate_id"] and row["candidate_id"] in hidden
    elif feed == "trainees":
        row["training_route"] = _ROUTES.get(row["training_route"], row["training_route"])
    elif feed == "mentor_allocations":
        # Mentors who share a placement share its school, provider and year.
        shared = "|".join(str(row.get(name)) for name in ("academic_year", "school_urn", "provider_code"))
        row["placement_id"] = str(uuid5(NAMESPACE_URL, shared))
    elif feed in {"school_activity", "provider_activity"}:
        row |= {"sign_in_dates": sorted(set(days))} if (days := row.get("sign_in_dates")) else {}
    elif feed == "vacancies":
        row["organisation_urns"] = sorted(row.get("organisation_urns") or ())
    return row
