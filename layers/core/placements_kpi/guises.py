"""What bytes are instead of the text that they should be: told by how they begin, never by what they say.

Error pages come with a 200, exports in another character set, archives under a plain name. Taken for
data, each of them gives an error that leads nowhere ("columns were renamed").
"""

from __future__ import annotations

import codecs

LOOK_AT = 512
"""Bytes of the beginning that :func:`guise` wants to see."""

EMPTY = "is empty"
"""For a file of no rows that is how it should be."""

_ARCHIVES = {
    b"\x1f\x8b": "is gzipped without saying so (its name should end in .gz)",
    b"PK\x03\x04": "is a zip archive or a workbook",
    b"%PDF": "is a PDF",
    b"\x28\xb5\x2f\xfd": "is compressed with zstd",
    b"PAR1": "is Parquet",
}


def guise(beginning: bytes) -> str | None:
    """Return, as the end of a sentence, what begins like this and is no text of data; ``None``: it may be data."""
    if not beginning:
        return EMPTY
    for start, what in _ARCHIVES.items():
        if beginning.startswith(start):
            return what
    if beginning.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\x00" in beginning:
        return "is in UTF-16 or not text at all (it should be UTF-8)"
    text = beginning.removeprefix(codecs.BOM_UTF8).lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html")):
        return "is an HTML page"
    return "is XML or HTML" if text.startswith(b"<") else None
