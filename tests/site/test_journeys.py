"""What readers come for, and the clicks that it takes them from the first page, in a browser without scripts."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Any

import pandas
import pytest

from functions.publish_site.figures import KpiFigures
from tests.left_out import CHROMIUM, needs
from tests.site.test_browser import address, browser, pages, whole  # noqa: F401  fixtures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from placements_kpi.results import Protected

pytestmark = needs(CHROMIUM)


@pytest.fixture
def reader(browser: Any, address: str) -> Iterator[Any]:  # noqa: F811
    """The first page, as somebody sees it who runs no scripts."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(f"{address}/index.html")
    yield page
    context.close()


def click(page: Any, name: str) -> None:
    page.get_by_role("main").get_by_role("link", name=name, exact=True).first.click()
    page.wait_for_load_state()


def title(protected: Protected, kpi_id: str) -> str:
    return next(kpi.description.title for kpi in protected.kpis if kpi.id == kpi_id)


def test_no_click_is_these_figures_up_to_date(reader: Any) -> None:
    status = reader.locator(".app-first__line").first
    assert re.match(r"(Up to date|Late): ", status.inner_text())
    assert status.bounding_box()["y"] < 800, "it is in the first screen"


def test_one_click_a_region_against_last_year_without_arithmetic(reader: Any, protected: Protected) -> None:
    click(reader, title(protected, "school-participation"))
    table = reader.get_by_role("table").filter(has_text="North West").first
    head = [cell.inner_text() for cell in table.locator("thead th").all()]
    assert any("Change" in text for text in head)
    row = table.get_by_role("row").filter(has_text="North West").first.inner_text()
    assert re.search(r"[+−]\s?[\d.,]+|no change|\[[cxz]\]", row), row


def test_one_click_the_numbers_by_month_in_a_line_of_code_that_works(
    reader: Any,
    protected: Protected,
    whole: dict[str, bytes],  # noqa: F811
) -> None:
    kpi = protected.kpis[0]
    click(reader, kpi.description.title)
    (line,) = [text for text in reader.locator("code").all_inner_texts() if text.startswith("pandas.read_csv")]
    said = re.fullmatch(r'pandas\.read_csv\("(\S+)", na_values=(\[.*\])\)\.query\("(.*)"\)', line)
    assert said is not None
    path = said[1].removeprefix("https://localhost/latest/")
    assert said[2] == '["c", "x", "z", "low"]'
    body = whole[f"releases/{protected.release}/{path}"]
    table = pandas.read_csv(io.BytesIO(body), na_values=["c", "x", "z", "low"]).query(said[3])
    figures = KpiFigures(kpi)
    headline = table[table["measure"] == figures.headline.id]
    assert headline["as_of"].is_unique and len(headline) >= len(figures.series(figures.headline))
    assert table["numerator"].dtype.kind in "if", "numbers, and not text"


def test_one_click_what_changed_in_a_month(reader: Any, protected: Protected) -> None:
    click(reader, "What changed")
    text = " ".join(reader.get_by_role("main").inner_text().split())
    assert "October 2024" in text
    for kpi in protected.kpis:
        for one in kpi.description.breaks:
            assert one.text.rstrip(".") in text


def test_no_click_to_cite_a_figure_at_its_page(reader: Any, protected: Protected) -> None:
    kpi = protected.kpis[0]
    click(reader, kpi.description.title)
    text = " ".join(reader.get_by_role("main").inner_text().split())
    assert f"School placements performance, “{kpi.description.title}”, release {protected.release}" in text
    assert f"https://localhost/releases/{protected.release}/{kpi.id}/index.html" in text
    assert reader.locator("figure.app-chart[id]").count() == reader.locator("figure.app-chart").count() > 0


def test_one_click_to_be_told_of_the_next_release_and_a_feed_reader_finds_it_alone(reader: Any) -> None:
    found = reader.locator('link[rel="alternate"][type="application/atom+xml"]')
    assert found.get_attribute("href") == "releases.atom"
    assert (
        reader.get_by_role("main").get_by_role("link", name="feed", exact=True).get_attribute("href") == "releases.atom"
    )


def test_two_clicks_to_work_a_percentage_out_again(reader: Any, protected: Protected, whole: dict[str, bytes]) -> None:  # noqa: F811
    kpi = protected.kpis[-1]
    click(reader, kpi.description.title)
    link = reader.get_by_role("main").get_by_role("link", name="All figures of this indicator as CSV", exact=True)
    body = whole[f"releases/{protected.release}/{kpi.id}/{link.get_attribute('href')}"].decode()
    rates = [row for row in csv.DictReader(io.StringIO(body)) if row["percentage"].replace(".", "").isdigit()]
    assert rates
    for row in rates:
        assert abs(float(row["numerator"]) / float(row["denominator"]) * 100 - float(row["percentage"])) <= 0.5001
