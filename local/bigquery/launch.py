"""Runs local-bigquery (https://pypi.org/project/local-bigquery/) in its own virtual environment, without its gRPC side.

``.venv-bigquery/bin/python local/bigquery/launch.py <folder>``: prints the port that it listens on, on the loopback
address, and keeps what it is given in ``folder``. Version 0.3.2 as it is does not start: DuckDB is to fetch extensions
from a host of its own, and to be told a time zone before it knows any. Both are put right here.
"""

from __future__ import annotations

import importlib
import sys
import threading
from pathlib import Path
from typing import Any

import duckdb

EXTENSIONS = ("ducklake", "spatial")


def install_extensions(folder: Path) -> None:
    """Put the extensions that came as packages where DuckDB looks for them."""
    with duckdb.connect() as connection:
        version, platform = (
            connection.execute("SELECT version(), (SELECT platform FROM pragma_platform())").fetchone() or ()
        )
    to = folder / version / platform
    to.mkdir(parents=True, exist_ok=True)
    for name in EXTENSIONS:
        package = importlib.import_module(f"duckdb_extension_{name}")
        path = Path(package.__path__[0], "extensions", version, f"{name}.duckdb_extension")
        (to / path.name).unlink(missing_ok=True)
        (to / path.name).symlink_to(path)


def connect_with(extensions: Path) -> None:
    """Have every connection find the extensions, and set its time zone once it is there."""
    connect: Any = duckdb.connect

    def connected(*arguments: Any, config: dict[str, Any] | None = None, **more: Any) -> duckdb.DuckDBPyConnection:
        settings = dict(config or {}) | {"extension_directory": str(extensions)}
        zone = settings.pop("TimeZone", None)
        connection: duckdb.DuckDBPyConnection = connect(*arguments, config=settings, **more)
        if zone:
            connection.execute(f"SET TimeZone = '{zone}'")
        return connection

    duckdb.connect = connected


def main(folder: Path) -> None:
    """Serve until the process is ended."""
    install_extensions(folder / "extensions")
    connect_with(folder / "extensions")

    import uvicorn
    from local_bigquery import app
    from local_bigquery.settings import settings

    settings.data_dir = folder / "data"
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.02)
    print(server.servers[0].sockets[0].getsockname()[1], flush=True)
    thread.join()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
