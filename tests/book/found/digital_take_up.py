"""Digital take-up: worlds that hold a rule which hardly any random one has."""

from datetime import date

from tests.book.drops import Drops
from tests.book.random.service import month_before
from tests.book.service import CHANNELS, FIND, MANAGE, ONLINE


def _past_the_pilot() -> Drops:
    """Every month to December 2025, of the pilot too, which ended in October."""
    day = date(2026, 1, 15)
    return Drops(
        day,
        {
            "transactions": [
                {
                    "month": month_before(day, back),
                    "service": service,
                    "channel": channel,
                    "started": 90 + back if channel in ONLINE else None,
                    "completed": 60 + back,
                }
                for back in range(1, 25)
                for service in (FIND, MANAGE)
                for channel in CHANNELS[service]
            ]
        },
    )


FOUND = [("the month in which a service ended counts, and none after it", _past_the_pilot())]
