"""Columns of a GIAS extract, from bytes to typed values, a whole column at a time.

A column has few different codes and days, so each different value is read once and
the result spread over the rows. What cannot be read is told by row and reason; the
value itself goes nowhere.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from functions.ingest_schools.contract import LINK_TYPES, REGIONS
from placements_kpi.codes import UNKNOWN

if TYPE_CHECKING:
    from functions.ingest_schools.extract import Encoding

LONGEST_TEXT = 255
EARLIEST_YEAR, LATEST_YEAR = 1000, 2200
LONG_AGO = date(1900, 1, 1)
"""What GIAS says for a school so old that nobody entered when it opened."""

_DAY = re.compile(rb"(\d\d?)[-/](\d\d?)[-/](\d{4})")
_CODE = re.compile(rb"\d{1,3}")
_URN = re.compile(rb"[1-9]\d{4,5}")
# The five bytes that cp1252 leaves undefined become the replacement character.
_CP1252 = "".join(bytes([byte]).decode("cp1252", "replace") for byte in range(256))
_CYRILLIC = re.compile("[\u0400-\u052f]")


class _UnreadableError(Exception):
    """A value cannot be read, for a reason that is a code."""


@dataclass
class Reading:
    """The reading of one batch: how its text is encoded, and what was found wrong in it."""

    encoding: Encoding
    refused: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Position in the batch: the first reason, and its column."""
    replaced: int = 0
    """Characters that could not be decoded."""
    left_out: int = 0
    """Values that have not the form that their column has, and are left out."""
    cyrillic: int = 0
    """Texts with Cyrillic letters: the sign of a file decoded with the wrong code page."""

    def refuse(self, positions: Any, reason: str, column: str) -> None:
        """Refuse the rows at ``positions``, unless they are refused already."""
        for position in positions:
            self.refused.setdefault(int(position), (reason, column))


Reader = Callable[[Any, str, Reading], Any]
"""Turns an Arrow column of bytes into one of typed values: the column, its name, and where to say what is wrong."""


def texts(values: pa.Array[Any], column: str, reading: Reading) -> pa.Array[Any]:
    """Return ``values`` as text without blanks around it; nothing but blanks is null."""
    content = values.buffers()[2]
    if content is not None and not content.to_pybytes().isascii():
        decoded = [_decode(value or b"", reading.encoding) for value in values.to_pylist()]
        reading.replaced += sum(text.count("\ufffd") for text in decoded)
        reading.cyrillic += sum(_CYRILLIC.search(text) is not None for text in decoded)
        values = pa.array(decoded, pa.string())
    trimmed: Any = pc.utf8_trim_whitespace(values.cast(pa.string()))
    too_long = pc.greater(pc.utf8_length(trimmed), pa.scalar(LONGEST_TEXT)).to_numpy(zero_copy_only=False)
    reading.refuse(np.flatnonzero(too_long), "too_long", column)
    blank = pc.equal(trimmed, pa.scalar(""))
    result: pa.Array[Any] = pc.if_else(blank, pa.scalar(None, pa.string()), trimmed)
    return result


def ids(pattern: str, width: int = 0) -> Reader:
    """Return a reader of ids of this form, filled up with zeros to ``width`` characters.

    Another value is left out and counted: the school is there all the same.
    """
    form = re.compile(pattern.encode())

    def read(values: pa.Array[Any], _column: str, reading: Reading) -> pa.Array[Any]:
        encoded: Any = values.dictionary_encode()
        given = [value.strip() for value in encoded.dictionary.to_pylist()]
        fits = [form.fullmatch(value.zfill(width)) for value in given]
        odd = [place for place, value in enumerate(given) if value and not fits[place]]
        if odd:
            reading.left_out += int(np.isin(encoded.indices.to_numpy(), odd).sum())
        parsed = [fit and fit[0].decode() for fit in fits]
        spread: pa.Array[Any] = pa.array(parsed, pa.string()).take(encoded.indices)
        return spread

    return read


def _reader(parse: Callable[[bytes], Any], kind: pa.DataType, *, required: bool) -> Reader:
    """Return a reader of values that are parsed each once; with ``required`` a blank one refuses its row."""

    def read(values: pa.Array[Any], column: str, reading: Reading) -> pa.Array[Any]:
        encoded: Any = values.dictionary_encode()
        parsed: list[Any] = []
        wrong: dict[str, list[int]] = {}
        for index, value in enumerate(encoded.dictionary.to_pylist()):
            try:
                result = parse(value.strip())
            except _UnreadableError as error:
                result = None
                wrong.setdefault(str(error), []).append(index)
            else:
                if result is None and required:
                    wrong.setdefault("missing", []).append(index)
            parsed.append(result)
        if wrong:
            places = encoded.indices.to_numpy()
            for reason, indices in wrong.items():
                reading.refuse(np.flatnonzero(np.isin(places, indices)), reason, column)
        spread: pa.Array[Any] = pa.array(parsed, kind).take(encoded.indices)
        return spread

    return read


def _decode(value: bytes, encoding: Encoding) -> str:
    if encoding == "utf-8":
        return value.decode("utf-8", "replace")
    return codecs.charmap_decode(value, "strict", _CP1252)[0]


def _urn(value: bytes) -> str | None:
    if value and not _URN.fullmatch(value):
        raise _UnreadableError("wrong_type")
    return value.decode() or None


def _code(value: bytes) -> int | None:
    if value and not _CODE.fullmatch(value):
        raise _UnreadableError("wrong_type")
    return int(value) if value else None


def _region(value: bytes) -> str | None:
    region = value.decode("ascii", "replace").upper()
    return region if region in REGIONS else UNKNOWN if region else None


def _link_type(value: bytes) -> str | None:
    given = value.decode("ascii", "replace")
    if given in LINK_TYPES or not given:
        return given or None
    return next((above for above in ("Successor", "Predecessor") if given.startswith(above)), UNKNOWN)


@cache
def _day(value: bytes) -> date | None:
    if not value:
        return None
    match = _DAY.fullmatch(value)
    if match is None:
        raise _UnreadableError("wrong_type")
    day_of_month, month, year = map(int, match.groups())
    try:
        day = date(year, month, day_of_month)
    except ValueError:
        raise _UnreadableError("wrong_type") from None
    if not EARLIEST_YEAR <= year <= LATEST_YEAR:
        raise _UnreadableError("out_of_range")
    return None if day == LONG_AGO else day


link_types = _reader(_link_type, pa.string(), required=True)
"""Reads types of link as they are listed."""
urns = _reader(_urn, pa.string(), required=True)
"""Reads URNs as text of digits."""
codes = _reader(_code, pa.int64(), required=True)
"""Reads codes as integers, with or without a leading zero."""
days = _reader(_day, pa.date32(), required=False)
"""Reads days; blank and 1 January 1900 are null, for both mean that nobody knows."""
regions = _reader(_region, pa.string(), required=False)
"""Reads codes of regions, in upper case. Blank is null."""
