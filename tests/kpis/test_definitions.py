"""Definitions are data: a row in a file changes the figures, and every list is total over what can come."""

from __future__ import annotations

import importlib
import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from functions.compute_kpis.catalogue import definitions
from functions.compute_kpis.catalogue.calendars import load_calendars
from functions.compute_kpis.catalogue.definitions import load_definitions
from functions.compute_kpis.catalogue.loading import load_kpi
from functions.compute_kpis.catalogue.points import points_of
from functions.ingest_apply import reasons
from functions.ingest_register import contract
from functions.ingest_schools import lineage
from local.sample.answers import REGION_CODES
from local.sample.trainees import ROUTES
from tests.kpis import world
from tests.kpis.test_ect_vacancies import at as at_vacancies
from tests.kpis.test_ect_vacancies import offer, vacancy
from tests.kpis.test_placement_rejections import at, choice, rejection
from tests.kpis.test_provider_take_up import PAIR, course, partner
from tests.kpis.test_provider_take_up import at as at_providers
from tests.kpis.test_trainee_withdrawals import outcome, trainee, withdrawn
from tests.kpis.world import Row, ask

if TYPE_CHECKING:
    from placements_kpi.tables import Table

DEFINITIONS = load_definitions()
FROM = "collected_from"


def codes(name: str) -> set[str]:
    return {entry.code for entry in DEFINITIONS.entries_of(name)}


def values(name: str) -> dict[str, str]:
    return {entry.code: entry.value for entry in DEFINITIONS.entries_of(name)}


def added(name: str, code: str, value: str) -> list[Row]:
    return [{"list": name, "code": code, "value": value}]


def known_to_contract(source: str, table: str, column: str) -> frozenset[str]:
    tables: tuple[Table, ...] = importlib.import_module(f"functions.ingest_{source}.contract").TABLES
    (found,) = [one for of in tables if of.name == table for one in of.columns if one.name == column]
    assert found.codes is not None
    return found.codes


# A row in a file alone changes the figures.


def test_a_reason_for_rejection_added_to_the_list_moves_from_unmapped_to_its_group() -> None:
    rows = [rejection("a", "no_room_in_school"), rejection("b", "qualifications")]
    before = ask("placement-rejections", [at()], application_choices=rows)
    after = ask(
        "placement-rejections",
        [at()],
        application_choices=rows,
        definitions=added("rejection_reason_group_of_id", "no_room_in_school", "placement"),
    )
    assert (before.rate("headline"), after.rate("headline")) == ((0, 1), (1, 2))
    unmapped = [one.count("candidates_by_reason_group", "reason_group", "unmapped") for one in (before, after)]
    assert unmapped == [1, 0]


def test_a_status_added_to_the_list_decides_who_was_turned_away() -> None:
    rows = [rejection("a", "course_full"), choice("a", status="place_held")]
    before = ask("placement-rejections", [at()], application_choices=rows)
    after = ask(
        "placement-rejections",
        [at()],
        application_choices=rows,
        definitions=added("choice_status_class", "place_held", "place"),
    )
    assert (before.rate("turned_away"), after.rate("turned_away")) == ((1, 1), (0, 1))


def test_a_reason_for_withdrawal_added_to_the_list_leaves_other() -> None:
    rows = [withdrawn("no_mentor_found")]
    before = ask("trainee-withdrawals", [outcome()], trainees=rows)
    after = ask(
        "trainee-withdrawals",
        [outcome()],
        trainees=rows,
        definitions=added("withdrawal_reason_group_of_id", "no_mentor_found", "placement_and_school"),
    )
    groups = [one.categories("withdrawals_by_reason_group", "reason_group") for one in (before, after)]
    assert groups == [{"other": 1}, {"placement_and_school": 1}]


def test_a_state_of_a_trainee_added_to_the_list_is_a_withdrawal() -> None:
    rows = [trainee(state="left_early", withdrawal_date=date(2025, 3, 3))]
    before = ask("trainee-withdrawals", [outcome()], trainees=rows)
    after = ask(
        "trainee-withdrawals",
        [outcome()],
        trainees=rows,
        definitions=added("trainee_state_class", "left_early", "withdrawn"),
    )
    assert (before.rate("outcome_rate"), after.rate("outcome_rate")) == ((0, 0), (1, 1))


def test_a_region_code_added_to_the_list_is_no_longer_not_available() -> None:
    providers = [*PAIR["providers"], partner("P02", region_code="greater_london")]
    rows = {"providers": providers, "courses": [*PAIR["courses"], course("P02", "A01")]}
    before = ask("provider-take-up", [at_providers()], **rows)
    after = ask(
        "provider-take-up",
        [at_providers()],
        **rows,
        definitions=added("region_of_publish", "greater_london", "E12000007"),
    )
    assert before.rate("headline", "region", "not_available") == (0, 1)
    assert before.rate("headline", "region", "E12000007") == (0, 2)
    assert after.rate("headline", "region", "E12000007") == (0, 3)


