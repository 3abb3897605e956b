"""Register's API: the trainees of each provider whose token we hold, by academic cycle.

One token reads one provider. Asked in ascending order of ``updated_at`` and each time from
the last one seen on (``since``), not by page number: a trainee that is edited while we
read moves to the end of the list, and would push another over the edge of a page unseen.
No match is HTTP 404. ``since`` misses edits of placements and discarded trainees,
so everything is pulled again once a week.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from placements_kpi import deltas, https, times
from placements_kpi.https import IDLE_PAGES, AnswerError, Client, StatusError, inside
from placements_kpi.sources import Fetched, SourceError, SourceFile

if TYPE_CHECKING:
    from placements_kpi.sources import Request

PER_PAGE = 100
EARLIER_CYCLES = 2


def fetch(request: Request) -> Fetched:
    """Return the trainees of the running academic cycle and the two before: all of them, or those updated lately.

    ``SOURCE_LOCATION`` is ``https://<host>/api/<version>``; the source's secret has a token for each provider.
    A delta needs a previous pull of the same cycles with the same tokens, and a full one in the last week.
    """
    if request.day is not None:
        raise SourceError("Register's API gives the present only, not a named day: ask for a drop of that day")
    if not request.tokens:
        raise SourceError("Register is read with tokens and its secret (SOURCE_SECRET_ARN) has none")
    client = https.client(request.settings)
    question = {
        "cycles": cycles(),
        "tokens": len(request.tokens),
        # Which tokens they were: a provider that is new to us has to be read from its beginning.
        "tokens_id": hashlib.sha256("\n".join(sorted(request.tokens)).encode()).hexdigest()[:12],
    }
    pull = deltas.begin(request, question)
    return Fetched(
        as_of=pull.started,
        files={"trainees": SourceFile("trainees", records=_trainees(client, request.tokens, pull))},
        kind=pull.kind,
        facts=pull.facts,
    )


def cycles() -> list[int]:
    """Return the start years of Register's academic cycles (1 August to 31 July) to read, the running one last."""
    today = times.today()
    running = today.year if today.month >= 8 else today.year - 1
    return list(range(running - EARLIER_CYCLES, running + 1))


def _trainees(client: Client, tokens: tuple[str, ...], pull: deltas.Pull) -> Iterator[Mapping[str, Any]]:
    for number, token in enumerate(tokens, start=1):
        for cycle in pull.facts["cycles"]:
            try:
                yield from _of_cycle(client, token, cycle, pull.since)
            except StatusError as error:
                raise StatusError(f"{error} (token {number} of {len(tokens)})", error.status) from None
            pull.facts["requests"] = client.requests


def _of_cycle(client: Client, token: str, cycle: int, since: str | None) -> Iterator[Mapping[str, Any]]:
    """Yield each trainee of one provider and cycle, and again each that changed meanwhile."""
    seen: set[tuple[str, str]] = set()
    page, idle = 1, 0
    while True:
        query: dict[str, str | int] = {"academic_cycle": cycle, "sort_order": "asc", "per_page": PER_PAGE, "page": page}
        if since is not None:
            query["since"] = since
        trainees, is_last = _page(client, token, query)
        new = [trainee for trainee in trainees if _version(trainee) not in seen]
        seen.update(_version(trainee) for trainee in new)
        yield from new
        if is_last:
            return
        idle = 0 if new else idle + 1
        if idle > IDLE_PAGES:
            raise AnswerError(f"Register's list of cycle {cycle} has no end; ask its owner")
        reached = trainees[-1].get("updated_at")
        if new and isinstance(reached, str) and reached != since:
            since, page = reached, 1
        else:
            page += 1  # a whole page of trainees updated in one moment: only the page number leads on


def _version(trainee: Mapping[str, Any]) -> tuple[str, str]:
    return str(trainee.get("trainee_id")), str(trainee.get("updated_at"))


def _page(client: Client, token: str, query: Mapping[str, str | int]) -> tuple[list[Mapping[str, Any]], bool]:
    """Return the trainees of one page, and whether it is the last."""
    answer = client.get_json("trainees", query, token=token, allowed=(404,))
    body = answer.body
    if answer.status == 404:
        # The API's own "No trainees found" is JSON with errors; any other 404 is a wrong address or version.
        if not isinstance(body, dict) or not ({"errors", "error"} & body.keys()):
            raise StatusError("Register answered 404 without saying why: check the version in SOURCE_LOCATION", 404)
        return [], True
    trainees = inside(body, "data")
    if not isinstance(trainees, list) or not all(isinstance(trainee, dict) for trainee in trainees):
        raise AnswerError("Register's answer has no list of trainees: check SOURCE_LOCATION and the version in it")
    meta = inside(body, "meta")
    meta = meta if isinstance(meta, dict) else {}
    if not trainees or meta.get("current_page", 0) == meta.get("total_pages", -1):
        return trainees, True
    return trainees, "total_pages" not in meta and len(trainees) < int(query["per_page"])
