"""What the computation makes of drops: its own pins, plan, figures and masks, round the query as it stands."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path

from functions.compute_kpis.answers import outcome
from functions.compute_kpis.answers.queries import Answer as Rows
from functions.compute_kpis.answers.queries import ResultRow
from functions.compute_kpis.catalogue.calendars import Calendars, load_calendars
from functions.compute_kpis.catalogue.definitions import load_definitions
from functions.compute_kpis.catalogue.loading import Kpi, load_kpi
from functions.compute_kpis.sources.pins import Pin, stale
from placements_kpi.results import KpiResult, SourceFacts
from placements_kpi.settings import SOURCES
from tests.book.answers import Answer, Answers, Cell
from tests.book.drops import Drops
from tests.book.engine import engine
from tests.book.ingest import ingested, source_of, tables
from tests.book.points import points_of
from tests.book.stops import LONGEST

KPIS = Path("functions/compute_kpis/kpis")


def worked_out(kpi: str, drops: Drops) -> KpiResult:
    """Return the result of a run that has no earlier one to carry over from."""
    pins = {source: _pin(source, drops) for source in SOURCES}
    made = outcome.plan(drops.as_of, [_described(kpi)], [], pins, _calendars())
    answers = {}
    if made.to_query:
        left = drops.without([source for source, pin in pins.items() if pin.problem])
        rows = engine(kpi).rows(left, points_of(kpi, drops.as_of, _reached(kpi, pins)))
        answers[kpi] = Rows(tuple(ResultRow(**row) for row in rows))
    (result,), _ = outcome.kpi_results(made, dict.fromkeys(tables(), "pinned"), answers, None)
    return result


def cells_of(result: KpiResult) -> Answers:
    """Return every figure of a result as an answer."""
    return {
        Cell(one.measure, one.period, one.as_of, one.breakdown, one.category): Answer(
            one.numerator, one.denominator, one.status
        )
        for one in result.figures
    }


def _reached(kpi: str, pins: Mapping[str, Pin]) -> date | None:
    reaches = {table: day for pin in pins.values() for table, day in pin.facts.reaches.items()}
    return min((reaches[table] for table in _described(kpi).tables if table in reaches), default=None)


def _reaches(source: str, drops: Drops) -> dict[str, date]:
    """Return what the manifest of a source says of how far its tables reach."""
    columns = {table.name: table.reaches for table in source_of(source).tables if table.reaches}
    if not columns:
        return {}
    made = ingested(drops, [source])
    return {name: max(made[name][column].to_pylist()) for name, column in columns.items() if name in made}


def _pin(source: str, drops: Drops) -> Pin:
    day = drops.left_on.get(source, drops.as_of)
    facts = SourceFacts(
        source=source,
        title=source,
        as_of=day,
        snapshot=None if day is None else "pinned",
        age_days=None if day is None else max((drops.as_of - day).days, 0),
        max_age_days=LONGEST,
        reaches={} if day is None else _reaches(source, drops),
    )
    return Pin(facts, "It has not sent any data." if day is None else stale(facts))


@cache
def _described(kpi: str) -> Kpi:
    return load_kpi(KPIS / kpi, load_definitions())


@cache
def _calendars() -> Calendars:
    return load_calendars(load_definitions())
