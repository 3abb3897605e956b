"""Random worlds of providers: few codes, so that they meet in providers, courses and activity."""

from typing import Any

from hypothesis import strategies as st

from tests.book.random.edges import as_of_days, days_about, instants_about, maybe, mostly
from tests.book.world import World

CODES = st.sampled_from(("A01", "A02", "P01", "P02", "P03", "GP", "2N2", "1YF", "21J", "2U6"))
REGIONS = st.sampled_from(("london", "north_east", "eastern", "no_region", "wales", "scotland", "atlantis"))
TYPES = st.sampled_from(("university", "scitt", "lead_school", "circus"))
STATES = st.sampled_from(("published", "published", "published_with_unpublished_changes", "withdrawn", "draft", ""))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A world of Publish and the placements service, of the last three years."""
    as_of = draw(as_of_days())
    year = as_of.year if as_of.month >= 9 else as_of.year - 1
    cycles = st.sampled_from((year, year, year - 1, year - 2, year + 1))
    instants = instants_about(as_of)
    providers = st.fixed_dictionaries(
        {
            "recruitment_cycle_year": cycles,
            "code": CODES,
            "accredited_body": st.sampled_from((True, True, False, False, None)),
            "provider_type": maybe(TYPES, 3),
            "region_code": maybe(REGIONS, 3),
            "discarded_at": mostly(st.none(), instants, times=3),
        }
    )
    courses = st.fixed_dictionaries(
        {
            "recruitment_cycle_year": cycles,
            "provider_code": CODES,
            "code": st.sampled_from(("C1", "C2", "C3")),
            "accredited_body_code": st.one_of(st.none(), st.just(""), CODES, st.just("X99")),
            "state": maybe(STATES, 3),
        }
    )
    used = days_about(as_of)
    activity = st.fixed_dictionaries(
        {
            "provider_code": mostly(CODES, st.sampled_from(("X99", "X98")), times=5),
            "sign_in_dates": mostly(st.lists(used, max_size=3), st.none(), times=4),
            "last_signed_in_at": maybe(instants, 1),
            "deleted_at": mostly(st.none(), instants, times=4),
        }
    )
    return World(
        as_of,
        {
            "providers": _first(draw(st.lists(providers, max_size=12)), "recruitment_cycle_year", "code"),
            "courses": _first(draw(st.lists(courses, max_size=10)), "recruitment_cycle_year", "provider_code", "code"),
            "provider_activity": _first(draw(st.lists(activity, max_size=8)), "provider_code"),
        },
    )


def _first(rows: list[dict[str, Any]], *key: str) -> list[dict[str, Any]]:
    """Keep one row a key, as ingest does."""
    return list({tuple(row[name] for name in key): row for row in reversed(rows)}.values())
