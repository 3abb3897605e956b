"""The calls to S3 of a function as botocore makes them: counted, and something done before or after one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from placements_kpi import store

Act = Callable[[str], object]
"""What is done at a call, which is given by its name and key: ``PutObject releases.json``."""


class Killed(BaseException):
    """The process ended here."""


def killed(call: str) -> None:
    """End the process."""
    raise Killed(call)


def denied(call: str) -> None:
    """Answer as S3 does where a policy does not allow the call."""
    raise ClientError({"Error": {"Code": "AccessDenied", "Message": "Access Denied"}}, call.split()[0])


def broken_off(call: str) -> None:
    """Break the connection: whoever called does not know whether the call took effect."""
    raise ConnectionClosedError(endpoint_url=f"http://s3/{call}")


def in_progress(call: str) -> None:
    """Answer as S3 does to a conditional write while another write of the object is in progress."""
    told = {"Error": {"Code": "ConditionalRequestConflict", "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": 409}}
    raise ClientError(told, call.split()[0])  # type: ignore[arg-type]


@contextmanager
def at(place: int | str | None, *, before: Act | None = None, after: Act | None = None) -> Iterator[list[str]]:
    """Do something once before or after a call within the block, the ``place``-th from 0 or the first so called.

    Yields the calls made so far. Those that it makes itself are not counted, so that a whole run can be put into
    the middle of another.
    """
    calls: list[str] = []
    inside = done = False

    def here() -> bool:
        return not inside and not done and place in {len(calls) - 1, calls[-1]}

    def act(what: Act) -> None:
        nonlocal inside, done
        inside = done = True
        try:
            what(calls[-1])
        finally:
            inside = False

    def coming(model: Any, context: Any, **_: Any) -> None:
        if not inside:
            given = context["input_params"]
            calls.append(f"{model.name} {given.get('Key', given.get('Prefix', ''))}")
        if before and here():
            act(before)

    def answered(**_: Any) -> None:
        if after and here():
            act(after)

    real = store.s3_client

    def client() -> Any:
        made = real()
        made.meta.events.register("before-call.s3", coming)
        made.meta.events.register("after-call.s3", answered)
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "s3_client", client)
        yield calls