def test_a_job_role_added_to_the_list_makes_a_vacancy_count() -> None:
    rows = {"vacancies": [vacancy("v", job_roles=["lecturer", "dean"])], "vacancy_applications": [offer("v", None)]}
    before = ask("ect-vacancies", [at_vacancies()], **rows)
    after = ask(
        "ect-vacancies", [at_vacancies()], **rows, definitions=added("counted_job_role", "lecturer", "Lecturer")
    )
    assert (before.count("all_filled"), after.count("all_filled")) == (0, 1)


@pytest.mark.parametrize("opens", ["08-01", "09-01"])
def test_the_register_year_begins_when_the_calendar_says(opens: str) -> None:
    rows = world.register_of_schools({"urn": "100001"}) | {
        "trainees": [trainee(trainee_start_date=date(2025, 8, 15), placement_urns=["100001"])]
    }
    day = world.point(
        "school-participation",
        "year",
        2025,
        date(2026, 7, 14),
        period_start=date(2025, 9, 1),
        period_end=date(2026, 8, 31),
    )
    figures = ask(
        "school-participation", [day], **rows, definitions=added("academic_year_opens", "register_year", opens)
    )
    assert figures.count("register_placement_schools") == (1 if opens == "08-01" else 0)


def test_a_cycle_added_to_the_calendar_has_points(tmp_path: Path) -> None:
    day = date(2028, 11, 15)
    for path in definitions.FOLDER.glob("*.csv"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    calendar = tmp_path / "calendar.csv"
    rows = "recruitment_cycle_opens,2028,2027-10-12\nrecruitment_cycle_closes,2028,2028-09-29\n"
    calendar.write_text(calendar.read_text(encoding="utf-8") + rows, encoding="utf-8")
    changed = load_definitions(tmp_path)
    kpi = load_kpi(world.COMPUTE / "kpis" / "placement-rejections", changed)
    with pytest.raises(Exception, match="the calendar needs cycle 2029"):
        points_of(kpi.description, day, load_calendars(changed))
    points = points_of(kpi.description, date(2028, 9, 15), load_calendars(changed))
    (current,) = [one for one in points if one.is_current]
    assert (current.period, current.period_start) == (2028, date(2027, 10, 12))
    with pytest.raises(Exception, match="the calendar needs cycle 2028"):
        points_of(kpi.description, day, load_calendars(DEFINITIONS))


# Every list is total over what the contracts know and over what the sample holds.


@pytest.mark.parametrize(
    ("source", "table", "column", "lists"),
    [
        ("apply", "application_choices", "status", ["choice_status_class"]),
        ("apply", "application_choices", "course_level", ["course_level_class"]),
        ("apply", "application_choices", "rejection_reasons_type", ["rejection_reason_format"]),
        ("register", "trainees", "state", ["trainee_state_class"]),
        ("register", "trainees", "training_route", ["training_route_class"]),
        (
            "apply",
            "application_choices",
            "provider_region_code",
            ["region_of_publish", "not_in_england_publish_region", "publish_region_without_region"],
        ),
        (
            "providers",
            "providers",
            "region_code",
            ["region_of_publish", "not_in_england_publish_region", "publish_region_without_region"],
        ),
        ("vacancies", "vacancy_applications", "qualified_teacher_status", ["qualified_teacher_status_class"]),
        ("vacancies", "vacancies", "hired_status", ["hired_status_outcome"]),
        ("vacancies", "vacancy_applications", "status", ["vacancy_application_status_class"]),
        ("schools", "schools", "gor", ["region_of_gor", "not_in_england_gor", "gor_without_region"]),
        ("schools", "schools", "phase_of_education", ["phase_of_gias"]),
        ("schools", "schools", "establishment_type_group", ["type_group_of_gias", "not_in_england_type_group"]),
    ],
)
def test_a_list_has_every_code_of_the_contract_once(source: str, table: str, column: str, lists: list[str]) -> None:
    found = [code for name in lists for code in codes(name)]
    assert sorted(found) == sorted(known_to_contract(source, table, column))


def test_the_reasons_for_withdrawal_that_are_kept_are_those_that_have_a_group() -> None:
    assert codes("withdrawal_reason_group_of_id") == contract.WITHDRAWAL_REASONS
    assert contract.UNMAPPED not in contract.WITHDRAWAL_REASONS


def test_roles_and_states_that_a_rule_names_are_kept() -> None:
    assert codes("counted_job_role") <= known_to_contract("vacancies", "vacancies", "job_roles")
    assert codes("running_course_state") <= known_to_contract("providers", "courses", "state")


def test_statuses_of_schools_are_open_closed_or_proposed() -> None:
    known = known_to_contract("schools", "schools", "establishment_status")
    assert sorted(map(str, [*lineage.OPEN, *lineage.CLOSED, *lineage.PROPOSED])) == sorted(known)


def test_types_of_school_that_a_rule_names_are_types() -> None:
    types = known_to_contract("schools", "schools", "type_of_establishment")
    assert codes("not_in_england_type") | codes("not_in_d3_type") <= types
    groups = known_to_contract("schools", "schools", "establishment_type_group")
    assert codes("d2_type_group") | codes("not_in_d3_type_group") | codes("not_in_england_type_group") <= groups


def test_whatever_maps_to_a_category_maps_to_one_there_is() -> None:
    for mapping, categories in {
        "region_of_gor": "english_regions",
        "region_of_publish": "english_regions",
        "phase_of_gias": "school_phases",
        "type_group_of_gias": "establishment_type_groups",
    }.items():
        assert set(values(mapping).values()) <= codes(categories), mapping
    assert set(values("withdrawal_reason_group_of_id").values()) == codes("withdrawal_reason_groups") | {"moved"}
    assert set(values("rejection_reason_group_of_id").values()) - codes("rejection_reason_groups") == {"not_a_reason"}


def test_every_reason_that_ingest_keeps_has_a_group() -> None:
    kept = {reason for reason in reasons.KNOWN if reason not in reasons.SENSITIVE} | {"other"}
    leaves = set(reasons.PARENTS) | set(reasons.VENDOR_CODES)
    assert kept | leaves <= codes("rejection_reason_group_of_id")
    groups = values("rejection_reason_group_of_id")
    assert {groups[reason] for reason in reasons.NOT_REASONS} == {"not_a_reason"}


def test_every_reason_that_has_a_group_is_stored_as_one_of_that_group() -> None:
    groups = values("rejection_reason_group_of_id")
    for given, group in groups.items():
        (kept,) = reasons.tidy([given])
        assert groups[kept.split(".")[0]] == group, given


def test_a_leaf_and_its_parent_are_in_one_group() -> None:
    groups = values("rejection_reason_group_of_id")
    for leaf, parent in {**reasons.PARENTS, **reasons.VENDOR_CODES}.items():
        assert groups[leaf] == groups[parent], leaf


@pytest.mark.parametrize("kind", ["rejection_reason", "withdrawal_reason"])
def test_every_reason_says_from_when_it_was_collected(kind: str) -> None:
    starts, ends = values(f"{kind}_{FROM}"), values(f"{kind}_collected_before")
    assert starts.keys() == codes(f"{kind}_group_of_id")
    assert ends.keys() <= starts.keys()
    for reason, end in ends.items():
        assert date.fromisoformat(starts[reason]) < date.fromisoformat(end), reason


def test_the_days_on_which_the_withdrawal_reasons_changed_are_breaks_of_the_series() -> None:
    kpi = load_kpi(world.COMPUTE / "kpis" / "trainee-withdrawals", DEFINITIONS).description
    ended = {date.fromisoformat(day) for day in values("withdrawal_reason_collected_before").values()}
    assert {one.on for one in kpi.breaks} == ended


def test_reasons_renamed_are_in_the_group_of_their_new_names() -> None:
    groups = values("withdrawal_reason_group_of_id")
    for old, new in values("withdrawal_reason_renamed").items():
        assert groups[old] == groups[new]


def test_lists_know_what_the_sample_holds() -> None:
    assert {route.lower() for route in ROUTES} <= codes("training_route_class")
    assert set(REGION_CODES) == codes("region_of_publish")


def test_queries_name_no_code_of_a_source_that_a_list_holds() -> None:
    """What a class is called may be in a query; a code that a list translates into another word may not."""
    translated = {
        entry.code
        for entry in DEFINITIONS.entries
        if entry.list.endswith(
            ("_class", "_outcome", "_of_id", "_of_gias", "_of_publish", "_of_gor", "counted_job_role")
        )
    }
    words = {entry.value for entry in DEFINITIONS.entries} | codes("rejection_reason_groups")
    words |= codes("withdrawal_reason_groups") | codes("vacancy_classes")
    for path in sorted([*(world.COMPUTE / "kpis").glob("*/query.sql"), *(world.COMPUTE / "parts").glob("*.sql")]):
        lines = path.read_text(encoding="utf-8").splitlines()
        text = "\n".join(line.partition("--")[0] for line in lines)
        named = set(re.findall(r"'([^']*)'", text))
        assert named & (translated - words) == set(), path


@pytest.mark.parametrize(
    ("name", "shape"),
    [("vacancy_rule", r"\d+"), ("rejection_reason_first_cycle", r"\d{4}"), ("academic_year_opens", r"\d{2}-\d{2}")],
)
def test_a_value_that_a_query_reads_as_a_number_or_a_day_is_plain(name: str, shape: str) -> None:
    # Athena refuses a space or a point that the local engine reads over (docs/sql-portability.md).
    values = {entry.value for entry in load_definitions().entries_of(name)}
    assert {value for value in values if not re.fullmatch(shape, value)} == set()
