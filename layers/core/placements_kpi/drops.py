"""Drops: dated folders of files that an owning team's scheduled export leaves for us (sources#transports).

``<location>/dt=YYYY-MM-DD/`` holds the files of the source and a ``manifest.json`` that
promises their rows and SHA-256. A drop that is not exactly what its manifest says is
refused as a whole.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from placements_kpi import aws, invented, promises, store, times
from placements_kpi.sources import Feed, Fetched, SourceError, SourceFile

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

MANIFEST = "manifest.json"
_SHARD = r"-(\d{12})\."
_DAY = re.compile(r"dt=(\d{4}-\d{2}-\d{2})")
_SKEW = timedelta(minutes=10)


class DropError(SourceError):
    """A drop is missing, or is not what its manifest says."""


@dataclass(frozen=True)
class BucketLocation:
    """Drops under a prefix in S3."""

    s3: S3Client
    bucket: str
    prefix: str

    def days(self) -> list[date]:
        """Return the days that have a drop, newest first."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix, Delimiter="/")
        try:
            prefixes = [entry["Prefix"] for page in pages for entry in page.get("CommonPrefixes", ())]
        except ClientError as error:
            message = f"the drops cannot be listed. {aws.explained(error)}; check SOURCE_LOCATION"
            raise DropError(message, transient=aws.passes(error)) from None
        return _newest_first(name[len(self.prefix) :].rstrip("/") for name in prefixes)

    def files(self, day: date) -> list[str]:
        """Return the names of the files of a day's drop."""
        prefix = f"{self.prefix}dt={day}/"
        names = (key.removeprefix(prefix) for key in store.keys(self.s3, self.bucket, prefix))
        return sorted(name for name in names if name and not name.endswith("/"))

    def copy(self, day: date, name: str, folder: Path) -> Path:
        """Return a path on this machine to one file; copied into ``folder`` if it is elsewhere."""
        path = folder / name
        try:
            self.s3.download_file(self.bucket, f"{self.prefix}dt={day}/{name}", str(path))
        except ClientError as error:
            if aws.code(error) not in _OF_THE_DROP and not aws.code(error).startswith("KMS"):
                raise
            message = f"the drop dt={day} cannot be read. {aws.explained(error)}; ask its owner"
            raise DropError(message, transient=aws.passes(error)) from None
        return path


_OF_THE_DROP = {"403", "AccessDenied", "404", "NoSuchKey", "InvalidObjectState", "400"}
"""Errors that one object may have and its neighbours not: another owner, another key, archived, gone meanwhile."""


@dataclass(frozen=True)
class FolderLocation:
    """Drops in a folder (local stack only)."""

    folder: Path

    def days(self) -> list[date]:
        if not self.folder.is_dir():
            raise DropError(f"there is no folder {self.folder}: check SOURCE_LOCATION")
        return _newest_first(entry.name for entry in self.folder.iterdir() if entry.is_dir())

    def files(self, day: date) -> list[str]:
        drop = self.folder / f"dt={day}"
        return sorted(entry.name for entry in drop.iterdir() if entry.is_file()) if drop.is_dir() else []

    def copy(self, day: date, name: str, folder: Path) -> Path:
        return self.folder / f"dt={day}" / name


Location = BucketLocation | FolderLocation
"""Where drops are: both list, name and give files alike."""


def locate(location: str, stage: str, s3: S3Client) -> Location:
    """Return where the drops of ``location`` are; :class:`DropError` for one that this stage may not read."""
    if location.startswith("s3://"):
        bucket, _, prefix = location.removeprefix("s3://").partition("/")
        return BucketLocation(s3, bucket, prefix.rstrip("/") + "/" if prefix.strip("/") else "")
    if stage == "local" and not re.match(r"[a-z][a-z0-9+.-]*://", location):
        return FolderLocation(Path(location))
    raise DropError("SOURCE_LOCATION is not one that can be read here: it begins with https://, s3:// or bigquery://")


