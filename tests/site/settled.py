"""The site as the local S3 holds it, and how its releases stand: whole, or wholly withdrawn."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile

from tests import memory
from tests.held import held

FIRST, SECOND = "2026-07-14.1", "2026-07-15.1"
SITE = "site-bucket"


def kept() -> memory.State:
    """The site, to be given back by :func:`restore` without a thousand calls."""
    return memory.take(SITE)


def restore(start: memory.State) -> None:
    """Bring the site back to how it was."""
    memory.put_back(start, SITE)


def objects() -> dict[str, bytes]:
    """Every object of the site."""
    return held(SITE)


def text(key: str, body: bytes) -> str:
    """The text of an object; of a workbook, that of its content."""
    if key.endswith(".ods"):
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            return archive.read("content.xml").decode()
    return body.decode()


def files_of(site: dict[str, bytes], release: str) -> dict[str, bytes]:
    """The files of a release, by path."""
    prefix = f"releases/{release}/"
    return {key.removeprefix(prefix): body for key, body in site.items() if key.startswith(prefix)}


def state_of(site: dict[str, bytes], release: str) -> str:
    """Return whether a release is ``whole`` or ``withdrawn`` for the reason that stands; anything between fails."""
    files = files_of(site, release)
    listed = json.loads(files.get("manifest.json", b"{}")).get("sha256")
    if listed is None:
        reason = json.loads(site[f"withdrawn/{release}.json"])["reason"][1:]
        others = [path for path, body in files.items() if path != "release.json" and reason not in text(path, body)]
        assert not others, "half emptied"
        return "withdrawn"
    assert set(listed) == set(files) - {"manifest.json", "release.json"}
    broken = [path for path, digest in listed.items() if hashlib.sha256(files[path]).hexdigest() != digest]
    assert not broken, "half emptied"
    return "whole"
