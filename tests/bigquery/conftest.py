"""Ingests that read BigQuery: recorded answers, or the emulator."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from placements_kpi import ingest
from placements_kpi.observability import metrics
from placements_kpi.sources import Warehouse
from tests.bigquery.recorded import Recorded, serve
from tests.ingest.conftest import place as place  # a fixture for this folder too

if TYPE_CHECKING:
    from placements_kpi.sources import Feed, Source
    from tests.ingest.conftest import Place


class Reading:
    """A place that reads recorded answers, with queries that say no more than which table they are for."""

    def __init__(self, place: Place, recorded: Recorded, queries: Path) -> None:
        self.place = place
        self.recorded = recorded
        self._queries = queries

    def source(self, name: str) -> Source:
        source: Source = importlib.import_module(f"functions.ingest_{name}.app").SOURCE
        for feed in source.feeds:
            (self._queries / f"{feed.name}.sql").write_text(
                f"SELECT * /* {feed.name} */ FROM `{name}.{feed.name}_latest` AS newest\n"
            )
        absent = frozenset({"rejection_reason_ids"}) if name == "apply" else frozenset()
        return dataclasses.replace(source, warehouse=Warehouse(self._queries, {name: name}, absent))

    def feed(self, name: str, feed: str) -> Feed:
        return next(one for one in self.source(name).feeds if one.name == feed)

    def ingest(self, name: str, event: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
        where = {"source_location": "bigquery://dfe-test/dataform", "bigquery_endpoint": self.recorded.address}
        try:
            return ingest.run(self.source(name), self.place.settings(name, **(where | changes)), event or {})
        finally:
            metrics.clear_metrics()


@pytest.fixture
def reading(place: Place, tmp_path: Path) -> Iterator[Reading]:
    queries = tmp_path / "queries"
    queries.mkdir()
    with serve() as recorded:
        yield Reading(place, recorded, queries)
