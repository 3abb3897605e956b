"""Keyed pseudonyms: person identifiers become HMAC-SHA-256 tokens at the edge (sources#pseudonymous-keys).

Plain or salted hashing is not enough: all ten million TRNs hash in seconds. The key
comes from Secrets Manager, is never written anywhere, and its id is stored beside
the data, so that data of two keys is never joined.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from placements_kpi import secret
from placements_kpi.errors import PlacementsKpiError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from placements_kpi.tables import KeyType

MINIMUM_KEY_LENGTH = 32
MINIMUM_DISTINCT_CHARACTERS = 10
LOCAL_KEY_PREFIX = "local-"
"""A key of the local stack begins with this; it is in the repository, so nothing deployed may use it."""

_PREFIXES: dict[KeyType, bytes] = {
    "candidate": b"school-placements-kpi|candidate|v1|",
    "trainee": b"school-placements-kpi|trainee|v1|",
    "trn": b"school-placements-kpi|trn|v1|",
    "mentor": b"school-placements-kpi|mentor|v1|",
}
_WELL_KNOWN = re.compile(
    r"change.?me|replace.?me|password|passphrase|example|placeholder|insecure|default|demonstration"
)
_TRN = re.compile(r"(?:RP|TRN)?([0-9]*)[/-]?([0-9]+)", re.ASCII | re.IGNORECASE)
"""How a TRN is written, spaces taken out: letters or none, and one stroke before or between the digits or none."""
_PLACEHOLDER_TRNS = frozenset({"1234567"})


class PseudonymKeyError(PlacementsKpiError):
    """The key for pseudonyms is missing or too weak to protect anybody."""


@dataclass(frozen=True)
class Pseudonyms:
    """Makes pseudonyms with one key."""

    key: bytes = field(repr=False)

    @cached_property
    def _begun(self) -> dict[KeyType, hmac.HMAC]:
        """Return what is copied for each pseudonym: to begin anew with the key takes twice as long."""
        return {kind: hmac.new(self.key, prefix, "sha256") for kind, prefix in _PREFIXES.items()}

    @property
    def key_id(self) -> str:
        """Return the key's id: twelve hexadecimal characters that say which key it was and nothing about it."""
        return hmac.digest(self.key, b"school-placements-kpi|key-id|v1", "sha256").hex()[:12]

    def snapshot(self, content: bytes) -> str:
        """Return the hexadecimal digest that names a snapshot with people in it: it confirms no guess of its rows."""
        return hmac.digest(self.key, b"school-placements-kpi|snapshot|v1|" + content, "sha256").hex()

    def of(self, kind: KeyType, value: str) -> str:
        """Return the pseudonym of a normalised identifier: 64 lower-case hexadecimal characters."""
        begun = self._begun[kind].copy()
        begun.update(value.encode())
        return begun.hexdigest()


def load(secret_arn: str | None, stage: str) -> Pseudonyms:
    """Return the pseudonyms of the key in the secret ``{"key": "…"}``.

    Raises :class:`PseudonymKeyError` for a key that is missing or short; outside the local
    stack also for one that is well known or has little variety.
    """
    if secret_arn is None:
        raise PseudonymKeyError(
            "PSEUDONYM_SECRET_ARN is not set: this source has person identifiers and is not read without a key"
        )
    return _of(secret.read(secret_arn), secret_arn, stage)


def load_previous(secret_arn: str, stage: str) -> Pseudonyms | None:
    """Return the pseudonyms of the key before the present one; ``None`` if the secret was never changed."""
    try:
        held = secret.read(secret_arn, "AWSPREVIOUS")
    except secret.NoVersionError:
        return None
    return _of(held, secret_arn, stage)


def _of(held: Mapping[str, Any], secret_arn: str, stage: str) -> Pseudonyms:
    key = held.get("key")
    if not isinstance(key, str) or not key:
        raise PseudonymKeyError(f'the secret {secret_arn} has no "key"; docs/operating.md says how to make one')
    check_key(key, stage)
    return Pseudonyms(key.encode())


def check_key(key: str, stage: str) -> None:
    """Raise :class:`PseudonymKeyError` if ``key`` is not fit for ``stage``; the message never shows it."""
    if len(key) < MINIMUM_KEY_LENGTH:
        raise PseudonymKeyError(
            f"the pseudonym key has {len(key)} characters and needs {MINIMUM_KEY_LENGTH}: generate a random one"
        )
    if stage == "local":
        return
    weak = len(set(key)) < MINIMUM_DISTINCT_CHARACTERS
    if weak or key.startswith(LOCAL_KEY_PREFIX) or _WELL_KNOWN.search(key.lower()):
        raise PseudonymKeyError("the pseudonym key is one that anybody could guess: generate a random one")


def normalise_trn(given: str) -> tuple[str | None, str | None]:
    """Return a TRN in seven digits and no problem, or no TRN and the reason it cannot be used (numbers#trns).

    A blank is an absent TRN: neither. The reasons are ``not_a_trn`` (not written as one: digits are
    never picked out of something else), ``too_short``, ``too_long`` (which takes in the stand-ins
    999999998 and 999999999), ``repeated_digit`` and ``known_placeholder``.
    """
    if not given.strip():
        return None, None
    written = _TRN.fullmatch(given.replace(" ", ""))
    if written is None:
        return None, "not_a_trn"
    digits = written[1] + written[2]
    if len(digits) < 5:
        return None, "too_short"
    if len(digits) > 7:
        return None, "too_long"
    if len(set(digits)) == 1:
        return None, "repeated_digit"
    if digits in _PLACEHOLDER_TRNS:
        return None, "known_placeholder"
    return digits.zfill(7), None
