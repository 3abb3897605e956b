"""A small world for whole compute runs: AWS in this process, snapshots made of hand-written rows, two KPIs."""

from __future__ import annotations

import hashlib
import importlib
import io
import json
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq

from functions.compute_kpis import run
from functions.compute_kpis.contract import TABLES as COMPUTED
from local.intrinsics import REGION
from placements_kpi import manifests, store
from placements_kpi.costs import PUBLIC_KEY
from placements_kpi.facts import TableFacts
from placements_kpi.settings import SOURCES, ComputeSettings
from placements_kpi.tables import Table, arrow_schema, glue_columns
from tests import memory

if TYPE_CHECKING:
    import pytest

KPIS = Path(__file__).parent / "kpis"
BUCKET = "data"
SITE = "site"
DATABASE = "kpis"
WORKGROUP = "kpis"
ROUNDING_SECRET = "rounding-key"
ROUNDING_KEY = "local-" + "abcdefghij" * 4
D = date(2026, 7, 14)
TABLES: dict[str, tuple[Table, ...]] = {
    source: importlib.import_module(f"functions.ingest_{source}.contract").TABLES for source in SOURCES
}

NOTED = {"allocations_of_school_without_activity": 4}

Row = Mapping[str, Any]


@cache
def client(service: Any) -> Any:
    """Return a client, one for each test: making one takes longer than using it."""
    return boto3.client(service)


def settings(**changed: Any) -> ComputeSettings:
    """Return settings of the test stack."""
    values: dict[str, Any] = {
        "stage": "local",
        "data_bucket": BUCKET,
        "site_bucket": SITE,
        "code_version": "test",
        "max_age_days": json.dumps(dict.fromkeys(SOURCES, 7)),
        "glue_database": DATABASE,
        "athena_workgroup": WORKGROUP,
        "disclosure": json.dumps(
            {
                "base": 5,
                "floor": 10,
                "percentage_floor": 25,
                "width": 5,
                "threshold": 10,
                "attempts": 6,
                "solver_seconds": 20,
                "few_accepted": True,
                "approved_by": "the tests",
                "approved_on": "2026-01-01",
            }
        ),
        "event_source": "the-test-stack",
        "rounding_secret_arn": ROUNDING_SECRET,
        "demonstration": True,
        "poll_seconds": 0.05,
    }
    return ComputeSettings.model_validate(values | changed)


def create() -> None:
    """Make buckets, tables, workgroup and the key of rounding, as the template does; nothing is in the buckets."""
    for bucket in (BUCKET, SITE):
        client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    client("athena").create_work_group(
        Name=WORKGROUP,
        Configuration={
            "EnforceWorkGroupConfiguration": True,
            "ResultConfiguration": {"OutputLocation": f"s3://{BUCKET}/athena/"},
            "BytesScannedCutoffPerQuery": 10_000_000,
        },
    )
    client("secretsmanager").create_secret(Name=ROUNDING_SECRET, SecretString=json.dumps({"key": ROUNDING_KEY}))
    client("glue").create_database(DatabaseInput={"Name": DATABASE})
    for table in [*COMPUTED, *(table for tables in TABLES.values() for table in tables)]:
        _declare(table)


def _declare(table: Table) -> None:
    """Declare a table in Glue as ``template.yaml`` does."""
    location = f"s3://{BUCKET}/snapshots/{table.name}/"
    client("glue").create_table(
        DatabaseName=DATABASE,
        TableInput={
            "Name": table.name,
            "PartitionKeys": [{"Name": "snapshot", "Type": "string"}],
            "Parameters": {
                "projection.enabled": "true",
                "projection.snapshot.type": "injected",
                "storage.location.template": location + "snapshot=${snapshot}/",
            },
            "StorageDescriptor": {"Columns": glue_columns(table), "Location": location},
        },
    )


def environment() -> dict[str, str]:
    """Return the environment that the template gives the function."""
    values = settings().model_dump(mode="json")
    return {name.upper(): value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}


def put_snapshot(
    source: str,
    as_of: date = D,
    *,
    number: int = 1,
    compression: str = "zstd",
    key_id: str | None = None,
    invented: bool = True,
    **rows: Sequence[Row],
) -> str:
    """Write a snapshot of ``source`` with these rows by table, and make it current; return its id."""
    snapshot = f"{as_of:%Y%m%d}-{number:012x}"
    facts, files, reaches = [], [], {}
    for table in TABLES[source]:
        schema = arrow_schema(table)
        if table.reaches and rows.get(table.name):
            reaches[table.name] = max(row[table.reaches] for row in rows[table.name])
        given = [{name: row.get(name) for name in schema.names} for row in rows.pop(table.name, ())]
        key = f"snapshots/{table.name}/snapshot={snapshot}/part-0.parquet"
        facts.append(_facts(table.name, len(given)))
        if not given:
            continue
        sink = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(given, schema=schema), sink, compression=compression, use_dictionary=False)
        body = sink.getvalue()
        client("s3").put_object(Bucket=BUCKET, Key=key, Body=body)
        digest = hashlib.sha256(body).hexdigest()
        files.append(manifests.File(table=table.name, key=key, bytes=len(body), sha256=digest))
    assert not rows, f"{source} has no tables {sorted(rows)}"
    manifest = manifests.Manifest(
        source=source,
        snapshot=snapshot,
        status="accepted",
        as_of=f"{as_of}T03:00:00Z",
        kind="full",
        previous=None,
        fetched={"invented": invented},
        contract="1",
        key_id=key_id,
        code_version="unreleased",
        tables=tuple(facts),
        filled={},
        reaches=reaches,
        notes=dict(NOTED),
        gates=manifests.Judgement(),
        files=tuple(files),
        quarantine=None,
    )
    put_json(manifests.key(source, snapshot), manifest.body())
    put_json(f"current/{source}.json", manifests.saying(manifest).model_dump())
    return snapshot


