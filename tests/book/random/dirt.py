"""What happens to records on their way into a drop: other versions, rows that are refused, other spellings."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.book.drops import Drops, Record
from tests.book.random.edges import usually
from tests.book.reading import IDS, MONTHLY, NEWEST_BY, REQUIRED

OF_SCHOOLS = ("schools", "school_links")
ZONES = (("Z", 0), ("+00:00", 0), ("", 0), ("+01:00", 1), ("-05:30", -5.5), ("+0100", 1), (" UTC", 0))
"""How an instant says its zone (none: UTC), and by how many hours its clock is ahead of UTC."""
CODES = ("provider_code", "accredited_provider_code", "provider_region_code", "accredited_body_code")


@st.composite
def dirty(draw: st.DrawFn, worlds: st.SearchStrategy[Drops]) -> Drops:
    """A world of ``worlds`` to which some of this happens, often nothing or little."""
    drops = draw(worlds)
    feeds = {feed: list(records) for feed, records in drops.feeds.items() if records}
    for _ in range(draw(st.sampled_from((0, 1, 2, 4, 6))) if feeds else 0):
        feed = draw(st.sampled_from(sorted(feeds)))
        records = feeds[feed]
        place = draw(st.integers(0, len(records) - 1))
        record = records[place]
        if not isinstance(record, Mapping):
            continue
        what = draw(st.sampled_from(("version", "version", "refused", "spelling")))
        if what == "spelling":
            records[place] = _respelled(draw, feed, record)
            continue
        other = draw(st.sampled_from(records))
        version = _version(draw, feed, record, other if isinstance(other, Mapping) else record)
        records.insert(place + draw(st.integers(0, 1)), _spoilt(draw, feed, version) if what == "refused" else version)
    return replace(drops, feeds={**drops.feeds, **feeds})


def _version(draw: st.DrawFn, feed: str, record: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The record once more, with what another one says, older or newer or nobody knows."""
    version = {**other, **{name: record.get(name) for name in IDS[feed]}}
    newest_by = NEWEST_BY.get(feed, "updated_at")
    if newest_by is not None:
        moved = draw(st.sampled_from((-1, 0, 1, 1, None)))
        changed = record.get(newest_by) or datetime(2026, 1, 31, 23, 30)
        if isinstance(changed, date):
            step = timedelta(hours=1) if isinstance(changed, datetime) else timedelta(days=1)
            version[newest_by] = None if moved is None else changed + moved * step
    if feed == "applications":
        version["status"] = draw(usually(version.get("status"), ("draft",)))
    return version


def _spoilt(draw: st.DrawFn, feed: str, record: dict[str, Any]) -> Record:
    """The record so that no reader can keep it: not whole, without what it needs, or with a value that it cannot have.

    Where any text can be (a state, a key of somebody), a name is kept as one that nobody knows.
    """
    if feed in OF_SCHOOLS:
        return draw(
            st.sampled_from(
                (
                    [str(record["urn"])],
                    {**record, "urn": "ten"},
                    {**record, "link_urn": None} if feed == "school_links" else {**record, "close_date": "31.12.2025"},
                    {**record, "link_type": None} if feed == "school_links" else {**record, "phase_of_education": None},
                )
            )
        )
    if feed in MONTHLY:
        key, figure = draw(st.sampled_from(IDS[feed])), draw(st.sampled_from(REQUIRED[feed]))
        return draw(
            st.sampled_from(
                (
                    [*map(str, record.values()), "one more"],
                    {**record, key: None},
                    {**record, key: "Ada Lovelace"},
                    {**record, "month": "2026-13"},
                    {**record, figure: None},
                    {**record, figure: "-1"},
                    {**record, figure: "1.5"},
                )
            )
        )
    name = draw(st.sampled_from((*IDS[feed], *REQUIRED.get(feed, ()))))
    wrong = draw(st.sampled_from(sorted(record)))
    return draw(
        st.sampled_from(
            (
                '{"id": "12',
                {**record, name: None},
                {one: value for one, value in record.items() if one != name},
                {**record, wrong: {"not": "of this type"}},
                {**record, name: "Ada Lovelace"},
                {**record, NEWEST_BY.get(feed) or "state": 20260131},
            )
        )
    )


def _respelled(draw: st.DrawFn, feed: str, record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same record in another spelling."""
    if feed in OF_SCHOOLS:
        slashes = {name: f"{day:%d/%m/%Y}" for name, day in record.items() if isinstance(day, date)}
        zeros = {name: f"0{code}" for name, code in record.items() if isinstance(code, int)}
        unknown = {"open_date": "01-01-1900"} if feed == "schools" and record.get("open_date") is None else {}
        return {**record, **slashes, **zeros, **unknown}
    if feed in MONTHLY:
        return {name: value if value is None else f" {value} " for name, value in record.items()}
    zone, ahead = draw(st.sampled_from(ZONES))
    between = " " if zone == " UTC" else draw(st.sampled_from("T "))
    nothing = draw(st.sampled_from(("", "null")))
    spelled: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, datetime):
            spelled[name] = f"{(value + timedelta(hours=ahead)).isoformat(between)}{zone}"
        elif isinstance(value, int):
            spelled[name] = str(value)
        elif value is None:
            spelled[name] = nothing
        elif isinstance(value, str) and name.endswith(("_code", "_urn", "_id")):
            spelled[name] = f" {value.lower() if name in CODES else value} "
    return {**record, **spelled}
