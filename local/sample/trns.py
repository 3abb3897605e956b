"""Teacher reference numbers of the sample: unique, seven digits, and the ways in which real ones are mistyped."""

from __future__ import annotations

import random
from collections.abc import Callable

_RANGE = 9_799_989
_FIRST = 150_000
_STEP = 4_000_037


def trn(number: int) -> str:
    """Return the TRN of the ``number``-th person: a number gives one TRN, and no two numbers the same."""
    value = str(_FIRST + number * _STEP % _RANGE).zfill(7)
    # Repeated digits and the placeholder of test data move out of the range that numbers reach.
    return str(9_960_000 + int(value[0])) if len(set(value)) == 1 or value == "1234567" else value


def number(trn: str) -> int | None:
    """Return whose TRN it is; ``None`` for what :func:`trn` gives to nobody."""
    known = len(trn) == 7 and trn.isdigit() and _FIRST <= int(trn) < _FIRST + _RANGE
    return (int(trn) - _FIRST) * pow(_STEP, -1, _RANGE) % _RANGE if known else None


USABLE: dict[str, Callable[[str, random.Random], str]] = {
    "trn_formatted": lambda trn, rng: rng.choice(
        [f"RP{trn[:2]}/{trn[2:]}", f"  {trn[:3]} {trn[3:]} ", f"{trn[:2]}-{trn[2:]}", f"TRN {trn}"]
    ),
    "trn_short_of_zeros": lambda trn, rng: str(int(trn)),
}
"""How a usable TRN may be written."""

REFUSED: dict[str, tuple[str, ...]] = {
    "trn_not_a_trn": ("QQ 12 34 56 C", "no. 2345678", "12/34/567", "a91f02b7c"),
    "trn_too_short": ("1234", "RP/99", "12"),
    "trn_too_long": ("12345678", "RP99/123457", "1234-56789"),
    "trn_hesa_sentinel": ("999999999", "999999998"),
    "trn_repeated_digit": ("7777777", "0000000", "11111"),
    "trn_placeholder": ("1234567",),
}
"""What is refused as a TRN (numbers#trns)."""