def _facts(table: str, kept: int) -> TableFacts:
    return TableFacts(table=table, rows_in=kept + 3, kept=kept, duplicates=1, refused={"wrong_type": 2})


def put_json(key: str, body: Any) -> None:
    """Write a JSON object."""
    client("s3").put_object(Bucket=BUCKET, Key=key, Body=store.canonical_json(body))


def get_json(key: str) -> Any:
    """Return a JSON object."""
    return store.read_json(client("s3"), BUCKET, key)


def objects(*prefixes: str) -> dict[str, str]:
    """Return the key and ETag of every object under the prefixes, but not of the costs: no two runs take as long."""
    return {
        item["Key"]: item["ETag"]
        for prefix in prefixes
        for item in client("s3").list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
        if item["Key"] != PUBLIC_KEY
    }


def choices(count: int, rejected: int, *, cycle: int = 2026, region: str | None = None, first: int = 0) -> list[Row]:
    """Return choices of ``count`` candidates sent in February of the cycle, the first of them rejected in March."""
    return [
        {
            "id": f"{cycle}-{first + number}",
            "candidate_id": f"candidate-{first + number}",
            "recruitment_cycle_year": cycle,
            "status": "rejected" if number < rejected else "recruited",
            "sent_to_provider_on": date(cycle, 2, 1),
            "rejected_on": date(cycle, 3, 1) if number < rejected else None,
            "provider_region_code": region,
        }
        for number in range(count)
    ]


def visits(**by_code: date | None) -> list[Row]:
    """Return the activity of providers: code and last sign-in."""
    return [{"provider_code": code, "last_signed_in_on": day} for code, day in by_code.items()]


def put_world(*, invented: bool = True) -> None:
    """Make every source current with a world that is easily counted by hand."""
    if memory.take():
        _put_world(invented)
    else:
        memory.once(f"compute, a world, {invented}", lambda: _put_world(invented))


def states(summary: dict[str, Any]) -> dict[str, str]:
    """Return the state of each KPI of a run."""
    return {kpi: facts["state"] for kpi, facts in summary["kpis"].items()}


def first_release(as_of: date = D) -> dict[str, Any]:
    """Put the world into empty buckets and run ``compute`` over it; return its summary."""

    def make() -> dict[str, Any]:
        put_world()
        return compute(as_of=as_of)

    return memory.once(f"compute, the first release, {as_of}", make)


def _put_world(invented: bool) -> None:
    put_snapshot(
        "apply",
        application_choices=[
            *choices(100, 41, region="E12000001"),
            *choices(40, 3, region="E12000002", first=100),
            *choices(50, 20, cycle=2025, first=1000),
        ],
        invented=invented,
    )
    put_snapshot(
        "placements",
        provider_activity=visits(A1=date(2026, 5, 1), A2=None, B1=date(2025, 9, 2), B2=date(2025, 6, 1)),
        invented=invented,
    )
    for source in ("register", "vacancies", "providers", "schools", "service"):
        put_snapshot(source, invented=invented)


def catalogue_of(folder: Path, *extra: Path) -> Path:
    """Copy the KPIs of the tests, and any others, into ``folder`` and return it."""
    shutil.copytree(KPIS, folder, dirs_exist_ok=True)
    for place in extra:
        shutil.copytree(place, folder / place.name)
    return folder


def compute(folder: Path = KPIS, as_of: date | None = D, **options: Any) -> dict[str, Any]:
    """Run ``compute`` over the KPIs of the tests."""
    given = options.pop("settings", None) or settings()
    return run.compute(given, as_of, folder=folder, **options)


def figures(document: Any, kpi: str, measure: str = "headline", breakdown: str = "national") -> list[dict[str, Any]]:
    """Return the figures of a results or protected document, in order."""
    (found,) = [item for item in document["kpis"] if item["id"] == kpi]
    return [figure for figure in found["figures"] if (figure["measure"], figure["breakdown"]) == (measure, breakdown)]


def newest(document: Any, kpi: str, measure: str = "headline", **cell: str) -> dict[str, Any]:
    """Return a measure's figure at its latest day; ``cell`` may be ``region="E12000001"``."""
    ((breakdown, category),) = cell.items() or (("national", "Total"),)
    found = [item for item in figures(document, kpi, measure, breakdown) if item["category"] == category]
    return max(found, key=lambda figure: figure["as_of"])


def kpi_of(document: Any, kpi: str) -> dict[str, Any]:
    """Return one KPI of a document."""
    (found,) = [item for item in document["kpis"] if item["id"] == kpi]
    return dict(found)


def numbers(figure: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    """Return numerator, denominator and value."""
    return figure["numerator"], figure["denominator"], figure["value"]


def drop_keys(keys: Iterable[str]) -> None:
    """Delete objects."""
    for key in keys:
        client("s3").delete_object(Bucket=BUCKET, Key=key)


def at_call(monkeypatch: pytest.MonkeyPatch, call: str, do: Callable[[], Any]) -> None:
    """Do something once, just before AWS is next asked for ``call``: ``athena.StartQueryExecution``."""
    real = boto3.Session.client
    done: list[str] = []

    def client_of(self: Any, service_name: Any, *given: Any, **more: Any) -> Any:
        made = real(self, service_name, *given, **more)
        made.meta.events.register(f"before-call.{call}", once)
        return made

    def once(**_: Any) -> None:
        if not done:
            done.append(call)
            do()

    monkeypatch.setattr(boto3.Session, "client", client_of)
