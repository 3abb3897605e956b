"""What is installed: for running no more than running needs, for testing the same in the same versions."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from local.lambdas import ROOT
from tests.template.pins import canonical


def pinned(name: str) -> dict[str, str]:
    """Return what a lock pins: version and marker, and the hashes, by package."""
    entries = re.split(r"\n(?=[a-z0-9])", (ROOT / name).read_text(encoding="utf-8"))
    return {canonical(entry.partition("==")[0]): entry.strip() for entry in entries if not entry.startswith("#")}


def test_what_is_tested_is_what_runs() -> None:
    run, tested = pinned("requirements.lock"), pinned("requirements-test.lock")
    assert {name: tested.get(name) for name in run} == run, "make lock writes both"
    assert {"pytest", "ruff", "mypy", "playwright", "cfn-lint"} <= set(tested) - set(run), "running needs no test tools"


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-test.lock", ".ci/uv.lock"])
def test_every_package_is_pinned_with_hashes(name: str) -> None:
    assert all("--hash=sha256:" in entry for entry in pinned(name).values())


def test_whatever_the_code_imports_is_installed_for_running() -> None:
    installed = packages_distributions()
    for path in [path for folder in ("local", "functions", "layers/core") for path in (ROOT / folder).rglob("*.py")]:
        for module in imported(path) & set(installed):
            names = {canonical(name) for name in installed[module]}
            assert names & set(pinned("requirements.lock")), f"{path} imports {module}, which running does not install"


def imported(path: Path) -> set[str]:
    """Return the modules that a file imports when it runs, by their first name."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):  # what only the type checker reads is not there at run time
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    nodes = list(ast.walk(tree))
    found = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    found |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    return {name.partition(".")[0] for name in found} - {"local", "functions", "placements_kpi"}


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Call make with the project's Makefile in a folder that has nothing else in it."""
    command = ["make", "-f", str(ROOT / "Makefile"), *arguments]
    for name in ("requirements.lock", "requirements-test.lock", ".ci"):
        (folder / name).symlink_to(ROOT / name)
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=20)


@pytest.mark.parametrize("installed", [False, True])
@pytest.mark.parametrize("command", ["setup", "run", "test"])
def test_a_python_that_is_too_old_is_said_in_one_sentence(tmp_path: Path, command: str, installed: bool) -> None:
    if installed:
        (tmp_path / ".venv").mkdir()
        (tmp_path / ".venv/.complete").touch()
    old = tmp_path / "python3.10"
    old.write_text(f"#!/bin/sh\nexec {sys.executable} -c 'import sys; sys.exit(1)'\n")  # as it answers to being asked
    old.chmod(0o755)
    done = make(tmp_path, command, f"PYTHON={old}")
    assert done.returncode == 2
    assert f"error: Python 3.11 or later is needed, and PYTHON={old} is not one; install it" in done.stderr
    assert (tmp_path / ".venv").exists() == installed


def test_a_python_that_is_not_there_is_said_in_one_sentence(tmp_path: Path) -> None:
    done = make(tmp_path, "setup", "PYTHON=/nowhere/python3.12")
    assert (done.returncode, done.stderr.count("error:")) == (2, 1)
    assert "PYTHON=/nowhere/python3.12 is not one" in done.stderr


def test_a_step_says_what_it_does_and_ends_as_its_command_does() -> None:
    done = subprocess.run(
        [ROOT / ".ci/step", "Waiting", "sh", "-c", "sleep 6; exit 3"], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 3
    assert done.stdout.splitlines() == ["Waiting", "  still at it after 5 s"]
