"""The members of a zip archive, and that there is nothing else in it.

A programme that opens an archive looks for its end and goes from there to the members.
Whatever stands before them, between them, after them or in a header is never shown, but
it is published all the same. So every byte must be one that the members call for; only the bits that fill up
the last byte of a packed member, at most seven, may be any.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

from functions.publish_site.gate.errors import stopped

_UNIX = 3
_ORDINARY_FILE = 0o644 << 16
_START_OF_TIME = 33
"""1 January 1980, the first day that an archive can name, as it writes it."""


def archive_members(file: str, body: bytes) -> dict[str, bytes]:
    """Return every member of an archive by name, in order.

    :class:`GateError` for what is no archive, for two members of a name, and for any byte beside the members.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            members = archive.infolist()
        parts = {info.filename: _unpacked(body, info) for info in members}
    # Of a damaged archive zipfile raises any of the first four, and zlib the last.
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, zlib.error):
        raise stopped(file, "the file", "it is not an archive that can be read") from None
    if len(parts) != len(members) or _bytes_around(members) != _bytes_outside(body, members):
        raise stopped(file, "the file", "an archive has nothing beside its members")
    return parts


def _unpacked(body: bytes, info: zipfile.ZipInfo) -> bytes:
    start = info.header_offset + len(info.FileHeader())
    packed = body[start : start + info.compress_size]
    if info.compress_type == zipfile.ZIP_STORED:
        part, rest = packed, b""
    elif info.compress_type == zipfile.ZIP_DEFLATED:
        unpacking = zlib.decompressobj(-zlib.MAX_WBITS)
        part = unpacking.decompress(packed)
        rest = b"" if unpacking.eof else b"cut off"
        rest += unpacking.unused_data
    else:
        raise ValueError("packed in a way that we do not use")
    if rest or len(part) != info.file_size or zlib.crc32(part) != info.CRC:
        raise ValueError("not what the archive says of it")
    return part


def _bytes_outside(body: bytes, members: list[zipfile.ZipInfo]) -> bytes:
    """All of the archive but the packed contents of its members."""
    outside, end = [], 0
    for info in members:
        start = info.header_offset + len(info.FileHeader())
        outside.append(body[end:start])
        end = start + info.compress_size
    return b"".join((*outside, body[end:]))


def _bytes_around(members: list[zipfile.ZipInfo]) -> bytes:
    """What an archive of these members has outside of their contents (PKWARE's APPNOTE, 4.3.7, 4.3.12 and 4.3.16)."""
    heads, listed = b"", b""
    end = 0
    for info in members:
        name = info.filename.encode()
        sizes = (info.CRC, info.compress_size, info.file_size)
        told = (20, 0, info.compress_type, 0, _START_OF_TIME, *sizes, len(name), 0)
        heads += struct.pack("<4s5H3L2H", b"PK\3\4", *told) + name
        listed += struct.pack("<4s2B5H3L5H2L", b"PK\1\2", 20, _UNIX, *told, 0, 0, 0, _ORDINARY_FILE, end) + name
        end += 30 + len(name) + info.compress_size
    count = len(members)
    return heads + listed + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(listed), end, 0)
