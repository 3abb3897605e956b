"""The lineage that ingest works out for all days at once is what the book says of each school on each day."""

import os
from datetime import date, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.book.drops import Drops
from tests.book.ingest import ingested
from tests.book.random.schools import URNS, school_tables
from tests.book.reading import read
from tests.book.schools import Register

WORLDS = int(os.environ.get("WORLDS", "25"))
DAYS = [date(2025, 8, 29) + timedelta(days=after) for after in range(7)]


@settings(max_examples=WORLDS, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(school_tables(st.sampled_from(DAYS[1:-1])))
def test_a_school_is_open_and_counted_as_the_book_says_on_every_day(tables: dict[str, list[dict[str, object]]]) -> None:
    drops = Drops(DAYS[3], tables)
    register, found = Register(read(drops)), ingested(drops, ["schools"])
    lineage = found["school_lineage"].to_pylist() if "school_lineage" in found else []
    for urn in {row["urn"] for row in lineage}:
        spans = [row for row in lineage if row["urn"] == urn]
        for day in DAYS:
            (span,) = [row for row in spans if row["valid_from"] <= day <= row["valid_to"]]
            assert (urn, day, register.is_open(urn, day), register.counts_as(urn, day)) == (
                urn,
                day,
                span["is_open"],
                span["counted_urn"],
            )
        for first, last in zip(DAYS, DAYS[2:], strict=False):
            opens = any(row["is_open"] and row["valid_from"] <= last and row["valid_to"] >= first for row in spans)
            assert register.is_open_between(urn, first, last) == opens


def test_a_urn_that_neither_file_knows_is_not_open_and_stays_itself() -> None:
    register = Register(read(Drops(DAYS[0])))
    assert not any(register.is_open(urn, DAYS[0]) for urn in URNS)
    assert {register.counts_as(urn, DAYS[0]) for urn in URNS} == set(URNS)
