"""What ``sam build`` made: each function's folder and those of its layers, in the order in which Lambda lays them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from local.errors import LocalError

BUILD = Path(".aws-sam/build")
"""For Lambda's processor; this is what is deployed."""


class BuiltError(LocalError):
    """There is no build, or it is not one of this template."""


@dataclass(frozen=True)
class BuiltFunction:
    """One built function: ``code`` is to be ``/var/task``, ``layers`` one over the other ``/opt``."""

    logical_id: str
    code: Path
    layers: tuple[Path, ...]

    @property
    def folders(self) -> tuple[Path, ...]:
        """All that Lambda unpacks for it."""
        return self.code, *self.layers

    @property
    def size(self) -> int:
        """Bytes of it all, as Lambda counts them: unzipped, layers included."""
        return sum(path.stat().st_size for folder in self.folders for path in folder.rglob("*") if path.is_file())


def built_functions(build: Path = BUILD) -> dict[str, BuiltFunction]:
    """Return the functions of a build by folder of ``functions/``; :class:`BuiltError` if something is missing."""
    described = build / "template.yaml"
    if not described.is_file():
        raise BuiltError(f"there is no {described}: make template builds it")
    functions = {}
    template = yaml.safe_load(described.read_text(encoding="utf-8"))
    shared = template.get("Globals", {}).get("Function", {}).get("Layers", [])  # SAM lays them below a function's own
    for logical_id, body in template["Resources"].items():
        if body["Type"] == "AWS::Serverless::Function":
            layers = [layer["Ref"] for layer in (*shared, *body["Properties"]["Layers"])]
            function = BuiltFunction(logical_id, build / logical_id, tuple(build / layer for layer in layers))
            missing = [str(folder) for folder in function.folders if not folder.is_dir()]
            if missing:
                raise BuiltError(f"the build in {build} has no {', '.join(missing)}: build it again")
            functions[body["Properties"]["Handler"].split(".")[1]] = function
    return functions
