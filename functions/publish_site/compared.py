"""Releases that were compared with one that is withdrawn: what they list of it is not shown.

``compute_kpis`` compares with no withdrawn release, but a release can be made, or be public already, when
the one that it was compared with is withdrawn (docs/decisions/0026). The document stays as it was audited; the
public reads it without its revisions, and a figure that was marked as revised is provisional or final.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from functions.publish_site.catalogue import order
from placements_kpi import store
from placements_kpi.finality import marked

if TYPE_CHECKING:
    from functions.publish_site.run import Run, State
    from placements_kpi.results import Protected


def without_withdrawn(document: Protected, withdrawn: Collection[str]) -> Protected:
    """Return ``document`` as it is if it was compared with a release that stands; else without what it says of it."""
    if document.compared_with not in withdrawn:
        return document
    kpis = tuple(marked(kpi, frozenset()) for kpi in document.kpis)
    return document.model_copy(update={"compared_with": None, "revisions": (), "kpis": kpis})


def lists_withdrawn(run: Run, state: State, release: str) -> bool:
    """Whether the public files of a release, by their manifest, were made from a list against a withdrawn one."""
    if not any(order(one) < order(release) for one in state.withdrawn):
        return False
    try:
        manifest = store.read_json(run.s3, run.settings.site_bucket, f"releases/{release}/manifest.json")
    except (store.MissingObjectError, store.BrokenObjectError):
        return False
    return isinstance(manifest, dict) and manifest.get("compared_with") in state.withdrawn


def listing(run: Run, state: State) -> list[str]:
    """Return the public releases of which that is so, and which are not withdrawn themselves."""
    standing = [entry.release for entry in state.catalogue.releases if entry.release not in state.withdrawn]
    return [release for release in standing if lists_withdrawn(run, state, release)]
