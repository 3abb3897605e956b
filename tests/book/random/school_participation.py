"""Random worlds of mentor allocations: few schools that open, close and succeed each other about the points."""

from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.book.random.edges import TIMES, as_of_days, days_about, maybe, mostly, usually
from tests.book.random.schools import school_tables
from tests.book.world import World

URNS = ("100001", "100002", "100003", "100004", "99999")
GIVEN = (*URNS, *URNS, "900000", "900020", None)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A world of the placements service, Register and GIAS, about the last three academic years."""
    as_of = draw(as_of_days())
    year = as_of.year if as_of.month >= 9 else as_of.year - 1
    opens = date(year, 9, 1)
    same_day_before = min(date(year - 1, 9, 1) + (as_of - opens), date(year, 8, 31))
    near = sorted({day + timedelta(days=by) for day in (as_of, opens, same_day_before) for by in (-1, 0, 1)})
    days = st.one_of(st.sampled_from(near), days_about(as_of))
    by_then = st.sampled_from(
        [as_of - timedelta(days=by) for by in (0, 1, 5)] + [date(year - 1, 8, 1), date(year - 2, 9, 1)]
    )
    instants, earlier = _instants(days), _instants(by_then)
    # Whether allocations say whom they are for is a property of a year: often nobody's do.
    named = draw(st.sampled_from(({year}, {year, year - 1}, {year - 1}, set())))
    allocation = st.fixed_dictionaries(
        {
            "academic_year": st.sampled_from((year, year, year, year - 1, year - 1, year - 2, year + 1)),
            "placement_id": usually("p", (None,), 6),
            "school_urn": st.sampled_from(GIVEN),
            "mentor_id": usually("m", (None,), 6),
            "trainee_id": st.sampled_from(("t", None, None)),
            "trn": st.sampled_from(("n", None, None)),
            "trn_problem": st.sampled_from((None, None, "too_short")),
            "provider_code": st.sampled_from(("A01", None)),
            "created_at": mostly(earlier, instants, times=3),
            "deleted_at": mostly(st.none(), instants, times=3),
        }
    )
    starts = st.one_of(
        st.just(date(year, 8, 1)),
        st.sampled_from((opens, date(year, 8, 1), date(year, 7, 31), date(year + 1, 7, 31))),
        days,
    )
    trainee = st.fixed_dictionaries(
        {
            "state": st.sampled_from(("trn_received", "awarded", "withdrawn", "draft")),
            "trainee_start_date": maybe(starts),
            "itt_start_date": maybe(starts, 1),
            "placement_urns": maybe(st.lists(st.sampled_from(GIVEN[:-1]), min_size=1, max_size=4, unique=True), 6),
        }
    )
    allocations = draw(st.lists(allocation, min_size=5, max_size=12))
    return World(
        as_of,
        {
            "mentor_allocations": [
                {"allocation_id": f"A{number}", **_named(row, named)} for number, row in enumerate(allocations)
            ],
            "trainees": [
                {"trainee_id": f"R{number}", **row}
                for number, row in enumerate(draw(st.lists(trainee, min_size=2, max_size=5)))
            ],
            **draw(school_tables(days, URNS, least=6, most=10)),
        },
        as_of + timedelta(days=draw(st.sampled_from((0, 0, -1, 1, 30)))),
    )


def _instants(days: st.SearchStrategy[date]) -> st.SearchStrategy[datetime]:
    return st.builds(datetime.combine, days, st.sampled_from(TIMES))


def _named(row: dict[str, Any], years: set[int]) -> dict[str, Any]:
    """In a year that does not say whom an allocation is for nothing does; a TRN that is refused leaves no token."""
    if row["academic_year"] not in years:
        row = row | {"trainee_id": None, "trn": None}
    return row | {"trn": None} if row["trn_problem"] else row
