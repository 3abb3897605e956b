"""The data-quality page: how fresh each source is, and what became of its rows."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from functions.publish_site import words
from functions.publish_site.tables import Table, table
from functions.publish_site.words import Cell

if TYPE_CHECKING:
    from placements_kpi.results import Protected, SourceFacts


def quality_view(document: Protected, today: date) -> dict[str, object]:
    """Return the values of the data-quality page as it stands on ``today``."""
    return {
        "as_of": words.day(document.as_of),
        "ages": _ages(document, today),
        "sources": [_source(source, today) for source in document.sources],
        "base": document.disclosure.base,
    }


def _ages(document: Protected, today: date) -> Table:
    rows: list[list[str | Cell]] = [
        [
            source.title,
            words.day(source.as_of) if source.as_of else "no data yet",
            Cell((today - source.as_of).days if source.as_of else None, "z"),
            Cell(source.max_age_days),
        ]
        for source in document.sources
    ]
    return table("Age of each source at publication", ("Source", "Data of", "Days old", "Most days allowed"), rows)


def _source(source: SourceFacts, today: date) -> dict[str, object]:
    late = source.as_of is None or (today - source.as_of).days > source.max_age_days
    return {
        "title": source.title,
        "snapshot": source.snapshot,
        "late": late,
        "attempt": words.sentence(source.last_attempt) if source.last_attempt else None,
        "tables": table(
            f"Rows of {source.title}",
            ("Table", "Rows in", "Kept", "Refused", "Duplicates"),
            [
                [
                    words.label_of(one.table).capitalize(),
                    Cell(one.rows_in),
                    Cell(one.kept),
                    Cell(sum(one.refused.values())),
                    Cell(one.duplicates),
                ]
                for one in source.tables
            ],
        )
        if source.tables
        else None,
        "counts": _counts(source),
    }


def _counts(source: SourceFacts) -> Table | None:
    rows: list[list[str | Cell]] = []
    for one in source.tables:
        name = words.label_of(one.table).capitalize()
        rows += [[f"{name}: refused, {words.label_of(reason)}", Cell(n)] for reason, n in sorted(one.refused.items())]
        rows += [
            [f"{name}: unknown code in {words.label_of(column)} (kept)", Cell(n)]
            for column, n in sorted(one.unknown_codes.items())
        ]
    rows += [[words.sentence(words.label_of(name)).rstrip("."), Cell(n)] for name, n in sorted(source.notes.items())]
    return table(f"Refused and noted in {source.title}", ("What", "Rows"), rows) if rows else None
