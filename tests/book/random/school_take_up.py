"""Random worlds of schools on the service: a small register that changes, and what its schools did."""

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from tests.book.random.edges import as_of_days, days_about, instants_about, maybe, mostly
from tests.book.random.schools import URNS, school_tables
from tests.book.world import World

SEEN = (*URNS, *URNS[:4], "900000", "900030", "100099")


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A world of Get information about schools and the placements service, of the last three years."""
    as_of = draw(as_of_days())
    year = as_of.year if as_of.month >= 9 else as_of.year - 1
    years = st.sampled_from((year, year, year + 1, year - 1, year - 2, year + 2))
    days, instants = days_about(as_of), instants_about(as_of)
    activity = st.fixed_dictionaries(
        {
            "school_urn": st.sampled_from(SEEN),
            "onboarded": st.sampled_from((True, True, False, None)),
            "onboarded_at": maybe(instants, 3),
            "sign_in_dates": mostly(st.lists(days, max_size=2), st.none(), times=4),
            "last_signed_in_at": maybe(instants, 1),
            "deleted_at": mostly(st.none(), instants, times=5),
        }
    )
    entry = {"academic_year": years, "created_at": maybe(instants, 4)}
    preference = st.fixed_dictionaries({**entry, "appetite": st.sampled_from(("interested", "not_open", None))})
    records = _once(draw(st.lists(activity, max_size=8)))
    urns = [record["school_urn"] for record in records]
    return World(
        as_of,
        {
            **draw(school_tables(days, least=2)),
            "school_activity": records,
            "hosting_preferences": _of(urns, draw(st.lists(preference, max_size=5))),
            "school_placements": _of(urns, draw(st.lists(st.fixed_dictionaries(entry), max_size=4))),
        },
    )


def _once(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({record["school_urn"]: record for record in records}.values())


def _of(urns: Sequence[str], entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the entries to the schools in turn; an entry is always part of a school's record."""
    return [{"school_urn": urns[number % len(urns)], **entry} for number, entry in enumerate(entries)] if urns else []
