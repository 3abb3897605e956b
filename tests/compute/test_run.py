"""A whole run: pins, queries on Athena, results, protected results, release, event."""

from __future__ import annotations

import io
import json
import shutil
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from functions.compute_kpis.catalogue import loading
from functions.compute_kpis.releases.current import CurrentError
from functions.compute_kpis.run import AsOfError, NothingComputedError
from placements_kpi.results import Protected, Results
from tests.compute import stack

pytestmark = pytest.mark.usefixtures("aws")

PROVIDERS, CANDIDATES = "provider-visits", "candidate-rejections"


def test_run_works_out_every_kpi_and_releases_it() -> None:
    summary = stack.first_release()
    assert (summary["outcome"], summary["release"], summary["current"]) == ("ok", "2026-07-14.1", True)
    assert summary["queries"] == 2 + 1, "the KPIs, and the values that no list knows"
    assert summary["bytes_scanned"] > 0
    assert {kpi: facts["state"] for kpi, facts in summary["kpis"].items()} == {CANDIDATES: "ok", PROVIDERS: "ok"}
    assert summary["kpis"][CANDIDATES]["headline"] == {
        "numerator": 44,
        "denominator": 140,
        "value": 4400 / 140,
        "is_money": False,
    }
    assert summary["kpis"][PROVIDERS]["headline"] == {
        "numerator": 2,
        "denominator": 4,
        "value": 50.0,
        "is_money": False,
    }


def test_results_and_protected_results_are_the_documents_of_the_contract() -> None:
    summary = stack.first_release()
    pointer = stack.get_json("current/results.json")
    results = Results.model_validate(stack.get_json(pointer["results"]))
    assert stack.get_json("protected/current.json") == {"release": summary["release"]}
    protected = Protected.model_validate(stack.get_json(f"protected/{summary['release']}/results.json"))
    assert results.run_id == protected.run_id == summary["run_id"] == pointer["run_id"]
    assert results.month_end == date(2026, 6, 30)
    assert results.demonstration
    assert protected.disclosure.approved_by == "the tests"
    assert results.kpis[0].source_dates == {"apply": stack.D}


def test_people_are_rounded_in_what_is_protected_and_organisations_are_exact() -> None:
    summary = stack.first_release()
    document = stack.get_json(f"protected/{summary['release']}/results.json")
    assert stack.numbers(stack.newest(document, CANDIDATES)) == (45, 140, 32.0)
    assert stack.numbers(stack.newest(document, CANDIDATES, region="E12000001")) == (40, 100, 40.0)
    few = stack.newest(document, CANDIDATES, region="E12000002")
    assert (few["symbol"], stack.numbers(few)) == ("c", (None, None, None))
    assert stack.numbers(stack.newest(document, PROVIDERS)) == (2, 4, 50.0)
    assert "44" not in {str(stack.newest(document, CANDIDATES)[part]) for part in ("numerator", "denominator")}


def test_figures_are_also_in_parquet() -> None:
    run_id = stack.first_release()["run_id"]
    body = stack.client("s3").get_object(Bucket=stack.BUCKET, Key=f"results/{run_id}/results.parquet")["Body"].read()
    rows = pq.read_table(io.BytesIO(body)).to_pylist()
    document = stack.get_json(f"results/{run_id}/results.json")
    assert len(rows) == sum(len(kpi["figures"]) for kpi in document["kpis"])
    assert {(row["kpi"], row["numerator"]) for row in rows} >= {(CANDIDATES, 44), (PROVIDERS, 2)}


def test_same_inputs_twice_give_the_same_run_the_same_bytes_and_the_same_release() -> None:
    first = stack.first_release()
    before = stack.objects("results/", "protected/", "snapshots/", "current/")
    second = stack.compute()
    assert (second["run_id"], second["release"]) == (first["run_id"], first["release"])
    assert stack.objects("results/", "protected/", "snapshots/", "current/") == before


