"""No raw value of a person leaves an ingest, in any form: marks in every input column, then a search everywhere.

The whole pipeline runs over a sample with marks in it: good rows, rows that are quarantined,
drops that are refused, live services that answer with errors, a crash, a change of key, an
erasure. Then everything that can be read afterwards is searched. A mark may be where a contract
keeps its column, in the private rows of that table, and nowhere else at all.
"""

from __future__ import annotations

import gzip
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from local.lambdas import ROOT, SOURCE_TREE, Call, Code, SourceTree, call
from local.run import open_run
from local.stages import INGESTS
from local.state import open_state
from local.template import load_stack
from local.world import open_world, write_sample
from placements_kpi.settings import SOURCES
from tests import limits
from tests.privacy import marks as planting
from tests.privacy.marks import Marks
from tests.privacy.search import Hit, Search

if TYPE_CHECKING:
    from local.stages import Run

DAY, NEXT = "2026-07-14", "2026-07-15"


@dataclass
class World:
    """A run of the local stack with marks in its sources, and everything that was said in it."""

    run: Run
    marks: Marks
    scratch: Path
    calls: list[Call] = field(default_factory=list)

    def call(self, function: str, event: Any, *, code: Code = SOURCE_TREE, **settings: str) -> Call:
        world = self.run.world.settings(self.run.cloud.stack.function(function), self.run.locations)
        # With so few rows and so many bad ones among them, the share of bad rows would refuse every drop.
        loose = {"MAX_REFUSED_PERCENT": "40", "MAX_CHANGE_PERCENT": "40", **limits.loose(self.run.cloud.stack)}
        log = self.run.logs / f"{function}.log"
        done = call(self.run.cloud, function, event, world | loose | settings, log, code=code)
        self.calls.append(done)
        if done.error is not None:
            self.run.cloud.report_failure(self.run.cloud.stack.function(function), event, done.error)
        return done

    def drop(self, source: str, day: str = DAY) -> Path:
        return self.run.world.sources / source / f"dt={day}"

    def texts(self) -> Iterator[tuple[str, bytes]]:
        """Yield everything that can be read when all is over: where it is, and its bytes."""
        cloud = self.run.cloud
        s3 = cloud.client("s3")
        for bucket in cloud.stack.buckets.values():
            for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket.name):
                for one in page.get("Versions", ()):
                    got = s3.get_object(Bucket=bucket.name, Key=one["Key"], VersionId=one["VersionId"])
                    told = json.dumps([one["Key"], got["Metadata"], got["ContentType"]]).encode()
                    yield f"{bucket.logical_id}/{one['Key']}", got["Body"].read()
                    yield f"{bucket.logical_id}/{one['Key']} itself", told
        for path in self.run.logs.iterdir():
            yield f"log {path.name}", path.read_bytes()
        for number, done in enumerate(self.calls):
            yield f"answer {number} of {done.function}", json.dumps([done.result, done.error]).encode()
        sqs = cloud.client("sqs")
        for name in cloud.stack.queues.values():
            address = sqs.get_queue_url(QueueName=name)["QueueUrl"]
            while found := sqs.receive_message(QueueUrl=address, MaxNumberOfMessages=10).get("Messages", ()):
                for message in found:
                    yield f"queue {name}", json.dumps(message).encode()
                    sqs.delete_message(QueueUrl=address, ReceiptHandle=message["ReceiptHandle"])
        for path in self.scratch.rglob("*"):
            if path.is_file():
                yield f"left behind {path.name}", path.read_bytes()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    build = tmp_path_factory.mktemp("build")
    scratch = tmp_path_factory.mktemp("scratch")
    write_sample(build / "sample", scale=0.03, more=("--schools", "2000"))
    marks = Marks()
    planting.plant(build / "sample", marks)
    around = open_world(build, "", None, ())
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(scratch))
        state = stack.enter_context(open_state(build, around.sources))
        run = stack.enter_context(open_run(around, load_stack(), state, build))
        made = World(run, marks, scratch)
        everything(made, tmp_path_factory)
        yield made


