"""Random worlds of Apply: few candidates, so that they meet several choices, reasons and regions."""

import json
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.book.drops import Drops
from tests.book.random.edges import TIMES, as_of_days, instants_about, mostly, usually

CYCLE_TURNS = tuple(
    date.fromisoformat(day)
    for day in (
        "2020-10-13 2021-10-12 2022-10-11 2023-10-10 2024-10-08 2025-10-08 2026-10-08 "
        "2021-10-04 2022-10-03 2023-10-02 2024-09-30 2025-09-30 2026-09-30"
    ).split()
)
EARLY_DAYS = ("2022-10-11", "2022-10-31", "2022-06-14", "2021-11-30", "2023-02-28", "2020-12-15")
"""Days whose cycles, or those before them, had no reasons, or none about placements."""

CANDIDATES = st.sampled_from(("c1", "c2", "c3", "c4", "c5", "c6"))
STATUSES = st.sampled_from(
    [
        *["rejected"] * 12,
        *"offer pending_conditions recruited offer_deferred declined offer_withdrawn withdrawn".split(),
        *"awaiting_provider_decision inactive unsubmitted application_not_sent cancelled enrolled".split(),
    ]
)
TYPES = st.sampled_from(
    (
        *["rejection_reasons"] * 5,
        *("reasons_for_rejection", "vendor_api_rejection_reasons", "rejection_reason", "rejection_reason"),
        *("newer", "other"),  # a word of other lists is no format
    )
)
A_MENTOR_ID = {"list": "rejection_reason_group_of_id", "code": "mentor", "value": "mentor"}
MENTOR_SINCE = {"list": "rejection_reason_first_cycle", "code": "mentor", "value": "2025"}
DEFINITIONS = usually((), ((A_MENTOR_ID,), (A_MENTOR_ID, MENTOR_SINCE), (A_MENTOR_ID, MENTOR_SINCE)), times=2)
"""Now and then configuration has an id for mentors: from a cycle on, or it does not say from when."""

IDS = st.sampled_from(
    (
        "school_placement",
        "school_placement.no_placements",
        "school_placement.one_more",
        "no_suitable_placements",
        "R10",
        "course_full",
        "course_full_y_n",
        "course_full.salary_course_full",
        "course_full_other",
        "r08",
        "qualifications",
        "qualifications.no_degree",
        "no_maths_gcse",
        "R02",
        "references",
        "safeguarding",
        "cannot_sponsor_visa_y_n",
        "honesty_and_professionalism_y_n",
        "why_are_you_rejecting_this_application",
        "interested_in_future_applications_y_n",
        "other_advice_or_feedback",
        "mentor",
        "mentor",
        "mentor.one_below",
        "not_yet_invented",
        "not_yet_invented.course_full",
        "r11",
        "No place, sorry",
    )
)
TEXT = "What a provider wrote about somebody."
BELOW = st.sampled_from(
    ("no_placements", "placements_other", "salary_course_full", "course_full_other", "no_degree", "one_more", "mentor")
)
NESTED = st.lists(
    st.builds(
        lambda top, below: {
            "id": top,
            "label": top.title(),
            "selected_reasons": [
                {"id": one, "details": {"id": "no_placements_details", "text": TEXT}, "label": one} for one in below
            ],
        },
        st.sampled_from(("school_placement", "course_full", "qualifications", "safeguarding", "mentor", "new_one")),
        st.lists(BELOW, max_size=2),
    ),
    max_size=3,
)
CODES = st.lists(
    st.sampled_from(("R01", "R06", "R08", "R10", "R11", "course_full")).map(lambda code: {"id": code}), max_size=2
)
FLAT = st.fixed_dictionaries(
    {},
    optional={
        key: st.sampled_from(("Yes", "No"))
        for key in (
            *("course_full_y_n", "qualifications_y_n", "safeguarding_y_n", "honesty_and_professionalism_y_n"),
            *("other_advice_or_feedback_y_n", "interested_in_future_applications_y_n", "not_yet_invented_y_n"),
        )
    }
    | {
        "why_are_you_rejecting_this_application": st.sampled_from((TEXT, None)),
        "qualifications_which_qualifications": st.just(["no_degree"]),
    },
)


