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


@pytest.mark.parametrize("source", JSON_SOURCES)
def test_a_json_ingest_imports_neither_pandas_nor_awswrangler(source: str) -> None:
    root = Path(__file__).parents[2]
    code = (
        "import sys; sys.path[:0] = ['.', 'layers/core']; "
        f"import functions.ingest_{source}.app; "
        "print(sorted({'pandas', 'awswrangler'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
