"""Which URN counts as which: the rules (numbers#successors) by example, then against a slow judge of single days."""

from __future__ import annotations

import itertools
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from functions.ingest_schools import lineage
from functions.ingest_schools.lineage import EPOCH, FIRST_DAY, LAST_DAY, Establishment, Lineage, Span

AS_OF = date(2026, 7, 14)


def day(text: str) -> int:
    return date.fromisoformat(text).toordinal() - EPOCH


def school(status: int, opened: str | None = None, closed: str | None = None) -> Establishment:
    return Establishment(status, day(opened) if opened else None, day(closed) if closed else None)


def judged(schools: dict[str, Establishment], links: list[tuple[str, str]]) -> Lineage:
    return Lineage(schools, links, AS_OF.toordinal() - EPOCH)


def on(register: Lineage, urn: str, text: str) -> tuple[bool, str]:
    """Return whether ``urn`` is open on a day, and what it counts as."""
    (span,) = [span for span in register.spans(urn) if span.first <= day(text) <= span.last]
    return span.is_open, span.counted_urn


def test_an_open_school_is_open_from_its_opening_day_on() -> None:
    register = judged({"A": school(1, "2010-09-01")}, [])
    assert list(register.spans("A")) == [
        Span(FIRST_DAY, day("2010-08-31"), False, "A"),
        Span(day("2010-09-01"), LAST_DAY, True, "A"),
    ]


def test_a_school_without_an_opening_day_has_always_been_open() -> None:
    assert list(judged({"A": school(1)}, []).spans("A")) == [Span(FIRST_DAY, LAST_DAY, True, "A")]


def test_a_school_that_opened_before_all_days_was_always_open() -> None:
    assert list(judged({"A": school(1, "1547-01-01")}, []).spans("A")) == [Span(FIRST_DAY, LAST_DAY, True, "A")]


def test_a_school_is_open_on_its_closing_day_and_out_from_the_day_after() -> None:
    register = judged({"A": school(2, "2010-09-01", "2024-08-31")}, [])
    assert on(register, "A", "2024-08-31") == (True, "A")
    assert on(register, "A", "2024-09-01") == (False, "A")


def test_a_school_is_out_on_its_closing_day_if_its_only_successor_opens_on_it() -> None:
    register = judged({"A": school(2, None, "2024-09-01"), "B": school(1, "2024-09-01")}, [("A", "B")])
    assert on(register, "A", "2024-08-31") == (True, "A")
    assert on(register, "A", "2024-09-01") == (False, "B")


def test_one_of_two_successors_opening_on_the_closing_day_does_not_end_the_school_early() -> None:
    schools = {"A": school(2, None, "2024-09-01"), "B": school(1, "2024-09-01"), "C": school(1, "2024-01-01")}
    assert on(judged(schools, [("A", "B"), ("A", "C")]), "A", "2024-09-01") == (True, "A")


def test_a_second_successor_that_opens_later_does_not_matter_on_the_closing_day() -> None:
    schools = {"A": school(2, None, "2024-09-01"), "B": school(1, "2024-09-01"), "C": school(1, "2025-09-01")}
    register = judged(schools, [("A", "B"), ("A", "C")])
    assert on(register, "A", "2024-09-01") == (False, "B")
    assert on(register, "A", "2025-09-01") == (False, "A")


def test_a_closed_school_without_a_closing_day_is_never_open() -> None:
    assert list(judged({"A": school(2, "2010-09-01")}, []).spans("A")) == [Span(FIRST_DAY, LAST_DAY, False, "A")]


def test_a_proposed_school_is_never_open_even_after_its_opening_day() -> None:
    assert list(judged({"A": school(4, "2020-09-01")}, []).spans("A")) == [Span(FIRST_DAY, LAST_DAY, False, "A")]


def test_a_past_closing_day_contradicts_an_open_status_and_is_passed_over_and_counted() -> None:
    register = judged({"A": school(1, None, "2026-07-13"), "B": school(3, None, "2026-07-14")}, [])
    assert on(register, "A", "2030-01-01") == (True, "A")
    assert on(register, "B", "2026-07-15") == (False, "B")
    assert register.contradictions == 1


