"""The gate stops a release whose bytes say more, or other, than what was audited; it names the place, not the value."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.publish_site import front, gate, site
from functions.publish_site.figures import KpiFigures
from functions.publish_site.gate import schema
from functions.publish_site.gate.downloads import check_json
from functions.publish_site.gate.pages import check_page
from functions.publish_site.results import ReleaseError
from functions.publish_site.workbook import packed
from placements_kpi import store
from placements_kpi.results import Protected, document_digest
from tests.site.conftest import PUBLISHED, World
from tests.site.protected_document import audited, document
from tests.site.test_revisions import revised

TODAY = date(2026, 7, 15)
KPI = "placement-rejections"
PAGE = f"{KPI}/index.html"
STRAY = "98,761"
"""A number that nothing in the document gives."""

Files = dict[str, bytes]
Check = Callable[[Files], None]


@pytest.fixture(scope="module")
def context(protected: Protected, page_frame: site.Site) -> gate.Context:
    return gate.context(
        protected, PUBLISHED, TODAY, site.not_found_page(page_frame, None), list(page_frame.assets.files)
    )


def test_a_release_for_a_host_of_the_government_passes(protected: Protected, government: site.Site) -> None:
    dataless = site.not_found_page(government, None)
    assets = list(government.assets.files)
    files = site.release_files(government, protected, PUBLISHED)
    gate.check_release(files, gate.context(protected, PUBLISHED, TODAY, dataless, assets), assets)


@pytest.mark.parametrize("host", ["d111111abcdef8.cloudfront.net", "d1234567890123.cloudfront.net"])
def test_a_release_at_cloudfront_s_own_address_passes(protected: Protected, page_frame: site.Site, host: str) -> None:
    """A new stack has no other; its digits are nobody's figures and nobody's number."""
    made = replace(page_frame, host=host)
    dataless, assets = site.not_found_page(made, None), list(made.assets.files)
    files = site.release_files(made, protected, PUBLISHED)
    assert host.encode() in files[f"{KPI}/{KPI}.jsonld"]
    gate.check_release(files, gate.context(protected, PUBLISHED, TODAY, dataless, assets, host=host), assets)
    with pytest.raises(gate.GateError):
        gate.check_release(files, gate.context(protected, PUBLISHED, TODAY, dataless, assets), assets)


@pytest.fixture(scope="module")
def check(context: gate.Context, page_frame: site.Site) -> Check:
    """The gate for a whole release; its manifest is made true first, so that it is never what gives a change away."""

    def checked(files: Files) -> None:
        manifest = json.loads(files["manifest.json"])
        manifest["sha256"] = {
            path: hashlib.sha256(body).hexdigest()
            for path, body in files.items()
            if path not in {"manifest.json", "release.json"}
        }
        whole = {**files, "manifest.json": store.canonical_json(manifest)}
        gate.check_release(whole, context, page_frame.assets.files)

    return checked


def changed(files: Files, path: str, pattern: str, made: Callable[[re.Match[str]], str] | str, nth: int = 0) -> Files:
    """The files with one place of one of them replaced; the place must be there."""
    text = files[path].decode()
    found = list(re.finditer(pattern, text, re.S))
    assert len(found) > nth, (path, pattern)
    match = found[nth]
    new = made if isinstance(made, str) else made(match)
    assert new != match.group()
    return {**files, path: (text[: match.start()] + new + text[match.end() :]).encode()}


def more(by: int) -> Callable[[re.Match[str]], str]:
    """Replaces the number in the group "n" by one that is ``by`` more, written in the same way."""

    def made(match: re.Match[str]) -> str:
        number = match["n"]
        new = f"{int(number.replace(',', '')) + by:,}" if "," in number else str(int(number) + by)
        return match.group().replace(number, new, 1) if match.group().count(number) == 1 else _at(match, new)

    return made


def _at(match: re.Match[str], new: str) -> str:
    start, end = match.start("n") - match.start(), match.end("n") - match.start()
    return match.group()[:start] + new + match.group()[end:]


BLOCK = r'<script type="application/ld\+json">(?P<json>.*?)</script>'
BLOCKS: dict[str, tuple[str, Any]] = {
    "that runs": (BLOCK, lambda m: m.group().replace("application/ld+json", "module")),
    "of a script that runs": (r"</head>", "<script>alert(1)</script></head>"),
    "of another type beside it": (r"</head>", '<script type="application/json">{}</script></head>'),
    "said twice": (BLOCK, lambda m: m.group() * 2),
    "of a second kind of data": (r"</head>", '<script type="application/ld+json">{}</script></head>'),
    "in the body": (r"</main>", lambda m: '<script type="application/ld+json">{}</script></main>'),
    "moved to the body": (BLOCK + r"(?P<rest>.*?<main[^>]*>)", lambda m: m["rest"] + m.group().split(m["rest"])[0]),
    "left out": (BLOCK, ""),
    "with an address": (BLOCK, lambda m: m.group().replace(">", ' src="a.js">', 1)),
    "with an id": (BLOCK, lambda m: m.group().replace(">", ' id="data">', 1)),
    "with its type said twice": (BLOCK, lambda m: m.group().replace(">", ' type="module">', 1)),
    "with a figure": (BLOCK, lambda m: m.group().replace('"inLanguage"', '"count":17,"inLanguage"')),
    "with other words": (BLOCK, lambda m: m.group().replace("England", "Wales")),
    "with a space more": (BLOCK, lambda m: m.group().replace('":"', '": "', 1)),
    "with a letter escaped": (BLOCK, lambda m: m.group().replace("England", "\\u0045ngland")),
    "with its names in another order": (
        BLOCK,
        lambda m: m.group().replace(m["json"], json.dumps(dict(reversed(list(json.loads(m["json"]).items()))))),
    ),
    "with a comment in it": (BLOCK, lambda m: m.group().replace("{", "<!-- 17 -->{", 1)),
    "with a name said twice": (BLOCK, lambda m: m.group().replace('"version"', '"version":"","version"', 1)),
    "that is no JSON": (BLOCK, lambda m: m.group().replace("}</script>", "</script>")),
}


@pytest.mark.parametrize("page", [PAGE, "index.html", "data/index.html"])
@pytest.mark.parametrize("how", BLOCKS)
def test_a_data_block_must_be_the_dataset_of_the_release(
    files: Files, context: gate.Context, page: str, how: str
) -> None:
    own = page.replace("index.html", f"{KPI}.jsonld") if page == PAGE else site.RELEASE_DATASET
    made = replace(context, sizes=frozenset(map(len, files.values())), datasets={page: files[own]})
    check_page(page, files[page], made)
    with pytest.raises(gate.STOPS):
        check_page(page, changed(files, page, *BLOCKS[how])[page], made)


def test_a_data_block_is_held_against_the_file_of_the_release(files: Files, check: Check) -> None:
    """A page that agrees with another description than the one beside it is stopped, whichever was changed."""
    other = changed(files, f"{KPI}/{KPI}.jsonld", "England", "Wales")
    with pytest.raises(gate.STOPS, match="Dataset"):
        check(other)
    with pytest.raises(gate.STOPS, match="missing"):
        check({path: body for path, body in files.items() if path != site.RELEASE_DATASET})


@pytest.mark.parametrize("page", ["about/index.html", "method/index.html"])
def test_a_page_without_data_has_no_data_block(files: Files, check: Check, page: str) -> None:
    with pytest.raises(gate.STOPS, match="not read back"):
        check(changed(files, page, "</head>", '<script type="application/ld+json">{}</script></head>'))


def test_the_front_page_has_the_dataset_of_its_release_or_none(
    protected: Protected, page_frame: site.Site, context: gate.Context, files: Files
) -> None:
    told = files[site.RELEASE_DATASET]
    assets = page_frame.assets.files
    pages = {made: site.front_page(page_frame, protected, PUBLISHED, TODAY, (), made) for made in (told, None)}
    for made, page in pages.items():
        gate.check_front(page, context, assets, made)
    for made, other in ((told, None), (None, told)):
        with pytest.raises(gate.STOPS):
            gate.check_front(pages[made], context, assets, other)


def test_a_release_as_it_is_rendered_passes(files: Files, check: Check) -> None:
    check(files)


CELL = r'<td class="govuk-table__cell govuk-table__cell--numeric">(?P<n>[\d,]+)</td>'
CSV_ROW = r"candidate,(?:final|provisional),(?P<n>\d+),\d+,[\d.]+\r\n"
JSON_ROW = r'"numerator": (?P<n>\d+),'

TAMPERED: dict[str, tuple[str, str, Any]] = {
    "a cell of a table at its true value": (PAGE, CELL, more(2)),
    "a margin of a table not rounded": (
        PAGE,
        r">England</th>\s*<td [^>]*>[\d.]+%</td>\s*<td [^>]*>(?P<n>[\d,]+)</td>",
        more(1),
    ),
    "a cell of the CSV at its true value": (f"{KPI}/{KPI}.csv", CSV_ROW, more(2)),
    "a margin of the CSV not rounded": (f"{KPI}/{KPI}.csv", r",Total,Total,[\d-]+," + CSV_ROW, more(1)),
    "a cell of the CSV with every indicator": ("school-placements-performance.csv", CSV_ROW, more(2)),
    "a cell of the JSON at its true value": (f"{KPI}/{KPI}.json", JSON_ROW, more(2)),
    "a cell of the JSON with every indicator": ("school-placements-performance.json", JSON_ROW, more(2)),
    "one more decimal in a table": (PAGE, r">(?P<n>\d+\.\d)%</td>", lambda m: f">{m['n']}4%</td>"),
    "one more decimal in the CSV": (f"{KPI}/{KPI}.csv", r",(?P<n>\d+\.\d)\r\n", lambda m: f",{m['n']}0\r\n"),
    "one more decimal in the JSON": (f"{KPI}/{KPI}.json", r'"percentage": (?P<n>\d+\.\d)', lambda m: m.group() + "3"),
    "one more decimal in the headline": (PAGE, r'app-figure--large">(?P<n>\d+\.\d)%', lambda m: m.group()[:-1] + "2%"),
    "a percentage without its decimal": (PAGE, r">(?P<n>\d+)\.\d%</td>", lambda m: f">{m['n']}%</td>"),
    "a symbol in place of another": ("trainee-withdrawals/trainee-withdrawals.csv", r",c,c,c\r\n", ",x,x,x\r\n"),
    "a symbol in place of another in a table": ("trainee-withdrawals/index.html", r">\[c\]</td>", ">[x]</td>"),
    "a symbol replaced by what it hides": ("trainee-withdrawals/index.html", r">\[c\]</td>", ">4</td>"),
    "a symbol of a chart replaced": ("trainee-withdrawals/index.html", r">\[c\]</text>", ">4</text>"),
    "the counts under the headline": (PAGE, r'app-figure__counts">(?P<n>[\d,]+) out of', more(1)),
    "the difference to the year before": (PAGE, r'app-card__change">Down (?P<n>\d)\.', more(1)),
    "the headline of the first page": ("index.html", r'app-figure">(?P<n>\d+)\.', more(1)),
    "the counts of the first page": ("index.html", r'app-figure__counts">(?P<n>[\d,]+) out of', more(3)),
    "a raw count in a chart's heading": (PAGE, r"(<figcaption>.<h3[^>]*>)([^<]+)", lambda m: f"{m[1]}{m[2]} ({STRAY})"),
    "a raw count in a chart's title": (PAGE, r"</title><desc", f" of {STRAY}</title><desc"),
    "a raw count in a chart's description": (PAGE, r"</desc>", f" {STRAY}.</desc>"),
    "a raw count in a chart's subtitle": (PAGE, r'app-chart__subtitle">', f'app-chart__subtitle">{STRAY} '),
    "a raw count in the page's title": (PAGE, r"<title>", f"<title>{STRAY} "),
    "a raw count in the page's description": (
        PAGE,
        r'name="description" content="',
        f'name="description" content="{STRAY} ',
    ),
    "a raw count in a title attribute": (PAGE, r'<p class="app-figure ', f'<p title="{STRAY}" class="app-figure '),
    "a raw count in an aria-label": (PAGE, r'aria-label="', f'aria-label="{STRAY} '),
    "a raw count in a data attribute": (PAGE, r"<tr ", f'<tr data-n="{STRAY}" '),
    "a raw count in a class name": (PAGE, r'class="app-figure ', 'class="app-figure app-n-98761 '),
    "a raw count in a class of a drawing": (PAGE, r'class="app-chart__point"', 'class="app-chart__point n98761"'),
    "a raw count in an id": (PAGE, r'id="main-content"', 'id="main-content" data-x="98761"'),
    "a raw count in an address": (PAGE, rf'href="{KPI}\.csv"', f'href="{KPI}.csv?n=98761"'),
    "a raw count in a comment": (PAGE, r"</main>", "<!-- 17 --></main>"),
    "a raw count in a comment of a drawing": (PAGE, r"</svg>", "<!-- 17 --></svg>"),
    "a raw count in a sentence": (PAGE, r"What this means</h2>", f"What this means</h2><p>Of {STRAY} people.</p>"),
    "a small count in a sentence": (PAGE, r"What this means</h2>", "What this means</h2><p>It was 3.</p>"),
    "a count split by an element": (PAGE, r"What this means</h2>", "What this means</h2><p>9<b>8</b>761</p>"),
    "a count in digits of another script": (PAGE, r"What this means</h2>", "What this means</h2><p>٣</p>"),
    "a count as a character reference": (PAGE, r"What this means</h2>", "What this means</h2><p>&#51;</p>"),
    "a count inside a figure": (PAGE, r"</figcaption>", "<p>3</p></figcaption>"),
    "a count between the rows of a table": (PAGE, r"<tbody ", "<caption>3</caption><tbody "),
    "a style that hides a number": (PAGE, r"</head>", "<style>.n17 {}</style></head>"),
    "a script that holds a number": (PAGE, r"</head>", "<script>17</script></head>"),
    "a number in an end tag": (PAGE, r"</main>", "</main 17>"),
    "a point of a line moved": (
        PAGE,
        r'points="(?P<n>\d+\.\d),(\d+\.\d)',
        lambda m: f'points="{m["n"]},{float(m[2]) + 0.3:.1f}',
    ),
    "a point of a line moved sideways": (PAGE, r'points="(\d+\.\d),', lambda m: f'points="{float(m[1]) + 1:.1f},'),
    "the last point moved": (PAGE, r'cy="(\d+)(\.\d)?"', lambda m: f'cy="{int(m[1]) + 1}{m[2] or ""}"'),
    "a bar made longer": (
        PAGE,
        r'app-chart__bar"([^>]*) width="(\d+)',
        lambda m: f'app-chart__bar"{m[1]} width="{int(m[2]) + 1}',
    ),
    "a bar that is compared drawn as one that is not": (
        PAGE,
        r'class="app-chart__bar"',
        'class="app-chart__bar" stroke="#12436D" stroke-width="2" stroke-dasharray="5 3"',
    ),
    "a figure beside a bar": (PAGE, r'paint-order="stroke">(?P<n>\d+)', more(1)),
    "the national line moved": (
        PAGE,
        r'app-chart__reference" x1="(\d+)',
        lambda m: f'app-chart__reference" x1="{int(m[1]) + 1}',
    ),
    "a tick renamed": (PAGE, r'text-anchor="end">10%', 'text-anchor="end">11%'),
    "a width that means something": (PAGE, r'stroke-width="4"', 'stroke-width="17"'),
    "a colour that means something": (PAGE, r'fill="none"', 'fill="17"'),
    "a label at the end of a line": (PAGE, r"<text x=\"530\" y=\"[\d.]+\">(?P<n>\d+)\.", more(1)),
    "the column of another year": (PAGE, r">2025 to 2026( \[p\])?</th>", ">2019 to 2020</th>"),
    "a row of another day": (PAGE, r">End of June</th>", ">12 June</th>"),
    "rows of a source": ("data-quality/index.html", r'numeric">119,00(?P<n>\d)<', more(1)),
    "how many checks found all in order": ("data-quality/index.html", r"checks, (?P<n>\d+) found", more(1)),
    "the result of a check": ("data-quality/index.html", r">In order</td>", ">Failed</td>"),
    "a raw count in what a check says": (
        "data-quality/index.html",
        r"What we checked</h2>",
        "What we checked</h2><p>17</p>",
    ),
    "the base in use": ("method/index.html", r"to a multiple of (?P<n>5),", more(2)),
    "the base on the page about people": ("confidentiality/index.html", r"to a multiple of (?P<n>5)\.", more(2)),
    "a cell of the file of years": (f"{KPI}/{KPI}-years.csv", r",Total,Total,(?P<n>\d+),", more(2)),
    "a cell of the file of months": (f"{KPI}/{KPI}-months.csv", r",Total,Total,(?P<n>\d+),", more(2)),
    "a cell of the file of all years": (
        "school-placements-performance-years.csv",
        r",Total,Total,(?P<n>\d+),",
        more(2),
    ),
    "a figure where there is none": (f"{KPI}/{KPI}-years.csv", r",z,", ",17,"),
    "a label with a number": (f"{KPI}/{KPI}-years.meta.csv", r",Category,", ",Category 17,"),
    "a column's title with a number": (f"{KPI}/{KPI}.csv-metadata.json", r'"dc:title": "', '"dc:title": "17 '),
    "a dataset's name with a number": (f"{KPI}/{KPI}.jsonld", r'"name": "C', '"name": "17 C'),
    "the size of a file": ("datapackage.json", r'"bytes": (?P<n>\d+)', more(1)),
    "a title in the Data Package": ("datapackage.json", r'"title": "S', '"title": "17 S'),
    "a number in a schema": ("schemas/data.schema.json", r'"title": "', '"title": "17 '),
    "a number on the page on data": ("data/index.html", r"Data</h1>", "Data</h1><p>17</p>"),
    "the query": (f"{KPI}/{KPI}.sql", r"SELECT", "-- 17\nSELECT"),
    "the configuration in the JSON": (f"{KPI}/{KPI}.json", r'"base": (?P<n>5)', more(-2)),
    "a note in the JSON": (f"{KPI}/{KPI}.json", r'"status": "', '"status": "17 '),
    "rows of a source in the manifest": ("manifest.json", r'"kept": (?P<n>\d+)', more(1)),
    "one more fact in the manifest": ("manifest.json", r'"release":', '"exact": 17, "release":'),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_the_gate_stops_a_release_with(what: str, files: Files, check: Check) -> None:
    path, pattern, made = TAMPERED[what]
    tampered = changed(files, path, pattern, made)
    with pytest.raises(gate.STOPS) as stopped:
        check(tampered)
    message = re.sub(r"line \d+", "", str(stopped.value))
    assert path in message, "it names the file"
    assert not re.search(r"98,?761|\b17\b", message), "it never shows the value"


def test_every_file_is_checked_by_its_own_and_not_by_the_manifest_alone(files: Files, check: Check) -> None:
    assert {path for path, *_ in TAMPERED.values()} >= {
        PAGE,
        f"{KPI}/{KPI}.csv",
        f"{KPI}/{KPI}.json",
        f"{KPI}/{KPI}.sql",
    }
    wrong = {**files, "manifest.json": files["manifest.json"].replace(b"a", b"b", 1)}
    with pytest.raises(gate.STOPS):
        check(wrong)


def test_a_published_number_in_the_wrong_place_is_stopped_too(files: Files, check: Check, protected: Protected) -> None:
    """The figure of another measure is published somewhere, but the headline is not where."""
    kpi = KpiFigures(next(one for one in protected.kpis if one.id == KPI))
    other = kpi.at(kpi.measure("candidates_who_applied"), kpi.current(kpi.headline)).value.text
    with pytest.raises(gate.STOPS, match="app-figure__counts"):
        check(changed(files, PAGE, r'app-figure__counts">[\d,]+ out', f'app-figure__counts">{other} out'))
    with pytest.raises(gate.STOPS, match="no reason to show"):
        check(changed(files, PAGE, r"What this means</h2>", f"What this means</h2><p>{other}</p>"))


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_a_row_left_out_or_given_twice_is_stopped(kind: str, files: Files, check: Check) -> None:
    path = f"{KPI}/{KPI}.{kind}"
    if kind == "csv":
        head, first, *rest = files[path].decode().split("\r\n")
        fewer, twice = "\r\n".join([head, *rest]), "\r\n".join([head, first, first, *rest])
    else:
        read = json.loads(files[path])
        rows = read["rows"]
        fewer = store.canonical_json({**read, "rows": rows[1:]}).decode()
        twice = store.canonical_json({**read, "rows": [rows[0], *rows]}).decode()
    for text in (fewer, twice):
        with pytest.raises(gate.STOPS, match=path):
            check({**files, path: text.encode()})


def test_a_gap_in_a_line_must_stay_one(files: Files, check: Check) -> None:
    """Two runs of a line joined into one: a withheld point between them would be bridged."""
    path = "ect-vacancies/index.html"
    text = files[path].decode()
    joined = re.sub(r">\[x\]</text>", "></text>", text, count=1)
    assert joined != text
    with pytest.raises(gate.STOPS, match="withheld point"):
        check({**files, path: joined.encode()})


@pytest.mark.parametrize("path", ["notes.txt", f"{KPI}/extra.csv", "exact/index.html", "data.parquet", "feed.atom"])
def test_a_file_that_nobody_can_read_back_is_stopped(path: str, files: Files, check: Check) -> None:
    with pytest.raises(gate.STOPS, match=path):
        check({**files, path: b"<p>nothing</p>"})


def test_a_download_that_is_missing_is_named(files: Files, check: Check) -> None:
    path = f"{KPI}/{KPI}.json"
    with pytest.raises(gate.STOPS, match=path):
        check({name: body for name, body in files.items() if name != path})


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_number_put_anywhere_into_a_page_is_found(data: st.DataObject, files: Files, context: gate.Context) -> None:
    path = data.draw(st.sampled_from(sorted(name for name in files if name.endswith(".html"))))
    text = files[path].decode()
    at = data.draw(st.integers(0, len(text)))
    number = data.draw(st.sampled_from(["98761", "98,761", "987.61%"]))
    tampered = (text[:at] + number + text[at:]).encode()
    with pytest.raises(gate.STOPS):
        check_page(path, tampered, context)


# Revisions

SCHOOLS = "school-participation"
REVISED: dict[str, tuple[str, str, Any]] = {
    "a revised figure not marked as one": (
        f"{SCHOOLS}/index.html",
        r"(?P<n>[\d,]+) \[r\]</td>",
        lambda m: f"{m['n']}</td>",
    ),
    "a mark on a figure that was not revised": (
        f"{SCHOOLS}/index.html",
        r">(?P<n>\d+)</td>",
        lambda m: f">{m['n']} [r]</td>",
    ),
    "a revised point not marked as one": (f"{SCHOOLS}/index.html", r"<text [^>]*>\[r\]</text>", ""),
    "a heading that is not marked as provisional": (f"{SCHOOLS}/index.html", r">Number \[p\]</th>", ">Number</th>"),
    "what a figure was": (f"{SCHOOLS}/index.html", r": (?P<n>[\d,]+) became", more(1)),
    "what a figure became": (f"{SCHOOLS}/index.html", r"became (?P<n>[\d,]+)\.", more(1)),
    "how many changed": (f"{SCHOOLS}/index.html", r": (?P<n>\d+) figures changed", more(1)),
    "the release compared with": (f"{SCHOOLS}/index.html", r"what release 2026-07-(?P<n>\d+)", more(-1)),
    "what a figure was, in the JSON": (f"{SCHOOLS}/{SCHOOLS}.json", r'"was": \{[^}]*"numerator": (?P<n>\d+)', more(1)),
    "what a figure is, in the JSON": (f"{SCHOOLS}/{SCHOOLS}.json", r'"now": \{[^}]*"numerator": (?P<n>\d+)', more(1)),
}


@pytest.fixture(scope="module")
def after_a_revision(page_frame: site.Site) -> tuple[Files, gate.Context]:
    made = revised()
    dataless = site.not_found_page(page_frame, None)
    context = gate.context(made, PUBLISHED, TODAY, dataless, list(page_frame.assets.files))
    return site.release_files(page_frame, made, PUBLISHED), context


def test_a_release_with_revisions_passes(after_a_revision: tuple[Files, gate.Context], page_frame: site.Site) -> None:
    files, context = after_a_revision
    gate.check_release(files, context, page_frame.assets.files)


@pytest.mark.parametrize("what", REVISED)
def test_the_gate_stops_a_revision_with_another(what: str, after_a_revision: tuple[Files, gate.Context]) -> None:
    files, context = after_a_revision
    path, pattern, made = REVISED[what]
    check = check_page if path.endswith(".html") else check_json
    with pytest.raises(gate.STOPS, match=path):
        check(path, changed(files, path, pattern, made)[path], context)


def test_a_revision_to_something_that_was_not_audited_is_stopped(page_frame: site.Site) -> None:
    made = revised()
    first = made.revisions[0]
    other = first.model_copy(update={"now": first.now.model_copy(update={"numerator": 17, "value": 17.0})})
    told = made.model_copy(update={"revisions": (other, *made.revisions[1:])})
    with pytest.raises(gate.STOPS, match="not the audited figure"):
        gate.context(told, PUBLISHED, TODAY, site.not_found_page(page_frame, None), ())


# The workbook


def workbook(rows: list[list[str]], other: str = "Notes") -> bytes:
    """An ODS workbook with a cover and one sheet of data, symbols in brackets."""

    def cells(row: list[str]) -> str:
        number = 'office:value-type="float" office:value="{0}"'
        return "".join(
            f"<table:table-cell {number.format(text) if re.fullmatch(r'[0-9.]+', text) else ''}>"
            f"<text:p>{text}</text:p></table:table-cell>"
            for text in row
        )

    def sheet(name: str, body: list[list[str]]) -> str:
        made = "".join(f"<table:table-row>{cells(row)}</table:table-row>" for row in body)
        return f'<table:table table:name="{name}">{made}</table:table>'

    names = "office:1.0 table:1.0 text:1.0".split()
    spaces = " ".join(f'xmlns:{one.split(":")[0]}="urn:oasis:names:tc:opendocument:xmlns:{one}"' for one in names)
    content = (
        f"<office:document-content {spaces}><office:body><office:spreadsheet>"
        f"{sheet('Cover', [[other]])}{sheet('Data', rows)}"
        "</office:spreadsheet></office:body></office:document-content>"
    )
    return packed({"content.xml": content})


@pytest.fixture(scope="module")
def data_rows(files: Files) -> list[list[str]]:
    rows = list(csv.reader(io.StringIO(files[f"{KPI}/{KPI}.csv"].decode(), newline="")))
    marks = {"c", "x", "z", "low"}
    start = len(schema.DATA_COLUMNS) - 3
    return [
        rows[0],
        *([*row[:start], *(f"[{one}]" if one in marks else one for one in row[start:])] for row in rows[1:]),
    ]


def test_a_workbook_with_the_audited_figures_passes(files: Files, check: Check, data_rows: list[list[str]]) -> None:
    check({**files, f"{KPI}/{KPI}.ods": workbook(data_rows)})


@pytest.mark.parametrize("kind", ["cell", "cover", "behind", "missing", "twice", "wide"])
def test_a_workbook_with_another_figure_is_stopped(
    kind: str, files: Files, check: Check, data_rows: list[list[str]]
) -> None:
    row = next(n for n, row in enumerate(data_rows) if row[-3].isdigit() and int(row[-3]) > 0 and n)
    other = [*data_rows[row][:-3], str(int(data_rows[row][-3]) + 1), *data_rows[row][-2:]]
    book = {
        "cell": lambda: workbook([*data_rows[:row], other, *data_rows[row + 1 :]]),
        "cover": lambda: workbook(data_rows, f"In all {STRAY}"),
        "behind": lambda: workbook(data_rows),
        "missing": lambda: workbook([*data_rows[:row], *data_rows[row + 1 :]]),
        "twice": lambda: workbook([*data_rows, data_rows[row]]),
        "wide": lambda: workbook([*data_rows[:row], [*data_rows[row], "z"], *data_rows[row + 1 :]]),
    }[kind]()
    if kind == "behind":
        content = zipfile.ZipFile(io.BytesIO(book)).read("content.xml").decode()
        book = packed({"content.xml": re.sub(r'office:value="(\d+)"', 'office:value="98761"', content, count=1)})
    with pytest.raises(gate.STOPS, match=rf"{KPI}\.ods"):
        check({**files, f"{KPI}/{KPI}.ods": book})


# The verdict of the audit


def one_figure_changed(made: Protected, **changes: Any) -> Protected:
    first = made.kpis[0]
    known = next(n for n, one in enumerate(first.figures) if one.numerator and one.denominator)
    figures = list(first.figures)
    changes = changes or {"numerator": (figures[known].numerator or 0) + 5}
    figures[known] = figures[known].model_copy(update=changes)
    return made.model_copy(update={"kpis": (first.model_copy(update={"figures": tuple(figures)}), *made.kpis[1:])})


def test_a_release_that_passed_the_audit_with_these_figures_is_let_through(world: World) -> None:
    world.compute(audited(document()))
    world.handle({})
    manifest = world.json(f"releases/{document().release}/manifest.json")
    assert manifest["verdict"]["state"] == "passed"
    assert manifest["verdict"]["digest"] == document_digest(audited(document()))


def test_a_verdict_may_name_a_region_that_was_withheld_and_nothing_else_that_is_digits(world: World) -> None:
    withheld = (f"{KPI}/headline/region/E12000001", f"{KPI}/headline/*/*")
    world.compute(audited(document(), withheld=withheld))
    world.handle({})
    manifest = world.json(f"releases/{document().release}/manifest.json")
    assert manifest["verdict"]["withheld"] == list(withheld)
    world.compute(audited(document("2026-07-15.1"), withheld=(f"{KPI}/headline/region/1234567",)))
    with pytest.raises(gate.STOPS, match="seven digits"):
        world.handle({})


def test_the_digest_is_of_every_figure() -> None:
    made = document()
    assert document_digest(Protected.model_validate_json(made.model_dump_json())) == document_digest(made)
    assert document_digest(one_figure_changed(made)) != document_digest(made)


def test_without_a_verdict_nothing_passes() -> None:
    gate.check_verdict(audited(document()))
    with pytest.raises(gate.GateError, match="no verdict"):
        gate.check_verdict(document())


FAILING: dict[str, Callable[[Protected], Protected]] = {
    "an audit that it did not pass": lambda made: audited(made, state="failed"),
    "figures that are not those audited": lambda made: one_figure_changed(audited(made)),
    "a percentage that does not follow from its counts": lambda made: one_figure_changed(made, value=0.1),
}


@pytest.mark.parametrize("why", FAILING)
def test_nothing_of_a_stopped_release_is_written_and_the_current_page_stays(why: str, world: World) -> None:
    world.compute(audited(document()))
    world.handle({})
    before = world.objects()
    world.compute(FAILING[why](document("2026-07-15.1")))
    with pytest.raises(gate.STOPS):
        world.handle({})
    assert world.objects() == before


def test_a_page_that_shows_what_was_not_audited_is_never_written(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault in the rendering, not in the figures: a card shows a number that is not the headline's."""
    real = front.card
    monkeypatch.setattr(front, "card", lambda figures: {**real(figures), "figure": "98,761"})
    world.compute(audited(document()))
    with pytest.raises(gate.STOPS, match=r"index\.html"):
        world.handle({})
    assert world.objects() == {}


def test_a_withdrawal_is_not_put_off_by_an_earlier_release_that_the_gate_stops(world: World) -> None:
    first, second = document("2026-07-14.1"), document("2026-07-15.1", as_of=date(2026, 7, 15))
    world.compute(first)
    world.handle({})
    world.compute(second)
    world.handle({})
    world.compute(audited(first, state="failed"))
    world.compute(second)
    with pytest.raises(gate.STOPS):
        world.handle({"action": "withdraw", "release": second.release, "reason": "one source was read twice"})
    assert "No figures are published" in world.read("index.html")
    assert "was withdrawn" in world.read(f"releases/{second.release}/{KPI}/index.html")


def test_a_document_with_an_error_of_a_source_in_its_own_words_is_refused(world: World) -> None:
    made = document()
    refused = made.sources[0].model_copy(update={"last_attempt": "trainees: seven rows where eight were expected"})
    world.compute(audited(made.model_copy(update={"sources": (refused, *made.sources[1:])})))
    with pytest.raises(ReleaseError, match=r"sources\.0\.last_attempt") as stopped:
        world.handle({})
    assert "seven" not in str(stopped.value)
    assert world.objects() == {}
