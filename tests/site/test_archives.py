"""An archive has its members and nothing else: a byte that no reader is shown is refused like one that is."""

from __future__ import annotations

import io
import struct
import zipfile
from typing import TYPE_CHECKING

import pytest

from functions.publish_site.files.workbook import packed
from functions.publish_site.gate.archives import archive_members
from functions.publish_site.gate.errors import GateError

if TYPE_CHECKING:
    from collections.abc import Callable

STRAY = b"1234567"
PARTS = {"meta.xml": "<meta/>", "content.xml": "<content>" + "row " * 200 + "</content>"}
BOOK = packed(PARTS)


def test_a_workbook_as_it_is_written_is_its_members() -> None:
    members = archive_members("book.ods", BOOK)
    assert list(members) == ["mimetype", *PARTS]
    assert {name: body.decode() for name, body in members.items() if name != "mimetype"} == PARTS


def rewritten(change: Callable[[zipfile.ZipFile, zipfile.ZipInfo], None], comment: bytes = b"") -> bytes:
    """The workbook written again, each member's own description changed before it is."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(BOOK)) as read, zipfile.ZipFile(buffer, "w") as archive:
        archive.comment = comment
        for info in read.infolist():
            body = read.read(info)
            change(archive, info)
            archive.writestr(info, body)
    return buffer.getvalue()


def test_written_again_without_a_change_it_is_the_same() -> None:
    assert rewritten(lambda *_: None) == BOOK


def _longer_stream() -> bytes:
    """The last member's packed content with a tail that unpacking does not come to, and all sizes and places right."""
    with zipfile.ZipFile(io.BytesIO(BOOK)) as archive:
        last, directory = archive.infolist()[-1], archive.start_dir
    body = bytearray(BOOK[:directory] + STRAY + BOOK[directory:])
    size = last.compress_size + len(STRAY)
    struct.pack_into("<L", body, last.header_offset + 18, size)
    listed = body.rindex(b"PK\1\2")
    struct.pack_into("<L", body, listed + 20, size)
    struct.pack_into("<L", body, body.rindex(b"PK\5\6") + 16, directory + len(STRAY))
    return bytes(body)


TAMPERED: dict[str, Callable[[], bytes]] = {
    "before it": lambda: STRAY + BOOK,
    "after it": lambda: BOOK + STRAY,
    "as its comment": lambda: rewritten(lambda *_: None, STRAY),
    "in front of a member": lambda: rewritten(lambda archive, _: _write(archive, STRAY)),
    "in an extra field": lambda: rewritten(lambda _, info: setattr(info, "extra", b"\x99\x99\x07\x00" + STRAY)),
    "as a member's comment": lambda: rewritten(lambda _, info: setattr(info, "comment", STRAY)),
    "as a member's time": lambda: rewritten(lambda _, info: setattr(info, "date_time", (2012, 3, 4, 5, 6, 6))),
    "as a member's rights": lambda: rewritten(lambda _, info: setattr(info, "external_attr", 1234567)),
    "after a member's stream": _longer_stream,
}


def _write(archive: zipfile.ZipFile, body: bytes) -> None:
    """Write bytes that belong to no member; the archive takes them in its stride."""
    assert archive.fp
    archive.fp.write(body)
    archive.start_dir = archive.fp.tell()


@pytest.mark.parametrize("where", TAMPERED)
def test_a_byte_beside_the_members_is_refused(where: str) -> None:
    body = TAMPERED[where]()
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.read("content.xml").decode() == PARTS["content.xml"], "a programme opens it as if nothing were"
    with pytest.raises(GateError, match=r"book\.ods"):
        archive_members("book.ods", body)


def test_two_members_of_a_name_are_refused() -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        twice = rewritten(lambda archive, info: archive.writestr(info, STRAY))
    with pytest.raises(GateError, match="nothing beside its members"):
        archive_members("book.ods", twice)


def test_what_is_no_archive_or_is_damaged_is_refused() -> None:
    damaged = bytearray(BOOK)
    damaged[BOOK.index(b"mimetype") + len("mimetype")] ^= 1
    for body in (b"", b"PK", BOOK[:-30], bytes(damaged)):
        with pytest.raises(GateError, match="not an archive that can be read"):
            archive_members("book.ods", body)


def test_no_bit_may_be_another_but_those_that_fill_up_a_packed_member() -> None:
    """The damage is always told as what it is, too: no other error comes out."""
    with zipfile.ZipFile(io.BytesIO(BOOK)) as archive:
        packed_members = [one for one in archive.infolist() if one.compress_type == zipfile.ZIP_DEFLATED]
    last_bytes = {one.header_offset + len(one.FileHeader()) + one.compress_size - 1 for one in packed_members}
    accepted = set()
    for place in range(len(BOOK)):
        for bit in range(8):
            changed = bytearray(BOOK)
            changed[place] ^= 1 << bit
            try:
                archive_members("book.ods", bytes(changed))
            except GateError:
                continue
            accepted.add(place)
    assert accepted <= last_bytes
