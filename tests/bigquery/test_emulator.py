"""Every query on an emulator of BigQuery, over tables in the shapes that the services' own schemas give them.

``make bigquery`` runs these: local-bigquery has a virtual environment of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from local.bigquery import storable
from local.bigquery.emulator import client, emulator, load
from local.bigquery.streamed_tables import LOCATION, PROJECT
from local.known_answers import FILE
from local.standins import serve
from local.world import write_sample
from placements_kpi.bigquery import BigQueryError
from tests.https.conftest import Served

if TYPE_CHECKING:
    from tests.ingest.conftest import Place

pytestmark = pytest.mark.bigquery
EVENING = "2026-07-14T22:30:00+00:00"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bigquery")
    write_sample(folder / "sample", scale=0.01)
    storable.write(folder / "sample", folder / "possible")
    return folder / "possible"


@pytest.fixture(scope="module")
def address(sample: Path) -> Iterator[str]:
    with emulator() as running:
        load(running, sample)
        yield running


def test_what_the_tables_cannot_hold_is_no_known_answer(sample: Path) -> None:
    told = json.loads((sample / FILE).read_text(encoding="utf-8"))["school-participation"]["allocations_not_counted"]
    assert "no_mentor_or_placement" not in told["by_reason"]


class Warehouse:
    """The emulator, a dataset of one test in it, and a place to ingest into."""

    def __init__(self, address: str, dataset: str, place: Any) -> None:
        self.address = address
        self.dataset = dataset
        self.place = place
        self.google = client(address)
        self.google.create_dataset(dataset)

    def table(self, name: str, select: str) -> None:
        self.run(f"CREATE OR REPLACE TABLE {self.dataset}.{name} AS {select}")

    def run(self, sql: str) -> Any:
        return self.google.query(sql).result()

    def ingest(self, source: str, location: str = "", **changes: Any) -> dict[str, Any]:
        where = location or f"bigquery://{PROJECT}/{self.dataset}"
        return self.place.ingest(source, source_location=where, bigquery_endpoint=self.address, **changes)


@pytest.fixture
def warehouse(address: str, place: Place, request: pytest.FixtureRequest) -> Iterator[Warehouse]:
    made = Warehouse(address, "".join(c if c.isalnum() else "_" for c in request.node.name), place)
    yield made
    made.google.close()


@pytest.mark.parametrize("source", storable.SOURCES)
def test_the_same_facts_by_drop_https_and_bigquery_are_the_same_snapshot(
    source: str, sample: Path, address: str, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOCK", EVENING)
    told = {"demonstration": True}
    dropped = place.ingest(source, source_location=str(sample / source), **told)
    read = place.ingest(source, source_location=LOCATION, bigquery_endpoint=address, **told)
    assert (read["snapshot"], read["outcome"]) == (dropped["snapshot"], "unchanged")
    assert all(table["kept"] > 0 and table["refused"] == {} for table in read["tables"])
    if source in {"apply", "register"}:
        with serve(sample, rate=(1_000_000, 60.0)) as standins:
            assert Served(place, standins).ingest(source, **told)["snapshot"] == dropped["snapshot"]


def test_jobs_rows_and_schema_are_in_the_manifest(address: str, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOCK", EVENING)
    place.ingest("vacancies", source_location=LOCATION, bigquery_endpoint=address, demonstration=True)
    manifest = place.manifest("vacancies")
    jobs = {job["table"]: job for job in manifest["fetched"]["jobs"]}
    kept = {table["table"]: table["kept"] for table in manifest["tables"]}
    assert jobs["applications"]["rows"] == kept["vacancy_applications"]
    assert jobs["vacancies"]["schema"]["job_roles"] == "ARRAY<STRING>"
    assert manifest["as_of"] == "2026-07-14T22:30:00Z" != manifest["fetched"]["pinned"]


REGISTER = {
    "providers": "SELECT '7' AS id, '10000001' AS ukprn",
    "trainee_withdrawals": "SELECT '5' AS id, '1' AS trainee_id, DATE '2026-01-31' AS date, 'provider' AS trigger, "
    "CAST(NULL AS TIMESTAMP) AS discarded_at, TIMESTAMP '2026-02-01 09:00:00+00' AS created_at",
    "trainee_withdrawal_reasons": "SELECT '9' AS id, '5' AS trainee_withdrawal_id, '3' AS withdrawal_reason_id",
    "withdrawal_reasons": "SELECT '3' AS id, 'teaching_placement_problems' AS name",
    "placements": "SELECT '2' AS id, '1' AS trainee_id, '4' AS school_id, CAST(NULL AS STRING) AS urn",
    "schools": "SELECT '4' AS id, '100000' AS urn",
}
"""Register's tables but for trainees: a select each."""


