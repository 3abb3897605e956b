"""BigQuery read directly: one query a table, kept beside the ingest, all pinned to one instant.

``SOURCE_LOCATION`` is ``bigquery://<project>/<dataset>`` and says where a service's tables of dfe-analytics-dataform
are; after a further slash, the event source that their names end in, if it is another than
:attr:`~placements_kpi.sources.Warehouse.services` says. A source of several services names them: ``bigquery://find=<project>/<dataset>,…``.
Jobs run in the first project, in the name of the function's own role (workload identity federation), so that no key
is stored.

What comes out are the rows of a drop, as JSON: everything after that is the same for every transport. What a
manifest is to a drop, the job is here: the schema of its result and its number of rows are checked.

BigQueryError
    a table or a result is not what the contract needs, or BigQuery did not do what it was asked for
"""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from placements_kpi import fields, https, times, usage
from placements_kpi.observability import logger
from placements_kpi.sources import Feed, Fetched, SourceError, SourceFile, Warehouse

if TYPE_CHECKING:
    from placements_kpi.settings import IngestSettings
    from placements_kpi.sources import Request
    from placements_kpi.tables import Kind

SCHEME = "bigquery://"
PAGE_ROWS = 1_000
"""Rows of one answer: some 4 MB of Python's objects, of which one answer is in memory at a time."""
_LONGEST_SECONDS = 120.0
"""Waited for one answer; then it is asked for again."""
_NEVER = datetime.min.replace(tzinfo=UTC)
_SCOPE = "https://www.googleapis.com/auth/bigquery"

_PLACE = re.compile(r"(?:(?P<service>[a-z_]+)=)?(?P<project>[a-z][a-z0-9-]*)/(?P<dataset>\w+)(?:/(?P<named>\w+))?")
_TABLE = re.compile(r"`(?P<service>\w+)\.(?P<entity>\w+)_(?P<state>latest|version)`(?P<alias>\s+AS\s+\w+)?")
_WORD = re.compile(r"[\w-]+")
_EACH = re.compile(r"\$\{each\}")
_PART = re.compile(r"\$\{(\w+)\}")


class BigQueryError(SourceError):
    """BigQuery did not give what was asked for; the message never quotes a value."""


@dataclass(frozen=True)
class Place:
    """Where the tables of one service are."""

    project: str
    dataset: str
    event_source: str


def places(location: str, warehouse: Warehouse) -> dict[str, Place]:
    """Return where the tables of each service are that ``location`` names; :class:`BigQueryError` if it cannot be."""
    of_service: dict[str, Place] = {}
    for text in location.removeprefix(SCHEME).split(","):
        place = _PLACE.fullmatch(text.strip().rstrip("/"))
        named = [] if place is None else [place["service"]] if place["service"] else list(warehouse.services)
        if place is None or not set(named) <= warehouse.services.keys() or of_service.keys() & set(named):
            raise BigQueryError(
                "SOURCE_LOCATION is not bigquery://<project>/<dataset> with one dataset a service "
                f"({', '.join(warehouse.services)}): see docs/drops.md"
            )
        if place["named"] and len(named) > 1:
            raise BigQueryError(f"SOURCE_LOCATION names one event source for {len(named)} services: write service=…")
        for service in named:
            event_source = place["named"] or warehouse.services[service]
            of_service[service] = Place(place["project"], place["dataset"], event_source)
    return of_service


def query(warehouse: Warehouse, feed: str, where: Mapping[str, Place], pinned: datetime) -> str:
    """Return the query of ``feed`` with every table in its place and as it was at ``pinned``."""
    text = (warehouse.queries / f"{feed}.sql").read_text(encoding="utf-8")
    each = [warehouse.queries / f"{feed}.{service}.sql" for service in where]
    parts = [f"(\n{path.read_text(encoding='utf-8').strip()}\n)" for path in each if path.is_file()]
    if _EACH.search(text) and not parts:
        raise BigQueryError(f"SOURCE_LOCATION names no service that has {feed}; it names {', '.join(where)}")
    text = _EACH.sub(lambda _: "\nUNION ALL\n".join(parts), text)
    text = _PART.sub(lambda part: (warehouse.queries / "parts" / f"{part[1]}.sql").read_text("utf-8").strip(), text)

    def placed(table: re.Match[str]) -> str:
        place = where.get(table["service"])
        if place is None:
            raise BigQueryError(f"SOURCE_LOCATION does not say where the tables of {table['service']} are ({feed})")
        name = f"{place.project}.{place.dataset}.{table['entity']}_{table['state']}_{place.event_source}"
        # A literal, and after the alias: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
        return f"`{name}`{table['alias'] or ''} FOR SYSTEM_TIME AS OF TIMESTAMP '{pinned.isoformat(sep=' ')}'"

    return _TABLE.sub(placed, text)


