"""The files of a release, and of the front: a pure function from what may be published to bytes.

The same protected results with the same time of publication give the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain
from typing import TYPE_CHECKING

from functions.publish_site import (
    data_page,
    glossary,
    metadata,
    opendata,
    schemas,
    sentences,
    standard,
    updates,
    words,
    workbook,
)
from functions.publish_site.assets import Assets, is_licensed
from functions.publish_site.figures import KpiFigures
from functions.publish_site.front import front_view
from functions.publish_site.kpi_page import kpi_view
from functions.publish_site.quality import quality_view
from functions.publish_site.templates import render
from placements_kpi import times
from placements_kpi.store import canonical_json

if TYPE_CHECKING:
    from functions.publish_site.catalogue import Catalogue, Withdrawal
    from functions.publish_site.standard import Standard
    from placements_kpi.results import Protected

SERVICE_NAME = "School placements performance"
RELEASE_CSV = "school-placements-performance.csv"
RELEASE_JSON = "school-placements-performance.json"
RELEASE_ODS = "school-placements-performance.ods"
RELEASE_DATASET = "school-placements-performance.jsonld"


@dataclass(frozen=True)
class Site:
    """What every page needs beside its own content."""

    assets: Assets
    host: str

    def frame(self, root: str, release: str | None, release_root: str = "", here: str = "") -> dict[str, object]:
        """Return the values of a page's frame; its addresses are relative, so that any base works."""
        return {
            "service_name": SERVICE_NAME,
            "licensed": is_licensed(self.host),
            "root": root,
            "release": release,
            "release_root": release_root,
            "here": here,
            "stylesheet": root + self.assets.stylesheet,
            "icon": root + self.assets.icon,
            "fonts": [root + font for font in self.assets.fonts],
            "crest": root + self.assets.crest if self.assets.crest else None,
        }


def release_files(site: Site, document: Protected, published: datetime) -> dict[str, bytes]:
    """Return every file of the release by its path inside ``releases/<id>/``, its own first page last.

    A source counts as stale here if it was at the time of publication: a release does not change.
    """
    kpis = _kpis(document)
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
    files[RELEASE_CSV] = opendata.csv_file(*lines.values())
    files[RELEASE_JSON] = opendata.json_file(document, instant, kpis, chain.from_iterable(objects.values()))
    day = words.day(times.london_day(published))
    files[RELEASE_ODS] = workbook.release_workbook(document, day, [(one, tables[one.kpi.id]) for one in kpis])
    made = _standard_tables(kpis)
    for stem, one in made.items():
        files |= {f"{stem}.csv": standard.data_file(one), f"{stem}.meta.csv": standard.meta_file(one)}
    files |= _descriptions(document, instant, site.host, kpis, made, files)
    deep = {**site.frame("../../../", document.release, "../"), **_about(document, published)}
    for index, figures in enumerate(kpis):
        values = kpi_view(figures, kpis, index, document, published)
        values["dataset"] = metadata.data_block(files[f"{figures.kpi.id}/{figures.kpi.id}.jsonld"])
        files[f"{figures.kpi.id}/index.html"] = render("kpi.html", **{**deep, "here": "kpi"}, **values)
    files["data-quality/index.html"] = render(
        "data-quality.html", **{**deep, "here": "data-quality"}, **quality_view(document, times.london_day(published))
    )
    files["method/index.html"] = render("method.html", **{**deep, "here": "method"}, **_method(document, kpis))
    files["confidentiality/index.html"] = render("confidentiality.html", **deep, **_confidentiality(document))
    files["about/index.html"] = render("about.html", **{**deep, "here": "about"}, **_aims(document, kpis))
    files["glossary/index.html"] = render("glossary.html", **deep, terms=glossary.TERMS)
    for name in ("accessibility", "privacy"):
        files[f"{name}/index.html"] = render(f"{name}.html", **deep)
    files |= {f"schemas/{name}": canonical_json(schema) for name, schema in schemas.SCHEMAS.items()}
    dataset = metadata.data_block(files[RELEASE_DATASET])
    files["data/index.html"] = render(
        "data.html", **{**deep, "here": "data"}, **data_page.data_view(document, kpis, files), dataset=dataset
    )
    shallow = {**site.frame("../../", document.release, "", "front"), **_about(document, published)}
    first = render(
        "front.html",
        **shallow,
        **front_view(kpis, document, times.london_day(published)),
        checked=None,
        missing=(),
        dataset=dataset,
    )
    files["manifest.json"] = canonical_json(_manifest(document, instant, {**files, "index.html": first}))
    files["index.html"] = first
    return files


