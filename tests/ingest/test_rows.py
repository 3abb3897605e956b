"""What a row becomes: London days, pseudonyms, TRNs, lists, duplicates, and nothing that is not in the contract."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from placements_kpi import columnar, records, times
from placements_kpi.failures import UnforeseenError
from placements_kpi.london_days import london_days
from placements_kpi.pseudonyms import normalise_trn
from placements_kpi.runs import RefusedError
from tests.ingest.conftest import KEY, Place
from tests.ingest.drops import Rows, allocation, application, choice, choices, school, trainee, vacancy


def token(kind: str, value: str) -> str:
    """Return the pseudonym as sources#pseudonymous-keys words it, worked out here another way."""
    message = f"school-placements-kpi|{kind}|v1|{value}".encode()
    return hmac.new(KEY.encode(), message, hashlib.sha256).hexdigest()


def one(rows: list[dict[str, Any]], **wanted: Any) -> dict[str, Any]:
    (row,) = [row for row in rows if all(row[name] == value for name, value in wanted.items())]
    return row


@pytest.mark.parametrize(
    ("instant", "utc", "day"),
    [
        ("2026-06-30T23:30:00Z", datetime(2026, 6, 30, 23, 30), date(2026, 7, 1)),
        ("2026-01-31T23:30:00Z", datetime(2026, 1, 31, 23, 30), date(2026, 1, 31)),
        ("2026-07-01T00:30:00+01:00", datetime(2026, 6, 30, 23, 30), date(2026, 7, 1)),
        ("2026-06-30T23:30:00", datetime(2026, 6, 30, 23, 30), date(2026, 7, 1)),
        ("2026-03-28T23:59:59.999Z", datetime(2026, 3, 28, 23, 59, 59, 999000), date(2026, 3, 28)),
        ("2026-03-29T00:59:59Z", datetime(2026, 3, 29, 0, 59, 59), date(2026, 3, 29)),
        ("2026-03-29T23:00:00Z", datetime(2026, 3, 29, 23), date(2026, 3, 30)),
        ("2025-10-25T23:00:00Z", datetime(2025, 10, 25, 23), date(2025, 10, 26)),
        ("2025-10-26T23:00:00Z", datetime(2025, 10, 26, 23), date(2025, 10, 26)),
        ("2026-06-30", datetime(2026, 6, 30), date(2026, 6, 30)),
        ("2026-01-31", datetime(2026, 1, 31), date(2026, 1, 31)),
        ("2026-06-30 10:00:00-0500", datetime(2026, 6, 30, 15), date(2026, 6, 30)),
    ],
)
def test_an_instant_has_its_london_day_beside_it(place: Place, instant: str, utc: datetime, day: date) -> None:
    place.drop("apply", {"application_choices": [choice(1, rejected_at=instant)]})
    place.ingest("apply")
    (row,) = place.table("apply", "application_choices")
    assert (row["rejected_at"], row["rejected_on"]) == (utc, day)


@given(st.lists(st.datetimes(datetime(1900, 1, 1), datetime(2100, 12, 31)), max_size=20))
def test_days_of_a_column_are_the_days_of_its_instants(instants: list[datetime]) -> None:
    days = london_days(pa.array([*instants, None], pa.timestamp("us"))).to_pylist()
    assert days == [*(times.london_day(instant.replace(tzinfo=UTC)) for instant in instants), None]


@pytest.mark.parametrize(
    "given_day", ["2026-06-30T00:00:00", "2026-06-30T00:00:00Z", "30/06/2026", 20260630, "1751200000"]
)
def test_a_day_is_not_read_from_an_instant(place: Place, given_day: Any) -> None:
    place.drop("register", {"trainees": [*(trainee(n) for n in range(2, 202)), trainee(1, defer_date=given_day)]})
    assert place.ingest("register")["tables"][0]["refused"] == {"wrong_type": 1}


def test_rows_as_bigquery_writes_them_are_the_same_snapshot(place: Place) -> None:
    plain: list[Any] = [
        choice(number, rejected_at="2026-03-05T10:00:00.123456Z", course_code=None) for number in range(1, 41)
    ]
    place.drop("apply", {"application_choices": plain})
    expected = place.ingest("apply")["snapshot"]
    written: list[Any] = [
        row
        | {
            "recruitment_cycle_year": "2026",
            "rejected_by_default": "false",
            "hide_in_reporting": "FALSE",
            "rejected_at": "2026-03-05 10:00:00.123456 UTC",
            "updated_at": "2026-03-01 10:00:00 UTC" if number % 2 else "2026-03-01 10:00:00+00",
            "course_code": "null" if number % 2 else "",
            "funding_type": "",
        }
        for number, row in enumerate(plain)
    ]
    place.drop("apply", {"application_choices": written})
    summary = place.ingest("apply")
    assert summary["tables"][0]["refused"] == {}
    assert summary["snapshot"] == expected


