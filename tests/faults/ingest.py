"""Runs of the ingests: each reads drops in S3, as it does on AWS."""

from __future__ import annotations

import functools
import importlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import boto3

from functions.ingest_service.contract import LEVELS
from placements_kpi.errors import PlacementsKpiError
from placements_kpi.settings import SOURCES
from tests.faults.place import CONTEXT, DATA, DROPS, KEY
from tests.faults.scenarios import Scenario
from tests.ingest import drops
from tests.schools import extracts
from tests.sources import DECLARED, PEOPLE, record

OTHER_KEY = "local-9876543210-zyxwvutsrqponmlk"
OLD, NEW = "2026-07-13", "2026-07-14"
COUNT = 30


def _ndjson(**files: Callable[[int], dict[str, Any]]) -> Callable[[Path, str, int], Path]:
    def write(folder: Path, day: str, count: int) -> Path:
        rows: dict[str, drops.Rows] = {name: [make(n) for n in range(1, count + 1)] for name, make in files.items()}
        return drops.write_drop(folder, rows, day=day)

    return write


def _schools(folder: Path, day: str, count: int) -> Path:
    rows: list[extracts.Row] = [extracts.school(100000 + n) for n in range(1, count + 1)]
    return extracts.write_drop(folder, rows, [extracts.link(100001, 100002)], day=day)


def _service(folder: Path, day: str, count: int) -> Path:
    keys = [{"month": f"{2020 + n // 12}-{n % 12 + 1:02}", "service": "find_placement_schools"} for n in range(count)]
    rows: dict[str, drops.Rows] = {
        "transactions": [{**key, "channel": "digital", "started": 100, "completed": 90} for key in keys],
        "satisfaction": [{**key, **dict.fromkeys(LEVELS, 5)} for key in keys],
        "costs": [{**key, "category": "staff", "pounds": "100.00"} for key in keys],
    }
    return drops.write_drop(folder, rows, day=day, tables=True)


WRITERS: dict[str, Callable[[Path, str, int], Path]] = {
    "apply": _ndjson(application_choices=drops.choice),
    "register": _ndjson(trainees=drops.trainee),
    "placements": _ndjson(
        mentor_allocations=drops.allocation,
        school_activity=drops.school,
        provider_activity=lambda n: {"provider_code": f"{n}A", "onboarded": True},
    ),
    "vacancies": _ndjson(vacancies=drops.vacancy, applications=drops.application),
    "providers": _ndjson(
        providers=lambda n: {"code": f"P{n}", "recruitment_cycle_year": 2026},
        courses=lambda n: {"provider_code": f"P{n}", "code": "C", "recruitment_cycle_year": 2026},
    ),
    "schools": _schools,
    "service": _service,
}


def drop(source: str, day: str, count: int = COUNT) -> None:
    """Put a drop of that many records into the bucket of drops."""
    with tempfile.TemporaryDirectory() as folder:
        write = WRITERS.get(source) or _ndjson(
            **{feed.name: functools.partial(record, feed.table) for feed in DECLARED[source].feeds}
        )
        for path in sorted(write(Path(folder), day, count).iterdir()):
            key = f"{source}/dt={day}/{path.name}"
            boto3.client("s3").put_object(Bucket=DROPS, Key=key, Body=path.read_bytes())


def secret(name: str, value: dict[str, Any]) -> str:
    """Put a value into a secret and return its ARN."""
    manager, text = boto3.client("secretsmanager"), json.dumps(value)
    try:
        return str(manager.create_secret(Name=name, SecretString=text)["ARN"])
    except manager.exceptions.ResourceExistsException:
        return str(manager.put_secret_value(SecretId=name, SecretString=text)["ARN"])


def settle(source: str) -> None:
    """Set the environment of an ingest, as the template does, and its key."""
    people = source in PEOPLE
    os.environ |= {
        "DATA_BUCKET": DATA,
        "MAX_AGE_DAYS": json.dumps(dict.fromkeys(SOURCES, 7)),
        "SOURCE_LOCATION": f"s3://{DROPS}/{source}",
        "PSEUDONYM_SECRET_ARN": secret("pseudonym", {"key": KEY}) if people else "",
        "ERASURE_SECRET_ARN": "",
    }


def run(source: str, event: dict[str, Any] | None = None) -> dict[str, Any]:
    """Run an ingest undisturbed."""
    app = importlib.import_module(f"functions.ingest_{source}.app")
    done: dict[str, Any] = app.lambda_handler(event or {}, CONTEXT)
    return done


def nothing_yet(source: str) -> None:
    """There is a drop, and nothing is current."""
    settle(source)
    drop(source, NEW)


def a_newer_drop(source: str) -> None:
    """Yesterday's drop is current, and there is one of today with one record more."""
    settle(source)
    drop(source, OLD)
    run(source)
    drop(source, NEW, COUNT + 1)


def nothing_new(source: str) -> None:
    """What is current is what the newest drop holds."""
    nothing_yet(source)
    run(source)


def far_fewer(source: str) -> None:
    """The newest drop has half of the records: a gate refuses it."""
    settle(source)
    drop(source, OLD)
    run(source)
    drop(source, NEW, COUNT // 2)


def refused(source: str) -> None:
    """The same, and it has been refused; the operator knows the snapshot's id."""
    far_fewer(source)
    try:
        run(source)
    except PlacementsKpiError:
        return
    raise AssertionError("the drop was not refused")


def another_key(source: str) -> None:
    """What is current is keyed with a key that has been replaced."""
    nothing_new(source)
    secret("pseudonym", {"key": OTHER_KEY})


def someone_to_erase(source: str) -> None:
    """Two snapshots hold a person whom the erasure secret names; the bucket keeps versions, as the template has it."""
    a_newer_drop(source)
    run(source)
    person = {"type": "trn", "identifier": "3000003" if source == "placements" else "2000003"}
    os.environ["ERASURE_SECRET_ARN"] = secret("erasure", {"people": [person]})


def accept_refused() -> dict[str, Any]:
    """Return the event that accepts the snapshot of Apply that is stored and not current."""
    s3 = boto3.client("s3")
    listed = s3.list_objects_v2(Bucket=DATA, Prefix="manifests/apply/")["Contents"]
    current = json.loads(s3.get_object(Bucket=DATA, Key="current/apply.json")["Body"].read())["snapshot"]
    (found,) = {entry["Key"].split("/")[-1].removesuffix(".json") for entry in listed} - {current}
    return {"action": "accept", "snapshot": found}


def _of(source: str, what: str, prepare: Callable[[str], None], event: Any = None, **more: Any) -> Scenario:
    return Scenario(f"ingest_{source}", what, functools.partial(prepare, source), event or {}, **more)


def _scenarios() -> Iterable[Scenario]:
    for source in SOURCES:
        yield _of(source, "a newer drop", a_newer_drop)
        yield _of(source, "nothing new", nothing_new)
    yield _of("apply", "the first drop", nothing_yet)
    yield _of("apply", "a drop that is refused", far_fewer)
    yield _of("apply", "accept what was refused", refused, accept_refused)
    yield _of("apply", "another key", another_key, {"action": "rekey"})
    yield _of("register", "dry run", a_newer_drop, {"dry_run": True}, records=False)
    yield _of("register", "a given day", nothing_new, {"day": NEW})
    yield _of("register", "erase", someone_to_erase, {"action": "erase"})
    yield _of("placements", "erase", someone_to_erase, {"action": "erase"})


SCENARIOS = tuple(_scenarios())
