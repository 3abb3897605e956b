"""The scanner: no identifier of anybody in any byte of a release (publishing#identifiers).

It trusts no renderer. Whatever stands between spaces, quotes, commas and tags is looked at, however it is spelt, and
seven digits in a row, an e-mail address, a UUID or a digest are refused, unless they are one of the very values that
the release declares: its files' digests, its snapshots, its large counts, the official codes of regions.
"""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from functions.publish_site.gate.archives import archive_members
from functions.publish_site.gate.closed_files import NAMES, check_columns, check_names, indicators_of, names_of
from functions.publish_site.gate.errors import stopped

if TYPE_CHECKING:
    from placements_kpi.results import Protected

KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("a digest", re.compile(r"[0-9A-Fa-f]{32,}|(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{43}=")),
    ("a UUID", re.compile(r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}")),
    ("an e-mail address", re.compile(r"[^\s@<>\"'(),:;=]+@[^\s@<>\"'(),:;=]+\.[^\s@<>\"'(),:;=.]{2,}")),
    ("seven digits in a row", re.compile(r"\d{7,}")),
)
"""What is refused, in words for the error, and how it is found. 32 hexadecimal digits are a UUID without dashes,
or an MD5; 64 a SHA-256, which is how a pseudonym looks."""

_OFFICIAL = re.compile(r"(?<![0-9A-Za-z])E(?:1200000[1-9]|92000001)(?![0-9A-Za-z])")
_ICALENDAR_DAY = re.compile(r"^(?:DTSTAMP:20\d{6}T\d{6}Z|DT(?:START|END);VALUE=DATE:20\d{6})\r?$", re.MULTILINE)
"""The lines of a calendar with a day, which iCalendar writes as eight digits."""

_INLINE = "a|abbr|b|bdi|bdo|cite|code|em|i|mark|q|s|small|span|strong|sub|sup|time|tspan|u|wbr|text:(?:a|s|span)"
_SEAM = re.compile(rf"</?(?:{_INLINE})(?:\s[^<>]*)?/?>|<!--.*?-->", re.DOTALL)
"""What a reader does not see between two letters of a word."""

_TEXTS = frozenset("html css csv json jsonld ods sql svg xml atom ics txt".split())
LARGE = 1_000_000
"""A count from here on has seven digits."""


@dataclass(frozen=True)
class Allowed:
    """What looks like an identifier and is none, and the names that the data of a release may have."""

    values: frozenset[str] = frozenset()
    names: frozenset[str] = NAMES
    indicators: frozenset[str] = frozenset()

    def without(self, text: str) -> str:
        """Return ``text`` without the values that may stand there, each as a whole."""
        for value in sorted((value for value in self.values if value in text), key=len, reverse=True):
            text = re.sub(rf"(?<![0-9A-Za-z]){re.escape(value)}(?![0-9A-Za-z])", " ", text)
        return text


def allowed_in(document: Protected, files: Mapping[str, bytes], assets: Iterable[str], host: str) -> Allowed:
    """Return what this release declares; digests and sizes are worked out from ``files`` themselves."""
    verdict = document.verdict
    values = {document.run_id, document.code_version, host, *(key.rpartition("/")[2] for key in assets)}
    values |= {*document.snapshots.values(), *(source.snapshot for source in document.sources if source.snapshot)}
    values |= {snapshot for kpi in document.kpis for snapshot in kpi.snapshots.values()}
    values |= {verdict.key_id, verdict.digest} if verdict else set()
    for body in files.values():
        values |= {hashlib.sha256(body).hexdigest(), *_large(len(body))}
    # Of pence the pounds are shown: what is before the point of one.
    values |= {text for count in _counts(document) for text in (*_large(count), *_large((count or 0) // 100))}
    return Allowed(frozenset(values - {""}), names_of(document, files), indicators_of(document))


def _large(count: int | None) -> list[str]:
    return [str(count)] if count is not None and count >= LARGE else []


def _counts(document: Protected) -> Iterator[int | None]:
    for kpi in document.kpis:
        for figure in kpi.figures:
            yield from (figure.numerator, figure.denominator)
    for revision in document.revisions:
        yield from (revision.was.numerator, revision.was.denominator, revision.now.numerator, revision.now.denominator)
    for source in document.sources:
        yield from source.notes.values()
        for table in source.tables:
            yield from (table.rows_in, table.kept, table.duplicates)
            yield from (*table.refused.values(), *table.unknown_codes.values())


def scan(files: Mapping[str, bytes], allowed: Allowed) -> None:
    """Raise :class:`GateError` for the first identifier or undeclared column in ``files``, naming file and place."""
    for file, body in files.items():
        for place, text in _texts(file, body, allowed):
            identified = _identifier(text, allowed)
            if identified:
                kind, piece = identified
                line = text[: text.index(piece)].count("\n") + 1 if piece in text else 1
                raise stopped(file, f"{place}line {line}", f"{kind}, where the published schema has none")


def identifier(text: str) -> str | None:
    """Return what kind of identifier is in ``text``, however it is written; ``None`` if there is none."""
    identified = _identifier(text, Allowed())
    return identified[0] if identified else None


def _texts(file: str, body: bytes, allowed: Allowed) -> Iterator[tuple[str, str]]:
    """Yield every text in a file with its place: its name, what is written in it, the members of a workbook."""
    suffix = file.rpartition(".")[2]
    if suffix not in _TEXTS:
        raise stopped(file, "its name", "a file of a kind that a release does not have")
    yield "its name, ", file
    if suffix == "ods":
        for name, part in archive_members(file, body).items():
            yield "the name of a member, ", name
            yield f"{name}, ", part.decode("latin-1" if name.endswith(".png") else "utf-8", "replace")
        return
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise stopped(file, "the file", "it is not UTF-8") from None
    if suffix == "csv":
        check_columns(file, text, allowed.indicators)
    elif suffix in {"json", "jsonld"}:
        check_names(file, text, allowed.names)
    yield "", _ICALENDAR_DAY.sub("", text) if suffix == "ics" else text


def _identifier(text: str, allowed: Allowed) -> tuple[str, str] | None:
    """Return the kind of the first identifier and the piece of the text that has it."""
    # The files say the same few things again and again: each piece is looked at once.
    seamless = _SEAM.sub("", text) if "<" in text else text
    pieces = "\n".join(_pieces(text) | (_pieces(seamless) if seamless != text else set()))
    for spelling in _spellings(_OFFICIAL.sub(" ", pieces)):
        for kind, pattern in KINDS:
            for match in pattern.finditer(spelling):
                start = spelling.rfind("\n", 0, match.start()) + 1
                piece = spelling[start : (spelling.find("\n", match.end()) + 1 or len(spelling) + 1) - 1]
                if pattern.search(allowed.without(piece)):
                    return kind, piece
    return None


def _pieces(text: str) -> set[str]:
    for separator in "\"',<>":
        text = text.replace(separator, " ")
    return set(text.split())


def _spellings(text: str) -> Iterator[str]:
    """A text as it stands; then out of percent codes, of HTML's and JSON's, without what cannot be seen, in digits."""
    yield text
    plain = unquote(text) if "%" in text else text
    plain = html.unescape(plain) if "&" in plain else plain
    plain = re.sub(r"\\u([0-9a-fA-F]{4})", lambda code: chr(int(code[1], 16)), plain) if "\\u" in plain else plain
    if not plain.isascii():
        plain = unicodedata.normalize("NFKC", plain)
        plain = "".join(letter for letter in plain if unicodedata.category(letter) != "Cf")
    if plain != text:
        yield plain