def _of(form: str, structured: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Reasons of one of the historical formats: as an object or as text, the format said or left to the shape."""
    return st.builds(
        lambda value, as_text, said: {
            "structured_rejection_reasons": json.dumps(value) if as_text else value,
            "rejection_reasons_type": form if said else None,
        },
        structured,
        st.booleans(),
        st.booleans(),
    )


REASONS = st.one_of(
    st.fixed_dictionaries(
        {
            "rejection_reasons_type": mostly(TYPES, st.none(), times=5),
            "rejection_reason_ids": mostly(
                st.lists(IDS, max_size=3, min_size=1), st.just([]), st.just([" "]), st.none(), times=6
            ),
        }
    ),
    _of("reasons_for_rejection", FLAT),
    _of("rejection_reasons", NESTED.map(lambda chosen: {"selected_reasons": chosen})),
    _of("rejection_reasons", NESTED),
    _of("vendor_api_rejection_reasons", CODES.map(lambda chosen: {"selected_reasons": chosen})),
    st.sampled_from(
        ({"rejection_reason": TEXT}, {"rejection_reason": TEXT, "rejection_reasons_type": "rejection_reason"})
    ),
)
"""Reasons for rejection in every shape that they ever had (services#reasons-for-rejection), and as ids."""

REGIONS = st.sampled_from(
    [
        *("london", "london", "north_east", "north_west", "yorkshire_and_the_humber", "east_midlands"),
        *("west_midlands", "eastern", "south_east", "South_West", "wales", "no_region", "atlantis"),
    ]
)


@st.composite
def worlds(draw: st.DrawFn) -> Drops:
    """A world of choices of the last four cycles and the next."""
    as_of = draw(mostly(as_of_days(), st.sampled_from(EARLY_DAYS).map(date.fromisoformat), times=3))
    stands = (as_of + timedelta(days=1)).replace(day=1) - timedelta(days=1)
    year = stands.year + (stands.month >= 10)
    early = st.sampled_from(
        [datetime(year - back, 11, 3, 12) for back in (4, 3, 3, 2, 2, 2, 1)]
        + [datetime(year - back, month, 3, 12) for back in (0, 0, 1) for month in (1, 3, 5)]
    )
    on_the_day = st.builds(datetime.combine, st.just(stands), st.sampled_from(TIMES))
    near, turns = instants_about(stands), instants_about(as_of, CYCLE_TURNS)
    choices = st.fixed_dictionaries(
        {
            "candidate_id": mostly(CANDIDATES, st.none(), times=20),
            "recruitment_cycle_year": st.sampled_from((*[year] * 8, *[year - 1] * 5, year - 2, year - 3, year + 1)),
            "status": STATUSES,
            "sent_to_provider_at": mostly(early, near, turns, on_the_day, st.none(), times=12),
            "rejected_at": mostly(early, near, turns, on_the_day, on_the_day, st.none(), st.none(), times=10),
            "rejected_by_default": mostly(st.just(False), st.just(True), st.none(), times=5),
            "reasons": REASONS,
            "provider_region_code": mostly(REGIONS, st.none(), times=8),
            "course_level": mostly(st.sampled_from(("primary", "secondary", None)), st.just("further_education")),
            "hide_in_reporting": mostly(st.sampled_from((False, False, None)), st.just(True), times=25),
        }
    )
    fewest = draw(st.sampled_from((0, 4, 8, 12)))
    rows = draw(st.lists(choices, min_size=fewest, max_size=15))
    choices_made = [{"id": str(number), **row, **row.pop("reasons")} for number, row in enumerate(rows)]
    return Drops(as_of, {"application_choices": choices_made}, definitions=draw(DEFINITIONS))
