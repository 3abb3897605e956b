"""What the rehearsal runs in: LocalStack in a process of its own, the local Athena and Glue in this one."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.request import urlopen

from local import athena
from local.cloud import CREDENTIALS, CountingServer, client_at
from local.errors import LocalError
from local.objects import OverHttp
from local.rehearsal.runner import Runner, serve

if TYPE_CHECKING:
    from local.lambdas import Code

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv-rehearsal"
START = 90
"""Seconds that LocalStack may take to start."""


class HostError(LocalError):
    """The rehearsal cannot begin, or has to end."""


@dataclass(frozen=True)
class Host:
    """A running LocalStack with its engine."""

    endpoint: str
    environment: dict[str, str]
    """What a shell needs to reach it."""
    runner: Runner

    def client(self, service: str) -> Any:
        """Return a boto3 client of it."""
        return client_at(self.environment.get(f"AWS_ENDPOINT_URL_{service.upper()}", self.endpoint), service)


@contextmanager
def open_host(build: Path, code: Code) -> Iterator[Host]:
    """Run LocalStack, engine and runner; ``build`` keeps their logs. Nothing else is left of them, come what may."""
    if not (VENV / ".complete").is_file():
        raise HostError("there is no .venv-rehearsal: make rehearse makes it")
    build.mkdir(parents=True, exist_ok=True)
    endpoint = f"http://127.0.0.1:{_free_port()}"
    s3 = OverHttp(client_at(endpoint, "s3"))
    runner = Runner(code, build / "logs")
    with ExitStack() as opened:
        folder = Path(
            opened.enter_context(tempfile.TemporaryDirectory(prefix="rehearsal-", ignore_cleanup_errors=True))
        )
        opened.enter_context(athena.install(folder, s3))
        addresses = {
            "REHEARSAL_ENGINE": opened.enter_context(CountingServer()).address,
            "REHEARSAL_RUNNER": opened.enter_context(serve(runner)),
        }
        opened.enter_context(_localstack(endpoint, addresses, folder, build / "localstack.log"))
        environment = {
            **CREDENTIALS,
            "PATH": os.pathsep.join([str(_programs(folder)), os.environ["PATH"]]),
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ENDPOINT_URL_ATHENA": addresses["REHEARSAL_ENGINE"],
            "AWS_ENDPOINT_URL_GLUE": addresses["REHEARSAL_ENGINE"],
            "AWS_PAGER": "",
            "SAM_CLI_TELEMETRY": "0",
        }
        yield Host(endpoint, environment, runner)


@contextmanager
def _localstack(endpoint: str, addresses: dict[str, str], folder: Path, log: Path) -> Iterator[None]:
    address = endpoint.removeprefix("http://")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LOCALSTACK_VOLUME_DIR": str(folder / "volume"),
        "CONFIG_DIR": str(folder / "config"),
        **CREDENTIALS,
        "GATEWAY_LISTEN": address,
        "LOCALSTACK_HOST": address,
        "SQS_ENDPOINT_STRATEGY": "path",
        # Nothing is asked of the network: no name server, no certificate, no statistics.
        "DNS_ADDRESS": "0",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "DISABLE_EVENTS": "1",
        "LAMBDA_RETRY_BASE_DELAY": "1",  # seconds until an event is tried again, for a minute
        **addresses,
    }
    with log.open("wb") as written:
        process = subprocess.Popen(
            [VENV / "bin" / "python", ROOT / "local" / "rehearsal" / "aws_emulator.py"],
            cwd=folder,
            env=environment,
            stdout=written,
            stderr=written,
            start_new_session=True,
        )
        try:
            _wait(f"{endpoint}/_localstack/health", process, log)
            yield
        finally:
            _stop(process)


def _wait(health: str, process: subprocess.Popen[bytes], log: Path) -> None:
    ends = time.monotonic() + START
    while process.poll() is None and time.monotonic() < ends:
        try:
            with urlopen(health, timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.3)
    raise HostError(f"LocalStack did not start; its log is {log}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End LocalStack and what it has started: its group of processes."""
    for sign, seconds in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
        try:
            os.killpg(process.pid, sign)
        except ProcessLookupError:
            return
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            continue


def _programs(folder: Path) -> Path:
    """Return a folder with the AWS CLI as an operator has it. This one is of version 1, which asks AWS's queues all the
    same, wherever AWS_ENDPOINT_URL points to (its customization "overridesslcommonname"); so it is told once more."""
    programs = folder / "bin"
    programs.mkdir()
    aws = programs / "aws"
    aws.write_text(
        f'#!/bin/sh\n[ "$1" = sqs ] && set -- "$@" --endpoint-url "$AWS_ENDPOINT_URL"\nexec {VENV}/bin/aws "$@"\n',
        encoding="utf-8",
    )
    aws.chmod(0o755)
    return programs


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
