"""Withdrawing, whatever the reason says and whatever else is wrong, and lifting it again."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest

from functions.publish_site import site as pages
from functions.publish_site import withdrawals
from functions.publish_site.gate import GateError
from functions.publish_site.pages import frame
from functions.publish_site.protected import ReleaseError
from functions.publish_site.request import RequestError, parse
from placements_kpi import store
from tests import calls
from tests.site.conftest import DATA, World
from tests.site.settled import FIRST, SECOND, files_of, kept, objects, restore, state_of, text

if TYPE_CHECKING:
    from functions.publish_site.pages.frame import Site

LIFT = {"action": "republish", "release": SECOND}


def withdraw(reason: str = "a source was read twice", release: str = SECOND) -> dict[str, Any]:
    return {"action": "withdraw", "release": release, "reason": reason}


def updated() -> str:
    """When the feed says that it changed last."""
    feed = ElementTree.fromstring(objects()["releases.atom"])
    return str(feed.findtext("{http://www.w3.org/2005/Atom}updated"))


def test_a_reason_that_begins_as_a_formula_is_given_everywhere_and_run_nowhere(public: World) -> None:
    before = kept()
    for first in "-=+@＝＋－＠":
        restore(before)
        reason = f"{first} two sources & more were <counted> twice"
        public.handle(withdraw(reason))
        site = objects()
        files = files_of(site, SECOND)
        assert json.loads(site[f"withdrawn/{SECOND}.json"])["reason"] == reason
        for path, body in files.items():
            shown = text(path, body)
            if path.endswith(".csv"):
                head, cells = csv.reader(io.StringIO(shown, newline=""))
                assert dict(zip(head, cells, strict=True))["reason"] == f"'{reason}"
            elif path.endswith((".json", ".jsonld")) and path != "release.json":
                assert json.loads(shown)["reason"] == reason
            elif path.endswith(".ods"):
                told = [cell.text for cell in ElementTree.fromstring(shown).iter() if cell.text]
                assert f"reason: {reason}" in told
        assert reason in "".join(ElementTree.fromstring(site["releases.atom"]).itertext())
        public.handle({})
        assert objects() == site, "later publishes go on"


@pytest.mark.parametrize(
    "character", ["\0", "\v", "\f", "\x1b", "\x7f", "\x85", "\xa0", "\u2028", "\ufffe", "\ufeff", "\t"]
)
def test_a_reason_with_a_character_that_cannot_be_shown_is_refused_by_its_number(character: str) -> None:
    with pytest.raises(RequestError, match=rf"reason: .*without the character U\+{ord(character):04X}"):
        parse(withdraw(f"two sources{character}were counted twice"))


def test_what_cannot_be_said_in_any_of_the_files_changes_nothing(public: World) -> None:
    before = objects()
    with pytest.raises(GateError, match="seven digits"):
        public.handle(withdraw("trainee 1234567 was counted twice"))
    assert objects() == before

    def broken(frame: Site, path: str, withdrawal: Any) -> bytes | None:
        if path.endswith(".ods"):
            raise GateError("a workbook cannot say it")
        return pages.withdrawn_file(frame, path, withdrawal)

    public.monkeypatch.setattr(withdrawals, "withdrawn_file", broken)
    with pytest.raises(GateError, match="a workbook cannot say it"):
        public.handle(withdraw())
    assert objects() == before


def test_a_second_withdrawal_corrects_the_reason_everywhere_and_not_the_day(withdrawn: World) -> None:
    was, first = updated(), json.loads(objects()[f"withdrawn/{SECOND}.json"])
    withdrawn.clock("2026-07-18T12:00:00Z")
    withdrawn.handle(withdraw("one school was counted twice"))
    site = objects()
    assert state_of(site, SECOND) == "withdrawn", "every notice has the reason of the marker"
    marker = json.loads(site[f"withdrawn/{SECOND}.json"])
    assert (marker["reason"], marker["withdrawn_on"]) == ("one school was counted twice", first["withdrawn_on"])
    for key in ("index.html", "releases.atom", "releases.json"):
        assert "ne school was counted twice" in site[key].decode(), key
        assert first["reason"][1:] not in site[key].decode(), key
    assert updated() > was
    withdrawn.clock("2026-07-19T12:00:00Z")
    withdrawn.handle(withdraw("one school was counted twice"))
    assert objects() == site, "the same word twice is one word"


@pytest.mark.parametrize("call", ["PutObject releases/2026-07-15.1/data/index.html", "PutObject releases.json"])
def test_a_release_that_a_killed_run_has_half_published_can_be_withdrawn_and_lifted(computed: World, call: str) -> None:
    with calls.at(call, before=calls.killed), pytest.raises(calls.Killed):
        computed.handle({})
    assert f"releases/{SECOND}/release.json" in objects()
    assert computed.handle(withdraw())["release"] == FIRST
    site = objects()
    assert SECOND not in site["releases.json"].decode(), "it was never announced"
    for path, body in files_of(site, SECOND).items():
        assert path == "release.json" or "a source was read twice"[1:] in text(path, body), path
    assert computed.handle(LIFT)["release"] == SECOND
    assert state_of(objects(), SECOND) == "whole"


def test_withdrawing_waits_for_nothing_else_that_is_wrong(public: World) -> None:
    before = kept()
    for broken in (f"protected/{FIRST}/results.json", "protected/current.json"):
        restore(before)
        spoilt = public.s3.get_object(Bucket=DATA, Key=broken)["Body"].read()
        public.s3.delete_object(Bucket=DATA, Key=broken)
        with pytest.raises(ReleaseError, match="does not exist"):
            public.handle(withdraw())
        public.s3.put_object(Bucket=DATA, Key=broken, Body=spoilt)
        site = objects()
        assert state_of(site, SECOND) == "withdrawn"
        assert "No figures are published at the moment" in site["index.html"].decode()
        assert public.handle({})["release"] == FIRST


def test_files_that_an_earlier_lift_left_empty_are_filled_by_the_next_run_or_the_same_word(withdrawn: World) -> None:
    withdrawn.handle(LIFT)
    whole, notices = objects(), f"releases/{SECOND}/data/index.html"
    for event in ({}, LIFT):
        withdrawn.s3.put_object(Bucket="site-bucket", Key=notices, Body=b"was withdrawn")
        withdrawn.handle(event)
        assert objects() == whole


def test_killed_anywhere_a_withdrawal_and_its_lifting_are_finished_by_the_next_run(public: World) -> None:
    for event, end in ((withdraw(), "withdrawn"), (LIFT, "whole")):
        before = kept()
        with calls.at(None) as made:
            public.handle(event)
        marked = made.index(f"PutObject withdrawn/{SECOND}.json")
        for number in [*range(marked + 1, len(made) - 1)][:: len(made) // 7]:
            restore(before)
            with calls.at(number, before=calls.killed), pytest.raises(calls.Killed):
                public.handle(event)
            public.handle({})
            assert state_of(objects(), SECOND) == end, made[number]


def test_a_run_of_other_code_writes_all_of_what_a_killed_one_began(computed: World) -> None:
    before = kept()
    for call in ("data/index.html", "manifest.json", "index.html"):
        restore(before)
        with calls.at(f"PutObject releases/{SECOND}/{call}", before=calls.killed), pytest.raises(calls.Killed):
            computed.handle({})
        with pytest.MonkeyPatch.context() as deployed:
            deployed.setattr(frame, "SERVICE_NAME", "Placements in schools")
            computed.handle({})
        site = objects()
        assert state_of(site, SECOND) == "whole"
        for path in ("about/index.html", "glossary/index.html", "index.html"):
            assert b"Placements in schools" in files_of(site, SECOND)[path], "it is of the code that finished it"


def test_an_answer_that_was_lost_changes_nothing_of_what_the_run_says_or_does(public: World) -> None:
    before = kept()
    for event in (withdraw(), LIFT):
        restore(before)
        with calls.at(None) as made:
            public.handle(event)
        end = objects()
        switches = (f"PutObject withdrawn/{SECOND}.json", "PutObject releases.json", "PutObject index.html")
        for call in switches:
            for fault in ({"after": calls.broken_off}, {"before": calls.in_progress}):
                restore(before)
                with calls.at(call, **fault):
                    public.handle(event)
                assert objects() == end, f"{call} {fault}"
        assert set(switches) <= set(made)
        before = kept()


def test_a_switch_that_others_win_every_time_says_so(public: World) -> None:
    def lost(*_: Any) -> None:
        raise store.LostRaceError("another run was faster")

    public.monkeypatch.setattr(store, "swap", lost)
    with pytest.raises(store.LostRaceError, match=r"again and again.*run again"):
        public.handle(withdraw())
