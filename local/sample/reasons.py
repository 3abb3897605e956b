"""Reasons for rejection in each format that Apply has stored, with the groups of each (numbers#reason-groups)."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass

from local.sample.dirt import FREE_TEXT

PLACEMENT, COURSE_FULL, OTHER = "placement", "course_full", "other"
NO_REASON, TEXT, UNMAPPED = "no_reason", "unclassified_text", "unmapped"

_OTHER_IDS = (
    "qualifications.no_maths_gcse",
    "qualifications.no_english_gcse",
    "qualifications.unsuitable_degree",
    "qualifications.unsuitable_degree_subject",
    "qualifications.qualifications_other",
    "qualifications",
    "personal_statement.quality_of_writing",
    "personal_statement.personal_statement_other",
    "teaching_knowledge.subject_knowledge",
    "teaching_knowledge.teaching_demonstration",
    "teaching_knowledge.teaching_knowledge_other",
    "communication_and_scheduling.did_not_reply",
    "communication_and_scheduling.did_not_attend_interview",
    "communication_and_scheduling.english_below_standard",
    "visa_sponsorship.visa_sponsorship_not_supported",
    "safeguarding",
    "references",
    "other",
)
_FULL_IDS = ("course_full", "course_full.salary_course_full", "course_full.course_full_other")
_PLACEMENT_IDS = (
    "school_placement.no_placements",
    "school_placement.no_suitable_placements",
    "school_placement.placements_other",
    "school_placement",
)
_CODES = {
    "R01": "qualifications",
    "R02": "personal_statement",
    "R03": "teaching_knowledge",
    "R04": "communication_and_scheduling",
    "R06": "safeguarding",
    "R07": "visa_sponsorship",
    "R08": "course_full",
    "R09": "other",
    "R10": "school_placement",
}
_FLAT = (
    "candidate_behaviour",
    "quality_of_application",
    "qualifications",
    "performance_at_interview",
    "course_full",
    "offered_on_another_course",
    "honesty_and_professionalism",
    "safeguarding",
    "cannot_sponsor_visa",
)


@dataclass(frozen=True, slots=True)
class Reason:
    """The reasons of one rejection: the members of its JSON record, and what they come to."""

    members: str
    groups: frozenset[str]
    kind: str = ""
    """Kind of dirt that it is an instance of, if any."""

    @property
    def classifiable(self) -> bool:
        """Whether it has an id in a group that the headline can tell."""
        return bool(self.groups & {PLACEMENT, COURSE_FULL, OTHER})


def groups(ids: list[str]) -> frozenset[str]:
    """Return the groups of known dotted ids: both capacity groups as they occur, else ``other``."""
    tops = {id.split(".")[0] for id in ids}
    named_groups = {PLACEMENT} if "school_placement" in tops else set()
    named_groups |= {COURSE_FULL} if "course_full" in tops else set()
    return frozenset(named_groups or {OTHER})


def _record(kind: str | None, *, ids: list[str] | None = None, structured: object = None) -> str:
    members: dict[str, object] = {"rejection_reasons_type": kind}
    if ids is not None:
        members["rejection_reason_ids"] = ids
    if structured is not None:
        members["structured_rejection_reasons"] = structured
    return json.dumps(members)[1:-1]


def nested(ids: list[str]) -> dict[str, object]:
    """Return dotted ids in the shape that Apply stores, with free text where a provider would have typed it."""
    selected: dict[str, list[str]] = {}
    for id in ids:
        top, _, leaf = id.partition(".")
        selected.setdefault(top, []).extend([leaf] if leaf else [])
    reasons = []
    for top, leaves in selected.items():
        reason: dict[str, object] = {"id": top, "label": top.replace("_", " ").capitalize()}
        if leaves:
            reason["selected_reasons"] = [
                {"id": leaf, "label": leaf, "details": {"id": f"{leaf}_details", "text": FREE_TEXT}} for leaf in leaves
            ]
        else:
            reason["details"] = {"id": f"{top}_details", "text": FREE_TEXT}
        reasons.append(reason)
    return {"selected_reasons": reasons}


def flat(yes: list[str], why: bool = False) -> dict[str, object]:
    """Return the flat shape of 2021 with Yes for the named categories."""
    shape: dict[str, object] = {f"{name}_y_n": "Yes" if name in yes else "No" for name in _FLAT}
    shape["other_advice_or_feedback_y_n"] = "Yes"
    shape["other_advice_or_feedback_details"] = FREE_TEXT
    if "qualifications" in yes:
        shape["qualifications_which_qualifications"] = ["no_maths_gcse", "other"]
    if why:
        shape["why_are_you_rejecting_this_application"] = FREE_TEXT
    return shape


@dataclass(frozen=True)
class Pools:
    """Reasons to draw from. ``capacity`` holds those with placement ids, collected from 15 October 2024 on."""

    usual: list[Reason]
    capacity: list[Reason]
    odd: dict[str, list[Reason]]
    """Kind of dirt: reasons of that kind."""


def pools(rng: random.Random, full_per_cent: int) -> Pools:
    """Return the pools, the same for the same ``rng``; ``full_per_cent`` of the usual reasons are a full course."""
    usual, capacity = [], []
    for number in range(400):
        ids = [rng.choice(_FULL_IDS)] if number * 37 % 100 < full_per_cent else [rng.choice(_OTHER_IDS)]
        if rng.random() < 0.18:
            ids.append(rng.choice(_OTHER_IDS))
        usual.append(_written(list(dict.fromkeys(ids)), number))
    for number in range(60):
        ids = [rng.choice(_PLACEMENT_IDS)]
        if rng.random() < 0.3:
            ids.append(rng.choice(_OTHER_IDS + _FULL_IDS))
        capacity.append(_written(ids, number))
    return Pools(usual, capacity, _odd())


def _written(ids: list[str], number: int) -> Reason:
    if number % 10 < 6:
        return Reason(_record("rejection_reasons", ids=ids), groups(ids))
    if number % 10 < 9:
        return Reason(_record("rejection_reasons", structured=nested(ids)), groups(ids))
    tops = list(dict.fromkeys(id.split(".")[0] for id in ids))
    known = [top for top in tops if top in _CODES.values()] or ["other"]
    shape = nested(known)
    return Reason(_record("vendor_api_rejection_reasons", structured=shape), groups(known), "apply.vendor_format")


def _odd() -> dict[str, list[Reason]]:
    codes = {code: frozenset(groups([id])) for code, id in _CODES.items()}
    leaves = {"no_placements": PLACEMENT, "salary_course_full": COURSE_FULL, "subject_knowledge": OTHER}
    flats = (["course_full"], ["qualifications"], ["course_full", "candidate_behaviour"], ["offered_on_another_course"])
    return {
        "apply.r_code": [
            Reason(_record("vendor_api_rejection_reasons", ids=[code]), group) for code, group in codes.items()
        ],
        "apply.bare_leaf": [
            Reason(_record("rejection_reasons", ids=[leaf]), frozenset({group})) for leaf, group in leaves.items()
        ],
        "apply.missing_type": [
            Reason(_record(None, structured=nested(["course_full"])), frozenset({COURSE_FULL})),
            Reason(_record(None, structured=flat(["course_full"])), frozenset({COURSE_FULL})),
            Reason(_record(None, structured=nested(["personal_statement.quality_of_writing"])), frozenset({OTHER})),
        ],
        "apply.flat_format": [
            Reason(_record("reasons_for_rejection", structured=flat(yes)), groups(yes)) for yes in flats
        ],
        "apply.flat_why_only": [
            Reason(_record("reasons_for_rejection", structured=flat([], why=True)), frozenset({OTHER}))
        ],
        "apply.text_reason": [
            Reason(f'"rejection_reasons_type":"rejection_reason","rejection_reason":"{FREE_TEXT}"', frozenset({TEXT}))
        ],
        "apply.no_reason": [Reason(_record(None), frozenset({NO_REASON}))],
        "apply.unknown_reason_id": [
            Reason(_record("rejection_reasons", ids=["provider_moved_to_the_moon"]), frozenset({UNMAPPED}))
        ],
    }