def trainees(state: str, route: str, phase: str, number: int = 1) -> str:
    return f"""SELECT '{number}' AS id, 'abcdefghijklmnopqrstuvw{number}' AS slug, '2000001' AS trn, '7' AS provider_id,
      {state} AS state, {route} AS training_route, {phase} AS course_education_phase,
      DATE '2025-09-01' AS itt_start_date, '2026-07-10' AS itt_end_date, DATE '2025-09-01' AS trainee_start_date,
      '2026-01-31T23:30:00.123Z' AS awarded_at,
      CAST(NULL AS DATE) AS defer_date, CAST(NULL AS DATE) AS reinstate_date, CAST(NULL AS TIMESTAMP) AS discarded_at,
      'a column more' AS first_names, TIMESTAMP '2025-08-01 10:00:00+00' AS created_at,
      TIMESTAMP '2026-02-01 10:00:00+00' AS updated_at"""


def register(warehouse: Warehouse, trainee: str, suffix: str = "register") -> None:
    for name, select in {**REGISTER, "trainees": trainee}.items():
        warehouse.table(f"{name}_latest_{suffix}", select)


WORDS = ("'withdrawn'", "'provider_led_postgrad'", "'secondary'")


@pytest.mark.parametrize(
    "trainee",
    [trainees(*WORDS) + " UNION ALL " + trainees("'4'", "'1'", "'1'", number=2), trainees("4", "1", "1")],
    ids=["words_and_texts", "numbers"],
)
def test_enums_are_words_from_dfe_analytics_and_numbers_from_airbyte(trainee: str, warehouse: Warehouse) -> None:
    register(warehouse, trainee, "register_airbyte")
    warehouse.ingest("register", f"bigquery://{PROJECT}/{warehouse.dataset}/register_airbyte")
    rows = warehouse.place.table("register", "trainees")
    assert len(rows) == trainee.count("AS slug")
    for row in rows:
        found = (row["state"], row["training_route"], row["course_education_phase"])
        assert found == ("withdrawn", "provider_led_postgrad", "secondary")
        assert str(row["itt_end_date"]) == "2026-07-10" and str(row["awarded_at"]) == "2026-01-31 23:30:00.123000"
    assert (rows[0]["withdrawal_reasons"], rows[0]["placement_urns"]) == (["teaching_placement_problems"], ["100000"])


def test_a_number_that_is_on_no_list_is_unknown_and_never_another_services_code(warehouse: Warehouse) -> None:
    """Register's interface says 15 and means iqts (HESA); its database says 12."""
    register(warehouse, trainees("7", "15", "9") + " UNION ALL " + trainees("2", "12", "0", number=2))
    warehouse.ingest("register", max_refused_percent=100)
    found = {
        (row["state"], row["training_route"], row["course_education_phase"])
        for row in warehouse.place.table("register", "trainees")
    }
    assert found == {("unknown", "unknown", "unknown"), ("trn_received", "iqts", "primary")}


ROLES = {
    "a_list": [("['teacher', 'sendco']", "['primary']")],
    "texts": [
        ("'teacher,sendco'", "'primary'"),
        ('\'["teacher", "sendco"]\'', "'[\"primary\"]'"),
        ("'[0, 9]'", "'[1]'"),
    ],
    "a_list_of_numbers": [("[0, 9]", "[1]")],
}


