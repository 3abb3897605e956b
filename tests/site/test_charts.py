"""Charts: accessible by themselves, from zero, withheld points as marked gaps, told apart without colour."""

from __future__ import annotations

import itertools
import re
from decimal import Decimal
from xml.etree import ElementTree

import pytest

from functions.publish_site.pages.charts import (
    NARROW,
    WIDE,
    Bar,
    BarChart,
    Layout,
    Line,
    LineChart,
    LinePoint,
    Mark,
    Target,
    bar_chart,
    line_chart,
    spark,
)
from functions.publish_site.pages.charts.svg import nice_ticks
from functions.publish_site.words import Cell

NS = "{http://www.w3.org/2000/svg}"


def line(label: str, *values: int | None, provisional: bool = False) -> Line:
    return Line(
        label,
        tuple(
            LinePoint(index * 30, Cell(value, None if value is not None else "c"), provisional)
            for index, value in enumerate(values)
        ),
    )


def chart(*lines: Line, target: Target | None = None, breaks: tuple[Mark, ...] = ()) -> LineChart:
    ticks = (Mark(0, "Sep"), Mark(61, "Nov"), Mark(122, "Jan"))
    return LineChart("Up & away", "It rises <slowly>.", lines, ticks, 0, 365, False, target, breaks)


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))


def texts(root: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in root.iter(f"{NS}text")]


@pytest.mark.parametrize("layout", [WIDE, NARROW])
def test_a_chart_has_a_name_and_a_description_that_are_its_own(layout: Layout) -> None:
    for root in (
        parsed(line_chart(chart(line("2025 to 2026", 1, 2)), layout, "one")),
        parsed(bar_chart(BarChart("Up & away", "It rises <slowly>.", (Bar("North", Cell(3)),)), layout, "one")),
    ):
        assert root.get("role") == "img"
        named = {element.get("id"): element.text for element in root if element.get("id")}
        assert root.get("aria-labelledby", "").split() == list(named)
        assert list(named.values()) == ["Up & away", "It rises <slowly>."]


def test_a_small_chart_without_words_keeps_heights_and_gaps() -> None:
    drawn = parsed(spark(chart(line("2025 to 2026", 10, 20, None, 30, 40), line("2024 to 2025", 40, 20))))
    assert (drawn.get("aria-hidden"), texts(drawn)) == ("true", [])
    (floor,) = (float(one.get("y1", "nan")) for one in drawn.iter(f"{NS}line"))
    heights = [
        [floor - float(pair.partition(",")[2]) for pair in one.get("points", "").split()]
        for one in drawn.iter(f"{NS}polyline")
    ]
    most = heights[0][0]
    assert heights == [[most, most / 2], [most / 4, most / 2], [most * 3 / 4, most]]
    (end,) = drawn.iter(f"{NS}circle")
    assert floor - float(end.get("cy", "nan")) == most


@pytest.mark.parametrize("layout", [WIDE, NARROW])
def test_withheld_points_break_the_line_and_stand_as_their_symbol(layout: Layout) -> None:
    root = parsed(line_chart(chart(line("2025 to 2026", 10, 20, None, 30, None, 40)), layout, "gaps"))
    runs = [element.get("points", "").split() for element in root.iter(f"{NS}polyline")]
    assert [len(run) for run in runs] == [2], "a point between two gaps has no line, and no gap is bridged"
    assert texts(root).count("[c]") == 2
    circles = list(root.iter(f"{NS}circle"))
    assert len(circles) == 4, "every figure that can be shown has its point, also one alone between gaps"


@pytest.mark.parametrize("layout", [WIDE, NARROW])
def test_a_line_without_a_figure_is_named_with_the_symbol_that_stands_for_it(layout: Layout) -> None:
    said = " ".join(
        texts(parsed(line_chart(chart(line("2025 to 2026", 10), line("2024 to 2025", None)), layout, "none")))
    )
    assert re.search(r"2024 to 2025:? no figure \[c\]", said)


def test_the_axis_starts_at_zero_and_heights_are_in_proportion() -> None:
    root = parsed(line_chart(chart(line("2025 to 2026", 0, 50, 100)), WIDE, "zero"))
    heights = [float(y) for y in re.findall(r",([\d.]+)", next(root.iter(f"{NS}polyline")).get("points", ""))]
    assert heights[0] - heights[1] == pytest.approx(heights[1] - heights[2], abs=0.2)
    assert "0" in texts(root)


def test_lines_differ_in_dashes_and_carry_their_labels() -> None:
    root = parsed(line_chart(chart(line("A", 1, 2), line("B", 3, 4), line("C", 5, 6)), WIDE, "styles"))
    styles = {(one.get("stroke-dasharray"), one.get("stroke")) for one in root.iter(f"{NS}polyline")}
    assert len({dashes for dashes, _ in styles}) == 3
    assert {stroke for _, stroke in styles} == {"#12436D", "#28A197", "#801650"}
    assert {"A", "B", "C"} <= set(texts(root))


def test_all_text_is_near_black_and_no_less_than_14_units() -> None:
    for layout in (WIDE, NARROW):
        root = parsed(line_chart(chart(line("A", 1, None), target=Target(Decimal(5), "Target: 5")), layout, "ink"))
        assert root.get("fill") == "#0b0c0c"
        for element in root.iter(f"{NS}text"):
            assert element.get("fill") is None, "the ink of the frame"
            assert float(element.get("font-size") or root.get("font-size") or 0) >= 14


