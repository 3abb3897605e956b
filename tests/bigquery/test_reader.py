"""Reading BigQuery: what is asked of it, what becomes of good answers, and what is said of bad ones.

The answers are recorded or documented ones (:mod:`tests.bigquery.recorded`), read by Google's own client.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

import boto3
import pytest
import requests

from placements_kpi import usage
from placements_kpi.bigquery import BigQueryError
from placements_kpi.runs import RefusedError
from tests.bigquery.recorded import PINNED, Answer, error, result
from tests.https.facts import trainee
from tests.ingest.drops import application, choice, vacancy

if TYPE_CHECKING:
    from placements_kpi.errors import PlacementsKpiError
    from tests.bigquery.conftest import Reading
    from tests.bigquery.recorded import Recorded

POOL = "projects/123/locations/global/workloadIdentityPools/aws/providers/performance"
READER = "reader@dfe-test.iam.gserviceaccount.com"


def strong_key() -> dict[str, str]:
    """Return the setting of a pseudonym key that a deployed function takes."""
    key = json.dumps({"key": "Vz3kQm8tYb1nWd6sXe9rLf4hGj7pUc2a"})
    return {
        "pseudonym_secret_arn": boto3.client("secretsmanager").create_secret(Name="strong", SecretString=key)["ARN"]
    }


TRAINEES: list[dict[str, Any]] = [trainee(number) for number in range(1, 41)]


def answer(reading: Reading, rows: list[dict[str, Any]] | None = None, **changes: dict[str, Any] | None) -> Answer:
    """Have Register's query answered with ``rows``."""
    given = result(reading.feed("register", "trainees"), TRAINEES if rows is None else rows, **changes)
    reading.recorded.answers = {"trainees": given}
    return given


def refused(reading: Reading, source: str = "register", **changes: Any) -> str:
    """Return the message of an ingest that fails; nothing is stored but that it did."""
    return str(refusal(reading, source, **changes))


def refusal(reading: Reading, source: str = "register", **changes: Any) -> PlacementsKpiError:
    """Return the error of an ingest that fails; nothing is stored but that it did."""
    with pytest.raises((BigQueryError, RefusedError)) as raised:
        reading.ingest(source, **changes)
    stored = [key for key in reading.place.listing() if not key.startswith(("runs/", "attempts/"))]
    assert stored == []
    return raised.value


def test_the_same_facts_make_the_same_snapshot_as_a_drop(reading: Reading) -> None:
    reading.place.drop("register", {"trainees": list(TRAINEES)})
    dropped = reading.place.ingest("register")
    answer(reading)
    # The drop stands at the evening before; only the day is part of an id.
    assert dropped["snapshot"][8:] == reading.ingest("register")["snapshot"][8:]


def test_reasons_for_rejection_come_as_json_and_leave_as_ids(reading: Reading) -> None:
    nested = {"selected_reasons": [{"id": "school_placement", "selected_reasons": [{"id": "no_placements"}]}]}
    rejected = choice(
        1, status="rejected", rejection_reasons_type="rejection_reasons", structured_rejection_reasons=nested
    )
    rows = [rejected, choice(2, structured_rejection_reasons=None)]
    feed = reading.feed("apply", "application_choices")
    reading.recorded.answers = {"application_choices": result(feed, rows)}
    reading.ingest("apply")
    kept = {row["id"]: row["rejection_reason_ids"] for row in reading.place.table("apply", "application_choices")}
    assert kept == {"1": ["school_placement.no_placements"], "2": None}


def test_every_table_is_asked_for_as_it_was_at_one_instant(reading: Reading) -> None:
    reading.recorded.answers = {
        feed: result(reading.feed("vacancies", feed), rows)
        for feed, rows in {"vacancies": [vacancy(1)], "applications": [application(1)]}.items()
    }
    reading.ingest("vacancies")
    _, *asked = reading.recorded.queries()
    instant = f"FOR SYSTEM_TIME AS OF TIMESTAMP '{PINNED.replace('T', ' ')}'"
    assert [sql.split("FROM ")[1].strip() for sql in asked] == [
        f"`dfe-test.dataform.{table}_latest_vacancies` AS newest {instant}" for table in ("vacancies", "applications")
    ]


