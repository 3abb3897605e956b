"""What stays on disk between runs: the buckets, so that pointers and last good snapshots last as they do in S3.

Written so that a run killed at any moment leaves a state that could have been saved: each
file by rename, immutable objects before the pointers that name them, the front page last.
The pointers are read before the objects, since another function may be writing meanwhile.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from moto.s3.models import FakeKey, s3_backends

from local.errors import LocalError
from local.intrinsics import ACCOUNT

if TYPE_CHECKING:
    from local.cloud import Cloud

FORGOTTEN = ("athena/",)
"""Prefixes that are not kept: results of queries, which S3 too drops within days."""

_POINTERS = ("current/", "protected/current.json", "attempts/", "releases.json", "releases/index.html", "404.html")
_LAST = ("index.html",)


class StateError(LocalError):
    """The state on disk cannot be used."""


@dataclass
class State:
    """The state of one folder of sources. ``known`` maps bucket and key to the ETag on disk."""

    folder: Path
    known: dict[tuple[str, str], str] = field(default_factory=dict)
    saving: Lock = field(default_factory=Lock)

    def load(self, cloud: Cloud) -> int:
        """Put every saved object into the local S3, as it was; return how many."""
        for name in _bucket_names(cloud):
            headers = _read_headers(self._headers(name))
            root = self.folder / name
            for path in sorted(root.rglob("*")) if root.is_dir() else ():
                if path.is_dir() or path.name.endswith(".tmp"):
                    continue
                key = path.relative_to(root).as_posix()
                body = path.read_bytes()
                stored = s3_backends[ACCOUNT]["aws"].put_object(name, key, body)
                stored.set_metadata(headers.get(key, {}))
                self.known[name, key] = stored.etag
        return len(self.known)

    def save(self, cloud: Cloud) -> None:
        """Write what has changed since :meth:`load` or the last :meth:`save`."""
        with self.saving:
            later = [
                (name, key, bytes(stored.value), stored.etag)
                for rank in (2, 1)
                for name, key, stored in _objects(cloud)
                if _rank(key) == rank
            ]
            headers: dict[str, dict[str, dict[str, str]]] = {name: {} for name in _bucket_names(cloud)}
            present = set()
            for name, key, stored in _objects(cloud):
                present.add((name, key))
                headers[name][key] = _headers_of(stored)
                if _rank(key) == 0:
                    self._write(name, key, stored.etag, stored)
            for name, known in headers.items():
                _replace(self._headers(name), json.dumps(known, indent=1, sort_keys=True).encode())
            for name, key, body, etag in sorted(later, key=lambda copied: _rank(copied[1])):
                self._write(name, key, etag, body)
            for name, key in set(self.known) - present:
                (self.folder / name / key).unlink(missing_ok=True)
                del self.known[name, key]

    def remember(self, facts: dict[str, Any]) -> None:
        """Keep ``facts`` of the run beside the buckets, for :meth:`facts`."""
        _replace(self.folder / "state.json", json.dumps(facts, indent=1, sort_keys=True).encode())

    def facts(self) -> dict[str, Any]:
        """Return what :meth:`remember` kept; empty if there was no run yet."""
        path = self.folder / "state.json"
        saved: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        return saved

    def _headers(self, bucket: str) -> Path:
        return self.folder / f"{bucket}.headers.json"

    def _write(self, bucket: str, key: str, etag: str, content: FakeKey | bytes) -> None:
        if self.known.get((bucket, key)) == etag:
            return
        body = content if isinstance(content, bytes) else bytes(content.value)
        _replace(self.folder / bucket / key, body)
        self.known[bucket, key] = etag


@contextmanager
def open_state(build: Path, sources: Path, *, as_of: date | None = None, fresh: bool = False) -> Iterator[State]:
    """Give the state that belongs to a folder of sources, to one run at a time; :class:`StateError` to a second.

    A run for an ``as_of`` day before that of the last run has a state of its own: it looks back, and neither
    takes the page back nor is hidden by what is already published. ``fresh`` throws away what an earlier run left.
    """
    folder = build / "state" / name_of(build, sources)
    if as_of is not None and not fresh and State(folder).facts().get("as_of", "") > as_of.isoformat():
        folder = folder.with_name(f"{folder.name}-as-of-{as_of.isoformat()}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with Path(f"{folder}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StateError(f"another run is using {folder}; wait for it to end, or stop it") from None
        if fresh:
            shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        yield State(folder)


def name_of(build: Path, sources: Path) -> str:
    """Return the name of the state of a folder of sources: ``sample`` for the sample, else folder name and a digest."""
    if sources.resolve() == (build / "sample").resolve():
        return "sample"
    return f"{sources.resolve().name}-{hashlib.sha256(str(sources.resolve()).encode()).hexdigest()[:8]}"


def copy_buckets(cloud: Cloud, build: Path) -> Path:
    """Copy every bucket to ``build/aws/<bucket>/`` and the site also to ``build/site/``; return the latter."""
    aws = build / "aws"
    for name in _bucket_names(cloud):
        _mirror(cloud, name, aws / name)
    wanted = set(_bucket_names(cloud))
    for path in aws.iterdir():
        if path.is_dir() and path.name not in wanted:
            shutil.rmtree(path)
    site = build / "site"
    _mirror(cloud, cloud.stack.site_bucket, site)
    return site


def _mirror(cloud: Cloud, bucket: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    objects = sorted(((key, stored) for name, key, stored in _objects(cloud, all_of=True) if name == bucket),
                     key=lambda copied: (_rank(copied[0]), copied[0]))  # fmt: skip
    for key, stored in objects:
        path, body = folder / key, bytes(stored.value)
        if not (path.is_file() and path.stat().st_size == len(body) and path.read_bytes() == body):
            _replace(path, body)
    wanted = {key for key, _ in objects}
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif path.relative_to(folder).as_posix() not in wanted:
            path.unlink()


def _bucket_names(cloud: Cloud) -> list[str]:
    return [bucket.name for bucket in cloud.stack.buckets.values()]


def _objects(cloud: Cloud, *, all_of: bool = False) -> Iterator[tuple[str, str, FakeKey]]:
    for name in _bucket_names(cloud):
        # A copy of the keys: functions write while we read.
        for key in list(cloud.bucket(name).keys):
            if all_of or not key.startswith(FORGOTTEN):
                stored = s3_backends[ACCOUNT]["aws"].get_object(name, key)
                if stored is not None:
                    yield name, key, stored


def _rank(key: str) -> int:
    return 2 if key in _LAST else 1 if key.startswith(_POINTERS) else 0


def _headers_of(stored: FakeKey) -> dict[str, str]:
    wanted = ("Content-Type", "Cache-Control", "Content-Disposition", "Content-Encoding")
    kept = {name.lower(): str(value) for name, value in stored.metadata.items()}
    return {name: kept[name.lower()] for name in wanted if name.lower() in kept}


def _read_headers(path: Path) -> dict[str, dict[str, str]]:
    headers: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return headers


def _replace(path: Path, body: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    waiting = path.with_name(path.name + ".tmp")
    waiting.write_bytes(body)
    waiting.replace(path)
