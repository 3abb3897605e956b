"""What a run checks, what it warns of, and what fails it."""

from __future__ import annotations

import io
import json
from datetime import date
from typing import Any

import pytest

from functions.compute_kpis.answers import reconciliation
from functions.compute_kpis.answers.queries import Answer, ResultRow
from functions.compute_kpis.catalogue.definitions import load_definitions
from functions.compute_kpis.catalogue.loading import load_kpi
from functions.compute_kpis.recompute import recompute
from placements_kpi.facts import TableFacts
from placements_kpi.observability import logger
from placements_kpi.results import Check, Figure, KpiResult, Point, Protected, Published, SourceFacts
from tests.compute import stack
from tests.kpis.world import COMPUTE

DEFINITIONS = load_definitions()
NOTHING_UNKNOWN = Answer()
YEAR = {"period": 2025, "period_label": "academic year 2025 to 2026"}
DAYS = {"period_start": date(2025, 9, 1), "period_end": date(2026, 8, 31), "as_of": stack.D}


def source(name: str, *tables: TableFacts, notes: dict[str, int] | None = None) -> SourceFacts:
    return SourceFacts(
        source=name,
        title=name.capitalize(),
        as_of=stack.D,
        snapshot="20260714-0123456789ab",
        age_days=0,
        max_age_days=7,
        tables=tables,
        notes=notes or {},
    )


def figure(measure: str, numerator: int, denominator: int | None = None, **cell: Any) -> Figure:
    return Figure(
        measure=measure, period=2025, as_of=stack.D, numerator=numerator, denominator=denominator, value=None, **cell
    )


def result(kpi: str, *figures: Figure, state: str = "ok") -> KpiResult:
    """Return a KPI of the real catalogue with these figures at its newest day."""
    description = load_kpi(COMPUTE / "kpis" / kpi, DEFINITIONS).description
    family = description.families[0].id
    point = Point(family=family, **YEAR, **DAYS, is_current=True, is_series=True, is_comparison=False)
    return KpiResult.model_validate(
        {"id": kpi, "state": state, "as_of": stack.D, "description": description, "points": (point,)}
        | {"figures": figures}
    )


def checks(
    sources: tuple[SourceFacts, ...] = (), kpis: tuple[KpiResult, ...] = (), unknown: Answer = NOTHING_UNKNOWN
) -> dict[str, Check]:
    return {check.id: check for check in reconciliation.checks_of(sources, kpis, DEFINITIONS, unknown)}


def counts(check: Check) -> dict[str, int]:
    return {count.label: count.count for count in check.counts if count.count}


# Rows.


def test_rows_that_are_kept_refused_or_duplicates_add_up_beside_those_out_of_scope() -> None:
    table = TableFacts(table="vacancies", rows_in=10, kept=6, duplicates=1, refused={"wrong_type": 2, "missing": 1})
    check = checks((source("vacancies", table, notes={"vacancy_applications_left_out": 40}),))["rows:vacancies"]
    assert check.state == "ok"
    assert counts(check) == {"Tables checked": 1, "Rows outside what we read": 40}


@pytest.mark.parametrize("rows_in", [9, 11])
def test_rows_that_do_not_add_up_fail(rows_in: int) -> None:
    table = TableFacts(table="vacancies", rows_in=rows_in, kept=8, duplicates=2)
    check = checks((source("vacancies", table),))["rows:vacancies"]
    assert (check.state, check.says) == (
        "failed",
        "The rows of vacancies do not add up: some were lost or counted twice.",
    )


def test_a_source_without_data_is_a_warning() -> None:
    nothing = source("schools").model_copy(update={"snapshot": None})
    assert checks((nothing,))["rows:schools"].state == "warning"


# Figures.


def parts(*numbers: tuple[int, int]) -> list[Figure]:
    regions = [entry.code for entry in DEFINITIONS.entries_of("english_regions")]
    return [
        figure("headline", *cell, breakdown="region", category=region)
        for region, cell in zip(regions, numbers, strict=False)
    ]


def test_figures_that_add_up_are_counted() -> None:
    kpi = result("school-take-up", figure("headline", 5, 20), *parts((2, 8), (3, 12)))
    check = checks(kpis=(kpi,))["figures:school-take-up"]
    assert check.state == "ok"
    assert counts(check) == {
        "Rates whose numerator is within the denominator": 3,
        "Breakdowns that add up to the total": 1,
    }


