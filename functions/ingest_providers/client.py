"""Publish's public API v1 (JSON:API): providers and courses of four recruitment cycles.

Held against DFE-Digital/publish-teacher-training at 9173764d: ``config/routes/external_api.rb`` and
``app/controllers/api/public/v1``. There are lists and nothing else to ask: what the routes call a
cycle by itself has no controller. An unknown year silently answers with the current cycle
(``application_controller.rb``), so each page brings the cycle it is about and is checked. Past the
end is HTTP 400: ``links.next`` says where the end is.

Two things make one reading of a list no proof that it is whole: the count beside courses is kept
for five minutes for everybody who asks about the year, whatever else they ask
(``courses_controller.rb``), and providers are in order of their name alone
(``providers_controller.rb``), so that two of one name may change places between two pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from placements_kpi import https, times
from placements_kpi.https import IDLE_PAGES, AnswerError, Client, inside
from placements_kpi.observability import logger
from placements_kpi.sources import Fetched, SourceError, SourceFile

if TYPE_CHECKING:
    from placements_kpi.sources import Request

PER_PAGE = 500
EARLIER_CYCLES = 2
PAGE_SIZES = (500, 450, 410)
"""Items a page (500 at most) at each reading of a list: what lies at a page's edge lies within one the next time."""

SORT = {"providers": "name", "courses": "name,provider.provider_name"}
"""The orders that the service knows: any other is the order in which courses were made."""

PROVIDER_FIELDS = (
    "code",
    "name",
    "provider_type",
    "accredited_body",
    "ukprn",
    "urn",
    "region_code",
    "changed_at",
    "discarded_at",
)
COURSE_FIELDS = ("code", "accredited_body_code", "state")

Resource = dict[str, Any]
Included = Mapping[tuple[str, str], Resource]


class WrongYearError(AnswerError):
    """Publish answered for another recruitment cycle than it was asked for."""


def fetch(request: Request) -> Fetched:
    """Return the providers (discarded ones too) and courses of all cycles, always all of them.

    ``SOURCE_LOCATION`` is ``https://<host>/api/public/v1``. Raises :class:`WrongYearError` if the cycle
    with the year of the running academic year is not there; other cycles that are not are left out.
    """
    if request.day is not None:
        raise SourceError("Publish's API gives the present only, not a named day: ask for a drop of that day")
    client = https.client(request.settings)
    started = times.now()
    running = academic_year()
    years = [year for year in range(running - EARLIER_CYCLES, running + 2) if _has_cycle(client, year)]
    if running not in years:
        raise WrongYearError(f"Publish has no recruitment cycle {running}, the one of the running academic year")
    facts: dict[str, Any] = {"transport": "https", "cycles": years, "requests": 0, "unsettled": []}
    return Fetched(
        as_of=started,
        files={
            "providers": SourceFile("providers", records=_providers(client, years, facts)),
            "courses": SourceFile("courses", records=_courses(client, years, facts)),
        },
        facts=facts,
    )


def academic_year() -> int:
    """Return the start year of the running placements academic year (1 September to 31 August)."""
    today = times.today()
    return today.year if today.month >= 9 else today.year - 1


def _has_cycle(client: Client, year: int) -> bool:
    """Return whether the list of the cycle's providers is about that cycle, and not empty."""
    body = _page(client, year, "providers", {"page[per_page]": 1}) or {"data": []}
    return any(_year_of(item, _included(body)) == str(year) for item in body["data"])


def _providers(client: Client, years: list[int], facts: dict[str, Any]) -> Iterator[Mapping[str, Any]]:
    for year in years:
        yield from _read_list(client, year, "providers", {}, _provider, facts)
        # Discarded providers are only listed apart; a service that does not know the filter gives the others again.
        for provider in _read_list(client, year, "providers", {"filter[discarded]": "true"}, _provider, facts):
            if provider.get("discarded_at"):
                yield provider


def _courses(client: Client, years: list[int], facts: dict[str, Any]) -> Iterator[Mapping[str, Any]]:
    for year in years:
        yield from _read_list(client, year, "courses", {}, _course, facts)


