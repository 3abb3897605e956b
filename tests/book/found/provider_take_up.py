"""Take-up by providers: where the query and the book disagreed, then worlds that hold a rule which hardly any has."""

from datetime import date, datetime

from tests.book.world import World

FOUND = [
    (
        "a cycle of which neither Publish nor the service says anything had the status 'ok' and no number",
        World(date(2025, 7, 14)),
    ),
    (
        "the institute lacks a list if one of its codes does, also one whose last sign-in is after the day",
        World(
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
]