@pytest.mark.parametrize(
    "figures",
    [
        [figure("headline", 5, 20), *parts((2, 8), (2, 12))],
        [figure("headline", 5, 20), *parts((2, 8), (3, 11))],
        [figure("headline", 21, 20)],
    ],
)
def test_figures_that_cannot_be_right_fail(figures: list[Figure]) -> None:
    assert checks(kpis=(result("school-take-up", *figures),))["figures:school-take-up"].state == "failed"


def test_a_kpi_that_was_carried_over_is_not_checked_again() -> None:
    found = checks(kpis=(result("school-take-up", figure("headline", 21, 20), state="carried"),))
    assert found["figures:school-take-up"].state == "warning"
    assert found["bounds:schools_d2"].says == "There is no new figure to compare."


# Lists.


def test_values_that_no_list_knows_are_counted_by_column() -> None:
    row = ResultRow("unknown_values", 2025, stack.D, "column", "trainees.training_route", 3, None, "ok")
    schools = TableFacts(table="schools", rows_in=9, kept=9, duplicates=0, unknown_codes={"gor": 2})
    check = checks((source("schools", schools),), unknown=Answer(rows=(row,)))["lists"]
    assert check.state == "warning"
    assert counts(check) == {"Training route": 3, "Schools: gor": 2}
    kinds = {count.label: count.disclosure for count in check.counts if count.count}
    assert kinds == {"Training route": "person", "Schools: gor": "organisation"}


def test_lists_that_know_everything_are_in_order() -> None:
    check = checks()["lists"]
    assert (check.state, check.says) == ("ok", "Every value is on its list.")
    assert len(check.counts) == len(DEFINITIONS.entries_of("checked_place"))


def test_a_count_that_could_not_be_made_is_a_warning_and_no_zero() -> None:
    check = checks(unknown=Answer(error="throttled"))["lists"]
    assert (check.state, check.counts) == ("warning", ())
    assert not reconciliation.was_made([check])


# Cross-checks and bounds.


def register(in_register: int, with_mentor: int, in_both: int) -> Check:
    figures = [
        figure("register_placement_schools", in_register),
        figure("headline", with_mentor),
        figure("register_overlap", in_both),
    ]
    return checks(kpis=(result("school-participation", *figures),))["sources:register"]


@pytest.mark.parametrize(("in_both", "state"), [(0, "warning"), (1, "ok")])
def test_schools_of_two_services_without_any_in_common_are_a_warning(in_both: int, state: str) -> None:
    check = register(30, 40, in_both)
    assert check.state == state
    assert [count.count for count in check.counts] == [30, 40, in_both]


@pytest.mark.parametrize(("unknown", "state"), [(0, "ok"), (2, "warning")])
def test_provider_codes_that_publish_does_not_know_are_a_warning(unknown: int, state: str) -> None:
    cell = {"breakdown": "reason", "category": "unknown_provider"}
    kpi = result("provider-take-up", figure("headline", 3, 9), figure("records_not_counted", unknown, **cell))
    assert checks(kpis=(kpi,))["sources:publish"].state == state


@pytest.mark.parametrize(
    ("schools", "state"), [(24_400, "ok"), (24_888, "ok"), (24_889, "warning"), (23_912, "ok"), (23_911, "warning")]
)
def test_schools_are_held_against_the_published_number(schools: int, state: str) -> None:
    kpi = result("school-take-up", figure("headline", 5, schools))
    check = checks(kpis=(kpi,))["bounds:schools_d2"]
    assert check.state == state
    assert [count.count for count in check.counts] == [schools]
    assert check.says.startswith("Published figures say about 24,400. ")


def test_providers_are_held_against_the_published_range() -> None:
    kpi = result("provider-take-up", figure("headline", 5, 700), figure("accredited", 5, 175))
    found = checks(kpis=(kpi,))
    assert (found["bounds:providers_in_sector"].state, found["bounds:accredited_providers"].state) == ("warning", "ok")
    assert "about 770 to 830" in found["bounds:providers_in_sector"].says
    others = Published(kpi="provider-take-up", measure="headline", low=770, high=830)
    assert found["bounds:providers_in_sector"].published == others


# In a run.


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    written = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", written)
    return written