def everything(world: World, folders: pytest.TempPathFactory) -> None:
    """Run all that may go well and badly."""
    for folder in INGESTS:
        world.call(folder, {})
    world.call("compute_kpis", {"as_of": DAY})
    world.call("publish_site", {})
    refused_drops(world)
    live_services(world)
    world.call("ingest_apply", {}, code=SourceTree(broken_code(folders.mktemp("code"))))
    change_of_key_and_erasure(world)
    world.call("compute_kpis", {"as_of": DAY})
    world.call("publish_site", {})
    world.call("compute_kpis", {"action": "status"})


def refused_drops(world: World) -> None:
    """Leave drops that are refused, each with marks: too few rows, not whole, changed, renamed, of another alphabet."""
    for source in SOURCES:
        shutil.copytree(world.drop(source), world.drop(source, NEXT))
        manifest = world.drop(source, NEXT) / "manifest.json"
        manifest.write_text(manifest.read_text().replace(DAY, NEXT))
    few = world.drop("register", NEXT)
    (feed,) = planting.source_of("register").feeds
    planting.edit_file(
        few, feed, lambda rows: planting.plant_json(rows[:50], feed, "register", world.marks), world.marks
    )
    for source, feeds in (("apply", 0), ("placements", 1), ("vacancies", 1)):
        path = next(
            path
            for path in world.drop(source, NEXT).iterdir()
            if path.name.startswith(planting.source_of(source).feeds[feeds].name)
        )
        body = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        mark = world.marks.text(f"{source} damaged").encode()
        if source == "apply":  # bytes that its manifest was not made for
            path.write_bytes(body + b'{"id": "' + mark + b'"}\n')
        elif source == "placements":  # rows that are not there
            planting.rewrite(world.drop(source, NEXT), path, body + b'{"school_urn": "' + mark + b'"}\n', 10**6)
        else:  # broken in the middle, and rightly so according to its manifest
            broken = body.replace(b"\n", b"\xff\x00" + mark + b"\n")
            planting.rewrite(world.drop(source, NEXT), path, broken, broken.count(b"\n"))
    for source in SOURCES:
        world.call(f"ingest_{source}", {"day": NEXT})
        shutil.rmtree(world.drop(source, NEXT))
    for change in (of_another_name, in_a_shard_of_another_name, in_the_manifest, in_the_folder):
        shutil.copytree(world.drop("providers"), world.drop("providers", NEXT))
        change(world)
        assert not world.call("ingest_providers", {"day": NEXT}).ok, change.__name__
        for folder in world.drop("providers").parent.glob(f"dt={NEXT}*"):
            shutil.rmtree(folder)


def promised(world: World) -> tuple[Path, dict[str, Any]]:
    """Return the manifest of the providers' next drop, and what it says."""
    path = world.drop("providers", NEXT) / "manifest.json"
    return path, json.loads(path.read_text().replace(DAY, NEXT))


def of_another_name(world: World) -> None:
    """Name a file that is there, and one that is promised, after somebody."""
    path, said = promised(world)
    (path.parent / f"{world.marks.text('name of a file')}.ndjson").touch()
    said["files"].append(said["files"][0] | {"name": f"courses-{world.marks.text('name of a promised file')}.ndjson"})
    path.write_text(json.dumps(said))


def in_a_shard_of_another_name(world: World) -> None:
    """Rename a file, in the folder and in its manifest."""
    path, said = promised(world)
    name = f"{world.marks.text('name of a file')}-{said['files'][0]['name']}"
    (path.parent / said["files"][0]["name"]).rename(path.parent / name)
    said["files"][0]["name"] = name
    path.write_text(json.dumps(said))


def in_the_manifest(world: World) -> None:
    """Put marks in the place of every value of a manifest, and beside them."""
    path, said = promised(world)
    wrong = {name: world.marks.text(f"manifest {name}") for name in (*said, "key_id", "note", "invented")}
    wrong["files"] = [{name: world.marks.text(f"manifest file {name}") for name in ("name", "rows", "sha256")}]
    path.write_text(json.dumps(said | wrong))


def in_the_folder(world: World) -> None:
    """Name the folder after somebody."""
    drop = world.drop("providers", NEXT)
    drop.rename(drop.with_name(f"{drop.name} {world.marks.text('name of a folder')}"))


