"""All files of a release but its pages: the figures in every format, and what describes them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING

from functions.publish_site import words
from functions.publish_site.files import dfe_standard, metadata, opendata, schemas, workbook
from functions.publish_site.files.listing import RELEASE
from placements_kpi import times
from placements_kpi.store import canonical_json

if TYPE_CHECKING:
    from functions.publish_site.figures import KpiFigures
    from functions.publish_site.files.dfe_standard import StandardTable
    from placements_kpi.results import Protected


def data_files(host: str, document: Protected, published: datetime, kpis: list[KpiFigures]) -> dict[str, bytes]:
    """Return the files of the release's figures by their path in it, with what describes them to a programme."""
    instant = times.iso_instant(published)
    files: dict[str, bytes] = {}
    tables = {figures.kpi.id: opendata.rows(figures) for figures in kpis}
    lines = {place: opendata.csv_rows(table) for place, table in tables.items()}
    objects = {place: opendata.json_rows(table) for place, table in tables.items()}
    for figures in kpis:
        place = figures.kpi.id
        files[f"{place}/{place}.csv"] = opendata.csv_file(lines[place])
        if figures.kpi.sql:
            files[f"{place}/{place}.sql"] = figures.kpi.sql.encode()
        files[f"{place}/{place}.json"] = opendata.json_file(document, instant, [figures], objects[place])
    files[f"{RELEASE}.csv"] = opendata.csv_file(*lines.values())
    files[f"{RELEASE}.json"] = opendata.json_file(document, instant, kpis, chain.from_iterable(objects.values()))
    day = words.day(times.london_day(published))
    files[f"{RELEASE}.ods"] = workbook.release_workbook(
        document, day, host, [(figures, tables[figures.kpi.id]) for figures in kpis]
    )
    in_standard = _standard_tables(kpis)
    for stem, standard in in_standard.items():
        files |= {f"{stem}.csv": dfe_standard.data_file(standard), f"{stem}.meta.csv": dfe_standard.meta_file(standard)}
    files |= _descriptions(document, instant, host, kpis, in_standard, files)
    return files | {f"schemas/{name}": canonical_json(schema) for name, schema in schemas.SCHEMAS.items()}


_SAID = set(
    "release as_of month_end run_id code_version demonstration snapshots definitions sources compared_with "
    "verdict".split()
)
"""What the manifest says in the document's own words."""


def manifest(document: Protected, published: str, files: Mapping[str, bytes]) -> dict[str, object]:
    """Return what a release was made from, and a digest of each of its ``files``."""
    return {
        **document.model_dump(mode="json", include=_SAID),
        "published": published,
        "disclosure_control": document.disclosure.model_dump(mode="json"),
        "definition_versions": {kpi.id: kpi.description.definition_version for kpi in document.kpis},
        "revisions": len(document.revisions),
        "sha256": {path: hashlib.sha256(body).hexdigest() for path, body in sorted(files.items())},
    }


def _standard_tables(kpis: list[KpiFigures]) -> dict[str, StandardTable]:
    """The files in DfE's open data standard, by path without suffix: of each indicator and of all, by span."""
    wanted = [(f"{figures.kpi.id}/{figures.kpi.id}", [figures]) for figures in kpis]
    wanted.append((RELEASE, kpis))
    return {
        f"{stem}-{span}": table
        for stem, some in wanted
        for span in dfe_standard.SPANS
        if (table := dfe_standard.standard_table(some, span, whole=some is kpis))
    }


def _descriptions(
    document: Protected,
    instant: str,
    host: str,
    kpis: list[KpiFigures],
    tables: Mapping[str, StandardTable],
    files: Mapping[str, bytes],
) -> dict[str, bytes]:
    """What describes the data files to a programme: CSVW beside each CSV, Datasets, a Data Package."""
    titles = {figures.kpi.id: figures.kpi.description.title for figures in kpis}
    described: dict[str, dict[str, object]] = {}
    for path in (path for path in files if path.endswith(".csv") and not path.endswith(".meta.csv")):
        folder, _, name = path.rpartition("/")
        title, table = titles.get(folder, words.SERVICE_NAME), tables.get(path.removesuffix(".csv"))
        described[path] = (
            metadata.csvw_standard(name, title, document.release, table)
            if table
            else metadata.csvw_long(name, title, document.release, money=_has_money(kpis, folder))
        )
    data = {path: body for path, body in files.items() if path.endswith((".csv", ".json", ".ods"))}
    written = {f"{path}-metadata.json": canonical_json(about) for path, about in described.items()}
    for figures in kpis:
        own = sorted(path.rpartition("/")[2] for path in data if path.startswith(f"{figures.kpi.id}/"))
        dataset = metadata.dataset(figures, document, instant, host, own)
        written[f"{figures.kpi.id}/{figures.kpi.id}.jsonld"] = canonical_json(dataset)
    whole = sorted(path for path in data if "/" not in path)
    written[f"{RELEASE}.jsonld"] = canonical_json(metadata.release_dataset(kpis, document, instant, host, whole))
    written["datapackage.json"] = canonical_json(metadata.data_package(document, instant, host, data, described))
    return written


def _has_money(kpis: list[KpiFigures], folder: str) -> bool:
    """Whether a file has money in it: that of one indicator, or of all in no folder."""
    own = [figures.kpi for figures in kpis if folder in ("", figures.kpi.id)]
    return any(measure.kind == "money" for kpi in own for measure in kpi.description.measures)
