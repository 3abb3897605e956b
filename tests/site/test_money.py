"""Money on the pages and in the files: pounds to the penny, of the KPI as its folder describes it."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from functions.compute_kpis.catalogue.definitions import load_definitions
from functions.compute_kpis.catalogue.loading import load_kpi
from functions.compute_kpis.catalogue.points import points_of
from functions.publish_site import site
from functions.publish_site.gate.errors import GateError
from functions.publish_site.gate.scanner import allowed_in, scan
from functions.publish_site.gate.verdict import check_verdict
from functions.publish_site.pages.charts.svg import axis_label
from functions.publish_site.pages.html_tables import table
from placements_kpi.results import Figure, KpiResult, Protected, pounds
from tests.site.agreement import compare
from tests.site.html import Page
from tests.site.protected_document import AS_OF, audited, document

if TYPE_CHECKING:
    from functions.publish_site.pages.frame import Site
    from placements_kpi.results import Description, Measure, Point

PUBLISHED = datetime(2026, 7, 15, 6, tzinfo=UTC)
COST = "cost-per-transaction"
EACH = {"Total": 61_000, "find_placement_schools": 61_000 - 12, "manage_school_placements": 12}
"""Transactions: of the pilot too few for a cost of each."""


def pence(point: Point, share: float = 1.0) -> int:
    """Costs grow by a little a month; from March 2026 on they are more than a million pounds."""
    months = (point.as_of.year - 2024) * 12 + point.as_of.month
    return round((74_000_000 + 1_000_033 * months) * share)


def figure(measure: Measure, point: Point, breakdown: str, category: str, share: float) -> Figure:
    each = EACH[category] if measure.out_of else None
    place = Figure(
        measure=measure.id,
        period=point.period,
        as_of=point.as_of,
        breakdown=breakdown,
        category=category,
        numerator=None,
        denominator=None,
        value=None,
        finality="final",
    )
    if each is not None and each < 100:
        return place.model_copy(update={"symbol": "z"})
    if point.as_of < date(2024, 9, 30):
        return place.model_copy(update={"symbol": "x"})
    cost = pence(point, share)
    return place.model_copy(update={"numerator": cost, "denominator": each, "value": pounds(cost, each or 1)})


def costs() -> KpiResult:
    """The KPI of the catalogue with figures of ours at each of its points."""
    about: Description = load_kpi(Path("functions/compute_kpis/kpis") / COST, load_definitions()).description
    points = points_of(about, AS_OF, {}, AS_OF.replace(day=1) - timedelta(days=1))  # type: ignore[arg-type]  # no year
    figures = []
    for measure in about.measures:
        for point in points:
            figures.append(figure(measure, point, "national", "Total", 1.0))
            for part in about.breakdowns:
                shares = {one.code: 1 / len(part.categories) for one in part.categories}
                if measure.id in part.measures:
                    figures += [figure(measure, point, part.id, code, share) for code, share in shares.items()]
    return KpiResult(
        id=COST,
        state="ok",
        as_of=AS_OF,
        points=points,
        figures=tuple(figures),
        description=about,
        snapshots={"service_costs": "20260714-000000000009"},
        source_dates={"service": AS_OF},
    )


@pytest.fixture(scope="module")
def made() -> Protected:
    one = document()
    return audited(one.model_copy(update={"kpis": (*one.kpis, costs())}))


@pytest.fixture(scope="module")
def files(made: Protected, page_frame: Site) -> dict[str, bytes]:
    return site.release_files(page_frame, made, PUBLISHED)


def test_every_format_says_the_same(made: Protected, files: dict[str, bytes]) -> None:
    assert compare(made, files, COST)["chart"] > 20


def test_a_cost_of_each_is_in_pounds_to_the_penny(files: dict[str, bytes]) -> None:
    texts = [" ".join(one.text.split()) for one in Page.of(files[f"{COST}/index.html"]).elements]
    newest = pence(points := costs().points[-1])
    assert points.as_of == date(2026, 6, 30) and newest > 100_000_000
    wanted = f"£{(2 * newest + 61_000) // (2 * 61_000) / 100:.2f}"
    assert wanted in texts
    assert f"£{newest // 100:,}.{newest % 100:02} for 61,000 transactions" in texts
    assert any(text.startswith(f"Up £1.97, from £{pounds(pence(costs().points[-13]), 61_000):.2f}") for text in texts)
    assert any("once its team has reported July 2026." in text for text in texts)


def test_files_have_two_decimals_and_the_unit(files: dict[str, bytes]) -> None:
    rows = list(csv.DictReader(io.StringIO(files[f"{COST}/{COST}.csv"].decode(), newline="")))
    newest = [row for row in rows if row["as_of"] == "2026-06-30" and row["category"] == "Total"]
    cost = pence(costs().points[-1])
    text = f"{cost // 100}.{cost % 100:02}"
    each, total = newest
    assert (each["unit"], each["numerator"], each["denominator"], each["percentage"]) == ("pound", text, "61000", "z")
    assert each["unit_cost"] == f"{pounds(cost, 61_000):.2f}"
    assert (total["numerator"], total["denominator"], total["unit_cost"]) == (text, "z", "z")
    in_json = [row for row in json.loads(files[f"{COST}/{COST}.json"])["rows"] if row["as_of"] == "2026-06-30"]
    assert in_json[0]["numerator"] == cost / 100
    few = [row for row in rows if row["category"] == "Manage school placements" and row["measure"] == "headline"]
    assert {row["unit_cost"] for row in few} == {"z"}


def test_the_standard_says_what_is_in_pounds(files: dict[str, bytes]) -> None:
    meta = list(csv.DictReader(io.StringIO(files[f"{COST}/{COST}-months.meta.csv"].decode(), newline="")))
    said = {row["col_name"]: (row["indicator_unit"], row["indicator_dp"]) for row in meta}
    assert said["headline_unit_cost"] == said["headline_numerator"] == said["total_cost_pounds"] == ("£", "2")
    assert said["headline_denominator"] == ("", "0")
    described = json.loads(files[f"{COST}/{COST}.csv-metadata.json"])["tableSchema"]["columns"]
    kinds = {column["name"]: column["datatype"] for column in described}
    assert (kinds["numerator"], kinds["denominator"], kinds["unit_cost"]) == (
        "decimal",
        "nonNegativeInteger",
        "decimal",
    )


def test_more_than_a_million_pounds_are_no_identifier(
    made: Protected, files: dict[str, bytes], page_frame: Site
) -> None:
    scan(files, allowed_in(made, files, page_frame.assets.files, page_frame.host))


def test_pounds_that_are_not_those_of_the_pence_are_refused(made: Protected) -> None:
    check_verdict(made)
    *others, kpi = made.kpis
    spoilt = kpi.figures[-1].model_copy(update={"value": (kpi.figures[-1].value or 0) + 0.01})
    kpi = kpi.model_copy(update={"figures": (*kpi.figures[:-1], spoilt)})
    with pytest.raises(GateError, match="is not the pounds of its pence"):
        check_verdict(audited(made.model_copy(update={"kpis": (*others, kpi)})))


@pytest.mark.parametrize(("pence", "each", "wanted"), [(200, 1, 2.0), (1, 2, 0.01), (100, 201, 0.0), (1005, 2, 5.03)])
def test_halves_of_a_penny_go_up(pence: int, each: int, wanted: float) -> None:
    assert pounds(pence, each) == wanted


@pytest.mark.parametrize(("tick", "wanted"), [(0, "£0"), (0.5, "£0.50"), (12_000, "£12,000"), (2.25, "£2.25")])
def test_a_tick_of_money_says_where_it_stands(tick: float, wanted: str) -> None:
    assert axis_label(tick, "£") == wanted


def test_a_table_of_great_sums_scrolls_by_itself_where_the_screen_is_narrow() -> None:
    """Four columns of pounds are broader than 320 pixels; four of counts are not."""
    head = ("Category of cost", "Cost", "Change", "On 30 June 2025")
    sums = table("Costs", head, [["Staff", "£307,309.45", "\N{MINUS SIGN}£110,321.32", "£417,630.77"]])
    counts = table("Transactions", head, [["Online", "69,932", "+3,548", "66,384"]])
    assert sums.is_broad and not counts.is_broad
