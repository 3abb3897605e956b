"""The transport itself: what is tried again, for how long, and what is never done."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3

from local.standins import Fault, Standins, serve
from placements_kpi.attempts import Attempts, retry_after
from placements_kpi.https import (
    AnswerError,
    BudgetError,
    Client,
    HttpsError,
    Limits,
    RedirectError,
    StatusError,
    UnreachableError,
    checked_location,
)
from tests.schools.extracts import school, write_drop

QUICK = Limits(connect=1.0, read=0.3, attempts=Attempts(most=4, first_wait=0.01))
FILE = "edubasealldata20260714.csv"


@pytest.fixture
def standins(tmp_path: Path) -> Iterator[Standins]:
    write_drop(tmp_path / "schools", [school(100000 + number) for number in range(300)])
    with serve(tmp_path) as standins:
        yield standins


def client(standins: Standins, *, budget: float = 20.0, limits: Limits = QUICK, path: str = "") -> Client:
    return Client(standins.locations["schools"] + path, stage="local", budget_seconds=budget, limits=limits)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_fault_is_tried_again(standins: Standins, tmp_path: Path, status: int) -> None:
    standins.fail("schools", Fault("status", times=3, status=status, retry_after="0" if status == 429 else None))
    reader = client(standins)
    assert reader.download(FILE, tmp_path / "file")
    assert reader.requests == 4
    assert (tmp_path / "file").read_bytes() == (tmp_path / "schools" / "dt=2026-07-14" / FILE).read_bytes()


@pytest.mark.parametrize("status", [400, 401, 403, 410, 422])
def test_another_4xx_is_never_tried_again(standins: Standins, tmp_path: Path, status: int) -> None:
    standins.fail("schools", Fault("status", status=status))
    reader = client(standins)
    with pytest.raises(StatusError) as error:
        reader.download(FILE, tmp_path / "file")
    assert (error.value.status, reader.requests, error.value.transient) == (status, 1, False)


def test_a_lasting_fault_ends_after_so_many_attempts(standins: Standins, tmp_path: Path) -> None:
    standins.fail("schools", Fault("status", times=100, status=500))
    reader = client(standins)
    with pytest.raises(StatusError, match="answered 500") as error:
        reader.download(FILE, tmp_path / "file")
    assert (reader.requests, error.value.transient) == (4, True)


def test_retry_after_is_waited_for(standins: Standins, tmp_path: Path) -> None:
    standins.fail("schools", Fault("status", status=429, retry_after="1"))
    began = time.monotonic()
    assert client(standins).download(FILE, tmp_path / "file")
    assert time.monotonic() - began >= 1.0


def test_nobody_waits_for_an_attempt_that_there_is_no_time_for(standins: Standins, tmp_path: Path) -> None:
    standins.fail("schools", Fault("status", status=429, retry_after="3600"))
    reader = client(standins, budget=5.0)
    with pytest.raises(StatusError, match="too many requests"):
        reader.download(FILE, tmp_path / "file")
    assert reader.requests == 1


@pytest.mark.parametrize(
    ("given", "seconds"),
    [(None, None), ("7", 7.0), (" 0 ", 0.0), ("soon", None), ("-3", None), ("Wed, 15 Jul 2026 08:30:30 GMT", 30.0)],
)
def test_retry_after_is_a_number_or_a_date(
    monkeypatch: pytest.MonkeyPatch, given: str | None, seconds: float | None
) -> None:
    monkeypatch.setenv("STAGE", "local")
    monkeypatch.setenv("CLOCK", "2026-07-15T08:30:00+00:00")
    assert retry_after(given) == seconds


def test_a_service_that_hangs_is_given_up(standins: Standins, tmp_path: Path) -> None:
    standins.fail("schools", Fault("hang", times=100))
    with pytest.raises(UnreachableError, match="ReadTimeoutError"):
        client(standins).download(FILE, tmp_path / "file")


def test_a_hang_ends_with_the_budget_whatever_the_other_limits(standins: Standins, tmp_path: Path) -> None:
    standins.fail("schools", Fault("hang", times=100))
    with pytest.raises(BudgetError, match="BUDGET_SECONDS"):
        client(standins, budget=0.5, limits=Limits(read=60.0)).download(FILE, tmp_path / "file")


def test_a_spent_budget_asks_nothing(standins: Standins, tmp_path: Path) -> None:
    reader = client(standins, budget=0.0)
    with pytest.raises(BudgetError):
        reader.download(FILE, tmp_path / "file")
    assert standins.asked == []


def test_a_service_that_is_not_there_is_unreachable(standins: Standins, tmp_path: Path) -> None:
    reader = client(standins)
    standins.close()
    with pytest.raises(UnreachableError):
        reader.download(FILE, tmp_path / "file")
    assert reader.requests == 4


def test_an_answer_that_is_cut_off_is_tried_again(standins: Standins, tmp_path: Path) -> None:
    standins.fail("schools", Fault("truncated", times=2))
    assert client(standins).download(FILE, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == (tmp_path / "schools" / "dt=2026-07-14" / FILE).read_bytes()


def test_a_connection_that_breaks_half_way_cuts_an_answer_off(
    standins: Standins, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Iterator[bytes]:
        yield b"URN"
        raise urllib3.exceptions.ProtocolError("Connection broken", ConnectionResetError(104))

    monkeypatch.setattr(urllib3.HTTPResponse, "stream", broken)
    with pytest.raises(AnswerError, match="cut off"):
        client(standins).download(FILE, tmp_path / "file")


def test_an_answer_that_is_always_cut_off_is_an_error(standins: Standins, tmp_path: Path) -> None:
    standins.fail("schools", Fault("truncated", times=100))
    with pytest.raises(AnswerError, match="cut off"):
        client(standins).download(FILE, tmp_path / "file")


def test_a_redirect_to_another_host_is_not_followed(standins: Standins, tmp_path: Path) -> None:
    standins.fail("schools", Fault("redirect"))
    reader = client(standins)
    with pytest.raises(RedirectError, match="another host"):
        reader.download(FILE, tmp_path / "file")
    assert reader.requests == 1


@pytest.mark.parametrize("port", ["1", "65535"])
def test_another_port_is_another_host(standins: Standins, tmp_path: Path, port: str) -> None:
    standins.fail("schools", Fault("redirect", to=f"http://127.0.0.1:{port}/"))
    with pytest.raises(RedirectError):
        client(standins).download(FILE, tmp_path / "file")


def test_a_redirect_within_the_host_is_followed(standins: Standins, tmp_path: Path) -> None:
    standins.fail("schools", Fault("redirect", to=f"{standins.locations['schools']}/{FILE}"))
    assert client(standins).download("edubasealldata20260715.csv", tmp_path / "file")


def test_redirects_without_end_are_an_error(standins: Standins, tmp_path: Path) -> None:
    standins.fail("schools", Fault("redirect", times=100, to=f"{standins.locations['schools']}/{FILE}"))
    with pytest.raises(RedirectError, match="again and again"):
        client(standins).download(FILE, tmp_path / "file")


def test_an_answer_that_is_too_big_is_refused(standins: Standins, tmp_path: Path) -> None:
    with pytest.raises(AnswerError, match="more than 1000 bytes"):
        client(standins, limits=Limits(file_bytes=1000)).download(FILE, tmp_path / "file")


def test_a_page_that_is_not_json_is_an_error(standins: Standins) -> None:
    standins.fail("schools", Fault("garbage"))
    with pytest.raises(AnswerError, match="not JSON"):
        client(standins).get_json(FILE)


def test_a_missing_file_is_no_error(standins: Standins, tmp_path: Path) -> None:
    assert not client(standins).download("edubasealldata20260713.csv", tmp_path / "file")
    assert not (tmp_path / "file").exists()


def test_messages_hold_no_query(standins: Standins) -> None:
    standins.fail("schools", Fault("status", status=422))
    with pytest.raises(StatusError) as error:
        client(standins).get_json(FILE, {"since": "2026-07-01", "trn": "1234567"}, token="a-secret-token")
    assert "1234567" not in str(error.value)
    assert "a-secret-token" not in str(error.value)


LOCATIONS: list[tuple[str, str, bool]] = [
    ("https://www.example.com/api/v1", "prod", True),
    ("https://www.example.com/api/v1/", "local", True),
    ("http://127.0.0.1:8000/x", "local", True),
    ("http://localhost:8000/x", "local", True),
    ("http://127.0.0.1:8000/x", "prod", False),
    ("http://127.0.0.1.example.com/x", "local", False),
    ("http://www.example.com/x", "local", False),
    ("http://www.example.com/x", "prod", False),
    ("ftp://www.example.com/x", "prod", False),
    ("https:///x", "prod", False),
    ("https://user:word@www.example.com/x", "prod", False),
    ("https://www.example.com/x?y=1", "prod", False),
    ("https://www.example.com/x#y", "prod", False),
]


@pytest.mark.parametrize(("location", "stage", "allowed"), LOCATIONS)
def test_only_https_is_read_and_the_loopback_in_the_local_stack(location: str, stage: Any, allowed: bool) -> None:
    if allowed:
        assert not checked_location(location, stage).geturl().endswith("/")
    else:
        with pytest.raises(HttpsError) as error:
            checked_location(location, stage)
        assert "word" not in str(error.value)
