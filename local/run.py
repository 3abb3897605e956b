"""``make run``: the whole pipeline on this machine, from the sources to a page being served.

Exit status 0 only if every source, KPI and the publishing went well; 1 if one of them did not
(the others still went on); 2 if what was asked for cannot be done, and nothing was started.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local import summary
from local.asked import cannot_write, has_room, holds_drops, host_of, is_free, port_of
from local.errors import LocalError
from local.progress import Progress
from local.stages import USUAL, Run, run_all
from local.world import LIVE, World, check_fault, check_transport, live_for, open_world, parse_day, secrets
from placements_kpi import times

if TYPE_CHECKING:
    from local.state import State
    from local.template import Stack

# The local AWS takes seconds to import: it is imported where it is used, once what was asked for has been looked at.

ERASURE = "erasure.json"
"""File of the build folder that stands for the erasure secret: whom ``make invoke`` with an erasure takes out."""


@contextmanager
def open_run(
    world: World, stack: Stack, state: State, build: Path, fault: str = "", started: float | None = None
) -> Iterator[Run]:
    """Give a run ready to start: the state in a local AWS, the stand-ins listening.

    It tells how far it is if it is told when it ``started``, in seconds of the monotonic clock.
    """
    from local.cloud import open_cloud
    from local.standins import Standins
    from local.standins import serve as serve_standins

    with ExitStack() as open_things:
        standins: Standins | None = None
        if world.live:
            standins = open_things.enter_context(serve_standins(world.sources))
        locations = {source: standins.locations[source] for source in world.live} if standins else {}
        tokens = {
            source: standins.tokens(source)
            for source in world.live
            if standins and "SOURCE_SECRET_ARN" in stack.function(f"ingest_{source}").environment
        }
        if world.in_bigquery:
            from local.bigquery import emulator, storable, streamed_tables

            locations["bigquery"] = open_things.enter_context(emulator.emulator())
            emulator.load(locations["bigquery"], world.sources)
            locations.update(dict.fromkeys(storable.SOURCES, streamed_tables.LOCATION))
        named = build / ERASURE
        erasure = json.loads(named.read_text(encoding="utf-8")) if named.is_file() else None
        cloud = open_things.enter_context(open_cloud(stack, secrets(stack, tokens, fault, erasure)))
        state.load(cloud)

        logs = build / "logs"
        shutil.rmtree(logs, ignore_errors=True)
        if started is None:
            yield Run(cloud, state, world, locations, logs, lambda _: None)
            return
        progress = open_things.enter_context(Progress(USUAL, before=time.monotonic() - started))
        yield Run(
            cloud, state, world, locations, logs,
            say=lambda stage: progress.end(stage.name, summary.progress(stage, time.monotonic() - started)),
            begin=progress.begin,
        )  # fmt: skip


def run(
    world: World,
    build: Path,
    *,
    fresh: bool = False,
    fault: str = "",
    host: str = "",
    mode: str = "",
    quiet: bool = False,
) -> dict[str, Any]:
    """Run the whole pipeline over ``world`` and return the run record, which is also in ``build/run.json``.

    With ``host`` the pages are those for a service of that name: on a host of the government they look like GOV.UK.
    ``mode`` is the parameter ReleaseMode of the template.
    """
    from local.record import record_of
    from local.state import copy_buckets, open_state
    from local.template import load_stack

    started = time.monotonic()
    # The template takes no host without a certificate; nothing here looks at it.
    given = {"ServiceHost": host, "CertificateArn": "local"} if host else {}
    stack = load_stack(given=given | ({"ReleaseMode": mode} if mode else {}))
    with open_state(build, world.sources, as_of=world.as_of, fresh=fresh) as state:
        state.remember({"as_of": world.as_of.isoformat(), "live": list(world.live)})
        with open_run(world, stack, state, build, fault, None if quiet else started) as under_way:
            run_all(under_way)
            state.save(under_way.cloud)
            copy_buckets(under_way.cloud, build)
            record = record_of(under_way, time.monotonic() - started)
    unfinished = build / "run.json.tmp"
    unfinished.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    unfinished.replace(build / "run.json")
    return record


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line asks; return the exit status."""
    asked = parser().parse_args(arguments)
    build: Path = asked.build
    serves = asked.serve != "0"
    try:
        port = look_at(asked, serves=serves)
        from local import serve
        from local.template import load_stack

        live = live_for(asked.fault, load_stack().functions.values(), () if asked.sources else LIVE)
        world = open_world(build, asked.sources, asked.as_of, live, transport=asked.transport)
        described = dict(world.sample) if world.sample else None
        print(summary.heading(world.sources, world.as_of.isoformat(), times.iso_instant(world.clock), described))
        record = run(world, build, fresh=asked.fresh == "1", fault=asked.fault, host=asked.host, mode=asked.mode)
        print(summary.summary(record, build))
        if serves:
            waiting = serve.newest_preview(build / "site") if asked.mode == "approve" else None
            serve.serve_site(build / "site", load_stack(), port, waiting)
    except LocalError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"error: {cannot_write(error)}", file=sys.stderr)
        return 2
    return 0 if record["ok"] else 1


def look_at(asked: argparse.Namespace, *, serves: bool) -> int:
    """Return the port to serve on; :class:`LocalError` if anything asked for cannot be done. Changes nothing."""
    port = port_of(asked.port)
    host_of(asked.host)
    check_fault(asked.fault)
    check_transport(asked.transport)
    if asked.as_of:
        parse_day(asked.as_of, datetime.now(UTC))
    if asked.sources:
        holds_drops(Path(asked.sources))
    has_room(asked.build)
    if serves:
        is_free(port)
    return port


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line; a blank value is one not given, as make passes it."""
    arguments = argparse.ArgumentParser(
        prog="python -m local.run", description="Run the whole pipeline on this machine."
    )
    arguments.add_argument("--sources", default="", help="folder of drops (default: the sample, written if missing)")
    arguments.add_argument("--as-of", default="", help="as-of day, YYYY-MM-DD (default: the sample's, else yesterday)")
    arguments.add_argument("--build", type=Path, default=Path("build"), help="folder for everything that is written")
    arguments.add_argument("--fresh", default="", help="1: forget what earlier runs left")
    arguments.add_argument("--serve", default="", help="0: end after the summary")
    arguments.add_argument("--port", default="", help="port to serve the page on (default 8000)")
    arguments.add_argument("--host", default="", help="host name to make the pages for (default: that of the template)")
    modes = ("", "automatic", "approve")
    arguments.add_argument("--mode", default="", choices=modes, help="approve: a release waits for its approval")
    arguments.add_argument("--transport", default="", help="bigquery: read from an emulator what is there")
    arguments.add_argument("--fault", default="", help="break a secret, to see what happens")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
