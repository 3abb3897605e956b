"""Faults of AWS, put between botocore and moto: the functions know nothing of it.

botocore tells ``before-send`` of every attempt of every call; moto answers there, and so does the
:class:`Injector`, which stands in moto's place and asks it, or not. A call is numbered by the
``amz-sdk-invocation-id`` that all its attempts share (botocore ``endpoint.py``), so that botocore's
own retries are part of what is tried: a fault that is final is there for all of them.

A read that is not to be disturbed, and was answered before with the same objects there, is answered as then
(:mod:`tests.reads`).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Literal
from unittest.mock import patch
from urllib.parse import unquote, urlsplit

import awswrangler._utils
import boto3
import botocore.endpoint
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError
from botocore.handlers import BUILTIN_HANDLERS
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import botocore_stubber

from tests import reads


@dataclass(frozen=True)
class Call:
    """One call of AWS in a run; its attempts are one call."""

    number: int
    service: str
    operation: str
    target: str
    conditional: bool
    """A write that S3 does only under a condition."""

    @property
    def reads(self) -> bool:
        """Whether AWS is only asked: such a call has no effect whose reply could be lost."""
        return self.operation.startswith(("Get", "Head", "List"))

    def __str__(self) -> str:
        return f"{self.number} {self.service}:{self.operation} {self.target}".rstrip()


@dataclass(frozen=True)
class Fault:
    """One way a call goes wrong. ``final``: the function learns of it, whatever botocore tries again."""

    name: str
    final: bool = True
    killed: bool = False
    only: Literal["", "writes", "conditional writes", "objects read"] = ""
    """The calls that can go wrong in this way, or that do so otherwise than in a way that is tried already."""

    def fits(self, call: Call) -> bool:
        """Whether it is tried with a call."""
        if self.only == "objects read":
            return call.operation == "GetObject"
        return call.conditional if self.only == "conditional writes" else not self.only or not call.reads


FAULTS = (
    Fault("unreachable"),  # no attempt arrives
    Fault("reply lost", only="writes"),  # done, and no attempt is answered
    Fault("killed before", killed=True),
    Fault("killed after", killed=True),
    Fault("denied"),
    Fault("throttled"),
    Fault("throttled once", final=False, only="writes"),
    Fault("reply lost once", final=False, only="writes"),  # done, not answered, and asked for again by botocore
    Fault("failing", only="writes"),  # 500: nobody knows whether it was done
    Fault("conflict", only="conditional writes"),  # 409: another write is under way
    Fault("cut", only="objects read"),  # the body ends in the middle
    Fault("outage"),  # nothing is reached any more from here on
)

_SAID = {
    "denied": (403, "AccessDenied", 400, "AccessDeniedException"),
    "throttled": (503, "SlowDown", 400, "ThrottlingException"),
    "throttled once": (503, "SlowDown", 400, "ThrottlingException"),
    "failing": (500, "InternalError", 500, "InternalServerError"),
    "conflict": (409, "ConditionalRequestConflict", 409, "ConflictException"),
}
"""Status and code, of S3 and of the services that speak JSON.

