"""A world before anybody has read it: what the services leave for one day, record by record, as they write it.

A record is a dict by field, by the services' own names (a school's by those of the contract); a field left out is not
in the record. A day or an instant (UTC, without a zone) may stand as such and is written out, any other spelling is
given as text. A record that is a text stands as a line of its own, one that is a list as a row of so many fields.
"""

import csv
import io
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

Record = Mapping[str, Any] | str | Sequence[str]

FEEDS = {
    "apply": ("application_choices",),
    "register": ("trainees",),
    "placements": ("mentor_allocations", "school_activity", "provider_activity"),
    "vacancies": ("vacancies", "applications"),
    "providers": ("providers", "courses"),
    "schools": ("schools", "school_links"),
    "service": ("transactions", "satisfaction", "costs"),
}
"""The files of each source, without their endings; those of schools and of the service are CSV, the others NDJSON."""

HEADINGS = {
    "schools": {
        "urn": "URN",
        "establishment_name": "EstablishmentName",
        "establishment_status": "EstablishmentStatus (code)",
        "type_of_establishment": "TypeOfEstablishment (code)",
        "establishment_type_group": "EstablishmentTypeGroup (code)",
        "phase_of_education": "PhaseOfEducation (code)",
        "gor": "GOR (code)",
        "la": "LA (code)",
        "open_date": "OpenDate",
        "close_date": "CloseDate",
        "postcode": "Postcode",
        "ukprn": "UKPRN",
        "last_changed_date": "LastChangedDate",
    },
    "school_links": {
        "urn": "URN",
        "link_urn": "LinkURN",
        "link_type": "LinkType",
        "link_established_date": "LinkEstablishedDate",
    },
    "transactions": {name: name for name in "month service channel started completed".split()},
    "satisfaction": {
        name: name for name in "month service very_satisfied satisfied neither dissatisfied very_dissatisfied".split()
    },
    "costs": {name: name for name in "month service category pounds".split()},
}
"""Name in a record of a world, and in the files of Get information about schools and of the service team."""


@dataclass(frozen=True)
class Drops:
    """Records by feed, the as-of date D, and the day that the register of schools stands at."""

    as_of: date
    feeds: Mapping[str, Sequence[Record]] = field(default_factory=dict)
    schools_on: date | None = None
    """``None``: the as-of date."""
    definitions: Sequence[Mapping[str, str]] = ()
    """Entries of code lists (``list``, ``code``, ``value``) beyond ours: what configuration may say one day."""
    left_on: Mapping[str, date | None] = field(default_factory=dict)
    """The day that the data of a source stands at; ``None``: it never left any. Of one not named: the as-of date."""

    def __post_init__(self) -> None:
        """Refuse a feed that no source has."""
        strange = self.feeds.keys() - {feed for feeds in FEEDS.values() for feed in feeds}
        assert not strange, f"no source has the feeds {sorted(strange)}"

    @property
    def register_day(self) -> date:
        """Return the day in the names of the files of schools."""
        return self.schools_on or self.as_of

    def stands_on(self, source: str) -> date:
        """Return the day that the data of a source stands at; of one that left none, the as-of date."""
        return self.left_on.get(source) or self.as_of

    def without(self, sources: Collection[str]) -> "Drops":
        """Return the same without what these sources left."""
        gone = {feed for source in sources for feed in FEEDS[source]}
        return replace(self, feeds={feed: records for feed, records in self.feeds.items() if feed not in gone})

    def lines(self, feed: str) -> list[bytes]:
        """Return the lines of an NDJSON file."""
        return [
            (record if isinstance(record, str) else json.dumps(record, default=_written)).encode()
            for record in self.feeds.get(feed, ())
        ]

    def table(self, feed: str) -> bytes:
        """Return a CSV file by its source's names, with the code page and dates of the register of schools."""
        headings = HEADINGS[feed]
        text = io.StringIO(newline="")
        writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        writer.writerow(headings.values())
        for record in self.feeds.get(feed, ()):
            if isinstance(record, Mapping):
                strange = record.keys() - headings.keys()
                assert not strange, f"{feed} has no columns {sorted(strange)}"
                writer.writerow([_cell(record.get(name)) for name in headings])
            else:
                writer.writerow(record)
        return text.getvalue().encode("cp1252")


def _written(value: Any) -> str:
    """Return an instant as 2026-07-14T12:00:00Z, a day as 2026-07-14."""
    return f"{value.isoformat()}Z" if isinstance(value, datetime) else str(value.isoformat())


def _cell(value: Any) -> str:
    if isinstance(value, date):
        return f"{value:%d-%m-%Y}"
    return "" if value is None else str(value)
