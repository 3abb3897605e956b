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
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.cloud import Cloud

ROOT = Path(__file__).resolve().parent.parent
_INHERITED = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LD_LIBRARY_PATH")


@dataclass(frozen=True)
class Call:
    """How one call of a function ended. ``error`` is what Lambda would answer: type, message, stack trace."""

    function: str
    result: Any
    error: dict[str, Any] | None
    seconds: float
    import_seconds: float
    peak_mb: float

    @property
    def ok(self) -> bool:
        """Whether the handler returned."""
        return self.error is None


def call(cloud: Cloud, folder: str, event: Any, settings: Mapping[str, str], log: Path, *, code: Path = ROOT) -> Call:
    """Call the handler of ``functions/<folder>`` with ``event`` and return how it ended; nothing it does raises here.

    ``settings`` win over the environment that the template gives. What the function logs is added to ``log``.
    A function that is not done at its timeout is killed, as on Lambda. ``code`` is where it is looked for first.
    """
    function = cloud.stack.function(folder)
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    environment |= cloud.environment(function) | dict(settings)
    environment["PYTHONPATH"] = os.pathsep.join(map(str, (code, ROOT, ROOT / "layers" / "core")))
    asked = {
        "handler": function.handler,
        "event": event,
        "function": function.name,
        "memory_mb": function.memory_mb,
        "timeout": function.timeout,
    }
    log.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="call-") as scratch, log.open("ab") as written:
        report = Path(scratch) / "report.json"
        worker = [sys.executable, "-m", "local.worker", str(report)]
        try:
            ended = subprocess.run(
                worker,
                input=json.dumps(asked).encode(),
                stdout=written,
                stderr=written,
                env=environment,
                cwd=code,
                timeout=function.timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            message = f"{function.name} timed out after {function.timeout} seconds"
            return _broken(folder, "Sandbox.Timedout", message, float(function.timeout))
        if not report.exists():
            message = f"the process of {function.name} ended with exit status {ended.returncode}; its log is {log}"
            return _broken(folder, "Runtime.ExitError", message, 0.0)
        said = json.loads(report.read_text(encoding="utf-8"))
    return Call(
        function=folder,
        result=said["result"],
        error=said["error"],
        seconds=said["seconds"],
        import_seconds=said.get("import_seconds", 0.0),
        peak_mb=said["peak_mb"],
    )


def _broken(folder: str, kind: str, message: str, seconds: float) -> Call:
    error = {"errorType": kind, "errorMessage": message, "stackTrace": []}
    return Call(folder, None, error, seconds, 0.0, 0.0)
