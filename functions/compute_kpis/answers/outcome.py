"""The outcome of a run: for every KPI what was worked out, or what is carried over and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

import pyarrow as pa

from functions.compute_kpis.answers import month_ends
from functions.compute_kpis.answers.cells import FigureError, contradictions, figures_of
from functions.compute_kpis.catalogue.calendars import CalendarError, Calendars
from functions.compute_kpis.catalogue.points import points_of
from functions.compute_kpis.contract import SOURCE_OF_TABLE
from functions.compute_kpis.sources.own_tables import parquet_bytes
from functions.compute_kpis.sources.pins import Pin, mixed_keys, public_day
from placements_kpi import store
from placements_kpi.results import NO_SNAPSHOT, KpiResult, Point, Results

if TYPE_CHECKING:
    from functions.compute_kpis.answers.queries import Answer
    from functions.compute_kpis.catalogue.loading import Kpi, Unusable
    from functions.compute_kpis.protection.keys import RoundingKey
    from functions.compute_kpis.record import Inputs

_PARQUET: dict[str, pa.DataType] = {
    "kpi": pa.string(),
    "state": pa.string(),
    "measure": pa.string(),
    "period": pa.int64(),
    "as_of": pa.date32(),
    "breakdown": pa.string(),
    "category": pa.string(),
    "numerator": pa.int64(),
    "denominator": pa.int64(),
    "value": pa.float64(),
    "status": pa.string(),
}

_NOT_THIS_TIME = "The newest figures could not be worked out because of a fault on our side."


@dataclass(frozen=True)
class Failure:
    """Why a KPI has no new figures: for the public, and for the operator."""

    public: str
    detail: str


@dataclass(frozen=True)
class Plan:
    """What a run sets out to do: each KPI's points, or why it is not even tried."""

    as_of: date
    kpis: tuple[Kpi, ...]
    unusable: tuple[Unusable, ...]
    pins: Mapping[str, Pin]
    points: Mapping[str, tuple[Point, ...]]
    failures: Mapping[str, Failure] = field(default_factory=dict)

    @property
    def to_query(self) -> list[Kpi]:
        """Return the KPIs whose query is worth running."""
        return [kpi for kpi in self.kpis if kpi.id not in self.failures]

    def to_read(self, snapshots: Mapping[str, str]) -> dict[str, str]:
        """Return the snapshot of each table to run the queries on: of a source that cannot be used, that of none."""
        unusable = {table: NO_SNAPSHOT for table, source in SOURCE_OF_TABLE.items() if self.pins[source].problem}
        return {**snapshots, **unusable}

    def missing(self, kpi: Kpi) -> dict[str, str]:
        """Return the sources of a KPI that cannot be used, each with why, for the public."""
        pins = {source: self.pins[source].problem for source in kpi.description.sources}
        return {source: problem for source, problem in pins.items() if problem}


def plan(as_of: date, kpis: list[Kpi], unusable: list[Unusable], pins: Mapping[str, Pin], calendars: Calendars) -> Plan:
    """Return the plan for the as-of date.

    A KPI with no period is not tried, nor one whose headline needs a source that is too old or missing, or people under
    two keys (numbers#needed-sources).
    """
    points: dict[str, tuple[Point, ...]] = {}
    failures: dict[str, Failure] = {}
    for kpi in kpis:
        try:
            points[kpi.id] = points_of(kpi.description, as_of, calendars, _reaches(kpi, pins))
        except CalendarError as error:
            failures[kpi.id] = Failure(error.public, str(error))
            continue
        needed = kpi.description.needs(kpi.description.headline)
        used = [pins[source] for source in kpi.description.sources if source in needed]
        mixed = mixed_keys(used)
        if mixed:
            failures[kpi.id] = Failure(*mixed)
        problems = [pin for pin in used if pin.problem]
        if problems:
            failures[kpi.id] = Failure(
                " ".join(str(pin.problem) for pin in problems),
                "; ".join((pin.detail or str(pin.problem)).rstrip(".") for pin in problems),
            )
    return Plan(as_of, tuple(kpis), tuple(unusable), pins, points, failures)


def _reaches(kpi: Kpi, pins: Mapping[str, Pin]) -> date | None:
    """Return the last day that every table of a KPI that is counted in months has whole months up to."""
    known = [pins[SOURCE_OF_TABLE[table]].facts.reaches.get(table) for table in kpi.tables if table in SOURCE_OF_TABLE]
    return min((day for day in known if day is not None), default=None)


