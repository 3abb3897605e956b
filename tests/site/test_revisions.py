"""Revisions on the page and in the open data: what changed, why and by how much."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from typing import TYPE_CHECKING

import pytest

from functions.compute_kpis.releases.revisions import declare
from functions.publish_site import site
from functions.publish_site.figures import KpiFigures
from functions.publish_site.pages.changes import MOST_SHOWN
from tests.site.conftest import PUBLISHED
from tests.site.html import Page
from tests.site.protected_document import document

if TYPE_CHECKING:
    from functions.publish_site.pages.frame import Site
    from placements_kpi.results import Figure, KpiResult, Protected

SCHOOLS = "school-participation"
BEFORE = "2026-07-13.1"


def revised(kpi_id: str = SCHOOLS, version: str = "1", **was: object) -> Protected:
    """The document after a release in which the headline of one indicator had other national figures."""
    now = document()
    kpis = tuple(_before(kpi, version, was) if kpi.id == kpi_id else kpi for kpi in now.kpis)
    return declare(now, now.model_copy(update={"release": BEFORE, "kpis": kpis}))


def _before(kpi: KpiResult, version: str, was: dict[str, object]) -> KpiResult:
    description = kpi.description.model_copy(update={"definition_version": version})
    figures = tuple(_was(one, was) if one.measure == description.headline else one for one in kpi.figures)
    return kpi.model_copy(update={"description": description, "figures": figures})


def _was(one: Figure, was: dict[str, object]) -> Figure:
    if one.breakdown != "national" or one.numerator is None:
        return one
    return one.model_copy(update=was or {"numerator": one.numerator - 1, "value": one.numerator - 1.0})


def files(made: Protected, page_frame: Site) -> dict[str, bytes]:
    return site.release_files(page_frame, made, PUBLISHED)


def test_page_says_what_changed_why_and_by_how_much(page_frame: Site) -> None:
    made = revised(version="0")
    figures = KpiFigures(next(kpi for kpi in made.kpis if kpi.id == SCHOOLS))
    point = figures.current(figures.headline)
    assert point is not None
    now = figures.at(figures.headline, point).value.number
    text = " ".join(Page.of(files(made, page_frame)[f"{SCHOOLS}/index.html"]).text.split())
    assert f"These figures are not what release {BEFORE} said of the same days." in text
    assert f"Definition version changed from 0 to 1: {len(made.revisions)} figures changed." in text
    assert f"{figures.headline.title}, 14 July 2026: {int(now or 0) - 1:,} became {int(now or 0):,}." in text
    section = text[text.rindex("Revisions") : text.rindex("Sources")]
    assert section.count(" became ") == MOST_SHOWN < len(made.revisions)
    assert "The JSON file lists all of them." in text


def test_page_of_an_indicator_with_revised_parts_only_points_to_them(page_frame: Site) -> None:
    made = revised()
    part = made.revisions[0].model_copy(update={"breakdown": "phase", "category": "primary"})
    made = made.model_copy(update={"revisions": (part,)})
    text = " ".join(Page.of(files(made, page_frame)[f"{SCHOOLS}/index.html"]).text.split())
    assert "Worked out again: 1 figure changed. The JSON file lists them; none is of the whole of England." in text


def test_symbol_in_a_revision_is_shown_and_explained(page_frame: Site) -> None:
    made = revised("school-take-up", numerator=None, denominator=None, value=None, symbol="c")
    page = Page.of(files(made, page_frame)["school-take-up/index.html"]).text
    section = page[page.rindex("Revisions") : page.rindex("Sources")]
    assert "[c] became" in section and "out of" in section
    assert "[c] confidential" in page


def test_page_of_an_indicator_without_revisions_has_no_such_section(page_frame: Site) -> None:
    made = files(revised(), page_frame)
    for kpi in document().kpis:
        assert (b'id="revisions"' in made[f"{kpi.id}/index.html"]) == (kpi.id == SCHOOLS)


def test_json_lists_every_revision_as_the_rows_show_it(page_frame: Site) -> None:
    made = revised()
    body = json.loads(files(made, page_frame)[f"{SCHOOLS}/{SCHOOLS}.json"])
    assert body["compared_with"] == BEFORE
    assert len(body["revisions"]) == len(made.revisions) > MOST_SHOWN
    rows = {(row["measure"], row["as_of"]): row for row in body["rows"] if row["breakdown"] == "Total"}
    for one in body["revisions"]:
        row = rows[one["measure"], one["as_of"]]
        assert {name: row[name] for name in one if name not in {"was", "now", "reason"}} == {
            name: value for name, value in one.items() if name not in {"was", "now", "reason"}
        }
        assert one["now"] == {name: row[name] for name in ("numerator", "denominator", "percentage", "unit_cost")}
        assert one["was"]["numerator"] == one["now"]["numerator"] - 1
        assert row["figure_status"] == "revised"
    other = json.loads(files(made, page_frame)["school-take-up/school-take-up.json"])
    assert other["revisions"] == []


def test_csv_tells_revised_final_and_provisional_figures_apart(page_frame: Site) -> None:
    made = revised()
    text = files(made, page_frame)[f"{SCHOOLS}/{SCHOOLS}.csv"].decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    statuses = {(row["time_period"], row["breakdown"] == "Total", row["measure"]): row["figure_status"] for row in rows}
    assert statuses["202526", True, "headline"] == "revised"
    assert statuses["202526", True, "percentage_of_schools"] == "provisional"
    assert statuses["202425", False, "headline"] == "final"


def test_manifest_names_the_release_compared_with_and_counts_the_revisions(page_frame: Site) -> None:
    made = revised()
    manifest = json.loads(files(made, page_frame)["manifest.json"])
    assert (manifest["compared_with"], manifest["revisions"]) == (BEFORE, len(made.revisions))


@pytest.mark.parametrize(("as_of", "status"), [(date(2026, 8, 30), "provisional"), (date(2026, 8, 31), "final")])
def test_release_from_before_figures_had_a_status_still_tells_whether_they_are_final(as_of: date, status: str) -> None:
    kpi = next(kpi for kpi in document().kpis if kpi.id == SCHOOLS)
    figures = KpiFigures(kpi.model_copy(update={"as_of": as_of}))
    point = figures.current(figures.headline)
    assert point is not None
    one = next(figure for figure in kpi.figures if figure.as_of == point.as_of)
    assert one.finality is None
    assert figures.status(figures.headline, point, one) == status


def test_a_revised_figure_is_marked_in_its_table_and_on_its_card_with_a_key(page_frame: Site) -> None:
    page = Page.of(files(revised(), page_frame)[f"{SCHOOLS}/index.html"])
    figures = KpiFigures(next(kpi for kpi in revised().kpis if kpi.id == SCHOOLS))
    current = figures.current(figures.headline)
    series = dict(page.tables)[f"{figures.headline.title}, by period"]
    cells = {cell for row in series[1:] for cell in row[1:]}
    assert f"{figures.at(figures.headline, current).value.text} [r]" in cells
    card = next(one for one in page.elements if one.attributes.get("class") == "app-figure app-figure--large")
    assert " ".join(card.text.split()) == f"{figures.at(figures.headline, current).value.text} [r]"
    assert "[r] revised: the release before said something else of the same day" in page.text


def test_only_a_revised_figure_is_marked_as_one(page_frame: Site) -> None:
    made = files(revised(), page_frame)
    for kpi in document().kpis:
        marked = any(
            cell.endswith(" [r]")
            for _, rows in Page.of(made[f"{kpi.id}/index.html"]).tables
            for row in rows
            for cell in row
        )
        assert marked == (kpi.id == SCHOOLS)
