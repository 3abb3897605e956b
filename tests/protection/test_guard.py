"""One KPI through disclosure control: symbols, withholding in order, revisions, and releases one after another."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest

from functions.compute_kpis.catalogue.definitions import load_definitions
from functions.compute_kpis.catalogue.loading import FOLDER, load_kpi
from functions.compute_kpis.protection.counts import Terms, counts_of, rounded
from functions.compute_kpis.protection.guard import Guarded, guarded, settled
from functions.compute_kpis.protection.keys import RoundingKey
from functions.compute_kpis.protection.ledger import Entry, Past, past_of
from functions.compute_kpis.protection.quantities import Quantity, parse
from functions.compute_kpis.protection.rounding import Rounded, round_all
from functions.compute_kpis.protection.structure import Structure, structure_of
from functions.compute_kpis.protection.withholding import EVERY, Place, steps
from functions.compute_kpis.releases.closed_texts import SENTENCES
from functions.compute_kpis.releases.disclosure import DisclosureError, Protection, protect
from functions.compute_kpis.releases.revisions import RESTATED, declare
from placements_kpi.results import Relation
from placements_kpi.settings import Disclosure
from tests.protection.worlds import DESCRIPTION, MONTHS, REASONS, REGIONS, Person, corrected, people, results_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from placements_kpi.results import Figure, Results

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
STRICT = USED.model_copy(update={"few_accepted": False})
KEY = RoundingKey(b"local-" + b"abcdefghij" * 4)
CAPACITY = "rejections_for_capacity"
LEFT, STAYED = 0, 99


def crowd(**regions: tuple[int, int]) -> list[Person]:
    """Return people by region: how many left and how many there are; reasons in turns."""
    found = []
    for region, (left, there) in regions.items():
        for number in range(there):
            reasons = frozenset({REASONS[number % 3], "place"})
            found.append(Person(region, 0, LEFT if number < left else STAYED, reasons))
    return found


LARGE = crowd(north=(40, 200), south=(52, 300), east=(33, 150), west=(61, 410))


def release(known: Iterable[Person], past: Past | None = None, month: int = 0, used: Disclosure = USED) -> Protection:
    return protect(results_of(known, month), used, f"{MONTHS[month]}.1", KEY, past or Past())


def shown(protection: Protection, measure: str, category: str = "Total", month: int = 0) -> Figure:
    (figure,) = [
        figure
        for figure in protection.document.kpis[0].figures
        if (figure.measure, figure.category, figure.as_of) == (measure, category, MONTHS[month])
    ]
    return figure


def withheld(protection: Protection) -> set[str]:
    assert protection.document.verdict is not None
    assert protection.document.verdict.withheld == len(protection.withheld)
    return {place.partition("/")[2] for place in protection.withheld}


def test_large_table_is_shown_whole_and_adds_up() -> None:
    made = release(LARGE)
    assert withheld(made) == set()
    parts = [shown(made, "headline", region) for region in REGIONS]
    total = shown(made, "headline")
    assert sum(part.numerator or 0 for part in parts) == total.numerator
    assert sum(part.denominator or 0 for part in parts) == total.denominator


def test_one_number_under_several_names_is_published_as_one() -> None:
    made = release(LARGE)
    assert shown(made, "gone").numerator == shown(made, "headline").numerator
    assert {shown(made, "by_reason", reason).denominator for reason in REASONS} == {shown(made, "headline").denominator}


SMALL = crowd(north=(3, 40), south=(52, 300), east=(33, 150), west=(61, 410))


def test_a_small_region_is_under_the_floor_and_nothing_more_follows_for_who_knows_that() -> None:
    made = release(SMALL)
    assert withheld(made) == set()
    assert [shown(made, "headline", region).symbol for region in REGIONS] == ["c", None, None, None]
    name = "world@1/headline.numerator/2025/2025-01-31/region/north"
    assert made.page.entries[name].shown == "few"
    guard = guarded(results_of(SMALL, 0).kpis[0], Terms(USED, KEY, Past()))
    (finding,) = guard.findings
    assert (finding.cells[name].low, finding.cells[name].high) == (1, USED.floor - 1)


def test_where_nobody_accepts_that_the_row_is_withheld_with_the_smallest_other_at_every_point() -> None:
    made = release(SMALL, used=STRICT)
    assert withheld(made) == {"headline/region/north/*/*", "headline/region/east/*/*"}
    assert [shown(made, "headline", region).symbol for region in REGIONS] == ["c", None, "c", None]


def growing(west: int) -> list[Person]:
    """Return people of whom few in the north have left by the first month, and many by the second."""
    first = crowd(north=(3, 40), south=(52, 300), east=(33, 150), west=(west, 410))
    return [*first, *(replace(one, joined=1, left=1) for one in first[:3] * 10)]


def test_a_row_that_falls_under_the_floor_once_is_withheld_at_every_point_where_nobody_accepts_it() -> None:
    for used, symbols in ((USED, ["c", None]), (STRICT, ["c", "c"])):
        made = release(growing(west=62), month=1, used=used)
        assert [shown(made, "headline", "north", month).symbol for month in (0, 1)] == symbols


def test_where_less_than_the_floors_range_follows_by_subtraction_the_row_is_withheld_all_the_same() -> None:
    """The total less the other regions is nothing here: who knows that there is somebody knows 1 to 4."""
    assert withheld(release(growing(west=61), month=1)) == {"headline/region/north/*/*", "headline/region/east/*/*"}


@pytest.mark.parametrize("why", ["published before", "cannot add up"])
def test_where_a_breakdown_is_withheld_that_nobody_is_in_a_region_is_said_all_the_same(
    why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hidden, nobody would be known to be 0 to 4 by who has forgotten it, and ever more be withheld for that."""
    known = crowd(north=(40, 200), east=(33, 150), west=(61, 410))
    past = past_of([release(known).page]) if why == "published before" else Past()
    places: frozenset[Place] = frozenset()
    if why == "published before":
        places = frozenset({Place("headline", "region", EVERY)})
    else:

        def cannot_add_up(counts: dict[str, int], structure: Structure, *more: object) -> Rounded:
            made = round_all(counts, structure, *more)  # type: ignore[arg-type]
            return Rounded(made.counts, tuple(one for one in structure.links if one.kind == "adds_up"))

        monkeypatch.setattr("functions.compute_kpis.protection.counts.round_all", cannot_add_up)
    guard = settled(rounded(counts_of(results_of(known, 0).kpis[0], Terms(USED, KEY, past))), places)
    lines = {link for link in guard.counts.structure.links if link.kind == "adds_up"}
    assert lines <= {*guard.enforced}, "no reader knows which hidden line does not add up"
    symbols = {
        one.category: one.symbol for one in guard.told.figures if (one.measure, one.breakdown) == ("headline", "region")
    }
    assert symbols == {"north": "c", "south": "z", "east": "c", "west": "c"}