def test_the_instant_is_the_snapshots_as_of_where_no_clock_is_set(
    reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CLOCK")
    answer(reading)
    assert reading.ingest("register", max_age_days='{"register": 100000}')["as_of"] == "2026-07-15T08:29:59Z"


def test_what_a_job_may_cost_is_limited_and_what_it_cost_is_recorded(reading: Reading) -> None:
    answer(reading).bytes_billed = 734_003_200
    before = usage.so_far().bigquery_bytes
    summary = reading.ingest("register", max_bytes_billed=1_000_000_000)
    assert {job["query"]["maximumBytesBilled"] for job in reading.recorded.asked} == {"1000000000"}
    assert summary["usage"]["bigquery_bytes"] - before == 734_003_200
    job = reading.place.manifest("register")["fetched"]["jobs"][0]
    assert job["job"].startswith("dfe-test:europe-west2.")
    assert (job["rows"], job["bytes_billed"], job["schema"]["withdrawal_reasons"]) == (40, 734_003_200, "ARRAY<STRING>")


@pytest.mark.parametrize(("changed", "told"), [("2026-07-01T10:00:00Z", True), ("2026-07-14T10:00:00Z", False)])
def test_tables_that_nobody_writes_any_more_are_told(
    reading: Reading, caplog: pytest.LogCaptureFixture, changed: str, told: bool
) -> None:
    answer(reading, [trainee(number) for number in range(1, 40)] + [trainee(40, updated_at=changed)])
    reading.ingest("register")
    assert reading.place.manifest("register")["fetched"]["jobs"][0]["newest"] == changed.replace("Z", "+00:00")
    assert any("nothing has changed for long" in record.getMessage() for record in caplog.records) is told


def test_every_job_runs_where_the_data_is(reading: Reading) -> None:
    """Also the one that asks for the present instant: without a table in it, it would run in the USA."""
    answer(reading)
    reading.ingest("register")
    assert [job["location"] for job in reading.recorded.references] == ["europe-west2"] * 2


def test_a_dataset_that_is_not_there(reading: Reading) -> None:
    reading.recorded.without_dataset = True
    assert "dfe-test.dataform: BigQuery refused it (notFound, dfe-test:dataform): it is not there" in refused(reading)


def test_the_caller_says_who_it_is(reading: Reading) -> None:
    answer(reading)
    reading.ingest("register", code_version="abc123")
    assert all("school-placements-performance/abc123" in sent["User-Agent"] for sent in reading.recorded.headers)


def test_rows_come_a_page_at_a_time(reading: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("placements_kpi.bigquery.PAGE_ROWS", 16)
    answer(reading)
    reading.ingest("register")
    assert reading.recorded.pages == 1 + 1 + 3  # the present instant; the row that came with the end of the job
    assert len(reading.place.table("register", "trainees")) == 40


def test_a_column_that_the_contract_does_not_name_goes_no_further(reading: Reading) -> None:
    marked = [{**row, "first_name": "Zebedee Quillfeather"} for row in TRAINEES]
    answer(reading, marked, first_name={"type": "STRING", "mode": "NULLABLE"})
    assert reading.ingest("register")["outcome"] == "accepted"
    assert not any(b"Quillfeather" in body for body in reading.place.objects().values())


def test_a_row_that_cannot_be_kept_is_quarantined_as_of_a_drop(reading: Reading) -> None:
    rows = [*[trainee(number) for number in range(1, 201)], trainee(201, state=None)]
    answer(reading, rows)
    assert reading.ingest("register")["tables"][0]["refused"] == {"missing": 1}


INTEGER_URN = {"name": "urn", "type": "INTEGER", "mode": "NULLABLE"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"defer_date": None}, "no column defer_date"),
        ({"trn": {"type": "INTEGER"}}, "column trn is INTEGER, where STRING was expected"),
        ({"awarded_at": {"type": "DATETIME"}}, "column awarded_at is DATETIME, where TIMESTAMP was expected"),
        ({"withdrawal_reasons": {"mode": "NULLABLE"}}, "withdrawal_reasons is STRING, where ARRAY<STRING> was"),
        ({"placements": None}, "no column placements"),
        ({"placements": {"fields": [INTEGER_URN]}}, "column placements.urn is INTEGER, where STRING was expected"),
    ],
)
def test_a_result_of_another_shape(reading: Reading, changes: dict[str, Any], said: str) -> None:
    answer(reading, [], **changes)
    assert said in refused(reading)


