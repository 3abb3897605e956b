"""What a run says on the screen, for somebody who sees it the first time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.stages import Stage


def heading(sources: Path, as_of: str, clock: str, sample: dict[str, Any] | None) -> str:
    """Return the lines that open a run."""
    what = f"the sample: real schools and providers, invented people (scale {sample['scale']:g})" if sample else "drops"
    return (
        "School placements performance, all of it on this machine\n"
        f"  sources  {sources} ({what})\n"
        f"  as of    {as_of}, and for the functions it is {clock}\n"
    )


def progress(stage: Stage, at: float) -> str:
    """Return the line for a finished stage; ``at`` seconds after the start."""
    text = stage.outcome if stage.error is None else f"FAILED: {stage.error}"
    return f"{at:6.1f} s  {stage.name:<18} {stage.call.seconds:5.1f} s {stage.call.peak_mb:5.0f} MB  {text}"


def summary(record: dict[str, Any], build: Path) -> str:
    """Return the closing summary of a run from its record."""
    return "\n".join(
        [
            *_sources(record["sources"]),
            *kpis(record["kpis"]),
            *_stages(record),
            *_money(record),
            "",
            f"Site      {build / 'site' / 'index.html'} ({_shown(record)})",
            f"Buckets   {build / 'aws'}/   Record  {build / 'run.json'}   Logs  {build / 'logs'}/",
            *([f"Waits     release {record['waits']}: make preview, then approve it"] if record["waits"] else []),
            *_ending(record),
        ]
    )


def _shown(record: dict[str, Any]) -> str:
    return "as it was before" if record["waits"] else f"release {record['release'] or 'none yet'}"


def _sources(sources: dict[str, Any]) -> Iterator[str]:
    yield ""
    yield f"Sources             {'rows in':>9} {'kept':>9} {'refused':>8} {'doubled':>8}  why refused"
    for source, facts in sources.items():
        if facts["error"] is not None:
            yield f"  {source:<17} {facts['outcome']}: {facts['error']}"
            if facts["current_snapshot"]:
                yield f"  {'':<17} still current: snapshot {facts['current_snapshot']}"
            continue
        for table in facts["tables"]:
            refused = sum(table["refused"].values())
            why = ", ".join(f"{reason} {count:,}" for reason, count in sorted(table["refused"].items()))
            yield (
                f"  {table['table']:<17} {table['rows_in']:>9,} {table['kept']:>9,} {refused:>8,} "
                f"{table['duplicates']:>8,}  {why}"
            ).rstrip()


def kpis(told: dict[str, Any]) -> Iterator[str]:
    """Yield the lines on the KPIs of a computation's summary."""
    yield ""
    yield "KPIs, exact and not for publication"
    if not told:
        yield "  none: compute_kpis did not answer"
    for kpi, facts in told.items():
        headline = facts["headline"]
        if facts["state"] == "ok" and headline:
            without = f", without {', '.join(facts['missing'])}" if facts["missing"] else ""
            yield f"  {kpi:<22} {_figure(headline)}{without}"
        elif facts["state"] == "ok":
            yield f"  {kpi:<22} no headline figure at its newest point"
        else:
            yield f"  {kpi:<22} {_STATES.get(facts['state'], facts['state'])}: {facts['reason']}"


_STATES = {"carried": "NOT NEW, the last good figures stay", "none": "NONE"}


def _figure(headline: dict[str, Any]) -> str:
    if headline["value"] is None:
        return "no value"
    if headline["denominator"] is None:
        return f"{headline['numerator']:,}"
    if headline["is_money"]:
        return f"£{headline['value']:,.2f} (£{headline['numerator'] / 100:,.2f} for {headline['denominator']:,})"
    return f"{headline['value']:.2f}% ({headline['numerator']:,} of {headline['denominator']:,})"


def _stages(record: dict[str, Any]) -> Iterator[str]:
    yield ""
    yield f"Stages              {'seconds':>8} {'peak MB':>8}"
    for stage in record["stages"]:
        yield f"  {stage['name']:<17} {stage['seconds']:>8.1f} {stage['peak_mb']:>8.0f}"
    yield f"  {'local AWS':<17} {'':>8} {record['local_aws_peak_mb']:>8.0f}"
    yield f"  {'all, on the clock':<17} {record['seconds']:>8.1f}"


def _money(record: dict[str, Any]) -> Iterator[str]:
    cost = record["cost"]
    yield ""
    if (known := record["known_answers"]) is not None:
        yield f"Known     {known['known']:,} figures of the sample are known, {len(known['different'])} differ"
        yield from (f"            {line}" for line in known["different"][:10])
    yield f"Athena    {record['queries']} queries, {record['bytes_scanned'] / 1e6:,.1f} MB scanned"
    yield (
        f"Cost      ${cost['total']:.4f} at AWS list prices of {cost['prices_as_at']}: "
        f"Athena ${cost['athena']:.4f}, Lambda ${cost['lambda']:.4f}, S3 ${cost['s3']:.4f}"
    )


def _ending(record: dict[str, Any]) -> Iterator[str]:
    yield ""
    if record["ok"]:
        yield "All went well."
        return
    failed = [stage["name"] for stage in record["stages"] if not stage["ok"]]
    different = record["known_answers"] and record["known_answers"]["headlines_different"]
    why = ", ".join(failed) or ("the figures are not the known ones" if different else "there was nothing to publish")
    yield f"NOT all went well: {why}. What was good before is still there."