def fetch(request: Request, warehouse: Warehouse | None, feeds: Sequence[Feed]) -> Fetched:
    """Start the job of every feed, all pinned to one instant, and return their rows to be read lazily."""
    if warehouse is None:
        raise BigQueryError("this source is not in BigQuery: set SOURCE_LOCATION to where its drops or its service are")
    if request.day is not None:
        raise BigQueryError("BigQuery is read as it stands now, not as on a named day: ask for a drop of that day")
    where = places(request.settings.source_location, warehouse)
    reading = _Reading(request.settings, next(iter(where.values())), feeds)
    pinned = reading.now()
    as_of = times.clock_or(pinned)
    facts: dict[str, Any] = {"transport": "bigquery", "pinned": pinned.isoformat(), "jobs": reading.jobs}
    facts["services"] = {service: f"{place.project}.{place.dataset}" for service, place in where.items()}
    jobs = [reading.start(feed.name, query(warehouse, feed.name, where, pinned), as_of) for feed in feeds]
    files = {
        feed.name: SourceFile(feed.name, records=reading.rows(feed, job, warehouse.worked_out))
        for feed, job in zip(feeds, jobs, strict=True)
    }
    return Fetched(as_of=as_of, files=files, facts=facts)


class _Reading:
    """The jobs of one run, within its budget."""

    def __init__(self, settings: IngestSettings, place: Place, feeds: Sequence[Feed]) -> None:
        from google.cloud.bigquery import DEFAULT_RETRY

        self._ends = time.monotonic() + settings.budget_seconds
        self._retry = DEFAULT_RETRY.with_timeout(settings.budget_seconds / 2)  # what stays is then told by its name
        self._quiet = timedelta(days=max(settings.max_age_days.values(), default=0))
        self._limit = settings.max_bytes_billed
        self._words = set(_WORD.findall(settings.source_location))
        """What a message may name: words of the location, of the contracts and of the queries."""
        self._words.update(column.name for feed in feeds for column in feed.table.columns)
        self._client = _client(settings, place.project, self._ends)
        self._location = self._location_of(place)
        self.jobs: list[dict[str, Any]] = []
        """What the snapshot's manifest says of each job that was read to its end."""

    def _location_of(self, place: Place) -> str:
        """Return where the data is, so that every job runs there: one that reads no table would run in the USA."""
        what = f"{place.project}.{place.dataset}"
        with self._named(what):
            return str(self._client.get_dataset(what, retry=self._retry).location)

    def now(self) -> datetime:
        """Return BigQuery's own present instant: ours may be ahead of it, and it knows no future."""
        what = "the present instant"
        job = self.start(what, "SELECT CURRENT_TIMESTAMP() AS instant", None)
        with self._named(what):
            instant: datetime = next(iter(self._result(job)))["instant"]
            return instant.astimezone(UTC)

    def start(self, what: str, sql: str, as_of: datetime | None) -> Any:
        """Start a job; :class:`BigQueryError` if it is refused at once (a missing table, no right to read it)."""
        from google.cloud.bigquery import QueryJobConfig, ScalarQueryParameter

        self._words.update(_WORD.findall(sql))
        with self._named(what):
            config = QueryJobConfig(
                maximum_bytes_billed=self._limit,
                query_parameters=[ScalarQueryParameter("as_of", "TIMESTAMP", as_of)] if as_of else [],
                job_timeout_ms=int(_left(self._ends) * 1000),
                labels={"service": https.SERVICE},
            )
            # A job that ends in an error is not asked for again: the next run does that, at another instant.
            return self._client.query(
                sql, job_config=config, location=self._location, retry=self._retry, job_retry=None
            )

    def rows(self, feed: Feed, job: Any, absent: frozenset[str]) -> Iterator[bytes]:
        """Yield the rows of a finished job as JSON documents; its bytes are billed even if they cannot be read."""
        with self._named(feed.name):
            try:
                result = self._result(job)
            finally:
                usage.queried(job.total_bytes_billed or 0)
            _check(feed, result.schema, result.total_rows, absent)
            number, newest = 0, _NEVER
            for page in result.pages:
                number += page.num_items
                if number > result.total_rows:
                    break
                for row in page:
                    values = dict(row.items())
                    newest = max(newest, values.get("updated_at") or _NEVER)
                    yield _as_json(values).encode()
                page.raw_page.get("rows", []).clear()  # or the client has two pages at once
        if number != result.total_rows:
            message = f"{feed.name}: BigQuery gave {number} rows of {result.total_rows}; run again"
            raise BigQueryError(message, transient=True)
        if _NEVER < newest < times.now() - self._quiet:
            # A service whose copy has moved to another pipeline leaves the old tables as they were, day after day.
            extra = {"table": feed.name, "newest": newest.isoformat()}
            logger.warning("nothing has changed for long: are these the tables that are still written?", extra=extra)
        self.jobs.append(
            {
                "table": feed.name,
                "job": f"{job.project}:{job.location}.{job.job_id}",
                "rows": number,
                "newest": newest.isoformat() if newest > _NEVER else None,
                "bytes_billed": job.total_bytes_billed or 0,
                "schema": {column.name: _told_type(column.field_type, column.mode) for column in result.schema},
            }
        )

    def _result(self, job: Any) -> Any:
        """Wait for a job and return its result. The job keeps the page that it waited with: one row."""
        job.result(page_size=1, retry=self._retry, job_retry=None)
        return job.result(page_size=PAGE_ROWS, retry=self._retry, job_retry=None)

    @contextmanager
    def _named(self, what: str) -> Iterator[None]:
        """Raise whatever Google's libraries raise as a :class:`BigQueryError` that says what to do."""
        import requests
        from google.api_core.exceptions import GoogleAPIError
        from google.auth.exceptions import GoogleAuthError

        try:
            yield
        except (GoogleAPIError, GoogleAuthError, requests.RequestException, TimeoutError, *_UNREADABLE) as error:
            said, transient = _explained(error, self._words)
            raise BigQueryError(f"{what}: {said}", transient=transient) from None


