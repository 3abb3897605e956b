"""Publish's public API v1 (JSON:API): providers and courses of four recruitment cycles.

An unknown year silently answers with the current cycle, so each page brings the cycle it
is about and is checked. Past the end is HTTP 400: ``links.next`` says where the end is.
``meta.count`` has to equal the rows read; it can lag behind when courses change
meanwhile, and the list is then read again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from placements_kpi import https, times
from placements_kpi.https import AnswerError, Client, inside
from placements_kpi.sources import Fetched, SourceError, SourceFile

if TYPE_CHECKING:
    from placements_kpi.sources import Request

PER_PAGE = 500
EARLIER_CYCLES = 2
READINGS = 3
"""How often a list is read whose count does not agree, before giving up."""

LONGEST_LIST = 1_000_000
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
    years = [
        year
        for year in range(running - EARLIER_CYCLES, running + 2)
        if _has_cycle(client, year, needed=year == running)
    ]
    facts: dict[str, Any] = {"transport": "https", "cycles": years, "requests": 0}
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


def _has_cycle(client: Client, year: int, *, needed: bool) -> bool:
    answer = client.get_json(f"recruitment_cycles/{year}", allowed=(404,))
    if str(inside(answer.body, "data", "attributes", "year")) == str(year):
        return True
    if needed:
        raise WrongYearError(f"Publish has no recruitment cycle {year}, the one of the running academic year")
    return False


def _providers(client: Client, years: list[int], facts: dict[str, Any]) -> Iterator[Mapping[str, Any]]:
    for year in years:
        yield from _read_list(client, year, "providers", {}, _provider)
        # Discarded providers are only listed apart; a service that does not know the filter gives the others again.
        for provider in _read_list(client, year, "providers", {"filter[discarded]": "true"}, _provider):
            if provider.get("discarded_at"):
                yield provider
        facts["requests"] = client.requests


def _courses(client: Client, years: list[int], facts: dict[str, Any]) -> Iterator[Mapping[str, Any]]:
    for year in years:
        yield from _read_list(client, year, "courses", {}, _course)
        facts["requests"] = client.requests


def _read_list(
    client: Client,
    year: int,
    resource: str,
    more: Mapping[str, str],
    record: Callable[[Resource, Included], Resource],
) -> Iterator[Mapping[str, Any]]:
    """Yield a record for each item of a list, once; read again what its count does not agree with."""
    yielded: set[str] = set()
    for _ in range(READINGS):
        ids: set[str] = set()
        count = 0
        for body in _pages(client, year, resource, more):
            included = {(str(item["type"]), str(item["id"])): item for item in body.get("included") or ()}
            count = body["meta"]["count"]
            for item in body["data"]:
                _check_year(item, included, year)
                ids.add(str(item["id"]))
                if str(item["id"]) not in yielded:
                    yielded.add(str(item["id"]))
                    yield record(item, included) | {"recruitment_cycle_year": year}
        if len(ids) == count:
            return
    raise AnswerError(
        f"Publish says cycle {year} has {count} {resource} and gave {len(ids)}, {READINGS} times; run again"
    )


def _pages(client: Client, year: int, resource: str, more: Mapping[str, str]) -> Iterator[Resource]:
    include = "recruitment_cycle" if resource == "providers" else "recruitment_cycle,provider"
    for page in range(1, LONGEST_LIST // PER_PAGE):
        query: dict[str, str | int] = {
            "include": include,
            "page[page]": page,
            "page[per_page]": PER_PAGE,
            "sort": "name",
            **more,
        }
        body = client.get_json(f"recruitment_cycles/{year}/{resource}", query).body
        if not _is_list(body):
            raise AnswerError(f"Publish's answer has no list of {resource} with a count: check SOURCE_LOCATION")
        yield body
        # Only whether there is a next page: where it is, we know, and an address from outside is not followed.
        if not inside(body, "links", "next"):
            return
    raise AnswerError(f"Publish's list of {resource} of cycle {year} has no end; ask its owner")


def _is_list(body: Any) -> bool:
    items, included = inside(body, "data"), inside(body, "included") or []
    return (
        isinstance(items, list)
        and isinstance(included, list)
        and isinstance(inside(body, "meta", "count"), int)
        and all(inside(item, "id") is not None and isinstance(inside(item, "attributes"), dict) for item in items)
        and all(isinstance(item, dict) and {"type", "id"} <= item.keys() for item in included)
    )


def _check_year(item: Resource, included: Included, year: int) -> None:
    cycle = _related(item, "recruitment_cycle", included)
    if str(cycle.get("year")) != str(year):
        raise WrongYearError(
            f"Publish was asked for cycle {year} and gave another one, or did not say which; nothing of it was used"
        )


def _related(item: Resource, name: str, included: Included) -> Resource:
    """Return the attributes of the resource that ``item`` calls its ``name``; none if it was not included."""
    link = inside(item, "relationships", name, "data")
    found = included.get((str(inside(link, "type")), str(inside(link, "id"))))
    attributes = inside(found, "attributes")
    return attributes if isinstance(attributes, dict) else {}


def _provider(item: Resource, included: Included) -> Resource:
    attributes = item["attributes"]
    return {name: attributes.get(name) for name in PROVIDER_FIELDS}


def _course(item: Resource, included: Included) -> Resource:
    attributes = item["attributes"]
    provider = _related(item, "provider", included)
    return {name: attributes.get(name) for name in COURSE_FIELDS} | {"provider_code": provider.get("code")}
