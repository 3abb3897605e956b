"""The layers are pinned in one place, and named everywhere as they are there."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from tests.template import pins

LOCK = pins.locked(pins.ROOT / "requirements.lock")
SOURCES = [*(pins.ROOT / "functions").rglob("*.py"), *(pins.ROOT / "layers/core").rglob("*.py")]


@pytest.mark.parametrize("layer", pins.LAYERS)
def test_a_layer_pins_what_it_lists_in_the_version_of_the_lock(layer: str) -> None:
    pinned = pins.of_layer(layer)
    assert set(pinned) == pins.named(pins.PACKAGES / f"{layer}.in"), "make lock writes the layers' requirements"
    assert pinned == {name: LOCK[name] for name in pinned}, "make lock writes the layers' requirements"


def test_what_every_developer_installs_and_what_runs_is_one_list() -> None:
    assert len({name for layer in pins.LAYERS for name in pins.of_layer(layer)}) == sum(
        len(pins.of_layer(layer)) for layer in pins.LAYERS
    )


@pytest.mark.parametrize(
    "path", [*pins.PACKAGES.glob("*.txt"), *pins.ROOT.glob("requirements*.lock")], ids=lambda p: p.name
)
def test_no_requirements_file_names_where_packages_come_from(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "://" not in text
    assert "index-url" not in text


def test_every_service_that_the_code_calls_is_described_in_the_layer() -> None:
    called = {
        node.args[0].value
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "client"
        if node.args and isinstance(node.args[0], ast.Constant)
    }
    assert {"s3", "events", "secretsmanager"} <= called
    assert called <= pins.services(), "layers/packages/services.txt lacks a service"


def test_every_layer_of_packages_is_built_from_the_pins_and_from_nothing_else(template: dict[str, Any]) -> None:
    layers = {key for key, body in template["Resources"].items() if body["Type"] == "AWS::Lambda::LayerVersion"}
    made = {key.rstrip("0123456789abcdef") for key in layers}
    assert made == {"CoreLayer", "TemplatesLayer", *(f"{layer.title()}Layer" for layer in pins.LAYERS)}
    for body in template["Resources"].values():
        if body["Type"] == "AWS::Lambda::Function":
            assert all(set(layer) == {"Ref"} and layer["Ref"] in layers for layer in body["Properties"]["Layers"])
