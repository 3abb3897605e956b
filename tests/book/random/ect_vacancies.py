"""Random worlds of vacancies and trainees: few vacancies, TRNs and schools, so that they meet."""

from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.book.days import last_of_month, month_end_by, months_later
from tests.book.drops import Drops
from tests.book.random.edges import as_of_days, days_about, instants_of, maybe, mostly, usually
from tests.book.random.schools import maybe_converted, school_tables

FIRST = ("12345", "0012345", "RP00/12345", "trn 001 2345", "-12345", "12345 ")
SECOND = ("2000002", "RP20/00002", "TRN2000002")
TRNS = (FIRST, FIRST, SECOND, ("3000003",))
"""Each number in several spellings, which are one."""

REFUSED_TRNS = (
    *("1234", "RP/1234", "12345678", "999999998", "1111111", "00000", "1234567", "123/4567"),
    *("QQ012345C", "12345-", "12-34/5", "TRN", "RPTRN12345", "\uff11\uff12\uff13\uff14\uff15", "2f0012345"),
)
"""Too few digits or too many, one repeated, made up; and what is no TRN though there are digits in it."""

URNS = ("100001", "100002", "100003", "100004")
ROLES = usually(["teacher"], (["sendco", "teacher"], [None, "teacher"], ["teaching_assistant"], [], None), 5)
HIRED = st.sampled_from(
    "hired_tvs hired_other_free hired_paid hired_no_listing not_filled_ongoing not_filled_not_looking "
    "hired_dont_know hired_by_magic".split()
)
STATUSES = usually("offered", ("declined", "declined", "withdrawn", "withdrawn", "submitted", "rejected", "ghosted"), 1)
QUALIFIED = st.sampled_from(("yes", "no", "on_track", "non_teacher"))
STATES = st.sampled_from(
    (
        "awarded",
        "awarded",
        "submitted_for_trn",
        "trn_received",
        "recommended_for_award",
        "withdrawn",
        "withdrawn",
        "deferred",
        "deferred",
        "draft",
        "lost_in_the_post",
    )
)
ROUTES = usually(
    "provider_led_postgrad",
    ("12", "10", "school of hard knocks", "early_years_postgrad", "19", "Early Years (salaried)", None),
    2,
)
LATE = tuple(date.fromisoformat(day) for day in ("2026-02-28", "2026-04-14", "2026-07-14", "2026-08-31", "2026-10-15"))
"""Days at which the year that is current, or the one before, has offers."""


@st.composite
def worlds(draw: st.DrawFn) -> Drops:
    """A world of Teaching Vacancies, Register and GIAS, about the months before the as-of date."""
    as_of = draw(mostly(st.sampled_from(LATE), as_of_days(), times=7))
    stands = month_end_by(as_of)
    # A few days that most dates are drawn from, so that they coincide; the rest are anywhere about the points.
    base = draw(st.lists(days_about(stands, (stands, date(2025, 9, 3))), min_size=1, max_size=2))
    start = draw(st.sampled_from((stands, last_of_month(stands.year, stands.month + 5), *base, date(2026, 2, 28))))
    about = st.sampled_from(sorted({day + timedelta(days=by) for day in (stands, *base) for by in (-40, -1, 0, 1, 40)}))
    close = st.sampled_from([stands + timedelta(days=by) for by in (-31, -1, 0, 0, 1, 1, 31)])
    days = st.one_of(close, about, days_about(stands))
    before = st.sampled_from([stands - timedelta(days=by) for by in (0, 0, 1, 30, 31, 60, 80)])
    lately = st.sampled_from([stands - timedelta(days=by) for by in (0, 0, 0, 1, 30)])
    instants, earlier, answers, ends = instants_of(days), instants_of(before), instants_of(lately), instants_of(close)
    expires = draw(earlier)
    spelled = draw(st.sampled_from((TRNS, TRNS, (*TRNS, (None,)))))
    trns = mostly(st.sampled_from(spelled).flatmap(st.sampled_from), st.sampled_from(REFUSED_TRNS), times=4)
    vacancy = st.fixed_dictionaries(
        {
            "organisation_urns": st.one_of(
                st.lists(st.sampled_from(URNS[:-1]), min_size=1, max_size=1),
                st.lists(st.sampled_from(URNS), min_size=1, max_size=2),
                st.lists(st.sampled_from((*URNS, "900000", None)), max_size=3),
                st.none(),
            ),
            "job_roles": ROLES,
            "publish_on": mostly(st.just(date(2023, 1, 1)), before, days, st.none(), times=12),
            "expires_at": mostly(st.just(expires), earlier, earlier, instants, times=3),
            "starts_on": st.sampled_from((start, start, start + timedelta(days=1), None)),
            "discarded_at": mostly(st.none(), instants, st.just(expires), times=16),
            "hired_status": maybe(HIRED, 3),
            "stats_updated_at": mostly(answers, earlier, instants, st.none(), times=3),
            "takes_applications": usually(True, (False, None), 3),
        }
    )
    application = st.fixed_dictionaries(
        {
            "vacancy_id": st.sampled_from(("V1", "V1", "V1", "V1", "V2", "V2", "V2", "V3", "V3", "V4", "V9")),
            "status": STATUSES,
            "submitted_at": mostly(earlier, instants, st.none(), times=4),
            "offered_at": mostly(earlier, instants, st.none(), times=5),
            "declined_at": maybe(ends, 3),
            "withdrawn_at": maybe(ends, 3),
            "qualified_teacher_status": maybe(QUALIFIED, 3),
            "qualified_teacher_status_year": maybe(st.sampled_from([start.year - by for by in (4, 3, 2, 1)]), 1),
            "is_statutory_induction_complete": st.sampled_from((None, True, False)),
            "trn": trns,
            "updated_at": st.one_of(earlier, instants, st.none()),
        }
    )
    turning = {months_later(start, -24), months_later(start, 6), months_later(stands, -24), stands}
    near = st.sampled_from(sorted({day + timedelta(days=by) for day in turning for by in (-1, 0, 1, 2)}))
    placements = st.lists(
        st.sampled_from((*URNS, *URNS, "900010", None)).map(lambda urn: {"urn": urn}), min_size=1, max_size=3
    )
    trainee = st.fixed_dictionaries(
        {
            "trn": trns,
            "state": STATES,
            "training_route": ROUTES,
            "itt_end_date": st.one_of(st.none(), before, near),
            "awarded_at": mostly(st.none(), instants_of(near), instants, times=2),
            "defer_date": maybe(close, 1),
            "reinstate_date": st.one_of(st.none(), close, days),
            "withdrawal_date": st.one_of(st.none(), close, days),
            "placements": mostly(placements, st.just([]), st.none(), times=6),
        }
    )
    return Drops(
        as_of,
        {
            "vacancies": _numbered("vacancy_id", "V", draw(st.lists(vacancy, min_size=3, max_size=6))),
            "applications": _numbered("application_id", "A", draw(st.lists(application, min_size=6, max_size=14))),
            "trainees": _numbered("trainee_id", "R", draw(st.lists(trainee, min_size=3, max_size=7))),
            **draw(maybe_converted(school_tables(days, URNS, least=4, most=7), close)),
        },
    )


def _numbered(key: str, letter: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: f"{letter}{number}", **row} for number, row in enumerate(rows, start=1)]
