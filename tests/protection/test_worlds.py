"""Random worlds of six monthly releases: an attacker of another make finds nothing that he should not.

``make attacks`` tries 200; a usual test run fewer.
"""

from __future__ import annotations

import itertools
import os
import random
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from functions.compute_kpis.protection import guard
from functions.compute_kpis.protection.keys import RoundingKey
from functions.compute_kpis.protection.ledger import Past, past_of
from functions.compute_kpis.protection.lots import Lot
from functions.compute_kpis.releases.disclosure import protect
from placements_kpi.settings import Disclosure
from tests.protection.attacker import ALMOST, Programme, cautious, daring, read
from tests.protection.worlds import MONTHS, REASONS, REGIONS, corrected, people, results_of, without_regions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from functions.compute_kpis.protection.audit import Finding
    from placements_kpi.results import Protected, Results
    from tests.protection.attacker import Count

WORLDS = [*range(int(os.environ.get("ATTACKED_WORLDS", "4")))]
FOUND = 126
"""A world in which one person enters late a region that an earlier release said to be of nobody."""
if FOUND not in WORLDS:
    WORLDS.append(FOUND)
USED = Disclosure(
    base=5,
    floor=10,
    percentage_floor=25,
    width=5,
    threshold=10,
    attempts=6,
    solver_seconds=20,
    few_accepted=True,
    approved_by="the tests",
    approved_on=date(2025, 1, 1),
)
KEY = RoundingKey(b"local-" + b"abcdefghij" * 4)
ANYBODY = 2 * ALMOST


def results_in(number: int) -> Iterator[Results]:
    """Yield what is so in one world, month by month."""
    chance = random.Random(number)
    known = people(chance, 0)
    for month in range(len(MONTHS)):
        yield results_of(known, month)
        known = corrected(chance, known, month) + people(chance, month + 1)


@cache
def releases_of(number: int, missing: frozenset[int] = frozenset()) -> list[Protected]:
    """Return the six releases of one world, each made with the ledger of those before.

    In the months ``missing`` the source that gives the regions did not come.
    """
    past = Past()
    documents = []
    for month, results in enumerate(results_in(number)):
        told = without_regions(results) if month in missing else results
        protection = protect(told, USED, f"{MONTHS[month]}.1", KEY, past)
        past = past_of([*past.pages, protection.page])
        documents.append(protection.document)
    return documents


@pytest.mark.parametrize(
    ("number", "missing"),
    [
        *((number, frozenset[int]()) for number in WORLDS),
        (WORLDS[0], frozenset({1, 3})),
    ],
)
def test_no_count_and_no_increment_is_known_to_less_than_the_width(number: int, missing: frozenset[int]) -> None:
    documents = releases_of(number, missing)
    for newest in range(1, len(documents) + 1):
        knowledge = cautious(documents[:newest])
        programme = Programme(knowledge, USED.base)
        for count in knowledge.views[-1]:
            if not programme.reaches({count: 1}, ANYBODY):
                continue  # nobody, and so about nobody
            assert programme.is_wide({count: 1}, USED.width), f"{count} after {newest} releases"
            if count[2] in REGIONS or (count[1] == "left" and count[2] in REASONS):
                # A hidden one may be known to be under the floor, and then to be no more than that.
                hidden = knowledge.of(count) is None
                small = not programme.reaches({count: 1}, USED.floor - 1 if hidden else USED.threshold)
                assert not small, f"{count} is certainly small after {newest} releases"
            shown = knowledge.of(count)
            assert shown is None or shown % USED.base == 0
        check_increments(programme)


@pytest.mark.parametrize("missing", [frozenset({1, 3}), frozenset({0, 1, 2})])
def test_a_source_that_comes_and_goes_contradicts_no_earlier_release(missing: frozenset[int]) -> None:
    """Every release is made: the ledger, which refuses another number for the same count, takes it."""
    documents = releases_of(WORLDS[0], missing)
    for month, document in enumerate(documents):
        shown = {one.symbol for one in document.kpis[0].figures if one.breakdown == "region"}
        assert (shown == {"x"}) == (month in missing)


@pytest.mark.parametrize(("number", "whole_days"), list(itertools.product(WORLDS, (False, True))))
def test_nothing_is_known_to_less_than_the_width_by_taking_what_is_shown_as_before_for_the_same(
    number: int, *, whole_days: bool
) -> None:
    """A late correction of a few people changes some numbers and not others; that gives none of them away."""
    documents = releases_of(number)
    for newest in range(2, len(documents) + 1):
        knowledge = daring(documents[:newest], whole_days=whole_days)
        programme = Programme(knowledge, USED.base)
        if not programme.can_be():
            continue  # what he believes is not so, and he sees it
        for count in knowledge.views[-1]:
            nobody = not programme.reaches({count: 1}, ANYBODY)
            assert nobody or programme.is_wide({count: 1}, USED.width), f"{count} after {newest} releases"
        check_increments(programme)
        for before, after in knowledge.revised:
            apart = programme.lie_apart({after: 1, before: -1}, USED.width)
            assert apart or max(programme.between({one: 1})[1] for one in (before, after)) < ALMOST


