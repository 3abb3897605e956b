"""The service team's three CSV files: what is read of them, and which rows are refused (sources#monthly-figures)."""

from __future__ import annotations

import gzip
import hashlib
import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from placements_kpi.runs import RefusedError

if TYPE_CHECKING:
    from tests.ingest.conftest import Place

FIND = "find_placement_schools"
FILES = {
    "transactions": f"month,service,channel,started,completed\n2026-06,{FIND},digital,12000,9500\n",
    "satisfaction": (
        f"month,service,very_satisfied,satisfied,neither,dissatisfied,very_dissatisfied\n2026-06,{FIND},10,8,3,2,1\n"
    ),
    "costs": f"month,service,category,pounds\n2026-06,{FIND},staff,12345678.90\n",
}


def take(place: Place, *, zipped: bool = False, **files: str | bytes) -> dict[str, Any]:
    """Ingest a drop of 14 July 2026 with some of its files otherwise; refused rows are no reason to refuse it all."""
    folder = place.location("service") / "dt=2026-07-14"
    folder.mkdir(parents=True)
    listed = []
    for name, said in (FILES | files).items():
        body = said if isinstance(said, bytes) else said.encode()
        rows = max(body.count(b"\n") - 1, 0)
        body = gzip.compress(body, mtime=0) if zipped else body
        path = folder / f"{name}.csv{'.gz' if zipped else ''}"
        path.write_bytes(body)
        listed.append({"name": path.name, "rows": rows, "sha256": hashlib.sha256(body).hexdigest()})
    manifest = {"schema_version": 1, "as_of": "2026-07-14T22:00:00Z", "files": listed}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return place.ingest("service", max_refused_percent=100, max_duplicate_percent=100)


def refused(place: Place, done: dict[str, Any]) -> list[tuple[int, str, str | None]]:
    assert done["outcome"] == "accepted"
    rows = place.json(place.manifest("service")["quarantine"])["rows"]
    return sorted((row["row"], row["reason"], row["column"]) for row in rows)


def transactions(*rows: str) -> str:
    return "month,service,channel,started,completed\n" + "".join(f"{row}\n" for row in rows)


@pytest.mark.parametrize("zipped", [False, True])
def test_every_row_of_the_three_files_is_kept(place: Place, zipped: bool) -> None:
    take(place, zipped=zipped)
    end = date(2026, 6, 30)
    key = {"month": "2026-06", "service": FIND, "month_ends_on": end}
    assert place.table("service", "service_transactions") == [
        key | {"channel": "digital", "started": 12_000, "completed": 9_500}
    ]
    answers = {"very_satisfied": 10, "satisfied": 8, "neither": 3, "dissatisfied": 2, "very_dissatisfied": 1}
    assert place.table("service", "service_satisfaction") == [key | answers]
    assert place.table("service", "service_costs") == [key | {"category": "staff", "pence": 1_234_567_890}]


def test_columns_go_by_their_names_and_others_are_dropped(place: Place) -> None:
    rows = f"\ufeffcompleted,remark,channel,service,month,started\r\n7,a remark,phone,{FIND},2026-06,\r\n"
    take(place, transactions=rows)
    (row,) = place.table("service", "service_transactions")
    assert (row["channel"], row["started"], row["completed"]) == ("phone", None, 7)
    assert not any(b"remark" in body for body in place.objects().values())


def test_a_row_that_cannot_be_used_is_refused_and_the_others_stay(place: Place) -> None:
    done = take(
        place,
        transactions=transactions(
            f"2026-06,{FIND},digital,30,20",
            f"2026-07,{FIND},digital,30,20",
            f"2026-6,{FIND},digital,30,20",
            "2026-06,find,digital,30,20",
            f"2026-06,{FIND},telegraph,,20",
            f"2026-06,{FIND},phone,,",
            f"2026-06,{FIND},phone,,-1",
            f"2026-06,{FIND},phone,,1.5",
            f"2026-06,{FIND},phone,,2,3",
        ),
    )
    assert refused(place, done) == [
        (2, "out_of_range", "month"),
        (3, "not_an_id", "month"),
        (4, "not_an_id", "service"),
        (5, "not_an_id", "channel"),
        (6, "missing", "completed"),
        (7, "out_of_range", "completed"),
        (8, "wrong_type", "completed"),
        (9, "ragged", None),
    ]
    assert len(place.table("service", "service_transactions")) == 1


def test_money_is_to_the_penny_and_never_below_nothing(place: Place) -> None:
    given = ("0.00", "0.29", "1200", "12.5", "-1.00", "1,200.00", "", "1e3", "£3.00")
    months = [f"2025-{number:02d}" for number in range(1, len(given) + 1)]
    rows = "".join(f'{month},{FIND},staff,"{pounds}"\n' for month, pounds in zip(months, given, strict=True))
    done = take(place, costs=f"month,service,category,pounds\n{rows}")
    kept = {row["month"]: row["pence"] for row in place.table("service", "service_costs")}
    assert kept == {"2025-01": 0, "2025-02": 29}
    assert refused(place, done) == [
        (number, "missing" if number == 7 else "wrong_type", "pounds") for number in range(3, 10)
    ]


def test_of_a_repeated_key_the_later_row_counts(place: Place) -> None:
    done = take(place, transactions=transactions(f"2026-06,{FIND},phone,,5", f"2026-06,{FIND},phone,,6"))
    assert [row["completed"] for row in place.table("service", "service_transactions")] == [6]
    assert done["tables"][0]["duplicates"] == 1


def test_a_month_with_more_completed_than_started_is_noted(place: Place) -> None:
    rows = (f"2026-05,{FIND},digital,30,31", f"2026-06,{FIND},digital,30,30", f"2026-06,{FIND},phone,,9")
    assert take(place, transactions=transactions(*rows))["notes"] == {"service_transactions_more_completed": 1}


def test_the_manifest_says_how_far_each_table_reaches(place: Place) -> None:
    costs = FILES["costs"] + f"2026-04,{FIND},staff,1.00\n2026-07,{FIND},staff,1.00\n"
    take(place, costs=costs.replace("2026-06", "2026-05"), satisfaction=FILES["satisfaction"].split("\n")[0] + "\n")
    reaches = {"service_transactions": "2026-06-30", "service_costs": "2026-05-31"}
    assert place.manifest("service")["reaches"] == reaches


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("", "is empty"),
        ("month,service,channel,completed\n", "has not started"),
        ("month,month,service,channel,started,completed\n", "has not month"),
        ("<html>\n", "is an HTML page"),
        ("month,service,channel,started,completed\n\xff\n".encode("latin-1"), "cannot be read as CSV in UTF-8"),
    ],
)
def test_a_file_that_is_no_such_table_refuses_the_drop(place: Place, said: str | bytes, why: str) -> None:
    with pytest.raises(RefusedError, match=why):
        take(place, transactions=said)
