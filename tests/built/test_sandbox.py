"""The place in which built functions are run is Lambda's, and what is missing from a layer is missed there."""

from __future__ import annotations

import ast
import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from local.lambdas import ROOT, Call, call_with
from local.run import open_run
from local.state import open_state
from local.template import load_stack

if TYPE_CHECKING:
    from local.sandbox import Built
    from local.world import World

pytestmark = pytest.mark.built

LOOK = """
import importlib
import os
import sys

def can_write(path):
    try:
        with open(path, "w") as file:
            file.write("x")
        return True
    except OSError:
        return False

def imported(name):
    try:
        importlib.import_module(name)
        return True
    except ImportError:
        return False

def lambda_handler(event, context):
    import pyarrow
    return {
        "path": sys.path,
        "environment": dict(os.environ),
        "here": os.getcwd(),
        "user": os.getuid(),
        "home": os.path.expanduser("~"),
        "root": sorted(os.listdir("/")),
        "writable": [path for path in event["paths"] if can_write(path + "/written")],
        "imported": [name for name in event["packages"] if imported(name)],
        "codecs": {name: pyarrow.Codec.is_available(name) for name in event["codecs"]},
        "encoding": [sys.getfilesystemencoding(), sys.stdout.encoding],
    }
"""
PATHS = ("/tmp", "/var/task", "/opt", "/opt/python", "/var/lang", "/var/runtime", "/usr", "/", "/root", "/home")
DEVELOPERS = ("pytest", "moto", "duckdb", "yaml", "requests", "setuptools", "pip", "certifi", "local", "tests")


def called(built: Built, folder: str, event: Any, log: Path) -> Call:
    """Call a built function with nothing in its environment but what Lambda itself sets."""
    return call_with(load_stack().function(folder), event, {}, log, built)


def codecs() -> set[str]:
    """Return every compression that the deployed code names when it writes."""
    sources = [*(ROOT / "functions").rglob("*.py"), *(ROOT / "layers/core").rglob("*.py")]
    named = {
        node.value.value
        for path in sources
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.keyword) and node.arg == "compression" and isinstance(node.value, ast.Constant)
    }
    return {name for name in named if name != "detect"}


@pytest.fixture(scope="module")
def seen(built: Built, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a function of an ingest's layers sees around it."""
    code = tmp_path_factory.mktemp("code")
    (code / "functions/ingest_schools").mkdir(parents=True)
    (code / "functions/ingest_schools/app.py").write_text(LOOK)
    event = {"paths": PATHS, "packages": DEVELOPERS, "codecs": sorted(codecs())}
    done = called(replace(built, task={"ingest_schools": code}), "ingest_schools", event, code / "log")
    assert done.ok, done.error
    assert isinstance(done.result, dict)
    return done.result


def test_only_tmp_can_be_written_and_there_is_no_home(seen: dict[str, Any]) -> None:
    assert seen["writable"] == ["/tmp"]
    assert "HOME" not in seen["environment"]
    assert seen["home"] == "~"
    assert set(seen["root"]) <= {"bin", "dev", "etc", "lib", "lib64", "opt", "proc", "tmp", "usr", "var"}


def test_code_and_packages_are_looked_for_where_lambda_looks(seen: dict[str, Any]) -> None:
    first = ["/var/task", "/opt/python/lib/python3.13/site-packages", "/opt/python", "/var/runtime"]
    assert seen["path"][:4] == first
    assert all(path.startswith("/var/lang/lib/python3") for path in seen["path"][4:])
    assert not any("packages" in path for path in seen["path"][4:])
    assert seen["here"] == "/var/task"


def test_the_environment_is_lambdas(seen: dict[str, Any]) -> None:
    environment = seen["environment"]
    assert environment["TZ"] == ":UTC"
    assert environment["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.13"
    assert environment["LD_LIBRARY_PATH"].startswith("/var/lang/lib:/lib64:")
    assert environment["_HANDLER"] == "functions.ingest_schools.app.lambda_handler"
    assert not {"USER", "VIRTUAL_ENV", "TMPDIR"} & set(environment)
    assert seen["user"] != 0
    assert seen["encoding"] == ["utf-8", "utf-8"]


def test_no_package_of_this_machine_can_be_imported(seen: dict[str, Any]) -> None:
    assert seen["imported"] == []


def test_the_layer_has_every_codec_that_the_code_writes_with(seen: dict[str, Any]) -> None:
    assert {"zstd", "lz4"} <= set(seen["codecs"])
    assert all(seen["codecs"].values()), seen["codecs"]


def without(built: Built, folder: str, *left_out: str) -> Built:
    """Return what was built, but for files or folders of a function's layers."""
    again = Path(tempfile.mkdtemp(dir=built.opt[folder].parent)) / "opt"
    shutil.copytree(built.opt[folder], again, copy_function=os.link, ignore=shutil.ignore_patterns(*left_out))
    return replace(built, opt={**built.opt, folder: again})


@pytest.mark.parametrize(
    ("folder", "package"),
    [("ingest_schools", "tenacity"), ("compute_kpis", "highspy"), ("publish_site", "pydantic")],
)
def test_a_function_whose_layers_lack_a_package_does_not_run(
    folder: str, package: str, built: Built, tmp_path: Path
) -> None:
    done = called(without(built, folder, package), folder, {}, tmp_path / "log")
    assert done.error is not None
    assert (done.error["errorType"], package in done.error["errorMessage"]) == ("ModuleNotFoundError", True)


def test_an_arrow_that_cannot_write_zstd_ends_an_ingest(built: Built, world: World, tmp_path: Path) -> None:
    """As in the managed layer, whose Arrow raises just this."""
    parquet, poorer = Path("python/pyarrow/parquet"), without(built, "ingest_schools", "parquet")
    # A copy, since all else is a link to the file in the layer; and without byte code, which would go before it.
    ours = poorer.opt["ingest_schools"] / parquet
    shutil.copytree(built.opt["ingest_schools"] / parquet, ours, ignore=shutil.ignore_patterns("__pycache__"))
    text = (ours / "core.py").read_text(encoding="utf-8")
    changed = text.replace("class ParquetWriter:", ARROW_WITHOUT_ZSTD + "class ParquetWriter(_Writer):")
    (ours / "core.py").write_text(changed, encoding="utf-8")
    with (
        open_state(tmp_path / "build", world.sources, fresh=True) as state,
        open_run(world, load_stack(), state, tmp_path / "build") as run,
    ):
        run.code = poorer
        stage = run.invoke("ingest_schools", {})
    assert not stage.ok
    assert "ArrowNotImplementedError" in (run.logs / "ingest_schools.log").read_text(encoding="utf-8")


ARROW_WITHOUT_ZSTD = """
class _Writer:
    def __new__(cls, *arguments, compression="snappy", **more):
        if compression == "zstd":
            raise pa.ArrowNotImplementedError("Support for codec 'zstd' not built")
        return super().__new__(cls)


"""
