"""``make weight``: what the first view of every page of the last run's release weighs, on both kinds of host.

Files are weighed as they are sent, compressed. The arms at the foot are fetched when they come near what is seen, and
count on every page that is not long (:data:`LONG`; the browser tests compare that with what a browser fetches).
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from functions.publish_site import site
from functions.publish_site.inventory import Entry, Inventory
from functions.publish_site.pages.frame import Site
from local.errors import LocalError
from placements_kpi import times
from placements_kpi.costs import PUBLIC_KEY, Costs
from placements_kpi.results import Protected

HOSTS = ("localhost", "school-placements-performance.education.gov.uk")
MOST, MOST_WITH_FONTS = 22_000, 87_000
"""Bytes that a first view has at most: without the typeface, and with it."""
LONG = ("data", "data-quality", "method")
"""Folders of pages that are long, as the first page and those of the indicators are too.

Their foot is over 2,500 pixels below what is seen first, at which Chromium fetches a lazy image on a slow connection
(on a fast one at 1,250; https://web.dev/articles/browser-level-image-lazy-loading).
"""
LEVEL = 6
"""Of gzip: what most servers use."""


def first_views(place: Path, host: str) -> dict[str, tuple[int, int]]:
    """Return the bytes of each page's first view on ``host``, (without the typeface, with it), heaviest first.

    ``place`` is the folder of a run; :class:`LocalError` if it made no release.
    """
    kept = protected_folder(place)
    release = json.loads((kept / "current.json").read_bytes())["release"]
    body = (kept / release / "results.json").read_bytes()
    document = Protected.model_validate_json(body)
    published = datetime.fromisoformat(json.loads((place / "run.json").read_bytes())["clock"])
    whole = Site.at(host)
    pages = {
        path: page
        for path, page in site.release_files(whole, document, published).items()
        if path.endswith("index.html")
    }
    pages["index.html"] = site.front_page(whole, document, published, times.london_day(published))
    entry = Entry(release=document.release, as_of=document.as_of, published=published)
    inventory = Inventory().with_front(document.release, None, entry)
    around = site.beside(whole, inventory, {}, {}, _costs(kept), document=document, paths=pages)
    pages |= {path: body for path, body in around.items() if path.endswith(".html")}
    every = sum(_sent(whole.assets.files[key]) for key in (whole.assets.stylesheet, whole.assets.icon))
    every += len(site.newest_css(document.release))
    arms = _sent(whole.assets.files[whole.assets.crest]) if whole.assets.crest else 0
    fonts = sum(len(whole.assets.files[key]) for key in whole.assets.fonts)  # compressed in themselves
    kpis = [kpi.id for kpi in document.kpis]
    weighed = {path: every + _sent(page) + (0 if is_long(path, kpis) else arms) for path, page in pages.items()}
    heaviest = sorted(weighed.items(), key=lambda view: (-view[1], view[0]))
    return {path: (weight, weight + fonts) for path, weight in heaviest}


def is_long(path: str, kpis: Collection[str]) -> bool:
    """Return whether the foot of a page, by its path in the site or a release, is far below what is seen first."""
    folder = path.removesuffix("index.html").rstrip("/")
    return path.endswith("index.html") and folder in {"", *LONG, *kpis}


def _costs(kept: Path) -> Costs | None:
    """What the run said of its costs; ``None`` where it did not."""
    body = kept.parent / PUBLIC_KEY
    return Costs.model_validate_json(body.read_bytes()) if body.is_file() else None


def protected_folder(place: Path) -> Path:
    """Return where the run in ``place`` left its protected results; :class:`LocalError` if it has none."""
    pointers = sorted(place.glob("aws/*/protected/current.json"))
    if not pointers:
        raise LocalError(f"there is no release in {place}; make one with: make run SERVE=0")
    return pointers[0].parent


def _sent(body: bytes) -> int:
    return len(gzip.compress(body, LEVEL))


def main(place: Path) -> int:
    """Print the heaviest page on each host; return 0 if every page keeps to the limits, 1 if one does not."""
    fine = True
    for host in HOSTS:
        try:
            views = first_views(place, host)
        except LocalError as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
        path, (bare, whole) = next(iter(views.items()))
        print(f"{host}: {len(views)} pages, the heaviest {path} with {bare:,} bytes, {whole:,} with fonts")
        for page, (without, with_fonts) in views.items():
            if without > MOST or with_fonts > MOST_WITH_FONTS:
                print(f"  too heavy: {page}, {without:,} bytes, {with_fonts:,} with fonts")
                fine = False
    return 0 if fine else 1


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "build")))
