"""What "sam build" made is run as on Lambda, and does what the source tree does. Run by "make built"."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from local.bigquery import storable
from local.lambdas import SOURCE_TREE, Code, call_with
from local.record import record_of
from local.run import open_run
from local.stages import COMPUTE, INGESTS, PUBLISH, run_all
from local.state import open_state
from local.template import load_stack
from tests.bigquery import peaks
from tests.template import pins

if TYPE_CHECKING:
    from local.cloud import Cloud
    from local.sandbox import Built
    from local.world import World

DROPS = "local-drops"

pytestmark = pytest.mark.built


@dataclass(frozen=True)
class Outcome:
    """What a run left: how its stages ended, its record, and every public file."""

    errors: dict[str, str | None]
    record: dict[str, Any]
    site: dict[str, bytes]


def drops_in_s3(cloud: Cloud, world: World) -> dict[str, str]:
    """Put the drops of a world into a bucket, as the owning teams would; return where they are, by source."""
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=DROPS, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    for path in world.sources.glob("*/dt=*/*"):
        s3.upload_file(str(path), DROPS, str(path.relative_to(world.sources)))
    return {folder.name: f"s3://{DROPS}/{folder.name}" for folder in world.sources.iterdir() if folder.is_dir()}


def ran(world: World, build: Path, code: Code, *, drops: bool) -> Outcome:
    """Run all stages with ``code``; with ``drops``, drops are read from S3 as on AWS, not from a folder."""
    with (
        open_state(build, world.sources, fresh=True) as state,
        open_run(world, load_stack(), state, build) as run,
    ):
        run.code = code
        if drops:
            run.locations = drops_in_s3(run.cloud, world) | run.locations
        run_all(run)
        bucket = run.cloud.bucket(run.cloud.stack.site_bucket)
        return Outcome(
            {stage.name: stage.error for stage in run.stages},
            record_of(run, 0.0),
            {key: bytes(bucket.keys[key].value) for key in list(bucket.keys)},
        )


@pytest.fixture(scope="session")
def outcomes(world: World, built: Built, tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, Outcome]:
    """The same world through what was built and through the source tree."""
    folder = tmp_path_factory.mktemp("outcomes")
    return (
        ran(world, folder / "built", built, drops=True),
        ran(world, folder / "tree", SOURCE_TREE, drops=False),
    )


def test_all_eight_handlers_do_their_work_from_what_was_built(outcomes: tuple[Outcome, Outcome]) -> None:
    built, _ = outcomes
    assert built.errors == dict.fromkeys([*INGESTS, COMPUTE, PUBLISH])
    assert built.record["ok"], built.record


def test_it_asks_just_the_services_that_the_layer_of_the_sdk_describes(outcomes: tuple[Outcome, Outcome]) -> None:
    built, _ = outcomes
    asked = {kind.split()[0] for kind in built.record["requests"]}
    assert asked - {"sqs"} == pins.services()  # sqs is asked by the local stack, in the place of EventBridge


def test_it_takes_the_same_snapshots_as_the_source_tree(outcomes: tuple[Outcome, Outcome]) -> None:
    built, tree = ({name: one["snapshot"] for name, one in each.record["sources"].items()} for each in outcomes)
    assert all(built.values())
    assert built == tree
    assert outcomes[0].record["snapshots"] == outcomes[1].record["snapshots"]


def test_it_publishes_the_same_release_as_the_source_tree_byte_by_byte(outcomes: tuple[Outcome, Outcome]) -> None:
    built, tree = outcomes
    assert built.record["release"]
    assert built.record["release"] == tree.record["release"]
    assert set(built.site) == set(tree.site)
    assert "index.html" in built.site
    # What the pages cost is told from the seconds and bytes of that very run.
    assert {key for key in built.site if built.site[key] != tree.site[key]} <= {"costs/index.html"}


CLIENT = """
from placements_kpi.bigquery import _client
from placements_kpi.settings import IngestSettings

def lambda_handler(event, context):
    client = _client(IngestSettings.model_validate(event), "dfe-test")
    return {"client": type(client).__name__, "credentials": type(client._credentials).__module__}
"""


@pytest.mark.parametrize("source", storable.SOURCES)
def test_a_function_that_reads_bigquery_has_the_client_and_all_that_it_needs(
    source: str, built: Built, tmp_path: Path
) -> None:
    """It is imported by nothing that a run over drops does."""
    folder = f"ingest_{source}"
    code = tmp_path / "code"
    shutil.copytree(built.task[folder], code)
    assert list((code / "functions" / folder / "queries").glob("*.sql"))
    (code / "functions" / folder / "client_of_bigquery.py").write_text(CLIENT, encoding="utf-8")
    function = replace(load_stack().function(folder), handler=f"functions.{folder}.client_of_bigquery.lambda_handler")
    where = {"AWS_REGION": "eu-west-2"}
    pool = "projects/1/locations/global/workloadIdentityPools/p/providers/aws"
    settings = {"data_bucket": "b", "source_location": "bigquery://p/d", "max_age_days": "{}"}
    asked = settings | {"google_identity_provider": pool, "google_service_account": "r@p.iam.gserviceaccount.com"}
    done = call_with(function, asked, where, tmp_path / "log", replace(built, task={folder: code}))
    assert done.ok, done.error
    assert done.result == {"client": "Client", "credentials": "google.auth.aws"}


def test_a_function_that_reads_bigquery_takes_the_memory_of_a_drop_and_of_the_client(
    built: Built, tmp_path: Path
) -> None:
    copied = peaks.copied(tmp_path / "with_client", built.task[peaks.FOLDER])
    found = peaks.measure(built, replace(built, task={peaks.FOLDER: copied}), tmp_path)
    assert 0.9 < found.ratio < 1.1, found  # four runs on one machine: 1.05 to 1.06
    assert found.client < 30, found
