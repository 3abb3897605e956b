"""The event "KPIs computed", which the publisher waits for (and would do without)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import boto3

from placements_kpi.errors import PlacementsKpiError

if TYPE_CHECKING:
    from mypy_boto3_events.client import EventBridgeClient

DETAIL_TYPE = "KPIs computed"


class EmitError(PlacementsKpiError):
    """The event bus did not take the event."""

    transient = True


def kpis_computed(event_bus: str, source: str, release: str) -> None:
    """Say on ``event_bus`` that ``release`` is current; :class:`EmitError` if it was not taken.

    ``source`` names the stack: two of them may share a bus, and each publisher listens to its own.
    """
    events: EventBridgeClient = boto3.client("events")
    response = events.put_events(
        Entries=[
            {
                "Source": source,
                "DetailType": DETAIL_TYPE,
                "Detail": json.dumps({"release": release}),
                "EventBusName": event_bus,
            }
        ]
    )
    # put_events answers 200 also when it took none of the entries.
    if response["FailedEntryCount"]:
        entry = response["Entries"][0]
        raise EmitError(
            f"event bus {event_bus} refused the event of release {release} ({entry.get('ErrorCode', 'no code')}); "
            "the release is current and the nightly publish will show it, or invoke publish_site now"
        )
