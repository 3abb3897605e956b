"""Register over https: a refused token costs one provider, and a pull longer than a run goes on in the next."""

from __future__ import annotations

import itertools
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from functions.ingest_register import client
from local.standins.replies import error_reply
from placements_kpi import https
from placements_kpi.https import BudgetError, StatusError
from placements_kpi.runs import RefusedError
from placements_kpi.secret import SecretError
from tests.https.facts import trainee
from tests.ingest.test_erasure import ask

if TYPE_CHECKING:
    from pathlib import Path

    from local.standins.replies import Question
    from tests.https.conftest import Served

PROVIDERS = 12


def register(served: Served) -> Any:
    return served.standins.service("register")


def drop_of_trainees(served: Served, providers: int = 3, each: int = 4) -> list[str]:
    """Serve some trainees of each provider; return the tokens."""
    rows = [
        trainee(number, ukprn=f"{10000000 + number % providers}", itt_start_date=f"{2023 + number % 3}-09-01")
        | {"trainee_start_date": f"{2023 + number % 3}-09-01"}
        for number in range(providers * each)
    ]
    served.place.drop("register", {"trainees": list(rows)})
    return [f"local-{10000000 + provider}" for provider in range(providers)]


def of_provider(served: Served) -> dict[str, int]:
    """Return the trainees stored of each provider."""
    ukprns = [row["ukprn"] for row in served.place.table("register", "trainees")]
    return {ukprn: ukprns.count(ukprn) for ukprn in sorted(set(ukprns))}


def fetched(served: Served) -> dict[str, Any]:
    facts: dict[str, Any] = served.place.manifest("register")["fetched"]
    return facts


