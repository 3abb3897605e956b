"""What each client asks, and how it lives with the habits of its service."""

from __future__ import annotations

import json
import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from functions.ingest_providers import client
from functions.ingest_providers.client import WrongYearError
from local.standins import Fault, serve
from local.standins.replies import Reply, json_reply
from placements_kpi import https
from placements_kpi.attempts import Attempts
from placements_kpi.errors import PlacementsKpiError
from placements_kpi.https import AnswerError, Limits
from placements_kpi.runs import RefusedError
from placements_kpi.sources import SourceError
from tests.https.conftest import Served
from tests.https.facts import course, provider, trainee
from tests.ingest.drops import choice
from tests.schools.extracts import link, school, write_drop

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.standins.replies import Question
    from tests.ingest.conftest import Place


def clock(monkeypatch: pytest.MonkeyPatch, instant: str) -> None:
    monkeypatch.setenv("CLOCK", instant)


def questions(served: Served, source: str) -> list[dict[str, str]]:
    """Return the queries that a service was asked so far, and forget them."""
    asked = [dict(question.query) for name, question in served.standins.asked if name == source]
    served.standins.asked.clear()
    return asked


def ids(served: Served, source: str, table: str, column: str) -> list[str]:
    return sorted(str(row[column]) for row in served.place.table(source, table))


# Register


def test_register_is_asked_for_three_cycles_of_every_token_in_ascending_order(served: Served) -> None:
    served.place.drop("register", {"trainees": [trainee(1), trainee(2)]})
    served.ingest("register")
    asked = questions(served, "register")
    assert [query["academic_cycle"] for query in asked] == ["2023", "2024", "2025"] * 2
    assert {query["sort_order"] for query in asked} == {"asc"}
    assert not any("since" in query for query in asked)


def test_a_provider_without_trainees_is_a_404_and_no_error(served: Served) -> None:
    served.place.drop("register", {"trainees": [trainee(1)]})
    served.ingest("register")
    assert ids(served, "register", "trainees", "training_route") == ["12"]


def test_register_a_404_that_is_not_the_apis_own_is_an_error(served: Served) -> None:
    served.place.drop("register", {"trainees": [trainee(1)]})
    wrong = served.standins.locations["register"] + "/old"
    with pytest.raises(PlacementsKpiError, match="version in SOURCE_LOCATION"):
        served.ingest("register", source_location=wrong)


