"""No column of text takes any text: it holds a code of a list, or an id of a known form."""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from placements_kpi import codes, snapshots
from placements_kpi.settings import SOURCES
from tests.ingest.drops import allocation, application, choice, school, trainee, vacancy
from tests.sources import DECLARED, record

if TYPE_CHECKING:
    from placements_kpi.tables import Column, Table
    from tests.ingest.conftest import Place

NAMES = {("providers", "name"), ("schools", "establishment_name")}
"""What organisations are called in two public registers: the only texts that are stored as they come."""

TEXTS = (
    "CANARY-7",
    "Ada Lovelace",
    "ada@example.org",
    "QQ123456C",
    "+44 20 7946 0018",
    "MTIzNDU2Nzg5MDEyMzQ1Ng==",
    "1999-02-03",
    "He said: no!",
    "\u0661\u0662\u0663\u0664\u0665\u0666",
    "100001\n100002",
)


def provider(number: int, **changes: Any) -> dict[str, Any]:
    return {"code": f"A{number}", "recruitment_cycle_year": 2026, "name": "A provider", "ukprn": "10000571"} | changes


def course(number: int, **changes: Any) -> dict[str, Any]:
    return {"provider_code": "A1", "code": f"X{number}", "recruitment_cycle_year": 2026, "state": "draft"} | changes


def activity(number: int, **changes: Any) -> dict[str, Any]:
    return {"provider_code": f"A{number}", "sign_in_dates": []} | changes


MAKE: dict[str, tuple[str, Callable[..., dict[str, Any]]]] = {
    "application_choices": ("apply", choice),
    "trainees": ("register", trainee),
    "mentor_allocations": ("placements", allocation),
    "school_activity": ("placements", school),
    "provider_activity": ("placements", activity),
    "vacancies": ("vacancies", vacancy),
    "vacancy_applications": ("vacancies", application),
    "providers": ("providers", provider),
    "courses": ("providers", course),
}
MAKE |= {
    feed.table.name: (name, functools.partial(record, feed.table))
    for name, source in DECLARED.items()
    for feed in source.feeds
    if source.read is None and feed.table.name not in MAKE
}
"""Source of each table of JSON records, and what makes a good one."""


def tables() -> Iterator[Table]:
    for source in SOURCES:
        yield from importlib.import_module(f"functions.ingest_{source}.contract").TABLES


def columns(attribute: str) -> list[Any]:
    return [
        pytest.param(table.name, column, id=f"{table.name}.{column.name}")
        for table in tables()
        if table.name in MAKE
        for column in table.columns
        if getattr(column, attribute) is not None and column.from_source
    ]


def ingest(place: Place, table: str, rows: list[Any], **settings: Any) -> dict[str, Any]:
    source, _ = MAKE[table]
    feeds = importlib.import_module(f"functions.ingest_{source}.app").SOURCE.feeds
    files = {feed.name: rows if feed.table.name == table else [MAKE[feed.table.name][1](1)] for feed in feeds}
    place.drop(source, files)
    facts: dict[str, Any]
    (facts,) = [one for one in place.ingest(source, **settings)["tables"] if one["table"] == table]
    return facts


def test_every_text_that_is_stored_is_on_a_list_or_has_a_form() -> None:
    free = {
        (table.name, column.name)
        for table in tables()
        for column in table.columns
        if column.kind in {"string", "string[]"}
        and (column.from_source or column.codes)
        and not (column.key or column.codes or column.pattern)
    }
    numbers = {("schools", "urn"), ("school_links", "urn"), ("school_links", "link_urn")}  # read by digits alone
    # Tidied by their own ingest, to the ids of its file.
    assert free == NAMES | numbers | {
        ("application_choices", "rejection_reason_ids"),
        ("trainees", "withdrawal_reasons"),
    }


