"""What the costs of a month look like."""

from __future__ import annotations

from datetime import UTC, date, datetime

from placements_kpi import costs


def example() -> costs.Costs:
    newest = costs.FunctionCost(
        function="compute_kpis",
        finished=datetime(2026, 11, 28, 6, 31, tzinfo=UTC),
        seconds=1_234,
        memory_mb=1024,
        scanned_mb=170,
        dollars=0.0031,
    )
    counts, standing = costs.standing()
    return costs.Costs(
        worked_out=datetime(2026, 11, 28, 6, 31, tzinfo=UTC),
        prices_as_at=date(2026, 9, 11),
        newest=(newest,),
        month=date(2026, 11, 1),
        runs=224,
        dollars=0.07,
        standing=counts,
        standing_dollars=standing,
    )
