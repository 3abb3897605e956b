"""Every address in every published file is there; what is at ``latest/`` is what is in front."""

from __future__ import annotations

import io
import json
import re
import zipfile
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit
from xml.etree import ElementTree

import pytest

from functions.publish_site import words
from functions.publish_site.site import releases_pages
from local.serve import address
from tests.site.html import Page
from tests.site.settled import FIRST, SECOND, files_of, objects
from tests.site.test_feed import released

if TYPE_CHECKING:
    from collections.abc import Iterator

    from functions.publish_site.pages.frame import Site
    from tests.site.conftest import World

HOST = "https://localhost/"
ABSOLUTE = re.compile(rf"{HOST}[^\s\"'<>\\]*")
RELATIVE = {"url", "path"}
"""Names of CSVW and of a Data Package whose value is an address from where the file lies."""


def addresses(key: str, body: bytes) -> Iterator[str]:
    """Yield every address of this site in a file: absolute ones, and what a page, CSVW or a package links to."""
    if key.endswith(".woff2"):
        return
    if key.endswith(".ods"):
        with zipfile.ZipFile(io.BytesIO(body)) as book:
            body = book.read("content.xml")
    text = body.decode()
    yield from ABSOLUTE.findall(text)
    if key.endswith(".html"):
        base = f"{HOST}{key}"
        for element in Page.of(body).elements:
            for name in ("href", "src"):
                link = element.attributes.get(name)
                if link:
                    yield urljoin(base, link)
    elif key.endswith((".csv-metadata.json", "datapackage.json")):
        yield from (urljoin(f"{HOST}{key}", link) for link in relative(json.loads(text)))


def relative(told: Any) -> Iterator[str]:
    for one in told if isinstance(told, list) else told.values() if isinstance(told, dict) else ():
        yield from relative(one)
    if isinstance(told, dict):
        yield from (told[name] for name in RELATIVE if isinstance(told.get(name), str))


def missing(site: dict[str, bytes]) -> set[tuple[str, str]]:
    """Return where an address leads that is not there, as a request to it is answered, with the file that has it."""
    found: set[tuple[str, str]] = set()
    for key, body in site.items():
        for link in addresses(key, body):
            if not link.startswith(HOST):
                continue
            path, moved = address(urlsplit(link).path)
            path = address(path)[0] if moved else path
            if unquote(path).lstrip("/") not in site:
                found.add((key, link))
    return found


def test_every_address_in_every_published_file_is_there(public: World) -> None:
    assert missing(objects()) == set()


def test_the_workbook_of_a_release_leads_to_its_csv_files(public: World) -> None:
    site = objects()
    book = f"releases/{SECOND}/school-placements-performance.ods"
    links = set(addresses(book, site[book]))
    assert links
    assert links == {f"{HOST}{key}" for key in site if re.fullmatch(rf"releases/{SECOND}/([a-z-]+)/\1\.csv", key)}


def test_an_address_that_is_not_there_is_found(public: World) -> None:
    site = objects()
    del site[f"releases/{SECOND}/glossary/index.html"]
    assert {key for key, _ in missing(site)} >= {f"releases/{SECOND}/index.html", f"releases/{SECOND}/about/index.html"}


def nearer(path: str, page: bytes) -> bytes:
    return page.replace(b'"' + b"../" * (path.count("/") + 2), b'"' + b"../" * (path.count("/") + 1))


def check_latest(site: dict[str, bytes], release: str) -> None:
    """``latest/`` has the files of ``release``: the same bytes, and pages that differ in their way to the root."""
    newest = {key.removeprefix("latest/"): body for key, body in site.items() if key.startswith("latest/")}
    files = files_of(site, release)
    assert newest.keys() == files.keys()
    for path, body in files.items():
        assert newest[path] == (nearer(path, body) if path.endswith(".html") else body), path


def test_latest_follows_the_front_page(computed: World) -> None:
    check_latest(objects(), FIRST)
    computed.handle({})
    check_latest(objects(), SECOND)
    computed.handle({"action": "withdraw", "release": SECOND, "reason": "a source was read twice"})
    check_latest(objects(), FIRST)