@pytest.mark.parametrize(("table", "column"), columns("codes"))
def test_a_text_in_the_place_of_a_code_is_unknown_and_counted(place: Place, table: str, column: Column) -> None:
    source, make = MAKE[table]
    known = sorted(column.codes or ())[0]
    texts = (*TEXTS, known, known.title())
    given: list[Any] = [[text, known] if column.kind == "string[]" else text for text in texts]
    facts = ingest(place, table, [make(number, **{column.name: value}) for number, value in enumerate(given, start=1)])
    stored = [row[column.name] for row in place.table(source, table)]
    held = {code for value in stored for code in (value if isinstance(value, list) else [value])}
    assert held == {known, codes.UNKNOWN}
    assert facts["kept"] == len(texts)
    if column.counted:
        assert facts["unknown_codes"] == {column.name: len(TEXTS) + 1}
    else:  # compared in small letters, as the check of the lists does
        assert facts["unknown_codes"] == {}


@pytest.mark.parametrize(("table", "column"), columns("pattern"))
def test_a_text_in_the_place_of_an_id_refuses_its_row(place: Place, table: str, column: Column) -> None:
    source, make = MAKE[table]
    bad = [make(9 + n, **{column.name: [text] if column.kind == "string[]" else text}) for n, text in enumerate(TEXTS)]
    facts = ingest(place, table, [make(1), make(2), *bad], max_refused_percent=100)
    assert (facts["kept"], facts["refused"]) == (2, {"not_an_id": len(TEXTS)})
    quarantine = place.json(place.manifest(source)["quarantine"])
    assert {row["column"] for row in quarantine["rows"]} == {column.name}


def test_a_placement_whose_urn_is_none_is_left_out_and_its_trainee_stays(place: Place) -> None:
    placements = [{"urn": urn} for urn in ("100001", None, "", *TEXTS, "2000006")]
    ingest(place, "trainees", [trainee(1, placements=placements)])
    (row,) = place.table("register", "trainees")
    assert row["placement_urns"] == ["100001"]


def test_what_is_in_the_entries_of_a_list_is_a_code_too(place: Place) -> None:
    entries = [{"academic_year": 2025, "appetite": text, "created_at": "2025-09-02T10:00:00Z"} for text in TEXTS]
    rows = [school(1, hosting_preferences=entries)]
    place.drop("placements", {"mentor_allocations": [allocation(1)], "school_activity": rows, "provider_activity": []})
    facts = {one["table"]: one for one in place.ingest("placements")["tables"]}
    assert facts["hosting_preferences"]["unknown_codes"] == {"appetite": len(TEXTS)}
    assert {row["appetite"] for row in place.table("placements", "hosting_preferences")} == {codes.UNKNOWN}


def test_a_code_that_is_new_on_a_list_has_all_of_the_source_read_again() -> None:
    source = importlib.import_module("functions.ingest_register.app").SOURCE
    (trainees,) = source.tables
    longer = tuple(
        replace(column, codes=column.codes | {"new"}) if column.name == "state" else column
        for column in trainees.columns
    )
    other = replace(source, tables=(replace(trainees, columns=longer),))
    assert snapshots.contract_digest(source) != snapshots.contract_digest(other)
    assert snapshots.contract_digest(source) != snapshots.contract_digest(replace(source, lists=()))


@pytest.mark.parametrize(
    ("pattern", "ids"),
    [
        (codes.RECORD_ID, ["1", "123456789012345678", "c12", "ap-7", "A13b", "3fa85f64-5717-4562-b3fc-2c963f66afa6"]),
        (codes.URN, ["100001", "900000", "00210"]),
        (codes.UKPRN, ["10000571"]),
        (codes.PROVIDER_CODE, ["1AB", "2N2", "gp"]),
        (codes.COURSE_CODE, ["X101", "2M8G"]),
        (codes.GROUP_ID, ["16000", "TR00123"]),
    ],
)
def test_the_ids_of_the_services_have_their_forms(pattern: str, ids: list[str]) -> None:
    assert all(re.fullmatch(pattern, one) for one in ids)
    assert not any(re.fullmatch(pattern, text) for text in TEXTS)
