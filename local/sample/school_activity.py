"""Which schools use the placements service, and the answers to KPI 6."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from local.sample.activity import Activity, onboarding, sign_ins
from local.sample.answers import figure, grouped
from local.sample.days import PLACEMENT_YEARS, Days, day, instant, instant_json, iso, london
from local.sample.dirt import Dirt, plan
from local.sample.placements import SENTINELS, UNKNOWN

if TYPE_CHECKING:
    from local.sample.drops import Lines
    from local.sample.establishments import Register as Schools
    from local.sample.establishments import School
    from local.sample.school_cases import Use

SCHOOLS = 24_000
"""Schools with a record on the service at scale 1."""
_CHANCES = {2023: 0.13, 2024: 0.22, 2025: 0.33}
"""How readily schools use the service in a year; about a tenth less of them do."""

_STORIES = {
    "activity_duplicate": 0.001,
    "activity_deleted": 0.002,
    "activity_deleted_later": 0.001,
    "activity_support_only": 0.02,
    "activity_list_absent": 0.002,
    "activity_list_null": 0.001,
    "activity_after_as_of": 0.002,
    "activity_clock_change": 0.001,
}


class SchoolActivity:
    """Writes the schools' records and answers KPI 6."""

    def __init__(self, days: Days, scale: float, seed: int, schools: Schools, dirt: Dirt) -> None:
        self.days, self.scale, self.schools, self.dirt = days, scale, schools, dirt
        self.rng = random.Random(f"{seed}:school_activity")
        self.of: defaultdict[School, list[Activity]] = defaultdict(list)
        """Records by the school that they count as."""
        self.cases: list[tuple[Use, Activity]] = []
        self.outside: Counter[str] = Counter()
        self.colleges: list[Activity] = []
        self.number = 0

    def write(self, file: Lines) -> None:
        """Write every record."""
        rng = self.rng
        schools = self.schools.steady[: max(60, round(23_000 * min(self.scale, 1)))]
        stories = plan(rng, len(schools), _STORIES)
        for number, school in enumerate(schools):
            activity = self.usual()
            for line in self.tell(stories.get(number, ""), school, activity):
                file.add(line)
        # Some schools are on the service under the URN of before their conversion, their successor with or without.
        for urn, school in self.schools.succeeded[: max(3, round(150 * min(self.scale, 1)))]:
            activity = self.usual()
            self.of[school].append(activity)
            self.dirt.add("placements.activity_old_urn")
            file.add(self.line(urn, activity))
        for case in self.schools.cases:
            for use in case.uses:
                if use.day <= self.days.as_of:
                    activity = Activity([use.day], onboarded=day(2025, 9, 2))
                    self.cases.append((use, activity))
                    file.add(self.line(use.urn, activity))
        self.outsiders(file)
        self.bad_rows(file)
        for urn in self.schools.spare[: round(SCHOOLS * max(0.0, self.scale - 1))]:
            activity = self.usual()
            self.outsider("not_open", activity)
            file.add(self.line(urn, activity))

    def usual(self) -> Activity:
        """Return a record of no particular story: on the service since some day, used in some years."""
        rng, activity = self.rng, Activity()
        chance = rng.random()
        if chance < 0.85:
            activity.onboarded = day(2023, 9, 4) + int(rng.random() * (self.days.as_of - day(2023, 9, 4)))
        keen = rng.random()
        for year in PLACEMENT_YEARS:
            # A keen school is keen every year, with some noise.
            if keen * 0.8 + rng.random() * 0.2 < _CHANCES[year]:
                self.use(activity, year)
        return activity

    def use(self, activity: Activity, year: int) -> None:
        """Use the service in a year: mostly by signing in, and by stating preferences or making placements."""
        rng = self.rng
        opens, last = day(year, 9, 1), min(self.days.as_of, day(year + 1, 8, 20))

        def some_day() -> int:
            return opens + int(rng.random() * (last - opens + 1))

        manner = rng.random()
        if manner < 0.93 and activity.signs is not None:
            activity.signs += sorted({some_day() for _ in range(1 + int(rng.random() * 8))})
        if manner > 0.45:
            activity.preferences.append((year + (rng.random() < 0.5), some_day()))
        if manner > 0.7:
            activity.placements.append((year, some_day()))
        activity.onboarded = activity.onboarded or opens

    def tell(self, kind: str, school: School, activity: Activity) -> Iterator[str]:
        """Change a record as the story has it, keep it, and yield its rows."""
        rng, as_of = self.rng, self.days.as_of
        if kind:
            self.dirt.add(f"placements.{kind}")
        if kind in {"activity_deleted", "activity_deleted_later"}:
            self.use(activity, max(PLACEMENT_YEARS))
        elif kind == "activity_duplicate":
            activity = self.before(school)
        if kind == "activity_deleted":
            activity.deleted = as_of - int(rng.random() * 20)
        elif kind == "activity_deleted_later":
            activity.deleted = as_of + 4
        elif kind == "activity_support_only":
            activity = Activity([], last=f"{iso(as_of - 9)}T10:00:00Z", onboarded=day(2025, 9, 9))
        elif kind in {"activity_list_absent", "activity_list_null"}:
            later = f"{iso(as_of + 1)}T10:00:00Z"
            last = later if rng.random() < 0.1 else instant(as_of - int(rng.random() * 250), rng)
            activity = Activity(None, last=last, onboarded=day(2025, 9, 9))
        elif kind == "activity_clock_change":
            activity = Activity(None, last=self.near_midnight(), onboarded=day(2025, 6, 9))
        elif kind == "activity_after_as_of":
            activity = Activity([as_of + 1, as_of + 3], onboarded=day(2025, 9, 9))
        self.of[school].append(activity)
        line = self.line(school.urn, activity, absent=kind in {"activity_list_absent", "activity_clock_change"})
        if kind == "activity_duplicate":
            self.of[school][-1] = Activity([], onboarded=activity.onboarded)
            newest = self.line(school.urn, self.of[school][-1], updated=f"{iso(as_of)}T18:00:00Z")
            yield from (line, newest) if rng.random() < 0.5 else (newest, line)
        else:
            yield line

    def before(self, school: School) -> Activity:
        """Return what the older row of a school says: signed in, and in one case in four with entries in its lists."""
        activity = Activity([day(2025, 10, 6)], onboarded=day(2025, 9, 9))
        if int(school.urn) % 4 == 0 and self.scale >= 1:
            activity.preferences.append((2025, day(2025, 10, 6)))
            activity.placements.append((2025, day(2025, 10, 6)))
        return activity

    def near_midnight(self) -> str:
        """Return an instant whose London day is not its UTC day, or only just is."""
        edges = [
            "2025-10-25T23:30:00Z",  # 26 October, in summer time
            "2025-10-26T23:30:00Z",  # 26 October, in winter time
            "2026-03-28T23:30:00Z",  # 28 March, in winter time
            "2026-03-29T23:30:00Z",  # 30 March, in summer time
            "2025-08-31T23:30:00Z",  # 1 September: the first day of the year
            "2025-08-31T22:59:59Z",  # 31 August: the year before
            "2025-09-01T00:30:00+01:00",
        ]
        return self.rng.choice([edge for edge in edges if london(edge) <= self.days.as_of])

    def line(self, urn: str, activity: Activity, *, updated: str = "", absent: bool = False) -> str:
        """Return the row of a school; ``absent`` leaves the list out instead of making it null."""
        rng, a = self.rng, activity
        self.number += 1
        preferences = ",".join(
            f'{{"academic_year":{year},"appetite":"{("actively_looking", "interested", "not_open")[at % 3]}",'
            f'"created_at":"{instant(at, rng)}"}}'
            for year, at in a.preferences
        )
        placements = ",".join(
            f'{{"academic_year":{year},"created_at":"{instant(at, rng)}"}}' for year, at in a.placements
        )
        extra = self.dirt.surplus("placements", self.number, 35)
        latest = max([a.onboarded, a.deleted, day(2025, 9, 1), *(at for _, at in a.preferences + a.placements)])
        return (
            f'{{"school_urn":"{urn}",{onboarding(a, rng)},{sign_ins(a, rng, absent)},'
            f'"hosting_preferences":[{preferences}],"placements":[{placements}],'
            f'"updated_at":"{updated or instant(min(latest, self.days.as_of - 1), rng)}",'
            f'"deleted_at":{instant_json(a.deleted, rng)}{extra}}}'
        )

    def outsiders(self, file: Lines) -> None:
        """Write active URNs that are in no denominator, one reason each."""
        share = min(self.scale, 1)
        for kind, reason, urns, wanted in (
            ("activity_sentinel", "sentinel", SENTINELS, 2),
            ("activity_unknown_urn", "unknown_urn", UNKNOWN, 4),
            ("activity_not_england", "not_in_england", self.schools.abroad, 40),
            ("activity_not_open", "not_open", self.schools.closed, 60),
            ("activity_out_of_scope", "type_out_of_scope", self.schools.colleges, 60),
        ):
            for urn in urns[: max(2, round(wanted * share))]:
                activity = Activity([day(2025, 9, 15)], onboarded=day(2025, 9, 10))
                self.dirt.add(f"placements.{kind}")
                self.outsider(reason, activity)
                file.add(self.line(urn, activity))

    def outsider(self, reason: str, activity: Activity) -> None:
        if any(activity.components(max(PLACEMENT_YEARS), self.days.as_of)):
            self.outside[reason] += 1
            if reason == "type_out_of_scope":
                self.colleges.append(activity)

    def bad_rows(self, file: Lines) -> None:
        """Write rows that must be quarantined: each would add an active school if it were read."""
        urn = self.schools.steady[-2].urn
        for kind, changes in (
            ("placements.activity_blank", {"school_urn": None}),
            ("placements.activity_wrong_type", {"sign_in_dates": "every day"}),
        ):
            good = self.line(urn, Activity([day(2025, 10, 1)], onboarded=day(2025, 9, 1)))
            self.dirt.spoil(file, kind, good, changes)

    def active(self, year: int, at: int) -> list[tuple[School, tuple[bool, bool, bool]]]:
        """Return the active schools of D2 on a day, edge cases included, each with its components."""
        active: dict[School, tuple[bool, bool, bool]] = {}
        for school, activities in self.of.items():
            parts = [activity.components(year, at) for activity in activities]
            merged = parts[0] if len(parts) == 1 else tuple(any(part) for part in zip(*parts, strict=True))
            if any(merged):
                active[school] = merged  # type: ignore[assignment]  # three parts go in and come out
        views = {view.urn: view for view in self.schools.case_views()}
        for use, activity in self.cases:
            parts_of_case = activity.components(year, at)
            urn, is_open = use.at(at)
            if any(parts_of_case) and is_open:
                active[views[urn]] = parts_of_case
        return list(active.items())

    def answers(self) -> dict[str, Any]:
        """Return the answers to KPI 6."""
        year, at = max(PLACEMENT_YEARS), self.days.as_of
        before, same = year - 1, self.days.same_point(year - 1)
        now, then = self.active(year, at), self.active(before, same)
        d2 = self.schools.open_on(at, "d2")
        headline = figure(year, at, len(now), d2)
        for breakdown, key in (("region", "region"), ("phase", "phase"), ("type_group", "group")):
            over = Counter(getattr(school, key) for school, _ in now)
            headline[f"by_{breakdown}"] = {
                name: {"numerator": over[name], "denominator": self.schools.open_on(at, f"d2 {breakdown} {name}")}
                for name in self.schools.categories(breakdown)
            }
        headline["comparison"] = figure(before, same, len(then), self.schools.open_on(same, "d2"))
        headline["series"] = [
            figure(period, point, len(self.active(period, point)), self.schools.open_on(point, "d2"))
            for period in PLACEMENT_YEARS
            for point in self.days.placement_points(period)
        ]
        not_open = {use.at(at)[0] for use, activity in self.cases if not use.at(at)[1]}
        outside = self.outside + Counter(not_open=len(not_open))
        return {
            "headline": headline,
            "active_by_sign_in": figure(year, at, sum(parts[0] for _, parts in now), d2),
            "active_by_hosting_preference": figure(year, at, sum(parts[1] for _, parts in now), d2),
            "active_by_placement": figure(year, at, sum(parts[2] for _, parts in now), d2),
            "onboarded_only": figure(year, at, self.onboarded_only({school for school, _ in now}), d2),
            "schools_d1": figure(year, at, len(now) + len(self.colleges), self.schools.open_on(at, "d1")),
            "schools_d3": figure(
                year, at, sum(school.state_funded for school, _ in now), self.schools.open_on(at, "d3")
            ),
            "active_not_in_denominator": grouped(year, at, "reason", dict(sorted(outside.items()))),
        }

    def onboarded_only(self, active: set[School]) -> int:
        """Return how many schools of D2 are on the service, by D and not removed, without being active."""
        at = self.days.as_of
        return sum(
            school not in active and any(0 < a.onboarded <= at and not 0 < a.deleted <= at for a in activities)
            for school, activities in self.of.items()
        )
