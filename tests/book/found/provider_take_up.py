"""Take-up by providers: where the query and the book disagreed."""

from datetime import date

from tests.book.world import World

FOUND = [
    (
        "a cycle of which neither Publish nor the service says anything had the status 'ok' and no number",
        World(date(2025, 7, 14)),
    ),
]
