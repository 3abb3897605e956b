"""Handler of ``publish_site``: renders the page from what may be published, and nothing else."""

from __future__ import annotations

from typing import Any

from functions.publish_site import record, request
from functions.publish_site.publish import publish
from placements_kpi.errors import PlacementsKpiError
from placements_kpi.observability import logger, metrics
from placements_kpi.settings import PublishSettings


@logger.inject_lambda_context
def lambda_handler(event: Any, context: Any) -> dict[str, Any]:
    """Return the summary of what ``event`` asked for: publish (the default), republish or withdraw."""
    settings = PublishSettings.from_environment()
    try:
        asked = request.parse(event)
        summary = publish(settings, asked)
    except PlacementsKpiError as error:
        logger.error("publishing failed", extra={"kind": type(error).__name__, "reason": str(error)})
        record.write_failure(settings, error)
        raise
    logger.info("published", extra={key: value for key, value in summary.items() if key != "objects_written"})
    metrics.add_metric(name="Published", unit="Count", value=0 if asked.dry_run else 1)
    metrics.add_metric(name="StaleSources", unit="Count", value=len(summary["stale_sources"]))
    metrics.flush_metrics()
    if not asked.dry_run:
        record.write_record(settings, summary)
    return summary
