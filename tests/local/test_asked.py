"""What cannot be done is said in one sentence, at once, and nothing is changed by having been asked for."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import asked
from local.asked import AskedError
from local.lambdas import ROOT

DROP = "apply/dt=2026-07-14"
AT_ONCE = 2.0
"""Seconds of processor time in which a mistake is told; on the clock it depends on what else the machine does."""


@pytest.fixture
def taken() -> Iterator[int]:
    """A port of the loopback that somebody listens on."""
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", 0))
        somebody.listen()
        yield somebody.getsockname()[1]


def command(folder: Path, module: str, *arguments: str) -> tuple[int, str, float]:
    """Return exit status and errors of a command called in ``folder``, and the processor time it took."""
    path = f"{ROOT}:{ROOT / 'layers' / 'core'}"
    before = os.times()
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )
    after = os.times()
    seconds = after.children_user + after.children_system - before.children_user - before.children_system
    return done.returncode, done.stderr, seconds


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (("--port", "eighty"), "PORT=eighty is not a port; give a number from 1 to 65535"),
        (("--port", "70000"), "PORT=70000 is not a port; give a number from 1 to 65535"),
        (("--port", "0"), "PORT=0 is not a port; give a number from 1 to 65535"),
        (("--host", "https://example.org/"), "HOST=https://example.org/ is not a host name; give one like"),
        (("--sources", "docs"), "SOURCES=docs holds no drop; it should hold <source>/dt=YYYY-MM-DD/ for apply, "),
        (("--sources", "nowhere"), "SOURCES=nowhere is not a folder; it should hold"),
        (("--as-of", "tomorrow"), "AS_OF=tomorrow is not a day; write it YYYY-MM-DD"),
        (("--fault", "moon"), "FAULT=moon is not known; there are pseudonym-missing"),
        (("--build", "docs/file/build"), "docs/file/build cannot be written to: "),
    ],
    ids=lambda value: value[-1] if isinstance(value, tuple) else "",
)
def test_a_run_that_cannot_be_made_changes_nothing(tmp_path: Path, wrong: tuple[str, ...], says: str) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/file").touch()
    (tmp_path / "build").mkdir()
    before = sorted(tmp_path.rglob("*"))
    status, errors, seconds = command(tmp_path, "local.run", *wrong)
    assert status == 2
    assert errors.startswith(f"error: {says}")
    assert errors.count("\n") == 1, errors
    assert sorted(tmp_path.rglob("*")) == before
    assert seconds < AT_ONCE


def test_a_port_in_use_is_told_before_the_run(tmp_path: Path, taken: int) -> None:
    (tmp_path / DROP).mkdir(parents=True)
    status, errors, seconds = command(tmp_path, "local.run", "--sources", str(tmp_path), "--port", str(taken))
    assert (status, errors.count("\n")) == (2, 1)
    assert f"error: port {taken} cannot be used (Address already in use); give another, e.g. PORT=" in errors
    assert not (tmp_path / "build").exists()
    assert seconds < AT_ONCE


def test_serving_on_a_port_in_use_ends_with_1_and_one_sentence(tmp_path: Path, taken: int) -> None:
    status, errors, _ = command(tmp_path, "local.serve", str(taken))
    assert (status, errors.count("\n")) == (1, 1)
    assert errors.startswith(f"error: port {taken} cannot be used")


@pytest.mark.parametrize("port", ["eighty", ""])
def test_serving_what_is_not_there_or_nowhere_ends_with_1_and_one_sentence(tmp_path: Path, port: str) -> None:
    status, errors, _ = command(tmp_path, "local.serve", port or str(free_port()))
    assert (status, errors.count("\n")) == (1, 1)
    assert errors.startswith(
        "error: PORT=eighty is not a port" if port else "error: there is no page in build/site yet"
    )


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_a_sample_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    status, errors, seconds = command(tmp_path, "local.sample", "--out", "file/sample", "--scale", "0.001")
    assert (status, errors.count("\n")) == (1, 1)
    assert errors.startswith("error: file/sample cannot be written to: ") and "file is not a folder" in errors
    assert seconds < AT_ONCE


def test_a_full_disk_under_the_sample_is_one_sentence(tmp_path: Path) -> None:
    """/dev/full says of every write what a full disk says."""
    drop = tmp_path / "sample" / "schools" / "dt=2026-07-14"
    drop.mkdir(parents=True)
    (drop / "edubasealldata20260714.csv").symlink_to("/dev/full")
    status, errors, _ = command(tmp_path, "local.sample", "--out", "sample", "--scale", "0.001", "--schools", "2000")
    assert status == 1
    assert errors.splitlines()[-1].startswith("error: No space left on device; make room or give another folder")
    assert "Traceback" not in errors


def test_a_full_disk_under_a_run_is_one_sentence_and_no_success(tmp_path: Path) -> None:
    (tmp_path / "drops" / DROP).mkdir(parents=True)
    state = tmp_path / "build" / "state" / asked_state(tmp_path)
    state.mkdir(parents=True)
    (state / "state.json.tmp").symlink_to("/dev/full")
    status, errors, _ = command(tmp_path, "local.run", "--sources", "drops", "--serve", "0")
    assert (status, errors) == (
        2, "error: No space left on device; make room or give another folder, and call it again\n"
    )  # fmt: skip
    assert not (tmp_path / "build" / "run.json").exists()


def asked_state(folder: Path) -> str:
    """Return the name of the state of the folder's drops."""
    from local.state import name_of

    return name_of(folder / "build", folder / "drops")


def test_a_disk_without_room_is_told_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(AskedError, match=r"build has [\d,]+ MB free where 1,000,000,000,000 MB are needed; make room"):
        asked.has_room(tmp_path / "build", 10**12)
    asked.has_room(tmp_path / "build", 0)
    assert not (tmp_path / "build").exists()


@pytest.mark.parametrize("host", ["", "localhost", "a.example", "school-placements.education.gov.uk", "a" * 63])
def test_a_host_name_is_one(host: str) -> None:
    assert asked.host_of(host) == host


@pytest.mark.parametrize(
    "host", ["a b", "-a.example", "a..example", "a.example:80", "a/b", "A_B", "a" * 64, "é.uk", "a\n"]
)
def test_what_is_no_host_name_is_refused(host: str) -> None:
    with pytest.raises(AskedError, match="is not a host name"):
        asked.host_of(host)
