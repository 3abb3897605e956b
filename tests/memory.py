"""What moto's S3 holds, taken and put back: between two cases nothing is copied but lists of keys.

An object in moto is never changed, only replaced (and then closed, which is put off here).
"""

from __future__ import annotations

import copy
import hashlib
import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, TypeVar
from unittest.mock import patch

from moto.s3 import models
from moto.s3.models import FakeKey, s3_backends

from local.intrinsics import ACCOUNT

T = TypeVar("T")
State = dict[tuple[str, str], tuple[Any, ...]]
"""Versions of each object, oldest first, by bucket and key. A deleted object's last version is its marker."""

MADE: dict[str, tuple[State, Any]] = {}
"""What :func:`once` has done in this process: what S3 held then, and what was returned."""


@contextmanager
def kept() -> Iterator[None]:
    """Keep objects readable when they are replaced, so that a state taken before can be put back.

    Nothing of them is a file then, which would have to be closed.
    """
    in_memory = SimpleNamespace(SpooledTemporaryFile=lambda max_size=0: io.BytesIO())
    with patch.object(FakeKey, "dispose", _put_off), patch.object(models, "tempfile", in_memory):
        yield


def _put_off(stored: FakeKey, garbage: bool = False) -> None:
    """Do as if an object had been closed: moto warns of one that is not."""
    stored.disposed = True


def take(*buckets: str) -> State:
    """Return what S3 holds: in these buckets, or in all of them."""
    return {
        (name, key): tuple(bucket.keys.getlist(key))
        for name, bucket in s3_backends[ACCOUNT]["aws"].buckets.items()
        if not buckets or name in buckets
        for key in bucket.keys
    }


def put_back(state: State, *buckets: str) -> None:
    """Make S3 hold what it held: in these buckets, or in all of them."""
    for name, bucket in s3_backends[ACCOUNT]["aws"].buckets.items():
        if buckets and name not in buckets:
            continue
        for versions in list(dict.values(bucket.keys)):
            for version in versions:
                version.disposed = True
        bucket.keys.clear()
        for (of, key), versions in state.items():
            if of == name:
                dict.__setitem__(bucket.keys, key, list(versions))


def once(name: str, make: Callable[[], T]) -> T:
    """Do what changes S3 alone, and return what it returns: later, what S3 held then is put back instead.

    Several tests begin where a run has ended, and only what it wrote matters to them. A name stands for one place to
    begin at and one thing done there.
    """
    if name not in MADE:
        returned = make()
        MADE[name] = take(), returned
    state, returned = MADE[name]
    put_back(state)
    return copy.deepcopy(returned)


def body(state: State, bucket: str, key: str) -> bytes | None:
    """Return the bytes of an object; ``None`` if it is not there."""
    last = state.get((bucket, key), (None,))[-1]
    return bytes(last.value) if isinstance(last, FakeKey) else None


def objects(state: State) -> dict[str, tuple[str, ...]]:
    """Return, by ``bucket/key``, the ETag of each object; and of rows, the ETags of every version that is left."""
    found = {}
    for (bucket, key), versions in state.items():
        tags = [version.etag for version in versions if isinstance(version, FakeKey)]
        if key.startswith("snapshots/"):
            found[f"{bucket}/{key}"] = tuple(sorted(set(tags)))
        elif isinstance(versions[-1], FakeKey):
            found[f"{bucket}/{key}"] = (versions[-1].etag,)
    return found


def digest(found: Mapping[str, Any]) -> str:
    """Return a digest of objects."""
    return hashlib.sha256(repr(sorted(found.items())).encode()).hexdigest()
