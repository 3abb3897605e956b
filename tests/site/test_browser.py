"""The site in a real browser, where one is installed: by keyboard, narrow, enlarged, in forced colours, on paper.

It is served as CloudFront would serve it, by the server of ``make run``: same headers, same strict policy.
Where no Chromium is found these tests are left out, and the end of the run says so.
"""

from __future__ import annotations

import csv
import gzip
import threading
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import pytest

from functions.publish_site import site, words
from functions.publish_site.figures import KpiFigures
from functions.publish_site.files.listing import RELEASE
from functions.publish_site.inventory import Entry, Inventory, Withdrawal
from functions.publish_site.pages import sentences
from local.serve import site_server
from local.template import load_stack
from local.weight import MOST, MOST_WITH_FONTS, is_long
from placements_kpi.settings import SOURCE_TITLES
from tests.costs.example import example
from tests.left_out import CHROMIUM, needs
from tests.site.conftest import PUBLISHED
from tests.site.html import Page
from tests.site.protected_document import AS_OF

if TYPE_CHECKING:
    from functions.publish_site.pages.frame import Site
    from placements_kpi.results import Protected

SWITCHES = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
LATER = AS_OF.replace(year=AS_OF.year + 1)
"""A day on which every source is out of date, so that the front page has its notices."""

pytestmark = needs(CHROMIUM)


@pytest.fixture(scope="module")
def whole(protected: Protected, page_frame: Site, files: dict[str, bytes]) -> dict[str, bytes]:
    """Every object of the site by its key, pages of every kind among them."""
    return _whole(protected, page_frame, files)


def _whole(protected: Protected, page_frame: Site, files: dict[str, bytes]) -> dict[str, bytes]:
    release = protected.release
    withdrawn = Withdrawal(release="2026-07-13.1", withdrawn_on=AS_OF, reason="the list of schools was incomplete")
    inventory = Inventory().with_front(release, None, Entry(release=release, as_of=AS_OF, published=PUBLISHED))
    gone = site.withdrawn_file(page_frame, "index.html", withdrawn)
    assert gone is not None
    return {
        **page_frame.assets.files,
        **{f"releases/{release}/{path}": body for path, body in files.items()},
        f"releases/{withdrawn.release}/index.html": gone,
        "releases.json": b"{}",
        **site.beside(page_frame, inventory, {}, {}, example(), document=protected, paths=files),
        "index.html": site.front_page(page_frame, protected, PUBLISHED, AS_OF, (), files[f"{RELEASE}.jsonld"]),
        "late.html": site.front_page(page_frame, protected, PUBLISHED, LATER, [withdrawn]),
    }


@pytest.fixture(scope="module")
def pages(whole: dict[str, bytes]) -> list[str]:
    """The path of every page."""
    return sorted(f"/{key}" for key in whole if key.endswith(".html"))


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, whole: dict[str, bytes]) -> Iterator[str]:
    """Where the whole site is served on this machine."""
    yield from _served(tmp_path_factory.mktemp("site"), whole)


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory, protected: Protected, government: Site) -> Iterator[str]:
    """Where the site for a host of the government is served on this machine."""
    whole = _whole(protected, government, site.release_files(government, protected, PUBLISHED))
    yield from _served(tmp_path_factory.mktemp("official"), whole)


def _served(root: Path, whole: dict[str, bytes]) -> Iterator[str]:
    for key, body in whole.items():
        path: Path = root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    server = site_server(root, load_stack(), 0)
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
        opened = playwright.chromium.launch(executable_path=CHROMIUM.program, args=SWITCHES.split())
        yield opened
        opened.close()


def a_kpi(protected: Protected, nth: int = 0) -> str:
    return f"/releases/{protected.release}/{protected.kpis[nth].id}/index.html"


OUTSIDE = """[...document.querySelectorAll('.app-chart__svg text')].filter(text => {
  const [inner, outer] = [text, text.ownerSVGElement].map(one => one.getBoundingClientRect());
  return inner.left < outer.left - 1 || inner.right > outer.right + 1 || inner.height < 12;
}).map(text => text.textContent)"""
"""The words of drawings that do not stand in them, or are too small to be read."""

FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"


# 1280 pixels enlarged to 400% are 320 CSS pixels, at four device pixels each.
@pytest.mark.parametrize(("widths", "scale"), [((320, 768, 1280), 1), ((320,), 4)])
def test_pages_keep_the_policy_fit_their_screen_and_ask_nobody_else(
    browser: Any, address: str, pages: list[str], widths: tuple[int, ...], scale: int
) -> None:
    page = browser.new_page(device_scale_factor=scale)
    complaints: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    for path in pages:
        answer = page.goto(address + path)
        assert "unsafe-inline" not in answer.headers["content-security-policy"]
        for width in widths:
            page.set_viewport_size({"width": width, "height": 256 if scale > 1 else 900})
            assert page.evaluate(FITS), (path, width)
            outside = page.evaluate(OUTSIDE)
            assert outside == [], (path, width)
        page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
        page.set_viewport_size({"width": min(widths), "height": 900})
        assert page.evaluate(FITS), f"{path}, opened"
    page.close()
    assert complaints == []
    assert {url.split("/")[2] for url in asked} == {address.split("/")[2]}


