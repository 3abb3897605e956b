"""The files of a release, and of the front: a pure function from what may be published to bytes.

The same protected results with the same time of publication give the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, cast

from functions.publish_site import words
from functions.publish_site.figures import KpiFigures, of_release
from functions.publish_site.files import bundle, metadata, opendata, workbook
from functions.publish_site.files.columns import COLUMN_WORDS
from functions.publish_site.files.feed import FEED_KEY, feed
from functions.publish_site.files.listing import RELEASE, data_view
from functions.publish_site.files.updates import CALENDAR_KEY, icalendar, next_updates
from functions.publish_site.pages import glossary, sentences
from functions.publish_site.pages.charts import as_file, notice
from functions.publish_site.pages.costs import costs_page
from functions.publish_site.pages.front import front_view
from functions.publish_site.pages.kpi import kpi_view
from functions.publish_site.pages.quality import quality_view
from functions.publish_site.pages.templates import render
from placements_kpi import times
from placements_kpi.results import ONE_DECIMAL_FROM
from placements_kpi.store import canonical_json

if TYPE_CHECKING:
    from functions.publish_site.inventory import Inventory, Withdrawal
    from functions.publish_site.pages.frame import Site
    from functions.publish_site.pages.graphics import Graphic
    from placements_kpi.costs import Costs
    from placements_kpi.results import Protected


ROBOTS = b"User-agent: *\nAllow: /\n"
"""Search engines may list everything; a withdrawn page says itself that it is not to be listed."""


def release_files(site: Site, document: Protected, published: datetime) -> dict[str, bytes]:
    """Return every file of the release by its path inside ``releases/<id>/``, its own first page last.

    A source counts as stale here if it was at the time of publication: a release does not change.
    """
    kpis = of_release(document)
    instant = times.iso_instant(published)
    files = bundle.data_files(site.host, document, published, kpis)
    deep = {**site.frame("../../../", document.release, "../"), **_about(document, published)}
    for index, figures in enumerate(kpis):
        values = kpi_view(figures, kpis, index, document, published)
        drawn = cast("list[Graphic]", values["graphics"])
        values["address"] = f"https://{site.host}/releases/{document.release}/{figures.kpi.id}/index.html"
        files |= {f"{figures.kpi.id}/{graphic.id}.svg": as_file(graphic.drawing) for graphic in drawn}
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
    dataset = metadata.data_block(files[f"{RELEASE}.jsonld"])
    files["data/index.html"] = render(
        "data.html", **{**deep, "here": "data"}, **data_view(kpis, files), dataset=dataset
    )
    day = times.london_day(published)
    shallow = {**site.frame("../../", document.release, "", "front"), **_about(document, published)}
    first = render(
        "front.html",
        **shallow,
        **front_view(kpis, document, day, day),
        checked=None,
        missing=(),
        dataset=dataset,
    )
    files["manifest.json"] = canonical_json(bundle.manifest(document, instant, {**files, "index.html": first}))
    files["index.html"] = first
    return files


def beside(
    site: Site,
    inventory: Inventory,
    withdrawn: Mapping[str, Withdrawal],
    lifted: Mapping[str, datetime],
    costs: Costs | None,
) -> dict[str, bytes]:
    """Return what stands beside the releases and the front, by its key: pages, feed, calendar, word to robots."""
    return {
        "releases/index.html": releases_page(site, inventory, withdrawn),
        "404.html": not_found_page(site, inventory.front),
        "calendar/index.html": calendar_page(site, inventory),
        "costs/index.html": costs_page(site, costs, inventory.front),
        CALENDAR_KEY: icalendar(inventory, site.host),
        FEED_KEY: feed(inventory, withdrawn, site.host, lifted),
        "robots.txt": ROBOTS,
    }


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
        **front_view(of_release(document), document, times.london_day(published), today),
        missing=[_withdrawn_words(withdrawal) for withdrawal in newer_withdrawn],
        dataset=metadata.data_block(dataset) if dataset else None,
    )


def empty_front_page(site: Site, withdrawals: Sequence[Withdrawal]) -> bytes:
    """Return the front page of a site all of whose releases were withdrawn."""
    return render(
        "empty.html",
        **site.frame("", None, "", "front"),
        missing=[_withdrawn_words(withdrawal) for withdrawal in withdrawals],
    )


def releases_page(site: Site, inventory: Inventory, withdrawals: Mapping[str, Withdrawal]) -> bytes:
    """Return the list of all releases, newest first."""
    entries = [
        {
            "release": entry.release,
            "as_of": words.day(entry.as_of),
            "published": words.day(times.london_day(entry.published)),
            "front": entry.release == inventory.front,
            "withdrawn": words.day(withdrawals[entry.release].withdrawn_on) if entry.release in withdrawals else None,
        }
        for entry in inventory.newest_first()
    ]
    front = inventory.front
    return render(
        "releases.html",
        **site.frame("../", front, f"{front}/" if front else "", "releases"),
        entries=entries,
    )


def calendar_page(site: Site, inventory: Inventory) -> bytes:
    """Return the page on when figures are updated next."""
    front = inventory.front
    return render(
        "calendar.html",
        **site.frame("../", front, f"../releases/{front}/" if front else "", "calendar"),
        updates=[(words.day(update.on), update.words) for update in next_updates(inventory)],
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
    if path.endswith(".svg"):
        return as_file(
            notice(f"Release {release} was withdrawn on {words.day(day)}.", words.sentence(withdrawal.reason))
        )
    return f"-- Release {release} was withdrawn on {day.isoformat()}. {withdrawal.reason}\n".encode()


def _about(document: Protected, published: datetime) -> dict[str, object]:
    return {
        "demonstration": document.demonstration,
        "unapproved": document.waits,
        "published": words.day(times.london_day(published)),
        "release_csv": f"{RELEASE}.csv",
        "release_json": f"{RELEASE}.json",
    }


def _aims(document: Protected, kpis: list[KpiFigures]) -> dict[str, object]:
    return {"kpis": [figures.kpi for figures in kpis], "late_after": sentences.late_after(document)}


def _method(document: Protected, kpis: list[KpiFigures]) -> dict[str, object]:
    return {
        "document": document,
        "approval": sentences.approval(document.disclosure),
        "small_base": words.SMALL_BASE,
        "one_decimal_from": ONE_DECIMAL_FROM,
        "month_end": words.day(document.month_end),
        "day": words.day,
        "kpis": [figures.kpi for figures in kpis],
        "symbols": words.explained(words.MEANINGS),
        "columns": COLUMN_WORDS,
    }


def _confidentiality(document: Protected) -> dict[str, object]:
    return {
        "used": document.disclosure,
        "one_decimal_from": ONE_DECIMAL_FROM,
        "verdict": document.verdict,
        "approval": sentences.approval(document.disclosure),
        "symbols": words.explained(words.SYMBOLS),
    }


def _reason(withdrawal: Withdrawal) -> dict[str, object]:
    return {"reason": words.sentence(withdrawal.reason)}


def _withdrawn_words(withdrawal: Withdrawal) -> dict[str, object]:
    return {"release": withdrawal.release, "day": words.day(withdrawal.withdrawn_on), **_reason(withdrawal)}
