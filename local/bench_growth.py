"""``make bench-growth``: what a run costs after many others, and on the data of twelve recruitment cycles.

The pipeline runs over a sample, for a day a month before the sample's own. What a service of so many releases has
beside that is put into its buckets: pages of the ledger with their digests, entries of the list with their manifests,
snapshots of every source with theirs, and run records. Then the month has gone by: one ingest, compute_kpis with a new
month end, publish_site, each by its handler. Last, the pipeline runs over that sample with nine earlier cycles.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moto.s3.models import s3_backends

from functions.compute_kpis.protection import ledger
from functions.publish_site.inventory import INVENTORY_KEY, Entry, Inventory, Revised, Withdrawal, withdrawn_key
from local.cycles import write_earlier_cycles
from local.errors import LocalError
from local.intrinsics import ACCOUNT
from local.run import open_run, run
from local.stages import COMPUTE, PUBLISH
from local.state import State, name_of
from local.template import load_stack
from local.world import LIVE, World, open_world, write_sample
from placements_kpi import months, store
from placements_kpi.results import Results

if TYPE_CHECKING:
    from local.cloud import Cloud

CYCLES = "cycles"
CASES = ("1", "120", "1000", CYCLES)
"""How many releases there were before; and the data of twelve cycles."""
MONTHLY = 120
"""Up to so many releases are a month apart, ten years of them; more are a day apart."""
INGEST = "ingest_placements"
WITHDRAWN = 19
"""Which release was withdrawn, where there are so many."""
SHOWN_YEARS = 3
"""How far back a release shows figures."""
_ID = re.compile(r"\d{8}-[0-9a-f]{12}|\d{8}T\d{6}Z-[0-9a-f]{8}")
"""Of a snapshot, and of a run."""


class _Unsaved(State):
    """A state that no run changes, so that each size begins with the same."""

    def save(self, cloud: Cloud) -> None:
        pass


def measure(world: World, place: Path, as_of: str, size: int) -> dict[str, dict[str, float]]:
    """Return seconds, memory and requests to S3 of each stage of a run for ``as_of``, after ``size`` releases."""
    if size < 1:
        raise LocalError(f"SIZES={size} is no number of releases; give 1 or more")
    state = _Unsaved(place / "state" / name_of(place, world.sources))
    parts: dict[str, dict[str, float]] = {}
    with open_run(world, load_stack(), state, place) as under_way:
        cloud = under_way.cloud
        last = ledger.day_of(cloud.read_json(cloud.stack.data_bucket, "protected/current.json")["release"])
        days = sorted(_months_before(last, n) if size <= MONTHLY else last - timedelta(days=n) for n in range(size))
        _fill_sources(cloud, days)
        _fill_ledger(cloud, days)
        _fill_list(cloud, days)
        for folder, event in ((INGEST, {}), (COMPUTE, {"as_of": as_of}), (PUBLISH, {})):
            cloud.requests.clear()
            stage = under_way.invoke(folder, event)
            if not stage.ok:
                raise LocalError(f"{folder} after {size} releases: {stage.error or stage.outcome}")
            requests = sum(count for (service, _), count in cloud.requests.items() if service == "s3")
            parts[folder] = {"cpu_seconds": stage.call.cpu_seconds, "mb": stage.call.peak_mb, "requests": requests}
        data, site = cloud.stack.data_bucket, cloud.stack.site_bucket
        considered = cloud.read_json(data, f"ledger/{as_of}.1.json")["considered"]
        if len(considered) != size or cloud.read(site, f"releases/{as_of}.1/index.html") is None:
            raise LocalError(f"the release after {size} others did not consider them, or is not public")
        for prefix in ("ledger/", "manifests/", "runs/"):
            listed = list(store.objects(cloud.client("s3"), data, prefix))
            parts[prefix] = {"objects": len(listed), "mb": sum(item["Size"] for item in listed) / 1e6}
    return parts


def _months_before(day: date, months_before: int) -> date:
    years, month = divmod(day.year * 12 + day.month - 1 - months_before, 12)
    return date(years, month + 1, day.day)


def _put(bucket: str, key: str, body: bytes) -> Any:
    return s3_backends[ACCOUNT]["aws"].put_object(bucket, key, body)


def _fill_sources(cloud: Cloud, days: list[date]) -> None:
    """Write for each day a snapshot of every source, of which only the manifest is whole, and a record of every run."""
    bucket = cloud.stack.data_bucket
    kept = [key for key in cloud.bucket(bucket).keys if key.startswith(("manifests/", "snapshots/", "runs/"))]
    bodies = {key: b"rows" if key.startswith("snapshots/") else cloud.read(bucket, key) or b"" for key in kept}
    for number, day in enumerate(days):
        called = f"{day:%Y%m%d}-{number:012x}"
        for key, body in bodies.items():
            stored = _put(bucket, _ID.sub(called, key), _ID.sub(called, body.decode()).encode())
            stored.last_modified = datetime.combine(day, time())


def _fill_ledger(cloud: Cloud, days: list[date]) -> None:
    """Write the pages that releases of these days would have, the last in place of its own.

    Each has the month ends that are new to it, and restates the newest of one KPI. The counts are those of the one real
    page; of a month end before those that it shows they are those of the same month years later.
    """
    s3, bucket = cloud.client("s3"), cloud.stack.data_bucket
    real = ledger.read_page(s3, bucket, f"{days[-1]}.1")
    if real is None:
        raise LocalError(f"there is no page of {days[-1]}.1 in the ledger")
    s3.delete_object(Bucket=bucket, Key=f"{ledger.FOLDER}{real.release}.json")
    shown_from = months.end_years_before(days[-1], SHOWN_YEARS)
    counts: dict[ledger.Scope, dict[str, ledger.Entry]] = {}
    for years in range(days[-1].year - days[0].year + SHOWN_YEARS + 1):
        known = set(counts)
        for name, entry in real.entries.items():
            moved = _years_before(name, years)
            scope = ledger.scope_of(moved)
            if scope not in known and (not years or _stands(scope) <= shown_from):
                counts.setdefault(scope, {})[moved] = entry
    before, earlier = months.end_years_before(days[0], SHOWN_YEARS), list[ledger.Added]()
    kpis = sorted({kpi for kpi, _, _ in counts})
    scopes = sorted((scope for scope in counts if _stands(scope) > before), key=_stands)
    for number, day in enumerate(days):
        of_kpi = [scope for scope in scopes if scope[0] == kpis[number % len(kpis)] and _stands(scope) <= before]
        new = [scope for scope in scopes if before < _stands(scope) <= day]
        before = day
        entries = {name: entry for scope in [*new, *of_kpi[-1:]] for name, entry in counts[scope].items()}
        past, release = ledger.Past(tuple(earlier)), f"{day}.1"
        terms = real.base, real.floor, real.key_id
        ledger.write_page(s3, bucket, ledger.page_of(past, release, *terms, entries, of_kpi[-1:], real.withheld))
        earlier.append(ledger.Added(release=release, base=real.base, key_id=real.key_id, entries={}, revised=()))
        if len(earlier) % ledger.DIGEST_OF == 0:
            ledger.write_digests(s3, bucket)


def _years_before(name: str, years: int) -> str:
    kpi, part, period, stands, rest = name.split("/", 4)
    if stands != "year":
        stands = months.end_years_before(date.fromisoformat(stands), years).isoformat()
    return f"{kpi}/{part}/{int(period) and int(period) - years}/{stands}/{rest}"


def _stands(scope: ledger.Scope) -> date:
    _, period, stands = scope
    return date(period + 1, 7, 31) if stands == "year" else date.fromisoformat(stands)


def _fill_list(cloud: Cloud, days: list[date]) -> None:
    """Write the list of the releases of these days, a manifest of each, and the withdrawal of one."""
    bucket = cloud.stack.site_bucket
    (real,) = Inventory.model_validate(cloud.read_json(bucket, INVENTORY_KEY)).releases
    manifest = cloud.read_json(bucket, f"releases/{real.release}/manifest.json")
    entries: list[Entry] = []
    before: str | None = None
    for number, day in enumerate(days[:-1]):
        kpi = real.indicators[number % len(real.indicators)]
        said = {
            "release": f"{day}.1",
            "as_of": day,
            "published": datetime.combine(day + timedelta(days=1), time(9, 30), UTC),
            "compared_with": before,
            "revised": (Revised(kpi=kpi, figures=8),) if before else (),
        }
        entries.append(real.model_copy(update=said))
        listed_against = before if number != WITHDRAWN + 1 else None  # written again when that one was withdrawn
        body = store.canonical_json(manifest | {"release": f"{day}.1", "compared_with": listed_against})
        _put(bucket, f"releases/{day}.1/manifest.json", body)
        before = f"{day}.1"
    inventory = Inventory(front=real.release, releases=(*entries, real))
    _put(bucket, INVENTORY_KEY, store.canonical_json(inventory.body({})))
    if len(entries) > WITHDRAWN:
        gone = Withdrawal(release=entries[WITHDRAWN].release, withdrawn_on=days[-1], reason="a source was read twice")
        _put(bucket, withdrawn_key(gone.release), store.canonical_json(gone.model_dump(mode="json")))


def twelve_cycles(build: Path, usual: Path, place: Path, as_of: str) -> dict[str, dict[str, float]]:
    """Run the pipeline over a sample with nine earlier cycles; return seconds and memory, and figures that differ."""
    folder = place.with_name(f"{usual.name}-twelve-cycles")
    write_earlier_cycles(usual, folder)
    record = run(open_world(build, str(folder), as_of, LIVE), place / "twelve", fresh=True, quiet=True)
    before, after = (_figures(each) for each in (place, place / "twelve"))
    differ = {figure for figure in {*before, *after} if before.get(figure) != after.get(figure)}
    for kpi, measure in sorted({figure[:2] for figure in differ}):
        print(f"differs from three cycles: {kpi}, {measure}")
    return {**_stages(record), "figures": {"all": len(before), "different": len(differ)}}


def _stages(record: dict[str, Any]) -> dict[str, dict[str, float]]:
    if not record["ok"]:
        raise LocalError(f"not every stage went well: {[stage['error'] for stage in record['stages']]}")
    return {stage["name"]: {"cpu_seconds": stage["cpu_seconds"], "mb": stage["peak_mb"]} for stage in record["stages"]}


def _figures(place: Path) -> dict[tuple[str, str, str, str, str], tuple[Any, ...]]:
    """Return the exact figures of the last run in ``place`` by what they are of."""
    (found,) = place.glob("aws/*/results/*/results.json")
    results = Results.model_validate_json(found.read_bytes())
    return {
        (kpi.id, figure.measure, f"{figure.period} {figure.as_of}", figure.breakdown, figure.category): (
            figure.numerator, figure.denominator, figure.value, figure.status,
        )
        for kpi in results.kpis
        for figure in kpi.figures
    }  # fmt: skip


def _told(case: str, parts: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """Print the figures of a case and return them."""
    print(case)
    for part, said in parts.items():
        print(f"  {part:<20}" + "".join(f"{value:>12,.1f} {name}" for name, value in said.items()), flush=True)
    return parts


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, keep ``build/bench-growth.json``; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m local.bench_growth", description="Measure growth.")
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument("--sizes", default="", help=f"e.g. 1,120,{CYCLES} (default {', '.join(CASES)})")
    parser.add_argument("--scale", type=float, default=1.0, help="of the sample; 1 is national")
    asked = parser.parse_args(arguments)
    folder = asked.build / "sample" if asked.scale == 1 else asked.build / "bench" / f"sample-{asked.scale:g}"
    place = asked.build / "bench" / "growth"
    try:
        write_sample(folder, scale=asked.scale)
        as_of = json.loads((folder / "sample.json").read_text(encoding="utf-8"))["as_of"]
        month_before = _months_before(date.fromisoformat(as_of), 1).isoformat()
        world = open_world(asked.build, str(folder), month_before, LIVE)
        figures = {"three cycles": _told("three cycles", _stages(run(world, place, fresh=True, quiet=True)))}
        for case in asked.sizes.replace(",", " ").split() or CASES:
            if case == CYCLES:
                figures[case] = _told("twelve cycles", twelve_cycles(asked.build, folder, place, month_before))
            else:
                figures[case] = _told(f"after {case} releases", measure(world, place, as_of, int(case)))
            (asked.build / "bench-growth.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    except (LocalError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
