"""A release as it was published, the record of its run, and what has changed here since."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from functions.compute_kpis.catalogue import definitions
from functions.compute_kpis.catalogue.loading import Kpi
from functions.compute_kpis.contract import SOURCE_OF_TABLE
from functions.compute_kpis.record import Inputs, read_inputs
from functions.compute_kpis.releases.release import ReleaseError, read_release, release_key
from functions.compute_kpis.sources import own_tables
from placements_kpi import snapshots, store
from placements_kpi.results import NO_SNAPSHOT, Protected, Results

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_s3.client import S3Client

    from functions.compute_kpis.catalogue.definitions import Definitions
    from functions.compute_kpis.catalogue.loading import Unusable
    from placements_kpi.settings import ComputeSettings


@dataclass(frozen=True)
class Published:
    """One release: both documents with their bytes, what its run was made from, and the definitions it used."""

    protected: Protected
    protected_bytes: bytes
    results: Results
    results_bytes: bytes
    inputs: Inputs
    definitions: Definitions
    compared_with: Protected | None
    """The release that its revisions are against."""
    rewritten: Mapping[str, str]
    """Table: the snapshot in the place of one that a person was erased from since."""

    @property
    def kpis(self) -> list[Kpi]:
        """Return the KPIs that the run worked out, as they were described and by the statements of then."""
        return [
            Kpi(kpi.description, kpi.sql, tuple(kpi.snapshots), digest="", comparison_refused=kpi.comparison)
            for kpi in self.results.kpis
            if kpi.state == "ok"
        ]

    @property
    def snapshots(self) -> dict[str, str]:
        """Return the snapshot of each table that the run was pinned to."""
        return self.inputs.snapshots

    @property
    def to_read(self) -> dict[str, str]:
        """Return the snapshot of each table to work the release out from again."""
        return {**self.snapshots, **self.rewritten}


def read_published(s3: S3Client, bucket: str, release: str) -> Published:
    """Return the release with all that is needed to work it out again.

    :class:`ReleaseError` says what is missing: the release, its record, or snapshots past their retention.
    """
    try:
        protected = read_release(s3, bucket, release)
        inputs = read_inputs(s3, bucket, protected.run_id)
        results_bytes = store.read_bytes(s3, bucket, f"results/{protected.run_id}/results.json")
        lists = own_tables.read_definitions(s3, bucket, inputs.snapshots["definitions"])
        compared = read_release(s3, bucket, protected.compared_with) if protected.compared_with else None
    except (store.MissingObjectError, ReleaseError) as error:
        raise ReleaseError(f"release {release} cannot be recomputed: {error}") from None
    results = Results.model_validate_json(results_bytes)
    published = Published(
        protected=protected,
        protected_bytes=store.read_bytes(s3, bucket, release_key(release)),
        results=results,
        results_bytes=results_bytes,
        inputs=inputs,
        # What the files said of themselves then is in the results; the snapshot has their entries.
        definitions=replace(lists, files=results.definitions),
        compared_with=compared,
        rewritten=_rewritten(s3, bucket, inputs.snapshots),
    )
    gone = _gone(s3, bucket, published)
    if gone:
        raise ReleaseError(
            f"release {release} cannot be recomputed: the rows of its snapshots of {', '.join(gone)} are gone; "
            "the retention of snapshots/ in template.yaml decides for how long they are kept"
        )
    return published


def changed_since(
    settings: ComputeSettings, published: Published, kpis: list[Kpi], unusable: list[Unusable]
) -> dict[str, Any]:
    """Return what of the code, the catalogue and the definitions is not what the release was made with.

    ``catalogue`` gives a KPI whose ``kpi.toml`` or ``query.sql`` is another one ("changed"), is no longer there
    ("gone") or was not there yet ("new"); ``lists`` the lists of definitions that have other entries today.
    """
    then = published.inputs.catalogue
    now = {kpi.id: kpi.digest for kpi in kpis} | {unused.id: unused.digest for unused in unusable}
    today = definitions.load_definitions()
    return {
        "code_version": {"of_release": published.results.code_version, "now": settings.code_version},
        "catalogue": {
            kpi: "gone" if kpi not in now else "new" if kpi not in then else "changed"
            for kpi in sorted({*then, *now})
            if then.get(kpi) != now.get(kpi)
        },
        "definitions": {
            "of_release": published.snapshots["definitions"],
            "now": own_tables.definitions_id(today),
            "lists": sorted(
                name
                for name in {entry.list for lists in (published.definitions, today) for entry in lists.entries}
                if _entries(published.definitions, name) != _entries(today, name)
            ),
        },
        "disclosure": sorted(
            name
            for name, value in settings.disclosure.model_dump(mode="json").items()
            if published.protected.disclosure.model_dump(mode="json").get(name) != value
        ),
    }


def _entries(lists: Definitions, name: str) -> list[tuple[str, str]]:
    return [(entry.code, entry.value) for entry in lists.entries if entry.list == name]


def _rewritten(s3: S3Client, bucket: str, pinned: Mapping[str, str]) -> dict[str, str]:
    """Return, by table, what an erasure has put in the place of a snapshot."""
    replaced = {
        table: snapshots.replaced_by(s3, bucket, source, pinned[table])
        for table, source in SOURCE_OF_TABLE.items()
        if table in pinned
    }
    return {table: snapshot for table, snapshot in replaced.items() if snapshot is not None}


def _gone(s3: S3Client, bucket: str, published: Published) -> list[str]:
    """Return the tables that had rows and of whose snapshot nothing is there: a query of it would find nobody."""
    kept = {facts.table: facts.kept for source in published.results.sources for facts in source.tables}
    read = {
        table
        for kpi in published.results.kpis
        if kpi.state == "ok"
        for table, snapshot in kpi.snapshots.items()
        if snapshot != NO_SNAPSHOT
    }
    return sorted(
        table
        for table in read
        if kept.get(table, 1) and not _has_rows(s3, bucket, table, published.to_read.get(table, ""))
    )


def _has_rows(s3: S3Client, bucket: str, table: str, snapshot: str) -> bool:
    prefix = f"snapshots/{table}/snapshot={snapshot}/"
    return s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)["KeyCount"] > 0
