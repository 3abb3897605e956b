"""GET over https from one service, within time limits and a total budget, tried again when that may help.

HttpsError
    StatusError          an answer that is no success; ``status`` says which
    UnreachableError     no connection, or none that lasted, for all the times tried
    BudgetError          the run's total time for fetching is spent
    RedirectError        the service points to another host: not followed, nor is the token sent there
    AnswerError          an answer that is cut off, too big, or not what was asked for

Tried again, with exponential back-off and jitter: connection errors, answers that are cut
off, 429 (after the time its ``Retry-After`` says) and 5xx; never another 4xx (sources#over-https). A location
is https, or on this machine in the local stack. No message holds a token, a query or a body.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlencode, urljoin, urlsplit

import urllib3

from placements_kpi.attempts import Attempts, TryAgainError, again, retry_after
from placements_kpi.guises import LOOK_AT, guise
from placements_kpi.sources import SourceError

if TYPE_CHECKING:
    from placements_kpi.settings import IngestSettings

SERVICE = "school-placements-performance"
"""What the services see in their logs as the name of their caller."""
CHUNK_BYTES = 1 << 20
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 3


class HttpsError(SourceError):
    """A service did not give what was asked for."""


class StatusError(HttpsError):
    """The service answered, but not with success."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message, transient=_passes(status))
        self.status = status


class UnreachableError(HttpsError):
    """The service could not be reached, or dropped every connection."""

    transient = True


class BudgetError(HttpsError):
    """The time for fetching is spent."""

    transient = True


class RedirectError(HttpsError):
    """The service points somewhere else."""


class AnswerError(HttpsError):
    """An answer is cut off, too big, or not what was asked for."""


@dataclass(frozen=True)
class Limits:
    """How long to wait for what, in seconds, and how much to take."""

    connect: float = 5.0
    read: float = 30.0
    """Between two pieces of an answer."""
    answer: float = 300.0
    """For one whole answer."""
    attempts: Attempts = field(default_factory=Attempts)
    page_bytes: int = 32 << 20
    file_bytes: int = 1 << 30


@dataclass(frozen=True)
class Answer:
    """A JSON answer: its status (200, or one the caller allowed), headers with lower-case names, and what it says."""

    status: int
    headers: Mapping[str, str]
    body: Any


