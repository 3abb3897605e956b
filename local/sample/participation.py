"""Which schools take part: the tallies and the answers of KPI 3."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from local.sample.answers import Figure, cut, figure, grouped
from local.sample.days import PLACEMENT_YEARS, Days, day

if TYPE_CHECKING:
    from local.sample.establishments import Register as Schools
    from local.sample.establishments import School
    from local.sample.school_cases import Use


@dataclass
class Participation:
    """Spans in which a school had a live, counted allocation, by placements year."""

    days: Days
    schools: Schools
    placement_urns: set[str]
    """URNs of placements in Register of the trainees who started in the year of the same number."""
    steady: dict[int, dict[School, list[tuple[int, int]]]] = field(
        default_factory=lambda: {year: {} for year in PLACEMENT_YEARS}
    )
    cases: list[Use] = field(default_factory=list)
    not_counted: Counter[str] = field(default_factory=Counter)

    def open_in_year(self, urn: str, at: int) -> bool:
        """Return whether a school of the edge cases was open at any time in the current year up to a day."""
        first, last = self.schools.spans.get(urn, (9_999_999, 0))
        return first <= at and last >= day(max(PLACEMENT_YEARS), 9, 1)

    def answers(self) -> dict[str, Any]:
        """Return the answers to KPI 3."""
        current = max(PLACEMENT_YEARS)
        as_of, same = self.days.as_of, self.days.same_point(current - 1)
        headline = self.participation(current, as_of)
        share = self.share(current, as_of)
        headline["comparison"] = self.participation(current - 1, same)
        share["comparison"] = self.share(current - 1, same)
        headline["series"] = self.series(lambda year, point: self.participation(year, point, cuts=False))
        share["series"] = self.series(self.share)
        urns = {self.schools.known[urn].urn for urn in self.placement_urns}
        overlap = urns & {school.urn for school in self.live(current, as_of)}
        return {
            "headline": headline,
            "percentage_of_schools": share,
            "register_placement_schools": figure(current, as_of, len(urns)),
            "register_overlap": figure(current, as_of, len(overlap)),
            "allocations_not_counted": grouped(current, as_of, "reason", dict(sorted(self.not_counted.items()))),
        }

    def series(self, at: Callable[[int, int], Figure]) -> list[Figure]:
        """Return the figure ``at`` each point of each year."""
        return [at(year, point) for year in PLACEMENT_YEARS for point in self.days.placement_points(year)]

    def live(self, year: int, at: int) -> list[School]:
        """Return the steady schools with a live, counted allocation of a year on a day."""
        return [
            school
            for school, spans in self.steady[year].items()
            if any(created <= at and not 0 < deleted <= at for created, deleted in spans)
        ]

    def live_cases(self, year: int, at: int) -> dict[str, bool]:
        """Return the schools of edge cases that participate on a day, and whether each is open on it."""
        if year != max(PLACEMENT_YEARS):
            return {}
        counted = dict(use.at(at) for use in self.cases if use.day <= at)
        return {urn: is_open for urn, is_open in counted.items() if self.open_in_year(urn, at)}

    def participation(self, year: int, at: int, cuts: bool = True) -> Figure:
        """Return the headline on a day."""
        steady, cases = self.live(year, at), self.live_cases(year, at)
        document = figure(year, at, len(steady) + len(cases))
        if cuts:
            views = {view.urn: view for view in self.schools.case_views()}
            schools = steady + [views[urn] for urn in cases]
            for name, categories in (
                ("by_region", [school.region for school in schools]),
                ("by_phase", [school.phase for school in schools]),
                ("by_type_group", [school.group for school in schools]),
            ):
                document[name] = {key: part["numerator"] for key, part in cut(categories, ()).items()}
        return document

    def share(self, year: int, at: int) -> Figure:
        """Return the percentage of schools on a day."""
        numerator = len(self.live(year, at)) + sum(self.live_cases(year, at).values())
        return figure(year, at, numerator, self.schools.open_on(at, "d2"))