def test_a_list_of_another_shape(reading: Reading) -> None:
    feed = reading.feed("placements", "school_activity")
    wrong = {"type": "RECORD", "mode": "REPEATED", "fields": [{"name": "created_at", "type": "TIMESTAMP", "mode": ""}]}
    answers = {name: result(reading.feed("placements", name), []) for name in ("mentor_allocations",)}
    reading.recorded.answers = {
        "mentor_allocations": Answer(answers["mentor_allocations"].schema, [], total=0),
        "school_activity": result(feed, [], placements=wrong),
        "provider_activity": result(reading.feed("placements", "provider_activity"), []),
    }
    reading.recorded.answers["mentor_allocations"].rows = [{"allocation_id": "a"}]
    reading.recorded.answers["mentor_allocations"].total = None
    assert "no column placements.academic_year" in refused(reading, "placements")


def test_an_empty_table(reading: Reading) -> None:
    answer(reading, [])
    assert "gave no rows at all" in refused(reading)


def test_fewer_rows_than_the_job_has(reading: Reading) -> None:
    answer(reading).total = 41
    assert "gave 40 rows of 41" in refused(reading)


TABLE = "dfe-test:dataform.trainees_latest_register"
BAD = {
    "a missing table": (
        404,
        error("notFound", f"Not found: Table {TABLE} was not found in location europe-west2"),
        f"notFound, {TABLE}): it is not there, or has been renamed",
    ),
    "a missing dataset": (
        404,
        error("notFound", "Not found: Dataset dfe-test:dataform was not found in location europe-west2"),
        "notFound, dfe-test:dataform): it is not there",
    ),
    "a missing column": (
        400,
        error("invalidQuery", "Unrecognized name: defer_date; Did you mean deferred_at? at [12:5]"),
        "invalidQuery, defer_date, [12:5]): has a table or a column changed?",
    ),
    "a missing column of an alias": (
        400,
        error("invalidQuery", "Name defer_date not found inside trainee at [12:5]"),
        "invalidQuery, defer_date, [12:5])",
    ),
    "a column of another type": (
        400,
        error("invalidQuery", "No matching signature for operator = for argument types: INT64, STRING at [9:3]"),
        "invalidQuery, [9:3]): has a table or a column changed?",
    ),
    "no permission on a hidden column": (
        403,
        error(
            "accessDenied",
            "Access Denied: BigQuery BigQuery: User has neither fine-grained reader nor masked get permission to get "
            'data protected by policy tag "PII : hidden" on columns dfe-test.dataform.trainees_latest_register.trn.',
        ),
        "dfe-test.dataform.trainees_latest_register.trn): a column is hidden and the reader has not the role",
    ),
    "no permission on the table": (
        403,
        error(
            "accessDenied",
            f"Access Denied: Table {TABLE}: User does not have permission to query table {TABLE}, or perhaps it does "
            "not exist.",
        ),
        f"accessDenied, {TABLE}): the reader may not read it",
    ),
    "no permission to run a job": (
        403,
        error(
            "accessDenied",
            "Access Denied: Project dfe-test: User does not have bigquery.jobs.create permission in project dfe-test.",
        ),
        "accessDenied, dfe-test, bigquery.jobs.create): the reader may not read it",
    ),
    "the quota": (
        403,
        error("quotaExceeded", "Quota exceeded: Your project exceeded quota for free query bytes scanned."),
        "quotaExceeded): the project's quota is used up",
    ),
    "more bytes than allowed": (
        400,
        error(
            "bytesBilledLimitExceeded",
            "Query exceeded limit for bytes billed: 20000000000. 41943040000 or higher required.",
        ),
        "bytesBilledLimitExceeded, 20000000000, 41943040000): it would read more than MAX_BYTES_BILLED",
    ),
    "a job that ends in error": (
        400,
        error("resourcesExceeded", "Resources exceeded during query execution: out of memory."),
        "resourcesExceeded): the query needs more than BigQuery gives it",
    ),
    "a job that was stopped": (
        400,
        error("stopped", "Job execution was cancelled: Job timed out after 599s"),
        "stopped): the job was cancelled, or took longer than BUDGET_SECONDS",
    ),
    "an instant that is out of reach": (
        400,
        error("invalid", f"Invalid snapshot time 1 for table {TABLE}@1. Cannot read before 2."),
        f"invalid, {TABLE}@1): has a table or a column changed?",
    ),
    "a reason that nobody has heard of": (400, error("teapot", "I am a teapot"), "teapot): its status is "),
}
PASSING = {"a job that was stopped"}
"""After these the same query may go well without anybody's doing."""


