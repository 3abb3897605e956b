"""An answer with status 200 that is none: every live source says what came, from where, and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from local.standins.replies import Reply
from placements_kpi.errors import PlacementsKpiError
from placements_kpi.failures import UnforeseenError
from placements_kpi.sources import SourceError
from tests.https.facts import provider, trainee
from tests.ingest.drops import choice
from tests.schools.extracts import school, write_drop

if TYPE_CHECKING:
    from local.standins.replies import Question
    from tests.https.conftest import Served

SOURCES = ("apply", "register", "providers", "schools")
MARK = b"2000007"
PAGE = b"<!DOCTYPE html><title>Sorry, " + MARK + b" is busy</title>"


@pytest.fixture
def filled(served: Served) -> Served:
    """Give every live source something to serve, so that only its answers are wrong."""
    served.place.drop("apply", {"application_choices": [choice(1)]})
    served.place.drop("register", {"trainees": [trainee(1)]})
    served.place.drop("providers", {"providers": [provider("1AB")], "courses": []})
    write_drop(served.place.location("schools"), [school(100000)])
    return served


def answering(served: Served, monkeypatch: pytest.MonkeyPatch, reply: Reply, after: int = 0) -> None:
    """Have every service answer with ``reply`` once it has answered ``after`` requests well."""
    well, answered = served.standins.answer, [0]

    def answer(name: str, question: Question, agent: str) -> Reply:
        answered[0] += 1
        return reply if answered[0] > after else well(name, question, agent)

    monkeypatch.setattr(served.standins, "answer", answer)


def failing(served: Served, source: str) -> PlacementsKpiError:
    with pytest.raises(PlacementsKpiError) as failed:
        served.ingest(source, min_rows=1)
    assert not isinstance(failed.value, UnforeseenError), str(failed.value)
    assert MARK.decode() not in str(failed.value)
    assert served.place.current(source) is None
    assert served.place.json(f"attempts/{source}.json")["outcome"] in {"failed", "refused"}
    return failed.value


ANSWERS = {
    "an HTML page": (PAGE, "is an HTML page"),
    "a page after a mark": (b"\xef\xbb\xbf\n<html>" + MARK, "is an HTML page"),
    "nothing": (b"", "is empty"),
    "UTF-16": (("x" * 600).encode("utf-16-le"), "is in UTF-16"),
    "an archive": (b"PK\x03\x04" + MARK, "is a zip archive"),
    "XML": (b"<?xml version='1.0'?><Error>" + MARK + b"</Error>", "is XML"),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("answer", ANSWERS)
def test_what_came_instead_is_named_with_its_address(
    filled: Served, monkeypatch: pytest.MonkeyPatch, source: str, answer: str
) -> None:
    content, says = ANSWERS[answer]
    answering(filled, monkeypatch, Reply(200, content, "text/html"))
    error = failing(filled, source)
    assert isinstance(error, SourceError)
    assert says in str(error)
    assert filled.standins.locations[source] in str(error)
    assert "SOURCE_LOCATION" in str(error)


@pytest.mark.parametrize("content", [b'{"error": "' + MARK + b'"}', b"[]", b' {"data": []}'])
def test_json_is_no_extract_of_the_schools(filled: Served, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    answering(filled, monkeypatch, Reply(200, content, "application/json"))
    assert "is JSON" in str(failing(filled, "schools"))


def test_a_text_is_no_extract_and_nobody_is_told_that_columns_were_renamed(
    filled: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(filled, monkeypatch, Reply(200, b"Service unavailable, please try later\n", "text/plain"))
    error = str(failing(filled, "schools"))
    assert "is no extract of GIAS" in error and "renamed" not in error


SHAPES = [
    b"null",
    b"[]",
    b"7",
    b'"2000007"',
    b"[" * 100_000,
    b'{"error": {"message": "2000007"}}',
    b'{"data": null}',
    b'{"data": {}}',
    b'{"data": [1]}',
    b'{"data": [{}]}',
    b'{"data": {"attributes": null}}',
    b'{"data": {"attributes": ["year"]}}',
    b'{"data": [{"id": null, "attributes": null}], "meta": {"count": 1}}',
    b'{"data": [{"id": {"a": 1}, "attributes": {"updated_at": ["2000007"]}}], "meta": {"count": 1}}',
    b'{"data": [{"id": 1, "attributes": {}, "relationships": ["2000007"]}], "meta": {"count": 1}}',
    b'{"data": [{"id": 1, "attributes": {}, "relationships": {"recruitment_cycle": {"data": [1]}}}]}',
    b'{"data": [1], "meta": {"count": 1}}',
    b'{"data": [], "meta": {"count": 0}, "included": [{"type": ["x"], "id": 1, "attributes": 7}]}',
    b'{"data": [{"id": 1, "attributes": {}}], "links": {"next": 7}, "meta": {"total_pages": 7}}',
    b'{"data": [{"trainee_id": {"a": 1}, "updated_at": {"b": 2}}], "meta": ["2000007"]}',
    b'{"data": [{"trainee_id": ["a"], "updated_at": null}], "meta": {"current_page": "x", "total_pages": null}}',
    b'{"data": [], "meta": ["2000007"], "links": "2000007"}',
    b'{"data": [], "meta": {"total_count": {"a": 1}, "count": true}, "links": {"next": 7}, "included": 7}',
]


@pytest.mark.parametrize(
    ("source", "after"), [("apply", 0), ("apply", 1), ("register", 0), ("providers", 0), ("providers", 4)]
)
def test_json_of_any_other_shape_is_a_clear_error(
    filled: Served, monkeypatch: pytest.MonkeyPatch, source: str, after: int
) -> None:
    for content in SHAPES:
        with monkeypatch.context() as patch:
            answering(filled, patch, Reply(200, content, "application/json"), after)
            failing(filled, source)


@pytest.mark.parametrize("source", ["providers", "schools"])
@pytest.mark.parametrize("status", [401, 403])
def test_a_source_without_a_token_is_not_told_to_change_it(
    filled: Served, monkeypatch: pytest.MonkeyPatch, source: str, status: int
) -> None:
    answering(filled, monkeypatch, Reply(status, b"{}"))
    error = failing(filled, source)
    assert f"answered {status}" in str(error) and "check SOURCE_LOCATION" in str(error)
    assert "secret" not in str(error) and "token may not" not in str(error)


@pytest.mark.parametrize("source", ["apply", "register"])
def test_a_source_with_a_token_is(filled: Served, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    answering(filled, monkeypatch, Reply(401, b"{}"))
    assert "put a new one into the source's secret" in str(failing(filled, source))


def test_an_answer_compressed_wrongly_is_not_one_that_cannot_be_reached(
    filled: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from placements_kpi.attempts import Attempts
    from placements_kpi.https import AnswerError, Client, Limits

    answering(filled, monkeypatch, Reply(200, b"no gzip at all", headers={"Content-Encoding": "gzip"}))
    limits: Any = Limits(attempts=Attempts(most=2, first_wait=0.01))
    client = Client(filled.standins.locations["schools"], stage="local", budget_seconds=10, limits=limits)
    with pytest.raises(AnswerError, match="compressed wrongly"):
        client.download("edubasealldata20260714.csv", tmp_path / "file")
