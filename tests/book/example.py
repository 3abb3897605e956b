"""Worked examples: ``kpis/<kpi-id>/example.toml``, a small world of source records and the answers worked out by hand.

The records go through the real ingest (validation, pseudonyms, London days, school lineage), so an example covers
what happens to a record before a query sees it. ``docs/kpi-catalogue.md`` says what the file looks like.
"""

import csv
import io
import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from placements_kpi.sources import Source
from placements_kpi.tables import Table
from tests.book.answers import FACTS, REFUSED, Answer, Answers, Cell
from tests.book.drops import Drops
from tests.book.ingest import source_of
from tests.book.points import Point

KPIS = Path("functions/compute_kpis/kpis")


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


def drops_of(kpi: str) -> Drops:
    """Return the example as what its sources leave."""
    example = read_example(kpi)
    feeds: dict[str, list[dict[str, Any]]] = {}
    for name, given in example.records.items():
        feeds |= _feeds(source_of(name), given)
    return Drops(example.as_of, feeds, example.schools_on)


def _feeds(source: Source, given: Mapping[str, Sequence[Mapping[str, str]]]) -> dict[str, list[dict[str, Any]]]:
    """Return the records of a source; a table of list entries goes into the records that its rows name."""
    children = {child.field for feed in source.feeds for child in feed.children}
    unknown = given.keys() - {feed.name for feed in source.feeds} - children
    assert not unknown, f"{source.name} has no feeds {sorted(unknown)}"
    found = {}
    for feed in source.feeds:
        rows = [_record(feed.table, row) for row in given.get(feed.name, ())]
        key = feed.table.primary_key[0]
        for child in feed.children:
            for row in rows:
                own = [dict(part) for part in given.get(child.field, ()) if part[key] == row[key]]
                row[child.field] = [_record(child.table, {k: v for k, v in part.items() if k != key}) for part in own]
        found[feed.name] = rows
    return found


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
    if kind == "date":
        return date.fromisoformat(text)
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
