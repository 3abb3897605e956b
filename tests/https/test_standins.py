"""The stand-ins have the habits of the services they stand for (each is one that has bitten somebody)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3

from local.standins import Standins, serve
from local.standins.facts import StandinError
from tests.https.facts import course, provider, trainee
from tests.ingest.drops import choice
from tests.ingest.drops import write_drop as write_records
from tests.schools.extracts import school, write_drop


@pytest.fixture
def standins(tmp_path: Path) -> Iterator[Standins]:
    write_drop(tmp_path / "schools", [school(100000, name="St Mary’s")])
    write_records(tmp_path / "apply", {"application_choices": [choice(number) for number in range(1, 121)]})
    trainees: list[Any] = [trainee(number, ukprn="10000001") for number in range(1, 61)]
    write_records(tmp_path / "register", {"trainees": [*trainees, trainee(61, state="draft")]})
    providers: list[Any] = [provider(f"{number:03}", year) for year in (2025, 2026) for number in range(600)]
    providers.append(provider("ZZZ", discarded_at="2026-02-01T10:00:00Z"))
    write_records(tmp_path / "providers", {"providers": providers, "courses": [course("C1", "001")]})
    with serve(tmp_path, rate=(20, 60.0), current_cycle=2026) as standins:
        yield standins


@pytest.fixture
def pool() -> Iterator[urllib3.PoolManager]:
    with urllib3.PoolManager(retries=False) as pool:
        yield pool


def get(pool: urllib3.PoolManager, address: str, token: str | None = None) -> urllib3.BaseHTTPResponse:
    return pool.request("GET", address, headers={"Authorization": f"Bearer {token}"} if token else {})


def test_register_gives_the_newest_first_fifty_a_page_and_hides_drafts(
    standins: Standins, pool: urllib3.PoolManager
) -> None:
    answer = get(pool, standins.locations["register"] + "/trainees?academic_cycle=2025", "local-10000001").json()
    updated = [record["updated_at"] for record in answer["data"]]
    assert updated == sorted(updated, reverse=True)
    assert answer["meta"] == {"current_page": 1, "total_pages": 2, "total_count": 60, "per_page": 50}


@pytest.mark.parametrize(
    "query",
    ["academic_cycle=2025&page=3", "academic_cycle=2019", "academic_cycle=2025&since=2027-01-01"],
)
def test_register_nothing_found_is_a_404(standins: Standins, pool: urllib3.PoolManager, query: str) -> None:
    answer = get(pool, f"{standins.locations['register']}/trainees?{query}", "local-10000001")
    assert answer.status == 404
    assert answer.json() == {"errors": [{"error": "NotFound", "message": "No trainees found"}]}


def test_register_refuses_a_parameter_it_cannot_read(standins: Standins, pool: urllib3.PoolManager) -> None:
    address = standins.locations["register"] + "/trainees?since=yesterday"
    assert get(pool, address, "local-10000001").status == 422


def test_register_refuses_a_wrong_token(standins: Standins, pool: urllib3.PoolManager) -> None:
    answer = get(pool, standins.locations["register"] + "/trainees", "wrong")
    assert (answer.status, answer.json()) == (401, {"error": "Unauthorized"})


def test_register_takes_so_many_requests_and_then_says_when_to_come_back(
    standins: Standins, pool: urllib3.PoolManager
) -> None:
    address = standins.locations["register"] + "/trainees?academic_cycle=2025"
    answers = [get(pool, address, "local-10000001") for _ in range(21)]
    assert [answer.status for answer in answers] == [200] * 20 + [429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60


def test_apply_gives_the_newest_first_and_fifty_at_most(standins: Standins, pool: urllib3.PoolManager) -> None:
    address = standins.locations["apply"] + "/application-choices?recruitment_cycle_year=2026&per_page=500"
    answer = get(pool, address, "local-apply").json()
    assert len(answer["data"]) == 50
    assert answer["meta"]["total_count"] == 120
    assert answer["links"]["next"] is not None


def test_apply_wants_to_know_the_cycle(standins: Standins, pool: urllib3.PoolManager) -> None:
    assert get(pool, standins.locations["apply"] + "/application-choices", "local-apply").status == 422


def test_publish_an_unknown_year_is_silently_the_current_cycle(standins: Standins, pool: urllib3.PoolManager) -> None:
    answer = get(pool, standins.locations["providers"] + "/recruitment_cycles/1999/providers?include=recruitment_cycle")
    assert answer.status == 200
    assert answer.json()["included"][0]["attributes"]["year"] == 2026


def test_publish_has_nothing_where_only_its_routes_name_a_cycle(standins: Standins, pool: urllib3.PoolManager) -> None:
    answer = get(pool, standins.locations["providers"] + "/recruitment_cycles/2025")
    assert (answer.status, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")


def test_publish_gives_five_hundred_a_page_at_most_and_past_the_end_a_400(
    standins: Standins, pool: urllib3.PoolManager
) -> None:
    address = standins.locations["providers"] + "/recruitment_cycles/2025/providers?page[per_page]=900&page[page]="
    first, second, third = (get(pool, f"{address}{page}") for page in (1, 2, 3))
    assert (len(first.json()["data"]), len(second.json()["data"]), third.status) == (500, 100, 400)
    assert first.json()["meta"] == {"count": 600}
    assert (first.json()["links"]["next"] is None, second.json()["links"]["next"]) == (False, None)


def test_publish_lists_discarded_providers_only_when_asked(standins: Standins, pool: urllib3.PoolManager) -> None:
    address = standins.locations["providers"] + "/recruitment_cycles/2025/providers?filter[discarded]=true"
    (found,) = get(pool, address).json()["data"]
    assert found["attributes"]["code"] == "ZZZ"


def test_publish_a_provider_has_another_id_in_each_cycle(standins: Standins, pool: urllib3.PoolManager) -> None:
    lists = [
        get(pool, f"{standins.locations['providers']}/recruitment_cycles/{year}/providers").json()["data"]
        for year in (2025, 2026)
    ]
    assert lists[0][0]["attributes"]["code"] == lists[1][0]["attributes"]["code"]
    assert lists[0][0]["id"] != lists[1][0]["id"]


def test_gias_states_no_character_set_and_sends_cp1252(standins: Standins, pool: urllib3.PoolManager) -> None:
    answer = get(pool, standins.locations["schools"] + "/edubasealldata20260714.csv")
    assert answer.headers["Content-Type"] == "text/csv"
    assert b"St Mary\x92s" in answer.data


def test_gias_a_day_without_a_file_is_a_404(standins: Standins, pool: urllib3.PoolManager) -> None:
    assert get(pool, standins.locations["schools"] + "/edubasealldata20260713.csv").status == 404


def test_a_service_has_each_record_once_though_its_drop_has_it_twice(tmp_path: Path, pool: urllib3.PoolManager) -> None:
    rows: list[Any] = [choice(1), choice(1, status="rejected", updated_at="2026-04-01T10:00:00Z"), choice(2)]
    write_records(tmp_path / "apply", {"application_choices": rows}, zipped=True)
    with serve(tmp_path) as standins:
        address = standins.locations["apply"] + "/application-choices?recruitment_cycle_year=2026"
        data = get(pool, address, "local-apply").json()["data"]
    assert [(item["id"], item["attributes"]["status"]) for item in data] == [
        ("1", "rejected"),
        ("2", "awaiting_provider_decision"),
    ]


def test_a_source_without_a_drop_is_one_clear_error(tmp_path: Path) -> None:
    with serve(tmp_path) as standins, pytest.raises(StandinError, match="no drop of register"):
        standins.tokens("register")


def test_everything_is_on_the_loopback(standins: Standins) -> None:
    assert all(address.startswith("http://127.0.0.1:") for address in standins.locations.values())
    assert json.dumps(standins.locations).count("http://") == 4
