"""The publisher's calls to S3 as botocore makes them: counted, and something done before or after the n-th."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from placements_kpi import store

Act = Callable[[str], None]
"""What is done at a call, which is given by its name: ``PutObject``."""


class Killed(BaseException):
    """The process ended here."""


def killed(call: str) -> None:
    """End the process."""
    raise Killed(call)


def denied(call: str) -> None:
    """Answer as S3 does where a policy does not allow the call."""
    raise ClientError({"Error": {"Code": "AccessDenied", "Message": "Access Denied"}}, call)


def broken_off(call: str) -> None:
    """Break the connection: nobody knows whether the call took effect."""
    raise ConnectionClosedError(endpoint_url=f"http://s3/{call}")


@contextmanager
def at(number: int, *, before: Act | None = None, after: Act | None = None) -> Iterator[list[str]]:
    """Do something before or after the ``number``-th call (from 0) within the block; yields the calls made so far.

    What it does itself is not counted, so that a whole run can be put into the middle of another.
    """
    calls: list[str] = []
    state = {"inside": False}

    def act(what: Act | None, call: str) -> None:
        if what is None or state["inside"] or len(calls) != number + 1:
            return
        state["inside"] = True
        try:
            what(call)
        finally:
            state["inside"] = False

    def coming(model: Any, **_: Any) -> None:
        if not state["inside"]:
            calls.append(model.name)
            act(before, model.name)

    def answered(model: Any, **_: Any) -> None:
        act(after, model.name)

    real = store.s3_client

    def client() -> Any:
        made = real()
        made.meta.events.register("before-call.s3", coming)
        made.meta.events.register("after-call.s3", answered)
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "s3_client", client)
        yield calls
