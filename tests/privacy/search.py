"""A search for marks in bytes, whatever they were turned into: raw, encoded, packed, or hashed.

Every form of every mark is a needle. The first seven bytes of all needles are looked up at every
position of the haystack at once, and only what matches there is compared in full.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import html
import io
import json
import re
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_to_bytes

import numpy as np
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.privacy.marks import Mark

WIDTH = 7
CHUNK = 1 << 22
HASHES = ("md5", "sha1", "sha256", "sha512", "blake2b")
PREFIXES = ("school-placements-kpi", "placements", "salt", "pepper", "dfe", "candidate", "trainee", "trn", "mentor")
SALTS = ("", *PREFIXES, *(f"school-placements-kpi|{kind}|v1|" for kind in ("candidate", "trainee", "trn", "mentor")))
"""What a hash would be salted with by somebody who takes no key: nothing, a plain word, or our own prefix."""
HEX_SHOWN, BYTES_SHOWN = 16, 8
"""How much of a hash is enough to be found: a truncated one is one too."""


@dataclass(frozen=True)
class Hit:
    """A mark that was found: where, and as what."""

    mark: Mark
    place: str
    form: str


class Search:
    """Looks for the marks that it was made with."""

    def __init__(self, marks: Iterable[Mark]) -> None:
        """Work out every form of every mark."""
        self._exact: dict[bytes, tuple[Mark, str]] = {}
        self._any_case: dict[bytes, tuple[Mark, str]] = {}
        for mark in marks:
            for form, needle in _any_case_forms(mark):
                self._any_case.setdefault(needle.lower(), (mark, form))
            for form, needle in _exact_forms(mark):
                self._exact.setdefault(needle, (mark, form))
        self._heads = {True: _heads(self._any_case), False: _heads(self._exact)}

    @property
    def needles(self) -> int:
        """How many forms are looked for."""
        return len(self._exact) + len(self._any_case)

    def find(self, place: str, body: bytes) -> Iterator[Hit]:
        """Yield every mark in ``body`` and in what it unpacks and decodes to."""
        for way, view in views(body):
            for any_case, needles in ((True, self._any_case), (False, self._exact)):
                haystack = view.lower() if any_case else view
                for needle in self._in(haystack, needles, any_case):
                    mark, form = needles[needle]
                    yield Hit(mark, f"{place}{way}", form)

    def _in(self, haystack: bytes, needles: dict[bytes, Any], any_case: bool) -> set[bytes]:
        heads, by_head, sieve = self._heads[any_case]
        found: set[bytes] = set()
        for start in range(0, max(len(haystack) - WIDTH + 1, 0), CHUNK):
            piece = np.frombuffer(haystack[start : start + CHUNK + WIDTH - 1], np.uint8)
            windows = np.zeros(len(piece) - WIDTH + 1, np.uint64)
            for place in range(WIDTH):
                windows |= piece[place : len(piece) - WIDTH + 1 + place].astype(np.uint64) << np.uint64(8 * place)
            candidates = np.flatnonzero(sieve[windows & np.uint64(len(sieve) - 1)])
            nearest = np.minimum(np.searchsorted(heads, windows[candidates]), len(heads) - 1)
            for position in candidates[heads[nearest] == windows[candidates]]:
                at = start + int(position)
                for needle in by_head[int(windows[position])]:
                    if haystack.startswith(needle, at) and _stands_alone(haystack, at, needle):
                        found.add(needle)
        return found


def views(body: bytes, depth: int = 0) -> Iterator[tuple[str, bytes]]:
    """Yield the bytes themselves, and everything they unpack and decode to, each with a word for how."""
    yield "", body
    if depth == 3:
        return
    for way, more in _unpacked(body):
        for further, view in views(more, depth + 1):
            yield f" > {way}{further}", view


def _unpacked(body: bytes) -> Iterator[tuple[str, bytes]]:
    if body[:2] == b"\x1f\x8b":
        yield "gzip", gzip.decompress(body)
    elif body[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            for name in packed.namelist():
                yield f"zip {name}", packed.read(name)
    elif body[:4] == b"PAR1":
        yield from _parquet(body)
    elif b"\x00" not in body[:1000]:
        yield from _decoded_text(body)


def _decoded_text(body: bytes) -> Iterator[tuple[str, bytes]]:
    if b"\\" in body:
        plain = re.sub(rb"\\u([0-9a-fA-F]{4})", lambda one: chr(int(one[1], 16)).encode("utf-8", "replace"), body)
        plain = plain.replace(b'\\"', b'"').replace(b"\\\\", b"\\").replace(b"\\n", b"\n")
        if plain != body:
            yield "JSON", plain
    if b"%" in body and (plain := unquote_to_bytes(body)) != body:
        yield "URL", plain
    if b"&" in body:
        text = body.decode("utf-8", "replace")
        if (unescaped := html.unescape(text)) != text:
            yield "HTML", unescaped.encode()
    for run in set(re.findall(rb"[A-Za-z0-9+/_-]{40,}={0,2}", body)):
        try:
            packed = base64.b64decode(run.replace(b"-", b"+").replace(b"_", b"/") + b"=" * (-len(run) % 4))
        except ValueError:
            continue
        if packed[:2] in {b"\x1f\x8b", b"\x78\x9c", b"\x78\xda", b"\x78\x01"}:
            try:
                yield "base64", zlib.decompress(packed, 47)
            except zlib.error:
                continue


def _parquet(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the values of every column, and what the footer holds: schema, key-value pairs, statistics."""
    with pq.ParquetFile(io.BytesIO(body)) as file:
        metadata = file.metadata
        footer = [repr(metadata.to_dict()), repr(metadata.metadata), str(metadata.schema)]
        yield "footer", "\n".join(footer).encode()
        table = file.read()
    for name in table.column_names:
        yield f"column {name}", json.dumps(table[name].to_pylist(), default=str, ensure_ascii=False).encode()


