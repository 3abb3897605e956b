"""``make bench``: how much processor and memory each stage takes at four scales, beside its floor and its goal.

Everything is measured on this machine, now. ``build/bench.json`` has the same figures for a machine, and those of each
scale as soon as it is done.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from functions.ingest_schools.contract import SCHOOLS
from functions.ingest_schools.establishments import FIELDS, stage_establishments
from local import weight
from local.cloud import open_cloud
from local.errors import LocalError
from local.lambdas import ROOT, call
from local.run import run
from local.stages import PUBLISH
from local.template import load_stack
from local.world import open_world, write_sample
from placements_kpi.settings import SOURCES
from placements_kpi.sources import SourceFile
from placements_kpi.staging import Staging

SCALES = (0.1, 1.0, 3.0, 10.0)
ROUNDS = 5
"""Measurements of which the median is taken."""

GOALS = {
    "ingest_apply": 8.7,
    "ingest_vacancies": 7.5,
    "ingest_register": 2.6,
    "ingest_placements": 2.0,
    "ingest_schools": 2.5,
    "ingest_providers": 1.6,
    "compute_kpis": 5.0,
    "publish_site": 3.5,
}
"""Seconds of a processor that a stage should take at scale 1, its own process alone (docs/performance.md)."""

_BOTO = "import boto3; boto3.client('s3', region_name='eu-west-2')"
_SHARED = "import pydantic; pydantic.create_model('Model', a=int); from aws_lambda_powertools import Logger, Metrics"
_STARTS = {
    "boto3, Jinja": f"{_BOTO}; import jinja2",
    "packages, ingest": f"{_BOTO}; {_SHARED}; import pyarrow.compute, pyarrow.json, pyarrow.parquet",
    "packages, compute": f"{_BOTO}; {_SHARED}; import awswrangler, highspy",
}
"""What a start is measured against, the first of them, and what of it is not ours."""


def measure(build: Path, scales: tuple[float, ...]) -> dict[str, Any]:
    """Return all figures, after running the pipeline from nothing at each scale."""
    runs: dict[str, Any] = {}
    for scale in scales:
        folder = build / "sample" if scale == 1 else build / "bench" / f"sample-{scale:g}"
        write_sample(folder, scale=scale)
        print(f"Running everything at scale {scale:g}", flush=True)
        place = build / "bench" / f"run-{scale:g}"
        world = open_world(build, str(folder), "", ("providers", "schools"))
        runs[f"{scale:g}"] = run(world, place, fresh=True, quiet=True) | {"floors": floors(folder)}
        _keep(build, {"runs": runs})
    figures: dict[str, Any] = {"runs": runs, "imports": imports()}
    if "1" in runs:
        figures["gias"] = gias(build / "sample" / "schools")
        figures["publisher"] = publisher(build / "bench" / "run-1")
        figures["first_views"] = {host: weight.first_views(build / "bench" / "run-1", host) for host in weight.HOSTS}
    return figures


def floors(sample: Path) -> dict[str, float]:
    """Return the seconds of a processor that pyarrow alone takes for the NDJSON drops of a sample, by ingest."""
    least: dict[str, float] = {}
    for source in SOURCES:
        drop = max((sample / source).glob("dt=*"))
        if any(drop.glob("*.ndjson*")):
            before = _cpu_of_children()
            command = [sys.executable, "-m", "local.floors", source, str(drop.resolve())]
            subprocess.run(command, env=_environment(), cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
            least[f"ingest_{source}"] = _cpu_of_children() - before
    return least


def imports() -> dict[str, float]:
    """Return the seconds of a processor until each function is imported and has a client, medians of cold processes."""
    starts = _STARTS | {
        function.folder: f"import {function.handler.rsplit('.', 1)[0]}; {_BOTO}"
        for function in load_stack().functions.values()
    }
    taken: dict[str, list[float]] = {name: [] for name in starts}
    for _ in range(ROUNDS):
        for name, code in starts.items():
            command = [sys.executable, "-c", f"{code}; import time; print(time.process_time())"]
            done = subprocess.run(command, env=_environment(), cwd=ROOT, check=True, stdout=subprocess.PIPE)
            taken[name].append(float(done.stdout))
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def gias(folder: Path) -> dict[str, float]:
    """Return the seconds that the file of schools takes to read, validate and write, and as a multiple of a bare copy.

    Bare is pyarrow reading the same columns as text and writing them as Parquet. Both are medians, taken in turn.
    """
    (file,) = max(folder.glob("dt=*")).glob("edubasealldata*")
    columns = [header for header, _ in FIELDS.values()]
    read = pc.ReadOptions(encoding="cp1252")
    convert = pc.ConvertOptions(include_columns=columns, column_types=dict.fromkeys(columns, pa.string()))
    parse = pc.ParseOptions(newlines_in_values=True, invalid_row_handler=lambda _: "skip")

    def bare(scratch: Path) -> None:
        table = pc.read_csv(file, read_options=read, parse_options=parse, convert_options=convert)
        pq.write_table(table, scratch / "schools.parquet")

    def ours(scratch: Path) -> None:
        staging = Staging(scratch, [SCHOOLS])
        stage_establishments(SourceFile(file.name, (file,)), staging)
        staging.settle(SCHOOLS)

    taken: dict[str, list[float]] = {"bare": [], "ours": []}
    for _ in range(ROUNDS):
        for name, work in (("bare", bare), ("ours", ours)):
            with tempfile.TemporaryDirectory() as scratch:
                taken[name].append(_seconds(work, Path(scratch)))
    seconds = {name: statistics.median(values) for name, values in taken.items()}
    return {"bare": seconds["bare"], "ours": seconds["ours"], "ratio": seconds["ours"] / seconds["bare"]}


def publisher(place: Path) -> dict[str, float]:
    """Return the seconds of the publisher on the release of the run in ``place``, its imports included, as medians.

    ``first`` is the first publication of the release, on an empty site; ``again`` what it does on every night after
    that when nothing is new. ``first_cpu`` is the processor's share of the first, which a busy machine leaves as it is.
    :class:`LocalError` if there is no such run, or the publisher fails.
    """
    kept = weight.protected_folder(place).parent
    clock = json.loads((place / "run.json").read_text(encoding="utf-8"))["clock"]
    stack = load_stack()
    taken: dict[str, list[float]] = {"first": [], "again": [], "first_cpu": []}
    for _ in range(ROUNDS):
        with open_cloud(stack, {}) as cloud, tempfile.TemporaryDirectory() as scratch:
            s3 = cloud.client("s3")
            for path in (path for path in sorted(kept.glob("protected/**/*")) if path.is_file()):
                key = path.relative_to(kept).as_posix()
                s3.put_object(Bucket=stack.data_bucket, Key=key, Body=path.read_bytes())
            for name in ("first", "again"):
                before = _cpu_of_children()
                done = call(cloud, PUBLISH, {}, {"CLOCK": clock}, Path(scratch) / "log")
                if done.error is not None:
                    raise LocalError(f"the publisher failed: {done.error['errorMessage']}")
                taken[name].append(done.seconds)
                if name == "first":
                    taken["first_cpu"].append(_cpu_of_children() - before)
    return {name: statistics.median(values) for name, values in taken.items()}


def table(figures: dict[str, Any]) -> str:
    """Return the figures as text."""
    lines = []
    scales = list(figures["runs"])
    names = [stage["name"] for stage in next(iter(figures["runs"].values()))["stages"]]
    lines.append(f"{'Stage':<20}" + "".join(f"{'scale ' + scale:>22}" for scale in scales))
    lines.append(
        f"{'':<20}" + "".join(f"{'CPU s':>7}{'floor':>7}{'peak MB':>8}" for _ in scales) + f"{'goal at 1':>12}"
    )
    for name in sorted(set(names), key=names.index):
        cells = [_cell(figures["runs"][scale], name) for scale in scales]
        lines.append(f"{name:<20}" + "".join(cells) + (f"{GOALS[name]:>12.1f}" if name in GOALS else ""))
    lines.append(
        f"{'local AWS':<20}" + "".join(f"{'':>14}{figures['runs'][s]['local_aws_peak_mb']:>8.0f}" for s in scales)
    )
    lines.append(
        f"{'clock, whole run':<20}" + "".join(f"{figures['runs'][s]['seconds']:>7.1f}{'':>15}" for s in scales)
    )
    lines.append("")
    for scale in scales:
        record = figures["runs"][scale]
        lines.append(
            f"Compute at scale {scale}: {record['queries']} queries, {record['bytes_scanned'] / 1e6:,.1f} MB scanned"
            + ("" if record["ok"] else "  (NOT everything went well: see its run.json)")
        )
    lines += ["", "CPU s of imports and a client (cold process, median), and as a multiple of the first"]
    bare = next(iter(figures["imports"].values()))
    lines += [f"  {name:<20}{seconds:6.2f}{seconds / bare:6.2f}" for name, seconds in figures["imports"].items()]
    if "gias" in figures:
        gias = figures["gias"]
        lines += [
            "",
            f"GIAS file read, validated, written: {gias['ours']:.2f} s, {gias['ratio']:.1f} times a bare copy",
        ]
        rendering = figures["publisher"]
        first = f"first time {rendering['first']:.2f} s ({rendering['first_cpu']:.2f} s of processor)"
        lines += [f"Publisher, a national release: {first}, again {rendering['again']:.2f} s"]
        for host, views in figures["first_views"].items():
            path, (bare, whole) = next(iter(views.items()))
            lines += [f"First view, {host}: the heaviest is {path}, {bare:,} bytes, {whole:,} with fonts"]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line asks; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m local.bench", description="Measure the pipeline.")
    parser.add_argument("--scales", default="", help="e.g. 0.1,1 (default 0.1, 1, 3 and 10)")
    parser.add_argument("--build", type=Path, default=Path("build"))
    asked = parser.parse_args(arguments)
    try:
        scales = tuple(float(scale) for scale in asked.scales.replace(",", " ").split()) or SCALES
        figures = measure(asked.build, scales)
    except (LocalError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    _keep(asked.build, figures)
    print("\n" + table(figures))
    return 0 if all(record["ok"] for record in figures["runs"].values()) else 1


def _keep(build: Path, figures: dict[str, Any]) -> None:
    (build / "bench.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def _cell(record: dict[str, Any], name: str) -> str:
    for stage in record["stages"]:
        if stage["name"] == name:
            floor = f"{record['floors'][name]:.1f}" if name in record["floors"] else "-"
            return f"{stage['cpu_seconds']:>7.1f}{floor:>7}{stage['peak_mb']:>8.0f}"
    return f"{'-':>7}{'-':>7}{'-':>8}"


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "layers" / "core")])}


def _seconds(work: Callable[..., object], *arguments: object) -> float:
    started = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - started


def _cpu_of_children() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


if __name__ == "__main__":
    sys.exit(main())
