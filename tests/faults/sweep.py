"""The sweep of one run: every call of it broken in every way, then the run repeated, as Lambda or an operator would.

A process that is killed leaves what AWS holds at that moment, so a kill needs no process: the
state around each call is taken while the undisturbed run is recorded, and the run is repeated from it.
What a repeat does is decided by what it finds: it is run once for each state that disturbed runs leave.
"""

from __future__ import annotations

import importlib
import io
import json
import logging
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from placements_kpi.errors import PlacementsKpiError
from placements_kpi.observability import logger
from tests import memory
from tests.faults import wholeness
from tests.faults.injector import FAULTS, Call, Fault, Injector
from tests.faults.place import CONTEXT, DATA

if TYPE_CHECKING:
    from local.athena import LocalAthena
    from tests.faults.scenarios import Scenario

_TO_DO = re.compile(r"again|check|ask|see |give|grant|set |put back|look|invoke|ingest|accept|compute|docs/")
_NOTHING = re.compile(r"nothing (current )?(was|is) (changed|overwritten|written)|was not changed", re.IGNORECASE)
_POINTERS = re.compile(r"[a-z]+/(current/.*|protected/current\.json|releases\.json|index\.html|withdrawn/.*)")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d{8}(T\d{6}Z)?-[0-9a-f]{8,12}|\d{4}-\d{2}-\d{2}(\.\d+)?")
"""What differs between two runs in the name of an object that is otherwise the same."""
_OF_A_RUN = re.compile(rf"{DATA}/(athena/|protected/costs\.json)")
"""Objects that tell of the queries of a run, and of what the runs of a month took."""
_LEFT = re.compile(rf"{DATA}/(athena|attempts|runs)/")
"""Objects that runs leave and that the next run reads by name, if at all."""
_DIFFER = ("seconds", "finished_at", "executions", "bytes_scanned", "objects_written", "objects_unchanged", "usage")
"""What an answer says of its own run, which differs between two runs that did the same."""


