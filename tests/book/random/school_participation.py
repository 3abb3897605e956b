"""Random worlds of mentor allocations: few schools that open, close and succeed each other about the points."""

from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.book.drops import Drops
from tests.book.random.edges import as_of_days, days_about, instants_of, maybe, mostly, usually
from tests.book.random.schools import maybe_converted, school_tables
from tests.book.world import Row

URNS = ("100001", "100002", "100003", "100004", "99999")
GIVEN = (*URNS, *URNS, "900000", "900020", None)
STATES = ("trn_received", "trn_received", "awarded", "awarded", "withdrawn", "lost_in_the_post", "draft")


@st.composite
def worlds(draw: st.DrawFn) -> Drops:
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
    instants, earlier, recent = instants_of(days), instants_of(by_then), instants_of(st.just(as_of))
    # Whether allocations say whom they are for is a property of a year: often nobody's do.
    named = draw(st.sampled_from(({year}, {year}, {year, year - 1}, {year - 1}, set())))
    allocation = st.fixed_dictionaries(
        {
            "academic_year": st.sampled_from((year, year, year, year - 1, year - 1, year - 2, year + 1)),
            "placement_id": usually("p", (None,), 8),
            "school_urn": st.sampled_from(GIVEN),
            "mentor_id": usually("m", (None,), 8),
            "trainee_id": st.sampled_from(("t", "t", None)),
            "trn": st.sampled_from(("2000002", "RP20/00002", None, "1234", "QQ012345C")),
            "provider_code": st.sampled_from(("A01", None)),
            "created_at": mostly(earlier, instants, times=3),
            "deleted_at": mostly(st.none(), instants, recent, times=6),
        }
    )
    starts = st.one_of(
        st.just(date(year, 8, 1)),
        by_then,
        st.sampled_from((opens, date(year, 8, 1), date(year, 7, 31), date(year + 1, 7, 31))),
        days,
    )
    trainee = st.fixed_dictionaries(
        {
            "state": st.sampled_from(STATES),
            "trainee_start_date": maybe(starts),
            "itt_start_date": maybe(starts, 1),
            "placements": maybe(st.lists(st.sampled_from(GIVEN).map(_placement), min_size=1, max_size=4), 6),
        }
    )
    allocations = draw(st.lists(allocation, min_size=5, max_size=12))
    return Drops(
        as_of,
        {
            "mentor_allocations": [
                {"allocation_id": f"A{number}", **_named(row, named)} for number, row in enumerate(allocations)
            ],
            "trainees": [
                {"trainee_id": f"R{number}", **row}
                for number, row in enumerate(draw(st.lists(trainee, min_size=2, max_size=5)))
            ],
            **draw(_schools(days)),
        },
        as_of + timedelta(days=draw(st.sampled_from((0, 0, -1, 1, 30)))),
    )


@st.composite
def _schools(draw: st.DrawFn, days: st.SearchStrategy[date]) -> dict[str, list[Row]]:
    """Schools of all kinds, but often open schools in England: of each kind there is enough when half are ordinary."""
    found = draw(maybe_converted(school_tables(days, URNS, least=6, most=10), days))
    in_england = {"type_of_establishment": 1, "establishment_type_group": 4}
    is_open = {"establishment_status": 1, "open_date": None, "close_date": None}
    kinds = usually({}, (in_england, in_england, {**in_england, **is_open}, is_open))
    return {**found, "schools": [{**row, **draw(kinds)} for row in found["schools"]]}


def _placement(urn: str | None) -> dict[str, Any]:
    return {"urn": urn}


def _named(row: dict[str, Any], years: set[int]) -> dict[str, Any]:
    """In a year that does not say whom an allocation is for nothing does."""
    return row if row["academic_year"] in years else row | {"trainee_id": None, "trn": None}
