"""The clauses that several queries share (``functions/compute_kpis/parts``), each in worlds of a few rows."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pytest

from functions.compute_kpis.catalogue import tally
from tests.kpis.world import COMPUTE, Row, answer_of, point, register_of_schools

KPI = "school-take-up"
DAY = date(2026, 7, 14)
YEAR = {"period_start": date(2025, 9, 1), "period_end": date(2026, 8, 31)}
POINT = point(KPI, "year", 2025, DAY, **YEAR)
BEFORE = point(KPI, "year", 2024, date(2025, 7, 14), current=False, **YEAR)


def rows_of(
    parts: str, select: str, points: Sequence[Row] = (POINT,), **rows: Sequence[Mapping[str, Any]]
) -> list[Any]:
    """Return the rows of a ``SELECT`` over ``parts``, as tuples in order."""
    sql = "WITH\n" + ",\n".join(tally.part(name, KPI) for name in parts.split()) + f"\n{select}"
    return sorted((tuple(row.values()) for row in answer_of(sql, points, **rows)[1]), key=str)


def school(**gias: Any) -> tuple[Any, ...]:
    """Return what the rules make of one school: region, phase, type group, in England, D2, independent."""
    columns = "region, phase, type_group, in_england, is_school, is_independent"
    register = register_of_schools({"urn": "100001", **gias})
    (row,) = rows_of("lists school_place school", f"SELECT {columns} FROM school", schools=register["schools"])
    return tuple(row)


def open_on(day: date, *schools: Row, links: Sequence[tuple[str, str]] = ()) -> set[str]:
    """Return the URNs that are open on a day."""
    register = register_of_schools(*schools, links=links)
    at = point(KPI, "year", 2025, day, **YEAR)
    found = rows_of(
        "points lineage open_school",
        "SELECT urn FROM open_school",
        [at],
        school_lineage=register["school_lineage"],
    )
    return {urn for (urn,) in found}


def test_every_part_is_used_and_tested_here() -> None:
    queries = [path.read_text(encoding="utf-8") for path in (COMPUTE / "kpis").glob("*/query.sql")]
    used = {name for query in queries for name in tally.uses(query)}
    assert used == {path.stem for path in tally.PARTS.glob("*.sql")} == {*TESTED}


TESTED = (
    "points",
    "lists",
    "lineage",
    "open_school",
    "school_place",
    "school",
    "named_school",
    "service_month",
    "transaction_month",
)


def test_points_are_the_days_of_the_kpi_and_of_no_other() -> None:
    other = {**POINT, "kpi": "provider-take-up", "as_of": date(2026, 7, 13)}
    found = rows_of("points", "SELECT period, as_of, is_current FROM points", [POINT, BEFORE, other])
    assert found == [(2024, date(2025, 7, 14), False), (2025, DAY, True)]


def test_lists_have_every_entry_of_the_definitions() -> None:
    entry = {"list": "colours", "code": "1", "value": "red"}
    assert rows_of("lists", "SELECT code, value FROM lists WHERE list = 'colours'", definitions=[entry]) == [
        ("1", "red")
    ]


def test_lineage_has_the_urn_that_a_school_counts_as_from_the_day_it_was_followed() -> None:
    closed = {"urn": "100001", "establishment_status": 2, "close_date": date(2026, 1, 31)}
    successor = {"urn": "100002", "open_date": date(2026, 2, 1)}
    register = register_of_schools(closed, successor, links=[("100001", "100002")])
    found = rows_of(
        "points lineage",
        "SELECT lineage.urn, lineage.counted_urn FROM points"
        " INNER JOIN lineage ON points.as_of BETWEEN lineage.valid_from AND lineage.valid_to",
        school_lineage=register["school_lineage"],
    )
    assert found == [("100001", "100002"), ("100002", "100002")]


@pytest.mark.parametrize(
    ("day", "urns"),
    [
        (date(2026, 1, 30), {"100001"}),
        (date(2026, 2, 1), {"100002"}),
        (DAY, {"100002"}),
    ],
)
def test_a_school_is_open_from_the_day_it_opens_until_it_closes(day: date, urns: set[str]) -> None:
    closed = {"urn": "100001", "establishment_status": 2, "close_date": date(2026, 1, 31)}
    assert open_on(day, closed, {"urn": "100002", "open_date": date(2026, 2, 1)}) == urns


def test_a_school_stands_where_its_codes_say_or_nowhere() -> None:
    rows = register_of_schools({"urn": "100001", "gor": "K"}, {"urn": "100002", "gor": "Z", "phase_of_education": 99})
    select = "SELECT urn, region, phase FROM school_place"
    assert rows_of("lists school_place", select, schools=rows["schools"]) == [
        ("100001", "E12000009", "primary"),
        ("100002", "not_available", "not_available"),
    ]


def test_a_school_has_region_phase_and_type_group_of_its_codes() -> None:
    assert school() == ("E12000007", "primary", "local_authority_maintained_schools", 1, 1, 0)


@pytest.mark.parametrize(
    ("gias", "in_england"),
    [({"gor": "W"}, 0), ({"type_of_establishment": 30}, 0), ({"establishment_type_group": 6}, 0), ({"gor": "A"}, 1)],
)
def test_a_school_is_abroad_by_region_type_or_type_group(gias: Row, in_england: int) -> None:
    assert school(**gias)[3] == in_england


def test_codes_that_no_list_knows_are_not_available_and_in_no_rule() -> None:
    unknown = {"gor": "?", "phase_of_education": 99, "establishment_type_group": 99}
    assert school(**unknown) == ("not_available", "not_available", "not_available", 1, 0, 0)


def test_a_type_group_outside_the_five_is_no_school_of_d2() -> None:
    assert school(establishment_type_group=1)[4] == 0


@pytest.mark.parametrize("gias", [{"establishment_type_group": 3}, {"type_of_establishment": 10}])
def test_an_independent_school_is_so_by_type_or_type_group(gias: Row) -> None:
    assert school(**gias)[4:] == (1, 1)


def test_a_urn_that_is_named_is_a_school_or_stands_for_none_or_is_not_in_the_register() -> None:
    rows = register_of_schools({"urn": "100001"}, {"urn": "100002", "gor": "W"}, {"urn": "100003"})
    sentinels = [{"list": "sentinel_urn", "code": code, "value": "x"} for code in ("100003", "999999")]
    other = {"list": "another_list", "code": "888888", "value": "x"}
    urns = "'100001', '100002', '100003', '888888', '999999'"
    select = f"SELECT urn, in_england, outside FROM named_school WHERE urn IN ({urns})"
    parts = "lists school_place school named_school"
    assert rows_of(parts, select, schools=rows["schools"], definitions=[*sentinels, other]) == [
        ("100001", 1, None),
        ("100002", 0, "not_in_england"),
        ("100003", 1, "sentinel"),
        ("999999", None, "sentinel"),
    ]


def test_a_month_is_expected_from_the_first_to_the_last_that_its_channel_exists() -> None:
    service = {"service": "find_placement_schools", "channel": "digital"}
    months = [date(2023, 7, 31), date(2023, 8, 31), date(2023, 10, 31)]
    reported = [{**service, "month_ends_on": end, "started": 3, "completed": 2} for end in months]
    twelve = point(KPI, "year", 202409, date(2024, 9, 30), period_start=date(2023, 10, 1), period_end=date(2024, 9, 30))
    earlier = point(KPI, "year", 202307, date(2023, 7, 31), period_start=date(2022, 8, 1), period_end=date(2023, 7, 31))
    exists = [
        {"list": "transactions_from", "code": "find_placement_schools/digital", "value": "2023-07-01"},
        {"list": "transactions_to", "code": "find_placement_schools/digital", "value": "2023-11-30"},
    ]
    select = "period, class, completed, in_source FROM transaction_month WHERE channel = 'digital'"
    found = rows_of(
        "points lists service_month transaction_month",
        f"SELECT {select} AND service = 'find_placement_schools'",
        [twelve, earlier],
        service_transactions=reported,
        definitions=exists,
    )
    # Of the twelve months to July 2023 the channel had one, and of those to September 2024 two: November is missing.
    assert found == [(202307, "online", 2, 0), (202409, "online", 2, 1), (202409, "online", None, 1)]
