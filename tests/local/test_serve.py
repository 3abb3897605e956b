"""The page is served as CloudFront would serve it."""

import gzip
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.serve import ServeError, newest_preview, site_server
from local.template import load_stack
from tests.local.conftest import SMALL


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A served site of a front page, a release page, a stylesheet and a page for what is not there."""
    site = tmp_path / "site"
    for name in ("index.html", "releases/1/index.html", "404.html", "assets/a.0123.css"):
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(f"this is {name}")
    (tmp_path / "secret.html").write_text("not of the site")
    with site_server(site, load_stack(SMALL), 0) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def get(address: str) -> tuple[int, str, dict[str, str]]:
    """Return status, text and headers of an address."""
    try:
        with urllib.request.urlopen(address) as answer:
            return answer.status, answer.read().decode(), dict(answer.headers)
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, answer.read().decode(), dict(answer.headers)


def test_a_page_has_the_headers_of_the_template(address: str) -> None:
    status, text, headers = get(address + "/")
    assert (status, text) == (200, "this is index.html")
    assert headers["Content-Security-Policy"] == "default-src 'self'"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Content-Type"] == "text/html; charset=utf-8"


def test_assets_are_kept_for_ever_and_pages_for_minutes(address: str) -> None:
    assert "immutable" in get(address + "/assets/a.0123.css")[2]["Cache-Control"]
    assert get(address + "/releases/1/index.html")[2]["Cache-Control"] == "public, max-age=300"


def test_an_address_of_a_folder_is_the_page_in_it_with_its_slash_or_without(address: str) -> None:
    assert get(address + "/releases/1/")[:2] == (200, "this is releases/1/index.html")
    with urllib.request.urlopen(address + "/releases/1") as answer:
        assert answer.url == address + "/releases/1/"
        assert answer.read() == b"this is releases/1/index.html"


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/nothing.html", "/releases/", "/releases/2", "/../secret.html", "/%2e%2e/secret.html", "//x/y"],
)
def test_what_is_not_an_object_is_the_404_page(address: str, path: str) -> None:
    assert get(address + path)[:2] == (404, "this is 404.html")


def test_a_port_in_use_is_one_clear_error(address: str, tmp_path: Path) -> None:
    port = int(address.rpartition(":")[2])
    with pytest.raises(ServeError, match=f"port {port} cannot be used"):
        site_server(tmp_path, load_stack(SMALL), port)


def test_text_is_compressed_for_whoever_accepts_it_and_only_then(address: str, tmp_path: Path) -> None:
    body = b"<p>The same again.</p>" * 100
    (tmp_path / "site" / "index.html").write_bytes(body)
    with urllib.request.urlopen(address + "/") as answer:
        assert (answer.headers["Content-Encoding"], answer.read()) == (None, body)
    packed = urllib.request.Request(address + "/", headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(packed) as answer:
        assert (answer.headers["Content-Encoding"], answer.headers["Vary"]) == ("gzip", "Accept-Encoding")
        sent = answer.read()
    assert len(sent) < len(body) / 10
    assert gzip.decompress(sent) == body


def test_a_release_that_waits_is_served_whole_with_a_banner_that_is_in_none_of_its_files(tmp_path: Path) -> None:
    page = b'<body class="govuk-template__body">the page'
    for name in ("2026-07-13.1", "2026-07-14.9", "2026-07-14.10"):
        folder = tmp_path / "releases" / name
        folder.mkdir(parents=True)
        (folder / "index.html").write_bytes(page)
        (folder / "manifest.json").write_bytes(b"{}")
    (tmp_path / "404.html").write_text("not there")
    waiting = newest_preview(tmp_path)
    assert waiting.release == "2026-07-14.10"
    with site_server(tmp_path, load_stack(SMALL), 0, waiting) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}/"
        status, text, _ = get(address)
        assert (status, "Preview of release 2026-07-14.10" in text, "not public" in text) == (200, True, True)
        assert get(f"{address}releases/2026-07-14.10/manifest.json")[1] == "{}"
        server.shutdown()
        thread.join()
    assert (waiting.folder / "index.html").read_bytes() == page


def test_where_no_release_waits_it_says_how_to_make_one_that_does(tmp_path: Path) -> None:
    with pytest.raises(ServeError, match="MODE=approve"):
        newest_preview(tmp_path)