@pytest.mark.parametrize("when", ["at once", "once it has run"])
@pytest.mark.parametrize("case", BAD)
def test_a_bad_answer(reading: Reading, case: str, when: str) -> None:
    status, wrong, said = BAD[case]
    reading.recorded.answers = {"trainees": Answer(error=wrong, status=status if when == "at once" else 200)}
    failed = refusal(reading)
    assert said in str(failed)
    assert "trainees" in str(failed)
    assert failed.transient is (case in PASSING)


@pytest.mark.parametrize("value", ["Zebedee Quillfeather", "zebedee.quillfeather@example.invalid", "2000001"])
def test_no_message_quotes_a_value(reading: Reading, value: str) -> None:
    for message in (f"Bad int64 value: {value}", f"Could not cast literal '{value}' to type DATE", f"Invalid {value}"):
        reading.recorded.answers = {"trainees": Answer(error=error("invalidQuery", message))}
        assert value not in refused(reading)
    for wrong in (error(value, value), error("stopped", f"Name {value}, Table {value} and bigquery.{value} are wrong")):
        reading.recorded.answers = {"trainees": Answer(error=wrong)}
        message = refused(reading)
        assert not any(part in message for part in re.split(r"\W", value))
    assert not any(value.encode() in body for body in reading.place.objects().values())


def test_a_job_that_does_not_end(reading: Reading) -> None:
    answer(reading).never_ends = True
    message = refused(reading, budget_seconds=2)
    assert "did not answer in time" in message or "BUDGET_SECONDS" in message


def test_an_answer_that_never_comes_is_waited_for_no_longer_than_there_is_time(reading: Reading) -> None:
    """Google's client by itself waits two minutes at least, which a function may not have."""
    answer(reading)
    begun = time.monotonic()

    def never(number: int, status: int, content: bytes) -> tuple[int, bytes]:
        time.sleep(8 if number else 0)
        return status, content

    reading.recorded.spoil = never
    assert "did not answer in time (BUDGET_SECONDS" in refused(reading, budget_seconds=2)
    assert time.monotonic() - begun < 6


def rows_of(change: Callable[[list[dict[str, Any]]], Any]) -> Callable[[bytes], bytes]:
    """Return what changes the rows of an answer."""

    def changed(content: bytes) -> bytes:
        body = json.loads(content)
        change(body["rows"])
        return json.dumps(body).encode()

    return changed