class Client:
    """Reads one service whose address is ``location``, until ``budget_seconds`` have passed."""

    def __init__(
        self,
        location: str,
        *,
        stage: str,
        budget_seconds: float,
        code_version: str = "unreleased",
        limits: Limits | None = None,
    ) -> None:
        """Raise :class:`HttpsError` for a location that may not be read."""
        self._base = checked_location(location, stage)
        self._limits = limits or Limits()
        self._ends = time.monotonic() + budget_seconds
        self._headers = {"User-Agent": f"{SERVICE}/{code_version}", "Accept-Encoding": "gzip"}
        self._pool = urllib3.PoolManager(num_pools=1, maxsize=1, retries=False)
        self.requests = 0
        """Requests made so far, those tried again included."""

    def get_json(
        self,
        path: str,
        query: Mapping[str, str | int] | None = None,
        *,
        token: str | None = None,
        allowed: Collection[int] = (),
    ) -> Answer:
        """Return the JSON at ``path`` below the location; ``allowed`` are statuses that are answers too (404 for none).

        An allowed answer that is not JSON has the body ``None``.
        """
        url = f"{self._base.geturl()}/{path}" + (f"?{urlencode(query)}" if query else "")
        return again(lambda: self._page(url, token, frozenset(allowed)), self._limits.attempts, self._ends)

    def download(self, path: str, to: Path) -> bool:
        """Write the file at ``path`` below the location to ``to``; return whether there is one (``False``: 404)."""
        url = f"{self._base.geturl()}/{path}"
        return again(lambda: self._file(url, to), self._limits.attempts, self._ends)

    def _page(self, url: str, token: str | None, allowed: frozenset[int]) -> Answer:
        with self._opened(url, token, "application/json", allowed) as response:
            content = b"".join(self._content(response, url, self._limits.page_bytes))
        headers = {name.lower(): value for name, value in response.headers.items()}
        try:
            return Answer(response.status, headers, json.loads(content))
        except (ValueError, RecursionError):
            if response.status in allowed:
                return Answer(response.status, headers, None)
            wrong = guise(content[:LOOK_AT]) or "is something else"
            raise AnswerError(
                f"{_place_of(url)} gave an answer that is not JSON: it {wrong}; is the service up, and "
                "SOURCE_LOCATION right?"
            ) from None

    def _file(self, url: str, to: Path) -> bool:
        with self._opened(url, None, "text/csv, */*", frozenset({404})) as response:
            if response.status == 404:
                return False
            beginning = b""
            with to.open("wb") as file:
                for piece in self._content(response, url, self._limits.file_bytes):
                    beginning += piece[: LOOK_AT - len(beginning)]
                    file.write(piece)
        wrong = "is JSON" if beginning.lstrip().startswith((b"{", b"[")) else guise(beginning)
        if wrong:
            raise AnswerError(
                f"{_place_of(url)} gave an answer that is not the file: it {wrong}; is the service up, "
                "and SOURCE_LOCATION right?"
            )
        return True

    @contextmanager
    def _opened(
        self, url: str, token: str | None, accept: str, allowed: frozenset[int]
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        """Open ``url`` and whatever the same host redirects it to; any other answer than success is an error.

        Errors name ``url``, which we made, and never where it leads: an address from outside may name a person.
        """
        headers = self._headers | {"Accept": accept} | ({"Authorization": f"Bearer {token}"} if token else {})
        led_to = url
        for _ in range(_MOST_REDIRECTS + 1):
            response = self._request(led_to, url, headers)
            try:
                if response.status in _REDIRECTS:
                    led_to = urljoin(led_to, response.headers.get("Location", ""))
                    self._same_host(led_to)
                    continue
                self._check_status(response, url, allowed, _ADVICE | ({} if token else _ADVICE_WITHOUT_TOKEN))
                yield response
                return
            finally:
                # What was not read to its end cannot be followed by another request on the same connection.
                response.close()
        raise RedirectError(f"{_place_of(url)} is redirected again and again; check SOURCE_LOCATION")

    def _request(self, led_to: str, url: str, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        """Ask ``led_to`` in the place of ``url``, which is what errors name."""
        left = self._left(url)
        self.requests += 1
        timeout = urllib3.Timeout(connect=min(self._limits.connect, left), read=min(self._limits.read, left))
        try:
            return self._pool.request(
                "GET", led_to, headers=headers, timeout=timeout, redirect=False, preload_content=False
            )
        except urllib3.exceptions.HTTPError as error:
            self._left(url)
            raise _unreachable(url, error) from None

    def _content(self, response: urllib3.BaseHTTPResponse, url: str, most: int) -> Iterator[bytes]:
        """Yield the whole body; a body shorter than its length, or too long in bytes or in time, is an error."""
        ends = time.monotonic() + self._limits.answer
        size = 0
        try:
            for piece in response.stream(CHUNK_BYTES, decode_content=True):
                size += len(piece)
                if size > most:
                    raise AnswerError(f"{_place_of(url)} gave more than {most} bytes; nothing of it was used")
                self._left(url)
                if time.monotonic() > ends:
                    raise TryAgainError(
                        UnreachableError(f"{_place_of(url)} took over {self._limits.answer:.0f} seconds")
                    )
                yield piece
        except urllib3.exceptions.ProtocolError:
            self._left(url)
            raise TryAgainError(_cut_off(url)) from None
        except urllib3.exceptions.HTTPError as error:
            self._left(url)
            raise _unreachable(url, error) from None

    def _check_status(
        self, response: urllib3.BaseHTTPResponse, url: str, allowed: frozenset[int], advice: Mapping[int, str]
    ) -> None:
        status = response.status
        if status == 200 or status in allowed:
            return
        error = StatusError(f"{_place_of(url)} answered {status}{advice.get(status, '')}", status)
        if _passes(status):
            raise TryAgainError(error, retry_after(response.headers.get("Retry-After")))
        raise error

    def _same_host(self, url: str) -> None:
        parts = urlsplit(url)
        if (parts.scheme, parts.netloc) != (self._base.scheme, self._base.netloc):
            raise RedirectError(
                f"{self._base.netloc} points to another host; it was not followed. "
                "If the service has moved, ask its owner where to, and change SOURCE_LOCATION"
            )

    def _left(self, url: str) -> float:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise BudgetError(
                f"the time for fetching (BUDGET_SECONDS) was spent before {_place_of(url)} had answered in full, "
                f"after {self.requests} requests; run again, or raise it together with the function's timeout"
            )
        return left


IDLE_PAGES = 50
"""Pages in a row with nothing new after which a list is said to have no end."""


def inside(body: Any, *names: str) -> Any:
    """Return what ``body`` has under these names, one inside the other; ``None`` if it has another shape."""
    for name in names:
        body = body.get(name) if isinstance(body, dict) else None
    return body


_ADVICE = {
    401: ": the token is missing, wrong or out of date; put a new one into the source's secret",
    403: ": the token may not read this; ask the service's owner",
    404: ": there is nothing at this address; check SOURCE_LOCATION and the version in it",
    422: ": it does not accept the request; its version may have changed, check SOURCE_LOCATION",
    429: " (too many requests) every time it was asked",
}
_ADVICE_WITHOUT_TOKEN = {
    401: ": it asks for a token, and none was sent, as this source is read without one; check SOURCE_LOCATION, or ask "
    "the service's owner",
    403: ": it does not let us read this; check SOURCE_LOCATION, or ask the service's owner",
}


def client(settings: IngestSettings) -> Client:
    """Return a client of the service at ``SOURCE_LOCATION``, whose budget begins now."""
    return Client(
        settings.source_location,
        stage=settings.stage,
        budget_seconds=settings.budget_seconds,
        code_version=settings.code_version,
    )


def checked_location(location: str, stage: str) -> SplitResult:
    """Return ``location`` taken apart: https, or on the loopback of the local stack; else :class:`HttpsError`."""
    parts = urlsplit(location.rstrip("/"))
    loopback = stage == "local" and parts.scheme == "http" and parts.hostname in _LOOPBACK
    if parts.scheme != "https" and not loopback:
        raise HttpsError("SOURCE_LOCATION is not https: nothing was asked of it")
    if not parts.hostname or parts.username or parts.password or parts.query or parts.fragment:
        raise HttpsError("SOURCE_LOCATION is not just https://<host>/<path>: take out users, queries and fragments")
    return parts


def _passes(status: int) -> bool:
    """Whether a service that answers so may answer otherwise later: it was asked too often, or has a fault."""
    return status == 429 or status >= 500


def _place_of(url: str) -> str:
    """Return what a message may say of ``url``: where, and not what was asked."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def _cut_off(url: str) -> AnswerError:
    return AnswerError(f"the answer of {_place_of(url)} was cut off every time; ask the service's owner")


def _unreachable(url: str, error: Exception) -> TryAgainError:
    if isinstance(error, urllib3.exceptions.DecodeError):
        return TryAgainError(
            AnswerError(f"the answer of {_place_of(url)} is compressed wrongly every time; ask the service's owner")
        )
    if isinstance(error, urllib3.exceptions.IncompleteRead | urllib3.exceptions.InvalidChunkLength) or isinstance(
        error.__context__, http.client.IncompleteRead
    ):
        return TryAgainError(_cut_off(url))
    return TryAgainError(
        UnreachableError(
            f"{_place_of(url)} cannot be reached ({type(error).__name__}); is the service up, and its name right?"
        )
    )
