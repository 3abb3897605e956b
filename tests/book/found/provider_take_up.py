"""Take-up by providers: where the query and the book disagreed, then worlds that hold a rule which hardly any has."""

from datetime import date, datetime
from typing import Any

from tests.book.drops import Drops
from tests.book.world import Row

DAY = date(2026, 7, 14)
GONE = (datetime(2026, 7, 14, 12), datetime(2026, 7, 14, 23, 30))
"""On the day, and in London on the day after."""


def _provider(code: str, **columns: Any) -> Row:
    return {
        "recruitment_cycle_year": 2025,
        "code": code,
        "accredited_body": True,
        "provider_type": "scitt",
        "region_code": "eastern",
        **columns,
    }


def _course(provider_code: str, **columns: Any) -> Row:
    return {"recruitment_cycle_year": 2025, "provider_code": provider_code, "code": "C1", **columns}


def _without_lists(providers: int, without_list: int) -> Drops:
    """Providers that signed in at the day; the first have no list to say so, are elsewhere, and did so early.

    One more has no list either, and never signed in.
    """
    codes = [f"B{number:02}" for number in range(providers)]
    first, others = codes[:without_list], codes[without_list:]
    return Drops(
        DAY,
        {
            "providers": [
                *(_provider(code, region_code="london", provider_type="university") for code in first),
                *map(_provider, [*others, "NEVER"]),
            ],
            "courses": [*map(_course, [*codes, "NEVER"])],
            "provider_activity": [
                {"provider_code": "NEVER"},
                *({"provider_code": code, "last_signed_in_at": datetime(2025, 9, 5, 12)} for code in first),
                *({"provider_code": code, "sign_in_dates": [DAY]} for code in others),
            ],
        },
    )


FOUND: list[tuple[str, Drops]] = [
    (
        "a cycle of which neither Publish nor the service says anything had the status 'ok' and no number",
        Drops(date(2025, 7, 14)),
    ),
    (
        "the institute lacks a list if one of its codes does, also one whose last sign-in is after the day",
        Drops(
            date(2026, 7, 14),
            {
                "providers": [{"recruitment_cycle_year": 2025, "code": "2N2", "accredited_body": True}],
                "courses": [{"recruitment_cycle_year": 2025, "provider_code": "2N2", "code": "C1"}],
                "provider_activity": [
                    {"provider_code": "2N2", "sign_in_dates": [date(2026, 7, 14)]},
                    {"provider_code": "1YF", "last_signed_in_at": datetime(2026, 7, 15, 12)},
                ],
            },
        ),
    ),
    ("one of twenty without a list is not more than 5%, though all of its region", _without_lists(20, 1)),
    ("two of thirty-nine without a list are more than 5%: earlier points are refused", _without_lists(39, 2)),
    (
        "who accredits a course runs none for another by that, and a year without a sign-in has no fact",
        Drops(
            DAY,
            {
                "providers": [_provider("A01", accredited_body=False), _provider("P01", accredited_body=False)],
                "courses": [_course("P01", accredited_body_code="A01")],
            },
        ),
    ),
    (
        "without a list, a last sign-in on the day itself is one of the day, and is not undated",
        Drops(
            DAY,
            {
                "providers": [_provider("A01")],
                "courses": [_course("A01")],
                "provider_activity": [{"provider_code": "A01", "last_signed_in_at": datetime(2026, 7, 14, 12)}],
            },
        ),
    ),
    (
        "a sign-in on the first day of a year is a fact of it, and one on the last day of another",
        Drops(
            DAY,
            {
                "providers": [_provider("A01")],
                "courses": [_course("A01")],
                "provider_activity": [
                    {"provider_code": "A01", "sign_in_dates": [date(2023, 9, 1), date(2025, 8, 31)]},
                ],
            },
        ),
    ),
    (
        "of a cycle that Publish does not give, what is known of sign-ins is told all the same",
        Drops(DAY, {"provider_activity": [{"provider_code": "X99", "sign_in_dates": [DAY]}]}),
    ),
    (
        "a course of the year before runs in that year alone, and a type that is a code of another list is none",
        Drops(
            DAY,
            {
                "providers": [
                    _provider("A01"),
                    _provider("A01", recruitment_cycle_year=2024, provider_type="london"),
                    _provider("A02", provider_type="london"),
                ],
                "courses": [_course("A01", recruitment_cycle_year=2024), _course("A02")],
                "provider_activity": [{"provider_code": "A01", "sign_in_dates": [date(2024, 10, 1), DAY]}],
            },
        ),
    ),
    (
        "deleted or discarded on the day that is counted is gone, on the day after is not",
        Drops(
            DAY,
            {
                "providers": [
                    *(_provider(code) for code in ("A01", "A02")),
                    *(_provider(f"D0{number}", discarded_at=gone) for number, gone in enumerate(GONE)),
                ],
                "courses": [*map(_course, ("A01", "A02", "D00", "D01"))],
                "provider_activity": [
                    {"provider_code": f"A0{number}", "sign_in_dates": [date(2025, 10, 1), DAY], "deleted_at": gone}
                    for number, gone in enumerate(GONE, start=1)
                ],
            },
        ),
    ),
]
