"""The Apply drop: three cycles of candidates, each decided before its rows (numbers#1-placement-rejections)."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from local.sample.choices import Choice, Truth, answers
from local.sample.days import (
    CYCLE_DEADLINE,
    CYCLE_DEFAULT_REJECTION,
    CYCLE_OPENS,
    CYCLES,
    Days,
    day,
    instant,
    iso,
    london,
)
from local.sample.dirt import Dirt, plan
from local.sample.drops import Drop, Lines, quoted
from local.sample.providers import Course, Publish
from local.sample.reasons import PLACEMENT, Pools, Reason, pools

CANDIDATES = 50_000
"""Candidates in a cycle at scale 1."""
_CHOICES = (1, 1, 2, 2, 3, 3, 4, 4, 4, 4, 5, 6, 8)
_FULL_PER_CENT = {2024: 15, 2025: 14, 2026: 12}
_PLACEMENT_IDS_FROM = day(2024, 10, 15)
_OUTCOMES = (
    ["rejected"] * 42 + ["recruited"] * 12 + ["pending_conditions"] * 6 + ["offer"] * 2 + ["offer_deferred"]
    + ["declined"] * 7 + ["withdrawn"] * 12 + ["inactive"] * 10 + ["awaiting_provider_decision"] * 5
    + ["interviewing"] + ["conditions_not_met"] + ["offer_withdrawn"]
)  # fmt: skip

_STORIES = {
    "apply.duplicate_older_after": 0.002,
    "apply.duplicate_older_before": 0.002,
    "apply.duplicate_tie": 0.001,
    "apply.reversed_rejection": 0.004,
    "apply.london_edge": 0.001,
    "apply.rejection_without_date": 0.001,
    "apply.hidden_on_every_row": 0.001,
    "apply.further_education": 0.002,
    "apply.unknown_reason_id": 0.001,
    "apply.unknown_status": 0.001,
    "apply.orphan_provider": 0.001,
    "apply.unknown_region": 0.003,
    "apply.blank_candidate": 0.0005,
    "apply.not_sent": 0.005,
    "apply.r_code": 0.003,
    "apply.bare_leaf": 0.002,
    "apply.missing_type": 0.002,
    "apply.flat_why_only": 0.001,
}
"""Kinds of dirt that are a candidate's story, with the share of candidates that have it."""
_STATUSES = {
    "apply.not_sent": "unsubmitted",
    "apply.blank_candidate": "withdrawn",
    "apply.unknown_status": "superseded",
}
"""Stories that come to a status other than a rejection."""
_BAD_SHARE = 0.0003
"""Share of choices written once more in each form that is quarantined."""


def write(
    out: Path, days: Days, scale: float, seed: int, publish: Publish, dirt: Dirt
) -> tuple[dict[str, Any], dict[str, int]]:
    """Write the Apply drop; return the answers to KPI 1, and rows by file."""
    truth = Truth()
    size = max(200, round(CANDIDATES * scale))
    drop = Drop(out, "apply", days)
    with drop.ndjson("application_choices") as file:
        for cycle in CYCLES:
            rng = random.Random(f"{seed}:apply:{cycle}")
            _Cycle(cycle, days, rng, publish, pools(rng, _FULL_PER_CENT[cycle]), truth, dirt, size).write(file)
    return answers(truth, days), drop.finish()