@pytest.mark.usefixtures("aws")
def test_a_run_records_its_checks_and_the_definitions_it_used() -> None:
    summary = stack.first_release()
    record = stack.get_json(f"runs/compute_kpis/{summary['run_id']}.json")
    assert {check["id"] for check in record["checks"]} >= {"rows:apply", "figures:provider-visits", "lists"}
    files = {file["file"]: file for file in record["inputs"]["definitions"]}
    assert files["calendar.csv"]["version"] == "1"
    protected = Protected.model_validate(stack.get_json(f"protected/{summary['release']}/results.json"))
    assert {file.file for file in protected.definitions} == files.keys()
    assert [check.id for check in protected.checks] == [check["id"] for check in record["checks"]]


@pytest.mark.usefixtures("aws")
def test_unknown_values_are_found_in_every_column_looked_at_and_rounded_where_they_are_about_people() -> None:
    stack.put_world()
    rows = stack.choices(8, 8, region="somewhere")
    strange = [{**row, "rejection_reason_ids": ["other", "brand_new.leaf"]} for row in rows]
    stack.put_snapshot("apply", number=2, application_choices=[*stack.choices(100, 41, region="london"), *strange])
    trainees = [
        {"trainee_id": "1", "state": "awarded", "training_route": "flying", "withdrawal_reasons": ["unmapped", ""]},
        {"trainee_id": "2", "state": "awarded", "training_route": "12", "withdrawal_reasons": None},
    ]
    stack.put_snapshot("register", number=2, trainees=trainees)
    providers = [
        {"code": code, "recruitment_cycle_year": 2025, "region_code": region, "provider_type": kind}
        for code, region, kind in [("A", "no_region", "scitt"), ("B", "mars", "academy"), ("C", None, None)]
    ]
    stack.put_snapshot("providers", number=2, providers=providers)
    applied = [{"application_id": "1", "vacancy_id": "1", "status": "offered", "qualified_teacher_status": "maybe"}]
    stack.put_snapshot("vacancies", number=2, vacancy_applications=applied)
    summary = stack.compute()
    assert "lists" in summary["checks"]["warning"]
    record = stack.get_json(f"runs/compute_kpis/{summary['run_id']}.json")
    exact = {count["label"]: count["count"] for count in of_id(record["checks"], "lists")["counts"]}
    assert exact == {
        "Reason for rejection": 8,
        "Region of the provider applied to": 8,
        "Training route": 1,
        "Reason for withdrawal": 1,
        "Qualified teacher status of an applicant": 1,
        "Region of a provider": 1,
        "Type of provider": 1,
    }
    protected = stack.get_json(f"protected/{summary['release']}/results.json")
    public = {count["label"]: count["count"] for count in of_id(protected["checks"], "lists")["counts"]}
    assert (public["Training route"], public["Region of a provider"]) == (5, 1)
    assert public["Reason for rejection"] in {5, 10}, "which multiple of five is next to 8 is drawn for each count"


def of_id(documents: list[dict[str, Any]], check_id: str) -> dict[str, Any]:
    (one,) = [check for check in documents if check["id"] == check_id]
    return one


@pytest.mark.usefixtures("aws")
def test_a_failed_check_makes_the_run_partial_and_is_logged(
    logged: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    stack.put_world()
    manifest = "manifests/placements/20260714-000000000001.json"
    document = stack.get_json(manifest)
    document["tables"][0]["rows_in"] += 1
    stack.put_json(manifest, document)
    summary = stack.compute()
    # The regions of this world are on no list of Publish.
    assert summary["checks"] == {"failed": ["rows:placements"], "warning": ["lists"]}
    assert summary["outcome"] == "partial"
    lines = [json.loads(line) for line in logged.getvalue().splitlines()]
    told = [line for line in lines if line.get("message") == "data quality" and line["level"] == "ERROR"]
    assert [line["check"]["id"] for line in told] == ["rows:placements"]
    sent = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"ChecksFailed"' in line]
    assert [(one["ChecksFailed"], one["KpisFailed"]) for one in sent] == [([1.0], [0.0])]


@pytest.mark.usefixtures("aws")
def test_checks_are_recomputed_byte_for_byte() -> None:
    release = stack.first_release()["release"]
    found = recompute(stack.settings(), release, folder=stack.KPIS)
    assert (found["equal"], found["differences"]) == (True, [])


@pytest.mark.usefixtures("aws")
def test_a_check_that_could_not_be_made_then_is_not_made_now() -> None:
    stack.put_world()
    stack.drop_keys(["current/register.json"])
    summary = stack.compute()
    assert "lists" in summary["checks"]["warning"]
    assert recompute(stack.settings(), summary["release"], folder=stack.KPIS)["equal"]