def test_only_a_whole_value_is_nothing_and_only_of_a_name(place: Place) -> None:
    texts = ['":"null",', '"", "null"', "null and void", ':""}', ":"]
    rows: list[Any] = [
        {"code": f"A{number}", "recruitment_cycle_year": 2026, "name": text} for number, text in enumerate(texts)
    ]
    place.drop("providers", {"providers": rows, "courses": []})
    place.ingest("providers")
    stored = place.table("providers", "providers")
    assert [one(stored, code=f"A{number}")["name"] for number in range(len(texts))] == texts


def test_person_identifiers_become_pseudonyms_of_their_kind(place: Place) -> None:
    place.drop("register", {"trainees": [trainee(1, trainee_id=" t1 ", trn="0012345")]})
    place.ingest("register")
    (row,) = place.table("register", "trainees")
    assert row["trainee_id"] == token("trainee", "t1")
    assert row["trn"] == token("trn", "0012345")
    assert place.manifest("register")["key_id"] not in {KEY, hashlib.sha256(KEY.encode()).hexdigest()[:12]}


@pytest.mark.parametrize(
    ("given_trn", "trn", "problem"),
    [
        ("1234566", "1234566", None),
        ("12345", "0012345", None),
        ("RP99/12345", "9912345", None),
        (" 12-34 566 ", "1234566", None),
        ("RP/12345", "0012345", None),
        ("-1234566", "1234566", None),
        ("TRN 12 34566", "1234566", None),
        ("trn1234566", "1234566", None),
        ("R P 9 9 / 1 2 3 4 5", "9912345", None),
        ("1234", None, "too_short"),
        ("12-34", None, "too_short"),
        ("1234-56789", None, "too_long"),
        ("unknown", None, "not_a_trn"),
        ("RP", None, "not_a_trn"),
        ("QQ 12 34 56 C", None, "not_a_trn"),
        ("a1b2c3d4e5f6a7".ljust(64, "f"), None, "not_a_trn"),
        ("\uff11\uff12\uff13\uff14\uff15\uff16\uff16", None, "not_a_trn"),
        ("\u0661\u0662\u0663\u0664\u0665\u0666\u0666", None, "not_a_trn"),
        ("12/34/566", None, "not_a_trn"),
        ("RP/99/12345", None, "not_a_trn"),
        ("1234566/", None, "not_a_trn"),
        ("RPTRN1234566", None, "not_a_trn"),
        ("12RP34566", None, "not_a_trn"),
        ("TRN: 1234566", None, "not_a_trn"),
        ("1234566.0", None, "not_a_trn"),
        ("1234566\n7", None, "not_a_trn"),
        ("3YDXqHM0HUkZNshRlkqXkxlfN+ZG9oCd1UbilG9G0oM=", None, "not_a_trn"),
        ("MTIzNDU2Ng==", None, "not_a_trn"),
        ("d41d8cd98f00b204e9800998ecf8427e", None, "not_a_trn"),
        ("6f1ed002-ab55-9591-8190-141852000000", None, "not_a_trn"),
        ("QQ123456C", None, "not_a_trn"),
        ("t1234566@example.org", None, "not_a_trn"),
        ("1999-02-03", None, "not_a_trn"),
        ("03/02/1999", None, "not_a_trn"),
        ("1999-02-03T00:00:00Z", None, "not_a_trn"),
        ("19990203", None, "too_long"),
        ("+44 20 7946 0018", None, "not_a_trn"),
        ("1.234566e6", None, "not_a_trn"),
        ("12345678", None, "too_long"),
        ("999999998", None, "too_long"),
        ("999999999", None, "too_long"),
        ("0000000", None, "repeated_digit"),
        ("77777", None, "repeated_digit"),
        ("1234567", None, "known_placeholder"),
        ("RP12/34567", None, "known_placeholder"),
        ("", None, None),
        ("  ", None, None),
    ],
)
def test_a_trn_is_normalised_or_refused_with_a_reason(given_trn: str, trn: str | None, problem: str | None) -> None:
    assert normalise_trn(given_trn) == (trn, problem)


