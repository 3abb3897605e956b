"""User satisfaction: worlds that hold a rule which hardly any random one has."""

from datetime import date

from tests.book.drops import Drops
from tests.book.random.service import month_before
from tests.book.service import FIND, LEVELS, MANAGE


def _past_the_pilot() -> Drops:
    """Every month to December 2025, of the pilot too, which ended in October."""
    day = date(2026, 1, 15)
    rows = [
        {
            "month": month_before(day, back),
            "service": service,
            **{level: 20 + back * number for number, level in enumerate(LEVELS, 1)},
        }
        for back in range(1, 25)
        for service in (FIND, MANAGE)
    ]
    return Drops(day, {"satisfaction": rows})


FOUND = [("the month in which a service ended counts, and none after it", _past_the_pilot())]