def _standard_tables(kpis: list[KpiFigures]) -> dict[str, Standard]:
    """The files in DfE's open data standard, by path without suffix: of each indicator and of all, by span."""
    wanted = [(f"{figures.kpi.id}/{figures.kpi.id}", [figures]) for figures in kpis]
    wanted.append((RELEASE_CSV.removesuffix(".csv"), kpis))
    return {
        f"{stem}-{span}": made
        for stem, some in wanted
        for span in standard.SPANS
        if (made := standard.standard(some, span, whole=some is kpis))
    }


def _descriptions(
    document: Protected,
    instant: str,
    host: str,
    kpis: list[KpiFigures],
    tables: Mapping[str, Standard],
    files: Mapping[str, bytes],
) -> dict[str, bytes]:
    """What describes the data files to a programme: CSVW beside each CSV, Datasets, a Data Package."""
    titles = {one.kpi.id: one.kpi.description.title for one in kpis}
    described: dict[str, dict[str, object]] = {}
    for path in (one for one in files if one.endswith(".csv") and not one.endswith(".meta.csv")):
        folder, _, name = path.rpartition("/")
        title, table = titles.get(folder, SERVICE_NAME), tables.get(path.removesuffix(".csv"))
        described[path] = (
            metadata.csvw_standard(name, title, document.release, table)
            if table
            else metadata.csvw_long(name, title, document.release)
        )
    data = {path: body for path, body in files.items() if path.endswith((".csv", ".json", ".ods"))}
    made = {f"{path}-metadata.json": canonical_json(about) for path, about in described.items()}
    for one in kpis:
        own = sorted(path.rpartition("/")[2] for path in data if path.startswith(f"{one.kpi.id}/"))
        told = metadata.dataset(one, document, instant, host, own)
        made[f"{one.kpi.id}/{one.kpi.id}.jsonld"] = canonical_json(told)
    whole = sorted(path for path in data if "/" not in path)
    made[RELEASE_DATASET] = canonical_json(metadata.release_dataset(kpis, document, instant, host, whole))
    made["datapackage.json"] = canonical_json(metadata.data_package(document, instant, data, described))
    return made


def front_page(
    site: Site,
    document: Protected,
    published: datetime,
    today: date,
    newer_withdrawn: Sequence[Withdrawal] = (),
    dataset: bytes | None = None,
) -> bytes:
    """Return the page at the front: the release's first page, with notices true on ``today``.

    ``dataset`` is the release's own description as a Dataset; one that was published before there was any has none.
    """
    place = f"releases/{document.release}/"
    return render(
        "front.html",
        **site.frame("", document.release, place, "front"),
        **_about(document, published),
        **front_view(_kpis(document), document, today),
        missing=[_withdrawn_words(one) for one in newer_withdrawn],
        dataset=metadata.data_block(dataset) if dataset else None,
    )


def empty_front_page(site: Site, withdrawals: Sequence[Withdrawal]) -> bytes:
    """Return the front page of a site all of whose releases were withdrawn."""
    return render(
        "empty.html",
        **site.frame("", None, "", "front"),
        missing=[_withdrawn_words(one) for one in withdrawals],
    )


def releases_page(site: Site, catalogue: Catalogue, withdrawals: Mapping[str, Withdrawal]) -> bytes:
    """Return the list of all releases, newest first."""
    entries = [
        {
            "release": entry.release,
            "as_of": words.day(entry.as_of),
            "published": words.day(times.london_day(entry.published)),
            "front": entry.release == catalogue.front,
            "withdrawn": words.day(withdrawals[entry.release].withdrawn_on) if entry.release in withdrawals else None,
        }
        for entry in catalogue.newest_first()
    ]
    front = catalogue.front
    return render(
        "releases.html",
        **site.frame("../", front, f"{front}/" if front else "", "releases"),
        entries=entries,
    )


