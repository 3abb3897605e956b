"""Worlds of KPI 1: disagreements, each kept as the smallest world that showed it; the last ones hold a rule."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from tests.book.drops import Drops
from tests.book.world import Row

SENT = datetime(2025, 11, 3, 12)
FIRST, SECOND = datetime(2025, 12, 3, 12), datetime(2026, 3, 4, 12)
THE_DAY, THE_DAY_AFTER = datetime(2026, 4, 30, 12), datetime(2026, 5, 1, 12)
A_MENTOR_ID = {"list": "rejection_reason_group_of_id", "code": "no_mentor", "value": "mentor"}
MENTOR_SINCE = {"list": "rejection_reason_first_cycle", "code": "mentor", "value": "2026"}
IN_EACH_WAY: dict[str, dict[str, Any]] = {
    "placement": {"rejection_reason_ids": ["school_placement"]},
    "mentor": {"rejection_reason_ids": ["no_mentor"]},
    "mentor and other": {"rejection_reason_ids": ["no_mentor", "qualifications"]},
    "course_full": {"rejection_reason_ids": ["course_full"]},
    "course_full and other": {"rejection_reason_ids": ["course_full", "qualifications"]},
    "other": {"rejection_reason_ids": ["qualifications"]},
    "no_reason": {},
    "in_text": {"rejection_reasons_type": "rejection_reason"},
    "unmapped": {"rejection_reason_ids": ["not_yet_invented"]},
    "by_default": {"rejected_by_default": True},
}
"""A rejection in each of the ways that there are, each of another candidate."""


TEXT = "What a provider wrote about somebody."
NESTED = {"id": "school_placement", "selected_reasons": [{"id": "no_placements", "details": {"text": TEXT}}]}
SHAPES: list[tuple[str, Row]] = [
    *(
        ("reasons_for_rejection", {"structured_rejection_reasons": flat})
        for flat in (
            {"course_full_y_n": "Yes", "qualifications_y_n": "No"},
            {"course_full_y_n": "No", "why_are_you_rejecting_this_application": TEXT},
            {"other_advice_or_feedback_y_n": "Yes", "other_advice_or_feedback_details": TEXT},
            {"interested_in_future_applications_y_n": "Yes"},
            {"honesty_and_professionalism_y_n": "Yes"},
            '{"course_full_y_n": "Yes"}',
        )
    ),
    *(
        ("rejection_reasons", {"structured_rejection_reasons": nested})
        for nested in (
            {"selected_reasons": [NESTED]},
            [NESTED, {"id": "qualifications", "selected_reasons": [{"id": "no_degree"}]}],
            {"selected_reasons": [{"id": "qualifications", "selected_reasons": [{"id": "course_full_other"}]}]},
            {"selected_reasons": [{"id": "no_suitable_placements"}]},
            {"selected_reasons": [{"id": "new_one", "selected_reasons": [{"id": "course_full"}]}]},
            {"selected_reasons": []},
        )
    ),
    *(
        ("vendor_api_rejection_reasons", {"structured_rejection_reasons": {"selected_reasons": [{"id": code}]}})
        for code in ("R01", "R06", "R08", "R10", "R11")
    ),
    ("rejection_reason", {"rejection_reason": TEXT}),
]
"""Reasons in each historical format, and what the format is called."""


def _rejected(candidate: str, on: datetime, **columns: Any) -> Row:
    return {"candidate_id": candidate, "sent_to_provider_at": SENT, "status": "rejected", "rejected_at": on, **columns}


def _offered(candidate: str | None, sent: datetime) -> Row:
    return {"candidate_id": candidate, "sent_to_provider_at": sent, "status": "offer"}


def _of(choices: Sequence[Row], definitions: Sequence[Row] = ()) -> Drops:
    """A world of cycle 2026 in which people stand at 30 April 2026."""
    rows = [{"id": str(number), "recruitment_cycle_year": 2026, **row} for number, row in enumerate(choices)]
    return Drops(date(2026, 5, 10), {"application_choices": rows}, definitions=definitions)


FOUND: list[tuple[str, Drops]] = [
    (
        "Of a choice without candidate and without a day of sending the book's side said nothing; it is shown once.",
        Drops(
            date(2025, 7, 14),
            {"application_choices": [{"id": "1", "recruitment_cycle_year": 2025, "status": "rejected"}]},
        ),
    ),
    (
        "The query showed a choice without candidate as not counted, though it is hidden: hidden is left out entirely.",
        Drops(
            date(2025, 7, 14),
            {
                "application_choices": [
                    {
                        "id": "1",
                        "recruitment_cycle_year": 2025,
                        "status": "rejected",
                        "sent_to_provider_at": datetime(2024, 11, 4, 12),
                        "rejected_at": datetime(2025, 3, 4, 12),
                        "hide_in_reporting": True,
                    }
                ]
            },
        ),
    ),
    (
        "Who is rejected twice in one way counts from the first time, in each way.",
        _of(
            [_rejected(way, on, **columns) for way, columns in IN_EACH_WAY.items() for on in (FIRST, SECOND)],
            [A_MENTOR_ID, MENTOR_SINCE],
        ),
    ),
    (
        "What happens on the day itself counts, in each way; what is sent the day after is not even shown.",
        _of(
            [
                *(
                    _rejected(way, THE_DAY, **columns, sent_to_provider_at=THE_DAY)
                    for way, columns in IN_EACH_WAY.items()
                ),
                _offered("placement", THE_DAY),
                _offered(None, THE_DAY),
                _offered(None, THE_DAY_AFTER),
            ],
            [A_MENTOR_ID, MENTOR_SINCE],
        ),
    ),
    (
        "Turned away is who has no place on the day, by the first rejection and the first place of each.",
        _of(
            [
                _rejected("place comes later", SECOND, rejection_reason_ids=["course_full"]),
                _offered("place comes later", THE_DAY_AFTER),
                _rejected("rejected again later", SECOND, rejection_reason_ids=["course_full"]),
                _rejected("rejected again later", THE_DAY_AFTER, rejection_reason_ids=["course_full"]),
                _offered("rejected again later", SENT),
                _rejected("another place later", SECOND, rejection_reason_ids=["course_full"]),
                _offered("another place later", SENT),
                _offered("another place later", THE_DAY_AFTER),
            ]
        ),
    ),
    (
        "A reason about mentors for which configuration has an id, but no first cycle, is collected in every cycle.",
        _of([_rejected("mentor", SECOND, **IN_EACH_WAY["mentor"])], [A_MENTOR_ID]),
    ),
    (
        "A word of another list is no format of reasons: the ids are read, and the rejection is one.",
        _of([_rejected("c1", SECOND, rejection_reasons_type="other", rejection_reason_ids=["course_full"])]),
    ),
    (
        "What has a day of sending was sent, whatever its status: without a candidate it is shown.",
        _of([{"sent_to_provider_at": SENT, "status": "unsubmitted"}]),
    ),
    (
        "A word of another list is no id of a reason: unmapped.",
        _of([_rejected("c1", SECOND, rejection_reason_ids=["recruited"])]),
    ),
    (
        "The format decides before the ids: a reason in writing only, whatever else is there.",
        _of([_rejected("c1", SECOND, rejection_reasons_type="rejection_reason", rejection_reason_ids=["course_full"])]),
    ),
    (
        "An offer lacks no day of rejection, also where it was once rejected automatically.",
        _of([{**_offered("c1", SENT), "rejected_by_default": True}]),
    ),
    (
        "A choice of a course in a primary or secondary school, said not to be hidden, is one like any other.",
        _of(
            [
                _rejected(
                    level, SECOND, rejection_reason_ids=["course_full"], course_level=level, hide_in_reporting=False
                )
                for level in ("primary", "secondary")
            ]
        ),
    ),
    (
        "A status on no list decides nothing, but its candidate applied; a region comes in small letters or large.",
        _of(
            [
                {"candidate_id": "c1", "sent_to_provider_at": SENT, "status": "enrolled"},
                _rejected("c2", SECOND, rejection_reason_ids=["course_full"], provider_region_code="South_West"),
            ]
        ),
    ),
    (
        "An offer is no automatic rejection, though it has been one and says when.",
        _of([{**_offered("c1", SENT), "rejected_by_default": True, "rejected_at": SECOND}]),
    ),
    (
        "An automatic rejection without a date is shown as such.",
        _of([{**_rejected("c1", SECOND, rejected_by_default=True), "rejected_at": None}]),
    ),
    (
        "A row that is refused still hides its candidate, in the rows of every cycle.",
        _of(
            [
                *(
                    _rejected("c1", SECOND, rejection_reason_ids=["course_full"], recruitment_cycle_year=year)
                    for year in (2026, 2025)
                ),
                _rejected("c2", SECOND, rejection_reason_ids=["course_full"]),
                {"candidate_id": "c1", "hide_in_reporting": True, "status": None},
            ]
        ),
    ),
    (
        "The newest version of a choice decides, whatever the older one said.",
        _of(
            [
                _rejected("c1", SECOND, id="x", rejection_reason_ids=["course_full"], updated_at=FIRST),
                {**_offered("c1", SENT), "id": "x", "updated_at": SECOND},
                _rejected("c2", SECOND, id="y", rejection_reason_ids=["other"], updated_at=SECOND),
                _rejected("c2", SECOND, id="y", rejection_reason_ids=["course_full"], updated_at=SECOND),
            ]
        ),
    ),
    (
        "Reasons in every shape that they ever had: flat, nested, by code, in writing; the format said or not.",
        _of(
            [
                _rejected(f"{number} {form}", SECOND, rejection_reasons_type=form if said else None, **reasons)
                for number, (form, reasons) in enumerate(SHAPES)
                for said in (True, False)
            ]
        ),
    ),
    (
        "Before its first cycle a reason is not collected, and no reason is missing; advice alone is none.",
        _of(
            [
                {
                    **_rejected(str(number), datetime(2024, 3, 4, 12), rejection_reason_ids=ids),
                    "recruitment_cycle_year": 2024,
                    "sent_to_provider_at": datetime(2024, 2, 4, 12),
                }
                for number, ids in enumerate(
                    (
                        ["school_placement"],
                        ["school_placement", "qualifications"],
                        ["school_placement", "other_advice_or_feedback"],
                        ["other_advice_or_feedback"],
                        ["course_full"],
                    )
                )
            ]
        ),
    ),
    ("In a cycle before any reason was collected no group is 0.", Drops(date(2022, 10, 11))),
]