def test_axe_finds_nothing_on_any_page_wide_narrow_or_dark(browser: Any, address: str, pages: list[str]) -> None:
    assert _violations(browser, address, pages, (1280, "light"), (320, "light"), (1280, "dark")) == []


def test_axe_finds_nothing_on_the_pages_of_a_government_host(browser: Any, official: str, pages: list[str]) -> None:
    assert _violations(browser, official, pages, (1280, "light")) == []


def _violations(
    browser: Any, address: str, pages: list[str], *looks: tuple[int, str]
) -> list[tuple[str, tuple[int, str], str, list[Any]]]:
    """Page, width and colour scheme, rule, and places of what violates any rule that axe has, its best practices too.

    The policy of the pages is put aside to run it.
    """
    from axe_playwright_python.sync_playwright import Axe

    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    seen = []
    for path in pages:
        page.goto(address + path)
        for width, scheme in looks:
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            found = Axe().run(page).response["violations"]
            targets = [(one["id"], [node["target"] for node in one["nodes"]][:3]) for one in found]
            seen += [(path, (width, scheme), *one) for one in targets]
    context.close()
    return seen


@pytest.mark.parametrize("width", [320, 1280])
def test_the_first_view_on_a_government_host_is_light_and_asks_nobody_else(
    browser: Any, official: str, protected: Protected, pages: list[str], width: int
) -> None:
    """What a browser asks for by itself, compressed; the arms at the end of a long page are not among it."""
    page = browser.new_page(viewport={"width": width, "height": 800})
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.setCacheDisabled", {"cacheDisabled": True})
    complaints: list[str] = []
    loaded: dict[str, bytes] = {}
    page.on("console", lambda message: complaints.append(message.text))
    page.on("response", lambda answer: loaded.update({answer.url: answer.body()}))
    for path in pages:
        loaded.clear()
        page.goto(official + path, wait_until="networkidle")
        assert page.evaluate(FITS), path
        assert page.evaluate("document.fonts.check('1em \"GDS Transport\"')"), path
        assert complaints == [], path
        assert {urlsplit(url).netloc for url in loaded} == {urlsplit(official).netloc}
        fonts = sum(len(body) for url, body in loaded.items() if url.endswith(".woff2"))
        others = sum(len(gzip.compress(body, 6)) for url, body in loaded.items() if not url.endswith(".woff2"))
        assert fonts > 0
        assert any(url.endswith(".css") for url in loaded), "as if nothing had been read before"
        assert others <= MOST, f"{path}: {others}"
        assert others + fonts <= MOST_WITH_FONTS, f"{path}: {others + fonts}"
        place = path.removeprefix(f"/releases/{protected.release}/").removeprefix("/")
        if is_long(place, [kpi.id for kpi in protected.kpis]):
            assert not [url for url in loaded if "crest" in url], f"{path}: counted as far below the first view"
    page.close()


