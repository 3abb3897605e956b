"""What runs cost at the list prices of ``prices.toml``, and what of that the public is shown.

Only what the service itself uses: storage, logs and what readers fetch depend on the sources and on the readers.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

PRICES = Path(__file__).with_name("prices.toml")
PUBLIC_KEY = "protected/costs.json"
"""Where ``compute_kpis`` leaves :class:`Costs` for the publisher."""

_PUTS = ("Put", "Copy", "Post", "List", "Create", "Upload", "Complete")
_FREE = ("Delete", "Abort")


class Usage(BaseModel):
    """What one run, or several, used."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    seconds: float = Field(default=0.0, ge=0)
    memory_mb: int = Field(default=0, ge=0)
    s3_puts: int = Field(default=0, ge=0)
    """Requests that S3 bills as PUT, COPY, POST or LIST."""
    s3_gets: int = Field(default=0, ge=0)
    """All others that S3 bills."""
    athena_bytes: int = Field(default=0, ge=0)
    """Bytes that Athena bills: of each query what it scanned, but a least amount."""
    bigquery_bytes: int = Field(default=0, ge=0)
    """Bytes that BigQuery bills, to the account of the project that the queries run in: not part of our costs."""


class FunctionCost(BaseModel):
    """The newest run of one function. Rounded: nobody learns from it how many records there are of anything."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    function: str = Field(pattern=r"^[a-z_]{1,40}$")
    finished: datetime
    seconds: int = Field(ge=0)
    memory_mb: int = Field(ge=0)
    scanned_mb: int = Field(ge=0)
    """Megabytes (10^6 bytes) that its queries were billed for."""
    dollars: float = Field(ge=0)


class Costs(BaseModel):
    """What may be published of the costs. Amounts in US dollars before tax."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    worked_out: datetime
    prices_as_at: date
    newest: tuple[FunctionCost, ...]
    """One entry a function that has run."""
    month: date
    """First day of the month (London) that the next two are about."""
    runs: int = Field(ge=0)
    """Runs of all functions in the month that have left a record with what they used."""
    dollars: float = Field(ge=0)
    standing: dict[str, int]
    """What is paid for by the month whether anything runs or not, and how many of it there are."""
    standing_dollars: float = Field(ge=0)


@cache
def prices() -> dict[str, Any]:
    """Return the list prices, as ``prices.toml`` has them."""
    with PRICES.open("rb") as file:
        return tomllib.load(file)


def billed_bytes(scanned: int) -> int:
    """Return the bytes that Athena bills for a query that scanned so many."""
    return max(scanned, int(prices()["athena"]["least_bytes_a_query"]))


def kind_of_request(operation: str) -> str | None:
    """Return how S3 bills an operation, as the field of :class:`Usage`; ``None`` if it does not.

    https://aws.amazon.com/s3/pricing/ : DELETE and CANCEL requests are free.
    """
    if operation.startswith(_FREE):
        return None
    return "s3_puts" if operation.startswith(_PUTS) else "s3_gets"


def dollars(usage: Usage) -> dict[str, float]:
    """Return the cost of one call of a function by service: ``athena``, ``lambda`` and ``s3``."""
    rates = prices()
    return {
        "athena": usage.athena_bytes / 1e12 * rates["athena"]["per_terabyte_scanned"],
        "lambda": usage.memory_mb / 1024 * usage.seconds * rates["lambda"]["per_gigabyte_second"]
        + rates["lambda"]["per_request"],
        "s3": usage.s3_puts * rates["s3"]["per_put"] + usage.s3_gets * rates["s3"]["per_get"],
    }


def total(usages: Iterable[Usage]) -> float:
    """Return the cost of several calls."""
    return sum(sum(dollars(usage).values()) for usage in usages)


def standing() -> tuple[dict[str, int], float]:
    """Return what the stack pays for by the month, how many of each, and what that costs a month."""
    counts = {what: int(prices()["standing"][what]) for what in prices()["a_month"]}
    return counts, sum(prices()["a_month"][what] * count for what, count in counts.items())
