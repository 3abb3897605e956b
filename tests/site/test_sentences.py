"""Sentences say what the figures say: rising, falling, flat, not comparable, missing."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from functions.publish_site.figures import KpiFigures, Shown
from functions.publish_site.pages import sentences
from functions.publish_site.words import Cell
from placements_kpi.results import KpiResult, Target
from tests.site.protected_document import document, hidden

SHORTEST_TITLE, LONGEST_TITLE = 3, 10


def with_headline(kpi: KpiResult, now: tuple[int, int] | None, before: tuple[int, int] | None) -> KpiFigures:
    """The KPI with its headline at the newest point and the compared one set to these counts; ``None`` is withheld."""
    figures = KpiFigures(kpi)
    headline = figures.headline
    wanted = {}
    for point, pair in ((figures.current(headline), now), (figures.comparison(headline), before)):
        assert point is not None
        wanted[(point.period, point.as_of)] = pair

    def changed(one: Any) -> Any:
        key = (one.period, one.as_of)
        if one.measure != headline.id or one.breakdown != "national" or key not in wanted:
            return one
        pair = wanted[key]
        if pair is None:
            return hidden(one, "c")
        value = float(pair[0]) if headline.kind == "count" else round(100 * pair[0] / pair[1], 1)
        denominator = None if headline.kind == "count" else pair[1]
        return one.model_copy(update={"numerator": pair[0], "denominator": denominator, "value": value, "symbol": None})

    return KpiFigures(kpi.model_copy(update={"figures": tuple(changed(one) for one in kpi.figures)}))


def percent(value: str) -> Cell:
    return Cell(Decimal(value), percent=True)


def kpi(kpi_id: str) -> KpiResult:
    return next(one for one in document().kpis if one.id == kpi_id)


def test_a_rise_is_said_with_both_figures_and_the_day_compared_with() -> None:
    figures = with_headline(kpi("school-take-up"), (3000, 20000), (2000, 20000))
    change = sentences.change(figures, figures.headline)
    assert change.way == "up"
    assert change.improved is True
    assert change.sentence == (
        "Up 5.0 percentage points, from 10.0% on 14 July 2025, the same point of the year before."
    )
    assert sentences.finding(figures, figures.headline) == "Up from 10.0% to 15.0%, below the 25% target"


def test_a_fall_is_good_where_lower_is_better_and_bad_where_higher_is() -> None:
    lower = with_headline(kpi("placement-rejections"), (1000, 10000), (2000, 10000))
    assert sentences.change(lower, lower.headline).improved is True
    assert sentences.verdict(lower).label == "Met so far"
    assert sentences.verdict(lower).sentence == (
        "Target: a reduction, judged on the final figures of 30 September 2026."
    )
    higher = with_headline(kpi("school-participation"), (1000, 0), (2000, 0))
    assert sentences.change(higher, higher.headline).sentence.startswith("Down 1,000, from 2,000 on 14 July 2025")
    assert sentences.verdict(higher).label == "Not yet met"


def test_a_target_is_met_for_good_only_by_final_figures() -> None:
    met = with_headline(kpi("trainee-withdrawals"), (800, 10000), (900, 10000))
    missed = with_headline(kpi("trainee-withdrawals"), (900, 10000), (800, 10000))
    assert [sentences.verdict(one).label for one in (met, missed)] == ["Target met", "Target not met"]
    assert sentences.verdict(met).sentence == "Target: a reduction, judged on these final figures."


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        (
            ((True, False), (True, True), (False, False), (None, False)),
            "2 of 4 aims met so far. Not yet met: 1. Cannot be said yet: 1.",
        ),
        (((True, True), (False, True)), "1 of 2 aims met. Not met: 1."),
        (((None, False),), "0 of 1 aims met so far. Cannot be said yet: 1."),
        (((True, False),), "1 of 1 aims met so far."),
    ],
)
def test_the_first_page_counts_the_aims(verdicts: tuple[tuple[bool | None, bool], ...], said: str) -> None:
    assert sentences.summary([sentences.Verdict(met, final, "") for met, final in verdicts]) == said


def test_no_change_is_unchanged_and_does_not_meet_a_target_of_change() -> None:
    figures = with_headline(kpi("placement-rejections"), (1500, 10000), (1500, 10000))
    assert sentences.change(figures, figures.headline).sentence.startswith("Unchanged from 15.0% on 30 June 2025")
    assert sentences.finding(figures, figures.headline) == "Unchanged at 15.0% in a year"
    assert sentences.verdict(figures).met is False


def test_a_missing_figure_is_never_compared() -> None:
    now = with_headline(kpi("placement-rejections"), None, (1500, 10000))
    assert sentences.change(now, now.headline).sentence == "No figure can be shown for 30 June 2026 [c]."
    assert sentences.verdict(now).label == "Cannot be said yet"
    before = with_headline(kpi("placement-rejections"), (1500, 10000), None)
    assert sentences.change(before, before.headline).sentence == (
        "Cannot be compared with 30 June 2025: no figure can be shown for it [c]."
    )
    assert sentences.finding(before, before.headline) == "15.0% on 30 June 2026"


def test_a_refused_comparison_gives_its_reason() -> None:
    figures = KpiFigures(kpi("ect-vacancies"))
    reason = figures.kpi.comparison["headline"]
    change = sentences.change(figures, figures.headline)
    assert change.way == "none"
    assert change.sentence == f"Cannot be compared with the year before: {reason}."


def test_yearly_figures_are_compared_by_year() -> None:
    figures = with_headline(kpi("trainee-withdrawals"), (900, 10000), (800, 10000))
    assert sentences.change(figures, figures.headline).sentence == (
        "Up 1.0 percentage point, from 8.0% in the year before (2023 to 2024)."
    )


@pytest.mark.parametrize(
    ("numerator", "words", "met"),
    [
        (5000, "at the 50% target", True),
        (4999, "at the 50% target", False),
        (5100, "above", True),
        (4000, "below", False),
    ],
)
def test_a_level_is_judged_by_the_counts_and_not_by_the_rounded_percentage(
    numerator: int, words: str, met: bool
) -> None:
    figures = with_headline(kpi("provider-take-up"), (numerator, 10000), (3000, 10000))
    assert words in sentences.finding(figures, figures.headline)
    assert sentences.verdict(figures).met is met


def test_a_level_that_must_not_be_passed_is_met_below_it() -> None:
    base = kpi("placement-rejections")
    target = Target(value=20.0, text="At most 20%")
    limited = base.model_copy(update={"description": base.description.model_copy(update={"target": target})})
    assert sentences.verdict(with_headline(limited, (1900, 10000), (1500, 10000))).met is True
    assert sentences.verdict(with_headline(limited, (2100, 10000), (2500, 10000))).met is False


def test_every_chart_title_is_a_finding_of_at_most_ten_words() -> None:
    for one in document().kpis:
        for now in ((1234, 9876), (9876, 9876), (0, 9876), None):
            for before in ((1234, 9876), (5000, 9876), None):
                figures = with_headline(one, now, before)
                title = sentences.finding(figures, figures.headline)
                assert SHORTEST_TITLE <= len(title.split()) <= LONGEST_TITLE, title


def test_the_trend_of_a_line_counts_what_cannot_be_shown() -> None:
    rising = [("in May", Cell(10)), ("in June", Cell(None, "c")), ("in July", Cell(30))]
    assert sentences.trend("2025 to 2026", rising) == (
        "2025 to 2026: rises by 20, from 10 in May to 30 in July. 1 of its 3 points cannot be shown."
    )
    assert "falls by 20, from 30 in July to 10 in May" in sentences.trend("Back", rising[::-1])
    assert "is unchanged, 10 in May and in June" in sentences.trend(
        "Flat", [("in May", Cell(10)), ("in June", Cell(10))]
    )
    assert sentences.trend("Once", [("in May", Cell(10)), ("in June", Cell(None, "z"))]) == (
        "Once: 10 in May. 1 of its 2 points cannot be shown."
    )
    assert sentences.trend("Empty", [("in May", Cell(None, "x"))]) == "Empty: no figure can be shown."


def test_the_trend_names_a_highest_and_a_lowest_figure_that_are_not_at_its_ends() -> None:
    values = zip(("in May", "in June", "in July", "in August"), (20, 5, 40, 30), strict=True)
    assert sentences.trend("Up", [(when, Cell(Decimal(value), percent=True)) for when, value in values]) == (
        "Up: rises by 10 percentage points, from 20% in May to 30% in August. "
        "Its highest is 40% in July. Its lowest is 5% in June."
    )
    steady = [("in May", Cell(10)), ("in June", Cell(20)), ("in July", Cell(20))]
    assert "Its" not in sentences.trend("Steady", steady)


@pytest.mark.parametrize(("now", "side"), [("24.9", "below"), ("25.0", "at"), ("25.1", "above")])
def test_the_description_of_a_chart_says_where_its_newest_figure_stands_to_the_target(now: str, side: str) -> None:
    said = sentences.standing(Cell(Decimal(now), percent=True), 25.0)
    assert said == f"The newest figure, {now}%, is {side} the 25% target."
    assert sentences.standing(Cell(None, "c"), 25.0) == "The target is 25%."


def test_the_days_after_which_figures_are_late_follow_from_the_ages_allowed() -> None:
    made = document()
    most = {source.source: source for source in made.sources}
    days = sentences.last_days(made)
    by_day = [one.description for one in made.kpis if one.description.families[0].stands == "day"]
    used = {name for one in by_day for name in one.sources}
    assert days["those about schools and providers"] == min(
        day + timedelta(days=most[one].max_age_days) for one in used if (day := most[one].as_of)
    )
    assert days["those about people"] > date(2026, 7, 31)
    old = {"as_of": made.as_of - timedelta(days=400)}
    late = made.model_copy(update={"sources": tuple(one.model_copy(update=old) for one in made.sources)})
    assert list(sentences.last_days(late)) == ["those about people"], "what is late already has a notice of its own"


def test_a_title_names_the_highest_and_leaves_out_what_is_withheld() -> None:
    cells = [("North", Cell(5)), ("South", Cell(9)), ("East", Cell(None, "c"))]
    assert sentences.leading(cells, "Region") == "South highest, at 9"
    assert sentences.leading([("East", Cell(None, "c"))], "Region") == "No figures by region can be shown"
    unknown = [("Not known", Cell(7)), cells[0]]
    assert sentences.leading(unknown, "Outcome") == "“Not known” highest, at 7"


def test_percentages_within_a_point_are_as_good_as_the_same() -> None:
    near = [("North", percent("15.8")), ("South", percent("16.8")), ("East", percent("16.0"))]
    assert sentences.leading(near, "Region") == "All between 15.8% and 16.8%"
    assert sentences.leading([*near, ("West", percent("16.9"))], "Region") == "West highest, at 16.9%"


def test_a_change_in_a_table_has_its_sign_or_the_symbol_of_what_is_missing() -> None:
    assert sentences.signed(Cell(340), Cell(1_400)) == "\N{MINUS SIGN}1,060"
    assert sentences.signed(percent("10.4"), percent("9.2")) == "+1.2"
    assert sentences.signed(Cell(5), Cell(5)) == "0"
    assert sentences.signed(Cell(5), Cell(None, "x")) == Cell(None, "x")
    assert sentences.signed(Cell(None, "c"), Cell(5)) == Cell(None, "c")


def test_what_a_chart_does_not_draw_is_said_once_for_each_symbol() -> None:
    cells = [Cell(1), Cell(None, "c"), Cell(None, "c"), Cell(None, "x")]
    assert sentences.gaps("2025 to 2026", cells) == [
        "2025 to 2026: 2 of 4 figures cannot be shown [c]: confidential: withheld so that nobody can be identified.",
        "2025 to 2026: 1 of 4 figures cannot be shown [x]: not available.",
    ]
    assert sentences.gaps("2024 to 2025", cells[3:]) == ["2024 to 2025: no figure can be shown [x]: not available."]
    assert sentences.gaps("2025 to 2026", cells[:1]) == []


@pytest.mark.parametrize("many", [1, 2, 3])
def test_categories_that_share_the_highest_figure_are_named_where_there_is_room(many: int) -> None:
    labels = ["North West", "South East", "London"]
    cells = [*((label, Cell(9)) for label in labels[:many]), ("East", Cell(2))]
    said = {
        1: "North West highest, at 9",
        2: "North West and South East highest, at 9",
        3: "3 share the highest figure, 9",
    }
    assert sentences.leading(cells, "Region") == said[many]
    long = [(f"{label} and everything that is near it", cell) for label, cell in cells]
    assert len(sentences.leading(long, "Region").split()) <= LONGEST_TITLE


def test_a_percentage_out_of_few_is_neither_the_highest_nor_the_lowest() -> None:
    cells = [("Primary", percent("41.2")), ("Secondary", percent("40.1")), ("16 plus", percent("64.1"))]
    assert sentences.leading(cells, "Phase", ["16 plus"]) == "Primary highest, at 41.2%"
    same = [("Primary", percent("41.2")), ("Secondary", percent("41.2")), ("16 plus", percent("64.1"))]
    assert sentences.leading(same, "Phase", ["16 plus"]) == "All that are compared are the same, 41.2%"
    every = [label for label, _ in cells]
    assert sentences.leading(cells, "Phase", every) == "Out of fewer than 50 each, so not compared"


@pytest.mark.parametrize(("denominator", "small"), [(49, True), (50, False)])
def test_few_is_by_the_count_that_is_published(denominator: int, small: bool) -> None:
    assert Shown(Cell(20), Cell(denominator), percent("40.0")).is_small == small
    assert not Shown(Cell(20), Cell(denominator), Cell(None, "c")).is_small, "it is not shown at all"
    assert not Shown(Cell(20), Cell(None, "z"), Cell(20)).is_small, "a count is out of nothing"


def test_limits_that_nobody_has_approved_are_said_to_be_so() -> None:
    used = document().disclosure
    assert sentences.approval(used) == (
        "These limits were approved on 5 January 2026. Who approved them: Head of profession for statistics."
    )
    open_yet = used.model_copy(update={"approved_by": "not yet approved"})
    assert sentences.approval(open_yet) == "These limits are not yet approved, as of 5 January 2026."


def test_the_next_update_of_figures_about_people_follows_the_next_month_end() -> None:
    made = document()
    following = made.month_end + timedelta(days=1)
    assert following == date(2026, 7, 1)
    assert sentences.next_update(made, made.as_of).startswith("Figures about people: after 31 July 2026.")
    for kpi in made.kpis:
        alone = sentences.next_update(made.model_copy(update={"kpis": (kpi,)}), made.as_of)
        stands = {family.stands for family in kpi.description.families}
        assert ("Figures about people" in alone) == ("month_end" in stands), "the page of an indicator says its own"
        assert ("Figures about schools and providers" in alone) == ("day" in stands)
    december = made.model_copy(update={"month_end": date(2026, 11, 30)})
    assert "after 31 December 2026" in sentences.next_update(december, december.as_of)


def test_a_denominator_far_from_what_others_published_is_said_with_what_it_would_change() -> None:
    made = document()
    (said,) = sentences.doubts(with_headline(kpi("school-take-up"), (3000, 24391), (2000, 20000)), made)
    assert said == (
        "This figure is in doubt. State-funded schools: we count 24,391, published figures say about 20,000 to 22,000. "
        "Out of as many as those, the figure would be 13.6% to 15.0%."
    )
    assert sentences.doubts(KpiFigures(kpi("trainee-withdrawals")), made) == []


@pytest.mark.parametrize(
    "changed",
    [{"counts": ({"label": "As we count", "count": 24_391, "disclosure": "person"},)}, {"measure": "another"}],
)
def test_what_it_would_change_is_said_of_a_headline_that_counts_no_people(changed: dict[str, Any]) -> None:
    made = document()
    doubted = next(check for check in made.checks if check.published)
    other = doubted.model_dump()
    other = {**other, **{name: value for name, value in changed.items() if name in other}}
    other["published"].update({name: value for name, value in changed.items() if name in other["published"]})
    others = made.model_copy(update={"checks": (type(doubted).model_validate(other),)})
    (text,) = sentences.doubts(KpiFigures(kpi("school-take-up")), others)
    whose = "A related figure" if "measure" in changed else "This figure"
    said = "State-funded schools: we count 24,391, published figures say about 20,000 to 22,000."
    assert text == f"{whose} is in doubt. {said}"


def test_a_headline_out_of_some_is_said_as_a_share_of_all() -> None:
    """Of those rejected for a reason that can be read, and of all who applied (numbers#1-placement-rejections)."""
    result = kpi("placement-rejections")
    about = result.description.model_copy(update={"share_of": "candidates_who_applied"})
    result = result.model_copy(update={"description": about})
    figures = with_headline(result, (12_340, 34_800), (800, 3000))
    applied = figures.measure("candidates_who_applied")
    all_of_them = figures.at(applied, figures.current(applied)).value
    assert all_of_them.number is not None
    share = Decimal(1_234_000) / Decimal(all_of_them.number)
    assert sentences.beside(figures) == (
        f"12,340 is {share.quantize(Decimal(1), 'ROUND_HALF_UP')}% of the {all_of_them.text} {applied.what}."
    )
    assert sentences.beside(with_headline(result, None, (800, 3000))) is None
