"""Trying something again: exponential back-off with jitter, or the time that the other side asks for."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, TypeVar

import tenacity
from tenacity.stop import stop_base

from placements_kpi import times
from placements_kpi.observability import logger

if TYPE_CHECKING:
    from placements_kpi.errors import PlacementsKpiError

Result = TypeVar("Result")


class TryAgainError(Exception):
    """What went wrong may not go wrong again: ``error`` is raised if it does, ``after`` (seconds) is the least wait."""

    def __init__(self, error: PlacementsKpiError, after: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.after = after


@dataclass(frozen=True)
class Attempts:
    """How often to try, and how long to wait in between, in seconds."""

    most: int = 6
    first_wait: float = 0.5
    """Before the second attempt; doubled before each later one, with up to as much again of jitter."""
    longest_wait: float = 60.0


def again(attempt: Callable[[], Result], attempts: Attempts, ends: float) -> Result:
    """Return what ``attempt`` returns, tried again on :class:`TryAgainError` until ``ends`` (monotonic seconds).

    Raises the error that the last attempt ended with; nobody waits for an attempt that there is no time for.
    """
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(TryAgainError),
        wait=lambda state: _wait(state, attempts),
        stop=tenacity.stop_any(tenacity.stop_after_attempt(attempts.most), _StopBefore(ends)),
        before_sleep=_log,
        reraise=True,
    )
    try:
        return retrying(attempt)
    except TryAgainError as failed:
        raise failed.error from None


def retry_after(given: str | None) -> float | None:
    """Return the seconds that a ``Retry-After`` header asks for, as a number or a date; ``None`` if it says neither."""
    if given is None:
        return None
    if re.fullmatch(r"\d{1,6}", given.strip()):
        return float(given)
    try:
        return max(0.0, (parsedate_to_datetime(given) - times.now()).total_seconds())
    except (TypeError, ValueError):
        return None


class _StopBefore(stop_base):
    def __init__(self, ends: float) -> None:
        self._ends = ends

    def __call__(self, retry_state: tenacity.RetryCallState) -> bool:
        return time.monotonic() + retry_state.upcoming_sleep >= self._ends


def _wait(state: tenacity.RetryCallState, attempts: Attempts) -> float:
    failed = state.outcome.exception() if state.outcome else None
    if isinstance(failed, TryAgainError) and failed.after is not None:
        return failed.after + random.uniform(0, attempts.first_wait)
    wait = min(attempts.first_wait * 2.0 ** (state.attempt_number - 1), attempts.longest_wait)
    return wait + random.uniform(0, wait)


def _log(state: tenacity.RetryCallState) -> None:
    failed = state.outcome.exception() if state.outcome else None
    wait = round(state.upcoming_sleep, 1)
    logger.info("asking again", extra={"attempt": state.attempt_number, "wait_seconds": wait, "why": str(failed)})
