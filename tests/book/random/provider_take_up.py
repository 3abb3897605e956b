"""Random worlds of providers: few codes, so that they meet in providers, courses and activity."""

from collections.abc import Sequence
from datetime import date, datetime, time

from hypothesis import strategies as st

from tests.book.drops import Drops
from tests.book.random.edges import as_of_days, days_about, instants_about, instants_close_to, mostly, usually
from tests.book.world import Row

CODES = st.sampled_from(("A01", "A01", "A02", "P01", "P01", "P02", "P02", "GP", "2N2", "1YF", "21J", "2U6"))
REGIONS = usually(
    "london", ("north_east", "north_east", "eastern", "eastern", "no_region", "wales", "scotland", "atlantis", None)
)
TYPES = usually("university", ("scitt", "lead_school", "lead_school", "london", None))
STATES = usually("published", ("published_with_unpublished_changes", None, "withdrawn", "draft"))
CROWDS = (0,) * 12 + (17, 18, 19, 20, 36, 38, 39, 40)
"""How many providers more there are, all of them active: with about twenty, one without a list is about 5%."""


@st.composite
def worlds(draw: st.DrawFn) -> Drops:
    """A world of Publish and the placements service, of the last three years."""
    as_of = draw(as_of_days())
    year = as_of.year if as_of.month >= 9 else as_of.year - 1
    cycles = usually(year, (year - 1, year - 1, year - 1, year - 2, year + 1), times=2)
    instants = st.one_of(instants_about(as_of), instants_close_to(as_of))
    gone = mostly(st.none(), instants, times=4)
    providers = st.fixed_dictionaries(
        {
            "recruitment_cycle_year": cycles,
            "code": CODES,
            "accredited_body": st.sampled_from((True, True, False, False, None)),
            "provider_type": TYPES,
            "region_code": REGIONS,
            "discarded_at": gone,
        }
    )
    courses = st.fixed_dictionaries(
        {
            "recruitment_cycle_year": cycles,
            "provider_code": CODES,
            "code": st.sampled_from(("C1", "C2", "C3")),
            "accredited_body_code": st.one_of(CODES, st.sampled_from((None, "A01", "A02", "P01", "X99"))),
            "state": STATES,
        }
    )
    used = st.lists(st.one_of(days_about(as_of), st.dates(date(year, 9, 1), as_of)), max_size=3)
    all_have_lists = draw(st.booleans())
    activity = st.fixed_dictionaries(
        {
            "provider_code": mostly(CODES, st.sampled_from(("X99", "X98")), times=9),
            "sign_in_dates": used if all_have_lists else mostly(used, st.none(), times=3),
            "last_signed_in_at": st.one_of(st.none(), instants),
            "deleted_at": gone,
        }
    )
    crowd = _crowd(year, as_of, draw(st.sampled_from(CROWDS)), without_list=draw(st.sampled_from((0, 1, 2, 3))))
    least = draw(st.sampled_from((10, 8, 8, 0)))
    tables = {
        "providers": _first(draw(_rows(providers, least)), "recruitment_cycle_year", "code"),
        "courses": _first(draw(_rows(courses, least)), "recruitment_cycle_year", "provider_code", "code"),
        "provider_activity": _first(draw(_rows(activity, least)), "provider_code"),
    }
    return Drops(as_of, {name: [*rows, *crowd[name]] for name, rows in tables.items()})


def _crowd(year: int, as_of: date, size: int, without_list: int) -> dict[str, Sequence[Row]]:
    """Accredited providers that run a course and signed in at the as-of date, so many of them without a list."""
    cycle, codes = {"recruitment_cycle_year": year}, [f"B{number:02}" for number in range(size)]
    alike = {**cycle, "accredited_body": True, "provider_type": "scitt", "region_code": "eastern"}
    last = {"last_signed_in_at": datetime.combine(as_of, time(12))}
    return {
        "providers": [{**alike, "code": code} for code in codes],
        "courses": [{**cycle, "provider_code": code, "code": "C1", "state": "published"} for code in codes],
        "provider_activity": [
            {"provider_code": code, **(last if number < without_list else {"sign_in_dates": [as_of]})}
            for number, code in enumerate(codes)
        ],
    }


def _rows(row: st.SearchStrategy[Row], least: int) -> st.SearchStrategy[list[Row]]:
    return st.lists(row, min_size=least, max_size=least + 6)


def _first(rows: Sequence[Row], *key: str) -> list[Row]:
    """Keep one row a key, as ingest does."""
    return list({tuple(row[name] for name in key): row for row in reversed(rows)}.values())
