"""What the layers are pinned to, and what is in a shared library, for the tests of the layers."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name as canonical

__all__ = ["LAYERS", "PACKAGES", "Elf", "canonical", "elf", "locked", "named", "of_layer", "services"]

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ROOT / "layers/packages"
LAYERS = ("deps", "aws", "arrow", "frames", "google")
ON_LAMBDA = {"python_full_version": "3.13.0", "python_version": "3.13", "sys_platform": "linux"}


def locked(path: Path) -> dict[str, str]:
    """Return what a requirements file pins on Lambda's Python: version by package."""
    pins = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if "==" in line and not line.startswith((" ", "#")):
            requirement = Requirement(line.removesuffix("\\"))
            if requirement.marker is None or requirement.marker.evaluate(ON_LAMBDA):
                pins[canonical(requirement.name)] = str(requirement.specifier).removeprefix("==")
    return pins


def of_layer(layer: str) -> dict[str, str]:
    """Return what a layer is made of: version by package."""
    return locked(PACKAGES / f"{layer}.txt")


def named(path: Path) -> set[str]:
    """Return the lines of a list that are not comments."""
    return {line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")}


def services() -> set[str]:
    """Return the services whose descriptions the layer of the SDK keeps."""
    return named(PACKAGES / "services.txt")


@dataclass(frozen=True)
class Elf:
    """What a shared library asks of others: names of libraries, versions of symbols; and its processor."""

    machine: str
    needed: tuple[str, ...]
    versions: tuple[str, ...]


@functools.cache
def elf(path: Path) -> Elf:
    """Read a shared library."""
    from elftools.elf.elffile import ELFFile

    with path.open("rb") as file:
        read = ELFFile(file)
        needed = [
            str(tag.needed)
            for tag in read.get_section_by_name(".dynamic").iter_tags()
            if tag.entry.d_tag == "DT_NEEDED"
        ]
        section = read.get_section_by_name(".gnu.version_r")
        asked = [] if section is None else [one.name for _, many in section.iter_versions() for one in many]
        versions = [name for name in asked if re.fullmatch(r"[A-Z]+_\d[\d.]*", name)]
        return Elf(str(read["e_machine"]), tuple(needed), tuple(versions))