@pytest.mark.parametrize("shape", ROLES)
def test_lists_come_in_many_shapes(shape: str, warehouse: Warehouse) -> None:
    rows = " UNION ALL ".join(vacancy(number, *given) for number, given in enumerate(ROLES[shape], 1))
    for name, select in {
        "vacancies": rows,
        "organisation_vacancies": f"SELECT '{VACANCY}1' AS vacancy_id, 'o' AS organisation_id",
        "organisations": "SELECT 'o' AS id, 'School' AS type, '100000' AS urn, '' AS uid",
        "job_applications": APPLICATION,
    }.items():
        warehouse.table(f"{name}_latest_teaching_vacancies", select)
    warehouse.ingest("vacancies")
    for row in warehouse.place.table("vacancies", "vacancies"):
        assert (row["job_roles"], row["phases"]) == (["teacher", "sendco"], ["primary"])
        assert (row["takes_applications"], row["is_external"], row["hired_status"]) == (True, False, "hired_tvs")
    application = warehouse.place.table("vacancies", "vacancy_applications")[0]
    assert (application["status"], application["qualified_teacher_status_year"]) == ("offered", None)


VACANCY = "00000076-0000-4000-8000-0004b665e40"
APPLICATION = f"""SELECT '00000061-0000-4000-8000-0004b665e401' AS id, '{VACANCY}1' AS vacancy_id, 7 AS status,
  TIMESTAMP '2026-01-15 12:00:00+00' AS submitted_at, TIMESTAMP '2026-01-20 12:00:00+00' AS offered_at,
  CAST(NULL AS TIMESTAMP) AS declined_at, CAST(NULL AS TIMESTAMP) AS withdrawn_at, 'yes' AS qualified_teacher_status,
  'last year' AS qualified_teacher_status_year, TRUE AS is_statutory_induction_complete,
  '2000001' AS teacher_reference_number, TIMESTAMP '2026-01-20 12:00:00+00' AS updated_at"""


def vacancy(number: int, roles: str, phases: str) -> str:
    return f"""SELECT '{VACANCY}{number}' AS id, 'PublishedVacancy' AS type, {roles} AS job_roles, 0 AS ect_status,
      {phases} AS phases, 'permanent' AS contract_type, DATE '2026-01-01' AS publish_on,
      TIMESTAMP '2026-02-01 12:00:00+00' AS expires_at, CAST(NULL AS DATE) AS starts_on,
      CAST(NULL AS TIMESTAMP) AS discarded_at, 0 AS hired_status, CAST(NULL AS TIMESTAMP) AS stats_updated_at,
      FALSE AS enable_job_applications, 2 AS receive_applications, '' AS external_source,
      CAST(NULL AS STRING) AS publisher_ats_api_client_id, TIMESTAMP '2026-02-01 12:00:00+00' AS updated_at"""


