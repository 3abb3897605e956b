"""``make bench-growth``: what a service of many releases costs beside its data, at 10, 100 and 1,000 releases.

A release a day, each with the counts of one month end in the ledger, of which it restates the one before for one KPI,
and an entry in the list; the twentieth of them is withdrawn. The ledger and the list are written and read by the real
code, with moto in this process in the place of S3, so that each request costs a few milliseconds of moto's too.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from moto import mock_aws

from functions.compute_kpis.protection import ledger
from functions.compute_kpis.protection.keys import RoundingKey
from functions.compute_kpis.protection.knowledge import Release as Shown
from functions.publish_site.inventory import Entry, Inventory, Withdrawal, withdrawn_key
from functions.publish_site.pages.frame import Site
from functions.publish_site.release import listing_withdrawn
from functions.publish_site.run import Run, read_state
from functions.publish_site.site import beside
from functions.publish_site.site_objects import Writer
from local.cloud import CREDENTIALS
from local.intrinsics import REGION
from local.template import load_stack
from placements_kpi import store
from placements_kpi.settings import PublishSettings

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

SIZES = (10, 100, 1000)
KPIS = tuple(f"kpi-{number}@1" for number in range(8))
COUNTS = 24
"""Counts of each KPI that a release adds: those of one month end of the national sample are 180 to 240 in all."""
FIRST = date(2026, 1, 1)
WITHDRAWN = 19
BUCKET = "growth"
_KEY = RoundingKey(b"local-" + b"benchmark-of-growth-----" * 2)


class Measured:
    """Requests and bytes of one client of S3, and seconds of the processor, of what is done in :meth:`part`."""

    def __init__(self, s3: S3Client) -> None:
        self.parts: dict[str, dict[str, float]] = {}
        self._seen: Counter[str] = Counter()
        s3.meta.events.register("before-call.s3", self._asked)
        s3.meta.events.register("after-call.s3.GetObject", self._answered)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Measure what is done meanwhile under ``name``."""
        self._seen.clear()
        started = time.process_time()
        yield
        seconds = time.process_time() - started
        self.parts[name] = {"cpu_seconds": round(seconds, 3), **{key: self._seen[key] for key in ("requests", "bytes")}}

    def _asked(self, **_: Any) -> None:
        self._seen["requests"] += 1

    def _answered(self, parsed: dict[str, Any], **_: Any) -> None:
        self._seen["bytes"] += parsed.get("ContentLength", 0)


def measure(size: int) -> dict[str, dict[str, float]]:
    """Return seconds, requests and bytes of each part of the run that comes after ``size`` releases."""
    os.environ.update(CREDENTIALS)
    with mock_aws():
        s3 = boto3.client("s3", region_name=REGION)
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
        _fill_ledger(s3, size)
        run = _publisher(s3)
        inventory = _fill_list(s3, size)
        measured = Measured(s3)
        with measured.part("ledger: read"):
            past = ledger.read_past(s3, BUCKET)
        with measured.part("compute: what readers have seen"):
            for kpi in KPIS:
                past.shown(kpi, frozenset())
                past.daring(kpi, frozenset(), Shown({}, 5))
        with measured.part("compute: a page more"):
            ledger.page_of(past, _release(size), 5, 10, _KEY.key_id, _entries(size))
        with measured.part("publisher: state, and what lists a withdrawn release"):
            state = read_state(run)
            listing_withdrawn(run, state)
        with measured.part("publisher: list, feed and pages beside"):
            written = {**beside(run.site, inventory, state.withdrawn, {}, None), "": _body(inventory)}
        measured.parts["publisher: list, feed and pages beside"]["bytes"] = sum(map(len, written.values()))
        held = list(store.objects(s3, BUCKET, ledger.FOLDER))
        measured.parts["ledger: stored"] = {"requests": len(held), "bytes": sum(listed["Size"] for listed in held)}
    return measured.parts


def _release(number: int) -> str:
    return f"{FIRST + timedelta(days=number)}.1"


