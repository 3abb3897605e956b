"""Failures that nobody foresaw, by a name of ours; and that no run ends without its ERROR line and its record."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from pydantic import BaseModel, ConfigDict

from placements_kpi import aws
from placements_kpi.errors import PlacementsKpiError
from placements_kpi.observability import logger


class UnforeseenError(PlacementsKpiError):
    """Something went wrong that no code names: AWS did not answer as it should, or there is a fault in the code."""

    transient = True


def unforeseen(error: Exception) -> UnforeseenError:
    """Return an error that says where something went wrong but not with what: a foreign message may quote a row.

    Of an error of AWS it says what was asked for and what to look at (:mod:`placements_kpi.aws`).

    It does not say that nothing was changed: an answer of AWS can be lost after the write took effect.
    """
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "placements_kpi" in frame.filename or "functions" in frame.filename]
    steps = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(ours[-3:]))
    if isinstance(error, BotoCoreError | ClientError) and not isinstance(error, ParamValidationError):
        message = f"{aws.explained(error)} (at {steps}); run it again then: that ends what this run began"
        return UnforeseenError(message, transient=aws.passes(error))
    return UnforeseenError(
        f"unforeseen failure, {type(error).__name__} at {steps}; run it again: that ends what this run began. "
        "If it fails again, it is a fault of the code: report it with this line"
    )


class Reason(BaseModel):
    """Why a run ended badly, as its record says it."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    kind: str
    message: str
    transient: bool = False

    @classmethod
    def of(cls, error: PlacementsKpiError) -> Reason:
        """Return what a record says of an error."""
        return cls(kind=type(error).__name__, message=str(error), transient=error.transient)


@contextmanager
def recorded(event: str, record: Callable[[PlacementsKpiError], None]) -> Iterator[None]:
    """Log whatever ends the block at level ERROR as ``event``, ``record`` it, and raise it by a name of ours."""
    try:
        yield
    except Exception as raised:
        error = raised if isinstance(raised, PlacementsKpiError) else unforeseen(raised)
        logger.error(event, extra={"kind": type(error).__name__, "reason": str(error), "transient": error.transient})
        try:
            record(error)
        except Exception as unwritten:
            logger.error("record not written", extra={"reason": str(unforeseen(unwritten))})
        raise error from None
