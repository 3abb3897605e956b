"""GIAS over https: the public files of a day, ``edubasealldataYYYYMMDD.csv`` and ``links_edubasealldataYYYYMMDD.csv``.

A day's file may come late, broken or not at all, so the newest of the last eight London days that can
be read to its end is taken; what was passed over is told. Its data stands at the day in its name.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from functions.ingest_schools.extract import Extract
from placements_kpi import https, times
from placements_kpi.observability import logger
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
    passed_over: list[str] = []
    fewest = request.settings.min_rows
    schools_day, schools = _newest(client, FEEDS["schools"], first, back, request.folder, passed_over, fewest)
    if request.day is None and request.previous and schools_day < times.london_day(request.previous.as_of):
        raise SourceError(
            f"the newest file of GIAS is {schools.name}, older than the current snapshot "
            f"{request.previous.snapshot}: were newer ones withdrawn? Ask for it by its day if it is right"
        )
    links_day, links = _newest(client, FEEDS["school_links"], schools_day, back, request.folder, passed_over)
    return Fetched(
        as_of=datetime.combine(schools_day, time(), UTC),
        files={"schools": schools, "school_links": links},
        facts={
            "transport": "https",
            "requests": client.requests,
            "files": [schools.name, links.name],
            "links_days_older": (schools_day - links_day).days,
            "passed_over": passed_over,
        },
    )


def _newest(
    client: https.Client, beginning: str, first: date, back: int, folder: Path, passed_over: list[str], fewest: int = 0
) -> tuple[date, SourceFile]:
    """Download the newest file from ``first`` back to ``back`` days earlier that is whole; note those that are not.

    One with fewer rows than ``fewest`` was cut off at the end of a row; it is returned if none has more.
    """
    passed_before = len(passed_over)
    short: tuple[date, SourceFile] | None = None
    for days in range(back + 1):
        day = first - timedelta(days=days)
        file = SourceFile(name=f"{beginning}{day:%Y%m%d}.csv", paths=(folder / f"{beginning}{day:%Y%m%d}.csv",))
        try:
            if not client.download(file.name, folder / file.name):
                continue
            rows = sum(len(batch.row_numbers) for batch in Extract(file, {"urn": "URN"}).batches())
            if rows < fewest:
                short = short or (day, file)
                raise SourceError(f"{file.name} has {rows} rows, where {fewest} are expected at least: is it cut off?")
        except (https.BudgetError, https.UnreachableError, https.RedirectError):
            raise  # of the service, not of this day's file
        except SourceError as error:
            logger.warning("file passed over", extra={"source": "schools", "file": file.name, "reason": str(error)})
            passed_over.append(str(error))
            continue
        return day, file
    if short is not None:
        return short  # for the gates to judge
    when = f"from {first - timedelta(days=back)} to {first}" if back else f"of {first}"
    problems = passed_over[passed_before:]
    if problems:
        raise SourceError(f"GIAS gave no whole file {beginning}YYYYMMDD.csv {when}; of the newest: {problems[0]}")
    raise SourceError(
        f"GIAS has no file {beginning}YYYYMMDD.csv {when}: is its download page up? Check SOURCE_LOCATION"
    )
