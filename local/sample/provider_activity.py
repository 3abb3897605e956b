"""Which providers use the placements service, and the answers to KPI 5."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from local.sample.activity import Activity
from local.sample.answers import Figure, cut, figure
from local.sample.days import PLACEMENT_YEARS, Days, day, instant, iso
from local.sample.dirt import EXTRA, Dirt
from local.sample.sector import Member, fold

if TYPE_CHECKING:
    from local.sample.drops import Lines
    from local.sample.providers import Publish

_CHANCES = {2023: 0.2, 2024: 0.4, 2025: 0.56}
"""Share of providers that sign in within a year."""


class ProviderActivity:
    """Writes the providers' records and answers KPI 5."""

    def __init__(self, days: Days, seed: int, publish: Publish, dirt: Dirt) -> None:
        self.days, self.publish, self.dirt = days, publish, dirt
        self.rng = random.Random(f"{seed}:provider_activity")
        self.of: defaultdict[str, list[Activity]] = defaultdict(list)
        """Records by the code that they count under."""
        self.number = 0

    def write(self, file: Lines) -> None:
        """Write the record of every provider that is on the service, and of one that Publish does not have."""
        rng = self.rng
        for code in sorted({*self.publish.codes, *self.publish.sector[2025]}):
            kind = self.kind(code)
            if not kind and rng.random() > 0.88:
                continue
            activity = self.activity(kind)
            if kind:
                self.dirt.add(f"placements.{kind}")
            for line in self.lines(kind, code, activity):
                file.add(line)
            self.of[fold(code)].append(Activity([]) if kind == "provider_duplicate" else activity)
        file.add(self.line("9Z9", self.activity("")))
        self.dirt.add("placements.provider_unknown")
        for changes in ({"provider_code": None}, {"provider_code": ""}):
            self.dirt.spoil(file, "placements.provider_blank", self.line("9Z8", self.activity("")), changes)

    def kind(self, code: str) -> str:
        """Return the story of a provider, by its code."""
        number = sum(ord(letter) * place for place, letter in enumerate(code, 3))
        stories = {
            3: "provider_empty_list",
            17: "provider_list_absent",
            29: "provider_deleted",
            41: "provider_duplicate",
        }
        return stories.get(number % 151, "")

    def activity(self, kind: str) -> Activity:
        """Return a provider's record: its sign-ins in each year that it uses the service."""
        rng, as_of = self.rng, self.days.as_of
        activity = Activity([], onboarded=day(2023, 9, 1) + int(rng.random() * 500))
        if kind == "provider_empty_list":
            activity.last = f"{iso(as_of - 5)}T10:00:00Z"
            return activity
        if kind == "provider_list_absent":
            return Activity(None, last=instant(as_of - int(rng.random() * 120), rng), onboarded=activity.onboarded)
        keen = rng.random()
        signs: set[int] = set()
        for year in PLACEMENT_YEARS:
            opens, last = day(year, 9, 1), min(as_of, day(year + 1, 8, 25))
            if keen * 0.8 + rng.random() * 0.2 < _CHANCES[year]:
                signs |= {opens + int(rng.random() * (last - opens + 1)) for _ in range(1 + int(rng.random() * 14))}
        if kind in {"provider_deleted", "provider_duplicate"}:
            signs.add(day(2025, 10, 3))
        if kind == "provider_deleted":
            activity.deleted = as_of - 3
        activity.signs = sorted(signs)
        return activity

    def lines(self, kind: str, code: str, activity: Activity) -> Iterator[str]:
        """Yield the rows of a provider: two where the newer one says that nobody signed in."""
        yield self.line(code, activity)
        if kind == "provider_duplicate":
            yield self.line(code, Activity([], onboarded=activity.onboarded), f"{iso(self.days.as_of)}T18:00:00Z")

    def line(self, code: str, a: Activity, updated: str = "") -> str:
        """Return the row of a provider."""
        rng = self.rng
        self.number += 1
        last = a.last or (instant(max(a.signs), rng) if a.signs else "")
        record: dict[str, object] = {
            "provider_code": code,
            "ukprn": None,
            "onboarded": True,
            "onboarded_at": instant(a.onboarded, rng) if a.onboarded else None,
            "last_signed_in_at": last or None,
            "sign_in_dates": [iso(sign) for sign in a.signs or ()],
            "updated_at": updated or instant(self.days.as_of - 2, rng),
            "deleted_at": instant(a.deleted, rng) if a.deleted else None,
        }
        if a.signs is None:
            del record["sign_in_dates"]
        line = json.dumps(record)
        if self.number % 31 == 0:
            self.dirt.add("placements.extra_fields")
            line = f"{line[:-1]}, {EXTRA}}}"
        return line

    def members(self, year: int, at: int) -> list[Member]:
        """Return the sector of a placements year on a day."""
        return [member for member in self.publish.sector[year].values() if not 0 < member.discarded <= at]

    def signed_in(self, code: str, first: int, last: int, at: int) -> bool:
        """Return whether a provider signed in from one day to another, as known on day ``at``."""
        for activity in self.of.get(code, ()):
            if 0 < activity.deleted <= at:
                continue
            if activity.signs is None:
                sign = activity.first_sign(max(PLACEMENT_YEARS), at)
                if first <= sign <= last:
                    return True
            elif any(first <= sign <= last for sign in activity.signs):
                return True
        return False

    def take_up(self, year: int, at: int, kind: str = "", cuts: bool = False) -> Figure:
        """Return the share of the sector, or of one ``kind`` of it, that signed in within a year up to a day."""
        members = [member for member in self.members(year, at) if kind in {"", member.kind}]
        active = [member for member in members if self.signed_in(member.code, day(year, 9, 1), at, at)]
        document = figure(year, at, len(active), len(members))
        if cuts:
            for name, key in (("by_role", "kind"), ("by_region", "region"), ("by_provider_type", "type")):
                document[name] = cut((getattr(m, key) for m in active), (getattr(m, key) for m in members))
        return document

    def lately(self, year: int, at: int) -> Figure:
        """Return the share of the sector that signed in within the last 30 days."""
        members = self.members(year, at)
        active = [member for member in members if self.signed_in(member.code, at - 29, at, at)]
        return figure(year, at, len(active), len(members))

    def answers(self) -> dict[str, Any]:
        """Return the answers to KPI 5."""
        year, at = max(PLACEMENT_YEARS), self.days.as_of
        before, same = year - 1, self.days.same_point(year - 1)
        headline = self.take_up(year, at, cuts=True)
        headline["comparison"] = self.take_up(before, same, cuts=True)
        headline["series"] = [
            self.take_up(period, point) for period in PLACEMENT_YEARS for point in self.days.placement_points(period)
        ]
        document = {"headline": headline}
        for name, kind in (("accredited", "accredited"), ("delivery_partners", "delivery_partner")):
            document[name] = self.take_up(year, at, kind)
            document[name]["comparison"] = self.take_up(before, same, kind)
        document["active_in_last_30_days"] = self.lately(year, at)
        document["active_in_last_30_days"]["comparison"] = self.lately(before, same)
        return document
