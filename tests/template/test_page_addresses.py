"""Addresses of pages: CloudFront's function, run as the JavaScript that it is, and the preview server do the same."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.serve import address
from tests.left_out import NODE, needs

DRIVER = """
const paths = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const answers = paths.map((uri) => {
  const answer = handler({ request: { method: 'GET', uri: uri, headers: {}, querystring: {} } });
  return answer.statusCode ? [answer.headers.location.value, true, answer.statusCode] : [answer.uri, false, null];
});
process.stdout.write(JSON.stringify(answers));
"""


def on_cloudfront(template: dict[str, Any], paths: list[str]) -> list[list[Any]]:
    """Return what the function of the template does with each path: address, whether it redirects, and its status."""
    code = template["Resources"]["PageAddresses"]["Properties"]["FunctionCode"]
    ran = subprocess.run(
        [str(NODE.program), "--eval", code + DRIVER],
        input=json.dumps(paths),
        capture_output=True,
        text=True,
        check=True,
    )
    answers: list[list[Any]] = json.loads(ran.stdout)
    return answers


@needs(NODE)
@pytest.mark.parametrize(
    ("path", "expected", "status"),
    [
        ("/", "/index.html", None),
        ("/releases/", "/releases/index.html", None),
        ("/releases/2026-07-14.1/", "/releases/2026-07-14.1/index.html", None),
        ("/releases/2026-07-14.1", "/releases/2026-07-14.1/", 301),
        ("/releases", "/releases/", 301),
        ("/releases/2026-07-14.1/school-take-up", "/releases/2026-07-14.1/school-take-up/", 301),
        ("/index.html", "/index.html", None),
        ("/assets/main.0123abcd.css", "/assets/main.0123abcd.css", None),
        ("/releases/2026-07-14.1/school-take-up/school-take-up.csv-metadata.json",) * 2 + (None,),
        ("/assets/font-2.woff2", "/assets/font-2.woff2", None),
    ],
)
def test_an_address_ends_at_an_object(template: dict[str, Any], path: str, expected: str, status: int | None) -> None:
    assert on_cloudfront(template, [path]) == [[expected, status is not None, status]]


@needs(NODE)
@pytest.mark.parametrize(
    "path", ["//evil.example", "/\\evil.example", "//evil.example/x", "/%2f%2fevil.example", "/a//b"]
)
def test_nobody_is_sent_elsewhere(template: dict[str, Any], path: str) -> None:
    assert on_cloudfront(template, [path])[0][1] is False


@needs(NODE)
def test_the_preview_server_does_the_same(template: dict[str, Any]) -> None:
    paths: list[str] = [
        "/",
        "//",
        "/a/",
        "/a",
        "/a.b",
        "/a.B",
        "/a.1",
        "/a b",
        "/ä",
        "/a.html?x",
        "/-/_",
        "/..",
        "/a\n",
    ]

    @given(st.lists(st.text("/.ab1-_%\\ ä\n", max_size=12).map("/".__add__), min_size=20, max_size=200))
    def collect(more: list[str]) -> None:
        if len(paths) < 2000:
            paths.extend(more)

    collect()
    theirs = [(answer[0], answer[1]) for answer in on_cloudfront(template, paths)]
    assert dict(zip(paths, theirs, strict=True)) == {path: address(path) for path in paths}
    assert {moved for _, moved in theirs} == {True, False}


def test_every_request_goes_through_the_function(resolved: dict[str, dict[str, Any]]) -> None:
    behaviour = resolved["Distribution"]["Properties"]["DistributionConfig"]["DefaultCacheBehavior"]
    (association,) = behaviour["FunctionAssociations"]
    assert association["EventType"] == "viewer-request"
    properties = resolved["PageAddresses"]["Properties"]
    assert properties["FunctionConfig"]["Runtime"] == "cloudfront-js-2.0"
    # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html: at most 10 KB
    assert len(properties["FunctionCode"].encode()) < 10_000
