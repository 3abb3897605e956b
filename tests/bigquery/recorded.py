"""BigQuery's REST interface as far as one query needs it, answering as documented and with nothing worked out.

Shapes: https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs and …/jobs/getQueryResults; errors:
https://cloud.google.com/bigquery/docs/error-messages. Every cell is a text in ``{"v": …}``, instants are microseconds.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from placements_kpi import fields

if TYPE_CHECKING:
    from placements_kpi.sources import Feed

PINNED = "2026-07-15T08:29:59.123456+00:00"
_TYPES = {
    "string": "STRING",
    "integer": "INTEGER",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}


@dataclass
class Answer:
    """What a query is answered with: a result, or an error in the place of one."""

    schema: list[dict[str, Any]] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    total: int | None = None
    """Rows that the job says it has; ``None``: as many as it gives."""
    status: int = 200
    """Another than 200: the job is refused when it is inserted."""
    error: dict[str, str] | None = None
    bytes_billed: int = 10_485_760
    never_ends: bool = False


def error(reason: str, message: str) -> dict[str, str]:
    """Return an error as a job or an answer has it."""
    return {"reason": reason, "location": "query", "message": message, "domain": "global"}


def result(feed: Feed, rows: list[dict[str, Any]], **changes: dict[str, Any] | None) -> Answer:
    """Return the result of a feed's query; ``changes``: another schema of a column, or none for one that is missing."""
    schema = [_column(column) for column in feed.table.columns if column.from_source]
    schema = [column for column in schema if column["name"] != "rejection_reason_ids"]
    for name, columns in fields.lists(feed).items():
        inside = [_column(column) for column in columns]
        schema.append({"name": name, "type": "RECORD", "mode": "REPEATED", "fields": inside})
    if "structured_rejection_reasons" in feed.extra:
        schema.append({"name": "structured_rejection_reasons", "type": "JSON", "mode": "NULLABLE"})
    schema = [{**column, **(changes.get(column["name"], {}) or {})} for column in schema]
    schema = [column for column in schema if changes.get(column["name"], {}) is not None]
    known = {column["name"] for column in schema}
    schema += [{"name": name, **change} for name, change in changes.items() if change and name not in known]
    return Answer(schema, rows)


def _column(column: Any) -> dict[str, Any]:
    kind = column.kind.removesuffix("[]")
    return {"name": column.name, "type": _TYPES[kind], "mode": "REPEATED" if kind != column.kind else "NULLABLE"}


