"""Publishing: a release whole, then one object; rollback, withdrawal, and being killed anywhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from functions.publish_site.protected import ReleaseError
from functions.publish_site.request import RequestError, parse
from functions.publish_site.site_objects import Writer
from placements_kpi import store
from placements_kpi.settings import SettingsError
from tests import calls, memory
from tests.site.conftest import DATA, World
from tests.site.protected_document import AS_OF, document
from tests.site.settled import FIRST, SECOND, SITE, kept, objects, restore

ENVELOPE = {
    "version": "0",
    "id": "x",
    "detail-type": "KPIs computed",
    "source": "school-placements-performance",
    "account": "1",
    "time": "2026-07-15T08:30:00Z",
    "region": "eu-west-2",
    "resources": [],
}


def second() -> Any:
    return document(SECOND, as_of=AS_OF + timedelta(days=1))


@pytest.fixture
def two(world: World) -> World:
    """Two releases, published one after the other."""

    def make() -> None:
        world.first_release()
        world.compute(second())
        world.clock("2026-07-16T08:30:00Z")
        world.handle({})

    memory.once("site, two", make)
    world.clock("2026-07-16T08:30:00Z")
    return world


def test_a_release_is_published_whole_and_the_front_page_points_into_it(world: World) -> None:
    summary = world.first_release()
    assert (summary["release"], summary["action"], summary["dry_run"]) == (FIRST, "publish", False)
    keys = set(world.objects())
    for kpi in document().kpis:
        place = f"releases/{FIRST}/{kpi.id}/"
        assert {f"{place}index.html", f"{place}{kpi.id}.csv", f"{place}{kpi.id}.json"} <= keys
    assert f'href="releases/{FIRST}/{document().kpis[0].id}/index.html"' in world.read("index.html")
    assert world.json("releases.json")["front"] == FIRST


def test_assets_come_first_then_the_release_and_the_front_page_last(world: World) -> None:
    written = world.first_release()["objects_written"]
    kinds = [key.split("/")[0] for key in written]
    assert [key for key in written if not key.startswith("latest/")][-1] == "index.html"
    assert set(kinds[written.index("index.html") + 1 :]) == {"latest"}
    assert kinds.index("releases") > max(index for index, kind in enumerate(kinds) if kind == "assets")
    inside = [key for key in written if key.startswith(f"releases/{FIRST}/")]
    assert inside[0].endswith("release.json")
    assert inside[-1] == f"releases/{FIRST}/index.html"


def test_publishing_again_changes_nothing_in_the_release(world: World) -> None:
    world.first_release()
    before = world.objects()
    world.clock("2026-07-16T22:30:00Z")
    summary = world.handle({})
    assert world.objects() == before
    assert summary["objects_written"] == []


def test_the_time_of_publication_is_that_of_the_first_time(world: World) -> None:
    world.first_release()
    world.clock("2026-08-20T08:30:00Z")
    world.handle({})
    assert world.json(f"releases/{FIRST}/release.json") == {"published": "2026-07-15T08:30:00Z", "release": FIRST}
    assert "15 July 2026." in world.read("index.html")


def test_the_nightly_publish_puts_up_the_notice_of_a_stale_source_at_the_front_only(world: World) -> None:
    assert world.first_release()["stale_sources"] == []
    release = {key: body for key, body in world.objects().items() if key.startswith(f"releases/{FIRST}/")}
    world.clock("2026-08-20T22:30:00Z")
    summary = world.handle({})
    assert len(summary["stale_sources"]) == len(document().sources)
    assert summary["objects_written"] == ["index.html"]
    assert "It should never be more than" in world.read("index.html")
    assert release == {key: body for key, body in world.objects().items() if key.startswith(f"releases/{FIRST}/")}


def test_objects_have_the_headers_of_their_kind(world: World) -> None:
    world.first_release()
    for key in world.objects():
        head = world.s3.head_object(Bucket=SITE, Key=key)
        suffix = key.rpartition(".")[2]
        assert head["ContentType"].startswith(
            {
                "html": "text/html",
                "css": "text/css",
                "xml": "application/xml",
                "svg": "image/svg+xml",
                "csv": "text/csv",
                "json": "application/json",
                "jsonld": "application/ld+json",
                "sql": "text/plain",
                "ods": "application/vnd.oasis.opendocument.spreadsheet",
                "atom": "application/atom+xml",
                "ics": "text/calendar",
                "txt": "text/plain",
            }[suffix]
        )
        age = int(head["CacheControl"].split("max-age=")[1].split(",")[0])
        if key.startswith("assets/"):
            assert age == 31536000 and "immutable" in head["CacheControl"]
        else:
            assert 0 < age <= 300, f"{key} must leave caches soon after a withdrawal"


@pytest.mark.parametrize("event", [{}, {**ENVELOPE, "detail": {"release": "2020-01-01.9"}}, {**ENVELOPE, "detail": {}}])
def test_the_pointer_says_what_is_current_whatever_the_event_says(world: World, event: dict[str, Any]) -> None:
    world.compute(document(FIRST))
    assert world.handle(event)["release"] == FIRST


def test_a_newer_release_takes_the_front_and_the_earlier_one_stays_as_it_was(world: World) -> None:
    world.first_release()
    before = {key: body for key, body in world.objects().items() if key.startswith(f"releases/{FIRST}/")}
    world.compute(second())
    assert world.handle({})["release"] == SECOND
    after = world.objects()
    assert f"releases/{SECOND}/" in after["index.html"].decode()
    assert before == {key: body for key, body in after.items() if key.startswith(f"releases/{FIRST}/")}
    assert [entry["release"] for entry in world.json("releases.json")["releases"]] == [FIRST, SECOND]
    assert f'href="{FIRST}/index.html"' in world.read("releases/index.html")


def test_an_earlier_release_can_be_put_in_front_and_stays_until_something_newer_is_computed(two: World) -> None:
    assert two.handle({"action": "republish", "release": FIRST})["release"] == FIRST
    assert f"releases/{FIRST}/" in two.read("index.html")
    assert two.handle({})["release"] == FIRST, "the nightly publish does not undo the operator's choice"
    third = document("2026-07-16.1", as_of=AS_OF + timedelta(days=2))
    two.compute(third)
    assert two.handle({})["release"] == third.release


def test_a_withdrawn_release_says_so_at_every_address_and_the_one_before_it_takes_the_front(two: World) -> None:
    reason = "one source was read twice, so that schools were counted twice"
    paths = {key for key in two.objects() if key.startswith(f"releases/{SECOND}/")}
    summary = two.handle({"action": "withdraw", "release": SECOND, "reason": reason})
    assert (summary["release"], summary["withdrawn"]) == (FIRST, [SECOND])
    marker = two.json(f"withdrawn/{SECOND}.json")
    assert (marker["release"], marker["reason"], marker["withdrawn_on"]) == (SECOND, reason, "2026-07-16")
    front = two.read("index.html")
    assert f"releases/{FIRST}/" in front and f"releases/{SECOND}/" not in front
    assert f"Release {SECOND} was withdrawn on 16 July 2026" in front
    for key in paths - {f"releases/{SECOND}/release.json"}:
        body = two.read(key)
        assert reason in body.replace("One source", "one source"), key
        assert "12,583" not in body
    assert {key for key in two.objects() if key.startswith(f"releases/{SECOND}/")} == paths
    assert "Withdrawn on 16 July 2026" in two.read("releases/index.html")
    entry = two.json("releases.json")["releases"][1]
    assert entry["withdrawn"]["reason"] == reason


def test_a_withdrawal_lasts_through_later_publishes(two: World) -> None:
    two.handle({"action": "withdraw", "release": SECOND, "reason": "a source was read twice"})
    before = two.objects()
    assert two.handle({})["release"] == FIRST
    assert two.objects() == before


def test_withdrawing_an_earlier_release_leaves_the_front_alone(two: World) -> None:
    front = two.read("index.html")
    assert (
        two.handle({"action": "withdraw", "release": FIRST, "reason": "a source was read twice"})["release"] == SECOND
    )
    assert two.read("index.html") == front


def test_when_all_releases_are_withdrawn_the_front_page_says_so(two: World) -> None:
    for release in (SECOND, FIRST):
        summary = two.handle({"action": "withdraw", "release": release, "reason": f"{release} was wrong"})
    assert summary["release"] is None
    front = two.read("index.html")
    assert "No figures are published at the moment" in front
    assert f"{FIRST} was wrong" in front
    assert two.handle({})["release"] is None


def test_a_release_withdrawn_by_mistake_comes_back_as_it_was(two: World) -> None:
    before = {key: body for key, body in two.objects().items() if not key.startswith("withdrawn/")}
    two.handle({"action": "withdraw", "release": SECOND, "reason": "a source was read twice"})
    assert two.handle({"action": "republish", "release": SECOND})["release"] == SECOND
    after = {key: body for key, body in two.objects().items() if not key.startswith("withdrawn/")}
    # Whoever follows the feed is told: its times go on, and nothing else of it changes.
    times = re.compile(rb"<updated>(.*?)</updated>")
    was, now = before.pop("releases.atom"), after.pop("releases.atom")
    assert times.sub(b"", now) == times.sub(b"", was)
    assert times.findall(now) > times.findall(was)
    assert after == before
    assert two.json(f"withdrawn/{SECOND}.json")["lifted"] is not None


@pytest.mark.parametrize(
    "event",
    [
        {"dry_run": True},
        {"action": "republish", "release": FIRST, "dry_run": True},
        {"action": "withdraw", "release": SECOND, "reason": "a source was read twice", "dry_run": True},
    ],
)
def test_a_dry_run_says_what_it_would_do_and_does_nothing(two: World, event: dict[str, Any]) -> None:
    before = two.objects() | two.objects(DATA)
    summary = two.handle(event)
    assert summary["dry_run"] is True
    assert two.objects() | two.objects(DATA) == before
    assert bool(summary["objects_written"]) == ("action" in event)


def test_a_dry_run_of_a_new_release_lists_its_objects(world: World) -> None:
    world.compute(document(FIRST))
    summary = world.handle({"dry_run": True})
    assert world.objects() == {}
    assert "index.html" in summary["objects_written"]
    assert f"releases/{FIRST}/index.html" in summary["objects_written"]


def test_killed_at_any_write_the_old_front_page_is_whole_and_the_next_run_ends_the_same(computed: World) -> None:
    start, before = kept(), objects()
    with calls.at(None) as made:
        computed.handle({})
    end = objects()
    writes = [number for number, call in enumerate(made) if call.startswith("PutObject") and "runs/" not in call]
    front = made.index("PutObject index.html")
    for number in [*writes[::7], front, writes[-1]]:
        restore(start)
        with calls.at(number, before=calls.killed), pytest.raises(calls.Killed):
            computed.handle({})
        now = objects()
        assert now["index.html"] == (before if number <= front else end)["index.html"], made[number]
        kept_files = (f"releases/{FIRST}/", "assets/")
        assert all(now[key] == body for key, body in before.items() if key.startswith(kept_files))
        computed.handle({})
        assert objects() == end, made[number]


def test_a_slower_run_does_not_overwrite_the_front_page_of_faster_ones(
    computed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, rounds = Writer.switch, iter(range(100))

    def meanwhile(self: Writer, key: str, body: bytes, seen: str | None) -> None:
        computed.s3.put_object(Bucket=SITE, Key=key, Body=b"a faster run's, %d" % next(rounds))
        real(self, key, body, seen)

    monkeypatch.setattr(Writer, "switch", meanwhile)
    with pytest.raises(store.LostRaceError, match=r"again and again.*run again"):
        computed.handle({})
    assert computed.read("index.html").startswith("a faster run's")


def test_nothing_computed_yet_is_one_clear_error_and_a_run_record(world: World) -> None:
    with pytest.raises(ReleaseError, match=r"nothing has been computed yet: .* does not exist; run compute_kpis first"):
        world.handle({})
    assert world.objects() == {}
    (record,) = (world.json(key, DATA) for key in world.objects(DATA) if key.startswith("runs/publish_site/"))
    assert record["outcome"] == "failed"
    assert "run compute_kpis first" in record["error"]["message"]


def test_a_good_run_has_a_record_of_what_it_did(world: World) -> None:
    world.first_release()
    (record,) = (world.json(key, DATA) for key in world.objects(DATA) if key.startswith("runs/publish_site/"))
    assert (record["function"], record["outcome"], record["release"]) == ("publish_site", "ok", FIRST)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda body: body | {"contract": "school-placements-results/1"}, "reads 'school-placements-protected/1' only"),
        (lambda body: body | {"kpis": "none"}, "breaks its contract at kpis"),
        (lambda body: body | {"release": "2020-01-01.1"}, "says that it is release 2020-01-01.1"),
    ],
)
def test_results_that_may_not_be_published_are_refused_and_the_front_stays(
    world: World, spoil: Callable[[dict[str, Any]], dict[str, Any]], message: str
) -> None:
    world.first_release()
    before = world.objects()
    world.compute(second())
    key = f"protected/{SECOND}/results.json"
    world.s3.put_object(Bucket=DATA, Key=key, Body=store.canonical_json(spoil(world.json(key, DATA))))
    with pytest.raises(ReleaseError, match=message):
        world.handle({})
    assert world.objects() == before


@pytest.mark.parametrize(
    "event",
    [
        {"action": "republish", "release": "2020-01-01.1"},
        {"action": "withdraw", "release": "2020-01-01.1", "reason": "never published at all"},
    ],
)
def test_a_release_that_does_not_exist_is_named(two: World, event: dict[str, Any]) -> None:
    before = two.objects()
    with pytest.raises(ReleaseError, match=r"2020-01-01\.1"):
        two.handle(event)
    assert two.objects() == before


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        {"action": "delete"},
        {"release": FIRST},
        {"action": "republish"},
        {"action": "republish", "release": "../../etc"},
        {"action": "withdraw", "release": FIRST},
        {"action": "withdraw", "release": FIRST, "reason": "short"},
        {"action": "withdraw", "release": FIRST, "reason": "a reason on\ntwo lines"},
        {"action": "republish", "release": FIRST, "reason": "no reason is asked for"},
        {"bucket": "somebody-elses"},
        {**ENVELOPE, "detail": {"action": "publish", "bucket": "x"}},
        {**ENVELOPE, "detail": {}, "location": "s3://x"},
    ],
)
def test_an_event_that_asks_for_anything_else_is_one_clear_error(event: Any) -> None:
    with pytest.raises(RequestError, match="event"):
        parse(event)


def test_an_operators_action_may_come_in_an_envelope() -> None:
    asked = parse({**ENVELOPE, "detail-type": "Operator", "detail": {"action": "republish", "release": FIRST}})
    assert (asked.action, asked.release) == ("republish", FIRST)


def test_a_missing_setting_is_named(world: World) -> None:
    world.monkeypatch.delenv("SITE_BUCKET")
    with pytest.raises(SettingsError, match="SITE_BUCKET"):
        world.handle({})


def test_search_engines_may_list_the_site(world: World) -> None:
    world.compute(document())
    world.handle({"action": "publish"})
    assert world.read("robots.txt") == "User-agent: *\nAllow: /\nSitemap: https://localhost/sitemap.xml\n"


def test_a_dry_run_sends_no_metric_that_the_alarm_on_silence_hears(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.compute(document(FIRST))
    world.handle({"dry_run": True})
    assert '"Published"' not in capsys.readouterr().out
    world.handle({})
    assert '"Published":[1.0]' in capsys.readouterr().out
