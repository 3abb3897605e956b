"""Schools again, day by day, from numbers#schools and numbers#successors: open, in England, counted as which URN.

Nothing here is shared with the ingest of schools, which works the same out for all days at once.
"""

from collections.abc import Mapping
from datetime import date, timedelta

from tests.book.world import Row, World

SENTINELS = ("900000", "900010", "900020", "900030")
REGIONS = {
    "A": "E12000001",
    "B": "E12000002",
    "D": "E12000003",
    "E": "E12000004",
    "F": "E12000005",
    "G": "E12000006",
    "H": "E12000007",
    "J": "E12000008",
    "K": "E12000009",
}
"""services#codes-of-schools: the nine regions; Wales, "not applicable" and anything else are outside them."""

PHASES = {
    0: "not_applicable",
    1: "nursery",
    2: "primary",
    3: "middle_deemed_primary",
    4: "secondary",
    5: "middle_deemed_secondary",
    6: "16_plus",
    7: "all_through",
}
TYPE_GROUPS = {
    1: "colleges",
    2: "universities",
    3: "independent_schools",
    4: "local_authority_maintained_schools",
    5: "special_schools",
    9: "other_types",
    10: "academies",
    11: "free_schools",
    13: "online_provider",
}
OPEN, CLOSED, OPEN_BUT_CLOSING, PROPOSED = 1, 2, 3, 4


class Register:
    """The register of schools of a world, asked about one URN on one day."""

    def __init__(self, world: World) -> None:
        """Read the schools and the links whose type begins "Successor" of ``world``."""
        self.rows: Mapping[str, Row] = {row["urn"]: row for row in world.rows("schools")}
        self._snapshot = world.register_day
        self._successors: dict[str, set[str]] = {}
        for link in world.rows("school_links"):
            if link["link_type"].startswith("Successor") and link["link_urn"] != link["urn"]:
                self._successors.setdefault(link["urn"], set()).add(link["link_urn"])

    def knows(self, urn: str) -> bool:
        """Whether the URN is in the register, open or not."""
        return urn in self.rows

    def in_england(self, urn: str) -> bool:
        """Whether a known school is in England: not by its region, its type or its type group outside."""
        row = self.rows[urn]
        return (
            row.get("gor") != "W"
            and row["type_of_establishment"] not in (25, 30, 37)
            and row["establishment_type_group"] != 6
        )

    def is_open(self, urn: str, day: date) -> bool:
        """Whether the school is open on the day."""
        row = self.rows.get(urn)
        if row is None or row["establishment_status"] == PROPOSED or not self._has_opened(urn, day):
            return False
        closes = row.get("close_date")
        if row["establishment_status"] == CLOSED:
            if closes is None:
                return False
        elif closes is not None and closes < self._snapshot:
            closes = None  # contradicts an open status
        if closes is None or day < closes:
            return True
        if day > closes:
            return False
        only = self._in_force(urn, day)
        return not (len(only) == 1 and self.rows[only[0]].get("open_date") == day)

    def is_open_between(self, urn: str, first: date, last: date) -> bool:
        """Whether the school is open on any day from ``first`` to ``last``."""
        # Open days are one run: from the opening to the close. So one of its ends is in between, or an end is open.
        row = self.rows.get(urn, {})
        days = [first, last, row.get("open_date"), row.get("close_date")]
        closes = row.get("close_date")
        if closes is not None:
            days.append(closes - timedelta(days=1))
        return any(day is not None and first <= day <= last and self.is_open(urn, day) for day in days)

    def counts_as(self, urn: str, day: date) -> str:
        """Return the URN that ``urn`` counts as on the day."""
        followed = [urn]
        while not self.is_open(followed[-1], day):
            successors = self._in_force(followed[-1], day)
            if len(successors) != 1:
                break
            if successors[0] in followed:
                loop = followed[followed.index(successors[0]) :]
                return max(loop, key=int)
            followed.append(successors[0])
        return followed[-1]

    def region(self, urn: str) -> str:
        """Return the code of the school's region, or ``not_available``."""
        return REGIONS.get(self.rows[urn].get("gor") or "", "not_available")

    def phase(self, urn: str) -> str:
        """Return the school's phase, or ``not_available``."""
        return PHASES.get(self.rows[urn]["phase_of_education"], "not_available")

    def type_group(self, urn: str) -> str:
        """Return the school's type group, or ``not_available``."""
        return TYPE_GROUPS.get(self.rows[urn]["establishment_type_group"], "not_available")

    def _has_opened(self, urn: str, day: date) -> bool:
        """Whether a known school had opened by the day; one that is only proposed, or unknown, has not."""
        row = self.rows.get(urn)
        if row is None or row["establishment_status"] == PROPOSED:
            return False
        opened = row.get("open_date")
        return opened is None or opened <= day

    def _in_force(self, urn: str, day: date) -> list[str]:
        """The successors of a URN whose links are in force on the day: those that have opened."""
        return [one for one in self._successors.get(urn, ()) if self._has_opened(one, day)]
