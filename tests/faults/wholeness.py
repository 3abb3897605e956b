"""What may never be seen, however a run ended: a pointer that names something that is not whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from placements_kpi.results import seal_key
from tests import memory
from tests.faults.place import DATA, SITE

if TYPE_CHECKING:
    from tests.memory import State


def problems(state: State) -> Iterator[str]:
    """Yield every pointer of a state that names something missing or changed."""
    for bucket, key in state:
        if bucket == DATA and key.startswith("current/") and key != "current/results.json":
            yield from _snapshot(state, key)
    yield from _results(state)
    yield from _site(state)


def _snapshot(state: State, key: str) -> Iterator[str]:
    pointer = _json(state, DATA, key)
    manifest = _json(state, DATA, pointer["manifest"])
    if manifest is None:
        yield f"{key} names a manifest that is not there"
        return
    for file in manifest.get("files", ()):
        body = memory.body(state, DATA, file["key"])
        if body is None or len(body) != file["bytes"]:
            yield f"{key} is current and {file['key']} is not as its manifest says"


def _results(state: State) -> Iterator[str]:
    pointer, protected = _json(state, DATA, "current/results.json"), _json(state, DATA, "protected/current.json")
    wanted = []
    if pointer is not None:
        wanted += [pointer["results"], f"runs/compute_kpis/{pointer['run_id']}.json"]
    if protected is not None:
        release = protected["release"]
        wanted += [f"protected/{release}/results.json", seal_key(release), f"ledger/{release}.json"]
    for key in wanted:
        if memory.body(state, DATA, key) is None:
            yield f"what is computed is current without {key}"


def _site(state: State) -> Iterator[str]:
    catalogue = _json(state, SITE, "releases.json")
    front = memory.body(state, SITE, "index.html")
    if front is not None and catalogue is None:
        yield "there is a front page and no releases.json"
    for entry in (catalogue or {}).get("releases", ()):
        release = entry["release"]
        marker = _json(state, SITE, f"withdrawn/{release}.json")
        if entry["withdrawn"] or (marker is not None and marker["lifted"] is None):
            continue  # a withdrawal that is being lifted stands in releases.json until every file is back
        manifest = _json(state, SITE, f"releases/{release}/manifest.json")
        if manifest is None or "sha256" not in manifest:
            yield f"release {release} is public without its manifest"
            continue
        for path, digest in manifest["sha256"].items():
            if _sha256(state, SITE, f"releases/{release}/{path}") != digest:
                yield f"release {release} is public and its {path} is not as its manifest says"


def _json(state: State, bucket: str, key: str) -> Any:
    body = memory.body(state, bucket, key)
    return None if body is None else json.loads(body)


def _sha256(state: State, bucket: str, key: str) -> str | None:
    body = memory.body(state, bucket, key)
    return None if body is None else hashlib.sha256(body).hexdigest()