def calendar_page(site: Site, catalogue: Catalogue) -> bytes:
    """Return the page on when figures are updated next."""
    front = catalogue.front
    return render(
        "calendar.html",
        **site.frame("../", front, f"../releases/{front}/" if front else "", "calendar"),
        updates=[(words.day(one.on), one.words) for one in updates.next_updates(catalogue)],
    )


def not_found_page(site: Site, front: str | None) -> bytes:
    """Return the page for an address that is not there; it is shown at any depth, so its links start at the root."""
    return render("404.html", **site.frame("/", front, f"/releases/{front}/" if front else "", "404"))


def withdrawn_file(site: Site, path: str, withdrawal: Withdrawal) -> bytes | None:
    """Return what stands at ``path`` of a withdrawn release: a page or a file that says so; ``None`` to leave it."""
    release, day = withdrawal.release, withdrawal.withdrawn_on
    if path == "release.json":
        return None
    if path.endswith(".html"):
        root = "../../" + "../" * path.count("/")
        return render(
            "withdrawn.html",
            **site.frame(root, None),
            withdrawn_release=release,
            day=words.day(day),
            **_reason(withdrawal),
        )
    note = {"release": release, "withdrawn_on": day.isoformat(), "reason": withdrawal.reason}
    if path.endswith((".json", ".jsonld")):
        return canonical_json(note)
    if path.endswith(".csv"):
        return opendata.note_file(note)
    if path.endswith(".ods"):
        return workbook.note_workbook(note)
    return f"-- Release {release} was withdrawn on {day.isoformat()}. {withdrawal.reason}\n".encode()


def _kpis(document: Protected) -> list[KpiFigures]:
    return [KpiFigures(kpi) for kpi in sorted(document.kpis, key=lambda kpi: (kpi.description.order, kpi.id))]


def _about(document: Protected, published: datetime) -> dict[str, object]:
    return {
        "demonstration": document.demonstration,
        "unapproved": document.waits,
        "published": words.day(times.london_day(published)),
        "release_csv": RELEASE_CSV,
        "release_json": RELEASE_JSON,
    }


def _aims(document: Protected, kpis: list[KpiFigures]) -> dict[str, object]:
    return {"kpis": [figures.kpi for figures in kpis], "late_after": sentences.late_after(document)}


def _method(document: Protected, kpis: list[KpiFigures]) -> dict[str, object]:
    return {
        "document": document,
        "approval": sentences.approval(document.disclosure),
        "small_base": words.SMALL_BASE,
        "month_end": words.day(document.month_end),
        "day": words.day,
        "kpis": [figures.kpi for figures in kpis],
        "symbols": [
            *((f"[{mark}]", meaning) for mark, meaning in words.SYMBOLS.items()),
            ("[p]", words.PROVISIONAL),
            ("[r]", words.REVISED),
        ],
        "columns": opendata.COLUMN_WORDS,
    }


def _confidentiality(document: Protected) -> dict[str, object]:
    return {
        "used": document.disclosure,
        "verdict": document.verdict,
        "approval": sentences.approval(document.disclosure),
        "symbols": [(f"[{mark}]", meaning) for mark, meaning in words.SYMBOLS.items()],
    }


def _manifest(document: Protected, published: str, files: Mapping[str, bytes]) -> dict[str, object]:
    return {
        "release": document.release,
        "published": published,
        "as_of": document.as_of.isoformat(),
        "month_end": document.month_end.isoformat(),
        "run_id": document.run_id,
        "code_version": document.code_version,
        "demonstration": document.demonstration,
        "snapshots": document.snapshots,
        "disclosure_control": document.disclosure.model_dump(mode="json"),
        "definition_versions": {kpi.id: kpi.description.definition_version for kpi in document.kpis},
        "definitions": [file.model_dump(mode="json") for file in document.definitions],
        "sources": [source.model_dump(mode="json") for source in document.sources],
        "compared_with": document.compared_with,
        "revisions": len(document.revisions),
        "verdict": document.verdict.model_dump(mode="json") if document.verdict else None,
        "sha256": {path: hashlib.sha256(body).hexdigest() for path, body in sorted(files.items())},
    }


def _reason(withdrawal: Withdrawal) -> dict[str, object]:
    return {"reason": words.sentence(withdrawal.reason)}


def _withdrawn_words(one: Withdrawal) -> dict[str, object]:
    return {"release": one.release, "day": words.day(one.withdrawn_on), **_reason(one)}
