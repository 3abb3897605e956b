"""The feed of releases and the release calendar, read by programmes that are not ours."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import feedparser
import icalendar
import pytest

from functions.publish_site import words
from functions.publish_site.files import feed, updates
from functions.publish_site.inventory import Entry, Inventory, Withdrawal
from tests.site.html import Page
from tests.site.protected_document import document

if TYPE_CHECKING:
    from tests.site.conftest import World

HOST = "performance.example"
REASON = "one source was read twice; schools, too"


def released(*releases: str) -> Inventory:
    """Releases, each published on the morning after its day, an hour apart."""
    made = Inventory()
    for hour, release in enumerate(releases):
        day = date.fromisoformat(release.rpartition(".")[0])
        published = datetime(day.year, day.month, day.day, 8 + hour % 16, tzinfo=UTC) + timedelta(days=1)
        made = made.with_front(release, None, Entry(release=release, as_of=day, published=published))
    return made


def read(inventory: Inventory, *withdrawn: Withdrawal) -> Any:
    parsed = feedparser.parse(feed.feed(inventory, {one.release: one for one in withdrawn}, HOST))
    assert not parsed.bozo, parsed.get("bozo_exception")
    assert parsed.version == "atom10"
    return parsed


def test_the_feed_has_an_entry_for_each_day_newest_first() -> None:
    parsed = read(released("2026-07-13.1", "2026-07-14.1"))
    assert [one.title for one in parsed.entries] == ["Data up to 14 July 2026", "Data up to 13 July 2026"]
    assert parsed.entries[0].link == f"https://{HOST}/releases/2026-07-14.1/index.html"
    assert parsed.feed.updated == parsed.entries[0].updated == "2026-07-15T09:00:00Z"
    assert parsed.feed.author == "Department for Education"


def test_the_feed_has_the_fifty_days_that_changed_last() -> None:
    made = released(*(f"2026-{month:02}-{day:02}.1" for month in (5, 6, 7) for day in range(1, 21)))
    assert [one.title for one in read(made).entries][-1] == "Data up to 11 May 2026"
    late = Withdrawal(
        release="2026-05-02.1", withdrawn_on=date(2026, 7, 30), reason=REASON, at=datetime(2026, 7, 30, 9, tzinfo=UTC)
    )
    entries = read(made, late).entries
    assert len(entries) == 50
    assert [one.title for one in entries][-2:] == ["Data up to 12 May 2026", "Withdrawn: data up to 2 May 2026"]


def test_a_correction_keeps_the_id_and_gets_a_later_time() -> None:
    before = read(released("2026-07-13.1", "2026-07-14.1")).entries
    after = read(released("2026-07-13.1", "2026-07-14.1", "2026-07-14.2")).entries
    assert [one.id for one in after] == [one.id for one in before]
    assert after[0].updated > before[0].updated
    assert after[0].published == before[0].published
    assert after[0].link.endswith("/2026-07-14.2/index.html")
    assert "takes the place of release 2026-07-14.1" in after[0].summary
    assert after[1] == before[1]


@pytest.mark.parametrize("day", [date(2026, 7, 15), date(2026, 8, 3)])
def test_a_withdrawal_keeps_the_id_gets_a_later_time_and_says_why(day: date) -> None:
    inventory = released("2026-07-13.1", "2026-07-14.1")
    before = read(inventory).entries[0]
    after = read(inventory, Withdrawal(release="2026-07-14.1", withdrawn_on=day, reason=REASON)).entries[0]
    assert after.id == before.id
    assert after.updated > before.updated
    assert after.title == "Withdrawn: data up to 14 July 2026"
    assert REASON[1:] in after.summary


def test_the_time_of_an_entry_never_goes_back_whatever_an_operator_does(world: World) -> None:
    """Withdrawn, brought back, withdrawn again on one day: each is a change that a feed reader learns of."""
    seen = []

    def look() -> None:
        parsed = feedparser.parse(world.read("releases.atom"))
        seen.append((parsed.entries[0].updated, parsed.feed.updated))

    world.compute(document())
    world.handle({})
    look()
    release = document().release
    withdraw = {"action": "withdraw", "release": release, "reason": REASON}
    steps = [("09", withdraw), ("11", {"action": "republish", "release": release}), ("13", withdraw)]
    for hour, event in steps:
        world.clock(f"2026-07-15T{hour}:00:00Z")
        world.handle(event)
        look()
    world.clock("2026-07-16T09:00:00Z")
    world.handle({"action": "republish", "release": release})
    look()
    assert seen == sorted(set(seen)), "later with each change"
    world.clock("2026-07-17T09:00:00Z")
    world.handle({})
    look()
    assert seen[-1] == seen[-2], "and the same while nothing happens"


def test_an_empty_site_has_a_feed_without_entries() -> None:
    assert read(Inventory()).entries == []


def test_every_field_of_the_feed_is_that_of_the_list_of_releases(world: World) -> None:
    """Three days, one of them corrected and one withdrawn: the feed against releases.json, entry by entry."""
    mornings = {"2026-07-12.1": "13T08", "2026-07-13.1": "14T08", "2026-07-14.1": "15T08", "2026-07-14.2": "15T11"}
    for release, morning in mornings.items():
        world.clock(f"2026-07-{morning}:30:00Z")
        world.compute(document(release=release))
        world.handle({})
    world.clock("2026-07-15T12:00:00Z")
    world.handle({"action": "withdraw", "release": "2026-07-13.1", "reason": REASON})
    listed = world.json("releases.json")["releases"]
    parsed = feedparser.parse(world.read("releases.atom"))
    assert not parsed.bozo
    assert {one["release"] for one in listed} == set(mornings)
    days: dict[str, list[dict[str, Any]]] = {}
    for one in sorted(listed, key=lambda one: str(one["release"]), reverse=True):
        days.setdefault(one["release"].rpartition(".")[0], []).append(one)
    assert [one.id for one in parsed.entries] == [f"tag:localhost,2026:releases/{day}" for day in days]
    for entry, (day, releases) in zip(parsed.entries, days.items(), strict=True):
        newest, oldest = releases[0], releases[-1]
        assert entry.published == oldest["published"]
        assert entry.link == f"https://localhost/releases/{newest['release']}/index.html"
        assert [(one.rel, one.type) for one in entry.links] == [("alternate", "text/html")]
        assert words.day(date.fromisoformat(newest["as_of"])) in entry.title
        assert f"Release {newest['release']}, published {words.day(date.fromisoformat(newest['published'][:10]))}." in (
            entry.summary
        )
        withdrawn = newest["withdrawn"]
        assert entry.title.startswith("Withdrawn: ") == bool(withdrawn) == (day == "2026-07-13")
        if withdrawn:
            assert words.day(date.fromisoformat(withdrawn["withdrawn_on"])) in entry.summary
            assert REASON[1:] in entry.summary
            assert entry.updated > newest["published"]
        else:
            assert entry.updated == newest["published"]
    assert parsed.feed.id == "tag:localhost,2026:releases"
    assert parsed.feed.updated == max(one.updated for one in parsed.entries)
    assert parsed.feed.rights == "Open Government Licence v3.0"
    assert {(one.rel, one.href) for one in parsed.feed.links} == {
        ("self", "https://localhost/releases.atom"),
        ("alternate", "https://localhost/releases/index.html"),
    }


def test_every_field_of_the_calendar_is_that_of_the_page_of_dates(world: World) -> None:
    world.compute(document())
    world.handle({})
    page = Page.of(world.read("calendar/index.html").encode()).text
    told = re.findall(r"(\d{1,2} [A-Z]\w+ \d{4}): (Figures about people, up to (\d{1,2} [A-Z]\w+ \d{4}))", page)
    book = icalendar.Calendar.from_ical(world.read("calendar.ics"))
    assert (str(book["VERSION"]), str(book["X-WR-CALNAME"])) == ("2.0", "School placements performance: updates")
    daily, *monthly = book.walk("VEVENT")
    assert len(told) == len(monthly) == updates.MONTHS_AHEAD
    published = datetime.fromisoformat(world.json("releases.json")["releases"][0]["published"])
    for event, (day, summary, month_end) in zip(monthly, told, strict=True):
        assert words.day(event["DTSTART"].dt) == day
        assert type(event["DTSTART"].dt) is date, "a day, which is the same in every time zone"
        assert str(event["SUMMARY"]) == summary
        end = event["DTSTART"].dt - timedelta(days=updates.RELEASE_DAY)
        assert words.day(end) == month_end
        assert str(event["UID"]) == f"people-{end:%Y-%m}.localhost"
    for event in (daily, *monthly):
        assert event["DTSTAMP"].dt == published
        assert str(event["TRANSP"]) == "TRANSPARENT"
        assert set(event) - {"RRULE"} == {"UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "TRANSP"}
        assert not event.errors
    assert str(daily["SUMMARY"]) == "Figures about schools and providers can be updated"
    assert daily["DTSTART"].dt == document().as_of + timedelta(days=1)
    assert [set(one) for one in (daily, *monthly) if "RRULE" in one] == [set(daily)]
    assert not book.errors


def events(inventory: Inventory) -> list[Any]:
    body = updates.icalendar(inventory, HOST)
    assert all(len(line) <= 75 for line in body.split(b"\r\n"))
    assert b"\n" not in body.replace(b"\r\n", b"")
    return list(icalendar.Calendar.from_ical(body.decode()).walk("VEVENT"))


def test_figures_about_people_move_on_the_first_of_each_month_ahead() -> None:
    found = [one for one in events(released("2026-07-14.1")) if "RRULE" not in one]
    assert len(found) == 12
    days = [one["DTSTART"].dt for one in found]
    assert days[0] == date(2026, 8, 1) and days[5] == date(2027, 1, 1)
    assert {day.day for day in days} == {1}
    assert str(found[0]["SUMMARY"]) == "Figures about people, up to 31 July 2026"
    assert len({str(one["UID"]) for one in found}) == 12


def test_the_day_of_the_monthly_release_is_that_of_its_schedule() -> None:
    template = (Path(__file__).parents[2] / "template.yaml").read_text(encoding="utf-8")
    schedule = template.partition("MonthlyRelease:")[2].partition("ScheduleExpression: cron(")[2].partition(")")[0]
    assert int(schedule.split()[2]) == updates.RELEASE_DAY


def test_figures_about_schools_and_providers_may_move_every_day() -> None:
    (daily,) = [one for one in events(released("2026-07-14.1", "2026-07-15.1")) if "RRULE" in one]
    assert (daily["RRULE"]["FREQ"], daily["RRULE"]["COUNT"]) == (["DAILY"], [365])


def test_every_event_ends() -> None:
    for one in events(released("2026-07-14.1")):
        assert one["DTEND"].dt - one["DTSTART"].dt == timedelta(days=1)


def test_an_event_keeps_its_id_from_release_to_release() -> None:
    before, after = (
        {str(one["SUMMARY"]): str(one["UID"]) for one in events(released(*releases))}
        for releases in (("2026-07-14.1",), ("2026-07-14.1", "2026-08-02.1"))
    )
    both = set(before) & set(after)
    assert len(both) >= 12
    assert all(before[name] == after[name] for name in both)


@pytest.mark.parametrize("as_of", ["2026-07-30.1", "2026-07-31.1"])
def test_a_month_end_that_is_published_already_is_not_to_come(as_of: str) -> None:
    first = updates.next_updates(released(as_of))[0]
    assert first.month_end == (date(2026, 7, 31) if as_of.startswith("2026-07-30") else date(2026, 8, 31))


def test_feed_and_calendar_are_published_and_stay_while_nothing_is_released(world: World) -> None:
    world.compute(document())
    world.handle({})
    parsed = feedparser.parse(world.read("releases.atom"))
    assert [one.link.rpartition("/releases/")[2] for one in parsed.entries] == [f"{document().release}/index.html"]
    assert "1 August 2026: Figures about people, up to 31 July 2026" in world.read("calendar/index.html")
    assert icalendar.Calendar.from_ical(world.read("calendar.ics")).walk("VEVENT")
    world.clock("2026-07-20T22:30:00Z")
    assert world.handle({})["objects_written"] == []
