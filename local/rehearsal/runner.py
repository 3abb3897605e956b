"""The runner of built bits as a service on the loopback address, which LocalStack asks to call a function."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from werkzeug import Request, Response
from werkzeug.serving import make_server

from local.cloud import QuietHandler
from local.lambdas import Code, call_with
from local.template import Function


@dataclass
class Called:
    """One call of a function; ``ended`` when it has."""

    function: str
    """Its name in the stack."""
    event: Any
    error: dict[str, Any] | None = None
    result: Any = None
    ended: bool = False


class Runner:
    """Carries out calls and remembers them, oldest first."""

    def __init__(self, code: Code, logs: Path) -> None:
        self.calls: list[Called] = []
        self._code = code
        self._logs = logs

    def begin(self, function: str, event: Any) -> Called:
        """Remember that a call begins."""
        called = Called(function, event)
        self.calls.append(called)
        return called

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Call a function as LocalStack asks, and return what LocalStack is to answer with."""
        called = self.begin(asked["function"], asked["event"])
        settings = {name: asked[name] for name in ("handler", "memory_mb", "timeout")}
        function = Function(logical_id="", name=called.function, environment={}, **settings)
        log = self._logs / f"{time.time_ns()}-{function.name}.log"
        try:
            done = call_with(function, called.event, asked["environment"], log, self._code)
            called.result, called.error = done.result, done.error
        finally:
            called.ended = True
        said = called.result if called.error is None else called.error
        return {"payload": said, "failed": called.error is not None, "log": log.read_text(encoding="utf-8")}

    def settle(self, seconds: float = 900, quiet: float = 3) -> bool:
        """Wait until nothing has run for ``quiet`` seconds; return whether that came to pass in time."""
        ends, since, before = time.monotonic() + seconds, time.monotonic(), -1
        while time.monotonic() < ends:
            busy = len(self.calls) != before or not all(called.ended for called in self.calls)
            before = len(self.calls)
            since = time.monotonic() if busy else since
            if time.monotonic() - since >= quiet:
                return True
            time.sleep(0.2)
        return False


@contextmanager
def serve(runner: Runner) -> Iterator[str]:
    """Listen for calls on a free port; gives the address."""

    @Request.application
    def called(request: Request) -> Response:
        return Response(json.dumps(runner.answer(request.get_json(force=True))))

    server = make_server("127.0.0.1", 0, called, threaded=True, request_handler=QuietHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
