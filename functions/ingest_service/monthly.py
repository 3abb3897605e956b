"""The three CSV files of a drop: a row a month, service, and channel or category (sources#monthly-figures)."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from functions.ingest_service.contract import COSTS, TRANSACTIONS
from placements_kpi import months, records
from placements_kpi.guises import LOOK_AT, guise
from placements_kpi.sources import Record, Refusal, Row, RowError, Source, SourceError, SourceFile

if TYPE_CHECKING:
    from placements_kpi.pseudonyms import Pseudonyms
    from placements_kpi.staging import Staging
    from placements_kpi.tables import Table

MORE_COMPLETED = "service_transactions_more_completed"
"""Note: months of a service and channel with more transactions completed than started; one may end a month later."""

DATED = ("month", "month_ends_on")
"""What :func:`date_row` looks at and fills."""

_POUNDS = re.compile(r"\d{1,11}\.\d\d", re.ASCII)


def read(source: Source, files: Mapping[str, SourceFile], staging: Staging, pseudonyms: Pseudonyms | None) -> None:
    """Stage every row of the three files; :class:`SourceError` if a file as a whole cannot be used."""
    tables = {feed.name: feed.table for feed in source.feeds}
    rows = {
        name: replace(file, paths=(), records=_records(tables[name], file, staging.day)) for name, file in files.items()
    }
    records.read(source, rows, staging, pseudonyms)
    for batch in staging.settle(TRANSACTIONS).batches(["started", "completed"]):
        more = sum(row["started"] is not None and row["completed"] > row["started"] for row in batch.to_pylist())
        if more:
            staging.note(MORE_COMPLETED, more)


def date_row(row: Row) -> None:
    """Add the last day of the row's month."""
    row["month_ends_on"] = _end_of(row["month"])


def cost_row(row: Row) -> None:
    """Add the last day of the row's month, and its pounds as pence; :class:`RowError` if they are not to the penny."""
    pounds = row.pop("pounds", None)
    if not pounds:
        raise RowError("missing", "pounds")
    if not _POUNDS.fullmatch(pounds):
        raise RowError("wrong_type", "pounds")
    row["pence"] = int(pounds.replace(".", ""))
    date_row(row)


def _end_of(month: str) -> date:
    return months.next_end(date.fromisoformat(f"{month}-01"))


def _records(table: Table, file: SourceFile, day: date) -> Iterator[Record]:
    """Yield the rows of a file as records, blank cells left out, and why those that cannot be kept are refused."""
    (path,) = file.paths
    wanted = [column.name for column in table.columns if column.from_source] + (["pounds"] if table is COSTS else [])
    try:
        with gzip.open(path, "rb") if path.name.endswith(".gz") else path.open("rb") as stored:
            lines = csv.reader(io.TextIOWrapper(io.BytesIO(_plain(file.name, stored.read())), "utf-8-sig", newline=""))
            header = [name.strip() for name in next(lines, [])]
            _check_header(file.name, header, wanted)
            for line in lines:
                if line:
                    yield _record(header, line, wanted, day)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise SourceError(f"{file.name} is not a whole gzip file: ask its owner to export it again") from None
    except (UnicodeDecodeError, csv.Error):
        raise SourceError(f"{file.name} cannot be read as CSV in UTF-8: ask its owner to export it again") from None


def _plain(name: str, body: bytes) -> bytes:
    wrong = guise(body[:LOOK_AT])
    if wrong:
        raise SourceError(f"{name} {wrong}, where it should be CSV with a header: ask its owner")
    return body


def _check_header(name: str, header: Sequence[str], wanted: Sequence[str]) -> None:
    wrong = sorted({column for column in wanted if header.count(column) != 1})
    if wrong:
        raise SourceError(
            f"{name} should have each of its columns once, and has not {', '.join(wrong)}: was one renamed? "
            "Ask its owner"
        )


def _record(header: Sequence[str], line: Sequence[str], wanted: Sequence[str], day: date) -> Record:
    if len(line) != len(header):
        return Refusal("ragged", None)
    row = {name: cell.strip() for name, cell in zip(header, line, strict=True) if name in wanted and cell.strip()}
    month = row.get("month", "")
    if re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", month, re.ASCII) and _end_of(month) > day:
        return Refusal("out_of_range", "month")  # it is not over yet
    return row