def test_who_takes_all_that_is_shown_as_before_for_the_same_blocks_no_release(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does he cost a headline: where nothing less stops him, what is told is what it was without him."""
    plain = guarded(results_of(SMALL, 0).kpis[0], Terms(USED, KEY, Past()))
    monkeypatch.setattr(Past, "daring", lambda *seen: [replace(seen[-1], base=1)])
    assert not guarded(results_of(SMALL, 0).kpis[0], Terms(USED, KEY, Past())).failing
    assert guarded(results_of(SMALL, 0).kpis[0], Terms(USED, KEY, Past())).told.figures == plain.told.figures
    first = release(SMALL)
    assert release(SMALL, past_of([first.page])).document.kpis == first.document.kpis


def of_place_or_other(place: int, other: int) -> Results:
    """Return results of people who left for one of two reasons that nobody can have both of, and many who stayed."""
    left = {"place": place, "other": other}
    known = [Person(REGIONS[n % 4], 0, LEFT, frozenset({one})) for one in left for n in range(left[one])]
    results = results_of([*known, *crowd(north=(0, 150), south=(0, 150), east=(0, 150), west=(0, 150))], 0)
    (kpi,) = results.kpis
    parts = tuple(f"by_reason.numerator@reason={one}" for one in left)
    apart = Relation(kind="disjoint", whole="headline.numerator", parts=parts)
    told = kpi.description.model_copy(update={"relations": (*kpi.description.relations, apart)})
    return results.model_copy(update={"kpis": (kpi.model_copy(update={"description": told}),)})


@pytest.mark.parametrize(("place", "other"), [(311, 7), (306, 16)])
def test_who_guesses_one_person_and_goes_by_what_others_leave_has_as_many_numbers_as_the_base(
    place: int, other: int
) -> None:
    """310 of 315 beside 10 are 306 to 313, as the 10 are 6 at least; 315 by one person more would leave 310 to 313."""
    past = Past()
    told: list[tuple[int, int, int]] = []
    for number in (place, place + 1):
        made = protect(of_place_or_other(number, other), USED, f"{MONTHS[0]}.1", KEY, past)
        past = past_of([*past.pages, made.page])
        figures = [shown(made, "headline"), shown(made, "by_reason", "place"), shown(made, "by_reason", "other")]
        told.append(tuple(one.numerator or 0 for one in figures))  # type: ignore[arg-type]
    off = USED.base - 1
    ends = [(least - off, min(least + off, whole - max(1, rest - off) + off)) for whole, least, rest in told]
    low, high = max(ends[0][0], ends[1][0] - 1), min(ends[0][1], ends[1][1])
    assert 0 not in {*told[0], *told[1]}
    assert low <= place <= high
    assert high - low >= off, f"{told} leave {low} to {high}"


def test_who_guesses_one_person_blocks_no_release(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where numbers that stay would leave a reader more of something else, they do not stay."""
    first = protect(of_place_or_other(311, 7), USED, f"{MONTHS[0]}.1", KEY, Past())
    kpi, terms = of_place_or_other(312, 7).kpis[0], Terms(USED, KEY, past_of([first.page]))
    stays = guarded(kpi, terms)
    assert stays.told.roundings.held
    monkeypatch.setattr(Guarded, "failing", property(lambda guard: ["any"] if guard.told.roundings.held else []))
    assert not guarded(kpi, terms).told.roundings.held


@pytest.mark.parametrize("again", [False, True])
def test_what_one_figure_says_to_be_of_nobody_no_other_hides(again: bool) -> None:
    """Else the next release, which knows from the ledger what was said, would show it: a revision of nothing."""
    past = past_of([release([]).page]) if again else Past()
    terms = Terms(USED, KEY, past)
    guard = settled(rounded(counts_of(results_of([], 0).kpis[0], terms)), frozenset({Place("by_reason", EVERY, EVERY)}))
    assert {one.symbol for one in guard.told.figures if one.measure == "by_reason"} == {"z"}


def test_symbol_is_the_same_whatever_the_reason() -> None:
    made = release(SMALL, used=STRICT)
    small, other = shown(made, "headline", "north"), shown(made, "headline", "east")
    for figure in (small, other):
        assert (figure.symbol, figure.numerator, figure.denominator, figure.value) == ("c", None, None, None)


def test_unchanged_people_are_published_the_same_in_every_release() -> None:
    first = release(LARGE)
    second = release(LARGE, past_of([first.page]))
    assert second.document.kpis == first.document.kpis
    assert second.page.entries == {}
    assert second.document.verdict is not None
    assert second.document.verdict.releases == (first.document.release,)


def test_correction_of_one_person_reveals_nothing_and_is_declared() -> None:
    """From release to release one person more: every published change is of the base, and listed."""
    chance = random.Random(3)
    known = list(LARGE)
    past = Past()
    changes = 0
    for _ in range(12):
        made = release(known, past)
        for name in made.page.revised:
            before, after = past.entries[name].shown, made.page.entries[name].shown
            assert isinstance(before, int)
            assert isinstance(after, int)
            assert abs(after - before) == 5
        for name, entry in made.page.entries.items():
            if name in past.entries and past.entries[name].seal == entry.seal and entry.shown is not None:
                assert past.entries[name].shown in {None, entry.shown}
        changes += len(made.page.revised)
        past = past_of([*past.pages, made.page])
        known.append(Person(chance.choice(REGIONS), 0, LEFT, frozenset({chance.choice(REASONS)})))
    assert changes


@pytest.mark.parametrize("seed", [0, 1, 3])
def test_no_shown_number_moves_against_the_true_one_from_any_release_to_any_later_one(seed: int) -> None:
    """People come late, are taken out and move, month after month, and every sum still adds up."""
    chance = random.Random(seed)
    known = [one for month in range(2) for one in people(chance, month)]
    past = Past()
    seen: dict[str, list[tuple[int, int]]] = defaultdict(list)
    moved = 0
    for _ in range(8):
        made = release(known, past, month=1)
        for name, count in _true(known, 1).items():
            shown_now = ({**past.entries, **made.page.entries})[name].shown
            if isinstance(shown_now, int):
                for true, before in seen[name]:
                    moved += before != shown_now
                    assert true > count or before <= shown_now, name
                    assert true < count or before >= shown_now, name
                seen[name].append((count, shown_now))
        for month in range(2):
            parts = [shown(made, "headline", region, month) for region in REGIONS]
            total = shown(made, "headline", month=month)
            if None not in {total.numerator, *(part.numerator for part in parts)}:
                assert sum(part.numerator or 0 for part in parts) == total.numerator
                assert sum(part.denominator or 0 for part in parts) == total.denominator
        past = past_of([*past.pages, made.page])
        known = corrected(chance, corrected(chance, known, 1), 1)
    assert moved


def test_correction_published_as_the_difference_it_makes_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A published number moved by the one person who came late tells that it was one: nothing of that gets out."""
    first = release(LARGE)
    late = [*LARGE, Person("north", 0, LEFT, frozenset({"place"}))]
    true = {name: guard_count for name, guard_count in _true(LARGE).items() if guard_count != _true(late)[name]}
    assert true, "the correction changes no count"

    def by_the_difference(counts: dict[str, int], *more: object) -> Rounded:
        made = round_all(counts, *more)  # type: ignore[arg-type]
        moved = {
            name: first.page.entries[name].rounded + counts[name] - true[name]
            for name in counts
            if name in true and name in first.page.entries
        }
        assert moved
        return Rounded({**made.counts, **moved}, made.broken)

    monkeypatch.setattr("functions.compute_kpis.protection.counts.round_all", by_the_difference)
    try:
        second = release(late, past_of([first.page]))
    except DisclosureError:
        return
    shown_now = [(figure.numerator, figure.denominator) for figure in second.document.kpis[0].figures]
    assert all(number is None or number % 5 == 0 for pair in shown_now for number in pair)
    assert second.document.verdict is not None
    assert second.document.verdict.withheld


def _true(known: Iterable[Person], month: int = 0) -> dict[str, int]:
    guard = guarded(results_of(known, month).kpis[0], Terms(USED, KEY, Past()))
    return dict(guard.counts.by_name)


def test_release_that_cannot_be_made_safe_is_refused_with_names_and_no_values() -> None:
    name = "world@1/headline.numerator/2025/2025-01-31/national/Total"
    true = sum(person.left == LEFT for person in LARGE)
    # Others publish how many left in all, and in the north and south; the rest are then too well known.
    known = crowd(north=(40, 200), south=(52, 300))
    regions = {
        f"world@1/headline.numerator/2025/2025-01-31/region/{region}": (count, count)
        for region, count in (("north", 41), ("south", 52))
    }
    used = USED.model_copy(update={"external_totals": {name: (92, 92)} | regions, "attempts": 2})
    with pytest.raises(DisclosureError, match="could be worked out") as refused:
        release(known, used=used)
    assert str(true) not in str(refused.value)


def test_total_that_others_publish_is_allowed_for() -> None:
    name = "world@1/headline.numerator/2025/2025-01-31/national/Total"
    known = crowd(north=(3, 40), south=(52, 300), east=(33, 150), west=(61, 410))
    exact = sum(person.left == LEFT for person in known)
    made = release(known, used=USED.model_copy(update={"external_totals": {name: (exact, exact)}}))
    assert made.document.verdict is not None
    assert made.document.verdict.state == "passed"


def test_withholding_goes_from_the_row_to_everything() -> None:
    failing = parse("world@1/headline.numerator/2025/2025-01-31/region/north")
    whole = parse("world@1/gone.numerator/2025/2025-01-31/national/Total")
    told = list(steps(DESCRIPTION, [failing], [whole], lambda row: "south", len))
    assert told[0] == {Place("headline", "region", EVERY, 2025, "2025-01-31")}
    assert told[1] == {Place("headline", "region", "north"), Place("headline", "region", "south")}
    assert told[2] == {Place("gone", "national", "Total", 2025, "2025-01-31")}
    assert told[3] == {Place("headline", "region", EVERY)}
    assert Place("headline", EVERY, EVERY) not in told[5]
    assert {Place("gone", EVERY, EVERY), Place("headline", "region", EVERY)} <= told[5]
    assert told[6] == {Place(measure.id, EVERY, EVERY) for measure in DESCRIPTION.measures}


def test_structure_says_what_a_reader_knows() -> None:
    names = [
        f"world@1/headline.{part}/2025/{month.isoformat()}/{place}"
        for month in MONTHS[:2]
        for part in ("numerator", "denominator")
        for place in ("national/Total", *(f"region/{region}" for region in REGIONS))
    ]
    structure = structure_of(DESCRIPTION, names)
    kinds = [link.kind for link in structure.links]
    assert kinds.count("adds_up") == 4
    assert "covered" not in kinds
    assert len(structure.series) == 10
    assert len(structure.categories) == 16
    assert structure.totals == {name for name in names if "national" in name}


def test_structure_knows_that_regions_add_up_for_applications_and_overlap_for_candidates() -> None:
    rejections = load_kpi(FOLDER / "placement-rejections", load_definitions()).description
    at = f"2025/{MONTHS[0].isoformat()}"
    regions = [category.code for part in rejections.breakdowns if part.id == "region" for category in part.categories]

    def named(measure: str, part: str) -> tuple[str, list[str]]:
        start = f"placement-rejections@1/{measure}.{part}/{at}"
        return f"{start}/national/Total", [f"{start}/region/{region}" for region in regions]

    def links(whole: str) -> dict[str, set[tuple[str, ...]]]:
        kinds = {link.kind for link in structure.links if link.whole == whole}
        return {
            kind: {one.parts for one in structure.links if (one.kind, one.whole) == (kind, whole)} for kind in kinds
        }

    names = [named(measure, part) for measure in (CAPACITY, "headline") for part in ("numerator", "denominator")]
    coverage, _ = named("coverage", "numerator")
    structure = structure_of(rejections, [coverage, *(name for total, parts in names for name in (total, *parts))])
    (rejected, by_region), (readable, readable_by_region), (people, people_by_region), (known, known_by_region) = names
    assert structure.of(readable) == coverage
    assert links(rejected)["adds_up"] == {tuple(by_region)}
    assert links(coverage)["adds_up"] == {tuple(readable_by_region)}
    assert links(people)["covered"] == {tuple(people_by_region)}
    assert "adds_up" not in links(people)
    assert (people,) in links(rejected)["at_most"]
    assert (known,) in links(coverage)["at_most"]
    # A region's candidates are no more than its own rejections, and nothing is said of another region's.
    assert [links(one)["at_most"] for one in by_region] == [{(one,)} for one in people_by_region]
    assert [links(one)["at_most"] for one in readable_by_region] == [
        {(part,), (readers,)} for part, readers in zip(by_region, known_by_region, strict=True)
    ]


def test_withholding_takes_a_neighbour_only_where_parts_add_up() -> None:
    rejections = load_kpi(FOLDER / "placement-rejections", load_definitions()).description
    place = (2025, "2025-01-31", "region", "E12000001")
    for measure, rows in ((CAPACITY, 2), ("headline", 1)):
        failing = Quantity("placement-rejections@1", measure, "numerator", *place)
        assert len(next(steps(rejections, [failing], [], lambda row: "E12000002", lambda _: 0))) == rows


def test_many_small_worlds_always_end_with_a_passing_verdict_or_nothing_to_see() -> None:
    for number in range(4):
        chance = random.Random(1000 + number)
        results: Results = results_of(people(chance, 0), 0)
        made = protect(results, USED, "2025-01-31.1", KEY, Past())
        assert made.document.verdict is not None
        assert made.document.verdict.failing == ()


def test_a_period_whose_earlier_figures_cannot_be_of_the_same_people_is_restated_and_marked() -> None:
    """More had left by an earlier day than have by now, and no number of that day is told any more."""
    first = release(LARGE)
    gone = "world@1/headline.numerator/2025/2025-01-15/national/Total"
    page = first.page.model_copy(
        update={"entries": {**first.page.entries, gone: Entry(shown=900, rounded=900, seal="another")}}
    )
    made = release(LARGE, past_of([page]))
    assert made.restated == {("world", 2025)}
    assert {stands for _, _, stands in made.page.restated} == {"2025-01-15", "2025-01-31"}
    assert {*first.page.entries} == {*made.page.entries}, "of a restated day, a page has everything"
    told = declare(made.document, first.document, made.restated)
    assert len(told.revisions) == len(made.document.kpis[0].figures)
    assert {one.reason for one in told.revisions} == {RESTATED}
    assert RESTATED in SENTENCES, "or the publisher would refuse the release"
    assert {one.finality for one in told.kpis[0].figures} == {"revised"}
    # From then on nobody takes the earlier figures for others of the same people.
    third = release(LARGE, past_of([page, made.page]))
    assert third.restated == frozenset()
    assert third.page.entries == {}
