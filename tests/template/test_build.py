"""What "sam build" made, measured. Run by "make template", after the build."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

BUILD = Path(".aws-sam/build")
LIMIT = 262_144_000
"""Bytes that a function and its layers may have unzipped: Lambda's own limit of 250 MB."""
PANDAS_LAYER = 205_000_000
"""Largest size seen of the managed AWS SDK for pandas layer, which AWS adds and this build does not hold
(204 MB at 3.16.1; 3.17 is smaller)."""

pytestmark = pytest.mark.build


def built_functions() -> dict[str, Any]:
    template = yaml.safe_load((BUILD / "template.yaml").read_text(encoding="utf-8"))
    return {
        key: body["Properties"]
        for key, body in template["Resources"].items()
        if body["Type"] == "AWS::Serverless::Function"
    }


def layers_of(properties: dict[str, Any]) -> list[str]:
    return [layer["Ref"] for layer in properties["Layers"]]


def size(folder: Path) -> int:
    assert folder.is_dir(), f"sam build made no {folder}"
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_every_function_with_its_layers_fits_into_lambda() -> None:
    functions = built_functions()
    assert len(functions) == 8
    for name, properties in functions.items():
        total = size(BUILD / name)
        for layer in layers_of(properties):
            total += PANDAS_LAYER if layer == "PandasLayerArn" else size(BUILD / layer)
        print(f"{name}: {total / 1e6:.1f} MB unzipped")
        assert total < LIMIT, f"{name} with its layers is {total / 1e6:.0f} MB unzipped"


def test_the_publisher_does_not_carry_pandas() -> None:
    assert "PandasLayerArn" not in layers_of(built_functions()["PublishSiteFunction"])
    names = {path.name for path in (BUILD / "DepsLayer" / "python").iterdir()}
    assert not names & {"pandas", "awswrangler", "pyarrow", "boto3", "numpy"}


def test_the_solver_comes_without_the_numpy_that_the_pandas_layer_brings() -> None:
    names = {path.name for path in (BUILD / "SolverLayer" / "python").iterdir()}
    assert "highspy" in names
    assert "numpy" not in names


def test_a_function_holds_what_it_reads_at_run_time() -> None:
    compute = BUILD / "ComputeKpisFunction" / "functions" / "compute_kpis"
    assert sorted(path.parent.name for path in compute.glob("kpis/*/query.sql")) == sorted(
        path.parent.name for path in Path("functions/compute_kpis").glob("kpis/*/query.sql")
    )
    assert list(compute.glob("definitions/*.csv"))
    assert (BUILD / "TemplatesLayer" / "site_templates" / "base.html").is_file()
    assert (BUILD / "CoreLayer" / "python" / "placements_kpi" / "tables.py").is_file()