@pytest.fixture(scope="module")
def placements(address: str) -> str:
    """Return a dataset with a school that is in both services, one that never signed in, and versions of everything."""
    warehouse = Warehouse(address, "placements", None)
    early, later = "TIMESTAMP '2025-09-01 09:00:00+00'", "TIMESTAMP '2025-10-01 09:00:00+00'"
    none = "CAST(NULL AS TIMESTAMP)"
    manage, find = "itt_mentor_services", "find_placement_schools"
    for source in (manage, find):
        warehouse.table(f"academic_years_latest_{source}", "SELECT '25' AS id, DATE '2025-09-01' AS starts_on")
    school = f"'100000' AS urn, TRUE AS placements_service, {early} AS updated_at"
    warehouse.table(
        f"schools_version_{manage}",
        f"SELECT 's' AS id, {school}, {early} AS valid_from, {later} AS valid_to "
        f"UNION ALL SELECT 's', '100000', TRUE, {later}, {later}, {none}",
    )
    warehouse.table(f"schools_latest_{manage}", f"SELECT 's' AS id, {school}")
    provider = f"'1AB' AS code, '10000001' AS ukprn, TRUE AS placements_service, {early} AS updated_at"
    warehouse.table(
        f"providers_version_{manage}", f"SELECT 'p' AS id, {provider}, {early} AS valid_from, {none} AS valid_to"
    )
    warehouse.table(f"providers_latest_{manage}", f"SELECT 'p' AS id, {provider}")
    member = f"'u' AS user_id, 'School' AS organisation_type, 's' AS organisation_id, {early} AS created_at"
    warehouse.table(
        f"user_memberships_version_{manage}",
        f"SELECT 'm' AS id, {member}, {early} AS valid_from, {none} AS valid_to "
        f"UNION ALL SELECT 'n', 'staff', 'School', 's', {early}, {early}, {none}",
    )
    warehouse.table(
        f"users_latest_{manage}",
        f"SELECT 'u' AS id, 'Placements::User' AS type, {later} AS last_signed_in_at "
        f"UNION ALL SELECT 'staff', 'Placements::SupportUser', TIMESTAMP '2026-07-01 09:00:00+00'",
    )
    warehouse.table(
        f"users_version_{manage}",
        f"SELECT 'u' AS id, 'Placements::User' AS type, {early} AS last_signed_in_at, {early} AS valid_from "
        f"UNION ALL SELECT 'u', 'Placements::User', {later}, {later} "
        f"UNION ALL SELECT 'staff', 'Placements::SupportUser', TIMESTAMP '2026-07-01 09:00:00+00', {later}",
    )
    warehouse.table(
        f"hosting_interests_latest_{manage}",
        f"SELECT 's' AS school_id, '25' AS academic_year_id, 'interested' AS appetite, {early} AS created_at",
    )
    placement = f"'pl' AS id, 's' AS school_id, '25' AS academic_year_id, 'p' AS provider_id, {early} AS created_at"
    warehouse.table(f"placements_latest_{manage}", f"SELECT {placement}")
    warehouse.table(
        f"placements_version_{manage}",
        f"SELECT {placement}, {early} AS valid_from, {later} AS valid_to "
        f"UNION ALL SELECT 'pl', 's', '25', 'p', {early}, {later}, {none}",
    )
    warehouse.table(
        f"placement_mentor_joins_version_{manage}",
        f"SELECT 'a' AS id, 'pl' AS placement_id, 'm1' AS mentor_id, {early} AS created_at, {early} AS updated_at, "
        f"{early} AS valid_from, {later} AS valid_to "
        f"UNION ALL SELECT 'a', 'pl', 'm1', {early}, {later}, {later}, TIMESTAMP '2025-11-01 09:00:00+00' "
        f"UNION ALL SELECT 'b', 'pl', 'm2', {early}, {early}, {early}, {none}",
    )
    warehouse.table(
        f"organisations_version_{find}",
        f"SELECT 'o' AS id, 'School' AS type, '100000' AS urn, CAST(NULL AS STRING) AS code, "
        f"CAST(NULL AS STRING) AS ukprn, {early} AS updated_at, {early} AS valid_from, {none} AS valid_to "
        f"UNION ALL SELECT 'never', 'School', '100001', NULL, NULL, {early}, {early}, {none} "
        f"UNION ALL SELECT 'not on it', 'School', '100002', NULL, NULL, {early}, {early}, {none}",
    )
    warehouse.table(
        f"user_memberships_version_{find}",
        f"SELECT 'f' AS id, 'fu' AS user_id, 'o' AS organisation_id, {early} AS created_at, {early} AS valid_from, "
        f"{none} AS valid_to UNION ALL SELECT 'g', 'gu', 'never', {early}, {early}, {none}",
    )
    warehouse.table(
        f"users_latest_{find}",
        f"SELECT 'fu' AS id, FALSE AS admin, TIMESTAMP '2026-01-31 23:30:00+00' AS last_signed_in_at "
        f"UNION ALL SELECT 'gu', FALSE, {none}",
    )
    warehouse.table(
        f"users_version_{find}",
        f"SELECT 'fu' AS id, FALSE AS admin, TIMESTAMP '2026-01-31 23:30:00+00' AS last_signed_in_at, "
        f"{early} AS valid_from "
        f"UNION ALL SELECT 'gu', FALSE, {none}, {early}",
    )
    warehouse.table(
        f"placement_preferences_latest_{find}",
        f"SELECT 'o' AS organisation_id, '25' AS academic_year_id, 'not_open' AS appetite, {later} AS created_at",
    )
    warehouse.google.close()
    return warehouse.dataset