def test_run_killed_before_anything_was_current_ends_the_same_when_run_again() -> None:
    stack.first_release()
    whole = stack.objects("results/", "protected/", "current/")
    stack.drop_keys(["protected/current.json", "current/results.json", "protected/2026-07-14.1/results.json"])
    stack.compute()
    assert stack.objects("results/", "protected/", "current/") == whole


def test_new_content_for_the_same_day_is_the_next_release() -> None:
    stack.first_release()
    stack.put_snapshot("placements", number=2, provider_activity=stack.visits(A1=stack.D, B1=None, C1=None))
    assert stack.compute()["release"] == "2026-07-14.2"
    assert stack.get_json("protected/current.json") == {"release": "2026-07-14.2"}


def test_other_code_or_another_day_is_another_run() -> None:
    stack.put_world()
    runs = [
        stack.compute()["run_id"],
        stack.compute(settings=stack.settings(code_version="2"))["run_id"],
        stack.compute(as_of=date(2026, 7, 13))["run_id"],
    ]
    assert len(set(runs)) == 3


def test_run_tells_the_event_bus_which_release_is_current() -> None:
    stack.put_world()
    queue = stack.client("sqs").create_queue(QueueName="told")["QueueUrl"]
    arn = stack.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    events = stack.client("events")
    pattern = {"source": ["the-test-stack"], "detail-type": ["KPIs computed"]}
    events.put_rule(Name="told", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="told", Targets=[{"Id": "1", "Arn": arn["QueueArn"]}])
    release = stack.compute()["release"]
    (message,) = stack.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert json.loads(message["Body"])["detail"] == {"release": release}


def test_dry_run_says_the_same_and_changes_nothing_that_is_read() -> None:
    stack.put_world()
    dry = stack.compute(dry_run=True)
    assert stack.objects("results/", "protected/", "runs/", "current/results") == {}
    real = stack.compute()
    assert {key: dry[key] for key in ("run_id", "release", "kpis")} == {
        key: real[key] for key in ("run_id", "release", "kpis")
    }


def test_default_day_is_yesterday() -> None:
    stack.put_world()
    assert stack.compute(as_of=None)["as_of"] == "2026-07-14"


def test_day_to_come_is_refused() -> None:
    stack.put_world()
    with pytest.raises(AsOfError, match="2026-07-16 is in the future"):
        stack.compute(as_of=date(2026, 7, 16))


def test_run_for_an_earlier_day_does_not_take_the_public_back_in_time() -> None:
    stack.first_release()
    earlier = stack.compute(as_of=date(2026, 6, 30))
    assert (earlier["release"], earlier["current"]) == ("2026-06-30.1", False)
    assert stack.get_json("protected/current.json") == {"release": "2026-07-14.1"}
    assert stack.get_json("current/results.json")["as_of"] == "2026-07-14"


def test_pointer_that_cannot_be_read_stops_the_run_before_it_is_overwritten() -> None:
    stack.put_world()
    stack.put_json("protected/current.json", {"release": "nonsense"})
    with pytest.raises(CurrentError, match=r"protected/current\.json"):
        stack.compute()
    assert stack.get_json("protected/current.json") == {"release": "nonsense"}


def test_run_record_names_what_the_run_was_made_from() -> None:
    summary = stack.first_release()
    record = stack.get_json(f"runs/compute_kpis/{summary['run_id']}.json")
    assert record["function"] == "compute_kpis"
    assert record["release"] == summary["release"]
    assert record["inputs"]["snapshots"]["application_choices"] == "20260714-000000000001"
    assert set(record["inputs"]["catalogue"]) == {CANDIDATES, PROVIDERS}
    assert record["started_at"] == "2026-07-15T08:30:00Z"


# One KPI fails, the others go on.


