"""Cost per transaction: worlds that hold a rule which hardly any random one has."""

from datetime import date
from typing import Any

from tests.book.drops import Drops
from tests.book.random.service import month_before
from tests.book.service import CHANNELS, COSTS, FIND, MANAGE

DAY = date(2026, 1, 15)
ALL = range(1, 25)


def _transactions(months: range = ALL, none_until: float = 0) -> list[dict[str, Any]]:
    """The months so many before January 2026; of the pilot nothing is completed longer ago than ``none_until``."""
    return [
        {
            "month": month_before(DAY, back),
            "service": service,
            "channel": channel,
            "completed": 0 if service == MANAGE and none_until and back > none_until else 60 + back,
        }
        for back in months
        for service in (FIND, MANAGE)
        for channel in CHANNELS[service]
    ]


def _costs(months: range = ALL) -> list[dict[str, Any]]:
    return [
        {"month": month_before(DAY, back), "service": service, "category": category, "pounds": f"{100 + back}.05"}
        for back in months
        for service in (FIND, MANAGE)
        for category in COSTS[service]
    ]


def _world(transactions: list[dict[str, Any]], costs: list[dict[str, Any]]) -> Drops:
    return Drops(DAY, {"transactions": transactions, "costs": costs})


def _pilot(first: int) -> Drops:
    """The first months of the pilot, so many transactions of each channel in the very first; some before it began."""
    find = [*(f"2023-{number:02}" for number in range(7, 13)), *(f"2024-{number:02}" for number in range(1, 9))]
    months = [(FIND, month, 5) for month in find]
    pilot = [(MANAGE, "2024-05", first), *((MANAGE, f"2024-{number:02}", 5) for number in range(6, 9))]
    return Drops(
        date(2024, 9, 10),
        {
            "transactions": [
                {"month": month, "service": service, "channel": channel, "completed": completed}
                for service, month, completed in (*months, (MANAGE, "2024-04", 5), *pilot)
                for channel in CHANNELS[service]
            ],
            "costs": [
                {"month": month, "service": service, "category": category, "pounds": "10.00"}
                for service, month, _ in (*months, *pilot)
                for category in COSTS[service]
            ],
        },
    )


FOUND = [
    ("the month in which a service ended counts, and none after it", _world(_transactions(), _costs())),
    (
        "while twelve months hold costs of a service from before its first transaction, there is a total alone",
        _world(_transactions(none_until=10), _costs()),
    ),
    ("of a service without a transaction all costs are early", _world(_transactions(none_until=0.5), _costs())),
    ("a transaction before its channel exists is not the first", _pilot(0)),
    ("one transaction is one", _pilot(1)),
    ("the source goes as far back as the costs", _world(_transactions(), _costs(range(1, 15)))),
    ("the source goes as far back as the transactions", _world(_transactions(range(1, 15)), _costs())),
]
