"""Disagreements about KPI 3, each kept as the smallest world that showed it."""

from datetime import date, datetime

from tests.book.world import World

FOUND: list[tuple[str, World]] = [
    (
        "The query refused to compare a year that has no allocation yet, as if it named trainees.",
        World(
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
        World(date(2025, 7, 14)),
    ),
]
