"""The pipeline in this process: the real handlers of ingests, computation and publisher over an AWS of moto."""

from __future__ import annotations

import importlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import boto3
from moto import mock_aws

from functions.compute_kpis import app as compute_kpis
from functions.publish_site import app as publish_site
from local import athena
from placements_kpi.results import Protected, Results
from placements_kpi.settings import SOURCES
from tests.compute import stack
from tests.faults.place import CONTEXT, ENVIRONMENT
from tests.ingest import drops
from tests.schools import extracts

if TYPE_CHECKING:
    from tests.chains.records import Record, World

PEOPLE = ("apply", "register", "placements", "vacancies")
KEYS = ("local-0123456789-abcdefghijklmnop", "local-9876543210-zyxwvutsrqponmlk")


class Pipeline:
    """One stack: what was dropped into it, and what it published."""

    def __init__(self, world: World, folder: Path, base: int) -> None:
        self.world, self.folder, self.base = world, folder, base
        self.secrets = boto3.client("secretsmanager")
        self.pseudonyms = str(self.secrets.create_secret(Name="pseudonym", SecretString="{}")["ARN"])
        self.erasure = str(self.secrets.create_secret(Name="erasure", SecretString='{"people": []}')["ARN"])
        self.key(KEYS[0])

    def key(self, key: str) -> None:
        """Put a key of pseudonyms into its secret."""
        self.secrets.put_secret_value(SecretId=self.pseudonyms, SecretString=json.dumps({"key": key}))

    def ingest(self, day: date) -> None:
        """Drop what the services know on a day, and run the ingests."""
        os.environ["CLOCK"] = f"{day}T23:00:00+00:00"
        for source, files in self.world.files(day).items():
            self._drop(source, day, files)
        for source in SOURCES:
            self._handle(source, {})

    def rekey(self, key: str) -> None:
        """Key everybody anew, as an operator does."""
        self.key(key)
        for source in PEOPLE:
            self._handle(source, {"action": "rekey"})

    def new_rounding_key(self, key: str) -> None:
        """Round with another key from now on."""
        self.secrets.put_secret_value(SecretId=stack.ROUNDING_SECRET, SecretString=json.dumps({"key": key}))

    def erase(self, trn: str) -> None:
        """Erase somebody, as an operator does."""
        people = {"people": [{"type": "trn", "identifier": trn}]}
        self.secrets.put_secret_value(SecretId=self.erasure, SecretString=json.dumps(people))
        for source in ("register", "placements", "vacancies"):
            self._handle(source, {"action": "erase"})

    def release(self, day: date) -> tuple[str, Protected, Results, Path]:
        """Compute and publish as at a day; return the release, its document, the exact results, and the site."""
        os.environ["CLOCK"] = f"{day}T23:30:00+00:00"
        os.environ.update(stack.environment())
        os.environ["DISCLOSURE"] = json.dumps(json.loads(os.environ["DISCLOSURE"]) | {"base": self.base})
        done: dict[str, Any] = compute_kpis.lambda_handler({"as_of": day.isoformat()}, CONTEXT)
        assert done["outcome"] in {"ok", "partial"}, done
        os.environ |= {"SERVICE_HOST": "localhost", "UNAPPROVED_LIMITS": "show"}
        publish_site.lambda_handler({}, CONTEXT)
        document = Protected.model_validate(stack.get_json(f"protected/{done['release']}/results.json"))
        truth = Results.model_validate(stack.get_json(f"results/{done['run_id']}/results.json"))
        return done["release"], document, truth, self._site()

    def _drop(self, source: str, day: date, files: dict[str, list[Record]]) -> None:
        location = self.folder / "drops" / source
        if source == "schools":
            extracts.write_drop(location, list(files["schools"]), [], day=day.isoformat())
            return
        drops.write_drop(location, dict(files), day=day.isoformat(), tables=source == "service", invented=True)

    def _handle(self, source: str, event: dict[str, Any]) -> None:
        people = source in PEOPLE
        os.environ |= {
            "DATA_BUCKET": stack.BUCKET,
            "MAX_AGE_DAYS": json.dumps(dict.fromkeys(SOURCES, 7)),
            "SOURCE_LOCATION": str(self.folder / "drops" / source),
            "PSEUDONYM_SECRET_ARN": self.pseudonyms if people else "",
            "ERASURE_SECRET_ARN": self.erasure if people else "",
            "DEMONSTRATION": "true",
            "MAX_CHANGE_PERCENT": "100",  # the worlds are small
        }
        importlib.import_module(f"functions.ingest_{source}.app").lambda_handler(event, CONTEXT)

    def _site(self) -> Path:
        """Return a copy of the page as it stands."""
        site = Path(tempfile.mkdtemp(dir=self.folder, prefix="site-"))
        s3 = boto3.client("s3")
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=stack.SITE):
            for item in page.get("Contents", []):
                path = site / item["Key"]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(s3.get_object(Bucket=stack.SITE, Key=item["Key"])["Body"].read())
        return site


@contextmanager
def opened(world: World, folder: Path, base: int) -> Iterator[Pipeline]:
    """Give a stack with nothing in it."""
    (folder / "athena").mkdir(parents=True)
    with (
        patch.dict(os.environ, ENVIRONMENT),
        mock_aws(),
        patch.object(boto3, "DEFAULT_SESSION", None),
        athena.install(folder / "athena"),
    ):
        os.environ.pop("AWS_ENDPOINT_URL", None)
        stack.client.cache_clear()
        stack.create()
        boto3.client("s3").put_bucket_versioning(Bucket=stack.BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield Pipeline(world, folder, base)
    stack.client.cache_clear()
