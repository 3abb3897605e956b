"""A function is called as Lambda calls it: own process, own environment, JSON in and out."""

from pathlib import Path

import pytest

from local.cloud import Cloud
from local.lambdas import Call, SourceTree, call

HANDLER = """
import os
import time

KEPT = []

def lambda_handler(event, context):
    if "sleep" in event:
        time.sleep(event["sleep"])
    if "run" in event:
        exec(event["run"])
    if "exit" in event:
        os._exit(event["exit"])
    if "raise" in event:
        raise ValueError(event["raise"])
    if "hold" in event:
        KEPT.append(bytearray(b"x" * event["hold"]))
    return {
        "event": event,
        "stage": os.environ["STAGE"],
        "min_rows": os.environ.get("MIN_ROWS"),
        "clock": os.environ.get("CLOCK"),
        "home_credentials": os.environ["AWS_SHARED_CREDENTIALS_FILE"],
        "left": context.get_remaining_time_in_millis(),
        "name": context.function_name,
    }
"""


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A folder of code with one function of our own in it."""
    folder = tmp_path / "functions" / "ingest_apply"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    (folder / "__init__.py").touch()
    (folder / "app.py").write_text(HANDLER)
    return tmp_path


def called(cloud: Cloud, code: Path, event: object, **settings: str) -> Call:
    """Return how a call of that function ended."""
    return call(cloud, "ingest_apply", event, settings, code / "log", code=SourceTree(code))


def test_it_has_its_own_environment_and_nothing_of_ours(
    cloud: Cloud, code: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/home/somebody/.aws/credentials")
    done = called(cloud, code, {"day": "2026-07-14"}, CLOCK="2026-07-15T08:30:00Z")
    assert done.ok
    assert done.result["event"] == {"day": "2026-07-14"}
    assert (done.result["stage"], done.result["min_rows"]) == ("local", "5")
    assert done.result["clock"] == "2026-07-15T08:30:00Z"
    assert done.result["home_credentials"] == "/dev/null"
    assert 0 < done.result["left"] <= 60_000


def test_an_error_is_told_in_lambdas_form(cloud: Cloud, code: Path) -> None:
    done = called(cloud, code, {"raise": "the drop is late"})
    assert not done.ok
    assert done.error is not None
    assert (done.error["errorType"], done.error["errorMessage"]) == ("ValueError", "the drop is late")
    assert done.error["stackTrace"]


def test_a_process_that_dies_is_an_error_too(cloud: Cloud, code: Path) -> None:
    done = called(cloud, code, {"exit": 9})
    assert done.error is not None
    assert "exit status 9" in done.error["errorMessage"]


def test_a_process_ends_with_its_call_and_all_that_it_printed_is_kept(cloud: Cloud, code: Path) -> None:
    """Lambda takes no interpreter apart either; what is not flushed then is lost."""
    run = "import atexit; atexit.register(print, 'taken apart', flush=True); print('x' * 5000, end='')"
    assert called(cloud, code, {"run": run}).ok
    assert (code / "log").read_text() == "x" * 5000


@pytest.mark.parametrize("package", ["pandas", "grpc"])
def test_an_ingest_has_no_package_that_is_in_none_of_its_layers(package: str, cloud: Cloud, code: Path) -> None:
    """pyarrow imports pandas with its first array where it is, and Google's client gRPC; both go without."""
    assert called(
        cloud, code, {"run": "import pyarrow, sys; pyarrow.array(['a']); assert 'pandas' not in sys.modules"}
    ).ok
    done = called(cloud, code, {"run": f"import {package}"})
    assert done.error is not None
    assert done.error["errorType"] == "ModuleNotFoundError"


def test_a_function_is_killed_at_its_timeout(cloud: Cloud, code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    function = cloud.stack.function("ingest_apply")
    monkeypatch.setitem(cloud.stack.functions, "IngestApplyFunction", replace(function, timeout=2))
    done = called(cloud, code, {"sleep": 30})
    assert done.error is not None
    assert done.error["errorMessage"].endswith("timed out after 2 seconds")


def test_its_peak_memory_is_its_own(cloud: Cloud, code: Path) -> None:
    ours = bytearray(b"x" * 300_000_000)
    small = called(cloud, code, {}).peak_mb
    large = called(cloud, code, {"hold": 200_000_000}).peak_mb
    del ours
    assert small < 150
    assert large - small > 150
