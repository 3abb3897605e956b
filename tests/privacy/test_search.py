"""The search finds a mark whatever it was turned into; otherwise it would prove nothing."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import io
import json
import zipfile
from typing import TYPE_CHECKING
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.privacy import marks as planting
from tests.privacy.marks import Marks
from tests.privacy.search import CHUNK, Search

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MARKS = Marks()
NAME = MARKS.text("a name", 'O\'{} "Müller" & son')
TRN = MARKS.trn("a TRN")
CORE = MARKS.planted[0].core
SEARCH = Search(MARKS.planted)


def parquet(values: list[str], **options: bool) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table({"a": values}), sink, **options)
    return sink.getvalue()


def zipped(text: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("content.xml", text)
    return out.getvalue()


@pytest.mark.parametrize(
    "turned",
    [
        lambda text: text.encode(),
        lambda text: text.upper().encode(),
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("utf-16-be"),
        lambda text: json.dumps({"a": [text]}).encode(),
        lambda text: json.dumps(json.dumps(text)).encode(),
        lambda text: json.dumps("".join(f"\\u{ord(c):04x}" for c in text)).replace("\\\\", "\\").encode(),
        lambda text: quote(text).encode(),
        lambda text: "".join(f"%{byte:02X}" for byte in text.encode()).encode(),
        lambda text: "".join(f"&#{ord(c)};" for c in text).encode(),
        lambda text: html.escape(text).encode(),
        lambda text: base64.b64encode(b"{" + text.encode() + b"}"),
        lambda text: base64.b64encode(b"{{" + text.encode() + b"}"),
        lambda text: base64.urlsafe_b64encode(b"{{{" + text.encode() + b"}"),
        lambda text: base64.b64encode(gzip.compress(f"some words about {text}, packed for a log".encode())),
        lambda text: text.encode().hex().encode(),
        lambda text: gzip.compress(gzip.compress(text.encode())),
        zipped,
        lambda text: parquet(["a", text, "z" * 50]),
        lambda text: parquet([text] * 9, use_dictionary=False, write_statistics=False),
    ],
)
@pytest.mark.parametrize("text", [NAME, TRN])
def test_a_mark_is_found_however_it_is_encoded(turned: Callable[[str], bytes], text: str) -> None:
    assert text in {hit.mark.value for hit in SEARCH.find("x", turned(text))}


@pytest.mark.parametrize("before", [CHUNK - 20, CHUNK - 7, CHUNK - 3, CHUNK, 2 * CHUNK - 1])
def test_a_mark_is_found_wherever_it_lies(before: int) -> None:
    assert [hit.mark.value for hit in SEARCH.find("x", b" " * before + TRN.encode())] == [TRN]
    assert not list(SEARCH.find("x", b" " * before))


@pytest.mark.parametrize("name", ["md5", "sha1", "sha256", "sha512"])
@pytest.mark.parametrize("text", [NAME, NAME.lower(), TRN])
@pytest.mark.parametrize("salt", ["", "trn", "school-placements-kpi|trn|v1|"])
def test_a_mark_is_found_however_it_is_hashed_without_a_key(name: str, text: str, salt: str) -> None:
    digest = hashlib.new(name, (salt + text).encode())
    wanted = {TRN if text == TRN else NAME}
    for body in (digest.hexdigest(), digest.hexdigest().upper(), digest.hexdigest()[:16], f"id={digest.hexdigest()};"):
        assert {hit.mark.value for hit in SEARCH.find("x", body.encode())} == wanted
    assert {hit.mark.value for hit in SEARCH.find("x", b"\x00\x01" + digest.digest())} == wanted
    assert {hit.mark.value for hit in SEARCH.find("x", base64.b64encode(digest.digest()))} == wanted


def test_what_is_not_a_mark_is_not_found() -> None:
    digits = f"{TRN[:-1]} {TRN}5 a{TRN}b".encode()
    assert not list(SEARCH.find("x", digits + hashlib.sha256(b"somebody else").hexdigest().encode()))
    assert SEARCH.needles > 500


def test_a_source_that_the_sample_does_not_write_has_marks_in_every_column(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planting, "SOURCES", ("vacancies",))
    marks = Marks()
    planting.plant(tmp_path, marks)
    (drop,) = (tmp_path / "vacancies").glob("dt=*")
    search, found = Search(marks.planted), set()
    for file in json.loads((drop / "manifest.json").read_text())["files"]:
        body = (drop / file["name"]).read_bytes()
        assert file["rows"] == len(body.splitlines())
        found |= {hit.mark.where for hit in search.find(file["name"], body)}
    assert found == {mark.where for mark in marks.planted}
    for feed in planting.source_of("vacancies").feeds:
        for column in feed.table.columns:
            assert not column.from_source or any(f"vacancies/{feed.name} {column.name}" in where for where in found)
