"""What describes the data files, against the release: it has no figure, and what it says of a file is true."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from functions.publish_site.gate import schema
from functions.publish_site.gate.errors import stopped
from functions.publish_site.opendata import COLUMN_WORDS
from functions.publish_site.readback.files import json_value, leaves

if TYPE_CHECKING:
    from functions.publish_site.gate.context import Context
    from functions.publish_site.gate.numbers import Phrases


def check_description(file: str, body: bytes, context: Context, files: Mapping[str, bytes]) -> None:
    """Raise :class:`GateError` unless every number in the file is a version, a day, or the size of a file of these."""
    read = json_value(file, body)
    if not isinstance(read, dict):
        raise stopped(file, "the file", "it is not a description")
    days = {point.as_of.isoformat() for kpi in context.kpis.values() for point in kpi.kpi.points}
    before = context.document.compared_with
    said = {
        *schema.DESCRIPTION_WORDS,
        *COLUMN_WORDS.values(),
        schema.LICENCE,
        *context.instants,
        *days,
        *([before] if before else []),
    }
    phrases = context.phrases.and_also(said)
    for resource in read.pop("resources", []):
        told = files.get(resource.get("path", ""))
        if (
            told is None
            or resource.pop("bytes", None) != len(told)
            or resource.pop("hash", None) != f"sha256:{hashlib.sha256(told).hexdigest()}"
        ):
            raise stopped(file, "resources", "it is not what a file of the release is")
        _check(file, resource, phrases)
    _check(file, read, phrases)


def _check(file: str, value: object, phrases: Phrases) -> None:
    for path, leaf in leaves(value):
        fine = phrases.explains(leaf) if isinstance(leaf, str) else leaf is None or isinstance(leaf, bool)
        if not fine:
            raise stopped(file, ".".join(map(str, path)), "a number that a description has no reason to show")
