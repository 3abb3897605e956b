"""The file of links, ``links_edubasealldataYYYYMMDD.csv``: predecessors and successors, one row a direction."""

from collections.abc import Iterator
from pathlib import Path

from functions.ingest_schools.contract import LINKS
from functions.ingest_schools.staged import stage
from functions.ingest_schools.values import Reader, days, link_types, urns
from placements_kpi.lists import mapping
from placements_kpi.sources import SourceFile
from placements_kpi.staging import Settled, Staging

FIELDS: dict[str, tuple[str, Reader]] = {
    "urn": ("URN", urns),
    "link_urn": ("LinkURN", urns),
    "link_type": ("LinkType", link_types),
    "link_established_date": ("LinkEstablishedDate", days),
}
"""Name in the contract: name in the file, and what reads it."""

SUCCESSOR = tuple(mapping(Path(__file__).with_name("statuses.csv"), "link_type_begins"))
"""How the type of a link begins that leads to a successor."""


def stage_links(file: SourceFile, staging: Staging) -> None:
    """Stage every row of the file of links."""
    stage(file, LINKS, FIELDS, staging)


def successors(links: Settled) -> Iterator[tuple[str, str]]:
    """Yield each URN with the URN that succeeds it, by how the type of link begins (numbers#successors)."""
    for batch in links.batches(["urn", "link_urn", "link_type"]):
        for urn, link_urn, link_type in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            if link_type.startswith(SUCCESSOR):
                yield urn, link_urn