@pytest.mark.parametrize("number", WORLDS)
def test_who_rightly_takes_a_change_for_one_person_is_left_with_as_many_numbers_as_the_base(number: int) -> None:
    """Also where other counts of the day take something off what the change alone leaves (decision 34)."""
    documents, truth = releases_of(number), [read(results) for results in results_in(number)]
    for newest in range(2, len(documents) + 1):
        then, now = truth[newest - 2 : newest]
        days = {day for day, _, _ in then} - {one[0] for one in then if not 0 <= _more(one, then, now) <= 1}
        knowledge = daring(documents[:newest], whole_days=True, one_more=frozenset(days))
        programme = Programme(knowledge, USED.base)
        if not programme.can_be():
            continue
        for unknown in itertools.chain(*knowledge.one_more):
            nobody = programme.between({unknown: 1})[1] < ALMOST
            assert nobody or programme.lie_apart({unknown: 1}, USED.base - 1), f"after {newest} releases"


def _more(one: Count, then: Mapping[Count, int | None], now: Mapping[Count, int | None]) -> int:
    return (now[one] or 0) - (then[one] or 0)


@pytest.mark.parametrize("number", WORLDS)
def test_the_same_counts_again_move_no_figure(number: int) -> None:
    """Another release of a month repeats what its first one counted (publishing#month-ends)."""
    past = Past()
    for month, results in enumerate(results_in(number)):
        told = []
        for release in ("1", "2"):
            protection = protect(results, USED, f"{MONTHS[month]}.{release}", KEY, past)
            past = past_of([*past.pages, protection.page])
            told.append(protection.document.kpis)
        assert told[0] == told[1], MONTHS[month]


def test_nobody_who_blocks_no_release_is_searched_for_longer_than_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without regard to who takes all that is shown as before for the same, releases are made (decision 34)."""
    searches: list[int] = []
    search, look = Lot.extreme, guard.audit

    def counted(*asked: Any, **how: Any) -> int:
        searches[-1] += 1
        return search(*asked, **how)

    def audited(*asked: Any, **how: Any) -> Finding:
        searches.append(0)
        found = look(*asked, **how)
        if not how.get("all_or_none"):
            searches.pop()
        return found

    # Nothing is found fast.
    monkeypatch.setattr(Lot, "apart", lambda *_, **__: None)
    monkeypatch.setattr(Lot, "spread", lambda *_, **__: None)
    monkeypatch.setattr(Lot, "extreme", counted)
    monkeypatch.setattr(guard, "audit", audited)
    made = releases_of.__wrapped__(WORLDS[0])
    assert max(searches) > 1
    searches.clear()
    monkeypatch.setattr(guard, "_SEARCHES", 1)
    assert len(releases_of.__wrapped__(WORLDS[0])) == len(made)
    assert max(searches) == 1


def check_increments(programme: Programme) -> None:
    """Check that no change from month to month is known to less than the width."""
    days = sorted({day for day, _, _ in programme.now})
    for earlier, later in itertools.pairwise(days):
        for _, what, of in [count for count in programme.now if count[0] == earlier]:
            if (later, what, of) in programme.now:
                nobody = not programme.reaches({(later, what, of): 1}, ANYBODY)
                wide = programme.is_wide({(later, what, of): 1, (earlier, what, of): -1}, USED.width)
                assert nobody or wide, f"{what} {of} from {earlier} to {later}"


def test_the_same_results_and_ledger_give_the_same_release() -> None:
    documents = releases_of(0)
    releases_of.cache_clear()
    assert [one.model_dump_json() for one in releases_of(0)] == [one.model_dump_json() for one in documents]


@pytest.mark.parametrize("number", WORLDS)
def test_a_group_is_never_known_to_be_all_alike(number: int) -> None:
    documents = releases_of(number)
    programme = Programme(cautious(documents), USED.base)
    for day, what, of in programme.now:
        if what == "left" and (day, "there", of) in programme.now:
            low, _ = programme.span({(day, "there", of): 1})
            if low > ALMOST:
                assert programme.reaches({(day, "there", of): 1, (day, "left", of): -1}, ANYBODY)
                assert programme.reaches({(day, "left", of): 1}, ANYBODY)
