"""What a run would have cost on AWS, at the list prices of ``prices.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

PRICES = Path(__file__).with_name("prices.toml")


@dataclass(frozen=True)
class Cost:
    """US dollars by service."""

    athena: float
    functions: float
    s3: float
    as_at: str
    """Day of the prices."""

    @property
    def total(self) -> float:
        """All of it."""
        return self.athena + self.functions + self.s3


def cost_of(
    scanned: Iterable[int], calls: Iterable[tuple[int, float]], requests: Mapping[tuple[str, str], int]
) -> Cost:
    """Return the cost of queries (bytes of each), calls (MB of memory, seconds) and requests (by service and kind).

    Seconds are those of this machine; Lambda's may be more or fewer.
    """
    with PRICES.open("rb") as file:
        prices = tomllib.load(file)
    athena, functions, s3 = prices["athena"], prices["lambda"], prices["s3"]
    billed = sum(max(amount, athena["least_bytes_a_query"]) for amount in scanned)
    called = list(calls)
    gigabyte_seconds = sum(memory / 1024 * seconds for memory, seconds in called)
    puts = sum(count for (service, kind), count in requests.items() if service == "s3" and kind == "PUT")
    others = sum(count for (service, kind), count in requests.items() if service == "s3" and kind == "GET")
    return Cost(
        athena=billed / 1e12 * athena["per_terabyte_scanned"],
        functions=gigabyte_seconds * functions["per_gigabyte_second"] + len(called) * functions["per_request"],
        s3=puts * s3["per_put"] + others * s3["per_get"],
        as_at=str(prices["as_at"]),
    )
