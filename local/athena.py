"""Athena on this machine: moto's Athena made to execute its queries.

moto answers the API; :func:`install` replaces the methods that would return canned
results by ones that run the query on DuckDB (:mod:`local.duck`), enforce the workgroup and
write the CSV where Athena would. moto is pinned, and ``tests/local/test_athena.py`` fails when
what is replaced here has moved.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moto.athena.exceptions import InvalidArgumentException
from moto.athena.models import AthenaBackend
from moto.athena.responses import AthenaResponse
from moto.glue.models import glue_backends

from local.duck import Duck
from local.intrinsics import ACCOUNT, REGION
from local.objects import InProcess, Objects
from local.query_plans import PARTITION, QueryError, plan
from local.result_sets import Answer, as_csv, result_set

if TYPE_CHECKING:
    import duckdb

REPLACED = ("start_query_execution", "get_query_execution", "stop_query_execution")
"""Methods of moto's ``AthenaBackend`` that :func:`install` replaces."""
ANSWERED = ("get_query_execution", "get_query_results")
"""Methods of moto's ``AthenaResponse`` that :func:`install` replaces."""
AT_ONCE = 11
"""Queries that run side by side where nobody says: all those of a computation, as on Athena."""
PAGE_ROWS = 1000
"""Rows of a page of ``GetQueryResults``, at most and where none is asked for (API reference, MaxResults)."""


@dataclass
class Execution:
    """One query execution, as ``GetQueryExecution`` tells it. Times in seconds since 1970."""

    id: str
    query: str
    context: dict[str, str]
    config: dict[str, Any]
    workgroup: Any
    execution_parameters: list[str] | None
    status: str = "QUEUED"
    reason: str | None = None
    bytes_scanned: int = 0
    start_time: float = field(default_factory=time.time)
    end_time: float | None = None
    answer: Answer | None = None
    interrupt: Any = None
    final: threading.Lock = field(default_factory=threading.Lock)
    done: threading.Event = field(default_factory=threading.Event)
    """Set when nothing runs for it any more."""

    def finish(self, status: str, reason: str | None = None) -> None:
        """Set the final state, once: a query stopped by its caller stays stopped."""
        with self.final:
            if self.end_time is None:
                self.end_time = time.time()
                self.reason = reason
                self.status = status


