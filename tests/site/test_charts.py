"""Charts: accessible by themselves, from zero, withheld points as marked gaps, told apart without colour."""

from __future__ import annotations

import itertools
import re
from decimal import Decimal
from xml.etree import ElementTree

import pytest

from functions.publish_site.pages.charts import (
    Line,
    LineChart,
    LinePoint,
    Mark,
    Target,
    as_file,
    line_chart,
    row_bar,
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
    return LineChart("Up & away", "It rises <slowly>.", lines, ticks, 0, 365, "", target, breaks)


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))


def texts(root: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in root.iter(f"{NS}text")]


def test_a_chart_has_a_name_and_a_description_that_are_its_own() -> None:
    root = parsed(line_chart(chart(line("2025 to 2026", 1, 2)), "one"))
    assert root.get("role") == "img"
    named = {element.get("id"): element.text for element in root if element.get("id")}
    assert [root.get("aria-labelledby"), root.get("aria-describedby")] == list(named), "neither is read twice"
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


def test_withheld_points_break_the_line() -> None:
    root = parsed(line_chart(chart(line("2025 to 2026", 10, 20, None, 30, None, 40)), "gaps"))
    runs = [element.get("points", "").split() for element in root.iter(f"{NS}polyline")]
    assert [len(run) for run in runs] == [2], "a point between two gaps has no line, and no gap is bridged"
    assert not [one for one in texts(root) if "[" in one], "what is missing is said below the drawing"
    circles = list(root.iter(f"{NS}circle"))
    assert len(circles) == 4, "every figure that can be shown has its point, also one alone between gaps"


def test_a_line_without_a_figure_is_not_in_the_key() -> None:
    said = " ".join(texts(parsed(line_chart(chart(line("2025 to 2026", 10), line("2024 to 2025", None)), "none"))))
    assert "2025 to 2026: 10" in said
    assert "2024" not in said


def test_the_axis_starts_at_zero_and_heights_are_in_proportion() -> None:
    root = parsed(line_chart(chart(line("2025 to 2026", 0, 50, 100)), "zero"))
    heights = [float(y) for y in re.findall(r",([\d.]+)", next(root.iter(f"{NS}polyline")).get("points", ""))]
    assert heights[0] - heights[1] == pytest.approx(heights[1] - heights[2], abs=0.2)
    assert "0" in texts(root)


def test_lines_differ_in_dashes_and_carry_their_labels() -> None:
    root = parsed(line_chart(chart(line("A", 1, 2), line("B", 3, 4), line("C", 5, 6)), "styles"))
    styles = {(one.get("stroke-dasharray"), one.get("stroke")) for one in root.iter(f"{NS}polyline")}
    assert len({dashes for dashes, _ in styles}) == 3
    assert {stroke for _, stroke in styles} == {"#12436D", "#28A197", "#801650"}
    assert {"A: 2", "B: 4", "C: 6"} <= set(texts(root))


def test_all_text_is_near_black_and_no_less_than_14_units() -> None:
    root = parsed(line_chart(chart(line("A", 1, None), target=Target(Decimal(5), "Target: 5")), "ink"))
    assert root.get("fill") == "#0b0c0c"
    for element in root.iter(f"{NS}text"):
        assert element.get("fill") is None, "the ink of the frame"
        assert float(element.get("font-size") or root.get("font-size") or 0) >= 14


def test_labels_of_changes_that_are_near_each_other_do_not_touch() -> None:
    marks = tuple(Mark(day, f"Change {day}") for day in (40, 45, 50, 300))
    root = parsed(line_chart(chart(line("A", 10, 100), breaks=marks), "near"))
    said = {one.text: float(one.get("y", "0")) for one in root.iter(f"{NS}text") if "Change" in (one.text or "")}
    heights = sorted(said[f"Change {day}"] for day in (40, 45, 50))
    assert all(later - earlier >= 16 for earlier, later in itertools.pairwise(heights))
    assert said["Change 300"] == heights[-1], "one that is far from them stands as low as it can"
    assert heights[0] > 14 + 24, "below the key"


