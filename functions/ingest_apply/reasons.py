"""Reasons for rejection: any of Apply's historical shapes becomes a sorted list of dotted ids.

Shapes (``rejection_reasons_type``): flat keys ``…_y_n``, nested ``selected_reasons``,
R-codes of the vendor API, and one free text. Free text is never kept: only ids leave
this module, and only listed ones: what is below a listed id and on no list is left off,
and an id on no list becomes ``unknown``. An id that is not about capacity is kept as its
top level, and the two sensitive ones become ``other``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from placements_kpi.lists import mapping
from placements_kpi.sources import Row, RowError

STRUCTURED = "structured_rejection_reasons"
FREE_TEXT = "rejection_reason"

FILE = Path(__file__).with_name("reasons.csv")
"""The ids of every shape so far: what each is called, what it is below, and what is kept of it."""

VENDOR_CODES = mapping(FILE, "reason_of_vendor_code")

PARENTS = mapping(FILE, "parent_of_reason")
"""Nested ids that may come without their parent."""

_KEPT = mapping(FILE, "reason_is_kept")


def _kept(how: str) -> frozenset[str]:
    return frozenset(reason for reason, kept in _KEPT.items() if kept == how)


CAPACITY = _kept("in_detail")
"""Top-level ids whose sub-reasons are kept."""

SENSITIVE = _kept("as_other")
"""Top-level ids that say something sensitive of a candidate by themselves."""

NOT_REASONS = _kept("not_a_reason")
"""Flat keys that are advice, not reasons."""

KNOWN = frozenset(_KEPT)
"""Top-level ids of every shape so far, advice included."""

UNKNOWN = "unknown"
"""Stands for an id that is on no list."""

_FLAT = re.compile(r"_y_n$")
_ONLY_TEXT = "why_are_you_rejecting_this_application"


def prepare(row: Row) -> None:
    """Fill ``rejection_reason_ids`` (and a missing type) of a choice from whichever shape it has."""
    structured, free_text = row.pop(STRUCTURED, None), row.pop(FREE_TEXT, None)
    given = row.get("rejection_reason_ids")
    if given is not None:
        row["rejection_reason_ids"] = tidy(given)
    elif structured is not None:
        shape, ids = flatten(structured)
        row["rejection_reason_ids"] = tidy(ids)
        row["rejection_reasons_type"] = row.get("rejection_reasons_type") or shape
    elif free_text and not row.get("rejection_reasons_type"):
        row["rejection_reasons_type"] = FREE_TEXT


def flatten(structured: Any) -> tuple[str, list[str]]:
    """Return the shape of a ``structured_rejection_reasons`` value, by its type's name, and the ids in it.

    Raises :class:`RowError` for anything that is none of the shapes.
    """
    if isinstance(structured, str):
        try:
            structured = json.loads(structured)
        except ValueError:
            raise RowError("wrong_type", STRUCTURED) from None
    if isinstance(structured, list):
        structured = {"selected_reasons": structured}
    if not isinstance(structured, dict):
        raise RowError("wrong_type", STRUCTURED)
    if "selected_reasons" in structured:
        return "rejection_reasons", list(_nested(structured["selected_reasons"]))
    return "reasons_for_rejection", _flat(structured)


def tidy(ids: list[str]) -> list[str]:
    """Return ids as they are stored: listed ones only, translated, put under their parents, sorted, each once."""
    return sorted({stored(given.strip().lower()) for given in ids if given.strip()})


def _nested(selected: Any) -> Iterator[str]:
    for reason in _reasons(selected):
        top = _id(reason)
        below = [_id(nested) for nested in _reasons(reason.get("selected_reasons"))]
        yield from (f"{top}.{leaf}" for leaf in below) if below else (top,)


def _reasons(selected: Any) -> list[dict[str, Any]]:
    if selected is None:
        return []
    if not isinstance(selected, list) or not all(isinstance(reason, dict) for reason in selected):
        raise RowError("wrong_type", STRUCTURED)
    return selected


def _id(reason: dict[str, Any]) -> str:
    reason_id = reason.get("id", reason.get("code"))
    if not isinstance(reason_id, str):
        raise RowError("wrong_type", STRUCTURED)
    return reason_id


def _flat(keys: dict[str, Any]) -> list[str]:
    chosen = [key for key, answer in keys.items() if key.endswith("_y_n") and str(answer).strip().lower() == "yes"]
    reasons = [key for key in chosen if _FLAT.sub("", key) not in NOT_REASONS]
    text = keys.get(_ONLY_TEXT)
    if not reasons and isinstance(text, str) and text.strip():
        return ["other"]  # asked only when every category was answered "No"
    return reasons


@lru_cache(maxsize=4096)
def stored(given: str) -> str:
    """Return what is stored of one id in small letters."""
    whole = VENDOR_CODES.get(given, _FLAT.sub("", given))
    top, _, below = whole.partition(".")
    top = VENDOR_CODES.get(top, top)
    if top in PARENTS:
        top, below = PARENTS[top], top
    if top in SENSITIVE:
        return "other"
    if top in CAPACITY and PARENTS.get(below) == top:
        return f"{top}.{below}"
    return top if top in KNOWN else UNKNOWN