class Recorded:
    """A server that answers the query of each feed, which says in a comment whose it is, as ``answers`` says."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[dict[str, Any]] = []
        """Configuration of every job, in the order in which they came."""
        self.headers: list[dict[str, str]] = []
        self.pages = 0
        self.spoil: Callable[[int, int, bytes], tuple[int, bytes]] = lambda number, status, content: (status, content)
        """What is answered in the place of the answer of this number about a feed's rows, counted from 0. The first has
        the row that came with the end of the job."""
        self.answered = 0
        self.without_dataset = False
        self.references: list[dict[str, str]] = []
        self.jobs: dict[str, Answer] = {}
        self.address = ""
        self._configurations: dict[str, dict[str, Any]] = {}

    def queries(self) -> list[str]:
        return [job["query"]["query"] for job in self.asked]

    def dataset(self) -> tuple[int, dict[str, Any]]:
        if self.without_dataset:
            said = error("notFound", "Not found: Dataset dfe-test:dataform")
            return 404, {"error": {"code": 404, "message": said["message"], "errors": [said]}}
        reference = {"projectId": "dfe-test", "datasetId": "dataform"}
        return 200, {"kind": "bigquery#dataset", "datasetReference": reference, "location": "europe-west2"}

    def insert(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.asked.append(body["configuration"])
        self.references.append(body["jobReference"])
        sql = body["configuration"]["query"]["query"]
        if "CURRENT_TIMESTAMP()" in sql:
            schema = [{"name": "instant", "type": "TIMESTAMP", "mode": "NULLABLE"}]
            found = Answer(schema, [{"instant": PINNED}], bytes_billed=0)
        else:
            named = [answer for feed, answer in self.answers.items() if f"/* {feed} */" in sql]
            (found,) = named or self.answers.values()  # the queries beside the ingests name no feed
        if found.status != 200 and found.error:
            failed = {"code": found.status, "message": found.error["message"], "errors": [found.error]}
            return found.status, {"error": failed}
        job = body["jobReference"]["jobId"]
        self.jobs[job], self._configurations[job] = found, body["configuration"]
        return 200, self.job(job)

    def of_feed(self, job: str) -> bool:
        return "CURRENT_TIMESTAMP()" not in self._configurations[job]["query"]["query"]

    def job(self, job: str) -> dict[str, Any]:
        answer = self.jobs[job]
        status: dict[str, Any] = {"state": "RUNNING" if answer.never_ends else "DONE"}
        if answer.error:
            status |= {"errorResult": answer.error, "errors": [answer.error]}
        return {
            "kind": "bigquery#job",
            "id": f"dfe-test:europe-west2.{job}",
            "jobReference": {"projectId": "dfe-test", "jobId": job, "location": "europe-west2"},
            "configuration": self._configurations[job],
            "status": status,
            "statistics": {"query": {"totalBytesBilled": str(answer.bytes_billed), "statementType": "SELECT"}},
        }

    def results(self, job: str, asked: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        answer = self.jobs[job]
        if answer.error:
            return 400, {"error": {"code": 400, "message": answer.error["message"], "errors": [answer.error]}}
        body: dict[str, Any] = {
            "kind": "bigquery#getQueryResultsResponse",
            "jobReference": {"projectId": "dfe-test", "jobId": job, "location": "europe-west2"},
            "jobComplete": not answer.never_ends,
        }
        if answer.never_ends:
            threading.Event().wait(0.05)
            return 200, body
        total = len(answer.rows) if answer.total is None else answer.total
        body |= {"schema": {"fields": answer.schema}, "totalRows": str(total)}
        most = int(asked.get("maxResults", ["100000"])[0])
        begin = int(asked.get("pageToken", ["0"])[0])
        if most:
            self.pages += 1
            body["rows"] = [_row(answer.schema, row) for row in answer.rows[begin : begin + most]]
            if begin + most < len(answer.rows):
                body["pageToken"] = str(begin + most)
        return 200, body


def _row(schema: list[dict[str, Any]], row: dict[str, Any]) -> dict[str, Any]:
    return {"f": [{"v": _cell(column, row.get(column["name"]))} for column in schema]}


def _cell(column: dict[str, Any], value: Any) -> Any:
    if column["mode"] == "REPEATED":
        return [{"v": _cell(column | {"mode": "NULLABLE"}, entry)} for entry in value or ()]
    if value is None:
        return None
    if column["type"] == "RECORD":
        return _row(column["fields"], value)
    if column["type"] == "TIMESTAMP":
        instant = datetime.fromisoformat(value) if isinstance(value, str) else value
        return str(round(instant.timestamp() * 1_000_000))
    if column["type"] == "JSON":
        return json.dumps(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)


@contextmanager
def serve() -> Iterator[Recorded]:
    """Serve recorded answers on the loopback address."""
    recorded = Recorded()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(recorded))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    recorded.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield recorded
    finally:
        server.shutdown()
        server.server_close()


def _handler(recorded: Recorded) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            recorded.headers.append(dict(self.headers.items()))
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._send(*recorded.insert(body))

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path.endswith("/datasets/dataform"):
                self._send(*recorded.dataset())
                return
            asked = re.search(r"/(jobs|queries)/([^/]+)$", parts.path)
            assert asked is not None, self.path
            if asked[1] == "jobs":
                self._send(200, recorded.job(asked[2]))
            else:
                self._send(*recorded.results(asked[2], parse_qs(parts.query)), of_feed=recorded.of_feed(asked[2]))

        def _send(self, status: int, body: dict[str, Any], *, of_feed: bool = False) -> None:
            content = json.dumps(body).encode()
            if of_feed:
                status, content = recorded.spoil(recorded.answered, status, content)
                recorded.answered += 1
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=UTF-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: Any) -> None:
            pass

    return Handler
