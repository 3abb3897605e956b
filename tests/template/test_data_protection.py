"""What docs/data-protection.md and the privacy page say about data is what the contracts and the template do."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from functions.compute_kpis.protection.record_counts import PERSON_TABLES
from placements_kpi.settings import SOURCES, Disclosure
from tests.template.test_promises import of_type

if TYPE_CHECKING:
    from placements_kpi.tables import Table

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs/data-protection.md").read_text(encoding="utf-8")


def tables() -> list[Table]:
    return [
        table for source in SOURCES for table in importlib.import_module(f"functions.ingest_{source}.contract").TABLES
    ]


def row(table: Table) -> str:
    """The line of the document about a table: what it keeps, what it keeps as a code, what is worked out."""

    def listed(names: list[str]) -> str:
        return ", ".join(f"`{name}`" for name in names) or "none"

    kept = [column.name for column in table.columns if column.from_source and not column.key]
    keyed = [column.name for column in table.columns if column.key]
    derived = [column.name for column in table.columns if not column.from_source and not column.key]
    return f"| `{table.name}` | {listed(kept)} | {listed(keyed)} | {listed(derived)} |"


def test_the_fields_kept_are_those_of_the_contracts() -> None:
    section = DOCUMENT.split("## Fields kept")[1].split("\n## ")[0]
    assert re.findall(r"^\| `.*\|$", section, re.MULTILINE) == [row(table) for table in tables()]


def test_the_tables_about_people_are_named() -> None:
    section = DOCUMENT.split("## Whose data")[1].split("\n## ")[0]
    assert set(re.findall(r"`([a-z_]+)`", section)) == PERSON_TABLES
    assert {table.name for table in tables() if any(column.key for column in table.columns)} <= PERSON_TABLES


def test_every_threshold_of_disclosure_control_is_explained_and_no_other() -> None:
    section = DOCUMENT.split("## Thresholds")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `([a-z_]+)` \|", section, re.MULTILINE)) == set(Disclosure.model_fields)


@pytest.mark.parametrize("prefix", ["snapshots/", "quarantine/", "athena/"])
def test_the_retention_is_that_of_the_template(prefix: str, resolved: dict[str, Any]) -> None:
    rules = [
        rule
        for bucket in of_type(resolved, "AWS::S3::Bucket").values()
        for rule in bucket["Properties"].get("LifecycleConfiguration", {}).get("Rules", [])
    ]
    days = {str(rule["ExpirationInDays"]) for rule in rules if rule.get("Prefix") == prefix}
    said = re.findall(rf"^\| `{prefix}` \| (.*?) \|", DOCUMENT, re.MULTILINE)
    assert len(said) == 1 and days
    assert days <= set(re.findall(r"\d+", said[0]))


def test_the_privacy_page_says_how_long_data_is_really_kept() -> None:
    template = (ROOT / "template.yaml").read_text(encoding="utf-8")
    kept = re.search(r"prod: \{.*SnapshotDays: (\d+)", template)
    gone = re.search(r"NoncurrentVersionExpiration: \{NoncurrentDays: (\d+)\}", template)
    assert kept and gone
    page = (ROOT / "site_templates/privacy.html").read_text(encoding="utf-8")
    assert f"deleted after {kept[1]} days, and for good {gone[1]} days after that" in page
