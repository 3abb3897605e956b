"""What changed: definitions, revisions, new indicators and withdrawals, as a page and as JSON by its schema."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from functions.publish_site.files.schemas import SCHEMAS
from functions.publish_site.inventory import Entry, Inventory, Revised, Withdrawal
from functions.publish_site.pages import history
from tests.site.conftest import PUBLISHED
from tests.site.html import Page
from tests.site.protected_document import document

if TYPE_CHECKING:
    from functions.publish_site.pages.frame import Site

FIRST, SECOND, THIRD = "2026-07-14.1", "2026-07-15.1", "2026-07-16.1"
WITHDRAWN = Withdrawal(release=SECOND, withdrawn_on=date(2026, 7, 17), reason="one source was read twice")


def inventory() -> Inventory:
    """Three releases: the second has an indicator more and revises two figures, the third one."""
    made = Inventory()
    for days, (release, indicators, figures) in enumerate(
        [
            (FIRST, ("school-take-up",), 0),
            (SECOND, ("school-take-up", "placement-rejections"), 2),
            (THIRD, ("school-take-up", "placement-rejections"), 1),
        ]
    ):
        made = made.with_front(
            release,
            None,
            Entry(
                release=release,
                as_of=date(2026, 7, 14) + timedelta(days=days),
                published=PUBLISHED + timedelta(days=days),
                compared_with=(None, FIRST, SECOND)[days],
                indicators=indicators,
                revised=(Revised(kpi="school-take-up", figures=figures),) if figures else (),
            ),
        )
    return made


def told(withdrawn: dict[str, Withdrawal]) -> list[tuple[str, str, str | None]]:
    found = history.changes(document(), inventory(), withdrawn)
    assert [one.on for one in found] == sorted((one.on for one in found), reverse=True)
    body = history.changes_json(found)
    jsonschema.Draft202012Validator(SCHEMAS["changes.schema.json"]).validate(body)
    return [(one["kind"], one["text"], one["release"]) for one in body["changes"]]


def test_a_new_indicator_and_revisions_are_said_with_their_release() -> None:
    found = told({})
    assert ("revision", "2 figures changed since release 2026-07-14.1", SECOND) in found
    assert ("revision", "1 figure changed since release 2026-07-15.1", THIRD) in found
    assert [one for one in found if one[0] == "indicator"] == [
        ("indicator", "Its figures are published for the first time", SECOND)
    ]


def test_what_was_withdrawn_says_so_and_nothing_is_said_against_it() -> None:
    found = told({SECOND: WITHDRAWN})
    assert ("withdrawal", WITHDRAWN.reason, SECOND) in found
    assert [one for one in found if one[0] == "revision"] == [], "the third was compared with it"
    assert [one for one in found if one[0] == "indicator"] == [
        ("indicator", "Its figures are published for the first time", THIRD)
    ]


def test_every_break_of_every_indicator_is_there_with_both_texts() -> None:
    made = document()
    found = history.changes(made, inventory(), {})
    breaks = [(kpi.id, one.on, one.before, one.after) for kpi in made.kpis for one in kpi.description.breaks]
    assert breaks
    kinds = [(one.kpi, one.on, one.before, one.after) for one in found if one.kind == "definition"]
    assert sorted(kinds, key=str) == sorted(breaks, key=str)


@pytest.mark.parametrize("withdrawn", [{}, {SECOND: WITHDRAWN}])
def test_the_page_says_the_same(withdrawn: dict[str, Any], page_frame: Site) -> None:
    found = history.changes(document(), inventory(), withdrawn)
    text = Page.of(history.changes_page(page_frame, inventory(), found)).text
    for one in found:
        assert one.text.rstrip(".")[1:] in text and history.KINDS[one.kind] in text


def test_the_kinds_of_the_schema_are_those_of_the_page() -> None:
    kinds = SCHEMAS["changes.schema.json"]["properties"]["changes"]["items"]["properties"]["kind"]["enum"]
    assert set(kinds) == set(history.KINDS)