def test_kpi_of_a_source_too_old_keeps_its_last_good_figures_and_says_so() -> None:
    good = stack.first_release(date(2026, 7, 13))
    stack.put_snapshot("apply", date(2026, 7, 1), number=9)
    summary = stack.compute()
    assert summary["outcome"] == "partial"
    document = stack.get_json(f"results/{summary['run_id']}/results.json")
    carried = stack.kpi_of(document, CANDIDATES)
    before = stack.kpi_of(stack.get_json(f"results/{good['run_id']}/results.json"), CANDIDATES)
    assert (carried["state"], carried["as_of"]) == ("carried", "2026-07-13")
    assert carried["figures"] == before["figures"]
    assert carried["reason"] == (
        "The newest data from Apply for teacher training is from 1 July 2026, 13 days old, and no figure is worked "
        "out from data more than 7 days old. These are the figures of 13 July 2026."
    )
    assert stack.kpi_of(document, PROVIDERS)["state"] == "ok"
    assert {facts["source"]: facts["age_days"] for facts in document["sources"]}["apply"] == 13


def test_run_that_carries_over_is_deterministic_too() -> None:
    stack.first_release(date(2026, 7, 13))
    stack.put_snapshot("apply", date(2026, 7, 1), number=9)
    first, second = stack.compute(), stack.compute()
    assert (first["run_id"], first["release"]) == (second["run_id"], second["release"])


def test_figures_of_a_later_day_are_never_carried_back() -> None:
    stack.first_release()
    stack.client("s3").delete_object(Bucket=stack.BUCKET, Key="current/apply.json")
    summary = stack.compute(as_of=date(2026, 7, 10))
    assert summary["kpis"][CANDIDATES]["state"] == "none"


def test_kpi_whose_source_never_came_has_no_figures() -> None:
    stack.put_world()
    stack.client("s3").delete_object(Bucket=stack.BUCKET, Key="current/apply.json")
    summary = stack.compute()
    document = stack.get_json(f"results/{summary['run_id']}/results.json")
    nothing = stack.kpi_of(document, CANDIDATES)
    assert (nothing["state"], nothing["figures"], nothing["as_of"]) == ("none", [], None)
    assert nothing["reason"] == "Apply for teacher training has not sent any data that could be used."


@pytest.mark.parametrize(
    "pointer",
    [
        {"snapshot": "../../secret", "as_of": "2026-07-14", "manifest": "manifests/apply/x.json"},
        {"snapshot": "20260714-000000000001", "as_of": "soon", "manifest": "manifests/apply/x.json"},
        {"snapshot": "20260714-000000000001", "as_of": "2026-07-14", "manifest": "manifests/apply/gone.json"},
    ],
    ids=["no snapshot id", "no date", "manifest gone"],
)
def test_pointer_that_cannot_be_used_stops_only_the_kpis_of_its_source(pointer: dict[str, str]) -> None:
    stack.put_world()
    stack.put_json("current/apply.json", pointer)
    summary = stack.compute()
    assert {kpi: facts["state"] for kpi, facts in summary["kpis"].items()} == {CANDIDATES: "none", PROVIDERS: "ok"}
    assert "source apply" in summary["kpis"][CANDIDATES]["reason"]


def _broken(folder: Path, sql: str) -> Path:
    stack.catalogue_of(folder)
    (folder / CANDIDATES / "query.sql").write_text(sql, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT nothing FROM kpi_points WHERE snapshot = :kpi_points_snapshot", "ended FAILED"),
        ("SELECT this is no SQL :kpi_points_snapshot (", "ended FAILED"),
        ("SELECT period FROM kpi_points WHERE snapshot = :kpi_points_snapshot", "CAST each column"),
    ],
    ids=["unknown column", "no SQL", "wrong columns"],
)
def test_query_that_fails_says_why_and_stops_no_other(tmp_path: Path, sql: str, reason: str) -> None:
    stack.put_world()
    summary = stack.compute(_broken(tmp_path, sql))
    assert summary["outcome"] == "partial"
    assert reason in summary["kpis"][CANDIDATES]["reason"]
    assert summary["kpis"][PROVIDERS]["state"] == "ok"
    document = stack.get_json(f"protected/{summary['release']}/results.json")
    public = stack.kpi_of(document, CANDIDATES)["reason"]
    assert public == "The newest figures could not be worked out because of a fault on our side."


