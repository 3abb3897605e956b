"""The site in a real browser, where one is installed: narrow, in forced colours, under the strict policy."""

from __future__ import annotations

import functools
import http.server
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from functions.publish_site import site
from tests.site.conftest import PUBLISHED
from tests.site.protected_document import AS_OF

if TYPE_CHECKING:
    from placements_kpi.results import Protected

CHROMIUM = shutil.which("chromium")
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SWITCHES = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()


@pytest.fixture(scope="module")
def address(
    tmp_path_factory: pytest.TempPathFactory, protected: Protected, page_frame: site.Site, files: dict[str, bytes]
) -> Iterator[str]:
    """Where the whole site is served on this machine."""
    root = tmp_path_factory.mktemp("site")
    whole = {
        **page_frame.assets.files,
        **{f"releases/{protected.release}/{path}": body for path, body in files.items()},
        "index.html": site.front_page(page_frame, protected, PUBLISHED, AS_OF),
    }
    for key, body in whole.items():
        path: Path = root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(root)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES.split())
        yield opened
        opened.close()


def paths(protected: Protected) -> list[str]:
    place = f"/releases/{protected.release}"
    return [
        "/index.html",
        f"{place}/data-quality/index.html",
        f"{place}/method/index.html",
        f"{place}/confidentiality/index.html",
    ] + [f"{place}/{kpi.id}/index.html" for kpi in protected.kpis]


@pytest.mark.parametrize("width", [320, 1280])
def test_pages_keep_the_policy_fit_their_screen_and_ask_nobody_else(
    browser: Any, address: str, protected: Protected, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    complaints: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    for path in paths(protected):
        page.goto(address + path)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (path, width)
        drawn = page.locator(".app-chart__svg:visible").count()
        assert drawn == page.locator("figure.app-chart").count(), "one of the two drawings of each chart is shown"
        if drawn:
            size = page.evaluate(
                "(() => { const t = document.querySelector('figure.app-chart svg:is("
                f".app-chart__svg--{'narrow' if width < 641 else 'wide'}) text');"
                "return t.getScreenCTM().a * parseFloat(getComputedStyle(t).fontSize); })()"
            )
            assert size >= 12, f"{path}: text of {size} pixels"
    page.close()
    assert complaints == []
    assert {url.split("/")[2] for url in asked} == {address.split("/")[2]}


def test_a_chart_can_be_read_in_forced_colours(browser: Any, address: str, protected: Protected) -> None:
    context = browser.new_context(forced_colors="active", color_scheme="dark")
    page = context.new_page()
    page.goto(address + paths(protected)[-1])
    colours = page.evaluate(
        "(() => { const colour = (selector, name) =>"
        " getComputedStyle(document.querySelector('.app-chart__svg--wide ' + selector))[name];"
        " return {page: getComputedStyle(document.body).backgroundColor, text: colour('text', 'fill'),"
        " line: colour('.app-chart__line', 'stroke'), bar: getComputedStyle("
        "document.querySelector('.app-chart__svg--wide .app-chart__bar')).fill}; })()"
    )
    context.close()
    assert colours["page"] not in {colours["text"], colours["line"], colours["bar"]}
    assert colours["text"] == colours["line"] == colours["bar"]


def test_paper_shows_what_is_folded_away_on_screen(browser: Any, address: str, protected: Protected) -> None:
    page = browser.new_page(viewport={"width": 800, "height": 900})
    page.goto(f"{address}/releases/{protected.release}/{protected.kpis[0].id}/index.html")
    link = page.locator("details a").first
    assert not link.is_visible()
    page.emulate_media(media="print")
    assert link.is_visible()
    assert not page.locator(".app-noprint").first.is_visible()
    page.close()
