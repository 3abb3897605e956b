"""What a KPI stops for: a source that its headline needs. What needs another one is not available, and says why."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from functions.compute_kpis.catalogue import loading
from functions.compute_kpis.catalogue.definitions import load_definitions
from functions.compute_kpis.recompute import recompute
from tests.compute import stack
from tests.compute.raw_drops import Drops
from tests.ingest import drops as rows_of
from tests.schools import extracts

pytestmark = pytest.mark.usefixtures("aws")

D = date(2026, 10, 15)
WITHDRAWALS, PARTICIPATION, VACANCIES = "trainee-withdrawals", "school-participation", "ect-vacancies"
PUBLISH_NEVER_CAME = "Publish teacher training courses has not sent any data that could be used."


@pytest.fixture
def drops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Drops:
    return Drops(tmp_path, monkeypatch)


def trainee(number: int, **changes: Any) -> dict[str, Any]:
    """Return a trainee who started in September 2025 and was awarded QTS in July 2026."""
    return rows_of.trainee(
        number,
        ukprn="10000001",
        **{
            "state": "awarded",
            "training_route": "provider_led_postgrad",
            "trainee_start_date": "2025-09-01",
            "awarded_at": "2026-07-10T09:00:00Z",
            "placements": [],
            "withdrawal_reasons": [],
        }
        | changes,
    )


def withdrawn(number: int) -> dict[str, Any]:
    return trainee(number, state="withdrawn", awarded_at=None, withdrawal_date="2026-02-01")


def starter(number: int) -> dict[str, Any]:
    return trainee(number, state="trn_received", awarded_at=None, trainee_start_date="2026-09-01")


def provider(code: str, year: int, region: str = "london", **changes: Any) -> dict[str, Any]:
    return {
        "code": code,
        "name": code,
        "provider_type": "scitt",
        "accredited_body": True,
        "ukprn": "10000001",
        "region_code": region,
        "changed_at": "2026-01-01T09:00:00Z",
        "recruitment_cycle_year": year,
    } | changes


def exact(run_id: str) -> dict[str, Any]:
    document: dict[str, Any] = stack.get_json(f"results/{run_id}/results.json")
    return document


def symbols(document: Any, kpi: str, measure: str, breakdown: str = "national") -> set[str | None]:
    return {one["symbol"] for one in stack.figures(document, kpi, measure, breakdown)}


def put_register(drops: Drops, awarded: int = 1, left: int = 1, day: date = D) -> None:
    drops.at(day)
    rows = [*map(trainee, range(awarded)), *map(withdrawn, range(1000, 1000 + left)), starter(9999)]
    drops.take_in("register", day, trainees=rows)


def test_without_publish_the_rates_of_withdrawal_stand_and_their_regions_are_not_available(drops: Drops) -> None:
    put_register(drops)
    released = drops.compute(D)
    results = exact(released["run_id"])
    assert stack.numbers(stack.newest(results, WITHDRAWALS, "outcome_rate")) == (1, 2, 50.0)
    assert stack.numbers(stack.newest(results, WITHDRAWALS, "cohort_rate")) == (0, 1, 0.0)
    for document in (results, released):
        kpi = stack.kpi_of(document, WITHDRAWALS)
        assert (kpi["state"], kpi["missing"]) == ("ok", {"providers": PUBLISH_NEVER_CAME})
        regions = stack.figures(document, WITHDRAWALS, "outcome_rate", "region")
        assert {(one["status"], *stack.numbers(one)) for one in regions} == {("not_available", None, None, None)}
        assert len(regions) == 10
    assert symbols(released, WITHDRAWALS, "outcome_rate", "region") == {"x"}
    assert "providers" not in stack.kpi_of(released, WITHDRAWALS)["source_dates"]


def test_a_breakdown_comes_when_its_source_does_and_stays_for_the_month(drops: Drops) -> None:
    """What was counted of people at a month end stands until the next one, also without the source."""
    put_register(drops, awarded=400, left=120)
    released = [drops.compute(D)]
    publish = [provider("P1", year) for year in (2024, 2025, 2026)]
    drops.take_in("providers", D, providers=publish, courses=[])
    released.append(drops.compute(D))
    stack.drop_keys(["current/providers.json"])
    released.append(drops.compute(D))
    put_register(drops, awarded=400, left=120, day=date(2026, 11, 10))
    released.append(drops.compute(date(2026, 11, 10)))
    shown = [stack.newest(one, WITHDRAWALS, "outcome_rate", region="E12000007") for one in released]
    assert [one["symbol"] for one in shown] == ["x", None, None, "x"]
    assert stack.numbers(shown[1]) == stack.numbers(shown[2])
    missing = [set(stack.kpi_of(one, WITHDRAWALS)["missing"]) for one in released]
    assert missing == [{"providers"}, set(), set(), {"providers"}], "what is shown is not said to be missing"


def test_a_cross_check_that_goes_and_comes_is_revised_and_says_why(drops: Drops) -> None:
    drops.at(D)
    drops.take_in_schools(D, extracts.school(100001))
    allocation = rows_of.allocation(1, academic_year=2026, created_at="2026-10-01T10:00:00Z")
    drops.take_in("placements", D, mentor_allocations=[allocation], school_activity=[], provider_activity=[])
    drops.take_in("register", D, trainees=[starter(1) | {"placements": [{"urn": "100001"}]}])
    released = [drops.compute(D)]
    pointer = stack.get_json("current/register.json")
    stack.drop_keys(["current/register.json"])
    released.append(drops.compute(D))
    stack.put_json("current/register.json", pointer)
    released.append(drops.compute(D))
    shown = [stack.newest(one, PARTICIPATION, "register_overlap") for one in released]
    assert [(one["numerator"], one["symbol"]) for one in shown] == [(1, None), (None, "x"), (1, None)]
    reasons = [
        {one["reason"] for one in release["revisions"] if one["measure"] == "register_overlap"} for release in released
    ]
    assert reasons == [
        set(),
        {"there is no data of Register trainee teachers that can be used"},
        {"restated from data of 15 October 2026 (Register trainee teachers)"},
    ]


def test_a_source_that_is_too_old_is_missing_and_the_reason_says_how_old(drops: Drops) -> None:
    put_register(drops)
    old = date(2026, 10, 1)
    drops.take_in("providers", old, providers=[provider("P1", 2025)], courses=[])
    released = drops.compute(D)
    kpi = stack.kpi_of(released, WITHDRAWALS)
    assert kpi["state"] == "ok"
    assert kpi["missing"]["providers"].startswith("The newest data from Publish teacher training courses is from 1 Oct")
    assert symbols(released, WITHDRAWALS, "outcome_rate", "region") == {"x"}
    assert stack.newest(exact(released["run_id"]), WITHDRAWALS, "outcome_rate")["numerator"] == 1


def test_a_release_without_a_source_is_recomputed_to_the_same_bytes(drops: Drops) -> None:
    put_register(drops)
    released = drops.compute(D)
    found = recompute(stack.settings(), released["release"])
    assert (found["equal"], found["differences"]) == (True, [])


def test_without_register_the_schools_that_take_part_stand_and_the_cross_check_is_not_available(drops: Drops) -> None:
    drops.at(D)
    drops.take_in_schools(D, extracts.school(100001), extracts.school(100002))
    allocation = rows_of.allocation(1, academic_year=2026, created_at="2026-10-01T10:00:00Z")
    drops.take_in("placements", D, mentor_allocations=[allocation], school_activity=[], provider_activity=[])
    released = drops.compute(D)
    results = exact(released["run_id"])
    assert stack.newest(results, PARTICIPATION)["numerator"] == 1
    assert stack.numbers(stack.newest(results, PARTICIPATION, "percentage_of_schools")) == (1, 2, 50.0)
    assert stack.kpi_of(released, PARTICIPATION)["missing"] == {
        "register": "Register trainee teachers has not sent any data that could be used."
    }
    for measure in ("register_placement_schools", "register_overlap"):
        assert symbols(released, PARTICIPATION, measure) == {"x"}
    assert symbols(released, PARTICIPATION, "records_not_counted", "reason") == {"x"}
    assert symbols(released, PARTICIPATION, "headline") == {None}
    (check,) = [one for one in released["checks"] if one["id"] == "sources:register"]
    assert check["says"] == "There are no new figures to compare."


def test_without_schools_the_jobs_filled_stand_and_what_is_by_school_is_not_available(drops: Drops) -> None:
    put_register(drops)
    closed = {"publish_on": "2026-09-01", "expires_at": "2026-09-20T12:00:00Z", "takes_applications": True}
    offer = {"status": "offered", "submitted_at": "2026-09-05T12:00:00Z", "offered_at": "2026-09-10T12:00:00Z"}
    drops.take_in(
        "vacancies",
        D,
        vacancies=[rows_of.vacancy(1, starts_on="2026-09-25", **closed)],
        applications=[rows_of.application(0, **offer)],
    )
    released = drops.compute(D)
    results = exact(released["run_id"])
    assert stack.numbers(stack.newest(results, VACANCIES)) == (1, 1, 100.0)
    assert stack.newest(results, VACANCIES, "trainees_applying")["numerator"] == 1
    assert set(stack.kpi_of(released, VACANCIES)["missing"]) == {"schools"}
    for measure, breakdown in (
        ("headline", "region"),
        ("headline", "phase"),
        ("trainees_applying", "region_applied_to"),
        ("applying_to_placement_school", "national"),
        ("applying_in_placement_region", "national"),
    ):
        assert symbols(released, VACANCIES, measure, breakdown) == {"x"}, (measure, breakdown)


@pytest.mark.parametrize(
    ("kpi", "stops", "goes_on"),
    [
        ("placement-rejections", {"apply"}, set()),
        (WITHDRAWALS, {"register"}, {"providers"}),
        (PARTICIPATION, {"placements", "schools"}, {"register"}),
        (VACANCIES, {"vacancies", "register"}, {"schools"}),
        ("provider-take-up", {"placements", "providers"}, set()),
        ("school-take-up", {"placements", "schools"}, set()),
        ("digital-take-up", {"service"}, set()),
        ("completion-rate", {"service"}, set()),
    ],
)
def test_a_kpi_stops_for_what_its_headline_needs(kpi: str, stops: set[str], goes_on: set[str]) -> None:
    kpis, _ = loading.load_catalogue(load_definitions())
    (description,) = [one.description for one in kpis if one.id == kpi]
    assert description.needs(description.headline) == stops
    assert set(description.sources) - stops == goes_on


FIRST = date(2026, 9, 1)
PROVIDER_USE, SCHOOL_USE = "provider-take-up", "school-take-up"


def put_first_day(drops: Drops, placements_on: date) -> None:
    """One accredited provider that runs a course and one school, both last seen in the old year."""
    drops.at(FIRST)
    course = {"provider_code": "P1", "code": "C1", "state": "published"}
    years = (2024, 2025, 2026)
    drops.take_in(
        "providers",
        FIRST,
        providers=[provider("P1", year) for year in years],
        courses=[course | {"recruitment_cycle_year": year} for year in years],
    )
    drops.take_in_schools(FIRST, extracts.school(100001))
    seen = {"sign_in_dates": ["2026-08-31"], "updated_at": "2026-08-31T09:00:00Z"}
    school = rows_of.school(1, hosting_preferences=[], placements=[], **seen)
    drops.take_in(
        "placements",
        placements_on,
        school_activity=[school],
        mentor_allocations=[rows_of.allocation(1)],
        provider_activity=[{"provider_code": "P1", "onboarded": True, **seen}],
    )


def test_on_the_first_day_of_a_year_nobody_has_used_the_service_yet(drops: Drops) -> None:
    put_first_day(drops, FIRST)
    released = drops.compute(FIRST)
    for kpi, headline in (
        (PARTICIPATION, (0, None, 0.0)),
        (PROVIDER_USE, (0, 1, 0.0)),
        (SCHOOL_USE, (0, 1, 0.0)),
    ):
        figure = stack.newest(released, kpi)
        assert (figure["period"], figure["as_of"], stack.numbers(figure)) == (2026, "2026-09-01", headline), kpi
        assert stack.kpi_of(released, kpi)["state"] == "ok"
    assert stack.newest(released, PROVIDER_USE, "active_in_last_30_days")["numerator"] == 1


def test_before_a_snapshot_of_the_new_year_its_first_day_is_not_available_and_says_why(drops: Drops) -> None:
    put_first_day(drops, date(2026, 8, 31))
    released = drops.compute(FIRST)
    why = (
        "The newest data from School placements service is from 31 August 2026 and says nothing of the academic year "
        "2026 to 2027 yet."
    )
    for kpi in (PARTICIPATION, PROVIDER_USE, SCHOOL_USE):
        told = stack.kpi_of(released, kpi)
        assert (told["state"], told["missing"]["placements"]) == ("ok", why), kpi
        assert {one["symbol"] for one in told["figures"] if one["period"] == 2026} == {"x"}, kpi
        assert None in {one["symbol"] for one in told["figures"] if one["period"] == 2025}, kpi
    says = {one["id"]: one["says"] for one in released["checks"] if one["group"] == "sources"}
    assert says.pop("sources:service") == "There is no data of this source to check."
    assert set(says.values()) == {"There are no new figures to compare."}, "nothing known is not nothing wrong"
    found = recompute(stack.settings(), released["release"])
    assert (found["equal"], found["differences"]) == (True, [])
