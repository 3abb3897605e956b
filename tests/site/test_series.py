"""A measure over time: which changes are marked on it, where, and which figures are drawn as one line."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

import pytest

from functions.publish_site.figures import KpiFigures
from functions.publish_site.pages import sentences
from functions.publish_site.pages.series import over_time
from functions.publish_site.words import Cell, rounded
from placements_kpi.results import SeriesBreak

if TYPE_CHECKING:
    from functions.publish_site.pages.graphics import Graphic


def with_changes(figures: KpiFigures, *changes: tuple[date, tuple[str, ...]]) -> KpiFigures:
    """The same indicator with other changes: a day, and the measures that each concerns."""
    breaks = tuple(
        SeriesBreak(on=on, text="It changed.", before="One thing.", after="Another.", measures=measures)
        for on, measures in changes
    )
    description = figures.kpi.description.model_copy(update={"breaks": breaks})
    return KpiFigures(figures.kpi.model_copy(update={"description": description}))


def with_counts(figures: KpiFigures, measure: str, counts: dict[date, tuple[int, int]]) -> KpiFigures:
    """The same indicator with other national figures of a rate, on some days."""
    made = tuple(
        one.model_copy(
            update={
                "numerator": counts[one.as_of][0],
                "denominator": counts[one.as_of][1],
                "value": 100 * counts[one.as_of][0] / counts[one.as_of][1],
                "symbol": None,
            }
        )
        if one.measure == measure and one.breakdown == "national" and one.as_of in counts
        else one
        for one in figures.kpi.figures
    )
    return KpiFigures(figures.kpi.model_copy(update={"figures": made}))


def drawn(figures: KpiFigures, measure: str) -> Graphic:
    graphic = over_time(figures, figures.measure(measure))
    assert graphic is not None
    return graphic


def marks(graphic: Graphic) -> dict[str, float]:
    """The label of each mark, and where it stands as a percentage of the width."""
    found = re.findall(r'<text[^>]* x="([\d.]+)%"[^>]*>(Changes? [^<]*)</text>', graphic.drawing)
    return {label: float(place) for place, label in found}


def test_a_change_is_marked_on_the_measures_that_it_concerns_and_keeps_its_number(
    figures: dict[str, KpiFigures],
) -> None:
    one = with_changes(
        figures["trainee-withdrawals"],
        (date(2023, 10, 20), ("withdrawals_by_reason_group",)),
        (date(2024, 11, 11), ("cohort_rate",)),
        (date(2025, 2, 11), ()),
    )
    early, main = drawn(one, "cohort_rate"), drawn(one, "outcome_rate")
    assert set(marks(early)) == {"Change 2", "Change 3"}
    assert set(marks(main)) == {"Change 3"}
    assert [note.partition(" (")[0] for note in early.notes] == ["Change 2", "Change 3"]
    assert "Change 2" not in main.drawing and "Change 1" not in early.drawing


def test_two_changes_in_one_year_have_each_its_mark_between_the_figures_of_the_years(
    figures: dict[str, KpiFigures],
) -> None:
    one = with_changes(figures["trainee-withdrawals"], (date(2023, 9, 1), ()), (date(2024, 6, 1), ()))
    graphic = drawn(one, "outcome_rate")
    places = marks(graphic)
    assert set(places) == {"Change 1", "Change 2"}
    years = sorted(float(x) for x in re.findall(r'<circle[^>]* cx="([\d.]+)%"', graphic.drawing))
    assert years[0] < places["Change 1"] < places["Change 2"] < years[1], "the year 2023 to 2024 ends at its figure"


def test_changes_exactly_a_year_apart_are_one_mark_where_the_years_lie_over_each_other(
    figures: dict[str, KpiFigures],
) -> None:
    one = with_changes(figures["trainee-withdrawals"], (date(2024, 11, 11), ()), (date(2025, 11, 11), ()))
    assert set(marks(drawn(one, "cohort_rate"))) == {"Changes 1 and 2"}
    other = with_changes(figures["trainee-withdrawals"], (date(2024, 11, 11), ()), (date(2025, 11, 12), ()))
    assert set(marks(drawn(other, "cohort_rate"))) == {"Change 1", "Change 2"}


def test_a_whole_per_cent_before_finer_figures_is_in_the_table_and_not_drawn(figures: dict[str, KpiFigures]) -> None:
    """5 out of 860 is 1%, and 75 out of 28,585 a month later 0.3%: no fall that anybody could see."""
    counts = {
        date(2025, 8, 31): (5, 860),
        date(2025, 9, 30): (75, 28585),
        date(2025, 10, 31): (255, 28585),
        date(2024, 8, 31): (10, 990),
    }
    one = with_counts(figures["trainee-withdrawals"], "cohort_rate", counts)
    graphic, as_it_was = drawn(one, "cohort_rate"), drawn(figures["trainee-withdrawals"], "cohort_rate")

    def points(of: Graphic) -> list[int]:
        return [len(line.split()) for line in re.findall(r'points="([^"]+)"', of.drawing)]

    assert sum(points(as_it_was)) - sum(points(graphic)) == 2
    assert [line for line in graphic.legend if line.startswith("Not drawn")] == [
        "Not drawn but in the table: whole per cents, out of fewer than 1,000 (2025 to 2026: 1; 2024 to 2025: 1)."
    ]
    assert not any(line.startswith("Not drawn") for line in as_it_was.legend)
    (told,) = re.findall(r"<desc[^>]*>(.*?)</desc>", graphic.drawing)
    assert "from 0.3% on 30 September 2025" in told and "31 August 2025" not in told
    assert [cell.text for cell in graphic.table.rows[0][1:3] if isinstance(cell, Cell)] == ["1%", "1%"]


def test_a_line_all_of_whole_per_cents_is_drawn(figures: dict[str, KpiFigures]) -> None:
    days = [one.as_of for one in figures["trainee-withdrawals"].series(figures["trainee-withdrawals"].headline)]
    one = with_counts(figures["trainee-withdrawals"], "outcome_rate", dict.fromkeys(days, (50, 500)))
    graphic = drawn(one, "outcome_rate")
    assert graphic.drawing.count("<circle") == len(days)
    assert not any(line.startswith("Not drawn") for line in graphic.legend)


@pytest.mark.parametrize(
    ("now", "before", "gap", "way"),
    [
        (("0.3", 1), ("1", 0), "\N{MINUS SIGN}1", "1 percentage point"),
        (("0.9", 1), ("1", 0), "0", "0 percentage points"),
        (("27.4", 1), ("25", 0), "+2", "2 percentage points"),
        (("27.4", 1), ("25.0", 1), "+2.4", "2.4 percentage points"),
    ],
)
def test_figures_are_compared_with_the_decimals_that_both_have(
    now: tuple[str, int], before: tuple[str, int], gap: str, way: str
) -> None:
    one, other = (Cell(rounded(float(value), places), percent=True) for value, places in (now, before))
    assert sentences.signed(one, other) == gap
    assert sentences.difference(one, other) == way
