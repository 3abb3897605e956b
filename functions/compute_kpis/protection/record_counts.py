"""Counts of records about people outside the KPIs: rows of a table, refusals by reason, values that no list knows.

They are people too, so they are rounded, stand for a month and go through the audit
(docs/decisions/0019). The first release after a month end counts them; until the next month
end every release repeats what that one showed, whatever was ingested since. Where a KPI counts
some of the same records (``[[records]]`` in ``kpi.toml``), both are rounded so that neither tells
more of the other, and the attacker is given both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from functions.compute_kpis.contract import SOURCE_OF_TABLE
from functions.compute_kpis.protection.audit import Rule, audit
from functions.compute_kpis.protection.knowledge import Cell, Link, Release
from functions.compute_kpis.protection.ledger import Entry, day_of
from functions.compute_kpis.protection.quantities import Quantity, parse
from functions.compute_kpis.protection.rounding import Method, neighbours, preferred_of
from functions.compute_kpis.protection.structure import matches
from placements_kpi import settings

if TYPE_CHECKING:
    from functions.compute_kpis.protection.guard import Guarded
    from functions.compute_kpis.protection.keys import RoundingKey
    from functions.compute_kpis.protection.ledger import Past
    from placements_kpi.facts import TableFacts
    from placements_kpi.results import Results
    from placements_kpi.settings import Disclosure

PERSON_TABLES = settings.PERSON_TABLES
"""Tables with a row about a person; how many rows they have is a count of people too."""

PERSON_SOURCES = frozenset(SOURCE_OF_TABLE[table] for table in PERSON_TABLES)

RECORDS = "records@1"
"""Stands where the id and version of a KPI stand in the names of counts."""

LISTS = "lists"
"""Owner of the counts of values that no list knows, beside the tables and the sources."""


@dataclass(frozen=True)
class RecordCounts:
    """What is shown of every count of records about people, by its place, and what goes into the ledger."""

    shown: Mapping[str, int]
    """By place: ``trainees/rows/kept``. What is not here is withheld, or came up since the month's first release."""
    counted_on: Mapping[str, date]
    """As-of date of the release that first showed the counts, by owner: a source, or ``lists``."""
    entries: Mapping[str, Entry]
    failing: tuple[str, ...]
    cells: int
    increments: int
    withheld: tuple[str, ...]

    def of(self, owner: str, kind: str) -> dict[str, int]:
        """Return what is shown of one kind of count of a table, of a source or of the lists, by name."""
        start = f"{owner}/{kind}/"
        return {place.removeprefix(start): count for place, count in self.shown.items() if place.startswith(start)}


def true_counts(results: Results) -> dict[str, int]:
    """Return every count of records about people in the facts and checks of a run, by place."""
    counts_by_name: dict[str, int] = {}
    for table in _tables(results):
        counts_by_name[f"{table.table}/rows/kept"] = table.kept
        counts_by_name[f"{table.table}/rows/duplicates"] = table.duplicates
        for kind, counts in (("refused", table.refused), ("unknown_code", table.unknown_codes)):
            counts_by_name |= {f"{table.table}/{kind}/{name}": count for name, count in counts.items()}
    for facts in results.sources:
        if facts.source in PERSON_SOURCES:
            counts_by_name |= {f"{facts.source}/note/{name}": count for name, count in facts.notes.items()}
    for check in results.checks:
        if check.id == LISTS:
            codes = {
                unknown_code_label(facts.table, name) for facts in _tables(results) for name in facts.unknown_codes
            }
            people = (count for count in check.counts if count.disclosure == "person" and count.label not in codes)
            counts_by_name |= {f"{LISTS}/unknown_value/{count.label}": count.count for count in people}
    return counts_by_name


def _tables(results: Results) -> Iterator[TableFacts]:
    return (table for facts in results.sources for table in facts.tables if table.table in PERSON_TABLES)


def unknown_code_label(table: str, column: str) -> str:
    """Return what the check of the lists calls the unknown codes of a column."""
    return f"{table.replace('_', ' ').capitalize()}: {column.replace('_', ' ')}"


