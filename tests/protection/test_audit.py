"""The attacker: known answers, most of them the facts of the publishing rules."""

from __future__ import annotations

import itertools

import pytest

from functions.compute_kpis.protection.audit import Failing, Finding, Rule, audit
from functions.compute_kpis.protection.knowledge import Cell, Group, Link, Percentage, Release

RULE = Rule(width=5, threshold=10, seconds=20)
HIDDEN = Cell(None)


def people(base: int = 5, **cells: int | str | None) -> Release:
    """Return a release that shows these counts of people."""
    return Release({name: Cell(shown) for name, shown in cells.items()}, base)  # type: ignore[arg-type]


def intervals(finding: Finding) -> dict[str, tuple[int, int]]:
    return {name: (found.low, found.high) for name, found in finding.cells.items()}


def failing(finding: Finding) -> set[tuple[str, str]]:
    return {(one.name, one.why) for one in finding.failing}


# The rounding rule.


def test_shown_count_stands_for_all_counts_that_could_have_become_it() -> None:
    found = audit([people(a=35, b=5, c=0, d=None)], [], RULE, every_interval=True)
    assert intervals(found) | {"d": (0, 0)} == {"a": (31, 39), "b": (1, 9), "c": (0, 0), "d": (0, 0)}
    assert found.cells["d"].width > 1000
    assert found.passed


def test_low_is_narrower_than_the_width_with_base_five_and_wide_enough_with_base_ten() -> None:
    assert failing(audit([people(a="low")], [], RULE)) == {("a", "narrow")}
    assert audit([people(10, a="low")], [], RULE).passed


def test_count_that_was_not_rounded_is_found() -> None:
    assert failing(audit([people(a=37)], [], RULE)) == {("a", "narrow")}


def test_one_unrounded_margin_gives_its_parts_away_or_itself() -> None:
    parts = people(north=35, south=45, total=81)
    found = audit([parts], [Link("adds_up", "total", ("north", "south"))], RULE)
    assert ("total", "narrow") in failing(found)


def test_count_that_others_publish_is_no_secret_but_tells_of_its_parts() -> None:
    release = people(north=35, south=45, total=80)
    links = [Link("adds_up", "total", ("north", "south"))]
    assert audit([release], links, RULE).passed
    # With 84 in all, north is from 84 - 49 to 39 and south from 84 - 39 to 49.
    found = audit([release], links, RULE, external={"total": (84, 84)})
    assert failing(found) == {("north", "narrow"), ("south", "narrow")}


# Tables.


def exact(**cells: int | None) -> Release:
    """Return a release of unrounded counts: the classical table with cells left out."""
    return Release({name: Cell(shown) for name, shown in cells.items()}, base=1)


def test_two_hidden_cells_in_every_line_of_a_table_of_four_by_four_still_give_one_away() -> None:
    table = [[20, 50, 3, 4], [8, 9, 6, 30], [40, 25, 7, 8], [60, 10, 2, 5]]
    hidden = {(0, 2), (0, 3), (1, 0), (1, 1), (1, 2), (2, 2), (2, 3), (3, 0), (3, 1)}
    for line in range(4):
        assert len([place for place in hidden if place[0] == line]) >= 2
        assert len([place for place in hidden if place[1] == line]) >= 2
    cells: dict[str, int | None] = {}
    links = []
    for row in range(4):
        for column in range(4):
            cells[f"{row}{column}"] = None if (row, column) in hidden else table[row][column]
        cells[f"row{row}"] = sum(table[row])
        cells[f"column{row}"] = sum(line[row] for line in table)
        links.append(Link("adds_up", f"row{row}", tuple(f"{row}{column}" for column in range(4))))
        links.append(Link("adds_up", f"column{row}", tuple(f"{other}{row}" for other in range(4))))
    found = audit([exact(**cells)], links, RULE, every_interval=True)
    known = {name for name, interval in found.cells.items() if interval.width == 0 and cells[name] is None}
    assert known == {"12"}
    assert intervals(found)["12"] == (6, 6)
    assert ("12", "narrow") in failing(found)


def test_one_hidden_part_is_the_total_less_the_others() -> None:
    links = [Link("adds_up", "total", ("a", "b", "c"))]
    release = people(total=85, a=40, b=40, c=None)
    found = audit([release], links, RULE, enforced=links, categories=frozenset("abc"), every_interval=True)
    # What is published adds up, so c was rounded to 5.
    assert intervals(found)["c"] == (1, 9)
    assert failing(found) == {("c", "small")}


def test_two_hidden_parts_hide_each_other() -> None:
    links = [Link("adds_up", "total", ("a", "b", "c"))]
    release = people(total=85, a=40, b=None, c=None)
    assert audit([release], links, RULE, enforced=links, categories=frozenset("abc")).passed


def test_hidden_part_of_a_small_total_is_certainly_small() -> None:
    links = [Link("at_most", "total", ("a",))]
    found = audit([people(total=5, a=None)], links, RULE, categories=frozenset("a"))
    assert failing(found) == {("a", "small")}