def _read_list(
    client: Client,
    year: int,
    resource: str,
    more: dict[str, str],
    record: Callable[[Resource, Included], Resource],
    facts: dict[str, Any],
) -> Iterator[Mapping[str, Any]]:
    """Yield a record for each item of a list, once.

    A list is read again, with other pages, until its count agrees and nothing came twice, or what came
    is what came the time before. If the count still does not agree, ``facts["unsettled"]`` says so, and whether
    so many rows can be right is left to the gate that compares them with the last snapshot.
    """
    every: set[str] = set()
    before: set[str] | None = None
    for size in PAGE_SIZES:
        ids: set[str] = set()
        came = count = 0
        for body in _pages(client, year, resource, more | {"page[per_page]": size}):
            included = _included(body)
            count = body["meta"]["count"]
            for item in body["data"]:
                _check_year(item, included, year)
                came += 1
                ids.add(str(item["id"]))
                if str(item["id"]) not in every:
                    every.add(str(item["id"]))
                    yield record(item, included) | {"recruitment_cycle_year": year}
        facts["requests"] = client.requests
        if len(every) == count or len(ids) == came == count:
            return
        if ids == before and came == len(ids):
            break
        before = ids
    disagreement = f"cycle {year}: {count} {resource} by Publish's count, {len(every)} given"
    facts["unsettled"].append(disagreement)
    logger.warning("a list of Publish does not agree with its count", extra={"list": disagreement})


def _pages(client: Client, year: int, resource: str, query: dict[str, str | int]) -> Iterator[Resource]:
    page, idle, seen = 1, 0, set[str]()
    while idle <= IDLE_PAGES:
        body = _page(client, year, resource, query | {"page[page]": page})
        if body is None:
            return
        yield body
        # Only whether there is a next page: where it is, we know, and an address from outside is not followed.
        if not inside(body, "links", "next"):
            return
        known = len(seen)
        seen.update(str(item["id"]) for item in body["data"])
        page, idle = page + 1, 0 if len(seen) > known else idle + 1
    raise AnswerError(f"Publish's list of {resource} of cycle {year} has no end; ask its owner")


def _page(client: Client, year: int, resource: str, query: Mapping[str, str | int]) -> Resource | None:
    """Return one page; ``None`` for a later one that is there no more, since the list has become shorter."""
    include = "recruitment_cycle" if resource == "providers" else "recruitment_cycle,provider"
    asked = {"include": include, "sort": SORT[resource], **query}
    later = int(query.get("page[page]", 1)) > 1
    answer = client.get_json(f"recruitment_cycles/{year}/{resource}", asked, allowed=(400,) if later else ())
    if answer.status == 400:
        return None
    if not _is_list(answer.body):
        raise AnswerError(f"Publish's answer has no list of {resource} with a count: check SOURCE_LOCATION")
    return dict(answer.body)


def _included(body: Resource) -> Included:
    return {(str(item["type"]), str(item["id"])): item for item in body.get("included") or ()}


def _is_list(body: Any) -> bool:
    items, included = inside(body, "data"), inside(body, "included") or []
    return (
        isinstance(items, list)
        and isinstance(included, list)
        and isinstance(inside(body, "meta", "count"), int)
        and all(inside(item, "id") is not None and isinstance(inside(item, "attributes"), dict) for item in items)
        and all(isinstance(item, dict) and {"type", "id"} <= item.keys() for item in included)
    )


def _year_of(item: Resource, included: Included) -> str:
    return str(_related(item, "recruitment_cycle", included).get("year"))


def _check_year(item: Resource, included: Included, year: int) -> None:
    if _year_of(item, included) != str(year):
        raise WrongYearError(
            f"Publish was asked for cycle {year} and gave another one, or did not say which; nothing of it was used"
        )


def _related(item: Resource, name: str, included: Included) -> Resource:
    """Return the attributes of the resource that ``item`` calls its ``name``; none if it was not included."""
    link = inside(item, "relationships", name, "data")
    record = included.get((str(inside(link, "type")), str(inside(link, "id"))))
    attributes = inside(record, "attributes")
    return attributes if isinstance(attributes, dict) else {}


def _provider(item: Resource, included: Included) -> Resource:
    attributes = item["attributes"]
    return {name: attributes.get(name) for name in PROVIDER_FIELDS}


def _course(item: Resource, included: Included) -> Resource:
    attributes = item["attributes"]
    provider = _related(item, "provider", included)
    return {name: attributes.get(name) for name in COURSE_FIELDS} | {"provider_code": provider.get("code")}
