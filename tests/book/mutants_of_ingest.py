"""Rules of the ingest, one changed at a time: an example or a kept world has to notice each.

A rule is changed by putting something else in the place of what carries it out. It is not a general change of
code, as most changes of a reader break it and do not change what it reads. What a query carries out once more is left
out: parents of reasons, codes, advice.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

import pyarrow as pa
import pyarrow.compute as pc

from functions.ingest_apply import reasons
from placements_kpi import duplicates, pseudonyms, records, staging
from tests.book.answers import disagreements
from tests.book.drops import Drops
from tests.book.engine import engine
from tests.book.points import points_of

TAKE, ADD, RESOLVE, TRN = records._Reader._take, staging.Staging.add, duplicates.resolve, pseudonyms.normalise_trn


@dataclass(frozen=True)
class Change:
    """One rule changed: what it says now, the KPI whose worlds notice it, and what stands in whose place."""

    says: str
    kpi: str
    owner: Any
    name: str
    instead: Any


def _drafts_first(reader: Any, record: Any, number: int) -> None:
    if b'"status": "draft"' not in record:
        TAKE(reader, record, number)


def _earlier_of_equals(self: Any, table: Any, rows: Any, numbers: Sequence[int]) -> None:
    ADD(self, table, rows, [-int(number) for number in numbers])


def _later_row(table: Any, staged: Any, parents_lost: Any) -> Any:
    return RESOLVE(replace(table, newest_by=None), staged, parents_lost)


def _stripped(given: str) -> tuple[str | None, str | None]:
    return TRN(re.sub(r"[^0-9]", "", given))


def _as_given(given: str) -> tuple[str | None, str | None]:
    trn, problem = TRN(given)
    return (re.sub(r"[^0-9]", "", given) if trn else None), problem


def _but(refused: str) -> Callable[[str], tuple[str | None, str | None]]:
    """Return what takes a TRN that is refused for this reason."""

    def take(given: str) -> tuple[str | None, str | None]:
        trn, problem = TRN(given)
        return (given.rjust(7, "0"), None) if problem == refused else (trn, problem)

    return take


def _day_in_utc(instants: Any) -> Any:
    return pc.cast(instants, pa.date32())


def _nothing(*_: object) -> None:
    return None


VACANCIES = "ect-vacancies"
CHANGES = (
    Change("a draft is left out before duplicates are resolved", VACANCIES, records._Reader, "_take", _drafts_first),
    Change("a draft is an application", VACANCIES, staging, "_within", lambda table, rows, notes: rows),
    Change("of equally new rows the earlier stays", VACANCIES, staging.Staging, "add", _earlier_of_equals),
    Change("the later row stays, whatever its date", VACANCIES, staging, "resolve", _later_row),
    Change(
        "a TRN is what is left when all but its digits is stripped",
        "ect-vacancies",
        records,
        "normalise_trn",
        _stripped,
    ),
    Change("a TRN is not filled up with zeros", VACANCIES, records, "normalise_trn", _as_given),
    *(
        Change(f"a TRN is not refused as {reason}", VACANCIES, records, "normalise_trn", _but(reason))
        for reason in ("not_a_trn", "too_short", "too_long", "repeated_digit", "known_placeholder")
    ),
    Change("a TRN that is refused names a trainee", "school-participation", records, "normalise_trn", _stripped),
    Change("a day is one in UTC", "school-take-up", staging, "london_days", _day_in_utc),
    Change("a row that is refused hides nobody", "placement-rejections", records._Reader, "_mark", _nothing),
    Change("a reason in writing alone is none", "placement-rejections", reasons, "_ONLY_TEXT", "nothing"),
    Change("a text without a format is no reason", "placement-rejections", reasons, "FREE_TEXT", "nothing"),
)


def unnoticed(kpi: str, worlds: Sequence[Drops]) -> Iterator[str]:
    """Yield the changes of rules that no one of the ``worlds`` of ``kpi`` tells from what the rule gives."""
    changes = [change for change in CHANGES if change.kpi == kpi]
    right = [engine(kpi).ask(world, points_of(kpi, world.as_of)) for world in worlds] if changes else []
    for change in changes:
        with mock.patch.object(change.owner, change.name, change.instead):
            if not any(_differs(kpi, world, answers) for world, answers in zip(worlds, right, strict=True)):
                yield change.says


def _differs(kpi: str, world: Drops, right: Any) -> bool:
    points = points_of(kpi, world.as_of)
    return bool(disagreements(kpi, engine(kpi).ask(world, points), right, points))