def test_total_of_overlapping_reasons_bounds_each_of_them() -> None:
    links = [
        Link("at_most", "all", ("a",)),
        Link("at_most", "all", ("b",)),
        Link("covered", "all", ("a", "b")),
    ]
    found = audit([people(all=40, a=20, b=None)], links, RULE, every_interval=True)
    # Whoever is not among at most 24 is in b, and nobody is in b who is not among at most 44.
    assert intervals(found)["b"] == (36 - 24, 44)
    tight = audit([people(all=40, a=20, b=15)], links, RULE, every_interval=True)
    assert intervals(tight)["a"] == (17, 24)
    assert intervals(tight)["b"] == (12, 19)


# Percentages.


def test_percentage_from_the_true_counts_gives_the_numerator_away() -> None:
    shown = Percentage("n", "d", 14.3, decimals=1)
    release = Release({"n": Cell(5), "d": Cell(20)}, 5, (shown,))
    found = audit([release], [Link("at_most", "d", ("n",))], RULE, every_interval=True)
    assert intervals(found) == {"n": (3, 3), "d": (21, 21)}
    assert ("n", "percentage") in failing(found)


def test_percentage_of_the_shown_counts_says_nothing_more() -> None:
    shown = Percentage("n", "d", 25.0, decimals=0)
    release = Release({"n": Cell(5), "d": Cell(20)}, 5, (shown,))
    found = audit([release], [Link("at_most", "d", ("n",))], RULE, every_interval=True)
    assert intervals(found) == {"n": (1, 9), "d": (16, 24)}
    assert found.passed


def test_one_decimal_too_many_is_found() -> None:
    # Published counts give 33.4 (335 of 1,005); 33.43 does not follow from them.
    release = Release({"n": Cell(335), "d": Cell(1005)}, 5, (Percentage("n", "d", 33.43, decimals=2),))
    assert ("n", "percentage") in failing(audit([release], [Link("at_most", "d", ("n",))], RULE))


# Groups.


def test_nobody_may_be_certain_that_all_of_a_group_or_none_are_in_a_category() -> None:
    group = [Group("n", "d", none_too=True)]
    links = [Link("at_most", "d", ("n",))]
    assert failing(audit([people(n=0, d=40)], links, RULE, groups=group)) == {("n", "group")}
    assert audit([people(n=40, d=40)], links, RULE, groups=group).passed
    assert audit([people(n=None, d=40)], links, RULE, groups=group).passed
    assert audit([people(n=0, d=0)], links, RULE, groups=group).passed
    certain = audit([people(n=40, d=40)], [*links, Link("at_most", "n", ("d",))], RULE, groups=group)
    assert failing(certain) == {("n", "group")}


# Time, and releases.


def test_successive_months_shrink_each_others_intervals() -> None:
    """By itself the first month leaves [0, 9] and the second [0, 11]; together they leave [2, 5] and [4, 5]."""
    first = exact(total1=9, x1=None, y1=None)
    second = exact(total2=11, x2=None, y2=None, z=5, w=4)
    apart = [Link("adds_up", "total1", ("x1", "y1")), Link("adds_up", "total2", ("x2", "y2"))]
    alone = audit([first, second], apart, RULE, every_interval=True)
    assert (intervals(alone)["x1"], intervals(alone)["x2"]) == ((0, 9), (0, 11))
    cumulative = [
        Link("at_most", "x2", ("x1",)),
        Link("at_most", "y2", ("y1",)),
        Link("at_most", "z", ("x2",)),
        Link("at_most", "x2", ("w",)),
    ]
    together = audit([first, second], [*apart, *cumulative], RULE, every_interval=True)
    assert (intervals(together)["x1"], intervals(together)["x2"]) == ((2, 5), (4, 5))
    assert {("x1", "narrow"), ("x2", "narrow")} <= failing(together)


def test_month_that_is_lower_than_the_one_before_gives_both_away() -> None:
    links = [Link("at_most", "july", ("june",))]
    found = audit([people(june=40, july=35)], links, RULE, every_interval=True, series=[("june", "july")])
    assert intervals(found) == {"june": (36, 39), "july": (36, 39)}
    assert failing(found) == {("june", "narrow"), ("july", "narrow")}


def test_increment_between_two_wide_months_can_be_narrow() -> None:
    links = [Link("at_most", "july", ("june",)), Link("disjoint", "july", ("june", "late"))]
    cells = {"june": Cell(None), "july": Cell(None), "late": Cell(3), "most": Cell(6)}
    bounded = [*links, Link("disjoint", "july", ("june",)), Link("covered", "july", ("june", "most"))]
    found = audit([Release(cells, 5)], bounded, RULE, series=[("june", "july")])
    assert ("july", "narrow") in failing(found)
    assert found.increments["june", "july"].low == 3
    assert found.increments["june", "july"].high == 6
    assert found.cells["june"].width >= 5


