"""Invented people are never taken for real ones, nor real ones for invented.

A drop of the sample says ``"invented": true`` in its manifest, and nothing else does. A stack whose people are invented
(``DEMONSTRATION``) publishes with a banner that says so, and takes drops with people only if they say it too; any
other stack takes no drop that says it. Asked at the ingest, and again when a snapshot is used, because a stack's
parameter can be changed after its snapshots were made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FACT = "invented"
"""In the manifest of a drop, and in what a snapshot's manifest keeps of it (``fetched``)."""


def mistake(facts: Mapping[str, Any], *, people: bool, demonstration: bool) -> str | None:
    """Return why data with these ``facts`` may not be used here; ``None`` if it may. ``people``: it has some."""
    invented = facts.get(FACT) is True
    if invented and not demonstration:
        return (
            "its manifest says that the data is invented, and this stack publishes figures as real: take the drop "
            "away, or deploy with Demonstration=true"
        )
    if people and demonstration and not invented:
        return (
            "nothing says that its people are invented, and this stack tells the public that all are: give it drops of "
            "the sample, or deploy with Demonstration=false"
        )
    return None
