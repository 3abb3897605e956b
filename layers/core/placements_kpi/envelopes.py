"""The envelope that EventBridge and its Scheduler put around an event, taken off."""

from __future__ import annotations

import json
from typing import Any

KEYS = frozenset("version id detail-type source account time region resources detail".split())


def unwrap(event: Any) -> Any:
    """Return the detail of an enveloped event, and anything else as it is.

    The Scheduler's own default sends the detail as JSON in a text. A dictionary with keys that no
    envelope has is no envelope, so that the caller's own check names them.
    """
    if not isinstance(event, dict) or "detail" not in event or not set(event) <= KEYS:
        return event
    detail = event["detail"] or {}
    if isinstance(detail, str):
        try:
            return json.loads(detail)
        except ValueError:
            return detail
    return detail
