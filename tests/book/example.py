"""Worked examples: ``kpis/<kpi-id>/example.toml``, a small world of source records and the answers worked out by hand.

The records go through the real ingest (validation, pseudonyms, London days, school lineage), so an example covers
what happens to a record before a query sees it. ``docs/kpi-catalogue.md`` says what the file looks like.
"""

import csv
import importlib
import io
import json
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from placements_kpi import records
from placements_kpi.pseudonyms import Pseudonyms
from placements_kpi.sources import Source, SourceFile
from placements_kpi.staging import Staging
from placements_kpi.tables import Table
from tests.book.answers import FACTS, REFUSED, Answer, Answers, Cell
from tests.book.points import Point
from tests.book.world import Row, World, tables

KPIS = Path("functions/compute_kpis/kpis")
KEY = b"the key of the worked examples, not of anybody"

_GIAS = {
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
    "link_urn": "LinkURN",
    "link_type": "LinkType",
    "link_established_date": "LinkEstablishedDate",
}
"""Name in the contract, which the examples use, and in the files of Get information about schools."""


@dataclass(frozen=True)
class Example:
    """A worked example: its as-of date, its records by source and feed, and the answers by hand."""

    kpi: str
    as_of: date
    schools_on: date
    records: Mapping[str, Mapping[str, Sequence[Mapping[str, str]]]]
    answers: Answers
    """Every cell that is not nothing, at the newest points; of other days, some measures and breakdowns whole."""

    def covered(self, given: Answers, points: Sequence[Point]) -> Answers:
        """Return those of ``given`` that the answers by hand speak about."""
        newest = {(point.period, point.as_of) for point in points if point.is_current}
        parts = {(cell.measure, cell.period, cell.as_of, cell.breakdown) for cell in self.answers}
        return {
            cell: answer
            for cell, answer in given.items()
            if cell.measure not in (FACTS, REFUSED) and ((cell.period, cell.as_of) in newest or cell[:4] in parts)
        }


def kpis_with_examples() -> list[str]:
    """Return the ids of the KPIs that have a worked example."""
    return sorted(path.parent.name for path in KPIS.glob("*/example.toml"))


@cache
def read_example(kpi: str) -> Example:
    """Return the worked example of ``kpi``."""
    facts = tomllib.loads((KPIS / kpi / "example.toml").read_text(encoding="utf-8"))
    return Example(
        kpi=kpi,
        as_of=facts["as_of"],
        schools_on=facts.get("schools_on", facts["as_of"]),
        records={
            source: {feed: _table(text) for feed, text in feeds.items()} for source, feeds in facts["records"].items()
        },
        answers=dict(_answer(row) for row in _table(facts["answers"]["by_hand"])),
    )


@cache
def ingested(kpi: str) -> Mapping[str, pa.Table]:
    """Return the curated tables that the real ingest makes of the example's records."""
    example = read_example(kpi)
    found: dict[str, pa.Table] = {}
    for name, feeds in example.records.items():
        source: Source = importlib.import_module(f"functions.ingest_{name}.app").SOURCE
        with tempfile.TemporaryDirectory() as folder:
            found |= _settled(source, _files(source, feeds, example.schools_on, Path(folder)), Path(folder))
    return found


def world_of(kpi: str) -> World:
    """Return the example as a world: the columns that its source gives."""
    example = read_example(kpi)
    return World(
        example.as_of,
        {
            name: [_from_source(tables()[name], row) for row in table.to_pylist()]
            for name, table in ingested(kpi).items()
            if name != "school_lineage"
        },
        example.schools_on,
    )


def _from_source(table: Table, row: Row) -> Row:
    derived = {column.name for column in table.columns if column.day_of is not None}
    return {name: value for name, value in row.items() if name not in derived}


def _settled(source: Source, files: Mapping[str, SourceFile], folder: Path) -> dict[str, pa.Table]:
    parents = {child.table.name: feed.table.name for feed in source.feeds for child in feed.children}
    staging = Staging(folder, source.tables, parents)
    (source.read or records.read)(source, files, staging, Pseudonyms(KEY) if source.has_person_keys else None)
    found = {}
    for table in source.tables:
        settled = staging.settle(table)
        batches = list(settled.batches())
        if batches:
            found[table.name] = pa.Table.from_batches(batches)
    return found


