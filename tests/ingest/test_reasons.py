"""Reasons for rejection: every historical shape ends as the same kind of ids, and no text survives."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.ingest_apply import reasons
from placements_kpi.sources import RowError

STORED = {
    "unknown",
    *(reasons.KNOWN - reasons.SENSITIVE),
    *(f"{parent}.{leaf}" for leaf, parent in reasons.PARENTS.items() if parent in reasons.CAPACITY),
}
"""All that may be stored of a reason."""


def ids_of(**columns: Any) -> Any:
    row: dict[str, Any] = dict(columns)
    reasons.prepare(row)
    assert reasons.STRUCTURED not in row and reasons.FREE_TEXT not in row
    return row.get("rejection_reason_ids")


def nested(*selected: Any) -> dict[str, Any]:
    return {"selected_reasons": list(selected)}


def reason(reason_id: str, *below: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"id": reason_id, "label": "A label", "details": {"id": "x_details", "text": "About her"}}
    return made | ({"selected_reasons": list(below)} if below else {})


@pytest.mark.parametrize(
    ("structured", "expected"),
    [
        ({"course_full_y_n": "Yes", "qualifications_y_n": "No"}, ["course_full"]),
        (
            {
                "candidate_behaviour_y_n": "Yes",
                "candidate_behaviour_what_did_the_candidate_do": ["didnt_reply_to_interview_offer", "other"],
                "candidate_behaviour_other": "She was rude",
                "quality_of_application_y_n": "Yes",
            },
            ["candidate_behaviour", "quality_of_application"],
        ),
        ({"safeguarding_y_n": "Yes", "cannot_sponsor_visa_y_n": "Yes"}, ["other"]),
        ({"other_advice_or_feedback_y_n": "Yes", "interested_in_future_applications_y_n": "Yes"}, []),
        ({"course_full_y_n": "No", "why_are_you_rejecting_this_application": "A long text"}, ["other"]),
        ({"course_full_y_n": "Yes", "why_are_you_rejecting_this_application": "A long text"}, ["course_full"]),
        ({"course_full_y_n": "No", "why_are_you_rejecting_this_application": " "}, []),
        ({"qualifications_y_n": None}, []),
    ],
)
def test_the_flat_format(structured: dict[str, Any], expected: list[str]) -> None:
    assert ids_of(rejection_reasons_type="reasons_for_rejection", structured_rejection_reasons=structured) == expected


@pytest.mark.parametrize(
    ("structured", "expected"),
    [
        (nested(reason("course_full")), ["course_full"]),
        (
            nested(reason("school_placement", reason("no_placements"), reason("placements_other"))),
            ["school_placement.no_placements", "school_placement.placements_other"],
        ),
        (nested(reason("course_full", reason("salary_course_full"))), ["course_full.salary_course_full"]),
        (nested(reason("qualifications", reason("no_maths_gcse"), reason("no_degree"))), ["qualifications"]),
        (nested(reason("teaching_knowledge", reason("safeguarding_knowledge"))), ["teaching_knowledge"]),
        (nested(reason("safeguarding"), reason("course_full")), ["course_full", "other"]),
        (nested(reason("visa_sponsorship", reason("visa_sponsorship_course_closed"))), ["other"]),
        (nested(reason("mentor_capacity", reason("no_mentor"))), ["unknown"]),
        (nested(reason("school_placement", reason("new_one"))), ["school_placement"]),
        (nested(reason("course_full", reason("no_placements"))), ["course_full"]),
        (nested(reason("qualifications", reason("new_one"))), ["qualifications"]),
        (nested(), []),
        ({"selected_reasons": None}, []),
        ([reason("course_full")], ["course_full"]),
    ],
)
def test_the_nested_format(structured: Any, expected: list[str]) -> None:
    assert ids_of(rejection_reasons_type="rejection_reasons", structured_rejection_reasons=structured) == expected
    assert ids_of(structured_rejection_reasons=json.dumps(structured)) == expected  # as a BigQuery export has it


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("R01", "qualifications"),
        ("R02", "personal_statement"),
        ("R03", "teaching_knowledge"),
        ("R04", "communication_and_scheduling"),
        ("R05", "references"),
        ("R06", "other"),
        ("R07", "other"),
        ("R08", "course_full"),
        ("R09", "other"),
        ("R10", "school_placement"),
        ("R11", "unknown"),
    ],
)
def test_the_vendor_codes(code: str, expected: str) -> None:
    kind = "vendor_api_rejection_reasons"
    assert ids_of(rejection_reasons_type=kind, rejection_reason_ids=[code]) == [expected]
    assert ids_of(rejection_reasons_type=kind, structured_rejection_reasons=nested(reason(code))) == [expected]
    assert ids_of(structured_rejection_reasons=[{"code": code, "details": "About him"}]) == [expected]


def test_one_free_text_has_no_ids_and_is_not_kept() -> None:
    row = {"rejection_reasons_type": None, "rejection_reason": "She was not ready"}
    reasons.prepare(row)
    assert row == {"rejection_reasons_type": "rejection_reason"}


def test_no_reason_stays_no_reason() -> None:
    assert ids_of(rejection_reasons_type=None) is None
    assert ids_of(rejection_reason_ids=[]) == []


@pytest.mark.parametrize(
    ("structured", "expected"),
    [({"course_full_y_n": "Yes"}, "reasons_for_rejection"), (nested(reason("course_full")), "rejection_reasons")],
)
def test_a_missing_type_is_told_from_the_shape(structured: Any, expected: str) -> None:
    row: dict[str, Any] = {"structured_rejection_reasons": structured}
    reasons.prepare(row)
    assert row["rejection_reasons_type"] == expected


@pytest.mark.parametrize(
    ("given_ids", "expected"),
    [
        (["no_placements"], ["school_placement.no_placements"]),
        (["salary_course_full", "course_full"], ["course_full", "course_full.salary_course_full"]),
        (["no_maths_gcse", "qualifications.no_degree"], ["qualifications"]),
        (["School_Placement.No_Placements "], ["school_placement.no_placements"]),
        (["course_full_y_n"], ["course_full"]),
        (["course_full.jane_smith", "course_full.salary_course_full.more"], ["course_full"]),
        (["jane_smith", "jane_smith.course_full"], ["unknown"]),
        (["She said she was ill"], ["unknown"]),
        (["x" * 81], ["unknown"]),
        ([" "], []),
    ],
)
def test_ids_as_given(given_ids: list[str], expected: list[str]) -> None:
    assert ids_of(rejection_reason_ids=given_ids) == expected


@pytest.mark.parametrize(
    "structured", [7, True, "not json", nested("course_full"), nested({"label": "no id"}), {"selected_reasons": "x"}]
)
def test_anything_of_no_shape_quarantines_the_row(structured: Any) -> None:
    with pytest.raises(RowError) as refused:
        ids_of(structured_rejection_reasons=structured)
    assert (refused.value.reason, refused.value.column) == ("wrong_type", "structured_rejection_reasons")


@given(st.lists(st.one_of(st.text(), st.from_regex(r"[a-z_]{1,12}(\.[a-z_]{1,12})?", fullmatch=True))))
def test_whatever_is_given_only_ids_come_out_and_twice_is_the_same_as_once(given_ids: list[str]) -> None:
    stored = reasons.tidy(given_ids)
    assert set(stored) <= STORED
    assert reasons.tidy(stored) == stored
    assert not {"safeguarding", "visa_sponsorship"} & set(stored)
