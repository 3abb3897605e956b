"""The data-quality page: how fresh each source is, what became of its rows, and what the run checked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from functions.publish_site import words
from functions.publish_site.pages.html_tables import Table, key, table
from functions.publish_site.words import Cell

if TYPE_CHECKING:
    from placements_kpi.results import Check, CheckCount, Protected, SourceFacts

STATES = {"ok": "In order", "warning": "Needs a look", "failed": "Failed"}
"""What each state of a check is called."""

GROUPS = {
    "rows": ("Rows of each source", "Every row that a source gives must be accounted for, table by table."),
    "figures": (
        "Figures of each indicator",
        "A numerator cannot be above its denominator, and the parts of a total must add up to it.",
    ),
    "lists": (
        "Codes that our lists do not know",
        "Services change their lists of reasons, routes and regions. A code that is new to us is never guessed at.",
    ),
    "sources": ("One source against another", "Where two services know of the same thing, we compare them."),
    "bounds": (
        "Against published figures",
        "Numbers that others have published tell us roughly what to expect. Ours is shown as we count it all the same.",
    ),
}
"""Each group of checks, in the order of the page: its heading, and why we check."""


def quality_view(document: Protected, today: date) -> dict[str, object]:
    """Return the values of the data-quality page as it stands on ``today``."""
    sources = [_source(source, today) for source in document.sources]
    checked, ages = _how_many(document.checks), _ages(document, today)
    return {
        "as_of": words.day(document.as_of),
        "sections": [
            ("ages", "Age of each source"),
            *([("checks", "What we checked")] if checked else []),
            *((source["anchor"], source["title"]) for source in sources),
        ],
        "ages": ages,
        "symbols": key(ages.texts),
        "sources": sources,
        "base": document.disclosure.base,
        "checked": checked,
        "checks": [_group(group, document.checks) for group in GROUPS if _of(group, document.checks)],
    }


def _how_many(checks: Sequence[Check]) -> str | None:
    """Return in a sentence how the checks ended; ``None`` for a release of before there were any."""
    if not checks:
        return None
    warned, failed = (sum(check.state == state for check in checks) for state in ("warning", "failed"))
    fine = len(checks) - warned - failed
    in_order = f"Of {len(checks)} checks, {fine} found all in order"
    return f"{in_order}, {warned} found something to look at, and {failed} failed."


def _of(group: str, checks: Sequence[Check]) -> list[Check]:
    return [check for check in checks if check.group == group]


def _group(group: str, checks: Sequence[Check]) -> dict[str, object]:
    title, why = GROUPS[group]
    of_group = _of(group, checks)
    counts: list[list[str | Cell]] = [
        [_label(check, count, alone=len(of_group) == 1), Cell(count.count)]
        for check in of_group
        for count in check.counts
    ]
    return {
        "title": title,
        "why": why,
        "results": table(
            f"{title}: what we found", ("Check", "Result"), [[c.title, STATES[c.state]] for c in of_group]
        ),
        "notices": [f"{check.title}. {check.says}" for check in of_group if check.state != "ok"],
        "counts": table(f"{title}: counts", ("What", "Number"), counts) if counts else None,
    }


def _label(check: Check, count: CheckCount, *, alone: bool) -> str:
    return count.label if alone else f"{check.title}: {count.label[0].lower()}{count.label[1:]}"


def _ages(document: Protected, today: date) -> Table:
    rows: list[list[str | Cell]] = [
        [
            source.title,
            words.day_in_cell(source.as_of) if source.as_of else "no data yet",
            Cell((today - source.as_of).days if source.as_of else None, "z"),
            Cell(source.max_age_days),
        ]
        for source in document.sources
    ]
    return table("Age of each source at publication", ("Source", "Data of", "Days old", "Most days allowed"), rows)


def _source(source: SourceFacts, today: date) -> dict[str, object]:
    return {
        "anchor": f"source-{source.source}".replace("_", "-"),
        "title": source.title,
        "snapshot": source.snapshot,
        "late": source.is_late(today),
        "attempt": words.sentence(source.last_attempt) if source.last_attempt else None,
        "counted_on": words.day(source.counted_on) if source.counted_on else None,
        "withheld": [words.label_of(table) for table in source.withheld],
        "tables": table(
            f"Rows of {source.title}",
            ("Table", "Rows in", "Kept", "Refused", "Duplicates", "Out of scope"),
            [
                [
                    words.label_of(facts.table).capitalize(),
                    Cell(facts.rows_in + source.notes.get(f"{facts.table}_left_out", 0)),
                    Cell(facts.kept),
                    Cell(sum(facts.refused.values())),
                    Cell(facts.duplicates),
                    Cell(source.notes.get(f"{facts.table}_left_out", 0)),
                ]
                for facts in source.tables
            ],
        )
        if source.tables
        else None,
        "counts": _counts(source),
    }


def _counts(source: SourceFacts) -> Table | None:
    rows: list[list[str | Cell]] = []
    for facts in source.tables:
        name = words.label_of(facts.table).capitalize()
        rows += [[f"{name}: refused, {words.label_of(reason)}", Cell(n)] for reason, n in sorted(facts.refused.items())]
        rows += [
            [f"{name}: unknown code in {words.label_of(column)} (kept)", Cell(n)]
            for column, n in sorted(facts.unknown_codes.items())
        ]
    rows += [[words.sentence(words.label_of(name)).rstrip("."), Cell(n)] for name, n in sorted(source.notes.items())]
    return table(f"Refused and noted in {source.title}", ("What", "Rows"), rows) if rows else None
