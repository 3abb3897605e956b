"""A release that waits for its approval: what was looked at is what becomes public, byte for byte."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from functions.publish_site import app
from functions.publish_site.protected import ReleaseError
from functions.publish_site.request import RequestError
from tests import calls
from tests.site.conftest import DATA, Context
from tests.site.protected_document import AS_OF, document, kpis
from tests.site.settled import FIRST, SECOND, files_of, kept, objects, restore

if TYPE_CHECKING:
    from tests.site.conftest import World

THIRD = "2026-07-16.1"


@pytest.fixture
def waiting(computed: World) -> World:
    """One release is public; the second was computed, and waits."""
    computed.monkeypatch.setenv("RELEASE_MODE", "approve")
    return computed


def preview(world: World, release: str = SECOND) -> dict[str, bytes]:
    prefix = f"preview/{release}/"
    return {key.removeprefix(prefix): body for key, body in world.objects(DATA).items() if key.startswith(prefix)}


def approval(digest: str, release: str = SECOND) -> dict[str, Any]:
    return {"action": "approve", "release": release, "manifest": digest}


def digest_of(files: dict[str, bytes]) -> str:
    return hashlib.sha256(files["manifest.json"]).hexdigest()


def test_a_release_waits_with_its_preview_and_the_site_says_nothing_of_it(waiting: World) -> None:
    before = objects()
    for _ in range(2):
        done = waiting.handle({})
        assert (done["release"], done["held"], done["preview"]) == (FIRST, SECOND, digest_of(preview(waiting)))
        assert objects() == before
    listed = json.loads(preview(waiting)["manifest.json"])["sha256"]
    assert {path: hashlib.sha256(body).hexdigest() for path, body in preview(waiting).items()} == {
        **listed,
        **{path: hashlib.sha256(preview(waiting)[path]).hexdigest() for path in ("manifest.json", "release.json")},
    }


def test_what_was_previewed_becomes_public_byte_for_byte_whatever_code_runs_by_then(waiting: World) -> None:
    digest = waiting.handle({})["preview"]
    seen = preview(waiting)
    waiting.clock("2026-07-20T09:30:00Z")
    waiting.monkeypatch.setattr("functions.publish_site.site.release_files", lambda *_: pytest.fail("rendered again"))
    waiting.monkeypatch.setattr("functions.publish_site.release.release_files", lambda *_: pytest.fail("again"))
    done = waiting.handle(approval(digest))
    assert (done["release"], done["held"]) == (SECOND, None)
    assert files_of(objects(), SECOND) == seen
    site = objects()
    assert waiting.handle({})["held"] is None
    assert objects() == site


@pytest.mark.parametrize("wrong", ["0" * 64, "another preview"])
def test_only_the_preview_that_was_looked_at_can_be_approved(wrong: str, waiting: World) -> None:
    digest = waiting.handle({})["preview"]
    waiting.clock("2026-07-17T08:30:00Z")
    if wrong == "another preview":
        wrong = digest
        assert waiting.handle({"action": "preview"})["preview"] != digest, "it has another time of publication"
    before = objects()
    with pytest.raises(ReleaseError, match=r"is another by now: its manifest has the digest [0-9a-f]{64}; look"):
        waiting.handle(approval(wrong))
    assert objects() == before


@pytest.mark.parametrize("path", ["manifest.json", "index.html", "data/index.html"])
def test_a_preview_that_was_changed_after_the_approval_is_not_published(path: str, waiting: World) -> None:
    digest = waiting.handle({})["preview"]
    with calls.at("PutObject releases.json", before=calls.killed), pytest.raises(calls.Killed):
        waiting.handle(approval(digest))
    body = preview(waiting)[path] + b" "
    waiting.s3.put_object(Bucket=DATA, Key=f"preview/{SECOND}/{path}", Body=body)
    with pytest.raises(ReleaseError, match="is not as it was then"):
        waiting.handle({})
    assert SECOND not in waiting.read("index.html")


@pytest.mark.parametrize(
    ("bucket", "key"), [(DATA, f"preview/{SECOND}/manifest.json"), ("site-bucket", f"approvals/{SECOND}.json")]
)
def test_what_cannot_be_read_approves_nothing_and_keeps_nothing_else(bucket: str, key: str, waiting: World) -> None:
    digest = waiting.handle({})["preview"]
    with calls.at("PutObject releases.json", before=calls.killed), pytest.raises(calls.Killed):
        waiting.handle(approval(digest))
    waiting.s3.put_object(Bucket=bucket, Key=key, Body=b"{")
    with pytest.raises(ReleaseError, match=r"not as it was then; send publish_preview\.json"):
        waiting.handle({})
    assert FIRST in waiting.read("index.html")


def test_an_approval_that_was_killed_anywhere_is_finished_by_the_next_run(waiting: World) -> None:
    digest = waiting.handle({})["preview"]
    start = kept()
    with calls.at(None) as made:
        waiting.handle(approval(digest))
    end = objects()
    writes = [number for number, call in enumerate(made) if call.startswith("PutObject") and "runs/" not in call]
    for number in [*writes[1::9], writes[-1]]:
        restore(start)
        with calls.at(number, before=calls.killed), pytest.raises(calls.Killed):
            waiting.handle(approval(digest))
        waiting.handle({})
        assert objects() == end, made[number]


def test_it_is_not_approved_before_the_time_that_its_pages_say(waiting: World) -> None:
    planned = {"action": "preview", "published": "2026-08-01T09:30:00+01:00"}
    digest = waiting.handle(planned)["preview"]
    assert b"1 August 2026" in preview(waiting)["index.html"]
    assert waiting.handle({})["preview"] == digest, "a run that finds it waiting leaves it as it is"
    with pytest.raises(ReleaseError, match="published at 2026-08-01T08:30:00Z and not before"):
        waiting.handle(approval(digest))
    waiting.clock("2026-08-01T08:30:00Z")
    assert waiting.handle(approval(digest))["release"] == SECOND
    assert waiting.json(f"releases/{SECOND}/release.json")["published"] == "2026-08-01T08:30:00Z"


def test_a_newer_release_takes_the_place_of_one_that_waits(waiting: World) -> None:
    digest = waiting.handle({})["preview"]
    waiting.compute(document(THIRD, kpis=kpis()[-1:], as_of=AS_OF + timedelta(days=2)))
    with pytest.raises(ReleaseError, match=f"{THIRD} has taken its place"):
        waiting.handle(approval(digest))
    newer = waiting.handle({})["preview"]
    assert waiting.handle(approval(newer, THIRD))["release"] == THIRD
    assert [one["release"] for one in waiting.json("releases.json")["releases"]] == [FIRST, THIRD]


def test_a_preview_made_against_a_release_that_was_withdrawn_is_made_again(waiting: World) -> None:
    made = document(SECOND, kpis=kpis()[-1:], as_of=AS_OF + timedelta(days=1))
    waiting.compute(made.model_copy(update={"compared_with": FIRST}))
    digest = waiting.handle({})["preview"]
    done = waiting.handle({"action": "withdraw", "release": FIRST, "reason": "a source was read twice"})
    assert done["preview"] not in {digest, None}
    assert json.loads(preview(waiting)["manifest.json"])["compared_with"] is None


def test_withdrawing_and_putting_back_never_wait(waiting: World) -> None:
    waiting.handle({"action": "withdraw", "release": FIRST, "reason": "a source was read twice"})
    assert waiting.handle({"action": "republish", "release": FIRST})["release"] == FIRST


def test_before_anything_is_public_the_preview_alone_is_written(world: World) -> None:
    world.monkeypatch.setenv("RELEASE_MODE", "approve")
    world.compute(document(FIRST))
    digest = world.handle({})["preview"]
    assert objects() == {}
    assert world.handle(approval(digest, FIRST))["release"] == FIRST


def test_a_release_that_is_public_has_nothing_to_preview(public: World) -> None:
    with pytest.raises(ReleaseError, match="is public: there is nothing to preview"):
        public.handle({"action": "preview"})


def test_limits_that_nobody_approved_are_told_as_before(waiting: World) -> None:
    from functions.publish_site.publishing import ApprovalError
    from tests.site.test_approval import later

    waiting.compute(later("not yet approved"))
    with pytest.raises(ApprovalError):
        waiting.handle({})


def test_an_approval_comes_by_its_own_address_and_nothing_else_does(waiting: World) -> None:
    class Alias(Context):
        invoked_function_arn = f"{Context.invoked_function_arn}:approve"

    digest = waiting.handle({})["preview"]
    waiting.monkeypatch.setenv("STAGE", "prod")
    with pytest.raises(RequestError, match="approved at the function's alias:approve"):
        waiting.handle(approval(digest))
    for event in ({}, {"action": "preview"}, {"action": "republish", "release": FIRST}):
        with pytest.raises(RequestError, match="nothing else is done there"):
            app.lambda_handler(event, Alias())
    assert app.lambda_handler(approval(digest), Alias())["release"] == SECOND


@pytest.mark.parametrize(
    "event",
    [
        {"action": "approve", "release": SECOND},
        {"action": "approve", "manifest": "0" * 64},
        {"action": "preview", "release": SECOND},
        {"action": "publish", "published": "2026-08-01T09:30:00Z"},
        {"action": "preview", "published": "2026-08-01T09:30:00"},
    ],
)
def test_an_event_that_says_too_little_or_too_much_is_refused(event: dict[str, Any], waiting: World) -> None:
    with pytest.raises(RequestError):
        waiting.handle(event)
