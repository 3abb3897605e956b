"""Answers of the S3 in this process to reads, kept for as long as what they tell of is the same.

A sweep runs the same function a thousand times, and nine of ten of its calls read what has not changed. moto never
changes an object, it replaces it: so an answer holds where the same objects are there. It is given at botocore's
``before-call``, in place of signing, sending and parsing; whoever listens to a client's calls hears it as any other.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.response import StreamingBody
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends


class Reads:
    """What S3 answered to GetObject, HeadObject and ListObjectsV2, by request and by the objects that were there."""

    def __init__(self) -> None:
        self._kept: dict[Any, tuple[Any, dict[str, Any], bytes, list[Any]]] = {}

    def known(
        self, model: Any, params: Mapping[str, Any], context: dict[str, Any], **_: Any
    ) -> tuple[Any, dict[str, Any]] | None:
        """Return the answer to a call that is about to be sent, if it was given before; else note what it is about."""
        there = None if "versionId" in params["query_string"] else _there(model.name, context["input_params"])
        if there is None:
            return None
        asked = sorted((name, value) for name, value in params["headers"].items() if name != "User-Agent")
        key = (params["method"], params["url"], repr(asked), tuple(map(id, there)))
        if key not in self._kept:
            context["not answered yet"] = key, there
            return None
        http, parsed, body, _ = self._kept[key]
        context.pop("encoding_type_auto_set", None)  # its keys are decoded already
        again = {name: dict(value) if isinstance(value, dict) else value for name, value in parsed.items()}
        return http, again | ({"Body": StreamingBody(io.BytesIO(body), len(body))} if "Body" in parsed else {})

    def learn(self, http_response: Any, parsed: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        """Keep an answer, if it is one that S3 gives whenever it is asked."""
        key, there = context.pop("not answered yet", (None, []))
        if key is not None and http_response.status_code in {200, 404} and not parsed.get("IsTruncated"):
            body = http_response.raw.getvalue() if "Body" in parsed else b""
            self._kept[key] = http_response, parsed, body, there


def _there(operation: str, given: Mapping[str, Any]) -> list[Any] | None:
    """Return the newest version of every object that a read tells of; ``None`` if it is no such read."""
    bucket = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets.get(given.get("Bucket", ""))
    if bucket is None:
        return None
    if operation in {"GetObject", "HeadObject"}:
        return [bucket.keys.get(given["Key"])]
    if operation == "ListObjectsV2":
        prefix = given.get("Prefix", "")
        return [versions[-1] for key, versions in dict.items(bucket.keys) if key.startswith(prefix) and versions]
    return None


@contextmanager
def kept(reads: Any = None) -> Iterator[None]:
    """Let every client made meanwhile keep answers, as ``reads`` does."""
    reads = reads or Reads()
    boto3.DEFAULT_SESSION or boto3.setup_default_session()
    events = boto3.DEFAULT_SESSION.events
    events.register_last("before-call.s3", reads.known)
    events.register_last("after-call.s3", reads.learn)
    try:
        yield
    finally:
        events.unregister("before-call.s3", reads.known)
        events.unregister("after-call.s3", reads.learn)
