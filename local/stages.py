"""The stages of a run: ingests, compute, publish, each a call of the real handler."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.lambdas import SOURCE_TREE, Call, Code, call
from placements_kpi.settings import SOURCES

if TYPE_CHECKING:
    from local.cloud import Cloud
    from local.state import State
    from local.world import World

COMPUTE, PUBLISH = "compute_kpis", "publish_site"
_LONG = {"apply": 14.0, "vacancies": 14.0, "schools": 8.0}
USUAL = {f"ingest_{source}": _LONG.get(source, 5.0) for source in SOURCES} | {COMPUTE: 30.0, PUBLISH: 9.0}
"""About how many seconds each takes at national scale, to say how far a run is."""
INGESTS = tuple(sorted((f"ingest_{source}" for source in SOURCES), key=lambda folder: -USUAL[folder]))
"""The functions that read a source, the longest first, so that the two workers end together."""
AT_ONCE = 2


@dataclass(frozen=True)
class Stage:
    """One finished stage. ``outcome`` is the handler's own word for it, or ``failed``."""

    name: str
    event: Any
    outcome: str
    ok: bool
    call: Call

    @property
    def error(self) -> str | None:
        """Why it failed, in the handler's words."""
        return None if self.call.error is None else str(self.call.error["errorMessage"])


@dataclass
class Run:
    """A run under way: where it happens, and the stages finished so far."""

    cloud: Cloud
    state: State
    world: World
    locations: dict[str, str]
    logs: Path
    say: Callable[[Stage], None]
    stages: list[Stage] = field(default_factory=list)
    begin: Callable[[str], None] = lambda _: None
    """Told the name of each stage that begins."""
    code: Code = SOURCE_TREE

    def invoke(self, folder: str, event: Any) -> Stage:
        """Call one function, save what it changed, tell and return how it ended. A failed call changes nothing else."""
        self.begin(folder)
        settings = self.world.settings(self.cloud.stack.function(folder), self.locations)
        done = call(self.cloud, folder, event, settings, self.logs / f"{folder}.log", code=self.code)
        self.state.save(self.cloud)
        stage = _stage(folder, event, done)
        if not stage.ok and done.error is not None:
            self.cloud.report_failure(self.cloud.stack.function(folder), event or {}, done.error)
        self.stages.append(stage)
        self.say(stage)
        return stage


def run_all(run: Run) -> None:
    """Run every stage; one that fails does not stop the others. What happened is in ``run.stages``."""
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        waiting = [pool.submit(run.invoke, folder, {}) for folder in INGESTS]
        for finished in as_completed(waiting):
            finished.result()
    run.invoke(COMPUTE, {"as_of": run.world.as_of.isoformat()})
    # Without an event the nightly schedule would publish what is current, if anything is.
    current = run.cloud.read(run.cloud.stack.data_bucket, "protected/current.json")
    events = run.cloud.events_for(run.cloud.stack.function(PUBLISH).logical_id) or ([{}] if current else [])
    for event in events:
        run.invoke(PUBLISH, event)


def _stage(folder: str, event: Any, done: Call) -> Stage:
    said = done.result if isinstance(done.result, dict) else {}
    outcome = str(said.get("outcome", "ok")) if done.ok else "failed"
    return Stage(folder, event, outcome, done.ok and outcome not in {"partial", "refused", "failed"}, done)
