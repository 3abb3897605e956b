"""What changed, of every indicator and release, newest first: a page and the same as JSON.

Changes of definition are those of the release in front, which has all of them with its figures; revisions, new
indicators and withdrawals are what the list of releases says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from functions.publish_site import words
from functions.publish_site.pages.templates import render
from placements_kpi import times

if TYPE_CHECKING:
    from functions.publish_site.inventory import Inventory, Withdrawal
    from functions.publish_site.pages.frame import Site
    from placements_kpi.results import Protected

CHANGES_KEY = "changes.json"
KINDS = {
    "definition": "Change of definition",
    "revision": "Figures revised",
    "indicator": "New indicator",
    "withdrawal": "Release withdrawn",
}
"""What each kind of change is called."""


class Change(BaseModel):
    """One thing that changed. ``before`` and ``after`` are of a definition, ``release`` of all others."""

    model_config = ConfigDict(frozen=True)

    on: date
    kind: Literal["definition", "revision", "indicator", "withdrawal"]
    kpi: str | None = None
    title: str | None = None
    """Of the indicator."""
    text: str
    before: str | None = None
    after: str | None = None
    release: str | None = None


def changes(document: Protected | None, inventory: Inventory, withdrawn: Mapping[str, Withdrawal]) -> list[Change]:
    """Return every change, the newest first; those of one day by indicator, as the pages order them."""
    titles = {kpi.id: kpi.description.title for kpi in document.kpis} if document else {}
    every = [*_definitions(document), *_of_releases(titles, inventory, withdrawn), *_withdrawals(withdrawn)]
    return sorted(every, key=lambda change: change.on, reverse=True)


def changes_json(listed: list[Change]) -> dict[str, Any]:
    """Return the changes as they are published for programmes."""
    return {"changes": [change.model_dump(mode="json") for change in listed]}


def changes_page(site: Site, inventory: Inventory, listed: list[Change]) -> bytes:
    """Return the page of what changed, with a part for each year."""
    front = inventory.front
    place = f"../releases/{front}/" if front else ""
    years: dict[int, list[dict[str, object]]] = {}
    for change in listed:
        years.setdefault(change.on.year, []).append(
            {
                "day": words.day(change.on),
                "kind": KINDS[change.kind],
                "text": words.sentence(change.text),
                "title": change.title,
                "page": f"{place}{change.kpi}/index.html#changes"
                if change.kpi and change.kind == "definition"
                else None,
                "release": change.release,
                "before": change.before,
                "after": change.after,
            }
        )
    return render(
        "changes.html",
        **site.frame("../", front, place, "changes", "changes/index.html"),
        years=[(f"{year}", those) for year, those in years.items()],
    )


def _definitions(document: Protected | None) -> Iterator[Change]:
    for kpi in document.kpis if document else ():
        for change in kpi.description.breaks:
            told = change.model_dump(exclude={"measures"})
            yield Change(kind="definition", kpi=kpi.id, title=kpi.description.title, **told)


def _of_releases(
    titles: Mapping[str, str], inventory: Inventory, withdrawn: Mapping[str, Withdrawal]
) -> Iterator[Change]:
    known: set[str] = set()
    for entry in inventory.releases:
        if entry.release in withdrawn:
            continue
        on = times.london_day(entry.published)
        for kpi in entry.indicators:
            if known and kpi not in known:
                text = "Its figures are published for the first time"
                yield Change(
                    on=on, kind="indicator", kpi=kpi, title=titles.get(kpi, kpi), text=text, release=entry.release
                )
        known |= set(entry.indicators)
        if entry.compared_with in withdrawn:
            continue
        for revised in entry.revised:
            figures = "1 figure" if revised.figures == 1 else f"{words.printed(revised.figures)} figures"
            yield Change(
                on=on,
                kind="revision",
                kpi=revised.kpi,
                title=titles.get(revised.kpi, revised.kpi),
                text=f"{figures} changed since release {entry.compared_with}",
                release=entry.release,
            )


def _withdrawals(withdrawn: Mapping[str, Withdrawal]) -> Iterator[Change]:
    for withdrawal in withdrawn.values():
        yield Change(on=withdrawal.withdrawn_on, kind="withdrawal", text=withdrawal.reason, release=withdrawal.release)
