"""Nothing about real people is made public before somebody has approved the limits; what takes back never waits."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from functions.publish_site import site
from functions.publish_site.publishing import ApprovalError
from placements_kpi.facts import names_approver
from tests.site.conftest import DATA, PUBLISHED, World
from tests.site.protected_document import AS_OF, audited, document, kpis
from tests.site.settled import FIRST, SECOND

if TYPE_CHECKING:
    from functions.publish_site.pages.frame import Site
    from placements_kpi.results import Protected

REASON = "one source was read twice"


def real(release: str, by: str, **changes: Any) -> Protected:
    made = document(release, kpis=kpis()[-1:], demonstration=False, **changes)
    return audited(made.model_copy(update={"disclosure": made.disclosure.model_copy(update={"approved_by": by})}))


def later(by: str) -> Protected:
    return real(SECOND, by, as_of=AS_OF + timedelta(days=1))


@pytest.fixture
def published(world: World) -> World:
    """One release with an approval is public, and a newer one without is computed."""
    world.compute(real(FIRST, "Head of profession"))
    world.handle({})
    world.compute(later("not yet approved"))
    world.clock("2026-07-16T08:30:00Z")
    return world


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("not yet approved", False),
        ("Not approved", False),
        ("not", False),
        (" NOT decided", False),
        ("", False),
        ("Head of profession for statistics", True),
        ("The notary", True),
    ],
)
def test_a_text_that_begins_with_not_names_nobody(text: str, names: bool) -> None:
    assert names_approver(text) is names


@pytest.mark.parametrize("by", ["not yet approved", "Not approved", ""])
def test_a_release_without_an_approval_is_not_made_public_and_the_page_stays(by: str, published: World) -> None:
    published.compute(later(by))
    before = published.objects()
    for _ in range(2):
        with pytest.raises(ApprovalError, match=f"release {SECOND} is prepared and not public"):
            published.handle({})
    now = published.objects()
    assert not [key for key in now if SECOND in key]
    assert FIRST in published.read("index.html")
    assert {key: body for key, body in now.items() if key.startswith("releases/")} == {
        key: body for key, body in before.items() if key.startswith("releases/")
    }
    records = [published.json(key, DATA) for key in published.objects(DATA) if key.startswith("runs/publish_site/")]
    failed = [one for one in records if one["outcome"] == "failed"]
    assert {one["error"]["kind"] for one in failed} == {"ApprovalError"}
    assert all(SECOND in one["error"]["message"] for one in failed)


def test_before_anything_is_public_nothing_at_all_is_written(world: World) -> None:
    world.compute(real(FIRST, "not yet approved"))
    with pytest.raises(ApprovalError):
        world.handle({})
    assert world.objects() == {}


def test_a_source_that_has_become_too_old_is_named_while_a_release_waits(published: World) -> None:
    published.clock("2026-12-01T08:30:00Z")
    assert "It should never be more than" not in published.read("index.html")
    with pytest.raises(ApprovalError):
        published.handle({})
    assert "It should never be more than" in published.read("index.html")


def test_with_an_approval_it_is_published(published: World) -> None:
    with pytest.raises(ApprovalError):
        published.handle({})
    published.compute(later("Head of profession"))
    assert published.handle({})["release"] == SECOND
    assert SECOND in published.read("index.html")


def test_invented_people_need_no_approval(world: World) -> None:
    made = document(FIRST, kpis=kpis()[-1:])
    unapproved = made.disclosure.model_copy(update={"approved_by": "not yet approved"})
    world.compute(audited(made.model_copy(update={"disclosure": unapproved})))
    assert world.handle({})["release"] == FIRST
    assert "Limits not approved" not in world.read("index.html")


def test_a_withdrawal_does_not_wait(published: World) -> None:
    done = published.handle({"action": "withdraw", "release": FIRST, "reason": REASON})
    assert (done["release"], done["held"], done["withdrawn"]) == (None, SECOND, [FIRST])
    assert "No figures are published" in published.read("index.html")
    assert "was withdrawn" in published.read(f"releases/{FIRST}/index.html")
    assert not [key for key in published.objects() if SECOND in key]


def test_a_release_that_was_public_is_put_in_front_again_without_waiting(published: World) -> None:
    published.handle({"action": "withdraw", "release": FIRST, "reason": REASON})
    done = published.handle({"action": "republish", "release": FIRST})
    assert (done["release"], done["withdrawn"]) == (FIRST, [])
    assert FIRST in published.read("index.html")


def test_a_release_that_was_public_before_the_approval_was_taken_back_does_not_wait(published: World) -> None:
    published.compute(real(FIRST, "not yet approved"))
    assert published.handle({"action": "republish", "release": FIRST})["release"] == FIRST


def test_a_release_that_was_never_public_cannot_be_put_in_front_past_the_approval(published: World) -> None:
    with pytest.raises(ApprovalError):
        published.handle({"action": "republish", "release": SECOND})
    assert not [key for key in published.objects() if SECOND in key]


def test_a_dry_run_says_so_too(published: World) -> None:
    with pytest.raises(ApprovalError):
        published.handle({"dry_run": True})


def test_on_one_machine_it_is_shown_under_a_banner_on_every_page(published: World) -> None:
    published.monkeypatch.setenv("UNAPPROVED_LIMITS", "show")
    assert published.handle({})["release"] == SECOND
    pages = [key for key in published.objects() if key.startswith(f"releases/{SECOND}/") and key.endswith(".html")]
    assert len(pages) > 8
    for key in ("index.html", *pages):
        assert "Limits not approved" in published.read(key), key


def test_with_an_approval_there_is_no_banner(page_frame: Site) -> None:
    made = real(FIRST, "Head of profession")
    for path, body in site.release_files(page_frame, made, PUBLISHED).items():
        assert b"Limits not approved" not in body, path
