"""Whole runs from raw drops: the real ingests read what a test wrote as a service would, then the real KPIs."""

from __future__ import annotations

import importlib
import json
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from functions.compute_kpis.catalogue import loading
from placements_kpi import ingest
from placements_kpi.observability import metrics
from placements_kpi.settings import SOURCES, IngestSettings
from tests.compute import stack
from tests.ingest import drops
from tests.schools import extracts

if TYPE_CHECKING:
    import pytest

KEY = "local-0123456789-abcdefghijklmnop"


class Drops:
    """A folder of drops, and a clock that stands on the morning after the day that is asked about."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self._monkeypatch = folder, monkeypatch
        secret = stack.client("secretsmanager").create_secret(Name="key", SecretString=json.dumps({"key": KEY}))
        self._secret = secret["ARN"]

    def at(self, day: date) -> None:
        """Set the clock to the morning after ``day``."""
        self._monkeypatch.setenv("CLOCK", f"{day + timedelta(days=1)}T08:30:00+00:00")

    def take_in(self, source: str, day: date, **files: drops.Rows) -> None:
        """Write a drop of ``source`` of ``day`` and have its ingest read it."""
        drops.write_drop(self.folder / source, files, day=day.isoformat(), invented=True)
        self._ingest(source)

    def take_in_schools(self, day: date, *schools: extracts.Row) -> None:
        """The same for the two files of Get information about schools."""
        extracts.write_drop(self.folder / "schools", list(schools), day=day.isoformat())
        self._ingest("schools")

    def compute(self, day: date) -> dict[str, Any]:
        """Work out every KPI of the catalogue as of ``day``, and return what was released."""
        self.at(day)
        summary = stack.compute(loading.FOLDER, day)
        released: dict[str, Any] = stack.get_json(f"protected/{summary['release']}/results.json")
        return released

    def _ingest(self, source: str) -> None:
        app = importlib.import_module(f"functions.ingest_{source}.app")
        settings = {
            "stage": "local",
            "data_bucket": stack.BUCKET,
            "max_age_days": json.dumps(dict.fromkeys(SOURCES, 7)),
            "source_location": str(self.folder / source),
            "pseudonym_secret_arn": self._secret,
            "max_change_percent": 1000,
            "demonstration": True,
        }
        try:
            told = ingest.run(app.SOURCE, IngestSettings.model_validate(settings), {})
        finally:
            metrics.clear_metrics()
        assert told["outcome"] == "accepted", told
