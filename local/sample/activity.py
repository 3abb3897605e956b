"""What an organisation did on the placements service, and when it counts as active."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from local.sample.days import day, instant_json, iso, london

NEVER = 9_999_999


@dataclass(slots=True)
class Activity:
    """One organisation's record: days are ordinals, 0 for none; ``signs`` is ``None`` where there is no list."""

    signs: list[int] | None = field(default_factory=list)
    last: str = ""
    """The instant of the last sign-in, as written; blank where it follows from the list."""
    preferences: list[tuple[int, int]] = field(default_factory=list)
    placements: list[tuple[int, int]] = field(default_factory=list)
    onboarded: int = 0
    deleted: int = 0

    def first_sign(self, year: int, at: int) -> int:
        """Return the first day of a year with a sign-in, as known on day ``at``."""
        opens = day(year, 9, 1)
        if self.signs is None:
            last = london(self.last) if self.last else 0
            return last if opens <= last <= at else NEVER
        return min([sign for sign in self.signs if opens <= sign <= at], default=NEVER)

    def components(self, year: int, at: int) -> tuple[bool, bool, bool]:
        """Return whether the school was active by sign-in, hosting preference and placement in a year up to a day."""
        if 0 < self.deleted <= at:
            return False, False, False
        return (
            self.first_sign(year, at) <= at,
            bool(self.preferences)
            and any(about in {year, year + 1} and created <= at for about, created in self.preferences),
            bool(self.placements) and any(about == year and created <= at for about, created in self.placements),
        )


def onboarding(a: Activity, rng: random.Random) -> str:
    """Return the members about onboarding."""
    return f'"onboarded":{"true" if a.onboarded else "false"},"onboarded_at":{instant_json(a.onboarded, rng)}'


def sign_ins(a: Activity, rng: random.Random, absent: bool) -> str:
    """Return the members about sign-ins: a list and its last day, or the last instant only."""
    if a.signs is None:
        return f'"last_signed_in_at":"{a.last}"' + ("" if absent else ',"sign_in_dates":null')
    last = f'"{a.last}"' if a.last else instant_json(max(a.signs, default=0), rng)
    listed = ",".join(f'"{iso(sign)}"' for sign in a.signs)
    return f'"last_signed_in_at":{last},"sign_in_dates":[{listed}]'
