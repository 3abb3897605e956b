"""``data.json``: what data.gov.uk's harvester reads, one dataset for each indicator and one for all.

Fields and their forms are those of data.gov.uk's guidance, "Accepted DCAT and data.json fields"
(https://guidance.data.gov.uk/publish_and_manage_data/harvest_or_add_data/harvest_data/dcat), lengths those of "Harvest
data" beside it. Its harvester takes the datasets from a list under ``dataset`` (``DCATJSONHarvester`` of ckanext-dcat).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from functions.publish_site.files.listing import FIGURES, PREFIX, RELEASE, purpose
from functions.publish_site.files.metadata import KEYWORDS, media_type
from functions.publish_site.words import LICENCE, PUBLISHER, SERVICE_NAME
from placements_kpi import times

if TYPE_CHECKING:
    from functions.publish_site.inventory import Inventory
    from functions.publish_site.pages.frame import Site
    from placements_kpi.results import Description, Protected

CATALOGUE_KEY = "data.json"
CONTACT = "https://www.gov.uk/contact-dfe"
DAILY, MONTHLY = "R/P1D", "R/P1M"
"""Repeating durations of ISO 8601: how often a dataset can change."""


class _Listed(BaseModel):
    identifier: str
    issued: str


class _Catalogue(BaseModel):
    dataset: tuple[_Listed, ...]


def data_json(
    site: Site, inventory: Inventory, document: Protected | None, files: Collection[str], issued: Mapping[str, str]
) -> dict[str, Any]:
    """Return the catalogue of the release in front; of a site that shows none, an empty one.

    ``files`` are the paths of the release's files; ``issued`` says when a dataset was first listed, by its identifier.
    """
    entry = inventory.entry(document.release) if document else None
    if document is None or entry is None:
        return {"dataset": []}
    dataset = partial(_dataset, site, files, entry.published, issued)
    own = [
        dataset(
            f"{kpi.id}/",
            kpi.description.title,
            " ".join((kpi.description.question, *kpi.description.means)),
            MONTHLY if is_monthly(kpi.description) else DAILY,
        )
        for kpi in document.kpis
    ]
    titles = "; ".join(kpi.description.title for kpi in document.kpis)
    about = f"How well the school placements service for teacher training is doing. Indicators: {titles}."
    whole = dataset("", SERVICE_NAME, about, DAILY)
    return {"dataset": [whole, *own]}


def issued_of(catalogue: Any) -> dict[str, str]:
    """Return when each dataset was first listed, as an earlier catalogue says; none where it says nothing usable."""
    try:
        return {listed.identifier: listed.issued for listed in _Catalogue.model_validate(catalogue).dataset}
    except ValidationError:
        return {}


def is_monthly(description: Description) -> bool:
    """Whether the headline moves once a month: it counts people (publishing#month-ends), or whole months alone."""
    headline = next(measure for measure in description.measures if measure.id == description.headline)
    if any(family.id == headline.family and family.is_rolling for family in description.families):
        return True
    return "organisation" not in {headline.disclosure, headline.denominator_disclosure or headline.disclosure}


def _dataset(
    site: Site,
    there: Collection[str],
    published: datetime,
    issued: Mapping[str, str],
    folder: str,
    title: str,
    description: str,
    frequency: str,
) -> dict[str, Any]:
    address = site.address(f"{PREFIX}{folder}index.html")
    day = times.london_day(published).isoformat()
    stem = f"{folder}{folder.rstrip('/') or RELEASE}"
    return {
        "@type": "dcat:Dataset",
        "title": title,
        "description": description,
        "identifier": address,
        "landingPage": address,
        "license": LICENCE,
        "keyword": [*KEYWORDS],
        "issued": issued.get(address, day),
        "modified": day,
        "accrualPeriodicity": frequency,
        "frequency": frequency,
        "language": ["en"],
        "accessLevel": "public",
        "publisher": {"@type": "org:Organization", "name": PUBLISHER},
        "contactPoint": {"@type": "vcard:Contact", "fn": PUBLISHER, "hasURL": CONTACT},
        "distribution": [
            {
                "@type": "dcat:Distribution",
                "title": f"{kind}: {purpose(stem, end, what)}",
                "downloadURL": site.address(f"{PREFIX}{stem}{end}"),
                "format": media_type(end),
                "mediaType": media_type(end),
            }
            for end, kind, what in FIGURES
            if f"{stem}{end}" in there
        ],
    }
