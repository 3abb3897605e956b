"""A running Trino that reads the local stack's own Glue catalogue and S3, and answers queries."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import trino.auth
import trino.dbapi
import trino.exceptions

from local.intrinsics import KEYS, REGION
from local.result_sets import Answer
from tests.trino.assembly import VERSION, Server, UnavailableError

if TYPE_CHECKING:
    from local.cloud import Cloud

CATALOG = "hive"
_START_SECONDS = 300
_MEMORY = ("-Xmx2g", "-XX:+UseG1GC")
_ATHENA_NAMES = {"real": "float"}


class RefusedError(Exception):
    """Trino refuses a query, or fails at it; the message is Trino's name of the error and its words."""


@dataclass(frozen=True)
class Trino:
    """A running server. ``seconds`` is how long it took to start."""

    port: int
    schema: str
    seconds: float

    def ask(self, sql: str) -> Answer:
        """Return Trino's answer to ``sql``, types by Athena's names for them; :class:`RefusedError` without one."""
        connection = trino.dbapi.connect(  # type: ignore[no-untyped-call]  # the client is typed in part
            host="127.0.0.1", port=self.port, user="referee", catalog=CATALOG, schema=self.schema, timezone="UTC"
        )
        with closing(connection), closing(connection.cursor()) as cursor:
            try:
                cursor.execute(sql)
                rows = [tuple(row) for row in cursor.fetchall()]
            except trino.exceptions.TrinoQueryError as error:
                raise RefusedError(f"{error.error_name}: {error.message}") from error
            described = cursor.description or []
            return Answer(
                names=tuple(column.name for column in described),
                types=tuple(athena_type(column.type_code) for column in described),
                rows=rows,
            )


def athena_type(kind: str) -> str:
    """Return Athena's name of a Trino type: without lengths, precisions and the types inside."""
    bare = re.sub(r"\(.*\)", "", kind)
    return _ATHENA_NAMES.get(bare, bare)


@contextmanager
def running(server: Server, cloud: Cloud, log: Path) -> Iterator[Trino]:
    """Run the server on the loopback address over ``cloud``; what it says goes to ``log``.

    :class:`UnavailableError` if it ends, or is not ready within five minutes.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="trino-") as folder, log.open("wb") as said:
        _configure(Path(folder), server, cloud, port)
        command = [
            str(server.java), *_MEMORY, "-Duser.timezone=UTC", "-Djdk.attach.allowAttachSelf=true",
            f"-Dconfig={folder}/config.properties", "-cp", server.classpath, "Launcher", VERSION,
        ]  # fmt: skip
        # Standard input stays open as long as this process lives; when it closes, the server ends.
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=said, stderr=subprocess.STDOUT)
        try:
            _wait(process, port, log)
            yield Trino(port, cloud.stack.database, time.monotonic() - started)
        finally:
            if process.stdin is not None:
                process.stdin.close()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _configure(folder: Path, server: Server, cloud: Cloud, port: int) -> None:
    (folder / "catalog").mkdir()
    _write(
        folder / "config.properties",
        {
            "node.environment": "referee",
            "node.id": "one",
            "node.bind-ip": "127.0.0.1",
            "node.internal-address": "127.0.0.1",
            "coordinator": "true",
            "node-scheduler.include-coordinator": "true",
            "http-server.http.port": port,
            "discovery.uri": f"http://127.0.0.1:{port}",
            "plugin.dir": server.plugins,
            "catalog.config-dir": folder / "catalog",
            "query.max-memory-per-node": "1GB",
            "memory.heap-headroom-per-node": "300MB",
        },
    )
    _write(
        folder / "catalog" / f"{CATALOG}.properties",
        {
            "connector.name": "hive",
            "hive.metastore": "glue",
            "hive.metastore.glue.endpoint-url": cloud.endpoint,
            "hive.metastore.glue.region": REGION,
            "hive.metastore.glue.aws-access-key": KEYS["aws_access_key_id"],
            "hive.metastore.glue.aws-secret-key": KEYS["aws_secret_access_key"],
            "hive.partition-projection-enabled": "true",  # Athena needs no such switch
            "hive.table-statistics-enabled": "false",  # moto keeps none
            "fs.hadoop.enabled": "false",
            "fs.native-s3.enabled": "true",
            "s3.endpoint": cloud.endpoint,
            "s3.region": REGION,
            "s3.path-style-access": "true",
            "s3.aws-access-key": KEYS["aws_access_key_id"],
            "s3.aws-secret-key": KEYS["aws_secret_access_key"],
        },
    )


def _write(path: Path, properties: dict[str, object]) -> None:
    path.write_text("".join(f"{name}={value}\n" for name, value in properties.items()), encoding="utf-8")


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Return when the server takes queries."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise UnavailableError(f"Trino ended with exit status {process.returncode} as it started; its log is {log}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/info", timeout=5) as answer:
                if json.load(answer)["starting"] is False:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass
        time.sleep(0.2)
    raise UnavailableError(f"Trino was not ready within {_START_SECONDS} seconds; its log is {log}")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