def owner_of(place: str) -> str:
    """Return whose counts begin and stand together with this one: a source, or ``lists``."""
    holder = place.partition("/")[0]
    return SOURCE_OF_TABLE.get(holder, holder)


def settle(
    results: Results, guards: Sequence[Guarded], disclosure: Disclosure, key: RoundingKey, past: Past, release: str
) -> RecordCounts:
    """Return what is shown of the counts of records about people in ``results``, beside what ``guards`` show.

    What the attacker could work out is withheld; ``failing`` has what he still can.
    """
    month = _Month(results.month_end, past)
    begun = month.begun()
    true = {place: count for place, count in true_counts(results).items() if owner_of(place) not in begun}
    linked = _Linked(guards, set(true))
    method = Method(disclosure.base, disclosure.base, 0.0)
    rounded: dict[str, int] = {}
    for place in sorted(true, key=lambda place: (place.endswith("/rows/kept"), place)):
        rounded[place] = _rounded(place, true, rounded, linked, method, key)
    withheld: set[str] = set()
    while True:
        shown = {place: count for place, count in rounded.items() if place not in withheld}
        finding = audit(
            [
                *past.shown(RECORDS, frozenset()),
                Release(_cells(shown, linked, month), disclosure.base, floor=disclosure.floor),
            ],
            [*linked.links(shown, true, month), *_within(shown, true, month)],
            Rule(disclosure.width, disclosure.threshold, disclosure.solver_seconds),
            series=month.series(shown),
            categories=linked.categories,
        )
        failing = {failure.name for failure in finding.failing}
        more = {place for place in shown if month.name(place) in failing or linked.parts(place) & failing}
        if not failing or not more:
            break
        withheld |= _with_their_table(more, shown)
    entries = {
        month.name(place): Entry(
            shown=None if place in withheld else count,
            rounded=count,
            seal=key.seal(month.name(place), true[place]),
        )
        for place, count in rounded.items()
    }
    return RecordCounts(
        shown=shown | {place: count for place, (count, _) in month.known.items() if count is not None},
        counted_on={owner_of(place): day_of(release) for place in true} | begun,
        entries=entries,
        failing=tuple(sorted(failing)),
        cells=len(finding.cells),
        increments=len(finding.increments),
        withheld=tuple(sorted(withheld | {place for place, (count, _) in month.known.items() if count is None})),
    )


class _Month:
    """What earlier releases showed of a month end, and the names of counts that stand at it."""

    def __init__(self, month_end: date, past: Past) -> None:
        self.month_end = month_end
        self.past = [parse(name) for name in past.entries if name.startswith(f"{RECORDS}/")]
        self.known: dict[str, tuple[int | None, date]] = {}
        """What was shown of this month end, and the as-of date of the release that showed it, by place."""
        first: dict[str, date] = {}
        for page in past.pages:
            for name in page.entries:
                first.setdefault(name, day_of(page.release))
        for quantity in self.past:
            if quantity.stands == month_end.isoformat():
                shown = past.entries[quantity.name].shown
                place = f"{quantity.measure}/{quantity.breakdown}/{quantity.category}"
                self.known[place] = (shown if isinstance(shown, int) else None, first[quantity.name])

    def begun(self) -> dict[str, date]:
        """Return the owners whose counts were shown of this month end before, and when they were first."""
        first_days: dict[str, date] = {}
        for place, (_, day) in self.known.items():
            owner = owner_of(place)
            first_days[owner] = min(first_days.get(owner, day), day)
        return first_days

    def name(self, place: str) -> str:
        """Return the name under which the ledger and the audit know a count of this month end."""
        return self._quantity(place).name

    def series(self, places: Mapping[str, int]) -> list[tuple[str, ...]]:
        """Return the names of each place in order of their month ends."""
        lines = []
        for place in places:
            here = self._quantity(place)
            earlier = [
                quantity for quantity in self.past if quantity._replace(period=here.period, stands=here.stands) == here
            ]
            lines.append(
                tuple(quantity.name for quantity in sorted((*earlier, here), key=lambda quantity: quantity.stands))
            )
        return [line for line in lines if len(line) > 1]

    def _quantity(self, place: str) -> Quantity:
        measure, breakdown, category = place.split("/")
        return Quantity(
            RECORDS, measure, "numerator", self.month_end.year, self.month_end.isoformat(), breakdown, category
        )


