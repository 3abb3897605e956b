"""What a bucket of the AWS in this process holds, read without a request for each object: tests look often."""

from __future__ import annotations

from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import FakeKey, s3_backends


def held(bucket: str) -> dict[str, bytes]:
    """Return every object that is there now, by its key."""
    keys = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].get_bucket(bucket).keys
    return {key: bytes(stored.value) for key in sorted(keys) if isinstance(stored := keys[key], FakeKey)}
