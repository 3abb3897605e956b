"""The emulator: started, loaded with tables, ended."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.bigquery.tables import DATASET, PROJECT, Tables, kind
from local.errors import LocalError

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-bigquery" / "bin" / "python"


class EmulatorError(LocalError):
    """The emulator is not installed, or did not start."""


@contextmanager
def emulator() -> Iterator[str]:
    """Run an empty emulator and give its address."""
    if not PYTHON.is_file():
        raise EmulatorError("the emulator of BigQuery is not installed: make .venv-bigquery/.complete")
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

    return Client(PROJECT, AnonymousCredentials(), client_options={"api_endpoint": address})


def load(address: str, tables: Tables) -> None:
    """Make every table of ``tables`` and load its rows."""
    from google.cloud.bigquery import LoadJobConfig

    google = client(address)
    google.create_dataset(DATASET, exists_ok=True)
    for name, (columns, rows) in tables.named().items():
        config = LoadJobConfig(source_format="NEWLINE_DELIMITED_JSON", schema=[_field(column) for column in columns])
        with tempfile.TemporaryFile() as file:
            for row in rows:
                file.write(json.dumps({key: value for key, value in row.items() if value is not None}).encode() + b"\n")
            file.seek(0)
            google.load_table_from_file(file, f"{PROJECT}.{DATASET}.{name}", job_config=config).result()
    google.close()


def _field(column: str) -> Any:
    from google.cloud.bigquery import SchemaField

    of = kind(column)
    return SchemaField(column, of[6:-1], mode="REPEATED") if of.startswith("ARRAY<") else SchemaField(column, of)