class LocalAthena:
    """Runs queries over the objects of the local S3. ``executions`` holds every one, oldest first."""

    def __init__(self, folder: Path, objects: Objects, at_once: int) -> None:
        self.executions: dict[str, Execution] = {}
        self._folder = folder
        self._objects = objects
        self._ducks: dict[str, Duck] = {}
        """One a database: two of them may have a table, and a snapshot of it, by the same name."""
        self._pool = ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="athena")
        self._lock = threading.Lock()
        self._asked: Counter[str] = Counter()

    def start(
        self,
        backend: AthenaBackend,
        query: str,
        context: dict[str, str] | None,
        config: dict[str, Any] | None,
        workgroup: str | None,
        parameters: list[str] | None,
    ) -> str:
        """Queue a query and return its execution id; the workgroup's settings win where it enforces them."""
        group = backend.work_groups[workgroup or "primary"]
        output = dict(config or {})
        enforced = group.configuration.get("ResultConfiguration", {})
        if group.configuration.get("EnforceWorkGroupConfiguration") or "OutputLocation" not in output:
            output.update(enforced)
        if "OutputLocation" not in output:
            raise InvalidArgumentException("No output location provided, in the request or in the workgroup")
        with self._lock:
            # The same query gets the same id in every run, so that two runs leave the same objects behind.
            text = json.dumps([query, context, parameters])
            self._asked[text] += 1
            digest = hashlib.sha256(f"{self._asked[text]}:{text}".encode()).digest()
            execution_id = str(uuid.UUID(bytes=digest[:16], version=4))
            output["OutputLocation"] = f"{output['OutputLocation'].rstrip('/')}/{execution_id}.csv"
            execution = Execution(execution_id, query, dict(context or {}), output, group, parameters)
            self.executions[execution_id] = execution
        self._pool.submit(self._run, execution)
        return execution_id

    def stop(self, execution_id: str) -> None:
        """Cancel a query that has not ended."""
        execution = self.executions[execution_id]
        execution.finish("CANCELLED", "Query was cancelled by the user")
        # DuckDB forgets an interruption that comes before its query, so it is said again until it is heard.
        while execution.interrupt is not None and not execution.done.wait(0.02):
            execution.interrupt()

    def close(self) -> None:
        """Cancel what has not ended, then close the engine."""
        for execution in list(self.executions.values()):
            if execution.end_time is None:
                self.stop(execution.id)
        self._pool.shutdown(wait=True, cancel_futures=True)
        for duck in self._ducks.values():
            duck.close()

    def _run(self, execution: Execution) -> None:
        execution.status = "RUNNING" if execution.end_time is None else execution.status
        try:
            self._answer(execution)
        except QueryError as error:
            execution.finish("FAILED", str(error))
        except Exception as error:  # an execution must always end, whatever went wrong in this stand-in for Athena
            execution.finish("FAILED", f"INTERNAL_ERROR: {type(error).__name__}: {error}")
        finally:
            execution.done.set()

    def _answer(self, execution: Execution) -> None:
        database = execution.context.get("Database", "default")
        columns = {name: _columns(table) for name, table in _glue_tables(database).items()}
        explained = re.match(r"\s*EXPLAIN\s", execution.query, re.IGNORECASE)
        query = execution.query[explained.end() :] if explained else execution.query
        ready = plan(query, columns, execution.execution_parameters or ())
        if explained:
            ready = replace(ready, sql=f"EXPLAIN {ready.sql}", scans=())
        duck = self._duck(database)
        needed = duck.scanned(ready.scans)
        limit = execution.workgroup.configuration.get("BytesScannedCutoffPerQuery")
        if limit is not None and needed > int(limit):
            execution.bytes_scanned = int(limit)  # what Athena has read, and bills, when it notices
            execution.finish("CANCELLED", f"Bytes scanned limit was exceeded: this query may scan {limit} bytes")
            return

        def started(cursor: duckdb.DuckDBPyConnection) -> None:
            execution.interrupt = cursor.interrupt
            if execution.end_time is not None:  # stopped while it was waiting; from here on, interrupt reaches it
                raise QueryError("the query was stopped before it began")

        answer = duck.run(ready, columns, started)
        bucket, key = execution.config["OutputLocation"].removeprefix("s3://").split("/", 1)
        self._objects.write(bucket, key, as_csv(answer).encode())
        execution.bytes_scanned = needed
        execution.answer = answer
        execution.finish("SUCCEEDED")

    def _duck(self, database: str) -> Duck:
        with self._lock:
            if database not in self._ducks:
                self._ducks[database] = Duck(self._folder, partial(self._files, database))
            return self._ducks[database]

    def _files(self, database: str, table: str, snapshot: str) -> list[Path]:
        """Return the objects of one partition as files, each copied out of S3 once: none ever changes."""
        bucket, prefix = _location(database, table, snapshot).removeprefix("s3://").split("/", 1)
        files = []
        for key, etag in self._objects.listed(bucket, prefix):
            path = self._folder / "objects" / bucket / f"{etag}-{key.rsplit('/', 1)[-1]}"
            with self._lock:
                if not path.exists():
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(self._objects.read(bucket, key))
            files.append(path)
        return files


