"""GIAS over https: the public files of a day, ``edubasealldataYYYYMMDD.csv`` and ``links_edubasealldataYYYYMMDD.csv``.

A day's file may come late or not at all, so the newest of the last eight London days
is taken. Its data stands at the day in its name.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from placements_kpi import https, times
from placements_kpi.sources import Fetched, SourceError, SourceFile

if TYPE_CHECKING:
    from pathlib import Path

    from placements_kpi.sources import Request

DAYS_BACK = 7
FEEDS = {"schools": "edubasealldata", "school_links": "links_edubasealldata"}
"""Feed: beginning of its file's name."""


def fetch(request: Request) -> Fetched:
    """Return the files of the day asked for, or the newest; raises :class:`SourceError` if there are none.

    ``SOURCE_LOCATION`` is the folder of the files: ``https://<host>/edubase/downloads/public``.
    """
    client = https.client(request.settings)
    first = request.day or times.today()
    back = 0 if request.day else DAYS_BACK
    schools_day, schools = _newest(client, FEEDS["schools"], first, back, request.folder)
    if request.day is None and request.previous and schools_day < times.london_day(request.previous.as_of):
        raise SourceError(
            f"the newest file of GIAS is {schools.name}, older than the current snapshot "
            f"{request.previous.snapshot}: were newer ones withdrawn? Ask for it by its day if it is right"
        )
    links_day, links = _newest(client, FEEDS["school_links"], schools_day, back, request.folder)
    return Fetched(
        as_of=datetime.combine(schools_day, time(), UTC),
        files={"schools": schools, "school_links": links},
        facts={
            "transport": "https",
            "requests": client.requests,
            "files": [schools.name, links.name],
            "links_days_older": (schools_day - links_day).days,
        },
    )


def _newest(client: https.Client, beginning: str, first: date, back: int, folder: Path) -> tuple[date, SourceFile]:
    """Download the newest file from ``first`` back to ``back`` days earlier."""
    for days in range(back + 1):
        day = first - timedelta(days=days)
        name = f"{beginning}{day:%Y%m%d}.csv"
        if client.download(name, folder / name):
            return day, SourceFile(name=name, path=folder / name)
    when = f"from {first - timedelta(days=back)} to {first}" if back else f"of {first}"
    raise SourceError(
        f"GIAS has no file {beginning}YYYYMMDD.csv {when}: is its download page up? Check SOURCE_LOCATION"
    )
