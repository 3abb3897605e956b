"""``build/run.json``: everything about a run that a script may want to know.

It has exact figures of people (``docs/operating.md``), which is right only because it stays on the
machine that has the data, like the results in the data bucket.
"""

from __future__ import annotations

from typing import Any

from local import known_answers
from local.stages import COMPUTE, INGESTS, PUBLISH, Run, Stage
from local.worker import peak_mb
from placements_kpi import costs, times


def record_of(run: Run, seconds: float) -> dict[str, Any]:
    """Return the run record: outcome, stages, sources, KPIs with their exact headline figures, scans and cost."""
    data = run.cloud.stack.data_bucket
    executions = run.cloud.athena.executions.values()
    scanned = [execution.bytes_scanned for execution in executions]
    pointer = run.cloud.read_json(data, "current/results.json") or {}
    results = run.cloud.read_json(data, pointer["results"]) if pointer else {}
    compared = _known_answers(run, results)
    return {
        "ok": _ok(run) and not (compared and compared["headlines_different"]),
        "as_of": run.world.as_of.isoformat(),
        "clock": times.iso_instant(run.world.clock),
        "sources_folder": str(run.world.sources),
        "sample": {key: run.world.sample[key] for key in ("seed", "scale")} if run.world.sample else None,
        "seconds": round(seconds, 2),
        "stages": [_stage_record(run, index) for index in range(len(run.stages))],
        "local_aws_peak_mb": round(peak_mb(), 1),
        "sources": {folder.removeprefix("ingest_"): _source(run, folder) for folder in INGESTS},
        "kpis": _kpis(run),
        "known_answers": compared,
        "snapshots": results.get("snapshots", {}),
        "run_id": pointer.get("run_id"),
        "waits": next((stage.call.result["held"] for stage in run.stages if _waits(stage)), None),
        "release": (run.cloud.read_json(data, "protected/current.json") or {}).get("release"),
        "queries": len(scanned),
        "bytes_scanned": sum(scanned),
        "requests": {f"{service} {kind}": count for (service, kind), count in sorted(run.cloud.requests.items())},
        "cost": _cost(run, scanned),
        "on_failure_queue": run.cloud.failures(),
    }


def _cost(run: Run, scanned: list[int]) -> dict[str, Any]:
    """Return what the run would have cost on AWS: queries and requests as the local AWS saw them, seconds of here."""
    calls = [
        costs.Usage(memory_mb=run.cloud.stack.function(stage.name).memory_mb, seconds=stage.call.seconds)
        for stage in run.stages
    ]
    rest = costs.Usage(
        athena_bytes=sum(map(costs.billed_bytes, scanned)),
        s3_puts=run.cloud.requests["s3", "PUT"],
        s3_gets=run.cloud.requests["s3", "GET"],
    )
    paid = costs.dollars(rest) | {"lambda": sum(costs.dollars(call)["lambda"] for call in calls)}
    as_at = str(costs.prices()["as_at"])
    return paid | {"total": sum(paid.values()), "currency": "USD", "prices_as_at": as_at}


def _known_answers(run: Run, results: dict[str, Any]) -> dict[str, Any] | None:
    """Return how the results compare with the answers that come with a sample; ``None`` for other folders and days.

    A national headline that differs makes the run fail.
    """
    if run.world.sample is None or results.get("as_of") != run.world.sample["as_of"]:
        return None
    compared = known_answers.compare(run.world.sources, results)
    if compared is None:
        return None
    known, different = compared
    headlines = tuple(f"{kpi['id']} {kpi['description']['headline']} at " for kpi in results["kpis"])
    return {
        "known": known,
        "different": different,
        "headlines_different": [line for line in different if line.startswith(headlines)],
    }


def _waits(stage: Stage) -> bool:
    return stage.name == PUBLISH and stage.ok and bool(stage.call.result.get("preview"))


def _ok(run: Run) -> bool:
    names = {stage.name for stage in run.stages}
    return all(stage.ok for stage in run.stages) and {*INGESTS, COMPUTE, PUBLISH} <= names


def _stage_record(run: Run, index: int) -> dict[str, Any]:
    stage = run.stages[index]
    return {
        "name": stage.name,
        "event": stage.event,
        "outcome": stage.outcome,
        "ok": stage.ok,
        "seconds": round(stage.call.seconds, 2),
        "import_seconds": round(stage.call.import_seconds, 2),
        "cpu_seconds": round(stage.call.cpu_seconds, 2),
        "peak_mb": round(stage.call.peak_mb, 1),
        "error": stage.error,
    }


def _source(run: Run, folder: str) -> dict[str, Any]:
    """Return what became of a source: its attempt, its rows, and what is current now."""
    source, data = folder.removeprefix("ingest_"), run.cloud.stack.data_bucket
    stage = next((stage for stage in run.stages if stage.name == folder), None)
    said = stage.call.result if stage and isinstance(stage.call.result, dict) else {}
    current = run.cloud.read_json(data, f"current/{source}.json") or {}
    return {
        "outcome": stage.outcome if stage else "not run",
        "error": stage.error if stage else None,
        "tables": said.get("tables", []),
        "notes": said.get("notes", {}),
        "snapshot": said.get("snapshot"),
        "current_snapshot": current.get("snapshot"),
        "current_as_of": current.get("as_of"),
    }


def _kpis(run: Run) -> dict[str, Any]:
    """Return state, reason and headline of each KPI as the compute function told them; empty if it could not."""
    for stage in run.stages:
        if stage.name == COMPUTE and isinstance(stage.call.result, dict):
            told: dict[str, Any] = stage.call.result.get("kpis", {})
            return told
    return {}