def test_trns_that_cannot_be_used_are_counted_and_their_rows_kept(place: Place) -> None:
    given = ["1234567", "999999999", "12", "1111111", "QQ 20 00 00 A", None, "2000006"]
    place.drop("register", {"trainees": [trainee(n, trn=trn) for n, trn in enumerate(given)]})
    summary = place.ingest("register")
    assert summary["tables"][0]["kept"] == 7
    assert summary["notes"] == {
        "trn_known_placeholder": 1,
        "trn_not_a_trn": 1,
        "trn_repeated_digit": 1,
        "trn_too_long": 1,
        "trn_too_short": 1,
    }
    rows = place.table("register", "trainees")
    assert sum(row["trn"] is None for row in rows) == 6
    assert sum(row["trn"] is None and row["trn_problem"] is None for row in rows) == 1


def masked(number: int) -> str:
    """Return what BigQuery shows of a number to a role that sees hashes in place of a hidden column."""
    return base64.b64encode(hashlib.sha256(str(number).encode()).digest()).decode()


@pytest.mark.parametrize("source", ["register", "placements", "vacancies"])
def test_a_masked_column_of_trns_refuses_the_snapshot_and_is_named(place: Place, source: str) -> None:
    rows = [masked(number) for number in range(200)]
    files = {
        "register": {"trainees": [trainee(n, trn=trn) for n, trn in enumerate(rows)]},
        "placements": {
            "mentor_allocations": [allocation(n, trn=trn) for n, trn in enumerate(rows)],
            "school_activity": [school(1)],
            "provider_activity": [],
        },
        "vacancies": {"vacancies": [vacancy(1)], "applications": [application(n, trn=t) for n, t in enumerate(rows)]},
    }
    place.drop(source, files[source])
    with pytest.raises(RefusedError, match=r"200 of 200 TRNs .*\(not_a_trn 200\); .*masked") as refused:
        place.ingest(source)
    assert not any(trn in str(refused.value) for trn in rows)
    assert place.current(source) is None


def test_few_unusable_trns_are_no_reason_to_refuse_and_the_limit_is_a_setting(place: Place) -> None:
    given = ["12", *(["no"] * 19), *(str(2000000 + number) for number in range(180))]
    place.drop("register", {"trainees": [trainee(n, trn=trn) for n, trn in enumerate(given)]})
    with pytest.raises(RefusedError, match=r"20 of 200 TRNs .*\(not_a_trn 19, too_short 1\); at most 9.5% may"):
        place.ingest("register", max_unusable_trn_percent=9.5)
    assert place.ingest("register")["outcome"] == "accepted"


def test_a_trn_already_keyed_by_its_owner_joins_with_one_keyed_here(place: Place) -> None:
    keyed = token("trn", "2000001")
    place.drop(
        "vacancies",
        {
            "vacancies": [vacancy(1)],
            "applications": [
                *(application(number, trn=None) for number in range(10, 210)),
                application(1, trn="2000001"),
                application(2, trn=None, trn_token=keyed),
                application(3, trn="12", trn_token=keyed),
                application(4, trn=None, trn_token="2000001"),
                application(5, status="draft", trn=None),
            ],
        },
    )
    summary = place.ingest("vacancies")
    rows = place.table("vacancies", "vacancy_applications")
    assert one(rows, application_id="ap1")["trn"] == one(rows, application_id="ap2")["trn"] == keyed
    assert (one(rows, application_id="ap3")["trn"], one(rows, application_id="ap3")["trn_problem"]) == (
        None,
        "too_short",
    )
    assert summary["tables"][1]["refused"] == {"wrong_type": 1}  # a raw TRN where a token should be
    assert summary["notes"]["vacancy_applications_left_out"] == 1  # the draft


def test_placements_of_a_trainee_become_their_urns(place: Place) -> None:
    given: Rows = [
        trainee(1, placements=[{"urn": "100002"}, {"urn": "100001"}, {"urn": "100002"}, {"urn": None}, {"name": "x"}]),
        trainee(2, placements=[]),
        trainee(3, placements=None, trn=None),
    ]
    place.drop("register", {"trainees": given})
    place.ingest("register")
    rows = place.table("register", "trainees")
    assert one(rows, trainee_id=token("trainee", "t1"))["placement_urns"] == ["100001", "100002"]
    assert one(rows, trainee_id=token("trainee", "t2"))["placement_urns"] == []
    assert one(rows, trainee_id=token("trainee", "t3"))["placement_urns"] is None


