"""Register's API: a token reads one provider; newest first unless asked; nothing found is a 404."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from local.standins.facts import Edited, EditedService, asked_instant, instant
from local.standins.replies import Question, Reply, error_reply, json_reply
from placements_kpi import times

VERSION = "v2026.1"
PREFIX = f"/register/api/{VERSION}"

_PERSONAL = {
    "first_names": "Invented",
    "last_name": "Person",
    "email": "invented@example.com",
    "date_of_birth": "2000-01-01",
}
"""The real API sends much more about a trainee than we keep."""


@dataclass(order=True)
class _Trainee(Edited):
    ukprn: str
    cycle: int


class Register(EditedService[_Trainee]):
    """Trainees of a drop; the token of a provider is ``local-<ukprn>``."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, _index)
        self.tokens = sorted({f"local-{trainee.ukprn}" for trainee, _ in self._entries})

    def answer(self, question: Question) -> Reply:
        """Answer ``GET /trainees``."""
        if question.token is None or question.token not in self.tokens:
            return json_reply({"error": "Unauthorized"}, 401)
        if question.path != "/trainees":
            return Reply(404, b"<!DOCTYPE html><title>Page not found</title>", "text/html; charset=utf-8")
        try:
            page, per_page = question.number("page", default=1), question.number("per_page", default=50)
            cycle = question.number("academic_cycle", default=_cycle(times.today()))
            since = asked_instant(question.query.get("since"))
        except ValueError:
            told = "Validation failed: 1 error prohibited this request being run"
            return json_reply({"message": told, "errors": {"base": ["is not valid"]}}, 422)
        ukprn = question.token.removeprefix("local-")
        matching = [
            (trainee, at)
            for trainee, at in self._entries
            if trainee.cycle == cycle and trainee.ukprn == ukprn and trainee.updated >= since
        ]
        descending = question.query.get("sort_order", "desc") != "asc"
        matching.sort(reverse=descending)
        shown = matching[(page - 1) * per_page : page * per_page]
        if not shown:
            return error_reply(404, "NotFound", "No trainees found")
        return json_reply(
            {
                "data": [_PERSONAL | self._record(trainee, at) for trainee, at in shown],
                "meta": {
                    "current_page": page,
                    "total_pages": math.ceil(len(matching) / per_page),
                    "total_count": len(matching),
                    "per_page": per_page,
                },
            }
        )


def _index(record: dict[str, Any]) -> _Trainee | None:
    if record.get("state") == "draft" or not record.get("trainee_id"):
        return None
    start = record.get("trainee_start_date") or record.get("itt_start_date")
    day = date.fromisoformat(start) if start else times.today() + timedelta(days=31)
    return _Trainee(instant(record.get("updated_at")), str(record["trainee_id"]), str(record.get("ukprn")), _cycle(day))


def _cycle(day: date) -> int:
    return day.year if day.month >= 8 else day.year - 1
