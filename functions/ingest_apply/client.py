"""Apply's data API, as we propose it to its owners (docs/drops.md): application choices by recruitment cycle.

The newest-updated come first, so the list moves while it is read. What was updated
meanwhile is read afterwards; when something is taken out, the page before is read again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from placements_kpi import deltas, https, times
from placements_kpi.https import IDLE_PAGES, AnswerError, Client, inside
from placements_kpi.sources import Fetched, SourceError, SourceFile

if TYPE_CHECKING:
    from placements_kpi.sources import Request

PER_PAGE = 50
EARLIER_CYCLES = 2
CLOCK_SKEW = timedelta(minutes=5)


def fetch(request: Request) -> Fetched:
    """Return the choices of the current recruitment cycle and the two before: all, or those updated lately.

    ``SOURCE_LOCATION`` is ``https://<host>/data-api``; the source's secret has one token.
    """
    if request.day is not None:
        raise SourceError("Apply's API gives the present only, not a named day: ask for a drop of that day")
    if len(request.tokens) != 1:
        raise SourceError(
            f"Apply is read with one token and its secret (SOURCE_SECRET_ARN) has {len(request.tokens)}; put one in"
        )
    client = https.client(request.settings)
    pull = deltas.begin(request, {"cycles": cycles()})
    choices = SourceFile("application_choices", records=_choices(client, request.tokens[0], pull))
    return Fetched(as_of=pull.started, files={"application_choices": choices}, kind=pull.kind, facts=pull.facts)


def cycles() -> list[int]:
    """Return the recruitment cycles to read: two before the current one up to the newest that may be open.

    A cycle opens in the first half of October; for two weeks both it and the one before can be the current one.
    """
    to_october = timedelta(days=92)
    newest = (times.today() + to_october).year
    current = (times.today() + to_october - timedelta(days=14)).year
    return list(range(current - EARLIER_CYCLES, newest + 1))


def _choices(client: Client, token: str, pull: deltas.Pull) -> Iterator[Mapping[str, Any]]:
    for cycle in pull.facts["cycles"]:
        reading = _Reading(client, token, cycle)
        began = times.iso_instant(times.now() - CLOCK_SKEW)
        yield from reading.choices(pull.since)
        total = reading.total
        # Whatever was updated while we read is at the front now, and may have jumped over us.
        yield from reading.choices(began)
        if pull.since is None and len(reading.ids) < total:
            raise AnswerError(
                f"Apply says cycle {cycle} has {total} choices and gave {len(reading.ids)}; run again or ask its owner",
                transient=True,
            )
        pull.facts["requests"] = client.requests


class _Reading:
    """The reading of one cycle: what was seen of it so far, as hashes, since a cycle has some hundred thousand."""

    def __init__(self, client: Client, token: str, cycle: int) -> None:
        self._client = client
        self._token = token
        self._cycle = cycle
        self._versions: set[int] = set()
        self.ids: set[int] = set()
        self.total = 0
        """How many choices the newest answer said there are."""

    def choices(self, since: str | None) -> Iterator[Mapping[str, Any]]:
        """Yield the choices updated since ``since`` that were not seen in this version yet."""
        page, self.total, idle = 1, 0, 0
        while True:
            known = len(self._versions)
            choices, is_last, total = self._page(page, since)
            for choice in choices:
                version = hash((choice["id"], str(choice.get("updated_at"))))
                self.ids.add(hash(choice["id"]))
                if version not in self._versions:
                    self._versions.add(version)
                    yield choice
            idle = idle + 1 if len(self._versions) == known else 0
            if idle > IDLE_PAGES:
                raise AnswerError(f"Apply's list of cycle {self._cycle} has no end; ask its owner")
            shrank = total is not None and total < self.total
            self.total = self.total if total is None else total
            if shrank and page > 1:
                page -= 1
            elif is_last:
                return
            else:
                page += 1

    def _page(self, page: int, since: str | None) -> tuple[list[dict[str, Any]], bool, int | None]:
        query: dict[str, str | int] = {"recruitment_cycle_year": self._cycle, "page": page, "per_page": PER_PAGE}
        if since is not None:
            query["updated_since"] = since
        return _page(self._client, self._token, query)


def _page(client: Client, token: str, query: Mapping[str, str | int]) -> tuple[list[dict[str, Any]], bool, int | None]:
    """Return the choices of one page, whether it is the last, and how many there are in all, if the answer says so."""
    answer = client.get_json("application-choices", query, token=token)
    items = inside(answer.body, "data")
    if not isinstance(items, list) or not all(
        isinstance(inside(item, "attributes"), dict) and isinstance(inside(item, "id"), str | int) for item in items
    ):
        raise AnswerError("Apply's answer has no list of application choices: check SOURCE_LOCATION, or ask its owner")
    choices = [{**item["attributes"], "id": item["id"]} for item in items]
    links, count = inside(answer.body, "links"), inside(answer.body, "meta", "total_count")
    if isinstance(links, dict) and "next" in links:
        is_last = links["next"] is None
    elif answer.headers.get("total-pages", "").isdigit():
        is_last = int(query["page"]) >= int(answer.headers["total-pages"])
    else:
        is_last = len(choices) < int(query["per_page"])
    total = str(answer.headers.get("total-count") if count is None else count)
    return choices, is_last or not choices, int(total) if total.isdigit() else None
