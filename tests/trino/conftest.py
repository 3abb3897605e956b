"""The national sample, taken in and worked out on the local stack, with a real Trino beside it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from local.run import open_run
from local.stages import Run, run_all
from local.state import open_state
from local.template import load_stack
from local.world import open_world
from tests.trino.assembly import assemble
from tests.trino.comparison import Referee
from tests.trino.server import running

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"


@pytest.fixture(scope="session")
def run() -> Iterator[Run]:
    """A run over the national sample that has not begun."""
    folder = BUILD / "trino"
    world = open_world(BUILD, "", "")
    with (
        open_state(folder, world.sources, fresh=True) as state,
        open_run(world, load_stack(), state, folder) as ready,
    ):
        yield ready


@pytest.fixture(scope="session")
def referee(run: Run) -> Iterator[Referee]:
    """Both engines over the run's cloud, once the pipeline has run, and all of it well."""
    server = assemble()
    with ExitStack() as open_things:
        # Trino starts while the sample is taken in: it reads nothing before it is asked.
        with ThreadPoolExecutor(max_workers=1) as pool:
            ready = pool.submit(open_things.enter_context, running(server, run.cloud, BUILD / "logs" / "trino.log"))
            run_all(run)
            trino = ready.result()
        assert [(stage.name, stage.error) for stage in run.stages if not stage.ok] == []
        yield Referee(run.cloud, trino)
