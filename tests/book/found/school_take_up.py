"""Take-up by schools: worlds that hold a rule of the query which a random world hardly ever meets."""

from datetime import date, datetime

from tests.book.drops import Drops
from tests.book.rows import school
from tests.book.world import Row

DAY = date(2026, 7, 14)


def _without_lists(schools: int, without_list: int) -> Drops:
    """Schools that all signed in at the day, and in the year before; the first have no list to say so."""
    urns = [str(100001 + number) for number in range(schools)]
    listed = {"sign_in_dates": [date(2024, 10, 1), DAY]}
    return Drops(
        DAY,
        {
            "schools": [school(urn) for urn in urns],
            "school_activity": [
                {
                    "school_urn": urn,
                    **({"last_signed_in_at": datetime(2026, 7, 14, 12)} if number < without_list else listed),
                }
                for number, urn in enumerate(urns)
            ],
        },
    )


def _signed_in(*urns: str) -> list[Row]:
    return [{"school_urn": urn, "sign_in_dates": [DAY]} for urn in urns]


FOUND: list[tuple[str, Drops]] = [
    (
        "abroad by one code alone, and codes that no list has",
        Drops(
            DAY,
            {
                "schools": [
                    school("100001", gor="W"),
                    school("100002", type_of_establishment=30),
                    school("100003", establishment_type_group=6),
                    school("100004", type_of_establishment=37, establishment_type_group=10, gor="H"),
                    school("100005", establishment_type_group=99),
                    school("100006", phase_of_education=99, gor="X", type_of_establishment=99),
                    school("100007", establishment_type_group=1, gor="K"),
                ],
                "school_activity": _signed_in(*(str(100001 + number) for number in range(7))),
            },
        ),
    ),
    (
        "a number that is a code of another list is no sentinel, and access not given is none, whatever its date",
        Drops(
            DAY,
            {
                "schools": [school("100001")],
                "school_activity": [
                    *_signed_in("3"),
                    {"school_urn": "100001", "onboarded": False, "onboarded_at": datetime(2025, 10, 1, 12)},
                ],
            },
        ),
    ),
    (
        "what is done on the day that is counted, the first sign-in of two, and a sign-in on the last day of a year",
        Drops(
            DAY,
            {
                "schools": [school(str(100001 + number)) for number in range(4)],
                "school_activity": [
                    {"school_urn": "100001", "onboarded": True, "onboarded_at": datetime(2026, 7, 14, 12)},
                    {
                        "school_urn": "100002",
                        "sign_in_dates": [],
                        "placements": [{"academic_year": 2025, "created_at": datetime(2026, 7, 14, 12)}],
                    },
                    {"school_urn": "100003", "sign_in_dates": [date(2025, 10, 1), DAY]},
                    {"school_urn": "100004", "sign_in_dates": [date(2025, 8, 31)]},
                ],
            },
        ),
    ),
    (
        "a year of which there is a placement alone: on its last day, after it, or without a date",
        Drops(
            DAY,
            {
                "schools": [school("100001")],
                "school_activity": [
                    {
                        "school_urn": "100001",
                        "sign_in_dates": [],
                        "placements": [
                            {"academic_year": 2024, "created_at": datetime(2025, 8, 31, 12)},
                            {"academic_year": 2023, "created_at": datetime(2025, 8, 31, 12)},
                            {"academic_year": 2025},
                        ],
                    }
                ],
            },
        ),
    ),
    (
        "no school is open: what is known of records is, and the year before has no fact",
        Drops(
            DAY,
            {
                "schools": [school("100002", establishment_status=2, close_date=date(2024, 8, 31), gor="K")],
                "school_activity": [
                    {"school_urn": "100001", "sign_in_dates": [DAY], "hosting_preferences": [{"academic_year": 2025}]},
                    *_signed_in("100002"),
                ],
            },
        ),
    ),
    (
        "one of twenty without a list, alone in its region and alone at first: at the day in England it is 5%",
        Drops(
            DAY,
            {
                "schools": [school("100001", gor="B"), *(school(str(100002 + number)) for number in range(19))],
                "school_activity": [
                    {"school_urn": "100001", "last_signed_in_at": datetime(2025, 9, 5, 12)},
                    *_signed_in(*(str(100002 + number) for number in range(19))),
                ],
            },
        ),
    ),
    ("without a school and without a record there is no denominator, nobody outside it, and no fact", Drops(DAY)),
    ("one school of twenty without a list is not more than 5%: earlier points stand", _without_lists(20, 1)),
    ("two schools of thirty-nine without a list are more than 5%: earlier points are refused", _without_lists(39, 2)),
    (
        "on the last day that a successor is open, a school that became it counts as it, not yet as the next",
        Drops(
            DAY,
            {
                "schools": [
                    school("100001", establishment_status=2, close_date=date(2025, 8, 31)),
                    school("100002", establishment_status=2, close_date=date(2026, 6, 30)),
                    school("100003", open_date=date(2026, 7, 1)),
                ],
                "school_links": [
                    {"urn": "100001", "link_urn": "100002", "link_type": "Successor"},
                    {"urn": "100002", "link_urn": "100003", "link_type": "Successor"},
                ],
                "school_activity": [{"school_urn": "100001", "sign_in_dates": [date(2026, 5, 5)]}],
            },
        ),
    ),
    (
        "an answer given on the last day of a year is a fact of that year, though for the next",
        Drops(
            DAY,
            {
                "schools": [school("100001")],
                "school_activity": [
                    {
                        "school_urn": "100001",
                        "sign_in_dates": [DAY],
                        "hosting_preferences": [{"academic_year": 2025, "created_at": datetime(2025, 8, 31, 12)}],
                    }
                ],
            },
        ),
    ),
    (
        "deleted on the day that is counted is gone, on the day after is not",
        Drops(
            DAY,
            {
                "schools": [school("100001"), school("100002")],
                "school_activity": [
                    {"school_urn": "100001", "sign_in_dates": [DAY], "deleted_at": datetime(2026, 7, 14, 12)},
                    {"school_urn": "100002", "sign_in_dates": [DAY], "deleted_at": datetime(2026, 7, 14, 23, 30)},
                ],
            },
        ),
    ),
    (
        "two records of one school, of which one says what the other does not, and an open college without a record",
        Drops(
            DAY,
            {
                "schools": [
                    school("100001", establishment_status=2, close_date=date(2025, 8, 31)),
                    school("100002"),
                    school("100003", establishment_status=2, close_date=date(2025, 8, 31)),
                    school("100004"),
                    school("100005", establishment_type_group=1),
                ],
                "school_links": [
                    {"urn": "100001", "link_urn": "100002", "link_type": "Successor"},
                    {"urn": "100003", "link_urn": "100004", "link_type": "Successor"},
                ],
                "school_activity": [
                    {"school_urn": "100001", "last_signed_in_at": datetime(2025, 10, 1, 12)},
                    {"school_urn": "100002", "sign_in_dates": [date(2025, 10, 1)]},
                    {
                        "school_urn": "100003",
                        "sign_in_dates": [],
                        "onboarded": True,
                        "onboarded_at": datetime(2025, 10, 1, 12),
                    },
                    {"school_urn": "100004", "sign_in_dates": []},
                ],
            },
        ),
    ),
]
