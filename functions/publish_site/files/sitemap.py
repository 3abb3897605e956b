"""``sitemap.xml``: the pages that a search engine is to know, in the form of sitemaps.org (protocol 0.9)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from placements_kpi import times

if TYPE_CHECKING:
    from functions.publish_site.inventory import Inventory
    from functions.publish_site.pages.frame import Site

SITEMAP_KEY = "sitemap.xml"


def sitemap(site: Site, inventory: Inventory, paths: Iterable[str]) -> bytes:
    """Return the sitemap of the pages at ``paths``, which were last changed by the release in front."""
    root = ElementTree.Element("urlset", xmlns="http://www.sitemaps.org/schemas/sitemap/0.9")
    entry = inventory.entry(inventory.front) if inventory.front else None
    for path in paths:
        url = ElementTree.SubElement(root, "url")
        ElementTree.SubElement(url, "loc").text = site.address(path)
        if entry:
            ElementTree.SubElement(url, "lastmod").text = times.london_day(entry.published).isoformat()
    ElementTree.indent(root, " ")
    body: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return body + b"\n"
