"""What the command line means: which sources, which day, which clock, which gates."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from local.asked import AskedError
from local.template import load_stack
from local.world import FAULTS, World, WorldError, check_fault, check_transport, live_for, open_world, secrets
from placements_kpi.pseudonyms import PseudonymKeyError, check_key
from tests.local.conftest import SMALL

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of sources that is no sample."""
    (tmp_path / "drops" / "apply" / "dt=2026-07-14").mkdir(parents=True)
    return tmp_path / "drops"


def opened(folder: Path, as_of: str = "") -> World:
    """Return the world of a command line at noon on 24 November 2026."""
    return open_world(folder.parent, str(folder), as_of, now=NOON)


def describe(folder: Path, rows: int) -> None:
    """Make the folder a sample, with so many schools."""
    sample = {"as_of": "2026-07-14", "seed": 1, "scale": 1, "rows": {"schools": {"edubase.csv": rows, "links.csv": 9}}}
    (folder / "sample.json").write_text(json.dumps(sample))


def test_without_a_day_it_is_yesterday_in_london(folder: Path) -> None:
    world = opened(folder)
    assert world.as_of == date(2026, 11, 23)
    assert world.clock == datetime(2026, 11, 24, 8, 30, tzinfo=UTC)


def test_a_sample_stands_at_its_own_day_and_is_a_demonstration(folder: Path) -> None:
    describe(folder, 50_000)
    world = opened(folder)
    assert world.as_of == date(2026, 7, 14)
    assert world.settings(load_stack().function("compute_kpis"), {})["DEMONSTRATION"] == "true"
    assert world.settings(load_stack().function("publish_site"), {})["UNAPPROVED_LIMITS"] == "show"


def test_other_folders_are_no_demonstration(folder: Path) -> None:
    assert opened(folder).settings(load_stack().function("compute_kpis"), {})["DEMONSTRATION"] == "false"


def test_the_clock_is_never_later_than_the_real_one(folder: Path) -> None:
    assert opened(folder, "2026-11-24").clock == NOON


@pytest.mark.parametrize(
    ("as_of", "problem"),
    [
        ("2026-11-25", "AS_OF=2026-11-25 is in the future"),
        ("2026-02-30", "AS_OF=2026-02-30 is not in the calendar"),
        ("14/07/2026", "AS_OF=14/07/2026 is not a day; write it YYYY-MM-DD"),
        ("1999-01-01", "AS_OF=1999-01-01 is before"),
    ],
)
def test_a_day_that_cannot_be_used_is_one_clear_error(folder: Path, as_of: str, problem: str) -> None:
    with pytest.raises(WorldError, match=problem):
        opened(folder, as_of)


def test_a_folder_that_is_not_there_is_one_clear_error(folder: Path) -> None:
    with pytest.raises(AskedError, match=r"nowhere is not a folder; it should hold <source>/dt=YYYY-MM-DD/ for apply"):
        opened(folder / "nowhere")


def test_the_gate_on_the_number_of_schools_follows_the_sample(folder: Path) -> None:
    schools = load_stack().function("ingest_schools")
    assert opened(folder).settings(schools, {})["MIN_ROWS"] == "0", "a folder of drops may be a small world"
    for rows, least, most in ((51_409, "45000", "60000"), (2_401, "2160", "60000"), (500_000, "45000", "500000")):
        describe(folder, rows)
        settings = opened(folder).settings(schools, {})
        assert (settings["MIN_ROWS"], settings["MAX_ROWS"]) == (least, most)


def test_a_source_is_read_from_its_stand_in_or_from_its_folder(folder: Path) -> None:
    stack = load_stack()
    world = opened(folder)
    locations = {"providers": "http://127.0.0.1:1/publish"}
    assert world.settings(stack.function("ingest_providers"), locations)["SOURCE_LOCATION"] == locations["providers"]
    assert world.settings(stack.function("ingest_apply"), locations)["SOURCE_LOCATION"] == str(folder / "apply")


def test_the_pseudonym_key_is_the_same_in_every_run_and_refused_by_anything_deployed() -> None:
    stack = load_stack(SMALL)
    held = secrets(stack, {})["placements/pseudonym"]
    assert held == secrets(stack, {})["placements/pseudonym"]
    check_key(held["key"], "local")
    with pytest.raises(PseudonymKeyError, match="anybody could guess"):
        check_key(held["key"], "prod")


def test_secrets_can_be_broken_on_purpose() -> None:
    stack = load_stack()
    register = stack.function("ingest_register").environment["SOURCE_SECRET_ARN"].rpartition(":secret:")[2]
    pseudonym = stack.function("ingest_register").environment["PSEUDONYM_SECRET_ARN"].rpartition(":secret:")[2]
    tokens = {"register": ["right"]}
    assert secrets(stack, tokens)[register] == {"tokens": ["right"]}
    assert secrets(stack, tokens, "token-wrong")[register] != {"tokens": ["right"]}
    assert pseudonym not in secrets(stack, tokens, "pseudonym-missing")
    assert len(secrets(stack, tokens, "pseudonym-short")[pseudonym]["key"]) < 32


def test_a_wrong_token_is_one_that_is_read() -> None:
    """A token is read over https only, and the sample is read over https where nobody asks for one."""
    functions = load_stack().functions.values()
    assert live_for("token-wrong", functions, ("schools",)) == ("apply", "register", "schools")
    assert live_for("pseudonym-short", functions, ("schools",)) == ("schools",)
    assert live_for("", functions, ()) == ()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_breaks_nothing_says_so(fault: str) -> None:
    with pytest.raises(WorldError, match=f"FAULT={fault} breaks nothing here: publish_site does not read that secret"):
        live_for(fault, [load_stack().function("publish_site")], ())


def test_a_fault_that_nobody_knows_is_one_clear_error() -> None:
    with pytest.raises(WorldError, match="FAULT=moon is not known; there are pseudonym-missing, pseudonym-short"):
        check_fault("moon")


def test_whom_to_erase_is_nobody_unless_the_build_folder_says_so() -> None:
    stack = load_stack()
    erasure = stack.secrets["ErasureSecret"]
    people = {"people": [{"type": "trn", "identifier": "1234566"}]}
    assert secrets(stack, {})[erasure] == {"people": []}
    assert secrets(stack, {}, erasure=people)[erasure] == people


def test_what_is_in_bigquery_is_read_from_the_emulator_as_of_its_drop(tmp_path: Path) -> None:
    drop = tmp_path / "register" / "dt=2026-07-14"
    drop.mkdir(parents=True)
    (drop / "manifest.json").write_text('{"as_of": "2026-07-14T22:30:00Z"}')
    world = World(tmp_path, date(2026, 7, 14), datetime(2026, 7, 15, 8, 30, tzinfo=UTC), None, (), in_bigquery=True)
    where = {"register": "bigquery://dfe-local/dataform", "bigquery": "http://127.0.0.1:9050"}
    settings = world.settings(load_stack().function("ingest_register"), where)
    assert (settings["SOURCE_LOCATION"], settings["BIGQUERY_ENDPOINT"]) == tuple(where.values())
    assert settings["CLOCK"] == "2026-07-14T22:30:00Z"
    others = world.settings(load_stack().function("ingest_schools"), where)
    assert others["CLOCK"] == "2026-07-15T08:30:00Z" and "BIGQUERY_ENDPOINT" not in others


@pytest.mark.parametrize("transport", ["https", "BigQuery", "drop"])
def test_a_transport_that_nobody_can_ask_for(transport: str) -> None:
    with pytest.raises(WorldError, match="is not known; there is bigquery"):
        check_transport(transport)
