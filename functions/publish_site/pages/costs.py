"""The page that says what these pages cost; it is of today, like the release calendar, and part of no release."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from functions.publish_site import words
from functions.publish_site.pages.templates import render
from placements_kpi import store, times
from placements_kpi.costs import PUBLIC_KEY, Costs, FunctionCost
from placements_kpi.observability import logger
from placements_kpi.settings import SOURCE_TITLES

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

    from functions.publish_site.pages.frame import Site

_TITLES = {f"ingest_{source}": f"Reading {title}" for source, title in SOURCE_TITLES.items()} | {
    "compute_kpis": "Working out the indicators",
    "publish_site": "Writing the pages",
}


def read_costs(s3: S3Client, bucket: str) -> Costs | None:
    """Return what ``compute_kpis`` says of the costs; ``None`` where it has not yet, or not as this code reads it."""
    try:
        return Costs.model_validate_json(store.read_bytes(s3, bucket, PUBLIC_KEY))
    except store.MissingObjectError:
        return None
    except ValidationError as error:
        logger.warning("costs cannot be read", extra={"key": PUBLIC_KEY, "problems": error.error_count()})
        return None


def costs_page(site: Site, costs: Costs | None, front: str | None) -> bytes:
    """Return the page; without ``costs`` it says that they are not known yet."""
    return render(
        "costs.html",
        **site.frame("../", front, f"../releases/{front}/" if front else "", "costs", "costs/index.html"),
        known=costs is not None,
        **(_view(costs) if costs else {}),
    )


def _view(costs: Costs) -> dict[str, object]:
    runs = [run for run in costs.newest if run.function in _TITLES]
    return {
        "month": f"{costs.month:%B %Y}",
        "up_to": words.day(times.london_day(costs.worked_out)),
        "runs": costs.runs,
        "spent": f"{costs.dollars:,.2f}" if costs.dollars >= 0.01 else "less than 0.01",
        "standing": f"{costs.standing_dollars:,.2f}",
        "what_stands": words.listed(
            [f"{count} {what}{'' if count == 1 else 's'}" for what, count in costs.standing.items()]
        ),
        "prices": words.day(costs.prices_as_at),
        "head": [
            {"text": "Step"},
            {"text": "Newest run"},
            *({"text": text, "format": "numeric"} for text in ("Seconds", "Megabytes scanned", "US dollars")),
        ],
        "rows": [_row(run) for run in sorted(runs, key=lambda run: list(_TITLES).index(run.function))],
        "sum": f"{sum(run.dollars for run in runs):.4f}",
    }


def _row(run: FunctionCost) -> list[dict[str, str]]:
    seconds = f"{run.seconds:,}" if run.seconds else "under 1"
    dollars = f"{run.dollars:.4f}" if run.dollars else "under 0.0001"
    return [
        {"text": _TITLES[run.function]},
        {"text": words.day(times.london_day(run.finished))},
        *({"text": text, "format": "numeric"} for text in (seconds, f"{run.scanned_mb:,}", dollars)),
    ]
