"""How much memory an ingest takes that reads BigQuery, beside one that reads the same rows as a drop.

Each in a process of its own, as on Lambda. BigQuery is the recorded one (:mod:`tests.bigquery.recorded`), which is in
the test's own process.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from functions.ingest_register.app import SOURCE
from local.cloud import Cloud, open_cloud
from local.lambdas import ROOT, Code, call, call_with
from local.template import load_stack
from local.world import secrets
from tests.bigquery.recorded import result, serve
from tests.https.facts import trainee
from tests.ingest.drops import write_drop

ROWS = 30_000
"""A third of the country's trainees: thirty pages."""
FOLDER = "ingest_register"
_DROPS = "local-drops"
_DAY = {"CLOCK": "2026-07-15T08:30:00Z"}

IMPORTING = """
import functions.ingest_register.app

def lambda_handler(event, context):
    if event["client"]:
        import google.auth.aws
        import google.cloud.bigquery
"""


@dataclass(frozen=True)
class Peaks:
    """Peak memory in MB."""

    drop: float
    bigquery: float
    client: float
    """What Google's client takes by being imported."""

    @property
    def ratio(self) -> float:
        """Of what is read, over a drop: without the client itself."""
        return (self.bigquery - self.client) / self.drop

    def __str__(self) -> str:
        return f"drop {self.drop:.0f} MB, BigQuery {self.bigquery:.0f} MB, of which the client {self.client:.0f} MB"


def measure(code: Code, with_client: Code, scratch: Path) -> Peaks:
    """Return the peaks of ``code``; ``with_client`` is the same with the module :data:`IMPORTING`."""
    stack = load_stack()
    function = replace(stack.function(FOLDER), handler=f"functions.{FOLDER}.importing.lambda_handler")
    imports = [call_with(function, {"client": wanted}, {}, scratch / "log", with_client) for wanted in (False, True)]
    assert all(done.ok for done in imports), imports
    rows = [trainee(number) for number in range(1, ROWS + 1)]
    write_drop(scratch / "register", {"trainees": list(rows)}, zipped=True)
    with open_cloud(stack, secrets(stack, {})) as cloud:
        s3 = cloud.client("s3")
        s3.create_bucket(Bucket=_DROPS, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
        for path in (scratch / "register").rglob("*.*"):
            s3.upload_file(str(path), _DROPS, str(path.relative_to(scratch)))
        drop = _peak(cloud, code, scratch, SOURCE_LOCATION=f"s3://{_DROPS}/register")
    with open_cloud(stack, secrets(stack, {})) as cloud, serve() as recorded:
        recorded.answers = {"trainees": result(SOURCE.feeds[0], rows)}
        where = {"SOURCE_LOCATION": "bigquery://dfe-test/dataform", "BIGQUERY_ENDPOINT": recorded.address}
        bigquery = _peak(cloud, code, scratch, **where)
    return Peaks(drop, bigquery, imports[1].peak_mb - imports[0].peak_mb)


def _peak(cloud: Cloud, code: Code, scratch: Path, **settings: str) -> float:
    done = call(cloud, FOLDER, {}, _DAY | settings, scratch / "log", code=code)
    assert done.ok, done.error
    assert done.result["tables"][0]["kept"] == ROWS
    return done.peak_mb


def copied(folder: Path, task: Path = ROOT) -> Path:
    """Return a copy of the function of ``task`` in ``folder``, with the module ``importing``."""
    shutil.copytree(task / "functions" / FOLDER, folder / "functions" / FOLDER)
    (folder / "functions" / "__init__.py").touch()
    (folder / "functions" / FOLDER / "importing.py").write_text(IMPORTING, encoding="utf-8")
    return folder