def open_drop(location: Location, day: date, feeds: Sequence[Feed], folder: Path) -> Fetched:
    """Return the drop of ``day``, its manifest and hashes checked; row counts are checked as the rows are read.

    Raises :class:`DropError` saying what is missing, renamed, surplus or changed.
    """
    names = location.files(day)
    where = f"the drop dt={day}"
    if not names:
        raise DropError(f"{where} does not exist or is empty: ask its owner for it")
    if MANIFEST not in names:
        raise DropError(f"{where} has no {MANIFEST}: it is not complete yet, or its export failed; ask its owner")
    manifest = _read_manifest(location, day, folder, where)
    _check_as_of(manifest.as_of, day, where)
    promised = {file.name: file for file in manifest.files}
    present = set(names) - {MANIFEST}
    if len(promised) != len(manifest.files) or promised.keys() != present:
        differing = promises.named(sorted(present ^ promised.keys())) or "a file named twice"
        raise DropError(f"{where} and its {MANIFEST} do not name the same files ({differing}): ask its owner")
    chosen = match(feeds, sorted(present), where)
    files = {}
    for feed, shards in chosen.items():
        paths = []
        for name in shards:
            paths.append(location.copy(day, name, folder))
            if sha256_of(paths[-1]) != promised[name].sha256.lower():
                raise DropError(f"{where}: the bytes of {name} are not those its manifest was made for; ask its owner")
        if len(paths) > 1 and ".csv" in shards[0]:
            paths = [_joined(paths, folder / f"{feed}.csv", where)]
        whole = re.sub(_SHARD, ".", shards[0])
        files[feed] = SourceFile(whole, tuple(paths), rows=sum(promised[shard].rows for shard in shards))
    facts: dict[str, Any] = {
        "transport": "drop",
        "day": day.isoformat(),
        "schema_version": str(manifest.schema_version),
        "files": [
            {"name": file.name, "rows": file.rows, "sha256": file.sha256.lower()}
            for file in sorted(manifest.files, key=lambda file: file.name)
        ],
    }
    if manifest.key_id is not None:
        facts["key_id"] = manifest.key_id
    if manifest.invented:
        facts[invented.FACT] = True
    return Fetched(as_of=manifest.as_of, files=files, facts=facts)


def _read_manifest(location: Location, day: date, folder: Path, where: str) -> promises.Promise:
    try:
        return promises.read(location.copy(day, MANIFEST, folder))
    except promises.PromiseError as error:
        raise DropError(
            f"{where}: its {MANIFEST} {error}; ask its owner to write it as docs/drops.md says, and to export again"
        ) from None


def _check_as_of(as_of: datetime, day: date, where: str) -> None:
    if as_of > times.now() + _SKEW or day > times.today():
        raise DropError(f"{where} says it is from the future (as of {times.iso_instant(as_of)}): ask its owner")
    if abs(times.london_day(as_of) - day) > timedelta(days=1):
        raise DropError(
            f"{where} says it stands at {times.iso_instant(as_of)}: an old drop in a new folder; ask its owner"
        )


def match(feeds: Sequence[Feed], names: list[str], where: str) -> dict[str, list[str]]:
    """Return the file of each feed, or its shards in order, by the feed's name; :class:`DropError` if not all fit."""
    chosen: dict[str, list[str]] = {}
    for feed in feeds:
        beginning, _, ending = (feed.file_pattern or re.escape(f"{feed.name}.ndjson")).rpartition(r"\.")
        pattern = rf"{beginning}(-\d{{12}})?\.{ending}(\.gz)?"
        matching = [name for name in names if re.fullmatch(pattern, name)]
        numbers = [numbered[1] for name in matching if (numbered := re.search(_SHARD, name))]
        if len(matching) != max(1, len(numbers)):
            what = f"{len(matching)} files for" if matching else "no file for"
            raise DropError(
                f"{where} has {what} {feed.name}, where there should be one; it has {promises.named(names)}: "
                "was it renamed, or left out? Ask its owner"
            )
        if [int(number) for number in numbers] != list(range(len(numbers))):
            raise DropError(
                f"{where} has not all shards of {feed.name}, or one twice: they should be numbered from "
                f"{0:012} on; it has {promises.named(names)}. Ask its owner"
            )
        chosen[feed.name] = matching
    surplus = sorted(set(names).difference(*chosen.values()))
    if surplus:
        raise DropError(f"{where} has files that are not in the contract ({promises.named(surplus)}): ask its owner")
    return chosen


def _joined(shards: Sequence[Path], whole: Path, where: str) -> Path:
    """Write shards of CSV, each with its header or without a byte, as one file."""
    header, last = b"", b""
    with whole.open("wb") as joined:
        for path in shards:
            try:
                with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as shard:
                    beginning = shard.readline()
                    if beginning and header not in (b"", beginning):
                        raise DropError(f"{where}: {path.name} has another header than {shards[0].name}; ask its owner")
                    if last and not last.endswith((b"\n", b"\r")):
                        joined.write(b"\n")
                    joined.write(b"" if header else beginning)
                    header = header or beginning
                    last = beginning
                    while piece := shard.read(1 << 20):
                        joined.write(piece)
                        last = piece
            except (EOFError, zlib.error, gzip.BadGzipFile):
                raise DropError(
                    f"{where}: {path.name} is not a whole gzip file: ask its owner to export it again"
                ) from None
    return whole


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _newest_first(names: Iterable[str]) -> list[date]:
    days = []
    for name in names:
        match = _DAY.fullmatch(name)
        if match:
            try:
                days.append(date.fromisoformat(match[1]))
            except ValueError:
                continue
    return sorted(days, reverse=True)
