"""The build that is deployed, on the processor that it is for: an emulated one. Run by "make arm64"."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from local.built import BUILD
from local.lambdas import call_with
from local.sandbox import Built, emulated_arm64, open_built
from local.stages import COMPUTE, INGESTS, PUBLISH
from local.template import load_stack

pytestmark = pytest.mark.arm64

# A function may import a module only when it needs it, so the handler's own is not enough.
EVERYTHING = """
import importlib
import pkgutil
import platform

def lambda_handler(event, context):
    package = importlib.import_module(event)
    names = [found.name for found in pkgutil.walk_packages(package.__path__, event + ".")]
    for name in names:
        importlib.import_module(name)
    return {"machine": platform.machine(), "imported": names}
"""
PATIENCE = 1800
"""Seconds: emulation is slow."""


@pytest.fixture(scope="module")
def built() -> Iterator[Built]:
    with open_built(BUILD, emulated_arm64()) as built:
        yield built


@pytest.mark.parametrize("folder", [*INGESTS, COMPUTE, PUBLISH])
def test_every_module_of_a_function_can_be_imported_on_arm64(folder: str, built: Built, tmp_path: Path) -> None:
    code = tmp_path / "code"
    shutil.copytree(built.task[folder], code)
    (code / "functions" / folder / "everything.py").write_text(EVERYTHING, encoding="utf-8")
    handler = f"functions.{folder}.everything.lambda_handler"
    function = replace(load_stack().function(folder), handler=handler, timeout=PATIENCE)
    done = call_with(function, f"functions.{folder}", {}, tmp_path / "log", replace(built, task={folder: code}))
    assert done.ok, done.error
    assert isinstance(done.result, dict)
    assert done.result["machine"] == "aarch64"
    assert f"functions.{folder}.app" in done.result["imported"]