def _entries(number: int) -> dict[str, ledger.Entry]:
    day = FIRST + timedelta(days=number)
    names = [f"{kpi}/m.numerator/{day.year}/{day}/region/{place}" for kpi in KPIS for place in range(COUNTS)]
    return {name: ledger.Entry(shown=35, rounded=35, seal=_KEY.seal(name, 37)) for name in names}


def _fill_ledger(s3: S3Client, size: int) -> None:
    """Write the pages of so many releases, and their digests when they are due."""
    earlier: list[str] = []
    for number in range(size):
        past = ledger.Past(tuple(_without_entries(release) for release in earlier))
        again = ledger.scope_of(next(iter(_entries(number - 1)))) if number else None
        restated = ((KPIS[number % len(KPIS)], *again[1:]),) if again else ()
        page = ledger.page_of(past, _release(number), 5, 10, _KEY.key_id, _entries(number), restated)
        ledger.write_page(s3, BUCKET, page)
        earlier.append(page.release)
        if len(earlier) % ledger.DIGEST_OF == 0:
            ledger.write_digests(s3, BUCKET)


def _without_entries(release: str) -> ledger.Added:
    return ledger.Added(release=release, base=5, key_id=_KEY.key_id, entries={}, revised=())


def _fill_list(s3: S3Client, size: int) -> Inventory:
    """Write the list of so many releases, a manifest of each, and the withdrawal of one."""
    entries = tuple(
        Entry(
            release=_release(number),
            as_of=FIRST + timedelta(days=number),
            published=datetime(2026, 1, 2, 9, 30, tzinfo=UTC) + timedelta(days=number),
            compared_with=_release(number - 1) if number else None,
            indicators=tuple(kpi.partition("@")[0] for kpi in KPIS),
        )
        for number in range(size)
    )
    inventory = Inventory(front=_release(size - 1), releases=entries)
    store.swap(s3, BUCKET, "releases.json", json.loads(_body(inventory)), None)
    for entry in entries:
        body = store.canonical_json(
            {"compared_with": entry.compared_with, "sha256": {str(n): "0" * 64 for n in range(250)}}
        )
        store.write_once(s3, BUCKET, f"releases/{entry.release}/manifest.json", body)
    if size > WITHDRAWN:
        told = Withdrawal(release=_release(WITHDRAWN), withdrawn_on=date(2026, 2, 1), reason="a source was read twice")
        store.swap(s3, BUCKET, withdrawn_key(told.release), told.model_dump(mode="json"), None)
    return inventory


def _body(inventory: Inventory) -> bytes:
    return store.canonical_json(inventory.body({}))


def _publisher(s3: S3Client) -> Run:
    given = {**load_stack().function("publish_site").environment, "SITE_BUCKET": BUCKET, "DATA_BUCKET": BUCKET}
    settings = PublishSettings.model_validate({name.lower(): value for name, value in given.items()})
    now = datetime.now(UTC)
    return Run(
        s3=s3, settings=settings, now=now, site=Site.at(settings.service_host), writer=Writer(s3, BUCKET, dry_run=True)
    )


def table(figures: dict[int, dict[str, dict[str, float]]]) -> str:
    """Return the figures as text."""
    lines = []
    for part in next(iter(figures.values())):
        lines.append(part)
        for size, parts in figures.items():
            said = parts[part]
            seconds = f"{said['cpu_seconds']:8.2f} CPU s" if "cpu_seconds" in said else " " * 14
            lines.append(f"  {size:>6,} releases {seconds} {said['requests']:>7,} requests {said['bytes']:>13,} bytes")
    return "\n".join(lines)


def main() -> int:
    """Measure, print, keep ``build/bench-growth.json``; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)))
    given = parser.parse_args()
    figures = {int(size): measure(int(size)) for size in given.sizes.split(",")}
    given.build.mkdir(exist_ok=True)
    (given.build / "bench-growth.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(table(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
