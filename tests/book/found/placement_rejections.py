"""Disagreements about KPI 1, each kept as the smallest world that showed it."""

from datetime import date, datetime

from tests.book.world import World

FOUND: list[tuple[str, World]] = [
    (
        "Of a choice without candidate and without a day of sending the book's side said nothing; it is shown once.",
        World(
            date(2025, 7, 14),
            {"application_choices": [{"id": "1", "recruitment_cycle_year": 2025, "status": "rejected"}]},
        ),
    ),
    (
        "The query showed a choice without candidate as not counted, though it is hidden: hidden is left out entirely.",
        World(
            date(2025, 7, 14),
            {
                "application_choices": [
                    {
                        "id": "1",
                        "recruitment_cycle_year": 2025,
                        "status": "rejected",
                        "sent_to_provider_at": datetime(2024, 11, 4, 12),
                        "rejected_at": datetime(2025, 3, 4, 12),
                        "hide_in_reporting": True,
                    }
                ]
            },
        ),
    ),
]