def _left(ends: float) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _text(value: Any) -> str:
    """Return a value that JSON has no form of as a drop would write it."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise BigQueryError(f"a result has a value of Python type {type(value).__name__}, which no contract has")


_as_json = json.JSONEncoder(default=_text).encode  # json.dumps would make an encoder for every row


def _check(feed: Feed, schema: Sequence[Any], rows: int, absent: frozenset[str]) -> None:
    """Raise :class:`BigQueryError` unless a result has every column of the contract in its type, and any row."""
    for problem in _problems(feed, {column.name: column for column in schema}, absent):
        raise BigQueryError(
            f"{feed.name}: {problem}; has a column of the service's tables changed? "
            "The query is in the ingest's folder queries/"
        )
    if not rows:
        raise BigQueryError(
            f"{feed.name}: the query gave no rows at all; a table that it reads is empty, or was just being written. "
            "Ask its owner"
        )


def _problems(feed: Feed, by_name: Mapping[str, Any], absent: frozenset[str]) -> Iterator[str]:
    for column in feed.table.columns:
        if column.from_source and column.name not in absent:
            yield from _problem(column.name, _type_of(column.kind), by_name.get(column.name))
    for name, entries in fields.lists(feed).items():
        yield from _problem(name, ("RECORD", "REPEATED"), by_name.get(name))
        inside = {entry.name: entry for entry in by_name[name].fields}
        for column in entries:
            yield from _problem(f"{name}.{column.name}", _type_of(column.kind), inside.get(column.name))


def _type_of(kind: Kind) -> tuple[str, str]:
    """Return type and mode of a column of a result, in the words of BigQuery's REST interface."""
    return kind.removesuffix("[]").upper(), "REPEATED" if kind.endswith("[]") else "NULLABLE"


def _problem(name: str, expected: tuple[str, str], column: Any) -> Iterator[str]:
    if column is None:
        yield f"its result has no column {name}"
        return
    kind = (_SAME.get(column.field_type, column.field_type), "REPEATED" if column.mode == "REPEATED" else "NULLABLE")
    # A list may come as JSON, which can be null as a list cannot; its entries are looked at one by one.
    if kind != expected and not (expected[1] == "REPEATED" and kind == ("JSON", "NULLABLE")):
        yield f"column {name} is {_told_type(*kind)}, where {_told_type(*expected)} was expected"