def test_labels_at_the_ends_of_lines_that_meet_do_not_touch() -> None:
    close = chart(line("A", 10, 100), line("B", 10, 100), line("C", 10, 99), target=Target(Decimal(100), "Target: 100"))
    root = parsed(line_chart(close, WIDE, "labels"))
    height = float(root.get("viewBox", "").split()[3])
    ends = sorted(
        float(element.get("y", "0"))
        for element in root.iter(f"{NS}text")
        if (element.text or "") in {"A", "B", "C", "Target: 100", "100", "99"} and float(element.get("x", "0")) > 480
    )
    assert len(ends) == 7
    assert all(later - earlier >= 16 for earlier, later in itertools.pairwise(ends))
    assert ends[-1] < height


def test_target_and_series_breaks_are_drawn_and_named() -> None:
    drawn = chart(line("A", 10, 20), target=Target(Decimal(50), "Target: 50"), breaks=(Mark(45, "Change 1"),))
    for layout in (WIDE, NARROW):
        root = parsed(line_chart(drawn, layout, "marks"))
        assert {"Target: 50", "Change 1"} <= set(texts(root))
        assert any("app-chart__break" in (one.get("class") or "") for one in root.iter(f"{NS}line"))


def test_provisional_points_are_hollow() -> None:
    root = parsed(line_chart(chart(line("A", 10, 20, provisional=True)), WIDE, "hollow"))
    assert {one.get("fill") for one in root.iter(f"{NS}circle")} == {"#ffffff"}


def test_bars_are_in_proportion_from_zero_and_a_withheld_one_is_its_symbol() -> None:
    bars = (Bar("North", Cell(100)), Bar("South", Cell(50)), Bar("East", Cell(None, "low")))
    for layout in (WIDE, NARROW):
        root = parsed(bar_chart(BarChart("t", "d", bars, Bar("England", Cell(75))), layout, "bars"))
        widths = [float(one.get("width", "0")) for one in root.iter(f"{NS}rect")]
        assert widths == pytest.approx([widths[0], widths[0] / 2], abs=0.1)
        assert {"[low]", "100", "50", "England 75"} <= set(texts(root))


def test_a_bar_that_is_not_compared_is_hollow_with_a_dashed_edge() -> None:
    bars = (Bar("Primary", Cell(30)), Bar("16 plus", Cell(60), small=True), Bar("Nursery", Cell(None, "c"), small=True))
    root = parsed(bar_chart(BarChart("By phase", "Few.", bars), WIDE, "few"))
    drawn = [(one.get("fill"), one.get("stroke"), one.get("stroke-dasharray")) for one in root.iter(f"{NS}rect")]
    assert drawn == [("#12436D", None, None), ("#ffffff", "#12436D", "5 3")]


def test_nothing_in_a_drawing_needs_a_style_attribute_or_reaches_outside() -> None:
    drawn = chart(line("A", 10, 20), target=Target(Decimal(50), "Target: 50"))
    for svg in (line_chart(drawn, WIDE, "plain"), bar_chart(BarChart("t", "d", (Bar("N", Cell(1)),)), WIDE, "plain")):
        assert not re.search(r"\sstyle=|href|url\(|<script|<style", svg)


@pytest.mark.parametrize("layout", [WIDE, NARROW])
def test_everything_drawn_stays_inside_the_drawing(layout: Layout) -> None:
    big = chart(
        line("2025 to 2026", 12_000, 24_400),
        line("2024 to 2025", 9_000, 20_000),
        target=Target(Decimal(25_000), "Target: 25%"),
    )
    for svg in (
        line_chart(big, layout, "in"),
        bar_chart(BarChart("t", "d", (Bar("Yorkshire and The Humber", Cell(24_400)), Bar("N", Cell(0)))), layout, "in"),
    ):
        root = parsed(svg)
        _, _, width, height = (float(part) for part in root.get("viewBox", "").split())
        for element in root.iter(f"{NS}text"):
            long = 0.56 * float(element.get("font-size", "16")) * len(element.text or "")
            x = float(element.get("x", "0"))
            left = {"middle": x - long / 2, "end": x - long}.get(element.get("text-anchor", "start"), x)
            assert left >= -1 and left + long <= width + 1, element.text
            assert 0 < float(element.get("y", "0")) <= height


@pytest.mark.parametrize("top", [0.3, 1, 7, 14.9, 25, 50, 99.9, 100, 12_583, 180_000])
def test_ticks_are_few_round_and_reach_the_top(top: float) -> None:
    ticks = nice_ticks(top)
    assert ticks[0] == 0
    assert ticks[-1] >= top
    assert 3 <= len(ticks) <= 8


@pytest.mark.parametrize("layout", [WIDE, NARROW])
def test_provisional_and_revised_figures_carry_their_marks(layout: Layout) -> None:
    points = (LinePoint(0, Cell(10, revised=True)), LinePoint(30, Cell(20)), LinePoint(60, Cell(30), True))
    said = texts(parsed(line_chart(chart(Line("2025 to 2026", points)), layout, "marks")))
    assert said.count("[r]") == 1
    assert any(one.endswith("30 [p]") for one in said)
    alone = texts(parsed(line_chart(chart(Line("", points)), layout, "alone")))
    assert {"10 [r]", "20", "30 [p]"} <= set(alone)
    assert "[r]" not in alone