def test_types_of_the_result_are_checked(tmp_path: Path) -> None:
    stack.put_world()
    text = (stack.KPIS / CANDIDATES / "query.sql").read_text(encoding="utf-8")
    summary = stack.compute(_broken(tmp_path, text.replace("CAST(numerator AS bigint)", "CAST(numerator AS double)")))
    assert "numerator double" in summary["kpis"][CANDIDATES]["reason"]


def test_rate_above_one_stops_its_kpi(tmp_path: Path) -> None:
    stack.put_world()
    text = (stack.KPIS / CANDIDATES / "query.sql").read_text(encoding="utf-8")
    summary = stack.compute(_broken(tmp_path, text.replace("rejected AS numerator", "applied + 1 AS numerator")))
    assert "above the denominator" in summary["kpis"][CANDIDATES]["reason"]
    document = stack.get_json(f"protected/{summary['release']}/results.json")
    assert stack.kpi_of(document, CANDIDATES)["reason"] == "The newest figures did not pass our checks."


def test_scan_limit_of_the_workgroup_stops_the_query_with_athenas_reason() -> None:
    stack.put_world()
    long_codes = stack.visits(**{f"{number:03d}".ljust(120_000, "x"): stack.D for number in range(100)})
    stack.put_snapshot("placements", number=7, compression="none", provider_activity=long_codes)
    summary = stack.compute()
    assert "Bytes scanned limit was exceeded" in summary["kpis"][PROVIDERS]["reason"]
    assert summary["kpis"][CANDIDATES]["state"] == "ok"


def test_query_that_does_not_end_is_stopped_in_time_to_say_so(tmp_path: Path) -> None:
    stack.put_world()
    numbers = "UNNEST(sequence(1, 10000))"
    endless = f"""
        WITH points AS (SELECT period FROM kpi_points WHERE snapshot = :kpi_points_snapshot)
        SELECT COUNT(*) AS measure FROM points
        CROSS JOIN {numbers} AS a (x) CROSS JOIN {numbers} AS b (y) CROSS JOIN {numbers} AS c (z)
        WHERE (x * y) % 7 = z % 5
    """
    shutil.copytree(stack.KPIS / PROVIDERS, tmp_path / PROVIDERS)
    (tmp_path / PROVIDERS / "query.sql").write_text(endless, encoding="utf-8")
    with pytest.raises(NothingComputedError, match="the query was stopped: it had not finished within 1 seconds"):
        stack.compute(tmp_path, budget_seconds=1)


def test_results_of_another_contract_are_not_carried_over_and_stop_nothing() -> None:
    stack.put_world()
    stack.put_json("results/old/results.json", {"contract": "school-placements-results/0"})
    stack.put_json("current/results.json", {"as_of": "2026-07-13", "results": "results/old/results.json"})
    assert stack.compute()["outcome"] == "ok"


def test_folder_that_cannot_be_loaded_stops_only_its_kpi(tmp_path: Path) -> None:
    stack.first_release(date(2026, 7, 13))
    stack.catalogue_of(tmp_path)
    (tmp_path / CANDIDATES / "kpi.toml").write_text("order = 'first'", encoding="utf-8")
    summary = stack.compute(tmp_path)
    assert {kpi: facts["state"] for kpi, facts in summary["kpis"].items()} == {CANDIDATES: "carried", PROVIDERS: "ok"}
    assert "kpi.toml" in summary["kpis"][CANDIDATES]["reason"]


