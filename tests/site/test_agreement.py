"""Page, CSV, JSON, workbook and drawings agree figure by figure, symbols included: on the sample and on random worlds.

Six worlds in a usual run. All fifty: ``COMPARED_WORLDS=50 python -m pytest tests/site/test_agreement.py``.
"""

from __future__ import annotations

import io
import os
import re
import zipfile
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from functions.publish_site import site
from functions.publish_site.files.listing import RELEASE
from functions.publish_site.pages.charts.svg import axis_label, nice_ticks
from functions.publish_site.words import SYMBOLS
from tests.site.agreement import compare
from tests.site.conftest import PUBLISHED
from tests.site.random_documents import random_document, symbols_in
from tests.site.test_revisions import revised

if TYPE_CHECKING:
    from functions.publish_site.pages.frame import Site
    from placements_kpi.results import Protected

WORLDS = int(os.environ.get("COMPARED_WORLDS", "6"))
KPI = "placement-rejections"
PAGE, CSV, JSON, ODS = f"{KPI}/index.html", f"{KPI}/{KPI}.csv", f"{KPI}/{KPI}.json", f"{RELEASE}.ods"

Files = dict[str, bytes]


def test_every_format_says_the_same_of_every_figure(protected: Protected, files: Files) -> None:
    found = compare(protected, files)
    figures = sum(len(kpi.figures) for kpi in protected.kpis)
    assert found["CSV"] == found["JSON"] == found["ODS"] == 4 * figures
    assert (
        min(
            found[name]
            for name in ("HTML", "chart", "bar", "change", "gap", "symbol [c]", "symbol [x]", "symbol [z]", "target")
        )
        > 0
    )


def test_every_format_says_the_same_of_revised_figures(page_frame: Site) -> None:
    made = revised()
    assert any(one.finality == "revised" for kpi in made.kpis for one in kpi.figures)
    compare(made, site.release_files(page_frame, made, PUBLISHED))


@pytest.mark.parametrize("number", range(WORLDS))
def test_every_format_says_the_same_of_every_figure_of_a_random_world(number: int, page_frame: Site) -> None:
    made = random_document(number)
    published = datetime.combine(made.as_of + timedelta(days=1), PUBLISHED.time(), UTC)
    found = compare(made, site.release_files(page_frame, made, published))
    assert found["CSV"] == found["JSON"] == found["ODS"] == 4 * sum(len(kpi.figures) for kpi in made.kpis)
    assert found["chart"] > 50
    assert symbols_in(made).keys() >= {"c", "x"}, "some figures cannot be shown"


def test_the_random_worlds_have_every_symbol() -> None:
    seen = {symbol for number in range(4) for symbol in symbols_in(random_document(number))}
    assert seen >= set(SYMBOLS)


def one_more(match: re.Match[str]) -> str:
    """The match with its group "n" one higher, at the last of its digits."""
    digits = match["n"]
    last = re.search(r"\d(?=\D*$)", digits)
    assert last
    changed = digits[: last.start()] + str((int(last.group()) + 1) % 10) + digits[last.end() :]
    start = match.start("n") - match.start()
    return match.group()[:start] + changed + match.group()[start + len(digits) :]


