"""A source is one folder and one list: whatever else must know of it is held to both, and told what to add."""

from __future__ import annotations

import json
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from placements_kpi.settings import LISTED, SOURCES, IngestSettings, ListedSource
from placements_kpi.sources import GATES
from tests.sources import DECLARED, coded_of, people_of
from tests.template.test_promises import statements

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = sorted(path.parent.name.removeprefix("ingest_") for path in ROOT.glob("functions/ingest_*/app.py"))


@pytest.mark.parametrize("source", FOLDERS)
def test_a_source_with_a_folder_is_listed_with_the_tables_of_its_contract(source: str) -> None:
    declared = import_module(f"functions.ingest_{source}.app").SOURCE
    assert declared.name == source, f"functions/ingest_{source}/contract.py: SOURCE must be {source!r}, as the folder"
    tables = tuple(table.name for table in declared.tables)
    title = LISTED[source].title if source in LISTED else "<what the public reads>"
    should = ListedSource(title, tables, people_of(declared), coded_of(declared))
    assert LISTED.get(source) == should, f"layers/core/placements_kpi/settings.py, LISTED: add {source!r}: {should}"


def test_every_listed_source_has_a_folder() -> None:
    assert sorted(SOURCES) == FOLDERS, "functions/ingest_<source>/ and LISTED in settings.py differ"


@pytest.mark.parametrize("source", SOURCES)
def test_the_template_has_everything_that_a_source_needs(source: str, template: dict[str, Any]) -> None:
    name = source.title()
    wanted = {
        ("Parameters", f"{name}Writer"),
        ("Conditions", f"Has{name}Writer"),
        ("Resources", f"Ingest{name}Function"),
        ("Resources", f"Ingest{name}Logs"),
        ("Resources", f"Ingest{name}ErrorsAlarm"),
        ("Resources", f"{name}TooOldAlarm"),
    }
    if DECLARED[source].warehouse or DECLARED[source].fetch:
        wanted |= {("Parameters", f"{name}Location"), ("Conditions", f"Has{name}Location")}
    missing = sorted(f"{section}: {entry}" for section, entry in wanted if entry not in template[section])
    assert not missing, f"template.yaml: add, like their neighbours, {', '.join(missing)} (docs/adding-a-source.md)"
    (rule,) = template["Rules"]["OnlyOurOwnBucketHasWriters"]["Assertions"]
    assert f"{name}Writer" in json.dumps(rule), f"template.yaml, OnlyOurOwnBucketHasWriters: add {name}Writer"


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_has_a_greatest_age(source: str, stack: Any) -> None:
    ages = json.loads(stack.function("compute_kpis").environment["MAX_AGE_DAYS"])
    assert source in ages, f'template.yaml, Globals: add "{source}":7 to MAX_AGE_DAYS'


def test_every_limit_of_a_gate_is_one_that_a_source_can_declare() -> None:
    limits = {name for name in IngestSettings.model_fields if name.startswith(("min_", "max_"))}
    assert limits - {"max_age_days", "max_bytes_billed"} == {*GATES}


@pytest.mark.parametrize("source", SOURCES)
def test_the_gates_of_a_source_are_those_that_it_declares(source: str, stack: Any) -> None:
    environment, function = stack.function(f"ingest_{source}").environment, f"Ingest{source.title()}Function"
    limits = {name: float(environment[name.upper()]) for name in GATES if name.upper() in environment}
    declared = dict(DECLARED[source].gates)
    assert limits == declared, (
        f"template.yaml, {function}: its Environment sets the gates {limits}, and functions/ingest_{source}/app.py "
        f"declares gates={declared}"
    )
    assert {*declared} <= {*GATES}, f"functions/ingest_{source}/app.py: gates has a name that is no gate's setting"


@pytest.mark.parametrize("source", SOURCES)
def test_an_ingest_is_told_what_its_transports_and_people_need_and_nothing_else(
    source: str, stack: Any, resolved: dict[str, dict[str, Any]]
) -> None:
    declared, function = DECLARED[source], f"Ingest{source.title()}Function"
    people, warehouse = bool(people_of(declared)), bool(declared.warehouse)
    needs = {
        "PSEUDONYM_SECRET_ARN": people,
        "ERASURE_SECRET_ARN": people,
        "GOOGLE_IDENTITY_PROVIDER": warehouse,
        "GOOGLE_SERVICE_ACCOUNT": warehouse,
        "MAX_BYTES_BILLED": warehouse,
    }
    environment = stack.function(f"ingest_{source}").environment
    said = {name: name in environment for name in needs}
    assert said == needs, f"template.yaml, {function}: its Environment and what {source} declares differ"
    carries = "GoogleLayer" in json.dumps(resolved[function]["Properties"]["Layers"])
    assert carries is warehouse, f"template.yaml, {function}: GoogleLayer is for a source with a warehouse"
    allowed = json.dumps(statements(resolved, function))
    for what, needed in (("PseudonymSecret", people), ("ErasureSecret", people), (f"erasures/{source}/*", people)):
        assert (what in allowed) is needed, f"template.yaml, {function}: {what} is for a source with people"


@pytest.mark.parametrize("source", SOURCES)
def test_the_contract_of_drops_names_the_files_of_a_source(source: str) -> None:
    page = (ROOT / "docs/drops.md").read_text(encoding="utf-8").split("## Files")[1].split("\n## ")[0]
    row = re.search(rf"^\| `{source}` \|.*$", page, re.MULTILINE)
    files = [f"`{feed.name}.ndjson`" for feed in DECLARED[source].feeds if not feed.file_pattern]
    assert row, f"docs/drops.md, Files: add | `{source}` | {', '.join(files)} | full |"
    assert re.findall(r"`\w+\.ndjson`", row[0]) == files