def _files(
    source: Source, feeds: Mapping[str, Sequence[Mapping[str, str]]], schools_on: date, folder: Path
) -> dict[str, SourceFile]:
    if source.name == "schools":
        return {feed.name: _gias(feed.name, feeds.get(feed.name, ()), schools_on, folder) for feed in source.feeds}
    children = {child.field: feed.name for feed in source.feeds for child in feed.children}
    unknown = feeds.keys() - {feed.name for feed in source.feeds} - children.keys()
    assert not unknown, f"{source.name} has no feeds {sorted(unknown)}"
    found = {}
    for feed in source.feeds:
        parts = {child.field: feeds.get(child.field, ()) for child in feed.children}
        rows = [_record(feed.table, row) for row in feeds.get(feed.name, ())]
        key = feed.table.primary_key[0]
        for child in feed.children:
            for row in rows:
                own = [dict(part) for part in parts[child.field] if part[key] == row[key]]
                row[child.field] = [_record(child.table, {k: v for k, v in part.items() if k != key}) for part in own]
        found[feed.name] = SourceFile(feed.name, records=[json.dumps(row).encode() for row in rows])
    return found


def _gias(feed: str, rows: Sequence[Mapping[str, str]], day: date, folder: Path) -> SourceFile:
    """Write a file as Get information about schools does: its own column names, code page and order of a date."""
    prefix = "edubasealldata" if feed == "schools" else "links_edubasealldata"
    path = folder / f"{prefix}{day:%Y%m%d}.csv"
    names = ["urn", "link_urn", "link_type", "link_established_date"] if feed == "school_links" else list(_GIAS)[:13]
    with path.open("w", encoding="cp1252", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        writer.writerow([_GIAS[name] for name in names])
        for row in rows:
            writer.writerow([_british(name, row.get(name, "")) for name in names])
    return SourceFile(path.name, path=path)


def _british(name: str, text: str) -> str:
    """Return 2026-07-14 as 14-07-2026 where the column is a date; anything else as it stands."""
    if name.endswith("_date") and text:
        year, month, day = text.split("-")
        return f"{day}-{month}-{year}"
    return text


def _record(table: Table, row: Mapping[str, str]) -> dict[str, Any]:
    """Return a row of an example as the JSON record that its source would send; a blank cell is null."""
    kinds = {column.name: column.kind for column in table.columns}
    return {name: _value(kinds.get(name, "string"), text) for name, text in row.items()}


def _value(kind: str, text: str) -> Any:
    if not text:
        return None
    if text[0] in "[{":  # JSON as it stands: the historical shapes of reasons, an empty list
        return json.loads(text)
    if kind == "integer":
        return int(text)
    if kind == "boolean":
        return {"yes": True, "no": False}[text]
    if kind.endswith("[]"):
        return text.split()
    return text


def _answer(row: Mapping[str, str]) -> tuple[Cell, Answer]:
    as_of = date.fromisoformat(row["as_of"])
    cell = Cell(row["measure"], int(row["period"]), as_of, row["breakdown"] or "national", row["category"] or "Total")
    if not row["numerator"].isdigit():
        return cell, Answer(None, None, row["numerator"])
    return cell, Answer(int(row["numerator"]), int(row["out_of"]) if row["out_of"] else None)


def _table(text: str) -> list[dict[str, str]]:
    """Return a table written with bars between its cells: a heading, then a row a line; ``--`` begins a comment."""
    lines = [line.split("--")[0].rstrip() for line in text.splitlines()]
    kept = [line for line in lines if line.strip()]
    rows = [
        [cell.strip() for cell in row]
        for row in csv.reader(io.StringIO("\n".join(kept)), delimiter="|", quotechar="\0")
    ]
    heading, *body = rows
    return list(_rows(heading, body))


def _rows(heading: Sequence[str], body: Sequence[Sequence[str]]) -> Iterator[dict[str, str]]:
    for row in body:
        assert len(row) == len(heading), f"{row} has {len(row)} cells where its heading has {len(heading)}"
        yield {name: value for name, value in zip(heading, row, strict=True) if name != "note"}
