"""Handler of ``compute_kpis``: works out the KPIs and writes what may be published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from functions.compute_kpis import preflight, recompute, record, request, restate, run, status
from placements_kpi import failures, store, usage
from placements_kpi.observability import logger
from placements_kpi.settings import ComputeSettings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from placements_kpi.errors import PlacementsKpiError

SECONDS_TO_FINISH = 60.0
"""Kept free of the function's own timeout, to write the run record when queries take too long."""

SECONDS_FOR_QUERIES = 600.0


@logger.inject_lambda_context
def lambda_handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Return the summary of what ``event`` asked for (:class:`functions.compute_kpis.request.Request`)."""
    usage.begin(context)
    settings = ComputeSettings.from_environment()
    budget = min(SECONDS_FOR_QUERIES, max(context.get_remaining_time_in_millis() / 1000 - SECONDS_TO_FINISH, 1.0))
    with failures.recorded("run failed", lambda error: _record(settings, error)):
        return answer(settings, event, budget)


def answer(settings: ComputeSettings, event: Any, budget_seconds: float) -> dict[str, Any]:
    """Do what ``event`` asks and return its summary; see :class:`functions.compute_kpis.request.Request`."""
    asked = request.parse(event)
    if asked.action in {"status", "preflight"} or asked.release is not None:
        answered = _look(settings, asked, budget_seconds)
        logger.info("answer", extra={"answer": answered})  # it is written nowhere else, and nobody waits for an answer
        return answered
    summary = run.compute(settings, asked.as_of, dry_run=asked.dry_run, budget_seconds=budget_seconds)
    # The headlines are exact counts of people, which no log may have.
    kpis = {kpi: {"state": outcome["state"], "reason": outcome["reason"]} for kpi, outcome in summary["kpis"].items()}
    logger.info("answer", extra={"answer": summary | {"kpis": kpis}})
    return summary


def _look(settings: ComputeSettings, asked: request.Request, budget_seconds: float) -> dict[str, Any]:
    """Return what an action that changes nothing finds."""
    if asked.action == "status":
        return status.status(settings)
    if asked.release is None:
        return preflight.preflight(settings, budget_seconds)
    if asked.action == "restate":
        return restate.restate(settings, asked.release, budget_seconds=budget_seconds)
    return recompute.recompute(settings, asked.release, budget_seconds=budget_seconds)


def _record(settings: ComputeSettings, error: PlacementsKpiError) -> None:
    if not isinstance(error, run.NothingComputedError):  # that one has its own record
        record.write_refusal(store.s3_client(), settings.data_bucket, error)
