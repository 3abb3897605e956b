"""What a stand-in is asked and what it answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Question:
    """A GET request: the path below the service's own, the query, and the bearer token if one came."""

    path: str
    query: Mapping[str, str]
    token: str | None

    def number(self, *names: str, default: int) -> int:
        """Return the first of the named query values that is there, as a number; ``ValueError`` if it is none."""
        for name in names:
            if name in self.query:
                return int(self.query[name])
        return default


@dataclass(frozen=True)
class Reply:
    """An answer: its body in memory, or a file to be streamed."""

    status: int
    body: bytes | Path = b""
    content_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


class Service:
    """One service: answers questions, and may let its facts move while it is read."""

    def answer(self, question: Question) -> Reply:
        """Return what the real service would answer."""
        raise NotImplementedError

    def touch(self) -> None:
        """Update the record that nobody has touched for longest, as if somebody had edited it now; or leave all be."""

    def close(self) -> None:
        """Let go of the facts."""


def json_reply(body: Any, status: int = 200, **headers: str) -> Reply:
    """Return ``body`` as a JSON answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps(body).encode(), headers=named)


def error_reply(status: int, error: str, message: str) -> Reply:
    """Return an error as Register and Apply write it."""
    return json_reply({"errors": [{"error": error, "message": message}]}, status)
