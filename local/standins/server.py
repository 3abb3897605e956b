"""One server on the loopback for all stand-ins, each below a prefix of its own, and faults on demand.

``with serve(drops) as standins:`` serves the facts of a folder of drops;
``standins.locations["register"]`` is what its ingest takes for ``SOURCE_LOCATION``, and
``standins.tokens("register")`` what its secret holds.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from pathlib import Path
from typing import Self

from local.standins.apply import Apply
from local.standins.facts import drop_file, newest_drop
from local.standins.gias import Gias
from local.standins.handler import PREFIXES, Fault, Server
from local.standins.publish import Publish
from local.standins.register import Register
from local.standins.replies import Question, Reply, Service, json_reply

HANG_SECONDS = 60.0


class Standins:
    """A running server; close it, or use it in a ``with`` statement."""

    def __init__(self, drops: Path, rate: tuple[int, float], moving: int, current_cycle: int | None) -> None:
        self._drops = drops
        self._current_cycle = current_cycle
        self._services: dict[str, Service] = {}
        self._faults: dict[str, list[Fault]] = {name: [] for name in PREFIXES}
        self._rate = rate
        self._recent: deque[float] = deque()
        self._moving = moving
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self.asked: list[tuple[str, Question]] = []
        """Every request so far that was answered as the service would, and the service."""
        self.agents: set[str] = set()
        """Who asked, by User-Agent."""
        self._server = Server(self)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.locations = {name: self.url + prefix for name, prefix in PREFIXES.items()}
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def tokens(self, name: str) -> list[str]:
        """Return the tokens that a service takes; none if it asks for none."""
        return list(getattr(self.service(name), "tokens", []))

    def service(self, name: str) -> Service:
        """Return the stand-in called ``name``, made from its drop the first time it is asked for."""
        with self._lock:
            if name not in self._services:
                self._services[name] = self._make(name)
            return self._services[name]

    def fail(self, name: str, fault: Fault) -> None:
        """Let something go wrong with the next requests to a service."""
        self._faults[name].append(fault)

    def answer(self, name: str, question: Question, agent: str) -> Reply:
        """Return what the service called ``name`` answers."""
        service = self.service(name)
        with self._lock:
            self.asked.append((name, question))
            self.agents.add(agent)
            if name == "register" and (wait := self._wait()) > 0:
                return json_reply({"error": "Rate limit exceeded"}, 429, Retry_After=str(int(wait) + 1))
            reply = service.answer(question)
            if self._moving and len(self.asked) % self._moving == 0:
                service.touch()
            return reply

    def fault(self, name: str) -> Fault | None:
        """Return what goes wrong with this request to ``name``, if anything."""
        with self._lock:
            faults = self._faults[name]
            if not faults:
                return None
            fault = faults[0]
            fault.times -= 1
            if fault.times <= 0:
                faults.pop(0)
            return fault

    def hang(self) -> None:
        """Wait until nobody can be waiting any more."""
        self._closing.wait(HANG_SECONDS)

    def close(self) -> None:
        """Stop the server."""
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        for service in self._services.values():
            service.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _wait(self) -> float:
        """Return how many seconds are left until the next request is welcome."""
        most, seconds = self._rate
        now = time.monotonic()
        while self._recent and now - self._recent[0] >= seconds:
            self._recent.popleft()
        if len(self._recent) >= most:
            return seconds - (now - self._recent[0])
        self._recent.append(now)
        return 0.0

    def _make(self, name: str) -> Service:
        if name == "schools":
            return Gias(self._drops / name)
        drop = newest_drop(self._drops, name)
        if name == "register":
            return Register(drop_file(drop, "trainees.ndjson"))
        if name == "apply":
            return Apply(drop_file(drop, "application_choices.ndjson"))
        service = Publish(
            drop_file(drop, "providers.ndjson"), drop_file(drop, "courses.ndjson"), current_cycle=self._current_cycle
        )
        service.url = self.url
        return service


def serve(
    drops: Path, *, rate: tuple[int, float] = (100, 60.0), moving: int = 0, current_cycle: int | None = None
) -> Standins:
    """Start the stand-ins for the sources in ``drops`` on a free port of the loopback and return them, running.

    ``rate``: requests that Register takes in how many seconds. ``moving``: after every so many requests, one
    record is edited. ``current_cycle``: what Publish answers for a year that it does not know (by default its newest).
    """
    return Standins(drops, rate, moving, current_cycle)
