"""Rows of BigQuery are read in batches: beyond Google's client, an ingest takes no more memory than for a drop."""

from __future__ import annotations

from pathlib import Path

from local.lambdas import SOURCE_TREE, SourceTree
from tests.bigquery import peaks


def test_memory_is_as_for_a_drop(tmp_path: Path) -> None:
    found = peaks.measure(SOURCE_TREE, SourceTree(peaks.copied(tmp_path / "with_client")), tmp_path)
    assert 0.95 < found.ratio < 1.05, found
