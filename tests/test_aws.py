"""An error of AWS says what was asked, of what, and what to look at; never what the service wrote."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from placements_kpi import aws, secret, store
from placements_kpi.failures import unforeseen

MARK = "2000007"


class Service(ThreadingHTTPServer):
    """Answers every request with one error, as S3 or as a service of JSON does."""

    daemon_threads = True
    status, code = 403, "AccessDenied"


class _Handler(BaseHTTPRequestHandler):
    server: Service

    def answer(self) -> None:
        if "X-Amz-Target" in self.headers:
            body = f'{{"__type": "{self.server.code}", "message": "row {MARK}"}}'
        else:
            body = f"<Error><Code>{self.server.code}</Code><Message>row {MARK}</Message></Error>"
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(0 if self.command == "HEAD" else len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body.encode())
        self.close_connection = True

    do_GET = do_HEAD = do_PUT = do_DELETE = do_POST = answer

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    server = Service(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-2")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    yield server
    server.shutdown()
    server.server_close()


def failing(call: Any) -> Exception:
    with pytest.raises((BotoCoreError, ClientError)) as failed:
        call()
    return failed.value


CALLS: dict[str, tuple[Any, str]] = {
    "get": (lambda s3: s3.get_object(Bucket="data", Key="current/apply.json"), "s3:GetObject"),
    "head": (lambda s3: s3.head_object(Bucket="data", Key="current/apply.json"), "s3:GetObject"),
    "put": (lambda s3: s3.put_object(Bucket="data", Key="current/apply.json", Body=b""), "s3:PutObject"),
    "list": (lambda s3: s3.list_objects_v2(Bucket="data", Prefix="current/apply.json"), "s3:ListBucket"),
    "list versions": (
        lambda s3: s3.list_object_versions(Bucket="data", Prefix="current/apply.json"),
        "s3:ListBucketVersions",
    ),
    "delete": (lambda s3: s3.delete_object(Bucket="data", Key="current/apply.json"), "s3:DeleteObject"),
}


@pytest.mark.parametrize("call", CALLS)
def test_what_is_denied_names_the_object_and_the_permission_to_look_for(service: Service, call: str) -> None:
    do, permission = CALLS[call]
    told = str(unforeseen(failing(lambda: do(store.s3_client()))))
    assert "s3://data/current/apply.json" in told
    assert f"look for {permission}" in told
    assert MARK not in told


@pytest.mark.parametrize(
    ("status", "code", "advice", "transient"),
    [
        (404, "NoSuchBucket", "check DATA_BUCKET and SOURCE_LOCATION", False),
        (400, "ExpiredToken", "log in again", True),
        (403, "SignatureDoesNotMatch", "log in again", True),
        (503, "SlowDown", "run again in some minutes", True),
        (500, "InternalError", "health.aws.amazon.com", True),
        (502, "SomethingNew", "", True),
        (400, "KMS.DisabledException", "the key that it is encrypted with", False),
        (400, "AuthorizationHeaderMalformed", "another region", False),
        (403, "InvalidObjectState", "restore it", False),
    ],
)
def test_every_answer_says_what_to_do(service: Service, status: int, code: str, advice: str, transient: bool) -> None:
    service.status, service.code = status, code
    error = unforeseen(failing(lambda: store.read_bytes(store.s3_client(), "data", "a")))
    told = str(error)
    assert code in told and "s3://data/a" in told and advice in told
    assert error.transient is transient
    assert MARK not in told


def test_one_that_nobody_listed_says_at_least_what_and_where(service: Service) -> None:
    service.status, service.code = 400, "SomethingNew"
    told = str(unforeseen(failing(lambda: store.read_bytes(store.s3_client(), "data", "a"))))
    assert "AWS refused GetObject on s3://data/a (SomethingNew)" in told


def test_no_answer_names_what_was_asked(service: Service) -> None:
    service.shutdown()
    service.server_close()
    told = str(unforeseen(failing(lambda: store.read_bytes(store.s3_client(), "data", "a"))))
    assert "GetObject on s3://data/a (EndpointConnectionError)" in told and "run again" in told


@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException", "DecryptionFailure"])
def test_a_secret_that_cannot_be_read_is_named_with_what_to_look_at(service: Service, code: str) -> None:
    service.status, service.code = 400, code
    with pytest.raises(
        secret.SecretError, match=rf"GetSecretValue on arn:x \({code}\): .*; docs/operating\.md"
    ) as read:
        secret.read("arn:x")
    assert MARK not in str(read.value)
    assert ("secretsmanager:GetSecretValue" in str(read.value)) == (code != "ThrottlingException")
    assert read.value.transient is (code == "ThrottlingException")


def test_a_client_of_anything_else_can_be_placed_too(service: Service) -> None:
    service.status, service.code = 400, "AccessDeniedException"
    error = failing(
        lambda: aws.client("events").put_events(Entries=[{"Source": "x", "DetailType": "x", "Detail": "{}"}])
    )
    assert "look for events:PutEvents" in str(unforeseen(error))


def test_a_call_that_our_own_code_made_wrongly_is_no_fault_of_aws(service: Service) -> None:
    error = failing(lambda: aws.client("events").put_events(Entries=[]))
    assert "fault of the code" in str(unforeseen(error))
