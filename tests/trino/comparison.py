"""Two answers to one query, compared cell by cell: names, types and values, in whatever order the rows come."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.trino.server import RefusedError, Trino

if TYPE_CHECKING:
    from local.cloud import Cloud
    from local.result_sets import Answer

_SHOWN = 5
_PARAMETER = re.compile(r"(?<!:):([a-z_]+_snapshot)\b")


@dataclass(frozen=True)
class Referee:
    """The local engine and Trino, over the same objects of the same cloud."""

    cloud: Cloud
    trino: Trino

    def put(self, table: str, snapshot: str, rows: pa.Table) -> None:
        """Put rows into the cloud's S3 as a snapshot of ``table``, for both engines to read."""
        sink = pa.BufferOutputStream()
        pq.write_table(rows, sink)
        key = f"snapshots/{table}/snapshot={snapshot}/part-0.parquet"
        body = sink.getvalue().to_pybytes()
        self.cloud.client("s3").put_object(Bucket=self.cloud.stack.data_bucket, Key=key, Body=body)

    def compare(self, sql: str, parameters: Mapping[str, str]) -> list[str]:
        """Return how the engines' answers to ``sql`` differ, each difference in a line; nothing if they agree.

        ``sql`` is as in a KPI's ``query.sql``; ``parameters`` gives the snapshot of each ``:<table>_snapshot``, any
        that lies in the cloud's S3 where its table in Glue says. An engine that refuses the query is a difference.
        """
        written = _PARAMETER.sub(lambda found: "'" + parameters[found[1]] + "'", sql)
        try:
            ours = self.local(written)
        except RefusedError as error:
            return [f"the local engine refuses the query: {error}"]
        return self.compare_with(ours, written)

    def compare_with(self, ours: Answer, sql: str) -> list[str]:
        """Return how Trino's answer to ``sql`` differs from ``ours``; ``sql`` has its snapshots in it."""
        try:
            return differences(ours, self.trino.ask(sql))
        except RefusedError as error:
            return [f"Trino refuses the query: {error}"]

    def local(self, sql: str) -> Answer:
        """Return the local Athena's answer, asked for as a function asks; :class:`RefusedError` if it fails."""
        started = self.cloud.client("athena").start_query_execution(
            QueryString=sql,
            QueryExecutionContext={"Database": self.cloud.stack.database},
            WorkGroup=self.cloud.stack.workgroup.name,
        )
        execution = self.cloud.athena.executions[started["QueryExecutionId"]]
        execution.done.wait()
        if execution.answer is None:
            raise RefusedError(str(execution.reason))
        return execution.answer


def differences(ours: Answer, theirs: Answer) -> list[str]:
    """Return how Trino's answer differs from the local one; nothing if it does not."""
    found = []
    if ours.names != theirs.names:
        found.append(f"columns are called {', '.join(ours.names)} here and {', '.join(theirs.names)} on Trino")
    if ours.types != theirs.types:
        found.append(f"columns are of types {', '.join(ours.types)} here and {', '.join(theirs.types)} on Trino")
    here, there = (Counter(tuple(cell(value) for value in row) for row in answer.rows) for answer in (ours, theirs))
    for where, extra in (("here", here - there), ("on Trino", there - here)):
        if extra:
            shown = "; ".join(str(row) for row in sorted(extra, key=repr)[:_SHOWN])
            found.append(f"{extra.total()} rows are only {where}, among them {shown}")
    return found


def cell(value: Any) -> Any:
    """Return one value so that equal cells are equal: with its kind, and an instant in UTC."""
    if isinstance(value, list | tuple):
        return tuple(cell(item) for item in value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = value.astimezone(UTC)
    return f"{type(value).__name__} {value}" if value is not None else None
