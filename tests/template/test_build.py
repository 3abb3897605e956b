"""What "sam build" made, measured and held against what Lambda has. Run by "make template", after the build."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.tags import parse_tag

from local.built import BUILD, BuiltFunction, built_functions
from placements_kpi.settings import SOURCES
from tests.sources import WAREHOUSES
from tests.template import pins

LIMIT = 230_000_000
"""Bytes that a function and its layers may have unzipped. Lambda's own limit is 262,144,000
(https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html); the rest is room for one more layer."""
MOST_LAYERS = 5
"""Lambda's limit for one function, same page."""
GLIBC = (2, 34)
"""Amazon Linux 2023 (https://docs.aws.amazon.com/linux/al2023/ug/core-glibc.html)."""
NEWEST_SYMBOLS = {"GLIBC": (2, 34), "GLIBCXX": (3, 4, 29), "CXXABI": (1, 3, 13), "GCC": (11, 0)}
"""Newest versions of symbols there: glibc 2.34, and gcc 11's run-time libraries
(same page; https://gcc.gnu.org/onlinedocs/libstdc++/manual/abi.html says which version of gcc has which)."""
SYSTEM = re.compile(r"(ld-linux-aarch64|libc|libm|libdl|librt|libpthread|libgcc_s|libstdc\+\+|libz)\.so\.\d+")
"""Libraries that come with the system there: those of glibc and gcc, and the zlib that CPython itself is linked to."""
NOT_NEEDED = {("awswrangler", "setuptools"), ("cffi", "pycparser")}
"""Packages that another one asks for and never imports (make built runs without them)."""

FUNCTIONS = (*(f"ingest_{source}" for source in SOURCES), "compute_kpis", "publish_site")

pytestmark = pytest.mark.build


@pytest.fixture(scope="module")
def functions() -> dict[str, BuiltFunction]:
    return built_functions()


def installed(folder: Path) -> Iterator[Distribution]:
    """Give the packages of a built layer."""
    return iter(distributions(path=[str(folder / "python")]))


def all_installed() -> list[Distribution]:
    return [one for layer in BUILD.glob("*Layer") for one in installed(layer)]


def test_all_functions_are_built(functions: dict[str, BuiltFunction]) -> None:
    assert set(functions) == set(FUNCTIONS)


@pytest.mark.parametrize("folder", FUNCTIONS)
def test_a_function_with_its_layers_fits_into_lambda(folder: str, functions: dict[str, BuiltFunction]) -> None:
    size = functions[folder].size
    print(f"{folder}: {size / 1e6:.1f} MB unzipped")
    assert size < LIMIT
    assert len(functions[folder].layers) <= MOST_LAYERS


def test_only_compute_carries_frames_and_the_publisher_no_columns(functions: dict[str, BuiltFunction]) -> None:
    carried = {name: {layer.name for layer in function.layers} for name, function in functions.items()}
    assert {name for name in carried if "FramesLayer" in carried[name]} == {"compute_kpis"}
    assert {name for name in carried if "GoogleLayer" in carried[name]} == {f"ingest_{name}" for name in WAREHOUSES}
    assert {name for name in carried if "ArrowLayer" not in carried[name]} == {"publish_site"}


def test_what_is_built_is_what_the_lock_names() -> None:
    built = {pins.canonical(one.name): one.version for one in all_installed()}
    assert built == {name: version for layer in pins.LAYERS for name, version in pins.of_layer(layer).items()}


def test_no_package_is_in_two_layers() -> None:
    names = [pins.canonical(one.name) for one in all_installed()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("folder", FUNCTIONS)
def test_a_function_has_every_package_that_its_packages_ask_for(
    folder: str, functions: dict[str, BuiltFunction]
) -> None:
    environment = {"python_version": "3.13", "platform_machine": "aarch64", "sys_platform": "linux", "extra": ""}
    have = {pins.canonical(one.name): one for layer in functions[folder].layers for one in installed(layer)}
    for name, one in have.items():
        for requirement in map(Requirement, one.requires or []):
            if requirement.marker is None or requirement.marker.evaluate({**environment, "platform_system": "Linux"}):
                wanted = pins.canonical(requirement.name)
                if (name, wanted) not in NOT_NEEDED:
                    assert wanted in have, f"{folder} has {name}, which needs {requirement}"
                    assert requirement.specifier.contains(have[wanted].version), f"{name} needs {requirement}"


def test_every_wheel_is_for_the_processor_and_the_system_of_lambda() -> None:
    """By the tags in each wheel's own description (PEP 425, PEP 600)."""
    for one in all_installed():
        tags = set(chain.from_iterable(parse_tag(line[5:]) for line in _wheel(one) if line.startswith("Tag: ")))
        assert any(_fits(tag.platform) for tag in tags), f"{one.name} {one.version} is for {sorted(map(str, tags))}"


def _wheel(one: Distribution) -> list[str]:
    return (one.read_text("WHEEL") or "").splitlines()


def _fits(platform: str) -> bool:
    if platform in {"any", "manylinux2014_aarch64"}:
        return True
    found = re.fullmatch(r"manylinux_(\d+)_(\d+)_aarch64", platform)
    return bool(found) and (int(found[1]), int(found[2])) <= GLIBC


def libraries() -> list[Path]:
    return [path for path in BUILD.glob("*Layer/**/*") if re.search(r"\.so(\.\d+)*$", path.name)]


def test_every_library_asks_for_symbols_that_the_system_of_lambda_has() -> None:
    """By what is in the libraries, whatever their wheels say of themselves."""
    assert libraries()
    for path in libraries():
        for needed in pins.elf(path).versions:
            kind, _, number = needed.partition("_")
            version = tuple(int(part) for part in number.split("."))
            assert version <= NEWEST_SYMBOLS[kind], f"{path} asks for {needed}"


@pytest.mark.parametrize("folder", FUNCTIONS)
def test_a_function_has_every_library_that_its_libraries_are_linked_to(
    folder: str, functions: dict[str, BuiltFunction]
) -> None:
    """A shared object that was left out is one that nothing links."""
    mine = [path for path in libraries() if set(functions[folder].layers) & set(path.parents)]
    names = {path.name for path in mine}
    for path in mine:
        found = pins.elf(path)
        assert found.machine == "EM_AARCH64", f"{path} is for {found.machine}"
        missing = {name for name in found.needed if name not in names and not SYSTEM.fullmatch(name)}
        assert not missing, f"{path} is linked to {missing}"


def test_the_sdk_describes_the_services_that_are_called_and_no_others() -> None:
    described = {path.name for path in (BUILD / "AwsLayer/python/botocore/data").iterdir() if path.is_dir()}
    assert described == pins.services()


def test_a_function_holds_what_it_reads_at_run_time() -> None:
    compute = BUILD / "ComputeKpisFunction" / "functions" / "compute_kpis"
    assert sorted(path.parent.name for path in compute.glob("kpis/*/query.sql")) == sorted(
        path.parent.name for path in Path("functions/compute_kpis").glob("kpis/*/query.sql")
    )
    assert sorted(path.name for path in compute.glob("parts/*.sql")) == sorted(
        path.name for path in Path("functions/compute_kpis").glob("parts/*.sql")
    )
    assert list(compute.glob("definitions/*.csv"))
    assert (BUILD / "TemplatesLayer" / "site_templates" / "base.html").is_file()
    assert (BUILD / "CoreLayer" / "python" / "placements_kpi" / "tables.py").is_file()