def test_a_conversion_counts_once_on_either_side_of_the_new_year() -> None:
    schools = {"A": school(2, None, "2025-12-31"), "B": school(1, "2026-01-01")}
    register = judged(schools, [("A", "B")])
    assert (on(register, "A", "2025-12-31"), on(register, "B", "2025-12-31")) == ((True, "A"), (False, "B"))
    assert (on(register, "A", "2026-01-01"), on(register, "B", "2026-01-01")) == ((False, "B"), (True, "B"))


def test_between_closing_and_the_successors_opening_a_school_stays_itself() -> None:
    register = judged({"A": school(2, None, "2024-07-31"), "B": school(1, "2024-09-01")}, [("A", "B")])
    assert on(register, "A", "2024-08-15") == (False, "A")


def test_a_chain_is_followed_to_the_first_that_is_open() -> None:
    schools = {
        "A": school(2, None, "2010-01-01"),
        "B": school(2, "2010-01-02", "2015-01-01"),
        "C": school(1, "2015-01-02"),
    }
    register = judged(schools, [("A", "B"), ("B", "C")])
    assert on(register, "A", "2012-01-01") == (False, "B")
    assert on(register, "A", "2016-01-01") == (False, "C")


def test_a_chain_with_no_open_school_ends_at_its_last() -> None:
    schools = {"A": school(2, None, "2010-01-01"), "B": school(2, "2010-01-02", "2015-01-01")}
    assert on(judged(schools, [("A", "B")]), "A", "2016-01-01") == (False, "B")


def test_a_chain_ends_where_it_splits() -> None:
    schools = {
        "A": school(2, None, "2010-01-01"),
        "B": school(2, "2010-01-02", "2015-01-01"),
        "C": school(1, "2015-01-02"),
        "D": school(1, "2015-01-02"),
    }
    assert on(judged(schools, [("A", "B"), ("B", "C"), ("B", "D")]), "A", "2016-01-01") == (False, "B")


def test_a_split_stays_itself() -> None:
    schools = {"A": school(2, None, "2010-01-01"), "B": school(1), "C": school(1)}
    assert on(judged(schools, [("A", "B"), ("A", "C")]), "A", "2016-01-01") == (False, "A")


def test_an_open_school_is_never_mapped() -> None:
    assert on(judged({"A": school(1), "B": school(1)}, [("A", "B")]), "A", "2026-07-14") == (True, "A")


def test_a_successor_that_is_only_proposed_or_not_in_the_file_has_not_opened() -> None:
    register = judged({"A": school(2, None, "2010-01-01"), "B": school(4, "2010-01-02")}, [("A", "B"), ("A", "Z")])
    assert on(register, "A", "2016-01-01") == (False, "A")


def test_a_loop_counts_as_its_highest_urn_also_for_those_that_lead_into_it() -> None:
    closed = school(2, None, "2010-01-01")
    schools = {"100001": closed, "100005": closed, "100003": closed, "100009": closed}
    links = [("100009", "100001"), ("100001", "100005"), ("100005", "100003"), ("100003", "100001")]
    register = judged(schools, links)
    assert {urn: on(register, urn, "2016-01-01")[1] for urn in schools} == dict.fromkeys(schools, "100005")


def test_a_link_of_a_urn_to_itself_is_no_successor() -> None:
    schools = {"A": school(2, None, "2010-01-01"), "B": school(1, "2010-01-01")}
    register = judged(schools, [("A", "A"), ("A", "B")])
    assert [on(register, "A", day) for day in ("2009-12-31", "2010-01-01")] == [(True, "A"), (False, "B")]
    alone = judged({"A": school(2, None, "2010-01-01")}, [("A", "A"), ("C", "C")])
    assert on(alone, "A", "2016-01-01") == (False, "A")
    assert alone.urns == ["A"]


def test_the_same_link_under_two_types_is_one_successor() -> None:
    schools = {"A": school(2, None, "2010-01-01"), "B": school(1)}
    assert on(judged(schools, [("A", "B"), ("A", "B")]), "A", "2016-01-01") == (False, "B")


