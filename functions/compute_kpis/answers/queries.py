"""Queries: all KPIs' SQL on Athena at once, checked for names and types when it comes back.

The workgroup is enforced: its result location, encryption and scan limit win over
anything a caller says. One query that fails says why and leaves the others alone.
"""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol

import awswrangler as wr
from botocore.exceptions import BotoCoreError, ClientError

from functions.compute_kpis.contract import RESULT_COLUMNS
from placements_kpi import usage
from placements_kpi.errors import PlacementsKpiError
from placements_kpi.manifests import SNAPSHOT_ID

if TYPE_CHECKING:
    from placements_kpi.settings import ComputeSettings

_UNRESOLVED = re.compile(r"(?<![:\w]):[a-z_]+_snapshot\b")
_FINAL = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})


class QueryError(PlacementsKpiError):
    """A KPI's query could not be run, or did not return what it should."""


class Query(Protocol):
    """What can be run: a KPI's query, or that of a check."""

    @property
    def id(self) -> str: ...
    @property
    def sql(self) -> str: ...
    @property
    def tables(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class _Explained:
    """A query that is only planned."""

    id: str
    sql: str
    tables: tuple[str, ...]


@dataclass(frozen=True)
class ResultRow:
    """One row of a KPI query (``RESULT_COLUMNS``)."""

    measure: str
    period: int
    as_of: date
    breakdown: str
    category: str
    numerator: int | None
    denominator: int | None
    status: str


@dataclass(frozen=True)
class Answer:
    """What became of one query: its rows, or why there are none."""

    rows: tuple[ResultRow, ...] = ()
    error: str | None = None
    execution_id: str | None = None
    bytes_scanned: int = 0


Read = Callable[[str], tuple[ResultRow, ...]]


def snapshot_parameters(kpi: Query, snapshots: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters of a KPI's query; :class:`QueryError` if a snapshot is missing or is no snapshot id."""
    parameters = {}
    for table in kpi.tables:
        snapshot = snapshots.get(table, "")
        if not re.fullmatch(SNAPSHOT_ID, snapshot):
            raise QueryError(f"{kpi.id}: there is no usable snapshot of {table} to pin its query to")
        parameters[f"{table}_snapshot"] = snapshot
    return parameters


def run_queries(
    kpis: Sequence[Query],
    snapshots: Mapping[str, str],
    settings: ComputeSettings,
    budget_seconds: float,
    read: Read | None = None,
) -> dict[str, Answer]:
    """Start every KPI's query, wait for all, and return each one's answer.

    A query still running when ``budget_seconds`` are over is stopped, so that the run
    can still end and say so. ``read`` gets the rows of an execution that went well.
    """
    answers: dict[str, Answer] = {}
    running: dict[str, str] = {}
    deadline = time.monotonic() + budget_seconds
    for kpi in kpis:
        try:
            running[kpi.id] = _start(kpi, snapshots, settings)
        except (QueryError, BotoCoreError, ClientError, wr.exceptions.InvalidArgument) as error:
            answers[kpi.id] = Answer(error=f"Athena did not take the query: {error}")
    for kpi_id, execution_id in running.items():  # they run side by side: to wait for each in turn is to wait for all
        answers[kpi_id] = _ended(execution_id, read or _read, settings, deadline, budget_seconds)
    return {kpi.id: answers[kpi.id] for kpi in kpis}


def explain(
    kpis: Sequence[Query], snapshots: Mapping[str, str], settings: ComputeSettings, budget_seconds: float
) -> dict[str, str | None]:
    """Return, for each query, why Athena would not run it; ``None`` if it would. No data is read."""
    asked = [_Explained(kpi.id, f"EXPLAIN {kpi.sql}", kpi.tables) for kpi in kpis]
    answers = run_queries(asked, snapshots, settings, budget_seconds, read=lambda _: ())
    return {name: answer.error for name, answer in answers.items()}


def _start(kpi: Query, snapshots: Mapping[str, str], settings: ComputeSettings) -> str:
    parameters = snapshot_parameters(kpi, snapshots)
    unknown = {parameter[1:] for parameter in _UNRESOLVED.findall(kpi.sql)} - set(parameters)
    if unknown:
        raise QueryError(f"{kpi.id}: query.sql has parameters that are not filled: {', '.join(sorted(unknown))}")
    started = wr.athena.start_query_execution(
        sql=kpi.sql,
        database=settings.glue_database,
        workgroup=settings.athena_workgroup,
        params=parameters,
        paramstyle="named",
    )
    return str(started)


def _ended(execution_id: str, read: Read, settings: ComputeSettings, deadline: float, budget_seconds: float) -> Answer:
    """Wait for an execution until the deadline, and return its answer."""
    while True:
        answer = _look(execution_id, read, over=time.monotonic() > deadline, budget_seconds=budget_seconds)
        if answer is not None:
            return answer
        time.sleep(settings.poll_seconds)


def _look(execution_id: str, read: Read, *, over: bool, budget_seconds: float) -> Answer | None:
    """Return the answer of an execution that has ended, or that is stopped because time is over; else ``None``."""
    try:
        execution = wr.athena.get_query_execution(execution_id)
        if execution["Status"]["State"] in _FINAL:
            return _answer(execution_id, execution, read)
        if over:
            wr.athena.stop_query_execution(execution_id)
            reason = f"the query was stopped: it had not finished within {budget_seconds:.0f} seconds"
            return Answer(error=reason, execution_id=execution_id)
    except (BotoCoreError, ClientError) as error:
        return Answer(error=f"Athena did not answer: {error}", execution_id=execution_id)
    return None


def _answer(execution_id: str, execution: dict[str, Any], read: Read) -> Answer:
    scanned = int(execution.get("Statistics", {}).get("DataScannedInBytes", 0))
    if scanned:  # a query that reads nothing, such as EXPLAIN, is not billed
        usage.scanned(scanned)
    state = execution["Status"]["State"]
    if state != "SUCCEEDED":
        reason = execution["Status"].get("StateChangeReason") or "Athena gave no reason"
        return Answer(error=f"the query ended {state}: {reason}", execution_id=execution_id, bytes_scanned=scanned)
    try:
        rows = read(execution_id)
    except QueryError as error:
        return Answer(error=str(error), execution_id=execution_id, bytes_scanned=scanned)
    except ValueError as error:  # pandas, of a value that is not of its column's type
        reason = f"the result cannot be read ({type(error).__name__}); CAST each column in query.sql"
        return Answer(error=reason, execution_id=execution_id, bytes_scanned=scanned)
    return Answer(rows=rows, execution_id=execution_id, bytes_scanned=scanned)


def _read(execution_id: str) -> tuple[ResultRow, ...]:
    types = wr.athena.get_query_columns_types(execution_id)
    if list(types.items()) != list(RESULT_COLUMNS.items()):
        given = ", ".join(f"{name} {kind}" for name, kind in types.items())
        wanted = ", ".join(f"{name} {kind}" for name, kind in RESULT_COLUMNS.items())
        raise QueryError(f"the query returned ({given}) and not ({wanted}); CAST each column in query.sql")
    with warnings.catch_warnings():
        # awswrangler 3.17 reads the result with a keyword that pandas 3 no longer wants.
        warnings.filterwarnings("ignore", "The copy keyword is deprecated", DeprecationWarning)
        frame: Any = wr.athena.get_query_results(execution_id)
    columns = [
        [None if missing else value for value, missing in zip(frame[name], frame[name].isna(), strict=True)]
        for name in RESULT_COLUMNS
    ]
    return tuple(_row(values) for values in zip(*columns, strict=True))


def _row(values: tuple[Any, ...]) -> ResultRow:
    empty = [
        name
        for name, value in zip(RESULT_COLUMNS, values, strict=True)
        if value is None and name not in {"numerator", "denominator"}
    ]
    if empty:
        raise QueryError(f"the query returned a row of measure {values[0]!r} with no {', '.join(empty)}")
    read: dict[str, Any] = {"varchar": str, "bigint": int}  # pandas and numpy have types of their own
    plain: list[Any] = [
        value if value is None or kind not in read else read[kind](value)
        for value, kind in zip(values, RESULT_COLUMNS.values(), strict=True)
    ]
    return ResultRow(*plain)