def test_only_listed_reasons_for_withdrawal_are_kept(place: Place) -> None:
    given = ["Got_A_Job", "unknown", "Her mother was ill", "ada.lovelace", "no_mentor", ""]
    place.drop("register", {"trainees": [trainee(1, withdrawal_reasons=given)]})
    place.ingest("register")
    assert place.table("register", "trainees")[0]["withdrawal_reasons"] == ["got_a_job", "unknown", "unmapped"]


def test_lists_of_a_school_become_rows_of_their_own(place: Place) -> None:
    place.drop("placements", {"mentor_allocations": [allocation(1)], "school_activity": [school(1), school(2)], **_p()})
    summary = place.ingest("placements")
    facts = {table["table"]: table for table in summary["tables"]}
    assert (facts["hosting_preferences"]["kept"], facts["school_placements"]["kept"]) == (2, 4)
    preference = one(place.table("placements", "hosting_preferences"), school_urn="100001")
    assert preference == {
        "school_urn": "100001",
        "academic_year": 2025,
        "appetite": "interested",
        "created_at": datetime(2025, 9, 2, 10),
        "created_on": date(2025, 9, 2),
    }


def test_a_bad_entry_of_a_list_quarantines_the_whole_school(place: Place) -> None:
    bad = school(999, placements=[{"academic_year": 2025}, {"academic_year": "2025/26"}])
    place.drop(
        "placements",
        {"mentor_allocations": [allocation(1)], "school_activity": [*(school(n) for n in range(1, 202)), bad], **_p()},
    )
    summary = place.ingest("placements")
    facts = {table["table"]: table for table in summary["tables"]}
    assert facts["school_activity"]["refused"] == {"wrong_type": 1}
    assert facts["school_placements"]["rows_in"] == 402
    (row,) = place.json(place.manifest("placements")["quarantine"])["rows"]
    assert (row["row"], row["column"]) == (202, "placements.academic_year")


def test_an_absent_list_of_sign_ins_is_not_an_empty_one(place: Place) -> None:
    absent = {name: value for name, value in school(1).items() if name != "sign_in_dates"}
    schools: Rows = [absent, school(2, sign_in_dates=None), school(3, sign_in_dates=[])]
    place.drop("placements", {"mentor_allocations": [allocation(1)], "school_activity": schools, **_p()})
    place.ingest("placements")
    rows = place.table("placements", "school_activity")
    assert {row["school_urn"]: row["sign_in_dates"] for row in rows} == {"100001": None, "100002": None, "100003": []}


def test_of_duplicates_the_newest_stays_and_of_equally_new_ones_the_later_row(place: Place) -> None:
    rows: Rows = [
        *choices(1000),
        choice(1001, status="rejected", updated_at="2026-06-02T00:00:00Z"),
        choice(1001, status="offer", updated_at="2026-06-01T00:00:00Z"),
        choice(1002, status="rejected", updated_at="2026-06-01T00:00:00Z"),
        choice(1002, status="offer", updated_at="2026-06-01T01:00:00+01:00"),
        choice(1003, status="offer", updated_at="2026-06-01T00:00:00Z"),
        choice(1003, status="rejected", updated_at=None),
    ]
    place.drop("apply", {"application_choices": rows})
    summary = place.ingest("apply")
    assert {name: summary["tables"][0][name] for name in ("rows_in", "kept", "duplicates")} == {
        "rows_in": 1006,
        "kept": 1003,
        "duplicates": 3,
    }
    stored = place.table("apply", "application_choices")
    assert [one(stored, id=number)["status"] for number in ("1001", "1002", "1003")] == ["rejected", "offer", "offer"]


def test_a_draft_is_left_out_only_once_the_newest_row_of_its_application_has_won(place: Place) -> None:
    offer = {"status": "offered", "offered_at": "2026-01-20T12:00:00Z", "updated_at": "2026-01-20T12:00:00Z"}
    draft = {"status": "draft", "submitted_at": None, "updated_at": "2026-01-25T12:00:00Z"}
    older = {**draft, "updated_at": "2026-01-10T12:00:00Z"}
    rows: Rows = [
        *(application(number) for number in range(10, 310)),
        application(1, **offer),
        application(1, **draft),
        application(2, **offer),
        application(2, **older),
        application(3, **draft),
    ]
    place.drop("vacancies", {"vacancies": [vacancy(1)], "applications": rows})
    summary = place.ingest("vacancies")
    kept = {row["application_id"]: row["status"] for row in place.table("vacancies", "vacancy_applications")}
    assert "ap1" not in kept
    assert "ap3" not in kept
    assert kept["ap2"] == "offered"
    facts = {table["table"]: table for table in summary["tables"]}["vacancy_applications"]
    assert (facts["rows_in"], facts["kept"], facts["duplicates"]) == (303, 301, 2)
    assert summary["notes"]["vacancy_applications_left_out"] == 2


