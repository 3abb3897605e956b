"""The Glue tables are those of the contracts: neither can change without the other."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from placements_kpi.settings import SOURCES
from placements_kpi.tables import Table, glue_columns

CONTRACTS = [importlib.import_module(f"functions.ingest_{source}.contract") for source in SOURCES]
CONTRACTS.append(importlib.import_module("functions.compute_kpis.contract"))
TABLES: list[Table] = [table for contract in CONTRACTS for table in contract.TABLES]


def test_the_template_declares_every_curated_table_and_no_other(stack: Any) -> None:
    assert set(stack.tables) == {table.name for table in TABLES}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: str(table.name))
def test_a_glue_table_has_the_columns_of_its_contract(table: Table, stack: Any) -> None:
    declared = stack.tables[table.name]["StorageDescriptor"]["Columns"]
    assert declared == glue_columns(table), (
        f"template.yaml and the contract of {table.name} differ: copy the columns of the contract, in its order"
    )


@pytest.mark.parametrize("table", TABLES, ids=lambda table: str(table.name))
def test_a_glue_table_is_partitioned_by_projection_and_never_crawled(
    table: Table, stack: Any, template: dict[str, Any]
) -> None:
    declared = stack.tables[table.name]
    assert declared["PartitionKeys"] == [{"Name": "snapshot", "Type": "string"}]
    assert declared["Parameters"]["projection.enabled"] == "true"
    assert declared["Parameters"]["projection.snapshot.type"] == "injected"
    assert declared["Parameters"]["storage.location.template"] == (
        f"s3://{stack.data_bucket}/snapshots/{table.name}/snapshot=${{snapshot}}/"
    )
    kinds = {body["Type"] for body in template["Resources"].values()}
    assert not [kind for kind in kinds if kind in ("AWS::Glue::Crawler", "AWS::Glue::Partition")]


def test_an_ingest_may_write_its_tables(stack: Any, resolved: dict[str, dict[str, Any]]) -> None:
    for source, contract in zip(SOURCES, CONTRACTS, strict=False):
        role = resolved[f"Ingest{source.title()}FunctionRole"]["Properties"]
        allowed = str(role["Policies"])
        for table in contract.TABLES:
            assert f"{stack.data_bucket}/snapshots/{table.name}/*" in allowed, f"{source} may not write {table.name}"
