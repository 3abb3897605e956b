"""AWS on this machine: one moto server on the loopback address, with what the template declares in it.

:func:`open_cloud` is the whole life of it. What moto cannot do is put right here: queries
really run (:mod:`local.athena`), and an EventBridge rule that would start a function has
a queue as its target instead, which the runner empties into that function.
"""

from __future__ import annotations

import gc
import json
import os
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import boto3
from moto.core.base_backend import BackendDict
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.s3.models import FakeBucket, s3_backends
from werkzeug.serving import make_server

from local import athena
from local.errors import LocalError
from local.intrinsics import ACCOUNT, KEYS, REGION

if TYPE_CHECKING:
    from local.athena import LocalAthena
    from local.template import Function, Stack

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    # Nothing of the reader's own AWS set-up may be used by mistake.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
_SPILL_ABOVE = str(1 << 20)  # objects larger than this many bytes wait on disk, not in memory
_ONE = threading.Lock()
_EVENT_QUEUE = "local-events-for-"


class CloudError(LocalError):
    """The local AWS cannot be started."""


@dataclass(frozen=True)
class Cloud:
    """The running local AWS."""

    stack: Stack
    endpoint: str
    athena: LocalAthena
    requests: Counter[tuple[str, str]]
    """Requests so far, by service and kind: ``("s3", "PUT")``, ``("s3", "GET")``, ``("athena", "POST")`` and so on."""

    def client(self, service: str) -> Any:
        """Return a boto3 client of this cloud. Its requests are counted too, so the runner reads buckets directly."""
        return client_at(self.endpoint, service)

    def bucket(self, name: str) -> FakeBucket:
        """Return a bucket with its objects, read in this process without a request."""
        return s3_backends[ACCOUNT]["aws"].get_bucket(name)

    def read(self, bucket: str, key: str) -> bytes | None:
        """Return an object's bytes, or ``None`` if there is none."""
        stored = s3_backends[ACCOUNT]["aws"].get_object(bucket, key)
        return None if stored is None else bytes(stored.value)

    def read_json(self, bucket: str, key: str) -> Any:
        """Return an object parsed as JSON, or ``None`` if there is none."""
        body = self.read(bucket, key)
        return None if body is None else json.loads(body)

    def environment(self, function: Function) -> dict[str, str]:
        """Return the environment of a function's process: its own, with this cloud in AWS's place."""
        return {
            **CREDENTIALS,
            **function.environment,
            "STAGE": "local",
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        }

    def events_for(self, logical_id: str) -> list[dict[str, Any]]:
        """Return, and take, the events that rules have matched for a function, oldest first."""
        sqs = self.client("sqs")
        address = sqs.get_queue_url(QueueName=_EVENT_QUEUE + logical_id)["QueueUrl"]
        events = []
        while messages := sqs.receive_message(QueueUrl=address, MaxNumberOfMessages=10).get("Messages", []):
            for message in messages:
                events.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=address, ReceiptHandle=message["ReceiptHandle"])
        return events

    def report_failure(self, function: Function, event: Mapping[str, Any], error: Mapping[str, Any]) -> None:
        """Send what Lambda sends to the on-failure queue when an asynchronous call has failed for good."""
        sqs = self.client("sqs")
        for name in self.stack.queues.values():
            address = sqs.get_queue_url(QueueName=name)["QueueUrl"]
            body = {
                "version": "1.0",
                "requestContext": {"functionArn": function.name, "condition": "RetriesExhausted"},
                "requestPayload": event,
                "responsePayload": error,
            }
            sqs.send_message(QueueUrl=address, MessageBody=json.dumps(body))

    def failures(self) -> int:
        """Return how many calls lie in the on-failure queues."""
        sqs = self.client("sqs")
        total = 0
        for name in self.stack.queues.values():
            address = sqs.get_queue_url(QueueName=name)["QueueUrl"]
            queue = sqs.get_queue_attributes(QueueUrl=address, AttributeNames=["ApproximateNumberOfMessages"])
            total += int(queue["Attributes"]["ApproximateNumberOfMessages"])
        return total


def client_at(address: str, service: str) -> Any:
    """Return a boto3 client of a service at an address."""
    return boto3.client(
        service,  # type: ignore[call-overload]  # the stubs want a literal name
        endpoint_url=address,
        region_name=REGION,
        **KEYS,
    )


