"""The key of rounding: which way a count goes, the seal of a ledger entry and a run's id are for its holder alone."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from functools import cached_property

from placements_kpi import secret
from placements_kpi.errors import PlacementsKpiError
from placements_kpi.pseudonyms import PseudonymKeyError, check_key

_FRACTION_BITS = 52


class RoundingKeyError(PlacementsKpiError):
    """The key of rounding is missing or too weak."""


@dataclass(frozen=True)
class RoundingKey:
    """Keyed functions of a text."""

    key: bytes = field(repr=False)

    @cached_property
    def key_id(self) -> str:
        """Return the key's id: twelve hexadecimal characters that say which key it was and nothing about it."""
        return self._digest("key-id", "").hex()[:12]

    def fraction(self, text: str) -> float:
        """Return a number from 0 up to 1 that looks random to everybody without the key."""
        drawn = int.from_bytes(self._digest("direction", text)[:8], "big")
        return float(drawn >> (64 - _FRACTION_BITS)) / float(1 << _FRACTION_BITS)

    def seal(self, name: str, count: int) -> str:
        """Return what shows that a count is still the same, and to nobody without the key what it is."""
        return self._digest("seal", f"{name}|{count}").hex()[:32]

    def run(self, made_from: str) -> str:
        """Return what names a run by all that it was made from: twelve characters that confirm no guess of that."""
        return self._digest("run", made_from).hex()[:12]

    def _digest(self, purpose: str, text: str) -> bytes:
        return hmac.digest(self.key, f"school-placements-kpi|rounding|{purpose}|v1|{text}".encode(), "sha256")


def load(secret_arn: str, stage: str) -> RoundingKey:
    """Return the key in the secret ``{"key": "…"}``; :class:`RoundingKeyError` if it is not fit for ``stage``."""
    key = secret.read(secret_arn).get("key")
    if not isinstance(key, str) or not key:
        raise RoundingKeyError(f'the secret {secret_arn} has no "key"; docs/operating.md says how to make one')
    try:
        check_key(key, stage)
    except PseudonymKeyError as error:
        raise RoundingKeyError(str(error).replace("pseudonym key", "key of rounding")) from None
    return RoundingKey(key.encode())