class Answers(BaseHTTPRequestHandler):
    """A live service at its worst: every answer carries a mark where none should be."""

    marks: Marks

    def do_GET(self) -> None:
        status, headers, body = self._answer(self.path.split("/")[1])
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _answer(self, case: str) -> tuple[int, dict[str, str], bytes]:
        mark = self.marks.text(f"live: {case}")
        said = json.dumps({"errors": [{"error": "Invalid", "message": f"candidate {mark} is unknown"}]}).encode()
        records = [{"id": mark, "attributes": [mark]}, mark, {"trainee_id": mark, "trn": [mark]}]
        cases: dict[str, tuple[int, dict[str, str], bytes]] = {
            "unprocessable": (422, {"X-Said": mark}, said),
            "forbidden": (403, {"WWW-Authenticate": f'Bearer error="{mark}"'}, said),
            "missing": (404, {}, f"<h1>{mark}</h1>".encode()),
            "html": (200, {"Content-Type": "text/html"}, f"<p>{mark}".encode()),
            "cut": (200, {}, b'{"data": [{"id": "' + mark.encode()),
            "shape": (200, {}, json.dumps({"data": records}).encode()),
            "elsewhere": (302, {"Location": f"https://{mark}.example.org/{mark}"}, b""),
            "within": (302, {"Location": f"/unprocessable/{mark}"}, b""),
            "broken": (500, {"X-Said": mark, "Retry-After": "0"}, f"Traceback: {mark}".encode()),
            "busy": (429, {"Content-Type": "text/plain", "Retry-After": mark}, f"Later, {mark}".encode()),
            "onward": (200, {}, json.dumps({"data": [], "links": {"next": f"/unprocessable/{mark}"}}).encode()),
        }
        return cases[case]

    def log_message(self, *_: Any) -> None:
        """Say nothing: this is not one of ours."""


CASES = {
    "unprocessable": ("apply", "register"),
    "forbidden": ("register",),
    "missing": ("register", "schools"),
    "html": ("apply",),
    "cut": ("providers",),
    "shape": ("apply", "register", "providers", "schools"),
    "elsewhere": ("apply", "schools"),
    "within": ("register", "schools"),
    "broken": ("schools",),
    "busy": ("providers",),
    "onward": ("apply", "register", "providers"),
}
"""What it answers, and to whom: all have one client, and each its own way with an answer."""


def live_services(world: World) -> None:
    """Read Apply, Register, Publish and GIAS from a service that answers with marks."""
    handler = type("Marked", (Answers,), {"marks": world.marks})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        for case, sources in CASES.items():
            location = f"http://127.0.0.1:{server.server_address[1]}/{case}"
            for source in sources:
                done = world.call(f"ingest_{source}", {"full": True}, SOURCE_LOCATION=location, BUDGET_SECONDS="2")
                assert not done.ok, f"{source} took {case}"
    finally:
        server.shutdown()
        server.server_close()


def broken_code(folder: Path) -> Path:
    """Return a copy of the functions in which Apply's crashes with a row in its message, as a foreign library may."""
    shutil.copytree(ROOT / "functions", folder / "functions", ignore=shutil.ignore_patterns("__pycache__"))
    reasons = folder / "functions" / "ingest_apply" / "reasons.py"
    text = reasons.read_text()
    line = '    given = row.get("rejection_reason_ids")\n'
    assert line in text
    reasons.write_text(text.replace(line, "    raise ValueError(f'cannot digest {row!r}')\n"))
    return folder


def change_of_key_and_erasure(world: World) -> None:
    manager, secrets = world.run.cloud.client("secretsmanager"), world.run.cloud.stack.secrets
    held = json.dumps({"key": "local-another-key-0123456789-abcdef"})
    manager.put_secret_value(SecretId=secrets["PseudonymSecret"], SecretString=held)
    people = [
        {"type": kind, "identifier": mark.value}
        for kind, column in (
            ("trainee", "trainee_id"),
            ("candidate", "candidate_id"),
            ("mentor", "mentor_id"),
            ("trn", "trn"),
        )
        for mark in world.marks.planted
        if mark.where.endswith(f"row 0 {column}")
    ]
    manager.put_secret_value(SecretId=secrets["ErasureSecret"], SecretString=json.dumps({"people": people}))
    for source in ("apply", "register", "placements", "vacancies"):
        assert world.call(f"ingest_{source}", {"action": "rekey"}).ok
        assert world.call(f"ingest_{source}", {"action": "erase"}).ok