def test_target_and_series_breaks_are_drawn_and_named() -> None:
    drawn = chart(line("A", 10, 20), target=Target(Decimal(50), "Target: 50"), breaks=(Mark(45, "Change 1"),))
    root = parsed(line_chart(drawn, "marks"))
    assert {"Target: 50", "Change 1"} <= set(texts(root))
    assert any("app-chart__break" in (one.get("class") or "") for one in root.iter(f"{NS}line"))


def test_provisional_points_are_hollow() -> None:
    root = parsed(line_chart(chart(line("A", 10, 20, provisional=True)), "hollow"))
    assert {one.get("fill") for one in root.iter(f"{NS}circle")} == {"#ffffff"}


def test_bars_are_in_proportion_from_zero_and_the_whole_is_drawn_across() -> None:
    bars = [parsed(row_bar(share, whole=0.75)) for share in (1, 0.5)]
    rects = [one for bar in bars for one in bar.iter(f"{NS}rect")]
    assert [(one.get("x"), one.get("width")) for one in rects] == [(None, "100%"), (None, "50%")]
    assert {one.get("x1") for bar in bars for one in bar.iter(f"{NS}line")} == {"75%"}
    assert all(bar.get("aria-hidden") == "true" and not texts(bar) for bar in bars)


def test_a_bar_that_is_not_compared_is_hollow_with_a_dashed_edge() -> None:
    bars = [row_bar(0.5), row_bar(1, small=True)]
    rects = [one for bar in bars for one in parsed(bar).iter(f"{NS}rect")]
    drawn = [(one.get("fill"), one.get("stroke"), one.get("stroke-dasharray")) for one in rects]
    assert drawn == [("#12436D", None, None), ("#ffffff", "#12436D", "5 3")]


def test_nothing_in_a_drawing_needs_a_style_attribute_or_reaches_outside() -> None:
    drawn = chart(line("A", 10, 20), target=Target(Decimal(50), "Target: 50"))
    for svg in (line_chart(drawn, "plain"), spark(drawn), row_bar(1)):
        assert not re.search(r"\sstyle=|href|url\(|<script|<style", svg)


def test_one_drawing_serves_every_width() -> None:
    """Along it places are shares of the width, and letters are not scaled: nothing stands outside 320 pixels."""
    big = chart(
        line("2025 to 2026", 12_000, 24_400),
        line("2024 to 2025", 9_000, 20_000),
        target=Target(Decimal(25_000), "Target: 25%"),
        breaks=(Mark(1, "Changes 1 and 2"), Mark(360, "Change 3")),
    )
    root = parsed(line_chart(big, "in"))
    assert (root.get("width"), root.get("viewBox")) == ("100%", None)
    for width in (290, 720):
        for element in root.iter(f"{NS}text"):
            long = 0.56 * float(element.get("font-size", "16")) * len(element.text or "")
            at = element.get("x", "0")
            x = float(at[:-1]) * width / 100 if at.endswith("%") else float(at)
            left = {"middle": x - long / 2, "end": x - long}.get(element.get("text-anchor", "start"), x)
            assert left >= -1 and left + long <= width + 1, element.text
            assert 0 < float(element.get("y", "0")) <= float(root.get("height", "0"))


def test_a_drawing_can_be_taken_as_a_file() -> None:
    root = ElementTree.fromstring(as_file(line_chart(chart(line("A", 10, 20)), "file")))
    assert (root.tag, root.get("width")) == (f"{NS}svg", "720")
    assert "A: 20" in texts(root)


@pytest.mark.parametrize("top", [0.3, 1, 7, 14.9, 25, 50, 99.9, 100, 12_583, 180_000])
def test_ticks_are_few_round_and_reach_the_top(top: float) -> None:
    ticks = nice_ticks(top)
    assert ticks[0] == 0
    assert ticks[-1] >= top
    assert 3 <= len(ticks) <= 8


def test_provisional_and_revised_figures_carry_their_marks() -> None:
    points = (LinePoint(0, Cell(10, revised=True)), LinePoint(30, Cell(20)), LinePoint(60, Cell(30), True))
    said = texts(parsed(line_chart(chart(Line("2025 to 2026", points)), "marks")))
    assert said.count("[r]") == 1
    assert "2025 to 2026: 30 [p]" in said
    alone = texts(parsed(line_chart(chart(Line("", points)), "alone")))
    assert {"10 [r]", "20", "30 [p]"} <= set(alone)
    assert "[r]" not in alone
