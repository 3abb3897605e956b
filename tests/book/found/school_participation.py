"""Schools that take part: disagreements, each as its smallest world, and worlds that hold what random ones miss."""

from datetime import date, datetime, time
from typing import Any

from tests.book.drops import Drops
from tests.book.rows import school
from tests.book.world import Row

DAY = date(2026, 7, 14)
STOOD_IN: dict[str, Any] = {"trainee_id": None, "provider_code": "A01"}


def _closed(urn: str, day: date, **columns: Any) -> Row:
    return school(urn, establishment_status=2, close_date=day, **columns)


def _successor(urn: str, link_urn: str) -> Row:
    return {"urn": urn, "link_urn": link_urn, "link_type": "Successor"}


def _allocation(number: int, school_urn: str, created: date = date(2025, 9, 8), **columns: Any) -> Row:
    return {
        "allocation_id": f"A{number}",
        "academic_year": 2025,
        "placement_id": "p",
        "mentor_id": "m",
        "trainee_id": "t",
        "school_urn": school_urn,
        "created_at": datetime(created.year, created.month, created.day, 12),
        **columns,
    }


def _trainee(number: int, started: date, *urns: str, state: str = "trn_received") -> Row:
    placements = [{"urn": urn} for urn in urns]
    return {"trainee_id": f"T{number}", "state": state, "trainee_start_date": started, "placements": placements}


