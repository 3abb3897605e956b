"""Counts of records about people outside the KPIs: rounded, still for a month, and nothing beside what a KPI shows."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.compute_kpis.protection.ledger import Past, past_of
from functions.compute_kpis.protection.record_counts import RECORDS
from functions.compute_kpis.releases.disclosure import Protection, protect
from placements_kpi.facts import TableFacts
from placements_kpi.results import Check, CheckCount, Figure, Records, SourceFacts
from tests.protection.test_guard import KEY, LARGE, USED
from tests.protection.worlds import MONTHS, REGIONS, results_of

if TYPE_CHECKING:
    from placements_kpi.results import Results
    from placements_kpi.settings import Disclosure

KEPT = "trainees/rows/kept"
CODES = "Trainees: state"
ROUTE = "lists/unknown_value/Training route"
FIRST = MONTHS[0]


def results(
    kept: int = 812, *, day: date = FIRST, month: int = 0, refused: dict[str, int] | None = None, **more: Any
) -> Results:
    """Return a world's results with facts of Register and the check of the lists, as of ``day``."""
    refused = {"missing": 7} if refused is None else refused
    codes, notes, routes = more.pop("codes", 3), more.pop("notes", {"trn_too_long": 12}), more.pop("routes", 23)
    facts = SourceFacts(
        source="register",
        title="Register",
        as_of=day,
        snapshot=None,
        age_days=0,
        max_age_days=7,
        tables=(
            TableFacts(
                table="trainees",
                rows_in=kept + 4 + sum(refused.values()),
                kept=kept,
                duplicates=4,
                refused=refused,
                unknown_codes={"state": codes} if codes else {},
            ),
        ),
        notes=notes,
    )
    counts = (
        CheckCount(label="Training route", count=routes, disclosure="person"),
        CheckCount(label=CODES, count=codes, disclosure="person"),
        CheckCount(label="Type of provider", count=2),
    )
    lists = Check(id="lists", group="lists", title="Lists", state="warning", says="Some are not known.", counts=counts)
    made = results_of(LARGE, month)
    kpi = made.kpis[0]
    description = kpi.description.model_copy(update={"records": more.pop("records", ())})
    figures = more.pop("figures", kpi.figures)
    kpi = kpi.model_copy(update={"description": description, "figures": figures})
    return made.model_copy(update={"sources": (facts,), "checks": (lists,), "as_of": day, "kpis": (kpi,)})


def release(of: Results, past: Past | None = None, used: Disclosure = USED) -> Protection:
    return protect(of, used, f"{of.as_of}.1", KEY, past or Past())


def after(*made: Protection) -> Past:
    return past_of([one.page for one in made])


def facts_of(made: Protection) -> SourceFacts:
    return made.document.sources[0]


def test_each_count_is_a_multiple_near_it_and_in_the_ledger_and_the_audit() -> None:
    made = release(results())
    (table,) = facts_of(made).tables
    assert table.kept in {810, 815}
    assert table.refused["missing"] in {5, 10}
    assert (table.duplicates, table.unknown_codes) == (5, {"state": 5})
    assert table.rows_in == table.kept + table.duplicates + table.refused["missing"]
    assert facts_of(made).counted_on == FIRST
    entries = {name for name in made.page.entries if name.startswith(RECORDS)}
    assert f"{RECORDS}/trainees.numerator/2025/2025-01-31/rows/kept" in entries
    assert made.document.verdict is not None
    plain = protect(results_of(LARGE, 0), USED, "2025-01-31.1", KEY, Past()).document.verdict
    assert plain is not None
    assert made.document.verdict.cells == plain.cells + len(entries)


def test_until_the_next_month_end_every_release_repeats_the_first() -> None:
    first = release(results())
    next_day = FIRST + timedelta(days=9)
    later = release(results(873, day=next_day, refused={"missing": 31, "wrong_type": 9}, routes=44), after(first))
    assert facts_of(later).tables == facts_of(first).tables
    assert facts_of(later).notes == facts_of(first).notes
    assert later.document.checks == first.document.checks
    assert facts_of(later).counted_on == FIRST
    assert not any(name.startswith(RECORDS) for name in later.page.entries)


def test_what_comes_up_within_a_month_is_not_shown_before_the_next() -> None:
    first = release(results(refused={}, notes={}, codes=0, routes=0))
    later = release(results(day=FIRST + timedelta(days=1)), after(first))
    (table,) = facts_of(later).tables
    assert (table.refused, table.unknown_codes, facts_of(later).notes) == ({}, {}, {})
    people = [count for count in later.document.checks[0].counts if count.disclosure == "person"]
    assert {count.count for count in people} <= {0}


def test_with_the_next_month_end_counts_move() -> None:
    first = release(results())
    second = release(results(1612, day=MONTHS[1], month=1), after(first))
    assert facts_of(second).tables[0].kept in {1610, 1615}
    assert facts_of(second).counted_on == MONTHS[1]


