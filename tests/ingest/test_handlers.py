"""The handlers as Lambda calls them, what they import, and what they measure."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from placements_kpi.settings import SettingsError
from tests.ingest.conftest import BUCKET, Place
from tests.ingest.drops import choices

ROOT = Path(__file__).parents[2]
JSON_SOURCES = ("apply", "register", "placements", "vacancies", "providers")


@dataclass
class Context:
    function_name: str = "ingest_apply"
    memory_limit_in_mb: int = 1024
    invoked_function_arn: str = "arn:aws:lambda:eu-west-2:123456789012:function:ingest_apply"
    aws_request_id: str = "request"


def test_a_handler_returns_json_and_reports_metrics(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place.drop("apply", {"application_choices": choices(3)})
    environment = {
        "DATA_BUCKET": BUCKET,
        "MAX_AGE_DAYS": '{"apply": 3}',
        "SOURCE_LOCATION": str(place.location("apply")),
        "SOURCE_SECRET_ARN": "",
        "PSEUDONYM_SECRET_ARN": place.secret_arn,
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    handler: Any = import_module("functions.ingest_apply.app").lambda_handler
    summary = handler({}, Context())
    assert json.loads(json.dumps(summary))["outcome"] == "accepted"
    sent = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    assert [(one["source"], one["SourceAgeHours"]) for one in sent] == [("apply", [10.5])]


def test_missing_settings_are_named(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_AGE_DAYS", "{}")
    handler: Any = import_module("functions.ingest_apply.app").lambda_handler
    with pytest.raises(SettingsError, match="DATA_BUCKET, SOURCE_LOCATION"):
        handler({}, Context())


FUNCTIONS = sorted(app.parent.name for app in (ROOT / "functions").glob("*/app.py"))


def found_after(module: str, expression: str) -> str:
    """Return what ``expression`` prints in a new process that has imported ``module`` and nothing else of ours."""
    code = f"import sys; sys.path[:0] = ['.', 'layers/core']; import {module}; {expression}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("source", JSON_SOURCES)
def test_a_json_ingest_imports_neither_pandas_nor_awswrangler(source: str) -> None:
    imported = "print(sorted({'pandas', 'awswrangler'} & set(sys.modules)))"
    assert found_after(f"functions.ingest_{source}.app", imported) == "[]"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_garbage_is_looked_for_seldom_while_a_function_is_imported(function: str) -> None:
    """Python's own 700 looked 249 times while compute_kpis imported pandas, an eighth of what its imports took."""
    looks = "import gc; print(sum(generation['collections'] for generation in gc.get_stats()))"
    assert int(found_after(f"functions.{function}.app", looks)) < 100


def test_an_ingest_builds_no_model_before_it_needs_it() -> None:
    built = (
        "from pydantic import BaseModel; print(sorted(model.__name__ for model in BaseModel.__subclasses__() "
        "if model.__module__.startswith('placements_kpi') and model.__pydantic_complete__))"
    )
    assert found_after("functions.ingest_service.app", built) == "[]"