UNREADABLE: dict[str, Callable[[bytes], bytes]] = {
    "cut off": lambda content: content[:500],
    "a page of HTML": lambda _: b"<!DOCTYPE html><title>Sign in</title>",
    "nothing": lambda _: b"",
    "null": lambda _: b"null",
    "a list": lambda _: b"[]",
    "rows that are no list": lambda _: b'{"rows": {"f": 1}, "totalRows": "40"}',
    "a row that is none": rows_of(lambda rows: rows[0].clear()),
    "a cell too few": rows_of(lambda rows: rows[0]["f"].pop()),
    "a list that is null": rows_of(lambda rows: [cell.update(v=None) for cell in rows[0]["f"] if cell["v"] == []]),
    "an instant that is none": rows_of(lambda rows: rows[0]["f"][-2].update(v="yesterday")),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_an_answer_that_is_none_of_bigquerys(reading: Reading, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    monkeypatch.setattr("placements_kpi.bigquery.PAGE_ROWS", 16)
    answer(reading)
    spoilt = UNREADABLE[case]
    reading.recorded.spoil = lambda number, status, content: (status, spoilt(content) if number == 2 else content)
    message = refused(reading)
    assert "trainees: BigQuery gave an answer that cannot be read" in message
    assert "yesterday" not in message and "Sign in" not in message


def test_pages_without_an_end(reading: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("placements_kpi.bigquery.PAGE_ROWS", 16)
    answer(reading)

    def again(number: int, status: int, content: bytes) -> tuple[int, bytes]:
        return status, json.dumps(json.loads(content) | {"pageToken": "0"}).encode()

    reading.recorded.spoil = again
    assert "of 40; run again" in refused(reading)
    assert reading.recorded.answered < 6


@pytest.mark.parametrize("reason", ["rateLimitExceeded", "backendError"])
def test_what_does_not_pass_is_told_by_its_name(reading: Reading, reason: str) -> None:
    answer(reading)
    said = json.dumps({"error": {"code": 503, "message": "", "errors": [error(reason, "")]}}).encode()
    reading.recorded.spoil = lambda *_: (503, said)
    assert f"BigQuery refused it ({reason}): " in refused(reading, budget_seconds=5)


def test_nobody_answers(reading: Reading) -> None:
    message = refused(reading, bigquery_endpoint="http://127.0.0.1:9", budget_seconds=2)
    assert "cannot be reached" in message or "did not answer in time" in message


@pytest.mark.parametrize(
    "location",
    [
        "bigquery://",
        "bigquery://dfe-test",
        "bigquery://dfe-test/data-form",
        "bigquery://DFE/dataform",
        "bigquery://other=dfe-test/dataform",
        "bigquery://register=dfe-test/a,register=dfe-test/b",
        "bigquery://dfe-test/dataform/register/more",
        "bigquery://dfe-test/dataform`; DROP TABLE x; --",
    ],
)
def test_a_location_that_is_none(reading: Reading, location: str) -> None:
    assert "SOURCE_LOCATION is not bigquery://<project>/<dataset>" in refused(reading, source_location=location)
    assert reading.recorded.asked == []


def test_an_event_source_of_another_name(reading: Reading) -> None:
    answer(reading)
    reading.ingest("register", source_location="bigquery://dfe-test/dataform/register_airbyte")
    assert "`dfe-test.dataform.trainees_latest_register_airbyte`" in reading.recorded.queries()[-1]


def test_a_source_that_is_not_there(reading: Reading) -> None:
    with pytest.raises(BigQueryError, match="not in BigQuery"):
        reading.place.ingest("schools", source_location="bigquery://dfe-test/dataform")


def test_a_named_day(reading: Reading) -> None:
    with pytest.raises(BigQueryError, match="as it stands now"):
        reading.ingest("register", {"day": "2026-07-14"})


def test_deployed_functions_need_somebody_who_vouches_for_them(reading: Reading) -> None:
    assert "GOOGLE_IDENTITY_PROVIDER is not set" in refused(reading, stage="dev", bigquery_endpoint="", **strong_key())


def test_an_emulator_is_for_the_local_stack_only(reading: Reading) -> None:
    assert "GOOGLE_IDENTITY_PROVIDER is not set" in refused(reading, stage="prod", **strong_key())
    assert reading.recorded.asked == []


class Google:
    """Google's other hosts, in the place of the network; BigQuery itself is the recorded one."""

    def __init__(self, recorded: Recorded, monkeypatch: pytest.MonkeyPatch, status: int = 200) -> None:
        self.asked: list[tuple[str, dict[str, str], Any]] = []
        self.status = status
        real = requests.Session.request

        def request(session: requests.Session, method: str, url: str, **options: Any) -> requests.Response:
            self.asked.append((url, dict(options.get("headers") or {}), options.get("data")))
            if url.startswith("https://bigquery.googleapis.com/"):
                return real(
                    session, method, url.replace("https://bigquery.googleapis.com", recorded.address), **options
                )
            assert url.startswith(("https://sts.googleapis.com/", "https://iamcredentials.googleapis.com/")), url
            answered = requests.Response()
            answered.status_code = self.status
            given = {
                "access_token": "federated",
                "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
                "token_type": "Bearer",
                "expires_in": 3600,
                "accessToken": "impersonated",
                "expireTime": "2999-01-01T00:00:00Z",
            }
            refusal = {"error": "invalid_grant", "error_description": "the role secret-session is not let in"}
            answered._content = json.dumps(given if self.status == 200 else refusal).encode()
            return answered

        monkeypatch.setattr(requests.Session, "request", request)

    def hosts(self) -> list[str]:
        return list(dict.fromkeys(url.split("/")[2] for url, _, _ in self.asked))


@pytest.fixture
def role(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the environment that Lambda gives a function's process."""
    monkeypatch.setenv("AWS_REGION", "eu-west-2")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "session-of-the-role")


@pytest.mark.usefixtures("role")
def test_a_deployed_function_shows_its_own_role_and_holds_no_key(
    reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    google = Google(reading.recorded, monkeypatch)
    answer(reading)
    settings = {"google_identity_provider": POOL, "google_service_account": READER, "bigquery_endpoint": ""}
    far = {"max_age_days": '{"register": 100000}'}
    assert reading.ingest("register", stage="dev", **settings, **far, **strong_key())["outcome"] == "accepted"
    assert google.hosts() == ["sts.googleapis.com", "iamcredentials.googleapis.com", "bigquery.googleapis.com"]
    (_, _, exchange), (impersonated, _, _), *jobs = google.asked
    asked = {name: values[0] for name, values in parse_qs(exchange.decode()).items()}
    assert asked["audience"] == f"//iam.googleapis.com/{POOL}"
    signed = json.loads(unquote(asked["subject_token"]))
    assert signed["url"].startswith("https://sts.eu-west-2.amazonaws.com?Action=GetCallerIdentity")
    sent = {header["key"].lower(): header["value"] for header in signed["headers"]}
    assert sent["x-amz-security-token"] == "session-of-the-role"
    assert impersonated.endswith(f"/serviceAccounts/{READER}:generateAccessToken")
    assert all(headers.get("authorization") == "Bearer impersonated" for _, headers, _ in jobs)


@pytest.mark.usefixtures("role")
@pytest.mark.parametrize("again", ["is given", "is not given", "is no use"])
def test_a_token_that_expires_half_way(reading: Reading, monkeypatch: pytest.MonkeyPatch, again: str) -> None:
    google = Google(reading.recorded, monkeypatch)
    monkeypatch.setattr("placements_kpi.bigquery.PAGE_ROWS", 16)
    answer(reading)
    expired = json.dumps({"error": {"code": 401, "errors": [error("authError", "Invalid Credentials")]}}).encode()

    def expire(number: int, status: int, content: bytes) -> tuple[int, bytes]:
        google.status = 400 if again == "is not given" else 200
        return (401, expired) if number == 2 or (number > 2 and again == "is no use") else (status, content)

    reading.recorded.spoil = expire
    settings = {"google_identity_provider": POOL, "bigquery_endpoint": "", "max_age_days": '{"register": 100000}'}
    if again == "is given":
        assert reading.ingest("register", stage="dev", **settings, **strong_key())["outcome"] == "accepted"
    else:
        message = refused(reading, stage="dev", **settings, **strong_key())
        assert "Google did not take the function's role" in message


@pytest.mark.usefixtures("role")
def test_google_does_not_take_the_role(reading: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    Google(reading.recorded, monkeypatch, status=400)
    settings = {"google_identity_provider": POOL, "bigquery_endpoint": ""}
    message = refused(reading, stage="dev", **settings, **strong_key())
    assert "Google did not take the function's role" in message
    assert "secret-session" not in message


def test_a_masked_column_is_no_column_of_trns(reading: Reading) -> None:
    """BigQuery gives a reader with the role Masked Reader the base64 text of a SHA-256 in the place of the value."""
    digests = [hashlib.sha256(str(number).encode()).digest() for number in range(1, 41)]
    answer(
        reading,
        [row | {"trn": base64.b64encode(digest).decode()} for row, digest in zip(TRAINEES, digests, strict=True)],
    )
    with pytest.raises(RefusedError, match="masked"):
        reading.ingest("register")
    assert reading.place.current("register") is None


@pytest.mark.parametrize("shown", [None, ""])
def test_a_hidden_column_that_is_shown_empty_is_no_column_without_trns(reading: Reading, shown: str | None) -> None:
    """BigQuery's other masks: https://cloud.google.com/bigquery/docs/column-data-masking-intro, Masking rules."""
    answer(reading, [trainee(number, trn=shown) for number in range(1, 1001)])
    with pytest.raises(RefusedError, match="none of 1000 rows has trn: most likely the column is hidden"):
        reading.ingest("register")
    assert reading.place.current("register") is None
