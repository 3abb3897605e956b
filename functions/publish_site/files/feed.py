"""The Atom feed of releases: one entry for each day of data, newest first, of the days that changed last.

An entry's id is that of its day, so a correction (the next release of the same day) or a
withdrawal keeps the id and gets a later ``updated``, which is how a feed reader learns of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from functions.publish_site import words
from placements_kpi import times

if TYPE_CHECKING:
    from functions.publish_site.inventory import Entry, Inventory, Withdrawal

FEED_KEY = "releases.atom"
MOST_ENTRIES = 50
_BEFORE_ANYTHING = datetime(2025, 1, 1, tzinfo=UTC)


def feed(
    inventory: Inventory,
    withdrawals: Mapping[str, Withdrawal],
    host: str,
    lifted: Mapping[str, datetime] | None = None,
) -> bytes:
    """Return the feed of the newest releases, those withdrawn included: the list of releases has all.

    ``withdrawals`` are those in force; ``lifted`` says when one that was in force once was lifted. That is a change
    too: without it the time of an entry would go back, and a feed reader would never learn of it.
    """
    days: dict[str, list[Entry]] = defaultdict(list)
    for entry in inventory.newest_first():
        days[entry.release.rpartition(".")[0]].append(entry)
    root = ElementTree.Element("feed", xmlns="http://www.w3.org/2005/Atom")
    _text(root, "id", _tag(host, "releases"))
    _text(root, "title", f"{words.SERVICE_NAME}: releases")
    changes = {day: _updated(entries, withdrawals, lifted or {}) for day, entries in days.items()}
    newest = set(sorted(days, key=lambda day: (changes[day], day), reverse=True)[:MOST_ENTRIES])
    _text(root, "updated", times.iso_instant(max(changes.values(), default=_BEFORE_ANYTHING)))
    _text(ElementTree.SubElement(root, "author"), "name", words.PUBLISHER)
    _text(root, "rights", words.LICENCE_NAME)
    ElementTree.SubElement(root, "link", rel="self", href=f"https://{host}/{FEED_KEY}", type="application/atom+xml")
    ElementTree.SubElement(root, "link", rel="alternate", href=f"https://{host}/releases/index.html", type="text/html")
    for day, entries in ((day, entries) for day, entries in days.items() if day in newest):
        _entry(root, day, entries, withdrawals, host, changes[day])
    ElementTree.indent(root, " ")
    body: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return body + b"\n"


def _entry(
    root: ElementTree.Element,
    day: str,
    entries: list[Entry],
    withdrawals: Mapping[str, Withdrawal],
    host: str,
    updated: datetime,
) -> None:
    newest = next((entry for entry in entries if entry.release not in withdrawals), entries[0])
    withdrawn = withdrawals.get(newest.release)
    element = ElementTree.SubElement(root, "entry")
    _text(element, "id", _tag(host, f"releases/{day}"))
    title = f"Data up to {words.day(newest.as_of)}"
    _text(element, "title", f"Withdrawn: {title[0].lower()}{title[1:]}" if withdrawn else title)
    _text(element, "published", times.iso_instant(entries[-1].published))
    _text(element, "updated", times.iso_instant(updated))
    address = f"https://{host}/releases/{newest.release}/index.html"
    ElementTree.SubElement(element, "link", rel="alternate", href=address, type="text/html")
    said = [f"Release {newest.release}, published {words.day(times.london_day(newest.published))}."]
    said += [
        f"Release {earlier.release} was withdrawn on {words.day(withdrawals[earlier.release].withdrawn_on)}: "
        f"{words.sentence(withdrawals[earlier.release].reason)}"
        for earlier in entries
        if earlier.release in withdrawals
    ]
    said += [
        f"It takes the place of release {earlier.release}."
        for earlier in entries
        if earlier.release not in withdrawals and earlier is not newest
    ]
    _text(element, "summary", " ".join(said))


def _updated(entries: list[Entry], withdrawals: Mapping[str, Withdrawal], lifted: Mapping[str, datetime]) -> datetime:
    """The last time anything happened to the releases of a day; of an old withdrawal only its day is known."""
    changes = [entry.published for entry in entries]
    for entry in entries:
        if entry.release in withdrawals:
            withdrawal = withdrawals[entry.release]
            changes.append(
                max(withdrawal.at or datetime.combine(withdrawal.withdrawn_on, time(), UTC), _after(changes))
            )
        elif entry.release in lifted:
            changes.append(max(lifted[entry.release], _after(changes)))
    return max(changes)


def _after(changes: list[datetime]) -> datetime:
    return max(changes) + timedelta(seconds=1)


def _tag(host: str, name: str) -> str:
    """A name for ever (RFC 4151), whatever address things have later."""
    return f"tag:{host.split(':')[0]},2026:{name}"


def _text(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, name).text = text
