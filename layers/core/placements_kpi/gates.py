"""Gates: what a snapshot must pass to become current (sources#gates). A failed gate refuses all of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from placements_kpi import times
from placements_kpi.manifests import Failure
from placements_kpi.tables import EXPECTED

if TYPE_CHECKING:
    from placements_kpi.facts import TableFacts
    from placements_kpi.manifests import Manifest
    from placements_kpi.settings import IngestSettings
    from placements_kpi.staging import Settled

_FEW = 10
"""Refused rows or duplicates of a delta, and unusable TRNs, that are too few to say anything about their source."""

_MANY = 1_000
"""Rows of which some have what only a part of them can have."""


def failures(
    tables: Sequence[Settled],
    settings: IngestSettings,
    *,
    kind: str,
    carried: Mapping[str, int],
    previous: Manifest | None,
) -> list[Failure]:
    """Return every gate that ``tables`` (first table first) fail; none: the snapshot may become current.

    ``carried`` counts, by table, rows taken over from the previous snapshot: shares are of the
    new rows. ``previous`` is the manifest of the current snapshot.
    """
    failed = list(_size(tables[0], settings))
    for settled in tables:
        new_rows = settled.facts.rows_in - carried.get(settled.table.name, 0)
        failed += _shares(settled, settings, new_rows, kind)
        failed += _trns(settled, settings)
        failed += _hidden(settled)
    if previous is not None:
        before = {facts.table: facts for facts in previous.tables}
        for settled in tables:
            if settled.table.name in before:
                failed += _change(settled, before[settled.table.name], previous.filled, settings)
    return failed


def freshness(as_of: datetime, max_age_days: int) -> Iterable[Failure]:
    """Yield a failure if data that stands at ``as_of`` is older than its source may be."""
    age = (times.today() - times.london_day(as_of)).days
    if age > max_age_days:
        detail = f"the source's data is {age} days old; at most {max_age_days} are allowed"
        yield Failure(gate="freshness", table="", detail=detail)


def _size(first: Settled, settings: IngestSettings) -> Iterable[Failure]:
    kept, fewest, most = first.facts.kept, max(1, settings.min_rows), settings.max_rows
    if not fewest <= kept <= most:
        yield _failure("rows", first, f"{kept} rows; between {fewest} and {most} are expected")


def _shares(settled: Settled, settings: IngestSettings, new_rows: int, kind: str) -> Iterable[Failure]:
    limits = (
        ("refused_rows", sum(settled.facts.refused.values()), settings.max_refused_percent, "could not be used"),
        ("duplicates", settled.facts.duplicates, settings.max_duplicate_percent, "repeat the key of another row"),
    )
    for gate, count, limit, what in limits:
        small_delta = kind == "delta" and count <= _FEW and count < new_rows
        if count * 100 > limit * new_rows and not small_delta:
            why = _most_refused(settled) if gate == "refused_rows" else ""
            yield _failure(gate, settled, f"{count} of {new_rows} rows {what}; at most {limit:g}% may{why}")


def _trns(settled: Settled, settings: IngestSettings) -> Iterable[Failure]:
    """Yield a failure if so many TRNs are none that the column is to blame, and not those who filled it in.

    What is known of how people fill it in: services#trns-of-applicants.
    """
    reasons, limit = settled.unusable_trns, settings.max_unusable_trn_percent
    unusable = reasons.total()
    given = unusable + settled.filled.get("trn", 0)
    if unusable > max(_FEW, limit * given / 100):
        counted = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common())
        cause = (
            "most likely the column is masked, so that who exports it sees a hash in its place: give the exporting "
            "role the right to read it"
            if reasons["not_a_trn"] * 2 > unusable
            else "most likely another number stands in the column"
        )
        yield _failure(
            "unusable_trns",
            settled,
            f"{unusable} of {given} TRNs given cannot be used ({counted}); at most {limit:g}% may; {cause}",
        )


def _hidden(settled: Settled) -> Iterable[Failure]:
    """Yield a failure if a hidden column has nothing at all: BigQuery may show null, or a blank, in its place."""
    for column in settled.table.never_empty:
        if settled.facts.kept >= _MANY and not settled.filled.get(column):
            yield _failure(
                "emptied_column",
                settled,
                f"none of {settled.facts.kept} rows has {column}: most likely the column is hidden from whoever reads "
                "it; give the role the right to",
            )


def _most_refused(settled: Settled) -> str:
    """Return the end of a sentence: the reason and the column that most refused rows have, and what was expected."""
    ((reason, name), _), *_ = settled.refused_at.most_common(1)
    kind = next((column.kind for column in settled.table.columns if column.name == name), None)
    expected = f", where {EXPECTED[kind]} is expected" if kind and reason == "wrong_type" else ""
    return f"; most often {reason}" + (f" in {name}{expected}" if name else "")


def _change(
    settled: Settled, before: TableFacts, filled: Mapping[str, Mapping[str, int]], settings: IngestSettings
) -> Iterable[Failure]:
    kept, kept_before = settled.facts.kept, before.kept
    if abs(kept - kept_before) * 100 > settings.max_change_percent * kept_before > 0:
        yield _failure(
            "row_change",
            settled,
            f"{kept} rows where the current snapshot has {kept_before}; "
            f"at most {settings.max_change_percent:g}% more or fewer are expected",
        )
    for column, count in sorted(filled.get(settled.table.name, {}).items()):
        # One row in a hundred: enough that no chance empties the column.
        if kept and count * 100 >= kept_before > 0 and not settled.filled.get(column):
            yield _failure(
                "emptied_column",
                settled,
                f"no row has {column} any more, where {count} rows of the current snapshot have it: was it renamed?",
            )


def _failure(gate: str, settled: Settled, detail: str) -> Failure:
    return Failure(gate=gate, table=settled.table.name, detail=f"{settled.table.name}: {detail}")