def kpi_results(
    plan: Plan, snapshots: Mapping[str, str], answers: Mapping[str, Answer], previous: Results | None
) -> tuple[tuple[KpiResult, ...], dict[str, Failure]]:
    """Return one result for each KPI in page order, and why those that failed did.

    One that failed carries its last good figures over, if there are any of this day or earlier. What the ``previous``
    run counted of people at the same month end stays.
    """
    failures = dict(plan.failures)
    results: list[KpiResult] = []
    last = {kpi.id: kpi for kpi in previous.kpis} if previous else {}
    for kpi in plan.kpis:
        worked = _work_out(kpi, plan, snapshots, answers)
        if isinstance(worked, Failure):
            failures[kpi.id] = worked
            worked = _carried(last.get(kpi.id), worked, plan.as_of) or KpiResult(
                id=kpi.id, state="none", reason=worked.public, as_of=None, description=kpi.description
            )
        else:
            worked = month_ends.kept(worked, last.get(kpi.id))
        results.append(worked)
    for folder in plan.unusable:
        failures[folder.id] = Failure(_NOT_THIS_TIME, folder.reason)
        carried = _carried(last.get(folder.id), failures[folder.id], plan.as_of)
        if carried:
            results.append(carried)
    results.sort(key=lambda result: (result.description.order, result.id))
    return tuple(results), failures


def _work_out(kpi: Kpi, plan: Plan, snapshots: Mapping[str, str], answers: Mapping[str, Answer]) -> KpiResult | Failure:
    if kpi.id in plan.failures:
        return plan.failures[kpi.id]
    answer = answers[kpi.id]
    if answer.error is not None:
        return Failure(_NOT_THIS_TIME, answer.error)
    missing = plan.missing(kpi)
    counted_in = plan.pins[kpi.description.sources[0]].facts
    dated = counted_in.as_of or date.min
    try:
        worked = figures_of(kpi, plan.points[kpi.id], answer.rows, dated, missing)
    except FigureError as error:
        return Failure(error.public, str(error))
    facts = [plan.pins[source].facts for source in kpi.description.sources if source not in missing]
    if worked.unknown:
        period = worked.unknown[0].period_label
        why_missing = (
            f"The newest data from {counted_in.title} is from {public_day(dated)} and says nothing of the {period} yet."
        )
        missing = {**missing, counted_in.source: why_missing}
    return KpiResult(
        id=kpi.id,
        state="ok",
        as_of=plan.as_of,
        description=kpi.description,
        points=worked.points,
        figures=worked.figures,
        comparison=worked.comparison,
        missing=missing,
        snapshots={table: snapshots[table] for table in kpi.tables},
        source_dates={fact.source: fact.as_of for fact in facts if fact.as_of},
        sql=kpi.sql,
    )


def _carried(last: KpiResult | None, failure: Failure, as_of: date) -> KpiResult | None:
    if last is None or last.as_of is None or last.as_of > as_of or contradictions(last.description, last.figures):
        return None
    reason = f"{failure.public} These are the figures of {public_day(last.as_of)}."
    return last.model_copy(update={"state": "carried", "reason": reason})


def run_id_of(key: RoundingKey, as_of: date, inputs: Inputs, results: tuple[KpiResult, ...]) -> str:
    """Return the run's id: the as-of date and a keyed digest of all that the results depend on.

    Keyed, as the id is public and exact counts of rows are in what it digests (publishing#links).
    With another key of rounding the same inputs are another run, as they are another release.

    Of organisations, with every KPI worked out, these are the inputs alone. What is carried over, and why, depends on
    earlier runs and on what failed, and what is said of people on the first run of the month: both are part of it.
    """
    not_new = [result.model_dump(mode="json") for result in results if result.state != "ok" or result.counted_on]
    made_from = store.canonical_json({"inputs": inputs.body(), "not_new": not_new}).decode()
    return f"{as_of:%Y%m%d}-{key.run(made_from)}"


def results_parquet(results: Results) -> bytes:
    """Return every figure of ``results`` as one Parquet file, one row a cell."""
    rows = [
        {"kpi": kpi.id, "state": kpi.state, **figure.model_dump(exclude={"symbol", "finality"})}
        for kpi in results.kpis
        for figure in kpi.figures
    ]
    return parquet_bytes(rows, pa.schema(_PARQUET))