_SAME = {"INT64": "INTEGER", "BOOL": "BOOLEAN", "STRUCT": "RECORD"}


def _told_type(kind: str, mode: str) -> str:
    return f"ARRAY<{kind}>" if mode == "REPEATED" else kind


def _client(settings: IngestSettings, project: str, ends: float = math.inf) -> Any:
    """Return Google's client: as the function's role on AWS, or for the emulator of the local stack.

    After ``ends``, an instant of :func:`time.monotonic`, it asks nothing more and raises :class:`TimeoutError`.
    """
    from google.api_core.client_info import ClientInfo
    from google.auth.transport.requests import AuthorizedSession
    from google.cloud.bigquery import Client

    class Session(AuthorizedSession):  # type: ignore[misc]  # it comes without types
        """Waits for no answer longer than there is time: Google's client would wait two minutes at least."""

        def request(self, *arguments: Any, timeout: float | None = None, **named: Any) -> Any:
            left = min(_left(ends), _LONGEST_SECONDS)
            named["allow_redirects"] = False  # BigQuery redirects nobody
            return super().request(*arguments, timeout=min(timeout or left, left), **named)

    credentials, options = _credentials(settings)
    caller = ClientInfo(user_agent=f"{https.SERVICE}/{settings.code_version}")
    return Client(project, credentials, Session(credentials), client_info=caller, client_options=options)


def _credentials(settings: IngestSettings) -> tuple[Any, dict[str, str]]:
    """Return the credentials of a client, and its options."""
    from google.auth import aws
    from google.auth.credentials import AnonymousCredentials

    if settings.stage == "local" and settings.bigquery_endpoint:
        address = https.checked_location(settings.bigquery_endpoint, settings.stage).geturl()
        return AnonymousCredentials(), {"api_endpoint": address}
    if not settings.google_identity_provider:
        raise BigQueryError(
            "GOOGLE_IDENTITY_PROVIDER is not set: the function cannot show BigQuery who it is; docs/deploying.md, "
            "Reading BigQuery"
        )
    # https://cloud.google.com/iam/docs/workload-identity-federation-with-other-clouds. google-auth signs a question
    # to STS with the role's credentials, and Google asks STS whose they are.
    federated = {
        "type": "external_account",
        "audience": f"//iam.googleapis.com/{settings.google_identity_provider}",
        "subject_token_type": "urn:ietf:params:aws:token-type:aws4_request",
        "token_url": "https://sts.googleapis.com/v1/token",
        "credential_source": {
            "environment_id": "aws1",
            "regional_cred_verification_url": (
                "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"
            ),
        },
    }
    if settings.google_service_account:
        federated["service_account_impersonation_url"] = (
            "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"
            f"{settings.google_service_account}:generateAccessToken"
        )
    return aws.Credentials.from_info(federated, scopes=[_SCOPE]), {}


_UNREADABLE = (AttributeError, LookupError, OverflowError, RuntimeError, StopIteration, TypeError, ValueError)
"""What Google's client raises for an answer that is not one of BigQuery's."""
_NOT_LET_IN = (
    "Google did not take the function's role: check GOOGLE_IDENTITY_PROVIDER and GOOGLE_SERVICE_ACCOUNT, and what that "
    "pool lets in; docs/deploying.md, Reading BigQuery"
)
_TOO_MUCH = "ask its owner, or run again tomorrow"
_ADVICE = {
    "authError": _NOT_LET_IN,
    "accessDenied": "the reader may not read it: ask its owner for the roles that docs/deploying.md names",
    "backendError": "a fault of BigQuery's: run again",
    "billingNotEnabled": "its project has no billing: ask its owner",
    "billingTierLimitExceeded": "the query is too expensive: ask its owner",
    "bytesBilledLimitExceeded": "it would read more than MAX_BYTES_BILLED: see whether a table has grown, and raise it",
    "internalError": "a fault of BigQuery's: run again",
    "invalid": "has a table or a column changed? The query is in the ingest's folder queries/",
    "invalidQuery": "has a table or a column changed? The query is in the ingest's folder queries/",
    "jobBackendError": "a fault of BigQuery's: run again",
    "jobInternalError": "a fault of BigQuery's: run again",
    "notFound": "it is not there, or has been renamed: check SOURCE_LOCATION, or ask its owner",
    "quotaExceeded": f"the project's quota is used up: {_TOO_MUCH}",
    "rateLimitExceeded": f"too much was asked at once: {_TOO_MUCH}",
    "resourcesExceeded": f"the query needs more than BigQuery gives it: {_TOO_MUCH}",
    "stopped": "the job was cancelled, or took longer than BUDGET_SECONDS: run again",
    "tableUnavailable": "it cannot be read at the moment: run again",
    "timeout": "the job took longer than BUDGET_SECONDS: run again",
}
"""What to do about each reason: https://cloud.google.com/bigquery/docs/error-messages."""