@pytest.fixture
def a_second_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each look of the client at its clock, one a request at least, take a second."""
    clock = itertools.count()
    monkeypatch.setattr(https, "time", SimpleNamespace(monotonic=lambda: float(next(clock))))


def expire(served: Served, *tokens: str) -> None:
    register(served).tokens = [token for token in register(served).tokens if token not in tokens]


def test_a_token_that_expired_keeps_its_providers_rows_and_stops_nothing(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tokens = drop_of_trainees(served)
    served.ingest("register", tokens=tokens)
    before = of_provider(served)
    expire(served, tokens[1])
    monkeypatch.setenv("CLOCK", "2026-07-16T08:30:00+00:00")
    summary = served.ingest("register", {"full": True}, tokens=tokens)
    assert (summary["outcome"], of_provider(served)) == ("accepted", before)
    assert summary["notes"]["trainees_carried_over"] == 4
    assert list(fetched(served)["refused_tokens"].values()) == ["2026-07-16T08:30:00Z"]
    (told,) = [record for record in caplog.records if record.getMessage().startswith("a token is refused")]
    assert "token 2 of 3" in told.reason


def test_the_first_pull_goes_without_the_provider_of_a_refused_token(served: Served) -> None:
    tokens = drop_of_trainees(served)
    expire(served, tokens[1])
    assert served.ingest("register", tokens=tokens)["outcome"] == "accepted"
    assert of_provider(served) == {"10000000": 4, "10000002": 4}


def test_a_delta_keeps_them_too_and_a_token_that_is_back_is_read_from_the_beginning(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = drop_of_trainees(served)
    served.ingest("register", tokens=tokens)
    whole = register(served).tokens
    expire(served, tokens[1])
    monkeypatch.setenv("CLOCK", "2026-07-16T08:30:00+00:00")
    assert served.ingest("register", tokens=tokens)["outcome"] == "accepted"
    assert of_provider(served)["10000001"] == 4
    register(served).tokens = whole
    served.standins.asked.clear()
    monkeypatch.setenv("CLOCK", "2026-07-17T08:30:00+00:00")
    served.ingest("register", tokens=tokens)
    without_since = {question.token for _, question in served.standins.asked if "since" not in question.query}
    assert without_since == {tokens[1]}
    assert fetched(served)["refused_tokens"] == {}


def test_a_token_that_is_in_the_secret_twice_is_used_once(served: Served) -> None:
    tokens = drop_of_trainees(served)
    assert served.ingest("register", tokens=[*tokens, tokens[0]])["tables"][0]["duplicates"] == 0
    assert of_provider(served) == {"10000000": 4, "10000001": 4, "10000002": 4}


@pytest.mark.parametrize("token", ["local\n10000001", "local–10000001", "local 10000001"])
def test_a_token_that_no_header_can_carry_is_told_by_its_number(served: Served, token: str) -> None:
    tokens = drop_of_trainees(served)
    with pytest.raises(SecretError, match=r"that cannot be sent \(numbered from 1\): 2;") as raised:
        served.ingest("register", tokens=[tokens[0], token, tokens[2]])
    assert "10000001" not in str(raised.value)
    assert served.standins.asked == []


def test_two_refused_tokens_of_three_refuse_the_snapshot_by_their_places(served: Served) -> None:
    tokens = drop_of_trainees(served)
    served.ingest("register", tokens=tokens)
    expire(served, tokens[0], tokens[2])
    with pytest.raises(RefusedError, match=r"refuses 2 of 3 tokens \(in the secret's order: 1, 3\)"):
        served.ingest("register", {"full": True}, tokens=tokens)


def test_a_token_that_is_refused_for_too_long_refuses_the_snapshot(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = drop_of_trainees(served)
    served.ingest("register", tokens=tokens)
    expire(served, tokens[1])
    monkeypatch.setenv("CLOCK", "2026-07-16T08:30:00+00:00")
    served.ingest("register", {"full": True}, tokens=tokens)
    monkeypatch.setenv("CLOCK", "2026-07-20T08:30:00+00:00")
    with pytest.raises(RefusedError, match="the first since 2026-07-16"):
        served.ingest("register", {"full": True}, tokens=tokens)


def test_a_service_that_refuses_every_token_is_an_error(served: Served) -> None:
    tokens = drop_of_trainees(served)
    expire(served, *tokens)
    with pytest.raises(StatusError, match="token 3 of 3"):
        served.ingest("register", tokens=tokens)


def test_a_cycle_that_is_not_accepted_is_skipped_by_name_and_asked_for_once(served: Served) -> None:
    tokens = drop_of_trainees(served)
    answer = register(served).answer

    def refuse(question: Question) -> Any:
        if question.query.get("academic_cycle") == "2024":
            return error_reply(422, "UnprocessableEntity", "Academic cycle is not valid")
        return answer(question)

    register(served).answer = refuse
    served.ingest("register", tokens=tokens)
    assert fetched(served)["refused_cycles"] == [2024]
    assert sum(question.query.get("academic_cycle") == "2024" for _, question in served.standins.asked) == 1


def test_a_cycle_that_is_answered_with_the_running_one_is_skipped_by_its_year(served: Served) -> None:
    tokens = drop_of_trainees(served)
    answer = register(served).answer

    def current(question: Question) -> Any:
        unknown = question.query.get("academic_cycle") == "2023"
        return answer(
            replace(question, query=dict(question.query) | {"academic_cycle": "2025"} if unknown else question.query)
        )

    register(served).answer = current
    summary = served.ingest("register", tokens=tokens)
    assert fetched(served)["refused_cycles"] == [2023]
    (facts,) = summary["tables"]
    assert (facts["rows_in"], facts["duplicates"]) == (8, 0)


def test_a_trainee_whose_dates_say_another_cycle_than_their_list_is_kept(served: Served) -> None:
    rows = [trainee(number, ukprn="10000000", itt_start_date=f"{2023 + number}-09-01") for number in range(3)]
    served.place.drop("register", {"trainees": [row | {"trainee_start_date": row["itt_start_date"]} for row in rows]})
    read = register(served)._record
    register(served)._record = lambda entry, at: read(entry, at) | {"trainee_start_date": "2025-10-01"}
    summary = served.ingest("register", tokens=["local-10000000"])
    assert fetched(served)["refused_cycles"] == []
    assert summary["tables"][0]["kept"] == 3


def test_a_service_that_accepts_no_cycle_is_not_one_without_trainees(served: Served) -> None:
    tokens = drop_of_trainees(served)
    register(served).answer = lambda _: error_reply(422, "UnprocessableEntity", "Academic cycle is not valid")
    with pytest.raises(StatusError, match="422"):
        served.ingest("register", tokens=tokens)


def test_what_stands_in_the_place_of_a_ukprn_is_not_in_the_manifest(served: Served) -> None:
    tokens = drop_of_trainees(served)
    read = register(served)._record
    named = {"ukprn": "Ada Lovelace"}
    register(served)._record = lambda entry, at: read(entry, at) | (named if entry.ident == "t0" else {})
    served.ingest("register", tokens=tokens, max_refused_percent=50)
    assert set().union(*fetched(served)["providers"].values()) == {"10000000", "10000001", "10000002"}
    assert not any(b"Lovelace" in body for body in served.place.objects().values())


def test_what_a_live_service_gave_and_a_gate_refused_is_read_again_when_it_is_accepted(served: Served) -> None:
    tokens = drop_of_trainees(served, each=20)
    served.ingest("register", tokens=tokens)
    with pytest.raises(RefusedError, match="20 rows where the current snapshot has 60"):
        served.ingest("register", {"full": True}, tokens=tokens[:1])
    assert of_provider(served) == {"10000000": 20, "10000001": 20, "10000002": 20}
    refused = served.place.json("attempts/register.json")["snapshot"]
    summary = served.ingest("register", {"action": "accept", "snapshot": refused}, tokens=tokens[:1])
    assert (summary["outcome"], of_provider(served)) == ("accepted", {"10000000": 20})


def pulled(served: Served, tokens: list[str], budget: float, **event: bool) -> tuple[int, dict[str, Any]]:
    """Ingest until it ends well; return how many runs that took, and the summary."""
    for run in range(1, 10):
        try:
            return run, served.ingest("register", event, tokens=tokens, budget_seconds=budget, max_refused_percent=5)
        except BudgetError as error:
            assert "the next run goes on" in str(error)
    raise AssertionError("the pull never ends")


@pytest.mark.usefixtures("a_second_each")
def test_a_pull_that_is_cut_off_goes_on_and_ends_as_one_that_was_not(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = drop_of_trainees(served, PROVIDERS)
    whole = served.ingest("register", tokens=tokens)["snapshot"]
    undisturbed = len(served.standins.asked)
    served.standins.asked.clear()
    monkeypatch.setenv("CLOCK", "2026-07-15T10:30:00+00:00")
    runs, summary = pulled(served, tokens, 60, full=True)
    assert runs > 2
    assert summary["snapshot"] == whole
    assert len(served.standins.asked) < undisturbed + 2 * runs, "nothing that was kept is asked for again"


def test_as_many_providers_as_there_are_one_of_them_expired_are_read_in_three_runs(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = drop_of_trainees(served, 228, each=3)
    tokens[113] = "expired"
    asked = served.standins.asked  # each answer takes a second
    monkeypatch.setattr(https, "time", SimpleNamespace(monotonic=lambda: float(len(asked))))
    runs, summary = pulled(served, tokens, 300)
    assert (runs, len(asked) // (3 * 228)) == (3, 1)
    assert summary["tables"][0]["kept"] == 227 * 3
    assert len(fetched(served)["refused_tokens"]) == 1


@pytest.mark.usefixtures("a_second_each")
def test_what_was_kept_is_used_once_and_only_for_the_same_question(served: Served) -> None:
    tokens = drop_of_trainees(served, PROVIDERS)
    with pytest.raises(BudgetError):
        served.ingest("register", tokens=tokens, budget_seconds=90)
    served.standins.asked.clear()
    pulled(served, tokens[1:], 10_000)
    assert {question.token for _, question in served.standins.asked} == set(tokens[1:])
    pulled(served, tokens, 10_000)
    served.standins.asked.clear()
    pulled(served, tokens, 10_000, full=True)
    assert {question.token for _, question in served.standins.asked} == set(tokens)


@pytest.mark.usefixtures("a_second_each")
def test_a_pull_of_the_night_before_is_not_gone_on_with(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = drop_of_trainees(served, PROVIDERS)
    with pytest.raises(BudgetError):
        served.ingest("register", tokens=tokens, budget_seconds=90)
    monkeypatch.setenv("CLOCK", "2026-07-16T08:30:00+00:00")
    served.standins.asked.clear()
    served.ingest("register", tokens=tokens, budget_seconds=10_000)
    assert {question.token for _, question in served.standins.asked} == set(tokens)
    assert fetched(served)["watermark"] == "2026-07-16T08:30:00Z"


@pytest.mark.usefixtures("a_second_each")
def test_a_resumed_pull_stands_at_its_beginning(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = drop_of_trainees(served, PROVIDERS)
    with pytest.raises(BudgetError):
        served.ingest("register", tokens=tokens, budget_seconds=90)
    monkeypatch.setenv("CLOCK", "2026-07-15T09:30:00+00:00")
    assert pulled(served, tokens, 10_000)[1]["as_of"] == "2026-07-15T08:30:00Z"
    assert fetched(served)["watermark"] == "2026-07-15T08:30:00Z"


@pytest.mark.usefixtures("a_second_each")
def test_refused_rows_of_a_kept_piece_are_counted_as_before(served: Served) -> None:
    tokens = drop_of_trainees(served, PROVIDERS)
    answer = register(served)._record
    register(served)._record = lambda entry, at: (
        answer(entry, at) | ({"defer_date": "soon"} if entry.ident == "t0" else {})
    )
    _, summary = pulled(served, tokens, 90)
    whole = served.ingest("register", {"full": True}, tokens=tokens, max_refused_percent=5, budget_seconds=10_000)
    assert summary["tables"] == whole["tables"]
    assert summary["tables"][0]["refused"] == {"wrong_type": 1}


@pytest.mark.usefixtures("a_second_each")
def test_nothing_that_names_a_person_or_a_token_is_kept_and_an_erasure_takes_it_away(served: Served) -> None:
    tokens = drop_of_trainees(served, PROVIDERS)
    served.ingest("register", tokens=tokens, budget_seconds=10_000)
    with pytest.raises(BudgetError):
        served.ingest("register", {"full": True}, tokens=tokens, budget_seconds=90)
    kept = {key: body for key, body in served.place.objects().items() if key.startswith("partial/register/")}
    assert len(kept) > 3
    for body in kept.values():
        assert not any(raw in body for raw in (b"2000001", b"local-1000", b"Invented", b"t1\x00"))
    served.place.ingest("register", {"action": "erase"}, erasure_secret_arn=ask(("trn", "2000001")))
    assert served.place.listing("partial/") == []


def test_a_dry_run_keeps_nothing(served: Served, tmp_path: Path) -> None:
    tokens = drop_of_trainees(served)
    served.ingest("register", {"dry_run": True}, tokens=tokens)
    assert served.place.listing("partial/") == []


def test_pages_are_as_large_as_the_service_gives_them(served: Served) -> None:
    tokens = drop_of_trainees(served, 1, each=450)
    served.ingest("register", tokens=tokens, max_duplicate_percent=100)
    assert client.PER_PAGE == 500
    assert len(served.standins.asked) == 3