@contextmanager
def install(folder: Path, objects: Objects | None = None, *, at_once: int = AT_ONCE) -> Iterator[LocalAthena]:
    """Make moto's Athena, in this process, run its queries; ``folder`` is for copies of objects and for spilling.

    ``objects``: the S3 that they read, if it is not that of moto in this process. ``at_once``: queries side by side.
    """
    engine = LocalAthena(folder, objects or InProcess(), at_once)
    places = [*((AthenaBackend, name) for name in REPLACED), *((AthenaResponse, name) for name in ANSWERED)]
    kept = [getattr(owner, name) for owner, name in places]

    def start_query_execution(
        self: AthenaBackend,
        query: str,
        context: dict[str, str],
        config: dict[str, Any],
        workgroup: str,
        execution_parameters: list[str] | None,
    ) -> str:
        return engine.start(self, query, context, config, workgroup, execution_parameters)

    def get_query_execution(self: AthenaBackend, exec_id: str) -> Execution:
        if exec_id not in engine.executions:
            raise InvalidArgumentException(f"QueryExecution {exec_id} was not found")
        return engine.executions[exec_id]

    def stop_query_execution(self: AthenaBackend, exec_id: str) -> None:
        get_query_execution(self, exec_id)
        engine.stop(exec_id)

    def describe(self: AthenaResponse) -> str:
        execution = get_query_execution(self.athena_backend, str(self._get_param("QueryExecutionId")))
        return json.dumps({"QueryExecution": _described(execution)})

    def results(self: AthenaResponse) -> str:
        execution = get_query_execution(self.athena_backend, str(self._get_param("QueryExecutionId")))
        if execution.answer is None:
            raise InvalidArgumentException(f"Query has not succeeded; its state is {execution.status}")
        first, most = int(self._get_param("NextToken") or 0), int(self._get_param("MaxResults") or PAGE_ROWS)
        if not 1 <= most <= PAGE_ROWS:
            raise InvalidArgumentException(f"MaxResults is {most}; it must be between 1 and {PAGE_ROWS}")
        return json.dumps(result_set(execution.answer, first, most))

    ours = (start_query_execution, get_query_execution, stop_query_execution, describe, results)
    for (owner, name), method in zip(places, ours, strict=True):
        setattr(owner, name, method)
    try:
        yield engine
    finally:
        engine.close()
        for (owner, name), method in zip(places, kept, strict=True):
            setattr(owner, name, method)


def _described(execution: Execution) -> dict[str, Any]:
    status: dict[str, Any] = {"State": execution.status, "SubmissionDateTime": execution.start_time}
    if execution.end_time is not None:
        status["CompletionDateTime"] = execution.end_time
    if execution.reason is not None:
        status["StateChangeReason"] = execution.reason
    taken = int(((execution.end_time or time.time()) - execution.start_time) * 1000)
    described: dict[str, Any] = {
        "QueryExecutionId": execution.id,
        "Query": execution.query,
        "StatementType": "DML",
        "ResultConfiguration": execution.config,
        "QueryExecutionContext": execution.context,
        "Status": status,
        "Statistics": {
            "EngineExecutionTimeInMillis": taken,
            "DataScannedInBytes": execution.bytes_scanned,
            "TotalExecutionTimeInMillis": taken,
            "ResultReuseInformation": {"ReusedPreviousResult": False},
        },
        "WorkGroup": execution.workgroup.name,
    }
    if execution.execution_parameters is not None:
        described["ExecutionParameters"] = execution.execution_parameters
    return described


def _glue_tables(database: str) -> dict[str, dict[str, Any]]:
    databases = glue_backends[ACCOUNT][REGION].databases
    if database not in databases:
        raise QueryError(f"SCHEMA_NOT_FOUND: Schema '{database}' does not exist")
    return {name: table.as_dict() for name, table in databases[database].tables.items()}


def _columns(table: dict[str, Any]) -> dict[str, str]:
    return {column["Name"]: column["Type"] for column in table["StorageDescriptor"]["Columns"]}


def _location(database: str, table: str, snapshot: str) -> str:
    parameters = _glue_tables(database)[table]["Parameters"]
    if parameters.get(f"projection.{PARTITION}.type") != "injected":
        raise QueryError(f"HIVE_METASTORE_ERROR: {table} does not inject its partition column {PARTITION}")
    return str(parameters["storage.location.template"]).replace("${" + PARTITION + "}", snapshot)
