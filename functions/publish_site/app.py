"""Handler of ``publish_site``: renders the page from what may be published, and nothing else."""

from __future__ import annotations

from typing import Any

from functions.publish_site import record, request
from functions.publish_site.publishing import publish
from placements_kpi import failures, usage
from placements_kpi.observability import logger, metrics
from placements_kpi.settings import PublishSettings


@logger.inject_lambda_context
def lambda_handler(event: Any, context: Any) -> dict[str, Any]:
    """Return the summary of what ``event`` asked for: publish, if nothing, or one of :class:`request.Request`."""
    usage.begin(context)
    settings = PublishSettings.from_environment()
    with failures.recorded("publishing failed", lambda error: record.write_failure(settings, error)):
        asked = request.parse(event)
        if settings.stage != "local":  # on one machine nobody holds a permission
            request.check_caller(asked, context.invoked_function_arn)
        summary = publish(settings, asked)
        if not asked.dry_run:
            record.write_record(settings, summary)
    logger.info("published", extra=summary.model_dump(mode="json", exclude={"objects_written"}))
    if not asked.dry_run:  # an alarm listens: a dry run is neither a success nor a failure
        metrics.add_metric(name="Published", unit="Count", value=1)
        metrics.add_metric(name="ReleaseWaiting", unit="Count", value=int(summary.preview is not None))
        metrics.flush_metrics()
    return summary.model_dump(mode="json")
