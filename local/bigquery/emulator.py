"""The emulator: started, loaded with tables, ended."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.bigquery import streamed_tables
from local.errors import LocalError

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-bigquery" / "bin" / "python"


class EmulatorError(LocalError):
    """The emulator is not installed, or did not start."""


def check_installed() -> None:
    """Raise :class:`EmulatorError` where the emulator's virtual environment is not there."""
    if not PYTHON.is_file():
        raise EmulatorError("the emulator of BigQuery is not installed: make .venv-bigquery/.complete")


@contextmanager
def emulator() -> Iterator[str]:
    """Run an empty emulator and give its address."""
    check_installed()
    with tempfile.TemporaryDirectory(prefix="bigquery-") as folder, Path(folder, "log").open("wb") as log:
        launch = [str(PYTHON), str(ROOT / "local" / "bigquery" / "launch.py"), folder]
        process = subprocess.Popen(launch, stdout=subprocess.PIPE, stderr=log, text=True, env={})
        try:
            port = process.stdout.readline().strip() if process.stdout else ""
            if not port:
                raise EmulatorError(f"the emulator of BigQuery did not start: {_last(Path(folder, 'log'))}")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()
            if process.stdout:
                process.stdout.close()


def _last(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def client(address: str) -> Any:
    """Return Google's client of the emulator."""
    from google.auth.credentials import AnonymousCredentials
    from google.cloud.bigquery import Client

    return Client(streamed_tables.PROJECT, AnonymousCredentials(), client_options={"api_endpoint": address})


def load(address: str, sources: Path) -> None:
    """Make every table, and load what ``sources``, written by :func:`local.bigquery.storable.write`, says into it."""
    from google.cloud.bigquery import LoadJobConfig

    google = client(address)
    google.create_dataset(streamed_tables.DATASET, exists_ok=True)
    with tempfile.TemporaryDirectory(prefix="bigquery-") as folder:
        streamed_tables.write(sources, Path(folder))
        for name, columns in streamed_tables.named().items():
            schema = [_field(column) for column in columns]
            config = LoadJobConfig(source_format="NEWLINE_DELIMITED_JSON", schema=schema)
            with Path(folder, name).open("rb") as file:
                where = f"{streamed_tables.PROJECT}.{streamed_tables.DATASET}.{name}"
                google.load_table_from_file(file, where, job_config=config).result()
    google.close()


def _field(column: str) -> Any:
    from google.cloud.bigquery import SchemaField

    of = streamed_tables.kind(column)
    return SchemaField(column, of[6:-1], mode="REPEATED") if of.startswith("ARRAY<") else SchemaField(column, of)