@pytest.fixture(scope="module")
def hits(world: World) -> list[Hit]:
    """Every mark that is anywhere."""
    search = Search(world.marks.planted)
    searched, size, found = Counter[str](), 0, []
    for place, body in world.texts():
        searched[place.split("/")[0].split(" ")[0]] += 1
        size += len(body)
        found += search.find(place, body)
    print(
        f"{len(world.marks.planted)} marks, {search.needles} forms, {dict(searched)}, {size} bytes, {len(found)} hits"
    )
    assert {"DataBucket", "SiteBucket", "log", "answer", "queue"} <= set(searched)
    return found


def may_be_there(hit: Hit) -> bool:
    """Whether a contract keeps the mark's column, and it was found raw in the rows of that table and in that column."""
    column = hit.place.partition(" > column ")[2]
    return (
        any(hit.place.startswith(f"DataBucket/snapshots/{table}/") for table in hit.mark.tables)
        and (not column or column == hit.mark.column)
        and hit.form == "raw"
    )


def test_all_that_was_meant_to_go_well_and_badly_did(world: World) -> None:
    by_function: dict[str, list[bool]] = {}
    for done in world.calls:
        by_function.setdefault(done.function, []).append(done.ok)
    for folder in INGESTS:
        first = next(done for done in world.calls if done.function == folder)
        assert first.ok, first.error
        assert sum(sum(table["refused"].values()) for table in first.result["tables"]) >= 2, folder
    assert by_function["compute_kpis"] == [True, True, True]
    assert by_function["publish_site"] == [True, True]
    assert min(by_function[f"ingest_{source}"].count(False) for source in ("apply", "register", "schools")) >= 3
    crash = [done.error["errorMessage"] for done in world.calls if done.error and "ValueError" in str(done.error)]
    assert len(crash) == 1
    erased = [done.result["erased"] for done in world.calls if done.ok and "erased" in done.result]
    assert all(one["rewritten"] for one in erased) and len(erased) == 4


def test_marks_are_in_every_file_and_of_every_kind(world: World) -> None:
    files = {mark.where.split(" ")[0] for mark in world.marks.planted}
    for source in SOURCES:
        for feed in planting.source_of(source).feeds:
            assert f"{source}/{feed.name}" in files
    places = {" ".join(mark.where.split(" ")[:2]) for mark in world.marks.planted}
    for source in SOURCES:
        for feed in planting.source_of(source).feeds:
            fields = [column.name for column in feed.table.columns if column.from_source]
            fields += [*feed.extra.keys() - {"rejection_reason"}, *feed.nested]
            fields += [child.field for child in feed.children]
            missing = [field for field in fields if f"{source}/{feed.name} {field}" not in places]
            assert not missing, f"nothing is planted in {missing} of {feed.name}"


def test_codes_with_a_mark_in_their_place_were_read_and_counted(world: World) -> None:
    for source in SOURCES:
        first = next(done for done in world.calls if done.function == f"ingest_{source}")
        for table in first.result["tables"]:
            columns = next(one for one in planting.source_of(source).tables if one.name == table["table"]).columns
            for column in columns:
                if column.codes and column.counted and column.kind != "integer" and column.from_source:
                    assert table["unknown_codes"].get(column.name), f"{table['table']}.{column.name}"


def test_no_mark_is_anywhere_but_where_a_contract_keeps_its_column(hits: list[Hit]) -> None:
    leaks = sorted({(hit.mark.where, hit.place, hit.form) for hit in hits if not may_be_there(hit)})
    assert not leaks, f"{len(leaks)} marks are where they must not be: {leaks[:20]}"


def test_the_search_reaches_what_is_kept(world: World, hits: list[Hit]) -> None:
    """Marks that a contract keeps are found: so the rows were really read, and the others are really not there."""
    found = {(table, hit.mark.column) for hit in hits if may_be_there(hit) for table in hit.mark.tables}
    kept = {(table, mark.column) for mark in world.marks.planted for table in mark.tables}
    assert found == kept == {("providers", "name"), ("schools", "establishment_name")}


def test_nothing_is_left_behind_on_the_machine(world: World) -> None:
    assert [path for path in world.scratch.rglob("*") if path.is_file()] == []
