"""A build is read as Lambda would unpack it, and one that is missing or not whole is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.built import BuiltError, built_functions
from local.sandbox import emulated_arm64

TEMPLATE = """
Globals:
  Function: {Layers: [{Ref: CoreLayer}]}
Resources:
  CoreLayer: {Type: "AWS::Serverless::LayerVersion"}
  ArrowLayer: {Type: "AWS::Serverless::LayerVersion"}
  IngestApplyFunction:
    Type: AWS::Serverless::Function
    Properties: {Handler: functions.ingest_apply.app.lambda_handler, Layers: [{Ref: ArrowLayer}]}
"""


@pytest.fixture
def build(tmp_path: Path) -> Path:
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    files = {"IngestApplyFunction/app.py": 10, "CoreLayer/python/core.py": 7, "ArrowLayer/python/arrow.py": 5}
    for name, size in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_text("x" * size)
    return tmp_path


def test_a_function_is_its_own_folder_and_those_of_its_layers(build: Path) -> None:
    (function,) = built_functions(build).values()
    assert (function.logical_id, function.layers) == (
        "IngestApplyFunction",
        (build / "CoreLayer", build / "ArrowLayer"),
    )
    assert function.size == 22


def test_without_a_build_it_is_said_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(BuiltError, match="make template"):
        built_functions(tmp_path)


def test_a_build_that_lacks_a_layer_is_refused(build: Path) -> None:
    (build / "CoreLayer").rename(build / "Other")
    with pytest.raises(BuiltError, match=r"has no .*CoreLayer"):
        built_functions(build)


def test_an_emulator_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(BuiltError, match="install qemu-user-static"):
        emulated_arm64()
