"""Whether a computation could go well now, asked with the function's own rights: sources, key, every query. Reads only.

``make preflight`` asks the same from outside, and of the account as well (:mod:`local.preflight`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from functions.compute_kpis.answers import queries
from functions.compute_kpis.answers.reconciliation import UnknownValues
from functions.compute_kpis.catalogue import definitions, loading
from functions.compute_kpis.protection import keys
from functions.compute_kpis.sources import pins
from placements_kpi import store, times
from placements_kpi.errors import PlacementsKpiError
from placements_kpi.results import NO_SNAPSHOT

if TYPE_CHECKING:
    from placements_kpi.settings import ComputeSettings


@dataclass(frozen=True)
class Line:
    """What one check found. ``do`` is empty if it is fine."""

    check: str
    says: str
    do: str = ""

    @property
    def fine(self) -> bool:
        """Whether there is nothing to do."""
        return not self.do


def preflight(settings: ComputeSettings, budget_seconds: float) -> dict[str, Any]:
    """Return every line, and as ``outcome`` whether all of them are fine: ``ready`` or ``not ready``."""
    lines = [*sources(settings), *rounding_key(settings), *explained(settings, budget_seconds)]
    return {
        "outcome": "ready" if all(line.fine for line in lines) else "not ready",
        "lines": [asdict(line) for line in lines],
    }


def sources(settings: ComputeSettings) -> Iterator[Line]:
    """Yield a line for the current snapshot of each source."""
    pinned = pins.read_pins(
        store.s3_client(),
        settings.data_bucket,
        times.yesterday(),
        settings.max_age_days,
        demonstration=settings.demonstration,
    )
    for source, pin in pinned.items():
        if pin.problem is None:
            yield Line(f"source {source}", f"snapshot {pin.facts.snapshot}, {pin.facts.age_days} days old")
        else:
            send = f"send events/ingest.json to ingest_{source}; docs/operating.md, A source is too old"
            yield Line(f"source {source}", pin.detail or pin.problem, send)


def rounding_key(settings: ComputeSettings) -> Iterator[Line]:
    """Yield a line for the key of rounding, which is never shown."""
    try:
        keys.load(settings.rounding_secret_arn, settings.stage)
    except PlacementsKpiError as error:
        yield Line("rounding key", str(error), "give the secret the value that the stack made for it")
    else:
        yield Line("rounding key", "there, and strong enough")


def explained(settings: ComputeSettings, budget_seconds: float) -> Iterator[Line]:
    """Yield a line for each query: Athena plans it against the tables as they are declared, and reads no data.

    Nothing is billed for it: https://docs.aws.amazon.com/athena/latest/ug/athena-explain-statement.html
    """
    kpis, unusable = loading.load_catalogue(definitions.load_definitions())
    wanted: list[queries.Query] = [*kpis, UnknownValues()]
    nothing = {table: NO_SNAPSHOT for query in wanted for table in query.tables}
    for name, error in queries.explain(wanted, nothing, settings, budget_seconds).items():
        if error is None:
            yield Line(f"query {name}", "Athena accepts it")
        else:
            yield Line(
                f"query {name}", error, "compare the Glue tables, the workgroup and its rights with template.yaml"
            )
    for folder in unusable:
        yield Line(f"query {folder.id}", folder.reason, "mend its folder under functions/compute_kpis/kpis/")