TAMPERED: dict[str, tuple[str, str, Callable[[re.Match[str]], str] | str, int]] = {
    "a count in the CSV": (CSV, r"candidate,\w+,(?P<n>\d+),", one_more, 40),
    "a percentage in the CSV": (CSV, r",(?P<n>\d+\.\d),z\r\n", one_more, 10),
    "a symbol in the CSV": ("trainee-withdrawals/trainee-withdrawals.csv", r",c,c,c,z\r\n", ",x,x,x,z\r\n", 0),
    "a row of the CSV left out": (CSV, r"\r\n[^\r]*\r\n", "\r\n", 30),
    "a count in the JSON": (JSON, r'"numerator": (?P<n>\d+)', one_more, 25),
    "a percentage in the JSON": (JSON, r'"percentage": (?P<n>[\d.]+)', one_more, 25),
    "a status in the JSON": (JSON, r'"figure_status": "provisional"', '"figure_status": "final"', 0),
    "a cell of the table over time": (PAGE, r"End of May</th>.*?>(?P<n>[\d.]+)%</td>", one_more, 0),
    "a cell of the figures beside it": (PAGE, r"Candidates who applied</th>.*?>(?P<n>[\d,]+)</td>", one_more, 0),
    "a cell of the year before": (
        PAGE,
        r"Candidates who applied</th>(?:.*?</td>){3}.*?>(?P<n>[\d,]+)</td>",
        one_more,
        0,
    ),
    "a cell of a region": (PAGE, r"London<.*?>(?P<n>[\d,]+)</td>", one_more, 0),
    "a symbol in a table": ("trainee-withdrawals/index.html", r">\[c\]</td>", ">[x]</td>", 0),
    "the headline": (PAGE, r'app-figure--large">(?P<n>[\d.]+)%', one_more, 0),
    "the counts of the headline": (PAGE, r'app-figure__counts">(?P<n>[\d,]+) out', one_more, 0),
    "a point of a line moved up": (PAGE, r'points="[\d.]+,(?P<n>\d+)', one_more, 0),
    "a point of a line moved along": (PAGE, r'points="[^"]* (?P<n>\d+)\.\d,', one_more, 1),
    "a line broken": (PAGE, r'points="[\d.]+,[\d.]+ ', 'points="', 0),
    "a circle moved": (PAGE, r'cy="(?P<n>\d+)', one_more, 0),
    "a tick with another number": (PAGE, r'<text x="0"[^>]*>(?P<n>\d+)%</text>', one_more, 2),
    "the figure beside the piece of a line": (PAGE, r": (?P<n>\d+\.\d)% \[p\]</text>", one_more, 0),
    "a bar made longer": (PAGE, r'app-chart__bar"[^>]* width="(?P<n>\d+)', one_more, 3),
    "the change of a region": (PAGE, r"London<.*?</td>.*?>.?(?P<n>[\d.]+)</td>", one_more, 0),
    "the line of England moved": (PAGE, r'app-chart__reference" x1="(?P<n>\d+)', one_more, 0),
    "the line of the target moved": (
        "school-take-up/index.html",
        r'app-chart__target" x1="0" y1="(?P<n>\d+)" x2="100%',
        one_more,
        0,
    ),
    "withheld points with another symbol": ("ect-vacancies/index.html", r"shown \[x\]", "shown [c]", 0),
    "withheld points that nothing is said of": (
        "ect-vacancies/index.html",
        r'<p class="app-chart__legend">[^<]*\[x\][^<]*</p>',
        "",
        0,
    ),
    "the headline on the first page": ("index.html", r'app-figure">(?P<n>[\d.]+)%', one_more, 0),
    "the counts on the first page": ("index.html", r'app-figure__counts">(?P<n>[\d,]+) out', one_more, 0),
    "the change on the first page": ("index.html", r'app-card__change">Down (?P<n>[\d.]+) ', one_more, 0),
    "a count in the CSV of all": ("school-placements-performance.csv", r"candidate,\w+,(?P<n>\d+),", one_more, 40),
    "a count in the JSON of all": ("school-placements-performance.json", r'"numerator": (?P<n>\d+)', one_more, 25),
    "a cell of the file of years": (f"{KPI}/{KPI}-years.csv", r",Total,Total,(?P<n>\d+),", one_more, 0),
    "a cell of the file of months": (f"{KPI}/{KPI}-months.csv", r",Total,Total,(?P<n>\d+),", one_more, 0),
    "a figure in the file of years where there is none": (f"{KPI}/{KPI}-years.csv", r",z,", ",17,", 0),
    "a provisional point drawn as final": (
        PAGE,
        r'r="4.5" fill="#ffffff" stroke="(?P<n>#12436D)"',
        lambda m: m.group().replace("#ffffff", "#12436D"),
        0,
    ),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_one_thing_changed_in_one_format_is_found(protected: Protected, files: Files, what: str) -> None:
    path, pattern, made, nth = TAMPERED[what]
    text = files[path].decode()
    match = list(re.finditer(pattern, text, re.S))[nth]
    new = made if isinstance(made, str) else made(match)
    assert new != match.group()
    changed = {**files, path: (text[: match.start()] + new + text[match.end() :]).encode()}
    with pytest.raises((AssertionError, ValueError)):
        _compare_one(protected, changed, path)


def _compare_one(protected: Protected, files: Files, path: str) -> Counter[str]:
    """Compare the one indicator that was changed: the others are as they were."""
    kpi_id = path.partition("/")[0]
    return compare(protected, files, only=kpi_id if "/" in path else None)


@pytest.mark.parametrize("what", [rb'office:value="(\d+)"', rb"<text:p>\[c\]</text:p>"])
def test_a_cell_changed_in_the_workbook_is_found(protected: Protected, files: Files, what: bytes) -> None:
    def changed(match: re.Match[bytes]) -> bytes:
        return match.group().replace(b"[c]", b"[x]") if b"[c]" in match.group() else b'office:value="98761"'

    with zipfile.ZipFile(io.BytesIO(files[ODS])) as archive:
        members: dict[Any, bytes] = {info: archive.read(info) for info in archive.infolist()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for info, body in members.items():
            new = re.sub(what, changed, body, count=1) if info.filename == "content.xml" else body
            assert info.filename != "content.xml" or new != body
            archive.writestr(info, new)
    with pytest.raises(AssertionError):
        compare(protected, {**files, ODS: buffer.getvalue()})


@pytest.mark.parametrize("top", [0.3, 1.1, 2.3, 12, 24_391])
def test_a_tick_says_where_it_stands(top: float) -> None:
    for tick in nice_ticks(top):
        assert float(axis_label(tick, "%").replace(",", "").removesuffix("%")) == tick
