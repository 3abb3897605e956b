"""What ``make bench-growth`` puts into the buckets is what a service of so many releases would have there."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from functions.compute_kpis.protection import ledger
from functions.publish_site.inventory import INVENTORY_KEY, Entry, Inventory
from local import bench_growth
from local.cloud import Cloud, open_cloud
from local.template import load_stack
from placements_kpi import store

LAST = date(2026, 6, 14)
NAMES = [
    f"{kpi}@1/measure.numerator/{period}/{stands}/national/Total"
    for kpi, period, stands in (
        *(("rejections", 2026, day) for day in ("2025-10-31", "2026-04-30", "2026-05-31")),
        *(("rejections", 2025, day) for day in ("2024-10-31", "2025-04-30", "2025-05-31", "2025-09-30")),
        ("withdrawals", 2024, "year"),
        *(("answers", 0, day) for day in ("2024-02-29", "2026-05-31")),
    )
]
PAGE = ledger.Page(
    release=f"{LAST}.1",
    base=5,
    key_id="k",
    entries={name: ledger.Entry(shown=number, rounded=number, seal=name) for number, name in enumerate(NAMES)},
    revised=(),
    considered=(),
)


@pytest.mark.parametrize(("size", "apart"), [(1, 1), (70, 1), (120, 30)])
def test_the_ledger_has_every_count_of_the_last_release_and_older_ones(size: int, apart: int) -> None:
    days = [LAST - timedelta(days=number * apart) for number in reversed(range(size))]
    with open_cloud(load_stack(), {}) as cloud:
        ledger.write_page(cloud.client("s3"), cloud.stack.data_bucket, PAGE)
        bench_growth._fill_ledger(cloud, days)
        past = ledger.read_past(cloud.client("s3"), cloud.stack.data_bucket)
        digests = list(store.keys(cloud.client("s3"), cloud.stack.data_bucket, ledger.DIGESTS))
    assert past.releases == tuple(f"{day}.1" for day in days)
    assert PAGE.entries.items() <= past.entries.items()
    assert len(digests) == size // ledger.DIGEST_OF
    late = [name for page in past.pages for name in page.entries if _stands(name) > ledger.day_of(page.release)]
    assert not late, "a release knows of a day that was still to come"
    others = {_stands(name) for name in past.entries if name not in PAGE.entries}
    assert bool(others) == (size > 1)
    assert max(others, default=LAST) <= (date(2023, 6, 30) if others else LAST), "before what the last release shows"


def _stands(name: str) -> date:
    return bench_growth._stands(ledger.scope_of(name))


def test_the_list_has_all_of_them_and_one_is_withdrawn() -> None:
    days = [LAST - timedelta(days=number) for number in reversed(range(30))]
    published = datetime(2026, 6, 15, 9, 30, tzinfo=UTC)
    entry = Entry(release=f"{LAST}.1", as_of=LAST, published=published, indicators=("rejections",))
    with open_cloud(load_stack(), {}) as cloud:
        _put(cloud, INVENTORY_KEY, Inventory(front=entry.release, releases=(entry,)).body({}))
        _put(cloud, f"releases/{entry.release}/manifest.json", {"release": entry.release, "sha256": {}})
        bench_growth._fill_list(cloud, days)
        inventory = Inventory.model_validate(cloud.read_json(cloud.stack.site_bucket, INVENTORY_KEY))
        manifests = [cloud.read_json(cloud.stack.site_bucket, f"releases/{day}.1/manifest.json") for day in days]
        withdrawn = list(store.keys(cloud.client("s3"), cloud.stack.site_bucket, "withdrawn/"))
    assert [each.release for each in inventory.releases] == [f"{day}.1" for day in days]
    assert [manifest["release"] for manifest in manifests] == [f"{day}.1" for day in days]
    assert withdrawn == [f"withdrawn/{days[bench_growth.WITHDRAWN]}.1.json"]
    assert all(manifest.get("compared_with") != f"{days[bench_growth.WITHDRAWN]}.1" for manifest in manifests)


def _put(cloud: Cloud, key: str, body: object) -> None:
    store.put_json(cloud.client("s3"), cloud.stack.site_bucket, key, body)
