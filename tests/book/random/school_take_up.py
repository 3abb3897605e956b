"""Random worlds of schools on the service: a small register that changes, and what its schools did."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from hypothesis import strategies as st

from tests.book.drops import Drops
from tests.book.random.edges import as_of_days, days_about, instants_about, instants_close_to, maybe, mostly, usually
from tests.book.random.schools import URNS, school_tables
from tests.book.world import Row

SEEN = (*URNS, *URNS[:4] * 2, "900000", "900030", "100099", "3")
CROWDS = (0,) * 12 + (17, 18, 19, 20, 36, 38, 39, 40)
"""How many schools more there are, all of them active: with about twenty, one without a list is about 5%."""


@st.composite
def worlds(draw: st.DrawFn) -> Drops:
    """A world of Get information about schools and the placements service, of the last three years."""
    as_of = draw(as_of_days())
    year = as_of.year if as_of.month >= 9 else as_of.year - 1
    years = usually(year, (year + 1, year + 1, year - 1, year - 1, year - 2, year + 2))
    days, instants = days_about(as_of), st.one_of(instants_about(as_of), instants_close_to(as_of))
    this_year = st.dates(date(year, 9, 1), as_of)
    used = st.lists(st.one_of(days, this_year), max_size=2)
    all_have_lists = draw(st.booleans())
    activity = st.fixed_dictionaries(
        {
            "school_urn": st.sampled_from(SEEN),
            "onboarded": st.sampled_from((True, True, False, None)),
            "onboarded_at": maybe(instants, 3),
            "sign_in_dates": used if all_have_lists else mostly(used, st.none(), times=3),
            "last_signed_in_at": maybe(instants, 1),
            "deleted_at": mostly(st.none(), instants, times=5),
        }
    )
    created = st.one_of(instants, st.builds(datetime.combine, this_year, st.just(time(12))))
    entry = {"academic_year": years, "created_at": maybe(created, 4)}
    preference = st.fixed_dictionaries({**entry, "appetite": st.sampled_from(("interested", "not_open", None))})
    least = draw(st.sampled_from((4, 4, 0)))
    records = _once(draw(st.lists(activity, min_size=least, max_size=least + 5)))
    preferences = _dealt(len(records[:4]), draw(st.lists(preference, max_size=least + 2)))
    placements = _dealt(len(records[:4]), draw(st.lists(st.fixed_dictionaries(entry), max_size=least + 1)))
    for record, preferred, placed in zip(records, preferences, placements, strict=False):
        record |= {"hosting_preferences": preferred, "placements": placed}
    register = draw(school_tables(days, least=2))
    crowd = _crowd(as_of, draw(st.sampled_from(CROWDS)), without_list=draw(st.sampled_from((0, 1, 2, 3))))
    tidy = draw(st.lists(_tidy_school(days), max_size=4))
    tables: dict[str, Sequence[Row]] = {
        "schools": list({row["urn"]: row for row in (*register["schools"], *tidy)}.values()),
        "school_links": register["school_links"],
        "school_activity": records,
    }
    return Drops(as_of, {name: [*rows, *crowd.get(name, ())] for name, rows in tables.items()})


def _tidy_school(days: st.SearchStrategy[date]) -> st.SearchStrategy[Row]:
    """A school that is open in England unless it has not opened yet: most of the register's own are not."""
    return st.fixed_dictionaries(
        {
            "urn": st.sampled_from(URNS[:5]),
            "establishment_status": usually(1, (3,), times=4),
            "type_of_establishment": st.sampled_from((1, 1, 10, 34)),
            "establishment_type_group": st.sampled_from((4, 4, 3, 5, 10, 11, 1)),
            "phase_of_education": st.sampled_from((2, 4, 0)),
            "gor": usually("A", ("H", "K", "Z", None)),
            "open_date": mostly(st.none(), days, times=4),
        }
    )


def _crowd(as_of: date, size: int, without_list: int) -> dict[str, list[Row]]:
    """Open schools that signed in at the as-of date, so many of them without a list."""
    urns = [f"2000{number:02}" for number in range(size)]
    alike = {"establishment_status": 1, "type_of_establishment": 1, "establishment_type_group": 4}
    last = {"last_signed_in_at": datetime.combine(as_of, time(12))}
    return {
        "schools": [
            {**alike, "urn": urn, "phase_of_education": 2, "gor": "BJ"[number % 2]} for number, urn in enumerate(urns)
        ],
        "school_activity": [
            {"school_urn": urn, **(last if number < without_list else {"sign_in_dates": [as_of]})}
            for number, urn in enumerate(urns)
        ],
    }


def _once(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({record["school_urn"]: record for record in records}.values())


def _dealt(schools: int, entries: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Deal the entries out to so many schools in turn."""
    return [entries[first::schools] for first in range(schools)]
