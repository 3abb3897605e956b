"""``python -m local.manifest FOLDER [--as-of INSTANT]``: the manifest of a drop, for who has no program to write it.

The folder is one day's drop, ``dt=YYYY-MM-DD``, with the files of one source (docs/drops.md), whole or
in shards. The manifest is written only if an ingest would take the drop as it lies there.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import importlib
import io
import json
import re
import sys
import tempfile
import zlib
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

from local.asked import cannot_write
from local.errors import LocalError
from local.stages import INGESTS
from placements_kpi import drops, records, times
from placements_kpi.errors import PlacementsKpiError
from placements_kpi.promises import SCHEMA_VERSIONS
from placements_kpi.sources import SourceFile

if TYPE_CHECKING:
    from placements_kpi.sources import Feed, Source


class ManifestError(LocalError):
    """No manifest can be written for a folder."""


def write(folder: Path, as_of: str = "") -> tuple[Source, int]:
    """Write ``manifest.json`` into ``folder``; return the source whose drop it is, and its rows.

    ``as_of`` is the instant at which the data stands, ISO 8601 with a zone; without it, the day's midnight UTC.
    Raises :class:`ManifestError` if the folder has a manifest already or is no drop of any source, and
    :class:`~placements_kpi.drops.DropError` if an ingest would not take it.
    """
    day = _day(folder)
    names = drops.FolderLocation(folder.parent).files(day)
    if drops.MANIFEST in names:
        raise ManifestError(f"{folder} has a {drops.MANIFEST} already: take it away first if the files are others now")
    source = _source(folder, names)
    instant = as_of or times.iso_instant(datetime.combine(day, time(), UTC))
    rows = {name: _rows(folder / name) for name in names}
    files = [{"name": name, "rows": rows[name], "sha256": drops.sha256_of(folder / name)} for name in names]
    manifest = {"schema_version": SCHEMA_VERSIONS[-1], "as_of": instant, "files": files}
    path = folder / drops.MANIFEST
    path.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    try:
        with tempfile.TemporaryDirectory() as scratch:
            drops.open_drop(drops.FolderLocation(folder.parent), day, source.feeds, Path(scratch))
    except PlacementsKpiError:
        path.unlink()
        raise
    return source, sum(rows.values())


def _day(folder: Path) -> date:
    match = re.fullmatch(r"dt=(\d{4}-\d\d-\d\d)", folder.name)
    if not folder.is_dir() or match is None:
        raise ManifestError(f"{folder} is no folder called dt=YYYY-MM-DD, after the day that the data stands at")
    try:
        return date.fromisoformat(match[1])
    except ValueError:
        raise ManifestError(f"{folder.name} names no day of the calendar") from None


def _source(folder: Path, names: list[str]) -> Source:
    """Return the source that has these files."""
    wanted = []
    for function in INGESTS:
        source: Source = importlib.import_module(f"functions.{function}.app").SOURCE
        try:
            drops.match(source.feeds, names, str(folder))
        except drops.DropError:
            wanted.append(f"{source.name}: {', '.join(map(_usual_name, source.feeds))}")
        else:
            return source
    raise ManifestError(f"{folder} has not the files of one source, all of them and no other. " + "; ".join(wanted))


def _usual_name(feed: Feed) -> str:
    return re.sub(r"\\d\{8\}", "YYYYMMDD", feed.file_pattern or f"{feed.name}.ndjson").replace("\\", "")


def _rows(path: Path) -> int:
    """Return how many data rows an ingest counts in a file."""
    if ".csv" not in path.name:
        return sum(1 for _ in records.lines(SourceFile(path.name, (path,))))
    try:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as stream:
            text = io.TextIOWrapper(io.BufferedReader(stream), encoding="cp1252", errors="replace", newline="")
            return max(0, sum(1 for row in csv.reader(text) if row) - 1)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise ManifestError(f"{path} is not a whole gzip file: write it again") from None


def main() -> int:
    """Write a manifest as the command line asks; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m local.manifest", description="Write the manifest of a drop.")
    parser.add_argument("folder", type=Path, help="dt=YYYY-MM-DD, with the files of one source")
    parser.add_argument(
        "--as-of", default="", help="the instant at which the data stands, such as 2026-07-14T22:30:00Z"
    )
    asked = parser.parse_args()
    try:
        source, rows = write(asked.folder, asked.as_of)
    except PlacementsKpiError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {cannot_write(error)}", file=sys.stderr)
        return 1
    print(f"{asked.folder / drops.MANIFEST}: a drop of {source.name} with {rows:,} rows", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
