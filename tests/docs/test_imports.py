"""Imports go one way: no module of ours needs, through others, itself; types count like everything else."""

from __future__ import annotations

import ast
import graphlib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def modules() -> dict[str, Path]:
    """Return the modules of functions, layers and local by name."""
    found = {}
    for top, folder in (("functions", ROOT), ("placements_kpi", ROOT / "layers/core"), ("local", ROOT)):
        for path in sorted((folder / top).rglob("*.py")):
            found[".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__")] = path
    return found


MODULES = modules()


def imported(path: Path) -> Iterator[str]:
    """Yield each of our modules that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module:
            whole = [f"{node.module}.{name.name}" for name in node.names]
            yield from (name if name in MODULES else node.module for name in whole if node.module in MODULES)


def test_no_import_leads_back() -> None:
    graph = {name: set(imported(path)) - {name} for name, path in MODULES.items()}
    assert sum(map(len, graph.values())) > 800
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as circle:
        pytest.fail("imports go in a circle: " + " imports ".join(reversed(circle.args[1])))