FOUND: list[tuple[str, Drops]] = [
    (
        "The query refused to compare a year that has no allocation yet, as if it named trainees.",
        Drops(
            date(2025, 9, 1),
            {
                "mentor_allocations": [
                    {
                        "allocation_id": "A1",
                        "academic_year": 2024,
                        "placement_id": "p",
                        "mentor_id": "m",
                        "school_urn": "100001",
                        "provider_code": "A01",
                        "created_at": datetime(2024, 9, 1, 12),
                    }
                ]
            },
        ),
    ),
    (
        "The book's side had the stand-in used in a year without allocations, which has nothing to stand in for.",
        Drops(date(2025, 7, 14)),
    ),
    (
        "A trainee on rows without mentor or placement decided that the stand-in is not used.",
        Drops(
            DAY,
            {
                "schools": [school("100001")],
                "mentor_allocations": [
                    _allocation(1, "100001", **STOOD_IN),
                    _allocation(2, "100001", mentor_id=None),
                    _allocation(3, "100001", placement_id=None),
                    _allocation(4, "100001", date(2024, 9, 8), academic_year=2024, mentor_id=None),
                    _allocation(5, "100001", date(2024, 9, 8), academic_year=2024, placement_id=None),
                ],
            },
        ),
    ),
    (
        "Abroad by one code alone, and codes that no list has.",
        Drops(
            DAY,
            {
                "schools": [
                    school("100001", gor="W"),
                    school("100002", type_of_establishment=30),
                    school("100003", establishment_type_group=6),
                    school("100004", establishment_type_group=99),
                    school("100005", phase_of_education=99, gor="X", type_of_establishment=99),
                ],
                "mentor_allocations": [_allocation(number, f"10000{number}") for number in range(1, 6)],
            },
        ),
    ),
    (
        "A number that is a code of another list is no sentinel; what has no placement, or is a draft, is none.",
        Drops(
            DAY,
            {
                "schools": [school("100001"), school("100002")],
                "mentor_allocations": [
                    _allocation(1, "3"),
                    _allocation(2, "900000", trainee_id=None),
                    _allocation(3, "900000"),
                    _allocation(4, "100001"),
                    _allocation(5, "100002", placement_id=None),
                ],
                "trainees": [
                    _trainee(1, date(2025, 9, 1), "3", "900000", "900010", state="withdrawn"),
                    _trainee(2, DAY, "100001"),
                    _trainee(3, DAY, "100002", state="draft"),
                ],
            },
        ),
    ),
    (
        "Open from the day that is counted on, from a later day, and until the first day of the year.",
        Drops(
            DAY,
            {
                "schools": [
                    school("100001", open_date=DAY),
                    school("100002", open_date=date(2026, 1, 1)),
                    _closed("100003", date(2025, 9, 1)),
                    _closed("100004", date(2025, 8, 31)),
                ],
                "mentor_allocations": [_allocation(number, f"10000{number}") for number in range(1, 5)],
            },
        ),
    ),
    (
        "The last day that a successor is open, and the first: regions tell which school counts.",
        Drops(
            DAY,
            {
                "schools": [
                    _closed("100001", date(2025, 8, 31), gor="A"),
                    _closed("100002", date(2026, 6, 30), gor="B"),
                    school("100003", open_date=date(2026, 7, 1), gor="D"),
                    _closed("100004", date(2026, 5, 30), gor="E"),
                    school("100005", open_date=date(2026, 5, 31), gor="F"),
                ],
                "school_links": [
                    _successor("100001", "100002"),
                    _successor("100002", "100003"),
                    _successor("100004", "100005"),
                ],
                "mentor_allocations": [_allocation(1, "100001"), _allocation(2, "100004")],
            },
        ),
    ),
    (
        "In August of the next Register year: a trainee who started in it is of it, also one of a state that is new.",
        Drops(
            date(2026, 8, 10),
            {
                "schools": [school("100001"), school("100002"), school("100003")],
                "trainees": [
                    _trainee(1, date(2026, 8, 1), "100001"),
                    _trainee(2, date(2026, 7, 31), "100002", state="brand_new"),
                ],
            },
        ),
    ),
    (
        "A trainee is named for the first time on the day that is counted, and a provider stood in the year before.",
        Drops(
            DAY,
            {
                "schools": [school("100001")],
                "mentor_allocations": [
                    _allocation(1, "100001", DAY),
                    _allocation(
                        2, "100001", date(2025, 3, 1), academic_year=2024, trainee_id=None, provider_code="A01"
                    ),
                ],
            },
        ),
    ),
    (
        "Providers are given, and on the day that is counted a trainee is named: none stands in.",
        Drops(
            DAY,
            {
                "schools": [school("100001")],
                "mentor_allocations": [_allocation(1, "100001", DAY), _allocation(2, "100001", **STOOD_IN)],
            },
        ),
    ),
    (
        "A provider stands in this year, and the year before has no allocation to compare with.",
        Drops(
            DAY,
            {
                "schools": [school("100001")],
                "mentor_allocations": [_allocation(1, "100001", **STOOD_IN)],
            },
        ),
    ),
    (
        "Deleted on the day that is counted is deleted, on the day after is not; so at the end of a month.",
        Drops(
            DAY,
            {
                "schools": [school(f"10000{number}") for number in range(1, 5)],
                "mentor_allocations": [
                    _allocation(number, f"10000{number}", deleted_at=datetime.combine(gone, time(12)))
                    for number, gone in enumerate(
                        (DAY, date(2026, 7, 15), date(2026, 6, 30), date(2026, 7, 1)), start=1
                    )
                ],
            },
        ),
    ),
    (
        "A trainee of Register starts on the first day of its year, on the last of the one before, on the day, later.",
        Drops(
            DAY,
            {
                "schools": [school(f"10000{number}") for number in range(1, 5)],
                "trainees": [
                    _trainee(number, started, f"10000{number}")
                    for number, started in enumerate(
                        (date(2025, 8, 1), date(2025, 7, 31), DAY, date(2026, 7, 15)), start=1
                    )
                ],
            },
        ),
    ),
    (
        "A TRN that is refused names no trainee, and a trainee id does, whatever TRN there is beside it.",
        Drops(
            DAY,
            {
                "schools": [school("100001"), school("100002")],
                "mentor_allocations": [
                    _allocation(1, "100001", trainee_id=None, trn="QQ012345C", provider_code="A01"),
                    _allocation(2, "100002", date(2024, 9, 9), academic_year=2024, trn="QQ012345C"),
                ],
            },
        ),
    ),
    (
        "What has not the form of an id or of a year refuses its row; a number that no school has is one all the same.",
        Drops(
            DAY,
            {
                "schools": [school(f"10000{number}") for number in range(1, 6)],
                "mentor_allocations": [
                    _allocation(1, "100001"),
                    _allocation(2, "ten"),
                    _allocation(3, "2000001"),
                    _allocation(4, "00210"),
                    _allocation(5, "100002", provider_code="Ada Lovelace"),
                    _allocation(6, "100003", academic_year=2000006),
                    _allocation(7, "100004", allocation_id="Ada Lovelace"),
                    _allocation(8, "100005", placement_id="QQ123456C"),
                ],
                "trainees": [_trainee(1, date(2025, 9, 8), "100001", "typed by hand", "2000001", "00210")],
            },
        ),
    ),
    (
        "The stand-in was used two years ago: that forbids no comparison of this year with the last.",
        Drops(
            DAY,
            {
                "schools": [school("100001")],
                "mentor_allocations": [
                    _allocation(1, "100001"),
                    _allocation(2, "100001", date(2024, 9, 8), academic_year=2024),
                    _allocation(3, "100001", date(2023, 9, 8), academic_year=2023, **STOOD_IN),
                ],
            },
        ),
    ),
    (
        "The stand-in was used two years ago, and the last year has no allocation: there is nothing to compare with.",
        Drops(
            DAY,
            {
                "schools": [school("100001")],
                "mentor_allocations": [
                    _allocation(1, "100001"),
                    _allocation(2, "100001", date(2023, 9, 8), academic_year=2023, **STOOD_IN),
                ],
            },
        ),
    ),
]
