"""The inside of one function's process: imports the handler, calls it once, and reports.

``python -m local.worker <report>`` reads ``{"handler", "event", "function", "memory_mb", "timeout"}``
from standard input and writes the report, JSON, to the file named; what the handler
logs goes where it always goes. Started by :mod:`local.lambdas`, with nothing of the local stack imported:
the process holds what it would hold on Lambda.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
import traceback
import uuid
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any


class Context:
    """What a handler may ask of its context object."""

    def __init__(self, function: str, memory_mb: int, timeout: float) -> None:
        self.function_name = function
        self.function_version = "$LATEST"
        self.memory_limit_in_mb = memory_mb
        self.invoked_function_arn = f"arn:aws:lambda:eu-west-2:123456789012:function:{function}"
        self.aws_request_id = str(uuid.uuid4())
        self.log_group_name = f"/aws/lambda/{function}"
        self.log_stream_name = "local"
        self._ends = time.monotonic() + timeout

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds left before the function's timeout."""
        return max(0, int((self._ends - time.monotonic()) * 1000))


class WithoutWhatNoLayerHas(MetaPathFinder):
    """Finds neither pandas nor gRPC: no ingest's layer has them. pyarrow and Google's client import what is there."""

    def find_spec(self, name: str, *_: Any) -> None:
        """Raise :class:`ModuleNotFoundError` for those two, and know of nothing else."""
        if name in {"pandas", "grpc"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def peak_mb() -> float:
    """Return the most memory this process has held, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux counts a parent's memory into ru_maxrss, so its own figure is better
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 / 1024 if sys.platform == "darwin" else peak / 1024


def call(asked: dict[str, Any]) -> dict[str, Any]:
    """Return the report of a call: ``result`` or ``error`` as Lambda words it, seconds (clock, processor), peak MB."""
    started = time.monotonic()
    report: dict[str, Any] = {"result": None, "error": None}
    try:
        module, name = asked["handler"].rsplit(".", 1)
        if "ingest_" in module:
            sys.meta_path.insert(0, WithoutWhatNoLayerHas())
        __import__(module)
        report["import_seconds"] = time.monotonic() - started
        context = Context(asked["function"], asked["memory_mb"], asked["timeout"])
        result = getattr(sys.modules[module], name)(asked["event"], context)
        report["result"] = json.loads(json.dumps(result))  # Lambda answers in JSON or not at all
    except Exception as error:
        report["error"] = {
            "errorType": type(error).__name__,
            "errorMessage": str(error),
            "stackTrace": traceback.format_tb(error.__traceback__),
        }
    report["seconds"] = time.monotonic() - started
    spent = resource.getrusage(resource.RUSAGE_SELF)
    report["cpu_seconds"] = spent.ru_utime + spent.ru_stime
    report["peak_mb"] = peak_mb()
    return report


if __name__ == "__main__":
    answer = call(json.load(sys.stdin))
    Path(sys.argv[1]).write_text(json.dumps(answer), encoding="utf-8")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # as on Lambda, nothing is taken apart: of an ingest that takes a quarter as long as all its imports
