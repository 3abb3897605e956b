"""The files of a release, and of the front: a pure function from what may be published to bytes.

The same protected results with the same time of publication give the same bytes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, cast

from functions.publish_site import words
from functions.publish_site.figures import KpiFigures, of_release
from functions.publish_site.files import bundle, datagovuk, metadata, opendata, workbook
from functions.publish_site.files.columns import COLUMN_WORDS
from functions.publish_site.files.feed import FEED_KEY, feed
from functions.publish_site.files.listing import PREFIX, RELEASE, data_view
from functions.publish_site.files.sitemap import SITEMAP_KEY, sitemap
from functions.publish_site.files.updates import CALENDAR_KEY, icalendar, next_updates
from functions.publish_site.pages import glossary, history, sentences
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
    from functions.publish_site.inventory import Entry, Inventory, Withdrawal
    from functions.publish_site.pages.frame import Site
    from functions.publish_site.pages.graphics import Graphic
    from placements_kpi.costs import Costs
    from placements_kpi.results import Protected


NEWEST_KEY = "newest.css"
"""Hides, in the pages of the release in front alone, the line that says that there may be a newer one."""

ROBOTS = b"User-agent: *\nAllow: /\n"
"""Search engines may list everything; a withdrawn page says itself that it is not to be listed."""


def release_files(site: Site, document: Protected, published: datetime) -> dict[str, bytes]:
    """Return every file of the release by its path inside ``releases/<id>/``, its own first page last.

    A source counts as stale here if it was at the time of publication: a release does not change.
    """
    kpis = of_release(document)
    instant = times.iso_instant(published)
    files = bundle.data_files(site.host, document, published, kpis)
    about = _about(document, published)

    def page(folder: str, template: str, **values: object) -> bytes:
        """Return the page in a folder of the release; its first page is that of no folder."""
        path = f"{folder}/index.html" if folder else "index.html"
        root = "../" * (2 + path.count("/"))
        frame = site.frame(root, document.release, "../" if folder else "", folder or "front", f"{PREFIX}{path}")
        return render(template, **{**frame, **about, "newest": f"{root}{PREFIX}{path}", **values})

    for index, figures in enumerate(kpis):
        values = kpi_view(figures, kpis, index, document, published)
        drawn = cast("list[Graphic]", values["graphics"])
        folder = figures.kpi.id
        values["address"] = site.address(f"releases/{document.release}/{folder}/index.html")
        values["newest_csv"] = site.address(f"{PREFIX}{folder}/{folder}.csv")
        files |= {f"{folder}/{graphic.id}.svg": as_file(graphic.drawing) for graphic in drawn}
        values["dataset"] = metadata.data_block(files[f"{folder}/{folder}.jsonld"])
        files[f"{folder}/index.html"] = page(folder, "kpi.html", **{"here": "kpi", **values})
    dataset = metadata.data_block(files[f"{RELEASE}.jsonld"])
    views: dict[str, dict[str, object]] = {
        "data-quality": quality_view(document, times.london_day(published)),
        "method": _method(document, kpis),
        "confidentiality": _confidentiality(document),
        "about": {"kpis": [figures.kpi for figures in kpis], "late_after": sentences.late_after(document)},
        "glossary": {"terms": glossary.TERMS},
        "accessibility": {},
        "privacy": {},
    }
    files |= {f"{folder}/index.html": page(folder, f"{folder}.html", **view) for folder, view in views.items()}
    files["data/index.html"] = page("data", "data.html", **data_view(kpis, files), dataset=dataset)
    day = times.london_day(published)
    view = front_view(kpis, document, day, day)
    first = page("", "front.html", **view, checked=None, missing=(), dataset=dataset)
    files["manifest.json"] = canonical_json(bundle.manifest(document, instant, {**files, "index.html": first}))
    files["index.html"] = first
    return files


def beside(
    site: Site,
    inventory: Inventory,
    withdrawn: Mapping[str, Withdrawal],
    lifted: Mapping[str, datetime],
    costs: Costs | None,
    *,
    document: Protected | None = None,
    paths: Collection[str] = (),
    issued: Mapping[str, str] | None = None,
) -> dict[str, bytes]:
    """Return what stands beside the releases and the front, by its key: pages, feed, calendar, what machines read.

    ``document`` is the release in front, ``paths`` its files; ``issued`` is :func:`datagovuk.issued_of` what was there.
    """
    changes = history.changes(document, inventory, withdrawn)
    pages = {
        **releases_pages(site, inventory, withdrawn),
        "calendar/index.html": calendar_page(site, inventory),
        "changes/index.html": history.changes_page(site, inventory, changes),
        "costs/index.html": costs_page(site, costs, inventory.front),
    }
    newest = [f"{PREFIX}{path}" for path in paths if path.endswith("/index.html")]
    catalogue = datagovuk.data_json(site, inventory, document, paths, issued or {})
    return {
        **pages,
        "404.html": not_found_page(site, inventory.front),
        CALENDAR_KEY: icalendar(inventory, site.host),
        FEED_KEY: feed(inventory, withdrawn, site.host, lifted),
        history.CHANGES_KEY: canonical_json(history.changes_json(changes)),
        datagovuk.CATALOGUE_KEY: canonical_json(catalogue),
        SITEMAP_KEY: sitemap(site, inventory, ["", *sorted(newest), *pages]),
        NEWEST_KEY: newest_css(inventory.front),
        "robots.txt": ROBOTS + f"Sitemap: {site.address(SITEMAP_KEY)}\n".encode(),
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
        **site.frame("", document.release, place, "front", ""),
        **_about(document, published),
        **front_view(of_release(document), document, times.london_day(published), today),
        missing=[_withdrawn_words(withdrawal) for withdrawal in newer_withdrawn],
        dataset=metadata.data_block(dataset) if dataset else None,
    )


def empty_front_page(site: Site, withdrawals: Sequence[Withdrawal]) -> bytes:
    """Return the front page of a site all of whose releases were withdrawn."""
    return render(
        "empty.html",
        **site.frame("", None, "", "front", ""),
        missing=[_withdrawn_words(withdrawal) for withdrawal in withdrawals],
    )


def releases_pages(site: Site, inventory: Inventory, withdrawals: Mapping[str, Withdrawal]) -> dict[str, bytes]:
    """Return the list of all releases, newest first: a page for the newest year, and one for each before."""
    years: dict[str, list[Entry]] = {}
    for entry in inventory.newest_first():
        years.setdefault(f"{entry.as_of.year}", []).append(entry)
    newest = next(iter(years), "")
    return {
        f"releases/{'' if year == newest else f'{year}/'}index.html": _year_page(
            site, inventory, withdrawals, year, {each: "" if each == newest else f"{each}/" for each in years}
        )
        for year in years or (newest,)
    }


def _year_page(
    site: Site,
    inventory: Inventory,
    withdrawals: Mapping[str, Withdrawal],
    year: str,
    years: Mapping[str, str],
) -> bytes:
    folder, front = years.get(year, ""), inventory.front
    list_root = "../" if folder else ""
    entries = [
        {
            "release": entry.release,
            "as_of": words.day(entry.as_of),
            "published": words.day(times.london_day(entry.published)),
            "front": entry.release == front,
            "withdrawn": words.day(withdrawals[entry.release].withdrawn_on) if entry.release in withdrawals else None,
        }
        for entry in inventory.newest_first()
        if f"{entry.as_of.year}" == year
    ]
    return render(
        "releases.html",
        **site.frame(
            f"../{list_root}",
            front,
            f"{list_root}{front}/" if front else "",
            "releases",
            f"releases/{folder}index.html",
        ),
        entries=entries,
        list_root=list_root,
        year=year,
        others=[(other, f"{list_root}{place}index.html") for other, place in years.items() if other != year],
    )


def calendar_page(site: Site, inventory: Inventory) -> bytes:
    """Return the page on when figures are updated next."""
    front = inventory.front
    return render(
        "calendar.html",
        **site.frame("../", front, f"../releases/{front}/" if front else "", "calendar", "calendar/index.html"),
        updates=[(words.day(update.on), update.words) for update in next_updates(inventory)],
    )


def newest_css(front: str | None) -> bytes:
    """Return what hides that line in the pages of ``front``."""
    return f".app-release-{front.replace('.', '-')}{{display:none}}\n".encode() if front else b"/* no release */\n"


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