def test_a_refused_row_still_hides_its_candidate(place: Place) -> None:
    hidden = {"hide_in_reporting": True}
    rows: Rows = [
        *choices(1000),
        choice(1001, candidate_id="C1", recruitment_cycle_year="last year", **hidden),
        choice(1002, candidate_id=2, **hidden),
        choice(1003, candidate_id="C3", hide_in_reporting="yes"),
        choice(1004, candidate_id=" C4 ", structured_rejection_reasons=17, **hidden),
        choice(1005, candidate_id="C5", recruitment_cycle_year="last year"),
        choice(1006, candidate_id="C6", hide_in_reporting="no"),
        '{"candidate_id": "C7", "hide_in_reporting": true',
        choice(1008, candidate_id=None, status=None, **hidden),
        choice(1009, candidate_id="2", hide_in_reporting=None),
    ]
    place.drop("apply", {"application_choices": rows})
    summary = place.ingest("apply")
    assert sum(summary["tables"][0]["refused"].values()) == 8
    stored = place.table("apply", "application_choices")
    assert {row["id"] for row in stored if row["hide_in_reporting"]} == {"1", "3", "4", "1009"}
    assert one(stored, id="5")["hide_in_reporting"] is False


def test_entries_of_a_school_that_lost_as_a_duplicate_go_with_it(place: Place) -> None:
    schools: Rows = [
        school(1, updated_at="2026-01-01T00:00:00Z", placements=[{"academic_year": 2024}] * 3),
        *(school(number) for number in range(2, 302)),
        school(1, updated_at="2026-01-02T00:00:00Z", placements=[{"academic_year": 2025}]),
    ]
    place.drop("placements", {"mentor_allocations": [allocation(1)], "school_activity": schools, **_p()})
    summary = place.ingest("placements", max_duplicate_percent=2)
    facts = {table["table"]: table for table in summary["tables"]}
    assert facts["school_placements"]["duplicates"] == 3
    placements = [row for row in place.table("placements", "school_placements") if row["school_urn"] == "100001"]
    assert [row["academic_year"] for row in placements] == [2025]


def test_provider_codes_are_upper_case_everywhere(place: Place) -> None:
    place.drop("placements", {"mentor_allocations": [allocation(1)], "school_activity": [school(1)], **_p("2n2")})
    place.ingest("placements")
    assert place.table("placements", "mentor_allocations")[0]["provider_code"] == "1AB"
    assert place.table("placements", "provider_activity")[0]["provider_code"] == "2N2"
    place.drop(
        "providers",
        {
            "providers": [
                {"code": "1ab", "recruitment_cycle_year": 2025, "name": "Old", "changed_at": "2025-01-01T00:00:00Z"},
                *({"code": f"A{n:03}", "recruitment_cycle_year": 2025} for n in range(200)),
                {"code": "1AB ", "recruitment_cycle_year": 2025, "name": "New", "changed_at": "2025-01-02T00:00:00Z"},
                {"code": "1AB", "recruitment_cycle_year": 2024, "name": "Another cycle"},
            ],
            "courses": [
                {"provider_code": "1ab", "code": "X1", "accredited_body_code": "2n2", "recruitment_cycle_year": 2025},
                {"provider_code": "9ZZ", "code": "X1", "recruitment_cycle_year": 2025},
            ],
        },
    )
    summary = place.ingest("providers")
    providers = place.table("providers", "providers")
    assert one(providers, code="1AB", recruitment_cycle_year=2025)["name"] == "New"
    assert one(place.table("providers", "courses"), provider_code="1AB")["accredited_body_code"] == "2N2"
    assert summary["notes"] == {"courses_without_provider": 1}


def test_orphans_are_counted_and_kept(place: Place) -> None:
    rows: Rows = [application(1), application(2, vacancy_id="v8"), application(3, vacancy_id="v9")]
    place.drop("vacancies", {"vacancies": [vacancy(1)], "applications": rows})
    summary = place.ingest("vacancies")
    assert summary["notes"]["applications_without_vacancy"] == 2
    assert len(place.table("vacancies", "vacancy_applications")) == 3