def test_a_urn_that_only_a_link_still_knows_counts_as_its_successor() -> None:
    register = judged({"B": school(1, "2020-01-01")}, [("A", "B")])
    assert (on(register, "A", "2019-12-31"), on(register, "A", "2020-01-01")) == ((False, "A"), (False, "B"))


def test_spans_of_a_table_cover_all_days_of_each_urn_without_a_gap() -> None:
    schools = {"A": school(2, "2001-01-01", "2010-01-01"), "B": school(1, "2010-01-01"), "C": school(4)}
    rows = [row for table in lineage.batches(judged(schools, [("A", "B")])) for row in table.to_pylist()]
    for urn in schools:
        spans = [(row["valid_from"], row["valid_to"]) for row in rows if row["urn"] == urn]
        assert (spans[0][0], spans[-1][1]) == (date(1800, 1, 1), date(9999, 12, 31))
        assert all(after[0].toordinal() - before[1].toordinal() == 1 for before, after in itertools.pairwise(spans))


# A slow judge of one URN on one day, written from the book alone.

URNS = [f"10000{number}" for number in range(6)]
DAYS = range(14)


def slow_has_opened(schools: dict[str, Establishment], urn: str, at: int) -> bool:
    found = schools.get(urn)
    return found is not None and found.status != 4 and (found.opened is None or found.opened <= at)


def slow_successors(schools: dict[str, Establishment], links: set[tuple[str, str]], urn: str, at: int) -> set[str]:
    return {to for frm, to in links if frm == urn != to and slow_has_opened(schools, to, at)}


def slow_is_open(schools: dict[str, Establishment], links: set[tuple[str, str]], urn: str, at: int, as_of: int) -> bool:
    found = schools.get(urn)
    if found is None or found.status not in (1, 2, 3):
        return False
    closed = found.closed
    if found.status == 2 and closed is None:
        return False
    if found.status != 2 and closed is not None and closed < as_of:
        closed = None
    if found.opened is not None and at < found.opened:
        return False
    if closed is None or at < closed:
        return True
    if at > closed:
        return False
    heirs = slow_successors(schools, links, urn, closed)
    return not (len(heirs) == 1 and schools[heirs.pop()].opened == closed)


def slow_counted(schools: dict[str, Establishment], links: set[tuple[str, str]], urn: str, at: int, as_of: int) -> str:
    walked = [urn]
    while not slow_is_open(schools, links, walked[-1], at, as_of):
        heirs = slow_successors(schools, links, walked[-1], at)
        if len(heirs) != 1:
            break
        heir = heirs.pop()
        if heir in walked:
            return max(walked[walked.index(heir) :])
        walked.append(heir)
    return walked[-1]


days = st.one_of(st.none(), st.sampled_from(DAYS))
registers = st.dictionaries(
    st.sampled_from(URNS), st.builds(Establishment, st.sampled_from([1, 2, 2, 2, 3, 4, 9]), days, days), max_size=6
)
link_sets = st.sets(st.tuples(st.sampled_from(URNS), st.sampled_from(URNS)), max_size=8)


@settings(max_examples=600, deadline=None)
@given(schools=registers, links=link_sets, as_of=st.sampled_from(DAYS))
def test_spans_agree_with_a_judge_of_single_days(
    schools: dict[str, Establishment], links: set[tuple[str, str]], as_of: int
) -> None:
    register = Lineage(schools, links, as_of)
    for urn in register.urns:
        spans = list(register.spans(urn))
        assert (spans[0].first, spans[-1].last) == (FIRST_DAY, LAST_DAY)
        assert all(before.last + 1 == after.first for before, after in itertools.pairwise(spans))
        assert all(before[2:] != after[2:] for before, after in itertools.pairwise(spans))
        for at in range(-1, 15):
            (span,) = [span for span in spans if span.first <= at <= span.last]
            expected = (
                slow_is_open(schools, links, urn, at, as_of),
                slow_counted(schools, links, urn, at, as_of),
            )
            assert (span.is_open, span.counted_urn) == expected