def test_increments_of_hidden_lines_are_seen_to_be_wide_without_an_exact_search() -> None:
    """Of all increments of a line no more than one can be great: asked for as a sum, the others stay as they are."""
    lines = [[f"{place}/{month:02}" for month in range(12)] for place in (*range(9), "all")]
    links = [Link("disjoint", parts[-1], parts[:-1]) for parts in zip(*lines, strict=True)]
    links += [Link("at_most", later, (earlier,)) for line in lines for earlier, later in itertools.pairwise(line)]
    hidden = Release(dict.fromkeys(itertools.chain(*lines), HIDDEN), 5)
    none = Rule(RULE.width, RULE.threshold, RULE.seconds, searches=0)
    found = audit([hidden], links, none, enforced=links, series=lines)
    assert (found.failing, found.is_whole, len(found.increments)) == ((), True, 110)


def test_count_that_is_shown_as_before_is_the_same_and_one_that_is_not_was_revised() -> None:
    links = [Link("at_most", "total", ("a",))]
    same = audit([people(total=None, a=40), people(total=40, a=40)], links, RULE, every_interval=True)
    assert intervals(same) == {"total": (36, 44), "a": (36, 44)}
    revised = audit([people(total=80, a=40), people(total=85)], links, RULE, every_interval=True)
    assert intervals(revised)["total"] == (81, 89)
    assert (revised.increments["total", "total"].low, revised.increments["total", "total"].high) == (-3, 13)


def test_revision_of_a_count_whose_rounding_is_not_wide_is_found() -> None:
    found = audit([people(base=1, a=80), people(base=1, a=81)], [], RULE)
    assert ("a", "narrow") in failing(found)
    assert found.increments["a", "a"].width == 0


def test_same_count_under_two_bases_is_seen_from_both() -> None:
    found = audit([people(5, a=35), people(10, a=30)], [], RULE, every_interval=True)
    assert intervals(found)["a"] == (31, 39)
    narrow = audit([people(5, a=35), people(10, a=40)], [], RULE, every_interval=True)
    assert intervals(narrow)["a"] == (31, 39)
    assert failing(audit([people(5, a=35), people(9, a=27)], [], RULE)) == {("a", "narrow")}


def test_releases_that_cannot_all_be_true_are_taken_from_the_newest_back() -> None:
    links = [Link("adds_up", "total", ("a", "b"))]
    gone = people(total=40, a=20, b=20, old=40)
    now = people(total=40, a=20, b=20, c=80)
    impossible = [*links, Link("at_most", "old", ("c",))]
    found = audit([gone, now], impossible, RULE)
    assert found.considered == 1
    assert found.passed


def test_release_that_contradicts_itself_fails() -> None:
    found = audit([people(a=80, b=20)], [Link("at_most", "b", ("a",))], RULE)
    assert found.failing == (Failing("", "contradiction"),)


def test_solver_that_does_not_finish_is_a_failure() -> None:
    names = [f"n{number}" for number in range(60)]
    links = [Link("adds_up", "total", tuple(names)), Link("covered", "total", tuple(names[::2]))]
    release = Release({"total": Cell(300), **dict.fromkeys(names, HIDDEN)}, 5)
    found = audit([release], links, Rule(width=5, threshold=10, seconds=1e-9), categories=frozenset(names))
    assert {one.why for one in found.failing} == {"solver"}


@pytest.mark.parametrize("name", ["a", "b"])
def test_failing_cell_is_named_and_its_value_is_not(name: str) -> None:
    found = audit([people(**{name: 37})], [], RULE)
    assert found.failing == (Failing(name, "narrow"),)
    assert "37" not in repr(found.failing)


def test_hidden_count_before_few_may_be_all_that_few_is_once_that_is_accepted() -> None:
    accepted = Rule(width=5, threshold=10, seconds=20, few_accepted=True)
    cells = {"then": Cell(None), "now": Cell("few"), "other": Cell(None), "total": Cell(30)}
    shown = Release(cells, 5, floor=10)
    names = frozenset(cells) - {"total"}
    grows, adds = Link("at_most", "now", ("then",)), Link("at_most", "now", ("other",))
    found = audit([shown], [grows, adds], accepted, categories=names)
    assert failing(found) == set()
    assert failing(audit([shown], [grows, adds], RULE, categories=names)) == {("then", "small"), ("other", "small")}
    both = Link("disjoint", "most", ("then", "one"))
    at_most_eight = Release({"then": Cell(None), "one": Cell("few"), "most": Cell("few")}, 5, floor=10)
    assert failing(audit([at_most_eight], [both], accepted, categories=frozenset({"then"}))) == {("then", "small")}


def test_what_an_exact_count_alone_says_is_nothing_that_could_be_withheld() -> None:
    """Of one advert, at most one was filled: nobody hides in a smaller crowd than is published exactly."""
    parts = Link("adds_up", "adverts", ("known", "unknown")), Link("adds_up", "known", ("yes", "no"))
    hidden = dict.fromkeys(("known", "unknown", "yes", "no"), Cell(None))
    few = Release({"adverts": Cell(1, exact=True), **hidden}, 5, floor=10)
    assert failing(audit([few], parts, RULE, categories=frozenset(hidden))) == set()
    less = Release({"adverts": Cell(1, exact=True), **hidden, "known": Cell("few")}, 5, floor=10)
    told = {(name, "narrow") for name in hidden if name not in ("yes", "no", "unknown")}
    assert failing(audit([less], parts, RULE, categories=frozenset(hidden))) == told
