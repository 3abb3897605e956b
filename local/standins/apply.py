"""Apply's data API as proposed: newest-updated first, fifty a page at most."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.standins.facts import Edited, EditedService, asked_instant, instant, written
from local.standins.replies import Question, Reply, error_reply, json_reply
from placements_kpi import times

PREFIX = "/apply/data-api"
TOKEN = "local-apply"  # noqa: S105  # of this stand-in alone
MOST_PER_PAGE = 50


@dataclass(order=True)
class _Choice(Edited):
    cycle: Any


class Apply(EditedService[_Choice]):
    """Application choices of a drop."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, _index)
        self.tokens = [TOKEN]

    def answer(self, question: Question) -> Reply:
        """Answer ``GET /application-choices``."""
        if question.token != TOKEN:
            return error_reply(401, "Unauthorized", "Please provide a valid token")
        if question.path != "/application-choices":
            return error_reply(404, "NotFound", "Not found")
        try:
            cycle = int(question.query["recruitment_cycle_year"])
            page, per_page = question.number("page", default=1), question.number("per_page", default=MOST_PER_PAGE)
            since = asked_instant(question.query.get("updated_since"))
        except (KeyError, ValueError):
            return error_reply(422, "ParameterInvalid", "Parameter is invalid")
        per_page = min(per_page, MOST_PER_PAGE)
        matching = [entry for entry in self._entries if entry[0].cycle == cycle and entry[0].updated >= since]
        matching.sort(reverse=True)
        shown = matching[(page - 1) * per_page : page * per_page]
        is_last = page * per_page >= len(matching)
        address = f"{PREFIX}/application-choices?recruitment_cycle_year={cycle}&per_page={per_page}&page="
        return json_reply(
            {
                "data": [self._choice(choice, at) for choice, at in shown],
                "links": {
                    "first": f"{address}1",
                    "self": f"{address}{page}",
                    "prev": f"{address}{page - 1}" if page > 1 else None,
                    "next": None if is_last else f"{address}{page + 1}",
                },
                "meta": {"timestamp": written(times.now()), "total_count": len(matching)},
            }
        )

    def _choice(self, choice: _Choice, at: int) -> dict[str, Any]:
        attributes = self._record(choice, at)
        return {"id": str(attributes.pop("id")), "type": "application_choice", "attributes": attributes}


def _index(record: dict[str, Any]) -> _Choice | None:
    if not record.get("id"):
        return None
    return _Choice(instant(record.get("updated_at")), str(record["id"]), record.get("recruitment_cycle_year"))