def test_what_is_said_of_the_lists_follows_from_the_counts_shown() -> None:
    clean = release(results(codes=0, routes=0))
    (check,) = clean.document.checks
    assert check.state == "warning"  # a provider's type is unknown
    none = results(codes=0, routes=0)
    quiet = none.checks[0].model_copy(update={"counts": none.checks[0].counts[:2]})
    (check,) = release(none.model_copy(update={"checks": (quiet,)})).document.checks
    assert (check.state, check.says) == ("ok", "Every value is on its list.")


def test_unknown_codes_are_the_same_number_in_the_facts_and_in_the_check() -> None:
    made = release(results(codes=18))
    (count,) = [one for one in made.document.checks[0].counts if one.label == CODES]
    assert count.count == facts_of(made).tables[0].unknown_codes["state"]


def counted(number: int, total: int = 400) -> dict[str, Any]:
    """Return a world whose KPI counts ``number`` of the records with an unknown route."""
    figure = Figure(measure="gone", period=2025, as_of=FIRST, numerator=number, denominator=None, value=float(number))
    whole = Figure(
        measure="headline",
        period=2025,
        as_of=FIRST,
        numerator=number,
        denominator=total,
        value=100 * number / total,
    )
    return {"figures": (figure, whole), "records": (Records(of=ROUTE, counts=("gone.numerator",)),)}


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 60), st.integers(0, 60))
def test_a_count_of_records_and_a_kpis_count_of_some_of_them_narrow_each_other_no_further(part: int, more: int) -> None:
    """A reader knows that the KPI's is at most the other, and that they are one number if the query says so."""
    made = release(results(routes=part + more, **counted(part)))
    (shown,) = [figure.numerator for figure in made.document.kpis[0].figures if figure.measure == "gone"]
    records = {one.label: one.count for one in made.document.checks[0].counts}.get("Training route")
    assert shown is not None
    assert records is not None, "nothing has to be withheld if they are rounded with each other in mind"
    assert abs(records - part - more) < USED.base
    assert records >= shown
    assert more or not part or records == shown


@pytest.mark.parametrize("accepted", [True, False])
def test_records_that_would_tell_more_of_a_hidden_count_than_may_be_known_are_withheld(*, accepted: bool) -> None:
    """Five records say that a count of some of them is under ten: no more than its ``c`` says, if it may say that."""
    regions = tuple(
        Figure(
            measure="headline",
            period=2025,
            as_of=FIRST,
            breakdown="region",
            category=region,
            numerator=number,
            denominator=100,
            value=float(number),
        )
        for region, number in zip(REGIONS, (3, 30, 40, 50), strict=True)
    )
    small = results(routes=4, records=(Records(of=ROUTE, counts=("headline.numerator@region=north",)),))
    kpi = small.kpis[0].model_copy(update={"figures": regions})
    used = USED.model_copy(update={"few_accepted": accepted})
    made = release(small.model_copy(update={"kpis": (kpi,)}), used=used)
    assert made.document.kpis[0].figures[0].symbol == "c"
    assert ("Training route" in {count.label for count in made.document.checks[0].counts}) == accepted
    assert (ROUTE in made.withheld) != accepted


def test_what_becomes_of_one_count_tells_nothing_of_an_equal_one() -> None:
    """Whoever knows how many rows were refused for one reason learns from that nothing about the others."""
    reasons = ("missing", "not_json", "out_of_range", "too_long", "wrong_type", "ragged")
    refused = facts_of(release(results(refused=dict.fromkeys(reasons, 13)))).tables[0].refused
    assert set(refused.values()) == {10, 15}


def test_a_table_is_withheld_whole_and_named() -> None:
    # Without its table a total would be the sum of the others: what is left out goes with everything beside it.
    name = f"{RECORDS}/trainees.numerator/2025/2025-01-31/rows/kept"
    used = USED.model_copy(update={"external_totals": {name.replace("/kept", "/duplicates"): (4, 4)}})
    made = protect(results(), used, f"{FIRST}.1", KEY, Past())
    assert facts_of(made).tables[0].duplicates == 5  # what others publish is no secret
    used = USED.model_copy(update={"external_totals": {name: (811, 813)}})
    made = protect(results(), used, f"{FIRST}.1", KEY, Past())
    assert facts_of(made).tables[0].kept in {810, 815}
    regions = results(6, codes=0, records=(Records(of=KEPT, counts=("headline.numerator@region=north",)),))
    kpi = regions.kpis[0]
    few = tuple(
        figure.model_copy(update={"numerator": 3}) if figure.category == "north" else figure for figure in kpi.figures
    )
    made = release(regions.model_copy(update={"kpis": (kpi.model_copy(update={"figures": few}),)}))
    assert facts_of(made).tables == ()
    assert facts_of(made).withheld == ("trainees",)


@pytest.mark.parametrize("number", range(3))
def test_the_same_arguments_give_the_same_bytes(number: int) -> None:
    made = [release(results(500 + number)).document.model_dump_json() for _ in range(2)]
    assert made[0] == made[1]