def test_a_blank_text_is_no_text(place: Place) -> None:
    place.drop(
        "apply", {"application_choices": [choice(1, provider_region_code=" ", candidate_id=" ", course_code="")]}
    )
    place.ingest("apply")
    (row,) = place.table("apply", "application_choices")
    assert (row["provider_region_code"], row["candidate_id"], row["course_code"]) == (None, None, None)


PERSONAL = {
    "first_name": "MARKER-a",
    "email": "MARKER-b@example.org",
    "rejection_reason": "MARKER-c was rude",
    "offer_withdrawal_reason": "MARKER-d",
    "name": {"first": ["MARKER-e"]},
    "withdrawal_another_reason": "MARKER-f",
}
"""Fields that are in no contract, with a mark that must never be seen again."""


def test_no_identifier_and_no_field_outside_the_contract_is_written_or_logged(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    structured = {
        "selected_reasons": [
            {
                "id": "MARKER-g said no",
                "details": {"text": "MARKER-h"},
                "selected_reasons": [{"id": "x", "label": "MARKER-i"}],
            }
        ]
    }
    bad_choice = choice(8801, candidate_id="MARKER-j", recruitment_cycle_year="MARKER-k", id="MARKER-l") | PERSONAL
    rejected = choice(1, candidate_id="MARKER-m", status="rejected", structured_rejection_reasons=structured) | PERSONAL
    not_json = '{"id": "MARKER-n", "candidate_id": "MARKER-o"'
    place.drop("apply", {"application_choices": [*choices(300)[1:], rejected, bad_choice, not_json]})
    place.ingest("apply")

    some = [trainee(number) for number in range(2, 202)]
    marked = trainee(1, trainee_id="MARKER-p", trn="MARKER 7654321", withdrawal_reasons=["MARKER-q died"]) | PERSONAL
    marked["placements"] = [{"urn": "100001", "name": "MARKER-r", "address": "MARKER-s"}]
    place.drop("register", {"trainees": [*some, marked, trainee(3, trainee_id="MARKER-t", state=None, trn="7654322")]})
    place.ingest("register")

    kept_school = school(1) | PERSONAL
    kept_school["hosting_preferences"] = [{"academic_year": 2025, "appetite": "no", "reason": "MARKER-u"}]
    place.drop(
        "placements",
        {
            "mentor_allocations": [
                allocation(1, mentor_id="MARKER-v", trn="7654323", trainee_id="MARKER-w") | PERSONAL
            ],
            "school_activity": [kept_school],
            "provider_activity": [{"provider_code": "1AB"} | PERSONAL],
        },
    )
    place.ingest("placements")

    applications = [application(1, trn="7654324") | PERSONAL]
    place.drop("vacancies", {"vacancies": [vacancy(1) | PERSONAL], "applications": applications})
    place.ingest("vacancies")

    written = {key: _readable(key, body) for key, body in place.objects().items()}
    said = capsys.readouterr()
    for where, text in {**written, "log": said.out + said.err}.items():
        for secret in ("MARKER", "marker", "7654321", "7654322", "7654323", "7654324", KEY):
            assert secret not in text, f"{secret} in {where}"
    assert "unknown" in written[one_part(written, "application_choices")]


@pytest.mark.parametrize(("owner", "name", "count"), [(records, "_columnar", 30), (columnar.Columns, "_good", 200)])
def test_a_failure_inside_the_pipeline_does_not_quote_the_row(
    place: Place, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, count: int
) -> None:
    def burst(*_: Any) -> None:
        raise ValueError("MARKER row 7654321")

    monkeypatch.setattr(owner, name, burst)
    place.drop("apply", {"application_choices": choices(count)})
    with pytest.raises(UnforeseenError, match=r"ValueError at (records|columnar)\.py") as failed:
        place.ingest("apply")
    assert "MARKER" not in str(failed.value)
    assert failed.value.__suppress_context__


def one_part(written: dict[str, str], table: str) -> str:
    (key,) = [key for key in written if key.startswith(f"snapshots/{table}/")]
    return key


def _readable(key: str, body: bytes) -> str:
    """Return an object's content as text; Parquet unpacked."""
    if key.endswith(".parquet"):
        parquet = pq.ParquetFile(io.BytesIO(body))
        return json.dumps(parquet.read().to_pylist(), default=str) + str(parquet.schema_arrow) + str(parquet.metadata)
    return body.decode()


def _p(code: str = "1AB") -> dict[str, Rows]:
    return {"provider_activity": [{"provider_code": code, "onboarded": True}]}
