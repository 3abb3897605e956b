"""What the published pages and queries say of how the counts of each indicator hang together.

Written from "What each figure counts", "How we count it" and the published SQL; not from what the project declares to
its own audit. A rule of counts that may differ between days, of which the page does not say so, is not used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from tests.attacks.reading import WHOLE, Count

REGION_OF_PROVIDER = "Region of the training provider"
BY_REASON = "Reason for rejection"

PEOPLE: Mapping[str, Callable[[Count], bool]] = {
    "placement-rejections": lambda count: True,
    "trainee-withdrawals": lambda count: True,
    "school-participation": lambda count: count.measure in {"allocations_not_counted", "records_not_counted"},
    # How many adverts there are, and how many take applications, is about adverts. What became of one is about those
    # who applied.
    "ect-vacancies": lambda count: (
        not (
            count.measure == "coverage_taking_applications"
            or (count.measure == "coverage_any_outcome" and count.part == "denominator")
        )
    ),
    # The score is made of the published counts of the levels, and is no count.
    "user-satisfaction": lambda count: count.measure != "score",
    "records": lambda count: count.measure in OF_PEOPLE or (count.measure == "notes" and count.period in SOURCES),
}
OF_PEOPLE = frozenset({"application_choices", "trainees", "mentor_allocations", "vacancy_applications"})
SOURCES = frozenset({"apply", "register", "vacancies"})

RISING: Mapping[str, frozenset[str]] = {
    "placement-rejections": frozenset(
        "headline strict coverage rejected_by_default candidates_who_applied candidates_by_reason_group "
        "rejections_for_capacity".split()
    ),
    "trainee-withdrawals": frozenset({"cohort_rate", "moved_withdrawals_in_cohort"}),
}
"""Measures that count what had happened by the day, each day out of the same records: they never fall in a period."""


def is_about_people(count: Count) -> bool:
    """Return whether a count is of people, their applications or records, or depends on what they did."""
    return count.kpi in PEOPLE and PEOPLE[count.kpi](count)


class Fact(NamedTuple):
    """``least`` <= sum of terms <= ``most``. ``kept_by_shown``: published numbers keep to it too.

    ``gives_way``: unless counts are in the way that may not move against the truth; it is about no published sum.
    """

    terms: Mapping[Count, int]
    least: int | None
    most: int | None
    kept_by_shown: bool
    gives_way: bool = False


@dataclass(frozen=True)
class Point:
    """One day of one period of an indicator: which counts there are at it."""

    kpi: str
    period: str
    day: str
    there: frozenset[Count]

    def at(self, measure: str, part: str = "numerator", cut: str = WHOLE, item: str = WHOLE) -> Count | None:
        """Return the name of a count, if the release has it (``x`` is none)."""
        count = Count(self.kpi, measure, part, self.period, self.day, cut, item)
        return count if count in self.there else None

    def items(self, measure: str, part: str, cut: str) -> list[Count]:
        """Return the counts of one breakdown of a measure."""
        return sorted(one for one in self.there if (one.measure, one.part, one.cut) == (measure, part, cut))

    def cuts(self, measure: str, part: str) -> list[list[Count]]:
        """Return the counts of a measure in each of its breakdowns."""
        cuts = sorted({one.cut for one in self.there if (one.measure, one.part) == (measure, part)} - {WHOLE})
        return [self.items(measure, part, cut) for cut in cuts]


def at_most(less: list[Count | None], more: list[Count | None], *, shown: bool = False) -> Iterator[Fact]:
    """Yield that a sum is at most another, if all of both are there."""
    if None not in less and None not in more and less and more:
        terms: dict[Count, int] = {}
        for counts, by in ((less, 1), (more, -1)):
            for count in counts:
                if count is not None:
                    terms[count] = terms.get(count, 0) + by
        yield Fact({count: by for count, by in terms.items() if by}, None, 0, shown)


def equal(whole: list[Count | None], parts: list[Count | None], *, shown: bool = False) -> Iterator[Fact]:
    """Yield that two sums are the same."""
    for fact in at_most(whole, parts, shown=shown):
        if fact.terms:
            yield fact._replace(least=0)


def overlapping(whole: Count | None, parts: list[Count], *, shown: bool = True) -> Iterator[Fact]:
    """Yield that everybody of the whole is in some part, and nobody of a part is outside the whole."""
    for part in parts:
        yield from at_most([part], [whole], shown=shown)
    for fact in at_most([whole], list(parts), shown=shown):
        yield fact._replace(gives_way=True)


def facts_at(point: Point) -> Iterator[Fact]:
    """Yield what holds between the counts of one day."""
    for count in point.there:
        if count.part == "numerator":
            yield from at_most([count], [_denominator(point, count)], shown=True)
    yield from FACTS.get(point.kpi, _none)(point)


def _denominator(point: Point, count: Count) -> Count | None:
    other = count._replace(part="denominator")
    return other if other in point.there else None


def _none(point: Point) -> Iterator[Fact]:
    yield from ()


def placement_rejections(at: Point) -> Iterator[Fact]:
    """Candidates rejected: reasons and regions overlap; each rejection that can be read has its own reasons."""
    capacity, readable = at.at("headline"), at.at("headline", "denominator")
    applied = at.at("candidates_who_applied")
    read, rejected = at.at("coverage"), at.at("coverage", "denominator")
    reasons = {
        count.item: count for count in at.items("candidates_by_reason_group", "numerator", "Reason for rejection")
    }
    for count in at.items("candidates_by_reason_group", "denominator", "Reason for rejection"):
        yield from equal([readable], [count], shown=True)
    yield from equal([readable], [at.at("strict", "denominator")], shown=True)
    yield from equal([capacity], [at.at("turned_away", "denominator")], shown=True)
    yield from at_most([at.at("strict")], [capacity], shown=True)
    # A reason that was not collected, or does not exist, was given to nobody.
    given = [reasons[one] for one in ("School placement", "Mentor") if one in reasons]
    yield from overlapping(at.at("strict"), given)
    full = [*given, *(reasons[one] for one in ("Course full",) if one in reasons)]
    yield from overlapping(capacity, full)
    if "Other reasons only" in reasons:
        other = reasons["Other reasons only"]
        yield from overlapping(readable, [*full, other])
        yield from at_most([readable], [capacity, other])
        yield from at_most([capacity, other], [read])
    for unread in ("No reason given", "Reason given in writing only", "Reason that we do not know yet"):
        if unread in reasons:
            yield from at_most([reasons[unread]], [applied], shown=True)
            yield from at_most([reasons[unread]], [rejected])
    unreadable = [reasons[one] for one in ("No reason given", "Reason given in writing only") if one in reasons]
    yield from at_most([read, *unreadable], [rejected])
    yield from at_most([readable], [read], shown=True)
    yield from at_most([readable], [applied], shown=True)
    yield from at_most([at.at("rejected_by_default")], [applied], shown=True)
    for part, whole in (("numerator", capacity), ("denominator", readable)):
        regions = at.items("headline", part, REGION_OF_PROVIDER)
        yield from overlapping(whole, regions)
        yield from at_most(list(regions), [read])
    for_capacity = at.at("rejections_for_capacity")
    yield from at_most([capacity], [for_capacity])
    yield from at_most([for_capacity], [read])


def trainee_withdrawals(at: Point) -> Iterator[Fact]:
    """Trainees: a provider has one region, reasons overlap, a move is not a withdrawal."""
    left, result = at.at("outcome_rate"), at.at("outcome_rate", "denominator")
    for part, whole in (("numerator", left), ("denominator", result)):
        yield from equal([whole], list(at.items("outcome_rate", part, REGION_OF_PROVIDER)), shown=True)
    for count in at.items("withdrawals_by_reason_group", "denominator", "Reason for withdrawal"):
        yield from equal([result], [count], shown=True)
    reasons = at.items("withdrawals_by_reason_group", "numerator", "Reason for withdrawal")
    yield from overlapping(left, reasons)
    started = at.at("cohort_rate", "denominator")
    yield from at_most([at.at("cohort_rate"), at.at("moved_withdrawals_in_cohort")], [started])
    for count in reasons:
        if count.item == "Other":
            for assumed in at.items("records_with_assumption", "numerator", "What we assumed"):
                yield from at_most([assumed], [count])


def school_participation(at: Point) -> Iterator[Fact]:
    """Allocations that do not count each have one reason."""
    reasons = at.items("allocations_not_counted", "numerator", "Why not counted")
    yield from equal([at.at("allocations_not_counted")], list(reasons), shown=True)


def ect_vacancies(at: Point) -> Iterator[Fact]:
    """Adverts are each in one class, one region and one phase; who applies is in several."""
    classes = {count.item: count for count in at.items("vacancies_by_class", "numerator", "How the advert ended")}

    def ended(*names: str) -> list[Count | None]:
        return [classes.get(name) for name in names]

    conflict = "Offer to an early career teacher, but the school says otherwise"
    probably = "Filled by an early career teacher, probably"
    possibly = "Filled by an early career teacher, possibly"
    another, by_whom = "Filled, not by an early career teacher", "Filled, not known by whom"
    adverts = at.at("coverage_any_outcome", "denominator")
    yield from equal([adverts], list(classes.values()), shown=False)
    yield from equal([at.at("headline")], ended(probably), shown=True)
    yield from equal([at.at("lower_bound")], ended(probably), shown=True)
    yield from equal([at.at("headline", "denominator")], ended(probably, possibly, another), shown=True)
    yield from equal([at.at("all_filled")], ended(probably, possibly, another, by_whom), shown=True)
    yield from equal([at.at("upper_bound")], ended(probably, possibly, by_whom), shown=True)
    yield from equal([adverts], [at.at("coverage_any_outcome"), classes.get("Not known")])
    offers, usable = at.at("coverage_usable_trn", "denominator"), at.at("coverage_usable_trn")
    yield from at_most(ended(conflict, probably, possibly, another), [offers])
    yield from equal([usable], [at.at("coverage_matched", "denominator")], shown=True)
    yield from at_most(ended(conflict, probably), [at.at("coverage_matched")])
    for cut, item in [(WHOLE, WHOLE), *dict.fromkeys((c.cut, c.item) for c in at.there if c.measure == "all_filled")]:
        yield from _filled(at, cut, item)
    for measure in ("headline", "lower_bound", "upper_bound", "all_filled"):
        for part in ("numerator", "denominator"):
            for parts in at.cuts(measure, part):
                yield from equal([at.at(measure, part)], list(parts), shown=True)
    applying = at.at("trainees_applying")
    for parts in at.cuts("trainees_applying", "numerator"):
        yield from overlapping(applying, parts)
    placed = at.at("applying_to_placement_school", "denominator")
    yield from equal([placed], [at.at("applying_in_placement_region", "denominator")], shown=True)
    yield from at_most([placed], [applying], shown=True)
    yield from at_most([at.at("applying_to_placement_school")], [at.at("applying_in_placement_region")], shown=True)


def user_satisfaction(at: Point) -> Iterator[Fact]:
    """Each answer is at one level and of one service; the two best are satisfied."""
    levels = {count.item: count for count in at.items("answers", "numerator", "How people feel about the service")}
    answers = at.at("answers")
    yield from equal([answers], list(levels.values()), shown=True)
    yield from equal([answers], [at.at("headline", "denominator")], shown=True)
    yield from equal([at.at("headline")], [levels.get("Very satisfied"), levels.get("Satisfied")], shown=True)
    for part in ("numerator", "denominator"):
        for parts in at.cuts("headline", part):
            yield from equal([at.at("headline", part)], list(parts), shown=True)


def _filled(at: Point, cut: str, item: str) -> Iterator[Fact]:
    """Yield what the classes behind the measures say of one region, one phase, or all: none is less than nobody."""
    probably, known = at.at("headline", cut=cut, item=item), at.at("headline", "denominator", cut, item)
    most, filled = at.at("upper_bound", cut=cut, item=item), at.at("all_filled", cut=cut, item=item)
    yield from equal([probably], [at.at("lower_bound", cut=cut, item=item)], shown=True)
    for measure in ("lower_bound", "upper_bound"):
        yield from equal([filled], [at.at(measure, "denominator", cut, item)], shown=True)
    yield from at_most([at.at("lower_bound", cut=cut, item=item)], [most], shown=True)
    yield from at_most([known], [filled], shown=True)
    yield from at_most([probably, filled], [known, most])


FACTS: Mapping[str, Callable[[Point], Iterator[Fact]]] = {
    "placement-rejections": placement_rejections,
    "trainee-withdrawals": trainee_withdrawals,
    "school-participation": school_participation,
    "ect-vacancies": ect_vacancies,
    "user-satisfaction": user_satisfaction,
}


def facts_of_records(there: frozenset[Count]) -> Iterator[Fact]:
    """Yield that each row of a table was kept, refused or a duplicate."""
    tables = {(c.measure, c.period, c.day) for c in there if c.measure in OF_PEOPLE}
    for measure, source, day in sorted(tables):
        here = {c.item: c for c in there if (c.measure, c.period, c.day) == (measure, source, day)}
        if {"rows_in", "kept", "duplicates"} <= here.keys():
            parts = [c for what, c in here.items() if what in {"kept", "duplicates"} or what.startswith("refused ")]
            yield from equal([here["rows_in"]], list(parts), shown=True)


def facts_between(earlier: Count, later: Count) -> Iterator[Fact]:
    """Yield that a count of what had happened does not fall."""
    if earlier.measure in RISING.get(earlier.kpi, ()):
        yield from at_most([earlier], [later], shown=True)