class _Cycle:
    """Writes one cycle."""

    def __init__(
        self, cycle: int, days: Days, rng: random.Random, publish: Publish, pools: Pools, truth: Truth, dirt: Dirt,
        size: int,
    ) -> None:  # fmt: skip
        self.cycle, self.days, self.rng, self.truth, self.dirt, self.size = cycle, days, rng, truth, dirt, size
        self.pools, self.publish = pools, publish
        self.schools = [course for course in publish.courses if course.level != "further_education"]
        self.colleges = [course for course in publish.courses if course.level == "further_education"]
        self.opens = CYCLE_OPENS[cycle].toordinal()
        self.last = min(CYCLE_DEADLINE[cycle].toordinal() - 1, days.as_of)
        self.final = min(CYCLE_DEFAULT_REJECTION[cycle].toordinal(), days.as_of)
        self.next_id = cycle * 1_000_000_0
        self.place = CYCLES.index(cycle)

    def write(self, file: Lines) -> None:
        rng = self.rng
        stories = plan(rng, self.size, self.stories())
        for number in range(self.size):
            story = stories.get(number, "")
            # One candidate in twelve applies in every cycle, with one identity.
            again = number % 12 == 0
            candidate = 1_000_000 * (1 if again else self.place + 1) + number
            one_row = number % 600 == 120
            if one_row or again:
                story = ""
            choices = [self.choice() for _ in range(rng.choice(_CHOICES))]
            hidden = story == "apply.hidden_on_every_row"
            lines = self.tell(story, choices, candidate)
            for place, line in enumerate(lines):
                if hidden or (one_row and self.cycle == 2025 and place == 0):
                    line = line.replace('"hide_in_reporting":false', '"hide_in_reporting":true')
                file.add(line)
            if one_row:
                self.dirt.add("apply.hidden_on_one_row", self.cycle == 2025)
            elif not hidden:
                self.truth.count(self.cycle, choices, self.days, self.dirt)
        self.bad_rows(file)

    def stories(self) -> dict[str, float]:
        """Return the shares of this cycle: the flat format is planted in 2024 only."""
        return _STORIES | ({"apply.flat_format": 0.02} if self.cycle == 2024 else {})

    def choice(self) -> Choice:
        """Return a choice of no particular story."""
        rng = self.rng
        course = self.schools[int(rng.random() * len(self.schools))]
        sent = self.opens + int(rng.random() * (self.last - self.opens + 1))
        status = _OUTCOMES[int(rng.random() * 100)]
        choice = Choice(course, status, sent)
        if status == "rejected":
            self.reject(choice)
        return choice

    def reject(self, choice: Choice) -> None:
        """Give a rejection its day and reasons; one that would be after the drop's own day has not happened yet."""
        rng = self.rng
        chance = rng.random()
        if chance < (0.06 if self.cycle < 2026 else 0.01):
            choice.by_default = True
            choice.rejected = min(choice.sent + 40, self.final) if self.cycle == 2026 else self.final
            choice.reason = self.pools.odd["apply.no_reason"][0]
        else:
            choice.rejected = choice.sent + 4 + int(rng.random() * 50)
            choice.reason = self.reason(choice.rejected)
        if choice.rejected > self.final:
            choice.status, choice.rejected, choice.reason = "awaiting_provider_decision", 0, None

    def reason(self, rejected: int) -> Reason:
        rng = self.rng
        chance = rng.random()
        if chance < 0.03:
            return self.pools.odd["apply.text_reason"][0]
        if chance < 0.06:
            return self.pools.odd["apply.no_reason"][0]
        # Fewer places are short in the newest cycle.
        if rejected >= _PLACEMENT_IDS_FROM and chance < (0.115 if self.cycle == 2025 else 0.105):
            return rng.choice(self.pools.capacity)
        return rng.choice(self.pools.usual)

    def tell(self, story: str, choices: list[Choice], candidate: int) -> list[str]:
        """Change the first choice as the story has it, and return the rows of all."""
        if story:
            self.dirt.add(story, len(choices) if story == "apply.hidden_on_every_row" else 1)
            self.change(story, choices[0])
        lines = [self.line(choice, candidate) for choice in choices]
        if story == "apply.blank_candidate":
            lines[0] = lines[0].replace(f'"C{candidate}"', "null")
            del choices[0]
        if story.startswith("apply.duplicate"):
            lines[:1] = self.twice(story, choices[0], candidate)
        return lines

    def change(self, story: str, first: Choice) -> None:
        """Change a choice as the story has it; other stories are about how rows are written."""
        rng = self.rng
        if story in self.pools.odd:
            reasons = self.pools.odd[story]
            if self.cycle == 2024:
                reasons = [reason for reason in reasons if PLACEMENT not in reason.groups]
            self.force(first, rng.choice(reasons))
        elif story in {"apply.reversed_rejection", "apply.rejection_without_date"}:
            self.force(first, rng.choice(self.pools.usual))
            if story == "apply.reversed_rejection":
                first.status, first.leftover = "offer", True
            else:
                first.rejected = 0
        elif story == "apply.london_edge":
            self.at_the_edge(first)
        elif story == "apply.further_education":
            first.course = rng.choice(self.colleges)
            self.force(first, self.pools.usual[0])
        elif story == "apply.orphan_provider":
            first.course = Course("ZZ9", "Z999", "ZZ9", first.course.region, "secondary", "fee")
        elif story == "apply.unknown_region":
            first.region = rng.choice(["wales", "no_region", "atlantis", None])
        elif story in _STATUSES:
            first.status, first.rejected, first.reason, first.by_default = _STATUSES[story], 0, None, False
            first.unsent = story == "apply.not_sent"

    def force(self, choice: Choice, reason: Reason) -> None:
        """Make a choice a rejection for a reason, early enough in the cycle that it stands on every day it should."""
        choice.status, choice.by_default, choice.reason = "rejected", False, reason
        choice.sent = self.opens + int(self.rng.random() * max(1, (self.last - self.opens) // 2))
        choice.rejected = min(choice.sent + 8, self.final)

    def at_the_edge(self, choice: Choice) -> None:
        """Reject a choice within an hour of midnight at a month's end, in winter or summer time."""
        self.force(choice, self.rng.choice(self.pools.usual))
        last_year, year = self.cycle - 1, self.cycle
        winter, spring, summer = (
            day(last_year, 10, 31),
            day(year, 3, 31),
            self.days.year_earlier() + 365 * (year - 2025),
        )
        edges = [
            f"{iso(winter)}T23:30:00Z",  # winter time: still October
            f"{iso(winter)}T23:30:00+00:00",
            f"{iso(spring)}T23:30:00Z",  # summer time: already April
            f"{iso(spring)}T22:59:59Z",
        ]
        end = self.days.month_end if year == 2026 else summer
        if end >= spring:
            edges += [f"{iso(end)}T23:30:00Z", f"{iso(end + 1)}T00:30:00+01:00", f"{iso(end)}T23:59:59.999+01:00"]
        edges = [edge for edge in edges if london(edge) <= self.days.as_of and edge[:10] <= iso(self.days.as_of)]
        choice.rejected_at = self.rng.choice(edges)
        choice.rejected = london(choice.rejected_at)
        choice.sent = min(choice.sent, choice.rejected - 5, winter - 5)

    def line(self, choice: Choice, candidate: int, updated: str = "") -> str:
        """Return the row of a choice under the next id."""
        self.next_id += 1
        rng, course = self.rng, choice.course
        rejected_at = "null"
        if choice.rejected:
            rejected_at = f'"{choice.rejected_at or instant(choice.rejected, rng)}"'
        reason = choice.reason.members if choice.reason else '"rejection_reasons_type":null'
        if choice.reason and choice.reason.kind:
            self.dirt.add(choice.reason.kind)
        region = course.region if choice.region == "" else choice.region
        sent = "null" if choice.unsent else f'"{instant(choice.sent, rng)}"'
        changed = updated or instant(min(max(choice.sent, choice.rejected) + 1, self.days.as_of), rng)
        extra = self.dirt.surplus("apply", self.next_id, 50)
        if choice.by_default:
            self.dirt.add("apply.rejected_by_default")
        return (
            f'{{"id":"{self.next_id}","candidate_id":"C{candidate}","recruitment_cycle_year":{self.cycle},'
            f'"status":"{choice.status}","sent_to_provider_at":{sent},"rejected_at":{rejected_at},'
            f'"rejected_by_default":{"true" if choice.by_default else "false"},{reason},'
            f'"provider_code":"{course.provider}","accredited_provider_code":"{course.accredited}",'
            f'"provider_region_code":{quoted(region)},"course_code":"{course.code}",'
            f'"course_level":"{course.level}","funding_type":"{course.funding}","hide_in_reporting":false,'
            f'"updated_at":"{changed}"{extra}}}'
        )

    def twice(self, story: str, choice: Choice, candidate: int) -> list[str]:
        """Return two rows of one choice: the truth, and what was true before, a rejection for placement reasons."""
        newer, older = f"{iso(self.days.as_of - 1)}T12:00:00Z", f"{iso(self.days.as_of - 2)}T12:00:00Z"
        if story == "apply.duplicate_tie":
            older = newer
        truth = self.line(choice, candidate, newer)
        before = Choice(choice.course, "rejected", choice.sent, min(choice.sent + 1, self.days.as_of))
        before.reason = self.pools.capacity[0]
        self.next_id -= 1
        stale = self.line(before, candidate, older)
        return [truth, stale] if story == "apply.duplicate_older_after" else [stale, truth]

    def bad_rows(self, file: Lines) -> None:
        """Write rows that must be quarantined: each would count if it were read."""
        for kind, changes in (
            ("apply.blank_id", {"id": None}),
            ("apply.blank_status", {"status": ""}),
            ("apply.blank_cycle", {"recruitment_cycle_year": None}),
            ("apply.wrong_type", {"recruitment_cycle_year": "twenty twenty-six"}),
            ("apply.wrong_type", {"sent_to_provider_at": "last Tuesday"}),
            ("apply.wrong_type", {"rejected_by_default": "perhaps"}),
        ):
            for _ in range(max(1, round(self.size * 3.4 * _BAD_SHARE / 6))):
                choice = Choice(self.schools[0], "rejected", self.opens + 3, self.opens + 9)
                choice.reason = self.pools.odd["apply.missing_type"][0]
                self.dirt.spoil(file, kind, self.line(choice, 9_000_000 + self.next_id), changes)