class _Linked:
    """What the KPIs of the release show of the same records, by place and name of the count."""

    def __init__(self, guards: Sequence[Guarded], places: set[str]) -> None:
        self.cells: dict[str, Cell] = {}
        self.true: dict[str, int] = {}
        self.categories: frozenset[str] = frozenset()
        self._parts: dict[str, set[str]] = {}
        for guard in guards:
            for records in guard.counts.description.records:
                if records.of in places:
                    names = {
                        guard.counts.structure.of(name)
                        for name in guard.counts.true
                        for reference in records.counts
                        if matches(reference, parse(name))
                    }
                    here = {name for name in names if name in guard.entries and name not in guard.counts.exact}
                    self._parts.setdefault(records.of, set()).update(here)
                    self.cells |= {name: guard.entries[name].cell for name in here}
                    self.true |= {name: guard.counts.by_name[name] for name in here}
                    self.categories |= guard.counts.structure.categories & here

    def parts(self, place: str) -> set[str]:
        """Return the counts of KPIs that are of the records counted at ``place``."""
        return self._parts.get(place, set())

    def links(self, places: Mapping[str, int], true: Mapping[str, int], month: _Month) -> Iterator[Link]:
        """Yield how the counts shown at ``places`` bound those of the KPIs, and where both are the same number."""
        for place in places:
            for part in sorted(self.parts(place)):
                if self.true[part] <= true[place]:
                    yield Link("at_most", month.name(place), (part,))
                if self.true[part] == true[place]:
                    yield Link("at_most", part, (month.name(place),))


def _rounded(
    place: str,
    true: Mapping[str, int],
    rounded: Mapping[str, int],
    linked: _Linked,
    method: Method,
    key: RoundingKey,
) -> int:
    """Return a multiple of the base next to the count: that of a KPI's count if it is the same number.

    It is at least what is shown of any part of the records, so that no part is bounded from above by it.
    """
    count = true[place]
    parts = [
        (linked.true[name], shown)
        for name in sorted(linked.parts(place))
        if isinstance(shown := linked.cells[name].shown, int) and linked.true[name] <= count
    ]
    parts += [(true[part], rounded[part]) for part in _parts_of(place, rounded) if true[part] <= count]
    same = [shown for number, shown in parts if number == count]
    usual = same[0] if same else preferred_of(f"{RECORDS}/{place}", count, method, key)
    return max([usual, *(shown for _, shown in parts if shown in neighbours(count, method.base, method.least))])


def _parts_of(place: str, places: Mapping[str, int]) -> list[str]:
    """Return the counts of the same table that are of rows kept."""
    if not place.endswith("/rows/kept"):
        return []
    return [part for part in places if part.startswith(f"{place.partition('/')[0]}/unknown_code/")]


def _within(places: Mapping[str, int], true: Mapping[str, int], month: _Month) -> Iterator[Link]:
    for place in places:
        for part in _parts_of(place, places):
            if true[part] <= true[place]:
                yield Link("at_most", month.name(place), (month.name(part),))


def _cells(shown: Mapping[str, int], linked: _Linked, month: _Month) -> dict[str, Cell]:
    near = {name for place in shown for name in linked.parts(place)}
    return {name: linked.cells[name] for name in sorted(near)} | {
        month.name(place): Cell(count) for place, count in shown.items()
    }


def _with_their_table(places: set[str], shown: Mapping[str, int]) -> set[str]:
    """Return ``places`` with every count of their tables: one that is missing is the total less the others."""
    tables = {place.partition("/")[0] for place in places} & PERSON_TABLES
    return places | {place for place in shown if place.partition("/")[0] in tables}