def test_a_school_in_both_placements_services_counts_once(placements: str, address: str, place: Place) -> None:
    summary = place.ingest(
        "placements", source_location=f"bigquery://{PROJECT}/{placements}", bigquery_endpoint=address
    )
    assert {table["table"]: table["duplicates"] for table in summary["tables"]}["school_activity"] == 0
    schools = {row["school_urn"]: row for row in place.table("placements", "school_activity")}
    assert sorted(schools) == ["100000", "100001"]
    # 31 January 23:30 UTC is that day in London too; the staff's visit in July is nobody's own.
    assert [str(day) for day in schools["100000"]["sign_in_dates"]] == ["2025-09-01", "2025-10-01", "2026-01-31"]
    assert str(schools["100000"]["last_signed_in_at"]) == "2026-01-31 23:30:00"
    assert schools["100001"]["sign_in_dates"] == [], "it never signed in"
    preferences = place.table("placements", "hosting_preferences")
    assert sorted(row["appetite"] for row in preferences) == ["interested", "not_open"]
    # Versions never multiply rows, and the end of the last is the removal.
    allocations = {
        row["allocation_id"]: str(row["deleted_at"]) for row in place.table("placements", "mentor_allocations")
    }
    assert allocations == {"a": "2025-11-01 09:00:00", "b": "None"}
    assert len(place.table("placements", "school_placements")) == 1


def test_one_of_the_services_alone(placements: str, address: str, place: Place) -> None:
    where = f"bigquery://manage={PROJECT}/{placements}"
    place.ingest("placements", source_location=where, bigquery_endpoint=address)
    assert [row["school_urn"] for row in place.table("placements", "school_activity")] == ["100000"]
    assert list(place.manifest("placements")["fetched"]["services"]) == ["manage"]


def test_a_missing_table(warehouse: Warehouse) -> None:
    register(warehouse, trainees(*WORDS))
    warehouse.run(f"DROP TABLE {warehouse.dataset}.schools_latest_register")
    with pytest.raises(BigQueryError, match=r"trainees: .*notFound.*schools_latest_register.*it is not there"):
        warehouse.ingest("register")
    assert [key for key in warehouse.place.listing() if not key.startswith(("runs/", "attempts/"))] == []


def test_a_missing_column(warehouse: Warehouse) -> None:
    register(warehouse, trainees(*WORDS).replace(" AS trn", " AS teacher_number"))
    with pytest.raises(BigQueryError, match=r"trainees: .*invalidQuery, trn.*a column changed"):
        warehouse.ingest("register")


def test_a_column_of_another_type(warehouse: Warehouse) -> None:
    register(warehouse, trainees(*WORDS).replace("'2000001' AS trn", "2000001 AS trn"))
    with pytest.raises(BigQueryError, match="column trn is INTEGER, where STRING was expected"):
        warehouse.ingest("register")


def test_an_empty_table(warehouse: Warehouse) -> None:
    register(warehouse, trainees(*WORDS) + " LIMIT 0")
    with pytest.raises(BigQueryError, match="gave no rows at all"):
        warehouse.ingest("register")


def test_what_changes_after_the_instant_is_not_seen(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table is written again between the instant and the query, as dataform does several times a day."""
    register(warehouse, trainees(*WORDS))
    real, changed = client(warehouse.address), []
    from placements_kpi import bigquery

    pinned = bigquery._Reading.now

    def now_and_then_a_change(reading: Any) -> Any:
        instant = pinned(reading)
        real.query(f"UPDATE {warehouse.dataset}.trainees_latest_register SET trn = '2000002' WHERE TRUE").result()
        changed.append(instant)
        return instant

    monkeypatch.setattr(bigquery._Reading, "now", now_and_then_a_change)
    warehouse.ingest("register")
    first = warehouse.place.table("register", "trainees")[0]["trn"]
    monkeypatch.setattr(bigquery._Reading, "now", pinned)
    warehouse.ingest("register")
    assert len(changed) == 1 and warehouse.place.table("register", "trainees")[0]["trn"] != first
    real.close()
