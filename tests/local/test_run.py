"""The whole pipeline on a small sample: the sources to a site, twice, broken, and killed."""

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from local.lambdas import ROOT
from local.template import load_stack
from local.world import write_sample
from placements_kpi.settings import SOURCES
from tests.attacks.attack import attack
from tests.attacks.reading import read_site


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build folder with a small sample in it and nothing else."""
    folder = tmp_path_factory.mktemp("build")
    write_sample(folder / "sample", scale=0.06, more=("--schools", "3000"))
    return folder


def start(build: Path, *more: str) -> "subprocess.Popen[str]":
    """Start ``make run SERVE=0``'s own command in ``build``."""
    command = [sys.executable, "-m", "local.run", "--build", str(build), "--serve", "0", *more]
    path = f"{ROOT}:{ROOT / 'layers' / 'core'}"
    return subprocess.Popen(
        command, cwd=ROOT, env={"PATH": "/usr/bin:/bin", "PYTHONPATH": path}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def invoke(build: Path, function: str, event: Path) -> tuple[int, str, str]:
    """Return exit status, output and errors of ``make invoke``'s own command."""
    command = [sys.executable, "-m", "local.invoke", function, str(event), "--build", str(build)]
    path = f"{ROOT}:{ROOT / 'layers' / 'core'}"
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": path},
        text=True,
        capture_output=True,
        timeout=300,
    )
    return done.returncode, done.stdout, done.stderr


