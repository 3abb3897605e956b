"""The ledger: what was published stays, what contradicts it is refused, and it never holds a true count."""

from __future__ import annotations

import json

import pytest

from functions.compute_kpis.protection.keys import RoundingKey
from functions.compute_kpis.protection.knowledge import Release
from functions.compute_kpis.protection.ledger import Entry, LedgerError, Past, page_of, past_of, scope_of

KEY = RoundingKey(b"local-" + b"abcdefghij" * 4)
NAME = "kpi@1/headline.numerator/2025/2025-01-31/national/Total"
OTHER = "kpi@1/headline.denominator/2025/2025-01-31/national/Total"
LATER = "kpi@1/headline.numerator/2026/2026-01-31/national/Total"


def entry(name: str, true: int, shown: int | None) -> Entry:
    return Entry(shown=shown, rounded=true // 5 * 5 if shown is None else shown, seal=KEY.seal(name, true))


def with_page(past: Past, release: str, entries: dict[str, Entry], base: int = 5) -> Past:
    return past_of([*past.pages, page_of(past, release, base, 10, KEY.key_id, entries)])


def test_other_value_for_an_unchanged_count_is_refused() -> None:
    past = with_page(Past(), "2025-02-01.1", {NAME: entry(NAME, 37, 35)})
    with pytest.raises(LedgerError, match="have not changed") as refused:
        page_of(past, "2025-03-01.1", 5, 10, KEY.key_id, {NAME: entry(NAME, 37, 40)})
    assert "37" not in str(refused.value)


def test_other_value_for_a_changed_count_is_a_declared_revision() -> None:
    past = with_page(Past(), "2025-02-01.1", {NAME: entry(NAME, 37, 35), LATER: entry(LATER, 50, 50)})
    page = page_of(past, "2025-03-01.1", 5, 10, KEY.key_id, {NAME: entry(NAME, 41, 40), LATER: entry(LATER, 50, 50)})
    assert page.revised == (NAME,)
    assert page.considered == ("2025-02-01.1",)


def test_page_has_only_what_is_new_and_all_of_a_period_that_is_revised() -> None:
    first = {NAME: entry(NAME, 37, 35), OTHER: entry(OTHER, 90, 90), LATER: entry(LATER, 50, 50)}
    past = with_page(Past(), "2025-02-01.1", first)
    assert page_of(past, "2025-03-01.1", 5, 10, KEY.key_id, first).entries == {}
    revised = first | {NAME: entry(NAME, 41, 40)}
    assert set(page_of(past, "2025-03-01.1", 5, 10, KEY.key_id, revised).entries) == {NAME, OTHER}


def test_reader_of_a_restated_period_starts_from_it() -> None:
    first = {NAME: entry(NAME, 37, 35), OTHER: entry(OTHER, 90, 90), LATER: entry(LATER, 50, 50)}
    past = with_page(Past(), "2025-02-01.1", first)
    past = with_page(past, "2025-03-01.1", first | {NAME: entry(NAME, 41, 40)})
    told = [sorted(release.cells) for release in past.shown("kpi@1", frozenset())]
    assert told == [[LATER], sorted([NAME, OTHER])]
    assert past.shown("kpi@2", frozenset()) == []


def test_reader_may_have_forgotten_that_there_was_nobody() -> None:
    first = {NAME: entry(NAME, 0, 0), OTHER: entry(OTHER, 90, 90), LATER: entry(LATER, 50, 50)}
    past = with_page(Past(), "2025-02-01.1", first)
    past = with_page(past, "2025-03-01.1", first | {NAME: entry(NAME, 1, None)})
    assert (past.pages[-1].revised, past.pages[-1].no_longer_nobody) == ((NAME,), (NAME,))
    believed = [sorted(release.cells) for release in past.shown("kpi@1", frozenset())]
    assert believed == [sorted(first), sorted([NAME, OTHER])]
    forgotten = [sorted(release.cells) for release in past.shown("kpi@1", frozenset(), believed=False)]
    assert forgotten == [[LATER], sorted([NAME, OTHER])]


def test_daring_reader_believes_what_nothing_disproves() -> None:
    """A number that is shown as before, or hidden since, is the same; what is hidden beside a change begins anew."""
    first = {NAME: entry(NAME, 37, 35), OTHER: entry(OTHER, 7, None), LATER: entry(LATER, 50, 50)}
    past = with_page(Past(), "2025-02-01.1", first)
    changed = first | {NAME: entry(NAME, 41, 40), LATER: entry(LATER, 48, None)}
    past = with_page(past, "2025-03-01.1", changed)
    newest = Release({name: one.cell for name, one in changed.items()}, 5)
    seen = past.daring("kpi@1", frozenset(), newest)
    assert [sorted(release.cells) for release in seen] == [sorted(first)] * 3
    assert [[name for name, cell in release.cells.items() if cell.anew] for release in seen] == [[], [OTHER], []]
    assert [sorted(release.cells) for release in past.daring("kpi@1", frozenset({scope_of(NAME)}), newest)] == [
        [LATER],
        [LATER],
        sorted(first),
    ]
    assert past.daring("kpi@2", frozenset(), newest) == [newest]


def test_nobody_hidden_for_another_reason_is_still_nobody() -> None:
    past = with_page(Past(), "2025-02-01.1", {NAME: entry(NAME, 0, 0)})
    past = with_page(past, "2025-03-01.1", {NAME: entry(NAME, 0, None)})
    assert past.pages[-1].no_longer_nobody == ()
    past = with_page(past, "2025-04-01.1", {NAME: entry(NAME, 1, None)})
    assert past.pages[-1].no_longer_nobody == (NAME,)


@pytest.mark.parametrize("true", [37, 9])
def test_hiding_and_showing_again_restates_the_day(true: int) -> None:
    """A number that becomes ``c``, or the reverse, restates its day (publishing#the-ledger)."""
    first = {NAME: entry(NAME, 37, 35), OTHER: entry(OTHER, 90, 90), LATER: entry(LATER, 50, 50)}
    hidden = first | {NAME: entry(NAME, true, None)}
    past = with_page(Past(), "2025-02-01.1", first)
    for release, now in (("2025-03-01.1", hidden), ("2025-04-01.1", first)):
        past = with_page(past, release, now)
        assert past.pages[-1].revised == (NAME,)
        assert set(past.pages[-1].entries) == {NAME, OTHER}
        forgotten = [sorted(page.cells) for page in past.shown("kpi@1", frozenset(), believed=False)]
        assert forgotten == [[LATER], sorted([NAME, OTHER])]
    believed = [sorted(page.cells) for page in past.shown("kpi@1", frozenset())]
    # Who goes on to believe the earlier figures is right where the count is the same, and the audit has to know him.
    same = [sorted(first), sorted([NAME, OTHER]), sorted([NAME, OTHER])]
    assert believed == (same if true == 37 else [[LATER], sorted([NAME, OTHER])])


def test_ledger_holds_no_true_count() -> None:
    page = page_of(Past(), "2025-02-01.1", 5, 10, KEY.key_id, {NAME: entry(NAME, 31337, None)})
    assert "31337" not in json.dumps(page.model_dump(mode="json"))


def test_seal_tells_whether_a_count_is_the_same_to_the_holder_of_the_key_alone() -> None:
    other = RoundingKey(b"local-" + b"klmnopqrst" * 4)
    assert KEY.seal(NAME, 37) == KEY.seal(NAME, 37)
    assert len({KEY.seal(NAME, 37), KEY.seal(NAME, 38), KEY.seal(OTHER, 37), other.seal(NAME, 37)}) == 4