def test_latest_has_nothing_where_nothing_is_in_front(public: World) -> None:
    for release in (FIRST, SECOND):
        public.handle({"action": "withdraw", "release": release, "reason": "a source was read twice"})
    site = objects()
    assert [key for key in site if key.startswith("latest/")] == []
    assert json.loads(site["data.json"]) == {"dataset": []}
    assert missing(site) == set()


def test_what_the_newest_release_no_longer_has_is_taken_away(computed: World) -> None:
    computed.s3.put_object(Bucket="site-bucket", Key="latest/an-old-indicator/index.html", Body=b"old")
    computed.handle({})
    check_latest(objects(), SECOND)


def test_a_page_of_a_release_says_that_there_may_be_newer_figures_unless_it_is_in_front(public: World) -> None:
    site = objects()
    hidden = f".app-release-{SECOND.replace('.', '-')}{{display:none}}\n"
    assert site["newest.css"].decode() == hidden
    for release in (FIRST, SECOND):
        for path, body in files_of(site, release).items():
            if not path.endswith(".html"):
                continue
            page = Page.of(body)
            (line,) = [
                one for one in page.all("p") if f"app-release-{release.replace('.', '-')}" in one.attributes["class"]
            ]
            assert line.text.strip() == f"This is release {release}. There may be newer figures."
            (link,) = [one.attributes["href"] or "" for one in page.all("a") if one.text == "newer figures"]
            assert urljoin(f"{HOST}releases/{release}/{path}", link) == f"{HOST}latest/{path}"
    assert b"newer figures" not in site["index.html"]


def test_search_engines_are_told_of_the_newest_page_alone(public: World) -> None:
    site = objects()
    for key, body in site.items():
        if key.endswith(".html"):
            links = [one.attributes for one in Page.of(body).all("link")]
            told = [one["href"] for one in links if one.get("rel") == "canonical"]
            path = re.sub(r"^releases/20\d\d-\d\d-\d\d\.\d+/", "latest/", key)
            expected = "" if key == "index.html" else path
            assert told == ([] if key == "404.html" else [f"{HOST}{expected}"]), key
            assert [one["type"] for one in links if one.get("title") == "Releases"] == ["application/atom+xml"], key
    listed = [one.text or "" for one in ElementTree.fromstring(site["sitemap.xml"]).iter() if one.tag.endswith("loc")]
    assert len(listed) == len(set(listed))
    pages = {key for key in site if key.endswith("/index.html") and not key.startswith(("releases/2", "latest/index"))}
    assert {one.removeprefix(HOST) for one in listed} == {"", *pages}
    assert site["robots.txt"].decode().splitlines()[-1] == f"Sitemap: {HOST}sitemap.xml"


def test_the_list_of_releases_says_where_the_rest_is(public: World) -> None:
    site = objects()
    told = json.loads(site["releases.json"])
    assert set(told["addresses"].values()) <= set(site)


@pytest.mark.parametrize("years", [1, 3])
def test_the_list_of_releases_has_a_page_for_each_year(years: int, page_frame: Site) -> None:
    made = released(*(f"{2026 - one}-{month:02}-14.1" for one in reversed(range(years)) for month in (1, 7)))
    pages = releases_pages(page_frame, made, {})
    assert set(pages) == {"releases/index.html", *(f"releases/{2026 - one}/index.html" for one in range(1, years))}
    listed = [re.findall(r">Data up to (\d+ \w+ 20\d\d)<", body.decode()) for body in pages.values()]
    assert sorted(one for page in listed for one in page) == sorted(words.day(one.as_of) for one in made.releases)
    site = {**pages, **{f"releases/{one.release}/index.html": b"" for one in made.releases}}
    gone = {link.removeprefix(HOST) for key, link in missing(site) if "releases/2" in link}
    assert {link for link in gone if link.count("/") == 2} == set()