def _stands_alone(haystack: bytes, at: int, needle: bytes) -> bool:
    """Whether a TRN is not merely some digits of a longer run: a hash has many."""
    if len(needle) > 8 or not needle.isdigit():
        return True
    around = haystack[max(at - 1, 0) : at] + haystack[at + len(needle) : at + len(needle) + 1]
    return not around.isalnum() and not any(chr(byte).isalnum() for byte in around)


def _heads(needles: dict[bytes, Any]) -> tuple[Any, dict[int, list[bytes]], Any]:
    """Return the first bytes of all needles as numbers, sorted; the needles by them; and a sieve of their last bits."""
    by_head: dict[int, list[bytes]] = {}
    for needle in needles:
        by_head.setdefault(int.from_bytes(needle[:WIDTH], "little"), []).append(needle)
    heads = np.array(sorted(by_head), np.uint64)
    sieve = np.zeros(1 << 24, np.bool_)
    sieve[heads & np.uint64(len(sieve) - 1)] = True
    return heads, by_head, sieve


def _any_case_forms(mark: Mark) -> Iterator[tuple[str, bytes]]:
    raw = mark.core.encode()
    yield "raw", raw
    yield "reversed", raw[::-1]
    yield "hexadecimal", raw.hex().encode()
    yield "hexadecimal of lower case", raw.lower().hex().encode()
    yield "UTF-16 little-endian", mark.core.encode("utf-16-le")
    yield "UTF-16 big-endian", mark.core.encode("utf-16-be")
    yield "percent-encoded throughout", "".join(f"%{byte:02x}" for byte in raw).encode()
    if quote(mark.value) != mark.value:
        yield "URL", quote(mark.value, safe="").encode()
    for how, digest in _digests(mark) if mark.hashed else ():
        yield how, digest.hex()[:HEX_SHOWN].encode()


def _exact_forms(mark: Mark) -> Iterator[tuple[str, bytes]]:
    for text in {mark.core, mark.core.lower(), mark.core.upper()}:
        for shift in range(3):
            # The characters that no byte before or after has a part in, in three alignments.
            encoded = base64.b64encode(b"\x00" * shift + text.encode())
            whole = encoded[-(-8 * shift // 6) : 8 * (shift + len(text)) // 6]
            if len(whole) >= WIDTH:
                yield "base64", whole
                yield "base64 for URLs", whole.replace(b"+", b"-").replace(b"/", b"_")
    for how, digest in _digests(mark) if mark.hashed else ():
        yield f"{how}, bytes", digest[:BYTES_SHOWN]
        yield f"{how}, base64", base64.b64encode(digest)[:12]


def _digests(mark: Mark) -> Iterator[tuple[str, bytes]]:
    texts = {mark.value, mark.value.lower(), mark.value.upper()}
    for text in sorted(texts):
        for salt in SALTS:
            for name in HASHES:
                yield f"{name} salted before with {salt!r}", hashlib.new(name, (salt + text).encode()).digest()
                if salt:
                    yield f"{name} salted after with {salt!r}", hashlib.new(name, (text + salt).encode()).digest()
            yield f"HMAC with {salt!r}", hmac.digest(salt.encode(), text.encode(), "sha256")
