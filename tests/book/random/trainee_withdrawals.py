"""Random worlds of Register: starts on the census and the year's edges, withdrawals on days 89 and 90 after them."""

from datetime import date, datetime, time, timedelta
from typing import Any

from hypothesis import strategies as st

from functions.compute_kpis.catalogue.definitions import load_definitions
from tests.book.drops import Drops
from tests.book.random.edges import TIMES, as_of_days, days_about, instants_about, mostly


def _listed(name: str) -> st.SearchStrategy[str]:
    """Any code of a list of definitions: the book's side must know it too, and what it means."""
    return st.sampled_from([entry.code for entry in load_definitions().entries_of(name)])


CENSUS_DAYS = tuple(
    date.fromisoformat(day) for day in "2021-10-13 2022-10-12 2023-10-11 2024-10-09 2025-10-08 2026-10-14".split()
)
STATES = st.sampled_from(
    [
        *["withdrawn"] * 10,
        *["awarded"] * 6,
        *"trn_received deferred submitted_for_trn recommended_for_award draft unheard_of".split(),
    ]
)
ROUTES = st.sampled_from(
    [
        *"provider_led_postgrad school_direct_salaried hpitt_postgrad iqts opt_in_undergrad 12 2 03 21 9 14".split(),
        *("School direct (salaried)", "Teacher degree apprenticeship", "HPITT", "Opt-in (undergrad)", "IQTS"),
    ]
)
OTHER_ROUTES = st.sampled_from(
    (
        *("assessment_only", "16", "Early years graduate entry", "early_years_salaried", "17"),
        *("99", "4", "by post", "awarded", "london", None),  # words of other lists are no routes
    )
)
LISTED_ROUTES = _listed("training_route_class")
REASONS_OF_GROUPS = (
    ("teaching_placement_problems", "lack_of_progress_during_placements"),
    ("did_not_pass_exams", "did_not_make_progress"),
    ("death", "family_problems", "financial_reasons", "health_reasons"),
    ("got_a_job", "gone_into_employment", "never_intended_to_obtain_qts"),
    ("exclusion", "safeguarding_concerns", "mandatory_reasons"),
    ("another_reason", "for_another_reason", "record_added_in_error"),
    ("unknown",),
    # Words of other lists are no ids of reasons.
    ("unmapped", "not_yet_invented", "not_given", "career_choice"),
    ("moved_to_different_itt_course", "transferred_to_another_provider"),
)
REASONS = mostly(
    st.sampled_from(REASONS_OF_GROUPS).flatmap(st.sampled_from),
    _listed("withdrawal_reason_group_of_id"),
    times=5,
)
UKPRNS = ("10000001", "10000002", "10000003")
REGIONS = (
    *"london north_east North_West yorkshire_and_the_humber east_midlands west_midlands eastern".split(),
    *("south_east", "south_west"),
)


@st.composite
def worlds(draw: st.DrawFn) -> Drops:
    """A world of trainees of the last four years, and of the training providers in Publish."""
    as_of = draw(as_of_days())
    stands = (as_of + timedelta(days=1)).replace(day=1) - timedelta(days=1)
    year = stands.year - (stands.month < 8)
    usual = _usual_starts(year)
    starts = mostly(usual, days_about(stands, CENSUS_DAYS), st.none(), times=8)
    trainees = _trainees(draw, year, stands, starts)
    return Drops(as_of, {"trainees": trainees, "providers": _providers(draw, year, stands)})


def _providers(draw: st.DrawFn, year: int, stands: date) -> list[dict[str, Any]]:
    """Rows of Publish; most codes have a UKPRN of their own and a region, elsewhere in another world."""
    turn = draw(st.integers(0, len(REGIONS) - 1))
    region = st.integers(0, len(REGIONS) - 1).map(lambda number: REGIONS[(number + turn) % len(REGIONS)])
    facts = st.fixed_dictionaries(
        {
            "recruitment_cycle_year": st.sampled_from((*[year - 1] * 4, year - 2, year - 3, year, year + 1)),
            "code": st.sampled_from(("A01", "A02", "A03", "A04")),
            "ukprn": mostly(st.just("own"), st.sampled_from(UKPRNS), st.none(), times=3),
            "region_code": mostly(region, st.sampled_from(("no_region", "wales", None)), times=6),
            "accredited_body": st.sampled_from((True, True, False, None)),
            "discarded_at": mostly(st.none(), instants_about(stands), times=4),
        }
    )
    rows = draw(st.lists(facts, min_size=draw(st.sampled_from((0, 5, 6, 7))), max_size=9))
    first = {(row["recruitment_cycle_year"], row["code"]): row for row in reversed(rows)}
    return [
        {**row, "ukprn": f"1000000{row['code'][-1]}" if row["ukprn"] == "own" else row["ukprn"]}
        for row in first.values()
    ]


def _usual_starts(year: int) -> st.SearchStrategy[Any]:
    """September of the running year and the three before; now and then the days about a census."""
    days = [date(number, 9, 8) for number in (year, year, *[year - 1] * 4, year - 2, year - 2, year - 3)]
    near = [day + timedelta(days=by) for day in CENSUS_DAYS if year - 2 <= day.year <= year for by in (0, 1)]
    return st.sampled_from([*days, *near])


def _trainees(draw: st.DrawFn, year: int, stands: date, starts: st.SearchStrategy[Any]) -> list[dict[str, Any]]:
    after = st.sampled_from((89, 90, 89, 90, 20, 40, 150, 250, 400, 0, -5))
    in_year = st.sampled_from([date(number, 4, 15) for number in (*[year] * 5, year - 1, year - 2, year + 1)])
    edges = days_about(stands)
    midday = st.builds(datetime.combine, in_year, st.just(time(12)))
    facts = st.fixed_dictionaries(
        {
            "ukprn": mostly(st.sampled_from((*UKPRNS, *UKPRNS, "19999999")), st.none()),
            "state": STATES,
            "training_route": mostly(ROUTES, OTHER_ROUTES, LISTED_ROUTES, times=8),
            "itt_start_date": starts,
            "trainee_start_date": mostly(st.none(), starts, times=3),
            "withdrawal_date": mostly(in_year, after, after, after, edges, st.just(stands), st.none(), times=7),
            "awarded_at": mostly(
                midday,
                instants_about(stands),
                st.builds(datetime.combine, st.just(stands), st.sampled_from(TIMES)),
                st.none(),
                times=8,
            ),
            "withdrawal_reasons": mostly(
                st.lists(REASONS, min_size=1, max_size=3).map(lambda given: sorted(set(given))),
                st.just([]),
                st.just(["record_added_in_error"]),
                st.none(),
                times=8,
            ),
        }
    )
    fewest = draw(st.sampled_from((0, 8, 12, 12)))
    rows = draw(st.lists(facts, min_size=fewest, max_size=16))
    return [_dated({"trainee_id": f"t{number}", **row}) for number, row in enumerate(rows)]


def _dated(row: dict[str, Any]) -> dict[str, Any]:
    """A withdrawal given as a number of days is so many after the start, or on a plain day if there is none."""
    after, start = row["withdrawal_date"], row["trainee_start_date"] or row["itt_start_date"]
    if isinstance(after, int):
        row = {**row, "withdrawal_date": (start or date(2024, 9, 2)) + timedelta(days=after)}
    return row