S3: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html; the others: "Common Errors" of each API.
"""


class Injector(reads.Reads):
    """Stands where moto does, counts the calls of a run and breaks one of them."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self.done: list[Call] = []
        """Calls that AWS has carried out."""
        self._by_id: dict[str, Call] = {}
        self._armed = False
        self._broken: int | None = None
        self._fault: Fault | None = None
        self._look: Callable[[], None] = lambda: None
        self._lock = threading.RLock()

    @contextmanager
    def watching(
        self, broken: int | None = None, fault: Fault | None = None, look: Callable[[], None] = lambda: None
    ) -> Iterator[None]:
        """Count the calls made meanwhile and break call number ``broken``; ``look`` is called around each."""
        self.calls, self.done, self._by_id = [], [], {}
        self._broken, self._fault, self._look, self._armed = broken, fault, look, True
        try:
            yield
        finally:
            self._armed = False

    def __call__(self, event_name: str, request: Any, **_: Any) -> AWSResponse | None:
        """Answer one attempt of a call, as botocore's ``before-send`` asks."""
        if not self._armed:
            return botocore_stubber(event_name, request)
        with self._lock:
            call, first = self._call(event_name, request)
            if self._undisturbed(call.number):
                return self._do(call, event_name, request)
            assert self._fault is not None
            name = self._fault.name
            if name in {"unreachable", "outage"}:
                raise ConnectTimeoutError(endpoint_url=request.url)
            if name in {"reply lost", "reply lost once"}:
                if first:
                    self._do(call, event_name, request)
                    raise ReadTimeoutError(endpoint_url=request.url)
                if name == "reply lost":
                    raise ConnectTimeoutError(endpoint_url=request.url)
                return self._do(call, event_name, request)
            if name == "cut":
                answer = self._do(call, event_name, request)
                return None if answer is None else _cut(answer)
            if name == "throttled once" and not first:
                return self._do(call, event_name, request)
            return _refusal(call, name, request.url)

    def known(
        self, model: Any, params: Mapping[str, Any], context: dict[str, Any], **_: Any
    ) -> tuple[Any, dict[str, Any]] | None:
        """Answer a read as before, unless it is to be disturbed: it counts as any other call."""
        with self._lock:
            undisturbed = not self._armed or self._undisturbed(len(self.calls))
            found = super().known(model, params, context) if undisturbed else None
            if found is not None and self._armed:
                call = Call(len(self.calls), "s3", model.name, _target("s3", SimpleNamespace(**params)), False)
                self.calls.append(call)
                self._look()
                self._look()
                self.done.append(call)
            return found

    def _undisturbed(self, number: int) -> bool:
        """Whether a call goes through."""
        broken, outage = self._broken, self._fault is not None and self._fault.name == "outage"
        return broken is None or number < broken or (number > broken and not outage)

    def _do(self, call: Call, event_name: str, request: Any) -> AWSResponse | None:
        self._look()
        answer = botocore_stubber(event_name, request)
        self._look()
        self.done.append(call)
        return answer

    def _call(self, event_name: str, request: Any) -> tuple[Call, bool]:
        """Return the call that an attempt belongs to, and whether it is its first."""
        known = _text(request.headers["amz-sdk-invocation-id"])
        first = known not in self._by_id
        if first:
            _, service, operation = event_name.split(".")
            conditional = any(name.lower() in {"if-match", "if-none-match"} for name in request.headers)
            call = Call(
                len(self.calls),
                service,
                operation,
                _target(service, request),
                conditional and operation in {"PutObject", "CompleteMultipartUpload"},
            )
            self.calls.append(call)
            self._by_id[known] = call
        return self._by_id[known], first


@contextmanager
def installed() -> Iterator[Injector]:
    """Put an injector in moto's place for every client made meanwhile; nobody sleeps between attempts."""
    injector = Injector()
    place = BUILTIN_HANDLERS.index(("before-send", botocore_stubber))
    BUILTIN_HANDLERS[place] = ("before-send", injector)
    kept = {module: module.time for module in (botocore.endpoint, awswrangler._utils)}
    for module in kept:
        module.time = SimpleNamespace(**{**vars(module.time), "sleep": lambda _: None})  # type: ignore[attr-defined]
    try:
        with patch.object(boto3, "DEFAULT_SESSION", None), reads.kept(injector):
            yield injector
    finally:
        BUILTIN_HANDLERS[place] = ("before-send", botocore_stubber)
        for module, time in kept.items():
            module.time = time  # type: ignore[attr-defined]


def _target(service: str, request: Any) -> str:
    """Return what a call is about: bucket and key, or the id of a secret."""
    url = urlsplit(request.url)
    if service == "s3":
        return unquote(url.netloc.split(".")[0] + url.path + (f"?{url.query}" if "list-type" in url.query else ""))
    body = json.loads(_text(request.body or "{}"))
    return str(body.get("SecretId") or body.get("QueryExecutionId") or "")


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _refusal(call: Call, name: str, url: str) -> AWSResponse:
    """Return the answer of a service that does not do what was asked."""
    status, code, json_status, json_code = _SAID[name]
    if call.service == "s3":
        body = f"<Error><Code>{code}</Code><Message>Injected</Message><RequestId>1</RequestId></Error>"
        headers = {"content-type": "application/xml"}
    else:
        status = json_status
        body, headers = json.dumps({"__type": json_code, "message": "Injected"}), {"content-type": "application/json"}
    body = "" if call.operation.startswith("Head") else body
    return AWSResponse(url, status, headers, MockRawResponse(body))  # type: ignore[arg-type]


def _cut(answer: AWSResponse) -> AWSResponse:
    """Return the answer with half of its body, whose length it still promises."""
    raw: Any = answer.raw
    body = raw.read()
    answer.headers["content-length"] = str(len(body))
    answer.raw = MockRawResponse(body[: len(body) // 2])
    return answer