def test_the_data_block_of_a_page_is_read_under_the_policy_and_runs_nothing(
    browser: Any, address: str, protected: Protected
) -> None:
    """A browser that enforces the policy neither runs nor reports it, and what it holds is a Dataset."""
    page = browser.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    for path in ("/index.html", a_kpi(protected), f"/releases/{protected.release}/data/index.html"):
        answer = page.goto(address + path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src" not in policy, "no script of any kind may run"
        assert page.evaluate("[...document.scripts].map(one => one.type)") == ["application/ld+json"]
        assert page.evaluate("JSON.parse(document.scripts[0].text)['@type']") == "Dataset"
    page.close()
    assert complaints == []


def test_the_skip_link_comes_first_and_leads_to_the_content(browser: Any, address: str, pages: list[str]) -> None:
    page = browser.new_page()
    for path in pages:
        page.goto(address + path)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent.trim()") == "Skip to main content", path
        assert page.locator(".govuk-skip-link").bounding_box()["height"] > 20, "it shows itself when it has the focus"
        page.keyboard.press("Enter")
        assert page.evaluate("location.hash") == "#main-content"
        page.keyboard.press("Tab")
        # A broad table has no box of its own, and is no stop, on a wide screen.
        if page.evaluate(
            "[...document.querySelector('main').querySelectorAll('a, summary, [tabindex=\"0\"]')]"
            ".some(e => e.checkVisibility())"
        ):
            assert page.evaluate("document.querySelector('main').contains(document.activeElement)"), path
    page.close()


def test_everything_that_can_be_used_is_reached_by_keyboard_in_the_order_of_the_page(
    browser: Any, address: str, protected: Protected
) -> None:
    page = browser.new_page()
    for path in ("/index.html", a_kpi(protected)):
        page.goto(address + path)
        wanted = page.evaluate(
            "[...document.querySelectorAll('a[href], summary, [tabindex=\"0\"]')]"
            ".filter(e => e.checkVisibility()).map((e, n) => (e.dataset.order = n, n))"
        )
        reached = []
        for _ in wanted:
            page.keyboard.press("Tab")
            reached.append(int(page.evaluate("document.activeElement.dataset.order ?? -1")))
            assert page.evaluate(
                "(() => { const s = getComputedStyle(document.activeElement);"
                " return s.outlineStyle !== 'none'"
                " || s.boxShadow !== 'none' || s.backgroundColor !== 'rgba(0, 0, 0, 0)'; })()"
            ), f"{path}: what has the focus does not show it"
        assert reached == wanted, path
    page.close()


STOPS = """[...document.querySelectorAll('.app-scroll')].map(table => {
    table.focus();
    return [document.activeElement === table, table.scrollWidth > table.clientWidth];
})"""


def test_a_broad_table_is_a_stop_of_the_keyboard_where_it_scrolls_and_none_on_a_wide_screen(
    browser: Any, address: str, protected: Protected
) -> None:
    page = browser.new_page()
    for width in (320, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(address + a_kpi(protected))
        page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
        stops = page.evaluate(STOPS)
        assert stops
        assert all(stop for stop, scrolls in stops if scrolls), width
        assert any(scrolls for _, scrolls in stops) == (width == 320)
        assert width == 320 or not any(stop for stop, _ in stops)
        assert page.evaluate(FITS), width
    page.close()


@pytest.mark.parametrize(("width", "height", "figures"), [(1280, 800, 2), (390, 844, 1)])
def test_the_first_screen_shows_the_summary_and_figures(
    browser: Any, address: str, official: str, width: int, height: int, figures: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": height})
    for host in (address, official):
        page.goto(f"{host}/index.html")
        page.evaluate("document.fonts.ready")
        seen = [
            page.locator(name).evaluate_all("all => all.map(one => one.getBoundingClientRect().bottom)")
            for name in (".app-first__summary", ".app-figure")
        ]
        assert max(seen[0]) < height
        assert sum(bottom < height for bottom in seen[1]) >= figures


def test_what_is_folded_away_opens_by_keyboard(browser: Any, address: str, protected: Protected) -> None:
    page = browser.new_page()
    page.goto(address + a_kpi(protected))
    summary = page.locator("summary").first
    summary.focus()
    page.keyboard.press("Enter")
    assert page.locator("details").first.get_attribute("open") is not None
    page.keyboard.press("Enter")
    assert page.locator("details").first.get_attribute("open") is None
    page.close()


def test_without_scripts_a_page_is_the_same(browser: Any, address: str, protected: Protected) -> None:
    texts = []
    for scripts in (True, False):
        context = browser.new_context(java_script_enabled=scripts)
        page = context.new_page()
        page.goto(address + a_kpi(protected))
        texts.append(page.locator("body").inner_text())
        assert page.locator("figure.app-chart svg:visible").count() > 0
        context.close()
    assert texts[0] == texts[1]


def test_every_link_and_every_asset_of_every_page_is_there(
    address: str, whole: dict[str, bytes], protected: Protected
) -> None:
    """Links within the site lead to an object of it, and those with a place in a page to a place that is there."""
    for key, body in whole.items():
        if not key.endswith(".html"):
            continue
        page = Page.of(body)
        named = [one.attributes.get(name) for one in page.elements for name in ("href", "src")]
        for link in (one for one in named if one):
            target = urlsplit(urljoin(f"{address}/{key}", link))
            if f"{target.scheme}://{target.netloc}" != address:
                assert target.scheme == "https", (key, link)
                continue
            # What is at latest/ is what is in front (tests/site/test_addresses.py).
            found = whole.get(target.path.lstrip("/").replace("latest/", f"releases/{protected.release}/", 1))
            assert found is not None, (key, link)
            if target.fragment and PurePosixPath(target.path).suffix == ".html":
                assert target.fragment in {one.attributes.get("id") for one in Page.of(found).elements}, (key, link)


def test_every_figure_is_explained_and_its_file_is_had_in_two_clicks_from_the_first_page(
    browser: Any, address: str, protected: Protected
) -> None:
    """What it counts, out of what, as at when, from which sources of which date, what changed, and the file.

    For the headline of every indicator, and for one figure of its first breakdown that has any.
    """
    page = browser.new_page()
    for kpi in protected.kpis:
        figures = KpiFigures(kpi)
        part, broken_down = next(
            (part, measure)
            for part in kpi.description.breakdowns
            for measure in map(figures.measure, part.measures)
            if (point := figures.current(measure)) and figures.has(measure, point, part.id)
        )
        category = part.categories[0]
        page.goto(f"{address}/index.html")
        page.get_by_role("main").get_by_role("link", name=kpi.description.title, exact=True).click()
        page.wait_for_load_state()
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")  # the second click
        text = " ".join(page.get_by_role("main").inner_text().split())
        tables = dict(Page.of(page.content().encode()).tables)

        for measure in (figures.headline, broken_down):
            assert f"{measure.title}: {sentences.what(measure)}" in text, "what it counts, and out of what"
        point = figures.current(figures.headline)
        assert point is not None
        assert f"as at {words.day(point.as_of)}." in text
        assert sentences.counts(figures, figures.headline) in text
        sources = dict(row[:2] for row in tables["Age of each source when this was published"])
        for source in kpi.description.sources:
            assert words.day(kpi.source_dates[source]) == sources[SOURCE_TITLES[source]]
        assert f"Definition version {kpi.description.definition_version}" in text
        for one in kpi.description.breaks:
            assert f"{words.day(one.on)}. {one.text}" in text, "what changed in its definition"

        page.get_by_role("navigation", name="Contents").get_by_role("link", name=part.title, exact=True).click()
        assert page.get_by_role("heading", name=part.title, exact=True).bounding_box()["y"] < 300
        point = figures.current(broken_down)
        assert point is not None
        caption = next(one for one in tables if one.startswith(f"{part.title}: ") and words.day(point.as_of) in one)
        row = next(row for row in tables[caption] if row[0] == category.label)
        now = figures.at(broken_down, point, (part.id, category.code))
        assert now.value.text in row[1]

        page.goto(f"{address}/index.html")
        page.get_by_role("main").get_by_role("link", name=kpi.description.title, exact=True).click()
        with page.expect_download() as told:
            page.get_by_role("link", name="All figures of this indicator as CSV").click()
        with told.value.path().open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        wanted = (broken_down.id, part.title, category.label, point.as_of.isoformat())
        (found,) = [one for one in rows if (one["measure"], one["breakdown"], one["category"], one["as_of"]) == wanted]
        assert f"In the files: {broken_down.id}." in text
        assert (found["numerator"], found["denominator"]) == (now.numerator.plain, now.denominator.plain)
    page.close()


def test_a_late_page_shows_its_notices(browser: Any, address: str, protected: Protected) -> None:
    page = browser.new_page()
    page.goto(f"{address}/late.html")
    assert page.locator(".govuk-warning-text").count() == len(protected.sources)
    late = page.locator(".govuk-warning-text").all_inner_texts()
    assert all("It should never be more than" in text for text in late)
    page.goto(f"{address}/index.html")
    assert "It should never be more than" not in page.locator("main").inner_text()
    page.close()


def test_a_dark_preference_leaves_the_page_readable(browser: Any, address: str, protected: Protected) -> None:
    """There is no dark scheme, so the light one must be complete: a ground of its own under every text."""
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto(address + a_kpi(protected))
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).color") == "rgb(11, 12, 12)"
    ground = page.evaluate("[document.body, document.documentElement].map(e => getComputedStyle(e).backgroundColor)")
    assert any(colour not in {"rgba(0, 0, 0, 0)", "transparent"} for colour in ground)
    context.close()


def test_a_chart_can_be_read_in_forced_colours(browser: Any, address: str, protected: Protected) -> None:
    context = browser.new_context(forced_colors="active", color_scheme="dark")
    page = context.new_page()
    page.goto(address + a_kpi(protected, -1))
    colours = page.evaluate(
        "(() => { const colour = (selector, name) =>"
        " getComputedStyle(document.querySelector(selector))[name];"
        " return {page: getComputedStyle(document.body).backgroundColor, text: colour('text', 'fill'),"
        " line: colour('.app-chart__line', 'stroke'), bar: colour('.app-chart__bar', 'stroke')}; })()"
    )
    context.close()
    assert colours["page"] not in {colours["text"], colours["line"], colours["bar"]}
    assert colours["text"] == colours["line"] == colours["bar"]


def test_paper_shows_what_is_folded_away_on_screen(browser: Any, address: str, protected: Protected) -> None:
    page = browser.new_page(viewport={"width": 800, "height": 900})
    page.goto(address + a_kpi(protected))
    link = page.locator("details a").first
    assert not link.is_visible()
    page.emulate_media(media="print")
    assert link.is_visible()
    assert not page.locator(".app-noprint").first.is_visible()
    page.close()
