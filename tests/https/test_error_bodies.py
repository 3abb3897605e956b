"""What a service says beside its status may be about a person, or repeat our token: it goes nowhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from local.standins.replies import Reply
from placements_kpi.errors import PlacementsKpiError
from placements_kpi.failures import UnforeseenError
from tests.https.facts import provider, trainee
from tests.ingest.drops import choice
from tests.schools.extracts import school, write_drop

if TYPE_CHECKING:
    from local.standins.replies import Question
    from tests.https.conftest import Served

PERSON = {"name": "Zqx Wvk", "email": "zqx.wvk@example.org", "trn": "8190041", "date_of_birth": "1 April 1971"}
SOURCES = ("apply", "register", "providers", "schools")
STATUSES = (400, 401, 403, 404, 409, 410, 422, 429, 500, 502, 503)


@pytest.mark.parametrize("source", SOURCES)
def test_no_word_of_an_error_s_body_or_headers_is_anywhere(
    served: Served, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], source: str
) -> None:
    served.place.drop("apply", {"application_choices": [choice(1)]})
    served.place.drop("register", {"trainees": [trainee(1)]})
    served.place.drop("providers", {"providers": [provider("1AB")], "courses": []})
    write_drop(served.place.location("schools"), [school(100000)])
    monkeypatch.setattr("placements_kpi.attempts.time.sleep", lambda _: None)
    status, tokens = 0, set[str]()

    def answer(name: str, question: Question, agent: str) -> Reply:
        tokens.update({question.token} - {None})
        body = json.dumps({"error": {"message": f"nobody is like {PERSON}", "authorization": question.token}})
        said = "; ".join([*PERSON.values(), question.token or ""])
        headers = {"WWW-Authenticate": f'Bearer error="{said}"', "Retry-After": "0", "X-Debug": said}
        return Reply(status, body.encode(), headers=headers)

    monkeypatch.setattr(served.standins, "answer", answer)
    for status in STATUSES:
        with pytest.raises(PlacementsKpiError) as failed:
            served.ingest(source, min_rows=1)
        assert not isinstance(failed.value, UnforeseenError), str(failed.value)
        assert str(status) in str(failed.value) or status == 404
        told = "".join([str(failed.value), *capfd.readouterr()]).encode()
        everything = [told, *(key.encode() + body for key, body in served.place.objects().items())]
        for hidden in (*PERSON.values(), *tokens):
            assert not [one for one in everything if hidden.encode() in one], f"{hidden} after {status}"
    assert bool(tokens) == (source in {"apply", "register"})
    assert served.place.json(f"attempts/{source}.json")["outcome"] == "failed"
