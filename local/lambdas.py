"""Calling a function as Lambda would: in a process of its own, with its own environment, memory measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from local.cloud import Cloud
    from local.template import Function

ROOT = Path(__file__).resolve().parent.parent
REPORT = "report.json"
_INHERITED = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LD_LIBRARY_PATH")


@dataclass(frozen=True)
class Call:
    """How one call of a function ended. ``error`` is what Lambda would answer: type, message, stack trace."""

    function: str
    result: Any
    error: dict[str, Any] | None
    seconds: float
    peak_mb: float = 0.0
    import_seconds: float = 0.0
    cpu_seconds: float = 0.0
    """Of the processor, which a busy machine leaves as they are better than those of the clock."""

    @property
    def ok(self) -> bool:
        """Whether the handler returned."""
        return self.error is None


@dataclass(frozen=True)
class Process:
    """How the process of one call is started. It reads what is asked, and leaves its report in the scratch folder."""

    command: list[str]
    environment: dict[str, str]
    folder: Path


class Code(Protocol):
    """Where the code of the functions is found, and the packages that they import."""

    def process(self, folder: str, environment: Mapping[str, str], scratch: Path) -> Process:
        """Return how ``functions/<folder>`` is started with ``environment``."""
        ...


@dataclass(frozen=True)
class SourceTree:
    """The code of this checkout, with the packages of this process; ``first`` is looked into before it."""

    first: Path = ROOT

    def process(self, folder: str, environment: Mapping[str, str], scratch: Path) -> Process:
        path = os.pathsep.join(map(str, (self.first, ROOT, ROOT / "layers" / "core")))
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        command = [sys.executable, "-m", "local.worker", str(scratch / REPORT)]
        return Process(command, {**inherited, **environment, "PYTHONPATH": path}, self.first)


SOURCE_TREE = SourceTree()


def call(
    cloud: Cloud, folder: str, event: Any, settings: Mapping[str, str], log: Path, *, code: Code = SOURCE_TREE
) -> Call:
    """Call the handler of ``functions/<folder>`` with ``event`` and return how it ended; nothing it does raises here.

    ``settings`` win over the environment that the template gives. What the function logs is added to ``log``.
    """
    function = cloud.stack.function(folder)
    return call_with(function, event, cloud.environment(function) | dict(settings), log, code)


def call_with(function: Function, event: Any, environment: Mapping[str, str], log: Path, code: Code) -> Call:
    """Call a function with just this environment. One that is not done at its timeout is killed, as on Lambda."""
    asked = {
        "handler": function.handler,
        "event": event,
        "function": function.name,
        "memory_mb": function.memory_mb,
        "timeout": function.timeout,
    }
    log.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="call-") as scratch, log.open("ab") as written:
        process = code.process(function.folder, environment, Path(scratch))
        try:
            ended = subprocess.run(
                process.command,
                input=json.dumps(asked).encode(),
                stdout=written,
                stderr=written,
                env=process.environment,
                cwd=process.folder,
                timeout=function.timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            message = f"{function.name} timed out after {function.timeout} seconds"
            return _broken(function.folder, "Sandbox.Timedout", message, float(function.timeout))
        report = Path(scratch) / REPORT
        if not report.exists():
            message = f"the process of {function.name} ended with exit status {ended.returncode}; its log is {log}"
            return _broken(function.folder, "Runtime.ExitError", message, 0.0)
        said = json.loads(report.read_text(encoding="utf-8"))
    return Call(function.folder, **said)


def _broken(folder: str, kind: str, message: str, seconds: float) -> Call:
    error = {"errorType": kind, "errorMessage": message, "stackTrace": []}
    return Call(folder, None, error, seconds)
