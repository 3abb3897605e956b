"""Register's API: the trainees of each provider whose token we hold, by academic cycle.

One token reads one provider. Asked in ascending order of ``updated_at`` and each time from
the last one seen on (``since``), not by page number: a trainee that is edited while we
read moves to the end of the list, and would push another over the edge of a page unseen.
No match is HTTP 404. ``since`` misses edits of placements and discarded trainees,
so everything is pulled again once a week.

A full pull asks once for each provider and cycle at least, and a service that takes a second to answer
needs longer than a function may run: what was read of a provider and cycle is kept
(:mod:`placements_kpi.partial`), and the next run goes on. Every token expires one day
(``authentication_tokens.expires_at``): a provider whose token is refused keeps the rows that it had.

A cycle that Register does not know is refused (422), or, where its validation lets it through, answered with the
current one (``AcademicCycle.for_year(…) || AcademicCycle.current``). Either way the cycle is skipped by its year;
a trainee whose dates say another cycle than the list that they came in is kept as the dates say.

Held against DFE-Digital/register-trainee-teachers at ce112654: ``app/controllers/api``,
``app/services/api/get_trainees_service.rb`` (no upper limit to ``per_page``) and
``config/initializers/rack_attack.rb`` (100 requests a minute by address, as ``config/settings.yml`` has it).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial as bound
from typing import TYPE_CHECKING, Any

from functions.ingest_register import contract
from placements_kpi import deltas, https, partial, times
from placements_kpi.codes import UKPRN
from placements_kpi.https import IDLE_PAGES, AnswerError, BudgetError, Client, StatusError, inside
from placements_kpi.manifests import Failure
from placements_kpi.observability import logger
from placements_kpi.promises import listed
from placements_kpi.sources import Fetched, Piece, SourceError, SourceFile

if TYPE_CHECKING:
    from placements_kpi.partial import Partial
    from placements_kpi.sources import Kept, Record, Request

PER_PAGE = 500
EARLIER_CYCLES = 2
REFUSED_PERCENT = 2
"""Share of the tokens that may be refused (one always may), with the rows of their providers as they were."""
REFUSED_TOKEN = frozenset({401, 403})
CYCLE_NOT_KNOWN = 422
_UKPRN = re.compile(UKPRN)


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
        "tokens_id": _digest("\n".join(sorted(request.tokens))),
    }
    pull = deltas.begin(request, question)
    kept = None
    if pull.kind == "full":
        kept = partial.begin(request, contract.SOURCE, question, pull.started)
        pull = pull.resumed(kept.started)
    before = request.previous.facts if request.previous else {}
    facts = pull.facts | {"providers": dict(before.get("providers", {})), "refused_tokens": {}, "refused_cycles": []}
    longest = timedelta(days=request.settings.max_age_days.get(contract.SOURCE, 0))
    reading = _Reading(client, facts, pull.since, kept, before.get("refused_tokens", {}), longest)
    return Fetched(
        as_of=pull.started,
        files={"trainees": SourceFile("trainees", records=reading.trainees(request.tokens), in_pieces=True)},
        kind=pull.kind,
        facts=facts,
        carry=reading.carry,
        problems=reading.problems,
    )


def cycles() -> list[int]:
    """Return the start years of Register's academic cycles (1 August to 31 July) to read, the running one last."""
    running = _cycle_of_day(times.today())
    return list(range(running - EARLIER_CYCLES, running + 1))