def test_if_every_kpi_fails_nothing_current_changes_and_the_record_says_why() -> None:
    stack.first_release()
    before = stack.objects("current/results", "protected/", "results/")
    for source in ("apply", "placements"):
        stack.client("s3").delete_object(Bucket=stack.BUCKET, Key=f"current/{source}.json")
    with pytest.raises(NothingComputedError, match="no KPI could be worked out for 2026-07-14"):
        stack.compute()
    assert stack.objects("current/results", "protected/", "results/") == before
    records = [stack.get_json(key) for key in stack.objects("runs/compute_kpis/")]
    assert sorted(record["outcome"] for record in records) == ["failed", "ok"]


def test_calendar_that_has_run_out_stops_only_the_kpis_that_need_it(monkeypatch: pytest.MonkeyPatch) -> None:
    stack.put_world()
    monkeypatch.setenv("CLOCK", "2028-01-01T08:30:00+00:00")
    activity = stack.visits(A1=date(2027, 10, 1), B1=None)
    stack.put_snapshot("placements", date(2027, 12, 30), number=5, provider_activity=activity)
    summary = stack.compute(as_of=None)
    assert "the calendar needs cycle 2028" in summary["kpis"][CANDIDATES]["reason"]
    assert summary["kpis"][PROVIDERS]["state"] == "ok"
    released = stack.get_json(f"protected/{summary['release']}/results.json")
    assert stack.kpi_of(released, CANDIDATES)["reason"] == (
        "There is no period to work the figures out for: the calendar does not yet have the 2028 cycle."
    )


# The project's own catalogue.


def test_every_query_of_the_project_is_accepted_and_returns_what_it_should() -> None:
    """Over a world of two services that have something: every KPI is worked out, of the others there is nobody yet."""
    stack.put_world()
    summary = stack.compute(loading.FOLDER)
    reasons = {kpi: facts["reason"] for kpi, facts in summary["kpis"].items() if facts["reason"]}
    assert reasons == {}
    assert summary["queries"] == len(list(loading.FOLDER.glob("*/query.sql"))) + 1 < 12


# The seventh KPI.


@pytest.mark.parametrize("copied", ["provider-take-up"])
def test_new_kpi_over_the_existing_tables_is_one_new_folder_and_nothing_else(tmp_path: Path, copied: str) -> None:
    """Copies a KPI of the real catalogue under a new id beside the original: both are worked out, alike."""
    new = tmp_path / "new" / "seventh-kpi"
    new.mkdir(parents=True)
    original = loading.FOLDER / copied
    toml = (original / "kpi.toml").read_text(encoding="utf-8")
    (new / "kpi.toml").write_text("order = 7\n" + toml.split("\n", 1)[1], encoding="utf-8")
    sql = (original / "query.sql").read_text(encoding="utf-8")
    (new / "query.sql").write_text(sql.replace(f"'{copied}'", "'seventh-kpi'"), encoding="utf-8")
    folder = stack.catalogue_of(tmp_path / "kpis", original, new)
    stack.put_world()
    stack.put_snapshot(
        "providers",
        number=3,
        providers=[
            {"code": code, "recruitment_cycle_year": 2025, "accredited_body": True, "provider_type": "scitt"}
            | {"region_code": "london"}
            for code in ("A1", "A2", "B1")
        ],
        courses=[
            {"provider_code": code, "code": "X", "recruitment_cycle_year": 2025, "state": "published"}
            for code in ("A1", "A2", "B1")
        ],
    )
    summary = stack.compute(folder)
    assert summary["outcome"] == "ok", summary
    assert summary["kpis"]["seventh-kpi"] == summary["kpis"][copied]
    assert summary["kpis"]["seventh-kpi"]["headline"] == {
        "numerator": 2,
        "denominator": 3,
        "value": 200 / 3,
        "is_money": False,
    }
    document = stack.get_json(f"protected/{summary['release']}/results.json")
    assert stack.kpi_of(document, "seventh-kpi")["figures"] == stack.kpi_of(document, copied)["figures"]
    assert [kpi["id"] for kpi in document["kpis"]][-1] == "seventh-kpi"
