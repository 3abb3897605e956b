"""docs/errors.md draws the errors that the code has, each with what it says of trying again."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/errors.md").read_text(encoding="utf-8")
LINE = re.compile(r"^( *)(\w+) +(yes|no|depends) +([\w/.-]+\.py)\b", re.MULTILINE)
SIGNAL = re.compile(r"^\| `(\w+)` \| `([\w/.-]+\.py)` \|", re.MULTILINE)


@dataclass(frozen=True)
class Defined:
    """A class of error: its base, what it says of trying again itself, and whether errors of it may differ in that."""

    name: str
    base: str
    path: str
    transient: bool | None
    differs: bool


def defined() -> Iterator[Defined]:
    """Yield every class of error that functions, layers and the local stack define."""
    trees = {
        path: ast.parse(path.read_text("utf-8")) for top in ("functions", "layers", "local") for path in python(top)
    }
    differing = {name for tree in trees.values() for name in _given_transient(tree)}
    for path, tree in trees.items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and node.name.endswith("Error"):
                base = node.bases[0]
                name = base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")
                own = "super" in set(_given_transient(node))
                place = str(path.relative_to(ROOT))
                yield Defined(node.name, name, place, _says(node), own or node.name in differing)


def python(top: str) -> list[Path]:
    return [path for path in sorted((ROOT / top).rglob("*.py")) if "__pycache__" not in path.parts]


def _given_transient(tree: ast.AST) -> Iterator[str]:
    """Yield the names of classes that are called with ``transient``; ``super`` for the call of a base."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and any(keyword.arg == "transient" for keyword in node.keywords):
            called = node.func
            if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Call):
                called = called.value.func
            yield called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def _says(node: ast.ClassDef) -> bool | None:
    for line in node.body:
        target = (
            line.target
            if isinstance(line, ast.AnnAssign)
            else line.targets[0]
            if isinstance(line, ast.Assign)
            else None
        )
        if isinstance(target, ast.Name) and target.id == "transient":
            assert isinstance(line, ast.AnnAssign | ast.Assign) and isinstance(line.value, ast.Constant)
            return bool(line.value.value)
    return None


FOUND = list(defined())


def family() -> list[Defined]:
    """Return the errors that derive from the base of all, bases first."""
    known = [one for one in FOUND if one.name == "PlacementsKpiError"]
    while more := [one for one in FOUND if one not in known and one.base in {other.name for other in known}]:
        known += more
    return known


def said(one: Defined) -> str:
    """Return what the page has to say of trying again after an error."""
    if one.differs:
        return "depends"
    at: Defined | None = one
    while at is not None:
        if at.transient is not None:
            return "yes" if at.transient else "no"
        base = at.base
        at = next((other for other in FOUND if other.name == base), None)
    raise AssertionError(f"{one.name} inherits nothing about trying again")


def test_the_tree_has_every_error_below_its_base_with_what_it_says_of_trying_again() -> None:
    drawn, above = [], []
    for indent, name, again, path in LINE.findall(PAGE):
        level = len(indent) // 2
        above[level:] = [name]
        drawn.append((name, above[level - 1] if level else "Exception", again, path))
    assert sorted(drawn) == sorted((one.name, one.base, said(one), one.path) for one in family())


def test_what_is_no_error_of_a_run_is_listed_beside_the_tree() -> None:
    signals = {(one.name, one.path) for one in FOUND if one not in family()}
    assert set(SIGNAL.findall(PAGE)) == signals