@dataclass(frozen=True)
class Ended:
    """How a run ended: its answer or what it raised, what it logged, and what S3 held afterwards."""

    answer: dict[str, Any] | None
    error: BaseException | None
    log: list[dict[str, Any]]
    state: memory.State
    sent: int
    """Events that the bus took."""

    @property
    def how(self) -> str:
        """Return its outcome in a word."""
        if self.error is not None:
            return type(self.error).__name__
        return str((self.answer or {}).get("outcome", "ok"))


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be."""

    scenario: str
    call: str
    fault: str
    what: str

    def __str__(self) -> str:
        return f"{self.scenario} | {self.call} | {self.fault} | {self.what}"


@dataclass
class Sweep:
    """One scenario under every fault; ``cases`` counts what was tried."""

    scenario: Scenario
    injector: Injector
    engine: LocalAthena
    start: memory.State = field(default_factory=dict)
    event: Mapping[str, Any] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    around: list[memory.State] = field(default_factory=list)
    once: Ended | None = None
    twice: Ended | None = None
    cases: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    repeats: dict[str, Ended] = field(default_factory=dict)

    def record(self) -> None:
        """Run undisturbed, once and twice, and take what there is around each call."""
        self.scenario.prepare()
        event = self.scenario.event
        self.event = event() if callable(event) else event
        self.start = memory.take()
        self.once = self._run(self.start, look=True)
        self.calls = list(self.injector.calls)
        assert self.calls, "no call came through the injector"
        self.twice = self._run(self.once.state)
        for problem in wholeness.problems(self.once.state):
            self._found(None, "undisturbed", problem)
        if self.twice.how not in {self.once.how, "unchanged"}:
            self._found(None, "twice", f"the second time it ends {self.twice.how} and not {self.once.how}")
        self.cases["twice"] += 1

    def every_case(self) -> Iterator[tuple[Call, Fault]]:
        """Give every call with every fault that fits it."""
        for call in self.calls:
            yield from ((call, fault) for fault in FAULTS if fault.fits(call))

    def one_case_each(self, tried: Counter[str]) -> Iterator[tuple[Call, Fault]]:
        """Give each call that was not ``tried`` yet with one fault: one kind of call after the other has the next one.

        A call that an earlier run of the function has made, as often and of the same object, is not given again.
        """
        seen: Counter[str] = Counter()
        for call in self.calls:
            same = f"{call.operation} {_ID.sub('*', call.target)}"
            seen[same] += 1
            if seen[same] <= tried[same]:
                continue
            tried[same] += 1
            fitting = [fault for fault in FAULTS if fault.fits(call)]
            yield call, fitting[tried.total() % len(fitting)]

    def try_case(self, call: Call, fault: Fault) -> None:
        """Disturb the run in one way, look at what it left, repeat it and compare."""
        self.cases[fault.name] += 1
        disturbed = None
        if fault.killed:
            left = self.around[2 * call.number + (fault.name == "killed after")]
        else:
            disturbed = self._run(self.start, call.number, fault)
            self._judge(call, fault, disturbed)
            left = disturbed.state
        for problem in wholeness.problems(left):
            self._found(call, fault.name, problem)
        self._compare(call, fault, self._repeat(left), disturbed)

    def _run(
        self, state: memory.State, broken: int | None = None, fault: Fault | None = None, *, look: bool = False
    ) -> Ended:
        memory.put_back(state)
        self.engine._asked.clear()
        handler = importlib.import_module(f"functions.{self.scenario.function}.app").lambda_handler
        answer, error = None, None
        around = (lambda: self.around.append(memory.take())) if look else (lambda: None)
        with _log() as lines, self.injector.watching(broken, fault, around):
            try:
                answer = handler(dict(self.event), CONTEXT)
            except Exception as raised:
                error = raised
        sent = sum(call.operation == "PutEvents" for call in self.injector.done)
        return Ended(answer, error, lines, memory.take(), sent)

    def _repeat(self, state: memory.State) -> Ended:
        """Return how the run ends from a state, of which what no call of it reads makes no difference."""
        read = {call.target for call in self.calls if call.reads}
        found = {key: tags for key, tags in memory.objects(state).items() if key in read or not _LEFT.match(key)}
        digest = memory.digest(found)
        if digest not in self.repeats:
            self.repeats[digest] = self._run(state)
        return self.repeats[digest]

    def _judge(self, call: Call, fault: Fault, ended: Ended) -> None:
        assert self.once is not None
        if ended.error is None:
            if ended.how not in {self.once.how, "partial"} and not (self.once.error is None and fault.final):
                self._found(call, fault.name, f"ended {ended.how} and not {self.once.how}")
            if _told(ended.answer) != _told(self.once.answer) and not _lines(ended, "WARNING", "ERROR"):
                self._found(call, fault.name, "answers otherwise and logs no warning")
            return
        if not fault.final and self.once.error is None:
            self._found(call, fault.name, f"a harmless fault ends in {ended.how}: {ended.error}")
        for problem in _unclear(ended.error, _lines(ended, "ERROR")):
            self._found(call, fault.name, problem)
        before, after = memory.objects(self.start), memory.objects(ended.state)
        changed = sorted(key for key in {*before, *after} if before.get(key) != after.get(key))
        moved = [key for key in changed if _POINTERS.fullmatch(key)]
        if moved and _NOTHING.search(str(ended.error)):
            self._found(call, fault.name, f"says “{ended.error}” but changed {moved}")
        of_record = "/runs/" in call.target and call.operation == "PutObject"
        records = [_json(ended.state, key) for key in changed if _of_runs(key)]
        told = [record for record in records if _says(record, ended.error)]
        if self.scenario.records and not told and not of_record and fault.name != "outage":
            self._found(call, fault.name, f"raised {ended.how}, and no run record says so: {records}")

    def _compare(self, call: Call, fault: Fault, again: Ended, disturbed: Ended | None) -> None:
        assert self.once is not None and self.twice is not None
        if again.how not in {self.once.how, self.twice.how}:
            self._found(call, fault.name, f"repeated, it ends {again.how} and not {self.once.how}: {again.error}")
            return
        if self.once.sent and not again.sent and not (disturbed and disturbed.sent):
            self._found(call, fault.name, "repeated, and no event was sent")
        if disturbed is not None and disturbed.how == "partial" != self.once.how:
            self._compare_current(call, fault, again)
            return
        ends = memory.objects(again.state)
        wanted, or_else = memory.objects(self.once.state), memory.objects(self.twice.state)
        for key in sorted({*ends, *wanted}):
            if _OF_A_RUN.match(key):
                continue
            if _of_runs(key):
                good = [_json(ended.state, key).get("outcome") for ended in (self.once, self.twice)]
                if key in wanted and _json(again.state, key).get("outcome") not in good:
                    self._found(call, fault.name, f"repeated, it leaves another {key}")
            elif ends.get(key) not in (wanted.get(key), or_else.get(key)):
                how = "leaves no" if key not in ends else "leaves another" if key in wanted else "leaves as well"
                self._found(call, fault.name, f"repeated, it {how} {key}")

    def _compare_current(self, call: Call, fault: Fault, again: Ended) -> None:
        """Compare after a release that said that KPIs are missing from it: the next one has them, under its number."""
        assert self.once is not None
        ends, wanted = (_json(ended.state, f"{DATA}/current/results.json") for ended in (again, self.once))
        if ends.get("results") != wanted.get("results"):
            self._found(call, fault.name, f"repeated, what is current is not what was worked out: {ends}")

    def _found(self, call: Call | None, fault: str, what: str) -> None:
        self.findings.append(Finding(self.scenario.name, str(call or "-"), fault, what))


@contextmanager
def _log() -> Iterator[list[dict[str, Any]]]:
    """Give the lines that the functions log meanwhile, parsed; nothing of them is printed."""
    lines: list[dict[str, Any]] = []
    formatter = logger.registered_formatter

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(json.loads(formatter.format(record)))

    listener, kept = Listener(), list(logger.handlers)
    logger.handlers[:] = [listener]
    try:
        with redirect_stdout(io.StringIO()):
            yield lines
    finally:
        logger.handlers[:] = kept


def _lines(ended: Ended, *levels: str) -> list[dict[str, Any]]:
    return [line for line in ended.log if line["level"] in levels]


def _unclear(error: BaseException, lines: list[dict[str, Any]]) -> Iterator[str]:
    """Yield what an operator is not told by a failure."""
    text = str(error)
    if not isinstance(error, PlacementsKpiError):
        yield f"raised {type(error).__name__}: {text}"
    if not any(text in said for line in lines for said in _texts(line)):
        yield f"logged no ERROR that says “{text}”"
    if not _TO_DO.search(text):
        yield f"does not say what to do: “{text}”"


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in a log line, however deep."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inside:
        yield from _texts(one)
    if isinstance(value, str):
        yield value


def _of_runs(key: str) -> bool:
    return key.startswith(f"{DATA}/runs/")


def _json(state: memory.State, key: str) -> Any:
    """Return an object parsed, ``{}`` if there is none."""
    return json.loads(memory.body(state, *key.split("/", 1)) or b"{}")


def _says(record: Mapping[str, Any], error: BaseException) -> bool:
    """Whether a run record says that its run failed, or of one that did what it should what failed after it."""
    return record["outcome"] in {"failed", "refused"} or str(error) in record.get("reasons", ())


def _told(answer: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if answer is None else {name: value for name, value in answer.items() if name not in _DIFFER}