_PASSES = frozenset(
    "backendError internalError jobBackendError jobInternalError rateLimitExceeded stopped tableUnavailable "
    "timeout".split()
)
"""Reasons after which the same query may go well within the hour."""

_MASKED = "a column is hidden and the reader has not the role Fine-Grained Reader on its policy tag: ask its owner"

_REASON = re.compile(r"[a-z][A-Za-z]{1,40}")
_NAMES = (
    re.compile(r"(?:[Tt]able|Dataset|Project) ([\w.:-]+(?:@\d+)?)"),
    re.compile(r"(?:Unrecognized name: |[Nn]ame |[Cc]olumn named )[\"`']?(\w+)"),
    re.compile(r"columns? ((?:[\w-]+\.)+[\w-]+(?:, (?:[\w-]+\.)+[\w-]+)*)"),
    re.compile(r"(bigquery\.[\w.]+)"),
)
"""What a message may name, if we sent the words of it: tables, columns, permissions. All else may be a value."""
_PERMISSIONS = frozenset("bigquery datasets get jobs create tables getData readsessions".split())
_PLACES = (
    re.compile(r"limit for bytes billed: (\d+)"),
    re.compile(r"(\d+) or higher required"),
    re.compile(r"at (\[\d+:\d+\])"),
)
"""Limits, and places in the query."""


def _explained(error: Exception, known: Set[str]) -> tuple[str, bool]:
    """Return what to say of an error of Google's libraries, and whether it may pass by itself."""
    import requests
    from google.api_core.exceptions import GoogleAPICallError, RetryError
    from google.auth.exceptions import GoogleAuthError, TransportError

    if isinstance(error, RetryError) and isinstance(error.cause, Exception):
        return _explained(error.cause, known)
    if isinstance(error, GoogleAPICallError):
        return _refusal(error, known), _passes(error)
    kind = type(error).__name__
    if isinstance(error, TimeoutError | requests.Timeout | RetryError):
        advice = "run again, or raise it together with the function's timeout"
        return f"BigQuery did not answer in time (BUDGET_SECONDS, {kind}); {advice}", True
    if isinstance(error, TransportError | requests.ConnectionError):
        return f"BigQuery cannot be reached ({kind}); run again", True
    if isinstance(error, GoogleAuthError):
        return f"{_NOT_LET_IN} ({kind})", False
    return f"BigQuery gave an answer that cannot be read ({kind}); run again", True


def _first(error: Any) -> dict[str, Any]:
    """Return the first of the things that BigQuery says were wrong."""
    first = error.errors[0] if error.errors else {}
    return first if isinstance(first, dict) else {}


def _reason(error: Any) -> str:
    return str(_first(error).get("reason", ""))


def _passes(error: Any) -> bool:
    reason = _reason(error)  # of a job that failed the status is 500, whatever its reason
    return reason in _PASSES if reason else (error.code or 0) >= 500


def _refusal(error: Any, known: Set[str]) -> str:
    """Return what BigQuery did not do, of what, and what to do about it. Of names only ``known`` words are repeated."""
    reason = match[0] if (match := _REASON.fullmatch(_reason(error))) else str(error.code)
    message = str(_first(error).get("message", "")).replace("`", "")
    advice = _ADVICE.get(reason) or f"its status is {error.code}: run again, or ask its owner"
    if "policy tag" in message.lower() or "fine-grained" in message.lower():
        advice = _MASKED
    named = [match[1].strip(" .,:") for pattern in _NAMES for match in pattern.finditer(message)]
    named = [name for name in named if {*_WORD.findall(name.partition("@")[0])} <= known | _PERMISSIONS]
    named += [match[1] for pattern in _PLACES for match in pattern.finditer(message)]
    about = ", ".join(dict.fromkeys(named))
    return f"BigQuery refused it ({', '.join(filter(None, (reason, about)))}): {advice}"