def _cycle_of_day(day: date) -> int:
    return day.year if day.month >= 8 else day.year - 1


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass
class _Reading:
    """One pull of all providers."""

    client: Client
    facts: dict[str, Any]
    """Filled while reading: ``providers`` (digest of a token: UKPRNs), ``refused_tokens`` (digest: since when)."""
    since: str | None
    kept: Partial | None
    """``None``: a delta."""
    refused_before: Mapping[str, str]
    longest: timedelta
    """How old the rows of a provider may become whose token is refused."""
    problems: list[Failure] = field(default_factory=list)
    carry: dict[str, set[str]] = field(default_factory=dict)
    """Filled while reading: the UKPRNs whose rows of the previous snapshot stay."""

    def trainees(self, tokens: tuple[str, ...]) -> Iterator[Record | Piece | Kept]:
        for number, token in enumerate(tokens, start=1):
            try:
                yield from self._of_token(token)
            except StatusError as error:
                numbered = StatusError(f"{error} (token {number} of {len(tokens)})", error.status)
                if error.status not in REFUSED_TOKEN:
                    raise numbered from None
                self._keep_rows_of(token, numbered)
                if len(self.facts["refused_tokens"]) == len(tokens):
                    raise numbered from None
            except BudgetError as error:
                raise self._cut_off(error, number, len(tokens)) from None
            self.facts["requests"] = self.client.requests
        self._judge(tokens)
        if self.kept is not None:
            self.kept.done()

    def _judge(self, tokens: tuple[str, ...]) -> None:
        """Fail the snapshot if too many tokens are refused, or one for too long."""
        refused: dict[str, str] = self.facts["refused_tokens"]
        oldest = min(map(datetime.fromisoformat, refused.values()), default=times.now())
        if len(refused) > max(1, REFUSED_PERCENT * len(tokens) // 100) or times.now() - oldest > self.longest:
            places = [str(number) for number, token in enumerate(tokens, start=1) if _digest(token) in refused]
            detail = (
                f"Register refuses {len(places)} of {len(tokens)} tokens (in the secret's order: {listed(places)}), "
                f"the first since {oldest:%Y-%m-%d}; {REFUSED_PERCENT}% may be refused, for {self.longest.days} days, "
                "while their providers' rows stay. Put new tokens into the source's secret"
            )
            self.problems.append(Failure(gate="tokens", table=contract.TRAINEES.name, detail=detail))

    def _of_token(self, token: str) -> Iterator[Record | Piece | Kept]:
        digest = _digest(token)
        providers = set[str](() if self.kept else self.facts["providers"].get(digest, ()))
        # A provider whose token was refused last time may have changed longer ago than the last run.
        since = None if digest in self.refused_before else self.since
        for cycle in self.facts["cycles"]:
            name = f"{digest}-{cycle}.parquet"
            if self.kept is not None and name in self.kept.names:
                piece = self.kept.load(name)
                providers.update(filter(None, piece.rows["ukprn"].unique().to_pylist()))
                yield piece
            elif cycle not in self.facts["refused_cycles"]:
                try:
                    for trainee in _of_cycle(self.client, token, cycle, self.facts["cycles"][-1], since):
                        ukprn = trainee.get("ukprn")
                        if isinstance(ukprn, str) and _UKPRN.fullmatch(ukprn):
                            providers.add(ukprn)
                        yield trainee
                except StatusError as error:
                    if error.status != CYCLE_NOT_KNOWN:
                        raise
                    logger.warning("Register does not accept a cycle", extra={"cycle": cycle, "reason": str(error)})
                    self.facts["refused_cycles"].append(cycle)
                    if len(self.facts["refused_cycles"]) == len(self.facts["cycles"]):
                        raise
                    continue
                if self.kept is not None:
                    yield Piece(bound(self.kept.keep, name))
        self.facts["providers"][digest] = sorted(providers)

    def _keep_rows_of(self, token: str, refused: StatusError) -> None:
        digest = _digest(token)
        since = self.refused_before.get(digest, self.facts["watermark"])
        self.facts["refused_tokens"][digest] = since
        self.carry.setdefault("ukprn", set()).update(self.facts["providers"].get(digest, ()))
        logger.warning(
            "a token is refused, and its provider's rows stay", extra={"reason": str(refused), "since": since}
        )

    def _cut_off(self, error: BudgetError, number: int, tokens: int) -> BudgetError:
        if self.kept is None:
            return error
        return BudgetError(
            f"{error}. What was read of {number - 1} of {tokens} tokens is kept: the next run goes on there"
        )


def _of_cycle(client: Client, token: str, cycle: int, running: int, since: str | None) -> Iterator[Mapping[str, Any]]:
    """Yield each trainee of one provider and cycle, and again each that changed meanwhile.

    :class:`StatusError` of :data:`CYCLE_NOT_KNOWN` if the answer is that of the running cycle instead.
    """
    seen: set[tuple[str, str]] = set()
    page, idle = 1, 0
    while True:
        query: dict[str, str | int] = {"academic_cycle": cycle, "sort_order": "asc", "per_page": PER_PAGE, "page": page}
        if since is not None:
            query["since"] = since
        trainees, is_last = _page(client, token, query)
        if not seen and cycle != running and trainees and not any(_cycle_of(trainee) == cycle for trainee in trainees):
            instead, _ = _page(client, token, query | {"academic_cycle": running})
            if {str(trainee.get("trainee_id")) for trainee in trainees} & {
                str(trainee.get("trainee_id")) for trainee in instead
            }:
                raise StatusError(f"Register answers for cycle {cycle} with the running one", CYCLE_NOT_KNOWN)
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


def _cycle_of(trainee: Mapping[str, Any]) -> int | None:
    """Return the cycle that a trainee's dates say (``app/services/trainees/set_academic_cycles.rb``)."""
    start = trainee.get("trainee_start_date") or trainee.get("itt_start_date")
    try:
        return _cycle_of_day(date.fromisoformat(str(start)))
    except ValueError:
        return None


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