@contextmanager
def open_cloud(stack: Stack, secrets: Mapping[str, Mapping[str, Any]], *, at_once: int = 1) -> Iterator[Cloud]:
    """Run a local AWS with everything ``stack`` declares. ``secrets``: value by name; one left out has none.

    Queries run one after another: each has both processors, and ``at_once`` they cost half as much again.
    """
    if not _ONE.acquire(blocking=False):
        raise CloudError("moto keeps its state in the process, so there can be only one local AWS at a time in it")
    os.environ.setdefault("MOTO_S3_DEFAULT_KEY_BUFFER_SIZE", _SPILL_ABOVE)
    gc.set_threshold(50_000)  # a function looks for garbage more seldom (placements_kpi): here that holds more memory
    with ExitStack() as opened:
        opened.callback(_ONE.release)
        # Every backend of moto in this process is emptied before and after: they outlive a server.
        BackendDict.reset()
        folder = opened.enter_context(tempfile.TemporaryDirectory(prefix="placements-"))
        engine = opened.enter_context(athena.install(Path(folder), at_once=at_once))
        opened.callback(BackendDict.reset)
        server = opened.enter_context(CountingServer())
        cloud = Cloud(stack, server.address, engine, server.requests)
        _create(cloud, secrets)
        server.requests.clear()
        yield cloud


class CountingServer(ThreadedMotoServer):
    """moto's server on a free port, counting the requests that AWS would bill."""

    def __init__(self) -> None:
        super().__init__("127.0.0.1", 0, verbose=False)
        self.requests: Counter[tuple[str, str]] = Counter()
        self._counting = threading.Lock()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def address(self) -> str:
        """Where it listens."""
        return "http://{}:{}".format(*self.get_host_and_port())

    def _server_entry(self) -> None:
        moto = DomainDispatcherApplication(create_backend_app)

        def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            kind = _billed_as(environ)
            with self._counting:
                self.requests[kind] += 1
            answer: Iterable[bytes] = moto(environ, start_response)
            return answer

        self._server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=QuietHandler)
        self._server_ready_event.set()
        self._server.serve_forever()


class QuietHandler(MotoRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: a line for each request would drown the run's own."""


def _billed_as(environ: Mapping[str, Any]) -> tuple[str, str]:
    """Return the service of a request, from its signature, and how S3 bills it: a list costs as much as a PUT."""
    scope = str(environ.get("HTTP_AUTHORIZATION", "")).partition("Credential=")[2].split("/")
    service = scope[3] if len(scope) > 3 else "unknown"
    method = str(environ.get("REQUEST_METHOD"))
    if service == "s3" and method in {"GET", "HEAD"}:
        return service, "PUT" if "list-type" in str(environ.get("QUERY_STRING")) else "GET"
    if service == "s3" and method == "POST":
        return service, "PUT"
    return service, method


def _create(cloud: Cloud, secrets: Mapping[str, Mapping[str, Any]]) -> None:
    stack = cloud.stack
    s3 = cloud.client("s3")
    for bucket in stack.buckets.values():
        s3.create_bucket(Bucket=bucket.name, CreateBucketConfiguration={"LocationConstraint": REGION})
        if bucket.versioned:
            s3.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration={"Status": "Enabled"})
    glue = cloud.client("glue")
    glue.create_database(DatabaseInput={"Name": stack.database})
    for table in stack.tables.values():
        glue.create_table(DatabaseName=stack.database, TableInput=_as_glue_keeps_it(table))
    cloud.client("athena").create_work_group(Name=stack.workgroup.name, Configuration=stack.workgroup.configuration)
    manager = cloud.client("secretsmanager")
    for name in stack.secrets.values():
        if name in secrets:
            manager.create_secret(Name=name, SecretString=json.dumps(secrets[name]))
        else:
            manager.create_secret(Name=name)
    sqs = cloud.client("sqs")
    for name in stack.queues.values():
        sqs.create_queue(QueueName=name)
    events = cloud.client("events")
    for rule in stack.rules:
        queue = sqs.create_queue(QueueName=_EVENT_QUEUE + rule.function)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        events.put_rule(Name=rule.name, EventBusName=rule.bus, EventPattern=json.dumps(rule.pattern))
        events.put_targets(Rule=rule.name, EventBusName=rule.bus, Targets=[{"Id": "runner", "Arn": arn}])


def _as_glue_keeps_it(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table as Glue answers with it: parameters as text, and values for what the template leaves out.

    moto gives back only what it was given; whoever reads the catalogue as Trino does wants them all.
    """
    unsaid = {"Compressed": False, "NumberOfBuckets": 0, "StoredAsSubDirectories": False}
    return {
        **table,
        "Parameters": {key: str(value) for key, value in table.get("Parameters", {}).items()},
        "StorageDescriptor": unsaid | table["StorageDescriptor"],
    }