def test_a_refused_token_is_named_by_its_number_and_never_shown(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    served.place.drop("register", {"trainees": [trainee(1)]})
    served.ingest("register", tokens=["local-10000001", "not-a-good-token"])
    logged = [str(vars(record)) for record in caplog.records]
    assert any("token 2 of 2" in line for line in logged)
    assert not any("not-a-good-token" in line for line in logged)
    assert all(b"not-a-good-token" not in body for body in served.place.objects().values())


def test_register_without_a_token_is_refused_before_anything_is_asked(served: Served) -> None:
    served.place.drop("register", {"trainees": [trainee(1)]})
    with pytest.raises(SourceError, match="SOURCE_SECRET_ARN"):
        served.ingest("register", tokens=[])
    assert questions(served, "register") == []


def test_register_a_second_run_asks_only_for_what_changed_with_an_overlap(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.place.drop("register", {"trainees": [trainee(number) for number in range(1, 40)]})
    served.ingest("register")
    questions(served, "register")
    clock(monkeypatch, "2026-07-16T08:30:00+00:00")
    served.standins.service("register").touch()
    summary = served.ingest("register")
    assert {query["since"] for query in questions(served, "register")} == {"2026-07-14T08:30:00Z"}
    assert len(served.place.table("register", "trainees")) == 39
    assert summary["outcome"] == "accepted"


def test_register_is_pulled_whole_after_a_week_and_a_discarded_trainee_goes(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.place.drop("register", {"trainees": [trainee(number) for number in range(1, 12)]})
    served.ingest("register")
    service: Any = served.standins.service("register")
    service._entries.pop()
    clock(monkeypatch, "2026-07-16T08:30:00+00:00")
    served.ingest("register")
    assert len(served.place.table("register", "trainees")) == 11
    clock(monkeypatch, "2026-07-22T08:30:00+00:00")
    served.ingest("register")
    assert len(served.place.table("register", "trainees")) == 10


def test_register_is_pulled_whole_when_asked_and_when_the_tokens_change(served: Served) -> None:
    served.place.drop("register", {"trainees": [trainee(number) for number in range(1, 12)]})
    served.ingest("register", tokens=["local-10000001"])
    questions(served, "register")
    served.ingest("register", {"full": True}, tokens=["local-10000001"])
    assert not any("since" in query for query in questions(served, "register"))
    served.ingest("register", max_change_percent=1000)
    assert not any("since" in query for query in questions(served, "register"))
    assert len(served.place.table("register", "trainees")) == 11


@pytest.mark.parametrize("moving", [1, 2, 3])
def test_register_loses_nobody_while_the_list_moves_under_the_reader(place: Place, moving: int) -> None:
    rows: list[Any] = [
        trainee(number, ukprn="10000001", updated_at=f"2026-03-01T10:{number // 60:02}:{number % 60:02}Z")
        for number in range(1, 651)
    ]
    place.drop("register", {"trainees": rows})
    with serve(place.folder, rate=(1_000_000, 60.0), moving=moving) as standins:
        Served(place, standins).ingest("register", max_duplicate_percent=100)
    assert len(place.table("register", "trainees")) == 650


def test_register_reads_a_whole_page_updated_in_one_moment(served: Served) -> None:
    rows: list[Any] = [trainee(number, ukprn="10000001", updated_at="2026-03-01T10:00:00Z") for number in range(1, 351)]
    served.place.drop("register", {"trainees": rows})
    served.ingest("register")
    assert len(served.place.table("register", "trainees")) == 350


def test_register_waits_as_long_as_it_is_told_to(place: Place) -> None:
    place.drop("register", {"trainees": [trainee(number) for number in range(1, 5)]})
    with serve(place.folder, rate=(4, 1.0)) as standins:
        summary = Served(place, standins).ingest("register")
    assert summary["outcome"] == "accepted"
    assert len([name for name, _ in standins.asked if name == "register"]) > 6


def test_register_gives_no_named_day(served: Served) -> None:
    served.place.drop("register", {"trainees": [trainee(1)]})
    with pytest.raises(SourceError, match="drop of that day"):
        served.ingest("register", {"day": "2026-07-01"})


# Apply


def test_apply_is_asked_for_its_three_cycles(served: Served) -> None:
    served.place.drop("apply", {"application_choices": [choice(1)]})
    served.ingest("apply")
    assert {query["recruitment_cycle_year"] for query in questions(served, "apply")} == {"2024", "2025", "2026"}


def test_apply_in_early_october_is_also_asked_for_the_cycle_that_is_about_to_open(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.place.drop("apply", {"application_choices": [choice(1)]})
    clock(monkeypatch, "2026-10-05T08:30:00+00:00")
    served.ingest("apply")
    assert {query["recruitment_cycle_year"] for query in questions(served, "apply")} == {"2024", "2025", "2026", "2027"}


@pytest.mark.parametrize("moving", [1, 2, 5])
def test_apply_loses_nobody_while_the_list_moves_under_the_reader(place: Place, moving: int) -> None:
    rows: list[Any] = [
        choice(number, updated_at=f"2026-03-01T10:{number // 60:02}:{number % 60:02}Z") for number in range(1, 401)
    ]
    place.drop("apply", {"application_choices": rows})
    with serve(place.folder, moving=moving) as standins:
        Served(place, standins).ingest("apply", max_duplicate_percent=100)
    assert len(place.table("apply", "application_choices")) == 400


def test_apply_a_choice_taken_out_while_we_read_hides_no_other(served: Served) -> None:
    rows: list[Any] = [
        choice(number, updated_at=f"2026-03-01T10:{number // 60:02}:{number % 60:02}Z") for number in range(1, 201)
    ]
    served.place.drop("apply", {"application_choices": rows})
    service: Any = served.standins.service("apply")
    newest = max(service._entries, key=lambda entry: entry[0].updated)
    answer = service.answer

    def remove_after_the_second_page(question: Any) -> Any:
        reply = answer(question)
        if question.query.get("page") == "2" and newest in service._entries:
            service._entries.remove(newest)
        return reply

    service.answer = remove_after_the_second_page
    served.ingest("apply")
    assert set(ids(served, "apply", "application_choices", "id")) >= {str(number) for number in range(1, 200)}


def test_apply_a_second_run_merges_what_changed(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    served.place.drop("apply", {"application_choices": [choice(number) for number in range(1, 80)]})
    served.ingest("apply")
    questions(served, "apply")
    clock(monkeypatch, "2026-07-16T08:30:00+00:00")
    served.standins.service("apply").touch()
    served.ingest("apply")
    assert "2026-07-14T08:30:00Z" in {query.get("updated_since") for query in questions(served, "apply")}
    rows = served.place.table("apply", "application_choices")
    assert len(rows) == 79
    assert sum(str(row["updated_at"]).startswith("2026-07-16") for row in rows) == 1


# Publish


def drop_of_providers(served: Served, years: range = range(2023, 2027)) -> None:
    providers: list[Any] = [provider(code, year) for year in years for code in ("1AB", "2CD")]
    courses: list[Any] = [course("C1", "1AB", year) for year in years]
    served.place.drop("providers", {"providers": providers, "courses": courses})


def test_publish_is_asked_for_the_running_year_two_before_and_the_next_if_it_is_there(served: Served) -> None:
    drop_of_providers(served)
    served.ingest("providers")
    years = {row["recruitment_cycle_year"] for row in served.place.table("providers", "providers")}
    assert years == {2023, 2024, 2025, 2026}


def test_a_cycle_that_publish_does_not_have_is_left_out_and_never_filled_with_the_current_one(served: Served) -> None:
    drop_of_providers(served, range(2025, 2026))
    served.ingest("providers")
    rows = served.place.table("providers", "providers")
    assert {row["recruitment_cycle_year"] for row in rows} == {2025}
    assert len(rows) == 2


def test_publish_without_the_running_cycle_is_refused(served: Served) -> None:
    drop_of_providers(served, range(2026, 2027))
    with pytest.raises(WrongYearError, match="2025"):
        served.ingest("providers")
    assert served.place.current("providers") is None


def test_a_list_of_another_year_than_asked_for_is_refused(served: Served) -> None:
    drop_of_providers(served)
    service: Any = served.standins.service("providers")
    answer = service.answer

    def wrong_list(question: Question) -> Any:
        if question.path == "/recruitment_cycles/2025/providers":
            question = replace(question, path="/recruitment_cycles/1900/providers")
        return answer(question)

    service.answer = wrong_list
    with pytest.raises(WrongYearError):
        served.ingest("providers")


def test_a_year_that_publish_forgets_half_way_is_refused(served: Served) -> None:
    drop_of_providers(served)
    served.standins.fail("providers", Fault("wrong_year", times=100))
    with pytest.raises(WrongYearError, match="2025"):
        served.ingest("providers")


def test_publish_is_asked_for_nothing_but_its_lists_in_orders_that_it_knows(served: Served) -> None:
    drop_of_providers(served)
    served.ingest("providers")
    asked = [question for name, question in served.standins.asked if name == "providers"]
    assert {question.path.rpartition("/")[2] for question in asked} == {"providers", "courses"}
    orders = {(question.path.rpartition("/")[2], question.query["sort"]) for question in asked}
    assert orders == {("providers", "name"), ("courses", "name,provider.provider_name")}


def test_publish_a_count_of_courses_that_is_kept_too_long_stops_nothing_and_is_told(served: Served) -> None:
    drop_of_providers(served)
    service: Any = served.standins.service("providers")
    service.counts[2025] = (17, math.inf)
    served.ingest("providers")
    assert len(served.place.table("providers", "courses")) == 4
    told = served.place.manifest("providers")["fetched"]["unsettled"]
    assert told == ["cycle 2025: 17 courses by Publish's count, 1 given"]


def test_publish_a_count_that_comes_right_is_not_told(served: Served) -> None:
    drop_of_providers(served)
    service: Any = served.standins.service("providers")
    service.counts[2025] = (17, time.monotonic() + 0.2)
    answer = service.answer

    def slow(question: Question) -> Any:
        reply = answer(question)
        if question.path.endswith("2025/courses"):
            time.sleep(0.3)
        return reply

    service.answer = slow
    served.ingest("providers")
    assert served.place.manifest("providers")["fetched"]["unsettled"] == []


def test_publish_providers_of_one_name_that_change_places_between_pages_are_all_found(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    providers: list[Any] = [
        provider(f"{number:03}", year, name="Trinity") for year in range(2023, 2027) for number in range(7)
    ]
    served.place.drop("providers", {"providers": providers, "courses": [course("C1", "001")]})
    monkeypatch.setattr(client, "PAGE_SIZES", (3, 4, 5, 6, 7))
    served.ingest("providers")
    assert len(served.place.table("providers", "providers")) == 28
    assert served.place.manifest("providers")["fetched"]["unsettled"] == []
    sizes = {question.query["page[per_page]"] for name, question in served.standins.asked if name == "providers"}
    assert len(sizes) > 2, "no list was read twice: the edges were never met"


def test_publish_a_list_that_gets_shorter_while_it_is_read_is_read_again(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last page is past the end then, which is a 400."""
    courses: list[Any] = [course(f"C{number}", "1AB", year) for year in range(2023, 2027) for number in range(5)]
    served.place.drop(
        "providers", {"providers": [provider("1AB", year) for year in range(2023, 2027)], "courses": courses}
    )
    monkeypatch.setattr(client, "PAGE_SIZES", (2, 3))
    service: Any = served.standins.service("providers")
    answer = service.answer

    def shorter(question: Question) -> Any:
        gone = question.path.endswith("2025/courses") and question.query["page[page]"] == "3"
        return Reply(400, b'{"errors": []}') if gone else answer(question)

    service.answer = shorter
    served.ingest("providers")
    assert len(served.place.table("providers", "courses")) == 20
    assert served.place.manifest("providers")["fetched"]["unsettled"] == []


def test_publish_a_list_without_an_end_is_not_asked_for_ever(served: Served) -> None:
    drop_of_providers(served)
    service: Any = served.standins.service("providers")
    answer = service.answer

    def endless(question: Question) -> Any:
        if not question.path.endswith("2025/courses"):
            return answer(question)
        body = json.loads(answer(replace(question, query=dict(question.query) | {"page[page]": "1"})).body)
        return json_reply(body | {"links": {"next": "more"}})

    service.answer = endless
    with pytest.raises(AnswerError, match="has no end"):
        served.ingest("providers")
    assert len(served.standins.asked) < 100


def test_a_course_knows_its_providers_code(served: Served) -> None:
    drop_of_providers(served)
    served.ingest("providers")
    assert set(ids(served, "providers", "courses", "provider_code")) == {"1AB"}


# GIAS


def test_gias_takes_todays_file(served: Served) -> None:
    write_drop(served.place.location("schools"), [school(100000)], day="2026-07-15")
    assert served.ingest("schools")["as_of"] == "2026-07-15T00:00:00Z"


def test_gias_today_is_londons(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    clock(monkeypatch, "2026-07-14T23:30:00+00:00")
    write_drop(served.place.location("schools"), [school(100000)], day="2026-07-15")
    assert served.ingest("schools")["as_of"] == "2026-07-15T00:00:00Z"


def test_gias_goes_back_as_far_as_seven_days_for_a_missing_file(served: Served) -> None:
    write_drop(served.place.location("schools"), [school(100000)], day="2026-07-08")
    summary = served.ingest("schools", max_age_days='{"schools": 8}')
    assert summary["as_of"] == "2026-07-08T00:00:00Z"
    assert [question.path for _, question in served.standins.asked][:2] == [
        "/edubasealldata20260715.csv",
        "/edubasealldata20260714.csv",
    ]


def test_gias_gives_up_after_seven_days(served: Served) -> None:
    write_drop(served.place.location("schools"), [school(100000)], day="2026-07-07")
    with pytest.raises(SourceError, match="from 2026-07-08 to 2026-07-15"):
        served.ingest("schools")


def test_gias_an_older_file_of_links_will_do(served: Served) -> None:
    folder = write_drop(served.place.location("schools"), [school(100000)], [], day="2026-07-15")
    (folder / "links_edubasealldata20260715.csv").unlink()
    write_drop(served.place.location("schools"), [school(100000)], [link(100000, 100001)], day="2026-07-13")
    served.ingest("schools")
    assert served.place.manifest("schools")["fetched"]["links_days_older"] == 2


def test_gias_a_named_day_is_that_day_or_nothing(served: Served) -> None:
    write_drop(served.place.location("schools"), [school(100000)], day="2026-07-13")
    assert served.ingest("schools", {"day": "2026-07-13"})["as_of"] == "2026-07-13T00:00:00Z"
    with pytest.raises(SourceError, match="of 2026-07-12"):
        served.ingest("schools", {"day": "2026-07-12"})


BROKEN: dict[str, Callable[[bytes], Reply]] = {
    "refused": lambda _: Reply(403, b"", "text/plain"),
    "failing": lambda _: Reply(500, b"", "text/plain"),
    "a page": lambda _: Reply(200, b"<!DOCTYPE html><title>Sorry</title>", "text/html"),
    "empty": lambda _: Reply(200, b"", "text/csv"),
    "a text": lambda _: Reply(200, b"please try later", "text/plain"),
    "cut off": lambda whole: Reply(200, whole[:-20], "text/csv"),
    "in UTF-16": lambda whole: Reply(200, whole.decode("cp1252").encode("utf-16"), "text/csv"),
}


@pytest.mark.parametrize("beginning", ["edubasealldata", "links_edubasealldata"])
@pytest.mark.parametrize("broken", BROKEN)
def test_gias_goes_back_a_day_for_a_broken_file_and_says_so(
    served: Served, monkeypatch: pytest.MonkeyPatch, broken: str, beginning: str
) -> None:
    for day in ("2026-07-14", "2026-07-15"):
        folder = write_drop(served.place.location("schools"), [school(100000)], [link(100000, 100001)], day=day)
    well, name = served.standins.answer, f"{beginning}20260715.csv"
    reply = BROKEN[broken]((folder / name).read_bytes())
    monkeypatch.setattr(https, "Limits", lambda: Limits(attempts=Attempts(most=2, first_wait=0.01)))
    monkeypatch.setattr(
        served.standins,
        "answer",
        lambda source, asked, agent: reply if asked.path == f"/{name}" else well(source, asked, agent),
    )
    served.ingest("schools")
    manifest = served.place.manifest("schools")
    (told,) = manifest["fetched"]["passed_over"]
    assert name in told and "token" not in told
    assert [file for file in manifest["fetched"]["files"] if file.startswith(beginning)] == [f"{beginning}20260714.csv"]


@pytest.mark.parametrize("rows", [0, 20])
def test_gias_goes_back_a_day_for_a_file_that_is_cut_off_at_the_end_of_a_row(
    served: Served, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    schools = [school(number) for number in range(100000, 100040)]
    for day in ("2026-07-14", "2026-07-15"):
        folder = write_drop(served.place.location("schools"), schools, day=day)
    lines = (folder / "edubasealldata20260715.csv").read_bytes().splitlines(keepends=True)
    reply, well = Reply(200, b"".join(lines[: 1 + rows]), "text/csv"), served.standins.answer
    monkeypatch.setattr(
        served.standins,
        "answer",
        lambda source, asked, agent: reply if "/edubasealldata20260715" in asked.path else well(source, asked, agent),
    )
    assert served.ingest("schools", min_rows=30)["as_of"] == "2026-07-14T00:00:00Z"
    (told,) = served.place.manifest("schools")["fetched"]["passed_over"]
    assert told.startswith(f"edubasealldata20260715.csv has {rows} rows, where 30 are expected")
    with pytest.raises(RefusedError, match=f"schools: {rows} rows; between 50 and"):
        served.ingest("schools", min_rows=50)


def test_gias_does_not_go_back_behind_what_is_current(served: Served) -> None:
    folder = write_drop(served.place.location("schools"), [school(100000)], day="2026-07-15")
    good = served.ingest("schools")
    for path in folder.iterdir():
        path.unlink()
    write_drop(served.place.location("schools"), [school(100000)], day="2026-07-14")
    with pytest.raises(SourceError, match="older than the current snapshot"):
        served.ingest("schools")
    assert served.place.current("schools") == good["snapshot"]


def test_every_request_says_who_asks(served: Served) -> None:
    write_drop(served.place.location("schools"), [school(100000)], day="2026-07-15")
    served.ingest("schools", code_version="1.2.3")
    assert served.standins.agents == {"school-placements-performance/1.2.3"}