def finish(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    """Return exit status, output and errors of a run."""
    said, errors = process.communicate(timeout=300)
    return process.returncode, said, errors


def record(build: Path) -> dict[str, Any]:
    """Return the run record."""
    found: dict[str, Any] = json.loads((build / "run.json").read_text())
    return found


def tree(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder, but what runs cost: no two take the same time."""
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in files.items() if "costs" not in (*path.parts, path.stem)}


@pytest.fixture(scope="module")
def first(build: Path) -> tuple[int, str, str]:
    """The first run: nothing was there."""
    return finish(start(build))


def test_all_goes_well_and_the_summary_says_so(build: Path, first: tuple[int, str, str]) -> None:
    status, said, errors = first
    assert status == 0, said + errors
    assert "All went well." in said
    told = record(build)
    assert told["ok"]
    assert told["as_of"] == "2026-07-14"
    assert {stage["name"] for stage in told["stages"]} == {
        *(f"ingest_{source}" for source in SOURCES), "compute_kpis", "publish_site"
    }  # fmt: skip
    for source in SOURCES:
        assert told["sources"][source]["outcome"] == "accepted"
        for table in told["sources"][source]["tables"]:
            assert table["rows_in"] == table["kept"] + table["duplicates"] + sum(table["refused"].values())


def test_headline_figures_are_the_known_answers(build: Path, first: tuple[int, str, str]) -> None:
    answers = json.loads((build / "sample" / "known_answers.json").read_text())
    kpis = record(build)["kpis"]
    assert set(kpis) == set(answers)
    assert record(build)["known_answers"]["known"] > 100
    assert record(build)["known_answers"]["headlines_different"] == []
    for kpi, known in answers.items():
        expected = known.get("headline") or known["outcome_rate"]
        headline = kpis[kpi]["headline"]
        assert (headline["numerator"], headline["denominator"]) == (expected["numerator"], expected["denominator"]), kpi


def test_the_run_measures_itself(build: Path, first: tuple[int, str, str]) -> None:
    told = record(build)
    assert told["queries"] == len(told["kpis"]) + 1, "the KPIs, and the values that no list knows"
    assert told["bytes_scanned"] > 0
    # A sum of seven fives of the fifth place can end a hair below their product.
    assert told["cost"]["athena"] > 0.99 * told["queries"] * 5e-5, "Athena bills 10 MB for the smallest query"
    assert all(stage["seconds"] > 0 and stage["peak_mb"] > 20 for stage in told["stages"])


def test_site_and_buckets_lie_on_disk(build: Path, first: tuple[int, str, str]) -> None:
    assert "<h1" in (build / "site" / "index.html").read_text()
    buckets = {path.name for path in (build / "aws").iterdir()}
    assert buckets == {bucket.name for bucket in load_stack().buckets.values()}
    assert (build / "site" / "releases" / record(build)["release"] / "index.html").is_file()


def test_an_attacker_of_the_site_works_nobody_out(build: Path, first: tuple[int, str, str]) -> None:
    """Whoever reads every file, and knows the floor (tests/attacks)."""
    report = attack(read_site(build / "site"))
    assert min(report.counts, report.increments) > 1000
    assert report.findings() == {}


def test_the_same_input_again_changes_nothing(build: Path, first: tuple[int, str, str]) -> None:
    before, site, told = tree(build / "state" / "sample"), tree(build / "site"), record(build)
    status, _, _ = finish(start(build))
    again = record(build)
    assert status == 0
    assert {source["outcome"] for source in again["sources"].values()} == {"unchanged"}
    assert again["snapshots"] == told["snapshots"]
    assert (again["run_id"], again["release"]) == (told["run_id"], told["release"])
    assert tree(build / "site") == site
    after = tree(build / "state" / "sample")
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert all("/runs/" in name or "/attempts/" in name for name in changed), changed


def test_a_computation_is_known_to_go_well_before_it_is_made(build: Path, first: tuple[int, str, str]) -> None:
    status, said, errors = invoke(build, "compute_kpis", ROOT / "events" / "compute_preflight.json")
    assert status == 0, errors
    told = json.loads(said[said.index("{") :])
    queries = [line["check"] for line in told["lines"] if line["check"].startswith("query ")]
    assert told["outcome"] == "ready", [line for line in told["lines"] if line["do"]]
    indicators = [*ROOT.glob("functions/compute_kpis/kpis/*/query.sql")]
    assert len(queries) == len(indicators) + 1, "those of the indicators, and the values that no list knows"


def test_a_function_can_be_invoked_on_what_a_run_left(build: Path, first: tuple[int, str, str]) -> None:
    status, said, errors = invoke(build, "compute_kpis", ROOT / "events" / "compute_status.json")
    assert status == 0, errors
    assert record(build)["release"] in said


def test_a_failing_invocation_prints_lambdas_error(build: Path, first: tuple[int, str, str], tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text('{"moon": true}')
    status, said, _ = invoke(build, "ingest_apply", tmp_path / "event.json")
    assert status == 1
    assert json.loads(said)["errorType"] == "EventError"


def test_an_invocation_that_cannot_be_made_says_what_there_is(build: Path, tmp_path: Path) -> None:
    status, _, errors = invoke(build, "compute_moon", ROOT / "events" / "compute_status.json")
    assert (status, errors.count("\n")) == (2, 1)
    assert "there is no function compute_moon; template.yaml declares compute_kpis" in errors
    status, _, errors = invoke(build, "compute_kpis", tmp_path / "none.json")
    assert status == 2
    assert "is not a file; there are events/compute_as_of.json" in errors


@pytest.fixture(scope="module")
def broken(build: Path, first: tuple[int, str, str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, str]:
    """A run after a good one, with a drop without its manifest and tokens that are wrong: folder, status, output."""
    folder = tmp_path_factory.mktemp("broken")
    shutil.copytree(build / "sample", folder / "sample")
    shutil.copytree(build / "state" / "sample", folder / "state" / "sample")
    (drop,) = (folder / "sample" / "vacancies").glob("dt=*")
    (drop / "manifest.json").unlink()
    status, said, _ = finish(start(folder, "--fault", "token-wrong"))
    return folder, status, said


def test_a_broken_source_leaves_the_others_and_what_was_good(build: Path, broken: tuple[Path, int, str]) -> None:
    folder, status, said = broken
    assert status == 1
    (summary,) = (line for line in said.splitlines() if "NOT all went well" in line)
    assert "ingest_vacancies" in summary
    told, good = record(folder), record(build)
    vacancies = told["sources"]["vacancies"]
    assert vacancies["outcome"] == "failed"
    assert "manifest" in vacancies["error"]
    assert vacancies["current_snapshot"] == good["sources"]["vacancies"]["snapshot"], "the last good one stays"
    for source in ("placements", "providers", "schools"):
        assert told["sources"][source]["error"] is None
        assert source not in summary
    assert told["on_failure_queue"] == 3


def test_a_fault_breaks_what_it_names_after_a_good_run_too(broken: tuple[Path, int, str]) -> None:
    folder, status, said = broken
    told = record(folder)["sources"]
    assert status == 1, said
    failed = {source for source, facts in told.items() if "token" in (facts["error"] or "")}
    assert failed == {"apply", "register"}


@pytest.fixture(scope="module")
def killed(build: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str], tuple[int, str, str]]:
    """A run killed once a source is taken in, another once it computes, and one that nothing happens to.

    Folder, what the second said until it was killed, and how the third ended.
    """
    folder = tmp_path_factory.mktemp("killed")
    shutil.copytree(build / "sample", folder / "sample")
    for after in ("ingest_", "compute_kpis"):
        process, said = start(folder), []
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if f"s  {after}" in line:
                break
        time.sleep(0.3)
        process.send_signal(signal.SIGKILL)
        finish(process)
    return folder, said, finish(start(folder))


def test_killed_as_it_takes_in_sources_the_next_run_takes_in_all(
    killed: tuple[Path, list[str], tuple[int, str, str]],
) -> None:
    _, said, _ = killed
    ended = [re.search(r"s  (ingest_[a-z]+) .* (\w+)$", line.rstrip()) for line in said]
    outcomes = {found[1]: found[2] for found in ended if found}
    assert outcomes.keys() == {f"ingest_{source}" for source in SOURCES}
    assert set(outcomes.values()) <= {"accepted", "unchanged"}


def test_killed_and_run_again_it_ends_in_the_same_state(
    build: Path, first: tuple[int, str, str], killed: tuple[Path, list[str], tuple[int, str, str]]
) -> None:
    folder, _, (status, said, errors) = killed
    assert status == 0, said + errors
    good, told = record(build), record(folder)
    assert told["snapshots"] == good["snapshots"]
    assert (told["run_id"], told["release"]) == (good["run_id"], good["release"])
    assert tree(folder / "site") == tree(build / "site")


def test_what_cannot_be_done_ends_with_status_2_before_anything_starts(build: Path, tmp_path: Path) -> None:
    status, _, errors = finish(start(tmp_path, "--sources", str(build / "sample"), "--as-of", "2126-01-01"))
    assert status == 2
    assert errors.strip() == "error: AS_OF=2126-01-01 is in the future; give today or an earlier day"
    assert list(tmp_path.iterdir()) == []


def test_a_run_says_what_it_does_how_far_it_is_and_how_long_the_rest_takes(first: tuple[int, str, str]) -> None:
    _, said, _ = first
    # Which stages are under way when a line is due depends on the machine; a whole run never ends before the first.
    assert re.search(r"s  [a-z_]+(, [a-z_]+)?: \d of 9 done, about \d+ s to go\n", said), said


def test_a_missing_key_stops_the_sources_with_people_in_them_and_no_others(build: Path, tmp_path: Path) -> None:
    shutil.copytree(build / "sample", tmp_path / "sample")
    status, said, _ = finish(start(tmp_path, "--fault", "pseudonym-missing"))
    assert status == 1, said
    told = record(tmp_path)["sources"]
    failed = {source for source, facts in told.items() if facts["error"] is not None}
    assert {"apply", "register", "placements", "vacancies"} == failed
    assert all("secret" in told[source]["error"] for source in failed)
