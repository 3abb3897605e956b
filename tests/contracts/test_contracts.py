"""Our readers and our stand-ins against what the services' sources say (docs/contracts.md)."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import urllib3

from functions.ingest_schools.establishments import FIELDS as SCHOOL_FIELDS
from functions.ingest_schools.extract import Extract
from functions.ingest_schools.links import FIELDS as LINK_FIELDS
from local.standins import serve
from placements_kpi import fields
from placements_kpi.lists import mapping
from placements_kpi.settings import SOURCES
from placements_kpi.sources import SourceFile
from tests.contracts.kit import Contract, contracts
from tests.https.facts import course, provider, trainee
from tests.ingest.drops import write_drop
from tests.ingest.test_codes import MAKE
from tests.schools.extracts import HEADERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.standins import Standins
    from tests.ingest.conftest import Place

CONTRACTS = contracts()
TABLE = Path(__file__).parents[2] / "docs" / "contracts.md"
SERVED_AS = {"register": "register", "publish": "providers"}
"""Contract of a service with an interface that we read, and the stand-in for it."""


def shapes(kind: str) -> list[Any]:
    return [
        pytest.param(contract, shape, id=f"{contract.name}-{number}")
        for contract in CONTRACTS
        for number, shape in enumerate(contract.shapes(kind))
    ]


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.name)
def test_a_contract_says_what_was_read_and_when(contract: Contract) -> None:
    if contract.document:
        assert re.fullmatch(r"https://\S+", contract.document) and contract.version
        assert not contract.repository + contract.commit
    else:
        assert re.fullmatch(r"[\w-]+/[\w.-]+", contract.repository)
        assert re.fullmatch("[0-9a-f]{40}", contract.commit)
    assert isinstance(contract.held_on, date)
    assert contract.said.keys() <= {"enum", "answer", "record", "file", "also"}
    for kind in contract.said.keys() - {"also"}:
        for shape in contract.shapes(kind):
            assert shape.get("files") or [shape["file"]]


@pytest.mark.parametrize(("contract", "shape"), shapes("enum"))
def test_every_value_of_the_service_is_on_our_list_and_what_we_have_beyond_is_explained(
    contract: Contract, shape: dict[str, Any]
) -> None:
    if "list" in shape:
        (file,) = contract.source.lists
        ours = set(mapping(file, shape["list"]))
    elif "figures" in shape:  # the service's values are our columns
        (counted,) = [one for one in contract.source.tables if one.name == shape["figures"]]
        ours = {column.name for column in counted.columns if column.kind == "integer"}
    else:
        table, name = shape["column"].split(".")
        (found,) = [one.column(name) for one in contract.source.tables if one.name == table]
        ours = set(found.codes or ())
    assert ours >= set(shape["values"])
    assert (ours > set(shape["values"])) == ("more" in shape)


@pytest.mark.parametrize(("contract", "shape"), shapes("record"))
def test_a_record_as_the_service_has_it_is_kept(place: Place, contract: Contract, shape: dict[str, Any]) -> None:
    record = json.loads(shape["example"]) | shape.get("beside", {})
    source = contract.source
    (feed,) = [one for one in source.feeds if one.name == shape["feed"]]
    read = {column.name for column in feed.table.columns if column.from_source} | fields.lists(feed).keys()
    assert not read - record.keys() - {"rejection_reason_ids", "discarded_at"}, "a field that we read is not there"
    files = {one.name: [record] if one is feed else [MAKE[one.table.name][1](1)] for one in source.feeds}
    place.drop(source.name, files)
    summary = place.ingest(source.name)
    assert all(not table["refused"] and not table["unknown_codes"] for table in summary["tables"])
    (row,) = place.table(source.name, feed.table.name)
    assert {name: row[name] for name in shape["kept"]} == shape["kept"]
    texts = {text for text in record.values() if isinstance(text, str) and " " in text}
    assert not texts & {value for name, value in row.items() if isinstance(value, str) and name != "name"}


@pytest.fixture
def standins(tmp_path: Path) -> Iterator[Standins]:
    write_drop(tmp_path / "register", {"trainees": [trainee(number, ukprn="10000001") for number in range(3)]})
    write_drop(tmp_path / "providers", {"providers": [provider("1AB")], "courses": [course("X101", "1AB")]})
    with serve(tmp_path, rate=(1000, 60.0), current_cycle=2025) as served:
        yield served


@pytest.mark.parametrize(("contract", "shape"), shapes("answer"))
def test_a_stand_in_answers_as_the_service_does(
    standins: Standins, contract: Contract, shape: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOCK", "2026-07-15T08:30:00+00:00")
    name = SERVED_AS[contract.name]
    token = shape.get("token") or next(iter(standins.tokens(name)), None)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with urllib3.PoolManager(retries=False) as pool:
        answer = pool.request("GET", standins.locations[name] + shape["ask"], headers=headers)
    assert answer.status == shape["status"]
    if "body" in shape:
        assert answer.json() == json.loads(shape["body"])
    if "keys" in shape:
        assert list(answer.json()) == shape["keys"]
    for place, keys in shape.get("inside", {}).items():
        assert list(answer.json()[place]) == keys


@pytest.mark.parametrize(("contract", "shape"), [one for one in shapes("record") if one.values[0].name in SERVED_AS])
def test_a_stand_in_serves_nothing_that_the_service_does_not(
    tmp_path: Path, contract: Contract, shape: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOCK", "2026-07-15T08:30:00+00:00")
    record = json.loads(shape["example"]) | shape.get("beside", {})
    others = {"providers": [provider("1AB")], "courses": []}
    files = {"register": {"trainees": [record]}, "providers": others | {shape["feed"]: [record]}}
    for name, rows in files.items():
        write_drop(tmp_path / name, rows)  # type: ignore[arg-type]  # rows as they are sent
    ask = next(one["ask"] for one in contract.shapes("answer") if shape["feed"] in one["ask"])
    with serve(tmp_path, rate=(1000, 60.0), current_cycle=2025) as served, urllib3.PoolManager(retries=False) as pool:
        name = SERVED_AS[contract.name]
        tokens = served.tokens(name)
        headers = {"Authorization": f"Bearer {tokens[0]}"} if tokens else {}
        (answered,) = pool.request("GET", served.locations[name] + ask, headers=headers).json()["data"]
    attributes = answered.get("attributes", answered)
    assert attributes.keys() <= json.loads(shape["example"]).keys()
    assert {name: attributes[name] for name in attributes.keys() & shape["kept"].keys()}.items() <= record.items()


@pytest.mark.parametrize(("contract", "shape"), shapes("file"))
def test_the_columns_that_others_read_are_in_our_headers_and_ours_are_found(
    tmp_path: Path, contract: Contract, shape: dict[str, Any]
) -> None:
    is_links = shape["name"].startswith("links")
    fields = {name: column for name, (column, _) in (LINK_FIELDS if is_links else SCHOOL_FIELDS).items()}
    header = shape["columns"] if is_links else HEADERS[135]
    assert set(shape["columns"]) <= set(header)
    path = tmp_path / shape["name"]
    path.write_bytes((",".join(f'"{name}"' for name in header) + "\r\n").encode(shape["encoding"]))
    extract = Extract(SourceFile(path.name, (path,)), fields)
    assert extract.encoding == shape["encoding"]
    assert set(fields.values()) <= set(header)


def test_the_table_of_the_document_is_these_contracts() -> None:
    rows = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if line.startswith("| `tests/contracts/")]
    for contract in CONTRACTS:
        begins = f"| `tests/contracts/{contract.name}.toml` |"
        found = [line for line in rows if line.startswith(begins)]
        assert len(found) == 1, (
            f"docs/contracts.md: add {begins} [{contract.service}]({contract.cited}) | {contract.held_on} | … |"
        )
        assert contract.cited in found[0]
        assert f"| {contract.held_on} |" in found[0]
    assert len(rows) == len(CONTRACTS)


def test_whoever_cites_a_service_cites_it_as_it_was_held() -> None:
    """A commit that is named in the code is one of these, so that nothing is held against two states of a service."""
    root = Path(__file__).parents[2]
    held = {contract.commit[:8] for contract in CONTRACTS if contract.commit}
    held |= {commit for contract in CONTRACTS for commit in contract.said.get("also", {}).values()}
    for folder in ("functions", "layers/core", "local/standins"):
        for path in [*root.glob(f"{folder}/**/*.py"), *root.glob(f"{folder}/**/*.sql")]:
            for cited in re.findall(r"\bat ([0-9a-f]{8})\b", path.read_text(encoding="utf-8")):
                assert cited in held, f"{path.name} cites {cited}"


def test_every_source_is_held_against_something() -> None:
    held = {contract.service for contract in CONTRACTS}
    assert held <= {*SOURCES}
    missing = sorted({*SOURCES} - held)
    assert not missing, (
        f"tests/contracts/: add <name>.toml with one [[record]] of {', '.join(missing)} "
        "(docs/adding-a-source.md, What is said of it)"
    )
