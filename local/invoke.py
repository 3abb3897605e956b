"""``make invoke``: one function with one event against what earlier runs left, as Lambda would on AWS.

Prints the function's answer. Exit status 1 with Lambda's form of an error if it failed, 2 if it could not be called.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from local.asked import cannot_write, has_room
from local.errors import LocalError
from local.run import open_run
from local.stages import PUBLISH
from local.state import copy_buckets, open_state
from local.template import load_stack
from local.world import LIVE, check_fault, live_for, open_world


class InvokeError(LocalError):
    """The event file cannot be used."""


def invoke(function: str, event: Path, build: Path, sources: str = "", as_of: str = "", fault: str = "") -> int:
    """Call a function with the event in a file and print its answer; return the exit status.

    The functions' clock is that of the last run over the same folder, so that nothing looks stale by itself.
    """
    asked = _read_event(event)
    check_fault(fault)
    has_room(build)
    stack = load_stack()
    called = stack.function(function)
    folder = Path(sources) if sources else build / "sample"
    with open_state(build, folder) as state:
        last = state.facts()
        live = live_for(fault, [called], tuple(last.get("live", () if sources else LIVE)))
        world = open_world(build, sources, as_of or last.get("as_of", ""), live)
        with open_run(world, stack, state, build, fault) as run:
            stage = run.invoke(function, asked)
            events = run.cloud.events_for(stack.function(PUBLISH).logical_id)
            copy_buckets(run.cloud, build)
    print(json.dumps(stage.call.error if stage.call.error is not None else stage.call.result, indent=2))
    if events:
        print(
            f"It said that KPIs are computed. On AWS {PUBLISH} would start now; here: "
            f"make invoke FUNCTION={PUBLISH} EVENT=events/publish_site.json",
            file=sys.stderr,
        )
    return 0 if stage.call.ok else 1


def _read_event(path: Path) -> object:
    if not path.is_file():
        known = ", ".join(sorted(str(file) for file in Path("events").glob("*.json")))
        raise InvokeError(f"EVENT={path} is not a file; there are {known}")
    try:
        event: object = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InvokeError(f"EVENT={path} is not JSON: {error}") from None
    return event


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line asks; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m local.invoke", description="Call one function.")
    parser.add_argument("function", help="folder of functions/, e.g. compute_kpis")
    parser.add_argument("event", type=Path, help="file with the event, e.g. events/compute_kpis.json")
    parser.add_argument("--sources", default="", help="folder of drops of the state to use (default: the sample)")
    parser.add_argument("--as-of", default="", help="as-of day that sets the clock (default: the last run's)")
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument("--fault", default="", help="break a secret, to see what happens")
    asked = parser.parse_args(arguments)
    try:
        return invoke(asked.function, asked.event, asked.build, asked.sources, asked.as_of, asked.fault)
    except LocalError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"error: {cannot_write(error)}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
