"""Publish's public API v1: JSON:API; an unknown year is answered with the current cycle; past the end is a 400.

Each answer follows DFE-Digital/publish-teacher-training at 9173764d, under ``app/controllers/api/public/v1``:

- ``/recruitment_cycles/<year>/providers``: ``providers_controller.rb``. In order of name alone, so that
  providers of one name come in another order every time; the count is that of what was asked for.
- ``/recruitment_cycles/<year>/courses``: ``courses_controller.rb``. The count is kept for five minutes under
  the year alone; ``sort`` is ``app/services/course_search_service.rb``.
- Nothing at ``/recruitment_cycles/<year>``: ``config/routes/external_api.rb`` names it, no controller answers it.
- Pages: ``app/controllers/concerns/pagy_pagination.rb``; past the end ``error_handlers/pagy.rb``.
"""

from __future__ import annotations

import re
import time
import zlib
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from local.standins.facts import Records, instant
from local.standins.replies import Question, Reply, Service, json_reply

PREFIX = "/publish/api/public/v1"
PER_PAGE, MOST_PER_PAGE = 100, 500
_COUNT_SECONDS = 300
_PATH = re.compile(r"/recruitment_cycles/(\w+)/(providers|courses)")

Resource = dict[str, Any]


class Publish(Service):
    """Providers and courses of a drop."""

    def __init__(self, providers: Path, courses: Path, current_cycle: int | None = None) -> None:
        self._providers = _by_cycle(providers)
        self._courses = _by_cycle(courses)
        self.current_cycle = max(self._providers) if current_cycle is None else current_cycle
        self._made: dict[int, list[Resource]] = {}
        self._answers = 0
        self.counts: dict[int, tuple[int, float]] = {}
        """The count of a cycle's courses that is kept for all, and until when (monotonic seconds)."""
        self.url = ""
        """Where the server is, for the links of a list."""
        self._ids = {
            (year, str(provider["code"]).upper()): f"{year}{number}"
            for year, rows in self._providers.items()
            for number, provider in enumerate(rows)
        }

    def answer(self, question: Question) -> Reply:
        """Answer for a recruitment cycle, its providers or its courses."""
        match = _PATH.fullmatch(question.path)
        if match is None:
            page_not_found = b"<!DOCTYPE html><html><title>Page not found</title></html>"
            return Reply(404, page_not_found, "text/html; charset=utf-8")
        asked, resource = match.groups()
        year = int(asked) if asked.isdigit() and int(asked) in self._providers else self.current_cycle
        self._answers += 1
        if resource == "courses":
            items = self._courses_of(year)
            count = self._count(year, len(items))
        else:
            items = self._providers_of(year, discarded=question.query.get("filter[discarded]") == "true")
            count = len(items)
        try:
            page = question.number("page[page]", "page", default=1)
            per_page = min(question.number("page[per_page]", "per_page", default=PER_PAGE), MOST_PER_PAGE)
        except ValueError:
            page = per_page = 0
        last = max(1, -(-len(items) // per_page)) if per_page > 0 else 0
        if not 1 <= page <= last:
            detail = f"expected :page in 1..{last}; got {page}"
            return json_reply({"errors": [{"status": 400, "detail": detail}]}, 400)
        shown = items[(page - 1) * per_page : page * per_page]

        def link(to: int) -> str:
            query = dict(question.query) | {"page[page]": str(to), "page[per_page]": str(per_page)}
            return f"{self.url}{PREFIX}{question.path}?{urlencode(query)}"

        return json_reply(
            {
                "data": shown,
                "included": self._included(year, shown, question.query.get("include", "").split(",")),
                "links": {
                    "first": link(1),
                    "last": link(last),
                    "prev": link(page - 1) if page > 1 else None,
                    "next": link(page + 1) if page < last else None,
                },
                "meta": {"count": count},
                "jsonapi": {"version": "1.0"},
            }
        )

    def _courses_of(self, year: int) -> list[Resource]:
        if year not in self._made:
            rows = enumerate(self._courses.get(year, []))
            self._made[year] = [self._course(year, number, course) for number, course in rows]
        return self._made[year]

    def _count(self, year: int, count: int) -> int:
        kept, until = self.counts.get(year, (0, 0.0))
        if until <= time.monotonic():
            kept = count
            self.counts[year] = kept, time.monotonic() + _COUNT_SECONDS
        return kept

    def _providers_of(self, year: int, *, discarded: bool) -> list[Resource]:
        rows = [provider for provider in self._providers[year] if bool(provider.get("discarded_at")) == discarded]

        def order(row: Resource) -> tuple[str, int]:
            return str(row.get("name")), zlib.crc32(f"{self._answers}{row['code']}".encode())

        return [self._provider(year, provider) for provider in sorted(rows, key=order)]

    def _provider(self, year: int, record: Resource) -> Resource:
        attributes = {name: value for name, value in record.items() if name != "recruitment_cycle_year"}
        if not attributes.get("discarded_at"):
            attributes.pop("discarded_at", None)
        return {
            "id": self._ids[year, str(record["code"]).upper()],
            "type": "providers",
            "attributes": attributes | {"email": "office@example.com", "telephone": "020 7946 0000"},
            "relationships": {"recruitment_cycle": {"data": {"type": "recruitment_cycles", "id": str(year)}}},
        }

    def _course(self, year: int, number: int, record: Resource) -> Resource:
        provider = self._ids.get((year, str(record.get("provider_code")).upper()))
        return {
            "id": f"{year}{number}",
            "type": "courses",
            "attributes": {name: record.get(name) for name in ("code", "accredited_body_code", "state")},
            "relationships": {
                "recruitment_cycle": {"data": {"type": "recruitment_cycles", "id": str(year)}},
                "provider": {"data": {"type": "providers", "id": provider} if provider else None},
            },
        }

    def _included(self, year: int, shown: list[Resource], names: list[str]) -> list[Resource]:
        included = [_cycle(year)] if "recruitment_cycle" in names and shown else []
        if "provider" in names:
            links = (item["relationships"].get("provider", {}).get("data") for item in shown)
            wanted = {link["id"] for link in links if link}
            included += [
                self._provider(year, provider)
                for provider in self._providers[year]
                if self._ids[year, str(provider["code"]).upper()] in wanted
            ]
        return included


def _cycle(year: int) -> Resource:
    attributes = {"year": year, "application_start_date": f"{year - 1}-10-01", "application_end_date": f"{year}-09-30"}
    return {"id": str(year), "type": "recruitment_cycles", "attributes": attributes}


def _by_cycle(path: Path) -> dict[int, list[Resource]]:
    records = Records(path, _known, _identity)
    records.close()
    cycles: dict[int, list[Resource]] = {}
    for record, _ in records.entries:
        cycles.setdefault(record["recruitment_cycle_year"], []).append(record)
    return cycles


def _known(record: Resource) -> Resource | None:
    return record if isinstance(record.get("recruitment_cycle_year"), int) and record.get("code") else None


def _identity(record: Resource) -> tuple[Any, datetime]:
    names = ("recruitment_cycle_year", "provider_code", "code")
    return tuple(str(record.get(name)).upper() for name in names), instant(record.get("changed_at"))
