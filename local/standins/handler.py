"""The HTTP side of the stand-ins: which service is asked, what goes wrong on purpose, and how an answer is sent."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal, Protocol
from urllib.parse import parse_qsl, urlsplit

from local.standins import apply, gias, publish, register
from local.standins.replies import Question, Reply

PREFIXES = {
    "apply": apply.PREFIX,
    "register": register.PREFIX,
    "providers": publish.PREFIX,
    "schools": gias.PREFIX,
}


@dataclass
class Fault:
    """Something that goes wrong with the next ``times`` requests to one service."""

    kind: Literal["status", "hang", "redirect", "truncated", "garbage", "wrong_year"]
    times: int = 1
    status: int = 500
    retry_after: str | None = None
    to: str = "http://192.0.2.1/"
    """Where a redirect points: by default another host (of a network that is never used)."""


class Answering(Protocol):
    """What the handler needs of the stand-ins."""

    def answer(self, name: str, question: Question, agent: str) -> Reply:
        """Return what the service called ``name`` answers."""
        ...

    def fault(self, name: str) -> Fault | None:
        """Return what goes wrong with this request, if anything."""
        ...

    def hang(self) -> None:
        """Wait until nobody can be waiting any more."""
        ...


class Server(ThreadingHTTPServer):
    """A server on a free port of the loopback."""

    daemon_threads = True

    def __init__(self, standins: Answering) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.standins = standins


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    # Head and body in one packet: else each answer waits for an acknowledgement that comes 40 ms late.
    wbufsize = 1 << 16
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:
        """Answer one request."""
        parts = urlsplit(self.path)
        name = next((name for name, prefix in PREFIXES.items() if parts.path.startswith(f"{prefix}/")), None)
        if name is None:
            self._send(Reply(404, b"not here", "text/plain"))
            return
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        path = parts.path.removeprefix(PREFIXES[name])
        question = Question(path, dict(parse_qsl(parts.query)), token if scheme == "Bearer" else None)
        fault = self.server.standins.fault(name)
        if fault is not None and fault.kind == "wrong_year":
            question = replace(question, path=re.sub(r"\d{4}", "1900", path))
        elif fault is not None and fault.kind != "truncated":
            self._fail(fault)
            return
        reply = self.server.standins.answer(name, question, self.headers.get("User-Agent", ""))
        self._send(reply, whole=fault is None or fault.kind != "truncated")

    def log_message(self, *_: Any) -> None:
        """Say nothing: the stand-ins keep what was asked."""

    def _fail(self, fault: Fault) -> None:
        if fault.kind == "hang":
            self.server.standins.hang()
            self.close_connection = True
        elif fault.kind == "redirect":
            self._send(Reply(302, headers={"Location": fault.to}))
        elif fault.kind == "garbage":
            self._send(Reply(200, b"<!DOCTYPE html><title>Sorry, we are working on it</title>", "text/html"))
        else:
            headers = {"Retry-After": fault.retry_after} if fault.retry_after is not None else {}
            self._send(Reply(fault.status, b'{"error": "injected"}', headers=headers))

    def _send(self, reply: Reply, *, whole: bool = True) -> None:
        size = reply.body.stat().st_size if isinstance(reply.body, Path) else len(reply.body)
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(size))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self._send_body(reply.body, size if whole else size // 2)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # whoever asked has given up
        if not whole:
            self.close_connection = True

    def _send_body(self, body: bytes | Path, size: int) -> None:
        if isinstance(body, bytes):
            self.wfile.write(body[:size])
            return
        with body.open("rb") as file:
            if size == body.stat().st_size:
                shutil.copyfileobj(file, self.wfile, 1 << 20)
            else:
                self.wfile.write(file.read(size))
